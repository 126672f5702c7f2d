"""Exchange: seeds tell each other their registries, and believe each other no more than they must."""

from random import Random

import msgspec
import pytest

from rumor.core.effects import Ask, Dial, Effect, Failure, Hangup, Wake
from rumor.core.events import DeathReceived, Event, PeerStruckOff, Problem
from rumor.core.frames import (
    Contact,
    DeathNotice,
    Enrolment,
    Entry,
    Frame,
    Goodbye,
    Lease,
    Outgoing,
    Parting,
    RawRecord,
    RegistryPage,
    Role,
)
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import PeerList, Preface, Register
from rumor.core.seed import Seed
from rumor.core.seeds import exchange
from rumor.core.seeds.exchange import ECHO, ORIGINAL_RECHECK, PAGE, STALL
from rumor.core.settings import RegistrySettings, Settings

from .helpers import ANA, BO, CY, ME, clock, hello, peer_at, seed_at

A, B = seed_at(0), seed_at(1)
SETTINGS = Settings(registry=RegistrySettings(exchange_interval=10.0, lease=180.0))


def seed_with(number: int, *seeds: Address, settings: Settings = SETTINGS, instance: int = 0, name: str = "") -> Seed:
    """A seed that knows these others."""
    identity = Identity(seed_at(number), epoch=1000, instance=instance or 100 + number, name=name or None)
    seed = Seed(identity, seeds, settings, clock(), Random(number))
    seed.join(0.0)
    return seed


class Two:
    """Two seeds that know each other, and the wire between them."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.a = seed_with(0, B, settings=settings)
        self.b = seed_with(1, A, settings=settings)
        self.events: dict[Address, list[Event]] = {A: [], B: []}
        self.asked: dict[Address, list[Ask]] = {A: [], B: []}
        self.pages = 0

    def exchange(self, now: Seconds) -> None:
        """Let the first seed dial the second one, if its time has come, and carry all that follows."""
        self.a.tick(now)
        for effect in self.drained(A, self.a):
            if isinstance(effect, Dial):
                self.carry(effect.link, now)

    def carry(self, link: int, now: Seconds) -> None:
        """Both directions of a link, until nothing is left."""
        self.b.accepted(1, A.host, now)
        self.a.dialled(link, now)
        moved = True
        while moved:
            moved = move(self.a, link, self.b, 1, now) | move(self.b, 1, self.a, link, now)
            self.drained(A, self.a)
            self.drained(B, self.b)

    def drained(self, address: Address, seed: Seed) -> list[Effect]:
        """What one wants done; what it says and asks is noted."""
        effects, events = seed.drain()
        self.events[address] += events
        self.asked[address] += [effect for effect in effects if isinstance(effect, Ask)]
        return effects


def move(source: Seed, out: int, target: Seed, into: int, now: Seconds) -> bool:
    """Carry what one has to say; whether it was anything."""
    frames = source.pull(out, 1 << 16, now)
    for frame in frames:
        assert not isinstance(frame, RawRecord)
        target.on_frame(into, frame, now)
    return bool(frames)


def register(seed: Seed, peer: Address, now: Seconds) -> None:
    """Let a peer register by text."""
    seed.receive(7, peer.host, Register(peer), now)
    seed.drain()


def enrol(seed: Seed, peer: Address, now: Seconds, *, name: str, epoch: int = 1000) -> None:
    """Let a peer of ours register over a link."""
    seed.accepted(99, peer.host, now)
    for frame in (hello(peer, name=name, epoch=epoch), Enrolment(), Goodbye(Parting.DONE)):
        seed.on_frame(99, frame, now)
    seed.drain()


def listed(seed: Seed, now: Seconds) -> tuple[Address, ...]:
    """Whom a seed lists, as it would tell us by text."""
    seed.receive(9, CY.host, Register(Address(CY.host, 9)), now)
    for effect in seed.drain()[0]:
        if isinstance(getattr(effect, "message", None), PeerList):
            return effect.message.peers[:-1]  # type: ignore[union-attr] # just looked at
    raise AssertionError("no list")


def test_two_seeds_end_with_both_lists() -> None:
    """One exchange carries both ways: who registers with one seed is found by those who ask the other."""
    two = Two()
    register(two.a, ANA, 0.0)
    enrol(two.b, BO, 0.0, name="bo")

    two.exchange(1.0)

    assert listed(two.a, 1.0) == (ANA, BO)
    assert listed(two.b, 1.0) == (BO, ANA)


def test_exchanges_go_on() -> None:
    """Again and again, one about every interval; what came meanwhile is told with it."""
    two = Two()
    two.exchange(1.0)
    register(two.a, ANA, 2.0)

    assert dialled(two.a, 8.9) == []
    two.exchange(13.0)

    assert listed(two.b, 13.0) == (ANA,)


def test_a_long_list_is_told_in_pages_as_the_link_takes_them() -> None:
    """Nothing piles up: pages are made when they are pulled, a few at a time."""
    two = Two(Settings(registry=RegistrySettings(per_source_max=10_000)))
    count = 5 * PAGE + 7
    for number in range(count):
        register(two.a, peer_at(number), 0.0)
    two.a.tick(1.0)
    (link,) = [effect.link for effect in two.a.drain()[0] if isinstance(effect, Dial)]
    two.b.accepted(1, A.host, 1.0)
    two.a.dialled(link, 1.0)
    move(two.a, link, two.b, 1, 1.0)
    move(two.b, 1, two.a, link, 1.0)

    first = two.a.pull(link, 1, 1.0)
    assert [type(frame) for frame in first] == [RegistryPage]
    rest: list[Outgoing] = []
    while frames := two.a.pull(link, 1 << 15, 1.0):
        assert len(frames) <= 3
        rest += frames

    pages = [frame for frame in (*first, *rest) if isinstance(frame, RegistryPage)]
    assert [page.last for page in pages] == [False] * 5 + [True]
    assert len({entry.address for page in pages for entry in page.entries}) == count


def test_after_the_first_time_news_and_a_share_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not everything again: a share in turn, so that all come by within half a lease."""
    monkeypatch.setattr(exchange, "SHARE_MIN", 1)
    two = Two(Settings(registry=RegistrySettings(lease=120.0)))
    for number in range(8):
        register(two.a, peer_at(number), 0.0)
    two.exchange(1.0)
    now, told = 1.0, []
    for _ in range(3):
        now += 4.0
        register(two.a, peer_at(20 + int(now)), now)
        told.append(told_by(two, now))

    assert all(peer_at(20 + place) in addresses for place, addresses in zip((5, 9, 13), told, strict=True))
    assert max(map(len, told)) <= 4


