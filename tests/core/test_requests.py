"""Requests: every question ends in an answer, a clear error, or its timeout. The world that they run in: talk.py."""

from functools import partial
from random import Random

import pytest

from rumor.core.errors import UsageError
from rumor.core.events import Answered, Asked, LinkDown, Problem, Unanswered
from rumor.core.frames import Answers, Lane, Outcome, Parting, Request, Response, Run
from rumor.core.requests.answering import SPREAD_SHARE
from rumor.core.requests.calls import ANOTHER, STOPS, UNKNOWN, UNREACHABLE
from rumor.core.requests.requests import BROKEN, HEAD_BYTES, HELD, IN_VAIN, TRIES
from rumor.core.settings import RequestSettings

from .talk import LATENCY, Node, Talk


def answers(node: Node) -> list[tuple[str, bytes]]:
    """Who answered what."""
    return [(event.member, event.payload) for event in node.said(Answered) if event.outcome is Outcome.ANSWERED]


def reasons(node: Node) -> list[str]:
    """Why questions came to nothing."""
    return [event.reason for event in node.said(Unanswered)]


# One member.


def test_a_member_is_asked_and_answers() -> None:
    """A link is made to it, it is told who asks what and for how long, and its answer comes back, once."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.answer(bo, b"fine")

    number = talk.ask(ana, bo, b"how are you?")
    talk.run(10.0)

    (asked,) = bo.said(Asked)
    assert (asked.asker, asked.topic, asked.payload, asked.to_all) == (ana.name, "topic", b"how are you?", False)
    assert 1.9 < asked.patience <= 2.0
    assert ana.said(Answered) == [Answered(number, bo.name, Outcome.ANSWERED, b"fine")]
    assert reasons(ana) == []


def test_a_neighbor_is_asked_over_its_link() -> None:
    """A link that stands is used, whoever made it, and is not ours to close."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.answer(bo)
    talk.link(bo, ana)

    talk.ask(ana, bo)
    talk.run(30.0)

    assert answers(ana) == [(bo.name, b"!")]
    assert ana.dialled == []
    assert ana.said(LinkDown) == []


def test_a_member_may_ask_itself() -> None:
    """It needs no link for that, and is as busy for itself as for others."""
    talk = Talk(1, settings=RequestSettings(serving_max=1))
    (ana,) = talk.nodes

    first, second = talk.ask(ana, ana, b"first"), talk.ask(ana, ana, b"second")
    (asked,) = ana.said(Asked)
    talk.respond(ana, asked)
    third = talk.ask(ana, ana, timeout=1.0)
    talk.run(2.0)
    talk.respond(ana, ana.said(Asked)[-1])

    assert [(event.number, event.outcome) for event in ana.said(Answered)] == [
        (second, Outcome.BUSY),
        (first, Outcome.ANSWERED),
    ]
    assert ana.said(Unanswered) == [Unanswered(third, IN_VAIN)]


def test_nobody_answers_itself_when_nobody_waits() -> None:
    """A question to oneself that was forgotten is over, whatever is said then."""
    talk = Talk(1)
    (ana,) = talk.nodes
    number = talk.ask(ana, ana)
    ana.requests.forget(number, talk.now)

    talk.respond(ana, ana.said(Asked)[0])

    assert ana.said(Answered) == []


