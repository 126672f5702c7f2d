"""When and how a program ends: signals, a parent that is gone, an output that nobody reads."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from rumor.cli.output import mute
from rumor.core.errors import ConfigError, RumorError, UsageError

OK = 0
FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130

STOP_TIMEOUT = 1.0
"""Seconds that a clean end may take; what is not done by then is cut off."""


class Ending:
    """The end that somebody asks for; the first one decides the exit code."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._asked = asyncio.Event()
        self.code = OK

    def ask(self, code: int) -> None:
        """End, with this exit code."""
        if not self._asked.is_set():
            self.code = code
            self._asked.set()

    def ask_from_thread(self, code: int) -> None:
        """End, asked for by another thread; nothing happens when the loop is gone already."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.ask, code)

    async def wait(self) -> None:
        """Wait until an end is asked for."""
        await self._asked.wait()

    async def unless_asked(self, work: Coroutine[Any, Any, int]) -> int:
        """Do some work until it is done or an end is asked for, whatever comes first; returns the exit code."""
        doing = asyncio.ensure_future(work)
        waiting = asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait((doing, waiting), return_when=asyncio.FIRST_COMPLETED)
            return doing.result() if doing.done() else self.code
        finally:
            doing.cancel()
            waiting.cancel()
            await asyncio.gather(doing, waiting, return_exceptions=True)

    def on_signals(self, *, ignore_interrupt: bool = False, terminated: int = OK) -> None:
        """Ctrl-C ends with 130, SIGTERM with `terminated`. A child of `rumor up` leaves Ctrl-C to its parent."""
        if ignore_interrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        else:
            self._loop.add_signal_handler(signal.SIGINT, self.ask, INTERRUPTED)
        self._loop.add_signal_handler(signal.SIGTERM, self.ask, terminated)

    def on_hangup(self, reload: Callable[[], None]) -> None:
        """SIGHUP means to read the configuration again; or the end, if the terminal that we began at is gone."""
        terminals = [descriptor for descriptor in (0, 1, 2) if os.isatty(descriptor)]

        def hung_up() -> None:
            if terminals and not any(map(os.isatty, terminals)):
                self.ask(OK)
            else:
                reload()

        self._loop.add_signal_handler(signal.SIGHUP, hung_up)


def on_closed_output(end: Ending) -> None:
    """Nobody can read any more what a node tells, it was found in a thread: that is said, since it ends the node."""
    print("rumor: standard output was closed; ending", file=sys.stderr)
    end.ask_from_thread(FAILED)


class Lifeline:
    """A pipe whose other end a parent holds. A byte in it says: begin to gossip. Its end says: the parent is gone."""

    def __init__(self, descriptor: int, ending: Ending) -> None:
        self._descriptor = descriptor
        self._ending = ending
        self.begun = asyncio.Event()
        os.set_blocking(descriptor, False)
        asyncio.get_running_loop().add_reader(descriptor, self._on_ready)

    def _on_ready(self) -> None:
        if os.read(self._descriptor, 64):
            self.begun.set()
        else:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._ending.ask(OK)


def guarded(run: Callable[[], int]) -> int:
    """Run a program, and say an error of the user's, or of the machine's, in one line."""
    try:
        return run()
    except (UsageError, ConfigError) as error:
        print(f"rumor: {error}", file=sys.stderr)
        return WRONG_USE
    except RumorError as error:
        print(f"rumor: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # nobody reads any more
        mute()
        return FAILED


def run(main: Callable[[], Awaitable[int]]) -> int:
    """Run a program on the quickest event loop that is installed; returns its exit code."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_as_coroutine(main))


async def _as_coroutine(main: Callable[[], Awaitable[int]]) -> int:
    return await main()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # not on every platform, and slow to load where it is not needed
    except ImportError:
        return None
    return uvloop.new_event_loop
