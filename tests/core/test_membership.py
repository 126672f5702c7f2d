"""A peer among members: what it knows of them, whom it reports, what they ask it."""

import msgspec

from rumor.core.effects import Ask, Dial, Failure, Hangup, Wake
from rumor.core.events import Answered, Asked, DeathReported, NeighborDied
from rumor.core.frames import (
    NUMBER_MAX,
    Answers,
    Claim,
    Claims,
    DeathNotice,
    Enrolment,
    Goodbye,
    Graft,
    Lane,
    Lease,
    NeighborRequest,
    Outcome,
    Outgoing,
    Request,
    Response,
    Role,
    Run,
    RunRecord,
    Standing,
    Statement,
    StreamId,
    Verdict,
)
from rumor.core.ids import Address, Seconds
from rumor.core.members import State
from rumor.core.membership import MISSED_MAX
from rumor.core.messages import PeerList, Preface, Register
from rumor.core.peer import Peer
from rumor.core.requests.census import HAS, TOPIC, question
from rumor.core.requests.requests import HEAD_BYTES, NUMBER_BYTES
from rumor.wire.frames import encode_run

from .helpers import ANA, BO, CY, ME, befriend, feed, hello, peer_at, peer_with, pull, seed_at


def begun(*neighbors: Address) -> Peer:
    """A peer with these neighbors, by links 1, 3, 5 ..."""
    peer = peer_with()
    peer.join(0.0)
    for place, neighbor in enumerate(neighbors):
        befriend(peer, 2 * place + 1, neighbor, 0.0)
    peer.drain()
    return peer


def lives(who: Address, *, epoch: int = 1000, incarnation: int = 0) -> Claims:
    """A member says that it is there."""
    return Claims((Claim(str(who), epoch, incarnation, Standing.ALIVE, who),))


def found(who: Address, accuser: Address, *watchers: Address) -> Claims:
    """Somebody found a member silent."""
    names = tuple(map(str, watchers))
    return Claims((), (Statement(str(who), 1000, 0, str(accuser), Verdict.SILENT, watchers=names),))


def lose(peer: Peer, link: int, now: Seconds) -> None:
    """A link breaks, and every try to make it anew is refused."""
    peer.link_lost(link, Failure.CLOSED, now)
    for _ in range(10):
        for effect in peer.drain()[0]:
            if isinstance(effect, Dial):
                peer.link_lost(effect.link, Failure.UNREACHABLE, now)
        now = peer.next_deadline() or now
        peer.tick(now)


def dialled(peer: Peer) -> list[int]:
    """The links that are to be made."""
    return [effect.link for effect in peer.drain()[0] if isinstance(effect, Dial)]


def question_to_all(number: int, topic: str, payload: bytes, *, run: int = 1) -> RunRecord:
    """A question of Ana's to all, as its run comes over a link."""
    head = number.to_bytes(NUMBER_BYTES, "big") + (5000).to_bytes(HEAD_BYTES - NUMBER_BYTES, "big")
    asked = Run(str(ANA), 1000, Lane.ASKED, run, run, 10**15, topic, [head + payload])
    return RunRecord(0, 0, False, asked, encode_run(asked))


def answers_in(frames: list[Outgoing]) -> list[Answers]:
    """The answers to questions to all among frames."""
    return [frame for frame in frames if isinstance(frame, Answers)]


def test_a_peer_knows_itself_and_whom_it_heard_of() -> None:
    """By name; of each it can say why it is in its state."""
    peer = begun(ANA)
    feed(peer, 1, 1.0, lives(BO))

    assert [member.name for member in peer.members()] == sorted(map(str, (ANA, BO, ME)))
    member, why = peer.member(str(BO)), peer.why(str(BO))
    assert member is not None
    assert why is not None
    assert (member.state, why.member) == (State.ALIVE, member)
    assert peer.member("nobody") is None
    assert (peer.reach().here, peer.reach().known) == (3, 3)


