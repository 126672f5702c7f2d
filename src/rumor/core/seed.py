"""A seed: composes its machines and routes between them.

Register, Enrolment --> registry --changed--> journal --on disk--> the list, or a Lease
                          |  `--changed--> exchange --> other seeds
                          `--lapsed, or reported dead--> leases --no answer--> struck off
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import Any

import msgspec

from rumor.core.clock import WallClock
from rumor.core.effects import Answer, Ask, Close, Effect, Failure, Tell
from rumor.core.events import (
    DeathReceived,
    Event,
    LinkDown,
    LinkFailed,
    LinkReady,
    PeerRegistered,
    PeerStruckOff,
    Problem,
)
from rumor.core.frames import (
    DeathNotice,
    Enrolment,
    Entry,
    Frame,
    Goodbye,
    Hello,
    Lease,
    Outgoing,
    Parting,
    Probe,
    ProbeReply,
    RegistryPage,
    Role,
)
from rumor.core.ids import Address, Identity, Seconds, source_host
from rumor.core.members import Member, State
from rumor.core.messages import DeadNode, Incoming, Preface, Register, Reply
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import OWN_PROBE, Links
from rumor.core.seeds.exchange import ECHO, Exchange
from rumor.core.seeds.journal import Batch, Journal, Kept, former
from rumor.core.seeds.leases import Leases
from rumor.core.seeds.registry import Listed, Refusal, Registrant, Registry, Tombstone, Took
from rumor.core.settings import Settings
from rumor.core.timers import Timers, soonest

VISIT: Seconds = 5.0
"""How long a link of a peer stands that asks nothing more."""

AHEAD_MAX = 600_000
"""By so many milliseconds an epoch may lie ahead of our clock; what is beyond was made up."""

TOMBSTONE_LEASES = 2
"""A tombstone is kept for so many leases: by then nobody tells an older word any more."""

KEPT_LEASES = 10
"""On disk a proof of life is at most so many leases older than the last one: writing each would be most of the work."""


class SeedSnapshot(msgspec.Struct, frozen=True):
    """A seed as it is now."""

    peers: int


class _Registered(msgspec.Struct, frozen=True):
    """Who waits to be told that it is listed: the peer at the other end of a link, by text or by frames.

    By frames it gets so many others as `wanted`, by text the list.
    """

    link: int
    listed: Listed
    new: bool
    by_text: bool
    wanted: int


class Seed:
    """The node that new peers ask first. See `rumor.core` for how a driver uses it.

    `seeds` are the other seeds. `durable`: what is registered is answered when it is kept, see `effects.Store`.
    """

    def __init__(
        self,
        identity: Identity,
        seeds: Sequence[Address],
        settings: Settings,
        clock: WallClock,
        rng: Random,
        *,
        durable: bool = False,
    ) -> None:
        self._identity = identity
        self._settings = settings.registry
        self._clock = clock
        self._outbox = outbox = Outbox(settings.links.control_capacity)
        self._registry = Registry(settings.registry, rng, limit_loopback=settings.door.limit_loopback)
        link_settings = msgspec.structs.replace(settings.links, links_max=settings.registry.links_max)
        self._links = Links(identity, link_settings, outbox, self._registry.epoch_of, role=Role.SEED)
        self._leases = Leases(identity, clock, settings.registry, outbox)
        self._journal: Journal[_Registered] = Journal(clock, outbox, durable=durable)
        self._exchange = Exchange(seeds, identity, settings.registry, self._links, self._registry, outbox, rng)
        self._visits: Timers[int] = Timers()
        self._expiry_at: Seconds | None = None
        self._full_told = False
        self._on_event: dict[type, Callable[[Any, Seconds], None]] = {
            LinkReady: self._link_ready,
            LinkFailed: self._exchange.on_link_failed,
            LinkDown: self._link_down,
        }
        self._on_frame: dict[type, Callable[[int, Any, Seconds], None]] = {
            Probe: lambda link, probe, now: outbox.send(link, ProbeReply(probe.number)),
            ProbeReply: self._on_probe_reply,
            Enrolment: self._on_enrolment,
            DeathNotice: self._on_notice,
            RegistryPage: self._on_page,
        }

    def join(self, now: Seconds) -> None:
        """Begin. Once, before all else but `restore`."""
        self._exchange.begin(now)

    def restore(self, kept: Iterable[Kept], now: Seconds) -> int:
        """List whom a former life listed, in the order of registration; returns how many. Their leases begin anew.

        Whom it struck off is remembered.
        """
        listed = self._registry.restore(former(kept, self._clock, now))
        self._leases.grant_all(listed, now)
        self._expire(now)
        return len(listed)

    def set_seeds(self, seeds: Sequence[Address], now: Seconds) -> None:
        """These are the other seeds from now on."""
        self._exchange.set_seeds(seeds, now)

    def leave(self, now: Seconds) -> None:
        """Say goodbye on all links: we stop. Nothing else is to follow."""
        self._links.leave(now)

    # What is kept.

    def take_unstored(self) -> Batch:
        """What is to be written, as `Store` wants it; ends in `stored` or `not_stored`."""
        return self._journal.take()

    def stored(self, now: Seconds) -> None:
        """What was taken is on disk: those who wait for it are answered."""
        for registered in self._journal.settle():
            self._answer(registered)

    def not_stored(self, now: Seconds) -> None:
        """What was taken could not be written: those who wait for it are refused, and it goes with the next."""
        for registered in self._journal.fail():
            self._refuse(registered.link, "the registry can't be written", by_text=registered.by_text)

    # Texts.

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None:
        """A connection from the host `source` brought a message."""
        match message:
            case Register():
                self._on_register(link, Address(source_host(source), message.address.port), now)
            case DeadNode():
                self._on_death(message, self._registry.at(message.peer), now)
            case Preface():
                self._outbox.do(Answer(link, Preface()))
            case _:
                self._outbox.say(Problem("a message that is not for a seed", source, type(message).__name__))
                self._outbox.do(Close(link))

    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None:
        """A peer that we asked whether it lives does."""
        self._leases.on_answer(ask.to, now)

    def told(self, tell: Tell, now: Seconds) -> None:
        """A seed tells nobody."""
        raise AssertionError("a seed tells nobody")

    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None:
        """A peer that we asked whether it lives did not answer."""
        listed = self._leases.on_failure(effect.to, now)
        if listed is not None:
            self._strike_off(listed, now)

    # Links.

    def dialled(self, link: int, now: Seconds) -> None:
        """A link that we dialled is connected, and the other side's preface has come."""
        self._links.on_dialled(link, now)

    def accepted(self, link: int, source: str, now: Seconds) -> None:
        """A node on the host `source` opened a link."""
        self._links.on_accepted(link, source, now)
        self._route(now)

    def link_lost(self, link: int, failure: Failure, now: Seconds) -> None:
        """A link could not be made, or has broken."""
        self._links.on_lost(link, failure, now)
        self._route(now)

    def bad_frame(self, link: int, text: str, now: Seconds) -> None:
        """A link brought bytes that fit no frame: it is closed, and that is said."""
        self._outbox.say(Problem("bytes on a link that fit no frame", self._links.source(link), text))
        self._links.part(link, Parting.BAD_FRAME, detail=text[:255], now=now)
        self._route(now)

    def on_frame(self, link: int, frame: Frame, now: Seconds) -> None:
        """A link brought a frame. What is not for a seed is left unheard."""
        if isinstance(frame, Hello):
            self._links.on_hello(link, frame, now)
        elif isinstance(frame, Goodbye):
            self._links.on_goodbye(link, frame, now)
        elif self._links.stands(link) and (handler := self._on_frame.get(type(frame))) is not None:
            handler(link, frame, now)
        self._route(now)

    def end_turn(self, now: Seconds) -> None:
        """A seed has nothing to say at the end of a turn."""

    def pull(self, link: int, bytes_max: int, now: Seconds) -> list[Outgoing]:
        """What a link is to send next: control first, then pages. Empty: nothing, for now."""
        frames: list[Outgoing] = [*self._outbox.take(link)]
        frames += self._exchange.pull(link, bytes_max, now)
        if not frames:
            self._outbox.dry(link)
        return frames

    # Time.

    def tick(self, now: Seconds) -> None:
        """Do what is due."""
        self._links.tick(now)
        self._leases.tick(now)
        self._exchange.tick(now)
        for link in self._visits.due(now):
            self._links.part(link, Parting.DONE, now=now)
        if self._expiry_at is not None and now >= self._expiry_at:
            self._expire(now)
        self._route(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return soonest(
            self._links.next_deadline(),
            self._leases.next_deadline(),
            self._exchange.next_deadline(),
            self._visits.next_deadline(),
            self._expiry_at,
        )

    # Outputs.

    def drain(self) -> tuple[list[Effect], list[Event]]:
        """What must be done, and what happened, since the last call."""
        return self._outbox.drain()

    def snapshot(self) -> SeedSnapshot:
        """How things stand."""
        return SeedSnapshot(peers=len(self._registry))

    def members(self) -> Iterator[Member]:
        """All that are listed, as members, made one by one; who is taken off before its turn is passed over.

        `since` is when each last showed that it lives. A seed knows no tags.
        """
        for listed in [*self._registry]:
            if not listed.off:
                since = self._clock.milliseconds(listed.proof) / 1000
                yield Member(listed.key, listed.address, State.ALIVE, listed.epoch, listed.incarnation, {}, since)

    # Routing.

    def _route(self, now: Seconds) -> None:
        while (event := self._outbox.next_unrouted()) is not None:
            handler = self._on_event.get(type(event))
            if handler is not None:
                handler(event, now)

    def _link_ready(self, event: LinkReady, now: Seconds) -> None:
        if not self._exchange.on_link_ready(event, now):
            self._visits.set(event.link, now + VISIT)

    def _link_down(self, event: LinkDown, now: Seconds) -> None:
        self._visits.cancel(event.link)
        self._exchange.on_link_down(event.link)

    def _on_probe_reply(self, link: int, reply: ProbeReply, now: Seconds) -> None:
        if reply.number == OWN_PROBE:
            self._links.on_alive(link, now)

    # Who registers.

    def _on_register(self, link: int, peer: Address, now: Seconds) -> None:
        if not peer.is_ipv4:
            self._outbox.say(Problem("a classic text from an IPv6 address, which it can't carry", peer.host))
            self._outbox.do(Close(link))
        else:
            self._list(link, Registrant(peer, proof=now), by_text=True, now=now)

    def _on_enrolment(self, link: int, enrolment: Enrolment, now: Seconds) -> None:
        """A peer of ours registers: who it is, it said in its Hello."""
        info = self._links.info(link)
        assert info is not None
        if info.role is not Role.PEER:
            self._refuse(link, "only peers are listed", by_text=False)
        elif info.epoch > max(self._clock.milliseconds(now) + AHEAD_MAX, self._registry.epoch_of(info.name)):
            self._refuse(link, "an epoch that lies ahead", by_text=False)
        else:
            self._visits.set(link, now + VISIT)
            source = source_host(self._links.source(link))
            by_text = self._registry.at(Address(source, info.address.port))
            if by_text is not None and not by_text.name and by_text.address != info.address:
                self._take_off(by_text)  # itself, as it came by text before
            who = Registrant(info.address, info.name, info.epoch, enrolment.incarnation, now, source)
            self._list(link, who, by_text=False, wanted=enrolment.wanted, now=now)

    def _list(self, link: int, who: Registrant, *, by_text: bool, wanted: int = 0, now: Seconds) -> None:
        before = self._registry.find(who.name, who.address)
        proof = before.proof if before is not None else now
        taken = self._registry.take(who)
        if isinstance(taken, Refusal):
            self._outbox.say(Problem("a registration refused", who.address.host, taken.value))
            self._refuse(link, taken.value, by_text=by_text)
            return
        listed, took = taken
        if took is Took.OLD and listed.proof < now:  # another address has a later life: perhaps that is gone
            self._refuse(link, "a later life of that name is listed", by_text=by_text)
            self._leases.doubt(listed, now)
            return
        self._on_taken(listed, took, now)
        if took is Took.PROVEN and self._is_long_ago(proof, now, listed.order):
            self._journal.note(listed)
        registered = _Registered(link, listed, took in _CAME, by_text, wanted)
        if not self._journal.wait(listed, registered):
            self._answer(registered)

    def _on_taken(self, listed: Listed, took: Took, now: Seconds) -> None:
        """Somebody came, changed, or was renewed: let the others know."""
        if took in _CAME:
            self._registry.forgive(listed.key)
            self._leases.grant(listed, now)
        self._journal.forget(self._registry.went())
        if took in _CAME or took is Took.CHANGED:
            self._journal.note(listed)
            self._exchange.note(listed)
        self._leases.on_proof(listed)

    def _is_long_ago(self, proof: Seconds, now: Seconds, order: int) -> bool:
        """Whether the disk should have a later proof: at another moment for each, so that they don't come at once."""
        span = KEPT_LEASES * self._settings.lease
        return (proof + order) // span != (now + order) // span

    def _answer(self, registered: _Registered) -> None:
        """Tell a peer that it is listed, and of others."""
        link, listed = registered.link, registered.listed
        if registered.by_text:
            self._outbox.do(Answer(link, self._registry.reply_for(listed.address)))
        else:
            some = self._registry.sample(listed.key, registered.wanted)
            self._outbox.send(link, Lease(int(self._settings.lease * 1000), some))
        self._outbox.say(PeerRegistered(listed.address, registered.new))

    def _refuse(self, link: int, why: str, *, by_text: bool) -> None:
        if by_text:
            self._outbox.do(Close(link))
        else:
            self._outbox.send(link, Lease(0, (), why))

    # Who is gone.

    def _on_notice(self, link: int, notice: DeathNotice, now: Seconds) -> None:
        """A peer of ours found another dead. What it says of a former life counts nothing; nor what a seed says so."""
        info = self._links.info(link)
        assert info is not None
        if info.role is not Role.PEER:
            return
        reporter = source_host(self._links.source(link))
        listed = self._registry.find(notice.name, notice.address)
        is_former = listed is not None and listed.name == notice.name and 0 < notice.epoch < listed.epoch
        report = DeadNode(notice.address, self._clock.timestamp(now), reporter)
        self._on_death(report, None if is_former else listed, now)

    def _on_death(self, report: DeadNode, listed: Listed | None, now: Seconds) -> None:
        self._outbox.say(DeathReceived(report, listed is not None))
        if listed is not None:
            self._doubt(listed, now)

    def _doubt(self, listed: Listed, now: Seconds) -> None:
        """Somebody is said to be dead: see for ourselves, or believe it as the original does."""
        if self._settings.verify:
            self._leases.doubt(listed, now)
        else:
            self._strike_off(listed, now)

    def _strike_off(self, listed: Listed, now: Seconds) -> None:
        self._bury(self._registry.strike_off(listed, now), now)
        self._exchange.note(listed)
        self._outbox.say(PeerStruckOff(listed.address, listed.name))

    def _bury(self, stone: Tombstone, now: Seconds) -> None:
        self._journal.note(stone)
        self._journal.forget(self._registry.went())
        if self._expiry_at is None:
            self._expiry_at = now + TOMBSTONE_LEASES * self._settings.lease

    def _expire(self, now: Seconds) -> None:
        self._registry.expire(now - TOMBSTONE_LEASES * self._settings.lease)
        self._journal.forget(self._registry.went())
        self._expiry_at = now + self._settings.lease if self._registry.tombstones else None

    def _take_off(self, listed: Listed) -> None:
        """It is listed otherwise now."""
        self._registry.remove(listed)
        self._journal.forget(self._registry.went())

    # Other seeds.

    def _on_page(self, link: int, page: RegistryPage, now: Seconds) -> None:
        for entry in self._exchange.on_page(link, page, now):
            moment = now - entry.age_ms / 1000 - ECHO
            if entry.struck_off:
                self._on_told_dead(entry, moment, now)
            elif now - moment < self._settings.lease:
                self._on_told_alive(entry, moment, now)

    def _on_told_alive(self, entry: Entry, moment: Seconds, now: Seconds) -> None:
        """Another seed lists somebody, who lived at that moment."""
        stone = self._registry.tombstone(entry.name or str(entry.address))
        if stone is not None and (entry.epoch, entry.incarnation, moment) <= stone.word:
            return
        who = Registrant(entry.address, entry.name, entry.epoch, entry.incarnation, moment)
        taken = self._registry.take(who)
        if isinstance(taken, Refusal):
            if not self._full_told:
                self._full_told = True
                self._outbox.say(Problem("no room for what another seed lists", detail=taken.value))
        elif taken[1] is not Took.OLD:
            self._on_taken(*taken, now)

    def _on_told_dead(self, entry: Entry, moment: Seconds, now: Seconds) -> None:
        """Another seed struck somebody off."""
        listed = self._registry.find(entry.name, entry.address)
        if listed is None or listed.name != entry.name:
            stone = Tombstone(entry.name, entry.address, entry.epoch, entry.incarnation, moment)
            self._bury(self._registry.bury(stone), now)
        elif (entry.epoch, entry.incarnation, moment) > (*listed.life, listed.proof):
            self._doubt(listed, now)


_CAME = (Took.NEW, Took.MOVED)
