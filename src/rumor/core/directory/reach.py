"""Reach: how many of the known members are on our side, and whether a partition is likely.

    a great share dies within a short time --> parted --nearly all of them are back or reaped--> whole again

A crash and a cut look the same from here. What differs is how many go at once.
"""

from itertools import takewhile

from rumor.core.ids import Seconds
from rumor.core.members import Reach, State
from rumor.core.settings import DirectorySettings

DEAD_LEAST = 2
"""Fewer at once are no partition, whatever share of a small network they are."""

MISSING_SHARE = 0.1
"""A partition has healed when no more than so many of those that died in it are still dead."""


class ReachWatch:
    """Counts members by their states, and watches deaths. Times are moments, but for `since`: seconds since 1970."""

    def __init__(self, settings: DirectorySettings) -> None:
        self._settings = settings
        self._counts = dict.fromkeys(State, 0)
        self._died: dict[str, Seconds] = {}
        self._missing: dict[str, None] = {}
        self._missed = 0
        self._parted = False
        self._since: Seconds = 0.0
        self._has_moved = False

    def begin(self, since: Seconds) -> None:
        """The directory begins."""
        self._since = since

    def moved(self, name: str, old: State | None, new: State | None, now: Seconds) -> None:
        """A member came (`old` None), was reaped (`new` None), or has another state."""
        self._has_moved = True
        if old is not None:
            self._counts[old] -= 1
        if new is not None:
            self._counts[new] += 1
        self._died.pop(name, None)
        self._missing.pop(name, None)
        if new is State.DEAD and old is not None:  # who was dead when we came died before our time
            self._died[name] = now
            if self._parted:
                self._missing[name] = None
                self._missed += 1

    def look(self, now: Seconds, since: Seconds) -> Reach | None:
        """The reach, if a partition opened or healed since the last look."""
        if not self._has_moved:
            return None
        self._has_moved = False
        lately = [] if self._parted else self._died_after(now - self._settings.parted_within)
        parted = self._is_still_parted() if self._parted else self._are_many(len(lately))
        if parted == self._parted:
            return None
        self._parted, self._since = parted, since
        self._missing, self._missed = dict.fromkeys(lately), len(lately)
        return self.reach()

    def reach(self) -> Reach:
        """How many are on our side."""
        here = self._counts[State.ALIVE] + self._counts[State.SUSPECT] + self._counts[State.AWAY]
        return Reach(here, here + self._counts[State.DEAD], self._parted, self._since)

    def _died_after(self, moment: Seconds) -> list[str]:
        """Who died after a moment and is dead still."""
        return [name for name, _ in takewhile(lambda death: death[1] > moment, reversed(self._died.items()))]

    def _are_many(self, lately: int) -> bool:
        return lately >= max(DEAD_LEAST, self._settings.parted_share * self.reach().known)

    def _is_still_parted(self) -> bool:
        return len(self._missing) > MISSING_SHARE * self._missed
