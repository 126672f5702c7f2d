"""What happened, for the application, the program and the logs. Plain values, made by the core."""

import enum
from typing import TypeAlias

import msgspec

from rumor.core.effects import Failure
from rumor.core.frames import Contact, Outcome, Parting, Run, Verdict
from rumor.core.ids import Address, Seconds
from rumor.core.members import Change, Reach
from rumor.core.messages import DeadNode, Gossip


class Reason(enum.Enum):
    """Why a neighbor came or went."""

    ASKED = "we asked it"
    ACCEPTED = "it asked us"
    DEAD = "three liveness requests in a row failed"
    FORGOT_US = "it no longer holds us as its neighbor"
    BROKEN = "its link broke without a goodbye"
    LEFT = "it said goodbye: it stops"
    REPLACED = "a new link between us took the place of the old one"
    SWAPPED = "a better neighbor took the place"
    SURPLUS = "more neighbors than wanted"
    REFUSED = "it closed the link"
    FAULT = "it sent what fits no frame"


class LostReason(enum.Enum):
    """Why rumors are given up for good."""

    FORGOTTEN = "the origin no longer keeps them"
    UNOBTAINABLE = "no neighbor has them"
    EXPIRED = "they are older than anybody keeps them"
    NOT_READ = "the subscriber did not read in time"


class Registered(msgspec.Struct, frozen=True):
    """A seed took us on its list; `renewed` when it had us there before."""

    seed: Address
    renewed: bool


class PeerRegistered(msgspec.Struct, frozen=True):
    """We, a seed, took a peer on our list; `new` when it was not there."""

    peer: Address
    new: bool


class PeerListReceived(msgspec.Struct, frozen=True):
    """A seed told us its list, without ourselves."""

    seed: Address
    peers: tuple[Address, ...]


class LinkReady(msgspec.Struct, frozen=True):
    """A link stands: both sides have said who they are. `dialled` by us."""

    link: int
    name: str
    address: Address
    dialled: bool
    known_epoch: int


class LinkFailed(msgspec.Struct, frozen=True):
    """A link that we dialled came to nothing before it stood.

    `parting`: what the other side said, if it spoke frames; `classic`: it closed on the preface or kept silent, as an
    original node does.
    """

    link: int
    address: Address
    failure: Failure
    parting: Parting | None = None
    classic: bool = False


class LinkDown(msgspec.Struct, frozen=True):
    """A link that stood is gone. `parting` None: it broke without a goodbye. `by_us`: we closed it."""

    link: int
    name: str
    address: Address
    parting: Parting | None
    by_us: bool
    contacts: tuple[Contact, ...] = ()


class PublishProgress(msgspec.Struct, frozen=True):
    """Our own rumors got further: all up to `number` are acknowledged by the whole tree, which has so many `nodes`.

    Said too when only the room for more has changed, or whether the tree has settled.
    """

    number: int
    nodes: int


class NeighborUp(msgspec.Struct, frozen=True):
    """A peer became our neighbor: one of ours by its name and over a link, an original without (`""`, 0)."""

    neighbor: Address
    reason: Reason
    name: str = ""
    link: int = 0


class NeighborDown(msgspec.Struct, frozen=True):
    """A peer is no longer our neighbor. `name` and `link` as in NeighborUp."""

    neighbor: Address
    reason: Reason
    name: str = ""
    link: int = 0


class RumorHeard(msgspec.Struct, frozen=True):
    """A classic rumor reached us for the first time."""

    gossip: Gossip


class Strike(msgspec.Struct, frozen=True):
    """A neighbor missed a liveness request; `count` in a row so far."""

    neighbor: Address
    count: int


class NeighborDied(msgspec.Struct, frozen=True):
    """A neighbor is dead: `strikes_max` liveness requests in a row failed, or others found the same.

    One of ours by its name, and the life and incarnation that is dead; an original without (`""`, 0, 0).
    """

    neighbor: Address
    name: str = ""
    epoch: int = 0
    incarnation: int = 0


class DeathReported(msgspec.Struct, frozen=True):
    """We reported a dead neighbor to these seeds, with this report."""

    report: DeadNode
    reported_to: tuple[Address, ...]


