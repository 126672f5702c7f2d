"""Told texts: what the application was told by a classic text although, perhaps, a run will bring it as well.

The origin of a text may be a peer of ours to which no link leads yet. Once one does, its runs bring the same rumors;
they are told without those that were told already.

Rule: bounded. The oldest is forgotten first.
"""

import msgspec

from rumor.core.frames import Lane, Run
from rumor.core.messages import Gossip

CAPACITY = 10_000


class ToldTexts:
    """The rumors that were told by texts, as who is asked for each run: quick where the origin has none."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._told: dict[tuple[str, int, str], None] = {}
        self.origins: dict[str, int] = {}
        """Of whom, and how many."""

    def add(self, gossip: Gossip) -> None:
        """The application is told a text."""
        origin = str(gossip.origin)
        key = (origin, gossip.number, gossip.timestamp)
        if key in self._told:
            return
        self._told[key] = None
        self.origins[origin] = self.origins.get(origin, 0) + 1
        if len(self._told) > self._capacity:
            self._forget(next(iter(self._told)))

    def without(self, run: Run) -> list[Run]:
        """A run without what was told of it: itself, nothing, or what is left, in order."""
        if run.origin not in self.origins or run.lane is not Lane.APP:
            return [run]
        timestamp = timestamp_of(run)
        numbers = range(run.first, run.last + 1)
        left = [number for number in numbers if (run.origin, number, timestamp) not in self._told]
        if len(left) == len(run.payloads):
            return [run]
        pieces: list[list[int]] = []
        for number in left:
            if pieces and pieces[-1][-1] == number - 1:
                pieces[-1].append(number)
            else:
                pieces.append([number])
        return [_part(run, piece[0], piece[-1]) for piece in pieces]

    def _forget(self, key: tuple[str, int, str]) -> None:
        del self._told[key]
        self.origins[key[0]] -= 1
        if not self.origins[key[0]]:
            del self.origins[key[0]]


def timestamp_of(run: Run) -> str:
    """When a run was said, as the texts of its rumors have it: the same at every bridge."""
    return f"{run.timestamp // 1_000_000}.{run.timestamp % 1_000_000:06d}"


def _part(run: Run, first: int, last: int) -> Run:
    payloads = run.payloads[first - run.first : last - run.first + 1]
    return msgspec.structs.replace(run, first=first, payloads=payloads)
