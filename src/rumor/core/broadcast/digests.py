"""Digests: what changed is told where it is neither sent nor comes from.

So whoever lacks a run learns that it exists, and from whom it can be had (in the place of Plumtree's IHAVE). All
streams that changed go into one frame a link, every 50 ms at most; a link that is known to have heard as far gets none.
"""

from rumor.core.broadcast.serving import Link
from rumor.core.broadcast.streams import Stream
from rumor.core.broadcast.window import ACTIVE
from rumor.core.frames import Digest, StreamId
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.timers import soonest

ENTRIES_MAX = 512
"""Streams in one frame: with the longest names they stay below its limit."""

QUIET: Seconds = 10.0
"""A stream without a run for so long is quiet: what links said of it last is forgotten."""


class Digests:
    """Which streams changed, and `seen`: what each link said last of a stream, how far it heard and its distance."""

    def __init__(self, interval: Seconds, outbox: Outbox) -> None:
        self._interval = interval
        self._outbox = outbox
        self.seen: dict[int, dict[StreamId, tuple[int, int]]] = {}
        self.changed: dict[Stream, None] = {}
        self._active: dict[Stream, None] = {}
        self._due: Seconds | None = None
        self._quiet_due: Seconds | None = None

    def heard(self, link: int, stream: Stream, number: int, hops: int) -> None:
        """A link told how far it heard a stream. Kept while the stream is active, or we lack what it has."""
        if stream in self._active or stream in self.changed or number > stream.heard:
            self.seen[link][stream.id] = (number, hops)

    def announce(self, stream: Stream, now: Seconds) -> None:
        """Tell of a stream at once."""
        self.changed[stream] = None
        if self._due is None:
            self._due = now

    def end_turn(self, now: Seconds) -> None:
        """What changed is told in a while."""
        if self.changed and self._due is None:
            self._due = now + self._interval

    def next_deadline(self) -> Seconds | None:
        """When digests are to be sent, or what is quiet to be forgotten."""
        return soonest(self._due, self._quiet_due)

    def tick(self, links: dict[int, Link], now: Seconds) -> int:
        """Send what is due; returns how many streams had a run in the last second, 0 if nothing was due."""
        if self._due is None or now < self._due:
            if self._quiet_due is not None and now >= self._quiet_due:
                self._note_active([], now)
            return 0
        self._due = None
        changed, self.changed = list(self.changed), {}
        entries = [(stream, stream.digest()) for stream in changed]
        for link in links.values():
            if not link.bit:
                continue  # a visitor
            said = self.seen[link.number]
            news = [
                entry
                for stream, entry in entries
                if not stream.eager & link.bit
                and stream.parent != link.number
                and said.get(stream.id, (0, 0))[0] < stream.heard
            ]
            for start in range(0, len(news), ENTRIES_MAX):
                self._outbox.send(link.number, Digest(tuple(news[start : start + ENTRIES_MAX])))
        return self._note_active(changed, now)

    def forget(self, stream: Stream) -> None:
        """A stream is known no more, or quiet."""
        self.changed.pop(stream, None)
        self._active.pop(stream, None)
        for said in self.seen.values():
            said.pop(stream.id, None)

    def _note_active(self, changed: list[Stream], now: Seconds) -> int:
        self._active.update(dict.fromkeys(changed))
        quiet = [stream for stream in self._active if now - stream.changed_at > QUIET]
        for stream in quiet:
            self.forget(stream)
        if quiet:
            self._give_room_back()
        self._quiet_due = now + QUIET if self._active else None
        return sum(1 for stream in self._active if now - stream.changed_at < ACTIVE) or 1

    def _give_room_back(self) -> None:
        """A table keeps the room of its greatest size until it is copied: with 8 links, 300 bytes a stream."""
        self._active = dict(self._active)
        for link, said in self.seen.items():
            self.seen[link] = dict(said)
