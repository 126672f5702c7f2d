"""Frames: every message on a link between two nodes of ours. How they look as bytes: `wire/frames.py`.

    either                        either, once a link each way
      Hello               ---->                           who I am; different networks refuse each other
      Goodbye             ---->     closes                why, and perhaps whom to ask instead
      Probe               ---->
                          <----   ProbeReply              ahead of everything that waits

    newcomer                      member (overlay.py)
      NeighborRequest     ---->     has room
                          <----   NeighborAccepted        or Goodbye with contacts
                                  ForwardJoin ----> ...   a walk that finds the newcomer further neighbors
      Shuffle             ----> ... a walk
                          <---- ... ShuffleReply          back along the same path

    parent                        child (broadcast.py)
      RunRecord           ---->     a run, with its hop count and age
                          <----   Acknowledgement         how far it heard, and how far all below it did
                          <----   Prune                   no more runs of this stream this way
    any                           any
      Digest              ---->     how far I heard, by stream
                          <----   Graft                   be my parent for this stream, from this run on
                          <----   Want                    send these runs, and nothing else changes
      Gone                ---->     those I no longer have
      Summary, Buckets, Heads <-->  compare all streams (antientropy.py)

    any                           any neighbor
      Claims              ---->     news of members (directory.py)
      Watching            ---->     my neighbors, who watch me beside you
      MembersSummary, MembersBuckets <-->  compare directories
      RelayRequest        ---->     is that member alive? (liveness.py)
                          <----   RelayReply
    any                           any member (requests.py)
      Request             ---->
                          <----   Response
    asker                         any member, on a link for that alone
                          <----   Answers

    peer                          seed (seed.py)
      Enrolment           ---->     lists the peer, or renews its lease
                          <----   Lease
      DeathNotice         ---->     sees for itself
    seed                          seed
      RegistryPage        <--->     tell each other their registries

All are immutable. Texts and lists are bounded here, so that what decodes is within bounds.
"""

import enum
from typing import Annotated, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta

from rumor.core.ids import Address

VERSION = 1
"""The protocol's major version; another one is refused on both sides."""

COUNT_MAX = (1 << 63) - 1
"""The greatest epoch, instance or time."""

NUMBER_MAX = (1 << 48) - 1
"""The greatest number of a run or a rumor: nine years of a million a second."""

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255)]
Topic: TypeAlias = Annotated[str, Meta(max_length=255)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=COUNT_MAX)]
Number: TypeAlias = Annotated[int, Meta(ge=0, le=NUMBER_MAX)]
Positive: TypeAlias = Annotated[int, Meta(ge=1, le=NUMBER_MAX)]
Hops: TypeAlias = Annotated[int, Meta(ge=0, le=255)]
TagKey: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
TagValue: TypeAlias = Annotated[str, Meta(max_length=255)]


class Lane(enum.IntEnum):
    """Which of an origin's streams a run belongs to."""

    APP = 0
    """What applications publish."""
    MEMBERS = 1
    """Nothing: claims of members are told by their state (Claims), not as runs."""
    CARRIED = 2
    """Classic rumors that a bridge brought in."""
    ASKED = 3
    """Questions to all (requests.py); told to no application as rumors."""


class StreamId(NamedTuple):
    """One stream: whose runs, of which of its lives, on which lane. A plain tuple of the three is equal to it."""

    origin: Name
    epoch: Count
    lane: Lane


class Contact(msgspec.Struct, frozen=True, array_like=True):
    """A node and where it is."""

    name: Name
    address: Address


class Role(enum.Enum):
    """What a node is."""

    PEER = "peer"
    SEED = "seed"


class Hello(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """The first frame each way. `instance` is random for each process life.

    `known_epoch` is the latest epoch that the sender knows of the receiver's name in another instance, 0 if none; who
    dials sends 0, since it does not know yet to whom it speaks.
    """

    version: Count = VERSION
    network: Annotated[str, Meta(max_length=255)]
    role: Role
    name: Name
    address: Address
    epoch: Count
    instance: Count
    known_epoch: Count = 0
    features: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=64)] = ()


class Parting(enum.IntEnum):
    """Why a link ends; shown to both sides."""

    LEAVING = 1
    """The node stops."""
    FULL = 2
    """No place for another neighbor; ask those that come with it."""
    CROSSED = 3
    """Both dialled at once; the other link stays."""
    REPLACED = 4
    """A newer link between the same two nodes took its place."""
    OTHER_NETWORK = 5
    """The network names differ."""
    OTHER_VERSION = 6
    """The protocol's major versions differ."""
    SELF = 7
    """The node dialled itself."""
    SWAPPED = 8
    """A better neighbor took the place."""
    SILENT = 9
    """No answer to several probes."""
    SURPLUS = 10
    """More neighbors than wanted."""
    NOT_A_PEER = 11
    """The other is a seed, or was taken for something that it is not."""
    BAD_FRAME = 12
    """Bytes that fit no frame."""
    NO_HELLO = 13
    """The first frame did not come in time."""
    DONE = 14
    """The link was for one purpose, and that is served."""


