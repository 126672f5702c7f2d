"""Hearing: how steadily we hear our neighbors. Who hears none of them is cut off, or its network is sick.

    a frame of any neighbor ... a frame of any neighbor --gap of `strikes_max` intervals--> whole anew from here

That long a neighbor may be silent until it is given up; all of them at once are no coincidence, whoever is to blame.
Who is not heard by others may hear them well, but they part with it again and again: it has no lasting neighbor.
"""

import math

from rumor.core.ids import Seconds
from rumor.core.settings import LivenessSettings


class Hearing:
    """What one node hears, and by which links. `liveness` says what comes, `directory` asks."""

    def __init__(self, liveness: LivenessSettings) -> None:
        self._gap = liveness.strikes_max * liveness.interval
        self._since: Seconds = -math.inf
        self._last: Seconds = math.inf
        self._links: dict[int, Seconds] = {}

    def begin(self, link: int, now: Seconds) -> None:
        """A neighbor came."""
        self._links[link] = now

    def end(self, link: int) -> None:
        """A neighbor is gone."""
        del self._links[link]

    def heard(self, now: Seconds) -> None:
        """A neighbor was heard."""
        if now - self._last > self._gap:
            self._since = now
        self._last = now

    def paused(self, now: Seconds) -> None:
        """We were stopped until now, and could not hear: that is no gap."""
        self._last = max(self._last, now - self._gap / 2)

    def steady_since(self, now: Seconds) -> Seconds:
        """Since when some neighbor or other was heard without a gap, and one and the same was there; else `now`."""
        whole_since = now if now - self._last > self._gap else self._since
        return max(whole_since, next(iter(self._links.values()), now))
