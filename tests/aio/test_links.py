"""Links on real sockets, with a small core that notes what comes and gives what a test wants sent."""

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator

import pytest

from rumor.aio import links as links_module
from rumor.aio.driver import Driver
from rumor.aio.links import GUESTS_MAX, HANGUP_MAX, PIECES_MAX, PULL_BELOW, PULL_BYTES_MAX, connect
from rumor.aio.sockets import listen
from rumor.core.clock import WallClock
from rumor.core.effects import Ask, Dial, Effect, Failure, Hangup, Tell, Wake
from rumor.core.events import Event
from rumor.core.frames import Frame, Lane, Outgoing, Probe, ProbeReply, RawRecord, Run, RunRecord
from rumor.core.ids import Address, Seconds
from rumor.core.messages import Incoming, Reply
from rumor.core.settings import Settings
from rumor.wire.frames import encode, encode_run
from rumor.wire.framing import FrameReader
from rumor.wire.text import PREFACE

PATIENCE = 20.0
NEXT = encode(Probe(1))


class LinkedTestCore:
    """Notes every input as a tuple; what `send` gets waits for `pull`, as in a core's outbox."""

    def __init__(self) -> None:
        self.inputs: list[tuple[object, ...]] = []
        self.came = asyncio.Event()
        self.waiting: dict[int, deque[Outgoing]] = {}
        self.pulled = 0
        self._awake: set[int] = set()
        self._effects: list[Effect] = []

    def send(self, link: int, *frames: Outgoing) -> None:
        self.waiting.setdefault(link, deque()).extend(frames)
        if link not in self._awake:
            self._awake.add(link)
            self._effects.append(Wake(link))

    def want(self, effect: Effect) -> None:
        self._effects.append(effect)

    def dialled(self, link: int, now: Seconds) -> None:
        self._note("dialled", link)

    def accepted(self, link: int, source: str, now: Seconds) -> None:
        self._note("accepted", link, source)
        self.send(link, Probe(link))

    def link_lost(self, link: int, failure: Failure, now: Seconds) -> None:
        self._note("lost", link, failure)

    def on_frame(self, link: int, frame: Frame, now: Seconds) -> None:
        self._note("frame", link, frame)

    def bad_frame(self, link: int, text: str, now: Seconds) -> None:
        self._note("bad", link, text)
        self.want(Hangup(link))

    def end_turn(self, now: Seconds) -> None:
        self._note("turn")

    def pull(self, link: int, bytes_max: int, now: Seconds) -> list[Outgoing]:
        waiting, frames, size = self.waiting.get(link, deque()), [], 0
        while waiting and size < bytes_max:
            frames.append(waiting.popleft())
            size += len(encode(frames[-1]))
        if not frames:
            self._awake.discard(link)
        self.pulled += size
        return frames

    def leave(self, now: Seconds) -> None:
        for link in self.waiting:
            self.want(Hangup(link))

    def drain(self) -> tuple[list[Effect], list[Event]]:
        effects, self._effects = self._effects, []
        return effects, []

    def next_deadline(self) -> Seconds | None:
        return None

    def tick(self, now: Seconds) -> None: ...
    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None: ...
    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None: ...
    def told(self, tell: Tell, now: Seconds) -> None: ...
    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None: ...

    def _note(self, *what: object) -> None:
        self.inputs.append(what)
        self.came.set()


