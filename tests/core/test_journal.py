"""Journal: who is answered is on disk."""

from random import Random

import pytest

from rumor.core.effects import Store
from rumor.core.ids import Address
from rumor.core.outbox import Outbox
from rumor.core.seeds import journal as journal_module
from rumor.core.seeds.journal import Batch, Journal, Kept, former
from rumor.core.seeds.registry import Listed, Registrant, Registry, Tombstone
from rumor.core.settings import RegistrySettings

from .helpers import ANA, BO, EPOCH, clock


class Office:
    """A journal, and the list that it keeps."""

    def __init__(self, *, durable: bool = True) -> None:
        self.outbox = Outbox()
        self.registry = Registry(RegistrySettings(), Random(0), limit_loopback=False)
        self.journal: Journal[str] = Journal(clock(), self.outbox, durable=durable)

    def lists(self, address: Address, name: str = "") -> Listed:
        """Somebody registers."""
        taken = self.registry.take(Registrant(address, name, 5, 1, 2.0, "10.9.9.9"))
        assert isinstance(taken, tuple)
        self.journal.note(taken[0])
        return taken[0]

    def stores(self) -> int:
        """How often the driver was asked to write, since the last time."""
        effects, events = self.outbox.drain()
        assert events == []
        assert effects == [Store()] * len(effects)
        return len(effects)


def kept(order: int, address: Address, name: str = "") -> Kept:
    """What is written of somebody who registered as above."""
    return Kept(order, name, address.host, address.port, 5, 1, EPOCH + 2.0, "10.9.9.9")


def test_an_answer_waits_for_the_disk() -> None:
    """It is given when the batch with its entry is written, not before."""
    office = Office()
    ana = office.lists(ANA, "ana")

    assert office.journal.wait(ana, "welcome")
    assert office.stores() == 1
    assert office.journal.take() == Batch([kept(1, ANA, "ana")], [])
    assert office.journal.settle() == ["welcome"]
    assert office.journal.settle() == []


def test_many_share_a_batch() -> None:
    """All that comes until the driver takes it is written together, in order."""
    office = Office()
    for address, name in ((ANA, "ana"), (BO, "")):
        office.journal.wait(office.lists(address, name), str(address))

    assert office.stores() == 1
    assert office.journal.take().entries == [kept(1, ANA, "ana"), kept(2, BO)]
    assert office.journal.settle() == [str(ANA), str(BO)]


def test_who_comes_while_a_batch_is_written_is_in_the_next() -> None:
    """Nobody is answered for a batch that does not hold it."""
    office = Office()
    office.journal.wait(office.lists(ANA), "ana")
    office.journal.take()
    office.stores()

    office.journal.wait(office.lists(BO), "bo")

    assert office.stores() == 1
    assert office.journal.settle() == ["ana"]
    assert office.journal.take().entries == [kept(2, BO)]
    assert office.journal.settle() == ["bo"]


def test_who_asks_again_while_it_is_written_waits_for_the_same_batch() -> None:
    """It is not on disk yet, though it is on the list."""
    office = Office()
    ana = office.lists(ANA)
    office.journal.take()

    assert office.journal.wait(ana, "again")
    assert office.journal.settle() == ["again"]


def test_who_is_on_disk_is_answered_at_once() -> None:
    """A renewal that changes nothing costs no writing."""
    office = Office()
    ana = office.lists(ANA)
    office.journal.take()
    office.journal.settle()

    assert not office.journal.wait(ana, "again")


def test_who_is_gone_is_taken_off_the_disk() -> None:
    """Whether it had been written before or not."""
    office = Office()
    ana = office.lists(ANA)
    office.registry.remove(ana)

    office.journal.forget(office.registry.went())

    assert office.stores() == 1
    assert office.journal.take() == Batch([], [1])


def test_what_can_not_be_written_goes_with_the_next_batch() -> None:
    """Who waited is not answered with a yes; nothing is forgotten, and what is newer stands."""
    office = Office()
    ana, bo = office.lists(ANA), office.lists(BO)
    office.journal.wait(ana, "ana")
    office.journal.take()
    office.registry.remove(bo)
    office.journal.forget(office.registry.went())

    assert office.journal.fail() == ["ana"]

    assert office.journal.take() == Batch([kept(1, ANA)], [2])


def test_who_asks_again_after_a_failure_is_written_anew() -> None:
    """Though nothing of its entry has changed, and nobody else comes: the disk may have room again."""
    office = Office()
    ana = office.lists(ANA)
    office.journal.take()
    office.journal.fail()
    office.stores()

    assert office.journal.wait(ana, "ana")

    assert office.stores() == 1
    assert office.journal.take() == Batch([kept(1, ANA)], [])
    assert office.journal.settle() == ["ana"]


def test_a_seed_without_a_disk_answers_at_once() -> None:
    """Nothing is kept, and nothing waits."""
    office = Office(durable=False)

    assert not office.journal.wait(office.lists(ANA), "welcome")
    office.journal.forget([1])
    assert office.stores() == 0


def test_who_is_struck_off_takes_the_place_of_its_entry() -> None:
    """One row of the same number, so that a crash in between can't leave both, or none."""
    office = Office()
    ana = office.lists(ANA, "ana")

    office.journal.note(office.registry.strike_off(ana, 3.0))

    struck = Kept(1, "ana", ANA.host, ANA.port, 5, 1, EPOCH + 3.0, struck_off=True)
    assert office.journal.take() == Batch([struck], [])


def test_what_is_read_again_is_who_was_written() -> None:
    """By the clock of the new life; what seems to lie ahead was a clock that was set back."""
    struck = Kept(2, "bo", BO.host, BO.port, 5, 1, EPOCH + 2.0, struck_off=True)

    read, stone = former([kept(1, ANA, "ana"), struck], clock(), 9.0)
    (late,) = former([kept(1, ANA, "ana")], clock(), 1.0)

    assert isinstance(read, Listed)
    assert (read.address, read.name, read.life, read.proof) == (ANA, "ana", (5, 1), 2.0)
    assert (read.source, read.order) == ("10.9.9.9", 1)
    assert stone == Tombstone("bo", BO, 5, 1, 2.0, order=2)
    assert isinstance(late, Listed)
    assert late.proof == 1.0


def test_equal_texts_are_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of a million would take half as much again; of hosts, only so many are looked for."""
    monkeypatch.setattr(journal_module, "SHARED_MAX", 1)
    hosts = [f"10.0.0.{n}" for n in (1, 2, 1, 2)]
    entries = [Kept(order, "", host, 4001, 0, 0, EPOCH, host) for order, host in enumerate(hosts)]

    one, other, same, like_it = [one.address for one in former(entries, clock(), 9.0)]

    assert one.host is same.host
    assert other.host == like_it.host
    assert other.host is not like_it.host
    assert len({id(port) for port in (one.port, same.port, other.port, like_it.port)}) == 1