@pytest.mark.parametrize("outcome", [Outcome.NO_RESPONDER, Outcome.FAILED])
def test_a_member_that_can_not_answer_says_so(outcome: Outcome) -> None:
    """The asker learns it at once, and need not wait."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.answer(bo, b"not told", outcome)

    number = talk.ask(ana, bo)
    talk.run(0.1)

    assert ana.said(Answered) == [Answered(number, bo.name, outcome, b"")]


def test_an_outcome_that_we_do_not_know_is_a_failure() -> None:
    """A later version may say more."""
    talk = Talk(2)
    ana, bo = talk.nodes
    link = talk.link(ana, bo)
    number = talk.ask(ana, bo)

    talk.bring(ana, link, Response(number, 77, b""))

    assert [event.outcome for event in ana.said(Answered)] == [Outcome.FAILED]


def test_who_is_not_known_is_not_waited_for() -> None:
    """A name that nobody knows is answered at once."""
    talk = Talk(1)
    (ana,) = talk.nodes

    number = talk.ask(ana, "nobody")

    assert ana.said(Unanswered) == [Unanswered(number, UNKNOWN)]


def test_who_takes_no_connection_is_not_waited_for() -> None:
    """A refused dial is told as soon as it is known."""
    talk = Talk(2)
    ana, bo = talk.nodes
    bo.refuses = True

    talk.ask(ana, bo)
    talk.run(0.1)

    assert reasons(ana) == [UNREACHABLE]


def test_another_node_at_the_address_is_not_asked() -> None:
    """A question is for a name: who took its address does not get it."""
    talk = Talk(2)
    ana, bo = talk.nodes
    bo.identity.name = "another"

    talk.ask(ana, bo)
    talk.run(0.1)

    assert reasons(ana) == [ANOTHER]
    assert bo.said(Asked) == []


def test_who_does_not_answer_is_waited_for_until_the_time_is_over() -> None:
    """Not longer, and not less."""
    talk = Talk(2)
    ana, bo = talk.nodes

    number = talk.ask(ana, bo, timeout=2.0)
    talk.run(1.99)
    assert ana.said(Unanswered) == []
    talk.run(0.02)

    assert ana.said(Unanswered) == [Unanswered(number, IN_VAIN)]
    assert len(bo.said(Asked)) == 1


def test_an_answer_that_comes_too_late_is_none() -> None:
    """The question has ended as unanswered; it does not end twice."""
    talk = Talk(2)
    ana, bo = talk.nodes
    number = talk.ask(ana, bo, timeout=1.0)
    talk.run(0.5)
    (asked,) = bo.said(Asked)
    talk.hush(ana, deaf=True)
    talk.respond(bo, asked)

    talk.run(1.0)
    talk.unhush(ana)
    talk.run(1.0)

    assert [type(frame) for frame in ana.frames if isinstance(frame, Response)] == [Response]
    assert ana.said(Unanswered) == [Unanswered(number, IN_VAIN)]
    assert ana.said(Answered) == []


def test_only_who_was_asked_may_answer() -> None:
    """An answer by somebody else, or to nothing, is left alone."""
    talk = Talk(3)
    ana, bo, cy = talk.nodes
    talk.link(ana, bo)
    stranger = talk.link(ana, cy)
    number = talk.ask(ana, bo)

    talk.bring(ana, stranger, Response(number, Outcome.ANSWERED, b"lie"))
    talk.bring(ana, stranger, Response(number + 99, Outcome.ANSWERED, b"lie"))
    talk.bring(ana, stranger, Answers(number, Outcome.ANSWERED, b"lie"))

    assert ana.said(Answered) == []


def test_many_questions_to_one_member_share_a_link() -> None:
    """One dial, and all answers."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.answer(bo)

    numbers = [talk.ask(ana, bo) for _ in range(100)]
    talk.run(1.0)

    assert len(ana.dialled) == 1
    assert sorted(event.number for event in ana.said(Answered)) == numbers


def test_a_member_is_not_asked_too_much_at_once() -> None:
    """The rest waits for answers, or for its own time, and nobody is told that the member is busy."""
    talk = Talk(2, settings=RequestSettings(to_one_max=3))
    ana, bo = talk.nodes
    early = talk.ask(ana, bo, timeout=1.0)
    numbers = [talk.ask(ana, bo, timeout=10.0) for _ in range(9)]
    late = talk.ask(ana, bo, timeout=0.5)
    talk.run(2.0)

    assert len(bo.said(Asked)) == 4
    assert ana.said(Unanswered) == [Unanswered(late, IN_VAIN), Unanswered(early, IN_VAIN)]
    for _ in range(9):
        talk.respond(bo, bo.said(Asked)[len(ana.said(Answered)) + 1])
        talk.run(0.1)

    assert [event.number for event in ana.said(Answered)] == numbers


