"""What a network of ours does, told as stories in virtual time; each story is tried with many numbers.

A story that fails names its number: `python -m pytest 'tests/network/test_scenarios.py::test_name[number]'` repeats it.
"""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from rumor.core.effects import Ask, Dial
from rumor.core.events import DeathReported, NeighborDied, NeighborDown
from rumor.core.ids import Seconds
from rumor.core.members import State
from rumor.core.messages import Register
from rumor.core.peer import Peer
from rumor.core.settings import Settings, profile
from rumor.sim import Node
from tests.network.invariants import ailments, apart, deaf, holders, reach, unregistered
from tests.network.nodes import times_listed
from tests.network.world import World

few = pytest.mark.parametrize("number", range(5))
some = pytest.mark.parametrize("number", range(20))
many = pytest.mark.parametrize("number", range(50))
in_lan_and_classic = pytest.mark.parametrize("profile_name", ["lan", "classic"])


def joined(world: World, *, peers: int, seeds: int = 3) -> tuple[list[Node], list[Node]]:
    """Seeds and peers, started at once, in a world that is in order; all have heard where streams begin."""
    all_seeds = [world.seed() for _ in range(seeds)]
    all_peers = [world.peer(all_seeds) for _ in range(peers)]
    for peer in all_peers:
        world.start(peer)
    expect_health(world, all_peers, all_seeds, within=120.0)
    assert world.run_until(lambda: all(peer.joined_at is not None for peer in all_peers), at_most=10.0)
    return all_peers, all_seeds


def expect_health(world: World, peers: list[Node], seeds: list[Node], *, within: Seconds) -> None:
    """Everybody that runs is registered, held, and connected with all, in time."""
    if not world.run_until(lambda: not ailments(peers, seeds), at_most=within):
        assert ailments(peers, seeds) == []


def expect_everybody_hears(world: World, peers: list[Node], teller: Node) -> None:
    """What one says, all that run hear, once."""
    gossip = world.publish(teller)
    world.run(15.0)
    assert [f"{peer}" for peer in peers if peer.up and peer.heard.get(gossip) != 1] == []


def bound(settings: Settings) -> Seconds:
    """How long a dead neighbor may stay unnoticed: it answered just now, and then lets each request time out."""
    liveness = settings.liveness
    between = max(liveness.interval, liveness.timeout)
    return liveness.interval + (liveness.strikes_max - 1) * between + liveness.timeout + 0.2


def spoke_to(node: Node, other: Node, *, since: Seconds) -> bool:
    """Whether a node asked or told another something after a moment; a link to an old contact may be tried for ever."""
    said = [effect for moment, effect in node.did if moment > since and not isinstance(effect, Dial)]
    return any(effect.to == other.address for effect in said)


def registrations(peer: Node, seed: Node) -> int:
    """How often a peer asked a seed to list it."""
    asked = [effect for _, effect in peer.did if isinstance(effect, Ask) and effect.to == seed.address]
    return sum(1 for ask in asked if isinstance(ask.message, Register))


# Joining.


@in_lan_and_classic
@pytest.mark.parametrize(
    ("count", "number"), [(n, i) for n, tries in [(2, 20), (8, 30), (30, 2)] for i in range(tries)]
)
def test_peers_that_start_at_once_become_one_network(count: int, number: int, profile_name: str) -> None:
    """Within two minutes all are registered, held and connected, and hear a rumor once."""
    world = World(number, profile_name)
    peers, _ = joined(world, peers=count)
    expect_everybody_hears(world, peers, world.rng.choice(peers))


