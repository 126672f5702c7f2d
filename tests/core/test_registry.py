"""Registry: a seed's list, a set in the order of registration, within bounds."""

from itertools import pairwise
from random import Random

import pytest

from rumor.core.frames import Contact
from rumor.core.ids import Address
from rumor.core.seeds.registry import HAND, Listed, Refusal, Registrant, Registry, Tombstone, Took
from rumor.core.settings import RegistrySettings

from .helpers import ANA, BO, CY, DI, SEED_NUMBERS, peer_at, peers_at


def registry_of(
    *peers: Address, settings: RegistrySettings | None = None, limit_loopback: bool = False, number: int = 0
) -> Registry:
    """A registry that lists these peers."""
    registry = Registry(settings or RegistrySettings(), Random(number), limit_loopback=limit_loopback)
    for peer in peers:
        assert add(registry, peer) is None
    return registry


def add(registry: Registry, peer: Address) -> Refusal | None:
    """Register a peer by text; why not, if it is refused."""
    taken = registry.take(Registrant(peer))
    return taken if isinstance(taken, Refusal) else None


def remove(registry: Registry, peer: Address) -> bool:
    """Take the peer at an address off; False when there is none."""
    listed = registry.at(peer)
    if listed is not None:
        registry.remove(listed)
    return listed is not None


def length(reply: tuple[Address, ...]) -> int:
    """How many bytes a reply has on the wire."""
    return len(",".join(map(str, reply)))


def test_an_empty_registry_lists_nobody() -> None:
    """A fresh registry is empty, and its reply is the asker alone."""
    registry = registry_of()

    assert len(registry) == 0
    assert ANA not in registry
    assert registry.reply_for(ANA).peers == (ANA,)


def test_a_reply_is_the_list_in_the_order_of_registration_and_the_asker_last() -> None:
    """Others stand in the order in which they came; the asker ends the list wherever it stands itself."""
    registry = registry_of(CY, ANA, DI, BO)

    assert registry.reply_for(ANA).peers == (CY, DI, BO, ANA)
    assert registry.reply_for(BO).peers == (CY, ANA, DI, BO)


def test_a_peer_that_registers_again_keeps_its_place() -> None:
    """The list is a set: a second registration changes nothing."""
    registry = registry_of(ANA, BO)

    assert add(registry, ANA) is None

    assert len(registry) == 2
    assert registry.reply_for(CY).peers == (ANA, BO, CY)


def test_a_peer_that_is_taken_off_is_gone() -> None:
    """A peer is taken off once; when it comes again it stands last."""
    registry = registry_of(ANA, BO, CY)

    assert remove(registry, ANA)
    assert not remove(registry, ANA)
    assert ANA not in registry
    assert registry.reply_for(DI).peers == (BO, CY, DI)

    add(registry, ANA)
    assert registry.reply_for(DI).peers == (BO, CY, ANA, DI)


def test_a_full_registry_refuses_newcomers_and_keeps_who_is_listed() -> None:
    """At its capacity the list refuses who is new, not who is there; a place that is freed is given again."""
    registry = registry_of(ANA, BO, settings=RegistrySettings(capacity=2))

    assert add(registry, CY) is Refusal.FULL
    assert CY not in registry
    assert add(registry, ANA) is None

    remove(registry, ANA)
    assert add(registry, CY) is None


def test_the_peers_of_one_host_are_bounded() -> None:
    """One host fills its own share of the list and no more; a place that is freed is given again."""
    here = [Address("10.0.0.1", port) for port in (1, 2, 3)]
    registry = registry_of(*here[:2], settings=RegistrySettings(per_source_max=2))

    assert add(registry, here[2]) is Refusal.SOURCE_FULL
    assert add(registry, here[1]) is None
    assert add(registry, Address("10.0.0.2", 3)) is None

    remove(registry, here[0])
    assert add(registry, here[2]) is None


@pytest.mark.parametrize(("limit_loopback", "answer"), [(False, None), (True, Refusal.SOURCE_FULL)])
def test_this_machine_is_bounded_only_if_asked_for(limit_loopback: bool, answer: Refusal | None) -> None:
    """Peers of this very machine have no bound by source unless the settings want it."""
    registry = registry_of(
        Address("127.0.0.1", 1), settings=RegistrySettings(per_source_max=1), limit_loopback=limit_loopback
    )

    assert add(registry, Address("127.0.0.1", 2)) is answer


