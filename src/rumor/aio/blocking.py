"""The face without asyncio: a peer whose event loop runs in a thread of its own.

with rumor.connect(seeds=["127.0.0.1:3400"]) as peer:
    peer.publish("hello")
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from rumor.aio.api import Neighbor, Peer
from rumor.aio.coverage import TIMEOUT, Coverage
from rumor.aio.cursor import Cursor
from rumor.aio.driver import OnEvent
from rumor.aio.publishing import MISSING_TIMEOUT, Delivery, Receipt
from rumor.aio.requests import TIMEOUT as ANSWER_TIMEOUT
from rumor.aio.requests import Answer, Reply
from rumor.aio.rumors import Lost, Rumor, Run, run_of
from rumor.aio.subscription import BYTES_MAX, CAPACITY, Overflow, Subscription
from rumor.core.errors import UsageError
from rumor.core.ids import Address
from rumor.core.members import Change, Member, Reach, Why
from rumor.core.settings import Settings
from rumor.core.snapshot import PeerSnapshot

Result = TypeVar("Result")
Item = TypeVar("Item", covariant=True)
BlockingResponder = TypeVar("BlockingResponder", bound=Callable[[bytes, str], Reply])


class _Items(Protocol[Item]):
    """What comes one after the other in the loop's thread."""

    def __aiter__(self) -> AsyncIterator[Item]: ...

    async def __anext__(self) -> Item: ...

    def close(self) -> None:
        """Take nothing more in."""


