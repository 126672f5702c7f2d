"""How a node tells people and scripts what happens: readable lines, or JSON, and the log."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import typer

from rumor.aio import objects
from rumor.aio.logs import LogFile, classic_lines, shown_origin
from rumor.aio.rumors import Run, rumor_of, run_of
from rumor.cli.hooks import Hook
from rumor.cli.output import CLOSE_TIMEOUT, STDOUT, Output
from rumor.cli.words import Level, color_of, level_of, readable_lines
from rumor.core.events import Event, MemberChanged, Problem, RumorHeard, RunDelivered
from rumor.core.frames import Lane
from rumor.core.ids import Address


class Teller(Protocol):
    """Tells what happens at one node."""

    def listening(self, node: str, name: str = "") -> None: ...
    def event(self, event: Event) -> None: ...
    def reloaded(self, seeds: Sequence[Address]) -> None: ...
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
                if (told := objects.fields_of(event)) is not None:
                    self._put(*told)

    def reloaded(self, seeds: Sequence[Address]) -> None:
        """The node goes on with these seeds."""
        self._put("reloaded", {"seeds": list(map(str, seeds))})

    def stopped(self) -> None:
        """The node has ended; what waits is written."""
        self._put("stopped", {})
        self._output.close(CLOSE_TIMEOUT)

    def _put(self, name: str, fields: objects.Object) -> None:
        self._output.put(objects.line(name, time.time(), self._node, fields))

    def _put_run(self, run: Run, *, own: bool = False) -> None:
        self._output.put_block(len(run.payloads), lambda: objects.run_lines(run, time.time(), self._node, own=own))

    def _dropped_line(self, count: int) -> str:
        fields = {"message": "lines dropped, since standard output was not read", "source": "", "detail": str(count)}
        return objects.line("error", time.time(), self._node, fields)


class ReadableTeller:
    """A line for people: the classic log's lines, and around them who came and went. Colour and time on a terminal."""

    def __init__(self, on_closed: Callable[[], None], least: Level = Level.INFO) -> None:
        self._output = Output(STDOUT, on_closed, "(… {} lines dropped)".format)
        self._colored = use_color()
        self._least = least

    def listening(self, node: str, name: str = "") -> None:
        """The node has begun, under this address; a peer has a name."""
        named = f", as {shown_origin(name)}" if name not in ("", node) else ""
        self._put(f"Listening -- {node}{named}", "green", Level.INFO)

    def event(self, event: Event) -> None:
        """Something happened; told if it matters enough."""
        if isinstance(event, RunDelivered):
            count = len(event.run.payloads)
            if event.ordered and event.run.lane == Lane.APP and level_of(event) >= self._least:
                self._output.put_block(count, lambda: "\n".join(map(self._painted, readable_lines(event))))
        else:
            for line in readable_lines(event):
                self._put(line, color_of(event), level_of(event))

    def reloaded(self, seeds: Sequence[Address]) -> None:
        """The node goes on with these seeds."""
        self._put(f"Reloaded -- seeds: {', '.join(map(str, seeds)) or 'none'}", None, Level.INFO)

    def stopped(self) -> None:
        """The node has ended; what waits is written."""
        self._put("Stopped", None, Level.INFO)
        self._output.close(CLOSE_TIMEOUT)

    def _put(self, line: str, color: str | None, level: Level) -> None:
        if level >= self._least:
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

    def reloaded(self, seeds: Sequence[Address]) -> None:
        """The node goes on with these seeds."""
        self._teller.reloaded(seeds)

    def stopped(self) -> None:
        """The node has ended."""
        self._teller.stopped()


class HookTeller:
    """Another teller, and beside it programs that are run for changes of members and for rumors of others."""

    def __init__(self, teller: Teller, on_member: str | None, on_rumor: str | None) -> None:
        self._teller = teller
        self._node = ""
        self._on_member = Hook(on_member, self._trouble) if on_member else None
        self._on_rumor = Hook(on_rumor, self._trouble) if on_rumor else None
        self._hooks = [hook for hook in (self._on_member, self._on_rumor) if hook]

    def listening(self, node: str, name: str = "") -> None:
        """The node has begun, under this address, by which its programs can speak to it."""
        self._node = node
        for hook in self._hooks:
            hook.begin(node)
        self._teller.listening(node, name)

    def event(self, event: Event) -> None:
        """Something happened."""
        self._teller.event(event)
        match event:
            case MemberChanged(change) if self._on_member is not None:
                fields = objects.change_object(change)
                self._on_member.put(objects.line("member", time.time(), self._node, fields))
            case RunDelivered(run, own=False, ordered=True) if self._on_rumor is not None and run.lane == Lane.APP:
                self._put_run(self._on_rumor, run_of(run))
            case RumorHeard(gossip) if self._on_rumor is not None:
                self._put_run(self._on_rumor, run_of(rumor_of(gossip)))
            case _:
                pass

    def reloaded(self, seeds: Sequence[Address]) -> None:
        """The node goes on with these seeds."""
        self._teller.reloaded(seeds)

    def stopped(self) -> None:
        """The node has ended."""
        self._teller.stopped()

    async def stop_hooks(self) -> None:
        """End the programs that run."""
        for hook in self._hooks:
            await hook.stop()

    def _put_run(self, hook: Hook, run: Run) -> None:
        for line in objects.run_lines(run, time.time(), self._node).split("\n"):
            hook.put(line)

    def _trouble(self, what: str, detail: str) -> None:
        self._teller.event(Problem(what, detail=detail))


def use_color() -> bool:
    """Whether standard output is a terminal that wants colour (NO_COLOR, no-color.org, says it doesn't)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
