"""Random bytes against the classic text: `python -m fuzz.fuzz_text --seconds 60`.

Mutates the kept inputs in `fuzz/corpus` and hands each to all that reads from the wire. A message or a WireError may
come out, and what is read must be what was written, to the byte. Anything else is printed, kept in the corpus, and ends
the program with exit code 1.
"""

import argparse
import hashlib
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rumor.core.errors import WireError
from rumor.core.ids import Address
from rumor.core.messages import ConnectRequest, LivenessRequest, Message, PeerList, Preface, Register, Request
from rumor.wire import text
from rumor.wire.reader import ReplyReader, TextReader

CORPUS = Path(__file__).parent / "corpus"
INPUT_BYTES_MAX = 4096
OWN = Address("127.0.0.1", 4001)
REQUESTS: list[Request] = [Register(OWN), ConnectRequest(OWN), LivenessRequest("1.5", "127.0.0.1"), Preface()]
PARSERS: list[Callable[[bytes], Message]] = [text.parse, *(partial(text.parse_reply, request=r) for r in REQUESTS)]

WORDS = [
    text.PREFACE, b"GOSSIP", b"Dead Node:", b"New Connect Request From:", b"New Connect Accepted", b"Liveness Request:",
    b"Liveness Reply:", b"127.0.0.1", b"127.0.0.1:4001", b"1712345678.25", b"65535", b"65536", b"0", b":", b",", b".",
    b"\n", b"\0", b"\xff", b"\xc3\xbc", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"x" * 1023,
]  # fmt: skip


def mutated(rng: random.Random, corpus: list[bytes]) -> bytes:
    """A kept input, changed in a few places."""
    data = rng.choice(corpus)
    for _ in range(rng.randint(0, 5)):
        start, end = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
        match rng.randrange(6):
            case 0 if data:
                at = rng.randrange(len(data))
                data = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
            case 1:
                other = rng.choice(corpus)
                data = data[:start] + other[rng.randint(0, len(other)) :]
            case 2:
                data = data[:start]
            case 3:
                data = data[:start] + data[end:]
            case 4:
                data = data[:end] + data[start:]
            case _:
                data = data[:start] + rng.choice(WORDS) + data[start:]
    return data[:INPUT_BYTES_MAX]


def check(data: bytes, rng: random.Random) -> int:
    """Hand an input to all that reads; returns how many messages were read. Raises what must not happen."""
    parsed = 0
    for parse in PARSERS:
        try:
            message = parse(data)
        except WireError:
            continue
        # A list may hold entries that are no addresses, which are passed over.
        assert isinstance(message, PeerList) or text.format(message) == data, f"read as {message}"
        parsed += 1
    for pieces in ([data], in_pieces(data, rng)):
        read(TextReader(), pieces, rng)
        for request in REQUESTS:
            read(ReplyReader(request), pieces, rng)
    return parsed


def read(reader: TextReader | ReplyReader, pieces: list[bytes], rng: random.Random) -> None:
    """Let a reader read, resting now and then, until it refuses."""
    try:
        for piece in pieces:
            if reader.feed(piece) is None and reader.pending and rng.random() < 0.2:
                reader.rest()
        reader.rest()
    except WireError:
        pass


def in_pieces(data: bytes, rng: random.Random) -> list[bytes]:
    """The same bytes, as TCP may bring them."""
    cuts = sorted(rng.randint(0, len(data)) for _ in range(rng.randint(1, 8)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def main() -> int:
    """Run for a while; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.fuzz_text", description="Fuzz the classic text.")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to go on (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="the number of a run to repeat")
    options = parser.parse_args()
    print(f"repeat with: python -m fuzz.fuzz_text --seed {options.seed}", flush=True)
    rng = random.Random(options.seed)
    corpus = [path.read_bytes() for path in sorted(CORPUS.iterdir())]
    began, inputs, parsed = time.monotonic(), 0, 0
    while time.monotonic() - began < options.seconds:
        data = corpus[inputs] if inputs < len(corpus) else mutated(rng, corpus)
        inputs += 1
        try:
            parsed += check(data, rng)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            path = CORPUS / f"crash-{hashlib.sha1(data).hexdigest()[:12]}"
            path.write_bytes(data)
            print(f"{error!r} at {data!r}\nkept as {path}", file=sys.stderr)
            return 1
    print(f"{inputs} inputs, {parsed} messages parsed, {time.monotonic() - began:.1f} seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
