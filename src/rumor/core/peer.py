"""A peer: composes its machines and routes between them. The only file that knows them all."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from random import Random
from typing import Any

from rumor.core.antientropy import AntiEntropy
from rumor.core.broadcast import Broadcast
from rumor.core.classic.texts import Texts
from rumor.core.clock import WallClock
from rumor.core.codec import Codec
from rumor.core.effects import Ask, Effect, Failure, Tell
from rumor.core.events import (
    Alone,
    DeathReported,
    Event,
    LinkDown,
    LinkFailed,
    LinkReady,
    NeighborDied,
    NeighborDown,
    NeighborUp,
    OriginWanted,
    Problem,
    RunDelivered,
)
from rumor.core.frames import (
    Acknowledgement,
    Buckets,
    Contact,
    Digest,
    ForwardJoin,
    Frame,
    Gone,
    Goodbye,
    Graft,
    Heads,
    Hello,
    Lane,
    NeighborAccepted,
    NeighborRequest,
    Outgoing,
    Parting,
    Probe,
    ProbeReply,
    Prune,
    RunRecord,
    Shuffle,
    ShuffleReply,
    StreamId,
    Summary,
    Want,
)
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.links import OWN_PROBE, Links
from rumor.core.messages import Incoming, Reply
from rumor.core.outbox import Outbox
from rumor.core.overlay import Overlay
from rumor.core.probes import Probes
from rumor.core.publishing import check_payload
from rumor.core.registration import Registration
from rumor.core.settings import Settings
from rumor.core.snapshot import Neighbor, PeerSnapshot, Receipt, Retained
from rumor.core.timers import soonest
from rumor.core.visits import Visits


class Peer:
    """The node that hears and tells rumors. See `rumor.core` for how a driver uses it."""

    def __init__(
        self,
        identity: Identity,
        seeds: Sequence[Address],
        settings: Settings,
        clock: WallClock,
        rng: Random,
        codec: Codec,
        *,
        join: Sequence[Address] = (),
        contacts: Sequence[Contact] = (),
    ) -> None:
        outbox = Outbox(settings.links.control_capacity)
        self._identity = identity
        self._settings = settings
        self._join = tuple(join)
        self._slept_after = (settings.liveness.strikes_max - 1) * settings.liveness.interval
        self._clock = clock
        self._outbox = outbox
        self._links = Links(identity, settings.links, outbox, self._known_epoch)
        self._overlay = Overlay(identity, self._links, settings.overlay, outbox, rng)
        self._probes = Probes(self._links, settings.liveness, settings.probes, outbox, rng)
        self._broadcast = Broadcast(identity, settings, clock, outbox, codec.seal, self._probes.rtt)
        self._antientropy = AntiEntropy(
            settings.antientropy, self._broadcast.streams, outbox, rng, self._broadcast.origin.head_for_newcomer
        )
        registration = Registration(seeds, identity, settings.registration, outbox, rng)
        self._texts = Texts(
            identity,
            registration,
            settings,
            clock,
            outbox,
            rng,
            self._links,
            self._overlay,
            self._broadcast,
            codec,
        )
        self._overlay.remember(contacts)
        self._alone_since: Seconds = 0.0
        self._visits = Visits(identity, self._links, self._broadcast, self._address_of)
        self._others_due: Seconds | None = None
        self._others_moved = True
        self._on_frame = self._frame_handlers()
        self._on_event = self._event_handlers()

    # Inputs: each ends with `_route`, so that every machine knows what it must before anything is drained.

    def join(self, now: Seconds) -> None:
        """Begin: register with seeds, find neighbors. Once, before all else."""
        if not self._identity.epoch:
            self._identity.epoch = self._clock.milliseconds(now)
        self._alone_since = now
        self._broadcast.begin(now)
        self._broadcast.alone()
        self._texts.overlay.join(now)
        self._texts.registration.join(now)
        self._overlay.join(now)
        self._overlay.learn(self._join, now)
        self._route(now)

    def publish(self, payload: bytes, topic: str, now: Seconds) -> int:
        """Say something; returns its number. Kept for the first neighbor while there is none.

        Raises UsageError for a payload above the limit, an unfit topic, or when another process lives under our name;
        nothing is said then. Does not look at the window (`has_room`). It leaves at `end_turn` at the latest.
        """
        if len(payload) > self._settings.broadcast.payload_bytes_max:
            check_payload(payload, self._settings.broadcast)
        return self._broadcast.publish(payload, topic, now)

    def publish_many(self, payloads: Sequence[bytes], topic: str, now: Seconds) -> tuple[int, int]:
        """Say several things; returns the numbers of the first and the last. All or nothing; raises as `publish`."""
        return self._broadcast.publish_many(payloads, topic, now)

    def has_room(self, now: Seconds) -> bool:
        """Whether the window lets more be said now. When that changes, PublishProgress is said."""
        return self._broadcast.has_room(now)

    def receipt(self, number: int, now: Seconds) -> Receipt:
        """How far a rumor of ours is; look again at each PublishProgress."""
        return Receipt(*self._broadcast.progress(number, now))

    def end_turn(self, now: Seconds) -> None:
        """What was said in this turn leaves, and what came in it is acknowledged.

        The driver calls it once after the frames that one read brought, and once at the end of a turn of its loop in
        which anything was published.
        """
        self._broadcast.end_turn(now)
        self._pass_on(now)

    def reach_back(self, now: Seconds) -> None:
        """Get what was said before we came, as far as neighbors keep it; HistoryReached is said when it is there."""
        self._broadcast.history.reach_back(now)
        self.end_turn(now)

    def pause(self) -> None:
        """A subscriber that must not miss anything is full: acknowledge nothing more, so that origins wait."""
        self._broadcast.pause()

    def resume(self, now: Seconds) -> None:
        """It has room again."""
        self._broadcast.resume()
        self.end_turn(now)

    def leave(self, now: Seconds) -> None:
        """Say goodbye to all neighbors: we stop. Nothing else is to follow."""
        self._others_moved = True
        self._broadcast.end_turn(now)
        self._links.leave(now)

    # Links.

    def dialled(self, link: int, now: Seconds) -> None:
        """A link that we dialled is connected, and the other side's preface has come."""
        self._links.on_dialled(link, now)
        self._route(now)

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
        """A link brought a frame. After the last one of a read, call `end_turn`."""
        if type(frame) is RunRecord:
            if self._links.stands(link):
                self._probes.heard(link, now)
                self._broadcast.on_run(link, frame, now)
            return
        if isinstance(frame, Hello):
            self._links.on_hello(link, frame, now)
        elif isinstance(frame, Goodbye):
            self._links.on_goodbye(link, frame, now)
        elif self._links.stands(link):
            self._probes.heard(link, now)
            self._on_frame[type(frame)](link, frame, now)
        if type(frame) in _OFTEN:
            self._pass_on(now)
        else:
            self._route(now)

    def pull(self, link: int, bytes_max: int, now: Seconds) -> list[Outgoing]:
        """What a link is to send next: control first, then about `bytes_max` bytes of runs. Empty: nothing, for now."""
        frames: list[Outgoing] = [*self._outbox.take(link)]
        frames += self._broadcast.pull(link, bytes_max, now)
        if not frames:
            self._outbox.dry(link)
        return frames

    # Texts.

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None:
        """A connection from the host `source` brought a message; `link` names it in an Answer or Close."""
        self._texts.receive(link, source, message, now)
        self._route(now)

    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None:
        """A request was answered, with the kind of reply that belongs to it."""
        self._texts.answered(ask, reply, now)
        self._route(now)

    def told(self, tell: Tell, now: Seconds) -> None:
        """A message without a reply has left."""
        self._texts.told(tell)
        self._route(now)

    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None:
        """A request or a message came to nothing."""
        self._texts.failed(effect, failure, now)
        self._route(now)

    # Time.

    def tick(self, now: Seconds) -> None:
        """Do what is due. If it was due long ago, the process was stopped, or its machine asleep."""
        due = self.next_deadline()
        if due is not None and now - due > self._slept_after:
            self._texts.overlay.slept(now)
            self._broadcast.slept(now)
        self._texts.tick(now)
        self._links.tick(now)
        self._overlay.tick(now)
        self._probes.tick(now)
        self._antientropy.tick(now)
        self._broadcast.tick(now)
        for text in self._texts.bridge.due(now):
            if self._overlay.neighbors:
                self._broadcast.carry(text, now)
        self._visits.tick(now)
        for link in self._outbox.overrun():
            self._outbox.say(Problem("a link that takes nothing", detail=str(link)))
            self._links.part(link, Parting.SILENT, now=now)
        self._broadcast.end_turn(now)
        self._route(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do. Asked in each turn, so what rumors and probes don't move is kept."""
        if self._others_moved:
            self._others_moved = False
            self._others_due = soonest(
                self._texts.next_deadline(),
                self._links.next_deadline(),
                self._overlay.next_deadline(),
                self._antientropy.next_deadline(),
                self._visits.next_deadline(),
            )
        return soonest(self._others_due, self._probes.next_deadline(), self._broadcast.next_deadline())

    # Outputs.

    def drain(self) -> tuple[list[Effect], list[Event]]:
        """What must be done, and what happened, since the last call."""
        return self._outbox.drain()

    def snapshot(self) -> PeerSnapshot:
        """How things stand."""
        return PeerSnapshot(
            name=self._identity.name,
            address=self._identity.address,
            epoch=self._identity.epoch,
            neighbors=self._neighbors(),
            seeds=self._texts.registration.held,
            contacts=len(self._overlay.contacts) + len(self._texts.overlay.contacts),
            heard=self._texts.flood.heard,
            runs=self._broadcast.counts,
            streams=len(self._broadcast.streams),
            list_bytes=self._broadcast.list.bytes,
            lacking=len(self._broadcast.repair),
            not_bridged=self._texts.bridge.not_bridged,
        )

    def retained(self) -> Iterable[Retained]:
        """What the message list holds, in order of arrival."""
        for entry in chain(self._broadcast.history.entries(), self._broadcast.list):
            yield Retained(entry.stream.id, entry.number, entry.first, entry.last, entry.topic, entry.raw)

    def heads(self) -> dict[StreamId, tuple[int, int]]:
        """By stream: the last rumor heard in order, and the first that is retained (the one after the last: none)."""
        told = self._broadcast.delivery.told
        heads = {
            stream.id: (told(stream), stream.last_before(stream.first_kept) + 1) for stream in self._broadcast.streams
        }
        for entry in self._broadcast.history.entries():
            last, first = heads[entry.stream.id]
            heads[entry.stream.id] = (last, min(first, entry.first))
        return heads

    def contacts(self) -> tuple[Contact, ...]:
        """Whom we know, the newest first: to be saved for another life."""
        neighbors = (Contact(neighbor.name, neighbor.address) for neighbor in self._overlay.neighbors)
        return tuple({contact.name: contact for contact in (*neighbors, *self._overlay.contacts)}.values())

    # Routing.

    def _route(self, now: Seconds) -> None:
        """Tell the other machines what one of them found out; the deadlines of any may have moved."""
        self._others_moved = True
        self._pass_on(now)

    def _pass_on(self, now: Seconds) -> None:
        """The same after an input that moves no deadline by itself but those of probes and broadcast."""
        while (event := self._outbox.next_unrouted()) is not None:
            handler = self._on_event.get(type(event))
            if handler is not None:
                self._others_moved |= type(event) is not RunDelivered
                handler(event, now)

    def _event_handlers(self) -> dict[type, Callable[[Any, Seconds], None]]:
        """Which events of one machine others must hear of; all the rest is for the application only."""
        return {
            NeighborUp: self._neighbor_up,
            NeighborDown: self._neighbor_down,
            NeighborDied: self._bury,
            LinkReady: self._link_ready,
            LinkFailed: self._link_failed,
            LinkDown: self._link_down,
            Alone: self._ask_seeds,
            RunDelivered: self._run_delivered,
            OriginWanted: self._dial_origin,
        }

    def _frame_handlers(self) -> dict[type, Callable[[int, Any, Seconds], None]]:
        """Which machine takes which frame of a link that stands."""
        broadcast, overlay, antientropy = self._broadcast, self._overlay, self._antientropy
        return {
            Probe: self._probes.on_probe,
            ProbeReply: self._probe_reply,
            NeighborRequest: overlay.on_neighbor_request,
            NeighborAccepted: overlay.on_neighbor_accepted,
            ForwardJoin: overlay.on_forward_join,
            Shuffle: overlay.on_shuffle,
            ShuffleReply: overlay.on_shuffle_reply,
            Prune: broadcast.on_prune,
            Graft: broadcast.on_graft,
            Want: lambda link, frame, now: broadcast.on_want(link, frame),
            Gone: broadcast.on_gone,
            Digest: lambda link, frame, now: broadcast.on_digest(link, frame.entries, now),
            Acknowledgement: broadcast.on_acknowledgement,
            Summary: lambda link, frame, now: antientropy.on_summary(link, frame),
            Buckets: lambda link, frame, now: antientropy.on_buckets(link, frame),
            Heads: self._heads,
        }

    def _probe_reply(self, link: int, reply: ProbeReply, now: Seconds) -> None:
        self._others_moved |= reply.number == OWN_PROBE
        self._overlay.note_round_trip(link, self._probes.on_probe_reply(link, reply, now))

    def _dial_origin(self, event: OriginWanted, now: Seconds) -> None:
        self._visits.dial(event.origin, now)

    def _address_of(self, name: str) -> Address | None:
        """Where a node is, as far as we know."""
        return next((contact.address for contact in self.contacts() if contact.name == name), None)

    def _neighbor_up(self, event: NeighborUp, now: Seconds) -> None:
        self._texts.registration.on_neighbor(event.neighbor)
        self._broadcast.in_company(now)
        if event.link:
            self._probes.watch(event.link, event.name, event.neighbor, now)
            self._broadcast.remove_visitor(event.link)
            info = self._links.info(event.link)
            self._broadcast.add_link(event.link, info.epoch if info is not None else 0, now)
            self._antientropy.add_link(event.link, now)
        else:
            self._texts.neighbor_up(event.neighbor, now)
            self._overlay.places_taken(len(self._texts.overlay.neighbors))

    def _neighbor_down(self, event: NeighborDown, now: Seconds) -> None:
        if event.link:
            self._probes.unwatch(event.link)
            self._antientropy.remove_link(event.link)
            self._broadcast.remove_link(event.link, now)
        else:
            self._texts.neighbor_down(event.neighbor)
            self._overlay.places_taken(len(self._texts.overlay.neighbors))
        if self._is_alone:
            self._alone_since = now
            self._broadcast.alone()

    def _link_ready(self, event: LinkReady, now: Seconds) -> None:
        if event.name == self._identity.name:
            self._broadcast.on_other_life(event.known_epoch)
            self._outbox.say(Problem("another process lives under our name", str(event.address)))
        else:
            self._broadcast.heard_hello(event.known_epoch, now)
            self._texts.link_ready(event.link, event.address, now)
        self._probes.on_link_ready(event, now)
        if not self._visits.on_link_ready(event, now):
            self._overlay.on_link_ready(event, now)

    def _link_failed(self, event: LinkFailed, now: Seconds) -> None:
        if self._visits.on_link_failed(event, now):
            return
        self._probes.on_link_failed(event, now)
        self._overlay.on_link_failed(event, now)
        self._texts.link_failed(event, now)

    def _link_down(self, event: LinkDown, now: Seconds) -> None:
        self._broadcast.remove_visitor(event.link)
        self._visits.on_link_down(event.link)
        self._overlay.on_link_down(event, now)
        self._probes.on_link_down(event, now)

    def _heads(self, link: int, heads: Heads, now: Seconds) -> None:
        """Heads of a neighbor: the first complete ones are where our streams begin."""
        self._broadcast.on_digest(link, heads.entries, now)
        if self._antientropy.on_heads(link, heads):
            self._broadcast.joined = True

    def _ask_seeds(self, event: Alone, now: Seconds) -> None:
        """Somebody has no neighbor: only if really nobody has us are the seeds asked."""
        if self._is_alone:
            self._texts.registration.ask_again(max(event.since, self._alone_since), now)

    @property
    def _is_alone(self) -> bool:
        return not self._overlay.neighbors and not self._texts.overlay.neighbors

    def _run_delivered(self, event: RunDelivered, now: Seconds) -> None:
        """A rumor for the application is one for classic neighbors, too, or was one of theirs."""
        bridge = self._texts.bridge
        if event.run.lane is Lane.CARRIED:
            if event.fresh and not event.own:
                bridge.carried(event.run, now)
                self._others_moved = True
        elif event.ordered and (self._texts.flood.has_neighbors or (event.own and not self._overlay.neighbors)):
            bridge.out(event.run, now)
            self._others_moved = True

    def _bury(self, event: NeighborDied, now: Seconds) -> None:
        report = self._texts.bury(event.neighbor, now)
        self._overlay.forget(event.neighbor)
        self._outbox.say(DeathReported(report, self._texts.registration.report(report)))

    def _neighbors(self) -> tuple[Neighbor, ...]:
        linked = (
            Neighbor(neighbor.name, neighbor.address, neighbor.link, self._probes.rtt(neighbor.link))
            for neighbor in self._overlay.neighbors
        )
        classic = (Neighbor(str(address), address, 0, 0.0) for address in self._texts.overlay.neighbors)
        return (*linked, *classic)

    def _known_epoch(self, name: str) -> int:
        """The latest life of a node that we heard of, for its Hello."""
        return self._broadcast.streams.latest_epoch(name)


_OFTEN = frozenset((Probe, ProbeReply, Prune, Graft, Want, Gone, Digest, Acknowledgement))
"""Frames that move no deadline but those of probes and broadcast."""
