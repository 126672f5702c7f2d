"""What happened, for the application, the program and the logs. Plain values, made by the core."""

import enum
from typing import TypeAlias

import msgspec

from rumor.core.ids import Address, Seconds
from rumor.core.messages import DeadNode, Gossip


class Reason(enum.Enum):
    """Why a neighbor came or went."""

    ASKED = "we asked it"
    ACCEPTED = "it asked us"
    DEAD = "three liveness requests in a row failed"
    FORGOT_US = "it no longer holds us as its neighbor"


class Registered(msgspec.Struct, frozen=True):
    """A seed took us on its list; `renewed` when it had us there before."""

    seed: Address
    renewed: bool


class PeerRegistered(msgspec.Struct, frozen=True):
    """We, a seed, took a peer on our list; `new` when it was not there."""

    peer: Address
    new: bool


class PeerListReceived(msgspec.Struct, frozen=True):
    """A seed told us its list, without ourselves."""

    seed: Address
    peers: tuple[Address, ...]


class NeighborUp(msgspec.Struct, frozen=True):
    """A peer became our neighbor."""

    neighbor: Address
    reason: Reason


class NeighborDown(msgspec.Struct, frozen=True):
    """A peer is no longer our neighbor."""

    neighbor: Address
    reason: Reason


class RumorHeard(msgspec.Struct, frozen=True):
    """A rumor reached us for the first time; our own count too (`own`)."""

    gossip: Gossip
    own: bool


class Strike(msgspec.Struct, frozen=True):
    """A neighbor missed a liveness request; `count` in a row so far."""

    neighbor: Address
    count: int


class NeighborDied(msgspec.Struct, frozen=True):
    """A neighbor is dead: `strikes_max` liveness requests in a row failed."""

    neighbor: Address


class DeathReported(msgspec.Struct, frozen=True):
    """We reported a dead neighbor to these seeds, with this report."""

    report: DeadNode
    reported_to: tuple[Address, ...]


class DeathReceived(msgspec.Struct, frozen=True):
    """We, a seed, were told of a dead peer; `listed` when it was on our list."""

    report: DeadNode
    listed: bool


class Alone(msgspec.Struct, frozen=True):
    """No neighbor since that moment of the driver's clock: the seeds must be asked again."""

    since: Seconds


class Problem(msgspec.Struct, frozen=True):
    """Something that people should know of and that harms nothing.

    `what` says it in words that are the same each time, so that a driver can hold back repetitions;
    `source` is who caused it (a host or address, "" for ourselves), `detail` what differs from case to case.
    """

    what: str
    source: str = ""
    detail: str = ""


Event: TypeAlias = (
    Registered
    | PeerRegistered
    | PeerListReceived
    | NeighborUp
    | NeighborDown
    | RumorHeard
    | Strike
    | NeighborDied
    | DeathReported
    | DeathReceived
    | Alone
    | Problem
)
