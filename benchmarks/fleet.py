"""A fleet: the worker processes of one system, started, told what to do, and ended. Every system is measured by this.

A system is a module that obeys these commands (control.py); blocking or on asyncio:

    start(join, index, count, …)     -> address            begin; `join` is where the one that it hangs on listens
    connected(count, patience)                              wait until it is connected, as the system itself sees it
    listen(how, expect, ends)                              begin to receive in the background: `runs`, `batches`, `each`
                                                           count up to `expect`; `stamps` looks at every one
    first(patience)                  -> first              wait for the first payload
    heard(patience)                  -> count, first, last, complete, samples          wait for the end of `listen`
    say(tag)                                               publish one small payload
    publish(how, count, size, chunk) -> began, ended       publish as quickly as it goes
    pace(tag, rate, seconds, size, burst) -> sent          publish evenly, then END
    watch(), process(), knows(count, …), saw(name, state, …), deaths(since), tag(value), leave()
                                                           who is alive: systems/seen.py
    stats()                          -> counters
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

Answer: TypeAlias = dict[str, Any]

SYSTEMS = {
    "rumor": "benchmarks.systems.rumor_peer",
    "limit": "benchmarks.limit",
    "limit-on-loop": "benchmarks.systems.relay_on_loop",
    "pyzmq": "benchmarks.systems.pyzmq_star",
    "zenoh": "benchmarks.systems.zenoh_peer",
    "kinship": "benchmarks.systems.kinship_member",
    "serf": "benchmarks.systems.serf_agent",
}
"""The module that each system's workers run."""

PATIENCE = 30.0
"""Seconds that an answer may take which is usually there at once."""
PROBE_PAUSE = 0.02
"""Seconds between two probes."""


class FleetError(Exception):
    """A worker could not do what it was told, or did not answer in time."""


