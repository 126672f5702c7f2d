"""History: what was said before we came, as far as our neighbors still keep it, for a subscriber that looks back.

    reach_back --Want of all below our beginning--> a neighbor --runs, Gone--> kept here
                                                       `--Gone of all--> the next neighbor

Asked for once in a peer's life, when a subscription begins with a cursor or with the latest so many. What comes is kept
apart from the message list: it goes no further, since all others have had their chance to hear it.

Rule 1: it ends, with what is there, when every stream is reached or the patience is over. Rule 2: as much room as the
message list has at most, and no run for longer than its retention.
"""

from collections.abc import Iterator

from rumor.core.broadcast.message_list import OVERHEAD, Entry
from rumor.core.broadcast.streams import Stream, Streams
from rumor.core.events import HistoryReached
from rumor.core.frames import Gone, Lane, RunRecord, StreamId, Want
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import MessageListSettings

PATIENCE: Seconds = 5.0
"""How long is waited for all that neighbors keep."""


class _Reach:
    """One stream: the runs below `below` are wanted, those to `gone` are not to be had, and who was asked."""

    def __init__(self, below: int) -> None:
        self.below = below
        self.gone = 0
        self.asked: dict[int, None] = {}
        self.entries: dict[int, Entry] = {}

    @property
    def complete(self) -> bool:
        """Whether all that can be had is there."""
        return len(self.entries) >= self.below - 1 - self.gone


class History:
    """What lies before our beginning. Not begun, under way, or reached."""

    def __init__(self, settings: MessageListSettings, streams: Streams, outbox: Outbox) -> None:
        self._settings = settings
        self._streams = streams
        self._outbox = outbox
        self._reaches: dict[StreamId, _Reach] = {}
        self._bytes = 0
        self._until: Seconds | None = None
        self._asks = False
        self.reached = False

    def reach_back(self, now: Seconds) -> None:
        """Ask for it, if that was not done; `HistoryReached` is said when it is there."""
        if self.reached:
            self._outbox.say(HistoryReached())
        elif self._until is None:
            self._until = now + PATIENCE

    def ask(self, links: list[int], now: Seconds) -> None:
        """We have joined, and have these neighbors: begin to ask, if that is wanted."""
        if self._until is None or self._asks or self.reached:
            return
        self._asks = True
        for stream in self._streams:
            if stream.first_kept > 1 and stream.id.lane == Lane.APP and stream.hops:  # not one of our own
                self._reaches[stream.id] = _Reach(stream.first_kept)
                self._ask_next(stream.id, links)
        self._end_if_complete()

    def take(self, stream: Stream, record: RunRecord, link: int, now: Seconds) -> None:
        """A run that lies before our beginning came, perhaps because we asked for it."""
        reach = self._reaches.get(stream.id)
        run = record.run
        if self.reached or reach is None or not reach.gone < run.number < reach.below or run.number in reach.entries:
            return
        size = len(record.raw) + OVERHEAD
        if self._bytes + size > self._settings.bytes_max:
            reach.gone = max(reach.gone, run.number)
        else:
            self._bytes += size
            last = run.first + len(run.payloads) - 1
            reach.entries[run.number] = Entry(
                stream, run.number, run.first, last, run.topic, record.raw, link, now, record.age / 1000.0
            )
        self._end_if_complete()

    def on_gone(self, link: int, gone: Gone, links: list[int]) -> None:
        """A neighbor does not have the older ones; if it has none at all, the next is asked."""
        reach = self._reaches.get(gone.stream)
        if self.reached or reach is None or link not in reach.asked:
            return
        if gone.last < reach.below - 1:
            reach.gone = max(reach.gone, gone.last)
        else:
            self._ask_next(gone.stream, links)
        self._end_if_complete()

    def tick(self, now: Seconds) -> None:
        """Be content with what is there when the patience is over; let go of what is too old."""
        if self._until is not None and now >= self._until and not self.reached:
            self._end()
        for reach in self._reaches.values():
            old = [
                n for n, entry in reach.entries.items() if now >= entry.arrived - entry.age + self._settings.retention
            ]
            for number in old:
                self._bytes -= len(reach.entries.pop(number).raw) + OVERHEAD

    def next_deadline(self) -> Seconds | None:
        """When the patience is over."""
        return None if self.reached else self._until

    def entries(self) -> Iterator[Entry]:
        """What is there without a gap up to our beginning, stream by stream, oldest first."""
        for reach in self._reaches.values():
            numbers = []
            number = reach.below - 1
            while number in reach.entries:
                numbers.append(number)
                number -= 1
            yield from (reach.entries[number] for number in reversed(numbers))

    def _ask_next(self, id: StreamId, links: list[int]) -> None:
        reach = self._reaches[id]
        link = next((link for link in links if link not in reach.asked), 0)
        if link:
            reach.asked[link] = None
            self._outbox.send(link, Want(id, 1, reach.below - 1))
        else:
            reach.gone = reach.below - 1

    def _end_if_complete(self) -> None:
        if self._asks and not self.reached and all(reach.complete for reach in self._reaches.values()):
            self._end()

    def _end(self) -> None:
        self.reached = True
        self._outbox.say(HistoryReached())