def told_by(two: Two, now: Seconds) -> set[Address]:
    """Whom the first seed tells of in an exchange that its partner begins."""
    two.a.accepted(51, B.host, now)
    two.a.on_frame(51, seed_hello(1, instance=101), now)
    two.a.on_frame(51, RegistryPage((), True, True), now)
    frames = two.a.pull(51, 1 << 20, now)
    two.a.on_frame(51, Goodbye(Parting.DONE), now)
    two.a.drain()
    return {entry.address for frame in frames if isinstance(frame, RegistryPage) for entry in frame.entries}


def seed_hello(number: int, *, instance: int = 7, name: str = "", address: Address | None = None) -> Frame:
    """What a seed says first."""
    where = address or seed_at(number)
    return msgspec.structs.replace(hello(where, name=name, instance=instance), role=Role.SEED)


def test_a_seed_that_was_restarted_is_told_all() -> None:
    """It is another process, which may know nothing."""
    two = Two()
    for number in range(5):
        register(two.a, peer_at(number), 0.0)
    two.exchange(1.0)
    two.b = seed_with(1, A, instance=999)

    two.exchange(13.0)

    assert len(listed(two.b, 13.0)) == 5


def test_too_much_news_is_told_as_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for another seed is bounded."""
    monkeypatch.setattr(exchange, "NEWS_MAX", 3)
    two = Two()
    two.exchange(1.0)
    for number in range(10):
        register(two.a, peer_at(number), 2.0)

    two.exchange(13.0)

    assert len(listed(two.b, 13.0)) == 10


def test_an_exchange_that_breaks_is_made_good() -> None:
    """If not all was told, all is told the next time."""
    two = Two()
    register(two.a, ANA, 0.0)
    two.a.tick(1.0)
    (link,) = [effect.link for effect in two.a.drain()[0] if isinstance(effect, Dial)]
    two.a.dialled(link, 1.0)
    two.a.on_frame(link, seed_hello(1, instance=101), 1.0)
    two.a.link_lost(link, Failure.CLOSED, 1.0)
    two.a.drain()

    two.exchange(13.0)

    assert listed(two.b, 13.0) == (ANA,)


def test_an_exchange_that_stands_still_is_ended() -> None:
    """A seed that takes a link and says nothing does not keep others waiting."""
    two = Two()
    two.a.tick(1.0)
    (link,) = [effect.link for effect in two.a.drain()[0] if isinstance(effect, Dial)]
    two.a.dialled(link, 1.0)
    two.a.on_frame(link, seed_hello(1), 1.0)
    two.a.pull(link, 1 << 16, 1.0)
    two.a.drain()

    two.a.tick(1.0 + STALL)

    assert Goodbye(Parting.SILENT) in two.a.pull(link, 1 << 16, 11.0)
    assert Hangup(link) in two.a.drain()[0]


# What is believed.


def page(seed: Seed, now: Seconds, *entries: Entry) -> list[Effect]:
    """Let another seed of the configuration tell of these; gives what is wanted then."""
    seed.accepted(71, B.host, now)
    seed.on_frame(71, seed_hello(1), now)
    seed.on_frame(71, RegistryPage(entries, False, True), now)
    seed.on_frame(71, Goodbye(Parting.DONE), now)
    return [effect for effect in seed.drain()[0] if isinstance(effect, Ask)]


def entry(peer: Address, age: Seconds, *, name: str = "", epoch: int = 0, struck_off: bool = False) -> Entry:
    """What another seed says of a peer."""
    return Entry(name, peer, epoch, 0, int(age * 1000), struck_off)


def test_a_later_life_at_another_address_is_believed() -> None:
    """Where a name lives now, the seed knows that it registered with."""
    a = seed_with(0, B)
    enrol(a, ANA, 0.0, name="ana", epoch=1000)

    page(a, 1.0, entry(BO, 0.0, name="ana", epoch=2000))

    assert listed(a, 1.0) == (BO,)


def test_a_proof_of_life_at_another_seed_keeps_a_lease_up() -> None:
    """A peer registers with some of the seeds; the others need not ask it."""
    a = seed_with(0, B)
    enrol(a, ANA, 0.0, name="ana", epoch=1000)

    page(a, 170.0, entry(ANA, 1.0, name="ana", epoch=1000))
    a.tick(185.0)

    assert not any(isinstance(effect, Ask) for effect in a.drain()[0])


def test_what_is_told_twice_does_not_grow_younger() -> None:
    """A word that goes round among seeds counts older each time, not newer."""
    two = Two(Settings(registry=RegistrySettings(lease=1000.0)))
    register(two.a, ANA, 0.0)
    for turn in range(1, 18):
        two.exchange(13.0 * turn)

    for number, seed in enumerate((two.a, two.b)):
        (told,) = pages_of(seed, 1 - number, 13.0 * 17)
        assert told.age_ms >= 13_000 * 17


def pages_of(seed: Seed, other: int, now: Seconds) -> list[Entry]:
    """All that a seed tells one that is new."""
    seed.accepted(73, seed_at(other).host, now)
    seed.on_frame(73, seed_hello(other, instance=4711), now)
    seed.on_frame(73, RegistryPage((), True, True), now)
    frames = seed.pull(73, 1 << 20, now)
    return [entry for frame in frames if isinstance(frame, RegistryPage) for entry in frame.entries]


def test_who_another_seed_struck_off_is_asked_first() -> None:
    """Another seed may be cut off from a peer that answers us."""
    a = seed_with(0, B)
    enrol(a, ANA, 0.0, name="ana", epoch=1000)

    asks = page(a, 50.0, entry(ANA, 5.0, name="ana", epoch=1000, struck_off=True))

    assert asks == [Ask(ANA, Preface(), 5.0)]
    assert listed(a, 50.0) == (ANA,)


def test_a_seed_that_trusts_believes_other_seeds_too() -> None:
    """As set for reports."""
    a = seed_with(0, B, settings=Settings(registry=RegistrySettings(verify=False)))
    enrol(a, ANA, 0.0, name="ana", epoch=1000)

    page(a, 50.0, entry(ANA, 5.0, name="ana", epoch=1000, struck_off=True))

    assert listed(a, 50.0) == ()


def test_who_was_struck_off_before_it_was_heard_last_is_not_asked() -> None:
    """The later word counts, and of a later life any word."""
    a = seed_with(0, B)
    enrol(a, ANA, 40.0, name="ana", epoch=1000)

    assert page(a, 50.0, entry(ANA, 20.0, name="ana", epoch=1000, struck_off=True)) == []
    assert page(a, 50.0, entry(ANA, 0.0, name="ana", epoch=999, struck_off=True)) == []


def test_an_older_word_does_not_bring_back_the_dead() -> None:
    """A tombstone stands against what was heard before it, and not against what came after."""
    a = seed_with(0, B)
    page(a, 50.0, entry(ANA, 5.0, name="ana", epoch=1000, struck_off=True))

    page(a, 60.0, entry(ANA, 30.0, name="ana", epoch=1000))
    assert listed(a, 60.0) == ()
    page(a, 61.0, entry(ANA, 2.0, name="ana", epoch=1000))
    assert listed(a, 61.0) == (ANA,)


def test_a_word_older_than_a_lease_lists_nobody() -> None:
    """Whoever is listed was alive not long ago."""
    a = seed_with(0, B)

    page(a, 300.0, entry(ANA, 180.0 - ECHO), entry(BO, 170.0))

    assert listed(a, 300.0) == (BO,)


def test_who_shows_no_sign_of_life_is_not_told_of() -> None:
    """While a seed asks a peer whose lease is over, others need not hear of it."""
    two = Two()
    register(two.a, ANA, 0.0)
    register(two.a, BO, 100.0)

    assert [told.address for told in pages_of(two.a, 1, 181.0)] == [BO]


def test_an_old_word_of_who_is_listed_changes_nothing() -> None:
    """It is no news."""
    a = seed_with(0, B)
    register(a, ANA, 50.0)

    page(a, 60.0, entry(ANA, 30.0))

    assert listed(a, 60.0) == (ANA,)


def test_what_has_no_room_is_left_out_and_said_once() -> None:
    """The bounds of a list hold for what other seeds tell."""
    a = seed_with(0, B, settings=Settings(registry=RegistrySettings(capacity=1)))
    register(a, ANA, 0.0)
    a.accepted(71, B.host, 1.0)
    a.on_frame(71, seed_hello(1), 1.0)

    a.on_frame(71, RegistryPage((entry(BO, 0.0), entry(CY, 0.0)), False, True), 1.0)

    problems = [event for event in a.drain()[1] if isinstance(event, Problem)]
    assert problems == [Problem("no room for what another seed lists", detail="the list is full")]


def test_the_struck_off_are_told() -> None:
    """So that nobody is brought back by a seed that was away; the other sees for itself."""
    two = Two()
    two.exchange(1.0)
    register(two.a, ANA, 2.0)
    two.exchange(13.0)
    two.a.tick(190.0)
    for now in (190.0, 190.5, 191.0):
        two.a.tick(now)
        two.a.failed(Ask(ANA, Preface(), 5.0), Failure.UNREACHABLE, now)
    effects, events = two.a.drain()
    assert PeerStruckOff(ANA, "") in events
    for effect in effects:
        if isinstance(effect, Dial):
            two.a.link_lost(effect.link, Failure.UNREACHABLE, 191.0)

    (told,) = pages_of(two.a, 1, 192.0)

    assert (told.address, told.struck_off) == (ANA, True)


def test_news_of_who_is_gone_otherwise_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that another took the place of has no word of its own any more."""
    monkeypatch.setattr(exchange, "SHARE_MIN", 1)
    two = Two()
    two.exchange(1.0)
    enrol(two.a, ANA, 2.0, name="ana")
    enrol(two.a, BO, 2.0, name="bo")
    enrol(two.a, BO, 3.0, name="ana", epoch=2000)

    two.exchange(13.0)

    assert listed(two.b, 13.0) == (BO,)


