"""Members, as applications see them: who is there, and what changes.

    core --MemberChanged, ReachChanged--> Members --> each Changes --bounded--> its reader

What a reader has not read yet is put together by member when it becomes too much: from the state that the reader knows
to the one that the member has now. So a slow reader is told less, but nothing wrong, and always the end of it.

Rule 1: of each member a reader sees `before` as it saw `member` last. Rule 2: nobody waits for a reader.
"""

import asyncio
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from rumor.core.errors import UsageError
from rumor.core.events import Event, MemberChanged, ReachChanged
from rumor.core.ids import Seconds
from rumor.core.members import Change, Member, Reach, Why

CAPACITY = 1024
"""So many changes wait for a reader as they came; above it they are put together by member."""

Item: TypeAlias = Change | Reach


class Core(Protocol):
    """What is needed of the core: `core.peer.Peer`."""

    def members(self) -> tuple[Member, ...]:
        """Who is in the network, by name."""

    def member(self, name: str) -> Member | None:
        """One member."""

    def why(self, name: str) -> Why | None:
        """Why it is in its state."""

    def reach(self) -> Reach:
        """How many are on our side."""

    def set_tags(self, tags: Mapping[str, str], now: Seconds) -> None:
        """Have these tags."""


class Changes:
    """Changes of members and of the reach from now on: `async for change in peer.changes(): ...`.

    What comes is a Change or a Reach. One reader reads it; it ends when the peer stops, after what waits was read.
    """

    def __init__(self, members_max: int) -> None:
        self._members_max = members_max
        self._waiting: deque[Item] = deque()
        self._limit = CAPACITY
        self._reader: asyncio.Future[None] | None = None
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        """The next one."""
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            if self._reader is not None:
                raise UsageError("changes have one reader at a time")
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._waiting.popleft()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def put(self, item: Item) -> None:
        """Something changed."""
        if self._ended:
            return
        self._waiting.append(item)
        if len(self._waiting) > self._limit:
            self._put_together()
        self._wake()

    def close(self) -> None:
        """Take nothing more in; what waits can still be read. Once more does no harm."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _put_together(self) -> None:
        """One change a member, in the order of the latest ones; who is as before is left out.

        If even that is more than there can be members, those that changed longest ago were forgotten meanwhile.
        """
        merged: dict[str | None, Item] = {}
        for item in self._waiting:
            if isinstance(item, Reach):
                merged.pop(None, None)
                merged[None] = item
                continue
            name = item.member.name
            earlier = merged.pop(name, None)
            if isinstance(earlier, Change):
                item = Change(item.member, earlier.before)
            merged[name] = item
        changed = [item for item in merged.values() if isinstance(item, Reach) or item.member != item.before]
        self._waiting = deque(changed[-self._members_max - 1 :])
        self._limit = max(CAPACITY, 2 * len(self._waiting))


class Members:
    """The members that one peer knows. `turn`: the moment of the turn, for what is done in it."""

    def __init__(self, core: Core, turn: Callable[[], Seconds], members_max: int) -> None:
        self._core = core
        self._turn = turn
        self._members_max = members_max
        self._readers: list[weakref.ref[Changes]] = []
        self._ended = False

    def changes(self) -> Changes:
        """What changes from now on. Who lets go of it need not close it."""
        changes = Changes(self._members_max)
        self._readers = [*self._live(), weakref.ref(changes)]
        return changes

    def set_tags(self, name: str, tags: Mapping[str, str]) -> None:
        """Have these tags and no others; of ourselves (`name`) this is the one change that is told."""
        before = self._core.member(name)
        self._core.set_tags(tags, self._turn())
        member = self._core.member(name)
        if member is not None and before is not None and member.tags != before.tags:
            self._put(Change(member, before))

    def on_event(self, event: Event) -> None:
        """Something happened."""
        match event:
            case MemberChanged(change):
                self._put(change)
            case ReachChanged(reach):
                self._put(reach)
            case _:
                pass

    def close(self) -> None:
        """The peer stops: all readers come to their end."""
        for reader in self._live():
            changes = reader()
            if changes is not None:
                changes.close()

    def _put(self, item: Item) -> None:
        for reader in self._readers:
            changes = reader()
            if changes is not None:
                changes.put(item)

    def _live(self) -> list[weakref.ref[Changes]]:
        return [reader for reader in self._readers if reader() is not None]
