"""A seed: lists who registers, strikes off the dead, and refuses the rest."""

from random import Random

import pytest

from rumor.core.effects import Answer, Ask, Close, Failure, Tell
from rumor.core.events import DeathReceived, PeerRegistered, Problem
from rumor.core.ids import Address
from rumor.core.messages import (
    ConnectRequest,
    DeadNode,
    Incoming,
    LivenessRequest,
    PeerList,
    Preface,
    Register,
)
from rumor.core.seed import Seed, SeedSnapshot
from rumor.core.settings import DoorSettings, RegistrySettings, Settings

from .helpers import ANA, BO, ME, rumor, timestamp


def seed_with(*peers: Address, settings: Settings | None = None) -> Seed:
    """A seed with which these peers have registered."""
    seed = Seed(settings or Settings(), Random(0))
    for peer in peers:
        seed.receive(0, peer.host, Register(peer), 0.0)
    seed.drain()
    return seed


def test_who_registers_is_listed_and_told_the_list() -> None:
    """A registration is answered with the list, the asker last, and told as new."""
    seed = seed_with(ANA)

    seed.receive(7, BO.host, Register(BO), 1.0)

    assert seed.drain() == ([Answer(7, PeerList((ANA, BO)))], [PeerRegistered(BO, new=True)])
    assert seed.snapshot() == SeedSnapshot(peers=2)


def test_who_registers_again_is_listed_once() -> None:
    """A second registration is answered as the first, and is not new."""
    seed = seed_with(ANA, BO)

    seed.receive(7, ANA.host, Register(ANA), 1.0)

    assert seed.drain() == ([Answer(7, PeerList((BO, ANA)))], [PeerRegistered(ANA, new=False)])
    assert seed.snapshot() == SeedSnapshot(peers=2)


@pytest.mark.parametrize(
    ("source", "host"), [("10.0.0.9", "10.0.0.9"), ("::ffff:10.0.0.9", "10.0.0.9"), ("::1", "127.0.0.1")]
)
def test_the_host_is_the_connections_and_the_port_the_texts(source: str, host: str) -> None:
    """An original peer always says 127.0.0.1: who it is, is where it comes from."""
    seed = seed_with()

    seed.receive(7, source, Register(Address("127.0.0.1", 4040)), 1.0)

    listed = Address(host, 4040)
    assert seed.drain() == ([Answer(7, PeerList((listed,)))], [PeerRegistered(listed, new=True)])


def test_who_comes_by_ipv6_cannot_be_listed() -> None:
    """A list is text that carries IPv4 alone, so another registration is refused, with a word."""
    seed = seed_with()

    seed.receive(7, "2001:db8::5", Register(ANA), 1.0)

    problem = Problem("a classic text from an IPv6 address, which it can't carry", "2001:db8::5")
    assert seed.drain() == ([Close(7)], [problem])
    assert seed.snapshot() == SeedSnapshot(peers=0)


def test_who_finds_the_list_full_is_refused() -> None:
    """Above the bounds a registration is closed, and people hear why."""
    seed = seed_with(ANA, settings=Settings(registry=RegistrySettings(capacity=1)))

    seed.receive(7, BO.host, Register(BO), 1.0)

    assert seed.drain() == ([Close(7)], [Problem("a registration refused", BO.host, "the list is full")])


def test_the_bound_for_one_host_holds_for_this_machine_if_the_door_says_so() -> None:
    """The door's word on loopback holds for the list too."""
    settings = Settings(registry=RegistrySettings(per_source_max=1), door=DoorSettings(limit_loopback=True))
    seed = seed_with(Address("127.0.0.1", 1), settings=settings)

    seed.receive(7, "127.0.0.1", Register(Address("127.0.0.1", 2)), 1.0)

    problem = Problem("a registration refused", "127.0.0.1", "too many peers registered from one host")
    assert seed.drain() == ([Close(7)], [problem])


@pytest.mark.parametrize(("peer", "listed", "left"), [(ANA, True, 0), (BO, False, 1)])
def test_who_is_reported_dead_is_taken_off(peer: Address, listed: bool, left: int) -> None:
    """A report takes the dead peer off the list, has no reply, and is told whether it was listed."""
    seed = seed_with(ANA)
    report = DeadNode(peer, timestamp(1.0), ME.host)

    seed.receive(7, ME.host, report, 1.0)

    assert seed.drain() == ([], [DeathReceived(report, listed)])
    assert seed.snapshot() == SeedSnapshot(peers=left)


def test_who_was_reported_dead_can_register_again() -> None:
    """A peer that is back is new on the list."""
    seed = seed_with(ANA)
    seed.receive(6, ME.host, DeadNode(ANA, timestamp(1.0), ME.host), 1.0)
    seed.drain()

    seed.receive(7, ANA.host, Register(ANA), 2.0)

    assert seed.drain() == ([Answer(7, PeerList((ANA,)))], [PeerRegistered(ANA, new=True)])


def test_the_preface_is_answered_with_the_same() -> None:
    """A seed of ours shows itself as one, and lists nobody for it."""
    seed = seed_with()

    seed.receive(7, ME.host, Preface(), 1.0)

    assert seed.drain() == ([Answer(7, Preface())], [])
    assert seed.snapshot() == SeedSnapshot(peers=0)


@pytest.mark.parametrize("message", [rumor(1), LivenessRequest("1.0", ME.host), ConnectRequest(ME)])
def test_what_is_meant_for_a_peer_is_refused(message: Incoming) -> None:
    """A message that is not for a seed changes nothing: the connection is closed, and people hear of it."""
    seed = seed_with()

    seed.receive(7, ME.host, message, 1.0)

    problem = Problem("a message that is not for a seed", ME.host, type(message).__name__)
    assert seed.drain() == ([Close(7)], [problem])
    assert seed.snapshot() == SeedSnapshot(peers=0)


def test_nothing_is_ever_due_at_a_seed() -> None:
    """A seed waits for others, and a tick does nothing."""
    seed = seed_with(ANA)

    seed.tick(1000.0)

    assert seed.next_deadline() is None
    assert seed.drain() == ([], [])


def test_a_seed_asks_and_tells_nobody() -> None:
    """A driver that reports on what a seed never wanted has a bug, and is told so."""
    seed = seed_with()
    ask, tell = Ask(ANA, Preface(), 1.0), Tell(ANA, rumor(1), 1.0)

    with pytest.raises(AssertionError, match="a seed asks nobody"):
        seed.answered(ask, Preface(), 0.0)
    with pytest.raises(AssertionError, match="a seed tells nobody"):
        seed.told(tell, 0.0)
    with pytest.raises(AssertionError, match="a seed asks and tells nobody"):
        seed.failed(ask, Failure.SILENT, 0.0)


def test_a_snapshot_stays_as_it_was() -> None:
    """What happens later is in the next snapshot, not in one that was taken before."""
    seed = seed_with(ANA)
    before = seed.snapshot()

    seed.receive(7, BO.host, Register(BO), 1.0)

    assert (before.peers, seed.snapshot().peers) == (1, 2)
