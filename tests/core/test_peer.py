"""A peer: its machines together, and what one finds out told to the others. Texts: classic/test_texts.py."""

from random import Random
from typing import TypeVar

import pytest

from rumor.core.effects import Ask, Dial, Effect, Failure, Hangup, Tell, Wake
from rumor.core.errors import UsageError
from rumor.core.events import (
    Alone,
    Answered,
    DeathReported,
    Event,
    HistoryReached,
    LinkReady,
    NeighborDied,
    NeighborDown,
    NeighborUp,
    OriginWanted,
    Problem,
    PublishProgress,
    Reason,
    RumorHeard,
    RumorsLost,
    RunDelivered,
    TwoLives,
)
from rumor.core.frames import (
    AcknowledgedStream,
    Acknowledgement,
    Buckets,
    Claims,
    Contact,
    DeathNotice,
    Digest,
    DigestEntry,
    Enrolment,
    ForwardJoin,
    Gone,
    Goodbye,
    Graft,
    Heads,
    Hello,
    Lane,
    MembersSummary,
    NeighborAccepted,
    NeighborRequest,
    Outcome,
    Outgoing,
    Parting,
    Probe,
    ProbeReply,
    Prune,
    RawRecord,
    RegistryPage,
    Response,
    Run,
    RunRecord,
    Shuffle,
    ShuffleReply,
    StreamId,
    Summary,
    Want,
    Watching,
)
from rumor.core.ids import Address, Identity
from rumor.core.messages import DeadNode, Gossip, PeerList, Register
from rumor.core.overlay.visits import VISIT
from rumor.core.peer import Peer
from rumor.core.settings import BroadcastSettings, LinkSettings, Settings
from rumor.core.snapshot import Receipt
from rumor.wire.codec import CODEC
from rumor.wire.frames import decode_run

from .helpers import ANA, BO, CY, EPOCH, ME, befriend, feed, hello, peer_with, pull, seed_at, timestamp

SEED = seed_at(0)
E = TypeVar("E")
F = TypeVar("F")
MINE = StreamId(str(ME), 1000, Lane.APP)


def begun(*neighbors: Address, settings: Settings | None = None) -> Peer:
    """A peer that began at moment 0 and that these peers of ours dialled: by links 1, 3, 5 …"""
    peer = peer_with(settings=settings)
    peer.join(0.0)
    for index, neighbor in enumerate(neighbors):
        befriend(peer, 2 * index + 1, neighbor, 0.0)
    peer.drain()
    return peer


def run_of(origin: Address, number: int, *payloads: bytes, lane: Lane = Lane.APP, epoch: int = 1000) -> RunRecord:
    """A run as a neighbor sends it, each run with as many rumors as the one before."""
    first = (number - 1) * len(payloads) + 1
    run = Run(str(origin), epoch, lane, number, first, int(EPOCH * 1e6), "", list(payloads))
    return RunRecord(0, 0, False, run, CODEC.seal(run))


def events_of(peer: Peer, kind: type[E]) -> list[E]:
    """What was said of one kind since the last look; all else is taken out, too."""
    return [event for event in peer.drain()[1] if isinstance(event, kind)]


def of_kind(frames: list[Outgoing], kind: type[F]) -> list[F]:
    """The frames of one kind."""
    return [frame for frame in frames if isinstance(frame, kind)]


def runs_in(frames: list[Outgoing]) -> list[Run]:
    """The runs among frames."""
    return [decode_run(record.raw) for record in of_kind(frames, RawRecord)]


def payloads(event: RunDelivered) -> list[bytes]:
    """What a run brought."""
    return event.run.payloads


# Beginning.


def test_a_peer_begins_with_its_seeds_and_with_whom_it_knows() -> None:
    """Joining asks the seeds, and dials who was named and who was remembered."""
    peer = peer_with(SEED, join=[ANA], contacts=[Contact("bo", BO)])

    peer.join(0.0)

    effects, events = peer.drain()
    assert {effect.to for effect in effects if isinstance(effect, Ask | Dial)} == {SEED, ANA, BO}
    assert events == []
    deadline = peer.next_deadline()
    assert deadline is not None
    assert deadline <= 1.0


def test_a_life_without_an_epoch_begins_now() -> None:
    """Who has stored none takes the time of day in milliseconds."""
    peer = peer_with(identity=Identity(ME))

    peer.join(5.0)

    assert peer.snapshot().epoch == int((EPOCH + 5.0) * 1000)


def test_a_fresh_peer_has_nothing() -> None:
    """The snapshot of who knows nobody."""
    snapshot = begun().snapshot()

    assert (snapshot.name, snapshot.address, snapshot.epoch) == (str(ME), ME, 1000)
    assert (snapshot.neighbors, snapshot.seeds, snapshot.contacts, snapshot.heard) == ((), (), 0, 0)
    assert (snapshot.streams, snapshot.list_bytes, snapshot.lacking, snapshot.not_bridged) == (0, 0, 0, 0)


