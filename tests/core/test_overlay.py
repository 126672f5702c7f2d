"""Overlay over links: a web that forms, keeps its bounds, and grows together again."""

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from random import Random

import pytest

from rumor.core.effects import Dial, Effect, Failure, Hangup, Wake
from rumor.core.events import (
    Accused,
    Alone,
    Event,
    LinkDown,
    LinkFailed,
    LinkReady,
    NeighborDown,
    NeighborUp,
    Reason,
)
from rumor.core.frames import (
    Contact,
    Control,
    ForwardJoin,
    Goodbye,
    Hello,
    NeighborAccepted,
    NeighborRequest,
    Parting,
    Probe,
    ProbeReply,
    Role,
    Shuffle,
    ShuffleReply,
    Verdict,
)
from rumor.core.hearing import Hearing
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.liveness.liveness import Liveness
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.overlay.overlay import Overlay
from rumor.core.settings import LinkSettings, LivenessSettings, OverlaySettings, ProbeSettings

from .helpers import ANA, BO, CY, DI, ME, SEED_NUMBERS, peer_at, peers_at

PATIENT = ProbeSettings(redial_wait=0.05)
"""A peer that is started anew at once has its address again before it is given up."""

ANA_ELSEWHERE, CY_ELSEWHERE = peers_at(200, 202)


class Node:
    """The three machines of one peer, composed as in core/peer.py, and what it said."""

    def __init__(self, address: Address, instance: int, rng: Random, settings: OverlaySettings) -> None:
        identity = Identity(address, network="test", epoch=instance, instance=instance)
        self.outbox = Outbox()
        self.address = address
        self.links = Links(identity, LinkSettings(), self.outbox)
        self.overlay = Overlay(identity, self.links, settings, self.outbox, rng)
        liveness = LivenessSettings()
        self.liveness = Liveness(
            self.links, identity, liveness, PATIENT, self.outbox, rng, Strangers(), Hearing(liveness)
        )
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
            self.liveness.heard(link, now)
            self._take(link, frame, now)

    def _take(self, link: int, frame: Control, now: Seconds) -> None:
        match frame:
            case Probe():
                self.liveness.on_probe(link, frame, now)
            case ProbeReply():
                self.overlay.note_round_trip(link, self.liveness.on_probe_reply(link, frame, now))
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
                    self.liveness.on_link_ready(event, now)
                    self.overlay.on_link_ready(event, now)
                case LinkFailed():
                    self.liveness.on_link_failed(event, now)
                    self.overlay.on_link_failed(event, now)
                case LinkDown():
                    self.overlay.on_link_down(event, now)
                    self.liveness.on_link_down(event, now)
                case NeighborUp(address, _, name, link):
                    self.liveness.watch(link, name, address, now)
                case NeighborDown(_, _, _, link):
                    self.liveness.unwatch(link)
                case Accused(name, verdict) if verdict is not Verdict.SUSPECT:
                    self.overlay.forget(Address.parse(name))

    def tick(self, now: Seconds) -> None:
        self.links.tick(now)
        self.overlay.tick(now)
        self.liveness.tick(now)

    def next_deadline(self) -> Seconds | None:
        deadlines = (machine.next_deadline() for machine in (self.links, self.overlay, self.liveness))
        return min((deadline for deadline in deadlines if deadline is not None), default=None)


class Strangers:
    """Nothing is known of members beside the neighbors."""

    def is_live(self, name: str) -> bool:
        """Whoever is asked for was a neighbor, and is not known to be dead."""
        return True

    def address_of(self, name: str) -> Address | None:
        """Names are addresses here."""
        return Address.parse(name)

    def next_to_visit(self, now: Seconds) -> Contact | None:
        """Nobody."""
        return None


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


@pytest.mark.parametrize("number", SEED_NUMBERS[:2])
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


