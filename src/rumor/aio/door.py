"""The door: connections that others open, read into messages, bounded in number, size and time.

A visitor brings texts; each that is whole goes to `on_message`, and what the core answers is written by `answer`.
When the house is full, the one that has said nothing longest is shown out, and the newcomer served: to hold
connections open without a word shuts nobody out. Newcomers are let in a few at a time, and those who are in are read in
between, so that in a burst nobody is shown out whose words have come but were not read yet.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import cast

from rumor.core.errors import WireError
from rumor.core.ids import is_loopback
from rumor.core.messages import Incoming, Reply
from rumor.core.settings import DoorSettings
from rumor.wire import text
from rumor.wire.reader import TextReader

ENTERING_AT_ONCE = 64
"""Connections that are taken from the kernel in one turn of the event loop."""

OnMessage = Callable[[int, str, Incoming], None]
OnRefusal = Callable[[str, str], None]


class Door:
    """All connections that others opened to one node."""

    def __init__(self, settings: DoorSettings, on_message: OnMessage, on_refusal: OnRefusal) -> None:
        self.settings = settings
        self.on_message = on_message
        self.on_refusal = on_refusal
        self._visitors: dict[int, Visitor] = {}
        self._by_source: dict[str, dict[int, Visitor]] = {}
        self._next_link = 1
        self._listener: socket.socket | None = None
        self._entering: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many connections are open."""
        return len(self._visitors)

    def open(self, listener: socket.socket) -> None:
        """Let visitors in through a listening socket, which is the door's from here on."""
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener.fileno(), self._let_in)

    def shut(self) -> None:
        """Let nobody in any more, and show everybody out, at once."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        for task in self._entering:
            task.cancel()
        for visitor in tuple(self._visitors.values()):
            visitor.abort()

    def answer(self, link: int, reply: Reply) -> None:
        """Write a reply to a visitor, if it is still there."""
        if (visitor := self._visitors.get(link)) is not None:
            visitor.write(text.format(reply))

    def close(self, link: int) -> None:
        """Show one visitor out."""
        if (visitor := self._visitors.get(link)) is not None:
            visitor.close()

    def enter(self, visitor: "Visitor") -> None:
        """A connection was made; makes room for it first."""
        of_source = self._by_source.setdefault(visitor.source, {})
        bounded = self.settings.limit_loopback or not is_loopback(visitor.source)
        if bounded and len(of_source) >= self.settings.per_source_max:
            self._evict(of_source, "too many connections from one host")
        if len(self._visitors) >= self.settings.connections_max:
            self._evict(self._visitors, "too many connections")
        self._by_source.setdefault(visitor.source, {})[visitor.link] = visitor
        self._visitors[visitor.link] = visitor

    def spoke(self, visitor: "Visitor") -> None:
        """A visitor said something, and so is the last to be shown out."""
        for table in (self._visitors, self._by_source[visitor.source]):
            table[visitor.link] = table.pop(visitor.link)

    def leave(self, visitor: "Visitor") -> None:
        """A connection is gone; once more does no harm."""
        if self._visitors.pop(visitor.link, None) is not None:
            of_source = self._by_source[visitor.source]
            del of_source[visitor.link]
            if not of_source:
                del self._by_source[visitor.source]

    def _let_in(self) -> None:
        for _ in range(ENTERING_AT_ONCE):
            assert self._listener is not None
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # no file is left to open (EMFILE, ENFILE), or the caller is gone already
                if self._visitors:
                    self._evict(self._visitors, "too many open files")
                return
            self._next_link += 1
            task = asyncio.get_running_loop().create_task(self._attach(connection, Visitor(self, self._next_link)))
            self._entering.add(task)
            task.add_done_callback(self._entering.discard)

    async def _attach(self, connection: socket.socket, visitor: "Visitor") -> None:
        connection.setblocking(False)
        with contextlib.suppress(OSError):  # the caller is gone already
            await asyncio.get_running_loop().connect_accepted_socket(lambda: visitor, connection)

    def _evict(self, table: "dict[int, Visitor]", reason: str) -> None:
        quietest = next(iter(table.values()))
        self.on_refusal(quietest.source, reason)
        quietest.abort()
        self.leave(quietest)


class Visitor(asyncio.Protocol):
    """One connection that another opened. It has one alarm, set anew by whatever happens."""

    def __init__(self, door: Door, link: int) -> None:
        self.link = link
        self.source = ""
        self._door = door
        self._reader = TextReader()
        self._transport: asyncio.Transport | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter the house."""
        self._transport = cast("asyncio.Transport", transport)
        peername = transport.get_extra_info("peername")
        self.source = peername[0] if peername else ""
        self._door.enter(self)
        self._set_alarm(self._door.settings.idle_max)

    def data_received(self, data: bytes) -> None:
        """Read on; a request is answered as soon as it is whole."""
        if self._transport is None or self._transport.is_closing():
            return
        self._door.spoke(self)
        try:
            message = self._reader.feed(data)
        except WireError as error:
            self._refuse(error)
            return
        if message is not None:
            self._door.on_message(self.link, self.source, message)
        self._watch_pending()

    def eof_received(self) -> bool:
        """The other side is done: take what is pending, then close, after all answers have left."""
        self._take_pending()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; a text that came whole before it broke counts."""
        if self._reader.whole:
            self._take_pending()
        if self._alarm is not None:
            self._alarm.cancel()
        self._door.leave(self)
        self._transport = None

    def write(self, data: bytes) -> None:
        """Write an answer in one piece."""
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        """Close, after all answers have left."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _watch_pending(self) -> None:
        settings = self._door.settings
        if not self._reader.pending:
            self._set_alarm(settings.idle_max)
        else:
            self._set_alarm(settings.quiet if self._reader.whole else settings.patience)

    def _set_alarm(self, delay: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(delay, self._on_alarm)

    def _on_alarm(self) -> None:
        """Nothing more came: what is pending is a message, or wrong; with nothing pending the visit is over."""
        if self._reader.pending:
            self._take_pending()
            self._set_alarm(self._door.settings.idle_max)
        else:
            self.close()

    def _take_pending(self) -> None:
        if not self._reader.pending:
            return
        try:
            message = self._reader.rest()
        except WireError as error:
            self._refuse(error)
        else:
            self._door.on_message(self.link, self.source, message)

    def _refuse(self, error: WireError) -> None:
        self._reader = TextReader()
        self._door.on_refusal(self.source, str(error))
        self.abort()
