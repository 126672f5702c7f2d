"""The program that tells scenarios."""

import pytest

from rumor.sim import World
from rumor.sim.__main__ import WIDTH, main
from rumor.sim.scenarios import SCENARIOS


def quiet(number: int) -> World:
    """Nothing happens, but for number 2."""
    world = World(number)
    world.run(1.0)
    world.figures["weight"] = number
    world.check("it is the second" if number == 2 else None)
    return world


@pytest.fixture(autouse=True)
def one_more_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    """`quiet` is there too."""
    monkeypatch.setitem(SCENARIOS, "quiet", quiet)


def test_without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with the first line of its docstring."""
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(SCENARIOS)
    assert f"{'quiet':{WIDTH}} Nothing happens, but for number 2." in lines


def test_numbers_are_told_one_after_another(capsys: pytest.CaptureFixture[str]) -> None:
    """A failure is told with the command that repeats it, and does not end the telling."""
    assert main(["quiet", "--numbers", "1-3"]) == 1
    out = capsys.readouterr().out
    assert "quiet 1: fine, 1 s" in out
    assert "world 2 at 1.000 s: it is the second\n  again: python -m rumor.sim quiet --number 2" in out
    assert "quiet 3: fine" in out
    assert "quiet: 1 of 3 failed" in out
    assert "    weight: 1 to 3, median 3, p99 3\n" in out
    assert main(["quiet", "--number", "1"]) == 0


@pytest.mark.parametrize("arguments", [["nothing"], ["quiet", "--numbers", "1"], ["quiet", "--number", "x"]])
def test_wrong_use_exits_with_2(arguments: list[str]) -> None:
    """An unknown name, no range, no number."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
