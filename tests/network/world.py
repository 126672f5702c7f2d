"""A small virtual world: many cores, one clock that jumps, one seed number.

    core --Ask/Tell--> latency --> target's `receive` --Answer/Close--> latency --> `answered`, `failed`; or `told`

A connection is made in one round trip; the message and the reply take half of one each. Nobody there: refused after a
round trip. Lost, or on another side: UNREACHABLE when the effect's timeout is over. A lost reply: SILENT. A Tell is
told as soon as it has left. A frozen node is connected to by its operating system, but reads and answers nothing until
it thaws; then its timers are late, and what came meanwhile is read.

Same number, same history: chance comes from one `Random`, and simultaneous events keep their order. `World.trace` is a
hash over all that any core decided. The invariants that always hold (`invariants.py`) are checked after every event.
"""

import hashlib
import heapq
import math
from collections.abc import Callable, Iterable
from itertools import count
from random import Random
from typing import TypeAlias

from rumor.core.clock import WallClock
from rumor.core.effects import Answer, Ask, Close, Effect, Failure, Tell
from rumor.core.events import Event, RumorHeard
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import Gossip, Reply
from rumor.core.peer import Peer
from rumor.core.seed import Seed
from rumor.core.settings import Settings, profile
from tests.network.invariants import INVARIANTS
from tests.network.nodes import Action, Core, Exchange, Node
from tests.network.originals import OriginalPeer, OriginalSeed

DAWN = 1_700_000_000.0
"""The time of day at which every world begins."""


Outcome: TypeAlias = Reply | Failure | None
"""How an exchange ended; None: told."""


