"""Whom a seed lists, as members."""

from rumor.core.ids import Address
from rumor.core.members import Member, State
from rumor.core.messages import DeadNode, Register

from .helpers import ANA, BO, clock, timestamp
from .test_seed import TRUST, seed_with


def test_who_is_listed_is_a_member() -> None:
    """Alive since its last sign of life, in the order of registration; by text without a life of its own."""
    seed = seed_with(ANA, BO)
    since = clock().milliseconds(0.0) / 1000

    assert list(seed.members()) == [
        Member(str(ANA), ANA, State.ALIVE, 0, 0, {}, since),
        Member(str(BO), BO, State.ALIVE, 0, 0, {}, since),
    ]


def test_who_is_taken_off_meanwhile_is_passed_over() -> None:
    """A long list is told in pieces; who comes while it is told is left out, too."""
    seed = seed_with(ANA, BO, settings=TRUST)
    told = seed.members()
    assert next(told).address == ANA

    seed.receive(1, BO.host, DeadNode(BO, timestamp(0.0), ANA.host), 0.0)
    seed.receive(2, ANA.host, Register(Address(ANA.host, 9)), 0.0)

    assert list(told) == []
