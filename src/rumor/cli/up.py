"""`rumor up`: a whole network on this machine, every node a process of its own.

The nodes are `rumor seed --json` and `rumor peer --json`; what they tell is read from their pipes. Each child holds
one end of a lifeline: when this process is gone, however it ends, so are they.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import typer

from rumor.aio import objects
from rumor.aio.sockets import raise_open_files_limit
from rumor.cli import ending
from rumor.cli.command import without_options
from rumor.cli.ending import Ending
from rumor.cli.output import CLOSE_TIMEOUT, STDOUT, Output
from rumor.cli.scene import Line, Scene
from rumor.cli.telling import use_color

JOIN_PATIENCE = 15.0
"""Seconds after which gossip begins although not every peer has joined."""

TERMINATE_PATIENCE = 1.0
"""Seconds that the nodes may take to end when asked; then they are killed."""

LINE_BYTES_MAX = 8 << 20
"""The longest line of a node that is read: a rumor of 1 MiB, each byte of it escaped."""

COLORS = {"rumor": "cyan", "joined": "green", "back": "green", "died": "red", "ended": "red", "problem": "yellow"}


class UpOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says."""

    seeds: int
    peers: int
    base_port: int | None
    duration: float | None
    every: float
    timings: list[str]
    json: bool
    with_parent: bool


class StartFailed(Exception):
    """A node ended before it listened; it has said why itself."""


class Child:
    """One node's process, as seen from here."""

    def __init__(self, role: str, process: asyncio.subprocess.Process, lifeline: int) -> None:
        self.role = role
        self.process = process
        self.node = ""
        self.listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._lifeline = lifeline

    def begin_gossip(self) -> None:
        """Let a peer say its messages from now on."""
        with contextlib.suppress(OSError):
            os.write(self._lifeline, b"g")

    def let_go(self) -> None:
        """Close the lifeline: the child ends."""
        os.close(self._lifeline)

    def how_it_ended(self) -> str:
        """The end of the process in words."""
        code = self.process.returncode
        if code is not None and code < 0:
            return f"process {self.process.pid} was ended by {signal.Signals(-code).name}"
        return f"process {self.process.pid} ended with exit code {code}"


class Story:
    """Prints the story, readable or as JSON."""

    def __init__(self, *, json: bool, end: Ending) -> None:
        self._json = json
        self._colored = use_color() and not json
        self._output = Output(STDOUT, lambda: ending.on_closed_output(end), "(… {} lines dropped)".format)

    def tell(self, lines: Iterable[Line]) -> None:
        """Print lines for people; nothing with `--json`."""
        for line in lines:
            if not self._json:
                self._output.put(self._painted(line))

    def note(self, text: str) -> None:
        """Say something about the program itself; on standard error with `--json`."""
        if self._json:
            print(text, file=sys.stderr)
        else:
            self._output.put(text)

    def pass_on(self, line: str) -> None:
        """Print a node's own JSON line, with `--json`."""
        if self._json:
            self._output.put(line)

    def close(self) -> None:
        """Print what waits."""
        self._output.close(CLOSE_TIMEOUT)

    def _painted(self, line: Line) -> str:
        # The first word and the coverage stay as they are, so that they can be looked for on a terminal too.
        if not self._colored or line.word not in COLORS:
            return str(line)
        word, text = str(line)[: len(line.word)], str(line)[len(line.word) :]
        told, coverage, share = text.partition("  coverage ")
        return f"{word}{typer.style(told, fg=COLORS[line.word])}{coverage}{share}"


def run_up(options: UpOptions) -> int:
    """Run the network until it is ended; returns the exit code."""
    return ending.run(lambda: _up(options))


async def _up(options: UpOptions) -> int:
    raise_open_files_limit()
    end = Ending()
    end.on_signals()
    if options.duration is not None:
        asyncio.get_running_loop().call_later(options.duration, end.ask, ending.OK)
    directory = Path(tempfile.mkdtemp(prefix="rumor-up-"))
    story = Story(json=options.json, end=end)
    network = Network(options, directory, story, end)
    try:
        await network.run()
    except StartFailed:
        end.ask(ending.FAILED)
    finally:
        await network.stop()
        story.note(f"Logs are in {directory}")
        story.close()
    return end.code