def test_what_waits_for_its_turn_goes_over_the_next_link_too() -> None:
    """The link breaks while some of our questions are under way, and others wait."""
    talk = Talk(2, settings=RequestSettings(to_one_max=2))
    ana, bo = talk.nodes
    numbers = [talk.ask(ana, bo) for _ in range(6)]
    talk.run(0.1)

    talk.cut(ana)
    talk.answer(bo)
    for asked in bo.said(Asked):
        talk.respond(bo, asked)
    talk.run(1.0)

    assert sorted(event.number for event in ana.said(Answered)) == numbers


@pytest.mark.parametrize("way", ["crash", "leave", "forgotten"])
def test_what_waits_for_its_turn_is_told_when_the_member_goes(way: str) -> None:
    """Each question once, those under way and those that wait."""
    talk = Talk(2, settings=RequestSettings(to_one_max=2))
    ana, bo = talk.nodes
    numbers = [talk.ask(ana, bo, timeout=60.0) for _ in range(6)]
    talk.run(0.1)

    if way == "leave":
        talk.leave(bo)
    else:
        talk.unknown |= {bo.name} if way == "forgotten" else set()
        talk.crash(bo)
    talk.run(1.0)

    assert sorted(event.number for event in ana.said(Unanswered)) == numbers


def test_large_questions_and_answers_come_whole() -> None:
    """As large as they may be, in both directions, through links that take little at a time."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.answer(bo, b"!" * 65_536)

    for _ in range(5):
        talk.ask(ana, bo, b"?" * 65_536)
    talk.run(1.0)

    assert [event.payload for event in bo.said(Asked)] == [b"?" * 65_536] * 5
    assert answers(ana) == [(bo.name, b"!" * 65_536)] * 5


# What can't be asked.


@pytest.mark.parametrize(
    ("topic", "payload", "timeout"),
    [
        ("a..b", b"", 1.0),
        ("t", b"x" * 11, 1.0),
        ("t", b"", 0.0),
        ("t", b"", -1.0),
        ("t", b"", 301.0),
        ("t", b"", float("nan")),
        ("t", b"", float("inf")),
    ],
)
def test_what_is_unfit_is_refused_and_changes_nothing(topic: str, payload: bytes, timeout: float) -> None:
    """An unfit topic, a payload above the limit, a timeout that is none: whoever is asked."""
    talk = Talk(2, settings=RequestSettings(payload_bytes_max=10))
    ana, bo = talk.nodes

    with pytest.raises(UsageError):
        ana.requests.ask(bo.name, topic, payload, timeout, talk.now)
    with pytest.raises(UsageError):
        ana.requests.ask_all(topic, payload, timeout, talk.now)

    talk.run(1.0)
    assert (ana.dialled, ana.events, bo.events) == ([], [], [])


def test_too_many_questions_at_once_are_refused() -> None:
    """One more may be asked as soon as another is over."""
    talk = Talk(2, settings=RequestSettings(own_max=2))
    ana, bo = talk.nodes
    first = talk.ask(ana, bo)
    talk.ask(ana, bo)

    with pytest.raises(UsageError, match="2 questions at once"):
        talk.ask(ana, bo)
    ana.requests.forget(first, talk.now)

    assert talk.ask(ana, bo)


def test_too_much_asked_of_all_at_once_is_refused() -> None:
    """Everybody passes it on, so its bytes count for a second at least, however short the question's time is."""
    talk = Talk(2, settings=RequestSettings(to_all_bytes_max=100))
    ana = talk.nodes[0]
    talk.ask_all(ana, b"x" * 200, timeout=0.1)

    talk.run(0.5)
    with pytest.raises(UsageError, match="to all"):
        talk.ask_all(ana, b"")
    talk.run(HELD)

    assert talk.ask_all(ana, b"x" * (50 - HEAD_BYTES))
    assert talk.ask_all(ana, b"x" * (50 - HEAD_BYTES))
    with pytest.raises(UsageError, match="to all"):
        talk.ask_all(ana, b"")


