"""The reader of a link: whole or in any pieces the same, bounded, and small again when little comes."""

import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rumor.core.errors import WireError
from rumor.core.frames import Frame, Lane, Probe, RawRecord, Run, RunRecord
from rumor.wire.frames import encode, encode_run
from rumor.wire.framing import QUIET_READS, ROOM_MAX, ROOM_MIN, BrokenStream, FrameReader

from .strategies import cut
from .strategies_frames import framed, garbage_streams, link_streams

LIMIT = 1 << 18
UNKNOWN = 0xEE
CORPUS = sorted((Path(__file__).parents[2] / "fuzz" / "corpus-frames").iterdir())


def record_of(size: int) -> bytes:
    """A frame with a run of one payload of this size."""
    return encode(RawRecord(1, 0, False, encode_run(Run("ana", 1, Lane.APP, 1, 1, 0, "", [bytes(size)]))))


def payload_sizes(frames: list[Frame]) -> list[int]:
    """The size of each run's payload."""
    return [len(frame.run.payloads[0]) for frame in frames if isinstance(frame, RunRecord)]


def all_read(pieces: list[bytes], limit: int = LIMIT) -> tuple[list[Frame], str | None]:
    """Every frame of these pieces, and the sentence with which the reading ended before."""
    reader = FrameReader(limit)
    frames: list[Frame] = []
    try:
        for piece in pieces:
            frames += reader.feed(piece)
    except BrokenStream as broken:
        return frames + broken.before, str(broken)
    return frames, None


def byte_by_byte(data: bytes) -> list[bytes]:
    """The same bytes, one a piece."""
    return [data[at : at + 1] for at in range(len(data))]


def test_frames_are_read_one_after_the_other() -> None:
    """Whatever one read brings."""
    reader = FrameReader(LIMIT)

    assert reader.feed(encode(Probe(1)) + encode(Probe(2))) == [Probe(1), Probe(2)]
    assert reader.feed(b"") == []
    assert reader.feed(encode(Probe(3))[:6]) == []
    assert reader.feed(encode(Probe(3))[6:]) == [Probe(3)]


def test_the_driver_receives_into_the_buffer() -> None:
    """A socket writes into the reader's own memory."""
    reader = FrameReader(LIMIT)
    data = encode(Probe(1)) + encode(Probe(2))[:3]

    reader.buffer()[: len(data)] = data

    assert reader.received(len(data)) == [Probe(1)]
    assert reader.pending == 3


def test_what_is_pending_is_part_of_a_frame() -> None:
    """At the end of a link it shows whether a frame was cut."""
    reader = FrameReader(LIMIT)

    reader.feed(encode(Probe(1)))
    assert reader.pending == 0
    reader.feed(encode(Probe(2))[:2])
    assert reader.pending == 2


@given(st.data(), link_streams | garbage_streams)
def test_whole_is_piecewise(data: st.DataObject, stream: bytes) -> None:
    """In any pieces the same frames come, and the same error at the same place."""
    whole = all_read([stream])

    assert all_read(data.draw(cut(stream))) == whole


@given(link_streams | garbage_streams)
@example(b"\x00\x00\x00\x00")
@example(b"\x00\x00\x00\x01\x03")
def test_whole_is_byte_by_byte(stream: bytes) -> None:
    """The smallest pieces of all bring the same."""
    assert all_read(byte_by_byte(stream)) == all_read([stream])


@given(st.lists(st.binary(max_size=50) | garbage_streams, max_size=5))
def test_any_bytes_are_frames_or_refused(pieces: list[bytes]) -> None:
    """Nothing but a WireError comes of garbage, even if somebody goes on after one, and there is always room."""
    reader = FrameReader(LIMIT)
    for piece in pieces:
        with suppress(WireError):
            reader.feed(piece)
        assert len(reader.buffer()) > 0


@pytest.mark.parametrize("path", CORPUS, ids=[path.name for path in CORPUS])
def test_the_kept_inputs_are_read_alike(path: Path) -> None:
    """What the fuzzer keeps comes to the same, whole and byte by byte."""
    data = path.read_bytes()

    assert all_read(byte_by_byte(data)) == all_read([data])


