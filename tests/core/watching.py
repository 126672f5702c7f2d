"""What the tests of liveness need: one peer's liveness with links that stand, and members beside them."""

from collections import deque
from collections.abc import Collection, Iterable
from math import inf
from random import Random

from rumor.core.effects import Effect, Failure, Wake
from rumor.core.events import Accused, Event, LinkDown, LinkFailed, LinkReady
from rumor.core.frames import (
    Contact,
    Control,
    Goodbye,
    Hello,
    Parting,
    Probe,
    ProbeReply,
    RelayReply,
    RelayRequest,
    Role,
    Verdict,
)
from rumor.core.hearing import Hearing
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.liveness.liveness import Liveness
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.settings import LinkSettings, LivenessSettings, ProbeSettings

from .helpers import ME, peer_at

SHORT: Seconds = 0.001
"""How long an answer takes here."""

NAMES = ("ana", "bo", "cy", "di", "eva", "fin", "gus", "hal", "ida", "jon")


def contact_of(name: str) -> Contact:
    """Where one of `NAMES` is."""
    return Contact(name, peer_at(NAMES.index(name)))


class Members:
    """A directory: who is gone is not live, and `turn` says whom to visit next."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.turn: deque[Contact] = deque()

    def is_live(self, name: str) -> bool:
        return name in NAMES and name not in self.gone

    def address_of(self, name: str) -> Address | None:
        return contact_of(name).address if name in NAMES else None

    def next_to_visit(self, now: Seconds) -> Contact | None:
        return self.turn.popleft() if self.turn else None


class Bench:
    """Liveness of one peer. The neighbors named dialled it: the first has link 1, the next 3, and so on.

    `answers`: what a neighbor says when it is asked to try another one; None: nothing.
    """

    def __init__(
        self, *neighbors: str, liveness: LivenessSettings | None = None, settings: ProbeSettings | None = None
    ) -> None:
        self.outbox = Outbox()
        self.members = Members()
        identity = Identity(ME, name="me", instance=1)
        self.links = Links(identity, LinkSettings(), self.outbox)
        self.hearing = Hearing(liveness or LivenessSettings())
        self.liveness = Liveness(
            self.links,
            identity,
            liveness or LivenessSettings(),
            settings or ProbeSettings(),
            self.outbox,
            Random(0),
            self.members,
            self.hearing,
        )
        self.answers: bool | None = None
        self.mine: list[Event] = []
        self.link_of: dict[str, int] = {}
        self._on_the_way: deque[tuple[Seconds, int, Control]] = deque()
        for name in neighbors:
            self.befriend(name, 0.0)
        self.outbox.drain()

    # Links.

    def befriend(self, name: str, now: Seconds) -> int:
        """A peer dials us, and is our neighbor; the first probe is answered at once."""
        link = self.link_of[name] = 2 * len(self.link_of) + 1
        self.links.on_accepted(link, contact_of(name).address.host, now)
        self.greet(link, name, now)
        self.liveness.watch(link, name, contact_of(name).address, now)
        self.answer(link, now)
        return link

    def call(self, name: str, now: Seconds) -> int:
        """We dial a peer, and it is our neighbor; the first probe is answered at once."""
        address = contact_of(name).address
        link = self.link_of[name] = self.links.dial(address, now)
        self.links.on_dialled(link, now)
        self.greet(link, name, now)
        self.liveness.watch(link, name, address, now)
        self.answer(link, now)
        return link

    def greet(self, link: int, name: str, now: Seconds, *, instance: int = 0) -> None:
        """The other end of a link says who it is, and we hear of the link."""
        address = contact_of(name).address
        who = instance or NAMES.index(name) + 7
        self.links.on_hello(
            link, Hello(network="", role=Role.PEER, name=name, address=address, epoch=1, instance=who), now
        )
        self.route(now)

    def lose(self, link: int, now: Seconds, failure: Failure = Failure.CLOSED) -> None:
        """A link breaks, or comes to nothing."""
        self.links.on_lost(link, failure, now)
        self.route(now)

    def refuse(self, now: Seconds) -> None:
        """Whatever is being dialled is refused."""
        for link in self.dialled():
            self.lose(link, now, Failure.UNREACHABLE)

    def part(self, link: int, parting: Parting, now: Seconds) -> None:
        """The other end of a link says goodbye."""
        self.links.on_goodbye(link, Goodbye(parting), now)
        self.route(now)

    def dialled(self) -> list[int]:
        """The links that are being made."""
        return [link for link in range(2, 100, 2) if self.links.source(link) and not self.links.stands(link)]

    def route(self, now: Seconds) -> None:
        """Tell liveness what becomes of links, as a peer does, and note which were its own."""
        while (event := self.outbox.next_unrouted()) is not None:
            match event:
                case LinkReady():
                    is_mine = self.liveness.on_link_ready(event, now)
                case LinkFailed():
                    is_mine = self.liveness.on_link_failed(event, now)
                case LinkDown():
                    is_mine = False
                    self.liveness.on_link_down(event, now)
                case _:
                    is_mine = False
            if is_mine:
                self.mine.append(event)

    # What is sent and said.

    def sent(self, link: int) -> list[Control]:
        """What waits for a link."""
        self.outbox.dry(link)
        return self.outbox.take(link)

    def answer(self, link: int, now: Seconds) -> None:
        """A neighbor hears what we sent, and answers."""
        for frame in self.sent(link):
            self.take(link, frame, now)

    def take(self, link: int, frame: Control, now: Seconds) -> None:
        """A neighbor's answer to a frame comes back."""
        self.liveness.heard(link, now)
        match frame:
            case Probe(number):
                self.liveness.on_probe_reply(link, ProbeReply(number), now)
            case RelayRequest(number) if self.answers is not None:
                self.liveness.on_relay_reply(link, RelayReply(number, self.answers), now)

    def said(self) -> tuple[list[Effect], list[Event]]:
        """All effects but Wake, and all events, since the last call."""
        effects, events = self.outbox.drain()
        return [effect for effect in effects if not isinstance(effect, Wake)], events

    def accused(self) -> list[tuple[str, Verdict]]:
        """Who was accused of what since the last call."""
        return [(event.name, event.verdict) for event in self.said()[1] if isinstance(event, Accused)]

    # Time.

    def tick(self) -> Seconds:
        """Let the next deadline come, on time."""
        now = self.liveness.next_deadline()
        assert now is not None
        self.liveness.tick(now)
        self.route(now)
        return now

    def run_until_dialled(self) -> Seconds:
        """Let time pass, while all answer, until somebody is dialled; when that was."""
        now = 0.0
        while not self.dialled():
            assert now < 60.0
            now = self.liveness.next_deadline() or 0.0
            self.run(now)
        return now

    def run(
        self, until: Seconds, *, silent: Collection[str] = (), late: Seconds = 0.0, after: Seconds = SHORT
    ) -> list[tuple[Seconds, Event]]:
        """Let time pass; neighbors answer after a while, but those that are silent. What was said, and when.

        `late`: so much later than it should be each tick comes.
        """
        told: list[tuple[Seconds, Event]] = []
        while True:
            deadline = self.liveness.next_deadline()
            due = inf if deadline is None else deadline + late
            if self._on_the_way and self._on_the_way[0][0] <= min(due, until):
                now, link, frame = self._on_the_way.popleft()
                self.take(link, frame, now)
            elif due <= until:
                self.liveness.tick(due)
                self.route(due)
                told += [(round(due, 3), event) for event in self.said()[1]]
                for name, link in self.link_of.items():
                    if name not in silent and self.links.stands(link):
                        self._on_the_way += [(due + after, link, frame) for frame in self.sent(link)]
            else:
                return told


def verdicts(told: Iterable[tuple[Seconds, Event]]) -> list[tuple[Seconds, str, Verdict]]:
    """The accusations in what was told, and when."""
    return [(now, event.name, event.verdict) for now, event in told if isinstance(event, Accused)]
