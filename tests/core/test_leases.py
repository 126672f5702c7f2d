"""Leases: who shows no sign of life is asked, and who does not answer three times is struck off."""

from random import Random

import pytest

from rumor.core.effects import Ask
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import LivenessRequest, Preface
from rumor.core.outbox import Outbox
from rumor.core.seeds.leases import NOWHERE, Leases
from rumor.core.seeds.registry import Listed, Registrant, Registry
from rumor.core.settings import RegistrySettings

from .helpers import ANA, BO, CY, clock, seed_at, timestamp

SETTINGS = RegistrySettings(lease=64.0, ask_timeout=5.0, ask_again=0.5)
OWN = seed_at(0)


class Office:
    """The leases of one seed, and its list."""

    def __init__(self, settings: RegistrySettings = SETTINGS, own: Address = OWN) -> None:
        self.outbox = Outbox()
        self.registry = Registry(settings, Random(0), limit_loopback=False)
        self.leases = Leases(Identity(own), clock(), settings, self.outbox)

    def lists(self, address: Address, name: str = "", now: Seconds = 0.0) -> Listed:
        """Somebody registers."""
        taken = self.registry.take(Registrant(address, name, proof=now))
        assert isinstance(taken, tuple)
        self.leases.grant(taken[0], now)
        return taken[0]

    def asked(self) -> list[Address]:
        """Who is asked now."""
        effects, _ = self.outbox.drain()
        return [effect.to for effect in effects if isinstance(effect, Ask)]

    def tick(self, now: Seconds) -> list[Address]:
        """Let time pass; who is asked then."""
        self.leases.tick(now)
        return self.asked()


def due(office: Office) -> Seconds:
    """When something is to be done."""
    deadline = office.leases.next_deadline()
    assert deadline is not None
    return deadline


def test_without_leases_nothing_is_due() -> None:
    """An empty list needs no looking after."""
    assert Office().leases.next_deadline() is None


def test_leases_that_begin_together_end_together() -> None:
    """As after a restart; of nobody there is nothing to do."""
    office = Office()
    many = [office.lists(address) for address in (ANA, BO)]
    office.leases = Leases(Identity(OWN), clock(), SETTINGS, office.outbox)

    office.leases.grant_all([], 0.0)
    assert office.leases.next_deadline() is None
    office.leases.grant_all(many, 100.0)

    assert office.tick(164.0) == []
    assert office.tick(165.0) == [ANA, BO]


def test_who_came_by_text_is_asked_by_text_when_its_lease_is_over() -> None:
    """By the liveness request that original peers ask each other, and not before."""
    office = Office()
    office.lists(ANA)

    assert 64.0 < due(office) <= 65.0
    assert office.tick(64.0) == []
    office.leases.tick(due(office))

    request = LivenessRequest(timestamp(65.0), OWN.host)
    assert office.outbox.drain() == ([Ask(ANA, request, 5.0)], [])
    assert office.leases.next_deadline() is None


def test_one_of_ours_is_asked_by_the_preface() -> None:
    """Which it answers, whatever its address is made of."""
    office = Office()
    office.lists(Address("2001:db8::5", 4001), "ana")

    office.leases.tick(65.0)

    assert office.outbox.drain() == ([Ask(Address("2001:db8::5", 4001), Preface(), 5.0)], [])


def test_a_seed_without_ipv4_writes_a_host_that_texts_can_carry() -> None:
    """The peer gives it back and does nothing else with it."""
    office = Office(own=Address("2001:db8::1", 3400))
    office.lists(ANA)

    office.leases.tick(65.0)

    assert office.outbox.drain()[0] == [Ask(ANA, LivenessRequest(timestamp(65.0), NOWHERE), 5.0)]


def test_who_registers_in_time_is_not_asked() -> None:
    """A renewal moves the end of the lease."""
    office = Office()
    office.lists(ANA).proof = 50.0

    assert office.tick(65.0) == []
    assert 114.0 < due(office) <= 116.0
    assert office.tick(116.0) == [ANA]


def test_who_answers_has_another_lease() -> None:
    """An answer is a proof of life like any other."""
    office = Office()
    ana = office.lists(ANA)
    office.tick(65.0)

    assert office.leases.on_answer(ANA, 66.0) is ana

    assert ana.proof == 66.0
    assert len(office.leases) == 0
    assert 130.0 < due(office) <= 132.0


def test_who_does_not_answer_three_times_is_to_be_struck_off() -> None:
    """Not before, and with a little time between the tries."""
    office = Office()
    ana = office.lists(ANA)
    office.tick(65.0)

    assert office.leases.on_failure(ANA, 70.0) is None
    assert due(office) == 70.5
    assert office.tick(70.5) == [ANA]
    assert office.leases.on_failure(ANA, 75.5) is None
    assert office.tick(76.0) == [ANA]
    assert office.leases.on_failure(ANA, 81.0) is ana

    assert len(office.leases) == 0
    assert office.leases.next_deadline() is None


def test_an_answer_makes_earlier_silence_forgotten() -> None:
    """Three times in a row means in a row."""
    office = Office()
    ana = office.lists(ANA)
    for _ in range(2):
        office.leases.doubt(ana, 1.0)
        office.leases.on_failure(ANA, 1.0)
        office.tick(1.5)
        office.leases.on_failure(ANA, 1.5)
        office.tick(2.0)
        office.leases.on_answer(ANA, 2.0)

    assert len(office.leases) == 0


