"""Calls: links to members for questions and answers, as few as may be, and used by whoever needs them."""

import pytest

from rumor.core.effects import Failure
from rumor.core.events import Answered, Asked, LinkDown, LinkFailed, Unanswered
from rumor.core.frames import Outcome, Parting
from rumor.core.ids import Address
from rumor.core.requests.calls import ANOTHER, NO_FRAMES, REFUSED, UNREACHABLE
from rumor.core.requests.requests import IN_VAIN
from rumor.core.settings import RequestSettings

from .talk import LATENCY, Node, Talk


def answered(node: Node) -> list[str]:
    """Who answered."""
    return [event.member for event in node.said(Answered) if event.outcome is Outcome.ANSWERED]


def reasons(node: Node) -> list[str]:
    """Why questions came to nothing."""
    return [event.reason for event in node.said(Unanswered)]


# How many.


def test_more_members_than_links_wait_their_turn() -> None:
    """Who is asked gets an answer all the same, and there are never more links than may be."""
    talk = Talk(20, settings=RequestSettings(links_max=3))
    ana = talk.nodes[0]
    for node in talk.nodes[1:]:
        talk.answer(node)

    for node in talk.nodes[1:]:
        talk.ask(ana, node)
    most = 0
    for _ in range(200):
        talk.run(LATENCY)
        most = max(most, len(ana.ends))

    assert answered(ana) == [node.name for node in talk.nodes[1:]]
    assert most == 3


def test_a_link_that_nothing_needs_gives_its_place_to_who_waits() -> None:
    """It would be kept for a while, but others come first."""
    talk = Talk(3, settings=RequestSettings(links_max=1, link_idle=60.0))
    ana, bo, cy = talk.nodes
    talk.answer(bo)
    talk.answer(cy)
    talk.ask(ana, bo)
    talk.run(1.0)

    talk.ask(ana, cy)
    talk.run(0.1)

    assert answered(ana) == [bo.name, cy.name]
    assert [(event.name, event.parting) for event in ana.said(LinkDown)] == [(bo.name, Parting.DONE)]


def test_a_link_in_use_gives_its_place_to_nobody() -> None:
    """Who waits for it waits in vain; what is asked later goes on."""
    talk = Talk(3, settings=RequestSettings(links_max=1))
    ana, bo, cy = talk.nodes
    talk.answer(cy)
    talk.ask(ana, bo, timeout=5.0)
    talk.run(0.1)

    talk.ask(ana, cy, timeout=1.0)
    talk.run(2.0)
    assert reasons(ana) == [IN_VAIN]
    talk.ask(ana, cy, timeout=10.0)
    talk.run(5.0)

    assert reasons(ana) == [IN_VAIN, IN_VAIN]
    assert answered(ana) == [cy.name]
    assert cy.heard(Asked) == []


def test_who_waits_no_more_is_not_dialled() -> None:
    """Its turn came too late."""
    talk = Talk(3, settings=RequestSettings(links_max=1))
    ana, bo, cy = talk.nodes
    talk.ask(ana, bo, timeout=2.0)
    talk.ask(ana, cy, timeout=1.0)

    talk.run(10.0)

    assert ana.dialled == [bo.address]


def test_the_longest_patience_counts() -> None:
    """Of two who wait for the same member, one gave up before its turn came."""
    talk = Talk(3, settings=RequestSettings(links_max=1))
    ana, bo, cy = talk.nodes
    talk.answer(cy)
    talk.ask(ana, bo, timeout=2.0)
    talk.ask(ana, cy, timeout=1.0)
    talk.ask(ana, cy, timeout=10.0)

    talk.run(10.0)

    assert answered(ana) == [cy.name]


# How long.


def test_a_link_is_kept_for_a_while_after_its_last_use() -> None:
    """So that the next question needs no other; then it is closed."""
    talk = Talk(2, settings=RequestSettings(link_idle=5.0))
    ana, bo = talk.nodes
    talk.answer(bo)

    talk.ask(ana, bo)
    talk.run(4.0)
    talk.ask(ana, bo)
    talk.run(4.0)
    assert ana.said(LinkDown) == []
    talk.run(2.0)

    assert [event.parting for event in ana.said(LinkDown)] == [Parting.DONE]
    assert len(ana.dialled) == 1


def test_a_link_is_held_from_the_question_to_the_answer() -> None:
    """At both ends: whoever would close it for being of no use sees that it is of some."""
    talk = Talk(2)
    ana, bo = talk.nodes
    link = talk.link(ana, bo)
    (theirs,) = bo.ends
    assert (ana.requests.holds(link), bo.requests.holds(theirs)) == (False, False)

    talk.ask(ana, bo, timeout=60.0)
    talk.run(30.0)
    assert (ana.requests.holds(link), bo.requests.holds(theirs)) == (True, True)
    talk.respond(bo, bo.said(Asked)[0])
    talk.run(0.1)

    assert (ana.requests.holds(link), bo.requests.holds(theirs)) == (False, False)


