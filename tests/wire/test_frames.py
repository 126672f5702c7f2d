"""Frames: each with its exact bytes, as docs/frames.md shows them; there and back; and what does not fit."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given

from rumor.core.errors import WireError
from rumor.core.frames import (
    COUNT_MAX,
    NUMBER_MAX,
    AcknowledgedStream,
    Acknowledgement,
    Answers,
    Buckets,
    Claim,
    Claims,
    Contact,
    DeathNotice,
    Digest,
    DigestEntry,
    Enrolment,
    Entry,
    ForwardJoin,
    Frame,
    Gone,
    Goodbye,
    Graft,
    Heads,
    Hello,
    Lane,
    Lease,
    MembersBuckets,
    MembersSummary,
    NeighborAccepted,
    NeighborRequest,
    Outcome,
    Outgoing,
    Parting,
    Probe,
    ProbeReply,
    Prune,
    RawRecord,
    RegistryPage,
    RelayReply,
    RelayRequest,
    Request,
    Response,
    Role,
    Run,
    RunRecord,
    Shuffle,
    ShuffleReply,
    Standing,
    Statement,
    StreamId,
    Summary,
    Verdict,
    Want,
    Watching,
)
from rumor.core.ids import Address
from rumor.wire.frames import (
    AGE_MAX,
    KINDS,
    MISFIT_CHARS_MAX,
    RUN,
    decode,
    decode_run,
    encode,
    encode_run,
    record_head,
)

from .strategies_frames import any_frame, changed, garbage_bodies, outgoing, runs

PAGE = Path(__file__).parents[2] / "docs" / "frames.md"

EPOCH = 1712345678000
BO = Contact("bo", Address("10.1.2.3", 4002))
CY = Contact("cy", Address("::1", 4003))
STREAM = StreamId("ana", EPOCH, Lane.APP)
TWO_RUMORS = Run("ana", EPOCH, Lane.APP, 2, 5, 1712345678500000, "news", [b"hello", b"world"])
HEAD = DigestEntry("ana", EPOCH, Lane.APP, 2, 6, 1, 1)

ANA_HEX = "a3616e61 cf0000018eafc180b0 00"
"""The stream as it lies in the fields of frames: origin, epoch, lane."""

BO_HEX = "92 a2626f 92 a831302e312e322e33 cd0fa2"
CY_HEX = "92 a26379 92 a33a3a31 cd0fa3"
RUN_HEX = f"9a {ANA_HEX} 02 05 cf0006155e8be650a0 a46e657773 92 c40568656c6c6f c405776f726c64 00 01"

GOLDEN: list[tuple[Outgoing, str]] = [
    (
        Hello(
            network="test", role=Role.PEER, name="ana", address=Address("127.0.0.1", 4001),
            epoch=EPOCH, instance=7, features=("x",),
        ),
        "0000002d 01 99 01 a474657374 a470656572 a3616e61 92 a93132372e302e302e31 cd0fa1"
        "cf0000018eafc180b0 07 00 91 a178",
    ),
    (Goodbye(Parting.FULL, "no room", (BO, CY)), f"00000029 02 93 02 a76e6f20726f6f6d 92 {BO_HEX} {CY_HEX}"),
    (Probe(7), "00000003 03 91 07"),
    (ProbeReply(7), "00000003 04 91 07"),
    (NeighborRequest(urgent=False, joining=True), "00000004 10 92 c2 c3"),
    (NeighborAccepted((BO,)), f"00000014 11 91 91 {BO_HEX}"),
    (ForwardJoin(BO, 6), f"00000014 12 92 {BO_HEX} 06"),
    (Shuffle(("ana", "cy"), 5, (BO,)), f"0000001d 13 93 92 a3616e61 a26379 05 91 {BO_HEX}"),
    (ShuffleReply(("ana",), (BO,)), f"00000019 14 92 91 a3616e61 91 {BO_HEX}"),
    (
        RawRecord(1, 15, False, encode_run(TWO_RUMORS)),
        f"0000003f 20 94 cc01 ce0000000f c2 c600000030 {RUN_HEX}",
    ),
    (Acknowledgement((AcknowledgedStream(*STREAM, 2, 1, 3),)), f"00000015 21 91 91 96 {ANA_HEX} 02 01 03"),
    (Prune(STREAM), f"00000011 22 91 93 {ANA_HEX}"),
    (Graft(STREAM, 3), f"00000012 23 92 93 {ANA_HEX} 03"),
    (Want(STREAM, 3, 5), f"00000013 24 93 93 {ANA_HEX} 03 05"),
    (Gone(STREAM, 3, 4, 9, True), f"00000015 25 95 93 {ANA_HEX} 03 04 09 c3"),
    (Digest((HEAD,)), f"00000016 26 91 91 97 {ANA_HEX} 02 06 01 01"),
    (Summary(bytes(range(16)), True), "00000015 30 92 c410000102030405060708090a0b0c0d0e0f c3"),
    (Buckets(bytes(2048)), "00000805 31 91 c50800" + "00" * 2048),
    (
        Heads((HEAD,), b"\x01" + bytes(31), True, False),
        f"0000003a 32 94 91 97 {ANA_HEX} 02 06 01 01 c42001" + "00" * 31 + "c3 c2",
    ),
    (
        Claims(
            (Claim("bo", EPOCH, 2, Standing.AWAY, BO.address, (("role", "db"),), EPOCH + 60_000),),
            (Statement("cy", EPOCH, 1, "ana", Verdict.SILENT, 3, 2, 3000, 10, ("bo",)),),
            ages=(("cy", 5000),), answer=True,
        ),
        f"00000059 40 94 91 97 a2626f cf0000018eafc180b0 02 01 {BO_HEX[9:]} 91 92 a4726f6c65 a26462"
        "cf0000018eafc26b10 91 9a a26379 cf0000018eafc180b0 01 a3616e61 01 03 02 cd0bb8 0a 91 a2626f"
        "91 92 a26379 cd1388 c3",
    ),
    (Watching(("ana", "cy")), "0000000a 41 91 92 a3616e61 a26379"),
    (RelayRequest(7, BO), f"00000014 42 92 07 {BO_HEX}"),
    (RelayReply(7, True), "00000004 43 92 07 c3"),
    (MembersSummary(bytes(range(16))), "00000014 44 91 c410000102030405060708090a0b0c0d0e0f"),
    (MembersBuckets(bytes(512), True), "00000206 45 92 c50200" + "00" * 512 + "c3"),
    (Request(7, "load", 2000, b"now?"), "00000011 50 94 07 a46c6f6164 cd07d0 c4046e6f773f"),
    (Response(7, Outcome.ANSWERED, b"0.5"), "00000009 51 93 07 00 c403302e35"),
    (Answers(9, Outcome.BUSY), "00000006 52 93 09 03 c400"),
    (Enrolment(2, 8), "00000004 60 92 02 08"),
    (Lease(180_000, (BO,)), f"0000001a 61 93 ce0002bf20 91 {BO_HEX} a0"),
    (
        DeathNotice("bo", EPOCH, 2, BO.address),
        "0000001c 62 94 a2626f cf0000018eafc180b0 02 92 a831302e312e322e33 cd0fa2",
    ),
    (
        RegistryPage(
            (
                Entry("bo", BO.address, EPOCH, 2, 1500),
                Entry("", Address("10.1.2.4", 4003), 0, 0, 0, struck_off=True),
            ),
            answer=True, last=False,
        ),
        f"00000037 63 93 92 96 {BO_HEX[3:]} cf0000018eafc180b0 02 cd05dc c2"
        " 96 a0 92 a831302e312e322e34 cd0fa3 00 00 00 c3 c3 c2",
    ),
]  # fmt: skip

NAMES = [type(frame).__name__ for frame, _ in GOLDEN]
KIND_OF = {frame: kind for kind, frame in KINDS.items()}
A_LONG_NAME = "n" * 256


def body_of(frame: Outgoing) -> bytes:
    """What stands behind the kind."""
    return encode(frame)[5:]


def arrived(frame: Outgoing) -> Frame:
    """What the other side decodes of it."""
    return RunRecord(frame.hops, frame.age, frame.repair, decode_run(frame.raw), frame.raw) if isinstance(
        frame, RawRecord
    ) else frame  # fmt: skip


def golden(kind: type[Outgoing]) -> Outgoing:
    """The example of one kind."""
    return next(frame for frame, _ in GOLDEN if type(frame) is kind)


def refusal(kind: int, body: bytes) -> str:
    """The sentence with which a body is refused."""
    with pytest.raises(WireError) as refused:
        decode(kind, body)
    return str(refused.value)


def test_every_kind_is_among_the_inputs_that_are_fuzzed() -> None:
    """A kind that is not there would hardly ever come out of random bytes."""
    corpus = Path(__file__).parents[2] / "fuzz" / "corpus-frames"

    assert set(KINDS) <= {path.read_bytes()[4] for path in corpus.iterdir() if path.stat().st_size > 4}


@pytest.mark.parametrize(("frame", "text"), GOLDEN, ids=NAMES)
def test_a_frame_has_exactly_these_bytes(frame: Outgoing, text: str) -> None:
    """Every frame is written as the page says."""
    assert encode(frame).hex() == bytes.fromhex(text).hex()


@pytest.mark.parametrize(("frame", "text"), GOLDEN, ids=NAMES)
def test_these_bytes_are_exactly_the_frame(frame: Outgoing, text: str) -> None:
    """The bytes of the page are read as the frame."""
    data = bytes.fromhex(text)

    assert decode(data[4], data[5:]) == arrived(frame)
    assert int.from_bytes(data[:4], "big") == len(data) - 4


def test_every_kind_has_its_golden_bytes() -> None:
    """No frame is forgotten in the list of examples."""
    assert [bytes.fromhex(text)[4] for _, text in GOLDEN] == list(KINDS)


def test_the_page_shows_the_same_bytes() -> None:
    """The hex blocks of docs/frames.md are the golden bytes, in the same order; only notes stand beside them."""
    blocks = re.findall(r"```hex\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    assert [from_page(block).hex() for block in blocks] == [bytes.fromhex(text).hex() for _, text in GOLDEN]


def from_page(block: str) -> bytes:
    """The bytes of a block: each line's hex up to two spaces; `00*31` is 31 times 00."""
    words = " ".join(re.split(r"\s{2,}", line.strip())[0] for line in block.splitlines()).split()
    return b"".join(bytes.fromhex(word.partition("*")[0]) * int(word.partition("*")[2] or 1) for word in words)