# Who is another seed.


def test_a_seed_that_is_none_of_ours_is_parted_with() -> None:
    """Its word is not heard."""
    a = seed_with(0, B)
    a.accepted(71, CY.host, 1.0)

    a.on_frame(71, seed_hello(5), 1.0)
    a.on_frame(71, RegistryPage((entry(BO, 0.0),), True, True), 1.0)

    assert Goodbye(Parting.NOT_A_PEER) in a.pull(71, 1 << 16, 1.0)
    assert Problem("a seed that is none of ours", str(seed_at(5))) in a.drain()[1]
    assert listed(a, 1.0) == ()


def test_a_peer_that_tells_pages_is_not_heard() -> None:
    """Whatever it says of others."""
    a = seed_with(0, B)
    a.accepted(71, ME.host, 1.0)
    a.on_frame(71, hello(ME), 1.0)

    a.on_frame(71, RegistryPage((entry(BO, 0.0),), True, True), 1.0)

    assert listed(a, 1.0) == ()


def test_another_seed_is_not_listed_as_a_peer() -> None:
    """It is told so when it asks."""
    a = seed_with(0, B)
    a.accepted(71, B.host, 1.0)
    a.on_frame(71, seed_hello(1), 1.0)

    a.on_frame(71, Enrolment(), 1.0)

    assert Lease(0, (), "only peers are listed") in a.pull(71, 1 << 16, 1.0)