def test_the_order_survives_many_that_leave() -> None:
    """When most have left, and the gaps are closed, who stayed stands in the old order, and can still leave."""
    peers = peers_at(*range(100))
    registry = registry_of(*peers)

    for peer in peers:
        if peer.host[-1] != "7":
            assert remove(registry, peer)

    stayed = tuple(peer for peer in peers if peer.host[-1] == "7")
    assert registry.reply_for(DI).peers == (*stayed, DI)
    assert remove(registry, stayed[0])
    assert registry.reply_for(DI).peers == (*stayed[1:], DI)


def test_a_list_that_fits_is_told_whole() -> None:
    """A reply of exactly the greatest length leaves nobody out; one byte less leaves out one or two."""
    peers = peers_at(*range(10))
    whole = (*peers[1:], peers[0])

    exact = registry_of(*peers, settings=RegistrySettings(reply_bytes_max=length(whole)))
    short = registry_of(*peers, settings=RegistrySettings(reply_bytes_max=length(whole) - 1))

    assert exact.reply_for(peers[0]).peers == whole
    assert len(short.reply_for(peers[0]).peers) in (8, 9)


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_long_list_is_told_in_part(number: int) -> None:
    """Of 2,000 peers as many are told as an original peer can read, in their order, each once, the asker last."""
    peers = peers_at(*range(2000))
    registry = registry_of(*peers, number=number)

    reply = registry.reply_for(peers[1000]).peers

    assert 10_239 - 2 * len(",255.255.255.255:65535") < length(reply) <= 10_239
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
        remove(registry, peer)

    replies = [registry.reply_for(peers[1]).peers for _ in range(20)]

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
        remove(registry, peer)

    replies = [registry.reply_for(peers[1]).peers for _ in range(5)]

    places = {peer: place for place, peer in enumerate(peers)}
    for reply in replies:
        assert 10_239 - 2 * len(",255.255.255.255:65535") < length(reply) <= 10_239
        assert not gone & set(reply)
        told = [places[peer] for peer in reply[:-1]]
        assert told == sorted(set(told) - {1})


def test_a_reply_is_filled_whatever_is_drawn() -> None:
    """Also when short addresses are drawn, of which more fit than on average."""
    short = [Address("1.1.1.1", port) for port in range(1, 10)]
    long = [Address("100.100.100.100", 10_000 + port) for port in range(10)]

    for number in range(200):
        registry = registry_of(*short, *long, settings=RegistrySettings(reply_bytes_max=75), number=number)
        assert 75 - 2 * len(",100.100.100.100:12345") < length(registry.reply_for(DI).peers) <= 75


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_some_who_ask_one_after_another_are_told_of_the_same(number: int) -> None:
    """Each reply is full and in order, and nobody is told of itself; those after them are told of others."""
    peers = peers_at(*range(100))
    registry = registry_of(*peers, settings=RegistrySettings(reply_bytes_max=300), number=number)

    replies = [registry.reply_for(asker) for asker in peers]

    for asker, reply in zip(peers, replies, strict=True):
        assert 300 - 3 * len(",255.255.255.255:65535") < length(reply.peers) <= 300
        assert reply.peers[-1] == asker
        assert asker not in reply.peers[:-1]
        places = [peers.index(peer) for peer in reply.peers[:-1]]
        assert places == sorted(places)
    hands = [{*reply.peers[:-1], asker} for asker, reply in zip(peers, replies, strict=True)]
    for place in range(1, len(peers)):
        assert (len(hands[place] ^ hands[place - 1]) <= 2) == (place % HAND != 0)


def test_whoever_is_taken_off_is_told_of_no_more() -> None:
    """Also if those who asked before were told of it."""
    peers = peers_at(*range(100))
    registry = registry_of(*peers, settings=RegistrySettings(reply_bytes_max=300))
    told = registry.reply_for(DI).peers[0]

    remove(registry, told)

    assert all(told not in registry.reply_for(DI).peers for _ in range(100))


def test_a_reply_that_nobody_else_fits_into_is_the_asker_alone() -> None:
    """However small the bound is."""
    registry = registry_of(*peers_at(1, 2, 3), settings=RegistrySettings(reply_bytes_max=20))

    reply = registry.reply_for(ANA)

    assert reply.peers == (ANA,)
    assert reply.text == str(ANA)