def test_unknown_kinds_are_skipped() -> None:
    """A newer node may say what we don't know, of any size up to the limit."""
    data = framed(UNKNOWN, b"") + encode(Probe(1)) + framed(UNKNOWN, bytes(LIMIT - 1)) + encode(Probe(2))

    assert all_read([data]) == ([Probe(1), Probe(2)], None)


@pytest.mark.parametrize("length", [0, 101, 0xFFFFFFFF])
def test_a_length_out_of_bounds_is_refused_at_once(length: int) -> None:
    """Before a byte of the body is there."""
    reader = FrameReader(100)
    reader.feed(length.to_bytes(4, "big")[:3])

    with pytest.raises(WireError, match=f"a frame of {length} bytes: it has 1 to 100"):
        reader.feed(length.to_bytes(4, "big")[3:])

    assert reader.capacity == ROOM_MIN


def test_a_frame_of_the_greatest_length_is_taken() -> None:
    """The limit itself is allowed."""
    data = record_of(100)

    assert payload_sizes(FrameReader(len(data) - 4).feed(data)) == [100]
    with pytest.raises(WireError):
        FrameReader(len(data) - 5).feed(data)


def test_the_error_brings_the_frames_before_it() -> None:
    """What was said well before is not lost, in however many reads of the same call it came."""
    good = record_of(ROOM_MIN) + encode(Probe(1))

    with pytest.raises(BrokenStream, match="a Probe that does not fit") as broken:
        FrameReader(LIMIT).feed(good + framed(0x03, b"\x90"))

    assert payload_sizes(broken.value.before) == [ROOM_MIN]
    assert broken.value.before[1:] == [Probe(1)]


def test_the_buffer_grows_while_reads_fill_it() -> None:
    """A busy link soon reads much at once, and never more than the largest buffer."""
    reader = FrameReader(LIMIT)
    data = record_of(1000) * 1000
    sizes = [reader.capacity]

    assert payload_sizes(reader.feed(data)) == [1000] * 1000
    for _ in range(3):
        reader.feed(data)
        sizes.append(reader.capacity)

    assert sizes == [ROOM_MIN, ROOM_MAX, ROOM_MAX, ROOM_MAX]


def test_the_buffer_becomes_small_again() -> None:
    """An idle link keeps little, and one read more or less does not matter."""
    reader = FrameReader(LIMIT)
    reader.feed(record_of(100_000) * 4)
    assert reader.capacity == ROOM_MAX

    for _ in range(QUIET_READS - 1):
        reader.feed(encode(Probe(1)))
    reader.feed(record_of(5000))
    for _ in range(QUIET_READS - 1):
        reader.feed(encode(Probe(1)))
    assert reader.capacity == ROOM_MAX
    reader.feed(encode(Probe(1)))

    assert reader.capacity == ROOM_MIN


def test_the_buffer_is_not_changed_under_half_a_frame() -> None:
    """A large frame that drips in is kept, however quiet the link is."""
    reader = FrameReader(LIMIT)
    data = record_of(100_000)
    reader.feed(data[:50_000])

    for at in range(50_000, 50_000 + 2 * QUIET_READS):
        reader.feed(data[at : at + 1])

    assert payload_sizes(reader.feed(data[50_000 + 2 * QUIET_READS :])) == [100_000]


def test_a_view_of_the_old_buffer_does_no_harm() -> None:
    """An event loop may hold the buffer that it asked for while the reader takes another."""
    reader = FrameReader(LIMIT)
    view = reader.buffer()
    data = record_of(ROOM_MIN)

    view[:] = data[:ROOM_MIN]
    assert reader.received(ROOM_MIN) == []
    view[:] = bytes(ROOM_MIN)

    assert payload_sizes(reader.feed(data[ROOM_MIN:])) == [ROOM_MIN]


def test_a_large_frame_takes_no_more_than_itself_and_one_read() -> None:
    """The greatest frame is held once; while it comes, at most the largest buffer lies beside it."""
    limit = 1 << 20
    data = framed(UNKNOWN, bytes(limit - 1))
    tracemalloc.start()
    try:
        reader = FrameReader(limit)
        reader.feed(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert reader.capacity == 4 + limit
    assert peak <= limit + ROOM_MAX + 10_000


def test_room_is_made_only_for_what_has_come() -> None:
    """A length alone takes no memory."""
    reader = FrameReader(1 << 30)

    reader.feed((1 << 30).to_bytes(4, "big"))

    assert reader.capacity == ROOM_MIN
