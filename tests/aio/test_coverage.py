"""Coverage: which members have a rumor, by their own word."""

import asyncio
from contextlib import AsyncExitStack

import pytest

import rumor
from rumor import Coverage, Member, MemberState
from rumor.aio import coverage as coverage_file
from rumor.aio.coverage import AT_ONCE, Census
from rumor.core.errors import UsageError
from rumor.core.events import Alone, Answered, Asked
from rumor.core.frames import Outcome
from rumor.core.ids import Address, Seconds
from rumor.core.requests.census import HAS, LOST, TOPIC, question
from tests.aio.test_api import PATIENCE, Watched, until


class FakeCore:
    """Members of whom a test says how they are, and what was asked of all."""

    def __init__(self, *names: str) -> None:
        self.states = dict.fromkeys(("me", *names), MemberState.ALIVE)
        self.asked: dict[int, tuple[str, bytes]] = {}
        self.timeouts: list[Seconds] = []
        self.forgotten: list[int] = []
        self.census = Census(self, "me", lambda: 0.0)

    def members(self) -> tuple[Member, ...]:
        return tuple(Member(name, Address("h", 1), state, 1, 0, {}, 1.0) for name, state in self.states.items())

    def ask_all(self, topic: str, payload: bytes, timeout: Seconds, now: Seconds) -> int:
        number = len(self.asked) + 100
        self.asked[number] = (topic, payload)
        self.timeouts.append(timeout)
        return number

    def forget_question(self, number: int, now: Seconds) -> None:
        self.forgotten.append(number)

    def answer(self, *members: str, asked: int = 100, payload: bytes = HAS) -> None:
        """Members answer."""
        for member in members:
            self.census.on_event(Answered(asked, member, Outcome.ANSWERED, payload))

    async def take(self, share: float = 1.0, patience: Seconds = PATIENCE) -> asyncio.Task[Coverage]:
        """Begin a census; it has asked when this returns."""
        taking = asyncio.create_task(self.census.take(7, share, patience))
        await asyncio.sleep(0)
        return taking


async def test_it_ends_when_enough_have_it() -> None:
    """All members are asked once; the answers of others than members, and of what is lost, don't count."""
    core = FakeCore("ana", "bo", "cy", "di")
    core.states["di"] = MemberState.LEFT
    taking = await core.take(2 / 3)

    core.answer("ana", "di", "stranger")
    core.answer("cy", payload=LOST)
    core.answer("cy", asked=1)
    core.census.on_event(Answered(100, "cy", Outcome.FAILED, HAS))
    core.census.on_event(Alone(0.0))
    await asyncio.sleep(0)
    assert not taking.done()
    core.answer("bo")

    assert await asyncio.wait_for(taking, PATIENCE) == Coverage(True, 2, 3, ("cy",))
    assert core.asked == {100: (TOPIC, question(7))}
    assert core.forgotten == [100]


async def test_it_ends_when_its_time_is_over() -> None:
    """That is an answer, with the names of those who are missing."""
    core = FakeCore("ana", "bo")
    taking = await core.take(patience=0.02)
    core.answer("ana")

    reached = await taking

    assert reached == Coverage(False, 1, 2, ("bo",))
    assert reached.share == 0.5
    assert core.timeouts[0] <= 0.02


