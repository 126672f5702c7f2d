"""A peer: its machines together, and what one finds out told to the others."""

from random import Random

import pytest

from rumor.core.effects import Answer, Ask, Close, Failure, Tell
from rumor.core.errors import UsageError
from rumor.core.events import (
    DeathReported,
    NeighborDied,
    NeighborDown,
    NeighborUp,
    PeerListReceived,
    Problem,
    Reason,
    Registered,
    RumorHeard,
    Strike,
)
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import (
    ConnectAccepted,
    ConnectRequest,
    DeadNode,
    Gossip,
    Incoming,
    LivenessReply,
    LivenessRequest,
    PeerList,
    Preface,
    Register,
)
from rumor.core.peer import Peer, PeerSnapshot
from rumor.core.settings import ClassicOverlaySettings, RegistrationSettings, Settings

from .helpers import (
    ANA,
    BO,
    CY,
    ME,
    SEED_NUMBERS,
    clock,
    make_network,
    peer_at,
    rumor,
    run_network,
    seed_at,
    timestamp,
)

SEED = seed_at(0)
REGISTER = Ask(SEED, Register(ME), 5.0)
SETTINGS = Settings(
    classic_overlay=ClassicOverlaySettings(wanted_min=2, wanted_max=2),
    registration=RegistrationSettings(renewal_jitter=0.0),
)


def peer_with(identity: Identity | None = None, settings: Settings = SETTINGS) -> Peer:
    """A peer with one seed that has not begun."""
    return Peer(identity or Identity(ME), [SEED], settings, clock(), Random(0))


def peer_among(*neighbors: Address, settings: Settings = SETTINGS) -> Peer:
    """A peer that its seed listed at moment 0, and these neighbors accepted."""
    peer = peer_with(settings=settings)
    peer.join(0.0)
    peer.answered(REGISTER, PeerList((*neighbors, ME)), 0.0)
    for neighbor in neighbors:
        peer.answered(connect(neighbor), ConnectAccepted(), 0.0)
    peer.drain()
    assert peer.snapshot().neighbors == neighbors
    return peer


def connect(neighbor: Address) -> Ask:
    """What is asked of a peer that shall be our neighbor."""
    return Ask(neighbor, ConnectRequest(ME), 5.0)


def liveness(neighbor: Address, now: Seconds) -> Ask:
    """What is asked of a neighbor at that moment."""
    return Ask(neighbor, LivenessRequest(timestamp(now), ME.host), 1.0)


def tell(neighbor: Address, gossip: Gossip) -> Tell:
    """A rumor on its way to a neighbor."""
    return Tell(neighbor, gossip, 5.0)


def kill(peer: Peer, neighbor: Address) -> None:
    """Let three liveness requests to a neighbor fail, at moments 0, 1 and 2."""
    for now in (0.0, 1.0, 2.0):
        peer.tick(now)
        peer.failed(liveness(neighbor, now), Failure.UNREACHABLE, now)


# Joining.


def test_a_peer_begins_with_its_seeds() -> None:
    """Joining is registering, and nothing else; something is due within a second."""
    peer = peer_with()

    peer.join(0.0)

    assert peer.drain() == ([REGISTER], [])
    assert peer.snapshot() == PeerSnapshot(address=ME, neighbors=(), seeds=(), contacts=0, heard=0)
    deadline = peer.next_deadline()
    assert deadline is not None
    assert 0.5 <= deadline <= 1.0


def test_the_peers_that_a_seed_lists_are_asked() -> None:
    """A list is told without ourselves, each peer once, and its peers are asked to be neighbors."""
    peer = peer_with()
    peer.join(0.0)
    peer.drain()

    peer.answered(REGISTER, PeerList((ANA, ME, ANA, ME)), 0.0)

    assert peer.drain() == (
        [connect(ANA)],
        [Registered(SEED, renewed=False), PeerListReceived(SEED, (ANA,))],
    )
    assert peer.snapshot() == PeerSnapshot(address=ME, neighbors=(), seeds=(SEED,), contacts=1, heard=0)


def test_who_accepts_is_watched_and_told_what_nobody_heard() -> None:
    """A first neighbor gets its first liveness request at once, and what was said while there was none."""
    peer = peer_with()
    peer.join(0.0)
    early = peer.publish("early", 0.0)
    peer.answered(REGISTER, PeerList((ANA, ME)), 0.0)
    peer.drain()

    peer.answered(connect(ANA), ConnectAccepted(), 1.0)

    assert peer.drain() == ([liveness(ANA, 1.0), tell(ANA, early)], [NeighborUp(ANA, Reason.ASKED)])
    assert peer.snapshot() == PeerSnapshot(address=ME, neighbors=(ANA,), seeds=(SEED,), contacts=1, heard=1)


