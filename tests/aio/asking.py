"""Nodes that can ask and answer and nothing else: the real machines and driver, real sockets, no web of neighbors.

A question to all is handed to the others of the same group at once, since nobody here spreads rumors.
"""

import asyncio
from collections.abc import Callable
from itertools import count

from rumor.aio.driver import Driver
from rumor.aio.node import Node
from rumor.aio.requests import Requests as Face
from rumor.core.clock import WallClock
from rumor.core.effects import Ask, Effect, Failure, Tell
from rumor.core.events import Event, LinkDown, LinkFailed, LinkReady, Problem
from rumor.core.frames import Answers, Frame, Goodbye, Hello, Lane, Outcome, Outgoing, Parting, Request, Response, Run
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import Incoming, Reply
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.requests.requests import Requests
from rumor.core.settings import Settings
from rumor.core.timers import soonest


class Core:
    """Links and requests of one node, as `core.peer.Peer` has them."""

    def __init__(self, identity: Identity, settings: Settings, group: "Group") -> None:
        self._identity = identity
        self._group = group
        self._outbox = Outbox()
        self._links = Links(identity, settings.links, self._outbox)
        self._requests = Requests(
            identity,
            self._links,
            settings.requests,
            self._outbox,
            group.address_of,
            spread=self._spread,
            members=lambda: len(group.members),
        )
        self._runs = count(1)

    # What an application does.

    def request(self, name: str, topic: str, payload: bytes, timeout: Seconds, now: Seconds) -> int:
        return self._requests.ask(name, topic, payload, timeout, now)

    def ask_all(self, topic: str, payload: bytes, timeout: Seconds, now: Seconds) -> int:
        return self._requests.ask_all(topic, payload, timeout, now)

    def forget_question(self, number: int, now: Seconds) -> None:
        self._requests.forget(number, now)

    def respond(self, ticket: int, outcome: Outcome, payload: bytes, now: Seconds) -> None:
        self._requests.respond(ticket, outcome, payload, now)

    def on_question(self, run: Run, now: Seconds) -> None:
        self._requests.on_question(run, 0.0, now)

    # What the driver does.

    def dialled(self, link: int, now: Seconds) -> None:
        self._links.on_dialled(link, now)
        self._route(now)

    def accepted(self, link: int, source: str, now: Seconds) -> None:
        self._links.on_accepted(link, source, now)
        self._route(now)

    def link_lost(self, link: int, failure: Failure, now: Seconds) -> None:
        self._links.on_lost(link, failure, now)
        self._route(now)

    def bad_frame(self, link: int, text: str, now: Seconds) -> None:
        self._links.part(link, Parting.BAD_FRAME, now=now)
        self._route(now)

    def on_frame(self, link: int, frame: Frame, now: Seconds) -> None:
        match frame:
            case Hello():
                self._links.on_hello(link, frame, now)
            case Goodbye():
                self._links.on_goodbye(link, frame, now)
            case Request():
                self._requests.on_request(link, frame, now)
            case Response():
                self._requests.on_response(link, frame, now)
            case Answers():
                self._requests.on_answers(link, frame, now)
            case _:
                raise AssertionError(frame)
        self._route(now)

    def end_turn(self, now: Seconds) -> None:
        self._route(now)

    def pull(self, link: int, bytes_max: int, now: Seconds) -> list[Outgoing]:
        frames: list[Outgoing] = [*self._outbox.take(link), *self._requests.pull(link, bytes_max, now)]
        if not frames:
            self._outbox.dry(link)
        return frames

    def tick(self, now: Seconds) -> None:
        self._links.tick(now)
        self._requests.tick(now)
        self._route(now)

    def next_deadline(self) -> Seconds | None:
        return soonest(self._links.next_deadline(), self._requests.next_deadline())

    def drain(self) -> tuple[list[Effect], list[Event]]:
        return self._outbox.drain()

    def leave(self, now: Seconds) -> None:
        self._links.leave(now)
        self._route(now)

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None:
        raise AssertionError(message)

    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None:
        raise AssertionError(ask)

    def told(self, tell: Tell, now: Seconds) -> None:
        raise AssertionError(tell)

    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None:
        raise AssertionError(effect)

    def _route(self, now: Seconds) -> None:
        while (event := self._outbox.next_unrouted()) is not None:
            match event:
                case LinkReady():
                    self._requests.on_link_ready(event, now)
                case LinkFailed():
                    self._requests.on_link_failed(event, now)
                case LinkDown():
                    self._requests.on_link_down(event, now)
                case _:
                    pass

    def _spread(self, question: bytes, topic: str, now: Seconds) -> None:
        number = next(self._runs)
        run = Run(self._identity.name, 1, Lane.ASKED, number, number, 0, topic, [question])
        for member in self._group.members.values():
            member.take_question(run)


class Member(Node):
    """One node. `requests` is its face; `problems` what it said of them."""

    def __init__(self, group: "Group", name: str, settings: Settings) -> None:
        super().__init__("127.0.0.1:0", settings, insecure=False, advertise=None)
        self.name = name
        self.requests = Face(settings.requests)
        self.problems: list[Problem] = []
        self._group = group
        self._core: Core | None = None

    def take_question(self, run: Run) -> None:
        """A question to all comes."""
        assert self._core is not None
        assert self._driver is not None
        self._core.on_question(run, self._driver.now())
        asyncio.get_running_loop().call_soon(self._driver.step)

    def vanish(self) -> None:
        """Nobody finds it any more; where it was, nobody listens."""
        self._address = Address("127.0.0.1", 1)

    async def stop(self) -> None:
        await super().stop()
        await self.requests.stop()

    @property
    def where(self) -> Address | None:
        return self._address

    def _make_driver(self, clock: WallClock) -> Driver:
        assert self._address is not None
        identity = Identity(self._address, name=self.name, epoch=1, instance=len(self._group.members) + 7)
        self._core = core = Core(identity, self._settings, self._group)
        driver = Driver(core, clock, self._settings, self._on_event, linked=core)
        self.requests.attach(core, driver.turn, driver.say)
        return driver

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Problem):
            self.problems.append(event)
        self.requests.on_event(event)


class Group:
    """Some nodes that know each other: `async with Group("ana", "bo") as (ana, bo): ...`."""

    def __init__(self, *names: str, settings: Settings | None = None) -> None:
        self.members = {name: Member(self, name, settings or Settings()) for name in names}

    def address_of(self, name: str) -> Address | None:
        """Where a node is."""
        member = self.members.get(name)
        return member.where if member is not None else None

    async def __aenter__(self) -> list[Member]:
        for member in self.members.values():
            await member.start()
        return list(self.members.values())

    async def __aexit__(self, *error: object) -> None:
        for member in self.members.values():
            await member.stop()


async def until(reached: Callable[[], bool]) -> None:
    """Let the loop turn until something is so; the test's own time limit ends it."""
    while not reached():  # noqa: ASYNC110 - what is waited for has no event of its own
        await asyncio.sleep(0)
