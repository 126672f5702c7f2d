"""Journal: what a seed must have on disk before it says so.

    listed, changed, struck off --note--> Store --take--> a batch --written--> `settle`: the answers that waited for it
                                                            `--not written--> `fail`: refusals; it goes with the next

Whoever is answered is on disk; what changes meanwhile is the next batch, so that many share the time that a disk takes.
A seed without a disk answers at once.

Rule 1: an answer about an entry leaves after the batch that holds the entry. Rule 2: a batch is all or nothing.
"""

from typing import Generic, TypeVar

import msgspec

from rumor.core.clock import WallClock
from rumor.core.effects import Store
from rumor.core.ids import Address, Seconds
from rumor.core.outbox import Outbox
from rumor.core.seeds.registry import Listed

Answer = TypeVar("Answer")


class Kept(msgspec.Struct, frozen=True, gc=False):
    """One entry as it is kept. `proof` in seconds since 1970; the rest as in Listed."""

    order: int
    name: str
    host: str
    port: int
    epoch: int
    incarnation: int
    proof: float
    source: str

    def listed(self, address: Address, clock: WallClock, now: Seconds) -> Listed:
        """Who it is, at its address, by the clock of this life."""
        proof = min(now, self.proof - clock.offset)
        source = address.host if self.source == address.host else self.source  # one text for both
        return Listed(address, self.name, self.epoch, self.incarnation, proof, source, self.order)


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
        self._open: dict[int, Listed | None] = {}
        self._taken: dict[int, Listed | None] = {}
        self._waiting: list[Answer] = []
        self._settling: list[Answer] = []
        self._asked_for = False

    def note(self, listed: Listed) -> None:
        """An entry is new, or changed, or gone (`off`)."""
        if self._durable:
            self._open[listed.order] = None if listed.off else listed
            self._ask()

    def wait(self, listed: Listed, answer: Answer) -> bool:
        """Keep an answer about an entry until the entry is on disk; False: it is, answer now."""
        if listed.order in self._open:
            self._waiting.append(answer)
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
        entries = [_kept(listed, self._clock.offset) for listed in self._taken.values() if listed is not None]
        return Batch(entries, [order for order, listed in self._taken.items() if listed is None])

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


def _kept(listed: Listed, offset: Seconds) -> Kept:
    address = listed.address
    proof = round(listed.proof + offset, 3)
    return Kept(
        listed.order, listed.name, address.host, address.port, listed.epoch, listed.incarnation, proof, listed.source
    )
