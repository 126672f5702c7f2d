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


Effect: TypeAlias = Ask | Tell | Answer | Close


class Failure(enum.Enum):
    """Why an Ask or a Tell came to nothing."""

    UNREACHABLE = "no connection"
    CLOSED = "closed without a reply"
    SILENT = "no reply in time"
    GARBLED = "a reply that fits no form"