class Node:
    """A driver with that core, and its address."""

    def __init__(self) -> None:
        self.core = LinkedTestCore()
        self.driver = Driver(self.core, WallClock(0.0), Settings(), lambda _: None, linked=self.core)
        listener, self.address = listen(Address("127.0.0.1", 0))
        self.driver.start(listener)

    async def until(self, *inputs: tuple[object, ...]) -> None:
        """Wait for inputs, in this order, turns left out."""
        async with asyncio.timeout(PATIENCE):
            while [one for one in self.core.inputs if one != ("turn",)][: len(inputs)] != list(inputs):
                self.core.came.clear()
                await self.core.came.wait()


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    """A node of which nothing is left at the end."""
    node = Node()
    yield node
    await node.driver.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def visit(node: Node, *pieces: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, and say something."""
    reader, writer = await asyncio.open_connection(node.address.host, node.address.port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    return reader, writer


async def dialled(node: Node, answer: bytes) -> tuple[socket.socket, bytes]:
    """Have the node dial us as its link 2; the connection, and the first bytes that came over it."""
    listener, address = listen(Address("127.0.0.1", 0))
    node.core.send(2, Probe(7))
    node.core.want(Dial(2, address, PATIENCE))
    node.driver.step()
    loop = asyncio.get_running_loop()
    connection, _ = await asyncio.wait_for(loop.sock_accept(listener), PATIENCE)
    listener.close()
    connection.setblocking(False)
    first = await asyncio.wait_for(loop.sock_recv(connection, 4096), PATIENCE)
    await loop.sock_sendall(connection, answer)
    return connection, first


async def test_a_visitor_with_the_preface_becomes_a_link(node: Node) -> None:
    """It gets the preface and what the core has for it; links of others have odd numbers."""
    reader, writer = await visit(node, PREFACE)
    assert await asyncio.wait_for(reader.readexactly(len(PREFACE + encode(Probe(1)))), PATIENCE) == PREFACE + encode(
        Probe(1)
    )
    writer.write(encode(Probe(5)))

    await node.until(("accepted", 1, "127.0.0.1"), ("frame", 1, Probe(5)))
    writer.close()
    await node.until(("accepted", 1, "127.0.0.1"), ("frame", 1, Probe(5)), ("lost", 1, Failure.CLOSED))


async def test_what_follows_the_preface_counts(node: Node) -> None:
    """Frames in the same write as the preface, or in pieces of any size, are all read."""
    data = PREFACE + encode(Probe(1)) + encode(Probe(2))
    _, whole = await visit(node, data)
    await node.until(("accepted", 1, "127.0.0.1"), ("frame", 1, Probe(1)), ("frame", 1, Probe(2)))
    node.core.inputs.clear()

    _, pieces = await visit(node, *(bytes((byte,)) for byte in data))
    await node.until(("accepted", 3, "127.0.0.1"), ("frame", 3, Probe(1)), ("frame", 3, Probe(2)))
    whole.close()
    pieces.close()


async def test_all_that_one_read_brings_is_one_turn(node: Node) -> None:
    """The core is told once that a turn is over, after the last frame of a read."""
    _, writer = await visit(node, PREFACE)
    await node.until(("accepted", 1, "127.0.0.1"))
    node.core.inputs.clear()

    writer.write(encode(Probe(1)) * 3)

    await node.until(*[("frame", 1, Probe(1))] * 3)
    assert node.core.inputs == [("frame", 1, Probe(1))] * 3 + [("turn",)]
    writer.close()


async def test_too_many_links_are_refused(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound a preface closes the connection, and the others stay."""
    monkeypatch.setattr(links_module, "GUESTS_MAX", 1)
    assert GUESTS_MAX > 1
    _, first = await visit(node, PREFACE)
    await node.until(("accepted", 1, "127.0.0.1"))

    reader, second = await visit(node, PREFACE)

    assert await asyncio.wait_for(reader.read(100), PATIENCE) == b""
    second.close()
    first.write(NEXT)
    await node.until(("accepted", 1, "127.0.0.1"), ("frame", 1, Probe(1)))
    first.close()


async def test_a_dialler_says_all_in_one_write(node: Node) -> None:
    """The preface and the first frames leave together: one round trip."""
    connection, first = await dialled(node, PREFACE + encode(Probe(1)))

    assert first == PREFACE + encode(Probe(7))
    await node.until(("dialled", 2), ("frame", 2, Probe(1)))
    connection.close()
    await node.until(("dialled", 2), ("frame", 2, Probe(1)), ("lost", 2, Failure.CLOSED))


async def test_a_preface_may_come_in_pieces(node: Node) -> None:
    """A link is dialled when the other's preface is whole."""
    connection, _ = await dialled(node, b"")
    for byte in PREFACE:
        assert node.core.inputs == []
        await asyncio.get_running_loop().sock_sendall(connection, bytes((byte,)))

    await node.until(("dialled", 2))
    connection.close()


@pytest.mark.parametrize(
    ("answer", "failure"),
    [(b"", Failure.CLOSED), (PREFACE[:4], Failure.CLOSED), (b"HTTP/1.1", Failure.GARBLED)],
)
async def test_a_link_comes_to_nothing(node: Node, answer: bytes, failure: Failure) -> None:
    """An original node closes on the preface; somebody else says something else."""
    connection, _ = await dialled(node, answer)
    connection.close()

    await node.until(("lost", 2, failure))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "name.invalid"])
async def test_nobody_is_there(node: Node, host: str) -> None:
    """Whether the port is closed or the name is none, the link is lost as unreachable."""
    listener, address = listen(Address("127.0.0.1", 0))
    listener.close()
    node.core.want(Dial(2, Address(host, address.port), 5.0))
    node.driver.step()

    await node.until(("lost", 2, Failure.UNREACHABLE))


async def test_hanging_up_while_dialling(node: Node) -> None:
    """A link that is given up before it is made leaves no trace, and the core hears no more of it."""
    listener, address = listen(Address("127.0.0.1", 0))
    node.core.want(Dial(2, address, PATIENCE))
    node.core.want(Hangup(2))
    node.core.want(Hangup(4))
    node.driver.step()
    await asyncio.sleep(0)
    listener.close()

    await node.driver.stop()

    assert node.core.inputs == []


