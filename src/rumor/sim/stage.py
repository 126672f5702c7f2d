"""Time and chance: what is to happen, in order; and whether a node is in a state to take part in it.

    plan(moment, node, kind, action) --time--> happen --> the action at once
                                                 |-- starved: it is read late, in order, while timers fire
                                                 |-- frozen: it waits for the thaw
                                                 |-- slow: it waits for its turn
                                                 `-- crashed meanwhile: never

Rule 1: time never runs back. Rule 2: what falls on the same moment keeps the order in which it was planned.
"""

import heapq
import os
from collections.abc import Callable
from functools import partial
from itertools import count

from rumor.core.ids import Address, Seconds
from rumor.sim.node import Action, Node
from rumor.sim.weather import Weather

REPLY, TIMER, MESSAGE, WORK = range(4)
"""Kinds of what happens to a node. After a thaw they come in this order, as an event loop takes them: first what its
connections brought, then its timers, then what new visitors say. WORK: a slow node goes on."""

INPUTS = (REPLY, MESSAGE)
"""What comes to a node from outside; a starved one reads it late."""

AGAIN = "\n  again: "
"""What stands before the command that repeats a history."""

running_scenario: list[str] = []
"""The name of the scenario that is running, for the command that repeats it."""


class Stage:
    """The heap of what is to happen, and the nodes that it happens to."""

    def __init__(self, number: int, step: Callable[[Node], None], weather: Weather) -> None:
        self.number = number
        self.step = step
        self.weather = weather
        self.rng = weather.rng
        self.now: Seconds = 0.0
        self.nodes: dict[Address, Node] = {}
        self.happened = 0
        """How many things happened so far."""
        self._heap: list[tuple[Seconds, int, Node | None, int, int, Action]] = []
        self._order = count()

    def plan(self, moment: Seconds, node: Node | None, kind: int, action: Action) -> None:
        """Let something happen, to a node in its present life or to the network (None)."""
        life = 0 if node is None else node.life
        heapq.heappush(self._heap, (moment, next(self._order), node, life, kind, action))

    def run_to(self, end: Seconds) -> None:
        """Let everything happen that is planned up to a moment. What a core raises is told where it was raised."""
        try:
            self._run_to(end)
        except Exception as error:
            if not isinstance(error, AssertionError) or AGAIN not in str(error):
                error.add_note(f"in world {self.number} at {self.now:.3f} s{AGAIN}{self.again()}")
            raise

    def _run_to(self, end: Seconds) -> None:
        heap, pop = self._heap, heapq.heappop
        while heap and heap[0][0] <= end:
            moment, _, node, life, kind, action = pop(heap)
            if moment < self.now:
                self.fail(f"time runs back from {self.now} to {moment}")
            self.now = moment
            self.happened += 1
            if node is None:
                action()
            elif node.life == life and node.up:
                self.happen(node, kind, action)
        self.now = end

    def happen(self, node: Node, kind: int, action: Action) -> None:
        """Let something happen to a node, now or when it gets to it."""
        if node.lateness and kind in INPUTS:
            node.reads_at = max(node.reads_at, self.now + self.rng.uniform(*node.lateness))
            self.plan(node.reads_at, None, 0, partial(self._read_late, node, node.life, kind, action))
        else:
            self._happen_now(node, kind, action)

    def _read_late(self, node: Node, life: int, kind: int, action: Action) -> None:
        if node.life == life and node.up:
            self._happen_now(node, kind, action)

    def _happen_now(self, node: Node, kind: int, action: Action) -> None:
        if node.frozen:
            node.late.append((kind, len(node.late), action))
        elif node.cost and kind != WORK:
            node.queue.append(action)
            self._go_on_working(node)
        else:
            action()

    def thaw(self, node: Node) -> None:
        """Let everything happen to a node that it missed."""
        node.frozen = False
        late, node.late = sorted(node.late, key=lambda entry: entry[:2]), []
        for kind, _, action in late:
            self._happen_now(node, kind, action)

    def fail(self, wrong: str) -> None:
        """Stop the world: something is wrong. The message says where, and the command that repeats it."""
        raise AssertionError(f"world {self.number} at {self.now:.3f} s: {wrong}{AGAIN}{self.again()}")

    def again(self) -> str:
        """The command that repeats this history."""
        if running_scenario:
            return f"python -m rumor.sim {running_scenario[-1]} --number {self.number}"
        if test := os.environ.get("PYTEST_CURRENT_TEST"):
            return f"python -m pytest '{test.rpartition(' ')[0]}'"
        return f"World({self.number})"

    def _go_on_working(self, node: Node) -> None:
        if node.queue and not node.is_working:
            node.is_working = True
            self.plan(max(self.now, node.busy_until), node, WORK, partial(self._work, node))

    def _work(self, node: Node) -> None:
        """A slow node takes the next thing."""
        node.is_working = False
        node.busy_until = self.now + node.cost
        node.queue.popleft()()
        self._go_on_working(node)
