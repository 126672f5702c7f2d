"""How a node tells people and scripts what happens: readable lines, or JSON, and the log."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import typer

from rumor.aio.logs import LogFile, classic_lines
from rumor.cli import jsonlines
from rumor.cli.output import Output
from rumor.core.events import Event, NeighborDown, NeighborUp, Problem, Registered, RumorHeard, Strike

STDOUT = 1

CLOSE_TIMEOUT = 0.5
"""Seconds that the last lines may take when a node ends."""


class Teller(Protocol):
    """Tells what happens at one node."""

    def listening(self, node: str) -> None: ...
    def event(self, event: Event) -> None: ...
    def stopped(self) -> None: ...


class JsonTeller:
    """One JSON object a line."""

    def __init__(self, on_closed: Callable[[], None]) -> None:
        self._node = ""
        self._output = Output(STDOUT, on_closed, self._dropped_line)

    def listening(self, node: str) -> None:
        """The node has begun, under this address."""
        self._node = node
        self._put("listening", {})

    def event(self, event: Event) -> None:
        """Something happened."""
        if (told := jsonlines.fields_of(event)) is not None:
            self._put(*told)

    def stopped(self) -> None:
        """The node has ended; what waits is written."""
        self._put("stopped", {})
        self._output.close(CLOSE_TIMEOUT)

    def _put(self, name: str, fields: jsonlines.Fields) -> None:
        self._output.put(jsonlines.line(name, time.time(), self._node, fields))

    def _dropped_line(self, count: int) -> str:
        fields = {"message": "lines dropped, since standard output was not read", "source": "", "detail": str(count)}
        return jsonlines.line("error", time.time(), self._node, fields)


class ReadableTeller:
    """A line for people: the classic log's lines, and around them who came and went. Colour and time on a terminal."""

    def __init__(self, on_closed: Callable[[], None]) -> None:
        self._output = Output(STDOUT, on_closed, "(… {} lines dropped)".format)
        self._colored = use_color()

    def listening(self, node: str) -> None:
        """The node has begun, under this address."""
        self._put(f"Listening -- {node}", "green")

    def event(self, event: Event) -> None:
        """Something happened."""
        for line in readable_lines(event):
            self._put(line, color_of(event))

    def stopped(self) -> None:
        """The node has ended; what waits is written."""
        self._put("Stopped", None)
        self._output.close(CLOSE_TIMEOUT)

    def _put(self, line: str, color: str | None) -> None:
        if self._colored:
            moment = typer.style(time.strftime("%H:%M:%S"), dim=True)
            line = f"{moment} {typer.style(line, fg=color) if color else line}"
        self._output.put(line)


class LoggingTeller:
    """Another teller, and a classic log beside it."""

    def __init__(self, teller: Teller, log_name: Callable[[int], Path]) -> None:
        self._teller = teller
        self._log_name = log_name
        self._log: LogFile | None = None

    def listening(self, node: str) -> None:
        """The node has begun, under this address, whose port may name the log."""
        self._teller.listening(node)
        path = self._log_name(int(node.rpartition(":")[2]))
        self._log = LogFile(path, lambda trouble: self._teller.event(Problem(trouble)))

    def event(self, event: Event) -> None:
        """Something happened."""
        self._teller.event(event)
        if self._log is not None:
            for line in classic_lines(event):
                self._log.write(line)

    def stopped(self) -> None:
        """The node has ended."""
        self._teller.stopped()


def use_color() -> bool:
    """Whether standard output is a terminal that wants colour (NO_COLOR, no-color.org, says it doesn't)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def readable_lines(event: Event) -> list[str]:
    """What people read of an event: more than the classic log holds."""
    match event:
        case Registered(seed, renewed=False):
            return [f"Registered -- with seed {seed}"]
        case NeighborUp(neighbor, reason):
            return [f"Neighbor -- {neighbor}: {reason.value}"]
        case NeighborDown(neighbor, reason):
            return [f"Neighbor Lost -- {neighbor}: {reason.value}"]
        case Strike(neighbor, count):
            return [f"Strike {count} -- {neighbor} did not answer"]
        case RumorHeard(gossip, own=True):
            return [f"Said -- GOSSIP{gossip.number}{gossip.tail}"]
        case _:
            return list(classic_lines(event))


def color_of(event: Event) -> str | None:
    """The colour of an event on a terminal."""
    match event:
        case NeighborUp() | Registered():
            return "green"
        case NeighborDown() | Strike() | Problem():
            return "yellow"
        case RumorHeard():
            return "cyan"
        case _:
            return None