def test_another_seed_says_nothing_that_peers_say() -> None:
    """Neither registers it on a link that we dialled, nor are its reports of deaths heard: it has pages for them."""
    a = seed_with(0, B)
    register(a, ANA, 0.0)
    (link,) = dialled(a, 1.0)
    a.dialled(link, 1.0)
    a.on_frame(link, seed_hello(1), 1.0)

    a.on_frame(link, Enrolment(), 1.0)
    a.on_frame(link, DeathNotice("", 0, 0, ANA), 1.0)

    assert Lease(0, (), "only peers are listed") in a.pull(link, 1 << 16, 1.0)
    effects, events = a.drain()
    assert not any(isinstance(effect, Ask) for effect in effects)
    assert not any(isinstance(event, DeathReceived) for event in events)


def dialled(seed: Seed, now: Seconds) -> list[int]:
    """Let time pass; which links are dialled then."""
    seed.tick(now)
    return [effect.link for effect in seed.drain()[0] if isinstance(effect, Dial)]


def test_a_seed_known_by_a_host_name_is_recognized_by_its_own() -> None:
    """Reached at the configured address, it has said who it is; by that it is known when it dials us."""
    a = seed_with(0, Address("seed-b.example", 3401))
    (link,) = dialled(a, 1.0)
    a.dialled(link, 1.0)
    a.on_frame(link, seed_hello(1), 1.0)
    a.on_frame(link, Goodbye(Parting.DONE), 1.0)

    page(a, 2.0, entry(ANA, 0.0))

    assert listed(a, 2.0) == (ANA,)


