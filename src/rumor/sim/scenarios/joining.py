"""How a network comes about."""

from rumor.sim.scenarios.registry import scenario
from rumor.sim.scenarios.stories import expect_everybody_hears, populate, settle
from rumor.sim.world import World


@scenario
def crowd(number: int) -> World:
    """Thirty peers start at once: one network within half a minute, in which a rumor reaches all within a second."""
    world = World(number)
    peers, _ = populate(world, peers=30)
    for peer in peers:
        world.start(peer)
    settle(world, peers, within=30.0)
    expect_everybody_hears(world, peers, world.rng.choice(peers), within=1.0)
    return world


@scenario
def procession(number: int) -> World:
    """Thirty peers start one after another while others speak: nobody misses what was said after its own start."""
    world = World(number)
    peers, _ = populate(world, peers=30)
    for count, peer in enumerate(peers):
        world.start(peer)
        world.run(world.rng.uniform(0.0, 0.5))
        world.publish(world.rng.choice(peers[: count + 1]))
    settle(world, peers, within=30.0)
    expect_everybody_hears(world, peers, world.rng.choice(peers), within=1.0)
    return world