def test_other_tags_are_told_to_neighbors() -> None:
    """With a higher incarnation."""
    peer = begun(ANA)
    peer.set_tags({"zone": "b"}, 1.0)

    claims = [claim for frame in pull(peer, 1, 1.0) if isinstance(frame, Claims) for claim in frame.claims]
    assert [(claim.incarnation, claim.tags) for claim in claims if claim.name == str(ME)][-1] == (1, (("zone", "b"),))


def test_other_seeds_are_asked() -> None:
    """Those that are added while it runs."""
    peer = begun(ANA)
    peer.set_seeds([seed_at(1)], 1.0)

    assert seed_at(1) in [getattr(effect, "to", None) for effect in peer.drain()[0]]


def test_who_held_the_dead_reports_it_though_others_decided() -> None:
    """Two others found it silent before we had all our strikes."""
    peer = begun(ANA, BO)
    feed(peer, 3, 1.0, lives(CY), found(ANA, BO, CY), found(ANA, CY, BO))

    events = peer.drain()[1]
    assert NeighborDied(ANA, str(ANA), 1000, 0) in events
    assert [event.report.peer for event in events if isinstance(event, DeathReported)] == [ANA]


def test_a_seed_of_ours_is_told_our_incarnation_and_who_died_by_name() -> None:
    """It knows us all by name, wherever it saw us last; and what refers to a former life counts nothing there."""
    seed, bo = seed_at(0), "bo"
    peer = peer_with(seed)
    peer.join(0.0)
    peer.answered(Ask(seed, Register(ME), 5.0), PeerList((ME,)), 0.0)
    peer.accepted(1, BO.host, 0.0)
    feed(peer, 1, 0.0, hello(BO, name=bo), NeighborRequest(), Claims((Claim(bo, 1000, 7, Standing.ALIVE, BO),)))
    feed(peer, 1, 0.5, Claims((), (Statement(str(ME), 1000, 4, "cy", Verdict.SUSPECT),)))
    peer.set_tags({"zone": "b"}, 0.6)
    peer.tick(2.0)
    peer.drain()
    peer.answered(Ask(seed, Preface(), 1.0), Preface(), 2.0)
    greeting = msgspec.structs.replace(hello(seed), role=Role.SEED)

    (link,) = dialled(peer)
    peer.dialled(link, 2.1)
    assert [frame.incarnation for frame in feed(peer, link, 2.1, greeting) if isinstance(frame, Enrolment)] == [6]
    feed(peer, link, 2.2, Lease(180_000))
    peer.link_lost(1, Failure.CLOSED, 2.3)
    now, told = 2.3, list[Outgoing]()
    while not any(isinstance(frame, DeathNotice) for frame in told) and now < 10.0:
        for effect in peer.drain()[0]:
            match effect:
                case Dial(link, to) if to == seed:
                    peer.dialled(link, now)
                    told += feed(peer, link, now, greeting)
                case Dial(link):
                    peer.link_lost(link, Failure.UNREACHABLE, now)
                case Wake(link):
                    told += pull(peer, link, now)
        now += 0.1
        peer.tick(now)

    assert [each for each in told if isinstance(each, DeathNotice)] == [DeathNotice(bo, 1000, 7, BO)]


def test_a_later_life_that_is_told_to_be_where_a_seed_is_is_refuted() -> None:
    """We ask that seed just then: over the same link both learn who is there."""
    seed = seed_at(0)
    peer = peer_with(seed)
    peer.join(0.0)
    peer.answered(Ask(seed, Register(ME), 5.0), PeerList((ME,)), 0.0)
    befriend(peer, 1, ANA, 0.0)
    peer.tick(2.0)
    peer.drain()
    peer.answered(Ask(seed, Preface(), 1.0), Preface(), 2.0)
    (link,) = dialled(peer)

    told = feed(peer, 1, 2.0, Claims((Claim(str(ME), 1001, 3, Standing.ALIVE, seed),)))
    assert not any(isinstance(frame, Claims) for frame in told)
    assert dialled(peer) == []
    peer.dialled(link, 2.1)
    feed(peer, link, 2.1, msgspec.structs.replace(hello(seed), role=Role.SEED))

    assert Claims((Claim(str(ME), 1001, 4, Standing.ALIVE, ME),)) in pull(peer, 1, 2.1)
    assert peer.snapshot().seeds == (seed,)