@pytest.mark.parametrize(("number", "share"), [(0, 0.5), (1, 0.8), (2, 0.8)])
def test_survivors_of_a_mass_failure_are_one_component_at_once(number: int, share: float) -> None:
    """Refused dials are quick: within a fifth of a second the survivors hold together, all with enough neighbors."""
    world = rushed(200, number)
    world.run(12.0)
    world.crash(Random(number).sample(sorted(world.nodes), int(200 * share)))
    world.run(0.2)
    assert len(world.components()) == 1, f"number {number}: {world.components()}"
    world.run(5.0)

    assert_whole(world)


@pytest.mark.parametrize("number", SEED_NUMBERS[:2])
def test_halves_that_were_apart_for_minutes_find_each_other(number: int) -> None:
    """Each half is whole in itself and lacks nothing; the old contacts are tried all the same."""
    world = rushed(30, number)
    world.run(15.0)
    world.cut = halves_of(world)
    world.sever()
    world.run(120.0)
    assert world.components() == [15, 15], f"number {number}"
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
    assert not any(isinstance(event, Accused) for event in events)


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
    assert not any(isinstance(event, Accused) for event in events)
    assert Reason.LEFT in [event.reason for event in events if isinstance(event, NeighborDown)]


def test_the_same_number_gives_the_same_history() -> None:
    """All chance is given: every node says the same, in the same order."""
    histories = []
    for _ in range(2):
        world = grown(40, 5)
        world.run(20.0)
        histories.append([node.events for node in world.nodes.values()])

    assert histories[0] == histories[1]


# One node: inputs, and all that comes of them.


class Desk:
    """The overlay of one peer, whose links are made and broken by hand; nothing is due but what a test brings on."""

    def __init__(self, settings: OverlaySettings | None = None) -> None:
        self.outbox = Outbox()
        identity = Identity(ME, network="", epoch=1, instance=1)
        self.links = Links(identity, LinkSettings(), self.outbox)
        self.held: set[int] = set()
        """Links that somebody else needs."""
        self.overlay = Overlay(
            identity, self.links, settings or OverlaySettings(), self.outbox, Random(0), self.held.__contains__
        )
        self.now: Seconds = 0.0

    def link(self, link: int, address: Address, *, name: str = "", role: Role = Role.PEER) -> None:
        """A link stands: an even one that was dialled, or an odd one that is opened now."""
        if link % 2:
            self.links.on_accepted(link, address.host, self.now)
        else:
            self.links.on_dialled(link, self.now)
        hello = Hello(
            network="", role=role, name=name or str(address), address=address, epoch=1, instance=hash_of(address)
        )
        self.links.on_hello(link, hello, self.now)
        self.route()

    def neighbor(self, link: int, address: Address) -> None:
        """Somebody opened a link, asked, and is a neighbor."""
        self.link(link, address)
        self.overlay.on_neighbor_request(link, NeighborRequest(), self.now)
        self.route()
        assert link in [one.link for one in self.overlay.neighbors]

    def goodbye(self, link: int, parting: Parting, *contacts: Contact) -> None:
        self.links.on_goodbye(link, Goodbye(parting, "", contacts), self.now)
        self.route()

    def lose(self, link: int, failure: Failure) -> None:
        self.links.on_lost(link, failure, self.now)
        self.route()

    def tick(self, now: Seconds) -> None:
        self.now = now
        self.links.tick(now)
        self.overlay.tick(now)
        self.route()

    def route(self) -> None:
        while (event := self.outbox.next_unrouted()) is not None:
            match event:
                case LinkReady():
                    self.overlay.on_link_ready(event, self.now)
                case LinkFailed():
                    self.overlay.on_link_failed(event, self.now)
                case LinkDown():
                    self.overlay.on_link_down(event, self.now)

    def said(self) -> tuple[list[Effect], list[Event]]:
        """The effects but for wakes, and the events but for those of links."""
        effects, events = self.outbox.drain()
        quiet = (LinkReady, LinkFailed, LinkDown)
        return (
            [effect for effect in effects if not isinstance(effect, Wake)],
            [event for event in events if not isinstance(event, quiet)],
        )

    def dialled(self) -> list[Address]:
        """Whom it dialled since the last look, sorted."""
        return sorted(effect.to for effect in self.said()[0] if isinstance(effect, Dial))

    def sent(self, link: int) -> list[Control]:
        """What was sent over a link since the last look, without the Hello."""
        self.outbox.dry(link)
        return [frame for frame in self.outbox.take(link) if not isinstance(frame, Hello)]

    def contacts(self) -> list[Address]:
        return sorted(one.address for one in self.overlay.contacts)


