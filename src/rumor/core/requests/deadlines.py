"""Deadlines of many things at once: thousands of keys, most of them forgotten before they fall due.

    set --> due, once
     `--set again: moved, `--cancel: forgotten

`Timers` looks at all its keys when the soonest goes. Here a heap knows the soonest; what was moved or forgotten stays
in it as a dead entry until it comes to the top, or until dead entries are the most.
"""

from collections.abc import Hashable, Iterator
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

from rumor.core.ids import Seconds

Key = TypeVar("Key", bound=Hashable)

DEAD_MAX = 64
"""So many dead entries are kept however few live ones there are."""


class Deadlines(Generic[Key]):
    """Named deadlines; setting a key again moves it."""

    def __init__(self) -> None:
        self._deadlines: dict[Key, Seconds] = {}
        self._heap: list[tuple[Seconds, int, Key]] = []
        self._count = 0

    def set(self, key: Key, deadline: Seconds) -> None:
        """Let `key` fall due at `deadline`."""
        self._deadlines[key] = deadline
        if len(self._heap) > 2 * len(self._deadlines) + DEAD_MAX:
            self._heap = [entry for entry in self._heap if self._deadlines.get(entry[2]) == entry[0]]
            heapify(self._heap)
        self._count += 1
        heappush(self._heap, (deadline, self._count, key))

    def cancel(self, key: Key) -> None:
        """Forget a key; one that is not set is no error."""
        self._deadlines.pop(key, None)

    def __contains__(self, key: Key) -> bool:
        """Whether a key is set."""
        return key in self._deadlines

    def __len__(self) -> int:
        """How many keys are set."""
        return len(self._deadlines)

    def next_deadline(self) -> Seconds | None:
        """When the soonest key falls due, or None."""
        heap = self._heap
        while heap and self._deadlines.get(heap[0][2]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def due(self, now: Seconds) -> Iterator[Key]:
        """The keys that are due, soonest first, each forgotten as it is given.

        A key that is moved or cancelled meanwhile, by whoever takes an earlier one, is left out; one that is set anew
        waits for the next look.
        """
        ready = []
        while self._heap and self._heap[0][0] <= now:
            ready.append(heappop(self._heap))
        for deadline, _, key in ready:
            if self._deadlines.get(key) == deadline:
                del self._deadlines[key]
                yield key