def test_a_later_life_that_nobody_believes_in_is_not_ours_to_answer() -> None:
    """Whoever went on in it could answer nothing any more: all others refuse it."""
    peer = begun(ANA)
    for forged in (
        Claim(str(ME), NUMBER_MAX, 0, Standing.ALIVE, BO),
        Claim(str(ME), NUMBER_MAX, 0, Standing.ALIVE, ME),
    ):
        feed(peer, 1, 1.0, Claims((forged,)))
    assert BO not in [effect.to for effect in peer.drain()[0] if isinstance(effect, Dial)]

    (answer,) = [frame for frame in feed(peer, 1, 1.0, found(ME, BO)) if isinstance(frame, Claims)]

    assert [(claim.epoch, claim.incarnation) for claim in answer.claims] == [(1000, 1)]


def test_the_death_of_one_that_was_no_neighbor_is_for_others_to_report() -> None:
    """Its own neighbors do."""
    peer = begun(ANA, BO)
    feed(peer, 3, 1.0, lives(CY), found(CY, BO, ANA), found(CY, ANA, BO))

    member = peer.member(str(CY))
    assert member is not None
    assert member.state is State.DEAD
    assert not any(isinstance(event, NeighborDied) for event in peer.drain()[1])


def test_missed_neighbors_are_bounded() -> None:
    """However many went without a word and may be dead; each that is dead in time was reported."""
    peer = begun(BO)
    befriended = [peer_at(number) for number in range(10, 10 + MISSED_MAX + 2)]
    feed(peer, 1, 0.5, *(lives(who) for who in befriended))
    for place, who in enumerate(befriended):
        link = 2 * place + 101
        befriend(peer, link, who, 1.0)
        lose(peer, link, 1.0)

    first, last = str(befriended[0]), str(befriended[-1])
    for name in (first, last):
        feed(peer, 1, 50.0, Claims((), (Statement(name, 1000, 0, str(BO), Verdict.SILENT),)))
    died = [event.neighbor for event in peer.drain()[1] if isinstance(event, NeighborDied)]
    assert befriended[-1] in died
    assert befriended[0] not in died


def test_a_question_to_all_is_for_the_application_and_answered_over_a_link() -> None:
    """It comes as a run; the answer goes to who asked."""
    peer = begun(ANA)
    feed(peer, 1, 1.0, question_to_all(7, "load", b"how much?"))
    (asked,) = [event for event in peer.drain()[1] if isinstance(event, Asked)]
    assert (asked.asker, asked.topic, asked.payload, asked.to_all) == (str(ANA), "load", b"how much?", True)

    peer.respond(asked.ticket, Outcome.ANSWERED, b"12", 1.1)
    sent: list[Outgoing] = []
    for tenth in range(11, 60):
        peer.tick(tenth / 10)
        sent += pull(peer, 1, tenth / 10)

    assert answers_in(sent) == [Answers(7, Outcome.ANSWERED, b"12")]


def test_a_question_to_all_of_ours_leaves_as_a_run_and_its_answers_come_as_events() -> None:
    """Each member's once; one that is forgotten hears of none."""
    peer = begun(ANA)
    number = peer.ask_all("load", b"?", 5.0, 1.0)
    assert any(type(frame).__name__ == "RawRecord" for frame in pull(peer, 1, 1.0))

    feed(peer, 1, 1.2, Answers(number, Outcome.ANSWERED, b"12"))
    assert Answered(number, str(ANA), Outcome.ANSWERED, b"12") in peer.drain()[1]

    other = peer.ask_all("load", b"?", 5.0, 1.3)
    peer.forget_question(other, 1.4)
    feed(peer, 1, 1.5, Answers(other, Outcome.ANSWERED, b"12"))
    assert not any(isinstance(event, Answered) for event in peer.drain()[1])


