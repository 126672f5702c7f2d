"""Links on real sockets: bytes between this node and others of ours.

    dial    --connected--> our preface, our Hello --their preface--> core.dialled --> frames
    adopt   (the door read their preface) --> our preface, core.accepted ---------> frames
    hangup  --> what is left to say --> the end of what we send --> the end of theirs, or a second --> closed

The kernel tells when there is something to read or room to write, and each link then does a bounded piece of work. All
frames of one read are one turn of the core. Only what the kernel did not take of one `pull` waits here; all else waits
in the core, as numbers and not as copies.
"""

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Callable
from typing import Any

from rumor.aio.cores import Linked
from rumor.core.effects import Dial, Failure
from rumor.core.frames import Frame, Outgoing, RawRecord
from rumor.core.ids import Address, Seconds, source_host
from rumor.wire.frames import encode, record_head
from rumor.wire.framing import BrokenStream, FrameReader
from rumor.wire.text import PREFACE

PULL_BYTES_MAX = 1 << 17
"""How much is taken from the core at a time."""

PULL_BELOW = 1 << 14
"""More is taken from the core only when no more than this waits for the kernel."""

TURN_BYTES_MAX = 1 << 19
"""How much one link sends in one turn of the loop, so that others come to it too."""

NOTSENT_MAX = 1 << 17
"""How much the kernel is given ahead of what it sends, where it can be told: control goes ahead of all else, here."""

PIECES_MAX = 1000
"""Pieces in one write; the kernel takes 1,024 (IOV_MAX)."""

HANGUP_MAX: Seconds = 1.0
"""How long a link takes to end at most."""

GUESTS_MAX = 256
"""Links that others opened at once, those that are ending included; the core keeps fewer."""


class Links:
    """All links of one node. `now` reads the clock, `step` does what the core wants after an input.

    `guests_max`: links that others opened at once, if that is more than GUESTS_MAX.
    """

    def __init__(
        self,
        core: Linked,
        now: Callable[[], Seconds],
        step: Callable[[], None],
        frame_bytes_max: int,
        guests_max: int = 0,
    ) -> None:
        self.core = core
        self.now = now
        self.step = step
        self.frame_bytes_max = frame_bytes_max
        self._links: dict[int, Link] = {}
        self._dialling: dict[int, asyncio.Task[None]] = {}
        self._given_up: set[asyncio.Task[None]] = set()
        self._guests = 0
        self._guests_max = guests_max
        self._all_gone: asyncio.Event | None = None

    def __len__(self) -> int:
        """How many links there are, those that are being made or ended included."""
        return len(self._links) + len(self._dialling)

    def dial(self, dial: Dial) -> None:
        """Begin to open a link."""
        self._dialling[dial.link] = asyncio.get_running_loop().create_task(self._dial(dial))

    def adopt(self, number: int, source: str, connection: socket.socket, rest: bytes) -> bool:
        """A connection that brought a preface, and perhaps more, is a link now; False when there are too many."""
        if self._guests >= max(GUESTS_MAX, self._guests_max):
            return False
        self._guests += 1
        link = self._links[number] = Link(self, number, connection, guest=True)
        self.core.accepted(number, source_host(source), self.now())
        link.listen(rest)
        return True

    def wake(self, number: int, now: Seconds) -> None:
        """The core has something for a link."""
        if (link := self._links.get(number)) is not None:
            link.send(now)

    def hang_up(self, number: int, now: Seconds) -> None:
        """End a link politely."""
        if (link := self._links.get(number)) is not None:
            link.hang_up(now)
        elif (task := self._dialling.pop(number, None)) is not None:
            self._given_up.add(task)
            task.add_done_callback(self._given_up.discard)
            task.cancel()

    async def finished(self) -> None:
        """Wait until the last link is gone."""
        self._all_gone = asyncio.Event()
        if self._links:
            await self._all_gone.wait()

    async def shut(self) -> None:
        """End all links at once."""
        tasks = [*self._dialling.values(), *self._given_up]
        for task in tasks:
            task.cancel()
        for link in tuple(self._links.values()):
            link.close()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)

    def forget(self, link: "Link") -> None:
        """A link is gone."""
        del self._links[link.number]
        self._guests -= link.guest
        if self._all_gone is not None and not self._links:
            self._all_gone.set()

    async def _dial(self, dial: Dial) -> None:
        try:
            async with asyncio.timeout(dial.timeout):
                connection = await connect(dial.to)
        except (OSError, TimeoutError):
            if self._dialling.pop(dial.link, None) is not None:
                self.core.link_lost(dial.link, Failure.UNREACHABLE, self.now())
                self.step()
            return
        if self._dialling.pop(dial.link, None) is None:
            connection.close()  # hung up meanwhile
            return
        link = self._links[dial.link] = Link(self, dial.link, connection, guest=False)
        link.greet()


