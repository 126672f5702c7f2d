"""Who lives in the simulated world: a node is an address, the core that runs there now, and what it told and did."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from rumor.core.clock import WallClock
from rumor.core.effects import Ask, Dial, Tell
from rumor.core.events import Event
from rumor.core.frames import Contact
from rumor.core.ids import Address, Seconds
from rumor.core.members import Member
from rumor.core.peer import Peer
from rumor.core.seed import Seed
from rumor.core.seeds.journal import Kept
from rumor.core.settings import Settings
from rumor.sim.cores import Core, LinkCore, Visitor
from rumor.sim.records import Record, Told

if TYPE_CHECKING:
    from rumor.sim.end import End

Action: TypeAlias = Callable[[], object]
E = TypeVar("E")


class Node:
    """One address, and the core that lives there: another one after each restart."""

    __slots__ = (
        "address", "alarm_at", "busy_until", "clock", "contacts", "copies", "core", "cost", "degree_max", "did", "disk",
        "due", "ends", "epoch", "frozen", "is_working", "joined_at", "keeps", "late", "lateness", "life", "link_core",
        "links", "looked", "make", "members", "name", "neighbor_links", "number_next", "off", "queue", "reads_at",
        "record", "said", "sent_bytes", "settings", "sockets", "stores", "up",
    )  # fmt: skip

    def __init__(
        self, address: Address, make: Callable[[Node], Core], clock: WallClock, *, name: str, keeps: bool
    ) -> None:
        self.address = address
        self.name = name or str(address)
        self.make = make
        self.clock = clock
        """The time of day, as it sees it."""
        self.epoch = 0
        """The present life's, or the last one's."""
        self.contacts: tuple[Contact, ...] = ()
        """What its present life began with: what it had saved."""
        self.disk: dict[int, Kept] = {}
        """What a durable seed keeps, by the order of registration."""
        self.keeps = keeps
        """Whether events, effects and payloads are kept for tests to look at."""
        self.settings: Settings | None = None
        """Of a peer of ours."""
        self.degree_max = 0
        """How many neighbors over links it may have; 0: not known."""
        self.looked = 0
        """How many events it had, for what is looked at only now and then."""
        self.life = 0
        self.up = False
        self.off = False
        """Whether the whole machine is off: nobody refuses a connection."""
        self.frozen = False
        self.cost: Seconds = 0.0
        """How long a slow node takes for each input and each frame."""
        self.lateness: tuple[Seconds, Seconds] | None = None
        """From how late to how late a starved node reads what comes; (0, 0) once it is starved no more."""
        self.reads_at: Seconds = 0.0
        """When it reads the last of what came so far: nothing that follows is read earlier."""
        self.sent_bytes = 0
        """Bytes of frames and prefaces that all its lives sent."""
        self.said: list[tuple[Seconds, Event]] = []
        """The events of all lives, each with its moment."""
        self.did: list[tuple[Seconds, Ask | Tell | Dial]] = []
        """What all lives asked, told and dialled, each with its moment."""
        self.begin()

    def begin(self) -> None:
        """Be an empty node again, not running yet."""
        self.core: Core = self.make(self)
        self.link_core: LinkCore | None = self.core if hasattr(self.core, "accepted") else None  # type: ignore[assignment]
        self.record = Record(keeps_payloads=self.keeps)
        self.alarm_at: Seconds | None = None
        """When the alarm is set; `due` is when the core wants it, which may be later."""
        self.due: Seconds | None = None
        self.joined_at: Seconds | None = None
        """When it knew where streams begin: what was said before is before its time."""
        self.members: dict[str, Member] = {}
        """The directory, as told by its events alone."""
        self.neighbor_links: dict[str, int] = {}
        """The names of the neighbors over links, as told by events, and their links."""
        self.links: dict[int, Visitor] = {}
        """The connections that brought a text which is not answered yet."""
        self.ends: dict[int, End] = {}
        """Links by their number."""
        self.sockets: dict[End, None] = {}
        """The same, and those that have no number yet."""
        self.number_next = 1
        self.late: list[tuple[int, int, Action]] = []
        """What waits for the thaw: its kind (replies, then timers, then messages), its place among these, itself."""
        self.queue: deque[Action] = deque()
        """What waits until a slow node gets to it."""
        self.busy_until: Seconds = 0.0
        self.is_working = False
        self.stores = 0
        """How often it wanted something kept that is not on disk yet."""
        self.copies = 0
        """How many copies of runs came."""

    def __str__(self) -> str:
        return f"{type(self.core).__name__} {self.name}"

    @property
    def heard(self) -> dict[Told, int]:
        """The rumors of this life, and how often each was told."""
        return self.record.heard

    @property
    def neighbors(self) -> tuple[Address, ...]:
        """The neighbors of a peer; of a seed, none."""
        if isinstance(self.core, Peer):
            return tuple(neighbor.address for neighbor in self.core.snapshot().neighbors)
        return tuple(getattr(self.core, "neighbors", ()))

    @property
    def seeds(self) -> tuple[Address, ...]:
        """The seeds that list a peer of ours, as far as it knows."""
        return self.core.snapshot().seeds if isinstance(self.core, Peer) else ()

    @property
    def is_ours(self) -> bool:
        """Whether the node runs a core of ours."""
        return isinstance(self.core, Peer | Seed)

    def new_number(self) -> int:
        """The number of a connection that somebody else opened: odd, and never used again."""
        number = self.number_next
        self.number_next += 2
        return number

    def events(self, kind: type[E]) -> list[E]:
        """What it said of one kind, in order."""
        return [event for _, event in self.said if isinstance(event, kind)]