def test_a_peer_learns_its_address_from_the_first_seed() -> None:
    """A peer that is not certain of its address takes the last one on the list for its own, and says so to others."""
    peer = peer_with(Identity(Address("0.0.0.0", 4001), settled=False))
    peer.join(0.0)
    (ask,) = peer.drain()[0]
    assert isinstance(ask, Ask)

    peer.answered(ask, PeerList((ANA, ME)), 0.0)

    assert peer.drain()[0] == [connect(ANA)]
    assert peer.snapshot().address == ME


def test_a_renewed_list_is_not_told_to_who_has_neighbors() -> None:
    """A renewal is told, its list is not: people have read it; new peers on it are remembered all the same."""
    peer = peer_among(ANA, BO)

    peer.answered(REGISTER, PeerList((ANA, BO, CY, ME)), 60.0)

    assert peer.drain() == ([], [Registered(SEED, renewed=True)])
    assert peer.snapshot().contacts == 3


def test_an_empty_list_is_not_told_again_and_again() -> None:
    """Who is alone asks often; a list that still names nobody is no news."""
    peer = peer_among()

    peer.answered(REGISTER, PeerList((ME,)), 60.0)

    assert peer.drain() == ([], [Registered(SEED, renewed=True)])


def test_who_stays_alone_looks_at_the_seeds_lists_again() -> None:
    """Loneliness, told by one machine, makes another ask the seed: of unknown kind, so by the preface first."""
    peer = peer_among()
    alone_at = peer.next_deadline()
    assert alone_at is not None

    peer.tick(alone_at)
    assert peer.drain()[0] == [Ask(SEED, Preface(), 1.0)]

    peer.answered(Ask(SEED, Preface(), 1.0), Preface(), alone_at)
    assert peer.drain() == ([REGISTER], [])


def test_a_seed_that_cannot_be_reached_is_tried_again() -> None:
    """The failure of a registration reaches the machine that knows what to do."""
    peer = peer_with()
    peer.join(0.0)
    peer.drain()

    peer.failed(REGISTER, Failure.UNREACHABLE, 0.0)

    assert peer.drain() == (
        [],
        [
            Problem("a seed can't be registered with", str(SEED), "no connection"),
            Problem("no seed can be reached; going on trying", detail="1 known"),
        ],
    )
    peer.tick(1.0)
    assert REGISTER in peer.drain()[0]


def test_a_seed_that_closes_on_the_preface_is_left_alone() -> None:
    """The failure of a preface makes no registration: the seed is an original."""
    peer = peer_among(ANA)
    peer.tick(60.0)
    assert Ask(SEED, Preface(), 1.0) in peer.drain()[0]

    peer.failed(Ask(SEED, Preface(), 1.0), Failure.CLOSED, 60.0)

    assert peer.drain() == ([], [])
    assert peer.snapshot().seeds == (SEED,)


def test_a_peer_without_room_is_passed_over() -> None:
    """The failure of a connect request makes the next contact be asked."""
    peer = peer_with()
    peer.join(0.0)
    peer.answered(REGISTER, PeerList((ANA, BO, CY, ME)), 0.0)
    asked = [ask.to for ask in peer.drain()[0] if isinstance(ask, Ask) and ask != REGISTER]
    (left,) = {ANA, BO, CY} - set(asked)

    peer.failed(connect(asked[0]), Failure.CLOSED, 0.0)

    assert peer.drain() == ([connect(left)], [])


# What others want.


def test_who_asks_to_be_a_neighbor_is_one() -> None:
    """A peer that asks is answered, and watched and told rumors like any other neighbor."""
    peer = peer_among(ANA)

    peer.receive(7, BO.host, ConnectRequest(BO), 0.5)

    assert peer.drain() == (
        [Answer(7, ConnectAccepted()), liveness(BO, 0.5)],
        [NeighborUp(BO, Reason.ACCEPTED)],
    )


def test_the_host_of_who_asks_is_the_connections() -> None:
    """An original peer says 127.0.0.1 of itself: its host is where it comes from, unwrapped from IPv6."""
    peer = peer_among(ANA)

    peer.receive(7, f"::ffff:{BO.host}", ConnectRequest(Address("127.0.0.1", BO.port)), 0.5)

    assert peer.snapshot().neighbors == (ANA, BO)


def test_who_asks_by_ipv6_is_refused() -> None:
    """A neighbor that classic texts cannot name is none: the connection is closed, and people hear of it."""
    peer = peer_among(ANA)

    peer.receive(7, "2001:db8::5", ConnectRequest(BO), 0.5)

    problem = Problem("a classic text from an IPv6 address, which it can't carry", "2001:db8::5")
    assert peer.drain() == ([Close(7)], [problem])