class Worker:
    """One process of a system."""

    def __init__(self, system: str) -> None:
        self._system = system
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._buffer = b""
        self.started = time.monotonic_ns()
        self._process = subprocess.Popen(
            [sys.executable, "-m", SYSTEMS[system]],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self.pid = self._process.pid
        self.address = ""
        self.name = ""
        """Its name as a member, where a system has names."""

    def tell(self, do: str, **fields: object) -> None:
        """Send a command; its answer is fetched with `answer`."""
        try:
            self._input.write(json.dumps({"do": do, **fields}).encode() + b"\n")
            self._input.flush()
        except BrokenPipeError:
            raise FleetError(self._blame("ended")) from None

    def answer(self, within: float = PATIENCE) -> Answer:
        """The next answer; raises FleetError when it is an error or too late."""
        line = self._line(time.monotonic() + within)
        answer: Answer = json.loads(line)
        if "error" in answer:
            raise FleetError(f"{self._system}: {answer['error']}")
        return answer

    def ask(self, do: str, within: float = PATIENCE, **fields: object) -> Answer:
        """A command and its answer."""
        self.tell(do, **fields)
        return self.answer(within)

    def has_answer(self) -> bool:
        """Whether an answer has come."""
        return b"\n" in self._buffer or bool(select.select([self._output], [], [], 0)[0])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this process alone."""
        self._process.send_signal(number)

    def end_input(self) -> None:
        """Let it end by itself."""
        with contextlib.suppress(BrokenPipeError):
            self._input.close()

    def end(self, deadline: float) -> None:
        """Wait for its end, and force it after the deadline."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()
        self._errors.close()

    def _line(self, deadline: float) -> bytes:
        descriptor = self._output.fileno()
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise FleetError(self._blame("gave no answer in time"))
            data = os.read(descriptor, 1 << 20)
            if not data:
                raise FleetError(self._blame("ended"))
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _blame(self, what: str) -> str:
        self._errors.seek(0)
        return f"a worker of {self._system} {what}\n{self._errors.read()[-2000:].decode(errors='replace')}"


class Fleet:
    """`count` workers of a system; the first is the publisher. `with` ends them.

    `parents`: whom each worker hangs on, the first left out; by default all on the first. `options` go to `start`.
    """

    def __init__(
        self, system: str, count: int, *, parents: Sequence[int] | None = None, options: Answer | None = None
    ) -> None:
        self.system = system
        self.workers: list[Worker] = []
        self._count = count
        self._parents = [0, *(parents or [0] * (count - 1))]
        self._options = options or {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.end_input()
        deadline = time.monotonic() + 3.0
        for worker in self.workers:
            worker.end(deadline)

    @property
    def publisher(self) -> Worker:
        """The first worker."""
        return self.workers[0]

    @property
    def receivers(self) -> list[Worker]:
        """All but the first."""
        return self.workers[1:]

    @property
    def names(self) -> list[int]:
        """The processes' numbers."""
        return [worker.pid for worker in self.workers]

    def load(self) -> None:
        """Start all processes and wait until they have imported what they need."""
        self.workers = [Worker(self.system) for _ in range(self._count)]
        self.collect(self.workers, PATIENCE + self._count)

    def start(self) -> None:
        """Let all begin: the first, then each as soon as the one that it hangs on listens."""
        self.start_one(0)
        waiting = list(range(1, self._count))
        while waiting:
            now = [index for index in waiting if self.workers[self._parents[index]].address]
            for index in now:
                self._tell_start(index)
            for index in now:
                self._hear_start(index)
            waiting = [index for index in waiting if index not in now]

    def start_one(self, index: int) -> None:
        """Let one begin that hangs on one which has begun."""
        self._tell_start(index)
        self._hear_start(index)

    def start_in_turn(self) -> int:
        """Start the processes, each when the one before it has begun; returns when the last one was started."""
        for index in range(self._count):
            self.workers.append(Worker(self.system))
            self.workers[index].answer()
            self.start_one(index)
        return self.workers[-1].started

    def start_at_once(self) -> int:
        """Start all processes, each beginning as soon as it can; returns when the last one was started."""
        self.workers = [Worker(self.system) for _ in range(self._count)]
        self.publisher.answer()
        self.start_one(0)
        for index in range(1, self._count):
            self._tell_start(index)
        for worker in self.receivers:
            worker.answer(PATIENCE + self._count)
            worker.address = worker.answer()["address"]
        return self.workers[-1].started

    def form(self) -> int:
        """Wait until all are connected and a probe of the first has reached everybody; when that was."""
        self.ask_all(self.receivers, "listen", how="stamps", ends=1)
        connected = self.ask_all(self.workers, "connected", count=self._count, patience=PATIENCE)
        self.tell_all(self.receivers, "first", patience=PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while not all(worker.has_answer() for worker in self.receivers) and time.monotonic() < deadline:
            self.publisher.ask("say", tag="P")
            time.sleep(PROBE_PAUSE)
        firsts = self.collect(self.receivers)
        return max(int(answer["at"]) for answer in [*connected, *firsts])

    def settle(self) -> None:
        """Let the probes of `form` run out, so that nothing of them is left on the way."""
        self.publisher.ask("say", tag="E")
        self.ask_all(self.receivers, "heard", patience=PATIENCE)

    def tell_all(self, workers: Sequence[Worker], do: str, **fields: object) -> None:
        """The same command to several."""
        for worker in workers:
            worker.tell(do, **fields)

    def collect(self, workers: Sequence[Worker], within: float = PATIENCE) -> list[Answer]:
        """One answer of each."""
        deadline = time.monotonic() + within
        return [worker.answer(max(0.0, deadline - time.monotonic())) for worker in workers]

    def ask_all(
        self, workers: Sequence[Worker], do: str, within: float = PATIENCE + 5, **fields: object
    ) -> list[Answer]:
        """The same command to several, and their answers."""
        self.tell_all(workers, do, **fields)
        return self.collect(workers, within)

    def _hear_start(self, index: int) -> None:
        answer = self.workers[index].answer()
        self.workers[index].address = answer["address"]
        self.workers[index].name = answer.get("name", "")

    def _tell_start(self, index: int) -> None:
        join = self.workers[self._parents[index]].address if index else None
        children = sum(parent == index for parent in self._parents[1:])
        self.workers[index].tell("start", join=join, index=index, count=self._count, children=children, **self._options)


@contextlib.contextmanager
def formed(
    system: str, count: int, *, parents: Sequence[int] | None = None, options: Answer | None = None
) -> Iterator[Fleet]:
    """A fleet that is connected and quiet."""
    with Fleet(system, count, parents=parents, options=options) as fleet:
        fleet.load()
        fleet.start()
        fleet.form()
        fleet.settle()
        yield fleet
