"""Returns: when we may say that we are alive, though others found us silent (after route flap damping, RFC 2439).

    found silent --we hear steadily, or had to answer seldom--> answered at once
       `--answered `returns_max` times within `returns_within`, each time not long after we heard nobody
             `--> answered when we have heard somebody for `steady_for` without a gap (hearing.py)

A node that loses most of its packets, or is deaf by turns, gets an answer through now and then, and would be dead and
alive in turns for everybody. Only itself says that it is alive, so it is the one that must keep silent; and it knows,
for it hears nobody again and again. What others say of it is no reason to keep silent: one that is slandered hears its
neighbors all the time, and answers at once, always.
"""

from collections import deque

from rumor.core.hearing import Hearing
from rumor.core.ids import Seconds
from rumor.core.settings import DirectorySettings


class Returns:
    """The answers of one node in its present life."""

    def __init__(self, settings: DirectorySettings, hearing: Hearing) -> None:
        self._settings = settings
        self._hearing = hearing
        self._answers: deque[Seconds] = deque(maxlen=settings.returns_max)

    def waits_until(self, now: Seconds) -> Seconds | None:
        """When to look again whether we may answer; None if we may now."""
        steady_at = self._hearing.steady_since(now) + self._settings.steady_for
        return steady_at if steady_at > now and self._came_often(now) else None

    def answered(self, now: Seconds) -> None:
        """We answered. While we hear steadily, that is no return."""
        if self._hearing.steady_since(now) + self._settings.steady_for > now:
            self._answers.append(now)

    def _came_often(self, now: Seconds) -> bool:
        answers = self._answers
        return len(answers) == answers.maxlen and now - answers[0] <= self._settings.returns_within
