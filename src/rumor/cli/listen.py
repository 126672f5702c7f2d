"""`rumor listen`: print rumors as they come."""

import asyncio
import time

import msgspec

from rumor.aio.api import Peer
from rumor.aio.rumors import Lost, Run
from rumor.aio.subscription import Subscription
from rumor.cli import ending, jsonlines, telling
from rumor.cli.ending import Ending
from rumor.cli.node import guarded
from rumor.cli.output import Output
from rumor.cli.visit import VisitOptions, note, visitor

PATIENCE = 5.0
"""Seconds after which it is said that nobody was reached yet."""


def run_listen(options: VisitOptions, topic: str | None, count: int | None) -> int:
    """Listen until so many rumors were printed, or an end is asked for; returns the exit code."""
    return guarded(lambda: ending.run(lambda: _listen(options, topic, count)))


async def _listen(options: VisitOptions, topic: str | None, count: int | None) -> int:
    end = Ending()
    end.on_signals()
    output = Output(telling.STDOUT, lambda: end.ask_from_thread(ending.FAILED), "(… {} lines dropped)".format)

    async def work() -> int:
        async with visitor(options) as peer, peer.subscribe(topic, overflow="drop_oldest") as heard:
            telling_who = asyncio.create_task(_tell_neighbor(peer))
            try:
                await _print(heard, Printer(output, peer.address, json=options.json), count)
            finally:
                telling_who.cancel()
        return ending.OK

    try:
        return await end.unless_asked(work())
    finally:
        output.close(telling.CLOSE_TIMEOUT)


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
        lines = jsonlines.run_lines(run, time.time(), self._node) if self._json else "\n".join(telling.run_lines(run))
        self._output.put_block(len(run.payloads), lambda: lines)

    def lost(self, lost: Lost) -> None:
        """Print that rumors will not come any more."""
        if self._json:
            self._output.put(jsonlines.line("lost", time.time(), self._node, jsonlines.lost_fields(lost)))
        else:
            self._output.put(telling.lost_line(lost))
