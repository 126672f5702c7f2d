"""A seed: lists who registers, by text or over a link, strikes off the dead, and refuses the rest."""

from random import Random

import msgspec
import pytest

from rumor.core.effects import Answer, Ask, Close, Failure, Hangup, Store, Tell, Wake
from rumor.core.events import DeathReceived, LinkDown, PeerRegistered, PeerStruckOff, Problem
from rumor.core.frames import (
    Contact,
    DeathNotice,
    Enrolment,
    Frame,
    Goodbye,
    Hello,
    Lease,
    NeighborRequest,
    Outgoing,
    Parting,
    Probe,
    ProbeReply,
    Role,
)
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import (
    ConnectRequest,
    DeadNode,
    Incoming,
    LivenessReply,
    LivenessRequest,
    PeerList,
    Preface,
    Register,
)
from rumor.core.seed import AHEAD_MAX, KEPT_LEASES, VISIT, Seed, SeedSnapshot
from rumor.core.seeds.journal import Batch, Kept
from rumor.core.settings import DoorSettings, RegistrySettings, Settings

from .helpers import ANA, BO, DI, EPOCH, ME, clock, hello, rumor, seed_at, timestamp


def seed_with(*peers: Address, settings: Settings | None = None) -> Seed:
    """A seed with which these peers have registered."""
    seed = seed_core(settings)
    for peer in peers:
        seed.receive(0, peer.host, Register(peer), 0.0)
    seed.drain()
    return seed


def seed_core(settings: Settings | None = None, *, number: int = 0, durable: bool = False) -> Seed:
    """A seed that lists nobody."""
    identity = Identity(seed_at(number), epoch=1000, instance=100 + number)
    return Seed(identity, (), settings or Settings(), clock(), Random(number), durable=durable)


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


TRUST = Settings(registry=RegistrySettings(verify=False))


@pytest.mark.parametrize(("peer", "listed", "left"), [(ANA, True, 0), (BO, False, 1)])
def test_a_seed_that_trusts_takes_off_who_is_reported_dead(peer: Address, listed: bool, left: int) -> None:
    """As an original does: a report has no reply, is told as it came, and strikes off."""
    seed = seed_with(ANA, settings=TRUST)
    report = DeadNode(peer, timestamp(1.0), ME.host)

    seed.receive(7, ME.host, report, 1.0)

    struck_off = [PeerStruckOff(peer, "")] if listed else []
    assert seed.drain() == ([], [DeathReceived(report, listed), *struck_off])
    assert seed.snapshot() == SeedSnapshot(peers=left)


QUESTION = Ask(ANA, LivenessRequest(timestamp(1.0), seed_at(0).host), 5.0)


def test_who_is_reported_dead_and_answers_stays() -> None:
    """One line of text from anybody strikes off nobody who lives."""
    seed = seed_with(ANA)
    report = DeadNode(ANA, timestamp(0.5), ME.host)

    seed.receive(7, ME.host, report, 1.0)

    assert seed.drain() == ([QUESTION], [DeathReceived(report, True)])
    seed.answered(QUESTION, LivenessReply(timestamp(1.0), ME.host, ANA.host), 1.1)
    assert seed.drain() == ([], [])
    assert seed.snapshot() == SeedSnapshot(peers=1)


def test_who_is_reported_dead_and_does_not_answer_is_struck_off() -> None:
    """After three tries in a row, which is said."""
    seed = seed_with(ANA)

    strike_off(seed, ANA, 1.0)

    assert seed.drain()[1] == [PeerStruckOff(ANA, "")]
    assert seed.snapshot() == SeedSnapshot(peers=0)


def strike_off(seed: Seed, peer: Address, now: Seconds) -> None:
    """Let a peer be reported dead, and not answer."""
    seed.receive(7, ME.host, DeadNode(peer, timestamp(now), ME.host), now)
    for _ in range(3):
        (ask,) = [effect for effect in seed.drain()[0] if isinstance(effect, Ask)]
        seed.failed(ask, Failure.UNREACHABLE, now)
        now += 0.5
        seed.tick(now)


def test_who_was_struck_off_can_register_again() -> None:
    """A peer that is back is new on the list."""
    seed = seed_with(ANA)
    strike_off(seed, ANA, 0.0)
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


def test_a_seed_of_nobody_has_nothing_to_do() -> None:
    """Without peers and other seeds a tick does nothing."""
    seed = seed_with()
    seed.join(0.0)

    seed.tick(1000.0)
    seed.end_turn(1000.0)

    assert seed.next_deadline() is None
    assert seed.drain() == ([], [])