@pytest.mark.parametrize("start", ["1", "11"])
def test_the_text_of_a_reply_is_that_of_its_peers(start: str) -> None:
    """Whether the asker is one of those who are told, and whatever other addresses look like it."""
    hosts = [f"{start}.1.1.{n}" for n in (1, 11, 111)] + [f"{start}1.1.1.{n}" for n in (1, 11)]
    peers = [Address(host, port) for host in hosts for port in (4, 41, 411, 4111)]
    registry = registry_of(*peers, settings=RegistrySettings(reply_bytes_max=200))

    for asker in peers * 9:
        reply = registry.reply_for(asker)
        assert reply.text == ",".join(map(str, reply.peers))


def test_two_askers_are_told_different_parts() -> None:
    """A part is drawn anew, so that nobody is known to all."""
    registry = registry_of(*peers_at(*range(100)), settings=RegistrySettings(reply_bytes_max=200))

    first = registry.reply_for(peer_at(0)).peers
    others = {registry.reply_for(peer_at(0)).peers for _ in range(2 * HAND)}

    assert others != {first}


def hands(registry: Registry, count: int) -> list[tuple[Address, ...]]:
    """Of so many replies that were drawn one after another, the others."""
    return [registry.reply_for(DI).peers[:-1] for _ in range(count * HAND)][::HAND]


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_every_peer_is_told_as_often_as_another(number: int) -> None:
    """Over 400 hands, each of 40 peers is in about as many: age and place on the list do not count."""
    peers = [Address("10.0.0.1", 1001 + place) for place in range(40)]
    registry = registry_of(*peers, number=number, settings=RegistrySettings(reply_bytes_max=160))
    told = dict.fromkeys(peers, 0)

    for reply in hands(registry, 400):
        for peer in reply:
            told[peer] += 1

    expected = sum(told.values()) / len(peers)
    assert all(0.6 * expected < count < 1.4 * expected for count in told.values())


# Peers of ours: by name.


def take(registry: Registry, who: Registrant) -> Took | Refusal:
    """Register somebody; what became of it."""
    taken = registry.take(who)
    return taken if isinstance(taken, Refusal) else taken[1]


def named(name: str, address: Address, *, epoch: int = 1, incarnation: int = 0, proof: float = 0.0) -> Registrant:
    """A peer of ours that registers."""
    return Registrant(address, name, epoch, incarnation, proof)


def listed(registry: Registry) -> list[tuple[str, Address, int, int]]:
    """All that are listed."""
    return [(one.name, one.address, one.epoch, one.incarnation) for one in registry]


def test_a_name_that_comes_to_a_new_address_moves() -> None:
    """The name is the identity, the address where it is now: one entry, the old one displaced."""
    registry = registry_of()
    assert take(registry, named("ana", ANA)) is Took.NEW

    assert take(registry, named("ana", BO, epoch=2)) is Took.MOVED

    assert listed(registry) == [("ana", BO, 2, 0)]
    assert registry.went() == [1]
    assert registry.went() == []


def test_a_name_displaces_whoever_was_at_its_new_address() -> None:
    """At one address there is one process: who comes there takes the place of who was."""
    registry = registry_of()
    take(registry, named("ana", ANA))
    take(registry, named("bo", BO))

    assert take(registry, named("ana", BO, epoch=2)) is Took.MOVED

    assert listed(registry) == [("ana", BO, 2, 0)]
    assert registry.find("bo", CY) is None


@pytest.mark.parametrize(
    ("again", "took"),
    [
        (named("ana", ANA, epoch=5, proof=9.0), Took.PROVEN),
        (named("ana", ANA, epoch=6, proof=9.0), Took.CHANGED),
        (named("ana", ANA, epoch=5, incarnation=1, proof=9.0), Took.CHANGED),
        (named("ana", ANA, epoch=4, proof=9.0), Took.PROVEN),
        (named("ana", ANA, epoch=5, proof=0.5), Took.OLD),
        (named("ana", BO, epoch=4, proof=9.0), Took.OLD),
        (named("ana", BO, epoch=5, proof=0.5), Took.OLD),
        (named("ana", BO, epoch=5, proof=9.0), Took.MOVED),
        (named("bo", ANA, epoch=1, proof=9.0), Took.CHANGED),
        (named("bo", ANA, epoch=1, proof=0.5), Took.OLD),
        (Registrant(ANA, proof=9.0), Took.PROVEN),
        (Registrant(ANA, proof=0.5), Took.OLD),
    ],
)
def test_the_later_life_counts_and_then_the_later_proof(again: Registrant, took: Took) -> None:
    """Of two words about one name or address the greater life counts, and of one life the later proof."""
    registry = registry_of()
    take(registry, named("ana", ANA, epoch=5, proof=1.0))

    assert take(registry, again) is took

    (one,) = registry
    assert one.proof == (1.0 if took is Took.OLD else 9.0)
    assert one.name == ("bo" if took is Took.CHANGED and again.name == "bo" else "ana")
    assert registry.epoch_of(one.name) == max(again.epoch, 5 if one.name == "ana" else 0)
    assert registry.epoch_of("nobody") == 0


