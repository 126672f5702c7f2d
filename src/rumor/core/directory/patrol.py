"""Patrol: which member is to be visited next, beside the neighbors.

Each peer dials some member now and then, to see whether it lives: so even those are buried whose neighbors all died
with them. All have their turn, in an order that is drawn anew for each round. First come those about whom one peer
alone has evidence: a second finding decides. So that not everybody dials one member at once, each takes part by chance.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import Final

from rumor.core.ids import Seconds

VISITORS: Final = 64
"""About so many peers of a large network visit a member about whom there is one piece of evidence."""

URGENT_MAX: Final = 1024
"""Members that wait for a second finding; more are left to their turn."""


class Patrol:
    """The order of visits. `is_fit` tells whether a member is one to visit now."""

    def __init__(self, rng: Random, is_fit: Callable[[str, Seconds], bool]) -> None:
        self._rng = rng
        self._is_fit = is_fit
        self._urgent: dict[str, None] = {}
        self._turn: list[str] = []

    def doubted(self, name: str, members: int) -> None:
        """One peer alone has evidence against one of so many members."""
        if len(self._urgent) < URGENT_MAX and self._rng.random() * members < VISITORS:
            self._urgent[name] = None

    def next(self, names: Iterable[str], now: Seconds) -> str | None:
        """The member to be visited; None if there is none. `names` are those of whom a new round is made."""
        while self._urgent:
            name = self._drawn_urgent()
            if self._is_fit(name, now):
                return name
        while self._turn:
            name = self._turn.pop()
            if self._is_fit(name, now):
                return name
        self._turn = [name for name in names if self._is_fit(name, now)]
        self._rng.shuffle(self._turn)
        return self._turn.pop() if self._turn else None

    def _drawn_urgent(self) -> str:
        """One of those that are urgent, by chance, so that not all peers go the same way."""
        name = self._rng.choice(list(self._urgent))
        del self._urgent[name]
        return name
