"""When is a frame whole? The bytes of a link, in pieces of any size, become frames.

    buffer() --the driver receives into it--> received(count) --> the frames that are whole now

What comes whole or byte by byte gives the same frames. A frame's length is looked at as soon as it is there, before any
room is made for its body. The buffer is small while little comes, grows when a read fills it, and becomes small again:
a node has many links, and most are idle.
"""

import struct
from typing import Final

from rumor.core.errors import WireError
from rumor.core.frames import Frame
from rumor.wire.frames import decode

ROOM_MIN: Final = 4096
"""The buffer of an idle link, in bytes."""

ROOM_MAX: Final = 1 << 18
"""The buffer of a busy link; larger only while a larger frame is on its way."""

GROWTH: Final = 4
"""By how much the buffer grows when a read fills it: three reads to the largest."""

QUIET_READS: Final = 16
"""After so many reads in a row that `ROOM_MIN` would have held, the buffer becomes small again."""

_LENGTH = struct.Struct(">I")


class BrokenStream(WireError):
    """Bytes that can't become a frame any more. `before`: the frames of the same call that were whole before them."""

    def __init__(self, text: str, before: list[Frame]) -> None:
        super().__init__(text)
        self.before = before


class FrameReader:
    """Reads what one link brings. After an error it is of no further use.

    It holds at most the frame that is on its way, `4 + frame_bytes_max` bytes, or `ROOM_MAX` where that is more.
    """

    def __init__(self, frame_bytes_max: int) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._data = bytearray(ROOM_MIN)
        self._view = memoryview(self._data)
        self._end = 0
        self._quiet = 0

    @property
    def pending(self) -> int:
        """How many bytes are there of a frame that is not whole yet: above 0 at the link's end, it was cut."""
        return self._end

    @property
    def capacity(self) -> int:
        """The size of the buffer now."""
        return len(self._data)

    def buffer(self) -> memoryview:
        """Where to receive to, never empty; then call `received`."""
        return self._view[self._end :]

    def received(self, count: int) -> list[Frame]:
        """So many bytes were received into `buffer`: the frames that are whole by that. Raises BrokenStream."""
        frames: list[Frame] = []
        self._receive(count, frames)
        return frames

    def feed(self, data: bytes) -> list[Frame]:
        """The same for bytes that lie elsewhere."""
        frames: list[Frame] = []
        rest = memoryview(data)
        while rest:
            room = self.buffer()
            count = min(len(room), len(rest))
            room[:count] = rest[:count]
            self._receive(count, frames)
            rest = rest[count:]
        return frames

    def _receive(self, count: int, frames: list[Frame]) -> None:
        """Add the frames that are whole now, move what is left to the front, and choose the room for the next read."""
        end = self._end + count
        start = self._take(end, frames)
        self._end = end - start
        if start and self._end:
            self._view[: self._end] = self._view[start:end]
        if end == len(self._view):
            self._grow()
        elif count > ROOM_MIN:
            self._quiet = 0
        else:
            self._quiet += 1
            if self._quiet >= QUIET_READS and self._end == 0 and len(self._view) > ROOM_MIN:
                self._replace(ROOM_MIN)

    def _take(self, end: int, frames: list[Frame]) -> int:
        """Add the whole frames up to `end`; returns where they stop."""
        data, view = self._data, self._view
        start = 0
        while end - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, start)
            if not 0 < length <= self._frame_bytes_max:
                raise BrokenStream(f"a frame of {length} bytes: it has 1 to {self._frame_bytes_max}", frames)
            stop = start + _LENGTH.size + length
            if stop > end:
                break
            try:
                frame = decode(data[start + 4], view[start + 5 : stop])
            except WireError as error:
                raise BrokenStream(str(error), frames) from None
            if frame is not None:
                frames.append(frame)
            start = stop
        return start

    def _grow(self) -> None:
        """A read filled the buffer, so more may wait: make more room, at last as much as the frame needs."""
        self._quiet = 0
        size = len(self._view)
        capacity = min(GROWTH * size, ROOM_MAX)
        if size >= ROOM_MAX and self._end >= _LENGTH.size:
            capacity = _LENGTH.size + _LENGTH.unpack_from(self._data)[0]
        if capacity > size:
            self._replace(capacity)

    def _replace(self, capacity: int) -> None:
        """Take a buffer of another size. The old one is let go, never resized: the driver may still look at it."""
        data = bytearray(capacity)
        view = memoryview(data)
        view[: self._end] = self._view[: self._end]
        self._data = data
        self._view = view