def test_the_page_names_every_kind_and_its_number() -> None:
    """Each kind has a heading with its number on the page."""
    headings = re.findall(r"^### `0x(..)` (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert [(int(number, 16), name) for number, name in headings] == [(k, f.__name__) for k, f in KINDS.items()]


def test_the_page_names_every_reason_of_a_goodbye() -> None:
    """The table of reasons on the page has all of them."""
    rows = re.findall(r"^\| ([0-9]+) \| ([A-Z_]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert [(int(number), name) for number, name in rows] == [(int(reason), reason.name) for reason in Parting]


@given(any_frame)
def test_every_frame_comes_back(frame: Frame) -> None:
    """What is written is read as the same, and takes as many bytes as it says."""
    data = encode(outgoing(frame))

    assert decode(data[4], memoryview(data)[5:]) == frame
    assert int.from_bytes(data[:4], "big") == len(data) - 4


@given(runs())
def test_every_run_comes_back(run: Run) -> None:
    """A run's bytes are read as the same run, and the run is written as the same bytes."""
    raw = encode_run(run)

    assert decode_run(raw) == run
    assert encode_run(decode_run(raw)) == raw


@given(garbage_bodies)
def test_any_body_is_a_frame_or_refused(kind_and_body: tuple[int, bytes]) -> None:
    """Nothing but a WireError comes of a misfit, and what is read comes back when it is written."""
    try:
        frame = decode(*kind_and_body)
    except WireError:
        return
    if frame is not None:
        data = encode(outgoing(frame))
        assert decode(data[4], data[5:]) == frame


def test_a_run_goes_on_as_the_bytes_that_came() -> None:
    """A relay passes on what it got, though it would have written it otherwise."""
    long_winded = encode_run(TWO_RUMORS).replace(b"\x02\x05", b"\xcd\x00\x02\x05")
    record = decode(RUN, body_of(RawRecord(1, 15, False, long_winded)))

    assert isinstance(record, RunRecord)
    assert (record.run, record.raw) == (TWO_RUMORS, long_winded)
    assert type(record.raw) is bytes


def test_a_head_and_the_run_are_the_whole_frame() -> None:
    """The head goes before the run's bytes, so that both can be written without a copy."""
    record = RawRecord(3, 20, True, encode_run(TWO_RUMORS))

    assert record_head(record) + record.raw == encode(record)


def test_hops_and_age_stop_at_their_greatest_value() -> None:
    """A relay that got a run with the greatest hop count and age can pass it on."""
    frame = decode(RUN, body_of(RawRecord(256, 1 << 40, False, encode_run(TWO_RUMORS))))

    assert isinstance(frame, RunRecord)
    assert (frame.hops, frame.age) == (255, AGE_MAX)


def test_nothing_refers_to_the_bytes_that_came() -> None:
    """The buffer in which a frame came may be used again at once."""
    for sent, _ in GOLDEN:
        data = bytearray(encode(sent))
        frame = decode(data[4], memoryview(data)[5:])
        data[:] = b"\xff" * len(data)

        assert frame == arrived(sent)


@pytest.mark.parametrize(("frame", "text"), GOLDEN, ids=NAMES)
def test_extra_fields_are_skipped(frame: Outgoing, text: str) -> None:
    """A newer node may say more, behind what we know."""
    data = bytes.fromhex(text)
    more = changed(data[5:], lambda fields: [*fields, {"more": [1, None]}, b"x"])

    assert decode(data[4], more) == arrived(frame)


def test_extra_fields_of_arrays_in_fields_are_skipped() -> None:
    """Contacts, addresses and entries may say more too."""
    contact = ["bo", ["10.1.2.3", 4002, "more"], "more"]
    entry = [*STREAM, 2, 6, 1, 1, "more"]

    assert decode(KIND_OF[NeighborAccepted], msgspec.msgpack.encode([[contact]])) == NeighborAccepted((BO,))
    assert decode(KIND_OF[Digest], msgspec.msgpack.encode([[entry]])) == Digest((HEAD,))


def test_extra_fields_of_a_run_are_skipped() -> None:
    """A newer origin may say more in its runs."""
    assert decode_run(changed(encode_run(TWO_RUMORS), lambda fields: [*fields, "more"])) == TWO_RUMORS


@pytest.mark.parametrize("kind", [0x00, 0x05, 0x0F, 0x27, 0x33, 0xFF])
def test_an_unknown_kind_is_none(kind: int) -> None:
    """Whatever its body holds."""
    assert decode(kind, b"\xc1 anything") is None


def test_fields_with_a_default_may_be_left_out() -> None:
    """An older node may say less."""
    assert decode(0x02, b"\x91\x63") == Goodbye(99)
    assert decode(0x10, b"\x90") == NeighborRequest()
    assert decode_run(changed(encode_run(TWO_RUMORS), lambda fields: fields[:8])) == TWO_RUMORS


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_of_no_bytes_is_refused(kind: int) -> None:
    """A frame has at least an array, and the sentence names the frame."""
    assert refusal(kind, b"").startswith(f"a {KINDS[kind].__name__} that does not fit: ")


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {0x10, 0x11, 0x40, 0x60}))
def test_a_body_without_fields_is_refused(kind: int) -> None:
    """Every frame but those whose fields all have a default has one that it can't do without."""
    assert refusal(kind, b"\x90").startswith(f"a {KINDS[kind].__name__} that does not fit: ")


