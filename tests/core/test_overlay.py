"""Overlay over links: a web that forms, keeps its bounds, and grows together again."""

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from random import Random

import pytest

from rumor.core.effects import Dial, Failure, Hangup, Wake
from rumor.core.events import Event, LinkDown, LinkFailed, LinkReady, NeighborDied, NeighborDown, NeighborUp, Reason
from rumor.core.frames import (
    Control,
    ForwardJoin,
    Goodbye,
    Hello,
    NeighborAccepted,
    NeighborRequest,
    Probe,
    ProbeReply,
    Shuffle,
    ShuffleReply,
)
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.links import Links
from rumor.core.outbox import Outbox
from rumor.core.overlay import Overlay
from rumor.core.probes import Probes
from rumor.core.settings import LinkSettings, LivenessSettings, OverlaySettings, ProbeSettings

from .helpers import SEED_NUMBERS, peer_at


class Node:
    """The three machines of one peer, composed as in core/peer.py, and what it said."""

    def __init__(self, address: Address, instance: int, rng: Random, settings: OverlaySettings) -> None:
        identity = Identity(address, network="test", epoch=instance, instance=instance)
        self.outbox = Outbox()
        self.address = address
        self.links = Links(identity, LinkSettings(), self.outbox, rng)
        self.overlay = Overlay(identity, self.links, settings, self.outbox, rng)
        self.probes = Probes(self.links, LivenessSettings(), ProbeSettings(), self.outbox, rng)
        self.ends: dict[int, End] = {}
        self.events: list[Event] = []
        self.next_link = -1
        self.alarm: Seconds | None = None

    def on_frame(self, link: int, frame: Control, now: Seconds) -> None:
        if isinstance(frame, Hello):
            self.links.on_hello(link, frame, now)
        elif isinstance(frame, Goodbye):
            self.links.on_goodbye(link, frame, now)
        elif self.links.stands(link):
            self.probes.heard(link, now)
            self._take(link, frame, now)

    def _take(self, link: int, frame: Control, now: Seconds) -> None:
        match frame:
            case Probe():
                self.probes.on_probe(link, frame)
            case ProbeReply():
                self.overlay.note_round_trip(link, self.probes.on_probe_reply(link, frame, now))
            case NeighborRequest():
                self.overlay.on_neighbor_request(link, frame, now)
            case NeighborAccepted():
                self.overlay.on_neighbor_accepted(link, frame, now)
            case ForwardJoin():
                self.overlay.on_forward_join(link, frame, now)
            case Shuffle():
                self.overlay.on_shuffle(link, frame, now)
            case ShuffleReply():
                self.overlay.on_shuffle_reply(link, frame, now)

    def route(self, now: Seconds) -> None:
        while (event := self.outbox.next_unrouted()) is not None:
            match event:
                case LinkReady():
                    self.probes.on_link_ready(event, now)
                    self.overlay.on_link_ready(event, now)
                case LinkFailed():
                    self.probes.on_link_failed(event, now)
                    self.overlay.on_link_failed(event, now)
                case LinkDown():
                    self.overlay.on_link_down(event, now)
                    self.probes.on_link_down(event, now)
                case NeighborUp(address, _, name, link):
                    self.probes.watch(link, name, address, now)
                case NeighborDown(_, _, _, link):
                    self.probes.unwatch(link)
                case NeighborDied(address):
                    self.overlay.forget(address)

    def tick(self, now: Seconds) -> None:
        self.links.tick(now)
        self.overlay.tick(now)
        self.probes.tick(now)

    def next_deadline(self) -> Seconds | None:
        deadlines = (machine.next_deadline() for machine in (self.links, self.overlay, self.probes))
        return min((deadline for deadline in deadlines if deadline is not None), default=None)


class End:
    """One end of a connection; what is sent before it is open waits."""

    def __init__(self, node: Node, link: int) -> None:
        self.node = node
        self.link = link
        self.other: End | None = None
        self.waiting: deque[Control] = deque()
        self.closed = False


