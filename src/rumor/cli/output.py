"""Lines on standard output that never hold up the node.

A reader may stop reading, or a terminal be paused: then lines wait, up to a bound, and beyond it are dropped and
counted. A thread writes them, since a write to a pipe can't be made without waiting on every platform. It is woken once
a turn of the event loop, however many lines that turn brought.
"""

import asyncio
import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Callable

from rumor.core.errors import RumorError

STDOUT = 1

CLOSE_TIMEOUT = 0.5
"""Seconds that the last lines may take when a node ends."""

CAPACITY = 10_000
"""Lines that wait for a reader; further ones are dropped, and how many is said when reading goes on."""

CHARACTERS_MAX = 64 << 20
"""The same for their length together: a line may hold a payload of 1 MiB."""

BATCH = 256
"""About so many lines go out in one write."""


class CantPrint(RumorError):
    """Standard output takes nothing."""


def say(text: str, end: str = "\n") -> None:
    """Print a text, for a program that does nothing else. Raises CantPrint, and BrokenPipeError if nobody reads."""
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        mute()
        raise CantPrint(f"standard output can't be written: {error.strerror}") from error


def mute() -> None:
    """Let nothing more be written to standard output, not even what waits there when the program ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDOUT)
    os.close(nowhere)


class Output:
    """Writes lines to a file descriptor, each as soon as it can be taken. Made and fed in an event loop.

    `on_closed` is called, from the writing thread, when nobody can read any more. `dropped_line` words the line that
    tells how many were dropped.
    """

    def __init__(self, descriptor: int, on_closed: Callable[[], None], dropped_line: Callable[[int], str]) -> None:
        self._descriptor = descriptor
        self._on_closed = on_closed
        self._dropped_line = dropped_line
        self._loop = asyncio.get_running_loop()
        self._blocks: deque[tuple[int, str]] = deque()
        self._put = _Count()  # each of the two is counted by one thread alone, and read by the other
        self._taken = _Count()
        self._room = asyncio.Event()
        self._wake_planned = False
        self._dropped = 0
        self._ending = False
        self._changed = threading.Condition()
        self._writer = threading.Thread(target=self._write_on, name="output", daemon=True)
        self._writer.start()

    def put(self, line: str) -> None:
        """Write a line, or drop it if too many wait."""
        self.put_block(1, lambda: line)

    def put_block(self, count: int, make: Callable[[], str]) -> None:
        """Write so many lines, given as one text without its last line break; it is not even made if too many wait."""
        if self._is_full(CAPACITY, CHARACTERS_MAX):
            with self._changed:
                self._dropped += count
            return
        block = make()
        self._put.add(count, len(block))
        self._blocks.append((count, block))
        if not self._wake_planned:
            self._wake_planned = True
            self._loop.call_soon(self._wake)

    async def has_room(self) -> None:
        """Wait until less than half of what may wait does: for who would rather wait than have lines dropped."""
        while True:
            self._room.clear()  # before looking, since the writer sets it at any moment
            if not self._is_full(CAPACITY // 2, CHARACTERS_MAX // 2):
                return
            await self._room.wait()

    def close(self, timeout: float) -> None:
        """Write what waits, for at most so many seconds."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._writer.join(timeout)

    def _is_full(self, lines_max: int, characters_max: int) -> bool:
        put, taken = self._put, self._taken
        return put.lines - taken.lines >= lines_max or put.characters - taken.characters >= characters_max

    def _wake(self) -> None:
        self._wake_planned = False
        with self._changed:
            self._changed.notify()

    def _write_on(self) -> None:
        while (batch := self._take()) is not None:
            try:
                _write_all(self._descriptor, "".join(f"{block}\n" for block in batch).encode(errors="replace"))
            except BrokenPipeError:
                self._on_closed()
                return
            except OSError:
                continue  # a full disk, a terminal that is gone: not a reason to end a node
            finally:
                self._say_room()

    def _take(self) -> list[str] | None:
        """Wait for lines; None when there will be no more."""
        with self._changed:
            while not self._blocks and not self._ending:
                self._changed.wait()
            if not self._blocks:
                return None
            dropped, self._dropped = self._dropped, 0
        batch, enough = [], self._taken.lines + BATCH
        while self._blocks and self._taken.lines < enough:
            count, block = self._blocks.popleft()
            self._taken.add(count, len(block))
            batch.append(block)
        return [*batch, self._dropped_line(dropped)] if dropped else batch

    def _say_room(self) -> None:
        if not self._room.is_set():
            with contextlib.suppress(RuntimeError):  # the loop is gone
                self._loop.call_soon_threadsafe(self._room.set)


class _Count:
    """Lines and characters so far."""

    __slots__ = ("characters", "lines")

    def __init__(self) -> None:
        self.lines = 0
        self.characters = 0

    def add(self, lines: int, characters: int) -> None:
        """So many more."""
        self.lines += lines
        self.characters += characters


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # somebody else with the same pipe or terminal made it so
            select.select([], [descriptor], [])