def test_a_seed_tells_nobody() -> None:
    """A driver that reports on what a seed never wanted has a bug, and is told so."""
    with pytest.raises(AssertionError, match="a seed tells nobody"):
        seed_with().told(Tell(ANA, rumor(1), 1.0), 0.0)


def test_a_snapshot_stays_as_it_was() -> None:
    """What happens later is in the next snapshot, not in one that was taken before."""
    seed = seed_with(ANA)
    before = seed.snapshot()

    seed.receive(7, BO.host, Register(BO), 1.0)

    assert (before.peers, seed.snapshot().peers) == (1, 2)


# Over links.


def feed(seed: Seed, link: int, now: Seconds, *frames: Frame) -> list[Outgoing]:
    """Let a link bring frames; gives what it is to send then."""
    for frame in frames:
        seed.on_frame(link, frame, now)
    return pulled(seed, link, now)


def pulled(seed: Seed, link: int, now: Seconds) -> list[Outgoing]:
    """All that a link is to send."""
    sent: list[Outgoing] = []
    while more := seed.pull(link, 1 << 16, now):
        sent += more
    return sent


def enrol(
    seed: Seed, link: int, who: Address, now: Seconds, *, name: str = "", epoch: int = 1000, incarnation: int = 0
) -> Outgoing:
    """Let a peer of ours register over a link; gives the seed's answer."""
    seed.accepted(link, who.host, now)
    answer = feed(seed, link, now, hello(who, name=name, epoch=epoch), Enrolment(incarnation))
    assert isinstance(answer[0], Hello)
    return answer[-1]


LEASE = 180_000


def test_a_peer_of_ours_gets_a_lease_and_some_others() -> None:
    """It is listed by its name, told as new, and hears of others by name as far as they have one."""
    seed = seed_with(ANA)
    enrol(seed, 1, BO, 1.0, name="bo")

    assert enrol(seed, 3, ME, 1.0, name="me") == Lease(LEASE, (Contact(str(ANA), ANA), Contact("bo", BO)))

    assert PeerRegistered(ME, new=True) in seed.drain()[1]
    assert seed.snapshot() == SeedSnapshot(peers=3)


def test_a_seed_says_that_it_is_one() -> None:
    """Its Hello has its role, and the network of whoever it serves."""
    seed = seed_core()
    seed.accepted(1, ANA.host, 0.0)

    (answer,) = feed(seed, 1, 0.0, msgspec.structs.replace(hello(ANA), network="test"))

    assert isinstance(answer, Hello)
    assert (answer.role, answer.network) == (Role.SEED, "test")


def test_a_peer_of_ours_renews_over_another_link() -> None:
    """It is not new then."""
    seed = seed_core()
    enrol(seed, 1, ANA, 0.0)
    seed.on_frame(1, Goodbye(Parting.DONE), 0.1)
    seed.drain()

    assert enrol(seed, 3, ANA, 60.0) == Lease(LEASE)

    assert PeerRegistered(ANA, new=False) in seed.drain()[1]


def test_an_ipv6_peer_is_listed_by_frames() -> None:
    """And in no list that goes by text."""
    seed = seed_with(ANA)
    enrol(seed, 1, Address("2001:db8::5", 4001), 1.0)

    seed.receive(7, BO.host, Register(BO), 1.0)

    assert Answer(7, PeerList((ANA, BO))) in seed.drain()[0]
    assert seed.snapshot() == SeedSnapshot(peers=3)


def test_who_came_by_text_under_another_host_is_listed_once() -> None:
    """A peer that advertises another address than the one it comes from is the same peer."""
    seed = seed_with(Address("10.0.0.1", 4001))
    elsewhere = Address("10.7.7.7", 4001)
    seed.accepted(1, "10.0.0.1", 1.0)

    feed(seed, 1, 1.0, hello(elsewhere, name="ana"), Enrolment())

    assert seed.snapshot() == SeedSnapshot(peers=1)
    assert seed.restore([], 0.0) == 0


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        (RegistrySettings(capacity=1), "the list is full"),
        (RegistrySettings(per_source_max=1), "too many peers registered from one host"),
    ],
)
def test_a_peer_of_ours_is_told_why_it_is_refused(settings: RegistrySettings, refusal: str) -> None:
    """The bounds of the list hold over links too: for one host, by where a link comes from."""
    seed = seed_with(ANA, settings=Settings(registry=settings))
    there = Address(BO.host, 4005)
    seed.accepted(1, ANA.host, 0.0)

    assert feed(seed, 1, 0.0, hello(there), Enrolment())[-1] == Lease(0, (), refusal)

    assert Problem("a registration refused", BO.host, refusal) in seed.drain()[1]