@in_lan_and_classic
@pytest.mark.parametrize(
    ("count", "number"), [(n, i) for n, tries in [(2, 20), (8, 30), (30, 2)] for i in range(tries)]
)
def test_peers_that_start_one_after_another_become_one_network(count: int, number: int, profile_name: str) -> None:
    """Within two minutes of the last start all are registered, held and connected, and hear a rumor once."""
    world = World(number, profile_name)
    seeds = [world.seed() for _ in range(3)]
    peers = [world.peer(seeds) for _ in range(count)]
    for peer in peers:
        world.start(peer)
        world.run(world.rng.uniform(0.0, 3.0))
    expect_health(world, peers, seeds, within=120.0)
    expect_everybody_hears(world, peers, world.rng.choice(peers))


@pytest.mark.parametrize("number", range(2))
def test_two_hundred_peers_become_one_network(number: int) -> None:
    """Two hundred that start at once are one network within half a minute."""
    world = World(number)
    seeds = [world.seed() for _ in range(3)]
    peers = [world.peer(seeds) for _ in range(200)]
    for peer in peers:
        world.start(peer)
    expect_health(world, peers, seeds, within=30.0)
    gossip = world.publish(peers[0])
    world.run(2.0)
    assert [str(peer) for peer in peers if peer.heard.get(gossip) != 1] == []


@some
def test_a_network_with_loss_and_long_ways_is_one_network(number: int) -> None:
    """Two of a hundred connections and replies lost, 20 to 150 ms each way: all still hear everything once."""
    world = World(number, "wan", latency=(0.02, 0.15), loss=0.02)
    peers, _ = joined(world, peers=8)
    said = [world.publish(world.rng.choice(peers), f"{index}") for index in range(20)]
    world.run(60.0)
    assert [str(peer) for peer in peers if peer.heard != dict.fromkeys(said, 1)] == []


@some
def test_what_is_said_to_nobody_waits_for_the_first_neighbor(number: int) -> None:
    """A rumor published before there is any neighbor reaches the first one."""
    world = World(number)
    seeds = [world.seed()]
    first, second = world.peer(seeds), world.peer(seeds)
    world.start(first)
    said = [world.publish(first, f"{index}") for index in range(3)]
    world.run(world.rng.uniform(0.0, 90.0))
    world.start(second)
    world.run(10.0)
    assert second.heard == dict.fromkeys(said, 1)


# Seeds that are not there.


@some
def test_a_seed_that_is_down_is_replaced_by_another(number: int) -> None:
    """With one of three seeds down, everybody registers with the two others."""
    world = World(number)
    seeds = [world.seed() for _ in range(3)]
    world.crash(seeds[0])
    peers = [world.peer(seeds) for _ in range(4)]
    for peer in peers:
        world.start(peer)
    expect_health(world, peers, seeds, within=30.0)
    assert [str(peer) for peer in peers if set(peer.seeds) != {seeds[1].address, seeds[2].address}] == []


@some
def test_too_few_seeds_are_enough_for_now(number: int) -> None:
    """With one of three seeds up, the network works, and registers with a second one when it comes."""
    world = World(number)
    seeds = [world.seed() for _ in range(3)]
    world.crash(*seeds[1:])
    peers = [world.peer(seeds) for _ in range(4)]
    for peer in peers:
        world.start(peer)
    world.run(60.0)
    assert [*deaf(peers), *apart(peers)] == []
    assert {peer.seeds for peer in peers} == {(seeds[0].address,)}
    expect_everybody_hears(world, peers, peers[0])
    world.restart(seeds[1])
    expect_health(world, peers, seeds, within=65.0)


@some
def test_without_any_seed_peers_keep_trying(number: int) -> None:
    """Ten minutes without seeds: each is tried at least every minute, and all join once they come."""
    world = World(number)
    seeds = [world.seed() for _ in range(3)]
    world.crash(*seeds)
    peers = [world.peer(seeds) for _ in range(4)]
    for peer in peers:
        world.start(peer)
    world.run(600.0)
    for peer in peers:
        for seed in seeds:
            tries = [moment for moment, effect in peer.did if effect.to == seed.address]
            assert max(later - earlier for earlier, later in pairwise([*tries, world.now])) < 66.0
    for seed in seeds:
        world.restart(seed)
    expect_health(world, peers, seeds, within=90.0)


