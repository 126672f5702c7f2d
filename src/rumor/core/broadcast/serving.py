"""Serving: what each link is to be sent of the message list, by its cursor and by what it asked for.

    message list:  . . . . . . . . . . .
                     ^ repair     ^ cursor: all after it that goes on over this link

There is no queue a link and no copy. A link that takes little gets more at a time later; what it waits for is bounded
by the list. At least a quarter of what a busy link takes is repair, while there is some. A link that is no child yet is
offered one run of a stream, and gets more when it has acknowledged that: so a stream that begins with a burst is not
sent around in all directions.

Rule 1: a run that the cursor had still to come by when it was asked for is not sent as a repair: no gap, no overlap.
"""

from rumor.core.broadcast.message_list import MessageList
from rumor.core.broadcast.streams import Stream
from rumor.core.frames import Gone, Outgoing, RawRecord
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox

REPAIR_SHARE = 4
"""A repair gets at least one part in so many of a busy link."""


class Link:
    """One neighbor's link: `bit` is its place in the masks of streams, `repairs` the runs that it asked for.

    Each is from, to, and where the cursor stood then.
    """

    __slots__ = ("bit", "cursor", "number", "repairs")

    def __init__(self, number: int, bit: int, cursor: int) -> None:
        self.number = number
        self.bit = bit
        self.cursor = cursor
        self.repairs: dict[Stream, list[int]] = {}


class Serving:
    """All links, and how far each was served."""

    def __init__(self, list: MessageList, retention: Seconds, outbox: Outbox) -> None:
        self._list = list
        self._retention = retention
        self._outbox = outbox
        self.links: dict[int, Link] = {}
        self.bits = 0
        """The bits of all links."""

    def add_link(self, number: int) -> Link:
        """A link that is served what comes from now on."""
        bit = ~self.bits & (self.bits + 1)
        self.bits |= bit
        self.links[number] = link = Link(number, bit, self._list.end)
        return link

    def add_visitor(self, number: int) -> None:
        """A link that is served only what it asks for."""
        self.links[number] = Link(number, 0, 0)

    def remove_link(self, number: int) -> Link | None:
        """A link is gone; None if it was not there."""
        link = self.links.pop(number, None)
        if link is not None:
            self.bits &= ~link.bit
        return link

    def wake(self, bits: int) -> None:
        """There is something for the links with these bits."""
        for link in self.links.values():
            if link.bit & bits:
                self._outbox.wake(link.number)

    def repair(self, number: int, stream: Stream, first: int, last: int, *, own: bool) -> None:
        """A link asked for these runs: let it have what is retained, and say what is gone."""
        kept, top = stream.first_kept, stream.top
        if first < kept:
            last_gone = stream.last_before(kept) if kept - 1 <= stream.heard else 0
            self._outbox.send(number, Gone(stream.id, first, kept - 1, last_gone, own))
        elif first > top:
            self._outbox.send(number, Gone(stream.id, first, last, 0))
        elif stream.heard < first and not (stream.ahead and first in stream.ahead):
            self._outbox.send(number, Gone(stream.id, first, first, 0))
        self.plan(number, stream, max(first, kept), min(last, top))

    def plan(self, number: int, stream: Stream, first: int, last: int, *, offer: bool = False) -> None:
        """Send these runs, too, as a repair or as an offer; what was planned of the stream before is forgotten."""
        if first <= last:
            link = self.links[number]
            link.repairs[stream] = [first, last, link.cursor, int(not offer)]
            self._outbox.wake(number)

    def forget(self, stream: Stream) -> None:
        """A stream is known no more."""
        for link in self.links.values():
            link.repairs.pop(stream, None)

    def pull(self, number: int, bytes_max: int, now: Seconds) -> list[Outgoing]:
        """What a link is to send next, about so many bytes; empty when there is nothing for it.

        To be asked whenever a link sends anything: the cursor comes by what does not go on there, or a link that
        becomes a child would get all that.
        """
        link = self.links.get(number)
        if link is None:
            return []
        frames: list[Outgoing] = []
        room = bytes_max
        if link.repairs:
            room -= self._pull_repairs(link, frames, bytes_max // REPAIR_SHARE, now)
        log, base, bit = self._list.log, self._list.base, link.bit
        position, end = max(link.cursor, self._list.first), self._list.end
        while position < end and room > 0:
            entry = log[position - base]
            position += 1
            if entry is None or not (entry.stream.eager | entry.offer) & bit or entry.via == number:
                continue
            age = now - entry.arrived + entry.age
            if age <= self._retention:
                frames.append(RawRecord(entry.stream.hops, int(age * 1000.0), False, entry.raw))
                room -= len(entry.raw)
        link.cursor = position
        if link.repairs and room > 0:
            self._pull_repairs(link, frames, room, now)
        return frames

    def _pull_repairs(self, link: Link, frames: list[Outgoing], room: int, now: Seconds) -> int:
        """Add runs that were asked for, by streams in turn; returns their bytes."""
        taken = 0
        for stream, span in list(link.repairs.items()):
            runs = stream.runs or {}
            while span[0] <= span[1] and taken < room:
                entry = runs.get(span[0])
                span[0] += 1
                if entry is None or (entry.position >= span[2] and stream.eager & link.bit):
                    continue
                age = now - entry.arrived + entry.age
                if age <= self._retention:
                    frames.append(RawRecord(stream.hops, int(age * 1000.0), bool(span[3]), entry.raw))
                    taken += len(entry.raw)
            del link.repairs[stream]
            if span[0] <= span[1]:
                link.repairs[stream] = span  # behind the others
                break
        return taken
