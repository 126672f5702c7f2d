"""A seed on real sockets: what it promises is on disk, and other seeds hear of it."""

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

import rumor
from rumor.aio.registry_file import FILE, RegistryFile
from rumor.core.errors import StateError
from rumor.core.events import DeathReceived, Event, PeerRegistered, PeerStruckOff, Problem, Registered
from rumor.core.settings import RegistrationSettings, RegistrySettings
from tests.processes.harness import Classic

from .test_api import PATIENCE, Watched, until

LOCAL = rumor.profile("local")
QUICK = msgspec.structs.replace(
    LOCAL, registration=msgspec.structs.replace(LOCAL.registration, renewal_interval=0.2, retry_first=0.05)
)
"""Registers over a link within a fifth of a second."""


def register(seed: rumor.Seed, port: int) -> bytes:
    """Register by text, from this machine; the reply."""
    with socket.create_connection(("127.0.0.1", int(seed.address.rpartition(":")[2])), PATIENCE) as connection:
        connection.sendall(f"127.0.0.1:{port}".encode())
        return connection.recv(10_240)


def report(seed: rumor.Seed, port: int) -> None:
    """Say that a peer is dead."""
    with socket.create_connection(("127.0.0.1", int(seed.address.rpartition(":")[2])), PATIENCE) as connection:
        connection.sendall(f"Dead Node:127.0.0.1:{port}:1700000000.25:127.0.0.1".encode())


def kept(state: Path) -> list[tuple[str, int]]:
    """What is on disk of a seed that has ended."""
    file = RegistryFile(state)
    try:
        return [(entry.name, entry.port) for entry in file.load()]
    finally:
        file.close()


