"""The control socket of seeds; long lists; and orders that fail in a way that nobody foresaw."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import rumor
from rumor.aio import orders
from rumor.aio.control import SOCKET, running_nodes
from rumor.core.events import Problem
from tests.aio.test_api import PATIENCE, Watched, until
from tests.aio.test_control import client
from tests.aio.test_seed import register


async def start_seed(nodes: AsyncExitStack, **how: object) -> rumor.Seed:
    """A seed with a control socket."""
    seed = rumor.Seed(settings="local", control=True, **how)  # type: ignore[arg-type] # as the test says
    return await nodes.enter_async_context(seed)


async def test_a_seed_is_found_and_lists_its_peers(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """As a seed, by its state directory too; each peer with a member's fields, one that came by text by its address."""
    seed = await start_seed(nodes, state=tmp_path)
    peer = await nodes.enter_async_context(rumor.Peer(name="ana", settings="local", seeds=[seed.address]))
    await until(lambda: [one.name for one in seed.members()] == ["ana"], "it is listed")
    await asyncio.to_thread(register, seed, 4001)

    (found,) = running_nodes()
    assert (found.role, found.address, found.socket) == ("seed", seed.address, tmp_path / SOCKET)
    async with client(seed) as program:
        answer = await program.order("members")

    listed = answer["members"]
    assert list(answer) == ["ok", "members"]
    assert [(one["name"], one["address"]) for one in listed] == [("ana", peer.address), *[("127.0.0.1:4001",) * 2]]
    assert [(one["state"], one["epoch"]) for one in listed] == [("alive", peer.stats().epoch), ("alive", 0)]


@pytest.mark.parametrize(
    "line",
    ['{"do": "neighbors"}', '{"do": "why", "name": "x"}', '{"do": "publish", "payload": "x"}', '{"do": "listen"}'],
)
async def test_a_seed_refuses_what_it_cant_do(nodes: AsyncExitStack, line: str) -> None:
    """It says that it is a seed, and the next order is served."""
    seed = await start_seed(nodes)
    async with client(seed) as program:
        program.say(line.encode())
        refused = await program.read()
        assert refused is not None
        assert (refused["ok"], "is a seed" in refused["error"]) == (False, True)
        assert await program.order("stats") == {"ok": True, "stats": {"peers": 0}}


async def test_a_seed_reads_the_others_anew(nodes: AsyncExitStack) -> None:
    """What the configuration says now is answered."""
    seed = await start_seed(nodes, on_reload=lambda: ["127.0.0.1:9"])
    async with client(seed) as program:
        assert await program.order("reload") == {"ok": True, "seeds": ["127.0.0.1:9"]}


async def test_a_seed_is_told_to_leave(nodes: AsyncExitStack) -> None:
    """It is answered when it has; for a time it can't."""
    seed = await start_seed(nodes)
    async with client(seed) as program:
        refused = await program.order("leave", back_in=5)
        assert (refused["ok"], "for good" in refused["error"]) == (False, True)
    async with client(seed) as program:
        assert await program.order("leave") == {"ok": True}
        assert running_nodes() == []

    await asyncio.wait_for(seed.wait_stopped(), PATIENCE)


@pytest.mark.parametrize(("count", "pages"), [(0, [0]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
async def test_a_long_list_comes_in_several_answers(
    nodes: AsyncExitStack, monkeypatch: pytest.MonkeyPatch, count: int, pages: list[int]
) -> None:
    """Each but the last says that there is more."""
    monkeypatch.setattr(orders, "PAGE", 3)
    seed = await start_seed(nodes)
    for port in range(4001, 4001 + count):
        await asyncio.to_thread(register, seed, port)

    async with client(seed) as program:
        answers = [await program.order("members")]
        while answers[-1].get("more"):
            answer = await program.read()
            assert answer is not None
            answers.append(answer)

    assert [len(answer["members"]) for answer in answers] == pages
    assert all(answer["ok"] for answer in answers)
    ports = [int(one["address"].rpartition(":")[2]) for answer in answers for one in answer["members"]]
    assert ports == list(range(4001, 4001 + count))


def broken_configuration() -> Iterator[str]:
    """A function of an application with a mistake in it."""
    raise ZeroDivisionError("a mistake")


async def test_what_nobody_foresaw_is_answered_and_said(nodes: AsyncExitStack) -> None:
    """The program gets a failure, the application one Problem, and the connection goes on."""
    watched = Watched()
    seed = await start_seed(nodes, on_reload=broken_configuration, on_event=watched)
    async with client(seed) as program:
        for _ in range(2):
            failed = await program.order("reload")
            assert (failed["ok"], "ZeroDivisionError: a mistake" in failed["error"]) == (False, True)
        assert (await program.order("members"))["ok"]

    (problem,) = watched.of(Problem)
    assert isinstance(problem, Problem)
    assert problem.detail == "ZeroDivisionError: a mistake"


class Stubborn(rumor.Peer):
    """A peer of an application that forbids it to leave, by mistake."""

    async def leave(self, back_in: float | None = None) -> None:
        """Fail."""
        raise ZeroDivisionError("a mistake")


async def test_who_wanted_an_end_that_fails_is_answered(nodes: AsyncExitStack) -> None:
    """All who wanted it; nobody waits for ever, and the node goes on."""
    watched = Watched()
    peer = await nodes.enter_async_context(Stubborn(settings="local", control=True, on_event=watched))
    for _ in range(2):
        async with client(peer) as program:
            failed = await program.order("leave")
            assert (failed["ok"], "ZeroDivisionError" in failed["error"]) == (False, True)
            assert await program.read() is None

    assert len(watched.of(Problem)) == 1
    async with client(peer) as program:
        assert (await program.order("members"))["ok"]
