"""Members: how soon all others know that one is gone, has come, left or changed; and whether any are given up in vain.

Each figure is of the last process that learns of it, as the library tells its application, on one clock. A crash is
`kill -9`: the machine is still there, and refuses connections. Silence is SIGSTOP: the machine takes connections, and
nobody answers. Every fleet is used for several, one after another; told is the median, then the median over the rounds.
"""

import contextlib
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from benchmarks.compare import Comparison, Goal, Options, Row, Trial, compare
from benchmarks.fleet import Fleet, FleetError, Worker

PEERS = 32
SYSTEMS = ("rumor", "kinship", "serf")
PATIENCE = 60.0
CALM = 1.0
"""Seconds between two of them in one fleet."""
VICTIMS = {8: 3, 32: 5}
"""How many crash, one after another, in a fleet of so many."""
STOPPED_MAX = 2.0
"""The longest stop of one that is stopped now and then."""
CROWD = 100


@contextlib.contextmanager
def acquainted(system: str, count: int, profile: str = "lan") -> Iterator[Fleet]:
    """A fleet whose members all know each other."""
    with Fleet(system, count, options={"profile": profile}) as fleet:
        fleet.load()
        fleet.start()
        know_each_other(fleet)
        time.sleep(CALM)
        yield fleet


def know_each_other(fleet: Fleet) -> int:
    """Wait until all know as many members as there are workers; when the last one did."""
    fleet.ask_all(fleet.workers, "watch")
    answers = fleet.ask_all(fleet.workers, "knows", PATIENCE + 5, count=len(fleet.workers), patience=PATIENCE)
    return max(int(answer["at"]) for answer in answers)


def until_all_saw(fleet: Fleet, workers: Sequence[Worker], one: Worker, state: str, since: int, tag: str = "") -> float:
    """Seconds until the last of some saw one in a state."""
    answers = fleet.ask_all(
        workers, "saw", PATIENCE + 5, name=one.name, state=state, since=since, patience=PATIENCE, tag=tag
    )
    return (max(int(answer["at"]) for answer in answers) - since) / 1e9


# Who is gone.


def crash(system: str, count: int, profile: str = "lan") -> float:
    """Median seconds from `kill -9` until the last of the others knows."""
    with acquainted(system, count, profile) as fleet:
        took = []
        for _ in range(VICTIMS[count]):
            victim = fleet.workers.pop()
            process = victim.ask("process")["pid"]
            since = time.monotonic_ns()
            os.kill(process, signal.SIGKILL)
            took.append(until_all_saw(fleet, fleet.workers, victim, "dead", since))
            victim.end_input()
            victim.end(time.monotonic() + 3.0)
            time.sleep(CALM)
        return statistics.median(took)


def silence(system: str, count: int, profile: str) -> float:
    """Seconds from SIGSTOP until the last of the others knows."""
    with acquainted(system, count, profile) as fleet:
        *others, victim = fleet.workers
        process = victim.ask("process")["pid"]
        since = time.monotonic_ns()
        with stopped(process):
            return until_all_saw(fleet, others, victim, "dead", since)


