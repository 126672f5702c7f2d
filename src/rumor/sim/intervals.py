"""Which numbers there are: disjoint ranges in order, joined where they touch."""

from bisect import bisect_right
from collections.abc import Iterator


class Intervals:
    """A set of whole numbers that come mostly in order."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """The ranges, lowest first."""
        return zip(self._firsts, self._lasts, strict=True)

    def __contains__(self, number: int) -> bool:
        """Whether the number is there."""
        return self.overlaps(number, number)

    @property
    def top(self) -> int:
        """The highest number; 0 if there is none."""
        return self._lasts[-1] if self._lasts else 0

    def end_of(self, number: int) -> int | None:
        """Where the range ends that this number is in; None if it is in none."""
        at = bisect_right(self._firsts, number) - 1
        return self._lasts[at] if at >= 0 and self._lasts[at] >= number else None

    def covers(self, first: int, last: int) -> bool:
        """Whether all numbers from `first` to `last` are there."""
        at = bisect_right(self._firsts, first) - 1
        return first > last or (at >= 0 and self._lasts[at] >= last)

    def overlaps(self, first: int, last: int) -> bool:
        """Whether any number from `first` to `last` is there."""
        at = bisect_right(self._firsts, last) - 1
        return first <= last and at >= 0 and self._lasts[at] >= first

    def add(self, first: int, last: int) -> bool:
        """Put in the numbers from `first` to `last`; False, and nothing is changed, if any of them is there."""
        firsts, lasts = self._firsts, self._lasts
        at = bisect_right(firsts, last)  # the range before this place begins at or before `last`
        if at and lasts[at - 1] >= first:
            return False
        joins_before = at > 0 and lasts[at - 1] == first - 1
        joins_after = at < len(firsts) and firsts[at] == last + 1
        if joins_before and joins_after:
            lasts[at - 1] = lasts[at]
            del firsts[at], lasts[at]
        elif joins_before:
            lasts[at - 1] = last
        elif joins_after:
            firsts[at] = first
        else:
            firsts.insert(at, first)
            lasts.insert(at, last)
        return True
