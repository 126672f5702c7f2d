"""Ours beside the yardsticks: trials in turn, round after round, and what came of them as rows of a table.

The machine is shared and noisy, so that each ratio is taken within its round; told are the medians, and from where to
where the ratio went.
"""

import shutil
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec

import msgspec

from benchmarks.fleet import FleetError

Trial = Callable[[], float]

OURS = "rumor"
REQUIREMENTS = {"pyzmq": "zmq", "zenoh": "zenoh", "kinship": "kinship"}
"""The module that a yardstick needs; Serf needs its program."""


class Options(msgspec.Struct, frozen=True):
    """How to measure. `quick`: one round, and shorter; `systems`: only these, all if empty."""

    quick: bool = False
    systems: frozenset[str] = frozenset()
    rounds_wanted: int = 3

    @property
    def rounds(self) -> int:
        """How often each trial is made."""
        return 1 if self.quick else self.rounds_wanted

    def has(self, trial: str) -> bool:
        """Whether to make a trial, which begins with the name of its system."""
        return not self.systems or trial.split()[0].strip(",") in self.systems


class Goal(msgspec.Struct, frozen=True):
    """What the ratio, or our figure when there is no yardstick, has to be."""

    at_least: float | None = None
    at_most: float | None = None

    def __str__(self) -> str:
        parts = (("≥", self.at_least), ("≤", self.at_most))
        return " and ".join(f"{sign} {bound:g}" for sign, bound in parts if bound is not None) or "–"

    def judge(self, value: float) -> str:
        """Reached or not, in a word."""
        if self.at_least is None and self.at_most is None:
            return "–"
        low = self.at_least is None or value >= self.at_least
        high = self.at_most is None or value <= self.at_most
        return "yes" if low and high else "no"


class Comparison(msgspec.Struct, frozen=True):
    """A row to be: a trial of ours beside one of a yardstick, or beside nothing."""

    measure: str
    ours: str
    yardstick: str = ""
    goal: Goal = Goal()


class Row(msgspec.Struct, frozen=True):
    """One line of the table."""

    measure: str
    ours: str
    yardstick: str
    ratio: str
    goal: str
    reached: str

    def __str__(self) -> str:
        return f"| {self.measure} | {self.ours} | {self.yardstick} | {self.ratio} | {self.goal} | {self.reached} |"


HEADING = "| measure | ours | yardstick | ratio (from–to) | goal | reached |\n| --- | --- | --- | --- | --- | --- |"


def missing(system: str) -> str:
    """Why a system can't be measured here; empty if it can."""
    if system == "serf":
        return "" if shutil.which("serf") else "the program serf is not installed"
    module = REQUIREMENTS.get(system)
    return f"the module {module} is not installed" if module and find_spec(module) is None else ""


def measure(trials: Mapping[str, Trial], options: Options, name: str) -> dict[str, list[float]]:
    """Make the trials in turn, round after round; one that fails is left out from then on, and said so."""
    found: dict[str, list[float]] = {}
    left_out = {trial: missing(trial.split()[0]) for trial in trials if options.has(trial)}
    for round_number in range(options.rounds):
        for trial, why in left_out.items():
            if not why:
                try:
                    found.setdefault(trial, []).append(trials[trial]())
                except FleetError as error:
                    left_out[trial] = str(error)
                    found.pop(trial, None)
                print(f"{name}, round {round_number + 1}: {trial} {found.get(trial, ['failed'])[-1]}", file=sys.stderr)
    for trial, why in left_out.items():
        if why:
            print(f"Left out of {name}: {trial}: {why}\n", flush=True)
    return found


def compare(
    name: str,
    trials: Mapping[str, Trial],
    comparisons: Sequence[Comparison],
    options: Options,
    *,
    unit: str,
    form: str,
) -> list[Row]:
    """Make the trials and put them side by side. What has no partner stands alone."""
    found = measure(trials, options, name)

    def told(trial: str) -> str:
        return f"{form.format(statistics.median(found[trial]))} {unit}" if trial in found else "left out"

    rows = [_row(name, comparison, found, told) for comparison in comparisons if comparison.ours in found]
    partners = {comparison.yardstick for comparison in comparisons if comparison.ours in found}
    alone = [trial for trial in found if not trial.startswith(OURS) and trial not in partners]
    return rows + [Row(name, "–", f"{trial}: {told(trial)}", "–", "–", "–") for trial in alone]


def _row(name: str, comparison: Comparison, found: Mapping[str, list[float]], told: Callable[[str], str]) -> Row:
    ours, theirs = found[comparison.ours], found.get(comparison.yardstick)
    title, goal = f"{name}: {comparison.measure}", comparison.goal
    if not comparison.yardstick:
        return Row(title, told(comparison.ours), "–", "–", str(goal), goal.judge(statistics.median(ours)))
    yardstick = f"{comparison.yardstick}: {told(comparison.yardstick)}"
    if theirs is None or not all(theirs):  # nothing to divide by: false deaths, of which it had none
        return Row(title, told(comparison.ours), yardstick, "–", str(goal), "–")
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    ratio = statistics.median(ratios)
    spread = f"{ratio:.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
    return Row(title, told(comparison.ours), yardstick, spread, str(goal), goal.judge(ratio))
