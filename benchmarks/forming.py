"""Forming: how long until 32 peers are one network: each is connected as it sees it, and a rumor has reached all.

Three ways: *in turn*, from the start of the last process, the others being there (each was started when the one before
it had begun); *at once*, from the start of the last process, all being started in one go, which shows mostly how long
32 interpreters take to load on these cores; and *once loaded*, all processes having imported what they need, from the
moment that the first begins, all others right after it.
"""

import time
from functools import partial

from benchmarks.compare import Comparison, Goal, Options, Row, compare
from benchmarks.fleet import Fleet

PEERS = 32
SYSTEMS = ("rumor", "zenoh", "kinship", "serf")


def in_turn(system: str) -> float:
    """Seconds from the start of the last process."""
    with Fleet(system, PEERS) as fleet:
        began = fleet.start_in_turn()
        return (fleet.form() - began) / 1e9


def at_once(system: str) -> float:
    """Seconds from the start of the last process, all being started in one go."""
    with Fleet(system, PEERS) as fleet:
        began = fleet.start_at_once()
        return (fleet.form() - began) / 1e9


def once_loaded(system: str) -> float:
    """Seconds from the release of processes that were loaded."""
    with Fleet(system, PEERS) as fleet:
        fleet.load()
        began = time.monotonic_ns()
        fleet.start()
        return (fleet.form() - began) / 1e9


def run(options: Options) -> list[Row]:
    """Both ways, beside whom we have."""
    ways = {"in turn": in_turn, "at once": at_once, "once loaded": once_loaded}
    goals = {"in turn": Goal(at_most=1.0), "at once": Goal(), "once loaded": Goal(at_most=0.4)}
    trials = {f"{system} {way}": partial(form, system) for system in SYSTEMS for way, form in ways.items()}
    alone = [Comparison(f"{way}, seconds", f"rumor {way}", goal=goals[way]) for way in ways]
    beside = [Comparison(way, f"rumor {way}", f"{system} {way}") for way in ways for system in SYSTEMS[1:]]
    return compare(f"forming of {PEERS}", trials, alone + beside, options, unit="s", form="{:.2f}")
