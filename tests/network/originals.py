"""The original system's seed and peer, reduced to what others can notice, with the face of a core.

They speak the same message structs as the cores. What they can't read (the preface) makes them close the connection.
"""

import math
from collections.abc import Sequence
from random import Random

from rumor.core.clock import WallClock
from rumor.core.effects import Answer, Ask, Close, Effect, Failure, Tell
from rumor.core.events import Event, RumorHeard
from rumor.core.ids import Address, Seconds
from rumor.core.messages import (
    ConnectAccepted,
    ConnectRequest,
    DeadNode,
    Gossip,
    Incoming,
    LivenessReply,
    LivenessRequest,
    PeerList,
    Register,
    Reply,
)
from rumor.core.outbox import Outbox

ACCEPTED_BELOW = 4
LIVENESS_INTERVAL: Seconds = 13.0
STRIKES_MAX = 3


class OriginalSeed:
    """Lists whoever registers, twice who registers twice."""

    def __init__(self) -> None:
        self.listed: list[Address] = []
        self._outbox = Outbox()

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None:
        """List, strike off, or close."""
        match message:
            case Register(address):
                self.listed.append(Address(source, address.port))
                self._outbox.do(Answer(link, PeerList(tuple(self.listed))))
            case DeadNode(peer):
                self.listed = [listed for listed in self.listed if listed != peer]
            case _:
                self._outbox.do(Close(link))

    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None:
        """Never asks."""
        raise AssertionError

    def told(self, tell: Tell, now: Seconds) -> None:
        """Never tells."""
        raise AssertionError

    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None:
        """Never asks."""
        raise AssertionError

    def tick(self, now: Seconds) -> None:
        """Nothing is ever due."""

    def next_deadline(self) -> Seconds | None:
        """Nothing is ever due."""
        return None

    def drain(self) -> tuple[list[Effect], list[Event]]:
        """What must be done."""
        return self._outbox.drain()


class OriginalPeer:
    """Joins once, holds whom it could connect to, accepts below 4, asks its neighbors in turn, forwards to them all."""

    def __init__(self, address: Address, seeds: Sequence[Address], clock: WallClock, rng: Random) -> None:
        self.neighbors: dict[Address, int] = {}
        self._address = address
        self._seeds = rng.sample(list(seeds), len(seeds) // 2 + 1) if seeds else []
        self._clock = clock
        self._rng = rng
        self._outbox = Outbox()
        self._unanswered = len(self._seeds)
        self._known: dict[Address, None] = {}
        self._heard: set[Gossip] = set()
        self._round: list[Address] = []
        self._round_at: Seconds | None = None

    def join(self, now: Seconds) -> None:
        """Register with floor(n/2)+1 of the seeds; of none, only watch whom is connected with."""
        if not self._seeds:
            self._round_at = now
        for seed in self._seeds:
            self._outbox.do(Ask(seed, Register(self._address), math.inf))

    def publish(self, payload: bytes, topic: str, now: Seconds) -> int:
        """Say a text to the present neighbors; an original knows no topics."""
        gossip = Gossip(self._clock.timestamp(now), self._address, len(self._heard) + 1, f":{payload.decode()}")
        self._hear(gossip)
        return gossip.number

    def connect(self, peer: Address) -> None:
        """Ask a peer to be our neighbor, as after the last seed's reply."""
        self._outbox.do(Ask(peer, ConnectRequest(self._address), math.inf))

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None:
        """Accept, answer, forward, or close."""
        match message:
            case ConnectRequest(address) if len(self.neighbors) < ACCEPTED_BELOW:
                self.neighbors[Address(source, address.port)] = 0
                self._outbox.do(Answer(link, ConnectAccepted()))
            case LivenessRequest(timestamp, sender):
                self._outbox.do(Answer(link, LivenessReply(timestamp, sender, self._address.host)))
            case Gossip():
                self._hear(message)
            case _:
                self._outbox.do(Close(link))

    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None:
        """A list, an acceptance or a sign of life."""
        match reply:
            case PeerList(peers):
                self._known |= dict.fromkeys(peers[:-1])
                self._on_seed(now)
            case ConnectAccepted():
                self.neighbors.setdefault(ask.to, 0)
            case _:
                self._on_liveness(ask.to, alive=True, now=now)

    def told(self, tell: Tell, now: Seconds) -> None:
        """Not of interest."""

    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None:
        """Whoever closed without a reply is taken for a neighbor, and for alive."""
        match effect.message:
            case Register():
                self._on_seed(now)
            case ConnectRequest() if failure is Failure.CLOSED:
                self.neighbors.setdefault(effect.to, 0)
            case LivenessRequest():
                self._on_liveness(effect.to, alive=failure is Failure.CLOSED, now=now)
            case _:
                pass

    def tick(self, now: Seconds) -> None:
        """Begin a round of liveness requests."""
        if self._round_at is not None and self._round_at <= now:
            self._round_at = None
            self._round = list(self.neighbors)
            self._ask_next(now)

    def next_deadline(self) -> Seconds | None:
        """When the next round begins."""
        return self._round_at

    def drain(self) -> tuple[list[Effect], list[Event]]:
        """What must be done, and what was heard."""
        return self._outbox.drain()

    def _on_seed(self, now: Seconds) -> None:
        """After the last seed: connect to one to four of the peers, and watch."""
        self._unanswered -= 1
        if self._unanswered:
            return
        known = [peer for peer in self._known if peer != self._address]
        for peer in self._rng.sample(known, min(len(known), self._rng.randint(1, 4))):
            self.connect(peer)
        self._round_at = now

    def _hear(self, gossip: Gossip) -> None:
        if gossip in self._heard:
            return
        self._heard.add(gossip)
        self._outbox.say(RumorHeard(gossip))
        for neighbor in self.neighbors:
            self._outbox.do(Tell(neighbor, gossip, math.inf))

    def _ask_next(self, now: Seconds) -> None:
        """One after another and without a limit of time: a silent neighbor ends the asking for good."""
        if self._round:
            request = LivenessRequest(self._clock.timestamp(now), self._address.host)
            self._outbox.do(Ask(self._round.pop(), request, math.inf))
        else:
            self._round_at = now + LIVENESS_INTERVAL

    def _on_liveness(self, neighbor: Address, *, alive: bool, now: Seconds) -> None:
        if neighbor in self.neighbors:
            self.neighbors[neighbor] = 0 if alive else self.neighbors[neighbor] + 1
            if self.neighbors[neighbor] == STRIKES_MAX:
                del self.neighbors[neighbor]
                report = DeadNode(neighbor, self._clock.timestamp(now), self._address.host)
                for seed in self._seeds:
                    self._outbox.do(Tell(seed, report, math.inf))
        self._ask_next(now)
