"""A subscription: what the application has not read yet, bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from rumor.core.errors import SlowSubscriber

if TYPE_CHECKING:
    from types import TracebackType

Item = TypeVar("Item")


class Subscription(Generic[Item]):
    """Hands over what is put in, in order, to one reader: `async with peer.subscribe() as s: async for r in s`.

    Ends when the peer stops or the block is left. When it runs over, it is closed, and raises SlowSubscriber after the
    last item that it still holds: nothing is missed in silence.
    """

    def __init__(self, capacity: int, register: list[Subscription[Item]]) -> None:
        self._capacity = capacity
        self._register = register
        self._items: deque[Item] = deque()
        self._changed = asyncio.Event()
        self._closed = False
        self._ran_over = False
        register.append(self)

    def put(self, item: Item) -> None:
        """Add one item, or close when there is no room."""
        if self._closed:
            return
        if len(self._items) >= self._capacity:
            self._ran_over = True
            self.close()
        else:
            self._items.append(item)
            self._changed.set()

    def close(self) -> None:
        """Take nothing more in; once more does no harm."""
        self._closed = True
        if self in self._register:
            self._register.remove(self)
        self._changed.set()

    def __aiter__(self) -> Self:
        """Read on."""
        return self

    async def __anext__(self) -> Item:
        """The next item. Raises SlowSubscriber once, when items were missed."""
        while not self._items:
            if self._ran_over:
                self._ran_over = False
                raise SlowSubscriber(f"not read in time: {self._capacity} items waited, and one more came")
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._items.popleft()

    async def __aenter__(self) -> Self:
        """Begin: it already takes in."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.close()