# Neighbors.


def test_who_dials_and_asks_is_a_neighbor() -> None:
    """It is answered with our Hello and a yes, watched at once, and compared with."""
    peer = begun()

    sent = befriend(peer, 1, ANA, 1.0)

    assert [type(frame) for frame in sent] == [
        Hello,
        NeighborAccepted,
        Probe,
        Claims,
        MembersSummary,
        Summary,
        Watching,
    ]
    assert NeighborUp(ANA, Reason.ACCEPTED, str(ANA), 1) in peer.drain()[1]
    (neighbor,) = peer.snapshot().neighbors
    assert (neighbor.name, neighbor.address, neighbor.link, neighbor.round_trip) == (str(ANA), ANA, 1, 0.0)


def test_who_is_dialled_and_accepts_is_a_neighbor() -> None:
    """A peer that a seed lists is dialled, greeted, asked, and a neighbor once it says yes."""
    peer = peer_with(SEED)
    peer.join(0.0)
    peer.drain()
    peer.answered(Ask(SEED, Register(ME), 5.0), PeerList((ANA, ME)), 0.0)
    (dial,) = [effect for effect in peer.drain()[0] if isinstance(effect, Dial)]
    assert dial == Dial(2, ANA, 5.0)
    assert [type(frame) for frame in pull(peer, 2, 0.0)] == [Hello]

    peer.dialled(2, 0.1)
    assert of_kind(feed(peer, 2, 0.1, hello(ANA)), NeighborRequest) == [NeighborRequest(urgent=True, joining=True)]
    feed(peer, 2, 0.2, NeighborAccepted((Contact("cy", CY),)))

    assert NeighborUp(ANA, Reason.ASKED, str(ANA), 2) in events_of(peer, NeighborUp)
    assert peer.contacts() == (Contact(str(ANA), ANA), Contact("cy", CY))


def test_a_link_is_woken_once_until_it_is_dry() -> None:
    """What is sent meanwhile goes along with the next pull."""
    peer = begun(ANA)

    peer.on_frame(1, Probe(1), 1.0)
    peer.on_frame(1, Probe(2), 1.0)

    assert peer.drain()[0] == [Wake(1)]
    assert pull(peer, 1, 1.0) == [ProbeReply(1), ProbeReply(2)]
    peer.on_frame(1, Probe(3), 1.0)
    assert peer.drain()[0] == [Wake(1)]


def test_an_answered_probe_tells_the_round_trip() -> None:
    """It is shown with the neighbor."""
    peer = begun()
    (probe,) = of_kind(befriend(peer, 1, ANA, 1.0), Probe)

    feed(peer, 1, 1.25, ProbeReply(probe.number))

    assert peer.snapshot().neighbors[0].round_trip == 0.25


def test_a_crashed_neighbor_is_dialled_again_and_buried() -> None:
    """Its link breaks, three redials are refused: dead, reported to the seeds, and no neighbor any more."""
    peer = peer_with(SEED)
    peer.join(0.0)
    peer.answered(Ask(SEED, Register(ME), 5.0), PeerList((ME,)), 0.0)
    befriend(peer, 1, ANA, 0.0)
    peer.drain()

    peer.link_lost(1, Failure.CLOSED, 10.0)
    now, effects, events = 10.0, list[Effect](), list[Event]()
    while not any(isinstance(event, NeighborDied) for event in events):
        wanted, more = peer.drain()
        effects += wanted
        events += more
        for effect in wanted:
            if isinstance(effect, Dial):
                peer.link_lost(effect.link, Failure.UNREACHABLE, now)
        now += 0.1
        peer.tick(now)
        assert now < 11.0

    (reported,) = [event for event in events if isinstance(event, DeathReported)]
    assert reported.reported_to == (SEED,)
    assert reported.report.peer == ANA
    assert Tell(SEED, reported.report, 5.0) in effects
    assert NeighborDown(ANA, Reason.BROKEN, str(ANA), 1) in events
    assert peer.snapshot().neighbors == ()


def test_a_silent_neighbor_is_buried() -> None:
    """Three intervals without a frame: dead, and told so before the link is closed."""
    peer = begun(ANA)
    now = 0.0
    while now < 3.5:
        now += 0.05
        peer.tick(now)

    effects, events = peer.drain()
    assert NeighborDied(ANA, str(ANA), 1000, 0) in events
    assert Hangup(1) in effects
    assert Goodbye(Parting.SILENT) in pull(peer, 1, now)


