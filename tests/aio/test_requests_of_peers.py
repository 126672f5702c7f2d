"""Requests between real peers: over neighbors' links and others, through the web, and past its ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import pytest

import rumor
from rumor.core.settings import OverlaySettings, RequestSettings

PATIENCE = 30.0


def few_neighbors(**requests: float) -> rumor.Settings:
    """Settings with which most members of a network of twelve are no neighbors."""
    overlay = OverlaySettings(active_min=2, active_wanted=3, active_max=4)
    return msgspec.structs.replace(
        rumor.profile("local"),
        overlay=overlay,
        requests=RequestSettings(**requests),  # type: ignore[arg-type]
    )


@asynccontextmanager
async def network(count: int, settings: rumor.Settings | str = "local") -> AsyncIterator[list[rumor.Peer]]:
    """So many peers that all know each other."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(rumor.Peer(name="peer-0", settings=settings))
        peers = [first]
        for number in range(1, count):
            peer = rumor.Peer(name=f"peer-{number}", join=[first.address], settings=settings)
            peers.append(await stack.enter_async_context(peer))
        async with asyncio.timeout(PATIENCE):
            while not all(len(peer.members()) == count for peer in peers):  # noqa: ASYNC110 - a state, no event
                await asyncio.sleep(0.01)
        yield peers


async def test_every_member_can_be_asked() -> None:
    """Neighbor or not, and all at once; the web is as it was before."""
    async with network(12, few_neighbors()) as peers:
        for peer in peers:
            peer.responder("name")(lambda payload, asker, name=peer.name: name)
        neighbors = len(peers[0].neighbors())

        names = await asyncio.gather(
            *(peers[0].request(peer.name, "", topic="name", timeout=PATIENCE) for peer in peers)
        )

        assert [name.decode() for name in names] == [peer.name for peer in peers]
        assert neighbors < 11
        assert all(len(peer.neighbors()) <= 4 for peer in peers)


async def test_a_question_to_all_is_answered_by_all() -> None:
    """Each once."""
    async with network(12, few_neighbors()) as peers:
        for peer in peers[1:]:
            peer.responder("load")(lambda payload, asker, name=peer.name: f"{name} {payload.decode()}")

        got: dict[str, bytes] = {}
        async with peers[0].ask("now", topic="load", timeout=PATIENCE) as answers:
            async for answer in answers:
                assert answer.member not in got
                got[answer.member] = answer.payload
                if len(got) == 11:
                    break

        assert got == {peer.name: f"{peer.name} now".encode() for peer in peers[1:]}


async def test_everybody_may_ask_everybody() -> None:
    """All calls cross; none is lost."""
    async with network(6, few_neighbors(links_max=2, link_idle=0.05)) as peers:
        for peer in peers:
            peer.responder()(lambda payload, asker, name=peer.name: f"{asker} {name}")

        pairs = [(one, other) for one in peers for other in peers]
        said = await asyncio.gather(*(one.request(other.name, "", timeout=PATIENCE) for one, other in pairs))

        assert [text.decode() for text in said] == [f"{one.name} {other.name}" for one, other in pairs]


async def test_a_question_is_no_rumor() -> None:
    """Subscribers hear nothing of it, and the numbers of rumors do not jump."""
    async with network(3) as (ana, bo, _cy), bo.subscribe(since="now") as rumors:
        await ana.publish("one")
        answers = ana.ask("?", timeout=0.01)
        receipt = await ana.publish("two")

        heard = [await anext(rumors) for _ in range(2)]
        assert [item.payload for item in heard if isinstance(item, rumor.Rumor)] == [b"one", b"two"]
        assert receipt.number == 2
        assert [answer async for answer in answers] == []


async def test_an_answer_may_take_longer_than_a_guest_may_stay() -> None:
    """The link stands while something is under way over it, though it is no neighbor's."""
    overlay = OverlaySettings(active_min=1, active_wanted=1, active_max=1, answer_timeout=0.1)
    settings = msgspec.structs.replace(rumor.profile("local"), overlay=overlay)
    async with network(4, settings) as peers:
        asker = peers[0]
        stranger = next(p for p in peers if p.name not in {asker.name, *(n.name for n in asker.neighbors())})
        asked = 0

        @stranger.responder()
        async def slow(payload: bytes, asker: str) -> str:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0.5)
            return "at last"

        assert await asker.request(stranger.name, "", timeout=PATIENCE) == b"at last"
        assert asked == 1


async def test_who_leaves_is_not_waited_for() -> None:
    """An error at once; what is asked later is one, too."""
    async with network(3) as (ana, bo, _cy):
        begun = asyncio.Event()

        @bo.responder()
        async def never(payload: bytes, asker: str) -> str:
            begun.set()
            await asyncio.Event().wait()
            return ""

        asked = asyncio.ensure_future(ana.request("peer-1", "", timeout=PATIENCE))
        await begun.wait()
        await bo.stop()

        with pytest.raises(rumor.RequestError, match="it stops"):
            await asked
        with pytest.raises(rumor.RequestError):
            await ana.request("peer-1", "", timeout=PATIENCE)


async def test_two_thousand_questions_are_answered() -> None:
    """To one member, as many at once as may be; nobody is told that it is busy."""
    async with network(2) as (ana, bo):
        bo.responder()(lambda payload, asker: payload)

        said = await asyncio.gather(*(ana.request("peer-1", str(n), timeout=PATIENCE) for n in range(2000)))

        assert said == [str(number).encode() for number in range(2000)]