class Link:
    """One link, on its socket."""

    __slots__ = (
        "_alarm",
        "_ending",
        "_greeting",
        "_links",
        "_loop",
        "_reader",
        "_socket",
        "_unsent",
        "_unsent_bytes",
        "_writing",
        "guest",
        "number",
    )

    def __init__(self, links: Links, number: int, connection: socket.socket, *, guest: bool) -> None:
        self.number = number
        self.guest = guest
        self._links = links
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = connection
        self._reader = FrameReader(links.frame_bytes_max)
        self._greeting = b""
        self._unsent: list[bytes | memoryview] = [PREFACE]
        self._unsent_bytes = len(PREFACE)
        self._writing = False
        self._ending = False
        self._alarm: asyncio.TimerHandle | None = None
        _tune(connection)

    def greet(self) -> None:
        """We dialled: say who we are, and wait for the other's preface."""
        assert self._socket is not None
        self._loop.add_reader(self._socket.fileno(), self._on_greeting)
        self.send(self._links.now())
        self._links.step()

    def listen(self, rest: bytes) -> None:
        """Both prefaces are there: read frames, those first that have come already."""
        assert self._socket is not None
        self._loop.add_reader(self._socket.fileno(), self._on_readable)
        self._take(lambda: self._reader.feed(rest))
        if self._unsent:
            self.send(self._links.now())

    def send(self, now: Seconds) -> None:
        """Send what waits and what the core gives, until that is all or the kernel takes no more."""
        if self._writing or self._socket is None:
            return
        core, number = self._links.core, self.number
        room = TURN_BYTES_MAX
        while room > 0:
            if self._unsent_bytes <= PULL_BELOW and (outgoing := core.pull(number, PULL_BYTES_MAX, now)):
                self._line_up(outgoing)
            elif not self._unsent:
                if self._ending:
                    self._end_sending()
                return
            before = self._unsent_bytes
            self._write()
            if self._unsent or self._socket is None:
                break
            room -= before
        if self._socket is not None:
            self._writing = True
            self._loop.add_writer(self._socket.fileno(), self._on_writable)

    def hang_up(self, now: Seconds) -> None:
        """Send what is left, then close; nothing is read any more."""
        if self._socket is None or self._ending:
            return
        self._ending = True
        self._alarm = self._loop.call_later(HANGUP_MAX, self.close)
        self._loop.add_reader(self._socket.fileno(), self._on_unheard)
        self.send(now)

    def close(self) -> None:
        """Close at once; once more does no harm."""
        if (connection := self._socket) is None:
            return
        self._socket = None
        self._loop.remove_reader(connection.fileno())
        if self._writing:
            self._loop.remove_writer(connection.fileno())
        if self._alarm is not None:
            self._alarm.cancel()
        connection.close()
        self._unsent.clear()
        self._unsent_bytes = 0
        self._links.forget(self)

    # Receiving.

    def _on_readable(self) -> None:
        """One read, and all that it brought, as one turn of the core."""
        try:
            count = self._socket.recv_into(self._reader.buffer())  # type: ignore[union-attr] # open while it is watched
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            count = 0
        if not count:
            self._break(Failure.CLOSED)
            return
        try:
            frames = self._reader.received(count)
        except BrokenStream as error:
            self._refuse(error)
            return
        links = self._links
        now, number, on_frame = links.now(), self.number, links.core.on_frame
        for frame in frames:
            on_frame(number, frame, now)
        links.core.end_turn(now)
        links.step()

    def _take(self, read: Callable[[], list[Frame]]) -> None:
        """The same for what was read already."""
        try:
            frames = read()
        except BrokenStream as error:
            self._refuse(error)
            return
        now = self._links.now()
        for frame in frames:
            self._links.core.on_frame(self.number, frame, now)
        self._links.core.end_turn(now)
        self._links.step()

    def _refuse(self, error: BrokenStream) -> None:
        """Bytes that are no frame: what came before them counts."""
        core, now = self._links.core, self._links.now()
        for frame in error.before:
            core.on_frame(self.number, frame, now)
        core.bad_frame(self.number, str(error), now)
        core.end_turn(now)
        self._links.step()

    def _on_greeting(self) -> None:
        """Read until the other's preface is whole."""
        try:
            data = self._socket.recv(PULL_BELOW)  # type: ignore[union-attr] # open while it is watched
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        self._greeting += data
        if self._greeting.startswith(PREFACE):
            rest = self._greeting[len(PREFACE) :]
            self._greeting = b""
            self._links.core.dialled(self.number, self._links.now())
            self.listen(rest)
        elif not data:
            self._break(Failure.CLOSED)
        elif not PREFACE.startswith(self._greeting):
            self._break(Failure.GARBLED)

    def _on_unheard(self) -> None:
        """We hang up: read on only to see the other's end, since closing before it could destroy what we said last."""
        try:
            gone = not self._socket.recv(PULL_BYTES_MAX)  # type: ignore[union-attr] # open while it is watched
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            gone = True
        if gone:
            self.close()

    # Sending.

    def _line_up(self, outgoing: list[Outgoing]) -> None:
        """Put frames behind what waits; a run goes as the very bytes that came, not copied."""
        unsent, size = self._unsent, self._unsent_bytes
        for frame in outgoing:
            if type(frame) is RawRecord:
                head, raw = record_head(frame), frame.raw
                unsent.append(head)
                unsent.append(raw)
                size += len(head) + len(raw)
            else:
                data = encode(frame)
                unsent.append(data)
                size += len(data)
        self._unsent_bytes = size

    def _write(self) -> None:
        """Give the kernel what waits, as far as it takes it."""
        assert self._socket is not None
        unsent = self._unsent
        if len(unsent) > PIECES_MAX:
            self._unsent = unsent = [b"".join(unsent)]
        try:
            sent = self._socket.send(unsent[0]) if len(unsent) == 1 else self._socket.sendmsg(unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._break(Failure.CLOSED)
            return
        self._unsent_bytes -= sent
        if not self._unsent_bytes:
            unsent.clear()
            return
        index = 0
        while sent >= len(unsent[index]):
            sent -= len(unsent[index])
            index += 1
        del unsent[:index]
        unsent[0] = memoryview(unsent[0])[sent:]

    def _on_writable(self) -> None:
        assert self._socket is not None
        self._writing = False
        self.send(self._links.now())
        if not self._writing and self._socket is not None:
            self._loop.remove_writer(self._socket.fileno())
        self._links.step()

    def _end_sending(self) -> None:
        """All is said: let the other see that, and wait for its end."""
        assert self._socket is not None
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()

    def _break(self, failure: Failure) -> None:
        """The connection is gone, or of no use."""
        ending = self._ending
        self.close()
        if not ending:
            self._links.core.link_lost(self.number, failure, self._links.now())
            self._links.step()


async def connect(to: Address) -> socket.socket:
    """A connection to the first of a host's addresses that takes us. A name is resolved anew each time."""
    loop = asyncio.get_running_loop()
    host = to.host.encode()  # of a str it would load the tables of international names first: 3 ms
    try:
        found = socket.getaddrinfo(host, to.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await loop.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    trouble: OSError = OSError("no address")
    for family, kind, protocol, _, address in found:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.setblocking(False)
            await _connected(connection, address)
        except OSError as error:
            trouble = error
            connection.close()
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise trouble


async def _connected(connection: socket.socket, address: Any) -> None:
    """Wait until a connection stands; raises OSError. `loop.sock_connect` of uvloop would load those tables, too."""
    trouble = connection.connect_ex(address)
    if trouble == errno.EINPROGRESS:
        loop, number = asyncio.get_running_loop(), connection.fileno()
        decided = asyncio.Event()
        loop.add_writer(number, decided.set)
        try:
            await decided.wait()
        finally:
            loop.remove_writer(number)
        trouble = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if trouble:
        raise OSError(trouble, os.strerror(trouble))


def _tune(connection: socket.socket) -> None:
    """What is written leaves at once, and the kernel holds little that it can't send yet."""
    with contextlib.suppress(OSError):  # a connection that broke already: reading tells
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_MAX)
