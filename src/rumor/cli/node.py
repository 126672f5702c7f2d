"""Running one seed or one peer as a program, from its start to its end.

    SIGHUP, `rumor reload` --> the seeds are read again, from config.txt and rumor.toml
    SIGTERM, Ctrl-C, `rumor leave` --> a goodbye to all, and the end

What happens at the node is told by a Teller; what the protocol does about it is not this program's matter.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rumor.aio.api import Peer
from rumor.aio.publishing import Receipt
from rumor.aio.seed import Seed
from rumor.cli import ending, stdin
from rumor.cli.ending import Ending, Lifeline, guarded
from rumor.cli.options import LogLevel, Ways
from rumor.cli.telling import HookTeller, JsonTeller, LoggingTeller, ReadableTeller, Teller
from rumor.cli.words import Level
from rumor.core.errors import RumorError, UsageError
from rumor.core.events import Problem
from rumor.core.ids import Address
from rumor.core.settings import Settings

LogName = Callable[[int], Path]
"""The log's file, by the port that the node got."""

Addresses = tuple[Address, ...]


class NodeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says of a node. `lifeline` is the descriptor of a parent's pipe."""

    bind: Address
    settings: Settings
    advertise: str | None = None
    insecure: bool = False
    json: bool = False
    log: LogName | None = None
    log_level: LogLevel = LogLevel.INFO
    lifeline: int | None = None


class SeedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What it says of a seed beside that. `read_again` tells the other seeds as they are configured now."""

    state: Path | None = None
    seeds: Addresses = ()
    read_again: Callable[[], Addresses] = tuple


class PeerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What it says of a peer. `messages` is how many own rumors to say; None: without end."""

    ways: Ways
    read_again: Callable[[], Ways]
    every: float
    messages: int | None
    name: str | None = None
    tags: Mapping[str, str] = {}
    network: str = ""
    state: Path | None = None
    on_member: str | None = None
    on_rumor: str | None = None


def run_seed(options: NodeOptions, plan: SeedPlan) -> int:
    """Run a seed until it is ended; returns the exit code."""
    return guarded(lambda: ending.run(lambda: _serve_seed(options, plan)))


def run_peer(options: NodeOptions, plan: PeerPlan, lines: stdin.Lines) -> int:
    """Run a peer until it is ended; returns the exit code."""
    return guarded(lambda: ending.run(lambda: _serve_peer(options, plan, lines)))


async def _serve_seed(options: NodeOptions, plan: SeedPlan) -> int:
    end = Ending()
    teller = _teller(options, end)
    seed = Seed(
        options.bind,
        seeds=plan.seeds,
        state=plan.state,
        settings=options.settings,
        advertise=options.advertise,
        insecure=options.insecure,
        control=True,
        on_reload=lambda: _read_again(plan.read_again, teller),
        on_event=teller.event,
    )
    _lifeline(options, end)
    end.on_hangup(lambda: _reload(seed.reload, teller))
    await _serve(seed, teller, end)
    return end.code


async def _serve_peer(options: NodeOptions, plan: PeerPlan, lines: stdin.Lines) -> int:
    end = Ending()
    teller = HookTeller(_teller(options, end), plan.on_member, plan.on_rumor)
    peer = Peer(
        options.bind,
        seeds=plan.ways.seeds,
        join=plan.ways.join,
        name=plan.name,
        tags=plan.tags,
        network=plan.network,
        state=plan.state,
        settings=options.settings,
        advertise=options.advertise,
        insecure=options.insecure,
        control=True,
        on_reload=lambda: _read_again(lambda: plan.read_again().seeds, teller),
        on_event=teller.event,
    )
    lifeline = _lifeline(options, end)
    end.on_hangup(lambda: _reload(peer.reload, teller))

    async def say(some: list[bytes]) -> None:
        await publish_lines(peer, some, "", lambda why: teller.event(Problem("a line was not gossiped", detail=why)))

    async def talk() -> None:
        stdin.follow(lines, say)
        if lifeline is not None:
            await lifeline.begun.wait()
        await _gossip(peer, plan)

    try:
        await _serve(peer, teller, end, talk)
    finally:
        await teller.stop_hooks()
    return end.code


async def _serve(
    node: Seed | Peer, teller: Teller, end: Ending, talk: Callable[[], Coroutine[Any, Any, None]] | None = None
) -> None:
    await node.start()
    teller.listening(node.address, node.name if isinstance(node, Peer) else "")
    tasks = [asyncio.create_task(_end_with(node, end))]
    if talk is not None:
        tasks.append(asyncio.create_task(talk()))
    try:
        await end.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ending.STOP_TIMEOUT):
                await node.stop()
        teller.stopped()


async def _end_with(node: Seed | Peer, end: Ending) -> None:
    """End when the node has: `rumor leave` ended it."""
    await node.wait_stopped()
    end.ask(ending.OK)


def _read_again(read: Callable[[], Addresses], teller: Teller) -> Addresses:
    """The seeds as they are configured now; that is told. Raises ConfigError and UsageError."""
    seeds = read()
    teller.reloaded(seeds)
    return seeds


def _reload(reload: Callable[[], object], teller: Teller) -> None:
    """Go on with other seeds, when nobody waits for an answer."""
    try:
        reload()
    except RumorError as error:
        teller.event(Problem("the seeds can't be read again: going on with those before", detail=str(error)))


async def publish_lines(
    peer: Peer, lines: list[bytes], topic: str, on_refusal: Callable[[str], None]
) -> Receipt | None:
    """Gossip lines, blank ones excepted; the receipt of the last. `on_refusal` gets the reason for each that can't be.

    Waits while the network keeps up with no more.
    """
    said = [line for line in lines if line.strip()]
    if not said:
        return None
    try:
        return await peer.publish_many(said, topic)
    except UsageError as error:
        if len(said) == 1:
            on_refusal(str(error))
            return None
    receipt = None
    for line in said:
        receipt = await publish_lines(peer, [line], topic, on_refusal) or receipt
    return receipt


async def _gossip(peer: Peer, plan: PeerPlan) -> None:
    """Own rumors, one every so often, the first as soon as somebody is there to hear it."""
    said = 0
    while plan.messages is None or said < plan.messages:
        if said:
            await asyncio.sleep(plan.every)
        await peer.wait_joined()
        await peer.publish("")
        said += 1


def _teller(options: NodeOptions, end: Ending) -> Teller:
    end.on_signals(ignore_interrupt=options.lifeline is not None)

    def on_closed() -> None:
        if options.lifeline is None:
            ending.on_closed_output(end)
        else:  # it is the parent who has gone
            end.ask_from_thread(ending.FAILED)

    least = Level[options.log_level.name]
    teller: Teller = JsonTeller(on_closed) if options.json else ReadableTeller(on_closed, least)
    return LoggingTeller(teller, options.log) if options.log is not None else teller


def _lifeline(options: NodeOptions, end: Ending) -> Lifeline | None:
    return Lifeline(options.lifeline, end) if options.lifeline is not None else None