def test_a_link_that_became_a_neighbor_s_is_not_closed() -> None:
    """It is used on, and whoever watches neighbors ends it."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.answer(bo)
    talk.ask(ana, bo)
    talk.run(0.1)
    (link,) = ana.ends

    ana.requests.on_neighbor(link)
    talk.run(60.0)
    talk.ask(ana, bo)
    talk.run(60.0)

    assert answered(ana) == [bo.name, bo.name]
    assert ana.said(LinkDown) == []


# Whose.


def test_a_link_made_here_is_ours() -> None:
    """It is told to be, so that nobody makes a neighbor of it; one that the other made is not."""
    talk = Talk(2)
    ana, bo = talk.nodes

    talk.ask(ana, bo)
    talk.run(0.1)

    assert (len(ana.ours), bo.ours) == (1, set())


def test_a_link_that_somebody_else_is_making_is_used() -> None:
    """It is not dialled twice, and stays whose it is."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.answer(bo)
    ana.links.dial(bo.address, talk.now)

    talk.ask(ana, bo)
    talk.run(30.0)

    assert answered(ana) == [bo.name]
    assert len(ana.dialled) == 1
    assert ana.ours == set()
    assert ana.said(LinkDown) == []


def test_a_link_that_somebody_else_could_not_make_is_told() -> None:
    """Its failure is ours, too."""
    talk = Talk(2)
    ana, bo = talk.nodes
    bo.refuses = True
    ana.links.dial(bo.address, talk.now)

    talk.ask(ana, bo)
    talk.run(0.1)

    assert reasons(ana) == [UNREACHABLE]


@pytest.mark.parametrize("asker", [0, 1])
def test_a_link_that_fails_while_another_stands_is_not_missed(asker: int) -> None:
    """The member dials us, and can't be dialled itself: its link waits for ours to fail, or stands at once."""
    talk = Talk(2)
    one, other = talk.nodes[asker], talk.nodes[1 - asker]
    talk.answer(other)
    other.refuses = True
    other.links.dial(one.address, talk.now)
    talk.step(other)
    talk.run(0.5 * LATENCY)

    talk.ask(one, other)
    talk.run(1.0)

    assert (answered(one), reasons(one)) == ([other.name], [])
    assert one.dialled == [other.address]


# Why not.


def failing(*, failure: Failure, parting: Parting | None = None, classic: bool = False) -> list[str]:
    """Why a question came to nothing whose link failed like this."""
    talk = Talk(2)
    ana, bo = talk.nodes
    talk.ask(ana, bo, timeout=5.0)
    ana.requests.on_link_failed(LinkFailed(2, bo.address, failure, parting, classic), talk.now)
    talk.step(ana)
    return reasons(ana)


@pytest.mark.parametrize(
    ("failure", "parting", "classic", "why"),
    [
        (Failure.UNREACHABLE, None, False, UNREACHABLE),
        (Failure.SILENT, None, False, UNREACHABLE),
        (Failure.CLOSED, None, True, NO_FRAMES),
        (Failure.GARBLED, None, False, NO_FRAMES),
        (Failure.CLOSED, Parting.OTHER_NETWORK, False, REFUSED),
    ],
)
def test_it_is_told_why_a_member_was_not_reached(
    failure: Failure, parting: Parting | None, classic: bool, why: str
) -> None:
    """In words for people."""
    assert failing(failure=failure, parting=parting, classic=classic) == [why]


def test_our_own_address_is_nobody_else_s() -> None:
    """What is known of the member is out of date: we do not dial ourselves."""
    talk = Talk(2)
    ana, bo = talk.nodes
    ana.identity.seen_as(bo.address)

    talk.ask(ana, bo)

    assert reasons(ana) == [ANOTHER]
    assert ana.dialled == []


def test_who_has_no_place_now_is_dialled_again() -> None:
    """With longer and longer waits, until there is one."""
    talk = Talk(3, links_max=1)
    ana, bo, cy = talk.nodes
    talk.answer(bo)
    link = talk.link(cy, bo)
    talk.ask(ana, bo, timeout=10.0)
    talk.run(3.0)
    dials = len(ana.dialled)

    talk.part(cy, link)
    talk.run(2.0)

    assert answered(ana) == [bo.name]
    assert 4 <= dials <= 12


def test_who_never_has_a_place_is_dialled_as_long_as_somebody_waits() -> None:
    """Then no more."""
    talk = Talk(3, links_max=1)
    ana, bo, cy = talk.nodes
    talk.link(cy, bo)

    talk.ask(ana, bo, timeout=1.0)
    talk.run(3.0)
    dials = len(ana.dialled)
    talk.run(60.0)

    assert reasons(ana) == [IN_VAIN]
    assert len(ana.dialled) == dials
    assert ana.requests.next_deadline() is None


def test_two_names_at_one_address_share_a_dial() -> None:
    """One of them lives there; the other learns that it does not."""
    talk = Talk(3)
    ana, bo, cy = talk.nodes
    talk.answer(bo)
    cy.address = bo.address

    talk.ask(ana, cy)
    talk.ask(ana, bo)
    talk.run(0.1)

    assert ana.dialled == [Address("10.0.0.2", 4000)]
    assert (answered(ana), reasons(ana)) == ([bo.name], [ANOTHER])