def test_who_came_by_text_gets_a_name_later() -> None:
    """A peer of ours that registered by text first is the same entry, in its place."""
    registry = registry_of(ANA, BO)

    assert take(registry, named("ana", ANA, proof=1.0)) is Took.CHANGED

    assert listed(registry) == [("ana", ANA, 1, 0), ("", BO, 0, 0)]
    assert registry.find("ana", CY) is registry.at(ANA)


def test_a_text_list_has_no_ipv6() -> None:
    """A peer that is listed by frames under an IPv6 address is in samples, and in no list that goes by text."""
    registry = registry_of(ANA)
    there = Address("2001:db8::5", 4001)
    take(registry, named("cy", there))

    assert there in registry
    assert len(registry) == 2
    assert registry.reply_for(BO).peers == (ANA, BO)
    assert registry.sample("bo", 64) == (Contact(str(ANA), ANA), Contact("cy", there))

    remove(registry, there)
    assert registry.sample("bo", 64) == (Contact(str(ANA), ANA),)


def test_a_sample_leaves_the_asker_out() -> None:
    """Nobody is told of itself."""
    registry = registry_of()
    take(registry, named("ana", ANA))
    take(registry, named("bo", BO))

    assert registry.sample("ana", 64) == (Contact("bo", BO),)


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_sample_is_bounded_and_fair(number: int) -> None:
    """Of many as many as set are told, each of both kinds of address about as often as another."""
    registry = registry_of(settings=RegistrySettings(sample=10), number=number)
    addresses = [peer_at(place) if place % 2 else Address(f"2001:db8::{place + 1:x}", 4001) for place in range(40)]
    for place, address in enumerate(addresses):
        take(registry, named(f"peer {place}", address))
    told = dict.fromkeys((f"peer {place}" for place in range(40)), 0)

    for _ in range(400):
        sample = registry.sample("somebody else", 64)
        assert len(set(sample)) == len(sample) == 10
        for contact in sample:
            told[contact.name] += 1

    assert all(60 < count < 140 for count in told.values())


def test_no_more_are_told_than_are_wanted() -> None:
    """Who renews its lease wants a few, or none."""
    registry = registry_of(ANA, BO, CY)

    assert len(registry.sample("di", 2)) == 2
    assert registry.sample("di", 0) == ()


def test_who_moves_counts_to_the_host_that_it_comes_from() -> None:
    """A name can't be moved to a host that has its share already; within its own host it can."""
    registry = registry_of(settings=RegistrySettings(per_source_max=1))
    assert take(registry, Registrant(ANA, "ana", 1, 0, 0.0, "10.0.0.1")) is Took.NEW
    assert take(registry, Registrant(BO, "bo", 1, 0, 0.0, "10.0.0.2")) is Took.NEW

    assert take(registry, Registrant(CY, "ana", 2, 0, 1.0, "10.0.0.2")) is Refusal.SOURCE_FULL
    assert take(registry, Registrant(CY, "ana", 2, 0, 1.0, "10.0.0.1")) is Took.MOVED
    assert [address for _, address, _, _ in listed(registry)] == [BO, CY]


# Former lives, and the dead.


def kept(address: Address, order: int, name: str = "") -> Listed:
    """Somebody as it was kept."""
    return Listed(address, name, 1, 0, 0.0, address.host, order)


def test_what_was_kept_is_listed_again_in_its_order() -> None:
    """A restart lists whom the former life listed, each name and address once; newcomers stand behind them."""
    registry = registry_of()
    ana, bo, there = kept(ANA, 7, "ana"), kept(BO, 9), kept(Address("2001:db8::5", 1), 12, "there")

    assert registry.restore([ana, bo, kept(BO, 10), there, kept(CY, 13, "ana")]) == [ana, bo, there]
    add(registry, CY)

    assert [one.order for one in registry] == [7, 9, 14, 12]
    assert registry.reply_for(DI).peers == (ANA, BO, CY, DI)
    assert len(registry.sample("di", 64)) == 4


