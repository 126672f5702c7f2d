"""Starting programs, reading what they say, waiting for it with a deadline, and ending them."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Self

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
"""Seconds that a test waits for something which takes less than two on an idle machine."""

Event = dict[str, Any]


def wait_until(condition: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
    """Wait for a condition of the outside world (a file, a process), looking again every few milliseconds."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        pause.wait(0.02)


class Program:
    """One process whose output is read as it comes."""

    def __init__(self, command: Sequence[str], cwd: Path, stdin: int | IO[bytes] = subprocess.PIPE) -> None:
        self._changed = threading.Condition()
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            start_new_session=True,  # so that a test can play the terminal, whose Ctrl-C goes to the whole group
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.lines), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.errors), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process."""
        return self.process.pid

    def say(self, line: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def wait_line(self, wanted: Callable[[str], bool], what: str, within: float = PATIENCE) -> str:
        """The first line that is wanted, waited for."""
        deadline = time.monotonic() + within
        seen = 0
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    if wanted(line):
                        return line
                seen = len(self.lines)
                left = deadline - time.monotonic()
                assert left > 0, f"not within {within} s: {what}\n" + "\n".join([*self.lines[-40:], *self.errors[-20:]])
                self._changed.wait(left)

    def wait_text(self, text: str, within: float = PATIENCE) -> str:
        """The first line with a text in it, waited for."""
        return self.wait_line(lambda line: text in line, repr(text), within)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this process alone."""
        self.process.send_signal(number)

    def wait(self, within: float = PATIENCE) -> int:
        """Wait for the end; returns the exit code."""
        code = self.process.wait(within)
        for reader in self._readers:
            reader.join(within)
        return code

    def kill(self) -> None:
        """Crash it, if it still runs, and let go of its pipes."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what was typed last is not read any more
                    pipe.close()

    def _read(self, pipe: IO[bytes], lines: list[str]) -> None:
        for line in pipe:
            with self._changed:
                lines.append(line.decode().rstrip("\n"))
                self._changed.notify_all()


class Rumor(Program):
    """`rumor seed` or `rumor peer` with `--json`, and its events."""

    def __init__(self, role: str, *arguments: str, cwd: Path, profile: str = "local", port: int = 0) -> None:
        self.role = role
        command = [sys.executable, "-m", "rumor", role, str(port), "--json", "--profile", profile, *arguments]
        super().__init__(command, cwd)
        try:
            self.address = str(self.wait_event("listening")["node"])
        except BaseException:
            self.kill()
            raise
        self.port = int(self.address.rpartition(":")[2])

    def wait_event(self, name: str, /, within: float = PATIENCE, **fields: object) -> Event:
        """The first event of a name with these fields, waited for."""

        def wanted(line: str) -> bool:
            event = json.loads(line)
            return event["event"] == name and all(event[key] == value for key, value in fields.items())

        found: Event = json.loads(self.wait_line(wanted, f"{name} {fields}", within))
        return found

    def events(self, name: str) -> Iterator[Event]:
        """The events of a name so far."""
        with self._changed:
            lines = list(self.lines)
        for line in lines:
            event: Event = json.loads(line)
            if event["event"] == name:
                yield event


class Classic(Program):
    """The original's stand-in."""

    def __init__(self, role: str, *arguments: str, cwd: Path, port: int = 0) -> None:
        self.log = cwd / f"classic-{role}-{time.monotonic_ns()}.log"
        script = str(ROOT / "tests" / "classic" / "node.py")
        super().__init__([sys.executable, script, role, str(port), "--log", str(self.log), *arguments], cwd)
        try:
            self.address = self.wait_text("listening ").removeprefix("listening ")
        except BaseException:
            self.kill()
            raise
        self.port = int(self.address.rpartition(":")[2])

    def logged(self, text: str) -> int:
        """How many lines of its log hold a text."""
        return sum(text in line for line in self.log.read_text().splitlines()) if self.log.exists() else 0

    def wait_logged(self, text: str, within: float = PATIENCE) -> None:
        """Wait until its log holds a text."""
        wait_until(lambda: self.logged(text) > 0, f"{text!r} in {self.log.name}", within)


def environment() -> dict[str, str]:
    """The environment for programs under test: UTF-8, no colours forced, output as a pipe sees it."""
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("RUMOR_", "COVERAGE", "PYTEST"))
    }
    return {**inherited, "PYTHONUTF8": "1"}


def write_config(directory: Path, seeds: Sequence[str], name: str = "config.txt") -> Path:
    """A configuration file as the original wants it: no newline at its end."""
    path = directory / name
    path.write_text("\n".join(seeds))
    return path


def children_of(pid: int) -> list[int]:
    """The processes that a process started and that still run."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()]


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
