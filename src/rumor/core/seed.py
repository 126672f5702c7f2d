"""A seed: composes its machines and routes between them."""

from random import Random

import msgspec

from rumor.core.effects import Answer, Ask, Close, Effect, Failure, Tell
from rumor.core.events import DeathReceived, Event, PeerRegistered, Problem
from rumor.core.ids import Address, Seconds, source_host
from rumor.core.messages import DeadNode, Incoming, PeerList, Preface, Register, Reply
from rumor.core.outbox import Outbox
from rumor.core.registry import Registry
from rumor.core.settings import Settings


class SeedSnapshot(msgspec.Struct, frozen=True):
    """A seed as it is now."""

    peers: int


class Seed:
    """The node that new peers ask first. See `rumor.core` for how a driver uses it."""

    def __init__(self, settings: Settings, rng: Random) -> None:
        self._outbox = Outbox()
        self._registry = Registry(settings.registry, rng, limit_loopback=settings.door.limit_loopback)

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None:
        """A connection from the host `source` brought a message."""
        match message:
            case Register():
                self._on_register(link, Address(source_host(source), message.address.port))
            case DeadNode():
                listed = self._registry.remove(message.peer)
                self._outbox.say(DeathReceived(message, listed))
            case Preface():
                self._outbox.do(Answer(link, Preface()))
            case _:
                self._outbox.say(Problem("a message that is not for a seed", source, type(message).__name__))
                self._outbox.do(Close(link))

    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None:
        """A seed asks nobody."""
        raise AssertionError("a seed asks nobody")

    def told(self, tell: Tell, now: Seconds) -> None:
        """A seed tells nobody."""
        raise AssertionError("a seed tells nobody")

    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None:
        """A seed asks and tells nobody."""
        raise AssertionError("a seed asks and tells nobody")

    def tick(self, now: Seconds) -> None:
        """Nothing falls due at a seed yet."""

    def next_deadline(self) -> Seconds | None:
        """Nothing falls due at a seed yet."""
        return None

    def drain(self) -> tuple[list[Effect], list[Event]]:
        """What must be done, and what happened, since the last call."""
        return self._outbox.drain()

    def snapshot(self) -> SeedSnapshot:
        """How things stand."""
        return SeedSnapshot(peers=len(self._registry))

    def _on_register(self, link: int, peer: Address) -> None:
        new = peer not in self._registry
        if not peer.is_ipv4:
            self._outbox.say(Problem("a classic text from an IPv6 address, which it can't carry", peer.host))
            self._outbox.do(Close(link))
        elif (refusal := self._registry.add(peer)) is not None:
            self._outbox.say(Problem("a registration refused", peer.host, refusal.value))
            self._outbox.do(Close(link))
        else:
            self._outbox.do(Answer(link, PeerList(self._registry.reply_for(peer))))
            self._outbox.say(PeerRegistered(peer, new))
