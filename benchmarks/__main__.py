"""`python -m benchmarks`: all measures or those named, as a table, each figure beside its yardstick's.

For example `python -m benchmarks throughput latency`, or `python -m benchmarks --quick --systems pyzmq,zenoh,limit` for
the yardsticks alone. Progress goes to standard error.
"""

import argparse
from importlib import import_module

from benchmarks.compare import HEADING, Options
from benchmarks.fleet import SYSTEMS
from benchmarks.machine import describe

MEASURES = ("classic", "registry", "throughput", "latency", "redundancy", "forming", "idle", "frozen", "members")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", choices=[[], *MEASURES], help=", ".join(MEASURES))
    parser.add_argument("--quick", action="store_true", help="one round, shorter: to see that it works")
    parser.add_argument("--systems", default="", help=f"only these, with commas between: {', '.join(SYSTEMS)}")
    parser.add_argument("--rounds", type=int, default=3, help="how often each trial is made (default: 3)")
    arguments = parser.parse_args()
    systems = frozenset(arguments.systems.split(",")) - {""}
    options = Options(quick=arguments.quick, systems=systems, rounds_wanted=arguments.rounds)
    print(describe())
    for name in arguments.names or MEASURES:
        rows = import_module(f"benchmarks.{name}").run(options)
        if rows:
            print(HEADING, *rows, "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