def test_a_peer_where_another_seed_should_be_is_said_once() -> None:
    """Somebody configured it wrongly."""
    a = seed_with(0, B)
    problems = []
    for now in (1.0, 20.0):
        (link,) = dialled(a, now)
        a.dialled(link, now)
        a.on_frame(link, hello(B), now)
        problems += [event for event in a.drain()[1] if isinstance(event, Problem)]

    assert problems == [Problem("no seed is where another seed should be", str(B))]


def test_a_seed_that_can_not_be_reached_is_said_once_until_it_is_back() -> None:
    """And tried again each time."""
    a = seed_with(0, B)
    told = []
    for now in (1.0, 20.0):
        (link,) = dialled(a, now)
        a.link_lost(link, Failure.UNREACHABLE, now)
        told += [event for event in a.drain()[1] if isinstance(event, Problem)]
    (link,) = dialled(a, 40.0)
    a.dialled(link, 40.0)
    a.on_frame(link, seed_hello(1), 40.0)
    a.on_frame(link, Goodbye(Parting.LEAVING), 40.0)
    (link,) = dialled(a, 60.0)
    a.link_lost(link, Failure.UNREACHABLE, 60.0)
    told += [event for event in a.drain()[1] if isinstance(event, Problem)]

    assert told == [Problem("another seed can't be reached", str(B), "no connection")] * 2