def test_too_many_questions_to_all_at_once_are_refused() -> None:
    """However small they are."""
    talk = Talk(1, settings=RequestSettings(own_max=2))
    (ana,) = talk.nodes
    for _ in range(2):
        talk.ask_all(ana)

    with pytest.raises(UsageError, match="to all"):
        talk.ask_all(ana)


# Links that go.


@pytest.mark.parametrize("asker", [0, 1])
@pytest.mark.parametrize("delay", [0.0, 0.5 * LATENCY, LATENCY, 1.5 * LATENCY, 2 * LATENCY, 2.5 * LATENCY])
def test_links_that_cross_lose_no_question_and_answer_it_once(asker: int, delay: float) -> None:
    """Whichever of two links stays, when both dial each other at about the same time: each side asks the other."""
    talk = Talk(2)
    one, other = talk.nodes[asker], talk.nodes[1 - asker]
    talk.answer(one, b"one")
    talk.answer(other, b"other")

    talk.ask(one, other)
    talk.run(delay)
    talk.link(other, one)
    talk.ask(other, one)
    talk.run(8.0)

    assert answers(one) == [(other.name, b"other")]
    assert answers(other) == [(one.name, b"one")]
    assert (len(one.said(Asked)), len(other.said(Asked))) == (1, 1)


@pytest.mark.parametrize("asker", [0, 1])
@pytest.mark.parametrize("delay", [step * LATENCY / 4 for step in range(12)])
def test_links_that_cross_lose_none_of_many_questions(asker: int, delay: float) -> None:
    """Some are under way, others wait for their turn."""
    talk = Talk(2, settings=RequestSettings(to_one_max=2))
    one, other = talk.nodes[asker], talk.nodes[1 - asker]
    talk.answer(other)
    other.links.dial(one.address, talk.now)
    talk.step(other)
    talk.run(delay)

    numbers = [talk.ask(one, other) for _ in range(6)]
    talk.run(2.0)

    assert sorted(event.number for event in one.said(Answered)) == numbers
    assert len(other.said(Asked)) == 6


def test_a_link_that_takes_the_place_of_another_takes_its_questions() -> None:
    """The member comes back in a new life, and dials us before we know that the link to its old one is dead."""
    talk = Talk(2, settings=RequestSettings(to_one_max=2))
    ana, bo = talk.nodes
    numbers = [talk.ask(ana, bo) for _ in range(6)]
    talk.run(0.1)
    again = talk.reborn(bo)
    talk.answer(again)

    talk.link(again, ana)
    talk.run(1.0)

    assert sorted(event.number for event in ana.said(Answered)) == numbers


def test_both_may_ask_each_other_at_once() -> None:
    """Their calls cross; each gets its answer."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.answer(ana, b"ana")
    talk.answer(bo, b"bo")

    talk.ask(ana, bo)
    talk.ask(bo, ana)
    talk.run(10.0)

    assert (answers(ana), answers(bo)) == ([(bo.name, b"bo")], [(ana.name, b"ana")])
    assert (len(ana.said(Asked)), len(bo.said(Asked))) == (1, 1)


def test_a_link_that_is_closed_in_the_middle_is_replaced() -> None:
    """Before the other has answered: it is asked over another link, and answers once."""
    talk = Talk(2)
    ana, bo = talk.nodes
    neighbor = talk.link(ana, bo)
    talk.ask(ana, bo)
    talk.run(2 * LATENCY)
    (asked,) = bo.said(Asked)

    talk.part(ana, neighbor)
    talk.run(0.1)
    talk.respond(bo, asked)
    talk.run(0.1)

    assert answers(ana) == [(bo.name, b"!")]
    assert len(bo.said(Asked)) == 1
    assert len(bo.heard(Request)) == 2


def test_a_link_that_breaks_is_replaced() -> None:
    """The other has answered while there was no link: the same answer comes over the next one."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.link(ana, bo)
    talk.ask(ana, bo)
    talk.run(2 * LATENCY)
    (asked,) = bo.said(Asked)

    talk.cut(ana)
    talk.respond(bo, asked, b"in between")
    talk.run(0.2)

    assert answers(ana) == [(bo.name, b"in between")]
    assert len(bo.said(Asked)) == 1