def test_an_epoch_that_lies_far_ahead_is_refused() -> None:
    """Somebody made it up: with it nobody could register under that name for long."""
    seed = seed_core()
    present = int(EPOCH * 1000)

    assert enrol(seed, 1, ANA, 0.0, epoch=present + AHEAD_MAX + 1) == Lease(0, (), "an epoch that lies ahead")
    assert enrol(seed, 3, BO, 0.0, epoch=present + AHEAD_MAX) == Lease(LEASE)


def test_a_former_life_elsewhere_is_refused_while_the_later_one_answers() -> None:
    """Two lives of one name: the later one stands, if it is there."""
    seed = seed_core()
    enrol(seed, 1, ANA, 0.0, name="ana", epoch=2000)
    seed.on_frame(1, Goodbye(Parting.DONE), 0.0)
    seed.drain()

    assert enrol(seed, 3, BO, 1.0, name="ana", epoch=1000) == Lease(0, (), "a later life of that name is listed")

    assert Ask(ANA, Preface(), 5.0) in seed.drain()[0]


def test_a_life_that_seems_older_at_the_same_address_is_listed() -> None:
    """A clock was set back: it is told of the later epoch in the Hello, and is where it was."""
    seed = seed_core()
    enrol(seed, 1, ANA, 0.0, epoch=2000)
    seed.on_frame(1, Goodbye(Parting.DONE), 0.0)
    seed.accepted(3, ANA.host, 1.0)

    answer = feed(seed, 3, 1.0, hello(ANA, epoch=1000, instance=8), Enrolment())

    assert isinstance(answer[0], Hello)
    assert answer[0].known_epoch == 2000
    assert answer[1:] == [Lease(LEASE)]


def test_who_renews_is_not_told_of_its_own_epoch() -> None:
    """The seed does not know of which instance it was, so that only a later one is worth telling."""
    seed = seed_core()
    enrol(seed, 1, ANA, 0.0, epoch=2000)
    seed.on_frame(1, Goodbye(Parting.DONE), 0.0)
    seed.accepted(3, ANA.host, 1.0)

    (answer,) = feed(seed, 3, 1.0, hello(ANA, epoch=2000))

    assert isinstance(answer, Hello)
    assert answer.known_epoch == 0


def test_a_death_notice_is_told_as_a_report_by_text_would_be() -> None:
    """The log has the same line, whichever way it came; then the seed sees for itself."""
    seed = seed_core()
    enrol(seed, 1, ANA, 0.0, name="ana")
    seed.accepted(3, BO.host, 1.0)
    feed(seed, 3, 1.0, hello(BO))
    seed.drain()

    seed.on_frame(3, DeathNotice("ana", 1000, 0, ANA), 1.0)

    report = DeadNode(ANA, timestamp(1.0), BO.host)
    assert seed.drain() == ([Ask(ANA, Preface(), 5.0)], [DeathReceived(report, True)])


def test_a_notice_about_a_former_life_counts_nothing() -> None:
    """Who was restarted meanwhile is not asked for it, nor taken off by a seed that trusts."""
    seed = seed_core(TRUST)
    enrol(seed, 1, ANA, 0.0, name="ana", epoch=2000)
    seed.accepted(3, BO.host, 1.0)
    feed(seed, 3, 1.0, hello(BO))

    seed.on_frame(3, DeathNotice("ana", 1000, 0, ANA), 1.0)

    assert seed.snapshot() == SeedSnapshot(peers=1)


def test_a_link_that_asks_nothing_more_is_closed() -> None:
    """A seed holds no link for its own sake."""
    seed = seed_core()
    enrol(seed, 1, ANA, 0.0)
    assert seed.next_deadline() == VISIT
    seed.drain()

    seed.tick(VISIT)

    assert pulled(seed, 1, VISIT) == [Goodbye(Parting.DONE)]
    effects, events = seed.drain()
    assert effects == [Wake(1), Hangup(1)]
    assert events == [LinkDown(1, str(ANA), ANA, Parting.DONE, True)]


