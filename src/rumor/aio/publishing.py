"""Publishing from an application: waiting for room, and for acknowledgements."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from rumor.aio.cores import Origin
from rumor.aio.coverage import TIMEOUT, Census, Coverage
from rumor.core.errors import UsageError
from rumor.core.ids import Seconds

LOOK_AGAIN: Seconds = 1.0
"""Room is looked for again after so long at the latest, whether anything was said or not."""

COUNTING_TIMEOUT: Seconds = 1.0
"""How long members may take to say it when they are only counted."""

MISSING_TIMEOUT: Seconds = 2.0
"""How long members may take to say that they have a rumor, unless it is said otherwise."""


class Delivery(msgspec.Struct, frozen=True):
    """How far a rumor is: `complete` when every peer that its tree reaches has acknowledged it; by so many `peers`."""

    complete: bool
    peers: int


class Progress:
    """Lets those wait who want to know how far own rumors are. `moved` is called at each PublishProgress."""

    def __init__(self, core: Origin, turn: Callable[[], Seconds], census: Census) -> None:
        self._core = core
        self._turn = turn
        self.census = census
        self._change: asyncio.Future[None] | None = None
        self._ended = False

    def moved(self) -> None:
        """Something changed: all look again."""
        if self._change is not None:
            self._change.set_result(None)
            self._change = None

    def end(self) -> None:
        """The peer stops: who waits for room gets a UsageError, who waits for a delivery its last state."""
        self._ended = True
        self.census.end()
        self.moved()

    async def room(self) -> Seconds:
        """Wait until more may be said; the moment then."""
        while not self._core.has_room(self._turn()):
            await self._wait(LOOK_AGAIN)
            if self._ended:
                raise UsageError("the peer has stopped")
        return self._turn()

    async def delivered(self, number: int, patience: float | None) -> Delivery:
        """Wait until a rumor is acknowledged by all, or the time is over: how far it is then."""
        loop = asyncio.get_running_loop()
        until = None if patience is None else loop.time() + patience
        while True:
            reached = self._core.receipt(number, self._turn())
            left = LOOK_AGAIN if until is None else min(LOOK_AGAIN, until - loop.time())
            if reached.complete or self._ended or left <= 0.0:
                return Delivery(reached.complete, reached.peers)
            await self._wait(left)

    async def _wait(self, patience: float) -> None:
        if self._change is None:
            self._change = asyncio.get_running_loop().create_future()
        await asyncio.wait((self._change,), timeout=patience)


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What publishing returns: the number of the rumor at its origin, of the last one if they were many."""

    number: int
    _progress: Progress

    async def delivered(self, timeout: float | None = None) -> Delivery:  # noqa: ASYNC109 - running out is an answer
        """Wait until every peer that the rumor's tree reaches has acknowledged it, for `timeout` seconds at most.

        How many these are is an estimate. That the time is over is an answer, not an error: see `Delivery.complete`.
        Peers that join later, and those that are so far behind that nobody waits for them, are not counted.
        """
        return await self._progress.delivered(self.number, timeout)

    async def counted(self, timeout: float | None = None) -> Delivery:  # noqa: ASYNC109 - as above
        """Wait as `delivered` does, and then count by a question to all: how many have it is exact, never too much.

        That may take a second more, and is done among up to 256 members (`COUNTED_MAX`) that all are known; in greater
        networks it remains an estimate.
        """
        delivery = await self.delivered(timeout)
        census = self._progress.census
        if not delivery.peers or not census.is_cheap:
            return delivery
        reached = await self.coverage(1.0, COUNTING_TIMEOUT)
        return Delivery(delivery.complete, reached.heard or min(delivery.peers, reached.members))  # 0: too many ask

    async def coverage(self, share: float = 1.0, timeout: float = TIMEOUT) -> Coverage:  # noqa: ASYNC109 - as above
        """Ask all members whether they have it, until this share of the live ones do, for `timeout` seconds at most.

        Exact, where `delivered` is an estimate: each member speaks for itself, and what it holds to be lost it does not
        have. It costs a question to all, and an answer of each. Members that joined later do not have it, and count.
        Raises UsageError for a share that is none, a timeout above 300 s, or when the peer has stopped.
        """
        return await self._progress.census.take(self.number, share, timeout)

    async def missing(self, timeout: float = MISSING_TIMEOUT) -> tuple[str, ...]:  # noqa: ASYNC109 - as above
        """The names of the live members that did not say in time that they have it."""
        return (await self.coverage(1.0, timeout)).missing

    def __repr__(self) -> str:
        return f"Receipt(number={self.number})"


def payload_of(payload: object) -> bytes:
    """What is said, as bytes. Raises UsageError for what is neither bytes nor text."""
    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, str):
        try:
            return payload.encode()
        except UnicodeEncodeError as error:
            raise UsageError("a text with characters that UTF-8 can't carry") from error
    if isinstance(payload, bytearray | memoryview):
        return bytes(payload)
    raise UsageError(f"a payload is bytes or text, not {type(payload).__name__}")


def payloads_of(payloads: Sequence[bytes | str]) -> list[bytes]:
    """The same for many."""
    if set(map(type, payloads)) == {bytes}:
        return list(payloads)  # type: ignore[arg-type] # as was seen
    return list(map(payload_of, payloads))
