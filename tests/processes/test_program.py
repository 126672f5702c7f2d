"""The program as people and scripts use it: prompts, input, exit codes, logs, ends."""

import os
import pty
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes.harness import ROOT, Program, Rumor, environment, wait_until, write_config

END_WITHIN = 2.0
"""Seconds in which a node must be over."""

COMMANDS = ("seed", "peer", "publish", "listen", "up")

NODES = (["seed", "0"], ["peer", "0", "--seed", "127.0.0.1:9"])


def rumor(stack: ExitStack, directory: Path, *arguments: str) -> Program:
    """The program, with its input open."""
    return stack.enter_context(Program([sys.executable, "-m", "rumor", *arguments], directory))


def outcome(directory: Path, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, output and errors of a run that ends by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "rumor", *arguments],
        cwd=directory, env=environment(), input=stdin, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def free_port() -> int:
    """A port that was free a moment ago, for programs that ask for one by number."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("arguments", NODES, ids=["seed", "peer"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_a_node(
    stack: ExitStack, tmp_path: Path, arguments: list[str], number: signal.Signals, code: int
) -> None:
    """SIGTERM ends a node with 0 and Ctrl-C with 130, both in time and without a traceback."""
    program = rumor(stack, tmp_path, *arguments)
    program.wait_text("Listening -- 127.0.0.1:")

    began = time.monotonic()
    program.signal(number)

    assert program.wait() == code
    assert time.monotonic() - began < END_WITHIN
    assert program.errors == []


@pytest.mark.parametrize("arguments", NODES, ids=["seed", "peer"])
def test_a_busy_port_is_one_clear_line(tmp_path: Path, arguments: list[str]) -> None:
    """A port that another holds: exit code 1 and one line that says so."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        code, _, errors = outcome(tmp_path, arguments[0], port, *arguments[2:])

    assert (code, errors) == (1, f"rumor: can't listen on 127.0.0.1:{port}: the port is already in use\n")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["seed"], "PORT is missing"),
        (["peer"], "PORT is missing"),
        (["seed", "70000"], "65535"),
        (["seed", "-1"], "-1"),
        (["seed", "x"], "PORT"),
        (["seed", "0", "--profile", "fast"], "fast"),
        (["seed", "0", "--host", "0.0.0.0"], "--insecure"),
        (["seed", "0", "--host", "::"], "--insecure"),
        (["seed", "0", "--host", "300.1.1.1"], "300.1.1.1"),
        (["peer", "0"], "config.txt"),
        (["peer", "0"], "--first"),
        (["peer", "0", "--first", "--join", "127.0.0.1:9"], "--first"),
        (["peer", "0", "--join", "127.0.0.1"], "127.0.0.1"),
        (["peer", "0", "--first", "--network", "a\nb"], "network"),
        (["peer", "0", "--first", "--name", ""], "name"),
        (["peer", "0", "--config", "missing.txt"], "missing.txt"),
        (["peer", "0", "--seed", "127.0.0.1"], "127.0.0.1"),
        (["peer", "0", "--seed", "127.0.0.1:70000"], "70000"),
        (["peer", "0", "--seed", "127.0.0.1:9", "--messages", "few"], "few"),
        (["peer", "0", "--seed", "127.0.0.1:9", "--every", "0"], "every"),
        (["up", "--peers", "0"], "peers"),
        (["up", "--base-port", "65530"], "65535"),
        (["gossip"], "gossip"),
    ],
)
def test_wrong_use_exits_2_and_says_what_is_wrong(tmp_path: Path, arguments: list[str], hint: str) -> None:
    """Every wrong use ends with code 2 and names what is wrong, without a traceback."""
    code, output, errors = outcome(tmp_path, *arguments)

    assert (code, output) == (2, "")
    assert hint in errors
    assert errors.startswith("rumor: ")
    assert len(errors.splitlines()) == 1


def test_a_malformed_line_of_the_configuration_is_named(tmp_path: Path) -> None:
    """File, line number and what is wrong; exit code 2."""
    (tmp_path / "config.txt").write_text("# seeds\n127.0.0.1:3400\n127.0.0.1:port\n")

    code, _, errors = outcome(tmp_path, "peer", "0")

    assert code == 2
    assert "config.txt, line 3: 'port' is not a port" in errors.replace("\n", " ").replace("  ", " ")