def test_an_answer_that_goes_with_its_link_is_given_again() -> None:
    """It had left the responder, and never came: the responder remembers it, and is not asked twice."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.link(ana, bo)
    talk.ask(ana, bo)
    talk.run(2 * LATENCY)
    (asked,) = bo.said(Asked)

    talk.respond(bo, asked, b"lost and found")
    talk.run(0.5 * LATENCY)
    talk.cut(ana)
    talk.run(0.2)

    assert answers(ana) == [(bo.name, b"lost and found")]
    assert len(bo.said(Asked)) == 1


def test_links_that_always_break_are_given_up() -> None:
    """After a few tries there is a clear error."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.ask(ana, bo, timeout=60.0)

    for _ in range(TRIES):
        talk.run(0.1)
        assert reasons(ana) == []
        talk.cut(ana)
    talk.run(0.1)

    assert reasons(ana) == [BROKEN]
    assert len(bo.said(Asked)) == 1


def test_a_member_that_crashes_is_not_waited_for() -> None:
    """Its link breaks, and it takes no connection any more."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.ask(ana, bo, timeout=60.0)
    talk.run(0.1)

    talk.crash(bo)
    talk.run(0.1)

    assert reasons(ana) == [UNREACHABLE]


def test_a_member_that_stops_is_not_waited_for() -> None:
    """It says goodbye."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.ask(ana, bo, timeout=60.0)
    talk.run(0.1)

    talk.leave(bo)
    talk.run(0.1)

    assert reasons(ana) == [STOPS]


def test_who_stops_asks_no_more() -> None:
    """Its own questions end, whether they had a link or not, and it dials nobody."""
    talk = Talk(3)
    ana, bo, cy = talk.nodes
    talk.ask(ana, bo, timeout=60.0)
    talk.run(0.1)
    talk.ask(ana, cy, timeout=60.0)

    talk.leave(ana)
    talk.run(0.1)

    assert reasons(ana) == [STOPS, STOPS]
    assert ana.dialled == [bo.address, cy.address]


def test_a_question_that_is_forgotten_is_not_asked() -> None:
    """Nobody waits for it: it ends in nothing, before it has a link and after."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.answer(bo)

    first, second = talk.ask(ana, bo), talk.ask(ana, bo)
    ana.requests.forget(first, talk.now)
    ana.requests.forget(second, talk.now)
    talk.run(0.1)
    third = talk.ask(ana, bo)
    ana.requests.forget(third, talk.now)
    ana.requests.forget(third, talk.now)
    talk.run(5.0)

    assert [frame.number for frame in bo.heard(Request)] in ([], [third])
    assert (ana.said(Answered), ana.said(Unanswered)) == ([], [])
    assert [event.parting for event in ana.said(LinkDown)] == [Parting.DONE]


# All.


def test_all_others_are_asked_and_answer() -> None:
    """Each one once, and who asks is not asked."""
    talk = Talk(8)
    ana = talk.nodes[0]
    for node in talk.nodes:
        talk.answer(node, node.name.encode())

    number = talk.ask_all(ana)
    talk.run(2.0)

    assert sorted(answers(ana)) == [(node.name, node.name.encode()) for node in talk.nodes[1:]]
    assert {event.number for event in ana.said(Answered)} == {number}
    assert all(event.to_all and event.asker == ana.name for node in talk.nodes for event in node.said(Asked))
    assert ana.said(Asked) == []


def test_the_links_for_answers_are_gone_soon() -> None:
    """They are made for one answer each, and make room for others."""
    talk = Talk(8)
    for node in talk.nodes[1:]:
        talk.answer(node)

    talk.ask_all(talk.nodes[0])
    talk.run(1.0)

    assert len(talk.nodes[0].said(LinkDown)) == 7
    assert talk.nodes[0].ends == {}


def test_more_answer_than_an_asker_has_places_for() -> None:
    """Who finds no place comes again a little later."""
    talk = Talk(40, links_max=4)
    ana = talk.nodes[0]
    for node in talk.nodes[1:]:
        talk.answer(node)

    talk.ask_all(ana, timeout=5.0)
    talk.run(5.0)

    assert sorted(member for member, _ in answers(ana)) == sorted(node.name for node in talk.nodes[1:])


def test_answers_of_many_are_spread() -> None:
    """So that the asker can take them; but within the time that it waits."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.members = 100_000
    talk.answer(bo)

    talk.question(bo, _question(ana, 1, timeout=2.0))
    wanted = bo.requests.next_deadline()

    assert wanted is not None
    assert talk.now < wanted < talk.now + SPREAD_SHARE * 2.0