async def test_a_peer_is_told_that_it_is_listed_when_it_is_on_disk(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """And listed again by the seed that comes after, in the order of registration."""
    async with rumor.Seed(state=tmp_path, settings="local") as seed:
        for port in (4001, 4002, 4003):
            assert (await asyncio.to_thread(register, seed, port)).endswith(f":{port}".encode())
    assert kept(tmp_path) == [("", 4001), ("", 4002), ("", 4003)]

    seed = await nodes.enter_async_context(rumor.Seed(state=tmp_path, settings="local"))

    assert seed.stats().peers == 3
    reply = await asyncio.to_thread(register, seed, 4004)
    assert reply == b"127.0.0.1:4001,127.0.0.1:4002,127.0.0.1:4003,127.0.0.1:4004"


async def test_many_at_once_are_all_kept(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """Those that come while a batch is written go with the next, and every one is answered."""
    async with rumor.Seed(state=tmp_path, settings="local") as seed:
        host, port = seed.address.rpartition(":")[::2]

        async def one(number: int) -> bytes:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"127.0.0.1:{10_000 + number}".encode())
            reply = await reader.read(10_240)
            writer.close()
            return reply

        replies = await asyncio.wait_for(asyncio.gather(*map(one, range(200))), PATIENCE)
        assert all(reply.endswith(f":{10_000 + number}".encode()) for number, reply in enumerate(replies))

    assert sorted(port for _, port in kept(tmp_path)) == list(range(10_000, 10_200))


async def test_a_peer_of_ours_is_kept_by_its_name(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """It registers by text first, and over a link as soon as it knows that the seed is one of ours."""
    watched = Watched()
    async with AsyncExitStack() as stack:
        seed = await stack.enter_async_context(rumor.Seed(state=tmp_path, settings="local", on_event=watched))
        await stack.enter_async_context(rumor.Peer(seeds=[seed.address], settings=QUICK, name="ana"))
        await until(lambda: len(watched.of(PeerRegistered)) >= 2, "registered by text and over a link")

    assert [name for name, _ in kept(tmp_path)] == ["ana"]


async def test_a_state_that_can_not_be_used_is_one_clear_error(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """The seed does not start, and lets go of its port."""
    seed = await nodes.enter_async_context(rumor.Seed(state=tmp_path, settings="local"))

    with pytest.raises(StateError, match="in use by another process"):
        await rumor.Seed(state=tmp_path, settings="local").start()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(StateError, match="not a database"):
        await rumor.Seed(state=tmp_path / "other", settings="local").start()

    assert seed.stats().peers == 0


async def test_a_seed_that_can_not_write_says_so_and_takes_nobody(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """A registration that would be lost gets no reply; people hear why, and the seed goes on."""
    watched = Watched()
    seed = await nodes.enter_async_context(rumor.Seed(state=tmp_path, settings="local", on_event=watched))
    keeper = seed._keeper
    assert keeper is not None
    keeper._file._connection.execute("PRAGMA query_only = ON")

    assert await asyncio.to_thread(register, seed, 4001) == b""
    await until(lambda: bool(watched.of(Problem)), "said")
    (problem,) = watched.of(Problem)
    assert isinstance(problem, Problem)
    assert problem.what == "the registry can't be written: nobody can register"

    keeper._file._connection.execute("PRAGMA query_only = OFF")
    assert await asyncio.to_thread(register, seed, 4002) == b"127.0.0.1:4001,127.0.0.1:4002"


async def test_seeds_tell_each_other(nodes: AsyncExitStack) -> None:
    """Who registers with one is listed by all."""
    settings = msgspec.structs.replace(LOCAL, registry=RegistrySettings(exchange_interval=0.1))
    one = await nodes.enter_async_context(rumor.Seed(settings=settings))
    other = await nodes.enter_async_context(rumor.Seed(settings=settings, seeds=[one.address]))
    one.set_seeds([other.address, one.address])
    await asyncio.to_thread(register, one, 4001)
    await asyncio.to_thread(register, other, 4002)

    await until(lambda: (one.stats().peers, other.stats().peers) == (2, 2), "both list both")


async def test_a_lie_strikes_off_nobody_who_answers(nodes: AsyncExitStack) -> None:
    """Anybody can say that a peer is dead; the seed asks it, whichever way it registered."""
    watched = Watched()
    seed = await nodes.enter_async_context(rumor.Seed(settings="local", on_event=watched))
    peer = await nodes.enter_async_context(rumor.Peer(seeds=[seed.address], settings=QUICK))
    port = int(peer.address.rpartition(":")[2])
    for count in (1, 2):
        await until(lambda: len(watched.of(PeerRegistered)) >= count, "registered")  # noqa: B023 - awaited at once
        await asyncio.to_thread(report, seed, port)
        await until(lambda: len(watched.of(DeathReceived)) == count, "the report has come")  # noqa: B023 - as above

    await asyncio.to_thread(register, seed, 4009)
    await asyncio.to_thread(report, seed, 4009)
    await until(lambda: bool(watched.of(PeerStruckOff)), "the one that is not there is struck off")

    struck = [event.peer.port for event in watched.of(PeerStruckOff) if isinstance(event, PeerStruckOff)]
    assert struck == [4009]
    assert seed.stats().peers == 1


async def test_an_ipv6_peer_registers_with_a_seed_of_ours(nodes: AsyncExitStack) -> None:
    """Over a link, which carries any address."""
    watched, events = Watched(), list[Event]()
    seed = await nodes.enter_async_context(rumor.Seed("[::1]:0", settings="local", on_event=watched))
    peer = rumor.Peer("[::1]:0", seeds=[seed.address], settings=QUICK, on_event=events.append)
    await nodes.enter_async_context(peer)
    await until(lambda: any(isinstance(event, Registered) for event in events), "registered")

    other = await nodes.enter_async_context(rumor.Peer("[::1]:0", seeds=[seed.address], settings=QUICK))

    await other.wait_joined(timeout=PATIENCE)
    first = watched.of(PeerRegistered)[0]
    assert isinstance(first, PeerRegistered)
    assert str(first.peer) == peer.address
    assert [neighbor.address for neighbor in other.neighbors()] == [peer.address]


async def test_an_ipv6_peer_is_told_why_an_original_seed_is_of_no_use(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """Its texts can't carry such an address, so nothing is asked of it but which kind it is."""
    watched = Watched()
    with Classic("seed", cwd=tmp_path) as original:
        peer = rumor.Peer("[::1]:0", seeds=[original.address], settings=QUICK, on_event=watched)
        await nodes.enter_async_context(peer)
        await until(lambda: bool(watched.of(Problem)), "said")

        problem = watched.of(Problem)[0]
        assert isinstance(problem, Problem)
        assert problem.detail == "an original seed, whose texts can carry IPv4 addresses only"
        assert original.logged("Received Connection") == 0


async def test_other_seeds_are_named_of_a_running_seed_only(nodes: AsyncExitStack) -> None:
    """Before and after there is nobody to tell."""
    seed = rumor.Seed(settings="local")

    with pytest.raises(rumor.UsageError, match="has not started"):
        seed.set_seeds([])
    async with seed:
        seed.set_seeds(["127.0.0.1:9"])
    with pytest.raises(rumor.UsageError, match="has stopped"):
        seed.set_seeds([])


async def test_registrations_are_renewed(nodes: AsyncExitStack) -> None:
    """Again and again over a link each; the seed lists the peer once."""
    watched = Watched()
    seed = await nodes.enter_async_context(rumor.Seed(settings="local", on_event=watched))
    quick = RegistrationSettings(renewal_interval=0.05)
    settings = msgspec.structs.replace(LOCAL, registration=quick)

    await nodes.enter_async_context(rumor.Peer(seeds=[seed.address], settings=settings, on_event=watched))
    await until(lambda: len(watched.of(Registered)) > 5, "renewed five times")

    assert seed.stats().peers == 1
