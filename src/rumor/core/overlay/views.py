"""Views: the neighbors, and bounded sets of contacts; reproducible, whatever the hashes of a process are.

    heard of ----dialled, it said Hello----> a neighbor, or back among the proven
       `---------no connection-------------> old: tried now and then, for ever

A contact that itself or a neighbor has spoken with is *proven* to speak frames, and may be passed on. One that only a
list named is *heard of*: it may as well be an original node. One that can't be reached is *old*. It is forgotten when
there are too many others, and never for want of an answer, so that parted halves of a network find each other however
long they were apart.

Rule 1: an address is in one of the three at most. Rule 2: none of them leads back to ourselves.
"""

from collections.abc import Iterable, Iterator
from random import Random

import msgspec

from rumor.core.frames import Contact
from rumor.core.ids import Address, Identity, Seconds


class Neighbor(msgspec.Struct, frozen=True):
    """A peer that we hold a link with, as neighbors. `dialled` by us; `rtt` in seconds, 0: not known."""

    link: int
    name: str
    address: Address
    dialled: bool
    since: Seconds
    rtt: Seconds = 0.0


class ActiveView:
    """The neighbors, by link, name and address. The owner sees to the bound."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._neighbors: dict[int, Neighbor] = {}
        self._addresses: dict[Address, int] = {}
        self._names: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._neighbors)

    def __iter__(self) -> Iterator[Neighbor]:
        return iter(self._neighbors.values())

    def __contains__(self, link: int) -> bool:
        return link in self._neighbors

    def add(self, neighbor: Neighbor) -> None:
        """Take a neighbor. If another one has its name or address, the newer is found by it."""
        self._neighbors[neighbor.link] = neighbor
        self._addresses[neighbor.address] = neighbor.link
        self._names[neighbor.name] = neighbor.link

    def remove(self, link: int) -> Neighbor | None:
        """Remove and return the neighbor at the other end of a link, if it is one."""
        neighbor = self._neighbors.pop(link, None)
        if neighbor is not None:
            if self._addresses.get(neighbor.address) == link:
                del self._addresses[neighbor.address]
            if self._names.get(neighbor.name) == link:
                del self._names[neighbor.name]
        return neighbor

    def note_round_trip(self, link: int, rtt: Seconds) -> None:
        """How long the way to a neighbor and back takes."""
        neighbor = self._neighbors.get(link)
        if neighbor is not None:
            self._neighbors[link] = msgspec.structs.replace(neighbor, rtt=rtt)

    def at(self, address: Address) -> int | None:
        """The link to the neighbor at an address, or None."""
        return self._addresses.get(address)

    def named(self, name: str) -> int | None:
        """The link to the neighbor of that name, or None."""
        return self._names.get(name)

    def others(self, *links: int | None, path: tuple[str, ...] = ()) -> list[int]:
        """The links to all neighbors, but for these and those whose names are on a path."""
        return [one.link for one in self if one.link not in links and one.name not in path]

    def sample(self, count: int, *, without: int) -> list[Contact]:
        """So many neighbors at random, or all, but for one link's."""
        links = self.others(without)
        chosen = (self._neighbors[link] for link in self._rng.sample(links, min(count, len(links))))
        return [Contact(one.name, one.address) for one in chosen]

    def worst(self, settled: Seconds) -> Neighbor:
        """Whom to give up: one that is no newer than `settled`, if there is any.

        Those dialled by others go first, so that about half stay our own choice, and the farthest of these.
        """
        return min(self, key=lambda one: (one.since > settled, one.dialled, -one.rtt, one.since))


