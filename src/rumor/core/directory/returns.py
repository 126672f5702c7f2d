"""Returns: when we may say that we are alive, though others found us silent (after route flap damping, RFC 2439).

    found silent --we hear steadily, or had to answer seldom--> answered at once
       `--came back `returns_max` times within `returns_within`, and again: not steady yet
             `--> answered when we have heard our neighbors for `steady_for` without a gap, and kept one (hearing.py)

A node that loses most of its packets, or is deaf by turns, gets an answer through now and then, and would be dead and
alive in turns for everybody. Only itself says that it is alive, so it is the one that must keep silent; and it knows,
for it hears nobody again and again, or no neighbor stays. What others say of it is no reason to keep silent: one that
is slandered hears its neighbors, keeps them, and answers at once, always.
"""

from collections import deque

from rumor.core.hearing import Hearing
from rumor.core.ids import Seconds
from rumor.core.settings import DirectorySettings


class Returns:
    """When one node came back in its present life: since when it was steady each time, so that each counts once."""

    def __init__(self, settings: DirectorySettings, hearing: Hearing) -> None:
        self._settings = settings
        self._hearing = hearing
        self._returns: deque[Seconds] = deque(maxlen=settings.returns_max)

    def waits_until(self, now: Seconds) -> Seconds | None:
        """When to look again whether we may answer; None if we may now."""
        returns, since = self._returns, self._hearing.steady_since(now)
        is_new = since not in returns
        came_often = len(returns) == self._settings.returns_max and now - returns[0] <= self._settings.returns_within
        steady_at = since + self._settings.steady_for
        return steady_at if came_often and is_new and steady_at > now else None

    def answered(self, now: Seconds) -> None:
        """We answered. If we were not steady, we came back."""
        since = self._hearing.steady_since(now)
        if since + self._settings.steady_for > now and since not in self._returns:
            self._returns.append(since)