def test_an_empty_configuration_is_refused(tmp_path: Path) -> None:
    """A file without a seed is a clear error."""
    (tmp_path / "config.txt").write_text("\n# nothing\n")

    code, _, errors = outcome(tmp_path, "peer", "0")

    assert code == 2
    assert "no seed in it" in errors


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=["rumor", *COMMANDS])
def test_help_has_examples(tmp_path: Path, command: list[str]) -> None:
    """`--help` exists everywhere, exits 0 and shows an example."""
    code, output, _ = outcome(tmp_path, *command, "--help")

    assert code == 0
    assert "Example" in output


def test_version_is_the_packages(tmp_path: Path) -> None:
    """`rumor --version` prints the version of the package."""
    from rumor import __version__

    assert outcome(tmp_path, "--version") == (0, f"rumor {__version__}\n", "")


def test_completion_can_be_shown(tmp_path: Path) -> None:
    """The program prints a completion script for the shell that it was called from."""
    rumor = Path(sys.executable).with_name("rumor")
    done = subprocess.run(
        ["bash", "-c", f"'{rumor}' --show-completion; true"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert "_RUMOR_COMPLETE" in done.stdout


def test_lines_on_standard_input_are_gossiped(stack: ExitStack, tmp_path: Path) -> None:
    """Each line goes out as a numbered rumor, also one typed before there was a neighbor; blank ones do not."""
    seed = stack.enter_context(Rumor("seed", cwd=tmp_path))
    first = stack.enter_context(Rumor("peer", "--seed", seed.address, cwd=tmp_path))
    first.say("too early?")
    first.wait_event("rumor", origin=first.address, number=1)
    second = stack.enter_context(Rumor("peer", "--seed", seed.address, cwd=tmp_path))
    second.wait_event("rumor", origin=first.address, number=1, payload="too early?", topic="")

    first.say("x" * 2000)
    second.wait_event("rumor", origin=first.address, number=2, payload="x" * 2000)
    first.say("")
    first.say("ünder:way")
    second.wait_event("rumor", origin=first.address, number=3, payload="ünder:way")


def test_an_over_long_line_is_refused_once_and_whole(stack: ExitStack, tmp_path: Path) -> None:
    """Nothing of a line that is far too long is gossiped, and the line after it is."""
    peer = stack.enter_context(Rumor("peer", "--seed", "127.0.0.1:9", cwd=tmp_path))

    peer.say("x" * 2_000_000)
    peer.say("next")

    peer.wait_event("rumor", payload="next", number=1)
    assert len([event for event in peer.events("error") if event["message"] == "a line was not gossiped"]) == 1


def test_the_end_of_standard_input_ends_nothing(stack: ExitStack, tmp_path: Path) -> None:
    """A peer whose input ends goes on, and so does its gossip."""
    seed = stack.enter_context(Rumor("seed", cwd=tmp_path))
    first = stack.enter_context(Rumor("peer", "--seed", seed.address, cwd=tmp_path))
    assert first.process.stdin is not None
    first.process.stdin.close()
    more = ("--every", "0.2", "--messages", "3")
    second = stack.enter_context(Rumor("peer", "--seed", seed.address, *more, cwd=tmp_path))

    first.wait_event("rumor", origin=second.address, number=3)
    assert first.process.poll() is None
    second.wait_event("rumor", number=3)
    assert [event["number"] for event in second.events("rumor")] == [1, 2, 3]


def test_a_closed_output_ends_the_node_with_a_word(stack: ExitStack, tmp_path: Path) -> None:
    """When nobody can read standard output any more the node says so and exits 1."""
    seed = rumor(stack, tmp_path, "seed", "0", "--json")
    seed.wait_text("listening")
    port = seed.lines[0].partition('"node":"127.0.0.1:')[2].partition('"')[0]
    command = [sys.executable, "-m", "rumor", "peer", "0", "--json", "--seed", f"127.0.0.1:{port}"]
    read_end, write_end = os.pipe()
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL, stdout=write_end, stderr=subprocess.PIPE
    ) as peer:
        os.close(write_end)
        os.read(read_end, 16)
        os.close(read_end)
        flood = [sys.executable, "-m", "rumor", "peer", "0", "--seed", f"127.0.0.1:{port}"]
        with Program([*flood, "--every", "0.1", "--messages", "unlimited"], tmp_path):
            _, errors = peer.communicate(timeout=30)

    assert peer.returncode == 1
    assert errors.decode() == "rumor: standard output was closed; ending\n"


def test_a_log_that_cant_be_written_is_said_once(stack: ExitStack, tmp_path: Path) -> None:
    """A full disk under the log is told once and the node goes on."""
    seed = stack.enter_context(Rumor("seed", "--log", "/dev/full", cwd=tmp_path))
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", seed.port)) as connection:
            connection.sendall(b"127.0.0.1:4001")
            assert connection.recv(1024) == b"127.0.0.1:4001"

    seed.wait_event("error")
    assert ["/dev/full" in event["message"] for event in seed.events("error")] == [True]


def test_the_original_programs_prompt_and_log(stack: ExitStack, tmp_path: Path) -> None:
    """The original's steps, word for word: config.txt, `python seed.py`, `python peer.py`, ports typed, logs kept."""
    ports = [free_port() for _ in range(3)]
    write_config(tmp_path, [f"127.0.0.1:{ports[0]}"])
    seed = stack.enter_context(Program([sys.executable, str(ROOT / "seed.py")], tmp_path))
    seed.say(str(ports[0]))
    seed.wait_text(f"Listening -- 127.0.0.1:{ports[0]}")
    assert seed.lines[0] == "Enter port number for seed: "
    peers = []
    for port in ports[1:]:
        peers.append(stack.enter_context(Program([sys.executable, str(ROOT / "peer.py")], tmp_path)))
        peers[-1].say(f"{port}\nhello from {port}")
        peers[-1].wait_text(f"Listening -- 127.0.0.1:{port}")
    assert peers[0].lines[0] == "Enter port number for peer: "

    logs = [tmp_path / f"peerlog_{port}.txt" for port in ports[1:]]
    wait_until(lambda: f":127.0.0.1:{ports[2]}:GOSSIP" in logs[0].read_text(), "gossip in the first peer's log")
    wait_until(lambda: f"hello from {ports[1]}" in logs[1].read_text(), "the typed line in the second peer's log")
    registrations = (tmp_path / "seedlog.txt").read_text().splitlines()
    assert registrations == [f"Received Connection -- 127.0.0.1:{port}" for port in ports[1:]]
    assert f"127.0.0.1:{ports[1]}" in logs[1].read_text().splitlines()


@pytest.mark.parametrize("script", ["seed.py", "peer.py"])
@pytest.mark.parametrize("typed", ["", "x\n", "70000\n", "-1\n"], ids=["nothing", "word", "above", "below"])
def test_the_original_programs_refuse_what_is_no_port(tmp_path: Path, script: str, typed: str) -> None:
    """What is no port ends them with code 2 and one line."""
    done = subprocess.run(
        [sys.executable, str(ROOT / script)],
        cwd=tmp_path, env=environment(), input=typed, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "port" in done.stderr


@pytest.mark.parametrize("script", ["seed.py", "peer.py"])
def test_the_original_programs_say_when_the_package_is_missing(tmp_path: Path, script: str) -> None:
    """Under a Python without the package they say in one line what to do."""
    done = subprocess.run(
        [sys.executable, "-S", str(ROOT / script)],
        cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "pip install ." in done.stderr


@pytest.mark.parametrize("role", ["seed", "peer"])
def test_without_a_port_the_terminal_is_asked(tmp_path: Path, role: str) -> None:
    """At a terminal `rumor seed` and `rumor peer` without PORT prompt as the original's programs do."""
    write_config(tmp_path, ["127.0.0.1:9"])
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rumor", role],
        cwd=tmp_path, env={**environment(), "TERM": "xterm"}, stdin=follower, stdout=follower, stderr=follower,
    )  # fmt: skip
    os.close(follower)
    try:
        read_until(leader, f"Enter port number for {role}: ".encode())
        os.write(leader, b"0\n")
        shown = read_until(leader, b"Listening -- 127.0.0.1:")
        assert b"\x1b[" in shown
    finally:
        process.terminate()
        assert process.wait(30) == 0
        os.close(leader)


def read_until(descriptor: int, wanted: bytes) -> bytes:
    """Read a terminal until it has shown something; the test's own timeout bounds it."""
    shown = b""
    while wanted not in shown:
        shown += os.read(descriptor, 4096)
    return shown