def test_a_late_frame_of_a_dead_neighbor_revives_nothing() -> None:
    """After its burial neither a reply nor a yes nor a run on the old link counts."""
    peer = begun(ANA)
    for step in range(1, 80):
        peer.tick(step * 0.05)
    peer.drain()

    feed(peer, 1, 4.0, ProbeReply(1), NeighborAccepted(), run_of(ANA, 1, b"late"))

    assert peer.snapshot().neighbors == ()
    assert events_of(peer, RunDelivered) == []


def test_a_neighbor_that_leaves_is_let_go() -> None:
    """Its goodbye is no death: nobody reports it."""
    peer = begun(ANA)

    feed(peer, 1, 1.0, Goodbye(Parting.LEAVING))

    effects, events = peer.drain()
    assert NeighborDown(ANA, Reason.LEFT, str(ANA), 1) in events
    assert not any(isinstance(event, NeighborDied) for event in events)
    assert Hangup(1) in effects


def test_leaving_says_goodbye_to_all_after_the_last_word() -> None:
    """What was published goes out, then the goodbye."""
    peer = begun(ANA)
    peer.publish(b"last", "", 3.0)

    peer.leave(3.0)

    sent = pull(peer, 1, 3.0)
    assert Goodbye(Parting.LEAVING) in sent
    assert Hangup(1) in peer.drain()[0]


def test_bytes_that_fit_no_frame_close_the_link_and_are_said_once() -> None:
    """The other is told what was wrong, and people from where it came."""
    peer = begun(ANA)

    peer.bad_frame(1, "nonsense", 1.0)

    effects, events = peer.drain()
    assert Problem("bytes on a link that fit no frame", ANA.host, "nonsense") in events
    assert NeighborDown(ANA, Reason.FAULT, str(ANA), 1) in events
    assert Hangup(1) in effects
    assert Goodbye(Parting.BAD_FRAME, "nonsense") in pull(peer, 1, 1.0)


def test_a_bad_frame_before_the_hello_closes_the_link() -> None:
    """Who it is nobody knows; that it came from there is said."""
    peer = begun()
    peer.accepted(1, ANA.host, 0.0)

    peer.bad_frame(1, "nonsense", 0.0)

    assert peer.drain()[1] == [Problem("bytes on a link that fit no frame", ANA.host, "nonsense")]


def test_before_the_hello_no_frame_counts() -> None:
    """Neither a run nor anything else on a link that does not stand."""
    peer = begun()
    peer.accepted(1, ANA.host, 0.0)

    assert feed(peer, 1, 0.0, run_of(ANA, 1, b"early"), NeighborRequest()) == []

    assert peer.drain()[1] == []
    assert peer.snapshot().neighbors == ()


def test_a_link_that_takes_nothing_is_closed() -> None:
    """When too much control waits for it, that is said, and the neighbor is let go."""
    peer = begun(ANA, settings=Settings(links=LinkSettings(control_capacity=2)))
    for number in range(4):
        peer.on_frame(1, Probe(number), 1.0)

    peer.tick(1.0)

    effects, events = peer.drain()
    assert Problem("a link that takes nothing", detail="1") in events
    assert Hangup(1) in effects
    assert peer.snapshot().neighbors == ()


def test_every_kind_of_frame_has_its_machine() -> None:
    """Whatever a neighbor sends, with nothing known of what it is about, does no harm."""
    peer = begun(ANA, BO)
    stream = StreamId(str(CY), 5, Lane.APP)

    feed(
        peer,
        1,
        1.0,
        ForwardJoin(Contact("cy", CY), 2),
        Shuffle(("cy",), 1, ()),
        ShuffleReply((), ()),
        Prune(stream),
        Graft(stream, 1),
        Want(stream, 1, 2),
        Gone(stream, 1, 2, 0),
        Acknowledgement((AcknowledgedStream(str(CY), 5, Lane.APP, 1, 1, 1),)),
        Summary(b"\0" * 16),
        Buckets(b"\0" * 2048),
        Heads((), b"", answer=False, last=False),
        Digest(()),
    )

    assert {neighbor.address for neighbor in peer.snapshot().neighbors} == {ANA, BO}


def test_who_stays_alone_asks_the_seeds_again() -> None:
    """Loneliness, told by one machine, makes another ask; a neighbor of either kind ends it."""
    peer = peer_with(SEED)
    peer.join(0.0)
    peer.answered(Ask(SEED, Register(ME), 5.0), PeerList((ME,)), 0.0)
    peer.drain()

    peer.tick(1.0)
    effects, events = peer.drain()
    assert [effect.to for effect in effects if isinstance(effect, Ask)] == [SEED]
    assert any(isinstance(event, Alone) for event in events)

    befriend(peer, 1, ANA, 1.5)
    peer.drain()
    feed(peer, 1, 1.6, ProbeReply(1))
    for step in range(5):
        peer.tick(2.0 + step / 10)
    assert [effect for effect in peer.drain()[0] if isinstance(effect, Ask)] == []