class _LoopThread:
    """An event loop in a thread of its own, from `__init__` to `end`."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=_new_loop)
        self._loop = self._runner.get_loop()
        self._ended = False
        self._thread = threading.Thread(target=self._serve, name="rumor", daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Have the loop do something, and wait for what comes of it."""
        if self._ended:
            work.close()
            raise UsageError("the peer has been closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise UsageError("the peer has been closed") from None
        except BaseException:
            future.cancel()  # Ctrl-C while waiting
            raise

    def call(self, function: Callable[[], Result]) -> Result:
        """Call something in the loop's thread."""

        async def work() -> Result:
            return function()

        return self.do(work())

    def end(self) -> None:
        """End the loop and its thread, and cancel what still waits in it."""
        self._ended = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        self._loop.run_forever()
        self._runner.close()


class BlockingReceipt:
    """What publishing returns: the number of the rumor at its origin, of the last one if they were many."""

    def __init__(self, thread: _LoopThread, receipt: Receipt) -> None:
        self._thread = thread
        self._receipt = receipt

    @property
    def number(self) -> int:
        """The rumor's number at its origin."""
        return self._receipt.number

    def delivered(self, timeout: float | None = None) -> Delivery:
        """Wait until every peer that the rumor's tree reaches has acknowledged it; see `Receipt.delivered`."""
        return self._thread.do(self._receipt.delivered(timeout))

    def counted(self, timeout: float | None = None) -> Delivery:
        """Wait as `delivered` does, and count those who have it; see `Receipt.counted`."""
        return self._thread.do(self._receipt.counted(timeout))

    def coverage(self, share: float = 1.0, timeout: float = TIMEOUT) -> Coverage:
        """Ask all members whether they have it; see `Receipt.coverage`."""
        return self._thread.do(self._receipt.coverage(share, timeout))

    def missing(self, timeout: float = MISSING_TIMEOUT) -> tuple[str, ...]:
        """The names of the live members that did not say in time that they have it."""
        return self._thread.do(self._receipt.missing(timeout))

    def __repr__(self) -> str:
        return f"BlockingReceipt(number={self.number})"


class BlockingSubscription:
    """Rumors of others, as they come: `with peer.subscribe("news") as news: for r in news: ...`; see `Subscription`."""

    def __init__(self, thread: _LoopThread, subscription: Subscription) -> None:
        self._thread = thread
        self._subscription = subscription
        self._batches = subscription.batches()
        self._runs = subscription.runs()
        self._ahead: deque[Rumor | Lost] = deque()

    @property
    def cursor(self) -> Cursor:
        """How far this was read: to resume exactly here, in this life of the process or a later one."""
        return self._thread.call(lambda: self._subscription.cursor_before(self._ahead))

    def __iter__(self) -> Iterator[Rumor | Lost]:
        """Read rumor by rumor, until the peer or the subscription is closed."""
        return self

    def __next__(self) -> Rumor | Lost:
        """The next one; raises SlowSubscriber once, when rumors were missed after what waited."""
        if not self._ahead:
            batch = self._thread.do(_next(self._batches))
            if batch is None:
                raise StopIteration
            self._ahead += batch
        return self._ahead.popleft()

    def get(self, timeout: float | None = None) -> Rumor | Lost:
        """The next one; raises TimeoutError when none comes within `timeout` seconds, EOFError after the last."""
        if self._ahead:
            return self._ahead.popleft()
        item = self._thread.do(asyncio.wait_for(_next(self._subscription), timeout))
        if item is None:
            raise EOFError("the subscription has ended")
        return item

    def batches(self) -> Iterator[list[Rumor | Lost]]:
        """All that waits, in lists that are never empty."""
        if self._ahead:
            yield self._take_ahead()
        while (batch := self._thread.do(_next(self._batches))) is not None:
            yield batch

    def runs(self) -> Iterator[Run | Lost]:
        """Whole runs, for throughput."""
        for item in self._take_ahead():
            yield item if isinstance(item, Lost) else run_of(item)
        while (run := self._thread.do(_next(self._runs))) is not None:
            yield run

    def close(self) -> None:
        """Take nothing more in; what waits can still be read. Once more does no harm."""
        self._thread.call(self._subscription.close)

    def __enter__(self) -> Self:
        """Begin: it already takes in."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.close()

    def _take_ahead(self) -> list[Rumor | Lost]:
        ahead = list(self._ahead)
        self._ahead.clear()
        return ahead


class BlockingItems(Generic[Item]):
    """What comes one after the other, made by `ask` and `changes`: `for item in items: ...`, to its end."""

    def __init__(self, thread: _LoopThread, items: _Items[Item]) -> None:
        self._thread = thread
        self._items = items

    def __iter__(self) -> Iterator[Item]:
        """Read one after the other."""
        return self

    def __next__(self) -> Item:
        """The next one."""
        item = self._thread.do(_next(self._items))
        if item is None:
            raise StopIteration
        return item

    def get(self, timeout: float | None = None) -> Item:
        """The next one; raises TimeoutError when none comes within `timeout` seconds, EOFError after the last."""
        item = self._thread.do(asyncio.wait_for(_next(self._items), timeout))
        if item is None:
            raise EOFError("there are no more")
        return item

    def close(self) -> None:
        """Take nothing more in; what waits can still be read. Once more does no harm."""
        self._thread.call(self._items.close)

    def __enter__(self) -> Self:
        """Begin: it already takes in."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.close()


class BlockingPeer:
    """A `Peer` for programs without asyncio; made by `connect`. Every method may be called from any thread."""

    def __init__(self, thread: _LoopThread, peer: Peer) -> None:
        self._thread = thread
        self._peer = peer
        self._closed = False

    @property
    def address(self) -> str:
        """`host:port`: where others reach this peer."""
        return self._peer.address

    @property
    def name(self) -> str:
        """Who this peer is: the origin of its rumors."""
        return self._peer.name

    def neighbors(self) -> tuple[Neighbor, ...]:
        """The neighbors, as frozen snapshots."""
        return self._thread.call(self._peer.neighbors)

    def stats(self) -> PeerSnapshot:
        """How things stand, as a frozen snapshot."""
        return self._thread.call(self._peer.stats)

    @property
    def tags(self) -> Mapping[str, str]:
        """What this peer lets all members know of it."""
        return self._peer.tags

    def members(self) -> tuple[Member, ...]:
        """All members of the network that are known, this peer included, by name."""
        return self._thread.call(self._peer.members)

    def member(self, name: str) -> Member | None:
        """One member; None if it is not known, or not any more."""
        return self._thread.call(lambda: self._peer.member(name))

    def why(self, name: str) -> Why | None:
        """Why a member is in its state, with what others found of it; None if it is not known."""
        return self._thread.call(lambda: self._peer.why(name))

    def reach(self) -> Reach:
        """How many of the known members are on our side, and whether a partition is likely."""
        return self._thread.call(self._peer.reach)

    def changes(self) -> BlockingItems[Change | Reach]:
        """How members and the reach change, from now on; see `Peer.changes`."""
        return BlockingItems(self._thread, self._thread.call(self._peer.changes))

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Have these tags and no others; see `Peer.set_tags`."""
        self._thread.do(self._peer.set_tags(tags))

    def set_seeds(self, seeds: Iterable[Address | str]) -> None:
        """Go on with these seeds and no others; see `Peer.set_seeds`."""
        self._thread.call(lambda: self._peer.set_seeds(seeds))

    def reload(self) -> tuple[Address, ...]:
        """Go on with the seeds that `on_reload` gives; see `Peer.reload`."""
        return self._thread.call(self._peer.reload)

    def request(self, name: str, payload: bytes | str, *, topic: str = "", timeout: float = ANSWER_TIMEOUT) -> bytes:
        """Ask one member, and wait for its answer; see `Peer.request`."""
        return self._thread.do(self._peer.request(name, payload, topic=topic, timeout=timeout))

    def ask(self, payload: bytes | str, *, topic: str = "", timeout: float = ANSWER_TIMEOUT) -> BlockingItems[Answer]:
        """Ask all other members: `for answer in peer.ask(...): ...`, until the time is over; see `Peer.ask`."""
        return BlockingItems(
            self._thread, self._thread.call(lambda: self._peer.ask(payload, topic=topic, timeout=timeout))
        )

    def responder(self, topic: str = "") -> Callable[[BlockingResponder], BlockingResponder]:
        """Let a function answer the questions of a topic: `@peer.responder("load")`; see `Peer.responder`.

        It is called in a thread of its own, and may block; several questions are answered at once.
        """

        def register(responder: BlockingResponder) -> BlockingResponder:
            async def respond(payload: bytes, asker: str) -> Reply:
                return await asyncio.to_thread(responder, payload, asker)

            self._thread.call(lambda: self._peer.responder(topic)(respond))
            return responder

        return register

    def wait_joined(self, *, neighbors: int = 1, timeout: float | None = None) -> None:
        """Wait until there are so many neighbors. Raises TimeoutError after `timeout` seconds (None: never)."""
        self._thread.do(self._peer.wait_joined(neighbors=neighbors, timeout=timeout))

    def publish(self, payload: bytes | str, topic: str = "") -> BlockingReceipt:
        """Say something to everybody; see `Peer.publish`."""
        return BlockingReceipt(self._thread, self._thread.do(self._peer.publish(payload, topic)))

    def publish_many(self, payloads: Sequence[bytes | str], topic: str = "") -> BlockingReceipt:
        """Say many things at the price of one; see `Peer.publish_many`."""
        return BlockingReceipt(self._thread, self._thread.do(self._peer.publish_many(payloads, topic)))

    def subscribe(
        self,
        topic: str | None = None,
        *,
        since: str = "now",
        last: int | None = None,
        cursor: Cursor | str | None = None,
        unordered: bool = False,
        overflow: Overflow = "disconnect",
        capacity: int = CAPACITY,
        bytes_max: int = BYTES_MAX,
    ) -> BlockingSubscription:
        """Hear the rumors of others; see `Peer.subscribe`."""
        subscription = self._thread.call(
            lambda: self._peer.subscribe(
                topic,
                since=since,
                last=last,
                cursor=cursor,
                unordered=unordered,
                overflow=overflow,
                capacity=capacity,
                bytes_max=bytes_max,
            )
        )
        return BlockingSubscription(self._thread, subscription)

    def receipt(self, number: int) -> BlockingReceipt:
        """The receipt of a rumor that was published in this life, for one who kept its number only."""
        return BlockingReceipt(self._thread, self._thread.call(lambda: self._peer.receipt(number)))

    def wait_stopped(self) -> None:
        """Wait until this peer has stopped, whoever wanted it; `close` is still to be called."""
        self._thread.do(self._peer.wait_stopped())

    def leave(self, back_in: float | None = None) -> None:
        """Tell everybody that this peer goes, for good or for about `back_in` seconds, and close it."""
        if not self._closed:
            self._thread.do(self._peer.leave(back_in))
        self.close()

    def close(self) -> None:
        """Leave politely and end everything, within about a second; once more does no harm."""
        if not self._closed:
            self._closed = True
            try:
                self._thread.do(self._peer.stop())
            finally:
                self._thread.end()

    def __enter__(self) -> Self:
        """Begin: it already runs."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.close()


def connect(
    address: Address | str = "127.0.0.1:0",
    *,
    seeds: Iterable[Address | str] = (),
    join: Iterable[Address | str] = (),
    name: str | None = None,
    network: str = "",
    tags: Mapping[str, str] | None = None,
    state: Path | str | None = None,
    settings: Settings | str = "lan",
    detect_within: float | None = None,
    advertise: str | None = None,
    insecure: bool = False,
    control: bool = False,
    on_reload: Callable[[], Iterable[Address | str]] | None = None,
    on_event: OnEvent | None = None,
) -> BlockingPeer:
    """Start a peer whose event loop runs in a thread of its own: `with rumor.connect(seeds=[...]) as peer: ...`.

    All is as for `Peer`. `on_event` and `on_reload` are called in that thread.
    """
    peer = Peer(
        address,
        seeds=seeds,
        join=join,
        name=name,
        network=network,
        tags=tags,
        state=state,
        settings=settings,
        detect_within=detect_within,
        advertise=advertise,
        insecure=insecure,
        control=control,
        on_reload=on_reload,
        on_event=on_event,
    )
    thread = _LoopThread()
    try:
        thread.do(peer.start())
    except BaseException:
        thread.end()
        raise
    return BlockingPeer(thread, peer)


async def _next(items: AsyncIterator[Result]) -> Result | None:
    """The next item; None after the last, since an end can't be raised through a future."""
    return await anext(items, None)


def _new_loop() -> asyncio.AbstractEventLoop:
    """The quickest event loop that there is."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
