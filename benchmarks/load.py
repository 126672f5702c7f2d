"""The load: many one-message connections from one process, and neighbors that count what they hear."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable

AT_ONCE = 100
"""Connections that are open at the same time."""

Check = Callable[[bytes, bytes], bool]


async def send_all(port: int, texts: Iterable[bytes], is_answer: Check | None = None) -> None:
    """Send each text on a connection of its own; with `is_answer`, wait for the answer, and raise if it is wrong."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(text: bytes) -> None:
        async with gate:
            await _send(port, text, is_answer)

    await asyncio.gather(*(one(text) for text in texts))


async def _send(port: int, text: bytes, is_answer: Check | None) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.sock_sendall(connection, text)
        if is_answer is not None:
            reply = await loop.sock_recv(connection, 10_240)
            if not is_answer(text, reply):
                raise ValueError(f"{reply!r} is no answer to {text!r}")


class Neighbor(asyncio.Protocol):
    """A neighbor of the peer under load: counts the gossip that it gets, answers whether it lives."""

    def __init__(self, heard: set[bytes], wanted: int, all_heard: asyncio.Event) -> None:
        self._heard = heard
        self._wanted = wanted
        self._all_heard = all_heard
        self._write: Callable[[bytes], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._write = getattr(transport, "write", None)

    def data_received(self, data: bytes) -> None:
        """Count, or answer."""
        if data.startswith(b"Liveness Request:") and self._write is not None:
            self._write(data.replace(b"Request", b"Reply", 1) + b":127.0.0.1")
        else:
            self._heard.add(data)
            if len(self._heard) >= self._wanted:
                self._all_heard.set()


async def neighbors_of(port: int, count: int, wanted: int) -> list[Awaitable[bool]]:
    """Become so many neighbors of a peer; each one's waiter ends when it has heard as many rumors as are wanted."""
    return [await _one_neighbor_of(port, wanted) for _ in range(count)]


async def _one_neighbor_of(port: int, wanted: int) -> Awaitable[bool]:
    heard: set[bytes] = set()
    all_heard = asyncio.Event()
    server = await asyncio.get_running_loop().create_server(
        lambda: Neighbor(heard, wanted, all_heard), "127.0.0.1", 0, backlog=4096
    )
    own_port = server.sockets[0].getsockname()[1]
    request = f"New Connect Request From:127.0.0.1:{own_port}".encode()
    await _send(port, request, lambda _, reply: reply == b"New Connect Accepted")
    return all_heard.wait()
