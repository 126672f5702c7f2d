"""Registry: the peers that a seed lists, each once, in the order of registration.

Rule 1: bounded in all and by source. Rule 2: a reply always ends with the asker itself, and fits into what an original
peer reads.
"""

import enum
from collections.abc import Iterator
from random import Random

from rumor.core.ids import Address
from rumor.core.settings import RegistrySettings

ENTRY_BYTES_MIN = len(",1.1.1.1:1")

DRAWN_WITHOUT_REPETITION_MAX = 8 * 1024
"""Up to here a list is shuffled for a sample; a longer one holds so much more than a reply that few are drawn twice."""


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
        if len(self._places) <= 1 + room // ENTRY_BYTES_MIN:
            others = [peer for peer in self._places if peer != asker]
            if sum(map(_entry_bytes, others)) <= room:
                return (*others, asker)
        return (*self._sample(asker, room), asker)

    def _sample(self, asker: Address, room: int) -> list[Address]:
        """Others at random, until one does not fit into so many bytes any more, in the order of registration.

        There are more than fit: that is for the caller to see to.
        """
        chosen: dict[int, Address] = {}
        places = self._random_places()
        while True:
            place = next(places)
            peer = self._slots[place]
            if peer is None or peer == asker or place in chosen:
                continue
            room -= _entry_bytes(peer)
            if room < 0:
                break
            chosen[place] = peer
        return [chosen[place] for place in sorted(chosen)]

    def _random_places(self) -> Iterator[int]:
        """Places in random order: each once in a short list; in a long one at random, without end."""
        if len(self._slots) <= DRAWN_WITHOUT_REPETITION_MAX:
            yield from self._rng.sample(range(len(self._slots)), len(self._slots))
        else:
            while True:
                yield self._rng.randrange(len(self._slots))


def _entry_bytes(peer: Address) -> int:
    """What an entry takes in a reply, its comma included."""
    return len(str(peer)) + 1