FIELD_MISFITS: list[tuple[type[Outgoing], int, object, str]] = [
    (Hello, 0, -1, "`int` >= 0"),
    (Hello, 1, "n" * 256, "length <= 255"),
    (Hello, 2, "judge", "Invalid enum value 'judge'"),
    (Hello, 2, "p\n" * 100_000, "Invalid enum value 'p\\n"),
    (Hello, 3, "", "length >= 1"),
    (Hello, 3, A_LONG_NAME, "length <= 255"),
    (Hello, 4, ["127.0.0.1", 0], "'0' is not a port"),
    (Hello, 4, ["127.0.0.1", 65_536], "'65536' is not a port"),
    (Hello, 4, ["127.0.0.1", -1], "'-1' is not a port"),
    (Hello, 4, ["", 1], "'' is not an address"),
    (Hello, 4, ["1.2.3", 1], "'1.2.3' is not an IPv4 address"),
    (Hello, 4, ["a b", 1], "'a b' is not an address or a host name"),
    (Hello, 4, ["[::1]", 1], "is not an IPv6 address"),
    (Hello, 4, ["::1%a b", 1], "names no network interface"),
    (Hello, 4, "127.0.0.1:4001", "got `str`"),
    (Hello, 5, 1 << 63, f"`int` <= {COUNT_MAX}"),
    (Hello, 6, 7.0, "got `float`"),
    (Hello, 8, ["x"] * 65, "length <= 64"),
    (Hello, 8, ["x" * 65], "length <= 64"),
    (Goodbye, 1, "d" * 256, "length <= 255"),
    (Goodbye, 2, [["bo", ["10.1.2.3", 4002]]] * 33, "length <= 32"),
    (Goodbye, 2, [["bo", ["10.1.2.3", 0]]], "not a port"),
    (Probe, 0, True, "got `bool`"),
    (ProbeReply, 0, None, "Expected `int`"),
    (NeighborRequest, 0, 1, "got `int`"),
    (NeighborAccepted, 0, [["bo", ["10.1.2.3", 0]]], "not a port"),
    (ForwardJoin, 0, ["bo", ["10.1.2.3", 0]], "not a port"),
    (ForwardJoin, 1, 256, "`int` <= 255"),
    (Shuffle, 0, [], "length >= 1"),
    (Shuffle, 0, ["a"] * 17, "length <= 16"),
    (Shuffle, 2, [["bo", ["10.1.2.3", 0]]], "not a port"),
    (ShuffleReply, 0, ["a"] * 17, "length <= 16"),
    (ShuffleReply, 1, [["bo", ["10.1.2.3", 0]]], "not a port"),
    (RawRecord, 0, 256, "`int` <= 255"),
    (RawRecord, 1, AGE_MAX + 1, f"`int` <= {AGE_MAX}"),
    (RawRecord, 2, 0, "got `int`"),
    (RawRecord, 3, "text", "got `str`"),
    (RawRecord, 3, b"", "a Run that does not fit: Input data was truncated"),
    (Acknowledgement, 0, [[*STREAM, 1, 1, 1]] * 1025, "length <= 1024"),
    (Prune, 0, ["ana", 1], "length 3, got 2"),
    (Prune, 0, ["ana", 1, 4], "Invalid enum value 4"),
    (Prune, 0, ["ana", 1, 0, "more"], "length 3, got 4"),
    (Graft, 1, 0, "`int` >= 1"),
    (Want, 1, 6, "runs 6 to 5, which are none"),
    (Gone, 2, 2, "runs 3 to 2, which are none"),
    (Digest, 0, [[*STREAM, 1, 1, 1, 1]] * 1025, "length <= 1024"),
    (Digest, 0, [[*STREAM, 1, 1, 256, 1]], "`int` <= 255"),
    (Digest, 0, [[*STREAM, 1, 1, 1, 0]], "`int` >= 1"),
    (Summary, 0, bytes(15), "length >= 16"),
    (Buckets, 0, bytes(2049), "length <= 2048"),
    (Heads, 1, bytes(33), "length <= 32"),
    (Claims, 0, [["bo", 1, 0, 0, ["10.1.2.3", 0]]], "not a port"),
    (Claims, 0, [["bo", 1, 0, 3, ["10.1.2.3", 1]]], "Invalid enum value 3"),
    (Claims, 0, [["bo", 1, 0, 0, ["10.1.2.3", 1], [["b", ""], ["a", ""]]]], "tags of bo that are not sorted, or twice"),
    (Claims, 0, [["bo", 1, 0, 0, ["10.1.2.3", 1], [["a", ""], ["a", ""]]]], "tags of bo that are not sorted, or twice"),
    (Claims, 0, [["bo", 1, 0, 0, ["10.1.2.3", 1]]] * 257, "length <= 256"),
    (Claims, 1, [["bo", 1, 0, "ana", 4]], "Invalid enum value 4"),
    (Claims, 2, [["bo", -1]], "`int` >= 0"),
    (Watching, 0, ["a"] * 17, "length <= 16"),
    (RelayRequest, 1, ["bo", ["10.1.2.3", 0]], "not a port"),
    (MembersSummary, 0, bytes(17), "length <= 16"),
    (MembersBuckets, 0, bytes(511), "length >= 512"),
]


