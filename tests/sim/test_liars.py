"""Liars tell lies, and nothing else sets them apart from others."""

import pytest

from rumor.core.members import State
from rumor.core.peer import Peer
from rumor.sim import Node, World
from rumor.sim.liars import EVERY, Liar, Lie
from rumor.sim.scenarios.stories import expect_agreement, populate
from rumor.sim.settled import mistaken


def with_a_liar(number: int) -> tuple[World, list[Node], Node, Liar]:
    """A world with a seed, three honest peers, and one that may lie; all know each other."""
    world = World(number)
    honest, seeds = populate(world, peers=3, seeds=1)
    node = world.peer(seeds, kind=Liar)
    for peer in (*honest, node):
        world.start(peer)
    expect_agreement(world, [*honest, node], within=10.0)
    assert isinstance(node.core, Liar)
    return world, honest, node, node.core


def test_a_liar_that_does_not_lie_is_as_honest_as_others() -> None:
    """It has members, answers, and is believed."""
    world, honest, node, liar = with_a_liar(1)
    world.run(20.0)
    assert mistaken([*honest, node]) == []
    assert world.memberships.deaths == []
    liar.lie([])
    world.run(5.0)
    assert world.memberships.deaths == []


@pytest.mark.parametrize("lie", [Lie.ACCUSE, Lie.FORGE])
def test_its_accusations_are_heard_and_answered(lie: Lie) -> None:
    """Somebody took somebody for dead, and no more; those who were spared were never accused."""
    world, honest, node, liar = with_a_liar(2)
    spared = honest[0]
    liar.lie([lie], spare=[spared.name])
    world.run(5 * EVERY)
    liar.stop_lying()
    world.run(5.0)
    accused = {death.name for death in world.memberships.deaths}
    assert accused
    assert accused <= {peer.name for peer in honest[1:]}
    assert all(death.false for death in world.memberships.deaths)
    assert mistaken([*honest, node]) == []


def test_its_farewells_are_heard_and_answered() -> None:
    """Somebody was told that somebody had left; now nobody believes it."""
    world, honest, node, liar = with_a_liar(3)
    liar.lie([Lie.DISMISS])
    world.run(5 * EVERY)
    liar.stop_lying()
    world.run(5.0)
    assert mistaken([*honest, node]) == []
    incarnations = [member.incarnation for member in liar.members() if member.name != node.name]
    assert all(incarnation > 0 for incarnation in incarnations)


def test_its_reports_go_to_the_seeds() -> None:
    """Of all others, by text."""
    world, honest, node, liar = with_a_liar(4)
    (seed,) = (other for other in world.nodes.values() if not isinstance(other.core, Peer))
    liar.lie([Lie.REPORT], [seed.address])
    world.run(2 * EVERY)
    told = {effect.message.peer for _, effect in node.did if hasattr(effect.message, "peer")}  # type: ignore[union-attr]
    assert told == {peer.address for peer in honest}
    assert all(member.state is State.ALIVE for member in liar.members())
