"""Lines on standard output: in order, never in the node's way, and never lost in silence."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rumor.cli.output import CAPACITY, CHARACTERS_MAX, Output

DEADLINE = 10.0
FULL = Path("/dev/full")


class Pipe:
    """A pipe whose ends a test may close itself."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        self._open = {self.read_end, self.write_end}

    def close(self, end: int) -> None:
        """Close one end; once more does no harm."""
        if end in self._open:
            self._open.remove(end)
            os.close(end)

    async def read_all(self) -> bytes:
        """Everything until the other end is closed."""
        reader = asyncio.StreamReader()
        file = os.fdopen(os.dup(self.read_end), "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), file
        )
        try:
            async with asyncio.timeout(DEADLINE):
                return await reader.read()
        finally:
            transport.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe, closed afterwards: first where it is read, so that nobody waits in a write for ever."""
    pipe = Pipe()
    yield pipe
    pipe.close(pipe.read_end)
    pipe.close(pipe.write_end)


@pytest.fixture
def closed() -> asyncio.Event:
    """Set when an output finds that nobody can read any more."""
    return asyncio.Event()


async def test_lines_are_written_in_order(pipe: Pipe, closed: asyncio.Event) -> None:
    """Each ends with a line break, and is UTF-8."""
    output = output_to(pipe.write_end, closed)

    for line in ("first", "", "gr\u00fc\u00df"):
        output.put(line)

    assert await rest_of(pipe, output) == b"first\n\ngr\xc3\xbc\xc3\x9f\n"
    assert not closed.is_set()


async def test_a_line_is_written_without_a_further_one(pipe: Pipe, closed: asyncio.Event) -> None:
    """Who follows the output sees each line as soon as it is there."""
    output = output_to(pipe.write_end, closed)
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(pipe.read_end, readable.set)

    output.put("alone")
    async with asyncio.timeout(DEADLINE):
        await readable.wait()
    loop.remove_reader(pipe.read_end)

    assert os.read(pipe.read_end, 100) == b"alone\n"
    output.close(DEADLINE)


async def test_closing_writes_what_waits(pipe: Pipe, closed: asyncio.Event) -> None:
    """The last lines of a node are not lost with it."""
    output = output_to(pipe.write_end, closed)
    for number in range(1_000):
        output.put(f"{number}")

    output.close(DEADLINE)

    pipe.close(pipe.write_end)
    assert await pipe.read_all() == b"".join(b"%d\n" % number for number in range(1_000))


async def test_a_pipe_that_nobody_reads_holds_up_nothing(pipe: Pipe, closed: asyncio.Event) -> None:
    """Lines wait up to the bound; further ones are dropped, counted, and the count is said when reading goes on."""
    output = output_to(pipe.write_end, closed)
    put = 3 * CAPACITY

    for number in range(put):
        output.put(f"{number:0100}")
    told = (await rest_of(pipe, output)).decode().splitlines()

    written = [int(line) for line in told if not line.startswith("dropped")]
    dropped = [int(line.removeprefix("dropped ")) for line in told if line.startswith("dropped")]
    assert written == sorted(written)
    assert len(written) >= CAPACITY
    assert len(dropped) >= 1
    assert len(written) + sum(dropped) == put
    assert not closed.is_set()


async def test_a_block_counts_for_its_lines_and_is_not_made_in_vain(pipe: Pipe, closed: asyncio.Event) -> None:
    """Rumors that come by the million cost nothing while nobody reads."""
    output = output_to(pipe.write_end, closed)
    block = "\n".join(["x" * 100] * 1000)
    made = []

    def make() -> str:
        made.append(block)
        return block

    for _ in range(100):
        output.put_block(1000, make)
    told = (await rest_of(pipe, output)).decode().splitlines()

    dropped = sum(int(line.removeprefix("dropped ")) for line in told if line.startswith("dropped"))
    assert len(made) < 100
    assert len([line for line in told if line == "x" * 100]) == 1000 * len(made) == 100_000 - dropped


async def test_long_lines_are_bounded_by_their_length(pipe: Pipe, closed: asyncio.Event) -> None:
    """A payload may be a mebibyte: ten thousand of them may not wait."""
    output = output_to(pipe.write_end, closed)
    line = "x" * (1 << 20)

    for _ in range(2 * (CHARACTERS_MAX >> 20)):
        output.put(line)
    told = (await rest_of(pipe, output)).decode().splitlines()

    written = [text for text in told if text == line]
    assert len(written) <= (CHARACTERS_MAX >> 20) + 2
    assert len(told) > len(written)


async def test_who_may_wait_loses_nothing(pipe: Pipe, closed: asyncio.Event) -> None:
    """A writer that asks for room before each line has none dropped, however slowly it is read."""
    output = output_to(pipe.write_end, closed)
    reading = asyncio.create_task(pipe.read_all())

    for number in range(3 * CAPACITY):
        await output.has_room()
        output.put(f"{number}")
    await asyncio.to_thread(output.close, DEADLINE)
    pipe.close(pipe.write_end)

    assert (await reading).decode().splitlines() == [f"{number}" for number in range(3 * CAPACITY)]


async def test_closing_a_pipe_that_nobody_reads_takes_no_longer_than_allowed(pipe: Pipe, closed: asyncio.Event) -> None:
    """A node ends although its last lines can't be written."""
    output = output_to(pipe.write_end, closed)
    for _ in range(CAPACITY):
        output.put("x" * 100)

    output.close(0.01)

    pipe.close(pipe.read_end)
    await happened(closed)


