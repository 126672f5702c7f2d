"""Ranges of numbers."""

from hypothesis import given
from hypothesis import strategies as st

from rumor.sim.intervals import Intervals

ranges = st.tuples(st.integers(1, 40), st.integers(0, 6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(added=st.lists(ranges, max_size=12), asked=ranges)
def test_ranges_are_as_a_set(added: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    """Whatever is added, ranges answer as a set of all their numbers would."""
    intervals, numbers = Intervals(), set[int]()
    for first, last in added:
        new = set(range(first, last + 1))
        assert intervals.add(first, last) == numbers.isdisjoint(new)
        if numbers.isdisjoint(new):
            numbers |= new
    wanted = set(range(asked[0], asked[1] + 1))
    assert [number for first, last in intervals for number in range(first, last + 1)] == sorted(numbers)
    assert intervals.covers(*asked) == (wanted <= numbers)
    assert intervals.overlaps(*asked) == (not numbers.isdisjoint(wanted))
    assert (asked[0] in intervals) == (asked[0] in numbers)
    assert intervals.top == max(numbers, default=0)
    end = next(number for number in range(asked[0], 100) if number not in numbers) - 1
    assert intervals.end_of(asked[0]) == (end if asked[0] in numbers else None)


def test_touching_ranges_are_one() -> None:
    """What comes in order takes one range, and a hole that is filled joins two."""
    intervals = Intervals()
    for number in (1, 2, 3, 7, 8, 5, 4, 6):
        intervals.add(number, number)
    assert list(intervals) == [(1, 8)]