def hash_of(address: Address) -> int:
    """An instance number for each address."""
    return sum(map(ord, address.host)) + address.port


def contact(address: Address) -> Contact:
    """The contact at an address, by its usual name."""
    return Contact(str(address), address)


def up(link: int, address: Address, reason: Reason) -> NeighborUp:
    """A neighbor came, under its usual name."""
    return NeighborUp(address, reason, str(address), link)


def down(link: int, address: Address, reason: Reason) -> NeighborDown:
    """A neighbor went, under its usual name."""
    return NeighborDown(address, reason, str(address), link)


def full_desk(size: int = 10) -> Desk:
    """A peer whose every place is taken by somebody that opened a link: 1, 3, 5 …"""
    desk = Desk()
    for index in range(size):
        desk.neighbor(2 * index + 1, peer_at(index))
        desk.sent(2 * index + 1)
    desk.said()
    return desk


# Looking for neighbors.


def test_two_contacts_are_tried_at_once_and_the_next_when_one_fails() -> None:
    """A refused dial is followed by the next at once."""
    desk = Desk()
    desk.overlay.learn([ANA, BO, CY], 0.0)
    first = desk.dialled()
    assert len(first) == 2
    desk.lose(2, Failure.UNREACHABLE)

    assert sorted([*first, *desk.dialled()]) == sorted([ANA, BO, CY])
    assert desk.contacts() == sorted([ANA, BO, CY])


def test_a_slow_contact_does_not_keep_others_waiting() -> None:
    """After a second without an answer others are tried beside it."""
    desk = Desk()
    desk.overlay.learn([ANA, BO, CY, DI], 0.0)
    first = desk.dialled()
    desk.tick(1.0)

    assert sorted(first + desk.dialled()) == sorted([ANA, BO, CY, DI])


def test_the_first_asked_begins_walks_and_all_are_urgent() -> None:
    """A newcomer has nobody: it is taken even if others must go, and one pass of walks is enough."""
    desk = Desk()
    desk.overlay.learn([ANA, BO], 0.0)
    (first, second) = [effect.to for effect in desk.said()[0] if isinstance(effect, Dial)]
    desk.link(2, first)
    desk.link(4, second)

    assert desk.sent(2) == [NeighborRequest(urgent=True, joining=True)]
    assert desk.sent(4) == [NeighborRequest(urgent=True, joining=False)]
    desk.overlay.on_neighbor_accepted(2, NeighborAccepted((contact(CY),)), 0.1)
    desk.overlay.on_neighbor_accepted(2, NeighborAccepted(), 0.1)
    effects, events = desk.said()
    assert events == [up(2, first, Reason.ASKED)]
    assert effects == [Dial(6, CY, 5.0)]


def test_an_original_node_is_no_contact_of_ours() -> None:
    """Who closes on the preface is left to the classic overlay."""
    desk = Desk()
    desk.overlay.learn([ANA], 0.0)
    desk.lose(2, Failure.CLOSED)

    assert desk.contacts() == []


def test_who_refuses_is_kept_as_a_contact_unless_it_is_not_ours() -> None:
    """Full today may have a place tomorrow; another network never will."""
    desk = Desk()
    desk.overlay.learn([ANA, BO], 0.0)
    (first, second) = [effect.to for effect in desk.said()[0] if isinstance(effect, Dial)]
    desk.goodbye(2, Parting.OTHER_NETWORK)
    desk.goodbye(4, Parting.CROSSED)

    assert second in desk.contacts()
    assert first not in desk.contacts()


