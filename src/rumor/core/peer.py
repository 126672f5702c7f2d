"""A peer: composes its machines and routes between them. The only file that knows them all."""

from collections.abc import Sequence
from random import Random
from typing import assert_never

import msgspec

from rumor.core.classic.flood import Flood
from rumor.core.classic.liveness import ClassicLiveness
from rumor.core.classic.overlay import ClassicOverlay
from rumor.core.clock import WallClock
from rumor.core.effects import Answer, Ask, Close, Effect, Failure, Tell
from rumor.core.events import (
    Alone,
    DeathReported,
    Event,
    NeighborDied,
    NeighborDown,
    NeighborUp,
    PeerListReceived,
    Problem,
    Reason,
)
from rumor.core.ids import Address, Identity, Seconds, source_host
from rumor.core.messages import (
    ConnectAccepted,
    ConnectRequest,
    DeadNode,
    Gossip,
    Incoming,
    LivenessReply,
    LivenessRequest,
    PeerList,
    Preface,
    Register,
    Reply,
)
from rumor.core.outbox import Outbox
from rumor.core.registration import Registration
from rumor.core.settings import Settings
from rumor.core.timers import soonest


class PeerSnapshot(msgspec.Struct, frozen=True):
    """A peer as it is now."""

    address: Address
    neighbors: tuple[Address, ...]
    seeds: tuple[Address, ...]
    contacts: int
    heard: int


