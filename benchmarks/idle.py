"""Idle: processor time and memory of each of 32 connected peers that have nothing to do, from /proc."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.compare import Comparison, Goal, Options, Row, Trial, compare
from benchmarks.fleet import Fleet, FleetError, formed

PEERS = 32
SETTLING = 5.0
"""Seconds after forming that don't count."""


def processor_seconds(process: int) -> float:
    """What all threads of a process have used, to the nanosecond."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def resident_mb(process: int) -> float:
    """Its memory (RSS) in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1000


def percent(processes: Sequence[int], seconds: float) -> float:
    """Processor share a process, in percent of one core, over so many seconds from now on."""
    before = sum(map(processor_seconds, processes))
    began = time.monotonic()
    time.sleep(seconds)
    return (sum(map(processor_seconds, processes)) - before) / (time.monotonic() - began) / len(processes) * 100


class _Idle:
    """An idle fleet: measured for the processor, told again for the memory."""

    def __init__(self, system: str, seconds: float) -> None:
        self._system, self._seconds = system, seconds
        self._memory = 0.0

    def processor(self) -> float:
        self._memory = 0.0
        with formed(self._system, PEERS) as fleet:
            time.sleep(SETTLING)
            share = percent(fleet.names, self._seconds)
            self._memory = _memory(fleet)
            return share

    def memory(self) -> float:
        if not self._memory:
            raise FleetError("not measured")
        return self._memory


def _memory(fleet: Fleet) -> float:
    return statistics.mean(map(resident_mb, fleet.names))


def run(options: Options) -> list[Row]:
    """Processor and memory, beside Zenoh."""
    seconds = 5.0 if options.quick else 15.0
    processor: dict[str, Trial] = {}
    memory: dict[str, Trial] = {}
    for system in ("rumor", "zenoh"):
        fleet = _Idle(system, seconds)
        processor[system], memory[system] = fleet.processor, fleet.memory
    name = f"idle, {PEERS} peers"
    return [
        *compare(name, processor, _rows("% of a core a peer", 0.3), options, unit="%", form="{:.3f}"),
        *compare(name, memory, _rows("MB a peer", 35.0), options, unit="MB", form="{:.1f}"),
    ]


def _rows(measure: str, bound: float) -> list[Comparison]:
    return [Comparison(measure, "rumor", goal=Goal(at_most=bound)), Comparison(measure, "rumor", "zenoh")]
