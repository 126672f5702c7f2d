"""Stories of whole networks, each a function of a number; told by `python -m rumor.sim NAME --number N`.

    @scenario
    def churn(number: int) -> World:        its docstring says what must be so; raises AssertionError if it is not

Importing this package knows them all. Tests tell them with many numbers; a failure names the command that repeats it.
"""

from rumor.sim.scenarios import (  # noqa: F401  they register themselves
    agreement,
    crashes,
    deaths,
    faults,
    idle,
    joining,
    lies,
    parting,
    seeds,
    spreading,
)
from rumor.sim.scenarios.registry import ON_DEMAND, SCENARIOS, Scenario, scenario, tell

__all__ = ["ON_DEMAND", "SCENARIOS", "Scenario", "scenario", "tell"]
