"""`--on-member CMD`, `--on-rumor CMD`: a program of the user's for each event, told it as one JSON object.

    put(line) --> waits (bounded) --> at most AT_ONCE run --> done | failed: said | too long: ended, and said

They are started in the order of the events; since several run at once, a slow one may end after later ones. Their
output goes to standard error, for standard output is the node's own. `rumor` in a script speaks to the node that
started it.

Rule: nothing here ever holds up the node.
"""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable

AT_ONCE = 4
"""Programs of one hook that run at once."""

WAITING_MAX = 1000
"""Events that wait for their turn; further ones are dropped, and how many is said."""

WAITING_CHARACTERS_MAX = 16 << 20
"""The same for their length together: a rumor may have 1 MiB."""

PATIENCE = 60.0
"""Seconds that a program may take; then it is ended, since it would keep its place for good."""

OnTrouble = Callable[[str, str], None]
"""Is told what is wrong, in words that are the same each time, and what differs."""


class Hook:
    """One command of the user's, for the shell."""

    def __init__(self, command: str, on_trouble: OnTrouble) -> None:
        self._command = command
        self._on_trouble = on_trouble
        self._waiting: deque[str] = deque()
        self._characters = 0
        self._dropped = 0
        self._workers: dict[asyncio.Task[None], None] = {}
        self._running: dict[asyncio.subprocess.Process, None] = {}
        self._ending = False
        self._environment = dict(os.environ)

    @property
    def waiting(self) -> int:
        """How many events wait for their turn."""
        return len(self._waiting)

    def begin(self, node: str) -> None:
        """The node has this address from now on."""
        self._environment["RUMOR_NODE"] = node

    def put(self, line: str) -> None:
        """Run the command for an event as soon as there is room; or drop it, if too many wait."""
        if len(self._waiting) >= WAITING_MAX or self._characters + len(line) > WAITING_CHARACTERS_MAX:
            self._dropped += 1
            return
        self._waiting.append(line)
        self._characters += len(line)
        if len(self._workers) < AT_ONCE:
            worker = asyncio.get_running_loop().create_task(self._work())
            self._workers[worker] = None
            worker.add_done_callback(lambda done: self._workers.pop(done, None))

    async def stop(self) -> None:
        """End what runs; what waits is forgotten."""
        self._ending = True
        self._waiting.clear()
        for process in self._running:
            _kill(process)
        await asyncio.gather(*self._workers)

    async def _work(self) -> None:
        while self._waiting:
            line = self._waiting.popleft()
            self._characters -= len(line)
            if self._dropped and len(self._waiting) < WAITING_MAX // 2:
                dropped, self._dropped = self._dropped, 0
                self._on_trouble("events were dropped, since their program is too slow", f"{dropped}, {self._command}")
            await self._run(line)

    async def _run(self, line: str) -> None:
        """Run the command once, to its end or that of our patience."""
        try:
            process = await asyncio.create_subprocess_shell(
                self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=2,
                env=self._environment,
                start_new_session=True,  # its own children are ended with it
            )
        except OSError as error:
            self._on_trouble("a program can't be started", f"{self._command}: {error.strerror}")
            return
        self._running[process] = None
        try:
            if self._ending:  # while it was being started
                _kill(process)
            async with asyncio.timeout(PATIENCE):
                with contextlib.suppress(RuntimeError):  # so uvloop calls it when the program ended before we wrote
                    await process.communicate(f"{line}\n".encode())
                await process.wait()
        except TimeoutError:
            _kill(process)
            await process.wait()
            self._on_trouble("a program took too long and was ended", f"{self._command}: above {PATIENCE:g} s")
        finally:
            del self._running[process]
        if process.returncode and process.returncode > 0:
            self._on_trouble("a program failed", f"{self._command}: exit code {process.returncode}")


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a program with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
