"""Latency: from just before `publish` to the application of each receiver, at 50 rumors a second.

All receivers' samples together; the fleet is quiet otherwise. The clock is the machine's monotonic one, which all
processes share; the time of publishing travels in the payload.
"""

import time
from collections.abc import Sequence

from benchmarks.compare import Comparison, Goal, Options, Row, Trial, compare
from benchmarks.fleet import Fleet, FleetError, formed

RATE = 50.0
SIZE = 64
SETTLING = 2.0
"""Seconds that a fleet gets after it has formed."""
PEERS = (8, 32)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of all lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def samples(system: str, peers: int, seconds: float) -> list[float]:
    """Latencies in milliseconds, over all receivers. Raises FleetError if something was not delivered."""
    with formed(system, peers) as fleet:
        _paced(fleet, 1.0)
        time.sleep(SETTLING)
        return _paced(fleet, seconds)


def _paced(fleet: Fleet, seconds: float) -> list[float]:
    fleet.ask_all(fleet.receivers, "listen", how="stamps", ends=1)
    sent = fleet.publisher.ask("pace", within=seconds + 30, tag="L", rate=RATE, seconds=seconds, size=SIZE)["sent"]
    answers = fleet.ask_all(fleet.receivers, "heard", patience=10)
    if any(answer["count"] != sent for answer in answers):
        raise FleetError(f"{fleet.system}: received {[answer['count'] for answer in answers]} of {sent}")
    return [latency / 1e6 for answer in answers for _, latency in answer["samples"]]


class _Distribution:
    """The samples of a system in this round; taken for p50, told again for p99."""

    def __init__(self, system: str, peers: int, seconds: float) -> None:
        self._system, self._peers, self._seconds = system, peers, seconds
        self._values: list[float] = []

    def p50(self) -> float:
        self._values = []
        self._values = samples(self._system, self._peers, self._seconds)
        return percentile(self._values, 0.5)

    def p99(self) -> float:
        if not self._values:
            raise FleetError("no samples")
        return percentile(self._values, 0.99)


def run(options: Options) -> list[Row]:
    """p50 and p99 at each size, beside pyzmq's star and Zenoh."""
    seconds = 3.0 if options.quick else 10.0
    rows = []
    for peers in PEERS:
        trials: dict[str, Trial] = {}
        for system in ("rumor", "pyzmq", "zenoh"):
            distribution = _Distribution(system, peers, seconds)
            trials[f"{system} p50"] = distribution.p50
            trials[f"{system} p99"] = distribution.p99
        comparisons = [
            Comparison(share, f"rumor {share}", f"{yardstick} {share}", Goal(at_most=bound))
            for share in ("p50", "p99")
            for yardstick, bound in (("zenoh", 0.7), ("pyzmq", 1.6))
        ]
        rows += compare(f"latency, {peers} peers", trials, comparisons, options, unit="ms", form="{:.2f}")
    return rows
