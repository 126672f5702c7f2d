"""Answering: what others ask, bounded and fair. The world that it runs in: talk.py."""

from rumor.core.events import Answered, Asked, Problem, Unanswered
from rumor.core.frames import Answers, Lane, Outcome, Request, Response, Run
from rumor.core.settings import RequestSettings

from .talk import LATENCY, Node, Talk


def outcomes(node: Node) -> list[Outcome]:
    """What became of its questions, in the order in which it learned that."""
    return [event.outcome for event in node.said(Answered)]


def question(asker: Node, number: int, timeout: float = 2.0) -> Run:
    """A question of somebody to all."""
    head = number.to_bytes(8, "big") + int(timeout * 1000).to_bytes(4, "big")
    return Run(asker.name, 1000, Lane.ASKED, 1, 1, 0, "topic", [head + b"?"])


# Places.


def test_who_asks_too_much_at_once_is_told_that_we_are_busy() -> None:
    """One asker alone gets half of the places; what is answered makes room for more."""
    talk = Talk(2, settings=RequestSettings(serving_max=8))
    ana, bo = talk.nodes
    for _ in range(6):
        talk.ask(ana, bo)
    talk.run(0.1)

    assert len(bo.said(Asked)) == 4
    assert outcomes(ana) == [Outcome.BUSY, Outcome.BUSY]
    talk.respond(bo, bo.said(Asked)[0])
    talk.ask(ana, bo)
    talk.run(0.1)

    assert len(bo.said(Asked)) == 5


def test_an_asker_that_floods_leaves_places_for_others() -> None:
    """However many questions one asks, another one is served."""
    talk = Talk(3, settings=RequestSettings(serving_max=8, to_one_max=1000))
    ana, bo, cy = talk.nodes
    talk.link(ana, bo)
    for _ in range(500):
        talk.ask(ana, bo)
    talk.run(0.1)

    talk.ask(cy, bo)
    talk.run(0.1)

    assert [event.asker for event in bo.said(Asked)] == [ana.name] * 4 + [cy.name]
    assert outcomes(ana) == [Outcome.BUSY] * 496
    assert outcomes(cy) == []


def test_an_asker_that_reads_no_answers_gets_no_more_than_its_share() -> None:
    """An answer holds its place until it has left."""
    talk = Talk(3, settings=RequestSettings(serving_max=8, to_one_max=1000))
    ana, bo, cy = talk.nodes
    talk.link(ana, bo)
    talk.link(cy, bo)
    talk.answer(bo, b"x" * 60_000)
    for _ in range(100):
        talk.ask(ana, bo)

    talk.hush(bo, mute=True)
    talk.run(0.1)
    talk.ask(cy, bo)
    talk.run(0.1)

    assert [event.asker for event in bo.said(Asked)] == [ana.name] * 4 + [cy.name]
    talk.unhush(bo)
    talk.run(0.1)
    assert sorted(outcomes(ana)) == [Outcome.ANSWERED] * 4 + [Outcome.BUSY] * 96
    assert outcomes(cy) == [Outcome.ANSWERED]


def test_one_place_is_enough_for_one() -> None:
    """The rule of shares does not keep the last place empty."""
    talk = Talk(2, settings=RequestSettings(serving_max=1))
    ana, bo = talk.nodes
    talk.answer(bo)

    talk.ask(ana, bo)
    talk.run(0.1)
    talk.ask(ana, bo)
    talk.run(0.1)

    assert outcomes(ana) == [Outcome.ANSWERED, Outcome.ANSWERED]


def test_a_place_is_free_when_nobody_waits_any_more() -> None:
    """A responder that never answers holds it no longer than the asker waits."""
    talk = Talk(2, settings=RequestSettings(serving_max=1))
    ana, bo = talk.nodes
    talk.ask(ana, bo, timeout=1.0)
    talk.run(1.5)
    talk.answer(bo)

    talk.ask(ana, bo)
    talk.run(0.1)

    assert outcomes(ana) == [Outcome.ANSWERED]
    talk.respond(bo, bo.said(Asked)[0])
    talk.run(0.1)
    assert outcomes(ana) == [Outcome.ANSWERED]