class View:
    """A bounded set of contacts, one for each address; every operation but `sample` costs the same at any size."""

    def __init__(self, capacity: int, rng: Random) -> None:
        self._capacity = capacity
        self._rng = rng
        self._contacts: list[Contact] = []
        self._places: dict[Address, int] = {}

    def __len__(self) -> int:
        return len(self._contacts)

    def __iter__(self) -> Iterator[Contact]:
        return iter(self._contacts)

    def __contains__(self, address: Address) -> bool:
        return address in self._places

    def add(self, contact: Contact) -> None:
        """Take a contact, in place of the one at that address. When full, one at random is forgotten."""
        place = self._places.get(contact.address)
        if place is not None:
            self._contacts[place] = contact
            return
        if len(self._contacts) >= self._capacity:
            self.take_any()
        self._places[contact.address] = len(self._contacts)
        self._contacts.append(contact)

    def take(self, address: Address) -> Contact | None:
        """Remove and return the contact at an address, if there is one; the last one moves to its place."""
        place = self._places.pop(address, None)
        if place is None:
            return None
        contact, last = self._contacts[place], self._contacts.pop()
        if last is not contact:
            self._contacts[place] = last
            self._places[last.address] = place
        return contact

    def take_any(self) -> Contact | None:
        """Remove and return one at random; None when empty."""
        if not self._contacts:
            return None
        return self.take(self._contacts[int(self._rng.random() * len(self._contacts))].address)

    def sample(self, count: int) -> list[Contact]:
        """So many at random, or all."""
        return self._rng.sample(self._contacts, min(count, len(self._contacts)))


class Reserve:
    """The contacts that may replace lost neighbors (the passive view of HyParView, and what is known beside it)."""

    def __init__(self, identity: Identity, capacity: int, rng: Random) -> None:
        self._identity = identity
        self._rng = rng
        self._capacity = capacity
        self.proven = View(capacity, rng)
        self.heard_of = View(capacity, rng)
        self.old = View(capacity, rng)

    def __len__(self) -> int:
        return len(self.proven) + len(self.heard_of) + len(self.old)

    def __iter__(self) -> Iterator[Contact]:
        """All, the best first."""
        yield from self.proven
        yield from self.heard_of
        yield from self.old

    def hear_of(self, addresses: Iterable[Address]) -> None:
        """Take addresses from a list; of a long one a sample. The old stay old, and those that are known known."""
        new = [address for address in addresses if address not in self.proven and address not in self.old]
        if len(new) > self._capacity:
            new = self._rng.sample(new, self._capacity)
        for address in new:
            if not self._identity.is_self(address):
                self.heard_of.add(Contact(str(address), address))

    def prove(self, contact: Contact) -> None:
        """A contact said Hello just now: it is proven, and no longer old."""
        if not self.is_self(contact):
            self.drop(contact.address)
            self.proven.add(contact)

    def hear(self, contact: Contact) -> None:
        """A neighbor told of a contact. One that we could not reach ourselves stays old."""
        if contact.address not in self.old and not self.is_self(contact):
            self.heard_of.take(contact.address)
            self.proven.add(contact)

    def shelve(self, contact: Contact) -> None:
        """A contact can't be reached: it is old."""
        if not self.is_self(contact):
            self.drop(contact.address)
            self.old.add(contact)

    def bury(self, address: Address) -> None:
        """An address is dead, by all that we know: it is old."""
        contact = self.proven.take(address) or self.heard_of.take(address) or self.old.take(address)
        self.shelve(contact or Contact(str(address), address))

    def revive(self) -> None:
        """Give all that are old another chance, as far as there is room."""
        while len(self.heard_of) < self._capacity and (contact := self.old.take_any()) is not None:
            self.heard_of.add(contact)

    def drop(self, address: Address) -> None:
        """Forget an address."""
        self.proven.take(address)
        self.heard_of.take(address)
        self.old.take(address)

    def draw(self) -> Contact | None:
        """Remove and return one at random of those that may well be there; None when there is none."""
        among = int(self._rng.random() * (len(self.proven) + len(self.heard_of)))
        return (self.proven if among < len(self.proven) else self.heard_of).take_any()

    def is_self(self, contact: Contact) -> bool:
        """Whether a contact is ourselves."""
        return contact.name == self._identity.name or self._identity.is_self(contact.address)
