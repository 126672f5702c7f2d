"""Lines from a pipe: whole, in order, and as many at a time as have come."""

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest

from rumor.cli.stdin import LINE_BYTES_MAX, Lines, follow

DEADLINE = 10.0


@pytest.fixture
def pipe() -> Iterator[tuple[Lines, int]]:
    """Lines, and where to write them; the test closes that end."""
    read_end, write_end = os.pipe()
    yield Lines(read_end), write_end
    os.close(read_end)


def test_lines_are_read_one_by_one(pipe: tuple[Lines, int]) -> None:
    """Without their ends, DOS ones included; the last needs none."""
    lines, end = pipe
    os.write(end, b"first\r\n\nthird")
    os.close(end)

    assert [lines.read() for _ in range(4)] == [b"first", b"", b"third", None]


def test_what_waits_is_read_at_once(pipe: tuple[Lines, int]) -> None:
    """A whole file costs few turns; a line that has only begun waits for its end."""
    lines, end = pipe
    os.write(end, b"one\ntwo\nthr")
    assert lines.read_waiting() == [b"one", b"two"]

    os.write(end, b"ee\n")
    assert lines.read_waiting() == [b"three"]
    os.close(end)
    assert lines.read_waiting() == []


def test_what_follows_a_prompts_line_is_not_lost(pipe: tuple[Lines, int]) -> None:
    """One line may be read alone, and the others later."""
    lines, end = pipe
    os.write(end, b"4001\none\ntwo\n")
    os.close(end)

    assert lines.read() == b"4001"
    assert lines.read_waiting() == [b"one", b"two"]


def test_an_endless_line_is_cut(pipe: tuple[Lines, int]) -> None:
    """One byte beyond the longest payload is kept, so that it is refused as too long; the next line is read."""
    lines, end = pipe

    def write() -> None:
        with os.fdopen(end, "wb") as file:
            file.write(b"x" * (2 * LINE_BYTES_MAX) + b"\nnext\n")

    writing = threading.Thread(target=write)
    writing.start()

    assert lines.read() == b"x" * LINE_BYTES_MAX
    assert lines.read() == b"next"
    writing.join(DEADLINE)


async def test_lines_are_handed_to_the_loop(pipe: tuple[Lines, int]) -> None:
    """In order, and then the end is told."""
    lines, end = pipe
    taken: list[bytes] = []
    over = asyncio.Event()

    async def take(some: list[bytes]) -> None:
        taken.extend(some)

    follow(lines, take, over.set)
    os.write(end, b"one\n")
    os.write(end, b"two\nthree")
    os.close(end)
    async with asyncio.timeout(DEADLINE):
        await over.wait()

    assert taken == [b"one", b"two", b"three"]
