"""Registry: a seed's list, a set in the order of registration, within bounds."""

from random import Random

import pytest

from rumor.core.ids import Address
from rumor.core.registry import Refusal, Registry
from rumor.core.settings import RegistrySettings

from .helpers import ANA, BO, CY, DI, SEED_NUMBERS, peer_at, peers_at


def registry_of(
    *peers: Address, settings: RegistrySettings | None = None, limit_loopback: bool = False, number: int = 0
) -> Registry:
    """A registry that lists these peers."""
    registry = Registry(settings or RegistrySettings(), Random(number), limit_loopback=limit_loopback)
    for peer in peers:
        assert registry.add(peer) is None
    return registry


def length(reply: tuple[Address, ...]) -> int:
    """How many bytes a reply has on the wire."""
    return len(",".join(map(str, reply)))


def test_an_empty_registry_lists_nobody() -> None:
    """A fresh registry is empty, and its reply is the asker alone."""
    registry = registry_of()

    assert len(registry) == 0
    assert ANA not in registry
    assert registry.reply_for(ANA) == (ANA,)


def test_a_reply_is_the_list_in_the_order_of_registration_and_the_asker_last() -> None:
    """Others stand in the order in which they came; the asker ends the list wherever it stands itself."""
    registry = registry_of(CY, ANA, DI, BO)

    assert registry.reply_for(ANA) == (CY, DI, BO, ANA)
    assert registry.reply_for(BO) == (CY, ANA, DI, BO)


def test_a_peer_that_registers_again_keeps_its_place() -> None:
    """The list is a set: a second registration changes nothing."""
    registry = registry_of(ANA, BO)

    assert registry.add(ANA) is None

    assert len(registry) == 2
    assert registry.reply_for(CY) == (ANA, BO, CY)


def test_a_peer_that_is_taken_off_is_gone() -> None:
    """A peer is taken off once; when it comes again it stands last."""
    registry = registry_of(ANA, BO, CY)

    assert registry.remove(ANA)
    assert not registry.remove(ANA)
    assert ANA not in registry
    assert registry.reply_for(DI) == (BO, CY, DI)

    registry.add(ANA)
    assert registry.reply_for(DI) == (BO, CY, ANA, DI)


def test_a_full_registry_refuses_newcomers_and_keeps_who_is_listed() -> None:
    """At its capacity the list refuses who is new, not who is there; a place that is freed is given again."""
    registry = registry_of(ANA, BO, settings=RegistrySettings(capacity=2))

    assert registry.add(CY) is Refusal.FULL
    assert CY not in registry
    assert registry.add(ANA) is None

    registry.remove(ANA)
    assert registry.add(CY) is None


def test_the_peers_of_one_host_are_bounded() -> None:
    """One host fills its own share of the list and no more; a place that is freed is given again."""
    here = [Address("10.0.0.1", port) for port in (1, 2, 3)]
    registry = registry_of(*here[:2], settings=RegistrySettings(per_source_max=2))

    assert registry.add(here[2]) is Refusal.SOURCE_FULL
    assert registry.add(here[1]) is None
    assert registry.add(Address("10.0.0.2", 3)) is None

    registry.remove(here[0])
    assert registry.add(here[2]) is None


@pytest.mark.parametrize(("limit_loopback", "answer"), [(False, None), (True, Refusal.SOURCE_FULL)])
def test_this_machine_is_bounded_only_if_asked_for(limit_loopback: bool, answer: Refusal | None) -> None:
    """Peers of this very machine have no bound by source unless the settings want it."""
    registry = registry_of(
        Address("127.0.0.1", 1), settings=RegistrySettings(per_source_max=1), limit_loopback=limit_loopback
    )

    assert registry.add(Address("127.0.0.1", 2)) is answer