def test_a_probe_is_answered() -> None:
    """A seed is as alive as any node."""
    seed = seed_core()
    seed.accepted(1, ANA.host, 0.0)

    assert feed(seed, 1, 0.0, hello(ANA), Probe(5))[-1] == ProbeReply(5)


def test_what_is_not_for_a_seed_is_left_unheard() -> None:
    """So is everything before the Hello, and answers that nobody waits for."""
    seed = seed_core()
    seed.accepted(1, ANA.host, 0.0)

    assert feed(seed, 1, 0.0, Enrolment()) == []
    assert len(feed(seed, 1, 0.0, hello(ANA), NeighborRequest(), Lease(1), ProbeReply(3))) == 1
    assert seed.snapshot() == SeedSnapshot(peers=0)


def test_a_second_link_of_one_that_answers_is_refused() -> None:
    """As between peers: the old link is probed, and if it answers the new one goes."""
    seed = seed_core()
    seed.accepted(1, ANA.host, 0.0)
    feed(seed, 1, 0.0, hello(ANA))
    seed.accepted(3, ANA.host, 1.0)
    feed(seed, 3, 1.0, hello(ANA))
    assert pulled(seed, 1, 1.0) == [Probe(0)]

    seed.on_frame(1, ProbeReply(0), 1.1)

    assert pulled(seed, 3, 1.1)[-1] == Goodbye(Parting.CROSSED)


def test_bad_bytes_and_broken_links_harm_nothing() -> None:
    """The link is closed with a word, the list stays."""
    seed = seed_with(ANA)
    seed.accepted(1, BO.host, 0.0)
    seed.bad_frame(1, "a length of 0", 0.0)
    seed.accepted(3, BO.host, 0.0)
    feed(seed, 3, 0.0, hello(BO))

    seed.link_lost(3, Failure.CLOSED, 0.1)

    _, events = seed.drain()
    assert Problem("bytes on a link that fit no frame", BO.host, "a length of 0") in events
    assert LinkDown(3, str(BO), BO, None, False) in events
    assert seed.snapshot() == SeedSnapshot(peers=1)


def test_a_seed_that_stops_says_goodbye() -> None:
    """To all who hold a link."""
    seed = seed_core()
    seed.accepted(1, ANA.host, 0.0)
    feed(seed, 1, 0.0, hello(ANA))

    seed.leave(1.0)

    assert pulled(seed, 1, 1.0) == [Goodbye(Parting.LEAVING)]


# Leases.


def test_who_does_not_renew_is_asked_and_then_struck_off() -> None:
    """A list without leases fills up with the dead."""
    seed = seed_with(ANA)
    now = seed.next_deadline()
    assert now is not None
    assert 180.0 < now < 184.0

    seed.tick(now)
    for _ in range(3):
        (ask,) = [effect for effect in seed.drain()[0] if isinstance(effect, Ask)]
        seed.failed(ask, Failure.SILENT, now)
        now += 0.5
        seed.tick(now)

    assert seed.drain()[1] == [PeerStruckOff(ANA, "")]


def test_tombstones_are_kept_for_two_leases() -> None:
    """Then there is nothing more to do."""
    seed = seed_with(ANA, BO)
    strike_off(seed, ANA, 0.0)
    strike_off(seed, BO, 2.0)
    seed.tick(200.0)

    assert seed.next_deadline() == 361.0
    seed.tick(361.0)
    assert seed.next_deadline() == 541.0
    seed.tick(541.0)

    assert seed.next_deadline() is None


# Kept on disk.


def test_a_durable_seed_answers_when_it_is_written() -> None:
    """Both ways of registering: whoever was told that it is listed is on disk."""
    seed = seed_core(durable=True)

    seed.receive(7, ANA.host, Register(ANA), 1.0)
    assert seed.drain() == ([Store()], [])
    seed.accepted(1, BO.host, 1.0)
    assert len(feed(seed, 1, 1.0, hello(BO, name="bo"), Enrolment(2))) == 1
    batch = seed.take_unstored()
    seed.stored(1.1)

    assert batch == Batch([
        Kept(1, "", ANA.host, ANA.port, 0, 0, EPOCH + 1, ANA.host),
        Kept(2, "bo", BO.host, BO.port, 1000, 2, EPOCH + 1, BO.host),
    ], [])  # fmt: skip
    effects, events = seed.drain()
    assert Answer(7, PeerList((BO, ANA))) in effects
    assert pulled(seed, 1, 1.1) == [Lease(LEASE, (Contact(str(ANA), ANA),))]
    assert events[-2:] == [PeerRegistered(ANA, True), PeerRegistered(BO, True)]


