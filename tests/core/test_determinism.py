"""The same seed number and inputs give the same outputs, to the byte."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .helpers import SEED_NUMBERS
from .history import history


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_the_same_seed_number_gives_the_same_history(number: int) -> None:
    """Two networks that begin alike and are treated alike do the same, in the same order."""
    assert list(history(number)) == list(history(number))


def test_another_seed_number_gives_another_history() -> None:
    """Chance matters: the histories that are compared are not the same for want of it."""
    assert len({tuple(history(number)) for number in SEED_NUMBERS}) == len(SEED_NUMBERS)


@pytest.mark.process
def test_the_history_is_the_same_whatever_salt_hashes_have() -> None:
    """Two processes with different PYTHONHASHSEEDs print the same history."""
    here = Path(__file__).parent
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", f"{here.name}.history", "7"],
            cwd=here.parent,
            env={**os.environ, "PYTHONHASHSEED": salt},
            stdout=subprocess.PIPE,
        )
        for salt in ("1", "2")
    ]

    first, second = (process.communicate()[0].decode() for process in processes)

    assert first == second
    assert [process.returncode for process in processes] == [0, 0]
    assert first.split("\n") == list(history(7))