def test_who_lacks_neighbors_tries_whom_a_full_node_handed_it_on_to() -> None:
    """They are there for sure; the others of the reserve may be dead."""
    desk = Desk()
    desk.overlay.remember([contact(peer_at(index)) for index in range(20, 60)])
    desk.overlay.learn([ANA], 0.0)
    links = {effect.link: effect.to for effect in desk.said()[0] if isinstance(effect, Dial)}
    desk.link(2, links[2])
    desk.goodbye(2, Parting.FULL, contact(BO), contact(CY))

    assert desk.dialled() == [BO]


def test_who_was_refused_often_asks_urgently_and_then_takes_its_time() -> None:
    """Three refusals, and below the minimum: in place of another. After six it waits."""
    desk = full_desk(1)
    desk.overlay.learn(peers_at(*range(20, 60)), 0.0)
    urgent = []
    for link in range(2, 16, 2):
        desk.link(link, peer_at(100 + link))
        urgent += [frame.urgent for frame in desk.sent(link) if isinstance(frame, NeighborRequest)]
        desk.goodbye(link, Parting.FULL)

    assert urgent == [False, False, False, True, True, True, True]
    desk.said()
    desk.overlay.learn([], 0.0)
    assert desk.dialled() == []
    assert (deadline := desk.overlay.next_deadline()) is not None
    assert deadline > 0.0


def test_the_last_contacts_are_tried_for_ever_ever_more_rarely() -> None:
    """All are out of reach: each wait is longer, up to a minute, and the first want of contacts asks the seeds."""
    desk = Desk()
    desk.neighbor(1, ANA)
    desk.said()
    desk.lose(1, Failure.CLOSED)
    assert desk.said() == ([], [down(1, ANA, Reason.BROKEN), Alone(0.0)])
    waits, last = [], 0.0
    for link in range(2, 42, 2):
        while not (dialled := desk.dialled()):
            due = desk.overlay.next_deadline()
            assert due is not None
            desk.tick(due)
        assert dialled == [ANA]
        waits.append(desk.now - last)
        last = desk.now
        desk.lose(link, Failure.UNREACHABLE)

    assert waits[0] < 1.1
    assert 30.0 < max(waits[8:]) <= 61.0
    assert desk.contacts() == [ANA]


def test_without_a_neighbor_a_list_gives_the_old_another_chance() -> None:
    """Somebody named addresses: perhaps the way is free again."""
    desk = Desk()
    desk.overlay.forget(BO)
    desk.overlay.learn([ANA], 0.0)

    assert desk.dialled() == [ANA, BO]


def test_who_is_alone_says_so_again_and_again() -> None:
    """The composer asks the seeds; the moment is that of the last neighbor's end."""
    desk = Desk()
    desk.overlay.join(0.0)
    assert desk.overlay.next_deadline() is not None
    desk.tick(1.0)
    desk.tick(3.0)

    assert desk.said() == ([], [Alone(0.0), Alone(0.0)])


def test_who_has_enough_again_leaves_the_old_alone() -> None:
    """The last contact was to be tried, but meanwhile others came; and nobody is there to shuffle with before that."""
    desk = Desk()
    desk.overlay.join(0.0)
    desk.overlay.learn([ANA], 0.0)
    desk.lose(2, Failure.UNREACHABLE)
    for index in range(8):
        desk.neighbor(2 * index + 1, peer_at(10 + index))
    desk.said()
    desk.tick(2.0)
    assert desk.dialled() == []

    lonely = Desk()
    lonely.overlay.join(0.0)
    lonely.tick(10.0)
    assert lonely.said() == ([], [Alone(0.0)])


def test_what_is_remembered_is_tried_at_joining() -> None:
    """Peers rejoin with every seed down."""
    desk = Desk()
    desk.overlay.remember([contact(ANA), contact(ME)])
    desk.overlay.join(0.0)

    assert desk.dialled() == [ANA]
    assert desk.contacts() == [ANA]