def test_more_questions_to_all_than_we_can_answer_are_said() -> None:
    """They are not answered: to say so would cost more than to answer."""
    talk = Talk(2, settings=RequestSettings(serving_max=2))
    ana, bo = talk.nodes

    for number in (1, 2):
        talk.question(bo, question(ana, number))

    assert len(bo.said(Asked)) == 1
    assert [problem.source for problem in bo.said(Problem)] == [ana.name]


# Questions.


def test_a_question_that_is_too_long_is_a_failure() -> None:
    """The other has a higher limit: it learns that this can't be answered here."""
    talk = Talk(2)
    ana, bo = talk.nodes
    link = talk.link(ana, bo)
    (theirs,) = bo.ends

    talk.bring(bo, theirs, Request(7, "", 1000, b"x" * 65_537))
    talk.run(0.1)

    assert ana.heard(Response) == [Response(7, Outcome.FAILED)]
    assert [problem.source for problem in bo.said(Problem)] == [str(ana.address)]
    assert link in ana.ends


def test_a_question_that_nobody_waits_for_is_none() -> None:
    """Its time was over when it came; or its link is."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.link(ana, bo)
    (theirs,) = bo.ends

    talk.bring(bo, theirs, Request(7, "", 0, b""))
    bo.requests.on_request(99, Request(7, "", 1000, b""), talk.now)

    assert bo.said(Asked) == []


def test_nobody_is_waited_for_longer_than_is_allowed_here() -> None:
    """An asker may say that it waits for ever; a place is not held so long."""
    talk = Talk(2, settings=RequestSettings(timeout_max=5.0))
    ana, bo = talk.nodes
    talk.link(ana, bo)
    (theirs,) = bo.ends

    talk.bring(bo, theirs, Request(7, "", 1 << 60, b""))
    talk.question(bo, question(ana, 8, timeout=4_000_000.0))

    assert [event.patience for event in bo.said(Asked)] == [5.0, 5.0]


def test_the_same_question_over_the_same_link_is_one() -> None:
    """A flood of copies brings neither more questions nor more answers than one at a time."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.link(ana, bo)
    (theirs,) = bo.ends
    for _ in range(50):
        talk.bring(bo, theirs, Request(7, "", 1000, b""))

    (asked,) = bo.said(Asked)
    talk.hush(bo, mute=True)
    talk.respond(bo, asked)
    for _ in range(50):
        talk.bring(bo, theirs, Request(7, "", 1000, b""))
    talk.unhush(bo)
    talk.run(0.1)

    assert len(bo.said(Asked)) == 1
    assert ana.heard(Response) == [Response(7, Outcome.ANSWERED, b"!")]
    talk.bring(bo, theirs, Request(7, "", 1000, b""))
    talk.run(0.1)
    assert len(ana.heard(Response)) == 2


def test_the_same_question_to_all_is_one() -> None:
    """A peer that comes back may get it from its neighbors once more."""
    talk = Talk(2)
    ana, bo = talk.nodes

    for _ in range(2):
        talk.question(bo, question(ana, 1))

    assert len(bo.said(Asked)) == 1


# Answers.


def test_a_question_is_answered_once() -> None:
    """The first answer counts; one to a question that never was is nothing."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.ask(ana, bo)
    talk.run(0.1)
    (asked,) = bo.said(Asked)

    talk.respond(bo, asked, b"first")
    talk.respond(bo, asked, b"second")
    bo.requests.respond(99, Outcome.ANSWERED, b"", talk.now)
    talk.run(0.1)

    assert [event.payload for event in ana.said(Answered)] == [b"first"]


def test_an_answer_that_is_too_long_is_a_failure() -> None:
    """Who asked learns that, and so does who runs the responder."""
    talk = Talk(2, settings=RequestSettings(payload_bytes_max=100))
    ana, bo = talk.nodes
    talk.answer(bo, b"x" * 101)

    talk.ask(ana, bo)
    talk.run(0.1)

    assert outcomes(ana) == [Outcome.FAILED]
    assert [problem.detail for problem in bo.said(Problem)] == [f"101 bytes for {ana.name}"]


def test_an_answer_that_waits_too_long_for_its_link_is_not_sent() -> None:
    """Nobody waits for it when the link takes something again."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.link(ana, bo)
    talk.answer(bo)
    talk.ask(ana, bo, timeout=1.0)
    talk.hush(bo, mute=True)
    talk.run(2.0)

    talk.unhush(bo)
    talk.run(1.0)

    assert ana.heard(Response) == []
    assert [event.reason for event in ana.said(Unanswered)] != []


