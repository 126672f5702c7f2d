"""Speaking to a node that runs on this machine, through its control socket.

What can be said to it stands in aio/orders.py, how it is found in aio/running.py.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from rumor.aio.running import SOCKET, running_nodes
from rumor.cli import ending
from rumor.cli.ending import Ending
from rumor.cli.output import CLOSE_TIMEOUT, STDOUT, Output
from rumor.cli.words import shown_node
from rumor.core.errors import RumorError

LINE_BYTES_MAX = 8 << 20
"""The longest line of a node that is read: a rumor of 1 MiB, each byte of it escaped."""

PATIENCE = 5.0
"""Seconds that a node may take beyond what it was asked to take: one that runs needs milliseconds."""

NAMED_MAX = 20
"""Of more nodes that run here, only so many are named."""

GONE = "the node has gone"

Answer: TypeAlias = dict[str, Any]


class NoneRuns(RumorError):
    """No such node runs here."""


class Silent(RumorError):
    """The node does not answer."""


class SeveralRun(RumorError):
    """More than one node runs here, and none was named."""


class Refused(RumorError):
    """The node did not do what was asked of it; why, in its own words."""


class Control:
    """A connection to one node, which may take `patience` seconds for an answer.

    All methods raise Silent when it takes longer, NoneRuns when it is gone, and those that read answers Refused.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float) -> None:
        self._reader = reader
        self._writer = writer
        self._patience = patience

    async def ask(self, do: str, **fields: object) -> Answer:
        """Let it do something, and wait for the answer."""
        await self.send(do, **fields)
        return await self.answer()

    async def send(self, do: str, **fields: object) -> None:
        """Let it do something; its answers come in the same order."""
        try:
            self._writer.write(msgspec.json.encode({"do": do, **fields}) + b"\n")
            async with self._within():
                await self._writer.drain()
        except OSError as error:
            raise NoneRuns(GONE) from error

    async def answer(self) -> Answer:
        """The next answer."""
        async with self._within():
            answer = await self._read()
        if answer is None:
            raise NoneRuns(GONE)
        return _accepted(answer)

    async def pages(self, do: str) -> AsyncIterator[Answer]:
        """The answers to something that may take several."""
        await self.send(do)
        while True:
            page = await self.answer()
            yield page
            if not page.get("more"):
                return

    async def events(self, within: float | None = None) -> AsyncIterator[Answer]:
        """What it tells after that, to its end, which may take so many seconds; None: for ever."""
        until = None if within is None else asyncio.get_running_loop().time() + within
        while True:
            async with self._until(until):
                event = await self._read()
            if event is None:
                return
            yield event if "event" in event else _accepted(event)

    def _within(self) -> AbstractAsyncContextManager[None]:
        return self._until(asyncio.get_running_loop().time() + self._patience)

    @asynccontextmanager
    async def _until(self, until: float | None) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(until):
                yield
        except TimeoutError:
            raise Silent("the node does not answer: is it stopped, or far too busy?") from None

    async def _read(self) -> Answer | None:
        try:
            line = await self._reader.readline()
        except (OSError, ValueError) as error:  # a line above the limit is a ValueError
            raise NoneRuns(f"the node's control socket can't be read: {error}") from error
        if not line.endswith(b"\n"):
            return None
        answer: Answer = msgspec.json.decode(line)
        return answer


def _accepted(answer: Answer) -> Answer:
    if not answer.get("ok"):
        raise Refused(str(answer.get("error", "the node refused, without a reason")))
    return answer


def find(choice: str | None, more: str = "", *, seeds_too: bool = False) -> Path:
    """The control socket of the node that is meant: by its address, name or state directory; None: the only one here.

    That is the only peer, or, `seeds_too`, the only seed where no peer runs. `more` says in an error what else there is
    to do. Raises NoneRuns and SeveralRun.
    """
    running = running_nodes()
    if choice is not None:
        directory = Path(choice).absolute()
        running = [node for node in running if choice in (node.address, node.name) or directory == node.state]
        if not running and (socket := directory / SOCKET).exists():
            return socket
        if not running:
            raise NoneRuns(f"no node {choice!r} runs here")
    else:
        peers = [node for node in running if node.role == "peer"]
        running = peers or (running if seeds_too else [])
    if not running:
        what = "node" if seeds_too else "peer"
        raise NoneRuns(f"no {what} runs here: start one with `rumor peer` or `rumor up`, or name one with --node{more}")
    if len(running) > 1:
        names = [shown_node(node.address, node.name) for node in running[:NAMED_MAX]]
        others = f" and {len(running) - NAMED_MAX} more" if len(running) > NAMED_MAX else ""
        raise SeveralRun(f"several nodes run here, say which with --node: {', '.join(names)}{others}")
    return running[0].socket


@asynccontextmanager
async def connected(path: Path, patience: float = PATIENCE) -> AsyncIterator[Control]:
    """A connection to a node's control socket. Raises NoneRuns."""
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=LINE_BYTES_MAX)
    except OSError as error:
        raise NoneRuns(f"{path}: no node listens there: {error.strerror or error}") from error
    try:
        yield Control(reader, writer, patience)
    finally:
        writer.close()


def ask(path: Path, do: str, *, patience: float = PATIENCE, **fields: object) -> Answer:
    """One question, for a program that does nothing else meanwhile. Raises as Control does."""

    async def main() -> Answer:
        async with connected(path, patience) as control:
            return await control.ask(do, **fields)

    return asyncio.run(main())


def read_pages(path: Path, do: str, each: Callable[[Answer], None]) -> None:
    """One question that may take several answers; each is handed on before the next is asked for."""

    async def main() -> None:
        async with connected(path) as control:
            async for page in control.pages(do):
                each(page)

    asyncio.run(main())


def follow(path: Path, talk: Callable[[Control, Output], Awaitable[int]]) -> int:
    """Talk with a node, and print what comes of it, until the end of that or until an end is asked for."""

    async def main() -> int:
        end = Ending()
        end.on_signals()
        output = Output(STDOUT, lambda: end.ask_from_thread(ending.FAILED), "(… {} lines dropped)".format)

        async def work() -> int:
            async with connected(path) as control:
                return await talk(control, output)

        try:
            return await end.unless_asked(work())
        finally:
            output.close(CLOSE_TIMEOUT)

    return ending.run(main)
