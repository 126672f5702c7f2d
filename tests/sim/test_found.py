"""What stories with many numbers brought to light, each told again with as little as it needs."""

import pytest

from rumor.sim import World
from rumor.sim.scenarios.stories import expect_everybody_hears, populate, settle


@pytest.mark.parametrize("number", range(3))
def test_a_neighbor_is_heard_though_all_other_clocks_were_set_back(number: int) -> None:
    """Its life seems to begin far ahead; but it is the very one that its Hello told of."""
    world = World(number)
    peers, _ = populate(world, peers=4)
    for peer in peers:
        world.start(peer)
    world.run(5.0)
    for peer in peers[1:]:
        world.restart(peer, clock_back=1000.0)
    settle(world, peers, within=60.0)
    world.run(5.0)
    expect_everybody_hears(world, peers, peers[0], within=1.0)
