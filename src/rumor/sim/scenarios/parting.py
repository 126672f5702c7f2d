"""Two sides that can't reach each other: each buries the other, and knows that it may be the cut-off one; then not."""

from rumor.core.ids import Seconds
from rumor.core.members import State
from rumor.core.peer import Peer
from rumor.sim.node import Node
from rumor.sim.scenarios.registry import on_demand, scenario
from rumor.sim.scenarios.stories import acquainted, expect_agreement, seconds_until_dead
from rumor.sim.world import World

HEALED: Seconds = 5.0
"""So soon after the two sides reach each other again all know that all live."""

BURIED: Seconds = 30.0
"""So soon each side has given up the other."""


def part(number: int, *, peers: int, apart: Seconds) -> World:
    """Two sides bury each other, are apart for that long, and are one network again soon after it ends."""
    world, everybody, _ = acquainted(number, peers=peers)
    count = world.rng.randint(peers // 4, peers // 2)
    few = world.rng.sample(everybody, count)
    many = [peer for peer in everybody if peer not in few]
    world.split(few)
    began = world.now
    seconds_until_dead(world, few, many, since=began, within=BURIED)
    took = seconds_until_dead(world, many, few, since=began, within=BURIED)
    world.figures["seconds until the few have buried all others"] = took[-1]
    expect_reach(world, few, here=len(few), known=peers, parted=True)
    expect_reach(world, many, here=len(many), known=peers, parted=True)
    world.run(began + apart - world.now)
    world.heal()
    world.figures["seconds until all agree"] = expect_agreement(world, everybody, within=HEALED, every=0.1)
    world.run(1.0)
    expect_reach(world, everybody, here=peers, known=peers, parted=False)
    return world


def expect_reach(world: World, peers: list[Node], *, here: int, known: int, parted: bool) -> None:
    """All these peers know how many are on their side."""
    wrong = []
    for peer in peers:
        assert isinstance(peer.core, Peer)
        reach = peer.core.reach()
        if (reach.here, reach.known, reach.parted) != (here, known, parted):
            wrong.append(f"{peer} reaches {reach.here} of {reach.known}, parted: {reach.parted}")
    world.check(wrong)


@scenario
def parted(number: int) -> World:
    """Two sides of 12 are apart for two minutes: each knows how many it reaches; 5 s after healing all know all."""
    return part(number, peers=12, apart=120.0)


@on_demand
def parted_for_an_hour(number: int) -> World:
    """The same for an hour."""
    return part(number, peers=12, apart=3600.0)


@on_demand
def parted_for_a_day(number: int) -> World:
    """The same for a day: longer than the dead are remembered."""
    return part(number, peers=8, apart=86_400.0)


@scenario
def cut_off(number: int) -> World:
    """One of 16 is cut off for 30 s: it is dead for the others, knows that they are many, and is back 5 s after it."""
    world, peers, _ = acquainted(number, peers=16)
    one = world.rng.choice(peers)
    others = [peer for peer in peers if peer is not one]
    world.split([one])
    began = world.now
    seconds_until_dead(world, [one], others, since=began, within=10.0)
    world.run(began + 30.0 - world.now)
    assert isinstance(one.core, Peer)
    states = [member.state for member in one.core.members() if member.name != one.name]
    world.figures["dead for the one that is cut off"] = states.count(State.DEAD)
    world.heal()
    world.figures["seconds until all agree"] = expect_agreement(world, peers, within=HEALED, every=0.1)
    return world
