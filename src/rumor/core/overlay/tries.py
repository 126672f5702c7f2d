"""Tries: the contacts that the overlay has dialled, each until it is a neighbor or gone.

    dialled --> its link stands --> asked to be our neighbor, or visited --> a neighbor, or gone

What becomes of a try is told by how its link ends: who may be a contact still, and who can't.
"""

import enum
from collections.abc import Iterator
from typing import Final

import msgspec

from rumor.core.events import LinkDown, Reason
from rumor.core.frames import Contact, Parting
from rumor.core.ids import Address, Seconds

NOT_OURS: Final = (Parting.SELF, Parting.OTHER_NETWORK, Parting.OTHER_VERSION, Parting.NOT_A_PEER, Parting.LEAVING)
"""Who parts for such a reason is no contact any more."""

SAME_NODE: Final = (Parting.CROSSED, Parting.REPLACED)
"""Another link to the same node stands, or will in a moment."""

LOST: Final = (None, Parting.SILENT, Parting.BAD_FRAME)
"""Who goes like this may be hard to reach."""

_REASONS: Final = {
    None: Reason.BROKEN,
    Parting.LEAVING: Reason.LEFT,
    Parting.CROSSED: Reason.REPLACED,
    Parting.REPLACED: Reason.REPLACED,
    Parting.SILENT: Reason.FORGOT_US,
    Parting.SWAPPED: Reason.SWAPPED,
    Parting.SURPLUS: Reason.SURPLUS,
    Parting.BAD_FRAME: Reason.FAULT,
}


def reason_of(event: LinkDown) -> Reason:
    """Why a neighbor is none any more whose link is gone."""
    if event.by_us and event.parting is Parting.SILENT:
        return Reason.DEAD
    return _REASONS.get(event.parting, Reason.REFUSED)


class Aim(enum.Enum):
    """What a contact was dialled for."""

    NEIGHBOR = "to be neighbors, if both have a place"
    REUNION = "to be neighbors even if others must go: it was out of reach"
    VISIT = "to exchange contacts"


class Try(msgspec.Struct):
    """A contact that we dialled, until it is a neighbor or gone. `asked` once it has the NeighborRequest."""

    contact: Contact
    aim: Aim
    since: Seconds
    asked: bool = False


class Tries:
    """All of them, by link, in the order in which they began."""

    def __init__(self) -> None:
        self._tries: dict[int, Try] = {}

    def __len__(self) -> int:
        return len(self._tries)

    def __contains__(self, link: int) -> bool:
        return link in self._tries

    def __iter__(self) -> Iterator[Try]:
        return iter(self._tries.values())

    def begin(self, link: int, contact: Contact, aim: Aim, now: Seconds) -> Try:
        """A link is being made, or stands now."""
        attempt = self._tries[link] = Try(contact, aim, now)
        return attempt

    def get(self, link: int) -> Try | None:
        """The one over that link."""
        return self._tries.get(link)

    def end(self, link: int) -> Try | None:
        """Remove and return the one over that link, if there is one."""
        return self._tries.pop(link, None)

    @property
    def asked(self) -> int:
        """How many have our NeighborRequest, and no answer yet."""
        return sum(attempt.asked for attempt in self)

    def for_neighbors(self, since: Seconds) -> tuple[int, int]:
        """How many may bring a neighbor, and how many of these began after a moment."""
        began = [attempt.since for attempt in self if attempt.aim is not Aim.VISIT]
        return len(began), sum(moment > since for moment in began)

    def reach(self, address: Address) -> bool:
        """Whether an address is being tried."""
        return any(attempt.contact.address == address for attempt in self)
