"""A burst of 10,000 one-message connections into one peer: taken whole, passed on whole, nobody's liveness suffers."""

import asyncio
import socket
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.processes.harness import Rumor, wait_until

BURST = 10_000
AT_ONCE = 2_000
"""Connections that are open at the same time; the test's own process needs a file for each."""


def test_a_burst_is_taken_whole(stack: ExitStack, tmp_path: Path) -> None:
    """Every neighbor hears each of the 10,000 messages, once, and nobody is struck."""
    seed = stack.enter_context(Rumor("seed", cwd=tmp_path))
    peers = [stack.enter_context(Rumor("peer", "--seed", seed.address, cwd=tmp_path, profile="lan")) for _ in range(4)]
    for peer in peers:
        wait_until(partial(has_neighbors, peer, 3), "all are neighbors")

    asyncio.run(blast(peers[0].port))

    for peer in peers:
        peer.wait_event("rumor", number=BURST, within=90)
        wait_until(partial(has_heard, peer, BURST), f"all at {peer.address}")
        heard = [event["number"] for event in peer.events("rumor")]
        assert sorted(heard) == list(range(1, BURST + 1))
        assert list(peer.events("strike")) == []
        assert list(peer.events("error")) == []


def has_neighbors(peer: Rumor, count: int) -> bool:
    """Whether a peer has so many neighbors."""
    return len(list(peer.events("neighbor_up"))) >= count


def has_heard(peer: Rumor, count: int) -> bool:
    """Whether a peer has heard so many rumors."""
    return len(list(peer.events("rumor"))) >= count


async def blast(port: int) -> None:
    """Open a connection for each message, many at once, as original peers do."""
    gate = asyncio.Semaphore(AT_ONCE)
    loop = asyncio.get_running_loop()

    async def say(number: int) -> None:
        async with gate:
            with socket.socket() as connection:
                connection.setblocking(False)
                await loop.sock_connect(connection, ("127.0.0.1", port))
                await loop.sock_sendall(connection, f"1763843355.5:127.0.0.1:9999:GOSSIP{number}".encode())

    await asyncio.gather(*(say(number) for number in range(1, BURST + 1)))
