"""What nodes tell of members is held against what the world knows."""

from collections.abc import Mapping

import pytest

from rumor.core.ids import Address, Seconds
from rumor.core.members import Change, Member, State
from rumor.sim import Node, World
from rumor.sim.memberships import Death
from tests.sim.echo import add

HERE = Address("10.0.0.9", 4009)


def member(
    state: State = State.ALIVE, *, name: str = "bo", epoch: int = 5, incarnation: int = 0, tags: Mapping[str, str] = {}
) -> Member:
    """A member as somebody knows it."""
    return Member(name, HERE, state, epoch, incarnation, tags, 0.0)


def tell(world: World, node: Node, *members: Member, now: Seconds = 1.0) -> str | None:
    """Let a node tell of one change after another; returns what the last one has wrong."""
    wrong = None
    for after in members:
        assert wrong is None
        wrong = world.memberships.on_change(node, Change(after, node.members.get(after.name)), now)
    return wrong


def two() -> tuple[World, Node, Node]:
    """A world with one who tells, and one named bo that lives in epoch 5."""
    world = World(0)
    teller = world.start(add(world))
    bo = world.start(world.add(teller.make, name="bo"))
    bo.epoch = 5
    return world, teller, bo


@pytest.mark.parametrize(
    "told",
    [
        [member(), member(State.SUSPECT), member(incarnation=1), member(State.LEFT, incarnation=2)],
        [member(), member(State.DEAD), member(incarnation=1)],
        [member(), member(State.DEAD), member(epoch=6)],
        [member(), member(State.SUSPECT), member()],
        [member(), member(tags={"role": "db"}, incarnation=1)],
    ],
    ids=["refuted, left", "answered", "reborn", "taken back", "tags"],
)
def test_what_may_happen_to_a_member_is_let_through(told: list[Member]) -> None:
    """One change after another, each from what was told before."""
    world, teller, _ = two()
    assert tell(world, teller, *told) is None
    assert teller.members["bo"] == told[-1]


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ([member(), member()], "nothing changes"),
        ([member(incarnation=2), member(incarnation=1)], "goes back"),
        ([member(epoch=6), member(epoch=5, incarnation=9)], "goes back"),
    ],
)
def test_what_may_not_happen_is_told(told: list[Member], wrong: str) -> None:
    """The last change breaks a rule."""
    world, teller, _ = two()
    assert wrong in (tell(world, teller, *told) or "")


def test_nobody_doubts_itself() -> None:
    """Who tells must know that it lives."""
    world, _, bo = two()
    assert "takes itself for dead" in (tell(world, bo, member(State.DEAD)) or "")


def test_a_change_begins_where_the_last_one_ended() -> None:
    """A state that was never told of can't be left; but one that was over may have been forgotten meanwhile."""
    world, teller, _ = two()
    on_change = world.memberships.on_change
    unknown = Change(member(State.DEAD), member(State.SUSPECT))
    assert "told before unknown" in (on_change(teller, unknown, 1.0) or "")
    assert tell(world, teller, member(State.DEAD, incarnation=3)) is None
    assert on_change(teller, Change(member(), None), 2.0) is None
    assert "told before alive" in (on_change(teller, Change(member(epoch=9), None), 3.0) or "")


def test_deaths_of_those_who_live_are_false() -> None:
    """Whoever runs in that very life and is not stopped; how long it was given up is known."""
    world, teller, bo = two()
    tell(world, teller, member(), member(State.DEAD), now=1.0)
    (death,) = world.memberships.false_deaths()
    assert death == Death(1.0, teller.name, "bo", 5, 0, True)
    assert world.memberships.lasted(death, 4.0) == 3.0
    tell(world, teller, member(incarnation=1), now=2.5)
    assert world.memberships.lasted(death, 4.0) == 1.5
    world.freeze(bo)
    tell(world, teller, member(State.DEAD, incarnation=1))
    world.thaw(bo)
    tell(world, teller, member(epoch=4, name="cy"), member(State.DEAD, epoch=4, name="cy"))
    world.crash(bo)
    tell(world, teller, member(epoch=6), member(State.DEAD, epoch=6))
    assert len(list(world.memberships.false_deaths())) == 1
    assert len(world.memberships.deaths) == 4


def test_doubts_of_those_who_live_are_counted_once_each() -> None:
    """Whoever doubts; once a life and incarnation."""
    world, teller, bo = two()
    for node in (teller, world.start(add(world))):
        tell(world, node, member(), member(State.SUSPECT), member(incarnation=1), member(State.SUSPECT, incarnation=1))
    world.crash(bo)
    tell(world, teller, member(incarnation=2), member(State.SUSPECT, incarnation=2))
    assert world.memberships.doubts == {("bo", 5, 0), ("bo", 5, 1)}
