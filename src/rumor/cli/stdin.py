"""Lines from standard input: one for the prompt, the later ones to be gossiped.

Read by the descriptor, without the buffers of `sys.stdin`, so that what comes after the prompt's line is not lost, and
a thread that still waits for input does not hold up the end of the program.
"""

import asyncio
import concurrent.futures
import errno
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

STDIN = 0

FROM_STANDARD_INPUT = "-"
"""A text that stands for what comes from standard input."""

LINE_BYTES_MAX = (1 << 20) + 1
"""A longer line is cut here, and the rest of it dropped; it is too long for a rumor anyway, and refused as such."""

READ_BYTES_MAX = 1 << 16

BACKGROUND_PAUSE = 1.0
"""Seconds between two looks at a terminal whose foreground is another program."""


class Lines:
    """The lines of a descriptor, in order, blocking."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._whole: deque[bytes] = deque()
        self._begun = b""

    def read(self) -> bytes | None:
        """The next line without its end, or None when there is none. A last line without an end counts."""
        if not self._whole:
            self._whole.extend(self._more())
        return self._whole.popleft() if self._whole else None

    def read_waiting(self) -> list[bytes]:
        """All lines that are there already, or the next ones; empty when there is none."""
        lines = [*self._whole] or self._more()
        self._whole.clear()
        return lines

    def read_all(self, bytes_max: int) -> bytes:
        """All that comes, as it is, to the end or to one byte more than so many."""
        data = bytearray()
        while len(data) <= bytes_max and (some := self._read_some()):
            data += some
        return bytes(data)

    def _more(self) -> list[bytes]:
        """Read until at least one line is whole."""
        begun = bytearray(self._begun)
        self._begun = b""
        while data := self._read_some():
            end, line_break, rest = data.partition(b"\n")
            begun += end[: LINE_BYTES_MAX - len(begun)]
            if line_break:
                *others, self._begun = rest.split(b"\n")
                return [line.removesuffix(b"\r") for line in (bytes(begun), *others)]
        return [bytes(begun)] if begun else []

    def _read_some(self) -> bytes:
        """Some bytes; none at the end. A program in the background can't read its terminal, and waits to be asked."""
        while True:
            try:
                return os.read(self._descriptor, READ_BYTES_MAX)
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


def prompt_port(lines: Lines, role: str) -> str | None:
    """Ask for the port of a `seed` or a `peer`, in the original's words; None at the end of the input."""
    sys.stdout.write(f"Enter port number for {role}: ")
    sys.stdout.flush()
    line = lines.read()
    if not sys.stdin.isatty():
        sys.stdout.write("\n")
        sys.stdout.flush()
    return None if line is None else line.decode(errors="replace").strip()


def follow(
    lines: Lines,
    on_lines: Callable[[list[bytes]], Coroutine[Any, Any, None]],
    on_end: Callable[[], None] = lambda: None,
) -> None:
    """Hand all further lines to the running loop, as many at a time as have come, from a thread of its own.

    The end of the input ends the thread, and `on_end` is called in the loop. A terminal that is not ours to read
    (`rumor peer &`) would stop the whole process by SIGTTIN; with that ignored, reading fails instead, and is tried
    again.
    """
    loop = asyncio.get_running_loop()
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)

    def read_on() -> None:
        try:
            while some := lines.read_waiting():
                asyncio.run_coroutine_threadsafe(on_lines(some), loop).result()
            loop.call_soon_threadsafe(on_end)
        except (RuntimeError, concurrent.futures.CancelledError):
            return  # the loop is gone

    threading.Thread(target=read_on, name="stdin", daemon=True).start()