def test_a_liveness_request_is_answered() -> None:
    """The answer repeats the request's timestamp and sender, and names our own host."""
    peer = peer_among(ANA)

    peer.receive(7, ANA.host, LivenessRequest("12.5", "127.0.0.1"), 0.5)

    assert peer.drain() == ([Answer(7, LivenessReply("12.5", "127.0.0.1", ME.host))], [])


def test_a_liveness_request_shows_that_we_are_not_deaf() -> None:
    """After 45 s of silence neighbors are asked again; a liveness request puts that off."""
    deaf, heard = peer_among(ANA), peer_among(ANA)
    heard.receive(7, ANA.host, LivenessRequest("12.5", ANA.host), 30.0)
    for peer in (deaf, heard):
        peer.drain()
        peer.tick(45.0)

    assert connect(ANA) in deaf.drain()[0]
    assert connect(ANA) not in heard.drain()[0]


def test_the_preface_is_answered_with_the_same() -> None:
    """A peer of ours shows itself as one."""
    peer = peer_among(ANA)

    peer.receive(7, BO.host, Preface(), 0.5)

    assert peer.drain() == ([Answer(7, Preface())], [])


@pytest.mark.parametrize("message", [Register(BO), DeadNode(ANA, "1.0", BO.host)])
def test_what_is_meant_for_a_seed_is_refused(message: Incoming) -> None:
    """A message for a seed changes nothing at a peer: the connection is closed, and people hear of it."""
    peer = peer_among(ANA)

    peer.receive(7, BO.host, message, 0.5)

    problem = Problem("a message for a seed, sent to a peer", BO.host, type(message).__name__)
    assert peer.drain() == ([Close(7)], [problem])
    assert peer.snapshot().neighbors == (ANA,)


# Rumors.


def test_a_rumor_that_is_heard_goes_on_to_every_neighbor_once() -> None:
    """A new rumor is told on and counted; when it comes again nothing happens."""
    peer = peer_among(ANA, BO)

    peer.receive(7, ANA.host, rumor(1), 0.5)
    assert peer.drain() == ([tell(ANA, rumor(1)), tell(BO, rumor(1))], [RumorHeard(rumor(1), own=False)])

    peer.receive(8, BO.host, rumor(1), 0.6)
    assert peer.drain() == ([], [])
    assert peer.snapshot().heard == 1


def test_a_rumor_that_is_said_goes_to_every_neighbor() -> None:
    """A rumor of our own is told to all neighbors, the next when the one before has left."""
    peer = peer_among(ANA)

    first = peer.publish("a", 0.5)
    second = peer.publish("b", 0.5)
    assert peer.drain() == ([tell(ANA, first)], [RumorHeard(first, own=True), RumorHeard(second, own=True)])

    peer.told(tell(ANA, first), 0.6)
    assert peer.drain() == ([tell(ANA, second)], [])


def test_an_unfit_rumor_is_not_said() -> None:
    """An unfit text raises to who said it, and nothing happens."""
    peer = peer_among(ANA)

    with pytest.raises(UsageError):
        peer.publish("a\nb", 0.5)

    assert peer.drain() == ([], [])


def test_a_rumor_that_did_not_get_through_is_told_again() -> None:
    """The failure of a rumor makes it fall due again half a second later."""
    peer = peer_among(ANA)
    gossip = peer.publish("a", 0.5)
    peer.drain()

    peer.failed(tell(ANA, gossip), Failure.UNREACHABLE, 0.5)
    assert peer.drain() == ([], [])
    assert peer.next_deadline() == 1.0

    peer.tick(1.0)
    assert peer.drain() == ([tell(ANA, gossip)], [])


# Life and death.


def test_a_neighbor_that_answers_is_asked_again_at_the_next_interval() -> None:
    """An answer is all that is needed until the next request is due."""
    peer = peer_among(ANA)

    peer.answered(liveness(ANA, 0.0), LivenessReply(timestamp(0.0), ME.host, ANA.host), 0.1)
    assert peer.drain() == ([], [])
    assert peer.next_deadline() == 1.0

    peer.tick(1.0)
    assert peer.drain() == ([liveness(ANA, 1.0)], [])


def test_a_dead_neighbor_is_dropped_and_reported() -> None:
    """With the third strike a neighbor is dead: no neighbor, no contact, and reported to the seeds with the time."""
    peer = peer_among(ANA, BO)

    kill(peer, ANA)

    report = DeadNode(ANA, timestamp(2.0), ME.host)
    assert peer.drain() == (
        [liveness(ANA, 1.0), liveness(ANA, 2.0), Tell(SEED, report, 5.0)],
        [
            Strike(ANA, 1),
            Strike(ANA, 2),
            Strike(ANA, 3),
            NeighborDied(ANA),
            NeighborDown(ANA, Reason.DEAD),
            DeathReported(report, (SEED,)),
        ],
    )
    assert peer.snapshot() == PeerSnapshot(address=ME, neighbors=(BO,), seeds=(SEED,), contacts=1, heard=0)


