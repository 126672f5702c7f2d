"""Any history keeps the invariants, the same number gives the same history, and the invariants can fail."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from rumor.core.classic.overlay import ClassicOverlay
from rumor.core.effects import Failure
from rumor.core.ids import Address
from rumor.core.messages import Reply
from rumor.core.peer import Peer
from rumor.core.settings import profile
from rumor.sim import Chaos, Node
from tests.network.invariants import ailments, apart, deaf, ghosts, unregistered
from tests.network.world import World

ROOT = Path(__file__).parents[2]


def chaos_of_ours(number: int) -> Chaos:
    """Three seeds and eight peers of ours, some loss."""
    world = World(number, latency=(0.0005, 0.05), loss=0.01)
    seeds = [world.seed() for _ in range(3)]
    return Chaos(world, seeds, [world.peer(seeds) for _ in range(8)])


def chaos_of_both(number: int) -> Chaos:
    """The same with original nodes among them."""
    world = World(number, latency=(0.0005, 0.05), loss=0.01)
    seeds = [world.seed(), world.original_seed(), world.original_seed()]
    return Chaos(world, seeds, [world.peer(seeds) for _ in range(5)] + [world.original_peer(seeds) for _ in range(3)])


@pytest.mark.parametrize("number", range(20))
def test_a_network_of_ours_recovers_from_chaos(number: int) -> None:
    """Crashes, restarts, freezes and unreachable seeds break no invariant, and two calm minutes mend everything."""
    chaos = chaos_of_ours(number)
    world, peers = chaos.world, chaos.peers
    chaos.run(30.0)
    world.loss = 0.0
    world.run_until(lambda: not ailments(peers, chaos.seeds), at_most=120.0)
    assert ailments(peers, chaos.seeds) == []
    gossip = world.publish(world.rng.choice(peers))
    world.run(15.0)
    assert [str(peer) for peer in peers if peer.heard.get(gossip) != 1] == []


@pytest.mark.parametrize("number", range(20))
def test_a_mixed_network_keeps_the_invariants_in_chaos(number: int) -> None:
    """With original nodes too, nothing breaks an invariant, and nobody of ours is deaf a minute later."""
    chaos = chaos_of_both(number)
    chaos.run(30.0)
    chaos.world.loss = 0.0
    chaos.world.run(60.0)
    assert deaf(chaos.peers) == []


@pytest.mark.parametrize("number", range(40))
def test_tight_bounds_hold_in_chaos(number: int) -> None:
    """With room for few neighbors and contacts only, and much loss, nobody ever has more than it may."""
    lan = profile("lan")
    overlay = replace(lan.classic_overlay, neighbors_max=4, contacts_capacity=3, deaf_after=5.0, ask_timeout=2.0)
    world = World(number, replace(lan, classic_overlay=overlay), latency=(0.0005, 0.1), loss=0.05)
    seeds = [world.seed() for _ in range(2)]
    Chaos(world, seeds, [world.peer(seeds) for _ in range(7)]).run(30.0)


def test_the_same_number_gives_the_same_history() -> None:
    """Two worlds with one number decide the same; another number decides otherwise."""
    traces = []
    for number in (1, 1, 2):
        chaos = chaos_of_both(number)
        chaos.run(30.0)
        traces.append(chaos.world.trace)
    assert traces[0] == traces[1]
    assert traces[0] != traces[2]


@pytest.mark.process
def test_no_history_hangs_on_the_order_of_hashes() -> None:
    """Processes with different PYTHONHASHSEEDs live through the same history."""
    program = "from tests.network.test_invariants import *; c = chaos_of_both(1); c.run(30.0); print(c.world.trace)"
    command = [sys.executable, "-c", program]
    runs = [
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": salt}, check=True, capture_output=True, text=True
        )
        for salt in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.strip()) == 64


# What the invariants are worth: each notices what it is there for.


def too_many_neighbors(peer: Node) -> None:
    """More neighbors than `neighbors_max`."""
    overlay(peer)._neighbors.update(dict.fromkeys((Address("10.9.9.9", port) for port in range(1, 12)), 0.0))


def itself(peer: Node) -> None:
    """Its own neighbor."""
    overlay(peer)._neighbors[peer.address] = 0.0


def too_many_contacts(peer: Node) -> None:
    """More contacts than `contacts_capacity`."""
    overlay(peer)._contacts.update(dict.fromkeys((Address("10.9.9.9", port) for port in range(1, 1026)), 0.0))


def heard_twice(peer: Node) -> None:
    """A rumor heard a second time."""
    peer.heard.update(dict.fromkeys(peer.heard, 2))


class Nobody:
    """A visitor that nobody sent."""

    def reply(self, node: Node, outcome: Reply | Failure) -> None:
        """Never called."""
        raise AssertionError


def left_waiting(peer: Node) -> None:
    """A request neither answered nor closed."""
    peer.links[0] = Nobody()


def overlay(peer: Node) -> ClassicOverlay:
    """The overlay of a peer of ours."""
    assert isinstance(peer.core, Peer)
    return peer.core._texts.overlay


@pytest.mark.parametrize("spoil", [too_many_neighbors, itself, too_many_contacts, heard_twice, left_waiting])
def test_an_invariant_notices_what_it_is_there_for(spoil: Callable[[Node], None]) -> None:
    """A node that is spoilt by hand stops the world at the next event."""
    world = World(0)
    seeds = [world.seed()]
    peer = world.start(world.peer(seeds))
    world.publish(peer)
    world.run(3.0)
    spoil(peer)
    with pytest.raises(AssertionError, match="world 0 at"):
        world.run(10.0)


def test_time_does_not_run_back() -> None:
    """An event in the past stops the world."""
    world = World(0)
    world.run(5.0)
    world.at(-1.0, lambda: None)
    with pytest.raises(AssertionError, match="time runs back"):
        world.run(1.0)


def test_a_network_in_pieces_is_told_from_a_whole_one() -> None:
    """Two pairs of peers that know nothing of each other are not healthy; each pair is."""
    world = World(0)
    pairs = []
    for _ in range(2):
        seeds = [world.seed()]
        pairs.append(([world.start(world.peer(seeds)) for _ in range(2)], seeds))
    world.run(30.0)
    (first, seeds), (second, _) = pairs
    assert ailments(first, seeds) == []
    assert deaf([*first, *second]) == []
    assert len(apart([*first, *second])) == 4
    assert len(unregistered(second, seeds)) == 2
    world.crash(first[0])
    assert len(ghosts(first)) == 1