@some
def test_a_restarted_seed_gets_its_peers_back(number: int) -> None:
    """A seed that comes back empty lists all its peers again within 75 seconds."""
    world = World(number)
    peers, seeds = joined(world, peers=5)
    world.run(world.rng.uniform(0.0, 80.0))
    seed = world.rng.choice(seeds)
    listed = [peer for peer in peers if seed.address in peer.seeds]
    world.restart(seed)
    assert [peer for peer in listed if times_listed(seed, peer)] == []
    world.run(75.0)
    assert [str(peer) for peer in listed if not times_listed(seed, peer)] == []


@few
def test_peers_need_no_seeds_once_they_are_together(number: int) -> None:
    """Seeds out of reach for ten minutes: no neighbor is lost, rumors go everywhere, and all register again after."""
    world = World(number)
    peers, seeds = joined(world, peers=4)
    world.split(seeds, peers)
    world.run(600.0)
    assert [event for peer in peers for event in peer.events(NeighborDown)] == []
    expect_everybody_hears(world, peers, peers[0])
    world.heal()
    expect_health(world, peers, seeds, within=90.0)


# The dead, the frozen and the restarted.


SEEN = 3 * 5.0 + 2 * 0.5 + 1.0
"""A seed that was told of a death has tried the peer itself by then."""


def expect_burial(world: World, peers: list[Node], seeds: list[Node], gone: Node) -> None:
    """A peer that just went silent is found dead in time by all who held it, reported, struck off, and left alone."""
    watchers = holders(peers, gone)
    seeds_of = {peer: set(peer.seeds) for peer in watchers}
    world.run(bound(world.settings))
    burials = {
        peer: set(event.reported_to)
        for peer in watchers
        for event in peer.events(DeathReported)
        if event.report.peer == gone.address
    }
    assert burials == seeds_of
    world.run(SEEN)
    told = set().union(*seeds_of.values())
    assert [str(seed) for seed in seeds if seed.address in told and times_listed(seed, gone)] == []
    buried_at = world.now
    world.run(75.0)
    assert [str(peer) for peer in watchers if spoke_to(peer, gone, since=buried_at)] == []


@in_lan_and_classic
@some
def test_a_crashed_peer_is_buried(number: int, profile_name: str) -> None:
    """All who held it notice three strikes in time, their seeds strike it off, and none asks it again."""
    world = World(number, profile_name)
    peers, seeds = joined(world, peers=6)
    world.run(world.rng.uniform(0.0, 30.0))
    gone = world.rng.choice(peers)
    world.crash(gone)
    expect_burial(world, peers, seeds, gone)


@in_lan_and_classic
@some
def test_a_frozen_peer_is_buried(number: int, profile_name: str) -> None:
    """One that takes connections and answers nothing is as dead as one that crashed."""
    world = World(number, profile_name)
    peers, seeds = joined(world, peers=6)
    world.run(world.rng.uniform(0.0, 30.0))
    gone = world.rng.choice(peers)
    world.freeze(gone)
    expect_burial(world, peers, seeds, gone)


@many
def test_of_two_that_meet_the_one_that_is_killed_is_dead_for_the_other(number: int) -> None:
    """At whichever moment: if the other one knows it at all, it learns of its death."""
    world = World(number)
    seeds = [world.seed()] if world.rng.random() < 0.5 else []
    first = world.start(world.peer(seeds))
    world.run(3.0)
    both = (first, world.start(world.peer(seeds, join=[] if seeds else [first])))
    world.run(world.rng.uniform(0.0, 0.06))
    killed = world.rng.choice(both)
    world.crash(killed)
    world.run(1.0)
    (left,) = [peer for peer in both if peer is not killed]
    assert isinstance(left.core, Peer)
    assert [member.state for member in left.core.members() if member.name == killed.name] in ([], [State.DEAD])


