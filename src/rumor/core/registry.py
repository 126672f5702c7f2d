"""Registry: the peers that a seed lists, each once, in the order of registration.

Rule 1: bounded in all and by source. Rule 2: a reply always ends with the asker itself, and fits into what an original
peer reads.
"""

import enum
from random import Random

from rumor.core.ids import Address
from rumor.core.settings import RegistrySettings


class Refusal(enum.Enum):
    """Why a peer is not listed."""

    FULL = "the list is full"
    SOURCE_FULL = "too many peers registered from one host"


class Registry:
    """A seed's list. Addresses that were taken off leave gaps, closed when they are half of all."""

    def __init__(self, settings: RegistrySettings, rng: Random, *, limit_loopback: bool) -> None:
        self._settings = settings
        self._rng = rng
        self._limit_loopback = limit_loopback
        self._slots: list[Address | None] = []
        self._places: dict[Address, int] = {}
        self._by_host: dict[str, int] = {}

    def __len__(self) -> int:
        """How many peers are listed."""
        return len(self._places)

    def __contains__(self, peer: Address) -> bool:
        """Whether a peer is listed."""
        return peer in self._places

    def add(self, peer: Address) -> Refusal | None:
        """List a peer, or say why not. One that is listed keeps its place."""
        if peer in self._places:
            return None
        if len(self._places) >= self._settings.capacity:
            return Refusal.FULL
        of_host = self._by_host.get(peer.host, 0)
        bounded = self._limit_loopback or not peer.is_loopback
        if bounded and of_host >= self._settings.per_source_max:
            return Refusal.SOURCE_FULL
        self._by_host[peer.host] = of_host + 1
        self._places[peer] = len(self._slots)
        self._slots.append(peer)
        return None

    def remove(self, peer: Address) -> bool:
        """Take a peer off; False when it was not listed."""
        place = self._places.pop(peer, None)
        if place is None:
            return False
        self._slots[place] = None
        self._by_host[peer.host] -= 1
        if not self._by_host[peer.host]:
            del self._by_host[peer.host]
        if len(self._slots) > 2 * len(self._places):
            self._slots = list(self._places)
            self._places = {listed: at for at, listed in enumerate(self._places)}
        return True

    def reply_for(self, asker: Address) -> tuple[Address, ...]:
        """The list as it goes to a peer: all others in the order of registration, then the asker.

        If that is longer than an original peer reads, as many of the others as fit, chosen at random.
        """
        room = self._settings.reply_bytes_max - len(str(asker))
        others = self._sample(asker, at_most=room // len(",1.1.1.1:1"))
        while (length := sum(len(str(peer)) + 1 for peer in others)) > room:
            surplus = max(1, (length - room) // len(",255.255.255.255:65535"))
            for place in sorted(self._rng.sample(range(len(others)), surplus), reverse=True):
                del others[place]
        return (*others, asker)

    def _sample(self, asker: Address, *, at_most: int) -> list[Address]:
        """At most so many of the others, in the order of registration."""
        if len(self._places) <= at_most + 1:
            return [peer for peer in self._places if peer != asker]
        places: set[int] = set()
        while len(places) < at_most:
            place = self._rng.randrange(len(self._slots))
            if self._slots[place] not in (None, asker):
                places.add(place)
        return [peer for place in sorted(places) if (peer := self._slots[place]) is not None]
