"""`python -m benchmarks`: the classic system's figures, as a table."""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from benchmarks import load
from benchmarks.machine import describe

REGISTRATIONS = 5_000
MESSAGES = 5_000
NEIGHBORS = 4
ROUNDS = 3

Measure = Callable[[], Awaitable[float]]


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
        _forget_output(process)
        return await _a_second(port, [f"127.0.0.1:{10_000 + n}".encode() for n in range(REGISTRATIONS)], _ends_with)


async def exchanges() -> float:
    """The yardstick of registrations: texts of the same length, answered by themselves."""
    with program("benchmarks.yardstick") as (port, _):
        return await _a_second(port, [f"127.0.0.1:{10_000 + n}".encode() for n in range(REGISTRATIONS)], _ends_with)


async def messages() -> float:
    """Gossip messages a second through one peer with 4 neighbors, until each neighbor has heard all of them."""
    with program("rumor", "peer", "0", "--json", "--seed", "127.0.0.1:9") as (port, process):
        _forget_output(process)
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


def _forget_output(process: subprocess.Popen[bytes]) -> None:
    """Read what the node tells, so that nothing piles up."""
    assert process.stdout is not None
    asyncio.get_running_loop().run_in_executor(None, process.stdout.read)


def compare(name: str, measure: Measure, yardstick_name: str, yardstick: Measure) -> str:
    """Both in turn, several rounds; a row of the table with the medians and their ratio."""
    pairs = [(uvloop.run(_as_coroutine(measure)), uvloop.run(_as_coroutine(yardstick))) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(mine / other for mine, other in pairs)
    return f"| {name} | {ours:,.0f} | {yardstick_name} | {theirs:,.0f} | {ratio:.2f} |"


async def _as_coroutine(measure: Measure) -> float:
    return await measure()


def main() -> None:
    """Run all measurements and print them."""
    argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__).parse_args()
    print(describe())
    print("| measure | a second | yardstick beside it | a second | ratio |")
    print("| --- | --- | --- | --- | --- |")
    rows = (
        ("registrations of one seed", registrations, "echo of the same texts", exchanges),
        (f"messages through one peer with {NEIGHBORS} neighbors", messages, "echoes, five a message", connections),
    )
    for row in rows:
        print(compare(*row), flush=True)


if __name__ == "__main__":
    main()