class World:
    """Nodes, connections between them, and virtual time."""

    def __init__(self, number: int, settings: OverlaySettings | None = None) -> None:
        self.rng = Random(number)
        self.number = number
        self.settings = settings or OverlaySettings()
        self.nodes: dict[Address, Node] = {}
        self.now: Seconds = 0.0
        self.steps = 0
        self.cut: Callable[[Address, Address], bool] = lambda one, other: False
        self._todo: list[tuple[Seconds, int, Callable[[], None]]] = []
        self._order = count()

    def add(self, index: int, known: Iterable[Address], instance: int | None = None) -> Node:
        """A peer that joins now, and has learned of some others."""
        address = peer_at(index)
        rng = Random(f"{self.number} {index} {instance}")
        node = Node(address, instance or index + 1, rng, self.settings)
        self.nodes[address] = node
        node.overlay.join(self.now)
        node.overlay.learn(known, self.now)
        self._after(node)
        return node

    def crash(self, addresses: Iterable[Address]) -> None:
        """Processes that are gone at once; their machines close what they had open."""
        for address in addresses:
            for end in self.nodes.pop(address).ends.values():
                self._close(end)

    def run(self, duration: Seconds) -> None:
        until = self.now + duration
        while self._todo and self._todo[0][0] <= until:
            self.now, _, action = heapq.heappop(self._todo)
            action()
            self.steps += 1
        self.now = until

    def sever(self) -> None:
        """Break what a cut lies between."""
        for node in self.nodes.values():
            for end in tuple(node.ends.values()):
                if end.other is not None and self.cut(node.address, end.other.node.address):
                    self._close(end)
                    self._lose(end, Failure.CLOSED)

    def _at(self, delay: Seconds, action: Callable[[], None]) -> None:
        heapq.heappush(self._todo, (self.now + delay, next(self._order), action))

    def _alive(self, node: Node) -> bool:
        return self.nodes.get(node.address) is node

    def _after(self, node: Node) -> None:
        """Do what a node wants after an input."""
        if not self._alive(node):
            return
        node.route(self.now)
        effects, events = node.outbox.drain()
        node.events += events
        for effect in effects:
            match effect:
                case Dial(link, to, _):
                    end = node.ends[link] = End(node, link)
                    delay = self._delay()
                    self._at(delay, partial(self._connect, end, to, delay))
                case Wake(link):
                    self._flush(node, link)
                case Hangup(link):
                    self._flush(node, link)
                    if (gone := node.ends.pop(link, None)) is not None:
                        self._close(gone)
        deadline = node.next_deadline()
        if deadline is not None and (node.alarm is None or deadline < node.alarm):
            node.alarm = deadline
            self._at(max(0.0, deadline - self.now), lambda: self._ring(node, deadline))

    def _ring(self, node: Node, deadline: Seconds) -> None:
        if node.alarm == deadline and self._alive(node):
            node.alarm = None
            if (due := node.next_deadline()) is not None and due <= self.now:
                node.tick(self.now)
            self._after(node)

    def _delay(self) -> Seconds:
        return self.rng.uniform(0.0005, 0.0015)

    def _connect(self, end: End, to: Address, delay: Seconds) -> None:
        target = self.nodes.get(to)
        if end.closed or not self._alive(end.node):
            return
        if target is None or self.cut(end.node.address, to):
            self._at(delay, lambda: self._lose(end, Failure.UNREACHABLE))
            return
        target.next_link += 2
        other = target.ends[target.next_link] = End(target, target.next_link)
        end.other, other.other = other, end
        target.links.on_accepted(other.link, end.node.address.host, self.now)
        self._at(delay, lambda: self._dialled(end))
        waiting, end.waiting = end.waiting, deque()
        self._send(end, waiting)
        self._after(target)

    def _dialled(self, end: End) -> None:
        if self._alive(end.node) and not end.closed:
            end.node.links.on_dialled(end.link, self.now)
            self._after(end.node)

    def _flush(self, node: Node, link: int) -> None:
        frames = node.outbox.take(link)
        node.outbox.dry(link)
        end = node.ends.get(link)
        if end is not None and end.other is None:
            end.waiting.extend(frames)
        elif end is not None:
            self._send(end, frames)

    def _send(self, end: End, frames: Iterable[Control]) -> None:
        batch, other = tuple(frames), end.other
        if batch and other is not None:
            self._at(0.0015, lambda: self._deliver(other, batch))

    def _deliver(self, end: End, batch: tuple[Control, ...]) -> None:
        for frame in batch:
            if end.node.ends.get(end.link) is end and self._alive(end.node):
                end.node.on_frame(end.link, frame, self.now)
                self._after(end.node)

    def _close(self, end: End) -> None:
        end.closed = True
        if end.other is not None and not end.other.closed:
            other = end.other
            self._at(0.0015, lambda: self._lose(other, Failure.CLOSED))

    def _lose(self, end: End, failure: Failure) -> None:
        end.closed = True
        if self._alive(end.node) and end.node.ends.pop(end.link, None) is not None:
            end.node.links.on_lost(end.link, failure, self.now)
            self._after(end.node)

    # What must be true.

    def degrees(self) -> list[int]:
        return sorted(len(node.overlay.neighbors) for node in self.nodes.values())

    def components(self) -> list[int]:
        """The sizes of the parts of the network, the largest first."""
        left, sizes = dict.fromkeys(self.nodes), []
        while left:
            first = next(iter(left))
            del left[first]
            front, size = [first], 0
            while front:
                size += 1
                for one in self.nodes[front.pop()].overlay.neighbors:
                    if one.address in left:
                        del left[one.address]
                        front.append(one.address)
            sizes.append(size)
        return sorted(sizes, reverse=True)

    def faults(self) -> list[str]:
        """Views that overlap or hold the node itself, and neighbors that are not mutual."""
        found = []
        for address, node in self.nodes.items():
            active = [one.address for one in node.overlay.neighbors]
            passive = [contact.address for contact in node.overlay.contacts]
            if address in active or address in passive:
                found.append(f"{address} knows itself")
            if len(set(active + passive)) < len(active + passive):
                found.append(f"views of {address} overlap")
            for one in active:
                other = self.nodes.get(one)
                if other is None or address not in [back.address for back in other.overlay.neighbors]:
                    found.append(f"{address} holds {one}, one-sided")
        return found


