"""Journal: what a seed must have on disk before it says so.

    listed, changed, struck off --note--> Store --take--> a batch --written--> `settle`: the answers that waited for it
                                                            `--not written--> `fail`: refusals; it goes with the next

Whoever is answered is on disk; what changes meanwhile is the next batch, so that many share the time that a disk takes.
A seed without a disk answers at once.

Rule 1: an answer about an entry leaves after the batch that holds the entry. Rule 2: a batch is all or nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from rumor.core.clock import WallClock
from rumor.core.effects import Store
from rumor.core.ids import Address, Seconds
from rumor.core.outbox import Outbox
from rumor.core.seeds.registry import Listed, Tombstone

Answer = TypeVar("Answer")

SHARED_MAX = 1 << 16
"""So many hosts are kept once for all who came from there when a list is read: a third of its memory."""


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entry as it is kept: of one that is listed, or was struck off.

    `proof` in seconds since 1970, if `struck_off` the moment of that; the rest as in Listed and Tombstone.
    """

    order: int
    name: str
    host: str
    port: int
    epoch: int
    incarnation: int
    proof: float
    source: str = ""
    struck_off: bool = False


class Batch(msgspec.Struct, frozen=True):
    """What is to be written together: entries, new or changed, and the orders of those that are gone."""

    entries: list[Kept]
    gone: list[int]


class Journal(Generic[Answer]):
    """What waits for the disk of one seed. Without one (`durable=False`) nothing ever does."""

    def __init__(self, clock: WallClock, outbox: Outbox, *, durable: bool) -> None:
        self._clock = clock
        self._outbox = outbox
        self._durable = durable
        self._open: dict[int, Listed | Tombstone | None] = {}
        self._taken: dict[int, Listed | Tombstone | None] = {}
        self._waiting: list[Answer] = []
        self._settling: list[Answer] = []
        self._asked_for = False

    def note(self, one: Listed | Tombstone) -> None:
        """An entry is new, or changed, or its peer was struck off."""
        if self._durable:
            self._open[one.order] = one
            self._ask()

    def forget(self, orders: Iterable[int]) -> None:
        """These entries are gone."""
        if self._durable:
            for order in orders:
                self._open[order] = None
                self._ask()

    def wait(self, listed: Listed, answer: Answer) -> bool:
        """Keep an answer about an entry until the entry is on disk; False: it is, answer now."""
        if listed.order in self._open:
            self._waiting.append(answer)
            self._ask()
        elif listed.order in self._taken:
            self._settling.append(answer)
        else:
            return False
        return True

    def take(self) -> Batch:
        """What is to be written now. Until `settle` or `fail` nothing else may be taken."""
        assert not self._taken
        self._asked_for = False
        self._taken, self._open = self._open, {}
        self._settling, self._waiting = self._waiting, []
        entries = [_kept(one, self._clock.offset) for one in self._taken.values() if one is not None]
        return Batch(entries, [order for order, one in self._taken.items() if one is None])

    def settle(self) -> list[Answer]:
        """The batch is on disk: the answers that waited for it."""
        self._taken = {}
        answers, self._settling = self._settling, []
        return answers

    def fail(self) -> list[Answer]:
        """The batch is not on disk: the answers that can't be given. It goes with the next batch."""
        self._open = {**self._taken, **self._open}
        return self.settle()

    def _ask(self) -> None:
        if not self._asked_for:
            self._asked_for = True
            self._outbox.do(Store())


def former(kept: Iterable[Kept], clock: WallClock, now: Seconds) -> Iterator[Listed | Tombstone]:
    """Whom a former life listed or struck off, by the clock of this one, where equal texts are kept once."""
    hosts: dict[str, str] = {}
    ports: dict[int, int] = {}
    offset = clock.offset
    for entry in kept:
        host, proof = entry.host, min(now, entry.proof - offset)
        host = hosts.setdefault(host, host) if len(hosts) < SHARED_MAX else hosts.get(host, host)
        address = Address(host, ports.setdefault(entry.port, entry.port))
        if entry.struck_off:
            yield Tombstone(entry.name, address, entry.epoch, entry.incarnation, proof, entry.order)
        else:
            source = host if entry.source == host else entry.source
            yield Listed(address, entry.name, entry.epoch, entry.incarnation, proof, source, entry.order)


def _kept(one: Listed | Tombstone, offset: Seconds) -> Kept:
    host, port, life = one.address.host, one.address.port, (one.epoch, one.incarnation)
    if isinstance(one, Tombstone):
        return Kept(one.order, one.name, host, port, *life, round(one.at + offset, 3), struck_off=True)
    return Kept(one.order, one.name, host, port, *life, round(one.proof + offset, 3), one.source)
