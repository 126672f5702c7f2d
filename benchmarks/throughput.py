"""Throughput: deliveries a second into application code, from the first payload published to the last one received.

8 processes, one publisher, 7 receivers. Every trial has a fleet of its own; a short trial warms it up and tells how
many payloads the long one takes.
"""

import msgspec

from benchmarks.compare import Comparison, Goal, Options, Row, Trial, compare
from benchmarks.fleet import Fleet, FleetError, formed
from benchmarks.limit import parents as shape_parents

PEERS = 8
RUN = 256
"""Payloads of one `publish_many`."""
LIMIT_SHAPE = "2"
"""The quickest shape of the bare relay here."""
SECONDS = 2.0
"""How long a trial shall take, about."""
PILOT = 40 * RUN
"""Payloads of the trial that warms up."""
COUNT_MAX = 8_000_000
"""Payloads of a trial, at most."""
TRIAL_MAX = 60.0
"""Seconds until a trial is given up."""


class Load(msgspec.Struct, frozen=True):
    """What is published and how it is received: `runs`, `batches` or `each`; `chunk` payloads a call."""

    how: str
    size: int
    chunk: int = 1
    everybody: bool = False
    """All publish at once."""


def deliveries(system: str, load: Load, *, seconds: float = SECONDS, parents: list[int] | None = None) -> float:
    """Deliveries a second of one trial. Raises FleetError when something was not delivered."""
    if system.startswith("limit") and parents is None:
        parents = shape_parents(LIMIT_SHAPE, PEERS)
    with formed(system, PEERS, parents=parents) as fleet:
        _burst(fleet, load, PILOT)
        pilot = _burst(fleet, load, PILOT)
        sources = PEERS if load.everybody else 1
        count = min(COUNT_MAX, max(PILOT, int(pilot * seconds / (PEERS - 1) / sources)))
        return _burst(fleet, load, count - count % RUN)


def _burst(fleet: Fleet, load: Load, count: int) -> float:
    publishers = fleet.workers if load.everybody else fleet.workers[:1]
    listeners = fleet.workers if load.everybody else fleet.receivers
    expect = count * (PEERS - 1) if load.everybody else count
    fleet.ask_all(listeners, "listen", how=load.how, expect=expect)
    fleet.tell_all(publishers, "publish", how=load.how, count=count, size=load.size, chunk=load.chunk)
    published = fleet.collect(publishers, TRIAL_MAX)
    received = fleet.ask_all(listeners, "heard", within=TRIAL_MAX + 5, patience=TRIAL_MAX)
    if not all(answer["complete"] for answer in received):
        raise FleetError(f"{fleet.system}: received {[answer['count'] for answer in received]} of {expect}")
    began = min(answer["began"] for answer in published)
    nanoseconds = int(max(answer["last"] for answer in received) - began)
    return len(listeners) * expect / nanoseconds * 1e9


def run(options: Options) -> list[Row]:
    """All rows: each load of ours beside its yardsticks, interleaved."""
    many, many_long = Load("runs", 64, RUN), Load("runs", 1024, RUN)
    batches, each = Load("batches", 64), Load("each", 64)
    # What is compared stands close together, so that it meets the machine in the same mood.
    trials: dict[str, Trial] = {
        "rumor": lambda: deliveries("rumor", many),
        "limit": lambda: deliveries("limit", many),
        "limit-on-loop": lambda: deliveries("limit-on-loop", many),
        "pyzmq": lambda: deliveries("pyzmq", each),
        "rumor batches": lambda: deliveries("rumor", batches),
        "zenoh": lambda: deliveries("zenoh", each),
        "rumor each": lambda: deliveries("rumor", each),
        "limit single": lambda: deliveries("limit", Load("runs", 64)),
        "rumor everybody": lambda: deliveries("rumor", Load("runs", 64, RUN, everybody=True)),
        "rumor 1024": lambda: deliveries("rumor", many_long),
        "limit 1024": lambda: deliveries("limit", many_long),
        "limit-on-loop 1024": lambda: deliveries("limit-on-loop", many_long),
        "pyzmq 1024": lambda: deliveries("pyzmq", Load("each", 1024)),
        "zenoh 1024": lambda: deliveries("zenoh", Load("each", 1024)),
    }
    rows = (
        Comparison("64 bytes, publish_many, runs()", "rumor", "limit", Goal(at_least=0.7)),
        Comparison("64 bytes, publish_many, runs()", "rumor", "limit-on-loop"),
        Comparison("64 bytes, publish_many, runs()", "rumor", "pyzmq", Goal(at_least=2.5)),
        Comparison("64 bytes, publish, batches()", "rumor batches", "pyzmq", Goal(at_least=0.8)),
        Comparison("64 bytes, publish, batches()", "rumor batches", "zenoh"),
        Comparison("64 bytes, publish, async for r", "rumor each", "zenoh", Goal(at_least=4.0)),
        Comparison("64 bytes, publish, async for r", "rumor each", "limit single"),
        Comparison("1,024 bytes, publish_many, runs()", "rumor 1024", "limit 1024", Goal(at_least=0.6)),
        Comparison("1,024 bytes, publish_many, runs()", "rumor 1024", "limit-on-loop 1024"),
        Comparison("1,024 bytes, publish_many, runs()", "rumor 1024", "pyzmq 1024", Goal(at_least=1.3)),
        Comparison("1,024 bytes, publish_many, runs()", "rumor 1024", "zenoh 1024"),
        Comparison("all 8 publish, 64 bytes, runs()", "rumor everybody", "limit", Goal(at_least=0.7)),
    )
    return compare("throughput", trials, rows, options, unit="deliveries/s", form="{:,.0f}")