# Rumors.


def test_what_is_said_leaves_at_the_end_of_the_turn_as_one_run() -> None:
    """Several rumors of one turn are one run, with the numbers that `publish` gave."""
    peer = begun(ANA)

    assert [peer.publish(b"a", "t", 3.0), peer.publish(b"b", "t", 3.0)] == [1, 2]
    assert peer.publish_many([b"c", b"d"], "t", 3.0) == (3, 4)
    assert runs_in(pull(peer, 1, 3.0)) == []
    peer.end_turn(3.0)

    (run,) = runs_in(pull(peer, 1, 3.0))
    assert (run.origin, run.epoch, run.first, run.topic, run.payloads) == (*MINE[:2], 1, "t", [b"a", b"b", b"c", b"d"])
    (delivered,) = events_of(peer, RunDelivered)
    assert (delivered.own, delivered.ordered, delivered.fresh) == (True, True, True)


@pytest.mark.parametrize("topic", ["a..b", "*", "two words", "t" * 256])
def test_an_unfit_topic_is_refused(topic: str) -> None:
    """Nothing is said then, and no number is used up."""
    peer = begun(ANA)

    with pytest.raises(UsageError):
        peer.publish(b"a", topic, 3.0)
    with pytest.raises(UsageError):
        peer.publish_many([b"a"], topic, 3.0)

    assert peer.publish(b"a", "fit", 3.0) == 1


def test_a_payload_above_the_limit_is_refused() -> None:
    """One of several is enough, and then none is said."""
    peer = begun(ANA, settings=Settings(broadcast=BroadcastSettings(payload_bytes_max=10)))

    with pytest.raises(UsageError, match="11 bytes"):
        peer.publish(b"a" * 11, "", 3.0)
    with pytest.raises(UsageError, match="11 bytes"):
        peer.publish_many([b"a", b"a" * 11], "", 3.0)

    assert peer.publish(b"a" * 10, "", 3.0) == 1


def test_a_run_that_comes_is_delivered_and_goes_on() -> None:
    """To all neighbors but the one that brought it; when it comes again, that link is pruned and nothing is told."""
    peer = begun(ANA, BO)
    feed(peer, 1, 0.0, Heads((), b"\xff" * 32, answer=False, last=True))

    feed(peer, 1, 1.0, run_of(ANA, 1, b"news"))

    assert [payloads(event) for event in events_of(peer, RunDelivered)] == [[b"news"]]
    assert [run.payloads for run in runs_in(pull(peer, 3, 1.0))] == [[b"news"]]
    assert of_kind(feed(peer, 3, 1.1, run_of(ANA, 1, b"news")), Prune) == [Prune(StreamId(str(ANA), 1000, Lane.APP))]
    assert events_of(peer, RunDelivered) == []
    assert peer.snapshot().runs.duplicates == 1


def test_a_neighbor_that_has_it_all_completes_the_receipt() -> None:
    """What was said is complete once the tree has acknowledged it and did not change for a moment."""
    peer = begun(ANA)
    peer.publish(b"a", "", 3.0)
    peer.end_turn(3.0)
    pull(peer, 1, 3.0)
    assert peer.receipt(1, 3.0) == Receipt(complete=False, peers=0)
    peer.drain()

    feed(peer, 1, 3.1, Acknowledgement((AcknowledgedStream(*MINE, 1, 1, 1),)))

    assert PublishProgress(1, 2) in events_of(peer, PublishProgress)
    assert peer.receipt(1, 3.5) == Receipt(complete=True, peers=1)


def test_a_full_window_lets_nothing_more_be_said_until_it_is_acknowledged() -> None:
    """Only the origin waits."""
    peer = begun(ANA, settings=Settings(broadcast=BroadcastSettings(window_min=100, window_budget=100)))
    assert peer.has_room(3.0)
    peer.publish(b"a" * 200, "", 3.0)
    peer.end_turn(3.0)
    pull(peer, 1, 3.0)
    assert not peer.has_room(3.0)

    feed(peer, 1, 3.1, Acknowledgement((AcknowledgedStream(*MINE, 1, 1, 1),)))

    assert peer.has_room(3.2)