class Goodbye(msgspec.Struct, frozen=True, array_like=True):
    """The last frame: why, and perhaps whom to ask instead. `reason` is a Parting; an unknown number is taken."""

    reason: Count
    detail: Annotated[str, Meta(max_length=255)] = ""
    contacts: Annotated[tuple[Contact, ...], Meta(max_length=32)] = ()


class Probe(msgspec.Struct, frozen=True, array_like=True):
    """Are you there?"""

    number: Count


class ProbeReply(msgspec.Struct, frozen=True, array_like=True):
    """I am: the probe's number."""

    number: Count


# Overlay.


class NeighborRequest(msgspec.Struct, frozen=True, array_like=True):
    """Let us be neighbors.

    `urgent` from a node that has no neighbor, or too few and was refused several times: it is taken even if another
    must go. `joining` when walks shall find it further neighbors.
    """

    urgent: bool = False
    joining: bool = False


class NeighborAccepted(msgspec.Struct, frozen=True, array_like=True):
    """We are; some contacts beside."""

    contacts: Annotated[tuple[Contact, ...], Meta(max_length=32)] = ()


class ForwardJoin(msgspec.Struct, frozen=True, array_like=True):
    """A walk for a newcomer: who gets it last dials the newcomer."""

    newcomer: Contact
    steps_left: Hops


class Shuffle(msgspec.Struct, frozen=True, array_like=True):
    """A walk that exchanges contacts. `path`: the names of those it came by, the one that began it first."""

    path: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=16)]
    steps_left: Hops
    contacts: Annotated[tuple[Contact, ...], Meta(max_length=32)]


class ShuffleReply(msgspec.Struct, frozen=True, array_like=True):
    """Contacts in return, back along what is left of the path."""

    path: Annotated[tuple[Name, ...], Meta(max_length=16)]
    contacts: Annotated[tuple[Contact, ...], Meta(max_length=32)]


# Broadcast.