@many
def test_a_peer_that_freezes_while_it_joins_is_buried(number: int) -> None:
    """One that falls silent in the midst of connecting is dead to those who held it, and stays so."""
    world = World(number, latency=(0.001, 0.1))
    seeds = [world.seed()]
    peers = [world.peer(seeds) for _ in range(4)]
    for peer in peers:
        world.start(peer)
        world.run(world.rng.uniform(0.0, 0.2))
    world.run(world.rng.uniform(0.0, 0.7))
    gone = world.rng.choice(peers)
    world.freeze(gone)
    world.run(10.0)
    buriers = [peer for peer in peers if gone.address in [dead.neighbor for dead in peer.events(NeighborDied)]]
    buried_at = world.now
    world.run(60.0)
    assert [str(peer) for peer in buriers if spoke_to(peer, gone, since=buried_at)] == []


@some
def test_a_late_answer_does_not_bring_back_the_dead(number: int) -> None:
    """A peer that falls silent just as one that woke makes links anew is no neighbor of it, now or later."""
    world = World(number)
    peers, _ = joined(world, peers=4)
    sleeper, gone = world.rng.sample(peers, 2)
    world.freeze(sleeper)
    world.run(60.0)
    world.thaw(sleeper)
    world.run(world.rng.uniform(0.0, 0.1))
    world.freeze(gone)
    world.run(10.0)
    assert gone.name not in sleeper.neighbor_links
    buried_at = world.now
    world.run(60.0)
    assert gone.name not in sleeper.neighbor_links
    assert not spoke_to(sleeper, gone, since=buried_at)
    world.thaw(gone)
    assert world.run_until(lambda: gone.name in sleeper.neighbor_links, at_most=120.0)
    assert world.run_until(lambda: sleeper.name in gone.neighbor_links, at_most=1.0)


@in_lan_and_classic
@some
def test_a_short_freeze_is_no_death(number: int, profile_name: str) -> None:
    """Below two intervals of silence nobody is dead, neither the silent one nor, to it, the others."""
    world = World(number, profile_name)
    peers, _ = joined(world, peers=6)
    world.run(world.rng.uniform(0.0, 60.0))
    frozen = world.rng.choice(peers)
    before = {str(peer): peer.neighbors for peer in peers}
    world.freeze(frozen)
    world.run(world.settings.liveness.interval * world.rng.uniform(0.1, 1.9))
    world.thaw(frozen)
    world.run(bound(world.settings))
    assert [str(peer) for peer in peers if peer.events(NeighborDied)] == []
    assert [str(peer) for peer in peers if not set(before[str(peer)]) <= set(peer.neighbors)] == []


@some
def test_a_peer_that_wakes_after_its_burial_comes_back(number: int) -> None:
    """A thawed peer is held by somebody within a minute, and on the seeds' lists after its renewal."""
    world = World(number)
    peers, seeds = joined(world, peers=4)
    world.run(world.rng.uniform(0.0, 30.0))
    frozen = world.rng.choice(peers)
    world.freeze(frozen)
    world.run(world.rng.uniform(10.0, 100.0))
    assert holders(peers, frozen) == []
    world.thaw(frozen)
    world.run(60.0)
    assert deaf(peers) == []
    world.run(20.0)
    assert ailments(peers, seeds) == []
    expect_everybody_hears(world, peers, frozen)
    expect_everybody_hears(world, peers, peers[0] if peers[0] is not frozen else peers[1])


