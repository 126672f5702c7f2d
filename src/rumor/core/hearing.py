"""Hearing: since when we hear our neighbors without a gap. Who hears none of them is cut off, or its network is sick.

    a frame of any neighbor ... a frame of any neighbor --gap of `strikes_max` intervals--> steady anew from here

That long a neighbor may be silent until it is given up; all of them at once are no coincidence, whoever is to blame.
"""

from rumor.core.ids import Seconds
from rumor.core.settings import LivenessSettings


class Hearing:
    """How steadily one node hears. `liveness` is told what comes, `directory` asks."""

    def __init__(self, liveness: LivenessSettings) -> None:
        self._gap = liveness.strikes_max * liveness.interval
        self._since: Seconds = 0.0
        self._last: Seconds = 0.0

    def heard(self, now: Seconds) -> None:
        """A neighbor was heard."""
        if now - self._last > self._gap:
            self._since = now
        self._last = now

    def paused(self, now: Seconds) -> None:
        """We were stopped until now, and could not hear: that is no gap."""
        self._last = max(self._last, now - self._gap / 2)

    def steady_since(self, now: Seconds) -> Seconds:
        """Since when some neighbor was heard without a gap; `now` in the middle of one."""
        return now if now - self._last > self._gap else self._since