class Run(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The rumors that an origin published in one turn: immutable, made and encoded once.

    `number` counts the runs of the stream, `first` is the number of its first rumor; `timestamp` is in microseconds
    since 1970. A payload that is too long for a run comes in `parts` runs with the same `first`; this is one of them.
    """

    origin: Name
    epoch: Count
    lane: Lane
    number: Positive
    first: Positive
    timestamp: Count
    topic: Topic
    payloads: Annotated[list[bytes], Meta(min_length=1, max_length=65_536)]
    part: Count = 0
    parts: Positive = 1

    @property
    def last(self) -> int:
        """The number of its last rumor."""
        return self.first + len(self.payloads) - 1


class RunRecord(msgspec.Struct, frozen=True, gc=False):
    """A run as it came over a link: what changes by the hop, the run, and its very bytes, which are passed on.

    `hops` counts the links it came by, this one not included; `age` is milliseconds since it was published, as far as
    its holders know. `repair`: it was asked for, and says nothing about the tree.
    """

    hops: int
    age: int
    repair: bool
    run: Run
    raw: bytes


class RawRecord(msgspec.Struct, frozen=True, gc=False):
    """A run as it leaves over a link; see RunRecord."""

    hops: int
    age: int
    repair: bool
    raw: bytes


class Prune(msgspec.Struct, frozen=True, array_like=True):
    """Send no more runs of this stream this way; digests only."""

    stream: StreamId


class Graft(msgspec.Struct, frozen=True, array_like=True):
    """Be my parent for this stream: send it from run `number` on."""

    stream: StreamId
    number: Positive


class Want(msgspec.Struct, frozen=True, array_like=True):
    """Send the runs `first` to `last` as a repair."""

    stream: StreamId
    first: Positive
    last: Positive


class Gone(msgspec.Struct, frozen=True, array_like=True):
    """I don't have the runs `first` to `last` any more, or never had; `last_rumor` is the last rumor of run `last`.

    `final` from the stream's origin: nobody will get them from there again.
    """

    stream: StreamId
    first: Positive
    last: Positive
    last_rumor: Number
    final: bool = False


class DigestEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How far a node heard one stream: `number` is the last run without a gap before it, `last` its last rumor.

    `hops` is the node's distance from the origin. Runs from `first` on are retained (`number` + 1: none is).
    """

    origin: Name
    epoch: Count
    lane: Lane
    number: Number
    last: Number
    hops: Hops
    first: Positive


class Digest(msgspec.Struct, frozen=True, array_like=True):
    """How far I heard the streams that changed."""

    entries: Annotated[tuple[DigestEntry, ...], Meta(max_length=1024)]


class AcknowledgedStream(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Of one stream: how far I heard without a gap, how far I and all my counted children did, and how many we are."""

    origin: Name
    epoch: Count
    lane: Lane
    own: Number
    tree: Number
    nodes: Count


class Acknowledgement(msgspec.Struct, frozen=True, array_like=True):
    """What a child owes its parent: once a turn, all streams in one."""

    entries: Annotated[tuple[AcknowledgedStream, ...], Meta(max_length=1024)]


# Anti-entropy.


class Summary(msgspec.Struct, frozen=True, array_like=True):
    """One hash over all heads of streams. `joining`: I know nothing yet, tell me all."""

    hash: Annotated[bytes, Meta(min_length=16, max_length=16)]
    joining: bool = False


class Buckets(msgspec.Struct, frozen=True, array_like=True):
    """256 hashes of 8 bytes, each over the heads of the streams that fall into its bucket."""

    hashes: Annotated[bytes, Meta(min_length=2048, max_length=2048)]


class Heads(msgspec.Struct, frozen=True, array_like=True):
    """Heads of streams, to be compared. `answer`: tell me yours of the same buckets; `last`: there is no more."""

    entries: Annotated[tuple[DigestEntry, ...], Meta(max_length=1024)]
    buckets: Annotated[bytes, Meta(max_length=32)]
    answer: bool
    last: bool


# Membership.

TAGS_MAX = 32
"""Tags of one member."""

WATCHERS_MAX = 16
"""Names in one list of neighbors."""


class Standing(enum.IntEnum):
    """What a member says of itself. At the same incarnation the greater one counts."""

    ALIVE = 0
    AWAY = 1
    """It will be away for a while, and come back."""
    LEFT = 2
    """It is gone on purpose."""


class Verdict(enum.IntEnum):
    """What one node found of another. At the same incarnation the greater one counts; all but SUSPECT are evidence."""

    SUSPECT = 0
    """Silent so far: it may still refute."""
    SILENT = 1
    """No answer to any probe, ours or a relay's, and no refutation."""
    UNREACHABLE = 2
    """No neighbor of ours; dialled as any member is now and then, it did not answer."""
    REFUSED = 3
    """Its link broke, and its address takes no connection any more."""


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """What a member says of itself; nobody else says that it is alive.

    `tags` are sorted by key, each key once. `back_at`: milliseconds since 1970, 0 unless it is away.
    """

    name: Name
    epoch: Count
    incarnation: Number
    standing: Standing
    address: Address
    tags: Annotated[tuple[tuple[TagKey, TagValue], ...], Meta(max_length=TAGS_MAX)] = ()
    back_at: Count = 0


class Statement(msgspec.Struct, frozen=True, array_like=True):
    """What one node found of a member in this life and incarnation.

    `misses` probes or dials in a row failed, `relays` tried in vain; silent for `silent_ms`, while the accuser's own
    loop was late by `late_ms`. `watchers` held the member as a neighbor beside the accuser, as far as it knows.
    """

    name: Name
    epoch: Count
    incarnation: Number
    accuser: Name
    verdict: Verdict
    misses: Number = 0
    relays: Number = 0
    silent_ms: Count = 0
    late_ms: Count = 0
    watchers: Annotated[tuple[Name, ...], Meta(max_length=WATCHERS_MAX)] = ()


class Claims(msgspec.Struct, frozen=True, array_like=True):
    """News of members: what they say of themselves, and what others found.

    `ages`: of those named here that are dead or left, how many milliseconds ago that was known first. `answer`: no
    news, but what the sender knows, because a comparison showed a difference.
    """

    claims: Annotated[tuple[Claim, ...], Meta(max_length=256)] = ()
    statements: Annotated[tuple[Statement, ...], Meta(max_length=256)] = ()
    ages: Annotated[tuple[tuple[Name, Count], ...], Meta(max_length=512)] = ()
    answer: bool = False


class Watching(msgspec.Struct, frozen=True, array_like=True):
    """My neighbors now, whom the receiver watches me together with."""

    names: Annotated[tuple[Name, ...], Meta(max_length=WATCHERS_MAX)]


class RelayRequest(msgspec.Struct, frozen=True, array_like=True):
    """Is that member alive? I hear nothing of it."""

    number: Count
    member: Contact


class RelayReply(msgspec.Struct, frozen=True, array_like=True):
    """Whether it answered me just now."""

    number: Count
    alive: bool


class MembersSummary(msgspec.Struct, frozen=True, array_like=True):
    """One hash over the sender's whole directory."""

    hash: Annotated[bytes, Meta(min_length=16, max_length=16)]


class MembersBuckets(msgspec.Struct, frozen=True, array_like=True):
    """64 hashes of 8 bytes over a directory, by buckets of names. `answer`: tell me yours, and what differs."""

    hashes: Annotated[bytes, Meta(min_length=512, max_length=512)]
    answer: bool


# Requests.


class Request(msgspec.Struct, frozen=True, array_like=True):
    """A question to one member: answer within `timeout_ms`."""

    number: Count
    topic: Topic
    timeout_ms: Count
    payload: bytes


class Outcome(enum.IntEnum):
    """What became of a request at the other side."""

    ANSWERED = 0
    NO_RESPONDER = 1
    """Nobody there answers that topic."""
    FAILED = 2
    """The responder raised, or gave an answer that is too long."""
    BUSY = 3
    """Too many requests at once."""


class Response(msgspec.Struct, frozen=True, array_like=True):
    """The answer to a request, by its number. `payload` is empty unless it was answered."""

    number: Count
    outcome: Count
    payload: bytes = b""


class Answers(msgspec.Struct, frozen=True, array_like=True):
    """An answer to a question that was asked of all: `asked` is its number at the asker."""

    asked: Count
    outcome: Count
    payload: bytes = b""


# Seeds.


class Enrolment(msgspec.Struct, frozen=True, array_like=True):
    """List me, or renew my lease: who I am stands in my Hello. `incarnation` is my present one.

    `wanted`: so many others, at most, the seed may tell of; by default as many as a newcomer of ours wants.
    """

    incarnation: Number = 0
    wanted: Annotated[int, Meta(ge=0, le=128)] = 64


class Lease(msgspec.Struct, frozen=True, array_like=True):
    """You are listed for so long; and others at random. An empty `refusal` is a yes."""

    milliseconds: Count
    contacts: Annotated[tuple[Contact, ...], Meta(max_length=128)] = ()
    refusal: Annotated[str, Meta(max_length=255)] = ""


class DeathNotice(msgspec.Struct, frozen=True, array_like=True):
    """A peer found a member dead: to a seed, which sees for itself."""

    name: Name
    epoch: Count
    incarnation: Number
    address: Address


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One entry of a registry, for another seed. `age_ms` since the last proof of life, or since it was struck off.

    `name` is empty for a peer that registered by text.
    """

    name: Annotated[str, Meta(max_length=255)]
    address: Address
    epoch: Count
    incarnation: Number
    age_ms: Count
    struck_off: bool = False


class RegistryPage(msgspec.Struct, frozen=True, array_like=True):
    """Entries of a seed's registry. `answer`: tell me yours. `last`: there is no more."""

    entries: Annotated[tuple[Entry, ...], Meta(max_length=512)]
    answer: bool
    last: bool


Frame: TypeAlias = (
    Hello
    | Goodbye
    | Probe
    | ProbeReply
    | NeighborRequest
    | NeighborAccepted
    | ForwardJoin
    | Shuffle
    | ShuffleReply
    | RunRecord
    | Prune
    | Graft
    | Want
    | Gone
    | Digest
    | Acknowledgement
    | Summary
    | Buckets
    | Heads
    | Claims
    | Watching
    | RelayRequest
    | RelayReply
    | MembersSummary
    | MembersBuckets
    | Request
    | Response
    | Answers
    | Enrolment
    | Lease
    | DeathNotice
    | RegistryPage
)
"""What comes over a link."""

Control: TypeAlias = (
    Hello
    | Goodbye
    | Probe
    | ProbeReply
    | NeighborRequest
    | NeighborAccepted
    | ForwardJoin
    | Shuffle
    | ShuffleReply
    | Prune
    | Graft
    | Want
    | Gone
    | Digest
    | Acknowledgement
    | Summary
    | Buckets
    | Heads
    | Claims
    | Watching
    | RelayRequest
    | RelayReply
    | MembersSummary
    | MembersBuckets
    | Request
    | Response
    | Answers
    | Enrolment
    | Lease
    | DeathNotice
    | RegistryPage
)
"""All that goes ahead of runs."""

Outgoing: TypeAlias = Control | RawRecord
"""What leaves over a link."""