def test_a_full_subscriber_holds_acknowledgements_back() -> None:
    """So that origins wait; when it has room again, what is owed is sent."""
    peer = begun(ANA)
    feed(peer, 1, 0.0, Heads((), b"\xff" * 32, answer=False, last=True))
    peer.pause()
    assert of_kind(feed(peer, 1, 1.0, run_of(ANA, 1, b"news")), Acknowledgement) == []

    peer.resume(1.5)
    peer.tick(1.6)

    (owed,) = of_kind(pull(peer, 1, 1.6), Acknowledgement)
    assert owed.entries[0].own == 1


def test_what_is_said_to_nobody_waits_for_the_first_neighbor_however_long() -> None:
    """It does not grow old while nobody is there, and does from then on."""
    peer = begun()
    peer.publish(b"anybody?", "", 3.0)
    peer.end_turn(3.0)
    peer.tick(500.0)
    (retained,) = peer.retained()
    assert (retained.stream, retained.number, retained.first, retained.last) == (MINE, 1, 1, 1)

    sent = befriend(peer, 1, ANA, 1000.0)
    (record,) = of_kind(sent, RawRecord)
    assert record.age == 0

    feed(peer, 1, 1059.0, Probe(1))
    peer.tick(1059.0)
    assert len(list(peer.retained())) == 1
    peer.tick(1061.0)
    assert list(peer.retained()) == []


def test_what_the_lost_neighbor_heard_does_not_wait() -> None:
    """Only what nobody has heard is kept for who comes."""
    peer = begun(ANA)
    peer.publish(b"heard", "", 3.0)
    peer.end_turn(3.0)
    feed(peer, 1, 3.0, Acknowledgement((AcknowledgedStream(*MINE, 1, 1, 1),)))
    feed(peer, 1, 3.1, Goodbye(Parting.LEAVING))
    peer.publish(b"unheard", "", 3.2)
    peer.end_turn(3.2)

    peer.tick(100.0)

    assert [decode_run(retained.raw).payloads for retained in peer.retained()] == [[b"unheard"]]


def test_the_heads_say_how_far_each_stream_was_heard_and_is_kept() -> None:
    """The last rumor in order, and the first that is retained."""
    peer = begun(ANA)
    feed(peer, 1, 0.0, Heads((), b"\xff" * 32, answer=False, last=True))
    feed(peer, 1, 1.0, run_of(ANA, 1, b"a", b"b"), run_of(ANA, 2, b"c", b"d"))

    assert peer.heads() == {StreamId(str(ANA), 1000, Lane.APP): (4, 1)}
    peer.tick(62.0)
    assert peer.heads() == {StreamId(str(ANA), 1000, Lane.APP): (4, 5)}


def test_what_is_for_a_seed_is_left_unheard() -> None:
    """A neighbor that takes us for a seed does no harm, and stays a neighbor."""
    peer = begun(ANA)

    feed(peer, 1, 1.0, Enrolment(), DeathNotice("bo", 1, 0, BO), RegistryPage((), answer=True, last=True))

    assert [neighbor.address for neighbor in peer.snapshot().neighbors] == [ANA]
    assert peer.drain()[1] == []


def test_a_hole_that_nobody_can_fill_is_asked_of_the_origin_and_given_up() -> None:
    """The origin is dialled over a link for that alone; when it can't be reached, the rumors are lost, finally."""
    peer = begun(BO)
    feed(peer, 1, 0.0, Heads((), b"\xff" * 32, answer=False, last=True))
    stream = StreamId(str(CY), 1000, Lane.APP)
    feed(peer, 1, 1.0, run_of(CY, 2, b"late"))
    lost, events, now = list[RumorsLost](), list[Event](), 1.0
    while not lost and now < 10.0:
        now += 0.05
        peer.tick(now)
        if of_kind(pull(peer, 1, now), Want):
            peer.on_frame(1, Gone(stream, 1, 1, 1), now)
        peer.on_frame(1, Probe(1), now)
        effects, more = peer.drain()
        events += more
        lost = [event for event in more if isinstance(event, RumorsLost)]
        for effect in effects:
            if isinstance(effect, Dial) and effect.to == CY:
                peer.link_lost(effect.link, Failure.UNREACHABLE, now)

    assert OriginWanted(str(CY)) in events
    assert [(event.origin, event.first, event.last) for event in lost] == [(str(CY), 1, 1)]


def wanting_an_origin() -> tuple[Peer, int, float]:
    """A peer of which Bo, its neighbor, has not what Cy said first: it dials Cy, by which link and when."""
    peer = begun(BO)
    feed(peer, 1, 0.0, Heads((), b"\xff" * 32, answer=False, last=True))
    feed(peer, 1, 1.0, run_of(CY, 2, b"late"))
    link, now = 0, 1.0
    while not link and now < 10.0:
        now += 0.05
        peer.tick(now)
        if of_kind(pull(peer, 1, now), Want):
            peer.on_frame(1, Gone(StreamId(str(CY), 1000, Lane.APP), 1, 1, 1), now)
        peer.on_frame(1, Probe(1), now)
        link = next((effect.link for effect in peer.drain()[0] if isinstance(effect, Dial) and effect.to == CY), 0)
    return peer, link, now


