"""Deadlines: the same as Timers, for thousands of keys."""

from hypothesis import given
from hypothesis import strategies as st

from rumor.core.requests.deadlines import DEAD_MAX, Deadlines


def test_what_is_due_comes_soonest_first_and_once() -> None:
    """Each key is given when its time has come, and then forgotten."""
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("late", 3.0)
    deadlines.set("soon", 1.0)
    deadlines.set("next", 2.0)

    assert deadlines.next_deadline() == 1.0
    assert list(deadlines.due(2.0)) == ["soon", "next"]
    assert list(deadlines.due(2.0)) == []
    assert ("soon" in deadlines, "late" in deadlines, len(deadlines)) == (False, True, 1)
    assert deadlines.next_deadline() == 3.0


def test_what_is_moved_or_cancelled_is_not_due_at_its_old_time() -> None:
    """The latest word about a key counts."""
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("moved", 1.0)
    deadlines.set("gone", 1.0)
    deadlines.set("moved", 5.0)
    deadlines.cancel("gone")
    deadlines.cancel("never there")

    assert deadlines.next_deadline() == 5.0
    assert list(deadlines.due(4.0)) == []
    assert list(deadlines.due(5.0)) == ["moved"]
    assert deadlines.next_deadline() is None


def test_who_takes_one_may_cancel_the_next() -> None:
    """A key that is cancelled while an earlier one is served is left out; one that is set anew waits."""
    deadlines: Deadlines[str] = Deadlines()
    for key in ("one", "two", "three"):
        deadlines.set(key, 1.0)

    given = []
    for key in deadlines.due(1.0):
        given.append(key)
        deadlines.cancel("two")
        deadlines.set("one", 0.5)

    assert given == ["one", "three"]
    assert deadlines.next_deadline() == 0.5


def test_what_was_cancelled_takes_no_room_for_long() -> None:
    """However many were set and cancelled, no more is kept than twice what is set, and a few."""
    deadlines: Deadlines[int] = Deadlines()
    for number in range(10_000):
        deadlines.set(number, 300.0)
        deadlines.cancel(number - 5)

    assert len(deadlines) == 5
    assert len(deadlines._heap) <= 2 * 5 + DEAD_MAX + 2
    assert list(deadlines.due(300.0)) == list(range(9_995, 10_000))


@given(st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 10)), max_size=60), st.integers(0, 10))
def test_they_are_as_a_dictionary_is(steps: list[tuple[int, int | None]], now: int) -> None:
    """Whatever was set and cancelled, what is due is what a look at all keys finds."""
    deadlines: Deadlines[int] = Deadlines()
    model: dict[int, int] = {}
    for key, deadline in steps:
        if deadline is None:
            deadlines.cancel(key)
            model.pop(key, None)
        else:
            deadlines.set(key, deadline)
            model[key] = deadline

    assert deadlines.next_deadline() == min(model.values(), default=None)
    assert sorted(deadlines.due(now)) == sorted(key for key, deadline in model.items() if deadline <= now)
    assert deadlines.next_deadline() == min((at for at in model.values() if at > now), default=None)
