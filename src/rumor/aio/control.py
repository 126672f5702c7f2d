"""The control socket: by which programs of this user speak to a node of this machine. What they can say: orders.py.

    open --a socket of this user alone, a note of it (running.py)--> clients: a line, an answer, a line ...
                                                                       `--a stream, to its end
    withdraw --nobody finds it any more--> close --who ordered the end is answered--> nothing is left

Rule 1: clients, and the length of a line, are bounded. When all places are taken, the client that has left its answers
unread longest gives up its own. Rule 2: nothing that a client sends, or does not read, holds up or harms the node, and
every order is answered: what fails unexpectedly is answered as a failure, and told as a Problem.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from rumor.aio import orders
from rumor.aio.objects import Object, encode
from rumor.aio.running import SOCKET, Place, Running, running_nodes
from rumor.core.errors import RumorError
from rumor.core.ids import Seconds

__all__ = ["SOCKET", "Control", "Running", "running_nodes"]

CLIENTS_MAX = 32
"""Clients at once."""

LINE_BYTES_MAX = 8 << 20
"""The longest line: a rumor of 1 MiB, each byte of it escaped."""

UNREAD_FOR: Seconds = 10.0
"""A client that has left its answers unread for so long gives up its place when all are taken."""

GRACE: Seconds = 0.2
"""So long may take, at the end, what is under way; the last lines may take as long again."""

PAUSE: Seconds = 0.2
"""So long nobody is let in when no file is left to open."""

FULL = "too many programs speak to this node"


class _Client:
    """One connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection: socket.socket | None = connection
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self.busy = False
        """Whether something is under way, so that the end waits for it a moment."""
        self.unread_since: Seconds | None = None

    async def open(self) -> None:
        """Take the connection over."""
        assert self._connection is not None
        self._reader, self._writer = await asyncio.open_unix_connection(sock=self._connection, limit=LINE_BYTES_MAX)
        self._connection = None

    async def next_line(self) -> bytes | None:
        """What it says next; None when it has gone, or goes: a line that is too long has no end to go on from."""
        try:
            line = await self._reader.readline()
        except OSError:
            return None
        except ValueError:
            await self.try_tell({"ok": False, "error": f"a line of more than {LINE_BYTES_MAX} bytes"})
            return None
        return line if line.endswith(b"\n") else None

    async def try_tell(self, told: Object | str) -> bool:
        """Write an object, or whole lines, and wait while too much is unread; whether it is still there."""
        self._writer.write(f"{told if isinstance(told, str) else encode(told)}\n".encode())
        self.unread_since = asyncio.get_running_loop().time()
        try:
            await self._writer.drain()
        except OSError:
            return False
        finally:
            self.unread_since = None
        return True

    async def gone(self) -> None:
        """Wait until it goes, or says anything."""
        with contextlib.suppress(OSError):
            await self._reader.read(1)

    async def close(self) -> None:
        """End it, after what was written if it is read soon."""
        if self._connection is not None:
            return
        self._writer.close()
        try:
            async with asyncio.timeout(GRACE):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    def drop(self) -> None:
        """Let go of a connection that was never opened."""
        if self._connection is not None:
            self._connection.close()


