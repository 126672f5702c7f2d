"""Sets of rumor numbers, as ranges: what was read, what was missed."""

from collections.abc import Iterable, Iterator

CAPACITY = 1024
"""Ranges in one set; when there are more, the two newest become one, with what lies between them."""


class Ranges:
    """A set of whole numbers as disjoint ranges `(first, last)`, lowest first, no two of them adjacent."""

    __slots__ = ("_ranges",)

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._ranges: list[tuple[int, int]] = []
        for first, last in ranges:
            self.add(first, last)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(tuple(self._ranges))

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def add(self, first: int, last: int) -> None:
        """Put in `first` to `last`; nothing when `last` is below `first`."""
        if last < first:
            return
        ranges = self._ranges
        if not ranges or first > ranges[-1][1] + 1:
            ranges.append((first, last))
        else:
            self._merge(first, last)
        if len(ranges) > CAPACITY:
            (start, _), (_, end) = ranges[-2:]
            ranges[-2:] = [(start, end)]

    def discard(self, first: int, last: int) -> None:
        """Take out `first` to `last`; nothing when `last` is below `first`."""
        if last < first:
            return
        kept = []
        for start, end in self._ranges:
            if end < first or start > last:
                kept.append((start, end))
                continue
            if start < first:
                kept.append((start, first - 1))
            if end > last:
                kept.append((last + 1, end))
        self._ranges[:] = kept

    def within(self, first: int, last: int) -> list[tuple[int, int]]:
        """What it has of `first` to `last`."""
        return [
            (max(start, first), min(end, last)) for start, end in self._ranges if start <= last and end >= first
        ]  # fmt: skip

    def below(self, number: int) -> list[tuple[int, int]]:
        """What it has below a number."""
        return self.within(0, number - 1)

    def _merge(self, first: int, last: int) -> None:
        touching = [(start, end) for start, end in self._ranges if start <= last + 1 and end >= first - 1]
        first = min([first, *(start for start, _ in touching)])
        last = max([last, *(end for _, end in touching)])
        before = [(start, end) for start, end in self._ranges if end < first]
        after = [(start, end) for start, end in self._ranges if start > last]
        self._ranges[:] = [*before, (first, last), *after]