async def test_who_is_dead_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members count as they are at the end."""
    monkeypatch.setattr(coverage_file, "LOOK_AGAIN", 0.005)
    core = FakeCore("ana", "bo")
    taking = await core.take()
    core.answer("ana")

    core.states["bo"] = MemberState.DEAD

    assert await asyncio.wait_for(taking, PATIENCE) == Coverage(True, 1, 1, ())


async def test_who_is_doubted_still_counts() -> None:
    """A suspect may live."""
    core = FakeCore("ana")
    core.states["ana"] = MemberState.SUSPECT

    assert await (await core.take(patience=0.01)) == Coverage(False, 0, 1, ("ana",))


async def test_of_nobody_nobody_has_it() -> None:
    """Alone there is no share to reach."""
    reached = await (await FakeCore().take(patience=0.01))

    assert reached == Coverage(False, 0, 0, ())
    assert reached.share == 0.0


async def test_further_ones_wait_their_turn() -> None:
    """Within their own time; then all members are missing."""
    core = FakeCore("ana")
    taking = [await core.take() for _ in range(AT_ONCE)]

    assert await (await core.take(patience=0.01)) == Coverage(False, 0, 1, ("ana",))
    assert len(core.asked) == AT_ONCE
    last = await core.take()
    core.answer("ana")
    await asyncio.wait_for(taking[0], PATIENCE)
    await until(lambda: len(core.asked) == AT_ONCE + 1, "the last one asks")
    for asked in core.asked:
        core.answer("ana", asked=asked)

    assert {reached.complete for reached in await asyncio.gather(*taking, last)} == {True}


async def test_the_end_of_the_peer_ends_it() -> None:
    """With what is known by then; afterwards nothing is asked."""
    core = FakeCore("ana", "bo")
    taking = await core.take()
    core.answer("ana")

    core.census.end()

    assert await asyncio.wait_for(taking, PATIENCE) == Coverage(False, 1, 2, ("bo",))
    assert core.forgotten == []
    with pytest.raises(UsageError, match="stopped"):
        await core.census.take(1, 1.0, 1.0)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
async def test_a_share_that_is_none_is_a_mistake(share: float) -> None:
    """Nothing is asked."""
    core = FakeCore("ana")

    with pytest.raises(UsageError, match="share"):
        await core.census.take(1, share, 1.0)

    assert core.asked == {}


# Real peers.


async def peers_of(nodes: AsyncExitStack, *names: str, on_event: Watched | None = None) -> list[rumor.Peer]:
    """Peers that all know each other."""
    peers: list[rumor.Peer] = []
    for name in names:
        join = [peers[0].address] if peers else []
        peer = rumor.Peer(name=name, settings="local", join=join, on_event=on_event)
        peers.append(await nodes.enter_async_context(peer))
    for peer in peers:
        await peer.wait_joined(timeout=PATIENCE)
        await until(lambda peer=peer: len(peer.members()) == len(names), "all know each other")  # type: ignore[misc]
    return peers


async def test_every_member_says_that_it_has_a_rumor(nodes: AsyncExitStack) -> None:
    """By name, and exactly; nobody's application is told of the question."""
    asked = Watched()
    ana, *_ = await peers_of(nodes, "ana", "bo", "cy", "di", on_event=asked)

    receipt = await ana.publish("hello")

    assert await receipt.coverage(timeout=PATIENCE) == Coverage(True, 3, 3, ())
    assert await receipt.missing(timeout=PATIENCE) == ()
    assert await ana.receipt(1).coverage(0.5, PATIENCE) == Coverage(True, 3, 3, ())
    assert asked.of(Asked) == []


async def test_who_joins_later_is_missing(nodes: AsyncExitStack) -> None:
    """It has heard nothing of what was said before, though it lacks nothing of its own time."""
    ana, _ = await peers_of(nodes, "ana", "bo")
    receipt = await ana.publish("hello")
    assert (await receipt.delivered(PATIENCE)).complete
    cy = await nodes.enter_async_context(rumor.Peer(name="cy", settings="local", join=[ana.address]))
    await cy.wait_joined(timeout=PATIENCE)
    await until(lambda: ana.member("cy") is not None, "ana knows cy")

    assert await receipt.missing(timeout=0.3) == ("cy",)
    assert await (await ana.publish("again")).missing(timeout=PATIENCE) == ()


async def test_what_nobody_can_hear_yet_is_waited_for(nodes: AsyncExitStack) -> None:
    """A census of a rumor that is to come is answered when it comes."""
    ana, _ = await peers_of(nodes, "ana", "bo")
    await ana.publish("one")
    taking = asyncio.create_task(ana.receipt(2).coverage(timeout=PATIENCE))
    await asyncio.sleep(0.05)

    await ana.publish("two")

    assert await taking == Coverage(True, 1, 1, ())
