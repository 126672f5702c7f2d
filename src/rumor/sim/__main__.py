"""Tell scenarios: `python -m rumor.sim [SCENARIO] [--number N | --numbers A-B]`. Without a name: which there are."""

import argparse
import gc
import sys
import time
import traceback
from collections.abc import Iterable, Sequence

from rumor.sim.measures import spread_of
from rumor.sim.scenarios import SCENARIOS, tell

WIDTH = 22
"""Of the column of names."""

GC_AFTER = 100_000
"""Large worlds live long: the collector need not look through them again and again."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if all went well, 1 if a story failed."""
    parser = argparse.ArgumentParser(prog="python -m rumor.sim", description="Tell a story in the simulated world.")
    parser.add_argument("scenario", nargs="?", choices=sorted(SCENARIOS))
    parser.add_argument("--number", type=int, default=0, help="the one source of chance: same number, same history")
    parser.add_argument("--numbers", type=span, metavar="A-B", help="one after another, A and B among them")
    options = parser.parse_args(arguments)
    if options.scenario is None:
        for name, story in sorted(SCENARIOS.items()):
            say(f"{name:{WIDTH}} {(story.__doc__ or '').splitlines()[0]}")
        return 0
    gc.set_threshold(GC_AFTER, 50, 100)
    return tell_all(options.scenario, options.numbers or [options.number])


def tell_all(name: str, numbers: Iterable[int]) -> int:
    """Tell one story with each number; go on after failures, and count them. Of several, sum up the figures."""
    failed = told = 0
    figures: dict[str, list[float]] = {}
    for number in numbers:
        told += 1
        began = time.perf_counter()
        try:
            world = tell(name, number)
        except Exception as error:  # noqa: BLE001 - whatever a core raises is a failure of the story
            failed += 1
            say(f"{name} {number}: FAILED\n{''.join(traceback.format_exception(error)[-3:])}")
        else:
            rate = world.happened / (time.perf_counter() - began)
            say(f"{name} {number}: fine, {world.now:.0f} s, {world.happened} events, {rate:.0f}/s, {world.trace[:16]}")
            for what, figure in world.figures.items():
                say(f"    {what}: {figure:.6g}")
                figures.setdefault(what, []).append(figure)
    if told > 1:
        say(f"{name}: {failed} of {told} failed")
        for what, found in figures.items():
            least, half, most_of_all, most = spread_of(found)
            say(f"    {what}: {least:.6g} to {most:.6g}, median {half:.6g}, p99 {most_of_all:.6g}")
    return 1 if failed else 0


def span(text: str) -> range:
    """Read `A-B`."""
    first, dash, last = text.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not A-B")
    return range(int(first), int(last) + 1)


def say(text: str) -> None:
    """Write a line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
