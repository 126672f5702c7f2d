"""A small web for tests of broadcast alone: peers on a fixed graph, virtual time, frames as objects.

Each node has the machines that deal with streams and nothing else. Frames take a latency, keep their order on a link,
and may be lost; a frozen node reads nothing until it thaws.
"""

import heapq
from collections.abc import Callable, Iterable
from itertools import count
from random import Random

from rumor.core.broadcast.antientropy import AntiEntropy
from rumor.core.broadcast.broadcast import Broadcast
from rumor.core.broadcast.streams import Stream
from rumor.core.clock import WallClock
from rumor.core.effects import Wake
from rumor.core.events import Event, OriginWanted, RumorsLost, RunDelivered
from rumor.core.frames import (
    Acknowledgement,
    Buckets,
    Digest,
    DigestEntry,
    Frame,
    Gone,
    Graft,
    Heads,
    Lane,
    Outgoing,
    Prune,
    RawRecord,
    Run,
    RunRecord,
    StreamId,
    Summary,
    Want,
)
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import Settings
from rumor.wire import frames

VISIT: Seconds = 5.0
"""How long a link stands that was made to ask an origin."""

DAWN = 1_700_000_000.0


class WebNode:
    """One peer's streams, and what its application got."""

    def __init__(self, web: "Web", index: int, settings: Settings, epoch: int) -> None:
        self.web = web
        self.index = index
        self.epoch = epoch
        self.name = f"10.0.{index // 250}.{index % 250 + 1}:4000"
        identity = Identity(Address.parse(self.name), epoch=epoch, instance=index + 1)
        self.outbox = Outbox()
        self.broadcast = Broadcast(
            identity, settings, WallClock(DAWN), self.outbox, frames.encode_run, lambda link: 2 * web.latency
        )
        self.antientropy = AntiEntropy(
            settings.antientropy,
            self.broadcast.streams,
            self.outbox,
            Random(index),
            self.broadcast.origin.head_for_newcomer,
        )
        self.links: dict[int, tuple[WebNode, int]] = {}
        self.events: list[Event] = []
        self.rumors: dict[tuple[str, int], list[int]] = {}
        self.lost: dict[tuple[str, int], list[tuple[int, int]]] = {}
        self.ends: dict[tuple[str, int], int] = {}
        self.fresh: set[tuple[str, int, int]] = set()
        self.copies: dict[tuple[str, int, int], int] = {}
        self.hops: dict[tuple[str, int, int], int] = {}
        self.visits: set[int] = set()
        self.frozen = False
        self.up = True
        self.waiting: list[tuple[int, Frame]] = []
        self.alarm: Seconds | None = None

    def got(self, origin: "WebNode") -> list[int]:
        """The numbers of an origin's rumors, in order of delivery."""
        return [number for (name, _), numbers in self.rumors.items() if name == origin.name for number in numbers]

    def missed(self, origin: "WebNode") -> list[tuple[int, int]]:
        """What of an origin was declared lost."""
        return [span for (name, _), spans in self.lost.items() if name == origin.name for span in spans]