class DeathReceived(msgspec.Struct, frozen=True):
    """We, a seed, were told of a dead peer; `listed` when it was on our list."""

    report: DeadNode
    listed: bool


class RunDelivered(msgspec.Struct, frozen=True, gc=False):
    """A run for the application.

    `ordered`: all of its stream before it was delivered or declared lost, so it is the next one in order. `fresh`: it
    is told of for the first time. One that comes early is told twice: fresh, and later ordered. A payload that came in
    parts is whole here. `own`: we published it.
    """

    run: Run
    own: bool
    ordered: bool
    fresh: bool


class RumorsLost(msgspec.Struct, frozen=True):
    """The rumors `first` to `last` of an origin's life will not be delivered any more: final."""

    origin: str
    epoch: int
    first: int
    last: int
    reason: LostReason


class HistoryReached(msgspec.Struct, frozen=True):
    """What was said before we came is there, as far as neighbors keep it and we waited."""


class OriginWanted(msgspec.Struct, frozen=True):
    """No neighbor has some runs of this origin: it must be asked itself before they are given up."""

    origin: str


class TwoLives(msgspec.Struct, frozen=True):
    """Another process lives under our name, with a later epoch: we publish no more."""

    name: str
    epoch: int


class MemberChanged(msgspec.Struct, frozen=True):
    """The directory changed."""

    change: Change


class ReachChanged(msgspec.Struct, frozen=True):
    """A partition seems to have opened or healed."""

    reach: Reach


class SelfRefuted(msgspec.Struct, frozen=True):
    """Others doubted that we live; we told them that we do. `accusers`, and our incarnation from now on."""

    accusers: tuple[str, ...]
    incarnation: int


class Accused(msgspec.Struct, frozen=True):
    """We found that a member does not answer; it is told to all, and first of all to itself.

    `misses` probes or dials in a row failed, `relays` tried in vain; silent for `silent` seconds, while our own loop
    was late by `late` seconds.
    """

    name: str
    verdict: Verdict
    misses: int
    relays: int
    silent: Seconds
    late: Seconds


class OtherLifeTold(msgspec.Struct, frozen=True):
    """Members know of a later life under our name, at another address: it is to be asked."""

    address: Address


class Asked(msgspec.Struct, frozen=True):
    """A question for the application: answer it by `respond(ticket, …)`, within `patience` seconds.

    `asker` is a member's name; `to_all` when everybody is asked.
    """

    ticket: int
    asker: str
    topic: str
    payload: bytes
    patience: Seconds
    to_all: bool


class Answered(msgspec.Struct, frozen=True):
    """An answer to question `number` of ours. `outcome` ANSWERED: `payload` is the answer."""

    number: int
    member: str
    outcome: Outcome
    payload: bytes


class Unanswered(msgspec.Struct, frozen=True):
    """Question `number` of ours to one member came to nothing: it can't be reached, or its time is over."""

    number: int
    reason: str


class PeerStruckOff(msgspec.Struct, frozen=True):
    """We, a seed, took a peer off our list: it did not answer us."""

    peer: Address
    name: str


class Alone(msgspec.Struct, frozen=True):
    """No neighbor since that moment of the driver's clock: the seeds must be asked again."""

    since: Seconds


class Problem(msgspec.Struct, frozen=True):
    """Something that people should know of and that harms nothing.

    `what` says it in words that are the same each time, so that a driver can hold back repetitions;
    `source` is who caused it (a host or address, "" for ourselves), `detail` what differs from case to case.
    """

    what: str
    source: str = ""
    detail: str = ""


Event: TypeAlias = (
    Registered
    | PeerRegistered
    | PeerListReceived
    | LinkReady
    | LinkFailed
    | LinkDown
    | PublishProgress
    | NeighborUp
    | NeighborDown
    | RumorHeard
    | Strike
    | NeighborDied
    | RunDelivered
    | RumorsLost
    | TwoLives
    | OriginWanted
    | HistoryReached
    | DeathReported
    | DeathReceived
    | MemberChanged
    | ReachChanged
    | SelfRefuted
    | Accused
    | OtherLifeTold
    | Asked
    | Answered
    | Unanswered
    | PeerStruckOff
    | Alone
    | Problem
)
