"""Every message between nodes.

    peer                          seed
      Register            ---->     lists the peer
                          <----   PeerList (the peer itself is the last entry)
      DeadNode            ---->     takes the dead peer off its list; no reply

    peer                          peer
      ConnectRequest      ---->     has room
                          <----   ConnectAccepted (no reply when full)
      LivenessRequest     ---->
                          <----   LivenessReply
      Gossip              ---->     hears it, passes it on; no reply

    any                           one of ours
      Preface             ---->
                          <----   Preface (an original node closes the connection instead)

Timestamps are kept as the text that was written, because texts are passed on unchanged, to the byte.
"""

import re
from typing import TypeAlias

import msgspec

from rumor.core.ids import Address


class Register(msgspec.Struct, frozen=True):
    """A peer asks to be listed. The seed takes the port from here and the host from the connection."""

    address: Address


class PeerList(msgspec.Struct, frozen=True, eq=False):
    """A seed's reply: every peer that it lists, in the order of registration, the asker last.

    `text`: the same as it is written, if that is at hand: a seed that tells many of the same others writes them once.
    """

    peers: tuple[Address, ...]
    text: str = ""

    def __eq__(self, other: object) -> bool:
        """Two lists of the same peers are the same."""
        return isinstance(other, PeerList) and self.peers == other.peers

    def __hash__(self) -> int:
        return hash(self.peers)


class DeadNode(msgspec.Struct, frozen=True):
    """A peer found a neighbor dead. `reporter` is the reporting peer's host."""

    peer: Address
    timestamp: str
    reporter: str


class ConnectRequest(msgspec.Struct, frozen=True):
    """A peer asks another to be its neighbor."""

    address: Address


class ConnectAccepted(msgspec.Struct, frozen=True):
    """The other has room, and took the asker as its neighbor."""


class LivenessRequest(msgspec.Struct, frozen=True):
    """Are you there? `sender` is the asking peer's host."""

    timestamp: str
    sender: str


class LivenessReply(msgspec.Struct, frozen=True):
    """I am: the request's timestamp and sender, and the replier's host."""

    timestamp: str
    sender: str
    replier: str


class Gossip(msgspec.Struct, frozen=True):
    """One rumor as the classic wire carries it.

    `tail` is what follows the number, carried along untouched: empty, or a colon and the text; from others it may be
    anything on one line that does not begin with a digit.
    """

    timestamp: str
    origin: Address
    number: int
    tail: str = ""

    @property
    def text(self) -> str:
        """What was said: the tail without its colon."""
        return self.tail.removeprefix(":")


class Preface(msgspec.Struct, frozen=True):
    """Are you one of ours? Only a node of ours answers, with the same."""


Request: TypeAlias = Register | ConnectRequest | LivenessRequest | Preface
"""What is answered on the same connection."""

Incoming: TypeAlias = Request | DeadNode | Gossip
"""What another node opens a connection for."""

Reply: TypeAlias = PeerList | ConnectAccepted | LivenessReply | Preface
Message: TypeAlias = Incoming | Reply

_UNFIT = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def is_one_line(text: str) -> bool:
    """Whether a text has no line break, no NUL and no other control character but the tab.

    What isn't fit for one line of a log or a terminal is neither sent nor taken.
    """
    return _UNFIT.search(text) is None