class Web:
    """All nodes and what is under way. `number` decides what chance decides."""

    def __init__(self, number: int = 0, *, settings: Settings | None = None, latency: Seconds = 0.001) -> None:
        self.rng = Random(number)
        self.settings = settings or Settings()
        self.latency = latency
        self.loss = 0.0
        self.now: Seconds = 100.0
        self.nodes: list[WebNode] = []
        self._heap: list[tuple[Seconds, int, Callable[[], None]]] = []
        self._order = count()
        self._links = count(1)
        self.cut: set[frozenset[int]] = set()

    def node(self, epoch: int = 1_700_000_000_000) -> WebNode:
        """A new node without links."""
        return self._begin(WebNode(self, len(self.nodes), self.settings, epoch))

    def rebirth(self, node: WebNode, epoch: int) -> WebNode:
        """A new process under the name of one that is gone."""
        return self._begin(WebNode(self, node.index, self.settings, epoch))

    def _begin(self, node: WebNode) -> WebNode:
        self.nodes.append(node)
        node.broadcast.begin(self.now)
        node.broadcast.heard_hello(0, self.now)
        return node

    def connect(self, one: WebNode, other: WebNode) -> None:
        """A link between two nodes."""
        first, second = next(self._links), next(self._links)
        one.links[first] = (other, second)
        other.links[second] = (one, first)
        for node, link in ((one, first), (other, second)):
            node.outbox.open_link(link)
            node.antientropy.add_link(link, self.now)
            node.broadcast.add_link(link, node.links[link][0].epoch, self.now)
            self.step(node)

    def disconnect(self, one: WebNode, other: WebNode) -> None:
        """Break every link between two nodes; both are told."""
        for node, there in ((one, other), (other, one)):
            for link in [link for link, (peer, _) in node.links.items() if peer is there]:
                del node.links[link]
                node.outbox.close_link(link)
                if link in node.visits:
                    node.visits.discard(link)
                    node.broadcast.remove_visitor(link)
                else:
                    node.antientropy.remove_link(link)
                    node.broadcast.remove_link(link, self.now)
                self.step(node)

    def crash(self, node: WebNode) -> None:
        """End a node: its links break."""
        node.up = False
        for other, _ in list(node.links.values()):
            self.disconnect(other, node)

    def freeze(self, node: WebNode) -> None:
        """Stop a node: it neither reads nor ticks."""
        node.frozen = True

    def thaw(self, node: WebNode) -> None:
        """Let it go on: it is late, and reads what has come."""
        node.frozen = False
        node.broadcast.slept(self.now)
        waiting, node.waiting = node.waiting, []
        for link, frame in waiting:
            self._take(node, link, frame)
        self._turn(node)
        self._ring(node, None)

    def graph(self, size: int, degree: int) -> list[WebNode]:
        """So many nodes in a random connected graph of about this degree."""
        nodes = [self.node() for _ in range(size)]
        pairs = {frozenset((index, (index + 1) % size)) for index in range(size) if size > 1}
        while len(pairs) < min(size * degree // 2, size * (size - 1) // 2):
            pairs.add(frozenset(self.rng.sample(range(size), 2)))
        for pair in sorted(sorted(pair) for pair in pairs):
            if len(pair) == 2:
                self.connect(nodes[pair[0]], nodes[pair[1]])
        return nodes

    def publish(self, node: WebNode, payload: bytes = b"news", topic: str = "", count: int = 1) -> int:
        """Let a node say something so many times, in one turn; returns the last number."""
        last = 0
        for _ in range(count):
            last = node.broadcast.publish(payload, topic, self.now)
        self._turn(node)
        return last

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
            self.now, _, action = heapq.heappop(self._heap)
            action()
        return True

    def at(self, moment: Seconds, action: Callable[[], None]) -> None:
        """Plan something."""
        heapq.heappush(self._heap, (moment, next(self._order), action))

    def step(self, node: WebNode) -> None:
        """Do what a node wants done."""
        while True:
            effects, events = node.outbox.drain()
            if not effects and not events:
                break
            for event in events:
                self._note(node, event)
            for effect in effects:
                if isinstance(effect, Wake):
                    self._send(node, effect.link)
        deadlines = (node.broadcast.next_deadline(), node.antientropy.next_deadline())
        deadline = min((moment for moment in deadlines if moment is not None), default=None)
        if deadline is not None and deadline != node.alarm:
            node.alarm = deadline
            self.at(max(self.now, deadline), lambda: self._ring(node, deadline))

    def _ring(self, node: WebNode, deadline: Seconds | None) -> None:
        if node.frozen or not node.up or (deadline is not None and deadline != node.alarm):
            return
        node.alarm = None
        node.antientropy.tick(self.now)
        node.broadcast.tick(self.now)
        self._turn(node)

    def _turn(self, node: WebNode) -> None:
        node.broadcast.end_turn(self.now)
        self.step(node)

    def _send(self, node: WebNode, link: int) -> None:
        """Pull a link dry: its other side gets the frames after the latency, or never."""
        while link in node.links:
            out: list[Outgoing] = [*node.outbox.take(link), *node.broadcast.pull(link, 1 << 18, self.now)]
            if not out:
                node.outbox.dry(link)
                return
            other, theirs = node.links[link]
            for frame in out:
                lost = self.loss > 0 and self.rng.random() < self.loss
                if not lost and frozenset((node.index, other.index)) not in self.cut:
                    self.at(self.now + self.latency, self._arrival(other, theirs, _incoming(frame)))

    def _arrival(self, node: WebNode, link: int, frame: Frame) -> Callable[[], None]:
        def arrive() -> None:
            if node.frozen:
                node.waiting.append((link, frame))
            elif node.up and link in node.links:
                self._take(node, link, frame)
                self._turn(node)

        return arrive

    def _take(self, node: WebNode, link: int, frame: Frame) -> None:
        broadcast = node.broadcast
        match frame:
            case RunRecord():
                key = (frame.run.origin, frame.run.epoch, frame.run.number)
                node.copies[key] = node.copies.get(key, 0) + 1
                node.hops.setdefault(key, frame.hops + 1)
                broadcast.on_run(link, frame, self.now)
            case Prune():
                broadcast.on_prune(link, frame, self.now)
            case Graft():
                broadcast.on_graft(link, frame, self.now)
            case Want():
                broadcast.on_want(link, frame)
            case Gone():
                broadcast.on_gone(link, frame, self.now)
            case Digest():
                broadcast.on_digest(link, frame.entries, self.now)
            case Acknowledgement():
                broadcast.on_acknowledgement(link, frame, self.now)
            case Summary():
                node.antientropy.on_summary(link, frame)
            case Buckets():
                node.antientropy.on_buckets(link, frame)
            case Heads():
                broadcast.on_digest(link, frame.entries, self.now)
                if node.antientropy.on_heads(link, frame):
                    broadcast.joined = True
            case _:
                raise AssertionError(f"{frame} is not about streams")

    def _note(self, node: WebNode, event: Event) -> None:
        node.events.append(event)
        if isinstance(event, RunDelivered):
            self._check_fresh(node, event)
        if isinstance(event, RumorsLost) or (isinstance(event, RunDelivered) and event.ordered):
            self._check_order(node, event)
        if isinstance(event, RunDelivered) and event.ordered and not event.own:
            numbers = node.rumors.setdefault((event.run.origin, event.run.epoch), [])
            numbers += range(event.run.first, event.run.last + 1)
        elif isinstance(event, OriginWanted):
            self._visit(node, event.origin)
        elif isinstance(event, RumorsLost):
            node.lost.setdefault((event.origin, event.epoch), []).append((event.first, event.last))

    def _check_fresh(self, node: WebNode, event: RunDelivered) -> None:
        """Each rumor is told for the first time once, and never after it was declared lost."""
        run = event.run
        for number in range(run.first, run.last + 1) if event.fresh else ():
            assert (run.origin, run.epoch, number) not in node.fresh, f"{node.name} got {number} anew"
            assert number > node.ends.get((run.origin, run.epoch), 0), f"{node.name} got {number} after it was lost"
            node.fresh.add((run.origin, run.epoch, number))

    def _check_order(self, node: WebNode, event: RunDelivered | RumorsLost) -> None:
        """What is delivered in order and what is lost follow each other without gap or overlap."""
        told = event.run if isinstance(event, RunDelivered) else event
        end = node.ends.get((told.origin, told.epoch))
        assert end is None or told.first == end + 1, f"{node.name} was told of {told.first} after {end}"
        node.ends[told.origin, told.epoch] = told.last

    def frames_of(self, node: WebNode, what: Callable[[], None]) -> list[RunRecord]:
        """The runs that a node's list took in while something was done, as they go over a link."""
        end = node.broadcast.list.end
        what()
        entries = [entry for entry in node.broadcast.list if entry.position >= end]
        return [RunRecord(0, 0, False, frames.decode_run(entry.raw), entry.raw) for entry in entries]

    def _part(self, node: WebNode, link: int) -> None:
        """End a visit."""
        if link in node.links:
            other, theirs = node.links[link]
            for end, number in ((node, link), (other, theirs)):
                del end.links[number]
                end.visits.discard(number)
                end.outbox.close_link(number)
                end.broadcast.remove_visitor(number)
                self.step(end)

    def _visit(self, node: WebNode, origin: str) -> None:
        """Dial an origin: a link that is no neighbor's, if it can be reached."""
        there = next((other for other in self.nodes if other.name == origin and other.up and not other.frozen), None)
        if there is None or frozenset((node.index, there.index)) in self.cut:
            node.broadcast.repair.on_origin_dialled(origin, self.now)
            return
        ours, theirs = next(self._links), next(self._links)
        node.links[ours] = (there, theirs)
        there.links[theirs] = (node, ours)
        for end, link in ((node, ours), (there, theirs)):
            end.outbox.open_link(link)
            end.broadcast.add_visitor(link)
            end.visits.add(link)
        node.broadcast.repair.on_origin_dialled(origin, self.now)
        self.at(self.now + VISIT, lambda: self._part(node, ours))


def _incoming(frame: Outgoing) -> Frame:
    """What leaves as bytes comes as a run."""
    if isinstance(frame, RawRecord):
        return RunRecord(frame.hops, frame.age, frame.repair, frames.decode_run(frame.raw), frame.raw)
    return frame


def complete(web: Web, origin: WebNode, last: int, nodes: Iterable[WebNode] | None = None) -> Callable[[], bool]:
    """Whether everybody who lives got an origin's rumor."""
    others = [node for node in (nodes or web.nodes) if node is not origin and node.up]
    return lambda: all(node.got(origin)[-1:] == [last] for node in others)


# What tests of single machines are made of.

STRANGER = "10.0.9.9:4000"
"""An origin somewhere else."""

LIFE = 1_700_000_000_000
"""When its life began, and that of every node that is not told otherwise."""

STREAM = StreamId(STRANGER, LIFE, Lane.APP)


def stream_at(heard: int = 0, *, last: int | None = None, id: StreamId = STREAM, now: Seconds = 0.0) -> Stream:
    """A stream that was heard so far; each run brought one rumor if nothing else is said."""
    return Stream(id, heard, heard if last is None else last, now)


def run_at(
    number: int, *payloads: bytes, first: int | None = None, id: StreamId = STREAM, part: int = 0, parts: int = 1
) -> Run:
    """A run of a stream, of one rumor with the run's own number if nothing else is said."""
    return Run(*id, number, number if first is None else first, 0, "", list(payloads) or [b"news"], part, parts)


def record_at(
    number: int, *, hops: int = 0, age: int = 0, repair: bool = False, id: StreamId = STREAM, first: int | None = None
) -> RunRecord:
    """A run of one rumor as it comes over a link."""
    run = run_at(number, first=first, id=id)
    return RunRecord(hops, age, repair, run, frames.encode_run(run))


def head_at(
    number: int, *, last: int | None = None, first: int = 1, hops: int = 0, id: StreamId = STREAM
) -> DigestEntry:
    """What a digest says of a stream."""
    return DigestEntry(*id, number, number if last is None else last, hops, first)
