"""Peers of ours beside original ones, and the meetings of links that go wrong most easily; each tried by many numbers.

A story that fails names its number: `python -m pytest 'tests/network/test_bridging.py::test_name[number]'` repeats it.
"""

from itertools import pairwise

import pytest

from rumor.core.effects import Dial
from rumor.core.errors import UsageError
from rumor.core.events import (
    LinkFailed,
    NeighborDied,
    NeighborDown,
    NeighborUp,
    Problem,
    RumorHeard,
    RunDelivered,
    TwoLives,
)
from rumor.core.frames import Lane
from rumor.core.messages import Gossip
from rumor.core.peer import Peer
from rumor.sim import Node, Told
from rumor.sim.settled import in_pieces, one_sided
from tests.network.nodes import connect
from tests.network.world import World

few = pytest.mark.parametrize("number", range(5))
some = pytest.mark.parametrize("number", range(20))


def web_of(world: World, count: int) -> list[Node]:
    """Peers of ours that are one web, without any seed."""
    peers: list[Node] = []
    for _ in range(count):
        peers.append(world.start(world.peer(join=peers[:1])))
        world.run(1.0)
    world.run(3.0)
    assert [*one_sided(peers), *in_pieces(peers)] == []
    return peers


def chain_of(world: World, count: int) -> list[Node]:
    """Original peers, each the neighbor of the next."""
    chain = [world.start(world.original_peer([])) for _ in range(count)]
    for one, next_one in pairwise(chain):
        connect(world, one, next_one)
    return chain


def not_once(peers: list[Node], said: list[Told]) -> list[str]:
    """Who did not hear each of these just once."""
    return [f"{peer} heard {rumor} {peer.heard.get(rumor, 0)} times"
            for peer in peers for rumor in said if peer.heard.get(rumor) != 1]  # fmt: skip


def carried(peers: list[Node]) -> int:
    """How many texts these carried into the web."""
    events = [event for peer in peers for event in peer.events(RunDelivered)]
    return sum(len(event.run.payloads) for event in events if event.own and event.run.lane is Lane.CARRIED)


def by_text(one: Node, other: Node) -> bool:
    """Whether one holds the other as an original node."""
    assert isinstance(one.core, Peer)
    return any(neighbor.address == other.address and not neighbor.link for neighbor in one.core.snapshot().neighbors)


# Bridges.


@some
def test_two_bridges_and_a_ring_of_originals(number: int) -> None:
    """There are two ways around, and yet each rumor, of an original peer or of ours, is heard by everybody once."""
    world = World(number)
    ours, chain = web_of(world, 5), chain_of(world, 4)
    connect(world, chain[0], ours[1])
    connect(world, chain[-1], ours[-1])
    everybody = [*ours, *chain]
    said = []
    for _ in range(3):
        for teller in world.rng.sample(everybody, len(everybody)):
            said.append(world.publish(teller))
            world.run(world.rng.choice([0.0, 0.01, 0.3]))
    world.run(5.0)
    assert not_once(everybody, said) == []


@few
def test_one_bridge_usually_carries(number: int) -> None:
    """Four bridges hear each text at about the same time; nearly always one of them carries it for all."""
    world = World(number)
    ours = web_of(world, 6)
    (original,) = chain_of(world, 1)
    for bridge in ours[:4]:
        connect(world, original, bridge)
    said = []
    for _ in range(50):
        said.append(world.publish(original))
        world.run(0.5)
    assert not_once([*ours, original], said) == []
    assert 50 <= carried(ours) <= 75


@few
def test_a_payload_that_is_no_text_is_a_bare_message_to_originals(number: int) -> None:
    """They count it, and peers of ours behind them on the web have it whole."""
    world = World(number)
    ours, chain = web_of(world, 4), chain_of(world, 2)
    connect(world, chain[0], ours[0])
    for payload in (b"\xff\x00", b"two\nlines", b"a" * 2000):
        told = world.publish(ours[-1], payload)
        world.run(2.0)
        assert not_once(ours, [told]) == []
        assert not_once(chain, [Told(told.origin, told.number, b"")]) == []
    assert [event.gossip.tail for event in chain[1].events(RumorHeard)] == ["", "", ""]


