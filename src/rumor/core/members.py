"""What a node tells of the others in the network: plain values, for applications, programs and logs."""

import enum
from collections.abc import Mapping

import msgspec

from rumor.core.frames import Statement
from rumor.core.ids import Address


class State(enum.Enum):
    """How a member is, as far as this node knows."""

    ALIVE = "alive"
    SUSPECT = "suspect"
    """A neighbor hears nothing of it. It may still answer that it is alive."""
    DEAD = "dead"
    """Given up, with evidence: `why` shows it."""
    LEFT = "left"
    """Gone on purpose."""
    AWAY = "away"
    """It said that it will be away for a while, and come back."""


class Member(msgspec.Struct, frozen=True):
    """One member. `since`: when this node learned of that state, in seconds since 1970.

    `epoch` is when its present life began (milliseconds since 1970), `incarnation` counts how often it had to say in
    that life that it is alive.
    """

    name: str
    address: Address
    state: State
    epoch: int
    incarnation: int
    tags: Mapping[str, str]
    since: float


class Change(msgspec.Struct, frozen=True):
    """A member came, or something about it changed. `before` is None for one that was not known."""

    member: Member
    before: Member | None


class Reach(msgspec.Struct, frozen=True):
    """How many of the known members are on our side, this node included; `since` in seconds since 1970.

    A member that died is on the other side until it is reaped or comes back: whether it crashed or was cut off can't be
    told. `parted` when so many died within a short time that a partition is likely.
    """

    here: int
    known: int
    parted: bool
    since: float


class Why(msgspec.Struct, frozen=True):
    """Why a member is in its state: one sentence, and the statements of those who found it so."""

    member: Member
    reason: str
    statements: tuple[Statement, ...]
