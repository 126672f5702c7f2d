"""Each scenario, told with several numbers: `python -m rumor.sim NAME --numbers A-B` tells more."""

import pytest

from rumor.sim.scenarios import SCENARIOS, tell

NUMBERS = range(5)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_scenario_ends_well(name: str, number: int) -> None:
    """What its docstring says is so."""
    tell(name, number)