@few
def test_an_origin_that_texts_cannot_name_is_not_bridged(number: int) -> None:
    """A peer with a name of its own is heard by ours; each bridge counts what original nodes miss, and says so once."""
    world = World(number)
    ours, chain = web_of(world, 3), chain_of(world, 2)
    named = world.start(world.peer(join=ours[:1], name="ana"))
    connect(world, chain[0], ours[0])
    world.run(5.0)
    said = [world.publish(named) for _ in range(3)]
    world.run(2.0)
    assert not_once([*ours, named], said) == []
    assert [event for original in chain for event in original.events(RumorHeard)] == []
    core = ours[0].core
    assert isinstance(core, Peer)
    assert core.snapshot().not_bridged == 3
    assert [event.source for event in ours[0].events(Problem)] == ["ana"]


@some
def test_an_original_that_we_dial_comes_to_no_harm(number: int) -> None:
    """It closes on the preface once, is spoken to by text from then on, and is asked nothing else for ten minutes."""
    world = World(number)
    (original,) = chain_of(world, 1)
    peer = world.start(world.peer(join=[original]))
    world.run(590.0)
    assert by_text(peer, original)
    assert peer.address in original.neighbors
    assert sum(1 for _, effect in peer.did if isinstance(effect, Dial)) == 1
    assert peer.events(NeighborDown) == []
    said = [world.publish(original), world.publish(peer)]
    world.run(2.0)
    assert not_once([peer, original], said) == []


@some
def test_webs_that_only_originals_join_hear_each_other_and_hear_nothing_twice_when_they_meet(number: int) -> None:
    """What came by text, across an original peer, is not told again by the runs of a web that became one's own."""
    world = World(number)
    left, right, chain = web_of(world, 3), web_of(world, 3), chain_of(world, 2)
    connect(world, chain[0], left[0])
    connect(world, chain[1], right[0])
    world.run(1.0)
    ours = [*left, *right]
    said = [world.publish(teller) for teller in ours]
    world.run(2.0)
    assert not_once([*ours, *chain], said) == []
    world.start(world.peer(join=[left[1], right[1]]))
    for _ in range(20):
        said.append(world.publish(world.rng.choice(ours)))
        world.run(0.2)
    world.run(60.0)
    assert in_pieces(ours) == []
    assert not_once([*ours, *chain], said) == []


@some
def test_a_crowd_of_originals_that_ask_does_not_crowd_out_the_web(number: int) -> None:
    """Ten originals hold a peer of ours, and it keeps as many links as it needs."""
    world = World(number)
    ours = web_of(world, 8)
    for original in chain_of(world, 10):
        connect(world, original, ours[0])
    world.run(60.0)
    core = ours[0].core
    assert isinstance(core, Peer)
    assert sum(1 for neighbor in core.snapshot().neighbors if neighbor.link) >= 6
    assert in_pieces(ours) == []


# Taken for an original.


@some
def test_a_peer_that_was_taken_for_an_original_is_found_out(number: int) -> None:
    """Frozen while it is dialled, it answers a text later: soon the two hold a link, and hear each other once."""
    world = World(number)
    late = world.start(world.peer())
    world.run(1.0)
    world.freeze(late)
    peer = world.start(world.peer(join=[late]))
    world.run(world.rng.uniform(6.1, 12.0))
    assert [event.classic for event in peer.events(LinkFailed)] == [True]
    world.thaw(late)
    world.run(30.0)
    assert (by_text(peer, late), by_text(late, peer)) == (False, False)
    assert [*one_sided([peer, late]), *in_pieces([peer, late])] == []
    said = [world.publish(peer), world.publish(late)]
    world.run(1.0)
    assert not_once([peer, late], said) == []


@some
def test_a_peer_that_restarts_while_it_is_dialled_is_not_spoken_to_in_text_for_ever(number: int) -> None:
    """Whenever it crashes and comes back, half a minute later there is a link, and nobody is held by text."""
    world = World(number, latency=(0.01, 0.2))
    restless = world.start(world.peer())
    world.run(1.0)
    peer = world.start(world.peer(join=[restless]))
    world.run(world.rng.uniform(0.0, 0.8))
    if world.rng.random() < 0.5:
        world.freeze(restless)
        world.run(world.rng.uniform(0.0, 3.0))
    world.crash(restless)
    world.run(world.rng.uniform(0.0, 2.0))
    world.restart(restless)
    assert world.run_until(lambda: peer.name in restless.neighbor_links, at_most=60.0)
    world.run(5.0)
    assert (by_text(peer, restless), by_text(restless, peer)) == (False, False)
    assert [*one_sided([peer, restless]), *in_pieces([peer, restless])] == []


