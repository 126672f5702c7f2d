"""The bare relay of `limit.py` once more, on uvloop's transports instead of blocking sockets.

What the event loop, which a library for asyncio can't do without, leaves of the limit.
"""

import asyncio
import time
from typing import Any, cast

import msgspec
import uvloop

from benchmarks import payloads
from benchmarks.control import serve_async
from benchmarks.limit import PREFIX, WRITE_BYTES, Run
from benchmarks.payloads import Listener, heard

Fields = dict[str, Any]


class Relay(asyncio.Protocol):
    """The connection to the parent."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self._decoder = msgspec.msgpack.Decoder(Run)
        self._rest = b""
        self.begin(None, 0)

    def begin(self, listener: Listener | None, expect: int) -> None:
        """What is counted from now on."""
        self.listener, self._expect = listener, expect
        self.count = self.first = self.last = 0
        self.has_first, self.is_over = asyncio.Event(), asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to pause."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass on the complete runs, decode and consume them."""
        data = self._rest + data if self._rest else data
        view, size, start = memoryview(data), len(data), 0
        while size - start >= PREFIX.size:
            end = start + PREFIX.size + PREFIX.unpack_from(data, start)[0]
            if end > size:
                break
            self._consume(self._decoder.decode(view[start + PREFIX.size : end]))
            start = end
        for child in self.children:
            child.transport.write(view[:start])
        self._rest = data[start:]

    def _consume(self, run: Run) -> None:
        self.count += len(run.payloads)
        self.first = self.first or time.monotonic_ns()
        over = self.count == self._expect
        if self.listener is not None:
            over = [self.listener.take(payload) for payload in run.payloads][-1]
            self.has_first.set()
        if over:
            self.last = time.monotonic_ns()
            self.is_over.set()


class Child(asyncio.Protocol):
    """The connection of a child; while it is full, nothing more is read from the parent, or published."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.has_room = asyncio.Event()
        self.has_room.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """One more child."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=1 << 20)
        self._relay.children.append(self)

    def pause_writing(self) -> None:
        """Stop what comes."""
        self.has_room.clear()
        if hasattr(self._relay, "transport"):
            self._relay.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on, if all have room."""
        self.has_room.set()
        if hasattr(self._relay, "transport") and all(child.has_room.is_set() for child in self._relay.children):
            self._relay.transport.resume_reading()


class Node:
    """One process of the tree."""

    def __init__(self) -> None:
        self._relay = Relay()
        self._encoder = msgspec.msgpack.Encoder()
        self._numbers = [1, 1]

    async def start(self, join: str | None, children: int, **_: object) -> Fields:
        """Hang on the parent."""
        loop = asyncio.get_running_loop()
        self._children_wanted = children
        self._server = await loop.create_server(lambda: Child(self._relay), "127.0.0.1", 0)
        if join:
            host, port = join.rsplit(":", 1)
            await loop.create_connection(lambda: self._relay, host, int(port))
        return {"address": f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"}

    async def connected(self, **_: object) -> Fields:
        """Wait for the children."""
        while len(self._relay.children) < self._children_wanted:  # noqa: ASYNC110 - rare, and once
            await asyncio.sleep(0.01)
        return {"at": time.monotonic_ns()}

    async def listen(self, how: str, expect: int = 0, ends: int = 1) -> None:
        """Count from now on."""
        self._relay.begin(Listener(ends) if how == "stamps" else None, expect)

    async def first(self, patience: float) -> Fields:
        """Wait for the first payload."""
        await asyncio.wait_for(self._relay.has_first.wait(), patience)
        return {"at": self._relay.first}

    async def heard(self, patience: float) -> Fields:
        """Wait for the last."""
        await asyncio.wait_for(self._relay.is_over.wait(), patience)
        if self._relay.listener is not None:
            return self._relay.listener.told()
        return heard(self._relay.count, self._relay.first, self._relay.last, complete=True)

    async def say(self, tag: str) -> None:
        """One small payload."""
        await self._write(self._run([payloads.tagged(tag, 16)]))

    async def publish(self, how: str, count: int, size: int, chunk: int) -> Fields:
        """Runs of `chunk` payloads, as quickly as the children take them."""
        run, waiting = [payloads.plain(size)] * chunk, bytearray()
        began = time.monotonic_ns()
        for _ in range(count // chunk):
            waiting += self._run(run)
            if len(waiting) >= WRITE_BYTES:
                await self._write(bytes(waiting))
                waiting.clear()
        await self._write(bytes(waiting))
        return {"began": began, "ended": time.monotonic_ns()}

    def _run(self, run: list[bytes]) -> bytes:
        number, first = self._numbers
        self._numbers = [number + 1, first + len(run)]
        body = self._encoder.encode(Run("127.0.0.1:1", 1, 0, number, first, time.time_ns() // 1000, "", run))
        return PREFIX.pack(len(body)) + body

    async def _write(self, data: bytes) -> None:
        for child in self._relay.children:
            child.transport.write(data)
        await asyncio.sleep(0)
        for child in self._relay.children:
            await child.has_room.wait()


async def main() -> None:
    """Obey."""
    await serve_async(Node())


if __name__ == "__main__":
    uvloop.run(main())
