"""Random bytes against frames: `python -m fuzz.fuzz_frames --seconds 60`.

Mutates the kept inputs in `fuzz/corpus-frames`, each of which is what one link brings, and hands them to the reader,
whole and in pieces, and to the decoder without the framing. Frames or a WireError may come out, alike for whole and
pieces, and what is read must be read again from what it is written as. Anything else is printed, kept in the corpus,
and ends the program with exit code 1.
"""

import argparse
import hashlib
import random
import sys
import time
from contextlib import suppress
from pathlib import Path

from fuzz.fuzz_text import in_pieces
from rumor.core.errors import WireError
from rumor.core.frames import Frame, RawRecord, RunRecord
from rumor.wire.frames import KINDS, MISFIT_CHARS_MAX, decode, encode
from rumor.wire.framing import BrokenStream, FrameReader

CORPUS = Path(__file__).parent / "corpus-frames"
INPUT_BYTES_MAX = 16_384
FRAME_BYTES_MAX = 8192

WORDS = [
    b"\x90", b"\x91", b"\x92", b"\x9f", b"\xdc\x04\x01", b"\xdd\xff\xff\xff\xff", b"\x80", b"\xdf\xff\xff\xff\xff",
    b"\xa0", b"\xa1\xff", b"\xa3ana", b"\xdb\xff\xff\xff\xff", b"\xc4\x00", b"\xc6\xff\xff\xff\xff", b"\xc0", b"\xc1",
    b"\xc2", b"\xc3", b"\x00", b"\x7f", b"\xff", b"\xcc\xff", b"\xcd\xff\xff", b"\xce\xff\xff\xff\xff",
    b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", b"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", b"\xd3\x80\0\0\0\0\0\0\0",
    b"\xcb\x7f\xf8\0\0\0\0\0\0", b"\xd4\x05\x00", b"\xd6\xff\0\0\0\0", b"\x91" * 2000, b"\xa9127.0.0.1", b"\xa3::1",
    b"\0\0\0\0", b"\0\0\0\1", b"\0\0\x20\0", b"\0\0\x20\1", b"\xff\xff\xff\xff",
]  # fmt: skip


def frames_of(data: bytes) -> list[bytes]:
    """The input as its frames, without their lengths, as far as there are any."""
    frames = []
    while len(data) > 4:
        length = int.from_bytes(data[:4], "big")
        frames.append(data[4 : 4 + length])
        data = data[4 + length :]
    return frames


def mutated(rng: random.Random, corpus: list[bytes]) -> bytes:
    """Some kept frames, most of them changed in a few places, and most of them with a length that is right."""
    data = b""
    for _ in range(rng.randint(1, 4)):
        frames = frames_of(rng.choice(corpus)) or [b""]
        frame = rng.choice(frames)
        for _ in range(rng.choice([0, 1, 1, 2, 5])):
            frame = changed(rng, frame, rng.choice(frames_of(rng.choice(corpus)) or [b""]))
        length = len(frame) if rng.random() < 0.95 else rng.randrange(1 << rng.choice([4, 13, 32]))
        data += length.to_bytes(4, "big") + frame
    return data[:INPUT_BYTES_MAX]


def changed(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """One change in one place."""
    start, end = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
    match rng.randrange(6):
        case 0 if data:
            return data[:start] + bytes([rng.randrange(256)]) + data[start + 1 :]
        case 1:
            return data[:start] + other[rng.randint(0, len(other)) :]
        case 2:
            return data[:start]
        case 3:
            return data[:start] + data[min(end, start + 4) :]
        case 4:
            return data[:1] + data[start:end] + data[1:]
        case _:
            return data[:start] + rng.choice(WORDS) + data[start + rng.randint(0, 9) :]


def check(data: bytes, rng: random.Random) -> int:
    """Hand an input to all that reads; returns how many frames were read. Raises what must not happen."""
    frames, error = read([data])
    assert error is None or len(error) <= MISFIT_CHARS_MAX, "a sentence too long for a Goodbye"
    assert read(in_pieces(data, rng)) == (frames, error), "whole and pieces differ"
    for kind in (*data[4:5], rng.choice(list(KINDS))):
        with suppress(WireError):
            frame = decode(kind, data[5:])
            frames += [] if frame is None else [frame]
    for frame in frames:
        assert again(frame) == frame, f"read as {frame}"
    return len(frames)


def read(pieces: list[bytes]) -> tuple[list[Frame], str | None]:
    """What one link brings: its frames, and how it ended if by an error."""
    reader = FrameReader(FRAME_BYTES_MAX)
    frames: list[Frame] = []
    try:
        for piece in pieces:
            frames += reader.feed(piece)
    except BrokenStream as broken:
        return frames + broken.before, str(broken)
    return frames, None


def again(frame: Frame) -> Frame | None:
    """The frame, written and read once more."""
    if isinstance(frame, RunRecord):
        data = encode(RawRecord(frame.hops, frame.age, frame.repair, frame.raw))
    else:
        data = encode(frame)
    return decode(data[4], memoryview(data)[5:])


def main() -> int:
    """Run for a while; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.fuzz_frames", description="Fuzz the frames.")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to go on (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="the number of a run to repeat")
    options = parser.parse_args()
    print(f"repeat with: python -m fuzz.fuzz_frames --seed {options.seed}", flush=True)
    rng = random.Random(options.seed)
    corpus = [path.read_bytes() for path in sorted(CORPUS.iterdir())]
    began, inputs, frames = time.monotonic(), 0, 0
    while time.monotonic() - began < options.seconds:
        data = corpus[inputs] if inputs < len(corpus) else mutated(rng, corpus)
        inputs += 1
        try:
            frames += check(data, rng)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            path = CORPUS / f"crash-{hashlib.sha1(data).hexdigest()[:12]}"
            path.write_bytes(data)
            print(f"{error!r} at {data!r}\nkept as {path}", file=sys.stderr)
            return 1
    print(f"{inputs} inputs, {frames} frames read, {time.monotonic() - began:.1f} seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
