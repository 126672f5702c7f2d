"""Texts: the half of a peer that speaks with seeds and original nodes, by a text and a connection each.

Composes the machines of this room, the registration and the bridge, as `peer.py` does those of links; what one of them
finds out goes through `Routes.pass_on`.

    dialled over a link, it closed on the preface or kept silent --learn--> asked by text --> neighbor, by text
    it asked us by text, or is a neighbor by text for long --dialled--> it says Hello: one of ours, forgotten here
                                                                   `--> it closes: an original, for a while

So a peer of ours that was taken for an original one, since its preface was late or lost, is found out.
"""

from collections.abc import Sequence
from random import Random
from typing import assert_never

from rumor.core.bridge import Bridge
from rumor.core.broadcast.broadcast import Broadcast
from rumor.core.classic.flood import Flood
from rumor.core.classic.liveness import ClassicLiveness
from rumor.core.classic.overlay import ClassicOverlay
from rumor.core.clock import WallClock
from rumor.core.codec import Codec
from rumor.core.effects import Answer, Ask, Close, Failure, Tell
from rumor.core.events import LinkFailed, PeerListReceived, Problem, Reason
from rumor.core.frames import Lease
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
from rumor.core.overlay.links import Links
from rumor.core.overlay.overlay import Overlay
from rumor.core.seeds.registration import Registration
from rumor.core.settings import Settings
from rumor.core.timers import soonest

DOUBT_INTERVAL: Seconds = 10.0
"""How often neighbors that are not known for original nodes are looked at again."""

DIALS_MAX = 8
"""So many that asked us by text are dialled at once, to find out what they are."""


