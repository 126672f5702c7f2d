"""A small web for tests of the directory alone: peers on a graph, virtual time, frames as bytes.

Each node has a directory and nothing else. Frames take a latency and keep their order on a link; a link can be cut so
that what is under way is lost. Who watches whom, and finds what, is for the tests to say.
"""

import heapq
from collections.abc import Callable, Iterable
from itertools import count
from random import Random

from rumor.core.clock import WallClock
from rumor.core.directory.directory import Directory
from rumor.core.effects import Wake
from rumor.core.events import Accused, Event, MemberChanged
from rumor.core.frames import Claims, Control, MembersBuckets, MembersSummary, Verdict, Watching
from rumor.core.hearing import Hearing
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.members import Member, State
from rumor.core.outbox import Outbox
from rumor.core.settings import DirectorySettings, LivenessSettings
from rumor.wire.frames import decode, encode

DAWN: Seconds = 1_700_000_000.0
"""The time of day at moment 0."""

LATENCY: Seconds = 0.001


class MemberNode:
    """One peer's directory, and what it said."""

    def __init__(self, web: "MembersWeb", name: str, epoch: int, number: int) -> None:
        self.web = web
        self.name = name
        self.identity = Identity(Address(f"10.0.{number // 250}.{number % 250 + 1}", 4000), name=name, epoch=epoch)
        self.outbox = Outbox()
        self.directory = Directory(
            self.identity, WallClock(DAWN), web.settings, self.outbox, Random(number), Hearing(LivenessSettings())
        )
        self.links: dict[int, tuple[MemberNode, int]] = {}
        self.events: list[Event] = []
        self.up = True
        self.alarm: Seconds | None = None

    @property
    def neighbors(self) -> list["MemberNode"]:
        """Those at the other ends of its links."""
        return [other for other, _ in self.links.values()]

    def states(self) -> dict[str, State]:
        """By name, how all members are."""
        return {member.name: member.state for member in self.directory.members()}

    def changes(self, name: str) -> list[State]:
        """The states of one member, as they were told."""
        changes = [event.change for event in self.events if isinstance(event, MemberChanged)]
        return [change.member.state for change in changes if change.member.name == name]


