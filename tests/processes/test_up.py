"""`rumor up`: a whole network of real processes, and its end."""

import json
import os
import re
import signal
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from tests.processes.harness import Program, children_of, is_running, wait_until

END_WITHIN = 2.0
"""Seconds in which everything must be over."""


def up(stack: ExitStack, directory: Path, *arguments: str) -> Program:
    """`rumor up`, small and quick."""
    small = ["--seeds", "3", "--peers", "4", "--every", "0.5"]
    return stack.enter_context(Program([sys.executable, "-m", "rumor", "up", *small, *arguments], directory))


def ended_within(program: Program, seconds: float) -> int:
    """The exit code of a program that must end in time."""
    began = time.monotonic()
    code = program.wait()
    assert time.monotonic() - began < seconds
    return code


def process_of(program: Program, role: str, address: str = "") -> tuple[str, int]:
    """Address and process of a node, from its `listening` line."""
    found = re.compile(rf"{role} +(\S*{address}) +listening, process ([0-9]+)")
    line = program.wait_line(lambda line: found.match(line) is not None, f"a {role} listening")
    match = found.match(line)
    assert match is not None
    return match[1], int(match[2])


def test_it_shows_who_joined_and_every_rumor_with_full_coverage(stack: ExitStack, tmp_path: Path) -> None:
    """Every peer joins, and each rumor's line begins with `rumor` and ends with the coverage of all."""
    program = up(stack, tmp_path, "--duration", "8")

    assert program.wait() == 0

    assert sum(line.startswith("joined ") for line in program.lines) == 4
    rumors = [line for line in program.lines if "GOSSIP" in line]
    assert len(rumors) >= 8
    assert [line for line in rumors if not re.fullmatch(r"rumor .* coverage 4/4 \(100 %\)", line)] == []
    assert program.errors == []


def test_its_logs_stay_in_a_directory_that_it_names(stack: ExitStack, tmp_path: Path) -> None:
    """At its end it names a directory that holds a log of each node and the seeds' addresses."""
    program = up(stack, tmp_path, "--duration", "5")
    program.wait()

    directory = Path(program.lines[-1].removeprefix("Logs are in "))

    names = sorted(path.name for path in directory.iterdir())
    assert names == ["config.txt", *(f"peer-{n}.log" for n in range(1, 5)), *(f"seed-{n}.log" for n in range(1, 4))]
    assert "GOSSIP" in (directory / "peer-1.log").read_text()
    assert list(tmp_path.iterdir()) == []


def test_a_visitor_hears_what_is_said(stack: ExitStack, tmp_path: Path) -> None:
    """The line that it prints is the command to listen; what a visitor publishes is shown with its coverage."""
    program = up(stack, tmp_path)
    hint = program.wait_text("To hear them: rumor ").partition(": rumor ")[2].split()
    listener = stack.enter_context(Program([sys.executable, "-m", "rumor", *hint, "--count", "2"], tmp_path))

    assert listener.wait() == 0
    assert all("GOSSIP" in line for line in listener.lines)
    publish = [sys.executable, "-m", "rumor", "publish", "from outside", *hint[1:]]
    assert stack.enter_context(Program(publish, tmp_path)).wait() == 0
    program.wait_line(lambda line: line.endswith("GOSSIP1: from outside  coverage 4/4 (100 %)"), "the visitor's rumor")
    assert [line for line in program.lines if line.startswith(("died", "problem"))] == []


def test_its_networks_keep_apart(stack: ExitStack, tmp_path: Path) -> None:
    """A visitor without the network's name is refused: each has a name of its own."""
    program = up(stack, tmp_path)
    hint = program.wait_text("To hear them: rumor ").split()
    visit = ["publish", "x", "--seed", hint[hint.index("--seed") + 1], "--timeout", "2"]
    visitor = stack.enter_context(Program([sys.executable, "-m", "rumor", *visit], tmp_path))

    assert visitor.wait() == 1
    assert any("a node of another network was refused" in line for line in visitor.errors)
    program.wait_line(lambda line: line.startswith("problem") and "another network" in line, "the refusal")


def test_ctrl_c_ends_all_of_it(stack: ExitStack, tmp_path: Path) -> None:
    """Ctrl-C at the terminal, which every process of the group gets, ends everything in time; the exit code is 130."""
    program = up(stack, tmp_path)
    program.wait_text("GOSSIP")
    children = children_of(program.pid)
    assert len(children) == 7

    os.killpg(program.pid, signal.SIGINT)

    assert ended_within(program, END_WITHIN) == 130
    assert [child for child in children if is_running(child)] == []
    assert program.errors == []