class Network:
    """The processes of one network, their story, and their end."""

    def __init__(self, options: UpOptions, directory: Path, story: Story, end: Ending) -> None:
        self._options = options
        self._directory = directory
        self._states = directory / "state"
        self._name = f"up-{secrets.token_hex(4)}"  # so that nobody meets another network, or one of the day before
        self._story = story
        self._end = end
        self._scene = Scene()
        self._children: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._all_joined = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Start everything and let it run until the end is asked for. Raises StartFailed."""
        work = asyncio.create_task(self._start())
        waiting = asyncio.create_task(self._end.wait())
        try:
            await asyncio.wait([work, waiting], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            await waiting
        finally:
            work.cancel()
            waiting.cancel()
            await asyncio.gather(work, waiting, return_exceptions=True)

    async def stop(self) -> None:
        """End every process, within `TERMINATE_PATIENCE`, and wait until it is gone."""
        self._stopping = True
        for child in self._children:
            child.let_go()
            with contextlib.suppress(ProcessLookupError):
                child.process.terminate()
        ends = [asyncio.create_task(child.process.wait()) for child in self._children]
        if ends:
            _, running = await asyncio.wait(ends, timeout=TERMINATE_PATIENCE)
            if running:
                for child in self._children:
                    with contextlib.suppress(ProcessLookupError):
                        child.process.kill()
                await asyncio.wait(running)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=ending.STOP_TIMEOUT)
            for task in late:
                task.cancel()
        shutil.rmtree(self._states, ignore_errors=True)

    async def _start(self) -> None:
        options = self._options
        self._tasks.append(asyncio.create_task(self._watch_time()))
        seeds_in_words = f"{options.seeds} seed{'s' * (options.seeds != 1)}"
        peers_in_words = f"{options.peers} peer{'s' * (options.peers != 1)}"
        self._story.note(f"Starting {seeds_in_words} and {peers_in_words}; Ctrl-C ends them.")
        base = options.base_port
        seeds = [await self._spawn("seed", index, base and base + index, []) for index in range(options.seeds)]
        addresses = await asyncio.gather(*(child.listening for child in seeds))
        config = self._directory / "config.txt"
        config.write_text("\n".join(addresses))
        self._states.mkdir()
        gossip = ["--config", str(config), "--every", str(options.every), "--messages", "unlimited"]
        gossip += ["--network", self._name, "--state"]
        peers = [
            await self._spawn(
                "peer", index, base and base + options.seeds + index, [*gossip, str(self._states / f"peer-{index + 1}")]
            )
            for index in range(options.peers)
        ]
        await asyncio.gather(*(child.listening for child in peers))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(JOIN_PATIENCE):
                await self._all_joined.wait()
        self._story.note(f"{self._scene.joined} of {options.peers} peers joined. To see one die: kill -9 its process.")
        self._story.note(f"To hear them: rumor listen --seed {addresses[0]} --network {self._name}")
        self._story.note(f"To see who is there: rumor members --node {peers[0].node}")
        for child in peers:
            child.begin_gossip()
            await asyncio.sleep(options.every / len(peers))  # so that they do not all speak at once

    async def _spawn(self, role: str, index: int, port: int | None, more: list[str]) -> Child:
        read_end, write_end = os.pipe()
        log = self._directory / f"{role}-{index + 1}.log"
        command = [sys.executable, "-m", "rumor", role, str(port or 0), "--json", *self._options.timings]
        # What rumor.toml and the environment say was said to us: a name or a port in them is none for all nodes.
        command += ["--settings", os.devnull]
        try:
            process = await asyncio.create_subprocess_exec(
                *command, "--log", str(log), "--lifeline", str(read_end), *more,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                pass_fds=[read_end], limit=LINE_BYTES_MAX, env=without_options(),
                start_new_session=True,  # the terminal's Ctrl-C is for us alone, from their first moment on
            )  # fmt: skip
        finally:
            os.close(read_end)
        child = Child(role, process, write_end)
        self._children.append(child)
        self._tasks.append(asyncio.create_task(self._follow(child)))
        return child

    async def _follow(self, child: Child) -> None:
        """Read what a node tells, to its end."""
        assert child.process.stdout is not None
        async for line in child.process.stdout:
            self._on_line(child, line.decode().rstrip("\n"))
        await child.process.wait()
        if not child.listening.done():
            child.listening.set_exception(StartFailed(child.how_it_ended()))
            child.listening.exception()
        elif not self._stopping:
            how = child.how_it_ended()
            self._story.tell(self._scene.ended(child.role, child.node, how, time.monotonic()))
            fields = {"message": f"{child.role} ended", "source": "", "detail": how}
            self._story.pass_on(objects.line("error", time.time(), child.node, fields))

    def _on_line(self, child: Child, line: str) -> None:
        event: dict[str, Any] = msgspec.json.decode(line)
        self._story.pass_on(line)
        if event["event"] == "listening":
            child.node = event["node"]
            if not child.listening.done():  # it is, when the end was asked for meanwhile
                child.listening.set_result(child.node)
            self._story.tell([self._scene.started(child.role, child.node, child.process.pid)])
        elif not self._stopping:
            self._story.tell(self._scene.event(event, time.monotonic()))
            if self._scene.joined == self._options.peers:
                self._all_joined.set()

    async def _watch_time(self) -> None:
        parent = os.getppid()
        while not self._stopping:
            await asyncio.sleep(0.25)
            if self._options.with_parent and os.getppid() != parent:
                self._end.ask(ending.OK)
            self._story.tell(self._scene.tick(time.monotonic()))
