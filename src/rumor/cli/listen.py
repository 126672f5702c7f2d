"""`rumor listen`: print rumors as they come, by a node that runs here or as a visitor."""

import asyncio
import time
from pathlib import Path

import msgspec

from rumor.aio import objects
from rumor.aio.api import Peer
from rumor.aio.rumors import Lost, Run
from rumor.aio.subscription import Subscription
from rumor.cli import control, ending, tables, words
from rumor.cli.control import Control
from rumor.cli.ending import Ending, guarded
from rumor.cli.output import CLOSE_TIMEOUT, STDOUT, Output
from rumor.cli.visit import Visit, note

PATIENCE = 5.0
"""Seconds after which it is said that nobody was reached yet."""


def run_listen(visit: Visit, topic: str | None, count: int | None) -> int:
    """Listen until so many rumors were printed, or an end is asked for; returns the exit code."""

    def run() -> int:
        node = visit.node()
        if node is not None:
            return _by_node(node, topic, count, json=visit.json)
        return ending.run(lambda: _by_visitor(visit, topic, count))

    return guarded(run)


def _by_node(node: Path, topic: str | None, count: int | None, *, json: bool) -> int:
    async def talk(heard: Control, output: Output) -> int:
        await heard.ask("listen", topic=topic)
        left = count
        async for event in heard.events():
            await output.has_room()
            output.put(objects.encode(event) if json else tables.heard_line(event))
            if left is not None and event["event"] == "rumor":
                left -= 1
                if not left:
                    return ending.OK
        raise control.NoneRuns(control.GONE)

    return control.follow(node, talk)


async def _by_visitor(visit: Visit, topic: str | None, count: int | None) -> int:
    end = Ending()
    end.on_signals()
    output = Output(STDOUT, lambda: end.ask_from_thread(ending.FAILED), "(… {} lines dropped)".format)

    async def work() -> int:
        async with visit.visitor() as peer, peer.subscribe(topic, overflow="drop_oldest") as heard:
            telling_who = asyncio.create_task(_tell_neighbor(peer))
            try:
                await _print(heard, Printer(output, peer.address, json=visit.json), count)
            finally:
                telling_who.cancel()
        return ending.OK

    try:
        return await end.unless_asked(work())
    finally:
        output.close(CLOSE_TIMEOUT)


async def _tell_neighbor(peer: Peer) -> None:
    """Say when somebody is there."""
    try:
        await peer.wait_joined(timeout=PATIENCE)
    except TimeoutError:
        note("nobody was reached yet; going on trying")
        await peer.wait_joined()
    note(f"listening at {peer.address}, neighbor of {peer.neighbors()[0].address}")


async def _print(heard: Subscription, printer: "Printer", count: int | None) -> None:
    """Print what comes, to the end or until it is enough. While nobody reads, what comes waits, and is lost at last."""
    left = count
    async for item in heard.runs():
        await printer.has_room()
        if isinstance(item, Lost):
            printer.lost(item)
            continue
        if left is None:
            printer.run(item)
            continue
        printer.run(msgspec.structs.replace(item, payloads=item.payloads[:left]))
        left -= len(item.payloads)
        if left <= 0:
            return


class Printer:
    """Rumors as lines, or as JSON."""

    def __init__(self, output: Output, node: str, *, json: bool) -> None:
        self._output = output
        self._node = node
        self._json = json

    async def has_room(self) -> None:
        """Wait while too much waits to be read."""
        await self._output.has_room()

    def run(self, run: Run) -> None:
        """Print a run."""
        lines = objects.run_lines(run, time.time(), self._node) if self._json else "\n".join(words.run_lines(run))
        self._output.put_block(len(run.payloads), lambda: lines)

    def lost(self, lost: Lost) -> None:
        """Print that rumors will not come any more."""
        if self._json:
            self._output.put(objects.line("lost", time.time(), self._node, objects.lost_object(lost)))
        else:
            self._output.put(words.lost_line(lost))
