"""Complaints: what is wrong is said once a window, with what was held back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumor.aio.complaints import CAPACITY, WINDOW, Complaints
from rumor.core.events import Problem

GARBLED = Problem("a text that fits no form", "10.1.2.3")


@given(st.floats(0, 1e9))
def test_the_first_complaint_is_said_at_once(now: float) -> None:
    """Whatever the clock shows, what was never said is said."""
    assert Complaints().admit(GARBLED, now) is GARBLED


@pytest.mark.parametrize("later", [0.0, 0.001, WINDOW / 2, WINDOW - 0.001])
def test_the_same_complaint_is_held_back_within_the_window(later: float) -> None:
    """A sender of garbage does not fill the terminal."""
    complaints = Complaints()
    complaints.admit(GARBLED, 100.0)

    assert complaints.admit(GARBLED, 100.0 + later) is None


def test_after_the_window_it_is_said_again() -> None:
    """What happens once a window is said each time, as it is."""
    complaints = Complaints()
    complaints.admit(GARBLED, 100.0)

    assert complaints.admit(GARBLED, 100.0 + WINDOW) is GARBLED


def test_what_was_held_back_is_counted() -> None:
    """The next one says how many there were, once."""
    complaints = Complaints()
    for second in range(10):
        complaints.admit(GARBLED, 100.0 + second)

    again = [complaints.admit(GARBLED, 100.0 + round_ * WINDOW) for round_ in (1, 2)]

    assert again == [Problem("a text that fits no form", "10.1.2.3", "and 9 more like it"), GARBLED]


def test_the_count_stands_after_the_detail() -> None:
    """What a problem says of itself is kept."""
    complaints = Complaints()
    complaints.admit(Problem("no answer", "", "the first"), 100.0)
    complaints.admit(Problem("no answer", "", "the second"), 101.0)

    assert complaints.admit(Problem("no answer", "", "the third"), 100.0 + WINDOW) == Problem(
        "no answer", "", "the third, and 1 more like it"
    )


def test_details_do_not_make_a_complaint_another() -> None:
    """The detail differs from case to case; the problem is the same."""
    complaints = Complaints()
    complaints.admit(Problem("no answer", "10.1.2.3", "tried 1 time"), 100.0)

    assert complaints.admit(Problem("no answer", "10.1.2.3", "tried 2 times"), 101.0) is None


def test_another_source_and_another_problem_are_said() -> None:
    """Nobody's noise hides somebody else's trouble."""
    complaints = Complaints()
    complaints.admit(GARBLED, 100.0)
    another_source = Problem(GARBLED.what, "10.1.2.4")
    another_problem = Problem("no answer", GARBLED.source)

    assert complaints.admit(another_source, 100.0) is another_source
    assert complaints.admit(another_problem, 100.0) is another_problem


def test_the_oldest_are_forgotten_when_there_are_too_many() -> None:
    """A sender with many addresses costs bounded memory; what was said last is remembered."""
    complaints = Complaints()
    problems = [Problem("garbage", f"source {number}") for number in range(CAPACITY + 1)]
    for problem in problems:
        complaints.admit(problem, 100.0)

    assert complaints.admit(problems[1], 101.0) is None
    assert complaints.admit(problems[-1], 101.0) is None
    assert complaints.admit(problems[0], 101.0) is problems[0]


def test_what_was_said_again_is_not_the_oldest() -> None:
    """A complaint counts from when it was last said."""
    complaints = Complaints()
    complaints.admit(GARBLED, 100.0)
    for number in range(CAPACITY - 1):
        complaints.admit(Problem("garbage", f"source {number}"), 100.0)
    complaints.admit(GARBLED, 100.0 + WINDOW)

    complaints.admit(Problem("garbage", "one more"), 100.0 + WINDOW)

    assert complaints.admit(GARBLED, 101.0 + WINDOW) is None
