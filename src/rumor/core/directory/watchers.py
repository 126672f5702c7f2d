"""Watchers: who watches a neighbor together with us, as it says; and what we say of our own neighbors.

    a neighbor comes --Watching--> it is told at once          neighbors move --Watching--> the others, `GAP` apart

Whoever finds a member dead leans on who else watches it (evidence.py). In a crowd neighbors come and go all the time,
and every move would be one frame on every link; so those that were told lately are told again a little later.
"""

from collections.abc import Mapping
from typing import Final

from rumor.core.frames import WATCHERS_MAX, Watching
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox

WATCHED_MAX: Final = 256
"""Members of which is remembered who else watched them; the oldest are forgotten first."""

GAP: Final[Seconds] = 0.3
"""How long neighbors are not told again. For so long one may think that it alone watches a member which just found
another neighbor; what it says of it then is refuted like any mistake."""


class Watchers:
    """What is told of watchers, both ways. `links`: our neighbors' names by link, as the directory keeps them."""

    def __init__(self, links: Mapping[int, str], outbox: Outbox) -> None:
        self._links = links
        self._outbox = outbox
        self._said: dict[str, tuple[str, ...]] = {}
        self._told: dict[int, tuple[str, ...]] = {}
        self._moved = False
        self._free_at: Seconds = 0.0
        self._due: Seconds | None = None

    def of(self, name: str) -> tuple[str, ...] | None:
        """Who watches a neighbor, as it said last; None if it said nothing."""
        return self._said.get(name)

    def on_watching(self, name: str, names: tuple[str, ...]) -> None:
        """A neighbor said who its neighbors are."""
        self._said.pop(name, None)
        self._said[name] = names
        if len(self._said) > WATCHED_MAX:
            del self._said[next(iter(self._said))]

    def add_link(self) -> None:
        """A neighbor came."""
        self._moved = True

    def remove_link(self, link: int) -> None:
        """A neighbor is gone."""
        self._moved = True
        self._told.pop(link, None)

    def end_turn(self, now: Seconds) -> None:
        """Tell who our neighbors are, if they moved in this turn."""
        if self._moved:
            self._moved = False
            self._tell(now)

    def tick(self, now: Seconds) -> None:
        """Tell those that were told too lately."""
        if self._due is not None and now >= self._due:
            self._tell(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._due

    def _tell(self, now: Seconds) -> None:
        """Tell new neighbors; and all others, if that was not just now."""
        tells_all = now >= self._free_at
        names = tuple(sorted(set(self._links.values()))[:WATCHERS_MAX])
        for link in self._links:
            told = self._told.get(link)
            if told is None or (tells_all and told != names):
                self._told[link] = names
                self._outbox.send(link, Watching(names))
        if tells_all:
            self._free_at = now + GAP
        self._due = None if tells_all else self._free_at
