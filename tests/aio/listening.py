"""A small core for tests of what hears: it delivers runs, keeps them in a list, and knows how far each stream is."""

from collections.abc import Sequence

import msgspec

from rumor.aio.cores import Heads, Retained
from rumor.aio.feed import Feed
from rumor.aio.rumors import Lost, Rumor, Run
from rumor.aio.subscription import Subscription
from rumor.aio.topics import matcher
from rumor.core import frames
from rumor.core.events import Event, HistoryReached, LostReason, RumorsLost, RunDelivered
from rumor.core.frames import Lane, StreamId
from rumor.core.ids import Address, Identity, Seconds
from rumor.wire.frames import encode_run

ME = Identity(Address("127.0.0.1", 4000), epoch=9)
EPOCH = 7


class Kept(msgspec.Struct, frozen=True):
    """One entry of the list."""

    stream: StreamId
    number: int
    first: int
    last: int
    topic: str
    raw: bytes


class ListeningCore:
    """Delivers what a test says, as `core.peer` would, to the subscriptions of its feed. Nothing is ever repaired."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.paused = 0
        self.feed = Feed(self, ME, lambda: 0.0, lambda: None)
        self._last: dict[StreamId, int] = {}
        self._runs: dict[StreamId, int] = {}

    def subscribe(self, topic: str | None = None, **how: object) -> Subscription:
        """A subscription from now on."""
        subscription = Subscription(self.feed, matcher(topic), **how)  # type: ignore[arg-type] # as the test says
        self.feed.add(subscription)
        return subscription

    def reach_back(self, now: float) -> None:
        """All that there was before is here already."""
        self.feed.on_events([HistoryReached()])

    def deliver(self, origin: str, *payloads: bytes, topic: str = "", epoch: int = EPOCH, parts: int = 1) -> None:
        """The next run of an origin comes."""
        self.feed.on_events([RunDelivered(self.next_run(origin, payloads, topic, epoch, parts), False, True, True)])

    def early(self, origin: str, first: int, *payloads: bytes) -> frames.Run:
        """A run above a hole comes."""
        stream = StreamId(origin, EPOCH, Lane.APP)
        run = frames.Run(origin, EPOCH, Lane.APP, first + 10, first, 0, "", list(payloads))
        self.kept.append(Kept(stream, run.number, run.first, run.last, run.topic, encode_run(run)))
        self.feed.on_events([RunDelivered(run, False, False, True)])
        return run

    def in_order(self, run: frames.Run) -> None:
        """The hole below an early run is filled: it is the next one now."""
        self._last[StreamId(run.origin, run.epoch, Lane.APP)] = run.last
        self.feed.on_events([RunDelivered(run, False, True, False)])

    def lose(self, origin: str, last: int, *, epoch: int = EPOCH) -> None:
        """All up to a number is lost for good."""
        stream = StreamId(origin, epoch, Lane.APP)
        first = self._last.get(stream, 0) + 1
        self._last[stream] = last
        self.feed.on_events([RumorsLost(origin, epoch, first, last, LostReason.UNOBTAINABLE)])

    def say(self, *events: Event) -> None:
        """Something else happens."""
        self.feed.on_events(list(events))

    def next_run(
        self, origin: str, payloads: Sequence[bytes], topic: str = "", epoch: int = EPOCH, parts: int = 1
    ) -> frames.Run:
        """A run that is kept; one payload may be kept in several parts."""
        stream = StreamId(origin, epoch, Lane.APP)
        first = self._last.get(stream, 0) + 1
        self._last[stream] = first + len(payloads) - 1
        for part in range(parts):
            self._runs[stream] = self._runs.get(stream, 0) + 1
            said = list(payloads)
            if parts > 1:
                size = -(-len(payloads[0]) // parts)
                said = [payloads[0][part * size : (part + 1) * size]]
            number = self._runs[stream]
            piece = frames.Run(origin, epoch, Lane.APP, number, first, 1_500_000, topic, said, part, parts)
            self.kept.append(Kept(stream, number, piece.first, piece.last, topic, encode_run(piece)))
        return msgspec.structs.replace(piece, payloads=list(payloads), part=0, parts=1)

    # What the feed asks for.

    def pause(self) -> None:
        self.paused += 1

    def resume(self, now: Seconds) -> None:
        self.paused -= 1

    def heads(self) -> Heads:
        return {stream: (last, self._first_kept(stream)) for stream, last in self._last.items()}

    def retained(self) -> Sequence[Retained]:
        return self.kept

    def _first_kept(self, stream: StreamId) -> int:
        return min((item.first for item in self.kept if item.stream == stream), default=self._last[stream] + 1)


def said(item: Rumor | Lost | Run) -> object:
    """An item in short: what was said, or what was lost and why."""
    match item:
        case Rumor():
            return item.payload
        case Lost(origin, _, first, last, reason):
            return (origin, first, last, reason.name)
        case Run():
            return list(item.payloads)
