"""Frames, their bytes and near misses of them, for hypothesis."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from rumor.core import frames
from rumor.core.frames import COUNT_MAX, NUMBER_MAX, Frame, Lane, Outgoing, RawRecord, RunRecord
from rumor.core.ids import Address
from rumor.wire.frames import AGE_MAX, KINDS, RUN, encode, encode_run

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=255)
topics = st.text(st.characters(exclude_categories=["Cs"]), max_size=255)
counts = st.integers(0, COUNT_MAX)
numbers = st.integers(0, NUMBER_MAX)
positives = st.integers(1, NUMBER_MAX)
hops = st.integers(0, 255)
lanes = st.sampled_from(Lane)
host_names = st.from_regex(r"[a-z0-9_][a-z0-9-]{0,20}(\.[a-z][a-z0-9-]{0,20}){0,3}", fullmatch=True)
hosts = st.ip_addresses().map(str) | host_names.filter(lambda host: not host.isdecimal())
addresses = st.builds(Address, hosts, st.integers(1, 65_535))
contacts = st.builds(frames.Contact, names, addresses)
some_contacts = st.lists(contacts, max_size=32).map(tuple)
paths = st.lists(names, max_size=16).map(tuple)
streams = st.builds(frames.StreamId, names, counts, lanes)
ranges = st.tuples(positives, positives).map(lambda ends: (min(ends), max(ends)))
digest_entries = st.builds(frames.DigestEntry, names, counts, lanes, numbers, numbers, hops, positives)
some_digest_entries = st.lists(digest_entries, max_size=20).map(tuple)
short_names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64)
some_tags = st.dictionaries(short_names, topics, max_size=5).map(lambda tags: tuple(sorted(tags.items())))
claims = st.builds(frames.Claim, names, counts, numbers, st.sampled_from(frames.Standing), addresses, some_tags, counts)
some_names = st.lists(names, max_size=16).map(tuple)
statements = st.builds(
    frames.Statement,
    *(names, counts, numbers, names, st.sampled_from(frames.Verdict)),
    *(numbers, numbers, counts, counts, some_names),
)
entries = st.builds(frames.Entry, texts, addresses, counts, numbers, counts, st.booleans())
some_entries = st.lists(entries, max_size=20).map(tuple)
payloads = st.binary(max_size=100)
outcomes = st.sampled_from(frames.Outcome).map(int) | counts
acknowledged = st.builds(frames.AcknowledgedStream, names, counts, lanes, numbers, numbers, counts)


@st.composite
def runs(draw: st.DrawFn) -> frames.Run:
    """A run, or one part of a payload."""
    parts = draw(st.just(1) | positives)
    payloads = draw(st.lists(st.binary(max_size=100), min_size=1, max_size=1 if parts > 1 else 50))
    return frames.Run(
        draw(names),
        draw(counts),
        draw(lanes),
        draw(positives),
        draw(st.integers(1, NUMBER_MAX - len(payloads) + 1)),
        draw(counts),
        draw(topics),
        payloads,
        draw(st.integers(0, parts - 1)),
        parts,
    )


def record(hops: int, age: int, repair: bool, run: frames.Run) -> RunRecord:
    """A run as it comes over a link."""
    return RunRecord(hops, age, repair, run, encode_run(run))


records = st.builds(record, hops, st.integers(0, AGE_MAX), st.booleans(), runs())

hellos = st.builds(
    frames.Hello,
    version=counts,
    network=topics,
    role=st.sampled_from(frames.Role),
    name=names,
    address=addresses,
    epoch=counts,
    instance=counts,
    known_epoch=counts,
    features=st.lists(texts, max_size=64).map(tuple),
)

BY_KIND: dict[type[Frame], st.SearchStrategy[Frame]] = {
    frames.Hello: hellos,
    frames.Goodbye: st.builds(frames.Goodbye, counts | st.sampled_from(frames.Parting), topics, some_contacts),
    frames.Probe: st.builds(frames.Probe, counts),
    frames.ProbeReply: st.builds(frames.ProbeReply, counts),
    frames.NeighborRequest: st.builds(frames.NeighborRequest, st.booleans(), st.booleans()),
    frames.NeighborAccepted: st.builds(frames.NeighborAccepted, some_contacts),
    frames.ForwardJoin: st.builds(frames.ForwardJoin, contacts, hops),
    frames.Shuffle: st.builds(frames.Shuffle, paths.filter(bool), hops, some_contacts),
    frames.ShuffleReply: st.builds(frames.ShuffleReply, paths, some_contacts),
    frames.RunRecord: records,
    frames.Acknowledgement: st.builds(frames.Acknowledgement, st.lists(acknowledged, max_size=20).map(tuple)),
    frames.Prune: st.builds(frames.Prune, streams),
    frames.Graft: st.builds(frames.Graft, streams, positives),
    frames.Want: st.builds(lambda stream, ends: frames.Want(stream, ends[0], ends[1]), streams, ranges),
    frames.Gone: st.builds(
        lambda stream, ends, last, final: frames.Gone(stream, ends[0], ends[1], last, final),
        streams, ranges, numbers, st.booleans(),
    ),
    frames.Digest: st.builds(frames.Digest, some_digest_entries),
    frames.Summary: st.builds(frames.Summary, st.binary(min_size=16, max_size=16), st.booleans()),
    frames.Buckets: st.builds(frames.Buckets, st.binary(min_size=2048, max_size=2048)),
    frames.Heads: st.builds(
        frames.Heads, some_digest_entries, st.binary(max_size=32), st.booleans(), st.booleans()
    ),
    frames.Claims: st.builds(
        frames.Claims,
        st.lists(claims, max_size=5).map(tuple), st.lists(statements, max_size=5).map(tuple),
        st.lists(st.tuples(names, counts), max_size=5).map(tuple), st.booleans(),
    ),
    frames.Watching: st.builds(frames.Watching, some_names),
    frames.RelayRequest: st.builds(frames.RelayRequest, counts, contacts),
    frames.RelayReply: st.builds(frames.RelayReply, counts, st.booleans()),
    frames.MembersSummary: st.builds(frames.MembersSummary, st.binary(min_size=16, max_size=16)),
    frames.MembersBuckets: st.builds(
        frames.MembersBuckets, st.binary(min_size=512, max_size=512), st.booleans()
    ),
    frames.Request: st.builds(frames.Request, counts, topics, counts, payloads),
    frames.Response: st.builds(frames.Response, counts, outcomes, payloads),
    frames.Answers: st.builds(frames.Answers, counts, outcomes, payloads),
    frames.Enrolment: st.builds(frames.Enrolment, numbers),
    frames.Lease: st.builds(frames.Lease, counts, some_contacts, texts),
    frames.DeathNotice: st.builds(frames.DeathNotice, names, counts, numbers, addresses),
    frames.RegistryPage: st.builds(frames.RegistryPage, some_entries, st.booleans(), st.booleans()),
}  # fmt: skip

any_frame: st.SearchStrategy[Frame] = st.one_of(*BY_KIND.values())


def outgoing(frame: Frame) -> Outgoing:
    """What must be sent so that this arrives."""
    if isinstance(frame, RunRecord):
        return RawRecord(frame.hops, frame.age, frame.repair, frame.raw)
    return frame


def framed(kind: int, body: bytes) -> bytes:
    """A body with what goes before it."""
    return (1 + len(body)).to_bytes(4, "big") + bytes([kind]) + body


def _encoded(frame: Frame) -> bytes:
    return encode(outgoing(frame))


def changed(body: bytes, change: Any) -> bytes:
    """A body with other fields: those that `change` makes of them."""
    return msgspec.msgpack.encode(change(msgspec.msgpack.decode(body)))


unknown_kinds = st.integers(0, 255).filter(lambda kind: kind not in KINDS)
unknown = st.builds(framed, unknown_kinds, st.binary(max_size=50))

leaves = st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | texts | st.binary()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=10)
"""Whatever MessagePack can say."""


@st.composite
def odd_bodies(draw: st.DrawFn, kind: int) -> bytes:
    """A body of right MessagePack, in which one field holds something else, or is too many or too few."""
    fields: list[Any] = msgspec.msgpack.decode(_encoded(draw(BY_KIND[KINDS[kind]]))[5:])
    if kind == RUN and draw(st.booleans()):
        fields[3] = changed(fields[3], lambda run: _with_odd_field(draw, run))
        return msgspec.msgpack.encode(fields)
    return msgspec.msgpack.encode(_with_odd_field(draw, fields))


def _with_odd_field(draw: st.DrawFn, fields: list[Any]) -> list[Any]:
    at = draw(st.integers(0, len(fields)))
    return [*fields[:at], draw(values), *fields[at + draw(st.integers(0, 1)) :]]


@st.composite
def near_bodies(draw: st.DrawFn) -> tuple[int, bytes]:
    """A kind, and a body that lies just beside what is right."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    if draw(st.booleans()):
        return kind, draw(odd_bodies(kind))
    body = _encoded(draw(BY_KIND[KINDS[kind]]))[5:]
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(start + 4, len(body))))
        body = body[:start] + draw(st.binary(max_size=3)) + body[end:]
    return kind, body


garbage_bodies = st.tuples(st.integers(0, 255), st.binary(max_size=200)) | near_bodies()
"""A kind and a body, as anybody may send them."""

link_streams = st.lists(any_frame.map(_encoded) | unknown, max_size=6).map(b"".join)
"""What one link brings when all is well."""

garbage_streams = st.lists(
    any_frame.map(_encoded)
    | unknown
    | near_bodies().map(lambda near: framed(*near))
    | st.binary(max_size=20)
    | st.integers(0, 300).map(lambda length: length.to_bytes(4, "big")),
    max_size=6,
).map(b"".join)
"""What one link may bring."""