def test_a_spare_place_that_is_no_more_is_given_back() -> None:
    """Who asked and was accepted, but is full by now, says so, with others to ask."""
    desk = full_desk(7)
    desk.overlay.learn([peer_at(20)], 0.0)
    desk.link(2, peer_at(20))
    desk.overlay.places_taken(4)
    desk.overlay.on_neighbor_accepted(2, NeighborAccepted(), 0.0)
    desk.route()

    (_, goodbye) = desk.sent(2)
    assert isinstance(goodbye, Goodbye)
    assert (goodbye.reason, len(goodbye.contacts)) == (Parting.SURPLUS, 3)
    assert len(desk.overlay.neighbors) == 7


# Being asked.


def test_who_asks_is_taken_and_told_contacts() -> None:
    """A newcomer's walks go to others than itself."""
    desk = full_desk(3)
    desk.link(11, CY_ELSEWHERE)
    desk.overlay.on_neighbor_request(11, NeighborRequest(urgent=True, joining=True), 0.0)
    desk.overlay.on_neighbor_request(11, NeighborRequest(), 0.0)

    (answer,) = desk.sent(11)
    assert isinstance(answer, NeighborAccepted)
    assert sorted(answer.contacts, key=lambda one: one.address) == [contact(peer_at(index)) for index in range(3)]
    assert desk.said() == ([], [up(11, CY_ELSEWHERE, Reason.ACCEPTED)])
    for link in (1, 3, 5):
        assert desk.sent(link) == [ForwardJoin(contact(CY_ELSEWHERE), 6)]


def test_a_full_node_hands_on() -> None:
    """With some of its neighbors; nobody of them is disturbed."""
    desk = full_desk()
    desk.link(31, CY_ELSEWHERE)
    desk.overlay.on_neighbor_request(31, NeighborRequest(), 0.0)
    desk.route()

    (goodbye,) = desk.sent(31)
    assert isinstance(goodbye, Goodbye)
    assert (goodbye.reason, len(goodbye.contacts)) == (Parting.FULL, 3)
    assert desk.said() == ([Hangup(31)], [])


def test_a_full_node_gives_up_its_worst_link_for_one_in_need() -> None:
    """The farthest goes, and learns why and of the newcomer first."""
    desk = full_desk()
    desk.overlay.note_round_trip(7, 0.5)
    desk.link(31, CY_ELSEWHERE)
    desk.overlay.on_neighbor_request(31, NeighborRequest(urgent=True), 0.0)
    desk.route()

    (goodbye,) = desk.sent(7)
    assert isinstance(goodbye, Goodbye)
    assert (goodbye.reason, goodbye.contacts[0]) == (Parting.SWAPPED, contact(CY_ELSEWHERE))
    assert desk.said() == (
        [Hangup(7)],
        [down(7, peer_at(3), Reason.SWAPPED), up(31, CY_ELSEWHERE, Reason.ACCEPTED)],
    )
    assert desk.contacts() == [peer_at(3)]


def test_places_of_original_nodes_are_not_given_twice_but_the_minimum_is_ours() -> None:
    """Of ten places three are taken; with all ten taken six remain."""
    for taken, places in ((3, 7), (10, 6)):
        desk = Desk()
        desk.overlay.places_taken(taken)
        for index in range(places):
            desk.neighbor(2 * index + 1, peer_at(index))
        desk.link(31, CY_ELSEWHERE)
        desk.overlay.on_neighbor_request(31, NeighborRequest(), 0.0)
        assert len(desk.overlay.neighbors) == places


def test_nobody_is_given_up_where_there_is_nobody() -> None:
    """Even if all places are kept for those that we asked, there is no error."""
    settings = OverlaySettings(active_min=1, active_wanted=1, active_max=1)
    desk = Desk(settings)
    desk.overlay.learn([ANA], 0.0)
    desk.link(2, ANA)
    desk.link(1, BO)
    desk.overlay.on_neighbor_request(1, NeighborRequest(urgent=True), 0.0)

    assert [goodbye.reason for goodbye in desk.sent(1) if isinstance(goodbye, Goodbye)] == [Parting.FULL]


