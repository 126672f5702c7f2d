"""A subscription: what one reader has not read yet, bounded.

    take, lose, hear  --put at the end-->  waiting  --rumors, batches, runs-->  the reader
                      --no room-->  dropped (told as Lost), the end (SlowSubscriber), or `behind`

A subscription that is behind takes nothing in: it notes the numbers that it missed, and reads them from the message
list once what waits was read. So begins one that looks back, and so does one that blocks, which also lets the origins
wait.

Rule 1: every rumor that is meant is read once, or told as Lost. Rule 2: a run costs no task and no wake-up of its own.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import chain, count, repeat
from operator import length_hint
from types import TracebackType
from typing import Literal, Protocol, Self, TypeAlias

from rumor.aio.cores import Heads, Retained
from rumor.aio.cursor import Cursor, Life, cursor_of
from rumor.aio.ranges import Ranges
from rumor.aio.replay import Wanted, life_of, part_of, read_of, replay, wanted_after, wanted_last
from rumor.aio.rumors import SECOND, Item, Lost, Rumor, Run, run_of
from rumor.aio.topics import Matches
from rumor.core import frames
from rumor.core.errors import SlowSubscriber, UsageError
from rumor.core.events import LostReason, RunDelivered

Overflow: TypeAlias = Literal["block", "drop_oldest", "disconnect"]

CAPACITY = 100_000
"""Rumors that wait at most, unless it is said otherwise."""

BYTES_MAX = 16 << 20
"""Bytes of payloads that wait at most."""

SIZE_GUESSED = 1 << 18
"""What a run counts for while there is plenty of room: no frame is larger. It is weighed when room becomes scarce."""

NO_ROOM = -1
"""Instead of the capacity, while nothing is taken in."""

LOST_BYTES = 64
"""What a Lost counts for."""

TURN = 0.01
"""Seconds that a reader may read on without letting others have a turn; looked at once a run."""


class Source(Protocol):
    """What a subscription needs of its peer: the feed."""

    def leave(self, subscription: "Subscription") -> None:
        """A subscription ended."""

    def hold(self, subscription: "Subscription") -> None:
        """A subscription that blocks is full."""

    def release(self, subscription: "Subscription") -> None:
        """It has caught up."""

    def heads(self) -> Heads:
        """How far each stream was delivered."""

    def retained(self) -> Sequence[Retained]:
        """What the message list holds."""

    def decode(self, raw: bytes) -> frames.Run:
        """A run from the list."""


class Subscription:
    """Rumors of others, as they come: `async with peer.subscribe("news") as news: async for r in news: ...`.

    One reader reads it, by `async for`, `batches` or `runs`. What comes is a Rumor, or a Lost for rumors that will not
    come any more. Ends when the peer stops or the block is left, after what waits was read.
    """

    def __init__(
        self,
        source: Source,
        matches: Matches | None = None,
        *,
        unordered: bool = False,
        overflow: Overflow = "disconnect",
        capacity: int = CAPACITY,
        bytes_max: int = BYTES_MAX,
    ) -> None:
        self._source = source
        self._matches = matches
        self._unordered = unordered
        self._overflow = overflow
        self._capacity = capacity
        self._bytes_max = bytes_max
        self._rumors_max = capacity
        self._waiting: deque[Item] = deque()
        self._sizes: deque[int] = deque()
        self._rumors = 0
        self._bytes = 0
        self._reading: frames.Run | None = None
        self._unread: Iterator[bytes] = iter(())
        self._rest: Iterator[Rumor] = iter(())
        self._dropped: Wanted = {}
        self._missed: Wanted = {}
        self._behind: LostReason | None = None
        self._early: Wanted = {}
        self._awaited: Wanted = {}
        self._final_heads: Heads | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._ran_over = False
        self._resumes: Cursor | None = None
        self._since = 0.0

    # What comes in.

    def take(self, event: RunDelivered) -> None:
        """A run of another peer was delivered."""
        run = event.run
        if self._unordered:
            if not (event.ordered and event.fresh):
                self._note_early(event)
            if not event.fresh:
                return
        elif not event.ordered:
            return
        if self._awaited and (run.origin, run.epoch) in self._awaited:
            self._resume(event)
            return
        if self._matches is not None and not self._matches(run.topic):
            return
        payloads = run.payloads
        size = len(payloads[0]) if len(payloads) == 1 else SIZE_GUESSED
        if self._rumors + len(payloads) > self._rumors_max or self._bytes + size > self._bytes_max:
            life = (run.origin, run.epoch)
            size = _size_of(run)
            if not self._make_room(life, run.first, run.last, len(payloads), size):
                return
        self._rumors += len(payloads)
        self._bytes += size
        self._sizes.append(size)
        self._waiting.append(run)
        if self._waiter is not None:
            self._wake()

    def lose(self, lost: Lost) -> None:
        """Rumors will not come any more; not told if they were read in the life that the cursor came from."""
        life = (lost.origin, lost.epoch)
        untold = Ranges(((lost.first, lost.last),))
        if (read := self._awaited.get(life)) is not None:
            for first, last in read:
                untold.discard(first, last)
            read.add(1, lost.last)
        for first, last in untold:
            if self._make_room(life, first, last, 1, LOST_BYTES):
                self._put(Lost(*life, first, last, lost.reason), 1, LOST_BYTES)

    def hear(self, rumor: Rumor) -> None:
        """A classic text came. It is in no list that it could be read from later."""
        if self._matches is not None and not self._matches(rumor.topic):
            return
        life, number, size = (rumor.origin, rumor.epoch), rumor.number, len(rumor.payload)
        if self._behind is not None:
            if self._has_room(1, size):
                self._put(rumor, 1, size)
            else:
                self._dropped.setdefault(life, Ranges()).add(number, number)
        elif self._make_room(life, number, number, 1, size):
            self._put(rumor, 1, size)

    def await_history(self, since: Cursor | int) -> None:
        """It will `look_back` soon: until then it is where it was."""
        self._resumes = since if isinstance(since, Cursor) else None

    def look_back(self, since: Cursor | int) -> None:
        """Begin with what came after a cursor was taken, or with the latest so many rumors. Before anything else."""
        self._resumes = None
        heads, retained = self._source.heads(), self._source.retained()
        if isinstance(since, int):
            self._missed = wanted_last(since, self._matches, heads, retained)
        else:
            self._missed = wanted_after(since, heads, retained, unordered=self._unordered)
            known = {life_of(stream): last for stream, (last, _) in heads.items()}
            for position in since.positions:
                life = (position.origin, position.epoch)
                if known.get(life, -1) < position.number:
                    self._awaited[life] = read_of(position)
        if self._missed:
            self._fall_behind(LostReason.FORGOTTEN)

    def close(self) -> None:
        """Take nothing more in; what waits can still be read. Once more does no harm."""
        if self._final_heads is None:
            self._final_heads = self._source.heads()
            self._source.leave(self)
            self._wake()

    # What goes out.

    @property
    def cursor(self) -> Cursor:
        """How far this was read: to resume exactly here, in this life of the process or a later one."""
        return self.cursor_before(())

    def cursor_before(self, unread: Sequence[Rumor | Lost]) -> Cursor:
        """The same for a reader who has some read ahead, and has not seen these."""
        if self._resumes is not None:
            return self._resumes
        heads = self._source.heads() if self._final_heads is None else self._final_heads
        read = {life_of(stream): Ranges(((1, last),)) for stream, (last, _) in heads.items()}
        read |= {life: Ranges(ranges) for life, ranges in self._awaited.items()}
        for life, ranges in self._early.items():
            for first, last in ranges:
                read.setdefault(life, Ranges()).add(first, last)
        for life, first, last in chain(self._not_read(), map(_numbers_of, unread)):
            if life in read:
                read[life].discard(first, last)
        return cursor_of(read, exact=self._unordered)

    def __aiter__(self) -> AsyncIterator[Rumor | Lost]:
        """Read rumor by rumor; while some wait, nothing else gets a turn, for 10 ms at most."""
        return self._read()

    async def __anext__(self) -> Rumor | Lost:
        """The next one. Raises SlowSubscriber once, when rumors were missed after what waited."""
        for rumor in self._rest:
            return rumor
        if not await self._more():
            raise StopAsyncIteration
        item = self._next()
        return next(self._begin(item)) if isinstance(item, frames.Run) else item

    async def batches(self) -> AsyncIterator[list[Rumor | Lost]]:
        """All that waits, at one wake-up; the lists are never empty."""
        while await self._more_whole():
            batch: list[Rumor | Lost] = []
            while self._dropped or self._waiting:
                item = self._next()
                if isinstance(item, frames.Run):
                    batch += self._begin(item)
                else:
                    batch.append(item)
            yield batch

    async def runs(self) -> AsyncIterator[Run | Lost]:
        """Whole runs, for throughput; of one that was begun rumor by rumor, the rest."""
        while await self._more_whole():
            item = self._next()
            yield item if isinstance(item, Lost) else run_of(item)

    async def __aenter__(self) -> Self:
        """Begin: it already takes in."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.close()

    # Reading.

    async def _read(self) -> AsyncIterator[Rumor | Lost]:
        while True:
            for rumor in self._rest:
                yield rumor
            if not await self._more():
                return
            item = self._next()
            if isinstance(item, frames.Run):
                self._begin(item)
            else:
                yield item

    async def _more(self) -> bool:
        """Wait until something can be read; False at the end. Raises SlowSubscriber once."""
        if self._waiting or self._dropped:
            if time.monotonic() - self._since > TURN:
                await asyncio.sleep(0)
                self._since = time.monotonic()
            return True
        while not (self._waiting or self._dropped):
            if self._ran_over:
                self._ran_over = False
                self.close()
                raise SlowSubscriber(f"not read in time: {self._capacity} rumors or {self._bytes_max} bytes waited")
            if self._final_heads is not None:
                return False
            if self._behind is not None:
                self._catch_up(self._behind)
            else:
                await self._wait()
        self._since = time.monotonic()
        return True

    async def _more_whole(self) -> bool:
        """The same for whoever reads no single rumors."""
        if length_hint(self._unread):
            self._put_back()
        return await self._more()

    async def _wait(self) -> None:
        if self._waiter is not None:
            raise UsageError("a subscription has one reader at a time")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _next(self) -> Item:
        """What is read next: what was dropped is older than all that waits."""
        if self._dropped:
            life, ranges = next(iter(self._dropped.items()))
            first, last = next(iter(ranges))
            ranges.discard(first, last)
            if not ranges:
                del self._dropped[life]
            return Lost(*life, first, last, LostReason.NOT_READ)
        return self._pop()

    def _pop(self) -> Item:
        item = self._waiting.popleft()
        self._rumors -= len(item.payloads) if isinstance(item, frames.Run) else 1
        self._bytes -= self._sizes.popleft()
        return item

    def _begin(self, run: frames.Run) -> Iterator[Rumor]:
        """Read a run rumor by rumor; each is made when it is read."""
        self._reading = run
        self._unread = iter(run.payloads)
        self._rest = map(
            Rumor,
            repeat(run.origin),
            repeat(run.epoch),
            count(run.first),
            repeat(run.timestamp / SECOND),
            repeat(run.topic),
            self._unread,
        )
        return self._rest

    def _put_back(self) -> None:
        """The rest of the run that is being read waits again."""
        if (run := self._unread_part()) is not None:
            size = _size_of(run)
            self._waiting.appendleft(run)
            self._sizes.appendleft(size)
            self._rumors += len(run.payloads)
            self._bytes += size
        self._unread = iter(())
        self._rest = iter(())

    def _unread_part(self) -> frames.Run | None:
        left = length_hint(self._unread)
        if self._reading is None or not left:
            return None
        return part_of(self._reading, self._reading.last - left + 1, self._reading.last)

    def _not_read(self) -> Iterator[tuple[Life, int, int]]:
        """All that was taken in and not read."""
        if (run := self._unread_part()) is not None:
            yield (run.origin, run.epoch), run.first, run.last
        yield from map(_numbers_of, self._waiting)
        for wanted in (self._dropped, self._missed):
            for life, ranges in wanted.items():
                for first, last in ranges:
                    yield life, first, last

    # Room.

    def _has_room(self, rumors: int, size: int) -> bool:
        """Whether so much more may wait. One item always may."""
        return not self._waiting or (
            self._rumors + rumors <= self._capacity and self._bytes + size <= self._bytes_max
        )  # fmt: skip

    def _make_room(self, life: Life, first: int, last: int, rumors: int, size: int) -> bool:
        """Whether something may be put in; when it is not, or something else gave way, that is noted."""
        if self._final_heads is not None:
            return False
        if self._behind is None and not self._ran_over:
            if self._has_room(rumors, size):
                return True
            self._weigh()
            if self._has_room(rumors, size):
                return True
            match self._overflow:
                case "drop_oldest":
                    while not self._has_room(rumors, size):
                        self._drop(self._pop())
                    return True
                case "disconnect":
                    self._ran_over = True
                    self._rumors_max = NO_ROOM
                case "block":
                    self._fall_behind(LostReason.NOT_READ)
                    self._source.hold(self)
        self._missed.setdefault(life, Ranges()).add(first, last)
        return False

    def _weigh(self) -> None:
        """Replace the sizes that were guessed by the true ones."""
        sizes = zip(self._sizes, self._waiting, strict=True)
        self._sizes = deque(
            _size_of(item) if size == SIZE_GUESSED and isinstance(item, frames.Run) else size for size, item in sizes
        )
        self._bytes = sum(self._sizes)

    def _drop(self, item: Item) -> None:
        life, first, last = _numbers_of(item)
        self._dropped.setdefault(life, Ranges()).add(first, last)

    def _put(self, item: Item, rumors: int, size: int) -> None:
        self._waiting.append(item)
        self._sizes.append(size)
        self._rumors += rumors
        self._bytes += size
        self._wake()

    # Being behind, and resuming.

    def _fall_behind(self, reason: LostReason) -> None:
        """Take nothing in from now on. What is not retained any more when it is to be read is lost, for this reason."""
        self._behind = reason
        self._rumors_max = NO_ROOM
        self._wake()

    def _catch_up(self, reason: LostReason) -> None:
        """Read what was missed from the message list, as much as there is room for; take in again when that was all."""
        source = self._source
        for item in replay(source.retained(), self._missed, self._matches, source.decode, reason):
            if isinstance(item, frames.Run):
                self._put(item, len(item.payloads), _size_of(item))
            else:
                self._put(item, 1, LOST_BYTES)
            if self._rumors >= self._capacity or self._bytes >= self._bytes_max:
                return
        self._behind = None
        self._rumors_max = self._capacity
        source.release(self)

    def _note_early(self, event: RunDelivered) -> None:
        """Keep account of what was told above a hole."""
        run = event.run
        life = (run.origin, run.epoch)
        if not event.ordered:
            self._early.setdefault(life, Ranges()).add(run.first, run.last)
        elif life in self._early:
            self._early[life].discard(1, run.last)
            if not self._early[life]:
                del self._early[life]

    def _resume(self, event: RunDelivered) -> None:
        """The first runs of a life that the cursor knows: take what it has not read, tell what can't come any more."""
        run = event.run
        life = (run.origin, run.epoch)
        if event.ordered:
            self.lose(Lost(*life, 1, run.first - 1, LostReason.FORGOTTEN))
        read = self._awaited.pop(life)
        new = Ranges(((run.first, run.last),))
        for first, last in read:
            new.discard(first, last)
        for first, last in new:
            self.take(RunDelivered(part_of(run, first, last), event.own, event.ordered, fresh=True))
        if any(last > run.last for _, last in read):
            read.add(run.first, run.last)
            self._awaited[life] = read


def _size_of(run: frames.Run) -> int:
    return len(b"".join(run.payloads))  # quicker than to add up the lengths


def _numbers_of(item: Item) -> tuple[Life, int, int]:
    """Whose rumors an item has, and which."""
    life = (item.origin, item.epoch)
    return (life, item.number, item.number) if isinstance(item, Rumor) else (life, item.first, item.last)
