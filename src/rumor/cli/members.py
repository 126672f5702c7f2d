"""`rumor members`, `rumor neighbors`, `rumor why`: what a node knows of the others, once or as it changes."""

import asyncio
import contextlib
import sys
import time

from rumor.aio import objects
from rumor.cli import control, ending, tables
from rumor.cli.control import Answer, Control
from rumor.cli.ending import guarded
from rumor.cli.options import NodeChoice
from rumor.cli.output import Output, say

REDRAW_AFTER = 0.1
"""Seconds in which changes come together before the table is drawn anew."""

CLEAR = "\x1b[H\x1b[2J"


def run_members(choice: NodeChoice, *, watch: bool) -> int:
    """List the members, or show them until an end is asked for; returns the exit code."""
    return guarded(lambda: _watch(choice) if watch else _list(choice))


def run_neighbors(choice: NodeChoice) -> int:
    """List the neighbors; returns the exit code."""

    def run() -> int:
        neighbors = control.ask(control.find(choice.node), "neighbors")["neighbors"]
        say(objects.encode(neighbors) if choice.json else "\n".join(tables.neighbor_table(neighbors)))
        return ending.OK

    return guarded(run)


def run_why(choice: NodeChoice, name: str) -> int:
    """Say why a member is in its state; returns the exit code."""

    def run() -> int:
        why = control.ask(control.find(choice.node), "why", name=name)["why"]
        say(objects.encode(why) if choice.json else "\n".join(tables.why_lines(why)))
        return ending.OK

    return guarded(run)


def _list(choice: NodeChoice) -> int:
    """Print the members as they come: a seed may list a million."""
    path = control.find(choice.node, seeds_too=True)
    printer: JsonList | Table = JsonList() if choice.json else Table()
    control.read_pages(path, "members", lambda page: printer.page(page["members"]))
    printer.end()
    return ending.OK


class JsonList:
    """One list on one line."""

    def __init__(self) -> None:
        self._before = "["

    def page(self, members: list[Answer]) -> None:
        """Print some more."""
        if members:
            say(self._before + objects.encode(members)[1:-1], end="")
            self._before = ","

    def end(self) -> None:
        """Print its end."""
        say("[]" if self._before == "[" else "]")


class Table:
    """A table, and below it how many there are."""

    def __init__(self) -> None:
        self._table = tables.MemberTable(time.time())

    def page(self, members: list[Answer]) -> None:
        """Print some more."""
        say("\n".join(self._table.page(members)))

    def end(self) -> None:
        """Print its end."""
        say("\n".join(self._table.end()))


def _watch(choice: NodeChoice) -> int:
    """Show the members, and then each change: on a terminal the table anew, else a line."""
    at_terminal = sys.stdout.isatty() and not choice.json
    path = control.find(choice.node, seeds_too=True)  # a seed says that it can't do that

    async def talk(changes: Control, output: Output) -> int:
        await changes.ask("changes")
        async with control.connected(path) as asked:  # after the changes, so that none is missed between the two
            members = {member["name"]: member async for page in asked.pages("members") for member in page["members"]}
        if at_terminal:
            await _redraw(changes, members, output)
        else:
            await _tell(changes, members, output, json=choice.json)
        raise control.NoneRuns(control.GONE)

    return control.follow(path, talk)


async def _tell(changes: Control, members: dict[str, Answer], output: Output, *, json: bool) -> None:
    for member in members.values():
        await output.has_room()
        output.put(_line({"event": "member", **member}, json=json))
    async for event in changes.events():
        await output.has_room()
        output.put(_line(event, json=json))


def _line(event: Answer, *, json: bool) -> str:
    return objects.encode(event) if json else tables.event_line(event)


async def _redraw(changes: Control, members: dict[str, Answer], output: Output) -> None:
    changed = asyncio.Event()
    changed.set()

    async def draw() -> None:
        while True:
            await changed.wait()
            changed.clear()
            await output.has_room()
            shown = sorted(members.values(), key=lambda member: str(member["name"]))
            output.put(CLEAR + "\n".join(tables.member_table(shown, time.time())))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), REDRAW_AFTER)

    drawing = asyncio.create_task(draw())
    try:
        async for event in changes.events():
            if event["event"] == "member":
                members[event["name"]] = event
                changed.set()
    finally:
        drawing.cancel()
