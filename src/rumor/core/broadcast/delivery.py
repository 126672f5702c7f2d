"""Delivery: what the application gets of each stream, in order, each rumor once, or told as lost.

Runs that come above a hole are told as early ones, and again in order once the hole is filled or given up. A payload
that comes in parts is put together. Of a new life of an origin nothing is told before what is known of the older one
was told, or its time is over.
"""

from collections.abc import Sequence

import msgspec

from rumor.core.broadcast.streams import Stream
from rumor.core.classic.told import ToldTexts
from rumor.core.events import LostReason, RumorsLost, RunDelivered
from rumor.core.frames import Lane, Run
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import BroadcastSettings


class _Held:
    """What a new life waits with."""

    def __init__(self, older: Sequence[Stream], until: Seconds) -> None:
        self.older = older
        self.until = until
        self.events: list[RunDelivered | RumorsLost] = []


class Delivery:
    """Tells the application. Bounded: an early run is kept by the stream, a held life by its origin's window."""

    def __init__(self, settings: BroadcastSettings, outbox: Outbox) -> None:
        self._parts_max = settings.payload_bytes_max // (settings.run_bytes_max // 2) + 1
        self._outbox = outbox
        self._held: dict[Stream, _Held] = {}
        self.by_text = ToldTexts()
        """What the application was told by classic texts; it is not told again."""

    def next_run(self, stream: Stream, run: Run, *, own: bool = False, fresh: bool = True) -> None:
        """The run after all that was heard."""
        stream.heard = run.number
        if run.parts == 1 and stream.parts is None:
            stream.last = run.first + len(run.payloads) - 1
            if self._held or run.origin in self.by_text.origins:
                self._tell(stream, RunDelivered(run, own, True, fresh))
            else:
                self._outbox.say(RunDelivered(run, own, True, fresh))
        else:
            self._next_part(stream, run, own=own)

    def early_run(self, stream: Stream, run: Run) -> None:
        """A run above a hole."""
        if stream.ahead is None:
            stream.ahead = {}
        stream.ahead[run.number] = run
        if run.parts == 1:
            self._tell(stream, RunDelivered(run, False, False, True))

    def catch_up(self, stream: Stream) -> None:
        """Tell the early ones that are the next now."""
        ahead = stream.ahead
        while ahead and (run := ahead.pop(stream.heard + 1, None)) is not None:
            self.next_run(stream, run, fresh=run.parts > 1)
        if not ahead:
            stream.ahead = None

    def lost(self, stream: Stream, upto: int, last: int, reason: LostReason) -> None:
        """The runs to `upto`, with the rumors to `last`, will not come any more."""
        stream.parts = None
        stream.heard = max(stream.heard, upto)
        if last > stream.last:
            origin, epoch, _ = stream.id
            self._tell(stream, RumorsLost(origin, epoch, stream.last + 1, last, reason))
            stream.last = last

    def hold(self, stream: Stream, older: Sequence[Stream], until: Seconds) -> None:
        """A new life: wait for the older ones."""
        self._held[stream] = _Held(older, until)

    def told(self, stream: Stream) -> int:
        """The last rumor that the application was told of, in order: less than was heard while a new life is held."""
        held = self._held.get(stream)
        if held is None or not held.events:
            return stream.last
        event = held.events[0]
        return (event.run.first if isinstance(event, RunDelivered) else event.first) - 1

    def tick(self, now: Seconds) -> None:
        """Let go of the lives that have waited enough."""
        if not self._held:
            return
        for stream, held in list(self._held.items()):
            if now >= held.until or not any(older.misses_runs for older in held.older):
                del self._held[stream]
                for event in held.events:
                    self._outbox.say(event)

    def next_deadline(self) -> Seconds | None:
        """When the first of them has."""
        return min((held.until for held in self._held.values()), default=None)

    def _tell(self, stream: Stream, event: RunDelivered | RumorsLost) -> None:
        if isinstance(event, RumorsLost) and stream.id.lane is Lane.ASKED:
            return  # no application was to hear of it
        held = self._held.get(stream)
        for part in self._untold(event):
            if held is None:
                self._outbox.say(part)
            else:
                held.events.append(part)

    def _untold(self, event: RunDelivered | RumorsLost) -> Sequence[RunDelivered | RumorsLost]:
        """What is left of an event without the rumors that were told by texts."""
        if isinstance(event, RumorsLost) or event.run.origin not in self.by_text.origins:
            return (event,)
        return [RunDelivered(run, event.own, event.ordered, event.fresh) for run in self.by_text.without(event.run)]

    def _next_part(self, stream: Stream, run: Run, *, own: bool) -> None:
        """A part of a long payload; one whose others are missing is lost with them."""
        parts = stream.parts
        if parts is not None and (run.part != len(parts) or run.first != stream.last + 1):
            self._part_lost(stream, stream.last + 1)
            parts = None
        if run.parts == 1:
            self.next_run(stream, run, own=own)
        elif run.part == 0 and run.parts <= self._parts_max:
            stream.parts = [run.payloads[0]]
        elif parts is None:
            self._part_lost(stream, run.first)
        else:
            parts.append(run.payloads[0])
            if len(parts) == run.parts:
                stream.parts = None
                stream.last = run.first
                whole = msgspec.structs.replace(run, payloads=[b"".join(parts)], part=0, parts=1)
                self._tell(stream, RunDelivered(whole, own, True, True))

    def _part_lost(self, stream: Stream, number: int) -> None:
        stream.parts = None
        if number > stream.last:
            origin, epoch, _ = stream.id
            stream.last = number
            self._tell(stream, RumorsLost(origin, epoch, number, number, LostReason.UNOBTAINABLE))