def test_an_original_seed_among_ours_is_left_alone_for_long() -> None:
    """It closes on the preface, and has nothing to tell."""
    a = seed_with(0, B)
    (link,) = dialled(a, 1.0)
    a.link_lost(link, Failure.CLOSED, 1.0)

    assert next(now for now in range(13, 640, 13) if dialled(a, float(now))) >= 1.0 + ORIGINAL_RECHECK


def test_a_seed_that_finds_itself_in_its_list_leaves_itself_out() -> None:
    """One list of seeds may be given to all of them."""
    a = seed_with(0, A)
    (link,) = dialled(a, 1.0)
    a.dialled(link, 1.0)

    a.on_frame(link, seed_hello(0, instance=100), 1.0)

    assert not any(isinstance(event, Problem) for event in a.drain()[1])
    a.tick(5.0)
    assert a.next_deadline() is None


@pytest.mark.parametrize(("own", "other"), [(0, 1), (1, 0)])
def test_two_that_dial_each_other_at_once_have_one_exchange(own: int, other: int) -> None:
    """The other link is given up without a word of trouble, whichever of the two it is."""
    seed = seed_with(own, seed_at(other))
    (link,) = dialled(seed, 1.0)
    seed.accepted(71, seed_at(other).host, 1.0)
    seed.on_frame(71, seed_hello(other), 1.0)
    seed.dialled(link, 1.0)
    seed.on_frame(link, seed_hello(other), 1.0)

    effects, events = seed.drain()
    assert sum(isinstance(effect, Hangup) for effect in effects) == 1
    assert not any(isinstance(event, Problem) for event in events)


def test_a_partner_of_a_running_exchange_is_not_dialled() -> None:
    """One exchange at a time with one seed."""
    a = seed_with(0, B)
    a.accepted(71, B.host, 1.0)
    a.on_frame(71, seed_hello(1), 1.0)

    assert dialled(a, 2.0) == []


def test_other_seeds_can_be_named_while_a_seed_runs() -> None:
    """From then on; without any there is nothing to do."""
    a = seed_with(0)
    assert a.next_deadline() is None

    a.set_seeds((B,), 5.0)
    assert a.next_deadline() is not None
    assert len(dialled(a, 20.0)) == 1

    a.set_seeds((), 21.0)
    a.tick(40.0)
    assert not any(isinstance(effect, Dial) for effect in a.drain()[0])


def test_a_page_wakes_the_link_that_it_is_to_go_by() -> None:
    """The answer to another seed's last page begins at once."""
    a = seed_with(0, B)
    a.accepted(71, B.host, 1.0)
    a.on_frame(71, seed_hello(1), 1.0)
    while a.pull(71, 1 << 16, 1.0):
        pass
    a.drain()

    a.on_frame(71, RegistryPage((), True, True), 1.0)

    assert Wake(71) in a.drain()[0]
    assert a.pull(71, 1 << 16, 1.0) == [RegistryPage((), False, True)]


def test_contacts_of_a_lease_come_from_all_seeds() -> None:
    """Who registers with one seed is told of those that registered with another."""
    two = Two()
    enrol(two.b, BO, 0.0, name="bo")
    two.exchange(1.0)
    two.a.accepted(51, ANA.host, 2.0)
    two.a.on_frame(51, hello(ANA, name="ana"), 2.0)
    two.a.on_frame(51, Enrolment(), 2.0)

    assert two.a.pull(51, 1 << 16, 2.0)[-1] == Lease(180_000, (Contact("bo", BO),))
