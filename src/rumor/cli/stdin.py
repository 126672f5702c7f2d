"""Lines from standard input: one for the prompt, the later ones to be gossiped.

Read by the descriptor, without the buffers of `sys.stdin`, so that what comes after the prompt's line is not lost, and
a thread that still waits for input does not hold up the end of the program.
"""

import asyncio
import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator

STDIN = 0

LINE_BYTES_MAX = 1 << 16
"""A longer line is cut here, and the rest of it dropped; it is too long for a rumor anyway, and refused as such."""

BACKGROUND_PAUSE = 1.0
"""Seconds between two looks at a terminal whose foreground is another program."""


class Lines:
    """The lines of a descriptor, in order, blocking."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = b""

    def read(self) -> bytes | None:
        """The next line without its end, or None when there is none. A last line without an end counts."""
        line = b""
        while b"\n" not in self._buffer:
            line = (line + self._buffer)[:LINE_BYTES_MAX]
            self._buffer = self._read_some()
            if not self._buffer:
                return line or None
        end, _, self._buffer = self._buffer.partition(b"\n")
        return (line + end)[:LINE_BYTES_MAX].removesuffix(b"\r")

    def __iter__(self) -> Iterator[bytes]:
        """All further lines."""
        while (line := self.read()) is not None:
            yield line

    def _read_some(self) -> bytes:
        """Some bytes; none at the end. A program in the background can't read its terminal, and waits to be asked."""
        while True:
            try:
                return os.read(self._descriptor, 4096)
            except OSError as error:
                if error.errno != errno.EIO or not os.isatty(self._descriptor):
                    return b""
                time.sleep(BACKGROUND_PAUSE)


def open_standard_files() -> None:
    """Put the null device where a program was started with a standard file closed (`rumor seed 3400 <&-`).

    Otherwise the next file that is opened, a socket perhaps, would take its place, and be read or written as such.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free descriptor, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, mode, closefd=False))  # noqa: SIM115 - stays open to the end


def prompt(lines: Lines, text: str) -> str | None:
    """Ask for one line; None at the end of the input."""
    sys.stdout.write(text)
    sys.stdout.flush()
    line = lines.read()
    if not sys.stdin.isatty():
        sys.stdout.write("\n")
        sys.stdout.flush()
    return None if line is None else line.decode(errors="replace").strip()


def follow(lines: Lines, on_line: Callable[[bytes], Awaitable[None]]) -> None:
    """Hand every further line to the running loop, one at a time, from a thread of its own.

    The end of the input ends the thread and nothing else. A terminal that is not ours to read (`rumor peer &`) would
    stop the whole process by SIGTTIN; with that ignored, reading fails instead, and is tried again.
    """
    loop = asyncio.get_running_loop()
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)

    def read_on() -> None:
        for line in lines:
            try:
                asyncio.run_coroutine_threadsafe(_awaited(on_line, line), loop).result()
            except RuntimeError:
                return  # the loop is gone

    threading.Thread(target=read_on, name="stdin", daemon=True).start()


async def _awaited(on_line: Callable[[bytes], Awaitable[None]], line: bytes) -> None:
    await on_line(line)