def test_ctrl_c_ends_a_stopped_node_too(stack: ExitStack, tmp_path: Path) -> None:
    """A node that can't end by itself is killed."""
    program = up(stack, tmp_path)
    program.wait_text("GOSSIP")
    children = children_of(program.pid)
    os.kill(children[-1], signal.SIGSTOP)

    program.signal(signal.SIGINT)

    assert ended_within(program, END_WITHIN) == 130
    assert [child for child in children if is_running(child)] == []


def test_ctrl_c_right_at_the_start_leaves_nothing(stack: ExitStack, tmp_path: Path) -> None:
    """An end that is asked for while nodes are still being started is obeyed."""
    program = up(stack, tmp_path)
    program.wait_text("seed ")
    children = children_of(program.pid)

    program.signal(signal.SIGINT)

    assert ended_within(program, END_WITHIN) == 130
    assert [child for child in children if is_running(child)] == []


def test_nothing_is_left_when_it_is_killed(stack: ExitStack, tmp_path: Path) -> None:
    """After `kill -9` of the parent its nodes end by themselves."""
    program = up(stack, tmp_path)
    program.wait_text("GOSSIP")
    children = children_of(program.pid)

    program.signal(signal.SIGKILL)

    wait_until(lambda: not any(map(is_running, children)), "all children gone", END_WITHIN)


def test_a_killed_peer_is_told_and_no_longer_counted(stack: ExitStack, tmp_path: Path) -> None:
    """A peer that is killed is told dead, taken off the seeds' lists, and coverage counts who is left."""
    program = up(stack, tmp_path)
    program.wait_text("coverage 4/4 (100 %)")
    address, process = process_of(program, "peer")

    os.kill(process, signal.SIGKILL)

    program.wait_line(lambda line: line.startswith("ended") and address in line and "SIGKILL" in line, "its end")
    program.wait_line(lambda line: line.startswith("died") and address in line, "its death")
    program.wait_text(f"struck {address} off its list")
    program.wait_text("coverage 3/3 (100 %)")
    assert sum(line.startswith("died") for line in program.lines) == 1


def test_json_is_all_that_it_prints(stack: ExitStack, tmp_path: Path) -> None:
    """With `--json` every line is an object with event, at and node, from the first listening to the last stopped."""
    program = up(stack, tmp_path, "--json", "--duration", "6")

    assert program.wait() == 0

    events = [json.loads(line) for line in program.lines]
    assert all({"event", "at", "node"} <= event.keys() for event in events)
    kinds = [event["event"] for event in events]
    assert kinds.count("listening") == 7
    assert kinds.count("stopped") == 7
    assert {"registered", "registration", "peer_list", "neighbor_up", "rumor"} <= set(kinds)


def test_a_busy_port_is_one_clear_line(stack: ExitStack, tmp_path: Path) -> None:
    """When a port from `--base-port` on is busy, the program says so, ends everything and exits 1."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        program = up(stack, tmp_path, "--base-port", str(port))

        assert program.wait() == 1

    assert f"rumor: can't listen on 127.0.0.1:{port}: the port is already in use" in program.errors
    assert [line for line in program.errors if not re.fullmatch(r"rumor: .* the port is already in use", line)] == []


def test_ctrl_c_at_any_moment_of_the_start_shows_no_traceback(stack: ExitStack, tmp_path: Path) -> None:
    """The nodes leave the terminal's Ctrl-C to their parent from their first moment on."""
    for moment in ("Starting", "seed ", "peer "):
        program = up(stack, tmp_path)
        program.wait_text(moment)
        os.killpg(program.pid, signal.SIGINT)
        assert program.wait() == 130
        assert program.errors == []


def test_with_its_parent_gone_it_ends(stack: ExitStack, tmp_path: Path) -> None:
    """As `make up` starts it, it ends when make is killed, and its nodes with it."""
    command = f"{sys.executable} -m rumor up --seeds 1 --peers 2 --with-parent & echo child $!; wait"
    shell = stack.enter_context(Program(["/bin/sh", "-c", command], tmp_path))
    child = int(shell.wait_text("child ").removeprefix("child "))
    shell.wait_text("joined")
    nodes = children_of(child)
    assert len(nodes) == 3

    shell.signal(signal.SIGKILL)

    wait_until(lambda: not any(map(is_running, [child, *nodes])), "all gone")


def test_it_says_why_it_ends_when_nobody_reads(stack: ExitStack, tmp_path: Path) -> None:
    """`rumor up | head -1` ends all nodes, with a word on standard error."""
    command = f"{sys.executable} -m rumor up --seeds 1 --peers 2 --every 0.2 | head -1"
    pipeline = stack.enter_context(Program(["/bin/sh", "-c", command], tmp_path))

    assert pipeline.wait() == 0
    assert pipeline.errors == ["rumor: standard output was closed; ending"]