class Texts:
    """All that goes by classic texts. `registration`, `overlay`, `liveness`, `flood` and `bridge` are its machines."""

    def __init__(
        self,
        identity: Identity,
        registration: Registration,
        settings: Settings,
        clock: WallClock,
        outbox: Outbox,
        rng: Random,
        links: Links,
        web: Overlay,
        broadcast: Broadcast,
        codec: Codec,
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._outbox = outbox
        self._links = links
        self._web = web
        self._doubt_at: Seconds | None = None
        self._dials: dict[int, None] = {}
        self.registration = registration
        self.overlay = ClassicOverlay(identity, settings.classic_overlay, outbox, rng)
        self.liveness = ClassicLiveness(identity, clock, settings.liveness, outbox)
        self.flood = Flood(settings.flood, outbox)
        told = broadcast.delivery.by_text
        self.bridge = Bridge(identity, settings, broadcast.streams, self.flood, told, codec, outbox)

    # Inputs.

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None:
        """A connection from the host `source` brought a message; `link` names it in an Answer or Close."""
        match message:
            case Gossip():
                self.bridge.on_text(message, now)
            case LivenessRequest():
                own_host = self._identity.address.host
                self._outbox.do(Answer(link, LivenessReply(message.timestamp, message.sender, own_host)))
                self.overlay.on_liveness_request(source_host(source), now)
            case ConnectRequest():
                self._on_connect_request(link, Address(source_host(source), message.address.port), now)
            case Preface():
                self._outbox.do(Answer(link, Preface()))
            case Register() | DeadNode():
                self._outbox.say(Problem("a message for a seed, sent to a peer", source, type(message).__name__))
                self._outbox.do(Close(link))
            case _:
                assert_never(message)

    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None:
        """A request was answered, with the kind of reply that belongs to it."""
        match ask.message, reply:
            case Register(), PeerList():
                self._on_peer_list(ask.to, reply, now)
            case Preface(), Preface():
                self.registration.on_preface_answered(ask.to, now)
            case ConnectRequest(), ConnectAccepted():
                self._links.mark_classic(ask.to, now)
                self.overlay.on_accepted(ask.to, now)
            case (LivenessRequest() as request, LivenessReply()):
                self.liveness.on_reply(ask.to, request, reply, now)
            case _:
                raise AssertionError(f"{reply} is no reply to {ask.message}")

    def told(self, tell: Tell) -> None:
        """A message without a reply has left."""
        match tell.message:
            case Gossip() as gossip:
                self.flood.on_told(tell.to, gossip)
            case DeadNode() as report:
                self.registration.on_reported(tell.to, report)
            case _:
                assert_never(tell.message)

    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None:
        """A request or a message came to nothing."""
        match effect.message:
            case Register():
                self.registration.on_register_failed(effect.to, failure, now)
            case Preface():
                self.registration.on_preface_failed(effect.to, failure, now)
            case ConnectRequest():
                self.overlay.on_refused(effect.to, failure, now)
                if failure is Failure.UNREACHABLE and effect.to not in self.overlay.neighbors:
                    self._web.learn((effect.to,), now)  # it stopped, and may come back as anything
            case LivenessRequest() as request:
                self.liveness.on_failure(effect.to, request, now)
            case Gossip() as gossip:
                self.flood.on_failed(effect.to, gossip, now)
            case DeadNode() as report:
                self.registration.on_report_failed(effect.to, report, now)
            case _:
                assert_never(effect.message)

    def tick(self, now: Seconds) -> None:
        """Do what is due. What the bridge carries is the composer's to take."""
        self.registration.tick(now)
        self.overlay.tick(now)
        self.liveness.tick(now)
        self.flood.tick(now)
        if self._doubt_at is not None and now >= self._doubt_at:
            self._doubt_at = now + DOUBT_INTERVAL
            for neighbor in self.overlay.neighbors:
                self._find_out(neighbor, now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do, or the bridge."""
        return soonest(
            self.registration.next_deadline(),
            self.overlay.next_deadline(),
            self.liveness.next_deadline(),
            self.flood.next_deadline(),
            self.bridge.next_deadline(),
            self._doubt_at,
        )

    # What the composer tells.

    def neighbor_up(self, neighbor: Address, now: Seconds) -> None:
        """An original node became our neighbor."""
        self.liveness.watch(neighbor, now)
        self.flood.add_neighbor(neighbor, now)
        if self._doubt_at is None:
            self._doubt_at = now + DOUBT_INTERVAL

    def neighbor_down(self, neighbor: Address) -> None:
        """It is none any more."""
        self.liveness.unwatch(neighbor)
        self.flood.remove_neighbor(neighbor)
        if not self.overlay.neighbors:
            self._doubt_at = None

    def link_ready(self, link: int, address: Address, now: Seconds) -> None:
        """An address said Hello: if it was taken for an original node, it is none."""
        self._dials.pop(link, None)
        self.overlay.forget(address, now)

    def link_failed(self, event: LinkFailed, now: Seconds) -> None:
        """An address could not be linked with: if it may be an original node, it is spoken to by text."""
        is_neighbor = event.address in self.overlay.neighbors
        if self._dials.pop(event.link, 0) is None and is_neighbor and event.failure is Failure.CLOSED:
            self._links.mark_classic(event.address, now)  # it speaks text, and closes on the preface
        if event.classic and event.address.is_ipv4:
            self.overlay.learn((event.address,), now)

    def on_lease(self, link: int, lease: Lease, now: Seconds) -> None:
        """A seed of ours lists us, and tells of some others."""
        held = self.registration.on_lease(link, lease, now)
        if held is not None:
            seed, renewed = held
            self._on_listed(seed, [contact.address for contact in lease.contacts], renewed, now)

    def bury(self, neighbor: Address, now: Seconds) -> DeadNode:
        """A neighbor, of whatever kind, is dead; what is to be reported."""
        self.overlay.drop(neighbor, Reason.DEAD, now)
        return DeadNode(neighbor, self._clock.timestamp(now), self._identity.address.host)

    # Inside.

    def _on_peer_list(self, seed: Address, reply: PeerList, now: Seconds) -> None:
        self._identity.seen_as(reply.peers[-1])
        self._on_listed(seed, reply.peers, self.registration.on_peer_list(seed, reply, now), now)

    def _on_listed(self, seed: Address, peers: Sequence[Address], renewed: bool, now: Seconds) -> None:
        """A seed lists us, and tells of others."""
        others = tuple(peer for peer in dict.fromkeys(peers) if not self._identity.is_self(peer))
        if not renewed or (others and not self._web.neighbors and not self.overlay.neighbors):
            self._outbox.say(PeerListReceived(seed, others))
        self._learn(others, now)

    def _learn(self, peers: Sequence[Address], now: Seconds) -> None:
        """Who is not known for an original node is dialled first."""
        self.overlay.learn((peer for peer in peers if self._links.is_classic(peer, now)), now)
        self._web.learn((peer for peer in peers if not self._links.is_classic(peer, now)), now)

    def _on_connect_request(self, link: int, peer: Address, now: Seconds) -> None:
        """An original node wants to be our neighbor; or one of ours that takes us for an original node."""
        if self._links.speaks_frames(peer):
            self._outbox.do(Close(link))
            self._find_out(peer, now)
        elif peer.is_ipv4:
            self.overlay.on_connect_request(link, peer, now)
            self._find_out(peer, now)
        else:
            self._outbox.say(Problem("a classic text from an IPv6 address, which it can't carry", peer.host))
            self._outbox.do(Close(link))

    def _find_out(self, peer: Address, now: Seconds) -> None:
        """Dial who may be one of ours, unless it is known for an original node."""
        if self._identity.is_self(peer) or self._links.is_classic(peer, now) or self._links.reaches(peer):
            return
        if len(self._dials) < DIALS_MAX:
            self._dials[self._links.dial(peer, now)] = None
