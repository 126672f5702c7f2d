"""A small world for tests of requests: nodes with links and requests alone, virtual time, connections as objects.

Frames take a latency, keep their order on a link, and are pulled in small bites. A node may refuse connections, take
nothing in or send nothing for a while, or crash. A question to all is handed to everybody after the latency.
"""

import heapq
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TypeVar

from rumor.core.effects import Dial, Effect, Failure, Hangup, Wake
from rumor.core.events import Asked, Event, LinkDown, LinkFailed, LinkReady
from rumor.core.frames import Answers, Frame, Goodbye, Hello, Lane, Outcome, Parting, Request, Response, Run
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.requests.requests import Requests
from rumor.core.settings import LinkSettings, RequestSettings
from rumor.core.timers import soonest

E = TypeVar("E")

LATENCY: Seconds = 0.01
"""How long a frame takes."""

BITE = 1 << 12
"""Bytes that a link takes at once."""


class Node:
    """One peer's links and requests, what it said, and what came to it.

    `on_asked` answers for its application; without one nothing is answered.
    """

    def __init__(self, talk: "Talk", index: int) -> None:
        self.name = f"node-{index}"
        self.address = Address(f"10.0.0.{index + 1}", 4000)
        self.identity = Identity(self.address, name=self.name, epoch=1000, instance=1000 * (index + 1))
        self.outbox = Outbox()
        self.links = Links(self.identity, LinkSettings(links_max=talk.links_max), self.outbox)
        self.requests = Requests(
            self.identity,
            self.links,
            talk.settings,
            self.outbox,
            talk.address_of,
            spread=lambda question, topic, now: talk.spread(self, question, topic),
            members=lambda: talk.members,
        )
        self.events: list[Event] = []
        self.moments: list[Seconds] = []
        self.frames: list[Frame] = []
        self.dialled: list[Address] = []
        self.ours: set[int] = set()
        self.ends: dict[int, tuple[Node, int]] = {}
        self.held: list[Callable[[], None]] = []
        self.up = True
        self.refuses = False
        self.deaf = False
        self.mute = False
        self.on_asked: Callable[[Asked], None] | None = None

    def said(self, kind: type[E]) -> list[E]:
        """The events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def heard(self, kind: type[E]) -> list[E]:
        """The frames of one kind that came so far."""
        return [frame for frame in self.frames if isinstance(frame, kind)]

    def next_deadline(self) -> Seconds | None:
        """When it wants to be called."""
        return soonest(self.links.next_deadline(), self.requests.next_deadline()) if self.up else None


class Talk:
    """All nodes and what is under way."""

    def __init__(self, size: int = 2, *, settings: RequestSettings | None = None, links_max: int = 64) -> None:
        self.settings = settings or RequestSettings()
        self.links_max = links_max
        self.now: Seconds = 100.0
        self.unknown: set[str] = set()
        self._heap: list[tuple[Seconds, int, Callable[[], None]]] = []
        self._order = count()
        self._odd = count(1, 2)
        self._runs = count(1)
        self.members = size
        self.nodes = [Node(self, index) for index in range(size)]

    def address_of(self, name: str) -> Address | None:
        """Where a node is."""
        known = (node.address for node in self.nodes if node.name == name and name not in self.unknown)
        return next(known, None)

    def run(self, duration: Seconds) -> None:
        """Let time pass."""
        end = self.now + duration
        while True:
            deadline = soonest(*(node.next_deadline() for node in self.nodes))
            coming = self._heap[0][0] if self._heap else None
            moment = soonest(deadline, coming)
            if moment is None or moment > end:
                self.now = end
                return
            self.now = max(self.now, moment)
            if coming is not None and coming <= self.now:
                heapq.heappop(self._heap)[2]()
            else:
                self._tick()

    # What a node does.

    def ask(self, asker: Node, member: Node | str, payload: bytes = b"?", *, timeout: Seconds = 2.0) -> int:
        """Let a node ask another one."""
        name = member if isinstance(member, str) else member.name
        number = asker.requests.ask(name, "topic", payload, timeout, self.now)
        self.step(asker)
        return number

    def ask_all(self, asker: Node, payload: bytes = b"?", *, timeout: Seconds = 2.0) -> int:
        """Let a node ask all others."""
        number = asker.requests.ask_all("topic", payload, timeout, self.now)
        self.step(asker)
        return number

    def answer(self, node: Node, payload: bytes = b"!", outcome: Outcome = Outcome.ANSWERED) -> None:
        """Let a node answer all that it is asked from now on, at once."""
        node.on_asked = lambda asked: node.requests.respond(asked.ticket, outcome, payload, self.now)

    def respond(self, node: Node, asked: Asked, payload: bytes = b"!") -> None:
        """Let a node answer one question."""
        node.requests.respond(asked.ticket, Outcome.ANSWERED, payload, self.now)
        self.step(node)

    def link(self, node: Node, other: Node) -> int:
        """Let something else in a node make a link, and have it stand; the number of its end."""
        link = node.links.dial(other.address, self.now)
        self.step(node)
        self.run(5 * LATENCY)
        return link

    def part(self, node: Node, link: int, reason: Parting = Parting.SURPLUS) -> None:
        """Let something else in a node close a link."""
        node.links.part(link, reason, now=self.now)
        self.step(node)

    def leave(self, node: Node) -> None:
        """Let a node stop politely."""
        node.refuses = True
        node.links.leave(self.now)
        self.step(node)

    # What happens to it.

    def cut(self, node: Node) -> None:
        """Break all links of a node without a word."""
        for link, (other, theirs) in list(node.ends.items()):
            self._lose(node, link, Failure.CLOSED)
            self._lose(other, theirs, Failure.CLOSED)

    def crash(self, node: Node) -> None:
        """End a node: its links break, and it takes no connection."""
        node.up = False
        node.refuses = True
        self.cut(node)

    def reborn(self, node: Node) -> Node:
        """A node dies without a word, and at once begins a new life."""
        index = self.nodes.index(node)
        node.up = False
        again = self.nodes[index] = Node(self, index)
        again.identity.epoch, again.identity.instance = node.identity.epoch + 1, node.identity.instance + 1
        return again

    def hush(self, node: Node, *, deaf: bool = False, mute: bool = False) -> None:
        """Let a node take nothing in, or send nothing."""
        node.deaf, node.mute = deaf, mute

    def unhush(self, node: Node) -> None:
        """Let it go on where it was."""
        self.hush(node)
        held, node.held = node.held, []
        for action in held:
            action()
        for link in list(node.ends):
            self._send(node, link)
        self.step(node)

    def spread(self, node: Node, question: bytes, topic: str) -> None:
        """Bring a question to everybody, who asks included."""
        number = next(self._runs)
        run = Run(node.name, node.identity.epoch, Lane.ASKED, number, number, 0, topic, [question])
        for other in self.nodes:
            self._plan(other, partial(self.question, other, run, age=LATENCY))

    def question(self, node: Node, run: Run, *, age: Seconds = 0.0) -> None:
        """A run on lane `asked` comes to a node."""
        node.requests.on_question(run, age, self.now)
        self.step(node)

    def later(self, delay: Seconds, action: Callable[[], None]) -> None:
        """Plan something."""
        heapq.heappush(self._heap, (self.now + delay, next(self._order), action))

    def bring(self, node: Node, link: int, frame: Frame) -> None:
        """A link brings a frame."""
        node.frames.append(frame)
        match frame:
            case Hello():
                node.links.on_hello(link, frame, self.now)
            case Goodbye():
                node.links.on_goodbye(link, frame, self.now)
            case Request() if node.links.stands(link):
                node.requests.on_request(link, frame, self.now)
            case Response() if node.links.stands(link):
                node.requests.on_response(link, frame, self.now)
            case Answers() if node.links.stands(link):
                node.requests.on_answers(link, frame, self.now)
            case _:
                pass
        self.step(node)

    def step(self, node: Node) -> None:
        """Do what a node wants done, and route what it says."""
        while True:
            while (event := node.outbox.next_unrouted()) is not None:
                self._route(node, event)
            effects, events = node.outbox.drain()
            if not effects and not events:
                return
            node.events += events
            node.moments += [self.now] * len(events)
            for event in events:
                if isinstance(event, Asked) and node.on_asked is not None:
                    node.on_asked(event)
            for effect in effects:
                self._do(node, effect)

    # Inside.

    def _route(self, node: Node, event: Event) -> None:
        match event:
            case LinkReady():
                if node.requests.on_link_ready(event, self.now):
                    node.ours.add(event.link)
            case LinkFailed():
                node.requests.on_link_failed(event, self.now)
            case LinkDown():
                node.requests.on_link_down(event, self.now)
            case _:
                pass

    def _tick(self) -> None:
        for node in self.nodes:
            deadline = node.next_deadline()
            if deadline is not None and deadline <= self.now:
                node.links.tick(self.now)
                node.requests.tick(self.now)
                self.step(node)

    def _plan(self, node: Node, action: Callable[[], None]) -> None:
        """Let something come to a node after the latency."""

        def arrive() -> None:
            if node.deaf:
                node.held.append(action)
            elif node.up:
                action()

        heapq.heappush(self._heap, (self.now + LATENCY, next(self._order), arrive))

    def _do(self, node: Node, effect: Effect) -> None:
        match effect:
            case Wake(link):
                self._send(node, link)
            case Dial(link, to):
                node.dialled.append(to)
                self._dial(node, link, to)
            case Hangup(link):
                self._send(node, link)
                if (end := node.ends.pop(link, None)) is not None:
                    self._plan(end[0], lambda: self._lose(end[0], end[1], Failure.CLOSED))
            case _:
                raise AssertionError(effect)

    def _dial(self, node: Node, link: int, to: Address) -> None:
        other = next((other for other in self.nodes if other.address == to), None)
        if other is None or other.refuses:
            self._plan(node, lambda: self._lose(node, link, Failure.UNREACHABLE))
            return
        theirs = next(self._odd)
        node.ends[link] = (other, theirs)
        other.ends[theirs] = (node, link)
        self._plan(other, lambda: self._accept(other, theirs, node))
        self._plan(node, lambda: node.links.on_dialled(link, self.now))

    def _accept(self, node: Node, link: int, other: Node) -> None:
        node.links.on_accepted(link, other.address.host, self.now)
        self.step(node)

    def _lose(self, node: Node, link: int, failure: Failure) -> None:
        node.ends.pop(link, None)
        node.links.on_lost(link, failure, self.now)
        self.step(node)

    def _send(self, node: Node, link: int) -> None:
        """Pull a link dry, unless its node is mute."""
        while link in node.ends and not node.mute:
            frames = [*node.outbox.take(link), *node.requests.pull(link, BITE, self.now)]
            if not frames:
                node.outbox.dry(link)
                return
            other, theirs = node.ends[link]
            for frame in frames:
                self._plan(other, partial(self.bring, other, theirs, frame))
