"""The half of a peer that speaks with seeds and original nodes: driven through the peer, as a driver does."""

import msgspec
import pytest

from rumor.core.classic.texts import DIALS_MAX, DOUBT_INTERVAL
from rumor.core.effects import Answer, Ask, Close, Dial, Effect, Failure, Hangup, Tell
from rumor.core.events import (
    DeathReported,
    Event,
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
from rumor.core.frames import Contact, DeathNotice, Enrolment, Lease, Role
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
from rumor.core.peer import Peer
from rumor.core.settings import ClassicOverlaySettings, RegistrationSettings, Settings

from ..helpers import ANA, BO, CY, EPOCH, ME, befriend, feed, hello, peer_at, peer_with, pull, rumor, seed_at, timestamp

SEED = seed_at(0)
REGISTER = Ask(SEED, Register(ME), 5.0)
SETTINGS = Settings(
    classic_overlay=ClassicOverlaySettings(wanted_min=2, wanted_max=2),
    registration=RegistrationSettings(renewal_jitter=0.0),
)


def connect(neighbor: Address) -> Ask:
    """What is asked of an original node that shall be our neighbor."""
    return Ask(neighbor, ConnectRequest(ME), 5.0)


def liveness(neighbor: Address, now: Seconds) -> Ask:
    """What is asked of a neighbor at that moment."""
    return Ask(neighbor, LivenessRequest(timestamp(now), ME.host), 1.0)


def tell(neighbor: Address, gossip: Gossip) -> Tell:
    """A rumor on its way to a neighbor."""
    return Tell(neighbor, gossip, 5.0)


def said(peer: Peer, text: str, now: Seconds) -> Gossip:
    """Publish, and give the text that original nodes get of it."""
    number = peer.publish(text.encode(), "", now)
    peer.end_turn(now)
    return Gossip(f"{int(EPOCH + now)}.{int(now % 1 * 1e6):06d}", ME, number, f":{text}")


def dials(effects: list[Effect]) -> list[Address]:
    """Who is dialled."""
    return [effect.to for effect in effects if isinstance(effect, Dial)]


def texts(effects: list[Effect]) -> list[Effect]:
    """All but what belongs to links."""
    return [effect for effect in effects if isinstance(effect, Ask | Tell | Answer | Close)]


def talk(peer: Peer) -> tuple[list[Effect], list[Event]]:
    """What is done and said by texts, and of them."""
    effects, events = peer.drain()
    kinds = RumorHeard | NeighborUp | NeighborDown | Strike | NeighborDied | DeathReported | Problem
    return texts(effects), [event for event in events if isinstance(event, kinds)]


def refuse_dials(peer: Peer, now: Seconds, failure: Failure = Failure.CLOSED) -> list[Effect]:
    """Let all that is dialled behave as an original node does; gives the effects, those that follow too."""
    effects: list[Effect] = []
    while more := peer.drain()[0]:
        effects += more
        for effect in more:
            if isinstance(effect, Dial):
                peer.link_lost(effect.link, failure, now)
    return effects


def listed(*others: Address, settings: Settings = SETTINGS, identity: Identity | None = None) -> Peer:
    """A peer that its seed listed at moment 0, with these."""
    peer = peer_with(SEED, settings=settings, identity=identity)
    peer.join(0.0)
    peer.answered(REGISTER, PeerList((*others, ME)), 0.0)
    return peer


def peer_among(*originals: Address, settings: Settings = SETTINGS) -> Peer:
    """A peer that its seed listed at moment 0, and that these original nodes took as a neighbor then."""
    peer = listed(*originals, settings=settings)
    refuse_dials(peer, 0.0)
    for original in originals:
        peer.answered(connect(original), ConnectAccepted(), 0.0)
    peer.tick(0.0)
    refuse_dials(peer, 0.0)
    assert neighbors(peer) == set(originals)
    return peer


def neighbors(peer: Peer) -> set[Address]:
    """The neighbors, of either kind."""
    return {neighbor.address for neighbor in peer.snapshot().neighbors}


def kill(peer: Peer, neighbor: Address) -> None:
    """Let three liveness requests to a neighbor fail, at moments 0, 1 and 2."""
    for now in (0.0, 1.0, 2.0):
        peer.tick(now)
        peer.failed(liveness(neighbor, now), Failure.UNREACHABLE, now)


# Seeds.


def test_the_peers_that_a_seed_lists_are_told_and_dialled() -> None:
    """A list is told without ourselves, each peer once; whether its peers are of ours shows when they are dialled."""
    peer = listed(ANA, ME, ANA)

    effects, events = peer.drain()
    assert dials(effects) == [ANA]
    assert events == [Registered(SEED, renewed=False), PeerListReceived(SEED, (ANA,))]


def test_a_peer_learns_its_address_from_the_first_seed() -> None:
    """A peer that is not certain of its address takes the last one on the list for its own."""
    peer = peer_with(SEED, identity=Identity(Address("0.0.0.0", 4001), settled=False, epoch=1, instance=1))
    peer.join(0.0)
    (ask,) = peer.drain()[0]
    assert isinstance(ask, Ask)

    peer.answered(ask, PeerList((ANA, ME)), 0.0)

    assert peer.snapshot().address == ME


def test_a_renewed_list_is_told_to_who_has_no_neighbor_and_needs_it() -> None:
    """People have read it already, unless somebody is on it that could help."""
    content, lonely, alone = peer_among(ANA), listed(), listed()
    for peer in (content, lonely, alone):
        peer.drain()

    content.answered(REGISTER, PeerList((ANA, BO, ME)), 60.0)
    lonely.answered(REGISTER, PeerList((BO, ME)), 60.0)
    alone.answered(REGISTER, PeerList((ME,)), 60.0)

    told = [[event for event in peer.drain()[1] if isinstance(event, PeerListReceived)] for peer in (content, lonely)]
    assert told == [[], [PeerListReceived(SEED, (BO,))]]
    assert alone.drain()[1] == [Registered(SEED, renewed=True)]


def test_who_is_known_for_an_original_node_is_not_dialled_again() -> None:
    """For ten minutes after it answered a text it is spoken to by text."""
    peer = peer_among(ANA)

    peer.answered(REGISTER, PeerList((ANA, ME)), 60.0)

    assert dials(peer.drain()[0]) == []


def test_a_seed_that_cannot_be_reached_is_tried_again() -> None:
    """The failure of a registration reaches the machine that knows what to do."""
    peer = peer_with(SEED, settings=SETTINGS)
    peer.join(0.0)
    peer.drain()

    peer.failed(REGISTER, Failure.UNREACHABLE, 0.0)

    assert Problem("a seed can't be registered with", str(SEED), "no connection") in peer.drain()[1]
    peer.tick(1.0)
    assert REGISTER in peer.drain()[0]


def test_a_seed_is_asked_by_the_preface_which_kind_it_is() -> None:
    """One of ours answers and is registered with by a link; an original one closes and is left alone."""
    ours, original = peer_among(ANA), peer_among(ANA)
    preface = Ask(SEED, Preface(), 1.0)
    for peer in (ours, original):
        peer.tick(60.0)
        assert preface in peer.drain()[0]

    ours.answered(preface, Preface(), 60.0)
    original.failed(preface, Failure.CLOSED, 60.0)

    assert dials(ours.drain()[0]) == [SEED]
    assert original.drain() == ([], [])
    assert original.snapshot().seeds == (SEED,)


def test_the_peers_in_a_lease_are_asked_to_be_neighbors() -> None:
    """A seed of ours tells of some peers by its link, which are dialled like those of a list."""
    peer = peer_among(ANA)
    peer.tick(60.0)
    peer.drain()
    peer.answered(Ask(SEED, Preface(), 1.0), Preface(), 60.0)
    (link,) = [effect.link for effect in peer.drain()[0] if isinstance(effect, Dial)]
    peer.dialled(link, 60.0)
    assert Enrolment(0, 8) in feed(peer, link, 60.0, msgspec.structs.replace(hello(SEED), role=Role.SEED))

    peer.on_frame(link, Lease(180_000, (Contact("me", ME), Contact("bo", BO))), 60.1)

    effects, events = peer.drain()
    assert dials(effects) == [BO]
    assert Registered(SEED, renewed=True) in events
    peer.on_frame(link, Lease(180_000), 60.2)
    assert peer.drain() == ([], [])


def test_a_lease_from_who_is_no_seed_of_ours_is_left_unheard() -> None:
    """A neighbor can't name peers in that way."""
    peer = peer_among(ANA)
    befriend(peer, 1, BO, 1.0)
    peer.drain()

    peer.on_frame(1, Lease(180_000, (Contact("cy", CY),)), 1.0)

    assert peer.drain() == ([], [])


def test_a_seed_whose_link_fails_is_asked_by_text_again() -> None:
    """What was one of ours, and closes on the preface now, may be an original one: its list is as good."""
    peer = peer_among(ANA)
    peer.tick(60.0)
    peer.drain()
    peer.answered(Ask(SEED, Preface(), 1.0), Preface(), 60.0)
    (link,) = [effect.link for effect in peer.drain()[0] if isinstance(effect, Dial)]

    peer.link_lost(link, Failure.CLOSED, 60.0)

    assert texts(peer.drain()[0]) == [REGISTER]


def test_other_seeds_can_be_named_while_a_peer_runs() -> None:
    """A seed that is added is registered with."""
    peer = peer_among(ANA)

    peer.set_seeds((SEED, seed_at(1)), 1.0)

    assert texts(peer.drain()[0]) == [Ask(seed_at(1), Register(ME), 5.0)]


# Original nodes.


def test_who_closes_on_the_preface_is_asked_by_text() -> None:
    """And is a neighbor once it accepts: watched, and told what nobody was there to hear."""
    peer = listed(ANA)
    early = said(peer, "early", 2.5)
    assert connect(ANA) in refuse_dials(peer, 2.5)

    peer.answered(connect(ANA), ConnectAccepted(), 3.0)

    effects, events = peer.drain()
    assert texts(effects) == [liveness(ANA, 3.0), tell(ANA, early)]
    assert events == [NeighborUp(ANA, Reason.ASKED)]
    assert neighbors(peer) == {ANA}


def test_who_cannot_be_reached_is_not_asked_by_text() -> None:
    """Nobody there is no sign of an original node."""
    peer = listed(ANA)

    assert texts(refuse_dials(peer, 0.0, Failure.UNREACHABLE)) == [REGISTER]


def test_an_original_node_without_room_is_passed_over() -> None:
    """The failure of a connect request makes the next contact be asked."""
    peer = listed(ANA, BO, CY)
    asked = {effect.to for effect in refuse_dials(peer, 0.0) if isinstance(effect, Ask)} - {SEED}
    assert len(asked) == 2
    (left,) = {ANA, BO, CY} - asked

    peer.failed(connect(asked.pop()), Failure.CLOSED, 0.0)

    assert peer.drain()[0] == [connect(left)]


def test_who_closed_since_it_stopped_is_not_forgotten() -> None:
    """It was no original node that closed on the preface, but one that ended: it is dialled again, now and then."""
    peer = listed(ANA)
    refuse_dials(peer, 0.0)

    peer.failed(connect(ANA), Failure.UNREACHABLE, 0.1)

    assert dials(peer.drain()[0]) == [ANA]
    assert peer.snapshot().contacts == 1


def test_who_asks_by_text_is_a_neighbor_and_is_looked_at() -> None:
    """It is answered and watched like any other; and dialled, since one of ours may take us for an original node."""
    peer = peer_among(ANA)

    peer.receive(7, BO.host, ConnectRequest(BO), 0.5)

    effects, events = peer.drain()
    assert texts(effects) == [Answer(7, ConnectAccepted()), liveness(BO, 0.5)]
    assert dials(effects) == [BO]
    assert events == [NeighborUp(BO, Reason.ACCEPTED)]


def test_who_asks_by_text_and_closes_on_the_preface_is_an_original_node() -> None:
    """For ten minutes it is not dialled again."""
    peer = peer_among()
    peer.receive(7, BO.host, ConnectRequest(BO), 0.5)
    refuse_dials(peer, 0.5)

    peer.receive(8, BO.host, ConnectRequest(BO), 1.0)
    for step in range(1, 50):
        peer.tick(1.0 + step / 2)
        peer.answered(liveness(BO, 1.0), LivenessReply(timestamp(1.0), ME.host, BO.host), 1.0 + step / 2)

    assert BO not in dials(peer.drain()[0])


def test_who_only_keeps_silent_on_the_preface_is_looked_at_again() -> None:
    """It may be one of ours that was busy: after a while it is dialled once more."""
    peer = peer_among()
    peer.receive(7, BO.host, ConnectRequest(BO), 0.5)
    refuse_dials(peer, 0.6, Failure.SILENT)

    peer.tick(0.5 + DOUBT_INTERVAL)

    assert BO in dials(peer.drain()[0])


def test_a_peer_of_ours_that_was_taken_for_an_original_node_is_found_out() -> None:
    """It asked us by text, is dialled, and says Hello: a neighbor by a link, and by text no more."""
    peer = peer_among()
    peer.receive(7, BO.host, ConnectRequest(BO), 0.5)
    (dial,) = [effect for effect in peer.drain()[0] if isinstance(effect, Dial)]

    peer.dialled(dial.link, 0.6)
    feed(peer, dial.link, 0.6, hello(BO))

    events = peer.drain()[1]
    assert NeighborDown(BO, Reason.REPLACED) in events
    assert neighbors(peer) == set()
    peer.receive(8, BO.host, ConnectRequest(BO), 0.7)
    assert peer.drain()[0] == [Close(8)]


def test_a_peer_of_ours_that_we_take_for_an_original_node_is_found_out() -> None:
    """It dials us: the neighbor by text is replaced, and it is asked by text no more."""
    peer = peer_among(ANA)

    befriend(peer, 1, ANA, 1.0)

    events = peer.drain()[1]
    assert NeighborDown(ANA, Reason.REPLACED) in events
    assert NeighborUp(ANA, Reason.ACCEPTED, str(ANA), 1) in events
    assert [neighbor.link for neighbor in peer.snapshot().neighbors] == [1]


def test_a_text_of_who_speaks_frames_is_refused_and_it_is_dialled() -> None:
    """It takes us for an original node, and so would not dial us for ten minutes."""
    peer = peer_among()
    befriend(peer, 1, BO, 0.0)
    peer.link_lost(1, Failure.CLOSED, 0.5)
    refuse_dials(peer, 0.5, Failure.UNREACHABLE)

    peer.receive(7, BO.host, ConnectRequest(BO), 5.0)

    effects = peer.drain()[0]
    assert texts(effects) == [Close(7)]
    assert dials(effects) == [BO]


def test_only_some_are_looked_at_at_once() -> None:
    """Whoever asks by text makes us dial its own host; more than a few wait."""
    settings = Settings(classic_overlay=ClassicOverlaySettings(neighbors_max=20))
    peer = peer_among(settings=settings)

    for number in range(DIALS_MAX + 3):
        peer.receive(number, peer_at(number).host, ConnectRequest(peer_at(number)), 0.5)

    assert len(dials(peer.drain()[0])) == DIALS_MAX


def test_our_own_request_is_refused() -> None:
    """Who asks itself through another of its addresses is closed on, and not dialled."""
    peer = peer_among()

    peer.receive(7, ME.host, ConnectRequest(ME), 0.5)

    assert peer.drain()[0] == [Close(7)]


def test_the_host_of_who_asks_is_the_connections() -> None:
    """An original peer says 127.0.0.1 of itself: its host is where it comes from, unwrapped from IPv6."""
    peer = peer_among(ANA)

    peer.receive(7, f"::ffff:{BO.host}", ConnectRequest(Address("127.0.0.1", BO.port)), 0.5)

    assert neighbors(peer) == {ANA, BO}


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
    for step in range(90):
        for peer in (deaf, heard):
            peer.tick(step / 2)
            peer.drain()
    heard.receive(7, ANA.host, LivenessRequest("12.5", ANA.host), 44.5)
    for peer in (deaf, heard):
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
    assert neighbors(peer) == {ANA}


# Rumors.


def test_a_rumor_that_is_heard_goes_on_to_every_neighbor_once() -> None:
    """A new rumor is told on and counted; when it comes again nothing happens."""
    peer = peer_among(ANA, BO)

    peer.receive(7, ANA.host, rumor(1, origin=CY), 0.5)
    gossip = rumor(1, origin=CY)
    assert talk(peer) == ([tell(ANA, gossip), tell(BO, gossip)], [RumorHeard(gossip)])

    peer.receive(8, BO.host, gossip, 0.6)
    assert talk(peer) == ([], [])
    assert peer.snapshot().heard == 1


def test_a_rumor_that_is_said_goes_to_every_neighbor() -> None:
    """A rumor of our own is told to all neighbors, the next when the one before has left."""
    peer = peer_among(ANA)

    first, second = said(peer, "a", 2.5), said(peer, "b", 2.5)
    (effect,) = talk(peer)[0]
    assert effect == tell(ANA, first)
    assert isinstance(effect, Tell)

    peer.told(effect, 2.6)
    assert talk(peer) == ([tell(ANA, second)], [])


def test_a_rumor_that_did_not_get_through_is_told_again() -> None:
    """The failure of a rumor makes it fall due again half a second later."""
    peer = peer_among(ANA)
    said(peer, "a", 2.5)
    (effect,) = talk(peer)[0]
    assert isinstance(effect, Tell)

    peer.failed(effect, Failure.UNREACHABLE, 2.5)
    assert talk(peer) == ([], [])

    peer.tick(3.0)
    assert effect in peer.drain()[0]


# Life and death.


def test_a_neighbor_that_answers_is_asked_again_at_the_next_interval() -> None:
    """An answer is all that is needed until the next request is due."""
    peer = peer_among(ANA)

    peer.answered(liveness(ANA, 0.0), LivenessReply(timestamp(0.0), ME.host, ANA.host), 0.1)
    assert talk(peer) == ([], [])

    peer.tick(0.9)
    assert liveness(ANA, 0.9) not in peer.drain()[0]
    peer.tick(1.0)
    assert liveness(ANA, 1.0) in peer.drain()[0]


def test_a_dead_neighbor_is_dropped_and_reported() -> None:
    """With the third strike a neighbor is dead, and reported to the seeds with the time."""
    peer = peer_among(ANA, BO)

    kill(peer, ANA)

    report = DeadNode(ANA, timestamp(2.0), ME.host)
    effects, events = talk(peer)
    assert Tell(SEED, report, 5.0) in effects
    assert events == [
        Strike(ANA, 1),
        Strike(ANA, 2),
        Strike(ANA, 3),
        NeighborDied(ANA),
        NeighborDown(ANA, Reason.DEAD),
        DeathReported(report, (SEED,)),
    ]
    assert neighbors(peer) == {BO}


def test_a_dead_original_is_told_to_a_seed_of_ours_by_its_address() -> None:
    """It has no other name."""
    peer = peer_among(ANA, BO)
    peer.answered(Ask(SEED, Preface(), 1.0), Preface(), 0.0)
    (link,) = [effect.link for effect in peer.drain()[0] if isinstance(effect, Dial)]
    peer.dialled(link, 0.0)
    feed(peer, link, 0.0, msgspec.structs.replace(hello(SEED), role=Role.SEED))

    kill(peer, ANA)

    assert DeathNotice(str(ANA), 0, 0, ANA) in pull(peer, link, 2.0)


def test_a_report_that_did_not_get_through_is_tried_again() -> None:
    """The failure of a report makes it fall due again; once it has left, it is done."""
    peer = peer_among(ANA, BO)
    kill(peer, ANA)
    report = Tell(SEED, DeadNode(ANA, timestamp(2.0), ME.host), 5.0)
    peer.drain()

    peer.failed(report, Failure.UNREACHABLE, 2.0)
    peer.tick(3.0)
    assert report in peer.drain()[0]

    peer.told(report, 3.0)
    peer.tick(10.0)
    assert report not in peer.drain()[0]


def test_a_neighbor_that_is_back_is_not_reported_any_more() -> None:
    """A report that waits for its next try is withdrawn when the dead one becomes a neighbor again."""
    peer = peer_among(ANA, BO)
    kill(peer, ANA)
    report = Tell(SEED, DeadNode(ANA, timestamp(2.0), ME.host), 5.0)
    peer.failed(report, Failure.UNREACHABLE, 2.0)
    peer.receive(7, ANA.host, ConnectRequest(ANA), 2.1)
    peer.drain()

    peer.tick(3.0)

    assert report not in peer.drain()[0]


def test_a_lost_neighbor_is_neither_watched_nor_told_rumors() -> None:
    """After a death nothing more goes to the dead, and what is said goes to those who live."""
    peer = peer_among(ANA, BO)
    kill(peer, ANA)
    peer.drain()

    gossip = said(peer, "a", 3.0)
    peer.tick(3.0)

    asked = [effect for effect in texts(peer.drain()[0]) if isinstance(effect, Ask | Tell)]
    assert tell(BO, gossip) in asked
    assert ANA not in [effect.to for effect in asked]


def test_a_peer_that_loses_its_last_neighbor_is_alone_from_then_on() -> None:
    """The last resort of a peer without neighbors counts from the loss, whatever kind of neighbor it was."""
    settings = Settings(classic_overlay=ClassicOverlaySettings(wanted_min=1, wanted_max=1))
    peer = peer_among(ANA, settings=settings)
    preface = Ask(SEED, Preface(), 1.0)
    peer.tick(72.0)
    peer.failed(preface, Failure.CLOSED, 72.0)
    peer.drain()
    for now in (200.0, 201.0, 202.0):
        peer.failed(liveness(ANA, 0.0) if now == 200.0 else liveness(ANA, now - 1), Failure.UNREACHABLE, now - 0.5)
        peer.tick(now)
    assert neighbors(peer) == set()
    peer.drain()

    now = 203.0
    while REGISTER not in peer.drain()[0]:
        now += 1.0
        peer.tick(now)
        assert now < 500.0

    assert now >= 200.0 + 120.0


def test_an_answer_that_belongs_to_no_question_is_the_drivers_mistake() -> None:
    """A driver that reports another kind of reply than was asked for has a bug, and is told so."""
    peer = peer_among(ANA)

    with pytest.raises(AssertionError, match="is no reply to"):
        peer.answered(connect(ANA), Preface(), 0.0)


def test_classic_neighbors_take_places_but_not_the_least_that_are_for_links() -> None:
    """Beside ten original nodes there is still room for six peers of ours."""
    settings = Settings(classic_overlay=ClassicOverlaySettings(wanted_min=3))
    peer = peer_among(settings=settings)
    for number in range(10):
        peer.receive(number, peer_at(number).host, ConnectRequest(peer_at(number)), 0.5)
    refuse_dials(peer, 0.5)

    for number in range(8):
        befriend(peer, 2 * number + 101, peer_at(100 + number), 1.0)

    assert sum(1 for neighbor in peer.snapshot().neighbors if neighbor.link) == 6
    assert sum(1 for neighbor in peer.snapshot().neighbors if not neighbor.link) == 10
    assert any(isinstance(effect, Hangup) for effect in peer.drain()[0])
    assert not any(type(frame).__name__ == "Goodbye" for frame in pull(peer, 101, 1.0))