class MembersWeb:
    """All nodes, and what is under way. `number` decides what chance decides."""

    def __init__(self, number: int = 0, settings: DirectorySettings | None = None) -> None:
        self.rng = Random(number)
        self.settings = settings or DirectorySettings()
        self.now: Seconds = 100.0
        self.nodes: list[MemberNode] = []
        self.bytes: dict[type[Control], int] = {}
        self._heap: list[tuple[Seconds, int, Callable[[], None]]] = []
        self._order = count()
        self._links = count(1)

    @property
    def live(self) -> list[MemberNode]:
        """The nodes that are up."""
        return [node for node in self.nodes if node.up]

    def node(self, name: str = "", *, epoch: int = 1_000, tags: dict[str, str] | None = None) -> MemberNode:
        """A new node without links."""
        node = MemberNode(self, name or f"n{len(self.nodes):03}", epoch, len(self.nodes))
        self.nodes.append(node)
        node.directory.begin(self.now, tags or {})
        self.step(node)
        return node

    def connect(self, one: MemberNode, other: MemberNode) -> None:
        """Make two nodes neighbors."""
        first, second = next(self._links), next(self._links)
        one.links[first] = (other, second)
        other.links[second] = (one, first)
        for node, link, there in ((one, first, other), (other, second, one)):
            node.outbox.open_link(link)
            who = there.identity
            node.directory.heard_directly(who.name, who.address, who.epoch, self.now, link)
            node.directory.add_link(link, who.name, self.now)
        for node in (one, other):
            self.step(node)

    def disconnect(self, one: MemberNode, other: MemberNode) -> None:
        """End the links between two nodes; what is under way is lost."""
        for node, there in ((one, other), (other, one)):
            for link in [link for link, (peer, _) in node.links.items() if peer is there]:
                del node.links[link]
                node.outbox.close_link(link)
                node.directory.remove_link(link)
            self.step(node)

    def graph(self, size: int, degree: int) -> list[MemberNode]:
        """So many nodes in a random connected graph of about this degree."""
        nodes = [self.node() for _ in range(size)]
        pairs = {frozenset((index, (index + 1) % size)) for index in range(size) if size > 2} or {frozenset((0, 1))}
        while len(pairs) < min(size * degree // 2, size * (size - 1) // 2):
            pairs.add(frozenset(self.rng.sample(range(size), 2)))
        for first, second in sorted(sorted(pair) for pair in pairs):
            self.connect(nodes[first], nodes[second])
        return nodes

    def crash(self, node: MemberNode, verdict: Verdict = Verdict.REFUSED) -> None:
        """End a node; each of its neighbors finds it so."""
        node.up = False
        for other in node.neighbors:
            self.disconnect(other, node)
            if other.up:
                self.accuse(other, node, verdict)

    def accuse(self, node: MemberNode, victim: MemberNode, verdict: Verdict) -> None:
        """Let a node find another one dead."""
        node.directory.on_accused(Accused(victim.name, verdict, 3, 1, 0.5, 0.0), self.now)
        self.step(node)

    def forge(self, node: MemberNode, frame: Claims) -> None:
        """Let a node tell its neighbors whatever it likes."""
        for link in node.links:
            node.outbox.send(link, frame)
        self.step(node)

    # Time.

    def run(self, duration: Seconds) -> None:
        """Let time pass."""
        self.run_until(lambda: False, at_most=duration)

    def run_until(self, reached: Callable[[], bool], *, at_most: Seconds) -> bool:
        """Let time pass until something is so; returns whether it is."""
        end = self.now + at_most
        while not reached():
            if not self._heap or self._heap[0][0] > end:
                self.now = end
                return reached()
            self.now = self._heap[0][0]
            while self._heap and self._heap[0][0] <= self.now:
                heapq.heappop(self._heap)[2]()
        return True

    def agree(self, nodes: Iterable[MemberNode] | None = None) -> bool:
        """Whether all that live hold the same, and so judge the same."""
        nodes = list(self.live if nodes is None else nodes)
        same_hash = len({node.directory.hash() for node in nodes}) == 1
        return same_hash and all(node.states() == nodes[0].states() for node in nodes)

    def step(self, node: MemberNode) -> None:
        """End a node's turn, and do what it wants done."""
        node.directory.end_turn(self.now)
        while True:
            effects, events = node.outbox.drain()
            if not effects and not events:
                break
            node.events += events
            for effect in effects:
                assert isinstance(effect, Wake)
                self._send(node, effect.link)
        deadline = node.directory.next_deadline()
        if deadline is not None and deadline != node.alarm:
            node.alarm = deadline
            self._at(max(self.now, deadline), lambda: self._ring(node, deadline))

    def _at(self, moment: Seconds, action: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (moment, next(self._order), action))

    def _ring(self, node: MemberNode, deadline: Seconds) -> None:
        if node.up and deadline == node.alarm:
            node.alarm = None
            node.directory.tick(self.now)
            self.step(node)

    def _send(self, node: MemberNode, link: int) -> None:
        """Pull a link dry: its other side gets the frames after the latency."""
        while link in node.links:
            out = [*node.outbox.take(link), *node.directory.pull(link, 1 << 14)]
            if not out:
                node.outbox.dry(link)
                return
            other, theirs = node.links[link]
            for frame in out:
                self._at(self.now + LATENCY, self._arrival(other, theirs, encode(frame)))
                self.bytes[type(frame)] = self.bytes.get(type(frame), 0) + len(encode(frame))

    def _arrival(self, node: MemberNode, link: int, data: bytes) -> Callable[[], None]:
        def arrive() -> None:
            if node.up and link in node.links:
                self._take(node, link, data)
                self.step(node)

        return arrive

    def _take(self, node: MemberNode, link: int, data: bytes) -> None:
        directory = node.directory
        match decode(data[4], data[5:]):
            case Claims() as frame:
                directory.on_claims(link, frame, self.now)
            case Watching() as frame:
                directory.on_watching(link, frame)
            case MembersSummary() as frame:
                directory.on_summary(link, frame, self.now)
            case MembersBuckets() as frame:
                directory.on_buckets(link, frame, self.now)
            case other:
                raise AssertionError(other)


def listed(node: MemberNode, name: str) -> Member:
    """A member as a node lists it; it must be known."""
    member = node.directory.member(name)
    assert member is not None
    return member
