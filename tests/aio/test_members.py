"""Members for applications: who is there, what changes, and how a peer goes."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rumor
from rumor import Change, Changes, Member, MemberState, Reach
from rumor.aio import members as members_file
from rumor.aio.members import Members
from rumor.core.events import MemberChanged, ReachChanged
from rumor.core.ids import Address
from tests.aio.test_api import PATIENCE, Watched, until
from tests.processes.harness import Program

STATES = tuple(MemberState)


def member(name: str, state: MemberState = MemberState.ALIVE, incarnation: int = 0) -> Member:
    """A member in a state."""
    return Member(name, Address("10.0.0.1", 4001), state, 7, incarnation, {}, 1.0)


def changes_of(*members: Member) -> list[Change]:
    """How these came one after the other, each told from what it was before."""
    known: dict[str, Member] = {}
    changes = []
    for now in members:
        changes.append(Change(now, known.get(now.name)))
        known[now.name] = now
    return changes


async def read_all(changes: Changes) -> list[Change | Reach]:
    """All that waits and comes, to the end."""
    return [item async for item in changes]


# What waits for a reader.


async def test_changes_come_in_order_to_the_end() -> None:
    """All that was told before the end is read, and then it ends; nothing is taken in after it."""
    changes = Changes(10)
    told: list[Change | Reach] = [*changes_of(member("ana"), member("bo")), Reach(2, 3, True, 1.0)]
    for item in told:
        changes.put(item)
    changes.close()
    changes.put(Reach(3, 3, False, 2.0))

    assert await read_all(changes) == told
    assert await read_all(changes) == []


async def test_a_reader_is_woken(nodes: AsyncExitStack) -> None:
    """By a change, and by the end."""
    changes = Changes(10)
    reading = asyncio.create_task(read_all(changes))
    await asyncio.sleep(0)

    (change,) = changes_of(member("ana"))
    changes.put(change)
    await asyncio.sleep(0)
    changes.close()

    assert await asyncio.wait_for(reading, PATIENCE) == [change]


async def test_there_is_one_reader() -> None:
    """A second one at the same time is a mistake; one after the other is none."""
    async with Changes(10) as changes:
        first = asyncio.create_task(anext(changes))
        await asyncio.sleep(0)
        with pytest.raises(rumor.UsageError, match="one reader"):
            await anext(changes)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        changes.put(Reach(1, 1, False, 1.0))
        assert await anext(changes) == Reach(1, 1, False, 1.0)

    with pytest.raises(StopAsyncIteration):
        await anext(changes)


def steps() -> st.SearchStrategy[list[int | tuple[str, MemberState] | bool]]:
    """What happens: a member takes a state, a reach is told, so many are read."""
    return st.lists(
        st.one_of(st.tuples(st.sampled_from("abc"), st.sampled_from(STATES)), st.booleans(), st.integers(0, 4)),
        max_size=60,
    )


@given(steps=steps(), capacity=st.integers(1, 6))
def test_a_slow_reader_is_told_nothing_wrong_and_the_end_of_it(
    steps: list[int | tuple[str, MemberState] | bool], capacity: int
) -> None:
    """Of each member: every `before` is what was told last, and the last state is told; so is the last reach."""
    changes = Changes(3)
    changes._limit = capacity
    known: dict[str, Member] = {}
    told: dict[str, Member] = {}
    reach: Reach | None = None
    told_reach: Reach | None = None

    def take(items: Sequence[Change | Reach]) -> None:
        nonlocal told_reach
        for item in items:
            if isinstance(item, Reach):
                told_reach = item
            else:
                assert item.before == told.get(item.member.name)
                told[item.member.name] = item.member

    for count, step in enumerate(steps):
        if isinstance(step, bool):
            reach = Reach(count, 60, step, float(count))
            changes.put(reach)
        elif isinstance(step, int):
            take([changes._waiting.popleft() for _ in range(min(step, len(changes._waiting)))])
        else:
            now = member(*step, incarnation=count)
            changes.put(Change(now, known.get(now.name)))
            known[now.name] = now
    changes.close()
    take(asyncio.run(read_all(changes)))

    assert (told, told_reach) == (known, reach)


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many come and go under new names: the latest are told."""
    monkeypatch.setattr(members_file, "CAPACITY", 4)
    changes = Changes(members_max=8)
    for number in range(1000):
        changes.put(Change(member(f"member {number}"), None))
        assert len(changes._waiting) <= 1024 + 1
    changes._put_together()
    changes.close()

    names = [item.member.name for item in await read_all(changes) if isinstance(item, Change)]

    assert names == [f"member {number}" for number in range(991, 1000)]


async def test_who_is_as_before_is_not_told_of() -> None:
    """A doubt that came and went between two looks is nothing, once changes are put together."""
    changes = Changes(8)
    alive, doubted = member("ana"), member("ana", MemberState.SUSPECT)
    for change in (Change(doubted, alive), Change(alive, doubted)):
        changes.put(change)
    changes._put_together()
    changes.close()

    assert await read_all(changes) == []