def test_who_has_nothing_to_say_to_a_question_to_all_is_silent() -> None:
    """Most will have no responder: they make no link to say so. Who failed says so."""
    talk = Talk(3)
    ana, bo, cy = talk.nodes
    talk.answer(bo, outcome=Outcome.NO_RESPONDER)
    talk.answer(cy, outcome=Outcome.FAILED)

    talk.ask_all(ana)
    talk.run(2.0)

    assert [(event.member, event.outcome) for event in ana.said(Answered)] == [(cy.name, Outcome.FAILED)]
    assert bo.dialled == []


def test_answers_go_over_a_link_that_stands() -> None:
    """A neighbor makes no other."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.link(ana, bo)
    talk.answer(bo)

    talk.ask_all(ana)
    talk.run(10.0)

    assert answers(ana) == [(bo.name, b"!")]
    assert bo.dialled == []
    assert ana.said(LinkDown) == []


def test_answers_to_all_that_come_too_late_are_none() -> None:
    """Also when the question is over for whoever asked, and not yet for its time."""
    talk = Talk(2)
    ana, bo = talk.nodes
    late, early = talk.ask_all(ana, timeout=0.5), talk.ask_all(ana, timeout=2.0)
    ana.requests.forget(early, talk.now)
    link = talk.link(ana, bo)
    talk.run(0.5)

    talk.bring(ana, link, Answers(late, Outcome.ANSWERED, b"late"))
    talk.bring(ana, link, Answers(early, Outcome.ANSWERED, b"unwanted"))
    talk.run(5.0)
    talk.bring(ana, link, Answers(late, Outcome.ANSWERED, b"very late"))

    assert ana.said(Answered) == []


def test_nobody_answers_all_twice() -> None:
    """The second answer of a member to one question is left alone."""
    talk = Talk(2)
    ana, bo = talk.nodes
    link = talk.link(ana, bo)
    number = talk.ask_all(ana)

    talk.bring(ana, link, Answers(number, Outcome.ANSWERED, b"first"))
    talk.bring(ana, link, Answers(number, Outcome.ANSWERED, b"second"))

    assert answers(ana) == [(bo.name, b"first")]


def test_an_answer_over_no_link_is_none() -> None:
    """A link that is gone tells nobody's name."""
    talk = Talk(1)
    (ana,) = talk.nodes
    number = talk.ask_all(ana)

    ana.requests.on_answers(99, Answers(number, Outcome.ANSWERED, b""), talk.now)

    assert ana.said(Answered) == []


def _question(asker: Node, *numbers: int, timeout: float = 2.0) -> Run:
    heads = [number.to_bytes(8, "big") + int(timeout * 1000).to_bytes(4, "big") for number in numbers]
    return Run(asker.name, 1000, Lane.ASKED, 1, 1, 0, "topic", [head + b"?" for head in heads])


def test_a_question_to_all_that_was_long_under_way_is_not_asked() -> None:
    """Its asker does not wait any more; of one that is not so old, so much less time is left."""
    talk = Talk(2)
    ana, bo = talk.nodes

    talk.question(bo, _question(ana, 1, timeout=2.0), age=2.0)
    talk.question(bo, _question(ana, 2, timeout=2.0), age=1.5)

    assert [(event.payload, event.patience) for event in bo.said(Asked)] == [(b"?", 0.5)]