def test_a_request_on_a_link_that_is_gone_is_nothing() -> None:
    """A late message never makes a neighbor."""
    desk = Desk()
    desk.overlay.on_neighbor_request(1, NeighborRequest(urgent=True), 0.0)
    desk.overlay.on_neighbor_accepted(1, NeighborAccepted(), 0.0)
    desk.overlay.note_round_trip(1, 0.1)

    assert desk.said() == ([], [])


def test_our_own_name_and_seeds_are_no_neighbors() -> None:
    """Two nodes under one name, and a seed taken for a peer: both are told."""
    desk = Desk()
    desk.link(1, ANA, name=str(ME))
    desk.link(3, BO, role=Role.SEED)

    assert desk.sent(1) == [Goodbye(Parting.REPLACED, "two nodes live under this name")]
    assert desk.sent(3) == [Goodbye(Parting.NOT_A_PEER)]
    assert desk.contacts() == []


def test_a_link_without_a_purpose_is_closed() -> None:
    """Who opened it asks nothing, or does not answer what we ask: five seconds; only the silent one is doubted."""
    desk = Desk()
    desk.overlay.learn([ANA], 0.0)
    desk.link(2, ANA)
    desk.link(1, BO)
    desk.said()
    desk.sent(2)
    desk.tick(5.0)

    assert desk.sent(1) == [Goodbye(Parting.DONE)]
    assert desk.sent(2) == [Goodbye(Parting.SILENT)]
    assert desk.contacts() == [ANA, BO]


@pytest.mark.parametrize(
    ("parting", "reason"),
    [
        (Parting.LEAVING, Reason.LEFT),
        (Parting.SILENT, Reason.FORGOT_US),
        (Parting.SURPLUS, Reason.SURPLUS),
        (Parting.BAD_FRAME, Reason.FAULT),
        (Parting.NOT_A_PEER, Reason.REFUSED),
    ],
)
def test_each_end_of_a_neighbor_has_its_reason(parting: Parting, reason: Reason) -> None:
    """What the other side said, in the words of events."""
    desk = full_desk(8)
    desk.goodbye(1, parting)

    assert desk.said()[1] == [down(1, peer_at(0), reason)]


def test_a_neighbor_that_we_found_silent_is_dead() -> None:
    """The probes closed the link: the reason is ours, not the other side's."""
    desk = full_desk(8)
    desk.links.part(1, Parting.SILENT, now=0.0)
    desk.route()
    desk.overlay.forget(peer_at(0))
    desk.overlay.forget(peer_at(1))

    assert desk.said()[1] == [down(1, peer_at(0), Reason.DEAD)]
    assert desk.contacts() == [peer_at(0)]


# Walks.


def test_a_walk_goes_on_to_somebody_else_and_leaves_the_newcomer_halfway() -> None:
    """One step less, not back, and with three steps left the newcomer becomes a contact."""
    desk = full_desk(8)
    desk.overlay.on_forward_join(1, ForwardJoin(contact(CY_ELSEWHERE), 3), 0.0)

    frames = {link: desk.sent(link) for link in range(1, 17, 2)}
    assert frames.pop(1) == []
    assert [sent for sent in frames.values() if sent] == [[ForwardJoin(contact(CY_ELSEWHERE), 2)]]
    assert desk.contacts() == [CY_ELSEWHERE]


def test_the_end_of_a_walk_dials_the_newcomer() -> None:
    """If it lacks a neighbor itself; a newcomer that it is dialling already is left alone."""
    desk = full_desk(5)
    for _ in range(2):
        desk.overlay.on_forward_join(1, ForwardJoin(contact(CY_ELSEWHERE), 0), 0.0)
    assert desk.said() == ([Dial(2, CY_ELSEWHERE, 5.0)], [])

    settled = full_desk(8)
    settled.overlay.on_forward_join(1, ForwardJoin(contact(CY_ELSEWHERE), 0), 0.0)
    assert settled.said() == ([], [])
    assert settled.contacts() == [CY_ELSEWHERE]


def test_walks_of_strangers_and_for_ourselves_are_dropped() -> None:
    """Only a neighbor's walk counts, and only if it is for somebody else."""
    desk = full_desk(2)
    desk.overlay.on_forward_join(9, ForwardJoin(contact(CY_ELSEWHERE), 0), 0.0)
    desk.overlay.on_forward_join(1, ForwardJoin(contact(ME), 0), 0.0)

    assert desk.said() == ([], [])
    assert desk.contacts() == []