class World:
    """All nodes, and what is to happen. `number` decides everything that chance decides."""

    def __init__(
        self,
        number: int,
        settings: Settings | str = "lan",
        *,
        latency: tuple[Seconds, Seconds] = (0.0005, 0.01),
        loss: float = 0.0,
        per_host: int = 3,
    ) -> None:
        self.number = number
        self.settings = settings if isinstance(settings, Settings) else profile(settings)
        self.latency = latency
        self.loss = loss
        self.per_host = per_host
        self.now: Seconds = 0.0
        self.rng = Random(number)
        self.nodes: dict[Address, Node] = {}
        self._sides: dict[Address, int] = {}
        self._heap: list[tuple[Seconds, int, Node | None, int, int, Action]] = []
        self._order = count()
        self._links = count(1)
        self._trace = hashlib.sha256()

    @property
    def trace(self) -> str:
        """A hash over everything that was decided so far."""
        return self._trace.hexdigest()

    # Who is there.

    def seed(self) -> Node:
        """A new seed of ours, running."""
        return self.start(self._add(1, lambda _: Seed(self.settings, Random(self.rng.getrandbits(64)))))

    def original_seed(self) -> Node:
        """A new original seed, running."""
        return self.start(self._add(1, lambda _: OriginalSeed()))

    def peer(self, seeds: Iterable[Node]) -> Node:
        """A new peer of ours, not yet started."""
        known = [seed.address for seed in seeds]
        clock = WallClock(DAWN)
        return self._add(
            2, lambda own: Peer(Identity(own), known, self.settings, clock, Random(self.rng.getrandbits(64)))
        )

    def original_peer(self, seeds: Iterable[Node]) -> Node:
        """A new original peer, not yet started."""
        known = [seed.address for seed in seeds]
        return self._add(2, lambda own: OriginalPeer(own, known, WallClock(DAWN), Random(self.rng.getrandbits(64))))

    def _add(self, net: int, make: Callable[[Address], Core]) -> Node:
        """A new node; `per_host` of them share a host."""
        index = len(self.nodes)
        host = index // self.per_host
        address = Address(f"10.{net}.{host // 250}.{host % 250 + 1}", 3400 + index)
        self.nodes[address] = node = Node(address, lambda: make(address))
        return node

    # What befalls them.

    def start(self, node: Node) -> Node:
        """Let a node listen and join."""
        assert not node.up
        node.up = True
        if isinstance(node.core, Peer | OriginalPeer):
            node.core.join(self.now)
        self._step(node)
        return node

    def crash(self, *nodes: Node) -> None:
        """End nodes at once: connections to them are refused from now on."""
        for node in nodes:
            node.up = node.frozen = False
            node.life += 1
            node.links.clear()
            node.late.clear()
            node.heard.clear()

    def restart(self, node: Node) -> None:
        """Crash a node if it runs, and start an empty one at its address."""
        self.crash(node)
        node.core = node.make()
        node.alarm_at = None
        self.start(node)

    def freeze(self, node: Node) -> None:
        """Stop a node in the midst of everything."""
        assert node.up
        node.frozen = True

    def thaw(self, node: Node) -> None:
        """Go on with a node: first what its connections brought, then its timers, then what new visitors said."""
        node.frozen = False
        late, node.late = sorted(node.late, key=lambda entry: entry[:2]), []
        for _, _, action in late:
            action()

    def split(self, *groups: Iterable[Node]) -> None:
        """Nothing passes between nodes of different groups from now on; those in none are one more group."""
        self._sides = {node.address: side for side, group in enumerate(groups) for node in group}

    def heal(self) -> None:
        """Everything passes again."""
        self._sides = {}

    def publish(self, node: Node, text: str = "news") -> Gossip:
        """Let a peer say something."""
        assert isinstance(node.core, Peer | OriginalPeer)
        gossip = node.core.publish(text, self.now)
        self._step(node)
        return gossip

    # Time.

    def run(self, duration: Seconds) -> None:
        """Let time pass."""
        self.run_until(lambda: False, at_most=duration)

    def run_until(self, reached: Callable[[], bool], *, at_most: Seconds) -> bool:
        """Let time pass until something is so, looked at once a second, or until the end; returns whether it is so."""
        end = self.now + at_most
        while not reached():
            if self.now >= end:
                return False
            self._run_to(min(end, self.now + 1.0))
        return True

    def at(self, delay: Seconds, action: Action) -> None:
        """Let something befall the world after a while."""
        self._plan(self.now + delay, None, 0, action)

    def _run_to(self, end: Seconds) -> None:
        while self._heap and self._heap[0][0] <= end:
            moment, _, node, life, kind, action = heapq.heappop(self._heap)
            self.check(None if moment >= self.now else f"time runs back from {self.now} to {moment}")
            self.now = moment
            if node is None:
                action()
            elif node.life == life and node.up:
                self._happen(node, kind, action)
        self.now = end

    def _plan(self, moment: Seconds, node: Node | None, kind: int, action: Action) -> None:
        life = 0 if node is None else node.life
        heapq.heappush(self._heap, (moment, next(self._order), node, life, kind, action))

    def _happen(self, node: Node, kind: int, action: Action) -> None:
        if node.frozen:
            node.late.append((kind, len(node.late), action))
        else:
            action()

    # What the program's driver does.

    def _step(self, node: Node) -> None:
        """Do what the core wants done, until there is nothing more; then set the alarm it wants."""
        while True:
            effects, events = node.core.drain()
            if not effects and not events:
                break
            self._trace.update(repr((self.now, str(node.address), effects, events)).encode())
            for effect in effects:
                self._do(node, effect)
            for event in events:
                self._note(node, event)
        self._set_alarm(node)
        for invariant in INVARIANTS:
            if (wrong := invariant(node)) is not None:
                self.check(wrong)

    def _do(self, node: Node, effect: Effect) -> None:
        match effect:
            case Answer(link, reply):
                self._reply(node, link, reply)
            case Close(link):
                self._reply(node, link, Failure.CLOSED)
            case Ask() | Tell():
                node.did.append((self.now, effect))
                self._dial(Exchange(node, effect, self.now + effect.timeout))

    def _note(self, node: Node, event: Event) -> None:
        node.said.append((self.now, event))
        if isinstance(event, RumorHeard):
            node.heard[event.gossip] = node.heard.get(event.gossip, 0) + 1

    def _set_alarm(self, node: Node) -> None:
        deadline = node.core.next_deadline()
        if deadline != node.alarm_at:
            node.alarm_at = deadline
            if deadline is not None:
                self._plan(max(deadline, self.now), node, 1, lambda: self._ring(node, deadline))

    def _ring(self, node: Node, deadline: Seconds) -> None:
        if node.alarm_at == deadline:
            node.alarm_at = None
            node.core.tick(self.now)
            self._step(node)
            again = node.alarm_at
            spins = again is not None and again <= self.now
            self.check(f"{node} wants to be called again at {again} after a call at {self.now}" if spins else None)

    # What the network does.

    def _dial(self, exchange: Exchange) -> None:
        if exchange.deadline < math.inf:
            self._plan(exchange.deadline, exchange.asker, 0, lambda: self._time_out(exchange))
        if not self._lost():
            self._plan(self.now + self._delay() + self._delay(), exchange.asker, 0, lambda: self._connect(exchange))

    def _connect(self, exchange: Exchange) -> None:
        """The connection is made or refused; the message leaves."""
        target = self.nodes.get(exchange.effect.to)
        if exchange.ended or self.now > exchange.deadline or self._apart(exchange):
            return
        if target is None or not target.up:
            self._end(exchange, Failure.UNREACHABLE)
            return
        exchange.connected = True
        self._plan(self.now + self._delay(), target, 2, lambda: self._deliver(exchange, target))
        if isinstance(exchange.effect, Tell):
            self._end(exchange, None)

    def _deliver(self, exchange: Exchange, target: Node) -> None:
        link = next(self._links)
        if isinstance(exchange.effect, Ask):
            target.links[link] = exchange
        target.core.receive(link, exchange.asker.address.host, exchange.effect.message, self.now)
        self._step(target)

    def _reply(self, node: Node, link: int, outcome: Reply | Failure) -> None:
        exchange = node.links.pop(link, None)
        waits = exchange is not None and exchange.life == exchange.asker.life
        if exchange is not None and waits and not (self._lost() or self._apart(exchange)):
            self._plan(self.now + self._delay(), exchange.asker, 0, lambda: self._end(exchange, outcome))

    def _time_out(self, exchange: Exchange) -> None:
        self._end(exchange, Failure.SILENT if exchange.connected else Failure.UNREACHABLE)

    def _end(self, exchange: Exchange, outcome: Outcome) -> None:
        """Report how it ended; what a frozen asker sees only after the deadline is silence to it."""
        timed_out = outcome in (Failure.SILENT, Failure.UNREACHABLE)
        if exchange.ended or (self.now > exchange.deadline and not timed_out):
            return
        exchange.ended = True
        core, effect = exchange.asker.core, exchange.effect
        if isinstance(outcome, Failure):
            core.failed(effect, outcome, self.now)
        elif isinstance(effect, Ask) and outcome is not None:
            core.answered(effect, outcome, self.now)
        elif isinstance(effect, Tell):
            core.told(effect, self.now)
        self._step(exchange.asker)

    def _delay(self) -> Seconds:
        return self.rng.uniform(*self.latency)

    def _lost(self) -> bool:
        return self.loss > 0.0 and self.rng.random() < self.loss

    def _apart(self, exchange: Exchange) -> bool:
        sides = self._sides
        return sides.get(exchange.asker.address) != sides.get(exchange.effect.to)

    def check(self, wrong: str | None) -> None:
        """Stop the world when something is wrong."""
        assert wrong is None, f"world {self.number} at {self.now:.3f} s: {wrong}"