def test_an_origin_that_answers_is_asked_and_let_go() -> None:
    """It is no neighbor by that; the link is closed a few seconds later."""
    peer, link, now = wanting_an_origin()
    peer.dialled(link, now)

    assert Want(StreamId(str(CY), 1000, Lane.APP), 1, 1) in feed(peer, link, now, hello(CY))
    first = run_of(CY, 1, b"early")
    feed(peer, link, now, RunRecord(0, 0, True, first.run, first.raw))
    assert [(payloads(event), event.fresh) for event in events_of(peer, RunDelivered)] == [
        ([b"early"], True),
        ([b"late"], False),
    ]
    assert [neighbor.address for neighbor in peer.snapshot().neighbors] == [BO]

    peer.on_frame(1, Probe(1), now + VISIT)
    peer.tick(now + VISIT)
    assert Goodbye(Parting.DONE) in pull(peer, link, now + VISIT)


def test_an_origin_that_we_ask_a_question_meanwhile_is_let_go_after_its_answer() -> None:
    """The question needs no other link, and its answer is not cut off."""
    peer, link, now = wanting_an_origin()
    peer.dialled(link, now)
    feed(peer, link, now, hello(CY))
    number = peer.request(str(CY), "", b"?", 60.0, now + 1.0)
    peer.drain()

    for late in (VISIT, 2 * VISIT):
        peer.on_frame(1, Probe(1), now + late)
        peer.tick(now + late)
        assert not of_kind(pull(peer, link, now + late), Goodbye)
    feed(peer, link, now + 2 * VISIT + 1.0, Response(number, Outcome.ANSWERED, b"!"))
    peer.on_frame(1, Probe(1), now + 3 * VISIT)
    peer.tick(now + 3 * VISIT)

    assert events_of(peer, Answered) == [Answered(number, str(CY), Outcome.ANSWERED, b"!")]
    assert Goodbye(Parting.DONE) in pull(peer, link, now + 3 * VISIT)


@pytest.mark.parametrize("origin", ["a name", str(ME)])
def test_an_origin_that_cannot_be_dialled_is_given_up(origin: str) -> None:
    """A name that is no address, and our own address, lead nowhere: nobody else is left to ask."""
    peer = begun(BO)
    feed(peer, 1, 0.0, Heads((), b"\xff" * 32, answer=False, last=True))
    stream = StreamId(origin, 900, Lane.APP)
    run = Run(origin, 900, Lane.APP, 2, 2, 1, "", [b"late"])
    feed(peer, 1, 1.0, RunRecord(0, 0, False, run, CODEC.seal(run)))
    now, lost = 1.0, list[RumorsLost]()
    while not lost and now < 10.0:
        now += 0.05
        peer.tick(now)
        if of_kind(pull(peer, 1, now), Want):
            peer.on_frame(1, Gone(stream, 1, 1, 1), now)
        peer.on_frame(1, Probe(1), now)
        effects, events = peer.drain()
        assert not any(isinstance(effect, Dial) for effect in effects)
        lost = [event for event in events if isinstance(event, RumorsLost)]

    assert [(event.first, event.last) for event in lost] == [(1, 1)]


def test_what_was_said_before_we_came_can_be_reached_for() -> None:
    """A neighbor that keeps it is asked, and the end is said."""
    peer = begun(ANA)
    entry = DigestEntry(str(ANA), 1000, Lane.APP, 2, 2, 0, 1)
    feed(peer, 1, 0.0, Heads((entry,), b"\xff" * 32, answer=False, last=True))

    peer.reach_back(1.0)

    (want,) = of_kind(pull(peer, 1, 1.0), Want)
    for number in range(want.first, want.last + 1):
        record = run_of(ANA, number, b"old")
        feed(peer, 1, 1.1, RunRecord(0, 0, True, record.run, record.raw))
    for step in range(1, 8):
        peer.on_frame(1, Probe(1), 1.0 + step)
        peer.tick(1.0 + step)
    assert [retained.number for retained in peer.retained()] == [1, 2]
    assert peer.heads() == {StreamId(str(ANA), 1000, Lane.APP): (2, 1)}
    assert len(events_of(peer, HistoryReached)) == 1


# Lives.


def test_a_later_life_of_our_name_that_is_known_makes_ours_later_still() -> None:
    """Before the first word, the first Hello tells of it."""
    peer = begun()
    peer.publish(b"a", "", 0.5)

    befriend(peer, 1, ANA, 0.6, known_epoch=5000)
    peer.end_turn(0.6)

    assert peer.snapshot().epoch == 5001
    (delivered,) = events_of(peer, RunDelivered)
    assert delivered.run.epoch == 5001


