"""One of 8 peers is stopped (SIGSTOP) for 20 s under load, then continued: does anybody else feel it?

Two publishers: one sends 50 rumors a second whose latency is measured, another 5,000 a second in bursts of 50. Told:
the others' p99 of what was published from the end of the grace period to the end of the stop, as a ratio to the same
seconds of a run in which nobody is stopped; and whether the stopped one came out of it with every rumor either heard
or told as lost, none twice.
"""

import signal
import sys
import time

import msgspec

from benchmarks.compare import Comparison, Goal, Options, Row, compare
from benchmarks.fleet import Fleet, FleetError, Worker, formed
from benchmarks.latency import percentile

PEERS = 8
RATE = 50.0
BULK_RATE, BULK_BURST = 100.0, 50
SIZE = 64
GRACE = 2.0
"""Seconds after which a child that makes no progress no longer counts."""
LEAD = 1.0
"""Seconds of load before the stop."""
TAIL = 3.0
"""Seconds of load after the stop."""
PAIRS = 5


class Outcome(msgspec.Struct, frozen=True):
    """The others' p99 in milliseconds, and what the stopped one has to say."""

    p99: float
    victim: dict[str, int]
    expected: int


def trial(seconds: float, *, stop: bool) -> Outcome:
    """One run of load, with or without the stop."""
    with formed("rumor", PEERS) as fleet:
        stamped, bulk, *others, victim = fleet.workers
        listeners = [*others, victim]
        fleet.ask_all(listeners, "listen", how="stamps", ends=2)
        began = time.monotonic()
        whole = LEAD + seconds + TAIL
        stamped.tell("pace", tag="L", rate=RATE, seconds=whole, size=SIZE)
        bulk.tell("pace", tag="B", rate=BULK_RATE, seconds=whole, size=SIZE, burst=BULK_BURST)
        time.sleep(LEAD)
        _stop(victim, seconds) if stop else time.sleep(seconds)
        sent = sum(answer["sent"] for answer in fleet.collect([stamped, bulk], whole + 30))
        answers = fleet.ask_all(listeners, "heard", within=40, patience=30)
        _check(fleet, answers[:-1], sent)
        window = range(int((began + LEAD + GRACE) * 1e9), int((began + LEAD + seconds) * 1e9))
        samples = [taken / 1e6 for answer in answers[:-1] for at, taken in answer["samples"] if at in window]
        account = {key: answers[-1][key] for key in ("heard", "lost", "missing", "twice")}
        return Outcome(percentile(samples, 0.99), account, sent)


def _stop(victim: Worker, seconds: float) -> None:
    victim.signal(signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        victim.signal(signal.SIGCONT)


def _check(fleet: Fleet, answers: list[dict[str, int]], sent: int) -> None:
    if any(answer["count"] != sent for answer in answers):
        raise FleetError(f"{fleet.system}: received {[answer['count'] for answer in answers]} of {sent}")


class _Pair:
    """Both runs of a pair in turn, and the sum of what the stopped ones said."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.unaccounted: list[int] = []

    def stopped(self) -> float:
        outcome = trial(self._seconds, stop=True)
        print(f"frozen: the stopped one of {outcome.expected} sent: {outcome.victim}", file=sys.stderr)
        told = outcome.victim["heard"] + outcome.victim["lost"]
        self.unaccounted.append(abs(outcome.expected - told) + outcome.victim["missing"] + outcome.victim["twice"])
        return outcome.p99

    def undisturbed(self) -> float:
        return trial(self._seconds, stop=False).p99


def run(options: Options) -> list[Row]:
    """The ratio of p99s, and what was neither heard nor told as lost."""
    pair = _Pair(6.0 if options.quick else 20.0)
    trials = {"rumor one stopped": pair.stopped, "rumor": pair.undisturbed}
    comparison = Comparison("the others' p99 after the grace period", "rumor one stopped", "rumor", Goal(at_most=1.25))
    pairs = msgspec.structs.replace(options, rounds_wanted=PAIRS)
    rows = compare("frozen, 1 of 8", trials, [comparison], pairs, unit="ms", form="{:.2f}")
    if rows:
        worst = max(pair.unaccounted)
        title = "frozen, 1 of 8: rumors that the stopped one neither heard nor was told as lost, or got twice"
        rows.append(Row(title, str(worst), "–", "–", "0", "no" if worst else "yes"))
    return rows