# Links.


@some
def test_two_that_dial_each_other_at_once_hold_one_link(number: int) -> None:
    """Of two crossing links one stays; nobody is a neighbor, and then not, and then again."""
    world = World(number, latency=(0.001, 0.2))
    one, other = world.peer(), world.peer()
    one.make = world.peer(join=[other]).make
    one.begin()
    other.make = world.peer(join=[one]).make
    other.begin()
    world.start(one)
    world.run(world.rng.uniform(0.0, 0.3))
    world.start(other)
    world.run(20.0)
    assert [*one_sided([one, other]), *in_pieces([one, other])] == []
    assert [len(peer.events(NeighborUp)) for peer in (one, other)] == [1, 1]
    assert [peer.events(NeighborDown) for peer in (one, other)] == [[], []]
    assert [len(peer.ends) for peer in (one, other)] == [1, 1]


@some
def test_two_lives_of_one_name_are_found_out(number: int) -> None:
    """The older one is told and publishes no more, the younger one is told and is heard by all others."""
    world = World(number)
    seeds = [world.seed()]
    older = world.start(world.peer(seeds, name="ana"))
    others = [world.start(world.peer(seeds)) for _ in range(4)]
    world.run(5.0)
    before = world.publish(older)
    world.run(1.0)
    younger = world.start(world.peer(seeds, name="ana"))
    assert world.run_until(lambda: bool(older.events(TwoLives)), at_most=120.0)
    assert [event.epoch for event in older.events(TwoLives)] == [younger.epoch]
    assert younger.events(TwoLives) == []
    assert "another process lives under our name" in [event.what for event in younger.events(Problem)]
    with pytest.raises(UsageError):
        world.publish(older)
    world.run(10.0)
    after = world.publish(younger)
    world.run(5.0)
    assert not_once(others, [before, after]) == []


@some
def test_a_peer_whose_clock_was_set_back_is_heard(number: int) -> None:
    """Its new life would seem older than the last one: neighbors tell it, and it begins later still."""
    world = World(number)
    peers = web_of(world, 5)
    teller = world.rng.choice(peers[1:])
    said = [world.publish(teller)]
    world.run(1.0)
    epoch = teller.epoch
    world.restart(teller, clock_back=1000.0)
    world.run(10.0)
    core = teller.core
    assert isinstance(core, Peer)
    said.append(world.publish(teller))
    world.run(10.0)
    assert core.snapshot().epoch > epoch
    assert not_once([peer for peer in peers if peer is not teller], said) == []


@some
def test_a_late_reply_revives_no_dead_link(number: int) -> None:
    """A peer that falls silent in the midst of becoming a neighbor, is buried and wakes, is held by both or neither."""
    world = World(number, latency=(0.001, 0.1))
    gone = world.start(world.peer())
    peer = world.peer(join=[gone])
    world.run(1.0)
    world.start(peer)
    world.run(world.rng.uniform(0.0, 0.7))
    world.freeze(gone)
    world.run(world.rng.uniform(4.0, 20.0))
    assert gone.name not in peer.neighbor_links
    held_before = len(peer.events(NeighborUp))
    assert len(peer.events(NeighborDied)) == held_before
    world.thaw(gone)
    world.run(0.5)
    links = [event.link for event in peer.events(NeighborUp)]
    assert len(links) == len(set(links))
    world.run(60.0)
    assert [*one_sided([peer, gone]), *in_pieces([peer, gone])] == []
    said = [world.publish(peer), world.publish(gone)]
    world.run(1.0)
    assert not_once([peer, gone], said) == []


@few
def test_a_text_that_comes_from_far_is_passed_on_to_the_byte(number: int) -> None:
    """From one original peer across a bridge, the web and another bridge to the next: the text is the same."""
    world = World(number)
    ours, (first, last) = web_of(world, 4), chain_of(world, 2)[:2]
    first.core.neighbors.clear()  # type: ignore[attr-defined]
    last.core.neighbors.clear()  # type: ignore[attr-defined]
    connect(world, first, ours[1])
    connect(world, last, ours[3])
    world.run(1.0)
    world.publish(first, "a: colon,\ttab and ünïcode")
    world.run(2.0)
    (heard,) = [event.gossip for event in last.events(RumorHeard)]
    assert [event.gossip for event in first.events(RumorHeard)] == [heard]
    assert heard == Gossip(heard.timestamp, first.address, 1, ":a: colon,\ttab and ünïcode")
