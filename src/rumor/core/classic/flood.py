"""Flood: every rumor to every neighbor, once, as the original does.

What is new goes into the Message List, and from there to each neighbor in order, one at a time: an original peer stops
at a burst of connections. A neighbor that can't be told keeps its place in the list until it is told or is no longer a
neighbor. A new neighbor begins at the end of the list, as with the original; only what was said or heard while
there was no neighbor at all waits for the first one.
"""

from rumor.core.classic.heard_list import HeardList
from rumor.core.clock import WallClock
from rumor.core.effects import Tell
from rumor.core.errors import UsageError
from rumor.core.events import Problem, RumorHeard
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import Gossip, is_one_line
from rumor.core.outbox import Outbox
from rumor.core.settings import FloodSettings
from rumor.core.timers import Timers


class _Cursor:
    """How far one neighbor was told, and what it is being told now."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.telling: Gossip | None = None


class Flood:
    """The Message List of one peer, its own rumors, and each neighbor's place in the list."""

    def __init__(self, identity: Identity, clock: WallClock, settings: FloodSettings, outbox: Outbox) -> None:
        self._identity = identity
        self._clock = clock
        self._settings = settings
        self._outbox = outbox
        self._list = HeardList(settings)
        self._cursors: dict[Address, _Cursor] = {}
        self._timers: Timers[Address] = Timers()
        self._unheard_from = 0
        self._number = 0

    @property
    def heard(self) -> int:
        """How many rumors were heard or said so far."""
        return self._list.end

    def publish(self, text: str, now: Seconds) -> Gossip:
        """Say something of our own: the next number, now. Empty for a bare message.

        Raises UsageError, and says nothing, for a text with a line break or above the size limit.
        """
        if not is_one_line(text):
            raise UsageError("a rumor is one line: it can't hold a line break or another control character")
        gossip = Gossip(
            self._clock.timestamp(now), self._identity.address, self._number + 1, f":{text}" if text else ""
        )
        self._check_size(gossip)
        self._number += 1
        self._take(gossip, now, own=True)
        return gossip

    def on_gossip(self, gossip: Gossip, now: Seconds) -> None:
        """Take a rumor that was not heard yet, and pass it on."""
        self._take(gossip, now, own=False)

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

    def _take(self, gossip: Gossip, now: Seconds, *, own: bool) -> None:
        if not self._list.add(gossip, now):
            return
        self._outbox.say(RumorHeard(gossip, own))
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

    def _check_size(self, gossip: Gossip) -> None:
        head = len(f"{gossip.timestamp}:{gossip.origin}:GOSSIP{gossip.number}:")
        room = self._settings.text_bytes_max - head
        if len(gossip.text.encode()) > room:
            raise UsageError(f"a rumor of {len(gossip.text.encode())} bytes is too long: {room} bytes fit")
