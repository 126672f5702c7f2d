"""Message List: the log of runs in order of arrival, each once, bounded by bytes and age.

Each link has a cursor into it, the position up to which it was served: no queue a link, no copy, and what a link has
not taken yet grows into one batch. The same entries serve repair and subscribers that look back.

Rule 1: positions only grow. Rule 2: what is acknowledged goes first; an unacknowledged run that must go is counted.
"""

from collections.abc import Iterator

from rumor.core.broadcast.streams import Stream
from rumor.core.ids import Seconds
from rumor.core.settings import MessageListSettings

LOOK_AHEAD = 256
"""How many of the oldest entries are looked through for an acknowledged one before an unacknowledged one goes."""

OVERHEAD = 256
"""Bytes that an entry takes beside its run."""


class Entry:
    """One run in the list. `arrived` on our clock, `age` the seconds that it had then, `via` the link it came by.

    `held`: nobody was there to hear it, so it does not grow old. `offer`: links that get it and are no children yet.
    """

    __slots__ = (
        "age",
        "arrived",
        "first",
        "held",
        "last",
        "number",
        "offer",
        "position",
        "raw",
        "stream",
        "topic",
        "via",
    )

    def __init__(
        self,
        stream: Stream,
        number: int,
        first: int,
        last: int,
        topic: str,
        raw: bytes,
        via: int,
        arrived: Seconds,
        age: Seconds,
    ) -> None:
        self.stream = stream
        self.number = number
        self.first = first
        self.last = last
        self.topic = topic
        self.raw = raw
        self.via = via
        self.arrived = arrived
        self.age = age
        self.position = 0
        self.offer = 0
        self.held = False


class MessageList:
    """The runs that are retained. `log[position - base]`; dropped ones leave None until the front is cut off."""

    def __init__(self, settings: MessageListSettings) -> None:
        self._settings = settings
        self.log: list[Entry | None] = []
        self.base = 0
        self._front = 0
        self._bytes = 0
        self.dropped_unacknowledged = 0

    @property
    def first(self) -> int:
        """The position of the oldest entry that may still be there."""
        return self.base + self._front

    @property
    def end(self) -> int:
        """The position that the next run will have."""
        return self.base + len(self.log)

    @property
    def bytes(self) -> int:
        """What all entries take."""
        return self._bytes

    def append(self, entry: Entry) -> None:
        """Take a run in that is not there yet; the oldest go if there is no room."""
        entry.position = self.base + len(self.log)
        self.log.append(entry)
        runs = entry.stream.runs
        if runs is None:
            entry.stream.runs = {entry.number: entry}
        else:
            runs[entry.number] = entry
        self._bytes += len(entry.raw) + OVERHEAD
        while self._bytes > self._settings.bytes_max and self._front < len(self.log) - 1:
            self._drop(self._least_needed())

    def trim(self, now: Seconds) -> None:
        """Drop what is older than the retention."""
        log = self.log
        while self._front < len(log):
            entry = log[self._front]
            if entry is not None and (entry.held or now < entry.arrived - entry.age + self._settings.retention):
                break
            self._drop(self._front)

    def release(self, now: Seconds) -> None:
        """Somebody is there to hear what was held: it grows old from now on."""
        for entry in self:
            if entry.held:
                entry.held = False
                entry.arrived = now

    def next_expiry(self) -> Seconds | None:
        """When the oldest entry reaches the retention."""
        entry = self.log[self._front] if self._front < len(self.log) else None
        return None if entry is None or entry.held else entry.arrived - entry.age + self._settings.retention

    def __iter__(self) -> Iterator[Entry]:
        """The entries, oldest first."""
        return (entry for entry in self.log[self._front :] if entry is not None)

    def _least_needed(self) -> int:
        """The oldest acknowledged entry among the oldest, else the oldest: the front, which is never empty."""
        for index in range(self._front, min(self._front + LOOK_AHEAD, len(self.log) - 1)):
            entry = self.log[index]
            if entry is not None and entry.number <= entry.stream.tree:
                return index
        self.dropped_unacknowledged += 1
        return self._front

    def _drop(self, index: int) -> None:
        entry = self.log[index]
        assert entry is not None
        self.log[index] = None
        self._bytes -= len(entry.raw) + OVERHEAD
        entry.stream.dropped(entry.number)
        while self._front < len(self.log) and self.log[self._front] is None:
            self._front += 1
        self._cut()

    def _cut(self) -> None:
        """Let go of the empty front once it is half of the log: each entry is moved at most once on average."""
        if self._front > 1024 and self._front * 2 > len(self.log):
            del self.log[: self._front]
            self.base += self._front
            self._front = 0
