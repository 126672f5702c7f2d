"""Links: one lasting connection between two nodes, from the first Hello to the Goodbye.

    we dial    --preface came--> greeting --its Hello--> stands --Goodbye, Hangup--> gone
    it dialled --------------> greeting --its Hello, and ours in return--> stands
                                   `--a second link between the same two--> waits, or one of them goes

Who dials says Hello at once; who was dialled answers with its own, and that is its yes: a link for which nobody has
said yes stands on neither side. Of two links between the same two nodes one stays:

  * both dialled at once: the one whose dialler a hash of both names picks;
  * another instance, in a later life: the new one, at once;
  * the same instance: the old one, unless it fails one immediate probe.

Rule 1: at most one link to a name stands. Rule 2: whatever was dialled ends in LinkReady or LinkFailed, and what stood
in LinkDown, each once. Rule 3: an address that ever said Hello is not taken for an original node's.
"""

import enum
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TypeVar

import msgspec

from rumor.core.effects import Dial, Failure, Hangup
from rumor.core.events import LinkDown, LinkFailed, LinkReady, Problem
from rumor.core.frames import VERSION, Contact, Goodbye, Hello, Parting, Probe, Role
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import LinkSettings
from rumor.core.timers import Timers

OWN_PROBE = 0
"""The number of the probes that this machine sends; those of `liveness.py` count from 1."""

PARTING_MAX: Seconds = 2.0
"""How long a Goodbye is kept for the driver, which aborts a connection after one second."""

DETAIL_MAX = 255
CONTACTS_MAX = 32

_PARTINGS = frozenset(Parting)
_NOWHERE = ("0.0.0.0", "::")  # noqa: S104  what a node calls itself that does not know its host yet


Value = TypeVar("Value")


class NodeInfo(msgspec.Struct, frozen=True):
    """Who is at the other end of a link. `dialled` by us."""

    name: str
    address: Address
    epoch: int
    instance: int
    role: Role
    dialled: bool


class _Stage(enum.Enum):
    DIALLING = "the preface has not come"
    GREETING = "its Hello has not come"
    WAITING = "it waits for what becomes of another link"
    STANDING = "both have said who they are"


class _Link(msgspec.Struct):
    """One link. `target`: the address that we dialled, None if we were dialled; `source`: where it comes from.

    `network` is the other side's, as it said. `shared`: several machines dialled it.
    """

    number: int
    target: Address | None
    source: str
    stage: _Stage
    since: Seconds
    info: NodeInfo | None = None
    known_epoch: int = 0
    network: str = ""
    shared: bool = False


