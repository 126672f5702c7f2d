"""How a node tells people and scripts what happens: readable lines, or JSON, and the log."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import typer

from rumor.aio.logs import LogFile, classic_lines, rumor_lines, shown_origin, shown_tail, shown_word
from rumor.aio.rumors import Lost, Run, rumor_of, run_of
from rumor.cli import jsonlines
from rumor.cli.output import Output
from rumor.core.events import (
    Event,
    NeighborDown,
    NeighborUp,
    Problem,
    Registered,
    RumorHeard,
    RumorsLost,
    RunDelivered,
    Strike,
    TwoLives,
)
from rumor.core.frames import Lane

STDOUT = 1

CLOSE_TIMEOUT = 0.5
"""Seconds that the last lines may take when a node ends."""


class Teller(Protocol):
    """Tells what happens at one node."""

    def listening(self, node: str, name: str = "") -> None: ...
    def event(self, event: Event) -> None: ...
    def stopped(self) -> None: ...


class JsonTeller:
    """One JSON object a line."""

    def __init__(self, on_closed: Callable[[], None]) -> None:
        self._node = ""
        self._output = Output(STDOUT, on_closed, self._dropped_line)

    def listening(self, node: str, name: str = "") -> None:
        """The node has begun, under this address; a peer has a name."""
        self._node = node
        self._put("listening", {"name": name} if name else {})

    def event(self, event: Event) -> None:
        """Something happened."""
        match event:
            case RunDelivered(run, own, ordered):
                if ordered and run.lane == Lane.APP:
                    self._put_run(run_of(run), own=own)
            case RumorHeard(gossip):
                self._put_run(run_of(rumor_of(gossip)))
            case _:
                if (told := jsonlines.fields_of(event)) is not None:
                    self._put(*told)

    def stopped(self) -> None:
        """The node has ended; what waits is written."""
        self._put("stopped", {})
        self._output.close(CLOSE_TIMEOUT)

    def _put(self, name: str, fields: jsonlines.Fields) -> None:
        self._output.put(jsonlines.line(name, time.time(), self._node, fields))

    def _put_run(self, run: Run, *, own: bool = False) -> None:
        self._output.put_block(len(run.payloads), lambda: jsonlines.run_lines(run, time.time(), self._node, own=own))

    def _dropped_line(self, count: int) -> str:
        fields = {"message": "lines dropped, since standard output was not read", "source": "", "detail": str(count)}
        return jsonlines.line("error", time.time(), self._node, fields)


class ReadableTeller:
    """A line for people: the classic log's lines, and around them who came and went. Colour and time on a terminal."""

    def __init__(self, on_closed: Callable[[], None]) -> None:
        self._output = Output(STDOUT, on_closed, "(… {} lines dropped)".format)
        self._colored = use_color()

    def listening(self, node: str, name: str = "") -> None:
        """The node has begun, under this address; a peer has a name."""
        named = f", as {shown_origin(name)}" if name not in ("", node) else ""
        self._put(f"Listening -- {node}{named}", "green")

    def event(self, event: Event) -> None:
        """Something happened."""
        if isinstance(event, RunDelivered):
            count = len(event.run.payloads)
            if event.ordered and event.run.lane == Lane.APP:
                self._output.put_block(count, lambda: "\n".join(map(self._painted, readable_lines(event))))
        else:
            for line in readable_lines(event):
                self._put(line, color_of(event))

    def stopped(self) -> None:
        """The node has ended; what waits is written."""
        self._put("Stopped", None)
        self._output.close(CLOSE_TIMEOUT)

    def _put(self, line: str, color: str | None) -> None:
        self._output.put(self._painted(line, color))

    def _painted(self, line: str, color: str | None = "cyan") -> str:
        if not self._colored:
            return line
        moment = typer.style(time.strftime("%H:%M:%S"), dim=True)
        return f"{moment} {typer.style(line, fg=color) if color else line}"


class LoggingTeller:
    """Another teller, and a classic log beside it."""

    def __init__(self, teller: Teller, log_name: Callable[[int], Path]) -> None:
        self._teller = teller
        self._log_name = log_name
        self._log: LogFile | None = None

    def listening(self, node: str, name: str = "") -> None:
        """The node has begun, under this address, whose port may name the log."""
        self._teller.listening(node, name)
        path = self._log_name(int(node.rpartition(":")[2]))
        self._log = LogFile(path, lambda trouble: self._teller.event(Problem(trouble)))
        self._log.begin()

    def event(self, event: Event) -> None:
        """Something happened."""
        self._teller.event(event)
        if self._log is not None and (lines := list(classic_lines(event))):
            self._log.write("\n".join(lines))

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
        case NeighborUp(neighbor, reason, name):
            return [f"Neighbor -- {_shown_node(str(neighbor), name)}: {reason.value}"]
        case NeighborDown(neighbor, reason, name):
            return [f"Neighbor Lost -- {_shown_node(str(neighbor), name)}: {reason.value}"]
        case Strike(neighbor, count):
            return [f"Strike {count} -- {neighbor} did not answer"]
        case RunDelivered(run, own=True):
            topic = shown_topic(run.topic)
            said = enumerate(run.payloads, start=run.first)
            return [f"Said -- {topic}GOSSIP{number}{shown_tail(payload)}" for number, payload in said]
        case RunDelivered(run):
            return [f"{shown_topic(run.topic)}{line}" for line in classic_lines(event)]
        case RumorsLost():
            return [lost_line(event)]
        case TwoLives(name):
            return [f"Two Lives -- another process lives as {shown_origin(name)}: this one says nothing more"]
        case _:
            return list(classic_lines(event))


def run_lines(run: Run) -> list[str]:
    """A run of others as `readable_lines` shows it."""
    topic = shown_topic(run.topic)
    return [f"{topic}{line}" for line in rumor_lines(f"{run.timestamp:.6f}", run.origin, run.first, run.payloads)]


def lost_line(lost: RumorsLost | Lost) -> str:
    """Which rumors will not come any more, and why."""
    last = f" to {lost.last}" if lost.last != lost.first else ""
    return f"Lost -- GOSSIP{lost.first}{last} of {shown_origin(lost.origin)}: {lost.reason.value}"


def shown_topic(topic: str) -> str:
    """A topic as it stands before a rumor; the original has none, and nothing stands there without one."""
    return f"[{shown_word(topic)}] " if topic else ""


def color_of(event: Event) -> str | None:
    """The colour of an event on a terminal."""
    match event:
        case NeighborUp() | Registered():
            return "green"
        case NeighborDown() | Strike() | Problem() | RumorsLost() | TwoLives():
            return "yellow"
        case RumorHeard():
            return "cyan"
        case _:
            return None


def _shown_node(address: str, name: str) -> str:
    return address if name in ("", address) else f"{address} ({shown_origin(name)})"
