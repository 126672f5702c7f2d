"""The scenarios: `python -m rumor.sim NAME --numbers A-B` tells more of them, and those that take long."""

import pytest

from rumor.sim.scenarios import ON_DEMAND, SCENARIOS, tell

MISHAPS = {
    "churn": 30,
    "clocks_set_back": 30,
    "everything": 30,
    "harsh_frames": 30,
    "long_partitions": 12,
    "loss": 30,
    "partitions": 30,
    "stops": 30,
}
"""Networks of a few, with mishaps, and with how many numbers each is told: the more, the more is found."""

MEMBERS = {
    "away_and_back": 5,
    "away_for_ever": 5,
    "cut_off": 5,
    "hiccups": 10,
    "kill": 5,
    "liar_accuses": 2,
    "liar_dismisses": 2,
    "liar_forges": 2,
    "liar_replaces": 2,
    "liar_reports": 2,
    "liar_tells_all": 2,
    "long_freeze": 5,
    "moved": 10,
    "one_joins": 3,
    "one_leaves": 2,
    "one_sided": 5,
    "parted": 5,
    "reborn": 3,
    "starved_200": 9,
    "starved_50": 27,
    "tags_change": 3,
    "twins": 10,
    "two_lives": 5,
}
"""Networks of up to 50, in which something befalls members; of the starved, up to 200, a hundredth of the grid."""

SEEDS = {
    "seed_restarts_at_once": 10,
    "seeds_exchange": 6,
    "seeds_spare_the_living": 3,
    "struck_off_for_good": 4,
}
"""Three seeds, and what befalls them or those whom they list."""

LARGE = sorted(set(SCENARIOS) - ON_DEMAND - set(MISHAPS) - set(MEMBERS) - set(SEEDS))
"""Networks of up to 500; one number says most of it."""


def numbered(stories: dict[str, int]) -> pytest.MarkDecorator:
    """Each story with each of its numbers."""
    return pytest.mark.parametrize(("name", "number"), [(name, n) for name in stories for n in range(stories[name])])


@numbered(MISHAPS)
def test_mishaps_end_well(name: str, number: int) -> None:
    """Nothing came twice or out of order; what did not come is declared lost; all is whole, all know all again."""
    tell(name, number)


@numbered(MEMBERS)
def test_all_know_who_is_there(name: str, number: int) -> None:
    """What the docstring of the scenario says is so: of joins and farewells, deaths, and of those who are not dead."""
    tell(name, number)


@numbered(SEEDS)
def test_seeds_list_who_is_there(name: str, number: int) -> None:
    """What the docstring of the scenario says is so: each lists all who run, whatever befell, and none who is gone."""
    tell(name, number)


@pytest.mark.parametrize("name", LARGE)
def test_a_large_network_does_well(name: str) -> None:
    """What the docstring of the scenario says is so."""
    tell(name, 1)


def test_those_on_demand_can_be_told() -> None:
    """The command knows them."""
    assert set(SCENARIOS) >= ON_DEMAND