def test_the_order_survives_many_that_leave() -> None:
    """When most have left, and the gaps are closed, who stayed stands in the old order, and can still leave."""
    peers = peers_at(*range(100))
    registry = registry_of(*peers)

    for peer in peers:
        if peer.host[-1] != "7":
            assert registry.remove(peer)

    stayed = tuple(peer for peer in peers if peer.host[-1] == "7")
    assert registry.reply_for(DI) == (*stayed, DI)
    assert registry.remove(stayed[0])
    assert registry.reply_for(DI) == (*stayed[1:], DI)


def test_a_list_that_fits_is_told_whole() -> None:
    """A reply of exactly the greatest length leaves nobody out; one byte less leaves out one."""
    peers = peers_at(*range(10))
    whole = (*peers[1:], peers[0])

    exact = registry_of(*peers, settings=RegistrySettings(reply_bytes_max=length(whole)))
    short = registry_of(*peers, settings=RegistrySettings(reply_bytes_max=length(whole) - 1))

    assert exact.reply_for(peers[0]) == whole
    assert len(short.reply_for(peers[0])) == 9


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_long_list_is_told_in_part(number: int) -> None:
    """Of 2,000 peers as many are told as an original peer can read, in their order, each once, the asker last."""
    peers = peers_at(*range(2000))
    registry = registry_of(*peers, number=number)

    reply = registry.reply_for(peers[1000])

    assert 10_239 - len(",255.255.255.255:65535") < length(reply) <= 10_239
    assert reply[-1] == peers[1000]
    assert peers[1000] not in reply[:-1]
    positions = [peers.index(peer) for peer in reply[:-1]]
    assert positions == sorted(set(positions))


def test_a_long_list_with_gaps_is_told_in_part() -> None:
    """Peers that were taken off are in no reply, though gaps remain where they stood; the order is kept."""
    peers = peers_at(*range(1200))
    registry = registry_of(*peers, settings=RegistrySettings(reply_bytes_max=200))
    gone = set(peers[::3])
    for peer in gone:
        registry.remove(peer)

    replies = [registry.reply_for(peers[1]) for _ in range(20)]

    assert all(len(reply) > 9 for reply in replies)
    assert not gone & {peer for reply in replies for peer in reply}
    for reply in replies:
        places = [peers.index(peer) for peer in reply[:-1]]
        assert places == sorted(places)


def test_a_very_long_list_is_told_in_part() -> None:
    """A list of thousands, a quarter of them gone again, keeps all that is promised of a long one."""
    peers = peers_at(*range(5_000))
    registry = registry_of(*peers, settings=RegistrySettings(per_source_max=len(peers)))
    gone = set(peers[::4])
    for peer in gone:
        registry.remove(peer)

    replies = [registry.reply_for(peers[1]) for _ in range(5)]

    places = {peer: place for place, peer in enumerate(peers)}
    for reply in replies:
        assert 10_239 - len(",255.255.255.255:65535") < length(reply) <= 10_239
        assert not gone & set(reply)
        told = [places[peer] for peer in reply[:-1]]
        assert told == sorted(set(told) - {1})


def test_two_askers_are_told_different_parts() -> None:
    """A part is drawn anew for each reply, so that nobody is known to all."""
    registry = registry_of(*peers_at(*range(100)), settings=RegistrySettings(reply_bytes_max=200))

    assert registry.reply_for(peer_at(0)) != registry.reply_for(peer_at(0))


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_every_peer_is_told_as_often_as_another(number: int) -> None:
    """Over 400 replies, each of 40 peers is in about as many: age and place on the list do not count."""
    peers = [Address("10.0.0.1", 1001 + place) for place in range(40)]
    registry = registry_of(*peers, number=number, settings=RegistrySettings(reply_bytes_max=160))
    told = dict.fromkeys(peers, 0)

    for _ in range(400):
        for peer in registry.reply_for(DI)[:-1]:
            told[peer] += 1

    expected = sum(told.values()) / len(peers)
    assert all(0.6 * expected < count < 1.4 * expected for count in told.values())