class Peer:
    """The node that hears and tells rumors. See `rumor.core` for how a driver uses it."""

    def __init__(
        self, identity: Identity, seeds: Sequence[Address], settings: Settings, clock: WallClock, rng: Random
    ) -> None:
        outbox = Outbox()
        self._identity = identity
        self._slept_after = (settings.liveness.strikes_max - 1) * settings.liveness.interval
        self._clock = clock
        self._outbox = outbox
        self._registration = Registration(seeds, identity, settings.registration, outbox, rng)
        self._overlay = ClassicOverlay(identity, settings.classic_overlay, outbox, rng)
        self._liveness = ClassicLiveness(identity, clock, settings.liveness, outbox)
        self._flood = Flood(identity, clock, settings.flood, outbox)

    # Inputs: each ends with `_route`, so that every machine knows what it must before anything is drained.

    def join(self, now: Seconds) -> None:
        """Begin: register with seeds, find neighbors. Once, before all else."""
        self._overlay.join(now)
        self._registration.join(now)
        self._route(now)

    def publish(self, text: str, now: Seconds) -> Gossip:
        """Say something; kept for the first neighbor while there is none. Raises UsageError for an unfit text."""
        gossip = self._flood.publish(text, now)
        self._route(now)
        return gossip

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None:
        """A connection from the host `source` brought a message; `link` names it in an Answer or Close."""
        match message:
            case Gossip():
                self._flood.on_gossip(message, now)
            case LivenessRequest():
                own_host = self._identity.address.host
                self._outbox.do(Answer(link, LivenessReply(message.timestamp, message.sender, own_host)))
                self._overlay.on_liveness_request(source_host(source), now)
            case ConnectRequest():
                self._on_connect_request(link, Address(source_host(source), message.address.port), now)
            case Preface():
                self._outbox.do(Answer(link, Preface()))
            case Register() | DeadNode():
                self._outbox.say(Problem("a message for a seed, sent to a peer", source, type(message).__name__))
                self._outbox.do(Close(link))
            case _:
                assert_never(message)
        self._route(now)

    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None:
        """A request was answered, with the kind of reply that belongs to it."""
        match ask.message, reply:
            case Register(), PeerList():
                self._on_peer_list(ask.to, reply, now)
            case Preface(), Preface():
                self._registration.on_preface_answered(ask.to, now)
            case ConnectRequest(), ConnectAccepted():
                self._overlay.on_accepted(ask.to, now)
            case (LivenessRequest() as request, LivenessReply()):
                self._liveness.on_reply(ask.to, request, reply, now)
            case _:
                raise AssertionError(f"{reply} is no reply to {ask.message}")
        self._route(now)

    def told(self, tell: Tell, now: Seconds) -> None:
        """A message without a reply has left."""
        match tell.message:
            case Gossip() as gossip:
                self._flood.on_told(tell.to, gossip)
            case DeadNode() as report:
                self._registration.on_reported(tell.to, report)
            case _:
                assert_never(tell.message)
        self._route(now)

    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None:
        """A request or a message came to nothing."""
        match effect.message:
            case Register():
                self._registration.on_register_failed(effect.to, failure, now)
            case Preface():
                self._registration.on_preface_failed(effect.to, failure, now)
            case ConnectRequest():
                self._overlay.on_refused(effect.to, failure, now)
            case LivenessRequest() as request:
                self._liveness.on_failure(effect.to, request, now)
            case Gossip() as gossip:
                self._flood.on_failed(effect.to, gossip, now)
            case DeadNode() as report:
                self._registration.on_report_failed(effect.to, report, now)
            case _:
                assert_never(effect.message)
        self._route(now)

    def tick(self, now: Seconds) -> None:
        """Do what is due. If it was due long ago, the process was stopped, or its machine asleep."""
        due = self.next_deadline()
        if due is not None and now - due > self._slept_after:
            self._overlay.slept(now)
        self._registration.tick(now)
        self._overlay.tick(now)
        self._liveness.tick(now)
        self._flood.tick(now)
        self._route(now)

    # Outputs.

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return soonest(
            self._registration.next_deadline(),
            self._overlay.next_deadline(),
            self._liveness.next_deadline(),
            self._flood.next_deadline(),
        )

    def drain(self) -> tuple[list[Effect], list[Event]]:
        """What must be done, and what happened, since the last call."""
        return self._outbox.drain()

    def snapshot(self) -> PeerSnapshot:
        """How things stand."""
        return PeerSnapshot(
            address=self._identity.address,
            neighbors=self._overlay.neighbors,
            seeds=self._registration.held,
            contacts=len(self._overlay.contacts),
            heard=self._flood.heard,
        )

    # Routing.

    def _route(self, now: Seconds) -> None:
        """Tell the other machines what one of them found out."""
        while (event := self._outbox.next_unrouted()) is not None:
            match event:
                case NeighborUp(neighbor):
                    self._registration.on_neighbor(neighbor)
                    self._liveness.watch(neighbor, now)
                    self._flood.add_neighbor(neighbor, now)
                case NeighborDown(neighbor):
                    self._liveness.unwatch(neighbor)
                    self._flood.remove_neighbor(neighbor)
                case NeighborDied(neighbor):
                    self._bury(neighbor, now)
                case Alone(since):
                    self._registration.ask_again(since, now)
                case _:
                    pass  # for the application only

    def _bury(self, neighbor: Address, now: Seconds) -> None:
        report = DeadNode(neighbor, self._clock.timestamp(now), self._identity.address.host)
        self._overlay.drop(neighbor, Reason.DEAD, now)
        self._outbox.say(DeathReported(report, self._registration.report(report)))

    def _on_peer_list(self, seed: Address, reply: PeerList, now: Seconds) -> None:
        self._identity.seen_as(reply.peers[-1])
        renewed = self._registration.on_peer_list(seed, reply, now)
        others = tuple(peer for peer in dict.fromkeys(reply.peers) if not self._identity.is_self(peer))
        if not renewed or (others and not self._overlay.neighbors):
            self._outbox.say(PeerListReceived(seed, others))
        self._overlay.learn(others, now)

    def _on_connect_request(self, link: int, peer: Address, now: Seconds) -> None:
        if peer.is_ipv4:
            self._overlay.on_connect_request(link, peer, now)
        else:
            self._outbox.say(Problem("a classic text from an IPv6 address, which it can't carry", peer.host))
            self._outbox.do(Close(link))
