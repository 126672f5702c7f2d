"""Who lives in the virtual world: a node is an address and the core at it."""

from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

from rumor.core.effects import Ask, Effect, Failure, Tell
from rumor.core.events import Event
from rumor.core.ids import Address, Seconds
from rumor.core.messages import Gossip, Incoming, Reply
from rumor.core.peer import Peer
from rumor.core.seed import Seed
from tests.network.originals import OriginalPeer, OriginalSeed


class Core(Protocol):
    """What the world needs of a core."""

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None: ...
    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None: ...
    def told(self, tell: Tell, now: Seconds) -> None: ...
    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None: ...
    def tick(self, now: Seconds) -> None: ...
    def next_deadline(self) -> Seconds | None: ...
    def drain(self) -> tuple[list[Effect], list[Event]]: ...


Action: TypeAlias = Callable[[], None]
E = TypeVar("E")


class Exchange:
    """One Ask or Tell under way."""

    def __init__(self, asker: "Node", effect: Ask | Tell, deadline: Seconds) -> None:
        self.asker = asker
        self.life = asker.life
        self.effect = effect
        self.deadline = deadline
        self.connected = False
        self.ended = False


class Node:
    """One address, and the core that lives there: another one after each restart."""

    def __init__(self, address: Address, make: Callable[[], Core]) -> None:
        self.address = address
        self.make = make
        self.core = make()
        self.life = 0
        self.up = False
        self.frozen = False
        self.alarm_at: Seconds | None = None
        self.links: dict[int, Exchange] = {}
        self.late: list[tuple[int, int, Action]] = []
        """What waits for the thaw: its kind (replies, then timers, then messages), its place among these, itself."""
        self.said: list[tuple[Seconds, Event]] = []
        """The events of all lives, each with its moment."""
        self.did: list[tuple[Seconds, Ask | Tell]] = []
        """What all lives asked and told, each with its moment."""
        self.heard: dict[Gossip, int] = {}
        """The rumors of this life, and how often each was heard."""

    def __str__(self) -> str:
        return f"{type(self.core).__name__} {self.address}"

    @property
    def neighbors(self) -> tuple[Address, ...]:
        """The neighbors of a peer; of a seed, none."""
        match self.core:
            case Peer():
                return self.core._overlay.neighbors
            case OriginalPeer():
                return tuple(self.core.neighbors)
        return ()

    @property
    def seeds(self) -> tuple[Address, ...]:
        """The seeds that list a peer of ours, as far as it knows."""
        return self.core.snapshot().seeds if isinstance(self.core, Peer) else ()

    @property
    def is_ours(self) -> bool:
        """Whether the node runs a core of ours."""
        return isinstance(self.core, Peer | Seed)

    def events(self, kind: type[E]) -> list[E]:
        """What it said of one kind, in order."""
        return [event for _, event in self.said if isinstance(event, kind)]

    def times_listed(self, peer: "Node") -> int:
        """How often a seed lists a peer."""
        match self.core:
            case Seed():
                return int(peer.address in self.core._registry)
            case OriginalSeed():
                return self.core.listed.count(peer.address)
        return 0
