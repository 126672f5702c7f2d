"""Random frames against a seed and a peer: `python -m fuzz.fuzz_cores --seconds 60`.

Whoever can reach a node can say Hello, and then whatever frames it likes: the kept inputs of `fuzz/corpus-frames`,
changed in a few places, come over a few links to a node that runs, among texts, failures and time that passes. Whatever
comes, the core raises nothing, and what it wants to send can be written. What it raises is printed with the command
that repeats it, and ends the program with exit code 1.
"""

import argparse
import random
import sys
import time
import traceback
from collections.abc import Callable
from typing import TypeAlias

from fuzz.fuzz_frames import CORPUS, frames_of, mutated, read
from rumor.core.clock import WallClock
from rumor.core.effects import Ask, Dial, Effect, Failure, Hangup, Store, Tell, Wake
from rumor.core.frames import Hello, Role
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import DeadNode, Incoming, LivenessReply, LivenessRequest, Preface, Register
from rumor.core.peer import Peer
from rumor.core.seed import Seed
from rumor.core.settings import Settings
from rumor.wire.codec import CODEC
from rumor.wire.frames import encode

Core: TypeAlias = Seed | Peer

EPOCH: Seconds = 1_700_000_000.0
OTHERS = [Address(f"10.0.0.{n}", 4000 + n) for n in range(6)] + [Address("::1", 4001), Address("ana.example", 4001)]
NAMES = ["ana", "bo", "cy", *map(str, OTHERS[:3])]
LIFE = 400
"""So much befalls one core; then another one begins."""

LINKS_MAX = 8


class Life:
    """One core, and what befalls it: everything that a driver may tell it, in any order that can be."""

    def __init__(self, core: Core, rng: random.Random, corpus: list[bytes]) -> None:
        self._core = core
        self._rng = rng
        self._corpus = corpus
        self._now: Seconds = 0.0
        self._links: list[int] = []
        self._dials: list[Dial] = []
        self._exchanges: list[Ask | Tell] = []
        self._storing = False
        self._next_link = 1
        core.join(self._now)
        self._drain()

    def befall(self) -> int:
        """Let something befall the core, and do what it wants; returns how many frames it heard."""
        rng = self._rng
        happens: list[Callable[[], int]] = [self._frames] * 12 + [self._open, self._dialled, self._ended, self._text]
        heard = rng.choice([*happens, self._pass, self._pass, self._break, self._written])()
        self._core.end_turn(self._now)
        self._drain()
        return heard

    def _frames(self) -> int:
        """A link brings frames, or bytes that fit none."""
        if not self._links:
            return self._open()
        link = self._rng.choice(self._links)
        frames, error = read([mutated(self._rng, self._corpus)])
        for frame in frames:
            if link in self._links:
                self._core.on_frame(link, frame, self._now)
                self._drain()
        if error is not None and link in self._links:
            self._core.bad_frame(link, error, self._now)
        return len(frames)

    def _open(self) -> int:
        """Somebody opens a link, and says who it is."""
        if len(self._links) < LINKS_MAX:
            link, self._next_link = self._next_link, self._next_link + 2
            self._links.append(link)
            self._core.accepted(link, self._rng.choice(OTHERS).host, self._now)
            self._drain()
            self._greet(link)
        return 0

    def _dialled(self) -> int:
        """A link that the core dials is made, or not."""
        if self._dials:
            dial = self._dials.pop(self._rng.randrange(len(self._dials)))
            if self._rng.random() < 0.3:
                self._core.link_lost(dial.link, self._rng.choice(list(Failure)), self._now)
            else:
                self._links.append(dial.link)
                self._core.dialled(dial.link, self._now)
                self._drain()
                self._greet(dial.link)
        return 0

    def _greet(self, link: int) -> None:
        if link in self._links and self._rng.random() < 0.9:
            self._core.on_frame(link, self._hello(), self._now)

    def _hello(self) -> Hello:
        rng = self._rng
        epoch = rng.choice([0, 1, int(EPOCH * 1000), int(EPOCH * 1000) + rng.randrange(10_000_000), (1 << 63) - 1])
        return Hello(
            network="", role=rng.choice(list(Role)), name=rng.choice(NAMES), address=rng.choice(OTHERS), epoch=epoch,
            instance=rng.randrange(4), known_epoch=rng.choice([0, epoch]),
        )  # fmt: skip

    def _ended(self) -> int:
        """A text is answered, or told, or failed."""
        if self._exchanges:
            effect = self._exchanges.pop(self._rng.randrange(len(self._exchanges)))
            reply = Preface() if isinstance(effect.message, Preface) else LivenessReply("1.5", "10.0.0.1", "10.0.0.2")
            if self._rng.random() < 0.5:
                self._core.failed(effect, self._rng.choice(list(Failure)), self._now)
            elif isinstance(effect, Ask) and isinstance(effect.message, Preface | LivenessRequest):
                self._core.answered(effect, reply, self._now)
        return 0

    def _text(self) -> int:
        """Somebody says something by text."""
        address, rng = self._rng.choice(OTHERS), self._rng
        messages: list[Incoming] = [Register(address), DeadNode(address, "1.5", "10.0.0.1"), Preface()]
        message = rng.choice(messages)
        self._core.receive(1_000_001, rng.choice(OTHERS).host, message, self._now)
        return 0

    def _pass(self) -> int:
        """Time passes: to what is due, or beyond it."""
        due = self._core.next_deadline()
        self._now += self._rng.choice([0.001, 0.1, 1.0, 200.0])
        if due is not None and self._rng.random() < 0.7:
            self._now = max(self._now, due)
        self._core.tick(self._now)
        return 0

    def _break(self) -> int:
        """A link breaks."""
        if self._links and self._rng.random() < 0.3:
            link = self._links.pop(self._rng.randrange(len(self._links)))
            self._core.link_lost(link, self._rng.choice(list(Failure)), self._now)
        return 0

    def _written(self) -> int:
        """What a seed has to keep is written, or can't be."""
        if self._storing and isinstance(self._core, Seed):
            self._storing = False
            self._core.take_unstored()
            self._rng.choice([self._core.stored, self._core.not_stored])(self._now)
        return 0

    def _drain(self) -> None:
        effects, _ = self._core.drain()
        while effects:
            for effect in effects:
                self._do(effect)
            effects, _ = self._core.drain()

    def _do(self, effect: Effect) -> None:
        match effect:
            case Wake(link) | Hangup(link):
                while frames := self._core.pull(link, 1 << 16, self._now):
                    for frame in frames:
                        encode(frame)
                if isinstance(effect, Hangup) and link in self._links:
                    self._links.remove(link)
            case Dial():
                self._dials.append(effect)
            case Ask() | Tell():
                self._exchanges.append(effect)
            case Store():
                self._storing = True
            case _:
                pass


