"""Flood: every rumor to every neighbor, once, as the original does.

What is new goes into the Message List, and from there to each neighbor in order, one at a time: an original peer stops
at a burst of connections. A neighbor that can't be told keeps its place in the list until it is told or is no longer a
neighbor. A new neighbor begins at the end of the list, as with the original; only what was said or heard while
there was no neighbor at all waits for the first one.
"""

from rumor.core.classic.heard_list import HeardList
from rumor.core.effects import Tell
from rumor.core.events import Problem, RumorHeard
from rumor.core.ids import Address, Seconds
from rumor.core.messages import Gossip
from rumor.core.outbox import Outbox
from rumor.core.settings import FloodSettings
from rumor.core.timers import Timers


class _Cursor:
    """How far one neighbor was told, and what it is being told now."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.telling: Gossip | None = None


class Flood:
    """What one peer heard of texts, and each classic neighbor's place in it."""

    def __init__(self, settings: FloodSettings, outbox: Outbox) -> None:
        self._settings = settings
        self._outbox = outbox
        self._list = HeardList(settings)
        self._cursors: dict[Address, _Cursor] = {}
        self._timers: Timers[Address] = Timers()
        self._unheard_from = 0

    @property
    def heard(self) -> int:
        """How many texts were heard or told so far."""
        return self._list.end

    @property
    def has_neighbors(self) -> bool:
        """Whether anybody is told."""
        return bool(self._cursors)

    def tell(self, gossip: Gossip, now: Seconds) -> None:
        """Pass on what the application knows already."""
        if self._list.add(gossip, now):
            self._tell_all()

    def on_gossip(self, gossip: Gossip, now: Seconds) -> bool:
        """Take a rumor that was not heard yet, say so, and pass it on; returns whether it was new."""
        new = self._list.add(gossip, now)
        if new:
            self._outbox.say(RumorHeard(gossip))
            self._tell_all()
        return new

    def add_neighbor(self, neighbor: Address, now: Seconds) -> None:
        """Begin to tell a neighbor; the first one gets what nobody was there to hear."""
        self._cursors[neighbor] = _Cursor(self._list.end if self._cursors else self._unheard_from)
        self._tell_next(neighbor)

    def remove_neighbor(self, neighbor: Address) -> None:
        """Stop telling a neighbor. What the last one was not told waits for the next."""
        cursor = self._cursors.pop(neighbor, None)
        self._timers.cancel(neighbor)
        if cursor is not None and not self._cursors:
            self._unheard_from = cursor.position

    def on_told(self, neighbor: Address, gossip: Gossip) -> None:
        """A rumor has left for a neighbor: now the next."""
        cursor = self._cursors.get(neighbor)
        if cursor is not None and cursor.telling is gossip:
            cursor.telling = None
            cursor.position += 1
            self._tell_next(neighbor)

    def on_failed(self, neighbor: Address, gossip: Gossip, now: Seconds) -> None:
        """A rumor did not get through: again in a while, as long as it is our neighbor."""
        cursor = self._cursors.get(neighbor)
        if cursor is not None and cursor.telling is gossip:
            cursor.telling = None
            self._timers.set(neighbor, now + self._settings.retry)

    def tick(self, now: Seconds) -> None:
        """Tell again those that could not be told."""
        for neighbor in self._timers.due(now):
            self._tell_next(neighbor)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._timers.next_deadline()

    def _tell_all(self) -> None:
        for neighbor in self._cursors:
            self._tell_next(neighbor)

    def _tell_next(self, neighbor: Address) -> None:
        cursor = self._cursors[neighbor]
        if cursor.telling is not None or neighbor in self._timers:
            return
        if cursor.position < self._list.first:
            missed = self._list.first - cursor.position
            cursor.position = self._list.first
            self._outbox.say(Problem("a neighbor fell too far behind and missed rumors", str(neighbor), str(missed)))
        cursor.telling = self._list.at(cursor.position)
        if cursor.telling is not None:
            self._outbox.do(Tell(neighbor, cursor.telling, self._settings.tell_timeout))