def test_no_more_answers_are_remembered_than_questions_are_served() -> None:
    """Of the others, who asks again after its link broke gets a new answer."""
    talk = Talk(2, settings=RequestSettings(serving_max=2))
    ana, bo = talk.nodes
    talk.link(ana, bo)
    (theirs,) = bo.ends
    talk.answer(bo)

    for number in (1, 2, 3, 1, 3):
        talk.bring(bo, theirs, Request(number, "", 10_000, b""))

    assert len(bo.said(Asked)) == 4


def test_an_answer_to_all_takes_another_link_when_the_first_breaks() -> None:
    """It had not left yet."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.link(ana, bo)
    number = talk.ask_all(ana, timeout=5.0)
    talk.run(2 * LATENCY)
    (asked,) = bo.said(Asked)

    talk.hush(bo, mute=True)
    talk.respond(bo, asked)
    talk.cut(ana)
    talk.unhush(bo)
    talk.run(1.0)

    assert [(event.number, event.payload) for event in ana.said(Answered)] == [(number, b"!")]


def test_an_answer_takes_another_link_that_stands_when_the_first_breaks() -> None:
    """It had not left yet, and the asker has already asked again."""
    talk = Talk(2)
    ana, bo = talk.nodes
    first = talk.link(ana, bo)
    talk.ask(ana, bo)
    talk.run(2 * LATENCY)
    (asked,) = bo.said(Asked)
    talk.hush(bo, mute=True)
    talk.respond(bo, asked)

    talk.part(ana, first)
    talk.run(1.5 * LATENCY)
    talk.unhush(bo)
    talk.run(1.0)

    assert [event.payload for event in ana.said(Answered)] == [b"!"]
    assert len(bo.said(Asked)) == 1


def test_nobody_dials_an_asker_that_can_not_be_reached_for_ever() -> None:
    """Its answer is dropped, and its place is free."""
    talk = Talk(2, settings=RequestSettings(serving_max=1))
    ana, bo = talk.nodes
    talk.answer(bo)
    talk.ask_all(ana, timeout=60.0)
    talk.run(1.5 * LATENCY)
    talk.crash(ana)
    talk.run(30.0)

    assert bo.dialled == [ana.address]
    talk.question(bo, question(ana, 2))
    assert len(bo.said(Asked)) == 2


def test_an_answer_to_all_that_finds_no_link_in_time_is_dropped() -> None:
    """The asker is full for as long as it waits. Who waits longer may still be told."""
    talk = Talk(3, links_max=1)
    ana, bo, cy = talk.nodes
    link = talk.link(cy, ana)
    talk.answer(bo)
    talk.ask_all(ana, timeout=0.5)
    longer = talk.ask_all(ana, timeout=5.0)

    talk.run(2.0)
    assert ana.heard(Answers) == []
    talk.part(cy, link)
    talk.run(5.0)

    assert [frame.asked for frame in ana.heard(Answers)] == [longer]
    assert bo.requests.next_deadline() is None


def test_an_asker_that_is_always_full_is_dialled_no_longer_than_it_waits() -> None:
    """Then nothing is left of its question."""
    talk = Talk(3, links_max=1)
    ana, bo, cy = talk.nodes
    talk.link(cy, ana)
    talk.answer(bo)

    talk.ask_all(ana, timeout=1.0)
    talk.run(3.0)
    dials = len(bo.dialled)
    talk.run(60.0)

    assert ana.heard(Answers) == []
    assert 1 < len(bo.dialled) == dials
    assert bo.requests.next_deadline() is None
