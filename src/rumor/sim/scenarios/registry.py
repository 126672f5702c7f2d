"""Which scenarios there are, by name."""

from collections.abc import Callable
from typing import TypeAlias

from rumor.sim.stage import running_scenario
from rumor.sim.world import World

Scenario: TypeAlias = Callable[[int], World]

SCENARIOS: dict[str, Scenario] = {}

ON_DEMAND: set[str] = set()
"""The names of those that take too long for the tests."""


def scenario(story: Scenario) -> Scenario:
    """Register a story under its function's name."""
    SCENARIOS[story.__name__] = story
    return story


def on_demand(story: Scenario) -> Scenario:
    """Register a story that only the command tells: a large one."""
    ON_DEMAND.add(story.__name__)
    return scenario(story)


def tell(name: str, number: int) -> World:
    """Tell a story. What it raises is noted with the command that repeats it; KeyError for an unknown name."""
    story = SCENARIOS[name]
    running_scenario.append(name)
    try:
        return story(number)
    finally:
        running_scenario.pop()
