"""How a network comes about."""

from collections.abc import Sequence

from rumor.core.ids import Seconds
from rumor.sim.measures import degrees, graph
from rumor.sim.node import Node
from rumor.sim.scenarios.registry import on_demand, scenario
from rumor.sim.scenarios.stories import (
    expect_everybody_hears,
    expect_one_web,
    populate,
    settle,
    strangers,
    weave,
)
from rumor.sim.world import World

SOON: Seconds = 10.0
"""So long after the last start all are one network, and have the neighbors that they want."""


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


def join_at_once(number: int, *, peers: int) -> World:
    """So many start in the same moment."""
    world = strangers(number)
    everybody, _ = populate(world, peers=peers)
    weave(world, everybody, within=SOON)
    world.figures["seconds until all were one network"] = world.now
    return expect_degrees(world, everybody)


def join_one_by_one(number: int, *, peers: int) -> World:
    """So many start one after another, ten a second."""
    world = strangers(number)
    everybody, _ = populate(world, peers=peers)
    for peer in everybody:
        world.start(peer)
        world.run(world.rng.uniform(0.0, 0.2))
    began = world.now
    expect_one_web(world, everybody, within=SOON)
    world.figures["seconds until all were one network, after the last start"] = world.now - began
    return expect_degrees(world, everybody)


def expect_degrees(world: World, peers: Sequence[Node]) -> World:
    """Everybody has from `active_min` to `active_max` neighbors, soon."""
    bounds = world.settings.overlay

    def wrong() -> list[str]:
        return [
            f"{peer} has {len(peer.neighbor_links)} neighbors"
            for peer in peers
            if not bounds.active_min <= len(peer.neighbor_links) <= bounds.active_max
        ]

    world.run_until(lambda: not wrong(), at_most=SOON)
    world.check(wrong())
    world.figures.update({f"peers with {degree} neighbors": n for degree, n in degrees(graph(peers)).items()})
    return world


@scenario
def join_200_at_once(number: int) -> World:
    """200 peers start in the same moment: soon one network, everybody with 6 to 10 neighbors."""
    return join_at_once(number, peers=200)


@scenario
def join_200_one_by_one(number: int) -> World:
    """200 peers start one after another: soon one network, everybody with 6 to 10 neighbors."""
    return join_one_by_one(number, peers=200)


@on_demand
def join_1000_at_once(number: int) -> World:
    """1,000 peers start in the same moment: soon one network, everybody with 6 to 10 neighbors."""
    return join_at_once(number, peers=1000)


@on_demand
def join_1000_one_by_one(number: int) -> World:
    """1,000 peers start one after another: soon one network, everybody with 6 to 10 neighbors. Three minutes."""
    return join_one_by_one(number, peers=1000)
