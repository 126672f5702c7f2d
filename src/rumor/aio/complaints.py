"""What is wrong is said once, with its source, not once a packet."""

import math

from rumor.core.events import Problem
from rumor.core.ids import Seconds

WINDOW: Seconds = 60.0
"""How long the same complaint about the same source is held back."""

CAPACITY = 1024
"""Complaints remembered; the oldest are forgotten first, and may then be said again before their time."""


class Complaints:
    """Lets a problem through the first time, and then once a window with the number held back."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], tuple[Seconds, int]] = {}

    def admit(self, problem: Problem, now: Seconds) -> Problem | None:
        """The problem to be said now, or None."""
        key = (problem.what, problem.source)
        since, held_back = self._said.get(key, (-math.inf, 0))
        if now < since + WINDOW:
            self._said[key] = (since, held_back + 1)
            return None
        self._said.pop(key, None)
        self._said[key] = (now, 0)
        if len(self._said) > CAPACITY:
            del self._said[next(iter(self._said))]
        if not held_back:
            return problem
        detail = f"{problem.detail}, " if problem.detail else ""
        return Problem(problem.what, problem.source, f"{detail}and {held_back} more like it")