async def test_a_pipe_whose_reader_is_gone_says_so(pipe: Pipe, closed: asyncio.Event) -> None:
    """`rumor peer | head` ends when `head` has seen enough; what is put afterwards does no harm."""
    output = output_to(pipe.write_end, closed)
    pipe.close(pipe.read_end)

    output.put("for nobody")
    await happened(closed)

    output.put("for nobody either")
    output.close(DEADLINE)


async def test_a_pipe_that_does_not_block_loses_nothing(pipe: Pipe, closed: asyncio.Event) -> None:
    """Who shares a terminal or a pipe may have set it not to block; lines wait all the same."""
    os.set_blocking(pipe.write_end, False)
    output = output_to(pipe.write_end, closed)
    lines = [f"{number:0100}" for number in range(CAPACITY // 2)]

    for line in lines:
        output.put(line)

    assert (await rest_of(pipe, output)).decode().splitlines() == lines


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
async def test_a_full_disk_is_no_reason_to_end(closed: asyncio.Event) -> None:
    """Lines that can't be written are lost, and nothing else happens."""
    descriptor = os.open(FULL, os.O_WRONLY)
    output = output_to(descriptor, closed)

    output.put("lost")
    output.close(DEADLINE)

    os.close(descriptor)
    assert not closed.is_set()


async def test_text_that_is_no_unicode_is_written_all_the_same(pipe: Pipe, closed: asyncio.Event) -> None:
    """A file name may hold bytes that are no text; a line with it ends no output."""
    output = output_to(pipe.write_end, closed)

    output.put("log\udcff.txt")
    output.put("next")

    assert await rest_of(pipe, output) == b"log?.txt\nnext\n"


def output_to(descriptor: int, closed: asyncio.Event) -> Output:
    """An output that sets an event when nobody can read it any more."""
    loop = asyncio.get_running_loop()

    def on_closed() -> None:
        loop.call_soon_threadsafe(closed.set)

    return Output(descriptor, on_closed, "dropped {}".format)


async def rest_of(pipe: Pipe, output: Output) -> bytes:
    """What is read from now on, until the output has ended."""

    def end() -> None:
        output.close(DEADLINE)
        pipe.close(pipe.write_end)

    data, _ = await asyncio.gather(pipe.read_all(), asyncio.to_thread(end))
    return data


async def happened(event: asyncio.Event) -> None:
    """Wait for something that must happen."""
    async with asyncio.timeout(DEADLINE):
        await event.wait()