@pytest.mark.parametrize(("frame", "field", "value", "says"), FIELD_MISFITS)
def test_a_field_that_does_not_fit_is_refused(frame: type[Outgoing], field: int, value: object, says: str) -> None:
    """Each bound and type of each field holds, and the sentence says which did not."""
    sent = golden(frame)
    data = encode(sent)

    sentence = refusal(data[4], changed(data[5:], with_field(field, value)))

    assert says in sentence
    assert len(sentence) <= MISFIT_CHARS_MAX
    assert sentence.isprintable()


RUN_MISFITS: list[tuple[int, object, str]] = [
    (0, "", "length >= 1"),
    (0, A_LONG_NAME, "length <= 255"),
    (1, -1, "`int` >= 0"),
    (2, 4, "Invalid enum value 4"),
    (3, 0, "`int` >= 1"),
    (4, 0, "`int` >= 1"),
    (4, NUMBER_MAX, f"a last rumor above {NUMBER_MAX}"),
    (5, 1 << 63, f"`int` <= {COUNT_MAX}"),
    (6, "t" * 256, "length <= 255"),
    (7, [], "length >= 1"),
    (7, [b""] * 65_537, "length <= 65536"),
    (7, ["text"], "got `str`"),
    (8, 1, "part 1 of 1, which are counted from 0"),
    (9, 0, "`int` >= 1"),
    (9, 2, "a part with 2 payloads"),
]


