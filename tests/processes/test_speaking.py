"""Speaking to a node: one that is stopped, a seed, and with an output that takes nothing."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes.harness import Rumor, environment, wait_until, write_config
from tests.processes.test_joining import peer
from tests.processes.test_members_program import told
from tests.processes.test_pairings import our_seeds
from tests.processes.test_program import outcome


@pytest.fixture
def first(stack: ExitStack, tmp_path: Path) -> Rumor:
    """A network of one peer."""
    return peer(stack, tmp_path, "--first")


# Nodes that are stopped.


@pytest.mark.parametrize("command", [["members"], ["ask", "x"], ["publish", "x", "--timeout", "0.1"], ["listen"]])
def test_a_node_that_is_stopped_is_not_waited_for(tmp_path: Path, first: Rumor, command: list[str]) -> None:
    """It takes connections and answers nothing: after some seconds that is said, exit code 1."""
    first.signal(signal.SIGSTOP)

    assert outcome(tmp_path, *command) == (1, "", "rumor: the node does not answer: is it stopped, or far too busy?\n")


# An output that takes nothing.


@pytest.mark.parametrize("command", ["members", "tags --json", "neighbors", "publish x --timeout 0.1", "--help"])
def test_a_full_disk_is_one_line(tmp_path: Path, first: Rumor, command: str) -> None:
    """What was asked for is not there: exit code 1, and no traceback."""
    shell = f"exec {sys.executable} -m rumor {command} > /dev/full"
    done = subprocess.run(
        ["/bin/sh", "-c", shell],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("rumor: ")
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_pipe_that_nobody_reads_ends_a_command(tmp_path: Path, first: Rumor) -> None:
    """As other programs end there: without a word, and not as if all were well."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with subprocess.Popen(
        [sys.executable, "-m", "rumor", "members"],
        cwd=tmp_path, env=environment(), stdout=write_end, stderr=subprocess.PIPE,
    ) as command:  # fmt: skip
        os.close(write_end)
        _, errors = command.communicate(timeout=30)

    assert (command.returncode, errors) == (1, b"")


# Seeds.


def test_a_seed_lists_its_peers(stack: ExitStack, tmp_path: Path) -> None:
    """With a peer's fields, without a peer here by itself; with one, when it is named."""
    (seed,) = our_seeds(stack, tmp_path, 1)
    assert told(tmp_path, "members") == []
    node = peer(stack, tmp_path, "--seed", seed.address, "--name", "kitchen")
    node.wait_event("registered")

    wait_until(lambda: [one["name"] for one in told(tmp_path, "members", "--node", seed.address)] == ["kitchen"], "it")
    (listed,) = told(tmp_path, "members", "--node", seed.address)
    (known,) = told(tmp_path, "members")
    assert list(listed) == list(known)
    assert (listed["address"], listed["state"], listed["epoch"]) == (node.address, "alive", known["epoch"])
    table = outcome(tmp_path, "members", "--node", seed.address)[1].splitlines()
    assert (table[0].split()[0], table[1].split()[0], table[-1]) == ("NAME", "kitchen", "1 member: 1 alive")


@pytest.mark.parametrize("command", [["why", "x"], ["neighbors"], ["publish", "x"], ["ask", "x"], ["tags"], ["listen"]])
def test_a_seed_says_what_it_cant_do(stack: ExitStack, tmp_path: Path, command: list[str]) -> None:
    """When it is named; else it is no node that could do that. One line, exit code 1."""
    (seed,) = our_seeds(stack, tmp_path, 1)

    for more, said in ((["--node", seed.address], "is a seed"), ([], "no peer runs here")):
        code, output, errors = outcome(tmp_path, *command, *more)
        assert (code, output) == (1, "")
        assert said in errors
        assert len(errors.splitlines()) == 1


def test_without_a_name_the_peer_is_meant(stack: ExitStack, tmp_path: Path) -> None:
    """And not the seed beside it, whatever it is told to do."""
    (seed,) = our_seeds(stack, tmp_path, 1)
    node = peer(stack, tmp_path, "--seed", seed.address)

    assert outcome(tmp_path, "leave") == (0, "it has left\n", "")

    assert node.wait() == 0
    assert seed.process.poll() is None
    assert outcome(tmp_path, "leave") == (0, "it has left\n", "")
    assert seed.wait() == 0


def test_a_seed_has_no_time_to_come_back(stack: ExitStack, tmp_path: Path) -> None:
    """Nobody would hear of it: refused, and it goes on."""
    (seed,) = our_seeds(stack, tmp_path, 1)

    code, output, errors = outcome(tmp_path, "leave", "--back-in", "5")

    assert (code, output) == (1, "")
    assert "for good" in errors
    assert seed.process.poll() is None


def test_a_node_that_is_named_is_meant(tmp_path: Path) -> None:
    """If it does not run nobody goes in its place, though a way is known."""
    write_config(tmp_path, ["127.0.0.1:9"])

    assert outcome(tmp_path, "publish", "x", "--node", "kitchen") == (1, "", "rumor: no node 'kitchen' runs here\n")


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e12"])
def test_no_time_at_all_is_wrong_use(tmp_path: Path, first: Rumor, seconds: str) -> None:
    """Such a node would leave for good. It goes on, exit code 2."""
    code, output, errors = outcome(tmp_path, "leave", "--back-in", seconds)

    assert (code, output) == (2, "")
    assert errors.startswith("rumor: ")
    assert first.process.poll() is None