@contextlib.contextmanager
def stopped(process: int) -> Iterator[None]:
    """A process that is stopped for a while."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def stops(system: str, seconds: float) -> float:
    """How many members are dead for others after each was stopped for up to 2 s now and then, and all goes on.

    Never the same twice in a row: without a moment to run between, two stops are one that lasts longer.
    """
    chance = random.Random(1)
    with acquainted(system, PEERS) as fleet:
        processes = [answer["pid"] for answer in fleet.ask_all(fleet.workers, "process")]
        since, end = time.monotonic_ns(), time.monotonic() + seconds
        last = 0
        while time.monotonic() < end:
            last = chance.choice([process for process in processes if process != last])
            with stopped(last):
                time.sleep(chance.uniform(0.0, STOPPED_MAX))
        time.sleep(5.0)
        answers = fleet.ask_all(fleet.workers, "deaths", since=since)
        print(f"{system}: false deaths told: {sum(answer['died'] for answer in answers)}", file=sys.stderr)
        return sum(len(answer["dead"]) for answer in answers)


# Who has come, left or changed.


class _Agreement:
    """One fleet for all three, since they take little: a member joins, changes its tag, and leaves."""

    def __init__(self, system: str) -> None:
        self._system = system
        self._took: dict[str, float] = {}

    def join(self) -> float:
        with Fleet(self._system, PEERS) as fleet:
            fleet.load()
            for index in range(PEERS - 1):
                fleet.start_one(index)
            *others, newcomer = fleet.workers
            fleet.ask_all(others, "watch")
            fleet.ask_all(others, "knows", PATIENCE + 5, count=PEERS - 1, patience=PATIENCE)
            time.sleep(CALM)
            began = time.monotonic_ns()
            fleet.start_one(PEERS - 1)
            newcomer.ask("watch")
            newcomer.ask("knows", PATIENCE + 5, count=PEERS, patience=PATIENCE)
            self._took = {"join": until_all_saw(fleet, others, newcomer, "alive", began)}
            self._changes(fleet, others, newcomer)
            return self._took["join"]

    def _changes(self, fleet: Fleet, others: list[Worker], one: Worker) -> None:
        time.sleep(CALM)
        began = time.monotonic_ns()
        one.ask("tag", value="next")
        self._took["tag"] = until_all_saw(fleet, others, one, "alive", began, tag="next")
        time.sleep(CALM)
        began = time.monotonic_ns()
        one.tell("leave")
        last_tag = "" if fleet.system == "serf" else "next"
        self._took["leave"] = until_all_saw(fleet, others, one, "left", began, tag=last_tag)

    def took(self, what: str) -> float:
        if what not in self._took:
            raise FleetError("not measured")
        return self._took[what]


def crowd(system: str, count: int) -> float:
    """Seconds from the release of processes that were loaded until the last one knows all."""
    with Fleet(system, count) as fleet:
        fleet.load()
        began = time.monotonic_ns()
        fleet.start()
        return (know_each_other(fleet) - began) / 1e9


# The tables.


def run(options: Options) -> list[Row]:
    """All of it, beside kinship and Serf."""
    return [*_gone(options), *_agreed(options), *_in_vain(options)]


def _gone(options: Options) -> list[Row]:
    kills: dict[str, Callable[[str], float]] = {
        "8, kill -9": partial(crash, count=8),
        "32, kill -9": partial(crash, count=32),
        "32, kill -9, local": partial(crash, count=32, profile="local"),
        "32, silence": partial(silence, count=32, profile="lan"),
        "32, silence, local": partial(silence, count=32, profile="local"),
    }
    bounds = {"8, kill -9": 0.05, "32, kill -9": 0.15, "32, silence": 4.0, "32, silence, local": 1.0}
    trials = {f"{system} {how}": partial(trial, system) for system in SYSTEMS for how, trial in kills.items()}
    return compare("gone, until all know", trials, _rows(list(kills), bounds), options, unit="s", form="{:.3f}")


def _agreed(options: Options) -> list[Row]:
    count = PEERS if options.quick else CROWD
    trials: dict[str, Trial] = {}
    for system in SYSTEMS:
        agreement = _Agreement(system)
        trials[f"{system} join"] = agreement.join
        trials[f"{system} tag"] = partial(agreement.took, "tag")
        trials[f"{system} leave"] = partial(agreement.took, "leave")
        trials[f"{system} {count} at once"] = partial(crowd, system, count)
    bounds = {"join": 0.5, "tag": 0.5, "leave": 0.5, f"{count} at once": 2.0}
    return compare(f"agreed, {PEERS} peers", trials, _rows(list(bounds), bounds), options, unit="s", form="{:.3f}")


def _in_vain(options: Options) -> list[Row]:
    seconds = 30.0 if options.quick else 300.0
    trials = {f"{system} stops": partial(stops, system, seconds) for system in SYSTEMS}
    once = Options(quick=options.quick, systems=options.systems, rounds_wanted=1)
    name = f"stopped for up to 2 s by turns, {seconds:.0f} s, dead in the end"
    return compare(name, trials, _rows(["stops"], {"stops": 0}), once, unit="", form="{:.0f}")


def _rows(ways: Sequence[str], bounds: dict[str, float]) -> list[Comparison]:
    alone = [Comparison(way, f"rumor {way}", goal=Goal(at_most=bounds.get(way))) for way in ways]
    return alone + [Comparison(way, f"rumor {way}", f"{system} {way}") for way in ways for system in SYSTEMS[1:]]