def test_two_lives_of_one_name_are_told_and_the_older_publishes_no_more() -> None:
    """Another process with a later epoch answers under our name."""
    peer = begun()
    peer.publish(b"a", "", 3.0)
    peer.end_turn(3.0)
    peer.accepted(1, BO.host, 4.0)

    feed(peer, 1, 4.0, hello(BO, name=str(ME), epoch=2000, instance=2))

    assert TwoLives(str(ME), 2000) in events_of(peer, TwoLives)
    with pytest.raises(UsageError, match="another process lives under the name"):
        peer.publish(b"b", "", 5.0)


@pytest.mark.parametrize(("host", "gives_way"), [("10.9.9.9", True), ("10.0.0.0", False)])
def test_of_two_lives_with_one_epoch_the_one_at_the_greater_address_goes_on(host: str, gives_way: bool) -> None:
    """Both have spoken in it. Each decides alike, without another word."""
    peer = begun(ANA)
    peer.publish(b"a", "", 3.0)
    peer.end_turn(3.0)
    twin = Address(host, 4001)
    peer.accepted(3, twin.host, 4.0)

    feed(peer, 3, 4.0, hello(twin, name=str(ME), instance=2))

    events = peer.drain()[1]
    told = [event for event in events if isinstance(event, TwoLives)]
    assert told == ([TwoLives(str(ME), 1001)] if gives_way else [])
    assert Problem("another process lives under our name", str(twin)) in events
    assert peer.snapshot().epoch == 1000


def test_who_goes_on_of_two_lives_takes_a_later_epoch_before_its_first_word() -> None:
    """So that what both say is not mixed; all are told of it."""
    peer = begun(ANA)
    twin = Address("10.0.0.0", 4001)
    peer.accepted(3, twin.host, 4.0)

    feed(peer, 3, 4.0, hello(twin, name=str(ME), instance=2))

    assert peer.snapshot().epoch == 1001
    own = peer.member(str(ME))
    assert own is not None
    assert own.epoch == 1001
    peer.publish(b"a", "", 5.0)
    peer.end_turn(5.0)
    assert [run.epoch for run in runs_in(pull(peer, 1, 5.0))] == [1001]


def test_who_knows_of_our_life_is_no_twin() -> None:
    """An older one that heard what we said tells our own epoch as the latest that it knows of."""
    peer = begun(ANA)
    older = Address("10.9.9.9", 4001)
    peer.publish(b"a", "", 3.0)
    peer.end_turn(3.0)
    peer.accepted(3, older.host, 4.0)

    feed(peer, 3, 4.0, hello(older, name=str(ME), epoch=900, instance=2, known_epoch=1000))

    assert events_of(peer, TwoLives) == []


def test_a_hello_tells_which_life_of_its_name_we_know() -> None:
    """A node whose clock was set back learns by it that its life would seem old."""
    peer = begun(ANA)
    feed(peer, 1, 0.0, Heads((), b"\xff" * 32, answer=False, last=True))
    feed(peer, 1, 1.0, run_of(BO, 1, b"a", epoch=5000))

    (answer,) = of_kind(befriend(peer, 3, BO, 2.0, epoch=100), Hello)

    assert answer.known_epoch == 5000


def test_a_link_made_anew_in_time_is_no_death() -> None:
    """A neighbor whose link broke and that is there again is a neighbor again."""
    peer = begun(ANA)
    peer.link_lost(1, Failure.CLOSED, 10.0)
    (dial,) = [effect for effect in peer.drain()[0] if isinstance(effect, Dial)]

    peer.dialled(dial.link, 10.1)
    sent = feed(peer, dial.link, 10.1, hello(ANA))
    assert any(isinstance(frame, NeighborRequest) for frame in sent)
    feed(peer, dial.link, 10.2, NeighborAccepted())

    events = peer.drain()[1]
    assert LinkReady(dial.link, str(ANA), ANA, True, 0) in events
    assert NeighborUp(ANA, Reason.ASKED, str(ANA), dial.link) in events
    peer.tick(10.9)
    assert not events_of(peer, NeighborDied)


def test_after_a_long_sleep_nobody_is_accused() -> None:
    """A tick that comes far too late is our own fault: neighbors are asked anew before they are blamed."""
    peer = begun(ANA)

    peer.tick(500.0)

    assert events_of(peer, NeighborDied) == []
    assert len(of_kind(pull(peer, 1, 500.0), Probe)) > 0
    assert [neighbor.address for neighbor in peer.snapshot().neighbors] == [ANA]


# Carried texts.