class FakeCore:
    """Members whose tags can be set."""

    def __init__(self) -> None:
        self.own = member("me")

    def members(self) -> tuple[Member, ...]:
        return (self.own,)

    def member(self, name: str) -> Member | None:
        return self.own if name == "me" else None

    def why(self, name: str) -> None:
        return None

    def reach(self) -> Reach:
        return Reach(1, 1, False, 0.0)

    def set_tags(self, tags: Mapping[str, str], now: float) -> None:
        self.own = msgspec.structs.replace(self.own, tags=tags, since=now)


async def test_every_reader_is_told_and_nobody_is_kept_alive() -> None:
    """Who lets go of its changes costs nothing any more."""
    members = Members(FakeCore(), lambda: 0.0, 10)
    one, other, dropped = members.changes(), members.changes(), members.changes()
    del dropped
    gc.collect()
    change, reach = Change(member("ana"), None), Reach(2, 2, False, 1.0)

    members.on_event(MemberChanged(change))
    members.on_event(ReachChanged(reach))
    members.close()

    assert await read_all(one) == await read_all(other) == [change, reach]
    assert len(members._live()) == 2


async def test_own_tags_are_told_once() -> None:
    """Of ourselves that is the one change; tags as they were are none."""
    members = Members(FakeCore(), lambda: 0.0, 10)
    changes = members.changes()
    for _ in range(2):
        members.set_tags("me", {"room": "hall"})
    members.close()

    (told,) = await read_all(changes)

    assert isinstance(told, Change)
    assert told.before is not None
    assert (told.before.tags, told.member.tags) == ({}, {"room": "hall"})


# Real peers.


async def pair_of(nodes: AsyncExitStack, **more: object) -> tuple[rumor.Peer, rumor.Peer]:
    """Two neighbors that know each other; `more` is for the second one."""
    ana = await nodes.enter_async_context(rumor.Peer(name="ana", settings="local"))
    bo = await nodes.enter_async_context(
        rumor.Peer(name="bo", settings="local", join=[ana.address], **more)  # type: ignore[arg-type] # as the test says
    )
    await ana.wait_joined(timeout=PATIENCE)
    await bo.wait_joined(timeout=PATIENCE)
    await until(lambda: {one.name for one in ana.members()} == {"ana", "bo"}, "ana knows bo")
    await until(lambda: {one.name for one in bo.members()} == {"ana", "bo"}, "bo knows ana")
    return ana, bo


async def wait_change(changes: Changes, name: str, state: MemberState) -> Change:
    """The change by which a member came to be in a state."""
    async with asyncio.timeout(PATIENCE):
        async for item in changes:
            if isinstance(item, Change) and (item.member.name, item.member.state) == (name, state):
                return item
    pytest.fail(f"no word that {name} is {state}")


async def test_members_are_listed_with_their_tags(nodes: AsyncExitStack) -> None:
    """Who is there, under which name and address, in which life, and what it lets others know."""
    ana, bo = await pair_of(nodes, tags={"room": "hall"})

    await until(lambda: (found := ana.member("bo")) is not None and found.tags == {"room": "hall"}, "bo's tags")
    found = ana.member("bo")

    assert found is not None
    assert (found.name, str(found.address), found.state) == ("bo", bo.address, MemberState.ALIVE)
    assert found.epoch == bo.stats().epoch
    assert [one.name for one in ana.members()] == ["ana", "bo"]
    assert ana.member("nobody") is None
    assert ana.why("nobody") is None
    assert (ana.reach().here, ana.reach().known, ana.reach().parted) == (2, 2, False)
    assert bo.tags == {"room": "hall"}


async def test_new_tags_reach_all(nodes: AsyncExitStack) -> None:
    """As a change, from the old ones to the new ones; unfit ones change nothing."""
    ana, bo = await pair_of(nodes, tags={"room": "hall"})
    await until(lambda: (found := ana.member("bo")) is not None and bool(found.tags), "bo's tags")
    there, here = ana.changes(), bo.changes()

    with pytest.raises(rumor.UsageError, match="tags take"):
        await bo.set_tags({str(number): "x" * 255 for number in range(8)})
    await bo.set_tags({"room": "attic", "load": "3"})

    for changes in (there, here):
        change = await wait_change(changes, "bo", MemberState.ALIVE)
        assert change.before is not None
        assert (change.before.tags, change.member.tags) == ({"room": "hall"}, {"room": "attic", "load": "3"})
    assert bo.tags == {"room": "attic", "load": "3"}


