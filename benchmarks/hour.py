"""One hour of virtual time under load, and what a quiet stream takes: `python -m benchmarks.hour [--minutes N]`.

hour       8 peers in the simulated world; one publishes 50,000 rumors a second in runs of 256: what the process
           takes after each 5 minutes; it must not grow
streams    9 peers, so that each has 8 links; 5,000 streams of one run each, then quiet for longer than anything is
           kept: what each stream takes at a node, by tracemalloc, as far as the core and the wire allocated it
"""

import argparse
import gc
import sys
import time
import tracemalloc
from functools import partial
from pathlib import Path

from rumor.core.frames import Lane, Run, RunRecord
from rumor.core.ids import Seconds
from rumor.core.peer import Peer
from rumor.sim import Node, World
from rumor.sim.publications import Publications
from rumor.sim.scenarios.stories import expect_one_web, populate
from rumor.wire.frames import encode_run

PEERS = 8
RUMORS_PER_SECOND = 50_000
RUN = 256
PAYLOAD = b"x" * 64
EVERY_MINUTES = 5

LINKS = 8
STREAMS = 5000
QUIET: Seconds = 100.0
"""Longer than runs and tombstones of children are kept."""

GROWTH_MAX = 0.02
"""Memory is flat if the last figure is not above the one of the second interval by more than this share."""

STREAM_BYTES_MAX = 400


class Unkept(Publications):
    """The world's own notes would grow; nobody asks for them here."""

    def add(self, run: Run, now: Seconds) -> None:
        """Forget it."""


def main() -> int:
    """Returns 1 if memory grew, or a stream took too much."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hour", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=int, default=60, help="of virtual time (default: an hour)")
    parser.add_argument("--streams", type=int, default=STREAMS)
    parser.add_argument("--only", choices=["hour", "streams"])
    options = parser.parse_args()
    fine = True
    if options.only != "hour":
        fine = measure_streams(options.streams)
    if options.only != "streams":
        fine = measure_hour(options.minutes) and fine
    return 0 if fine else 1


def woven(world: World, peers: int) -> list[Node]:
    """A network that stands, each peer with as many links as there are others, up to its limit."""
    everybody, _ = populate(world, peers=peers)
    for peer in everybody:
        world.start(peer)
    expect_one_web(world, everybody, within=30.0)
    world.run(60.0)
    return everybody


# An hour under load.


def measure_hour(minutes: int) -> bool:
    """Publish, and look at the memory now and then; returns whether it is flat."""
    world = World(1, real_wire=False, traced=False, kept=False, checked=False)
    world.publications = Unkept()
    peers = woven(world, PEERS)
    load = Load(world, peers[0])
    began = time.perf_counter()
    rows = []
    for minute in range(EVERY_MINUTES, minutes + 1, EVERY_MINUTES):
        world.run(60.0 * EVERY_MINUTES)
        gc.collect()
        rows.append(resident_bytes())
        least = min(delivered_by(peer) for peer in peers)
        print(
            f"minute {minute:2}: {rows[-1] / 1e6:6.1f} MB, {sys.getallocatedblocks():7} blocks, published {load.said}, "
            f"delivered by the last {least}, waited {load.waits} times; {time.perf_counter() - began:.0f} s",
            flush=True,
        )
    if len(rows) < 3:
        return True
    growth = rows[-1] / rows[1] - 1.0
    print(f"growth from minute {2 * EVERY_MINUTES} to {minutes}: {growth:+.2%} (at most {GROWTH_MAX:.0%})")
    return growth <= GROWTH_MAX


class Load:
    """One peer that says so much a second, as far as its window lets it."""

    def __init__(self, world: World, node: Node) -> None:
        self._world = world
        self._node = node
        self._payloads = [PAYLOAD] * RUN
        self.said = 0
        self.waits = 0
        self._again()

    def say(self) -> None:
        """Say one run, or wait for a turn."""
        core = self._node.core
        assert isinstance(core, Peer)
        if core.has_room(self._world.now):
            self._world.publish_many(self._node, self._payloads)
            self.said += RUN
        else:
            self.waits += 1
        self._again()

    def _again(self) -> None:
        self._world.at(RUN / RUMORS_PER_SECOND, self.say)


def delivered_by(peer: Node) -> int:
    """How many rumors it delivered in order."""
    return sum(record.delivered.top for record in peer.record.streams.values())


def resident_bytes() -> int:
    """What this process takes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


# Quiet streams.


def measure_streams(count: int) -> bool:
    """Let many say one thing, then nothing more; returns whether what is left of each is small."""
    world = World(1, traced=False, kept=False, checked=False)
    peers = woven(world, LINKS + 1)
    for peer in peers:
        assert len(peer.neighbor_links) == LINKS, f"{peer} has {len(peer.neighbor_links)} links"
    gc.collect()
    tracemalloc.start()
    for index in range(count):
        world.at(0.005 * index, partial(hear_of_stream, world, peers[index % len(peers)], index))
    world.run(0.005 * count + QUIET)
    gc.collect()
    traces = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(True, "*/rumor/core/*"), tracemalloc.Filter(True, "*/rumor/wire/*")]
    )
    tracemalloc.stop()
    for peer in peers:
        assert isinstance(peer.core, Peer)
        assert peer.core.snapshot().streams == count
    rows = traces.statistics("lineno")
    each = len(peers) * count
    total = sum(row.size for row in rows) / each
    for row in rows[:12]:
        frame = row.traceback[0]
        name = frame.filename.partition("/rumor/")[2]
        print(f"  {row.size / each:6.1f} bytes a stream  {name}:{frame.lineno}")
    print(f"a quiet stream takes {total:.0f} bytes at a node of {LINKS} links (at most {STREAM_BYTES_MAX})")
    return total <= STREAM_BYTES_MAX


def hear_of_stream(world: World, node: Node, index: int) -> None:
    """Let a node hear of a new origin from one of its neighbors, as if that one had heard of it from elsewhere."""
    core = node.core
    assert isinstance(core, Peer)
    origin = f"10.9.{index // 250}.{index % 250 + 1}:3400"
    run = Run(origin, 1_700_000_000_000 + index, Lane.APP, 1, 1, 0, "", [PAYLOAD])
    link = next(iter(node.neighbor_links.values()))
    record = RunRecord(1, 0, False, run, encode_run(run))
    world.call(node, lambda: core.on_frame(link, record, world.now))


if __name__ == "__main__":
    sys.exit(main())