def test_a_shuffle_walks_on_to_whom_it_has_not_met() -> None:
    """With our name on its path, and one step less."""
    desk = full_desk(3)
    met = (str(peer_at(9)), str(peer_at(1)))
    desk.overlay.on_shuffle(1, Shuffle(met, 4, (contact(CY_ELSEWHERE),)), 0.0)

    assert desk.sent(5) == [Shuffle((*met, str(ME)), 3, (contact(CY_ELSEWHERE),))]
    assert desk.sent(1) == desk.sent(3) == []


def test_the_end_of_a_shuffle_answers_the_way_it_came() -> None:
    """With some of its own contacts, none of them the asker; and takes those that came."""
    desk = full_desk(8)
    desk.overlay.on_shuffle(1, Shuffle(("far", str(peer_at(0))), 0, (contact(CY_ELSEWHERE), contact(peer_at(1)))), 0.0)

    (reply,) = desk.sent(1)
    assert isinstance(reply, ShuffleReply)
    assert reply.path == ("far",)
    assert contact(peer_at(0)) not in reply.contacts
    assert desk.contacts() == [CY_ELSEWHERE]


def test_a_reply_goes_back_along_the_path_while_it_stands() -> None:
    """To the neighbor named last; where that is none any more, it is dropped."""
    desk = full_desk(2)
    desk.overlay.on_shuffle_reply(1, ShuffleReply(("far", str(peer_at(1))), (contact(CY_ELSEWHERE),)), 0.0)
    desk.overlay.on_shuffle_reply(1, ShuffleReply(("far", "gone"), (contact(CY_ELSEWHERE),)), 0.0)

    assert desk.sent(3) == [ShuffleReply(("far",), (contact(CY_ELSEWHERE),))]
    assert (desk.said(), desk.contacts()) == (([], []), [])


def test_only_the_reply_to_our_own_shuffle_is_taken_once() -> None:
    """Nobody fills our reserve unasked."""
    desk = full_desk(8)
    desk.overlay.on_shuffle_reply(1, ShuffleReply((), (contact(CY_ELSEWHERE),)), 0.0)
    desk.overlay.on_shuffle(99, Shuffle(("x",), 0, (contact(CY_ELSEWHERE),)), 0.0)
    assert desk.contacts() == []
    desk.overlay.join(0.0)
    desk.tick(90.0)
    asked = [link for link in range(1, 17, 2) for frame in desk.sent(link) if isinstance(frame, Shuffle)]
    assert len(asked) == 1
    desk.overlay.on_shuffle_reply(asked[0], ShuffleReply((), (contact(CY_ELSEWHERE),)), 90.1)
    desk.overlay.on_shuffle_reply(asked[0], ShuffleReply((), (contact(ANA_ELSEWHERE),)), 90.1)

    assert desk.contacts() == [CY_ELSEWHERE]


# The look outside.


def outside(desk: Desk) -> None:
    """Let the look outside fall due, and nothing else be sent."""
    desk.overlay.join(desk.now)
    desk.tick(desk.now + 45.0)
    for link in range(1, 21, 2):
        desk.sent(link)


def test_a_contact_is_visited_although_all_is_well() -> None:
    """Contacts are exchanged, and the link is closed: it is done."""
    desk = full_desk()
    desk.overlay.remember([contact(CY_ELSEWHERE)])
    outside(desk)
    assert desk.dialled() == [CY_ELSEWHERE]
    desk.link(2, CY_ELSEWHERE)
    (visit,) = desk.sent(2)
    assert isinstance(visit, Shuffle)
    assert (visit.path, visit.steps_left, visit.contacts[0]) == ((str(ME),), 0, contact(ME))
    desk.overlay.on_shuffle_reply(2, ShuffleReply((), (contact(ANA_ELSEWHERE),)), desk.now)
    desk.route()

    assert desk.sent(2) == [Goodbye(Parting.DONE)]
    assert desk.contacts() == sorted([ANA_ELSEWHERE, CY_ELSEWHERE])
    assert len(desk.overlay.neighbors) == 10