def test_a_census_waits_for_the_rumor_and_says_that_it_came() -> None:
    """Who asks whether we have its rumor, before that is here, is answered when it comes."""
    peer = begun(ANA, BO)
    early = Run(str(ANA), 1000, Lane.APP, 1, 1, 10**15, "", [b"one"])
    later = Run(str(ANA), 1000, Lane.APP, 2, 2, 10**15, "", [b"two"])
    feed(peer, 1, 1.0, RunRecord(0, 0, False, early, encode_run(early)))
    feed(peer, 1, 1.1, question_to_all(9, TOPIC, question(2)))
    assert answers_in(pull(peer, 1, 1.1)) == []

    sent = feed(peer, 1, 1.2, RunRecord(0, 0, False, later, encode_run(later)))
    for tenth in range(13, 60):
        peer.tick(tenth / 10)
        sent += pull(peer, 1, tenth / 10)

    assert answers_in(sent) == [Answers(9, Outcome.ANSWERED, HAS)]
    feed(peer, 3, 7.0, Graft(StreamId(str(ANA), 1000, Lane.APP), 1))


def test_a_link_with_a_question_under_way_is_not_closed_for_being_of_no_use() -> None:
    """Who opened it to ask us is no neighbor, and gets its answer however long we need."""
    peer = begun(ANA)
    peer.accepted(9, CY.host, 1.0)
    feed(peer, 9, 1.0, hello(CY), Request(3, "slow", 60_000, b"?"))
    (asked,) = [event for event in peer.drain()[1] if isinstance(event, Asked)]
    for second in range(2, 20):
        peer.tick(float(second))
    assert not any(isinstance(frame, Goodbye) for frame in pull(peer, 9, 20.0))

    peer.respond(asked.ticket, Outcome.ANSWERED, b"at last", 20.0)
    assert Response(3, Outcome.ANSWERED, b"at last") in pull(peer, 9, 20.0)
    for second in range(21, 40):
        peer.tick(float(second))
    assert Hangup(9) in peer.drain()[0]


def test_questions_that_come_out_of_order_are_asked_once() -> None:
    """A question waits for no other; when what was missing comes, it is not asked again."""
    peer = begun(ANA)
    feed(peer, 1, 1.0, question_to_all(7, "load", b"1", run=1))
    feed(peer, 1, 1.1, question_to_all(9, "load", b"3", run=3))
    feed(peer, 1, 1.2, question_to_all(8, "load", b"2", run=2))

    assert [event.payload for event in peer.drain()[1] if isinstance(event, Asked)] == [b"1", b"3", b"2"]


def test_a_seed_is_no_member() -> None:
    """One that comes to see whether we live is let go, and is not listed."""
    peer = begun(ANA)
    peer.accepted(9, CY.host, 1.0)
    feed(peer, 9, 1.0, msgspec.structs.replace(hello(CY), role=Role.SEED))

    assert [member.name for member in peer.members()] == sorted(map(str, (ANA, ME)))


def test_who_leaves_twice_says_it_once() -> None:
    """The program's end and the application's may both ask for it."""
    peer = begun(ANA)
    peer.leave(1.0, 60.0)
    peer.leave(1.0)

    claims = [claim for frame in pull(peer, 1, 1.0) if isinstance(frame, Claims) for claim in frame.claims]
    assert [claim.standing for claim in claims if claim.name == str(ME)] == [Standing.AWAY]


def test_another_life_of_our_name_is_dialled() -> None:
    """On a link both learn of it; one that is being dialled is not dialled again."""
    peer = begun(ANA)
    for incarnation in (0, 1):
        claim = Claim(str(ME), 2000 + incarnation, incarnation, Standing.ALIVE, BO)
        feed(peer, 1, 1.0, Claims((claim,)))

    assert [effect.to for effect in peer.drain()[0] if isinstance(effect, Dial)] == [BO]
