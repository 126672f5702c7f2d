"""Redundancy at steady state: payload copies received / (peers − 1) − 1. 0 is a perfect tree, a flood of degree 8 is 6.

Counted in runs, as the peers count them: while rumors flow evenly, in a fleet that had time to build its tree.
"""

import time

from benchmarks.compare import Comparison, Goal, Options, Row, compare
from benchmarks.fleet import Fleet, formed

PEERS = 32
RATE = 50.0


def redundancy(seconds: float) -> float:
    """Copies beyond the one that each receiver needs, per delivery."""
    with formed("rumor", PEERS) as fleet:
        _flow(fleet, seconds)
        time.sleep(1.0)
        before = _counters(fleet)
        _flow(fleet, seconds)
        received, fresh = (after - earlier for after, earlier in zip(_counters(fleet), before, strict=True))
        return received / fresh - 1


def _flow(fleet: Fleet, seconds: float) -> None:
    fleet.ask_all(fleet.receivers, "listen", how="stamps", ends=1)
    fleet.publisher.ask("pace", within=seconds + 30, tag="L", rate=RATE, seconds=seconds, size=64)
    fleet.ask_all(fleet.receivers, "heard", patience=10)


def _counters(fleet: Fleet) -> tuple[int, int]:
    answers = fleet.ask_all(fleet.receivers, "stats")
    return sum(answer["received"] for answer in answers), sum(answer["fresh"] for answer in answers)


def run(options: Options) -> list[Row]:
    """One row."""
    seconds = 2.0 if options.quick else 5.0
    comparison = Comparison(f"{PEERS} peers, steady", "rumor", goal=Goal(at_most=0.02))
    trials = {"rumor": lambda: redundancy(seconds)}
    return compare("redundancy", trials, [comparison], options, unit="copies too many a delivery", form="{:.4f}")