def test_a_seed_that_can_not_write_takes_nobody() -> None:
    """No answer is better than one that is forgotten; the next batch has what this one had."""
    seed = seed_core(durable=True)
    seed.receive(7, ANA.host, Register(ANA), 1.0)
    seed.accepted(1, BO.host, 1.0)
    feed(seed, 1, 1.0, hello(BO), Enrolment())
    seed.take_unstored()
    seed.drain()

    seed.not_stored(1.1)

    assert seed.drain()[0] == [Close(7), Wake(1)]
    assert pulled(seed, 1, 1.1) == [Lease(0, (), "the registry can't be written")]
    assert [entry.order for entry in seed.take_unstored().entries] == [1, 2]


def test_a_renewal_is_written_now_and_then() -> None:
    """What is on disk of a peer that lives is not much older than its last sign of life, and costs little."""
    seed = seed_core(durable=True)
    seed.receive(7, ANA.host, Register(ANA), 0.0)
    seed.take_unstored()
    seed.stored(0.0)
    seed.drain()
    written = 0

    for now in range(60, 6 * 60 * 60, 60):
        seed.receive(7, ANA.host, Register(ANA), float(now))
        if Store() in seed.drain()[0]:
            written += 1
            seed.take_unstored()
            seed.stored(float(now))

    assert written in (11, 12)
    assert KEPT_LEASES * 180 * 12 == 6 * 60 * 60


def test_who_is_gone_is_gone_on_disk() -> None:
    """Moved, or displaced by another name at its address; the word about who is struck off is written in its place."""
    seed = seed_core(durable=True)
    enrol(seed, 1, ANA, 0.0, name="ana")
    enrol(seed, 3, BO, 0.0, name="bo")
    seed.take_unstored()
    seed.stored(0.0)
    seed.on_frame(1, Goodbye(Parting.DONE), 0.5)
    seed.on_frame(3, Goodbye(Parting.DONE), 0.5)

    enrol(seed, 5, BO, 1.0, name="ana", epoch=2000)
    batch = seed.take_unstored()
    seed.stored(1.0)
    seed.drain()

    assert [entry.order for entry in batch.entries] == [3]
    assert batch.gone == [1, 2]
    strike_off(seed, BO, 2.0)
    assert seed.take_unstored() == Batch([Kept(3, "ana", BO.host, BO.port, 2000, 0, EPOCH + 3.0, struck_off=True)], [])


def test_a_restart_lists_whom_the_former_life_listed() -> None:
    """In the same order, each with a lease that begins anew; newcomers stand behind them."""
    seed = seed_core(durable=True)
    kept = [
        Kept(3, "", ANA.host, ANA.port, 0, 0, EPOCH - 5000.0, ANA.host),
        Kept(9, "bo", BO.host, BO.port, 7, 1, EPOCH - 5.0, BO.host),
        Kept(10, "", BO.host, BO.port, 0, 0, EPOCH, BO.host),
    ]

    assert seed.restore(kept, 0.0) == 2

    seed.tick(180.0)
    assert seed.drain() == ([], [])
    seed.receive(7, ME.host, Register(ME), 180.0)
    assert [entry.order for entry in seed.take_unstored().entries] == [11]
    seed.stored(180.0)
    assert Answer(7, PeerList((ANA, BO, ME))) in seed.drain()[0]


def test_a_restart_remembers_whom_the_former_life_struck_off() -> None:
    """For two leases in all, then the disk forgets them too; who registers again is listed, and so on disk."""
    seed = seed_core(durable=True)
    stones = [
        Kept(3, "", ANA.host, ANA.port, 0, 0, EPOCH - 361.0, struck_off=True),
        Kept(4, "", BO.host, BO.port, 0, 0, EPOCH - 60.0, struck_off=True),
        Kept(5, "", DI.host, DI.port, 0, 0, EPOCH - 50.0, struck_off=True),
    ]

    assert seed.restore(stones, 0.0) == 0
    assert seed.take_unstored().gone == [3]
    seed.stored(0.0)
    seed.receive(7, DI.host, Register(DI), 1.0)
    batch = seed.take_unstored()
    seed.stored(1.0)

    assert ([entry.order for entry in batch.entries], batch.gone) == ([6], [5])
    seed.tick(361.0)
    assert seed.take_unstored().gone == [4]
