"""Reviews: when members must be looked at again, because their state may change by time alone."""

import heapq

from rumor.core.ids import Seconds

SLACK = 64
"""So many moments more than members are kept; above that, those that are out of date are thrown away."""


class Reviews:
    """One moment for each member, or none."""

    def __init__(self) -> None:
        self._moments: dict[str, Seconds] = {}
        self._heap: list[tuple[Seconds, str]] = []

    def plan(self, name: str, moment: Seconds | None) -> None:
        """Look at a member at that moment and no other; None: not at all."""
        if moment == self._moments.get(name):
            return
        if moment is None:
            del self._moments[name]
            return
        self._moments[name] = moment
        heapq.heappush(self._heap, (moment, name))
        if len(self._heap) > 2 * len(self._moments) + SLACK:
            self._heap = [(moment, name) for name, moment in self._moments.items()]
            heapq.heapify(self._heap)

    def due(self, now: Seconds) -> list[str]:
        """Who is to be looked at now, each given once."""
        names = []
        while self._heap and self._heap[0][0] <= now:
            moment, name = heapq.heappop(self._heap)
            if self._moments.get(name) == moment:
                del self._moments[name]
                names.append(name)
        return names

    def next_deadline(self) -> Seconds | None:
        """When `due` has something to give."""
        while self._heap and self._moments.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