def test_who_is_reported_dead_is_asked_at_once() -> None:
    """A report is a reason to ask, once for many reports; the lease goes on beside it."""
    office = Office()
    ana = office.lists(ANA)

    office.leases.doubt(ana, 1.0)
    office.leases.doubt(ana, 1.0)

    assert office.asked() == [ANA]
    office.leases.on_answer(ANA, 1.1)
    assert office.tick(65.0) == []
    assert due(office) <= 66.1


def test_a_lease_that_ends_while_its_peer_is_asked_begins_anew_with_the_answer() -> None:
    """However the questions meet, exactly one lease goes on."""
    office = Office()
    ana = office.lists(ANA)
    office.leases.doubt(ana, 64.5)
    office.tick(65.0)

    office.leases.on_answer(ANA, 65.1)

    assert office.tick(129.0) == []
    assert office.tick(130.2) == [ANA]


def test_who_registers_while_it_is_doubted_is_not_struck_off() -> None:
    """Its own word, later than the doubt, is worth an answer; what was asked comes to nothing."""
    office = Office()
    ana = office.lists(ANA)
    office.leases.doubt(ana, 1.0)
    office.asked()

    ana.proof = 2.0
    office.leases.on_proof(ana)

    assert len(office.leases) == 0
    assert office.leases.on_failure(ANA, 6.0) is None
    assert office.leases.on_answer(ANA, 6.0) is None


def test_an_older_proof_than_the_doubt_counts_nothing() -> None:
    """Another seed may have heard of it a little before it died."""
    office = Office()
    ana = office.lists(ANA)
    office.leases.doubt(ana, 10.0)

    ana.proof = 9.0
    office.leases.on_proof(ana)

    assert len(office.leases) == 1


def test_a_proof_of_somebody_who_is_not_doubted_is_no_news() -> None:
    """Most renewals are like that."""
    office = Office()
    ana = office.lists(ANA)

    office.leases.on_proof(ana)

    assert len(office.leases) == 0


def test_who_is_doubted_again_while_the_last_answer_is_on_its_way_is_asked_once() -> None:
    """One question to one address at a time; its answer counts for the later doubt."""
    office = Office()
    ana = office.lists(ANA)
    office.leases.doubt(ana, 1.0)
    ana.proof = 1.5
    office.leases.on_proof(ana)

    office.leases.doubt(ana, 2.0)

    assert office.asked() == [ANA]
    office.leases.on_failure(ANA, 3.0)
    assert office.tick(3.5) == [ANA]


@pytest.mark.parametrize("moment", ["shelved", "due", "asked", "later"])
def test_who_was_taken_off_meanwhile_is_left_alone(moment: str) -> None:
    """Whatever was under way about an entry ends with it."""
    office = Office(RegistrySettings(lease=64.0, asks_max=1))
    bo = office.lists(BO)
    ana = office.lists(ANA)
    if moment in ("due", "asked", "later"):
        office.leases.doubt(bo if moment == "due" else ana, 1.0)
        office.leases.doubt(ana, 1.0)
    if moment == "later":
        office.leases.on_failure(ANA, 2.0)
    office.asked()

    office.registry.remove(ana)
    if moment == "asked":
        assert office.leases.on_failure(ANA, 2.0) is None
    if moment == "due":
        office.leases.on_answer(BO, 2.0)
    office.registry.remove(bo)

    assert office.tick(200.0) == []
    assert len(office.leases) == 0
    assert office.leases.next_deadline() is None


def test_who_came_to_the_address_of_one_who_is_doubted_is_not_struck_off_for_it() -> None:
    """The doubt belongs to the entry, not to its address."""
    office = Office()
    ana = office.lists(ANA, "ana")
    office.leases.doubt(ana, 1.0)
    office.leases.on_failure(ANA, 1.0)
    office.asked()
    office.registry.remove(ana)
    bo = office.lists(ANA, "bo", 2.0)

    office.leases.on_proof(bo)
    office.leases.doubt(bo, 3.0)

    assert office.asked() == [ANA]
    assert office.leases.on_failure(ANA, 3.5) is None


def test_no_more_are_asked_at_once_than_set() -> None:
    """The others wait for their turn, and it comes with each answer or failure."""
    office = Office(RegistrySettings(lease=64.0, asks_max=2))
    for address in (ANA, BO, CY):
        office.lists(address)

    assert office.tick(65.0) == [ANA, BO]
    office.leases.on_failure(ANA, 66.0)
    assert office.asked() == [CY]
    office.leases.on_answer(BO, 66.1)
    office.leases.on_answer(CY, 66.2)
    assert office.tick(66.5) == [ANA]


def test_who_registers_between_two_questions_is_not_asked_again() -> None:
    """The next question would ask what is known."""
    office = Office()
    ana = office.lists(ANA)
    office.leases.doubt(ana, 1.0)
    office.leases.on_failure(ANA, 1.0)
    office.asked()

    ana.proof = 1.2
    office.leases.on_proof(ana)

    assert office.tick(1.5) == []
