"""How far a subscriber has read, as a value that can be kept for a later life."""

import base64
import binascii
from collections.abc import Mapping
from typing import Self, TypeAlias

import msgspec

from rumor.aio.ranges import Ranges
from rumor.core.errors import UsageError

Life: TypeAlias = tuple[str, int]
"""One life of an origin: its name and epoch. The numbers of its rumors begin anew with it."""

VERSION = "1."


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Of one life: all rumors up to `number` were read, and those of the ranges `above`."""

    origin: str
    epoch: int
    number: int
    above: tuple[tuple[int, int], ...] = ()


class Cursor(msgspec.Struct, frozen=True):
    """How far a subscription has read. `str(cursor)` is a text to keep, `Cursor.parse` reads it.

    What is inside may change; there is nothing to be done with it but to subscribe from it.
    """

    positions: tuple[Position, ...] = ()

    def __str__(self) -> str:
        """A text of letters, digits, `-`, `_` and `.`."""
        return VERSION + base64.urlsafe_b64encode(msgspec.msgpack.encode(self.positions)).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote; raises UsageError for anything else."""
        try:
            if not text.startswith(VERSION):
                raise ValueError("another version")
            code = text[len(VERSION) :]
            data = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
            return cls(msgspec.msgpack.decode(data, type=tuple[Position, ...]))
        except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError) as error:
            raise UsageError(f"{text[:80]!r} is no cursor: {error}") from None


def cursor_of(read: Mapping[Life, Ranges], *, exact: bool) -> Cursor:
    """The cursor of one who has read these rumors; not `exact`: without those above the first that was not read."""
    return Cursor(tuple(_position(life, ranges, exact) for life, ranges in read.items()))


def _position(life: Life, read: Ranges, exact: bool) -> Position:
    ranges = list(read)
    number = ranges.pop(0)[1] if ranges and ranges[0][0] <= 1 else 0
    return Position(*life, number, tuple(ranges) if exact else ())