@some
def test_a_peer_that_wakes_in_a_full_network_keeps_its_bound(number: int) -> None:
    """Where nobody has room for it any more, a thawed peer looks for others, and never has too many neighbors."""
    lan = profile("lan")
    world = World(
        number,
        replace(lan, classic_overlay=replace(lan.classic_overlay, wanted_min=4, neighbors_max=5, deaf_after=10.0)),
    )
    peers, _ = joined(world, peers=8)
    world.run(5.0)
    frozen = world.rng.choice(peers)
    world.freeze(frozen)
    world.run(15.0)
    world.thaw(frozen)
    world.run(20.0)
    assert deaf(peers) == []


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("per_host", [1, 250], ids=["many_hosts", "one_host"])
def test_two_neighbors_that_slept_together_hear_the_others_again(number: int, per_host: int) -> None:
    """Two that hold each other wake after all others buried them: within two minutes the network is one again."""
    world = World(number, per_host=per_host)
    peers, seeds = joined(world, peers=7)
    first = world.rng.choice(peers)
    second = world.nodes[world.rng.choice(first.neighbors)]
    world.freeze(first)
    world.freeze(second)
    world.run(30.0)
    assert [str(peer) for peer in (first, second) if set(holders(peers, peer)) - {first, second}] == []
    world.thaw(first)
    world.thaw(second)
    expect_health(world, peers, seeds, within=120.0)
    expect_everybody_hears(world, peers, peers[0])


@some
def test_restarts_that_nobody_notices_leave_one_network(number: int) -> None:
    """Half of the peers come back empty before they are missed: within two minutes the network is one again."""
    world = World(number, "wan", per_host=1)
    peers, seeds = joined(world, peers=8)
    for peer in world.rng.sample(peers, 4):
        world.restart(peer)
    expect_health(world, peers, seeds, within=120.0)


@pytest.mark.parametrize("number", range(10))
def test_two_that_slept_together_need_no_seed_of_ours(number: int) -> None:
    """The same where all seeds are original ones, which nobody registers with again: the peers must see to it alone."""
    world = World(number)
    seeds = [world.original_seed() for _ in range(3)]
    peers = [world.peer(seeds) for _ in range(7)]
    for peer in peers:
        world.start(peer)
        world.run(0.5)
    first = world.rng.choice(peers)
    second = world.nodes[world.rng.choice(first.neighbors)]
    world.freeze(first)
    world.freeze(second)
    world.run(30.0)
    world.thaw(first)
    world.thaw(second)
    world.run_until(lambda: not apart(peers), at_most=120.0)
    assert apart(peers) == []


@few
def test_a_whole_machine_that_sleeps_buries_nobody(number: int) -> None:
    """Everybody frozen for five minutes and thawed one by one: nobody is dead."""
    world = World(number)
    peers, seeds = joined(world, peers=6)
    everybody = [*peers, *seeds]
    for node in everybody:
        world.freeze(node)
    world.run(300.0)
    world.rng.shuffle(everybody)
    for node in everybody:
        world.thaw(node)
    world.run(30.0)
    assert [str(peer) for peer in peers if peer.events(NeighborDied)] == []
    assert ailments(peers, seeds) == []


@few
def test_halves_that_were_apart_become_one_network_again(number: int) -> None:
    """After ten minutes on two sides, each with a seed, the network is one again within five minutes."""
    world = World(number, "classic")
    peers, seeds = joined(world, peers=24)
    world.split([*peers[:12], *seeds[:2]], [*peers[12:], *seeds[2:]])
    world.run(600.0)
    world.heal()
    expect_health(world, peers, seeds, within=300.0)


@some
def test_four_of_five_may_die_at_once(number: int) -> None:
    """When 16 of 20 crash together, the four others are one network within two minutes."""
    world = World(number, "classic")
    peers, seeds = joined(world, peers=20)
    world.crash(*world.rng.sample(peers, 16))
    world.run(bound(world.settings))
    expect_health(world, [peer for peer in peers if peer.up], seeds, within=75.0)


@some
def test_a_peer_whose_neighbors_all_die_finds_new_ones(number: int) -> None:
    """All neighbors of one crash at once: it is in one network with the others again."""
    world = World(number)
    peers, seeds = joined(world, peers=12)
    world.run(5.0)
    bereaved = world.rng.choice(peers)
    world.crash(*(world.nodes[address] for address in bereaved.neighbors), *holders(peers, bereaved))
    survivors = [peer for peer in peers if peer.up]
    world.run(bound(world.settings))
    expect_health(world, survivors, seeds, within=70.0)
    expect_everybody_hears(world, survivors, bereaved)


