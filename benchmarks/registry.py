"""A seed that keeps its list on disk: how many register in a second, and how it comes back with a million.

Told as answered is only who is on disk. The restart is timed from the start of the process to its first word that it
listens, with a registry of a million peers on a thousand hosts, half of them by name; the memory is the most that the
process ever had.
"""

import re
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import uvloop

from benchmarks.classic import forget_output, program
from benchmarks.compare import Comparison, Goal, Options, Row, compare
from benchmarks.load import send_all
from rumor.aio.registry_file import RegistryFile
from rumor.core.seeds.journal import Batch, Kept

REGISTRATIONS = 20_000
ENTRIES = 1_000_000
BATCH = 50_000


async def registrations(state: Path | None, count: int) -> float:
    """Registrations a second that one seed takes and answers, each peer another, 100 connections at once."""
    keeping = ("--state", str(state)) if state is not None else ()
    with program("rumor", "seed", "0", "--json", *keeping) as (port, process):
        forget_output(process)
        texts = [f"127.0.0.1:{10_000 + n}".encode() for n in range(count)]
        began = time.perf_counter()
        await send_all(port, texts, lambda text, reply: reply.endswith(text))
        return count / (time.perf_counter() - began)


def durable(count: int) -> float:
    """With everything on disk before it is answered."""
    with tempfile.TemporaryDirectory() as state:
        rate = uvloop.run(registrations(Path(state), count))
        kept = sum(1 for _ in RegistryFile(Path(state)).load())
        assert kept == count, f"{kept} of {count} are on disk"
        return rate


class Restart:
    """A registry of a million, made once, and what it takes to come back with it."""

    def __init__(self, directory: Path, entries: int) -> None:
        self._directory = directory
        self._entries = entries
        self.megabytes = 0.0

    def seconds(self) -> float:
        """From the start of the process until it listens."""
        if not any(self._directory.iterdir()):
            self._fill()
        began = time.perf_counter()
        with program("rumor", "seed", "0", "--json", "--state", str(self._directory)) as (_, process):
            taken = time.perf_counter() - began
            status = Path(f"/proc/{process.pid}/status").read_text()
        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert peak is not None
        self.megabytes = max(self.megabytes, int(peak[1]) / 1024)
        return taken

    def _fill(self) -> None:
        file = RegistryFile(self._directory)
        now = time.time()
        entries = _entries(self._entries, now)
        while batch := list(islice(entries, BATCH)):
            file.write(Batch(batch, []))
        file.close()


def _entries(count: int, now: float) -> Iterator[Kept]:
    for number in range(count):
        host = f"10.{number % 1000 // 250}.{number % 250}.{number // 250_000}"
        name = f"peer number {number}" if number % 2 else ""
        yield Kept(number + 1, name, host, 1024 + number // 1000, int(now * 1000), 0, now, host)


def run(options: Options) -> list[Row]:
    """The rates with and without a disk, then the restart."""
    count = REGISTRATIONS // 4 if options.quick else REGISTRATIONS
    trials = {
        "rumor seed on disk": lambda: durable(count),
        "rumor seed in memory": lambda: uvloop.run(registrations(None, count)),
    }
    comparison = Comparison("registrations", "rumor seed on disk", "", Goal(at_least=5_000))
    beside = Comparison("the same without a disk", "rumor seed in memory")
    rows = compare("registry", trials, [comparison, beside], options, unit="a second", form="{:,.0f}")
    with tempfile.TemporaryDirectory() as directory:
        restart = Restart(Path(directory), ENTRIES)
        rows += compare(
            "registry", {"rumor restart": restart.seconds},
            [Comparison(f"restart with {ENTRIES:,} peers", "rumor restart", "", Goal(at_most=5.0))],
            options, unit="s", form="{:.2f}",
        )  # fmt: skip
        if restart.megabytes:
            goal = Goal(at_most=500)
            title = f"registry: the most memory of a seed with {ENTRIES:,} peers"
            reached = goal.judge(restart.megabytes)
            rows.append(Row(title, f"{restart.megabytes:,.0f} MB", "–", "–", str(goal), reached))
    return rows
