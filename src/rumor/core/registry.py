"""Registry: the peers that a seed lists, each once, in the order of registration.

Rule 1: bounded in all and by source. Rule 2: a reply always ends with the asker itself, and fits into what an original
peer reads.
"""

import enum
from collections.abc import Iterator
from itertools import islice
from random import Random

from rumor.core.ids import Address
from rumor.core.settings import RegistrySettings


class Refusal(enum.Enum):
    """Why a peer is not listed."""

    FULL = "the list is full"
    SOURCE_FULL = "too many peers registered from one host"


class Registry:
    """A seed's list.

    `slots` holds the peers in the order of registration, `deck` their places in a random order, for samples. Peers that
    were taken off leave gaps in both, closed when they are half of all.
    """

    def __init__(self, settings: RegistrySettings, rng: Random, *, limit_loopback: bool) -> None:
        self._settings = settings
        self._rng = rng
        self._limit_loopback = limit_loopback
        self._slots: list[Address | None] = []
        self._deck: list[int] = []
        self._places: dict[Address, int] = {}
        self._by_host: dict[str, int] = {}
        self._bytes = 0

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
        self._bytes += _entry_bytes(peer)
        self._places[peer] = len(self._slots)
        self._shuffle_in(len(self._slots))
        self._slots.append(peer)
        return None

    def remove(self, peer: Address) -> bool:
        """Take a peer off; False when it was not listed."""
        place = self._places.pop(peer, None)
        if place is None:
            return False
        self._slots[place] = None
        self._bytes -= _entry_bytes(peer)
        self._by_host[peer.host] -= 1
        if not self._by_host[peer.host]:
            del self._by_host[peer.host]
        if len(self._slots) > 2 * len(self._places):
            self._close_gaps()
        return True

    def reply_for(self, asker: Address) -> tuple[Address, ...]:
        """The list as it goes to a peer: all others in the order of registration, then the asker.

        If that is longer than an original peer reads, as many of the others as fit, chosen at random.
        """
        own_bytes = _entry_bytes(asker)
        room = self._settings.reply_bytes_max + 1 - own_bytes
        if self._bytes - (own_bytes if asker in self._places else 0) <= room:
            return (*(peer for peer in self._places if peer != asker), asker)
        return (*self._sample(asker, room), asker)

    def _sample(self, asker: Address, room: int) -> list[Address]:
        """Others as many as fit into so many bytes, in the order of registration: a cut from the deck, at random.

        There are more than fit: that is for the caller to see to.
        """
        chosen: dict[int, Address] = {}
        places = self._cut()
        while True:
            place = next(places)
            peer = self._slots[place]
            if peer is not None and peer != asker:
                room -= _entry_bytes(peer)
                if room < 0:
                    break
                chosen[place] = peer
        return [chosen[place] for place in sorted(chosen)]

    def _cut(self) -> Iterator[int]:
        """The deck from a random card on, round and round."""
        start = self._rng.randrange(len(self._deck))
        while True:
            yield from islice(self._deck, start, None)
            start = 0

    def _shuffle_in(self, place: int) -> None:
        """Put a place into the deck so that every order stays as likely as another (Fisher and Yates, inside out)."""
        at = self._rng.randrange(place + 1)
        self._deck.append(place)
        self._deck[at], self._deck[-1] = self._deck[-1], self._deck[at]

    def _close_gaps(self) -> None:
        old_slots, self._slots = self._slots, list(self._places)
        self._places = {peer: place for place, peer in enumerate(self._slots) if peer is not None}
        listed = (old_slots[place] for place in self._deck)
        self._deck = [self._places[peer] for peer in listed if peer is not None]


def _entry_bytes(peer: Address) -> int:
    """What an entry takes in a reply, its comma included."""
    return len(peer.host) + len(",:") + len(str(peer.port))