def test_a_carried_text_is_told_once_and_under_its_own_name() -> None:
    """Who carried it is nobody's business; the run itself is no rumor of the carrier's."""
    peer = begun(ANA)
    feed(peer, 1, 0.0, Heads((), b"\xff" * 32, answer=False, last=True))
    gossip = Gossip("1.5", CY, 4, ":hi")

    feed(peer, 1, 1.0, run_of(ANA, 1, CODEC.write_text(gossip), lane=Lane.CARRIED))
    feed(peer, 1, 1.1, run_of(BO, 1, CODEC.write_text(gossip), lane=Lane.CARRIED))

    assert events_of(peer, RumorHeard) == [RumorHeard(gossip)]


def test_a_text_is_carried_into_the_web_where_there_is_one() -> None:
    """What original nodes said becomes a run of ours on the lane for it; without links it is carried to nobody."""
    peer = begun(ANA)
    feed(peer, 1, 0.0, Heads((), b"\xff" * 32, answer=False, last=True))
    gossip = Gossip("1.5", CY, 4, ":hi")

    peer.receive(7, CY.host, gossip, 3.0)
    peer.tick(3.3)

    (run,) = runs_in(pull(peer, 1, 3.3))
    assert (run.lane, run.payloads) == (Lane.CARRIED, [CODEC.write_text(gossip)])
    assert events_of(peer, RumorHeard) == [RumorHeard(gossip)]

    lonely = begun()
    lonely.receive(7, CY.host, gossip, 3.0)
    lonely.tick(3.3)
    assert events_of(lonely, RunDelivered) == []


def test_a_rumor_that_a_text_told_is_not_told_again_by_its_run() -> None:
    """A peer of ours that no link led to was heard by its texts; its runs are told without them."""
    peer = begun(ANA)
    feed(peer, 1, 0.0, Heads((), b"\xff" * 32, answer=False, last=True))
    peer.receive(7, BO.host, Gossip("1000000000.000000", BO, 1, ":a"), 1.0)
    assert len(events_of(peer, RumorHeard)) == 1

    feed(peer, 1, 2.0, run_of(BO, 1, b"a", b"b"), run_of(BO, 2, b"c", b"d"))

    assert [payloads(event) for event in events_of(peer, RunDelivered)] == [[b"b"], [b"c", b"d"]]


def test_a_report_names_the_dead_the_moment_and_our_host() -> None:
    """As the classic text has it."""
    peer = begun(ANA)
    now = 0.0
    while not (reported := events_of(peer, DeathReported)):
        now += 0.05
        peer.tick(now)
        assert now < 3.5

    assert [event.report for event in reported] == [DeadNode(ANA, timestamp(now), ME.host)]


def test_who_takes_us_for_its_parent_late_gets_nothing_twice() -> None:
    """Nor if nothing but probes went over its link while the origin spoke."""
    peer = peer_with()
    peer.join(0.0)
    befriend(peer, 1, ANA, 0.0)
    befriend(peer, 3, BO, 0.0)
    stream = StreamId(str(ANA), 1000, Lane.APP)
    feed(peer, 1, 0.5, run_of(ANA, 1, b"x"))
    feed(peer, 3, 0.5, Prune(stream))
    for number in range(2, 20):
        feed(peer, 1, 1.0, run_of(ANA, number, b"x"))
    assert of_kind(feed(peer, 3, 1.5, Probe(7)), ProbeReply) == [ProbeReply(7)]

    assert of_kind(feed(peer, 3, 2.0, Graft(stream, 20)), RawRecord) == []
    feed(peer, 1, 2.1, run_of(ANA, 20, b"x"))

    assert len(of_kind(pull(peer, 3, 2.1), RawRecord)) == 1


def test_a_turn_of_probes_leaves_all_deadlines_as_they_are() -> None:
    """What is kept of them is what would be worked out anew, after whatever came."""
    peer = peer_with()
    peer.join(0.0)
    for place, who in enumerate((ANA, BO, CY)):
        befriend(peer, 2 * place + 1, who, 0.0)
    rng = Random(3)
    now, number = 0.0, 1
    for _ in range(400):
        now += rng.expovariate(20.0)
        due = peer.next_deadline()
        if due is not None and due <= now:
            peer.tick(now)
        match rng.randrange(6):
            case 0:
                feed(peer, 1, now, run_of(ANA, number, b"x"))
                number += 1
            case 1:
                peer.publish(b"y", "", now)
                peer.end_turn(now)
            case 2:
                peer.has_room(now)
            case place:
                feed(peer, 2 * place - 5, now, Probe(1))
        kept = peer.next_deadline()
        peer._routes.others_moved = peer._runs_moved = True
        assert kept == peer.next_deadline()