@some
def test_a_peer_that_restarts_hears_and_is_heard_again(number: int) -> None:
    """A peer that comes back empty at its address, at once or after a while, is part of the network again."""
    world = World(number)
    peers, seeds = joined(world, peers=6)
    restarted = world.rng.choice(peers)
    world.publish(restarted)
    world.run(1.0)
    world.crash(restarted)
    world.run(world.rng.choice([0.0, 1.5, 10.0]))
    world.restart(restarted)
    expect_health(world, peers, seeds, within=90.0)
    expect_everybody_hears(world, peers, restarted)
    expect_everybody_hears(world, peers, peers[0] if peers[0] is not restarted else peers[1])


# Together with the original system.


@in_lan_and_classic
@pytest.mark.parametrize("number", range(2))
def test_an_original_seed_is_registered_with_once(number: int, profile_name: str) -> None:
    """In half an hour no peer registers twice with an original seed that it can reach."""
    world = World(number, profile_name)
    seeds = [world.original_seed() for _ in range(3)]
    peers = [world.peer(seeds) for _ in range(4)]
    for peer in peers:
        world.start(peer)
        world.run(world.rng.uniform(0.0, 3.0))
    world.run(1800.0)
    assert [registrations(peer, seed) for peer in peers for seed in seeds if seed.address in peer.seeds] == [1] * 8
    assert ailments(peers, seeds) == []
    assert [str(seed) for seed in seeds for peer in peers if times_listed(seed, peer) > 1] == []


@some
def test_an_original_seed_that_was_away_is_registered_with_again(number: int) -> None:
    """An original seed that was seen out of reach, and comes back empty, lists each peer once more, and once."""
    world = World(number, "classic")
    seed = world.original_seed()
    peers = [world.peer([seed]) for _ in range(3)]
    for peer in peers:
        world.start(peer)
    world.run(world.rng.uniform(30.0, 600.0))
    world.crash(seed)
    world.run(750.0)
    world.restart(seed)
    world.run(65.0)
    assert [times_listed(seed, peer) for peer in peers] == [1] * 3
    world.run(1200.0)
    assert [times_listed(seed, peer) for peer in peers] == [1] * 3


@some
def test_a_peer_that_is_alone_once_more_registers_soon(number: int) -> None:
    """However long it was alone before it had a neighbor, a peer alone again asks an original seed within minutes."""
    world = World(number, "classic")
    seed = world.original_seed()
    first, second = world.peer([seed]), world.peer([seed])
    world.start(first)
    world.run(3600.0)
    world.start(second)
    assert world.run_until(lambda: not deaf([first, second]), at_most=60.0)
    world.crash(second)
    world.restart(seed)
    assert world.run_until(lambda: times_listed(seed, first) > 0, at_most=bound(world.settings) + 200.0)


@in_lan_and_classic
@some
def test_ours_and_originals_are_one_network(number: int, profile_name: str) -> None:
    """Nobody of ours is deaf among originals that are full, and gossip goes as far as originals pass it on."""
    world = World(number, profile_name)
    seeds = [world.seed(), world.original_seed(), world.original_seed()]
    peers = [world.original_peer(seeds) if index < 8 else world.peer(seeds) for index in range(12)]
    world.rng.shuffle(peers)
    for peer in peers:
        world.start(peer)
        world.run(world.rng.uniform(0.0, 5.0))
    world.run(60.0)
    assert [*deaf(peers), *unregistered(peers, seeds)] == []
    for teller in peers:
        reached = reach(peers, teller)
        gossip = world.publish(teller)
        world.run(1.0)
        assert {peer.address: 1 for peer in peers if peer.heard.get(gossip) == 1} == dict.fromkeys(reached, 1)
