"""The limit: a bare relay, a tree of processes that decode runs and pass them on, and nothing else.

No protocol: no numbers compared, no acknowledgements, no list, no event loop; only blocking sockets, whose buffers are
the window. A run is the same struct as in `rumor.core.frames`, decoded once, handed to the consumer whole, and passed
on as the bytes that came. What a network of this shape in this language can carry at the most on this machine.

`python -m benchmarks.limit --shapes` compares the shapes of the tree.
"""

import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from benchmarks import payloads
from benchmarks.control import serve
from benchmarks.systems.blocking import BlockingNode, Fields

WRITE_BYTES = 1 << 16
"""A publisher writes when it has so much."""
READ_BYTES = 1 << 18
"""The most that one read takes."""

PREFIX = struct.Struct(">I")

Count: TypeAlias = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]


class Run(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Field for field `rumor.core.frames.Run`; written out here, so that the yardstick needs nothing of ours."""

    origin: Annotated[str, Meta(min_length=1, max_length=255)]
    epoch: Count
    lane: Count
    number: Count
    first: Count
    timestamp: Count
    topic: Annotated[str, Meta(max_length=255)]
    payloads: Annotated[list[bytes], Meta(min_length=1)]
    part: Count = 0
    parts: Count = 1


def parents(shape: str, count: int) -> list[int]:
    """Whom each but the first hangs on: `star`, `chain`, or a number: so many children each."""
    if shape == "star":
        return [0] * (count - 1)
    if shape == "chain":
        return list(range(count - 1))
    return [(index - 1) // int(shape) for index in range(1, count)]


class Relay(BlockingNode):
    """One process of the tree."""

    def __init__(self) -> None:
        super().__init__()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._decoder = msgspec.msgpack.Decoder(Run)
        self._encoder = msgspec.msgpack.Encoder()
        self._children: list[socket.socket] = []
        self._children_wanted = 0
        self._rest = b""
        self._numbers = [1, 1]

    def start(self, join: str | None, children: int, **_: object) -> Fields:
        """Hang on the parent."""
        self._children_wanted = children
        if join:
            host, port = join.rsplit(":", 1)
            self._parent = socket.create_connection((host, int(port)))
        return {"address": f"127.0.0.1:{self._listening.getsockname()[1]}"}

    def connected(self, count: int, patience: float) -> Fields:
        """Take the children in."""
        self._listening.settimeout(patience)
        while len(self._children) < self._children_wanted:
            self._children.append(self._listening.accept()[0])
            self._children[-1].setblocking(True)
        return {"at": time.monotonic_ns()}

    def say(self, tag: str) -> None:
        """One small payload."""
        self._write(self._run([payloads.tagged(tag, 16)]))

    def publish(self, how: str, count: int, size: int, chunk: int) -> Fields:
        """Runs of `chunk` payloads, as quickly as the sockets take them."""
        run = [payloads.plain(size)] * chunk
        waiting = bytearray()
        began = time.monotonic_ns()
        for _ in range(count // chunk):
            waiting += self._run(run)
            if len(waiting) >= WRITE_BYTES:
                self._write(waiting)
                waiting.clear()
        self._write(waiting)
        return {"began": began, "ended": time.monotonic_ns()}

    def _run(self, run: list[bytes]) -> bytes:
        number, first = self._numbers
        self._numbers = [number + 1, first + len(run)]
        body = self._encoder.encode(Run("127.0.0.1:1", 1, 0, number, first, time.time_ns() // 1000, "", run))
        return PREFIX.pack(len(body)) + body

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        for child in self._children:
            child.sendall(data)

    def _runs(self) -> Iterator[Run]:
        """The runs that one read completes, passed on already."""
        data = self._rest + self._parent.recv(READ_BYTES)
        view, size, start = memoryview(data), len(data), 0
        runs = []
        while size - start >= PREFIX.size:
            end = start + PREFIX.size + PREFIX.unpack_from(data, start)[0]
            if end > size:
                break
            runs.append(self._decoder.decode(view[start + PREFIX.size : end]))
            start = end
        self._write(view[:start])
        self._rest = data[start:]
        return iter(runs)

    def _look(self) -> None:
        assert self._listener is not None
        over = False
        while not over:
            for run in self._runs():
                for payload in run.payloads:
                    over = self._listener.take(payload)
                self._has_first.set()

    def _count(self, expect: int) -> None:
        count, first = 0, 0
        while count < expect:
            for run in self._runs():
                count += len(run.payloads)
            first = first or time.monotonic_ns()
        self._counted = payloads.heard(count, first, time.monotonic_ns(), complete=True)


def compare_shapes(shapes: Sequence[str] = ("star", "chain", "2", "3", "4")) -> None:
    """Print deliveries a second for each shape."""
    from benchmarks.throughput import Load, deliveries  # it measures this module's workers

    for load in (Load("runs", 64, 256), Load("runs", 1024, 256), Load("runs", 64, 1)):
        rates: dict[str, Any] = {shape: [] for shape in shapes}
        for _ in range(3):
            for shape in shapes:
                rates[shape].append(deliveries("limit", load, seconds=1.0, parents=parents(shape, 8)))
        print(load, {shape: f"{sorted(found)[1]:,.0f}" for shape, found in rates.items()}, flush=True)


if __name__ == "__main__":
    if "--shapes" in sys.argv:
        compare_shapes()
    else:
        serve(Relay())
