"""Programs that are run for events: what they are told, how many at once, and what goes wrong."""

import asyncio
import os
from pathlib import Path

import pytest

from rumor.cli import ending, hooks
from rumor.cli.hooks import AT_ONCE, WAITING_CHARACTERS_MAX, WAITING_MAX, Hook
from tests.processes.harness import wait_until


class Troubles(asyncio.Queue[tuple[str, str]]):
    """What a hook complains of."""

    def said(self, what: str, detail: str) -> None:
        """It said something."""
        self.put_nowait((what, detail))


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe by name, to which programs write."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


async def test_a_program_gets_the_event_on_its_standard_input(pipe: Path) -> None:
    """One line; and in its environment the node, to which `rumor` then speaks."""
    hook = Hook(f'(cat; echo "$RUMOR_NODE") > {pipe}', Troubles().said)
    hook.begin("127.0.0.1:4001")

    hook.put('{"event":"member"}')

    assert await asyncio.to_thread(pipe.read_text) == '{"event":"member"}\n127.0.0.1:4001\n'
    await hook.stop()


async def test_so_many_run_at_once_and_the_others_wait(tmp_path: Path) -> None:
    """Each program holds its place until it ends; then the next event has it."""
    begun, lock = tmp_path / "begun", tmp_path / "lock"
    begun.touch()
    for number in range(AT_ONCE + 1):
        os.mkfifo(f"{lock}-{number}")
    hook = Hook(f'read number; echo "$number" >> {begun}; cat "{lock}-$number"', Troubles().said)
    for number in range(AT_ONCE + 1):
        hook.put(str(number))

    await asyncio.to_thread(wait_until, lambda: numbers_in(begun) == set(range(AT_ONCE)), "so many run")
    assert hook.waiting == 1

    await asyncio.to_thread(Path(f"{lock}-2").write_text, "")
    await asyncio.to_thread(wait_until, lambda: AT_ONCE in numbers_in(begun), "the next one runs")
    await hook.stop()


def numbers_in(path: Path) -> set[int]:
    """The numbers that stand in a file, one a line."""
    return set(map(int, path.read_text().split()))


async def test_a_program_that_fails_is_said() -> None:
    """With its command and its exit code."""
    troubles = Troubles()
    hook = Hook("exit 3", troubles.said)

    hook.put("x")

    assert await troubles.get() == ("a program failed", "exit 3: exit code 3")
    await hook.stop()


async def test_a_program_that_takes_too_long_is_ended(pipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It and what it started; its place is free again."""
    monkeypatch.setattr(hooks, "PATIENCE", 0.05)
    troubles = Troubles()
    hook = Hook(f"sleep 1000 > {pipe} & wait", troubles.said)

    hook.put("x")

    assert await asyncio.to_thread(pipe.read_text) == ""  # the end: nobody holds it open any more
    what, _ = await troubles.get()
    assert what == "a program took too long and was ended"
    await hook.stop()


async def test_of_too_many_events_the_latest_are_dropped_and_counted(tmp_path: Path) -> None:
    """A slow program holds up nothing; when it goes on, how many it missed is said."""
    goon = tmp_path / "goon"
    os.mkfifo(goon)
    troubles = Troubles()
    hook = Hook(f"test -e {goon} && cat {goon}; true", troubles.said)
    for _ in range(WAITING_MAX + 7):
        hook.put("x")
    assert hook.waiting == WAITING_MAX

    goon.unlink()
    what, detail = await troubles.get()

    assert what == "events were dropped, since their program is too slow"
    assert detail.startswith("7, ")
    await hook.stop()


async def test_the_length_of_what_waits_is_bounded() -> None:
    """A few long rumors are as much as many short ones."""
    hook = Hook("true", Troubles().said)

    for _ in range(3):
        hook.put("x" * (WAITING_CHARACTERS_MAX // 2))

    assert hook.waiting == 2
    await hook.stop()


async def test_the_end_ends_what_runs(pipe: Path) -> None:
    """No program outlives its node, and none is started any more."""
    hook = Hook(f"sleep 1000 > {pipe} & wait", Troubles().said)
    hook.put("x")
    reader = os.fdopen(await asyncio.to_thread(os.open, pipe, os.O_RDONLY))

    await hook.stop()

    assert await asyncio.to_thread(reader.read) == ""
    reader.close()


def test_a_program_may_leave_its_input_unread() -> None:
    """On the event loop that the program really has, which sees that another way than that of these tests."""
    troubles: list[str] = []

    async def main() -> int:
        over = asyncio.Event()

        def said(what: str, detail: str) -> None:
            troubles.append(what)
            if len(troubles) == 50:
                over.set()

        hook = Hook("exit 3", said)
        for _ in range(50):
            hook.put("x" * 100_000)
        await over.wait()
        await hook.stop()
        return 0

    assert ending.run(main) == 0
    assert set(troubles) == {"a program failed"}
