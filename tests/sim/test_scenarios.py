"""The scenarios: `python -m rumor.sim NAME --numbers A-B` tells more of them, and those that take long."""

import pytest

from rumor.sim.scenarios import ON_DEMAND, SCENARIOS, tell

SMALL = (
    "churn", "clocks_set_back", "everything", "harsh_frames", "long_partitions", "loss", "partitions", "stops",
)  # fmt: skip
"""Networks of a few, with mishaps: the more numbers, the more is found."""

NUMBERS = 30

LONG = {"long_partitions": 12}
"""Those that take longer are told with fewer."""

LARGE = sorted(set(SCENARIOS) - ON_DEMAND - set(SMALL))
"""Networks of up to 500; one number says most of it."""


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name in SMALL for number in range(LONG.get(name, NUMBERS))]
)
def test_mishaps_end_well(name: str, number: int) -> None:
    """Nothing came twice or out of order; what did not come is declared lost; all is whole again."""
    tell(name, number)


@pytest.mark.parametrize("name", LARGE)
def test_a_large_network_does_well(name: str) -> None:
    """What the docstring of the scenario says is so."""
    tell(name, 1)


def test_those_on_demand_can_be_told() -> None:
    """The command knows them."""
    assert set(SCENARIOS) >= ON_DEMAND