def test_a_visited_link_that_somebody_else_needs_is_closed_when_that_is_over() -> None:
    """As a visit that is done: who was visited is a contact as before."""
    desk = full_desk()
    desk.overlay.remember([contact(CY_ELSEWHERE)])
    outside(desk)
    desk.link(2, CY_ELSEWHERE)
    desk.sent(2)
    desk.held.add(2)
    desk.overlay.on_shuffle_reply(2, ShuffleReply((), (contact(ANA_ELSEWHERE),)), desk.now)
    for _ in range(3):
        desk.tick(desk.now + 10.0)
        assert desk.sent(2) == []

    desk.held.clear()
    desk.tick(desk.now + 10.0)

    assert desk.sent(2) == [Goodbye(Parting.DONE)]
    assert CY_ELSEWHERE in desk.contacts()


def test_a_visitor_is_answered() -> None:
    """Whoever opened a link and shuffles is no neighbor for it."""
    desk = full_desk()
    desk.link(31, CY_ELSEWHERE)
    desk.overlay.on_shuffle(31, Shuffle((str(CY_ELSEWHERE),), 6, (contact(ANA_ELSEWHERE),)), 0.0)

    (reply,) = desk.sent(31)
    assert isinstance(reply, ShuffleReply)
    assert reply.path == ()
    desk.goodbye(31, Parting.DONE)
    assert desk.contacts() == sorted([ANA_ELSEWHERE, CY_ELSEWHERE])


def test_an_old_contact_that_is_there_again_is_taken_even_by_a_full_node() -> None:
    """It may be the other half of a network that was cut: both sides make room."""
    desk = full_desk()
    desk.overlay.forget(CY_ELSEWHERE)
    outside(desk)
    assert desk.dialled() == [CY_ELSEWHERE]
    desk.link(2, CY_ELSEWHERE)
    assert desk.sent(2) == [NeighborRequest(urgent=True, joining=False)]
    desk.overlay.on_neighbor_accepted(2, NeighborAccepted(), desk.now)
    desk.route()

    (gone, came) = desk.said()[1]
    assert isinstance(gone, NeighborDown)
    assert (gone.reason, came) == (Reason.SWAPPED, up(2, CY_ELSEWHERE, Reason.ASKED))
    assert len(desk.overlay.neighbors) == 10


def test_what_was_cut_off_is_tried_again_and_again() -> None:
    """More are out of reach than are there: a cut is likelier than so many deaths, and soon noticed when it ends."""
    desk = full_desk()
    desk.overlay.join(0.0)
    for address in peers_at(*range(100, 112)):
        desk.overlay.forget(address)
    desk.lose(1, Failure.SILENT)

    for moment in (4.5, 9.0):
        desk.tick(moment)
        assert len(desk.dialled()) == 1


def test_a_cut_that_lasts_hides_no_other_network() -> None:
    """Where most are dead for good, what a seed named is tried among them; who is there is not visited for it."""
    desk = full_desk()
    unmet, there = peers_at(200, 202)
    for address in peers_at(*range(100, 124)):
        desk.overlay.forget(address)
    desk.overlay.learn([unmet], 0.0)
    desk.overlay.remember([contact(there)])
    desk.overlay.join(0.0)

    tried = []
    for turn in range(20):
        desk.tick(4.5 * (turn + 1))
        tried += desk.dialled()

    assert unmet in tried
    assert there not in tried


def test_a_broken_link_that_is_made_anew_asks_to_be_neighbors_again() -> None:
    """The probes dialled it, not the overlay: its purpose is the old one."""
    desk = full_desk(8)
    desk.lose(1, Failure.CLOSED)
    link = desk.links.dial(peer_at(0), 0.0)
    desk.link(link, peer_at(0))

    assert desk.sent(link) == [NeighborRequest(urgent=False, joining=False)]