def a_seed(rng: random.Random) -> Seed:
    """A seed with a disk, one of three."""
    identity = Identity(Address("10.9.0.1", 3400), epoch=int(EPOCH * 1000), instance=9)
    return Seed(identity, OTHERS[:2], Settings(), WallClock(EPOCH), random.Random(rng.random()), durable=True)


def a_peer(rng: random.Random) -> Peer:
    """A peer with a seed, and one that it knows."""
    identity = Identity(Address("10.9.0.2", 4001), epoch=int(EPOCH * 1000), instance=9)
    chance = random.Random(rng.random())
    return Peer(identity, OTHERS[:1], Settings(), WallClock(EPOCH), chance, CODEC, join=OTHERS[1:3])


def main() -> int:
    """Run for a while; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.fuzz_cores", description="Fuzz a seed and a peer.")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to go on (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="the number of a run to repeat")
    options = parser.parse_args()
    print(f"repeat with: python -m fuzz.fuzz_cores --seed {options.seed}", flush=True)
    rng = random.Random(options.seed)
    corpus = [data for path in sorted(CORPUS.iterdir()) if frames_of(data := path.read_bytes())]
    began, lives, frames = time.monotonic(), 0, 0
    while time.monotonic() - began < options.seconds:
        try:
            life = Life(a_seed(rng) if lives % 2 else a_peer(rng), rng, corpus)
            frames += sum(life.befall() for _ in range(LIFE))
        except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
            traceback.print_exc()
            return 1
        lives += 1
    print(f"{lives} lives, {frames} frames heard, {time.monotonic() - began:.1f} seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