@pytest.mark.parametrize(
    ("back_in", "state"), [(None, MemberState.LEFT), (60.0, MemberState.AWAY)], ids=["left", "away"]
)
async def test_who_leaves_is_not_taken_for_dead(
    nodes: AsyncExitStack, back_in: float | None, state: MemberState
) -> None:
    """It has left, or is away for a while; whoever waits for it to stop is told."""
    ana, bo = await pair_of(nodes)
    changes, stopped = ana.changes(), asyncio.create_task(bo.wait_stopped())

    await bo.leave(back_in)

    assert (await wait_change(changes, "bo", state)).member.state is state
    await asyncio.wait_for(stopped, PATIENCE)
    with pytest.raises(rumor.UsageError, match="stopped"):
        bo.members()
    await bo.leave()


async def test_who_comes_back_is_alive_again(nodes: AsyncExitStack) -> None:
    """A new life under the old name wins at once."""
    ana, bo = await pair_of(nodes)
    changes, epoch = ana.changes(), bo.stats().epoch
    await bo.leave(60.0)
    await wait_change(changes, "bo", MemberState.AWAY)

    again = await nodes.enter_async_context(rumor.Peer(name="bo", settings="local", join=[ana.address]))
    change = await wait_change(changes, "bo", MemberState.ALIVE)

    assert change.member.epoch == again.stats().epoch > epoch
    assert str(change.member.address) == again.address


@pytest.mark.parametrize("back_in", [-1.0, float("inf"), float("nan")])
async def test_nobody_is_back_in_no_time(nodes: AsyncExitStack, back_in: float) -> None:
    """Such a time is a mistake, and the peer goes on."""
    ana = await nodes.enter_async_context(rumor.Peer(settings="local"))

    with pytest.raises(rumor.UsageError, match="back"):
        await ana.leave(back_in)

    assert len(ana.members()) == 1


async def test_stopping_twice_at_once_waits_for_the_end(nodes: AsyncExitStack) -> None:
    """Whoever stops a peer that is just stopping finds it stopped afterwards; changes have ended by then."""
    _, bo = await pair_of(nodes)
    reading = asyncio.create_task(read_all(bo.changes()))
    await asyncio.sleep(0)

    await asyncio.gather(bo.stop(), bo.leave(), bo.stop())

    await asyncio.wait_for(reading, PATIENCE)
    await asyncio.wait_for(bo.wait_stopped(), PATIENCE)


async def test_a_process_that_is_killed_is_dead_with_evidence(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """All are told, and `why` says by whom it was found out, and how."""
    watched = Watched()
    ana = await nodes.enter_async_context(rumor.Peer(name="ana", settings="local", on_event=watched))
    changes = ana.changes()
    with Program([sys.executable, "-c", NEIGHBOR, ana.address], tmp_path) as program:
        await ana.wait_joined(timeout=PATIENCE)
        os.kill(program.process.pid, signal.SIGKILL)
        change = await wait_change(changes, "neighbor", MemberState.DEAD)

    why = ana.why("neighbor")

    assert change.member.state is MemberState.DEAD
    assert why is not None
    assert why.member == ana.member("neighbor")
    assert [(one.accuser, one.verdict) for one in why.statements] == [("ana", rumor.Verdict.REFUSED)]
    assert why.reason
    assert MemberChanged in {type(event) for event in watched.events}


NEIGHBOR = """
import asyncio, sys, rumor

async def main():
    async with rumor.Peer(name="neighbor", join=[sys.argv[1]], settings="local"):
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_how_quickly_is_one_wish(nodes: AsyncExitStack) -> None:
    """`detect_within` solves the settings; a value that is none is a mistake."""
    peer = rumor.Peer(settings="wan", detect_within=1.5)

    assert peer._settings.liveness.interval == pytest.approx(0.5)
    assert peer._settings.profile == "wan"
    with pytest.raises(rumor.UsageError, match="detect_within"):
        rumor.Peer(detect_within=0.0)


def test_unfit_tags_are_a_mistake_at_once() -> None:
    """Before anything is started."""
    with pytest.raises(rumor.UsageError, match="key"):
        rumor.Peer(tags={"": "x"})


async def test_seeds_can_be_changed(nodes: AsyncExitStack) -> None:
    """A peer registers with those that are new, by `set_seeds` or by reading its configuration again."""
    old, new = [await nodes.enter_async_context(rumor.Seed(settings="local")) for _ in range(2)]
    now: list[str] = [new.address]
    peer = await nodes.enter_async_context(
        rumor.Peer(seeds=[old.address], settings="local", on_reload=lambda: list(now))
    )
    await until(lambda: old.stats().peers == 1, "the first seed lists it")

    assert list(map(str, peer.reload())) == [new.address]
    await until(lambda: new.stats().peers == 1, "the other one lists it")
    now[:] = ["nowhere"]
    with pytest.raises(rumor.AddressError):
        peer.reload()

    other = await nodes.enter_async_context(rumor.Peer(settings="local"))
    with pytest.raises(rumor.UsageError, match="configuration"):
        other.reload()
    other.set_seeds([new.address])
    await until(lambda: new.stats().peers == 2, "the other peer registers too")
