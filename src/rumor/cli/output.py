"""Lines on standard output that never hold up the node.

A reader may stop reading, or a terminal be paused: then lines wait, up to a bound, and beyond it are dropped and
counted. A thread writes them, since a write to a pipe can't be made without waiting on every platform. It is woken once
a turn of the event loop, however many lines that turn brought.
"""

import asyncio
import os
import select
import threading
from collections import deque
from collections.abc import Callable

CAPACITY = 10_000
"""Lines that wait for a reader; further ones are dropped, and how many is said when reading goes on."""

BATCH = 256
"""Lines that go out in one write."""


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
        self._lines: deque[str] = deque()
        self._wake_planned = False
        self._dropped = 0
        self._ending = False
        self._changed = threading.Condition()
        self._writer = threading.Thread(target=self._write_on, name="output", daemon=True)
        self._writer.start()

    def put(self, line: str) -> None:
        """Write a line, or drop it if too many wait."""
        if len(self._lines) >= CAPACITY:
            with self._changed:
                self._dropped += 1
            return
        self._lines.append(line)
        if not self._wake_planned:
            self._wake_planned = True
            self._loop.call_soon(self._wake)

    def close(self, timeout: float) -> None:
        """Write what waits, for at most so many seconds."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._writer.join(timeout)

    def _wake(self) -> None:
        self._wake_planned = False
        with self._changed:
            self._changed.notify()

    def _write_on(self) -> None:
        while (batch := self._take()) is not None:
            try:
                _write_all(self._descriptor, "".join(f"{line}\n" for line in batch).encode(errors="replace"))
            except BrokenPipeError:
                self._on_closed()
                return
            except OSError:
                continue  # a full disk, a terminal that is gone: not a reason to end a node

    def _take(self) -> list[str] | None:
        """Wait for lines; None when there will be no more."""
        with self._changed:
            while not self._lines and not self._ending:
                self._changed.wait()
            if not self._lines:
                return None
            dropped, self._dropped = self._dropped, 0
        batch = [self._lines.popleft() for _ in range(min(BATCH, len(self._lines)))]
        return [*batch, self._dropped_line(dropped)] if dropped else batch


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # somebody else with the same pipe or terminal made it so
            select.select([], [descriptor], [])