class Control:
    """The control socket of one node, a `peer` or a `seed`. In the directory `state`, if there is one.

    `obey` does all that can be said but to leave, which `leave` does: it ends with `withdraw` and `close`. Both raise
    RumorError and TimeoutError for what can't be done. `on_trouble` gets what fails otherwise.
    """

    def __init__(
        self,
        role: str,
        obey: Callable[[orders.Question], Awaitable[orders.Done]],
        leave: Callable[[float | None], Awaitable[None]],
        on_trouble: Callable[[str, str], None],
        state: Path | None,
    ) -> None:
        self._role = role
        self._do = obey
        self._leave = leave
        self._on_trouble = on_trouble
        self._state = state
        self._place: Place | None = None
        self._listener: socket.socket | None = None
        self._clients: dict[asyncio.Task[None], _Client] = {}
        self._leaving: asyncio.Task[None] | None = None
        self._leavers: list[_Client] = []

    def open(self, address: str, name: str) -> None:
        """Begin. Raises OSError."""
        place = Place(int(address.rpartition(":")[2]), self._state)
        listener = place.listener()
        try:
            place.announce(self._role, address, name)
        except BaseException:
            listener.close()
            raise
        self._place, self._listener = place, listener
        self._resume()

    def withdraw(self) -> None:
        """Take nobody in any more. Once more does no harm."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        if self._place is not None:
            self._place.withdraw()
            self._place = None

    async def close(self) -> None:
        """The node has stopped: what is under way comes to its end, who ordered that is answered, all are closed."""
        self.withdraw()
        for task, client in self._clients.items():
            if not client.busy:
                task.cancel()
        if self._clients:
            _, late = await asyncio.wait(self._clients, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._tell_leavers({"ok": True})

    def _resume(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener.fileno(), self._let_in)

    def _let_in(self) -> None:
        """Somebody has connected."""
        assert self._listener is not None
        loop = asyncio.get_running_loop()
        try:
            connection, _ = self._listener.accept()
        except OSError as error:  # the caller is gone already, or no file is left to open
            if error.errno in (errno.EMFILE, errno.ENFILE):
                loop.remove_reader(self._listener.fileno())
                loop.call_later(PAUSE, self._resume)
            return
        if len(self._clients) >= 2 * CLIENTS_MAX:
            connection.close()
            return
        has_place = len(self._clients) < CLIENTS_MAX or self._make_room()
        client = _Client(connection)
        task = loop.create_task(self._serve(client) if has_place else _refuse(client))
        self._clients[task] = client
        task.add_done_callback(lambda done: self._clients.pop(done).drop())

    def _make_room(self) -> bool:
        """Drop the client that has not read for longest; whether there was one."""
        loop_time = asyncio.get_running_loop().time()
        unread = [
            (client.unread_since, task)
            for task, client in self._clients.items()
            if client.unread_since is not None and client.unread_since <= loop_time - UNREAD_FOR
        ]
        if not unread:
            return False
        min(unread, key=lambda entry: entry[0])[1].cancel()
        return True

    async def _serve(self, client: _Client) -> None:
        """Take its orders, one after the other."""
        try:
            await client.open()
            while (line := await client.next_line()) is not None:
                client.busy = True
                if not await self._obey(client, line):
                    return
                client.busy = False
        finally:
            if client not in self._leavers:
                await client.close()

    async def _obey(self, client: _Client, line: bytes) -> bool:
        """Do what is wanted and say what came of it; whether more may follow."""
        streams = False
        try:
            order = orders.read(line)
            if isinstance(order, orders.Leave):
                return self._let_leave(client, order)
            done = await self._do(order)
            if streams := isinstance(done, orders.Stream):
                await _stream(client, done)
                return False
            return await _answer(client, [done] if isinstance(done, dict) else done)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client waits for an answer
            return await client.try_tell(self._failure(error)) and not streams

    def _failure(self, error: Exception) -> Object:
        """The answer when an order came to nothing. What nobody foresaw is told here, too."""
        if isinstance(error, RumorError | TimeoutError):
            return {"ok": False, "error": str(error)}
        detail = f"{type(error).__name__}: {error}"
        self._on_trouble("an order of a program failed", detail)
        return {"ok": False, "error": f"the node failed at that: {detail}"}

    def _let_leave(self, client: _Client, order: orders.Leave) -> bool:
        """Begin to leave; it is answered by `close`, at the end of that."""
        self._leavers.append(client)
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._try_leave(order.back_in))
        return False

    async def _try_leave(self, back_in: float | None) -> None:
        try:
            await self._leave(back_in)
        except Exception as error:  # noqa: BLE001 - as above; if it has left all the same, nobody waits any more
            failure = self._failure(error)
            await self._tell_leavers(failure)
        finally:
            self._leaving = None

    async def _tell_leavers(self, told: Object) -> None:
        """Answer who wanted the end."""
        while self._leavers:
            client = self._leavers.pop()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE):
                    await client.try_tell(told)
            await client.close()


async def _refuse(client: _Client) -> None:
    """There is no place for it."""
    try:
        await client.open()
        await client.try_tell({"ok": False, "error": FULL})
    finally:
        await client.close()


async def _answer(client: _Client, answers: Iterable[Object]) -> bool:
    """Say what came of an order, in one answer or several; whether the client is still there."""
    for answer in answers:
        if not await client.try_tell({"ok": True, **answer}):
            return False
        await asyncio.sleep(0)  # however quickly it reads, the node has its turn between two pages
    return True


async def _stream(client: _Client, stream: orders.Stream) -> None:
    """Say that it begins, and then what comes, to its end or the client's."""
    try:
        await _first_of(_tell(client, stream.told), client.gone())
    finally:
        stream.source.close()


async def _tell(client: _Client, told: AsyncGenerator[str, None]) -> None:
    async with contextlib.aclosing(told):
        if await client.try_tell({"ok": True}):
            async for lines in told:
                if not await client.try_tell(lines):
                    return


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Do several things until one of them is done."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
