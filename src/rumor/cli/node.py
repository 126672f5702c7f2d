"""Running one seed or one peer as a program, from its start to its end."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from rumor.aio.api import Peer
from rumor.aio.publishing import Receipt
from rumor.aio.seed import Seed
from rumor.cli import ending, stdin
from rumor.cli.ending import Ending, Lifeline
from rumor.cli.options import Ways
from rumor.cli.telling import JsonTeller, LoggingTeller, ReadableTeller, Teller
from rumor.core.errors import ConfigError, RumorError, UsageError
from rumor.core.events import Problem
from rumor.core.ids import Address

LogName = Callable[[int], Path]
"""The log's file, by the port that the node got."""


class NodeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says of a node. `lifeline` is the descriptor of a parent's pipe."""

    bind: Address
    profile: str
    advertise: str | None = None
    insecure: bool = False
    json: bool = False
    log: LogName | None = None
    lifeline: int | None = None


class PeerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What it says of a peer beside that. `messages` is how many own rumors to say; None: without end."""

    ways: Ways
    every: float
    messages: int | None
    name: str | None = None
    network: str = ""
    state: Path | None = None


def run_seed(options: NodeOptions) -> int:
    """Run a seed until it is ended; returns the exit code."""
    return guarded(lambda: ending.run(lambda: _serve_seed(options)))


def run_peer(options: NodeOptions, peer_options: PeerOptions, lines: stdin.Lines) -> int:
    """Run a peer until it is ended; returns the exit code."""
    return guarded(lambda: ending.run(lambda: _serve_peer(options, peer_options, lines)))


def guarded(run: Callable[[], int]) -> int:
    """Say an error of the user's, or of the machine's, in one line."""
    try:
        return run()
    except (UsageError, ConfigError) as error:
        print(f"rumor: {error}", file=sys.stderr)
        return ending.WRONG_USE
    except RumorError as error:
        print(f"rumor: {error}", file=sys.stderr)
        return ending.FAILED


async def _serve_seed(options: NodeOptions) -> int:
    end = Ending()
    teller = _teller(options, end)
    seed = Seed(
        options.bind,
        settings=options.profile,
        advertise=options.advertise,
        insecure=options.insecure,
        on_event=teller.event,
    )
    _lifeline(options, end)
    await _serve(seed, teller, end)
    return end.code


async def _serve_peer(options: NodeOptions, peer_options: PeerOptions, lines: stdin.Lines) -> int:
    end = Ending()
    teller = _teller(options, end)
    peer = Peer(
        options.bind,
        seeds=peer_options.ways.seeds,
        join=peer_options.ways.join,
        name=peer_options.name,
        network=peer_options.network,
        state=peer_options.state,
        settings=options.profile,
        advertise=options.advertise,
        insecure=options.insecure,
        on_event=teller.event,
    )
    lifeline = _lifeline(options, end)

    async def say(some: list[bytes]) -> None:
        await publish_lines(peer, some, "", lambda why: teller.event(Problem("a line was not gossiped", detail=why)))

    async def talk() -> None:
        stdin.follow(lines, say)
        if lifeline is not None:
            await lifeline.begun.wait()
        await _gossip(peer, peer_options)

    await _serve(peer, teller, end, talk)
    return end.code


async def _serve(
    node: Seed | Peer, teller: Teller, end: Ending, talk: Callable[[], Coroutine[Any, Any, None]] | None = None
) -> None:
    await node.start()
    teller.listening(node.address, node.name if isinstance(node, Peer) else "")
    talking = asyncio.create_task(talk()) if talk is not None else None
    try:
        await end.wait()
    finally:
        if talking is not None:
            talking.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ending.STOP_TIMEOUT):
                await node.stop()
        teller.stopped()


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


async def _gossip(peer: Peer, options: PeerOptions) -> None:
    """Own rumors, one every so often, the first as soon as somebody is there to hear it."""
    said = 0
    while options.messages is None or said < options.messages:
        if said:
            await asyncio.sleep(options.every)
        await peer.wait_joined()
        await peer.publish("")
        said += 1


def _teller(options: NodeOptions, end: Ending) -> Teller:
    end.on_signals(ignore_interrupt=options.lifeline is not None)

    def on_closed() -> None:
        if options.lifeline is None:  # otherwise it is the parent who has gone
            print("rumor: standard output was closed; ending", file=sys.stderr)
        end.ask_from_thread(ending.FAILED)

    teller: Teller = JsonTeller(on_closed) if options.json else ReadableTeller(on_closed)
    return LoggingTeller(teller, options.log) if options.log is not None else teller


def _lifeline(options: NodeOptions, end: Ending) -> Lifeline | None:
    return Lifeline(options.lifeline, end) if options.lifeline is not None else None
