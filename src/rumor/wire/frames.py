"""Frames as bytes: a length, a kind, and a MessagePack array of the fields.

    length   4 bytes, big-endian: how many bytes follow it
    kind     1 byte
    body     one MessagePack array, the fields in the order of `core/frames.py`

    01 Hello              10 NeighborRequest      20 RunRecord           30 Summary
    02 Goodbye            11 NeighborAccepted     21 Acknowledgement     31 Buckets
    03 Probe              12 ForwardJoin          22 Prune               32 Heads
    04 ProbeReply         13 Shuffle              23 Graft
                          14 ShuffleReply         24 Want
                                                  25 Gone
                                                  26 Digest

    40 Claims             50 Request              60 Enrolment
    41 Watching           51 Response             61 Lease
    42 RelayRequest       52 Answers              62 DeathNotice
    43 RelayReply                                 63 RegistryPage
    44 MembersSummary
    45 MembersBuckets

A kind that is not listed is skipped, and so are fields behind the last one that we know: so the protocol can grow. What
else does not fit is a WireError. A run lies in its record as a binary, so that it goes on as the bytes that came.
For every frame, `decode(encode(frame)) == frame`. `docs/frames.md` has each frame with its bytes.
"""

import functools
import struct
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta

from rumor.core.errors import AddressError, WireError
from rumor.core.frames import (
    NUMBER_MAX,
    Acknowledgement,
    Answers,
    Buckets,
    Claims,
    DeathNotice,
    Digest,
    Enrolment,
    ForwardJoin,
    Frame,
    Gone,
    Goodbye,
    Graft,
    Heads,
    Hello,
    Hops,
    Lease,
    MembersBuckets,
    MembersSummary,
    NeighborAccepted,
    NeighborRequest,
    Outgoing,
    Probe,
    ProbeReply,
    Prune,
    RawRecord,
    RegistryPage,
    RelayReply,
    RelayRequest,
    Request,
    Response,
    Run,
    RunRecord,
    Shuffle,
    ShuffleReply,
    Summary,
    Want,
    Watching,
)
from rumor.core.ids import Address

RUN: Final = 0x20

KINDS: Final[dict[int, type[Frame]]] = {
    0x01: Hello,
    0x02: Goodbye,
    0x03: Probe,
    0x04: ProbeReply,
    0x10: NeighborRequest,
    0x11: NeighborAccepted,
    0x12: ForwardJoin,
    0x13: Shuffle,
    0x14: ShuffleReply,
    RUN: RunRecord,
    0x21: Acknowledgement,
    0x22: Prune,
    0x23: Graft,
    0x24: Want,
    0x25: Gone,
    0x26: Digest,
    0x30: Summary,
    0x31: Buckets,
    0x32: Heads,
    0x40: Claims,
    0x41: Watching,
    0x42: RelayRequest,
    0x43: RelayReply,
    0x44: MembersSummary,
    0x45: MembersBuckets,
    0x50: Request,
    0x51: Response,
    0x52: Answers,
    0x60: Enrolment,
    0x61: Lease,
    0x62: DeathNotice,
    0x63: RegistryPage,
}
"""Every kind: control from 0x01, overlay from 0x10, broadcast from 0x20, anti-entropy from 0x30, members from 0x40,
requests from 0x50, seeds from 0x60."""

HOPS_MAX: Final = 255
AGE_MAX: Final = (1 << 32) - 1
"""The greatest age of a run, in milliseconds: 49 days, far above any retention."""

MISFIT_CHARS_MAX: Final = 200
"""The greatest length of a WireError's sentence, which may go into a Goodbye and repeats what others sent."""

ADDRESSES_MAX: Final = 4096
"""Addresses that were found fit and are remembered: the same ones come again and again."""

Age: TypeAlias = Annotated[int, Meta(ge=0, le=AGE_MAX)]


class _Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The body of a RunRecord."""

    hops: Hops
    age: Age
    repair: bool
    raw: bytes


_HEAD = struct.Struct(">IB")
_RECORD_HEAD = struct.Struct(">IBBBBBIBBI")
_RECORD_HEAD_BODY = _RECORD_HEAD.size - 4
_ARRAY_OF_4, _UINT_8, _UINT_32, _FALSE, _TRUE, _BIN_32 = 0x94, 0xCC, 0xCE, 0xC2, 0xC3, 0xC6

_ENCODER = msgspec.msgpack.Encoder()
_RECORD_DECODER = msgspec.msgpack.Decoder(_Record)
_RUN_DECODER = msgspec.msgpack.Decoder(Run)
_DECODERS: Final[dict[int, msgspec.msgpack.Decoder[Any]]] = {
    kind: msgspec.msgpack.Decoder(frame) for kind, frame in KINDS.items() if kind != RUN
}
_KIND_OF: Final[dict[type, int]] = {frame: kind for kind, frame in KINDS.items()}

_MISFITS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises for bytes that do not fit; the last for arrays that lie too deep in each other."""


def encode(frame: Outgoing) -> bytes:
    """The whole frame, its length included."""
    if isinstance(frame, RawRecord):
        return record_head(frame) + frame.raw
    body = _ENCODER.encode(frame)
    return _HEAD.pack(1 + len(body), _KIND_OF[type(frame)]) + body


