"""What subscribers read: single rumors, whole runs, and word of what was lost."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from rumor.core import frames
from rumor.core.events import LostReason
from rumor.core.messages import Gossip

SECOND = 1_000_000
"""Microseconds, in which runs carry their time."""


class Rumor(msgspec.Struct, frozen=True, gc=False):
    """One rumor.

    `origin` is the name of the peer that said it, `epoch` when the present life of that peer began (milliseconds since
    1970), `number` its count of rumors there, from 1, over all topics. `timestamp` is in seconds since 1970. What came
    as a classic text has its origin's address for a name, epoch 0 and the topic `""`. `authentic`: its origin's
    signature was checked; there is none without keys.
    """

    origin: str
    epoch: int
    number: int
    timestamp: float
    topic: str
    payload: bytes
    authentic: bool = False


class Run(msgspec.Struct, frozen=True):
    """The rumors that an origin published in one turn of its event loop: `first`, `first` + 1, and so on"""

    origin: str
    epoch: int
    first: int
    timestamp: float
    topic: str
    payloads: Sequence[bytes]

    @property
    def last(self) -> int:
        """The number of its last rumor."""
        return self.first + len(self.payloads) - 1


class Lost(msgspec.Struct, frozen=True, gc=False):
    """The rumors `first` to `last` of an origin's life will not come any more: final.

    Said to every subscriber whatever its topic, since nobody knows the topics of what is lost.
    """

    origin: str
    epoch: int
    first: int
    last: int
    reason: LostReason


Item: TypeAlias = frames.Run | Rumor | Lost
"""What waits in a subscription."""


def rumor_of(gossip: Gossip) -> Rumor:
    """A classic text as a Rumor."""
    return Rumor(str(gossip.origin), 0, gossip.number, float(gossip.timestamp), "", gossip.text.encode())


def run_of(item: frames.Run | Rumor) -> Run:
    """What was heard as a Run; a classic text is a run of one."""
    if isinstance(item, Rumor):
        return Run(item.origin, item.epoch, item.number, item.timestamp, item.topic, [item.payload])
    return Run(item.origin, item.epoch, item.first, item.timestamp / SECOND, item.topic, item.payloads)
