"""The classic system: a connection for each text, many of them at once."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from benchmarks import load
from benchmarks.compare import Comparison, Options, Row, compare

REGISTRATIONS = 5_000
MESSAGES = 5_000
NEIGHBORS = 4


@contextmanager
def program(*command: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A program that prints its port, or its `listening` event, first; ended with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline().decode()
        yield (int(json.loads(line)["node"].rpartition(":")[2]) if line.startswith("{") else int(line)), process
    finally:
        process.kill()
        process.wait()


async def registrations() -> float:
    """Registrations a second that one seed takes and answers, each peer another, 100 connections at once."""
    with program("rumor", "seed", "0", "--json", "--profile", "classic", "--log", "/dev/null") as (port, process):
        forget_output(process)
        return await _a_second(port, [f"127.0.0.1:{10_000 + n}".encode() for n in range(REGISTRATIONS)], _ends_with)


async def exchanges() -> float:
    """The yardstick of registrations: texts of the same length, answered by themselves."""
    with program("benchmarks.yardstick") as (port, _):
        return await _a_second(port, [f"127.0.0.1:{10_000 + n}".encode() for n in range(REGISTRATIONS)], _ends_with)


async def messages() -> float:
    """Gossip messages a second through one peer with 4 neighbors, until each neighbor has heard all of them."""
    with program("rumor", "peer", "0", "--json", "--seed", "127.0.0.1:9") as (port, process):
        forget_output(process)
        waiters = await load.neighbors_of(port, NEIGHBORS, MESSAGES)
        began = time.perf_counter()
        await load.send_all(port, [f"1763843355.5:127.0.0.1:9999:GOSSIP{n}".encode() for n in range(MESSAGES)])
        await asyncio.gather(*waiters)
        return MESSAGES / (time.perf_counter() - began)


async def connections() -> float:
    """The yardstick of messages: as many connections as they take, one in and four out, made and answered."""
    with program("benchmarks.yardstick") as (port, _):
        texts = [f"1763843355.5:127.0.0.1:9999:GOSSIP{n}".encode() for n in range(MESSAGES * (1 + NEIGHBORS) // 5)]
        return await _a_second(port, texts, _ends_with) / (1 + NEIGHBORS)


async def _a_second(port: int, texts: list[bytes], is_answer: load.Check) -> float:
    began = time.perf_counter()
    await load.send_all(port, texts, is_answer)
    return len(texts) / (time.perf_counter() - began)


def _ends_with(text: bytes, reply: bytes) -> bool:
    return reply.endswith(text)


def forget_output(process: subprocess.Popen[bytes]) -> None:
    """Read what the node tells, so that nothing piles up."""
    assert process.stdout is not None
    asyncio.get_running_loop().run_in_executor(None, process.stdout.read)


def run(options: Options) -> list[Row]:
    """Both measures, each beside what does as many exchanges and nothing else."""
    trials = {
        "rumor seed": lambda: uvloop.run(registrations()),
        "echo": lambda: uvloop.run(exchanges()),
        "rumor peer": lambda: uvloop.run(messages()),
        "echo, five a message": lambda: uvloop.run(connections()),
    }
    rows = (
        Comparison("registrations of one seed", "rumor seed", "echo"),
        Comparison(f"messages through one peer with {NEIGHBORS} neighbors", "rumor peer", "echo, five a message"),
    )
    return compare("classic", trials, rows, options, unit="a second", form="{:,.0f}")
