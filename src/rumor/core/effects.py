"""What a driver must do for a core, as plain values."""

import enum
from typing import TypeAlias

import msgspec

from rumor.core.ids import Address, Seconds
from rumor.core.messages import DeadNode, Gossip, Reply, Request


class Ask(msgspec.Struct, frozen=True):
    """Connect, send, and read one reply. Ends in `answered(ask, reply)` or `failed(ask, failure)`, within `timeout`."""

    to: Address
    message: Request
    timeout: Seconds


class Tell(msgspec.Struct, frozen=True):
    """Connect, send, and close. Ends in `told(tell)` or `failed(tell, failure)`, within `timeout`."""

    to: Address
    message: DeadNode | Gossip
    timeout: Seconds


class Answer(msgspec.Struct, frozen=True):
    """Write a reply to a connection that brought a request."""

    link: int
    message: Reply


class Close(msgspec.Struct, frozen=True):
    """Close a connection that brought something which gets no reply."""

    link: int


class Dial(msgspec.Struct, frozen=True):
    """Open a link: connect and send the preface.

    Ends in `dialled(link)` when the other side's preface has come, or in `link_lost(link, failure)` when it can't come
    any more. There is no other time limit than `timeout`, for the connection; silence after it is the core's to judge.
    """

    link: int
    to: Address
    timeout: Seconds


class Wake(msgspec.Struct, frozen=True):
    """Something waits for this link: `pull` it and send it, until it is dry or the link takes no more for now."""

    link: int


class Hangup(msgspec.Struct, frozen=True):
    """Close a link once what `pull` still gives (at least a Goodbye) has left, or after a second. No input follows."""

    link: int


class Store(msgspec.Struct, frozen=True):
    """A seed has something to keep: take it by `take_unstored`, write it, and call `stored` or `not_stored`.

    Others may register meanwhile: what they are told waits for the next batch. One batch at a time.
    """


Effect: TypeAlias = Ask | Tell | Answer | Close | Dial | Wake | Hangup | Store


class Failure(enum.Enum):
    """Why an Ask, a Tell or a Dial came to nothing, or how a link broke."""

    UNREACHABLE = "no connection"
    CLOSED = "closed without a reply"
    SILENT = "no reply in time"
    GARBLED = "a reply that fits no form"
