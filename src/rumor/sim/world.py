"""The simulated world: many cores, one clock that jumps, one seed number. A driver like any other.

    world = World(7, loss=0.02)                 same number, same history, to the last byte: `world.trace`
    seeds = [world.seed()]
    peers = [world.start(world.peer(seeds)) for _ in range(8)]
    world.run(5.0)
    told = world.publish(peers[0], "hello")
    world.run_until(lambda: all(peer.heard.get(told) == 1 for peer in peers), at_most=1.0)

    stage.py       time: what happens next, and to whom
    weather.py     latency, loss, partitions
    exchanges.py   classic texts      links.py, lines.py, end.py, carriage.py   links
    node.py        who lives there    records.py, memberships.py   what it told, and whether it may
    disk.py        what a seed keeps
    invariants.py  what must always be so, after every event      settled.py   what must be so after quiet
    measures.py    how well it spread                              chaos.py     one mishap after another

A failure is an AssertionError that ends with the command that repeats the history.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random

from rumor.core.clock import WallClock
from rumor.core.effects import Answer, Ask, Close, Dial, Effect, Failure, Hangup, Store, Tell, Wake
from rumor.core.events import Event, MemberChanged, NeighborDown, NeighborUp, RumorHeard, RumorsLost, RunDelivered
from rumor.core.ids import Address, Seconds
from rumor.core.messages import Reply
from rumor.core.peer import Peer
from rumor.core.settings import Settings, profile
from rumor.sim import disk
from rumor.sim.build import Builder
from rumor.sim.carriage import Carriage, HandCarriage, WireCarriage
from rumor.sim.cores import Core, Speaker
from rumor.sim.exchanges import Exchanges
from rumor.sim.invariants import INVARIANTS, Invariant
from rumor.sim.lines import Lines
from rumor.sim.links import FrameFaults, Links
from rumor.sim.memberships import Memberships
from rumor.sim.node import Action, Node
from rumor.sim.publications import Publications
from rumor.sim.records import Told
from rumor.sim.stage import TIMER, Stage
from rumor.sim.trace import Trace
from rumor.sim.traffic import Traffic
from rumor.sim.weather import Block, Weather

DAWN = 1_700_000_000.0
"""The time of day at which every world begins."""


class World:
    """All nodes, and what is to happen. `number` decides everything that chance decides.

    `latency`: one way, drawn from this range each time. `loss`: of packets; links repeat what is lost, texts fail.
    `frame_loss`, `duplication`, `reordering`: of whole frames on links, which TCP would never do.
    `backlog`: bytes under way on a link, above which nothing more is pulled; `bandwidth`: bytes a second of one link's
    direction, 0: no limit; `break_after`: how long a partition lasts until links that wait for it break.
    For huge worlds: `real_wire=False` hands frames over without encoding, `traced=False` gives up the trace,
    `kept=False` what nodes said, did and heard, and `checked=False` the invariants, but for those of delivery.
    """

    def __init__(
        self,
        number: int,
        settings: Settings | str = "lan",
        *,
        latency: tuple[Seconds, Seconds] = (0.0005, 0.01),
        loss: float = 0.0,
        frame_loss: float = 0.0,
        duplication: float = 0.0,
        reordering: float = 0.0,
        backlog: int = 1 << 19,
        bandwidth: float = 0.0,
        break_after: Seconds = 60.0,
        per_host: int = 3,
        real_wire: bool = True,
        traced: bool = True,
        kept: bool = True,
        checked: bool = True,
        invariants: Sequence[Invariant] = INVARIANTS,
    ) -> None:
        self.number = number
        self.settings = settings if isinstance(settings, Settings) else profile(settings)
        self.rng = Random(number)
        self.weather = Weather(self.rng, latency, loss)
        self.faults = FrameFaults(frame_loss, duplication, reordering)
        self.publications = Publications()
        self.memberships = Memberships()
        self.figures: dict[str, float] = {}
        """What a story measured, by name, for who told it."""
        self._per_host = per_host
        self._kept = kept
        self._checked = checked
        self._invariants = tuple(invariants)
        self._trace = Trace() if traced else None
        self._stage = Stage(number, self._step, self.weather)
        self._lines = Lines(self._stage, bandwidth=bandwidth, break_after=break_after)
        carriage: Carriage = WireCarriage(self.settings.links.frame_bytes_max) if real_wire else HandCarriage()
        self._links = Links(self._stage, self._lines, carriage, self.faults, self._trace, backlog=backlog)
        self._exchanges = Exchanges(self._stage, self._links)
        self._builder = Builder(self._stage, self.settings, carriage)
        self._said = 0

    @property
    def trace(self) -> str:
        """A hash over everything that was decided so far; "" in a world that is not traced."""
        return str(self._trace or "")

    @property
    def now(self) -> Seconds:
        """The moment, from 0."""
        return self._stage.now

    @property
    def happened(self) -> int:
        """How many things happened so far."""
        return self._stage.happened

    @property
    def nodes(self) -> dict[Address, Node]:
        """Everybody, by address."""
        return self._stage.nodes

    @property
    def loss(self) -> float:
        """Of packets; may be set at any moment."""
        return self.weather.loss

    @loss.setter
    def loss(self, loss: float) -> None:
        self.weather.loss = loss

    def count_traffic(self) -> Traffic:
        """From now on, count which copies of which run come where, for the measures."""
        self._links.traffic = traffic = Traffic()
        return traffic

    # Who is there.

    def seed(self) -> Node:
        """A new seed of ours, running."""
        return self.start(self.add(self._builder.seed(), net=1))

    def seeds(self, count: int) -> list[Node]:
        """So many new seeds of ours, running: they tell each other whom they list, and keep it on disk."""
        addresses: list[Address] = []
        nodes = [self.add(self._builder.seed(addresses, durable=True), net=1) for _ in range(count)]
        addresses += [node.address for node in nodes]
        for node in nodes:
            node.begin()  # once more, since now all addresses are known
        return [self.start(node) for node in nodes]

    def peer(
        self,
        seeds: Iterable[Node] = (),
        *,
        join: Iterable[Node] = (),
        name: str = "",
        network: str = "",
        settings: Settings | None = None,
        kind: type[Peer] = Peer,
    ) -> Node:
        """A new peer of ours, not yet started. `join`: other peers that it knows from the start. `kind`: see liars."""
        known = [seed.address for seed in seeds]
        make = self._builder.peer(known, [peer.address for peer in join], network, settings or self.settings, kind)
        return self.add(make, net=2, name=name)

    def add(self, make: Callable[[Node], Core], *, net: int = 3, name: str = "") -> Node:
        """A new node with any core, not yet started; `make` is called for each life. Some nodes share a host."""
        index = len(self.nodes)
        host = index // self._per_host
        address = Address(f"10.{net}.{host // 250}.{host % 250 + 1}", 3400 + index)
        self.nodes[address] = node = Node(address, make, WallClock(DAWN), name=name, keeps=self._kept)
        self.memberships.add(node)
        return node

    # What befalls them.

    def start(self, node: Node) -> Node:
        """Let a node listen, and join if it is a peer."""
        assert not node.up
        node.up = True
        if node.off:
            node.off = False
            self._lines.go_on()
        join = getattr(node.core, "join", None)
        if join is not None:
            join(self.now)
        self._step(node)
        return node

    def crash(self, *nodes: Node, off: bool = False) -> None:
        """End nodes at once: connections to them are refused from now on. `off`: nobody answers there, not even so."""
        for node in nodes:
            node.up = node.frozen = False
            node.off = off
            node.life += 1
            self._links.end_all(node)
            node.links.clear()
            node.late.clear()
            node.queue.clear()
            node.heard.clear()
            node.neighbor_links.clear()

    def restart(self, node: Node, *, clock_back: Seconds = 0.0, remembers: bool = False) -> Node:
        """Crash a node if it runs, and start another life at its address.

        `clock_back`: its clock was set back by so much meanwhile. `remembers`: it had saved its contacts and its epoch,
        and a seed its registry, else it begins empty.
        """
        if not remembers:
            node.disk.clear()
        saved = self._builder.save(node) if remembers else ((), 0)
        if node.up:
            self.crash(node)
        node.clock.offset -= clock_back
        node.contacts, node.epoch = saved
        node.begin()
        return self.start(node)

    def leave(self, node: Node, *, back_in: Seconds | None = None) -> None:
        """Let a peer say goodbye, or that it will be back, and end a second later."""
        assert isinstance(node.core, Peer)
        node.core.leave(self.now, back_in)
        self._step(node)
        life = node.life
        self.at(1.0, lambda: self.crash(node) if node.life == life else None)

    def freeze(self, node: Node) -> None:
        """Stop a node in the midst of everything."""
        assert node.up
        node.frozen = True

    def thaw(self, node: Node) -> None:
        """Go on with a node: first what its connections brought, then its timers, then what new visitors said."""
        self._stage.thaw(node)

    def slow(self, node: Node, cost: Seconds) -> None:
        """Let a node take so long for each input and each frame; 0: as quick as the others."""
        node.cost = cost

    def starve(self, node: Node, lateness: tuple[Seconds, Seconds] = (0.5, 2.5)) -> None:
        """Let a node read all that comes so late, in order, while its timers fire on time; (0, 0): as the others do.

        The default is what Lifeguard's and kinship's experiments with slow processes take.
        """
        node.lateness = lateness

    def lose(self, node: Node, *, outgoing: float = 0.0, incoming: float = 0.0) -> None:
        """Lose so great shares of a node's packets from now on, beside what all lose."""
        self.weather.lose(node, outgoing=outgoing, incoming=incoming)

    def garble(self, node: Node, other: Node) -> None:
        """Spoil what comes next from one node to another."""
        for end in node.sockets:
            end.far.garbled = end.far.node is other

    def split(self, *groups: Iterable[Node]) -> None:
        """Nothing passes between nodes of different groups from now on; those in none are one more group."""
        self.weather.split(groups)

    def block(self, sources: Iterable[Node] = (), targets: Iterable[Node] = ()) -> Block:
        """Nothing passes from the ones to the others from now on; the other way it does.

        No sources: nothing from anybody; no targets: nothing to anybody. `unblock` ends it.
        """
        return self.weather.block(sources, targets)

    def unblock(self, block: Block) -> None:
        """What was blocked passes again, unless something else stops it."""
        self.weather.unblock(block)
        self._lines.go_on()

    def heal(self) -> None:
        """Everything passes again."""
        self.weather.heal()
        self._lines.go_on()

    def publish(self, node: Node, payload: bytes | str | None = None, topic: str = "") -> Told:
        """Let a peer say something; by default, what nobody has said before."""
        self._said += 1
        text = f"news {self._said}" if payload is None else payload
        said = text.encode() if isinstance(text, str) else text
        core = node.core
        assert isinstance(core, Speaker)
        number = core.publish(said, topic, self.now)
        if node.link_core is not None:
            node.link_core.end_turn(self.now)
        self._step(node)
        return Told(node.name, number, said)

    def publish_many(self, node: Node, payloads: Sequence[bytes], topic: str = "") -> list[Told]:
        """Let a peer of ours say several things in one turn."""
        core = node.core
        assert isinstance(core, Peer)
        first, _ = core.publish_many(payloads, topic, self.now)
        core.end_turn(self.now)
        self._step(node)
        return [Told(node.name, number, payload) for number, payload in enumerate(payloads, first)]

    def call(self, node: Node, action: Callable[[], object]) -> None:
        """Call a core by hand, as an application would, and do what it wants then."""
        action()
        if node.link_core is not None:
            node.link_core.end_turn(self.now)
        self._step(node)

    # Time.

    def run(self, duration: Seconds) -> None:
        """Let time pass."""
        self.run_until(lambda: False, at_most=duration)

    def run_until(self, reached: Callable[[], bool], *, at_most: Seconds, every: Seconds = 1.0) -> bool:
        """Let time pass until something is so, looked at now and then, or until the end; returns whether it is so."""
        end = self.now + at_most
        while not reached():
            if self.now >= end:
                return False
            self._stage.run_to(min(end, self.now + every))
        return True

    def at(self, delay: Seconds, action: Action) -> None:
        """Let something befall the world after a while."""
        self._stage.plan(self.now + delay, None, 0, action)

    def check(self, wrong: str | Iterable[str] | None) -> None:
        """Stop the world when something is wrong: a sentence, or several."""
        text = wrong if isinstance(wrong, str) or wrong is None else "; ".join(wrong)
        if text:
            self._stage.fail(text)

    # What the program's driver does.

    def _step(self, node: Node) -> None:
        """Do what the core wants done, until there is nothing more; then set the alarm it wants."""
        core, trace = node.core, self._trace
        while True:
            effects, events = core.drain()
            if not effects and not events:
                break
            if trace is not None:
                trace.on_drained(self._stage.now, node, effects, events)
            for effect in effects:
                self._do(node, effect)
            for event in events:
                self._note(node, event)
        self._set_alarm(node)
        if node.joined_at is None and isinstance(core, Peer) and core._broadcast.joined:
            node.joined_at = self._stage.now
        if self._checked:
            for invariant in self._invariants:
                if (wrong := invariant(node)) is not None:
                    self._stage.fail(wrong)

    def _do(self, node: Node, effect: Effect) -> None:
        match effect:
            case Wake(link):
                self._links.wake(node, link)
            case Answer(link, reply):
                self._reply(node, link, reply)
            case Close(link):
                self._reply(node, link, Failure.CLOSED)
            case Hangup(link):
                self._links.hang_up(node, link)
            case Dial():
                self._keep(node, effect)
                self._links.dial(node, effect)
            case Ask() | Tell():
                self._keep(node, effect)
                self._exchanges.begin(node, effect)
            case Store():
                disk.store(self._stage, node)

    def _reply(self, node: Node, link: int, outcome: Reply | Failure) -> None:
        visitor = node.links.pop(link, None)
        if visitor is not None:
            visitor.reply(node, outcome)

    def _keep(self, node: Node, effect: Ask | Tell | Dial) -> None:
        if node.keeps:
            node.did.append((self.now, effect))

    def _note(self, node: Node, event: Event) -> None:
        """What an application would be told."""
        if node.keeps:
            node.said.append((self.now, event))
        wrong = None
        match event:
            case RunDelivered():
                if event.own and event.fresh:
                    self.publications.add(event.run, self.now)
                wrong = node.record.on_run(event)
            case RumorsLost():
                wrong = node.record.on_lost(event)
            case RumorHeard():
                wrong = node.record.on_text(event)
            case MemberChanged(change):
                wrong = self.memberships.on_change(node, change, self.now)
            case NeighborUp():
                self._on_neighbor(node, event)
            case NeighborDown():
                known_as = event.name or str(event.neighbor)
                if node.neighbor_links.get(known_as) == event.link:
                    del node.neighbor_links[known_as]
            case _:
                pass
        if wrong is not None:
            self._stage.fail(f"{node}: {wrong}")

    def _on_neighbor(self, node: Node, event: NeighborUp) -> None:
        node.neighbor_links[event.name or str(event.neighbor)] = event.link

    def _set_alarm(self, node: Node) -> None:
        """Ring when the core wants it. One that is set for earlier stays, and is set anew when it rings."""
        node.due = due = node.core.next_deadline()
        if due is not None and (node.alarm_at is None or due < node.alarm_at):
            node.alarm_at = moment = max(due, self._stage.now)
            self._stage.plan(moment, node, TIMER, partial(self._ring, node, moment))

    def _ring(self, node: Node, moment: Seconds) -> None:
        if node.alarm_at != moment:
            return
        node.alarm_at = None
        now, due = self._stage.now, node.due
        if due is None or due > now:
            self._set_alarm(node)
            return
        node.core.tick(now)
        self._step(node)
        if node.due is not None and node.due <= now:
            self._stage.fail(f"{node} wants to be called again at {node.due} after a call at {now}")
