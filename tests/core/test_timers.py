"""Named deadlines, and how long to wait after failures."""

from random import Random

import pytest

from rumor.core.timers import Timers, backoff, soonest

from .helpers import SEED_NUMBERS


def timers_with(**deadlines: float) -> Timers[str]:
    """Timers with these keys set."""
    timers: Timers[str] = Timers()
    for key, deadline in deadlines.items():
        timers.set(key, deadline)
    return timers


def test_without_a_key_nothing_is_due() -> None:
    """Fresh timers have no deadline."""
    timers = timers_with()

    assert timers.next_deadline() is None
    assert list(timers.due(1e9)) == []


def test_keys_fall_due_soonest_first_at_their_deadline() -> None:
    """What is due comes in the order of deadlines, each once, and what is not yet due stays."""
    timers = timers_with(late=3.0, middle=2.0, early=1.0)

    assert timers.next_deadline() == 1.0
    assert list(timers.due(0.9)) == []
    assert list(timers.due(2.0)) == ["early", "middle"]
    assert list(timers.due(2.0)) == []
    assert timers.next_deadline() == 3.0


def test_keys_of_one_moment_fall_due_in_the_order_in_which_they_were_set() -> None:
    """Equal deadlines keep the order of setting, whatever the keys are."""
    assert list(timers_with(b=1.0, a=1.0, c=1.0).due(1.0)) == ["b", "a", "c"]


def test_setting_a_key_again_moves_it() -> None:
    """A key has one deadline: the one it was given last."""
    timers = timers_with(key=1.0)

    timers.set("key", 5.0)

    assert list(timers.due(4.9)) == []
    assert list(timers.due(5.0)) == ["key"]


def test_a_cancelled_key_is_forgotten() -> None:
    """A cancelled key never falls due, and one that is not set may be cancelled."""
    timers = timers_with(key=1.0)

    timers.cancel("key")
    timers.cancel("unknown")

    assert "key" not in timers
    assert list(timers.due(1.0)) == []


def test_a_key_is_set_until_it_is_given() -> None:
    """A key is contained from `set` on until it was given as due."""
    timers = timers_with(key=1.0)
    assert "key" in timers

    for key in timers.due(1.0):
        assert key not in timers


def test_a_key_moved_or_cancelled_while_others_are_taken_is_left_out() -> None:
    """Whoever takes an earlier key may still move or cancel a later one."""
    timers = timers_with(first=1.0, moved=2.0, cancelled=3.0, last=4.0)
    taken = []

    for key in timers.due(4.0):
        taken.append(key)
        timers.cancel("cancelled")
        timers.set("moved", 9.0)

    assert taken == ["first", "last"]
    assert timers.next_deadline() == 9.0


def test_a_key_set_again_as_it_is_taken_waits_for_the_next_time() -> None:
    """Who sets a key again for the same moment while taking it does not take it for ever."""
    timers = timers_with(key=1.0)

    for key in timers.due(1.0):
        timers.set(key, 1.0)

    assert timers.next_deadline() == 1.0


def test_a_key_whose_deadline_is_not_the_soonest_may_move() -> None:
    """The soonest is known all the while."""
    timers = timers_with(soon=1.0, late=5.0)

    timers.set("late", 6.0)
    timers.set("later", 9.0)
    timers.cancel("late")

    assert timers.next_deadline() == 1.0
    timers.cancel("soon")
    timers.set("new", 3.0)
    assert timers.next_deadline() == 3.0


def test_a_key_that_is_cancelled_as_the_last_one_due_is_left_out() -> None:
    """Nothing is given that was taken back, even at the end."""
    timers = timers_with(first=1.0, last=2.0)

    for key in timers.due(2.0):
        assert key == "first"
        timers.cancel("last")

    assert timers.next_deadline() is None


@pytest.mark.parametrize(
    ("deadlines", "first"), [((), None), ((None, None), None), ((3.0, None, 2.0), 2.0), ((0.0, 1.0), 0.0)]
)
def test_the_soonest_of_several_deadlines(deadlines: tuple[float | None, ...], first: float | None) -> None:
    """The least deadline is the soonest; those that are missing don't count."""
    assert soonest(*deadlines) == first


@pytest.mark.parametrize("number", SEED_NUMBERS)
@pytest.mark.parametrize(("tries", "full"), [(1, 1.0), (2, 2.0), (3, 4.0), (6, 32.0), (7, 60.0), (5000, 60.0)])
def test_a_wait_doubles_up_to_the_longest_and_is_spread_by_a_half(number: int, tries: int, full: float) -> None:
    """After each failure the wait doubles, up to the longest; chance takes off up to a half of it."""
    wait = backoff(tries, first=1.0, longest=60.0, rng=Random(number))

    assert full / 2 <= wait <= full


def test_waits_differ_by_chance() -> None:
    """Two peers that failed in the same moment don't come back in the same moment."""
    assert len({backoff(3, first=1.0, longest=60.0, rng=Random(number)) for number in range(50)}) == 50
