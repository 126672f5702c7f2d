"""Streams: for each (origin, epoch, lane), how far we heard, and where its tree runs through us.

The table is bounded: the stream that was quiet longest is forgotten first, and leaves a tombstone (how far it was
heard), so that what comes again of it is still no news.

Which machine changes what: `broadcast.py` heard, last, ahead, parent, hops, eager; `acknowledgements.py` counted, owed,
tree, nodes, told; `repair.py` lack; `message_list.py` runs, first_kept. Links are bits of a mask, by their slot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING

from rumor.core.frames import DigestEntry, Run, StreamId
from rumor.core.ids import Seconds

if TYPE_CHECKING:
    from rumor.core.broadcast.message_list import Entry
    from rumor.core.broadcast.repair import Lack

Owed = dict[int, tuple[int, int, int]]
"""By the bit of a child: how far it heard, how far all below it did too, how many they are."""


class Stream:
    """One stream. Quiet ones are many, so what is there only while something happens is None else."""

    __slots__ = (
        "ahead",
        "began",
        "changed_at",
        "counted",
        "eager",
        "first_kept",
        "heard",
        "hops",
        "id",
        "lack",
        "last",
        "nodes",
        "owed",
        "parent",
        "parts",
        "runs",
        "told",
        "tree",
        "untried",
    )

    def __init__(self, id: StreamId, heard: int, last: int, now: Seconds) -> None:
        self.id = id
        self.heard = heard
        """All runs up to this one were delivered, lost, or lie before our beginning."""
        self.last = last
        """The last rumor that is complete in them."""
        self.began = last
        """The rumors up to this one lie before our beginning."""
        self.ahead: dict[int, Run] | None = None
        """Runs above a hole."""
        self.parts: list[bytes] | None = None
        """The parts so far of a payload that comes in several runs."""
        self.runs: dict[int, Entry] | None = None
        """What the message list retains."""
        self.first_kept = heard + 1
        """From here to `heard` all is retained."""
        self.parent = 0
        """The link by which its runs come; 0: none, or it is our own."""
        self.hops = 0
        """Our distance from the origin."""
        self.eager = 0
        """The links to which its runs go on: children, which acknowledge."""
        self.untried = 0
        """The links that are offered the next run: they acknowledge it, and are children, or prune."""
        self.counted = 0
        """Those of them that are waited for: level, or not behind for longer than the grace."""
        self.owed: Owed | None = None
        """What the counted ones acknowledged, while they owe something."""
        self.tree = heard
        """How far we and all counted ones heard."""
        self.nodes = 1
        """How many nodes that is."""
        self.told: tuple[int, int, int] | None = None
        """What the parent was told last: our own number, the tree's, its nodes."""
        self.lack: Lack | None = None
        """What is missing, and who is asked for it."""
        self.changed_at = now

    @property
    def top(self) -> int:
        """The highest run that we hold or held."""
        return max(self.ahead) if self.ahead else self.heard

    @property
    def misses_runs(self) -> bool:
        """Whether runs are known to exist that did not come. (One that only lost its parent lacks that alone.)"""
        return bool(self.ahead) or (self.lack is not None and self.heard < self.lack.tail)

    def dropped(self, number: int) -> None:
        """The message list let go of a run."""
        runs = self.runs
        if runs is not None:
            runs.pop(number, None)
            if not runs:
                self.runs = None
        if number >= self.first_kept:
            self.first_kept = number + 1

    def last_before(self, number: int) -> int:
        """The last rumor of the runs before `number`, as well as what is retained tells."""
        entry = self.runs.get(number) if self.runs else None
        return self.last if entry is None else entry.first - 1

    def digest(self) -> DigestEntry:
        """How far we heard it, for others."""
        origin, epoch, lane = self.id
        first = self.first_kept if self.runs else self.heard + 1
        return DigestEntry(origin, epoch, lane, self.heard, self.last, self.hops, first)


class Streams:
    """All streams that we heard of, bounded."""

    def __init__(self, streams_max: int, tombstones_max: int, on_forgotten: Callable[[Stream], None]) -> None:
        self._streams_max = streams_max
        self._tombstones_max = tombstones_max
        self._on_forgotten = on_forgotten
        self.by_id: dict[tuple[str, int, int], Stream] = {}
        self._tombstones: dict[bytes, tuple[int, int]] = {}
        self._epochs: dict[str, int] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self.by_id)

    def __iter__(self) -> Iterator[Stream]:
        """All of them, in the order in which they were met."""
        return iter(self.by_id.values())

    @property
    def tombstones(self) -> int:
        """How many forgotten streams are still known as forgotten."""
        return len(self._tombstones)

    def get(self, id: tuple[str, int, int]) -> Stream | None:
        """A stream, if it is known."""
        return self.by_id.get(id)

    def age_of(self, run: Run, now: Seconds) -> Seconds:
        """How long ago a run was published, as far as its holders know; 0 for one that is not retained."""
        stream = self.by_id.get((run.origin, run.epoch, run.lane))
        entry = stream.runs.get(run.number) if stream is not None and stream.runs else None
        return now - entry.arrived + entry.age if entry is not None else 0.0

    def latest_epoch(self, origin: str) -> int:
        """The latest life of an origin that we heard of; 0 if none."""
        return self._epochs.get(origin, 0)

    def add(self, id: StreamId, heard: int, last: int, now: Seconds) -> Stream:
        """Meet a stream; one that was forgotten goes on where it was left."""
        buried = self._tombstones.pop(_tombstone(id), None)
        if buried is not None and buried[0] > heard:
            heard, last = buried
        if len(self.by_id) >= self._streams_max:
            self._forget_quietest()
        stream = Stream(id, heard, last, now)
        self.by_id[id] = stream
        if id.epoch > self._epochs.get(id.origin, -1):
            self._epochs[id.origin] = id.epoch
        return stream

    def older_lives(self, id: StreamId) -> Iterator[Stream]:
        """The streams of earlier lives of the same origin, on the same lane."""
        for stream in self.by_id.values():
            other = stream.id
            if other.origin == id.origin and other.lane == id.lane and other.epoch < id.epoch:
                yield stream

    def _forget_quietest(self) -> None:
        """Forget one that is complete and retains nothing, the one that was quiet longest; else the quietest.

        Our own (nobody's runs come over 0 hops) goes last, since what we say next belongs to it.
        """
        quietest = min(
            self.by_id.values(),
            key=lambda stream: (not stream.hops, bool(stream.runs or stream.lack), stream.changed_at),
        )
        del self.by_id[quietest.id]
        self._on_forgotten(quietest)
        quietest.runs = None
        self._tombstones[_tombstone(quietest.id)] = (quietest.heard, quietest.last)
        if len(self._tombstones) > self._tombstones_max:
            del self._tombstones[next(iter(self._tombstones))]
        if self._epochs.get(quietest.id.origin) == quietest.id.epoch:
            del self._epochs[quietest.id.origin]


def _tombstone(id: StreamId) -> bytes:
    return blake2b(repr((id.origin, id.epoch, int(id.lane))).encode(), digest_size=12).digest()
