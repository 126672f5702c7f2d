"""The door: connections that others open, read into messages, bounded in number, size and time.

A visitor brings texts; each that is whole goes to `on_message`, and what the core answers is written by `answer`. One
that brings the preface becomes a link, if the node has links (`on_link`): the connection is then no longer the door's.
When the house is full, the one that has said nothing longest is shown out, and the newcomer served: to hold
connections open without a word shuts nobody out. Newcomers are let in a few at a time, and those who are in are read in
between, so that in a burst nobody is shown out whose words have come but were not read yet.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

from rumor.core.errors import WireError
from rumor.core.ids import is_loopback
from rumor.core.messages import Incoming, Preface, Reply
from rumor.core.settings import DoorSettings
from rumor.wire import text
from rumor.wire.reader import TextReader
from rumor.wire.text import PREFACE

ENTERING_AT_ONCE = 32
"""Connections that are taken from the kernel in one turn of the event loop."""

PAUSE = 0.1
"""Seconds before the next try when the process can't open another file."""

READ_BYTES_MAX = 4096
"""Bytes that are read at a time: more than any text has."""

UNSENT_BYTES_MAX = 1 << 16
"""Bytes of answers that may wait for a visitor who asks and does not read; then it is shown out."""

OnMessage = Callable[[int, str, Incoming], None]
OnRefusal = Callable[[str, str], None]

OnLink = Callable[[int, str, socket.socket, bytes], bool]
"""Takes over the connection of a visitor who brought the preface, and what came after that; False: it does not."""


class Door:
    """All connections that others opened to one node."""

    def __init__(
        self, settings: DoorSettings, on_message: OnMessage, on_refusal: OnRefusal, on_link: OnLink | None = None
    ) -> None:
        self.settings = settings
        self.on_message = on_message
        self.on_refusal = on_refusal
        self.on_link = on_link
        self._visitors: dict[int, Visitor] = {}
        self._by_source: dict[str, dict[int, Visitor]] = {}
        self._next_link = -1
        self._listener: socket.socket | None = None

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
        for visitor in tuple(self._visitors.values()):
            visitor.abort()

    def answer(self, link: int, reply: Reply) -> None:
        """Write a reply to a visitor, if it is still there."""
        if (visitor := self._visitors.get(link)) is not None:
            visitor.write(text.format(reply))

    def unsent(self, link: int) -> int:
        """Bytes of answers that a visitor has not let the kernel take yet; 0 when it is gone."""
        visitor = self._visitors.get(link)
        return visitor.unsent if visitor is not None else 0

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
            if self._listener is None:
                return
            try:
                connection, peername = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._pause()
                return  # otherwise the caller is gone already
            self._next_link += 2  # the even numbers are for links that the core dials
            Visitor(self, self._next_link, connection, str(peername[0])).enter()

    def _pause(self) -> None:
        """No file is left to open: show the quietest visitor out, and wait a little before the next is let in."""
        if self._visitors:
            self._evict(self._visitors, "too many open files")
        assert self._listener is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener.fileno())
        loop.call_later(PAUSE, self._resume)

    def _resume(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener.fileno(), self._let_in)

    def _evict(self, table: "dict[int, Visitor]", reason: str) -> None:
        quietest = next(iter(table.values()))
        self.on_refusal(quietest.source, reason)
        quietest.abort()


class Visitor:
    """One connection that another opened. It has one alarm, set anew by whatever happens.

    Works on the socket itself: most connections bring one text and are closed by then, so that they are read, taken and
    done with in the turn in which they came, without the price of a transport.
    """

    def __init__(self, door: Door, link: int, connection: socket.socket, source: str) -> None:
        self.link = link
        self.source = source
        self._door = door
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self._reader = TextReader()
        self._unsent = b""
        self._open = True
        self._silent = True
        self._watched = False
        self._closing = False
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def unsent(self) -> int:
        """Bytes of answers that wait for the visitor to read."""
        return len(self._unsent)

    def enter(self) -> None:
        """Enter the house, and read what is there already."""
        self._socket.setblocking(False)
        self._door.enter(self)
        self._on_readable()
        if self._open:
            self._watched = True
            self._loop.add_reader(self._socket.fileno(), self._on_readable)
            self._watch_pending()

    def write(self, data: bytes) -> None:
        """Write an answer in one piece; what the kernel does not take at once follows, up to a bound."""
        if not self._open:
            return
        if not self._unsent:
            data = data[self._send(data) :]
        self._unsent += data
        if len(self._unsent) > UNSENT_BYTES_MAX:
            self.abort()
        elif self._unsent and self._open:
            self._loop.add_writer(self._socket.fileno(), self._on_writable)

    def close(self) -> None:
        """Close, after all answers have left."""
        if self._unsent:
            self._closing = True
            if self._watched:
                self._watched = False
                self._loop.remove_reader(self._socket.fileno())
        else:
            self.abort()

    def abort(self) -> None:
        """Close at once; once more does no harm."""
        if self._open:
            self._leave()
            self._socket.close()

    def _leave(self) -> None:
        """The connection is no visitor any more."""
        self._open = False
        if self._watched:
            self._loop.remove_reader(self._socket.fileno())
        if self._unsent:
            self._loop.remove_writer(self._socket.fileno())
        if self._alarm is not None:
            self._alarm.cancel()
        self._door.leave(self)

    def _on_readable(self) -> None:
        while self._open and not self._closing:
            try:
                data = self._socket.recv(READ_BYTES_MAX)
            except BlockingIOError:
                return
            except OSError:  # the connection broke; a text that came whole before counts
                if self._reader.whole:
                    self._take_pending()
                self.abort()
                return
            if not data:
                self._take_pending()
                self.close()
                return
            self._on_data(data)

    def _on_data(self, data: bytes) -> None:
        """Read on; a request is answered as soon as it is whole."""
        self._door.spoke(self)
        self._silent = False
        try:
            message = self._reader.feed(data)
        except WireError as error:
            self._refuse(error)
            return
        if isinstance(message, Preface) and self._door.on_link is not None:
            self._become_link(self._door.on_link, data)
        elif message is not None:
            self._door.on_message(self.link, self.source, message)
        if self._watched and self._open:
            self._watch_pending()

    def _become_link(self, on_link: OnLink, data: bytes) -> None:
        """Leave the house by another door. The preface ends with its one newline: what follows is in the last read."""
        self._leave()
        if not on_link(self.link, self.source, self._socket, data.partition(PREFACE[-1:])[2]):
            self._door.on_refusal(self.source, "too many links")
            self._socket.close()

    def _on_writable(self) -> None:
        self._unsent = self._unsent[self._send(self._unsent) :]
        if not self._unsent and self._open:
            self._loop.remove_writer(self._socket.fileno())
            if self._closing:
                self.abort()

    def _send(self, data: bytes) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.abort()
            return len(data)

    def _watch_pending(self) -> None:
        settings = self._door.settings
        if not self._reader.pending:
            self._set_alarm(settings.idle_max)
        else:
            self._set_alarm(settings.quiet if self._reader.whole else settings.patience)

    def _set_alarm(self, delay: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_later(delay, self._on_alarm)

    def _on_alarm(self) -> None:
        """Nothing more came: what is pending is a message, or wrong; with nothing pending the visit is over."""
        if self._reader.pending:
            self._take_pending()
            if self._open:
                self._set_alarm(self._door.settings.idle_max)
            return
        if self._silent:  # who left without a word is not told of: health checks do that, and dials that were given up
            self._door.on_refusal(self.source, "a connection that said nothing")
        self.abort()

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