def grown(count_of: int, number: int, *, known: int = 8, gap: Seconds = 0.02) -> World:
    """Peers that join one after the other, each knowing some of those before it."""
    world = World(number)
    chance = Random(number)
    for index in range(count_of):
        world.add(index, map(peer_at, chance.sample(range(index), min(index, known))))
        world.run(gap)
    return world


def rushed(count_of: int, number: int, *, known: int = 8) -> World:
    """Peers that join all at once, each knowing some of all."""
    world = World(number)
    chance = Random(number)
    for index in range(count_of):
        world.add(index, map(peer_at, chance.sample(range(count_of), min(count_of, known))))
    return world


def halves_of(world: World) -> Callable[[Address, Address], bool]:
    """Whether two addresses lie in different halves of a network."""
    half = sorted(world.nodes)[: len(world.nodes) // 2]
    return lambda one, other: (one in half) != (other in half)


def assert_whole(world: World, *, least: int = 6) -> None:
    """One component, degrees within bounds, views in order, links mutual."""
    context = f"number {world.number}, {world.degrees()}"
    assert world.components() == [len(world.nodes)], context
    assert least <= world.degrees()[0], context
    assert world.degrees()[-1] <= 10, context
    assert world.faults() == [], context


# Whole networks.


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_200_peers_that_join_one_by_one_form_one_web(number: int) -> None:
    """Each finds enough neighbors, although those before it have enough already."""
    world = grown(200, number)
    world.run(2.0)

    assert_whole(world)


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_200_peers_that_join_at_once_form_one_web(number: int) -> None:
    """Nobody waits for another: within two seconds all have enough."""
    world = rushed(200, number)
    world.run(2.0)

    assert_whole(world)


@pytest.mark.parametrize(("size", "degree"), [(2, 1), (3, 2), (9, 8), (11, 10)])
def test_a_small_network_is_a_full_mesh(size: int, degree: int) -> None:
    """Also if each newcomer knows but one: up to 11 all hold all, after a while."""
    world = grown(size, size, known=1)
    world.run(120.0)

    assert world.degrees() == [degree] * size
    assert world.faults() == []


@pytest.mark.parametrize("share", [0.5, 0.8])
@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_survivors_of_a_mass_failure_are_one_component_at_once(number: int, share: float) -> None:
    """Refused dials are quick: within a fifth of a second the survivors hold together, all with enough neighbors."""
    world = rushed(200, number)
    world.run(25.0)
    world.crash(Random(number).sample(sorted(world.nodes), int(200 * share)))
    world.run(0.2)
    assert len(world.components()) == 1, f"number {number}: {world.components()}"
    world.run(5.0)

    assert_whole(world)


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_halves_that_were_apart_for_minutes_find_each_other(number: int) -> None:
    """Each half is whole in itself and lacks nothing; the old contacts are tried all the same."""
    world = rushed(40, number)
    world.run(15.0)
    world.cut = halves_of(world)
    world.sever()
    world.run(180.0)
    assert world.components() == [20, 20], f"number {number}"
    world.cut = lambda one, other: False
    world.run(60.0)

    assert_whole(world)


def test_a_peer_that_restarts_is_taken_back_at_once() -> None:
    """Its new life replaces the links of the old one, and its neighbors dial it as soon as they broke."""
    world = rushed(30, 1)
    world.run(5.0)
    address = peer_at(7)
    world.crash([address])
    world.run(0.02)
    world.add(7, [peer_at(3)], instance=1000)
    world.run(3.0)

    assert_whole(world)
    events = [event for node in world.nodes.values() for event in node.events]
    assert NeighborDied(address) not in events


def test_a_frozen_peer_is_replaced_and_taken_back() -> None:
    """It is dead after three intervals of silence; awake again, it finds neighbors like a newcomer."""
    world = rushed(30, 2)
    world.run(5.0)
    node = world.nodes.pop(peer_at(7))
    world.run(5.0)
    assert peer_at(7) not in [one.address for other in world.nodes.values() for one in other.overlay.neighbors]
    assert_whole(world)
    world.nodes[peer_at(7)] = node
    for end in tuple(node.ends.values()):
        world._lose(end, Failure.CLOSED)
    world._after(node)
    world.run(5.0)

    assert_whole(world)


def test_who_leaves_is_missed_by_nobody() -> None:
    """A goodbye is no death: no strikes, the places filled, and no contact kept."""
    world = rushed(30, 3)
    world.run(5.0)
    node = world.nodes[peer_at(7)]
    node.links.leave(world.now)
    node.outbox.next_unrouted()
    effects, _ = node.outbox.drain()
    for effect in effects:
        if isinstance(effect, Hangup):
            world._flush(node, effect.link)
    world.run(0.1)
    del world.nodes[peer_at(7)]
    world.run(5.0)

    assert_whole(world)
    events = [event for other in world.nodes.values() for event in other.events]
    assert NeighborDied(peer_at(7)) not in events
    assert Reason.LEFT in [event.reason for event in events if isinstance(event, NeighborDown)]


def test_the_same_number_gives_the_same_history() -> None:
    """All chance is given: every node says the same, in the same order."""
    histories = []
    for _ in range(2):
        world = grown(40, 5)
        world.run(20.0)
        histories.append([node.events for node in world.nodes.values()])

    assert histories[0] == histories[1]