@pytest.mark.parametrize(("field", "value", "says"), RUN_MISFITS)
def test_a_run_that_does_not_fit_is_refused(field: int, value: object, says: str) -> None:
    """A run is looked at before it goes anywhere, in its record as alone."""
    raw = changed(encode_run(TWO_RUMORS), with_field(field, value))

    with pytest.raises(WireError, match="a Run that does not fit: ") as refused:
        decode_run(raw)

    assert says in str(refused.value)
    assert refusal(RUN, body_of(RawRecord(1, 15, False, raw))) == str(refused.value)


def with_field(at: int, value: object) -> Any:
    """A change of one field."""
    return lambda fields: [*fields[:at], value, *fields[at + 1 :]]


def test_a_part_has_one_payload() -> None:
    """A long payload comes in runs of one piece each."""
    part = Run("ana", EPOCH, Lane.APP, 2, 5, 0, "", [b"piece"], 15, 16)

    assert decode_run(encode_run(part)) == part


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"\x91", "truncated"),
        (b"\xdd\xff\xff\xff\xff\x01", "truncated"),
        (b"\x91\x01\x00", "trailing characters"),
        (b"\x81\xa6number\x07", "got `object`"),
        (b"\x91\xc1", "invalid opcode"),
        (b"\x91\xd4\x05\x00", "got `ext`"),
        (b"\x92\x07" + b"\x91" * 100_000 + b"\x00", "recursion"),
    ],
)
def test_what_is_no_array_of_fields_is_refused(body: bytes, says: str) -> None:
    """Bytes that are no MessagePack, or another shape of it."""
    assert says in refusal(0x03, body)


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    """A name is text."""
    assert "utf-8" in refusal(KIND_OF[Prune], b"\x91\x93\xa1\xff\x01\x00")


@pytest.mark.parametrize("host", ["::1", "fe80::1%eth0", "0:0::1", "::ffff:10.1.2.3", "a-host.example", "10.1.2.3"])
def test_an_address_may_have_any_form(host: str) -> None:
    """IPv4, IPv6 however it is spelled, names."""
    frame = NeighborAccepted((Contact("bo", Address(host, 65_535)),))

    assert decode(KIND_OF[NeighborAccepted], msgspec.msgpack.encode(frame)) == frame


def test_a_goodbye_for_a_reason_that_we_do_not_know_is_taken() -> None:
    """A newer node may have more reasons."""
    assert decode(KIND_OF[Goodbye], body_of(Goodbye(200))) == Goodbye(200)


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (Lease(1, (Contact("bo", Address("no host!", 1)),)), 0x61),
        (DeathNotice("bo", 1, 1, Address("no host!", 1)), 0x62),
        (RegistryPage((Entry("", Address("no host!", 1), 0, 0, 0),), False, True), 0x63),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_seeds_tell_has_addresses(frame: Outgoing, kind: int) -> None:
    """An address that is none does not fit, wherever a seed or a peer tells one."""
    assert "no host!" in refusal(kind, body_of(frame))
