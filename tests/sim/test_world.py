"""The simulated world itself: time, alarms, lives, failures, and that the same number gives the same history."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rumor.core.effects import Ask, Effect, Failure, Tell
from rumor.core.events import Event
from rumor.core.ids import Seconds
from rumor.core.messages import Incoming, Reply
from rumor.sim import World
from rumor.sim.scenarios import SCENARIOS, tell

ROOT = Path(__file__).parents[2]


class Clockwork:
    """A core that only wants to be called at certain moments, and notes when it was."""

    def __init__(self, *moments: Seconds) -> None:
        self.moments = list(moments)
        self.rang: list[Seconds] = []

    def tick(self, now: Seconds) -> None:
        self.rang.append(now)
        self.moments = [moment for moment in self.moments if moment > now]

    def next_deadline(self) -> Seconds | None:
        return min(self.moments, default=None)

    def drain(self) -> tuple[list[Effect], list[Event]]:
        return [], []

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None: ...
    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None: ...
    def told(self, tell: Tell, now: Seconds) -> None: ...
    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None: ...


class Spinning(Clockwork):
    """One that wants to be called again at once."""

    def tick(self, now: Seconds) -> None: ...


def test_an_alarm_rings_when_it_was_wanted_last() -> None:
    """Deadlines that move away or come nearer are kept to the moment."""
    world = World(0)
    clockwork = Clockwork(3.0, 5.0)
    node = world.start(world.add(lambda _: clockwork))
    clockwork.moments = [4.0, 5.0]
    world.call(node, lambda: None)
    world.run(4.5)
    assert clockwork.rang == [4.0]
    clockwork.moments = [4.75, 5.0]
    world.call(node, lambda: None)
    world.run(10.0)
    assert clockwork.rang == [4.0, 4.75, 5.0]


def test_a_frozen_node_rings_late() -> None:
    """What was due meanwhile comes once, at the thaw."""
    world = World(0)
    clockwork = Clockwork(1.0, 2.0, 9.0)
    node = world.start(world.add(lambda _: clockwork))
    world.freeze(node)
    world.run(5.0)
    world.thaw(node)
    world.run(5.0)
    assert clockwork.rang == [5.0, 9.0]


def test_a_former_life_never_rings() -> None:
    """After a restart only the new core is called."""
    world = World(0)
    lives: list[Clockwork] = []

    def make(_: object) -> Clockwork:
        lives.append(Clockwork(2.0))
        return lives[-1]

    node = world.start(world.add(make))
    world.run(1.0)
    world.restart(node)
    world.run(5.0)
    assert [life.rang for life in lives] == [[], [2.0]]


def test_a_core_that_spins_stops_the_world() -> None:
    """One that is due again right after it was called would never let time pass."""
    world = World(0)
    world.start(world.add(lambda _: Spinning(1.0)))
    with pytest.raises(AssertionError, match="wants to be called again"):
        world.run(2.0)


def test_a_failure_names_the_command_that_repeats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a test its id; in a scenario its name and number; else the world itself."""
    world = World(7)
    with pytest.raises(AssertionError) as failure:
        world.check(["something is wrong"])
    assert "world 7 at 0.000 s: something is wrong" in str(failure.value)
    assert "again: python -m pytest 'tests/sim/test_world.py::test_a_failure_names" in str(failure.value)
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    with pytest.raises(AssertionError, match=r"again: World\(7\)"):
        world.check("something is wrong")
    monkeypatch.setitem(SCENARIOS, "broken", broken)
    with pytest.raises(ZeroDivisionError) as crash:
        tell("broken", 3)
    assert crash.value.__notes__ == ["in world 3 at 1.000 s\n  again: python -m rumor.sim broken --number 3"]


def broken(number: int) -> World:
    """A story in which something raises."""
    world = World(number)
    world.at(1.0, lambda: 1 // 0)
    world.run(2.0)
    return world


def test_the_same_number_gives_the_same_history() -> None:
    """To the last byte, and another number another one."""
    traces = [tell("crowd", number).trace for number in (1, 1, 2)]
    assert traces[0] == traces[1]
    assert traces[0] != traces[2]


@pytest.mark.process
def test_no_history_hangs_on_the_order_of_hashes() -> None:
    """Processes with different PYTHONHASHSEEDs live through the same history."""
    program = "from rumor.sim.scenarios import tell; print(tell('everything', 1).trace)"
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": salt},
            check=True,
            capture_output=True,
            text=True,
        )
        for salt in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.strip()) == 64