def record_head(record: RawRecord) -> bytes:
    """What goes before `record.raw`, so that both can be written without copying the run.

    Of constant length, which MessagePack allows. Hop count and age stop at their greatest value.
    """
    size = len(record.raw)
    return _RECORD_HEAD.pack(
        _RECORD_HEAD_BODY + size,
        RUN,
        _ARRAY_OF_4,
        _UINT_8,
        min(record.hops, HOPS_MAX),
        _UINT_32,
        min(record.age, AGE_MAX),
        _TRUE if record.repair else _FALSE,
        _BIN_32,
        size,
    )


def encode_run(run: Run) -> bytes:
    """A run's bytes: made once, by its origin, and the same on every link."""
    return _ENCODER.encode(run)


def decode(kind: int, body: bytes | memoryview) -> Frame | None:
    """The frame of this kind, None for a kind that we don't know. Raises WireError, which says what does not fit.

    Nothing of the frame refers to `body`, which may be used again.
    """
    if kind == RUN:
        return _decode_record(body)
    decoder = _DECODERS.get(kind)
    if decoder is None:
        return None
    try:
        frame: Frame = decoder.decode(body)
    except _MISFITS as error:
        raise _misfit(KINDS[kind].__name__, str(error)) from None
    check = _CHECKS.get(kind)
    if check is not None:
        check(frame)
    return frame


def decode_run(raw: bytes) -> Run:
    """The run that these bytes are. Raises WireError, which says what does not fit."""
    try:
        run = _RUN_DECODER.decode(raw)
    except _MISFITS as error:
        raise _misfit("Run", str(error)) from None
    if run.part >= run.parts:
        raise _misfit("Run", f"part {run.part} of {run.parts}, which are counted from 0")
    if run.parts > 1 and len(run.payloads) != 1:
        raise _misfit("Run", f"a part with {len(run.payloads)} payloads")
    if run.last > NUMBER_MAX:
        raise _misfit("Run", f"a last rumor above {NUMBER_MAX}")
    return run


def _decode_record(body: bytes | memoryview) -> RunRecord:
    try:
        record = _RECORD_DECODER.decode(body)
    except _MISFITS as error:
        raise _misfit("RunRecord", str(error)) from None
    raw = record.raw
    return RunRecord(record.hops, record.age, record.repair, decode_run(raw), raw)


def _check_hello(hello: Hello) -> None:
    _check_address(Hello, hello.address)


def _check_contacts(frame: Goodbye | NeighborAccepted | Shuffle | ShuffleReply) -> None:
    for contact in frame.contacts:
        _check_address(type(frame), contact.address)


def _check_newcomer(walk: ForwardJoin) -> None:
    _check_address(ForwardJoin, walk.newcomer.address)


def _check_range(frame: Want | Gone) -> None:
    if frame.first > frame.last:
        raise _misfit(type(frame).__name__, f"runs {frame.first} to {frame.last}, which are none")


def _check_address(frame: type, address: Address) -> None:
    try:
        _parse_again(address)
    except AddressError as error:
        raise _misfit(frame.__name__, str(error)) from None


@functools.lru_cache(maxsize=ADDRESSES_MAX)
def _parse_again(address: Address) -> None:
    """Raises AddressError for one that cannot be an address; that is not remembered."""
    Address.parse(str(address))


def _check_members(frame: Claims) -> None:
    for claim in frame.claims:
        _check_address(Claims, claim.address)
        keys = [key for key, _ in claim.tags]
        if keys != sorted(set(keys)):
            raise _misfit("Claims", f"tags of {claim.name} that are not sorted, or twice")


def _check_relay(request: RelayRequest) -> None:
    _check_address(RelayRequest, request.member.address)


def _check_lease(lease: Lease) -> None:
    for contact in lease.contacts:
        _check_address(Lease, contact.address)


def _check_notice(notice: DeathNotice) -> None:
    _check_address(DeathNotice, notice.address)


def _check_page(page: RegistryPage) -> None:
    for entry in page.entries:
        _check_address(RegistryPage, entry.address)


_CHECKS: Final[dict[int, Callable[[Any], None]]] = {
    _KIND_OF[Hello]: _check_hello,
    _KIND_OF[Goodbye]: _check_contacts,
    _KIND_OF[NeighborAccepted]: _check_contacts,
    _KIND_OF[Shuffle]: _check_contacts,
    _KIND_OF[ShuffleReply]: _check_contacts,
    _KIND_OF[ForwardJoin]: _check_newcomer,
    _KIND_OF[Want]: _check_range,
    _KIND_OF[Gone]: _check_range,
    _KIND_OF[Claims]: _check_members,
    _KIND_OF[RelayRequest]: _check_relay,
    _KIND_OF[Lease]: _check_lease,
    _KIND_OF[DeathNotice]: _check_notice,
    _KIND_OF[RegistryPage]: _check_page,
}
"""What types and bounds alone do not say."""


def _misfit(frame: str, reason: str) -> WireError:
    """The error, in one sentence of bounded length; a place in it like `$[2]` counts the frame's fields from 0."""
    return WireError(f"a {frame} that does not fit: {reason}"[:MISFIT_CHARS_MAX])
