"""What one node told its application in its present life, and whether it may be told: kept by stream.

Rumors are the runs on lane `app`, and those of texts. What bridges carry is told as RumorHeard, and questions are none.

    fresh      told for the first time, in any order        never twice, never after it was declared lost
    in order   the next one each time, or a range that is lost   from the first one on, without a gap but for
               what a classic text told before

Each `on_…` says in words what is wrong with the event, or gives nothing.
"""

from typing import NamedTuple

from rumor.core.events import RumorHeard, RumorsLost, RunDelivered
from rumor.core.frames import Lane, Run, StreamId
from rumor.sim.intervals import Intervals


class Told(NamedTuple):
    """A rumor, as who heard it can tell it from others: the same for one over links and one by a classic text."""

    origin: str
    number: int
    payload: bytes


class StreamRecord:
    """One stream at one node."""

    __slots__ = ("by_text", "delivered", "fresh", "lost", "next")

    def __init__(self, by_text: Intervals) -> None:
        self.by_text = by_text
        """The rumors of this origin that texts told, in any of its lives."""
        self.next = 0
        """The rumor that comes next in order; 0 while none has come: where the stream begins here is not known yet."""
        self.fresh = Intervals()
        """The rumors that were told, in any order."""
        self.delivered = Intervals()
        """The rumors that were told in order."""
        self.lost = Intervals()
        """The rumors that were declared lost."""

    @property
    def top(self) -> int:
        """The highest rumor that was told or declared lost."""
        return max(self.fresh.top, self.lost.top)

    def accounts_for(self, first: int, last: int) -> bool:
        """Whether each of these rumors was told in order or declared lost."""
        while first <= last:
            upto = self.delivered.end_of(first) or self.lost.end_of(first) or self.by_text.end_of(first)
            if upto is None:
                return False
            first = upto + 1
        return True

    def on_run(self, run: Run, *, ordered: bool, fresh: bool) -> str | None:
        """Rumors were told."""
        first, last = run.first, run.last
        if fresh and self.lost.overlaps(first, last):
            return f"tells {first} to {last} after it declared some of them lost"
        if fresh and not self.fresh.add(first, last):
            return f"tells some of {first} to {last} twice"
        if not fresh and not self.fresh.covers(first, last):
            return f"tells {first} to {last} for the second time before the first"
        return self._go_on(first, last, self.delivered) if ordered else None

    def on_lost(self, first: int, last: int) -> str | None:
        """Rumors were declared lost."""
        if first > last:
            return f"declares {first} to {last} lost, which are none"
        if self.fresh.overlaps(first, last):
            return f"declares some of {first} to {last} lost that it told"
        return self._go_on(first, last, self.lost)

    def _go_on(self, first: int, last: int, kind: Intervals) -> str | None:
        while self.next and self.next < first and (upto := self.by_text.end_of(self.next)) is not None:
            self.next = min(upto + 1, first)
        if self.next and first != self.next:
            return f"goes on with {first} to {last} where {self.next} comes next in order"
        kind.add(first, last)
        self.next = last + 1
        return None


class Record:
    """All streams at one node, since its present life began."""

    __slots__ = ("_by_text", "_keeps", "_payloads", "heard", "streams")

    def __init__(self, *, keeps_payloads: bool) -> None:
        self._keeps = keeps_payloads
        self.streams: dict[StreamId, StreamRecord] = {}
        self.heard: dict[Told, int] = {}
        """The rumors that were told, and how often each. Empty if payloads are not kept."""
        self._payloads: dict[StreamId, list[bytes]] = {}
        self._by_text: dict[str, Intervals] = {}

    def payloads(self, origin: str) -> list[bytes]:
        """What an origin said, in order, all of its lives one after another."""
        mine = sorted(stream for stream in self._payloads if stream.origin == origin)
        return [payload for stream in mine for payload in self._payloads[stream]]

    def stream(self, id: StreamId) -> StreamRecord:
        """One stream, begun if need be."""
        if (record := self.streams.get(id)) is None:
            by_text = self._by_text.setdefault(id.origin, Intervals())
            record = self.streams[id] = StreamRecord(by_text)
        return record

    def on_run(self, event: RunDelivered) -> str | None:
        """The node told its application of a run."""
        run = event.run
        id = StreamId(run.origin, run.epoch, run.lane)
        wrong = self.stream(id).on_run(run, ordered=event.ordered, fresh=event.fresh)
        if self._keeps and event.fresh and run.lane is Lane.APP:
            for number, payload in enumerate(run.payloads, run.first):
                self._hear(Told(run.origin, number, payload))
        if self._keeps and event.ordered and run.lane is Lane.APP:
            self._payloads.setdefault(id, []).extend(run.payloads)
        return None if wrong is None else f"of {run.origin} in {run.epoch} {wrong}"

    def on_lost(self, event: RumorsLost) -> str | None:
        """The node gave rumors up."""
        wrong = self._lost_of(event).on_lost(event.first, event.last)
        return None if wrong is None else f"of {event.origin} in {event.epoch} {wrong}"

    def on_text(self, event: RumorHeard) -> str | None:
        """The node told its application of a rumor that came by a classic text."""
        gossip = event.gossip
        self._by_text.setdefault(str(gossip.origin), Intervals()).add(gossip.number, gossip.number)
        if not self._keeps:
            return None
        told = Told(str(gossip.origin), gossip.number, gossip.text.encode(errors="surrogatepass"))
        return f"heard {told} more than once" if self._hear(told) > 1 else None

    def _lost_of(self, event: RumorsLost) -> StreamRecord:
        """The stream that it is about; the event doesn't name the lane."""
        carried = self.streams.get(StreamId(event.origin, event.epoch, Lane.CARRIED))
        if carried is not None and carried.next == event.first:
            return carried
        return self.stream(StreamId(event.origin, event.epoch, Lane.APP))

    def _hear(self, told: Told) -> int:
        self.heard[told] = times = self.heard.get(told, 0) + 1
        return times