def test_what_was_kept_and_has_no_room_is_left_out() -> None:
    """A smaller capacity than that of the former life holds from the start; loopback has no bound of its own."""
    registry = registry_of(ANA, settings=RegistrySettings(capacity=4, per_source_max=1))
    here = [kept(Address("127.0.0.1", port), port) for port in (1, 2)]

    bo = kept(BO, 10)

    assert registry.restore([kept(Address(ANA.host, 5), 9), *here, bo, kept(CY, 11)]) == [*here, bo]


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_what_was_kept_is_told_as_if_it_had_just_come(number: int) -> None:
    """Over many hands each is told about as often as another, though they were listed in a row."""
    peers = [Address("10.0.0.1", 1001 + place) for place in range(40)]
    registry = registry_of(settings=RegistrySettings(reply_bytes_max=160), number=number)
    registry.restore([kept(peer, place) for place, peer in enumerate(peers, 1)])
    told = dict.fromkeys(peers, 0)

    replies = hands(registry, 400)

    for reply in replies:
        for peer in reply:
            told[peer] += 1
    expected = sum(told.values()) / len(peers)
    assert all(0.6 * expected < count < 1.4 * expected for count in told.values())
    in_a_row = sum(later.port == earlier.port + 1 for reply in replies for earlier, later in pairwise(reply))
    assert in_a_row < 0.5 * sum(len(reply) - 1 for reply in replies)


def test_who_is_struck_off_leaves_a_tombstone() -> None:
    """It is off the list, and remembered with its life and the moment, until it is forgiven."""
    registry = registry_of()
    take(registry, named("ana", ANA, epoch=3))

    stone = registry.strike_off(only(registry), 5.0)

    assert len(registry) == 0
    assert stone == Tombstone("ana", ANA, 3, 0, 5.0, order=1)
    assert registry.tombstones == (stone,)
    assert registry.tombstone("ana") == stone
    registry.forgive("ana")
    registry.forgive("ana")
    assert not registry.tombstones
    assert registry.went() == [1]


def only(registry: Registry) -> Listed:
    """The one that is listed."""
    (one,) = registry
    return one


def test_of_two_tombstones_the_later_word_is_kept() -> None:
    """A later life's tombstone is not replaced by a former one's, whichever came first; the other one is gone."""
    later, former = Tombstone("ana", ANA, 3, 0, 5.0), Tombstone("ana", ANA, 2, 0, 9.0)

    for stones in ((later, former), (former, later)):
        registry = registry_of(BO)
        for stone in stones:
            kept_stone = registry.bury(stone)
        assert registry.tombstones == (kept_stone,)
        assert kept_stone.word == later.word
        assert [kept_stone.order, *registry.went()] == ([2, 3] if stones[0] is later else [3, 2])


def test_tombstones_are_bounded_and_end() -> None:
    """The oldest goes when there are too many, and all go after their time."""
    registry = registry_of(settings=RegistrySettings(capacity=2))
    for at, address in enumerate((ANA, BO, CY)):
        registry.bury(Tombstone("", address, 0, 0, float(at)))

    assert [stone.address for stone in registry.tombstones] == [BO, CY]
    registry.expire(2.0)
    assert [stone.address for stone in registry.tombstones] == [CY]
    assert registry.went() == [1, 2]


def test_the_struck_off_of_a_former_life_are_remembered() -> None:
    """Among those who were listed, in order; whoever comes stands behind all of them."""
    registry = registry_of()
    stone = Tombstone("bo", BO, 3, 0, 5.0, order=8)

    assert [one.order for one in registry.restore([kept(ANA, 7), stone])] == [7]

    assert registry.tombstones == (stone,)
    add(registry, CY)
    assert [one.order for one in registry] == [7, 9]


def test_the_deck_is_walked_in_pieces() -> None:
    """Two halves are the whole, however much was taken off before, and nothing is in an empty one."""
    registry = registry_of(*peers_at(*range(10)))
    remove(registry, peer_at(3))
    deck, other = registry.decks

    half = len(deck) // 2
    walked = [*deck.walk(0, half), *deck.walk(half, len(deck) - half)]

    assert sorted(one.address for one in walked) == sorted(peers_at(0, 1, 2, 4, 5, 6, 7, 8, 9))
    assert list(other.walk(0, 5)) == []


def test_a_deck_gives_all_when_more_are_wanted() -> None:
    """Who asks for more than there are gets each once."""
    registry = registry_of(*peers_at(*range(5)))

    assert sorted(one.address for one in registry.decks[0].some(9)) == list(peers_at(*range(5)))