class Links:
    """All links of one node. `known_epoch` tells the latest epoch known of a name in another instance than its own.

    A seed (`role`) without a network of its own serves peers of any.
    """

    def __init__(
        self,
        identity: Identity,
        settings: LinkSettings,
        outbox: Outbox,
        known_epoch: Callable[[str], int] = lambda name: 0,
        *,
        role: Role = Role.PEER,
    ) -> None:
        self._identity = identity
        self._role = role
        self._serves_all = role is Role.SEED and not identity.network
        self._settings = settings
        self._outbox = outbox
        self._known_epoch = known_epoch
        self._links: dict[int, _Link] = {}
        self._dials: dict[Address, int] = {}
        self._standing: dict[str, int] = {}
        self._waiting: dict[Address, int] = {}
        self._frames: dict[Address, None] = {}
        self._classic: dict[Address, Seconds] = {}
        self._timers: Timers[int] = Timers()
        self._last_number = 0

    # What the other machines ask.

    @property
    def standing(self) -> tuple[int, ...]:
        """The links that stand, in the order in which they came."""
        return tuple(self._standing.values())

    def stands(self, link: int) -> bool:
        """Whether both sides have said who they are."""
        entry = self._links.get(link)
        return entry is not None and entry.stage is _Stage.STANDING

    def info(self, link: int) -> NodeInfo | None:
        """Who is at the other end of a link; None before its Hello, and after its end."""
        entry = self._links.get(link)
        return entry.info if entry is not None else None

    def source(self, link: int) -> str:
        """The host that a link comes from, or the address that was dialled; "" once it is gone."""
        entry = self._links.get(link)
        return "" if entry is None else entry.source if entry.target is None else str(entry.target)

    def find(self, name: str) -> int | None:
        """The link to a name that stands, or None."""
        return self._standing.get(name)

    def reaches(self, address: Address) -> bool:
        """Whether a link to an address stands, or is being made."""
        return address in self._dials or address in self._waiting or self.name_at(address) is not None

    def name_at(self, address: Address) -> str | None:
        """Who is at an address, if a link to it stands."""
        infos = (self.info(link) for link in self._standing.values())
        return next((info.name for info in infos if info is not None and info.address == address), None)

    def is_classic(self, address: Address, now: Seconds) -> bool:
        """Whether an address answered a text, not long ago."""
        return self._classic.get(address, now) > now

    def speaks_frames(self, address: Address) -> bool:
        """Whether an address is known for having said Hello."""
        return address in self._frames

    def mark_classic(self, address: Address, now: Seconds) -> None:
        """An address answered a text in a well-formed way: speak text to it, for a while. Not one that said Hello."""
        if address not in self._frames:
            _remember(self._classic, address, now + self._settings.classic_memory, self._settings.addresses_max)

    def mark_frames(self, address: Address) -> None:
        """An address is known, here or to a neighbor, for having said Hello. When full, the oldest is forgotten."""
        _remember(self._frames, address, None, self._settings.addresses_max)
        self._classic.pop(address, None)

    # What is to be done.

    def dial(self, address: Address, now: Seconds) -> int:
        """Open a link and say Hello; the link's number. If that address is being dialled already, that one's number.

        There is no bound here: whoever dials has its own.
        """
        if (pending := self._dials.get(address)) is not None:
            self._links[pending].shared = True
            return pending
        self._last_number += 2
        link = self._last_number
        self._dials[address] = link
        self._links[link] = _Link(link, address, address.host, _Stage.DIALLING, now)
        self._outbox.do(Dial(link, address, self._settings.dial_timeout))
        self._outbox.open_link(link)
        self._say_hello(link, known_epoch=0)
        self._timers.set(link, now + self._settings.dial_timeout + self._settings.hello_timeout)
        return link

    def part(
        self, link: int, reason: Parting, *, contacts: Sequence[Contact] = (), detail: str = "", now: Seconds
    ) -> None:
        """Say why, and close. One that is gone already is no error."""
        entry = self._links.get(link)
        if entry is None:
            return
        if entry.stage is not _Stage.DIALLING:
            self._outbox.send(link, Goodbye(reason, detail[:DETAIL_MAX], tuple(contacts[:CONTACTS_MAX])))
        self._outbox.do(Hangup(link))
        self._forget(entry)
        self._timers.set(link, now + PARTING_MAX)  # what still waits for the link is thrown away then
        failure = Failure.SILENT if reason is Parting.NO_HELLO else Failure.CLOSED
        self._tell_end(entry, failure, reason, by_us=True, contacts=())
        self._admit_waiting(entry, now)

    def let_go(self, link: int, now: Seconds) -> None:
        """Who dialled a link needs it no more: close it, unless another machine dialled it, too."""
        entry = self._links.get(link)
        if entry is not None and not entry.shared:
            self.part(link, Parting.DONE, now=now)

    def leave(self, now: Seconds) -> None:
        """Part with all: this node stops."""
        for link in tuple(self._links):
            self.part(link, Parting.LEAVING, now=now)

    # What happens.

    def on_dialled(self, link: int, now: Seconds) -> None:
        """A node that we dialled speaks frames; its Hello is due."""
        if (entry := self._links.get(link)) is not None:
            entry.stage = _Stage.GREETING
            self._timers.set(link, now + self._settings.hello_timeout)

    def on_accepted(self, link: int, source: str, now: Seconds) -> None:
        """A node opened a link to us; its Hello is due. When there are too many links, it is told so."""
        full = len(self._links) >= self._settings.links_max
        self._links[link] = _Link(link, None, source, _Stage.GREETING, now)
        self._outbox.open_link(link)
        self._timers.set(link, now + self._settings.hello_timeout)
        if full:
            self.part(link, Parting.FULL, now=now)

    def on_lost(self, link: int, failure: Failure, now: Seconds) -> None:
        """A link broke, or came to nothing."""
        entry = self._links.get(link)
        if entry is not None:
            self._end(entry, failure, None, (), now)

    def on_goodbye(self, link: int, goodbye: Goodbye, now: Seconds) -> None:
        """The other side closes, and says why. A reason that we don't know means nothing bad."""
        entry = self._links.get(link)
        if entry is not None:
            self._outbox.do(Hangup(link))
            reason = Parting(goodbye.reason) if goodbye.reason in _PARTINGS else Parting.DONE
            self._end(entry, Failure.CLOSED, reason, goodbye.contacts, now)

    def on_alive(self, link: int, now: Seconds) -> None:
        """A link answered our own probe: it stays, and the one that waits for its place goes."""
        info = self.info(link)
        rival = self._waiting.get(info.address) if info is not None and self.stands(link) else None
        if rival is not None:
            self.part(rival, Parting.CROSSED, now=now)

    def on_hello(self, link: int, hello: Hello, now: Seconds) -> None:
        """The other side says who it is: let the link stand, or wait, or refuse it."""
        entry = self._links.get(link)
        if entry is None:
            return
        if entry.info is not None:
            self.part(link, Parting.BAD_FRAME, detail="a second Hello", now=now)
            self._outbox.say(Problem("a node said Hello twice", str(entry.info.address)))
            return
        entry.info = info = _info(hello, entry)
        entry.network = hello.network
        entry.known_epoch = hello.known_epoch
        if hello.name == self._identity.name:  # who has our name, and an epoch of its own
            entry.known_epoch = max(hello.epoch, hello.known_epoch)
        if not self._refuse(entry, info, hello, now):
            self._settle(entry, info, now)

    def tick(self, now: Seconds) -> None:
        """Close what kept silent, and let what waited stand."""
        for link in self._timers.due(now):
            entry = self._links.get(link)
            if entry is None:
                self._outbox.close_link(link)
            elif entry.stage is _Stage.WAITING:
                self._take_over(entry, Parting.REPLACED, now)
            else:
                self.part(link, Parting.NO_HELLO, now=now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._timers.next_deadline()

    # Hellos.

    def _say_hello(self, link: int, *, known_epoch: int) -> None:
        identity = self._identity
        hello = Hello(
            network=self._links[link].network if self._serves_all else identity.network,
            role=self._role,
            name=identity.name,
            address=identity.address,
            epoch=identity.epoch,
            instance=identity.instance,
            known_epoch=known_epoch,
        )
        self._outbox.send(link, hello)

    def _answer_hello(self, entry: _Link, info: NodeInfo) -> None:
        if entry.target is None:
            known = self._known_epoch(info.name)
            is_later = self._role is Role.PEER or known > info.epoch  # a seed does not know of which instance
            self._say_hello(entry.number, known_epoch=known if is_later else 0)

    def _refuse(self, entry: _Link, info: NodeInfo, hello: Hello, now: Seconds) -> bool:
        """Part with who can't be ours; it gets our Hello first, so that it can tell its own people why."""
        ours = self._identity
        problem = ""
        if hello.version != VERSION:
            reason, problem = Parting.OTHER_VERSION, "a node speaks another version of the protocol"
            detail = f"{ours.name} speaks version {VERSION}, {hello.name} version {hello.version}"
        elif hello.network != ours.network and not self._serves_all:
            reason, problem = Parting.OTHER_NETWORK, "a node of another network was refused"
            detail = f"{ours.name} is of network {ours.network!r}, {hello.name} of {hello.network!r}"
        elif (hello.name, hello.instance) == (ours.name, ours.instance):
            reason, detail = Parting.SELF, ""
            if entry.target is not None:
                ours.seen_as(entry.target)
        else:
            return False
        self._answer_hello(entry, info)
        if problem:
            self._outbox.say(Problem(problem, str(info.address), detail))
        self.part(entry.number, reason, detail=detail, now=now)
        return True

    # Two links between the same two nodes.

    def _settle(self, entry: _Link, info: NodeInfo, now: Seconds) -> None:
        """Both are known: decide between this link and another one, if there is one."""
        number = self._standing.get(info.name)
        if number is None:
            self._settle_with_dial(entry, info, now)
            return
        rival = self._links[number]
        old = rival.info
        assert old is not None
        if old.instance != info.instance:
            if info.epoch < old.epoch:
                self._answer_hello(entry, info)
                self.part(entry.number, Parting.REPLACED, detail="a later life of this name is known", now=now)
            else:
                self._take_over(entry, Parting.REPLACED, now)
        elif old.dialled != info.dialled and now - rival.since < self._settings.hello_timeout:
            if info.dialled == self._is_picked(info):
                self._take_over(entry, Parting.CROSSED, now)
            else:
                self.part(entry.number, Parting.CROSSED, now=now)
        elif info.dialled:  # the other side has decided, by its Hello
            self._take_over(entry, Parting.REPLACED, now)
        else:
            self._outbox.send(number, Probe(OWN_PROBE))
            self._wait(entry, info, now + self._settings.hello_timeout / 2, now)

    def _settle_with_dial(self, entry: _Link, info: NodeInfo, now: Seconds) -> None:
        """No other link stands, but perhaps we are dialling who dialled us."""
        pending = self._dials.get(info.address)
        if pending is None or pending == entry.number:
            self._stand(entry, info, now)
        elif self._is_picked(info):
            self._wait(entry, info, now + self._settings.dial_timeout + self._settings.hello_timeout, now)
        else:
            self._stand(entry, info, now)
            self.part(pending, Parting.CROSSED, now=now)

    def _is_picked(self, info: NodeInfo) -> bool:
        """Whether of two links between a node and us the one that we dialled stays; it thinks the contrary."""
        own = self._identity
        if info.name == own.name:  # two lives of one name
            return own.address < info.address
        both = sorted((own.name, info.name))
        picked = blake2b("\n".join(both).encode(), digest_size=1).digest()[0] & 1
        return both[picked] == own.name

    def _wait(self, entry: _Link, info: NodeInfo, until: Seconds, now: Seconds) -> None:
        """Keep a link without our yes; one that waited before gives way."""
        earlier = self._waiting.get(info.address)
        entry.stage = _Stage.WAITING
        self._waiting[info.address] = entry.number
        self._timers.set(entry.number, until)
        if earlier is not None:
            self.part(earlier, Parting.REPLACED, now=now)

    def _take_over(self, entry: _Link, reason: Parting, now: Seconds) -> None:
        """Let a link stand in place of whatever stood."""
        info = entry.info
        assert info is not None
        self._waiting.pop(info.address, None)
        old = self._standing.get(info.name)
        if old is not None:
            self.part(old, reason, now=now)
        self._stand(entry, info, now)

    def _stand(self, entry: _Link, info: NodeInfo, now: Seconds) -> None:
        self._answer_hello(entry, info)
        if entry.target is not None:
            self._dials.pop(entry.target, None)
        self._timers.cancel(entry.number)
        self.mark_frames(info.address)
        entry.stage = _Stage.STANDING
        entry.since = now
        self._standing[info.name] = entry.number
        self._outbox.say(LinkReady(entry.number, info.name, info.address, info.dialled, entry.known_epoch))
        rival = self._waiting.get(info.address)
        if rival is not None:
            self.part(rival, Parting.CROSSED, now=now)

    # Ends.

    def _end(
        self, entry: _Link, failure: Failure, parting: Parting | None, contacts: tuple[Contact, ...], now: Seconds
    ) -> None:
        self._outbox.close_link(entry.number)
        self._forget(entry)
        self._tell_end(entry, failure, parting, by_us=False, contacts=contacts)
        self._admit_waiting(entry, now)

    def _forget(self, entry: _Link) -> None:
        number, info = entry.number, entry.info
        del self._links[number]
        self._timers.cancel(number)
        if entry.target is not None and self._dials.get(entry.target) == number:
            del self._dials[entry.target]
        if info is not None:
            if self._standing.get(info.name) == number:
                del self._standing[info.name]
            if self._waiting.get(info.address) == number:
                del self._waiting[info.address]

    def _tell_end(
        self, entry: _Link, failure: Failure, parting: Parting | None, *, by_us: bool, contacts: tuple[Contact, ...]
    ) -> None:
        """Say what became of a link that stood, or that we dialled."""
        number, info = entry.number, entry.info
        if entry.stage is _Stage.STANDING:
            assert info is not None
            self._outbox.say(LinkDown(number, info.name, info.address, parting, by_us, contacts))
        elif entry.target is not None:
            told = None if parting is Parting.NO_HELLO else parting
            like_classic = entry.stage is _Stage.DIALLING and failure in (Failure.CLOSED, Failure.SILENT)
            classic = like_classic and told is None and entry.target not in self._frames
            self._outbox.say(LinkFailed(number, entry.target, failure, told, classic))

    def _admit_waiting(self, entry: _Link, now: Seconds) -> None:
        """What waited for the end of this link, because it stood or was being dialled, stands now."""
        address = entry.info.address if entry.info is not None and entry.stage is _Stage.STANDING else entry.target
        number = self._waiting.get(address) if address is not None else None
        if number is not None:
            self._take_over(self._links[number], Parting.REPLACED, now)


def _info(hello: Hello, entry: _Link) -> NodeInfo:
    """Who it says it is. A node that does not know its host yet is where the link comes from."""
    address = hello.address
    if address.host in _NOWHERE:
        address = Address(entry.source, address.port)
    return NodeInfo(hello.name, address, hello.epoch, hello.instance, hello.role, entry.target is not None)


def _remember(table: dict[Address, Value], address: Address, value: Value, capacity: int) -> None:
    """Put an address at the end of a table; when full, the oldest goes."""
    table.pop(address, None)
    table[address] = value
    if len(table) > capacity:
        del table[next(iter(table))]