def test_one_run_may_bring_several_questions_to_all() -> None:
    """Those of one turn of the asker travel together. What has no head is no question, which is said."""
    talk = Talk(2)
    ana, bo = talk.nodes
    run = _question(ana, 1, 2)
    run.payloads.append(b"short")

    talk.question(bo, run)

    assert len(bo.said(Asked)) == 2
    assert [problem.source for problem in bo.said(Problem)] == [ana.name]


def test_numbers_begin_anywhere() -> None:
    """So that an answer to a former life of a name is an answer to nothing."""
    talk = Talk(2)
    ana, bo = talk.nodes

    assert talk.ask(ana, bo) == ana.identity.instance + 1
    assert talk.ask_all(bo) == bo.identity.instance + 1


# All of it, at random.


@pytest.mark.parametrize("number", range(25))
def test_whatever_happens_every_question_ends_once_and_in_time(number: int) -> None:
    """Links break and are closed, nodes grow deaf and mute, refuse, and ask each other: nothing is lost in silence."""
    rng = Random(number)
    hears_late = number % 2 == 0  # what comes when its time is over may be asked anew
    settings = RequestSettings(links_max=2, link_idle=0.2, to_one_max=rng.choice((1, 64)))
    talk = Talk(6, settings=settings, links_max=rng.choice((3, 64)))
    until: dict[tuple[str, int], float] = {}
    for node in talk.nodes:
        node.on_asked = partial(_answer_at_random, talk, node, rng)

    for _ in range(150):
        node, other = rng.sample(talk.nodes, 2)
        match rng.randrange(8):
            case 0:
                talk.cut(node)
            case 1 if node.ends:
                talk.part(node, rng.choice(list(node.ends)), rng.choice((Parting.SURPLUS, Parting.CROSSED)))
            case 2:
                talk.unhush(node)
                talk.hush(node, deaf=hears_late and rng.random() < 0.3, mute=rng.random() < 0.2)
            case 3:
                node.refuses = rng.random() < 0.3
            case 4:
                node.links.dial(other.address, talk.now)
                talk.step(node)
            case _:
                timeout = rng.uniform(0.05, 1.0)
                asked = talk.ask(node, other, rng.randbytes(8) + bytes(rng.randrange(9000)), timeout=timeout)
                until[node.name, asked] = talk.now + timeout
        talk.run(rng.uniform(0.0, 0.05))
    for node in talk.nodes:
        talk.unhush(node)
    talk.run(10.0)

    ends = [
        (node.name, event.number, moment)
        for node in talk.nodes
        for event, moment in zip(node.events, node.moments, strict=True)
        if isinstance(event, Answered | Unanswered)
    ]
    assert sorted((name, asked) for name, asked, _ in ends) == sorted(until)
    assert all(moment <= until[name, asked] for name, asked, moment in ends)
    assert all(event.outcome is not Outcome.BUSY for node in talk.nodes for event in node.said(Answered))
    asked_of = [(node.name, event.asker, event.payload) for node in talk.nodes for event in node.said(Asked)]
    assert hears_late or len(asked_of) == len(set(asked_of))
    assert [node.requests.next_deadline() for node in talk.nodes] == [None] * 6
    assert sum(event.outcome is Outcome.ANSWERED for node in talk.nodes for event in node.said(Answered)) > 0


def _answer_at_random(talk: Talk, node: Node, rng: Random, asked: Asked) -> None:
    """At once, later, or not at all."""
    chance = rng.random()
    if chance < 0.5:
        node.requests.respond(asked.ticket, Outcome.ANSWERED, asked.payload[::-1], talk.now)
    elif chance < 0.9:
        talk.later(rng.uniform(0.0, 0.3), partial(talk.respond, node, asked, bytes(rng.randrange(9000))))