def test_a_report_that_did_not_get_through_is_tried_again() -> None:
    """The failure of a report makes it fall due again; once it has left, it is done."""
    peer = peer_among(ANA, BO)
    kill(peer, ANA)
    report = Tell(SEED, DeadNode(ANA, timestamp(2.0), ME.host), 5.0)
    peer.drain()

    peer.failed(report, Failure.UNREACHABLE, 2.0)
    assert peer.drain() == ([], [])
    peer.tick(3.0)
    assert peer.drain() == ([report], [])

    peer.told(report, 3.0)
    peer.tick(10.0)
    assert peer.drain() == ([], [])


def test_a_neighbor_that_is_back_is_not_reported_any_more() -> None:
    """A report that waits for its next try is withdrawn when the dead one becomes a neighbor again."""
    peer = peer_among(ANA, BO)
    kill(peer, ANA)
    peer.failed(Tell(SEED, DeadNode(ANA, timestamp(2.0), ME.host), 5.0), Failure.UNREACHABLE, 2.0)
    peer.receive(7, ANA.host, ConnectRequest(ANA), 2.1)
    peer.drain()

    peer.tick(3.0)

    assert peer.drain() == ([], [])


def test_a_lost_neighbor_is_neither_watched_nor_told_rumors() -> None:
    """After a death nothing more goes to the dead, and what others say goes to those who live."""
    peer = peer_among(ANA, BO)
    kill(peer, ANA)
    peer.drain()

    gossip = peer.publish("a", 3.0)
    peer.tick(3.0)

    assert peer.drain() == ([tell(BO, gossip)], [RumorHeard(gossip, own=True)])


def test_a_neighbor_that_gave_its_place_away_is_not_watched_any_more() -> None:
    """Who no longer holds us and gave way to another gets no strikes, and no rumors."""
    settings = Settings(classic_overlay=ClassicOverlaySettings(wanted_min=1, wanted_max=1, neighbors_max=1))
    peer = peer_among(ANA, settings=settings)
    peer.tick(45.0)
    peer.failed(connect(ANA), Failure.CLOSED, 45.1)
    peer.drain()
    peer.receive(7, BO.host, ConnectRequest(BO), 45.2)
    assert peer.drain() == (
        [Answer(7, ConnectAccepted()), liveness(BO, 45.2)],
        [NeighborDown(ANA, Reason.FORGOT_US), NeighborUp(BO, Reason.ACCEPTED)],
    )

    peer.failed(liveness(ANA, 0.0), Failure.UNREACHABLE, 45.3)
    gossip = peer.publish("a", 45.3)

    assert peer.drain() == ([tell(BO, gossip)], [RumorHeard(gossip, own=True)])


def test_an_answer_that_belongs_to_no_question_is_the_drivers_mistake() -> None:
    """A driver that reports another kind of reply than was asked for has a bug, and is told so."""
    peer = peer_among(ANA)

    with pytest.raises(AssertionError, match="is no reply to"):
        peer.answered(connect(ANA), Preface(), 0.0)


# A whole network.


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_every_peer_hears_every_rumor_once(number: int) -> None:
    """In a network of ten, what each says reaches each of the others exactly once, in the order of saying."""
    nodes = make_network(seeds=3, peers=10, number=number)
    run_network(nodes, start=0.0, until=2.0)
    peers = {address: node for address, node in nodes.items() if isinstance(node, Peer)}
    for text in ("first", "second"):
        for peer in peers.values():
            peer.publish(text, 2.0)

    history = run_network(nodes, start=2.0, until=2.5)

    for address in peers:
        heard = [event.gossip for hearer, event in history if hearer == address and isinstance(event, RumorHeard)]
        assert len(heard) == len(set(heard)) == 20
        for origin in peers:
            assert [gossip.text for gossip in heard if gossip.origin == origin] == ["first", "second"]


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_the_dead_are_dropped_and_struck_off(number: int) -> None:
    """When a peer vanishes, within three intervals its neighbors drop it, and the seeds strike it off."""
    nodes = make_network(seeds=1, peers=6, number=number)
    run_network(nodes, start=0.0, until=2.0)
    del nodes[peer_at(3)]

    history = run_network(nodes, start=2.0, until=6.0)

    died = {event.neighbor for _, event in history if isinstance(event, NeighborDied)}
    assert died == {peer_at(3)}
    for node in nodes.values():
        if isinstance(node, Peer):
            neighbors = node.snapshot().neighbors
            assert neighbors
            assert peer_at(3) not in neighbors
        else:
            assert node.snapshot().peers == 5
