"""Sets of numbers as ranges, against plain sets."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rumor.aio.ranges import CAPACITY, Ranges

NUMBERS = st.integers(0, 40)
STEPS = st.lists(st.tuples(st.booleans(), NUMBERS, NUMBERS), max_size=20)


@given(STEPS)
def test_ranges_are_sets(steps: list[tuple[bool, int, int]]) -> None:
    """Whatever is put in and taken out, it holds what a set would, as ranges that neither meet nor touch."""
    ranges, numbers = Ranges(), set[int]()

    for adds, first, last in steps:
        if adds:
            ranges.add(first, last)
            numbers |= set(range(first, last + 1))
        else:
            ranges.discard(first, last)
            numbers -= set(range(first, last + 1))

    held = list(ranges)
    assert [number for first, last in held for number in range(first, last + 1)] == sorted(numbers)
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(held))
    assert bool(ranges) == bool(numbers)


@given(STEPS, NUMBERS, NUMBERS)
def test_a_part_of_them(steps: list[tuple[bool, int, int]], first: int, last: int) -> None:
    """`within` is what they have in common with a range, `below` with all numbers under one."""
    ranges = Ranges((low, high) for adds, low, high in steps if adds)
    numbers = {number for low, high in ranges for number in range(low, high + 1)}

    within = {number for low, high in ranges.within(first, last) for number in range(low, high + 1)}
    below = {number for low, high in ranges.below(first) for number in range(low, high + 1)}

    assert within == numbers & set(range(first, last + 1))
    assert below == {number for number in numbers if number < first}


def test_they_are_bounded() -> None:
    """When there are too many, the newest two become one: rather too much than too little is told as lost."""
    ranges = Ranges((number, number) for number in range(0, 2 * CAPACITY + 2, 2))

    assert len(list(ranges)) == CAPACITY
    assert list(ranges)[-1] == (2 * CAPACITY - 2, 2 * CAPACITY)