async def test_bytes_that_are_no_frame(node: Node) -> None:
    """What came whole before them counts; then the core is told, and hangs up."""
    reader, writer = await visit(node, PREFACE)
    await node.until(("accepted", 1, "127.0.0.1"))

    writer.write(encode(Probe(4)) + b"\xff\xff\xff\xff")

    await node.until(
        ("accepted", 1, "127.0.0.1"),
        ("frame", 1, Probe(4)),
        ("bad", 1, "a frame of 4294967295 bytes: it has 1 to 262144"),
    )
    assert (await asyncio.wait_for(reader.read(), PATIENCE)).startswith(PREFACE)
    writer.close()


def record(size: int) -> tuple[RawRecord, Run]:
    """A run of one payload, and how it leaves."""
    run = Run("ana", 1, Lane.APP, 1, 1, 0, "", [bytes(size)])
    return RawRecord(1, 2, False, encode_run(run)), run


async def test_a_slow_reader_gets_all_and_nothing_piles_up(node: Node) -> None:
    """While the kernel takes no more, no more is taken from the core; every byte arrives in the end, in order."""
    outgoing, run = record(60_000)
    reader, writer = await visit(node, PREFACE)
    await node.until(("accepted", 1, "127.0.0.1"))
    node.core.send(1, *[outgoing] * 400, Probe(9))
    node.driver.step()
    for _ in range(100):
        await asyncio.sleep(0)

    left = len(node.core.waiting[1])
    assert left > 100  # 24 MB are not lined up: what the kernel and the other hold, and one pull
    expected = [Probe(1), *[RunRecord(1, 2, False, run, outgoing.raw)] * 400, Probe(9)]
    assert await frames_of(reader, len(expected)) == expected
    writer.close()


async def test_frames_that_are_many_and_small(node: Node) -> None:
    """More pieces than the kernel takes in one write leave all the same."""
    reader, writer = await visit(node, PREFACE)
    await node.until(("accepted", 1, "127.0.0.1"))
    node.core.send(1, *map(ProbeReply, range(3 * PIECES_MAX)))
    node.driver.step()

    assert await frames_of(reader, 1 + 3 * PIECES_MAX) == [Probe(1), *map(ProbeReply, range(3 * PIECES_MAX))]
    writer.close()


async def frames_of(reader: asyncio.StreamReader, count: int) -> list[Frame]:
    """The frames that come after a preface."""
    frames = FrameReader(1 << 18)
    got: list[Frame] = []
    async with asyncio.timeout(PATIENCE):
        assert await reader.readexactly(len(PREFACE)) == PREFACE
        while len(got) < count:
            got += frames.feed(await reader.read(1 << 16))
    return got


async def test_hanging_up_says_all_first(node: Node) -> None:
    """What waits for a link leaves before it closes, even if that takes a while and the other still talks."""
    outgoing, _ = record(60_000)
    reader, writer = await visit(node, PREFACE)
    await node.until(("accepted", 1, "127.0.0.1"))
    node.core.send(1, *[outgoing] * 40)
    node.core.want(Hangup(1))
    node.driver.step()
    node.core.inputs.clear()
    writer.write(NEXT * 1000)

    data = await asyncio.wait_for(reader.read(), PATIENCE)

    assert len(data) == len(PREFACE + NEXT) + 40 * len(encode(outgoing))
    writer.close()
    await node.driver.stop()
    assert ("lost", 1, Failure.CLOSED) not in node.core.inputs


async def test_a_silent_end_takes_a_second_at_most(node: Node) -> None:
    """One who does not close is closed."""
    _, writer = await visit(node, PREFACE)
    await node.until(("accepted", 1, "127.0.0.1"))
    loop = asyncio.get_running_loop()
    begun = loop.time()

    await node.driver.stop()

    assert loop.time() - begun < HANGUP_MAX + 0.5
    writer.close()


async def test_a_link_that_breaks_while_it_sends(node: Node) -> None:
    """A write that fails is the end of the link, said once."""
    outgoing, _ = record(60_000)
    reader, writer = await visit(node, PREFACE)
    await node.until(("accepted", 1, "127.0.0.1"))
    node.core.send(1, *[outgoing] * 400)
    node.driver.step()
    writer.transport.abort()
    del reader

    await node.until(("accepted", 1, "127.0.0.1"), ("lost", 1, Failure.CLOSED))
    node.core.send(1, Probe(1))
    node.driver.step()
    assert len(node.core.inputs) == len(set(node.core.inputs))


async def test_connecting_tries_every_address() -> None:
    """Of a name with several addresses the first that takes us is taken."""
    listener, address = listen(Address("127.0.0.1", 0))
    connection = await connect(Address("localhost", address.port))

    assert connection.getpeername()[:2] == (address.host, address.port)
    connection.close()
    listener.close()
    with pytest.raises(OSError, match=r"refused|Connect"):
        await connect(address)


def test_what_waits_here_is_bounded() -> None:
    """One pull and what was left of the one before: no more than the largest frame above that."""
    assert PULL_BELOW + PULL_BYTES_MAX <= 1 << 18
