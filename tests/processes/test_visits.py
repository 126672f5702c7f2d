"""`rumor publish` and `rumor listen`: peers for one purpose."""

import contextlib
import json
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes.harness import Program, Rumor, wait_until
from tests.processes.test_joining import peer
from tests.processes.test_pairings import classic_peer, our_seeds
from tests.processes.test_program import outcome


@pytest.fixture
def first(stack: ExitStack, tmp_path: Path) -> Rumor:
    """A network of one peer."""
    return peer(stack, tmp_path, "--first")


def listener(stack: ExitStack, directory: Path, to: Rumor, *arguments: str) -> Program:
    """`rumor listen`, which has found its network."""
    command = [sys.executable, "-m", "rumor", "listen", "--join", to.address, *arguments]
    program = stack.enter_context(Program(command, directory))
    wait_until(lambda: any("listening at" in line for line in program.errors), "it has a neighbor")
    return program


def test_publish_reaches_everybody_and_says_how_many(stack: ExitStack, tmp_path: Path, first: Rumor) -> None:
    """It joins, says its text, waits for the acknowledgements, leaves and exits 0; nobody takes it for dead."""
    second = peer(stack, tmp_path, "--join", first.address)
    second.wait_event("neighbor_up", neighbor=first.address)

    assert outcome(tmp_path, "publish", "grüß\ndich", "--topic", "news", "--join", first.address) == (
        0,
        "2 peers have it\n",
        "",
    )

    for node in (first, second):
        node.wait_event("rumor", payload="grüß\ndich", topic="news", number=1)
    first.wait_event("neighbor_down", reason="left")
    assert list(first.events("dead")) == []


def test_publish_tells_scripts_in_json(tmp_path: Path, first: Rumor) -> None:
    """One object: the number, how many peers, and whether these are all."""
    code, output, errors = outcome(tmp_path, "publish", "x", "--json", "--join", first.address)

    assert (code, errors) == (0, "")
    assert json.loads(output) == {"event": "delivered", "number": 1, "peers": 1, "complete": True}


def test_publish_takes_lines_from_standard_input(tmp_path: Path, first: Rumor) -> None:
    """Each line is a rumor, blank ones excepted; one that is too long is said, and the exit code 1."""
    given = "one\n\n two \n" + "x" * ((1 << 20) + 1) + "\nlast"

    code, output, errors = outcome(tmp_path, "publish", "-", "--join", first.address, stdin=given)

    first.wait_event("rumor", payload="last", number=3)
    assert [event["payload"] for event in first.events("rumor")] == ["one", " two ", "last"]
    assert (code, output) == (1, "1 peer has it\n")
    assert errors.startswith("rumor: a line was not published: ")
    assert len(errors.splitlines()) == 1


def test_publish_carries_much(tmp_path: Path, first: Rumor) -> None:
    """A payload of a mebibyte, and then 20,000 lines, arrive whole."""
    code, *_ = outcome(tmp_path, "publish", "-", "--join", first.address, stdin="y" * (1 << 20))
    assert code == 0
    assert len(first.wait_event("rumor", number=1)["payload"]) == 1 << 20

    lines = "\n".join(f"line {number}" for number in range(20_000))
    assert outcome(tmp_path, "publish", "-", "--join", first.address, stdin=lines) == (0, "1 peer has it\n", "")


@pytest.mark.parametrize("way", ["--seed", "--join"])
def test_publish_without_anybody_is_one_clear_line(tmp_path: Path, way: str) -> None:
    """Nobody was reached in time: exit code 1, and the last line says so."""
    code, output, errors = outcome(tmp_path, "publish", "x", way, "127.0.0.1:9", "--timeout", "0.5")

    assert (code, output) == (1, "")
    assert errors.splitlines()[-1] == "rumor: nobody was reached within 0.5 s"


def test_publish_into_another_network_reaches_nobody(tmp_path: Path, first: Rumor) -> None:
    """The name of the network must fit; why it does not is said."""
    code, _, errors = outcome(
        tmp_path, "publish", "x", "--join", first.address, "--network", "other", "--timeout", "0.5"
    )

    assert code == 1
    assert "a node of another network was refused" in errors
    first.wait_event("error", message="a node of another network was refused")


def test_publish_reaches_original_peers_too(stack: ExitStack, tmp_path: Path) -> None:
    """Where there is a peer of ours, it passes the rumor on to its original neighbors."""
    seed = our_seeds(stack, tmp_path, 1)[0]
    bridge = peer(stack, tmp_path, "--seed", seed.address)
    classic = classic_peer(stack, tmp_path, [seed.address], "--connect", "1")
    bridge.wait_event("neighbor_up", neighbor=classic.address)

    assert outcome(tmp_path, "publish", "to all", "--join", bridge.address) == (0, "1 peer has it\n", "")

    classic.wait_logged(":GOSSIP1:to all")


def test_listen_prints_what_is_said(stack: ExitStack, tmp_path: Path, first: Rumor) -> None:
    """One line a rumor, in the original's form, until there were so many; exit code 0."""
    program = listener(stack, tmp_path, first, "--count", "3")

    for line in ("one", "\x1b[31mtwo", "three", "four"):
        first.say(line)

    assert program.wait() == 0
    said = [line.partition(":")[2] for line in program.lines]
    assert said == [
        f"{first.address}:GOSSIP1:one",
        rf"{first.address}:GOSSIP2 '\x1b[31mtwo'",
        f"{first.address}:GOSSIP3:three",
    ]


def test_listen_hears_the_topics_that_it_wants(stack: ExitStack, tmp_path: Path, first: Rumor) -> None:
    """By a pattern; in JSON with every field of a node's own."""
    program = listener(stack, tmp_path, first, "--topic", "rooms.*", "--json", "--count", "2")
    for topic in ("rooms.kitchen", "weather", "rooms", "rooms.hall"):
        code, *_ = outcome(tmp_path, "publish", f"in {topic}", "--topic", topic, "--join", first.address)
        assert code == 0

    assert program.wait() == 0
    heard = [json.loads(line) for line in program.lines]
    assert [(event["event"], event["topic"], event["payload"]) for event in heard] == [
        ("rumor", "rooms.kitchen", "in rooms.kitchen"),
        ("rumor", "rooms.hall", "in rooms.hall"),
    ]
    assert heard[0].keys() == first.wait_event("rumor", topic="rooms.kitchen").keys()


def test_listen_misses_nothing_of_a_burst(stack: ExitStack, tmp_path: Path, first: Rumor) -> None:
    """Of 50,000 rumors at once every one is printed, in order."""
    program = listener(stack, tmp_path, first, "--count", "50000")

    code, *_ = outcome(tmp_path, "publish", "-", "--join", first.address, stdin="\n".join(map(str, range(50_000))))

    assert code == 0
    assert program.wait(60) == 0
    assert [int(line.rpartition(":")[2]) for line in program.lines] == list(range(50_000))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_listening(
    stack: ExitStack, tmp_path: Path, first: Rumor, number: signal.Signals, code: int
) -> None:
    """It leaves politely: its neighbor hears a goodbye."""
    program = listener(stack, tmp_path, first)

    program.signal(number)

    assert program.wait() == code
    assert program.lines == []
    first.wait_event("neighbor_down", reason="left")


def test_listen_ends_when_nobody_reads(stack: ExitStack, tmp_path: Path, first: Rumor) -> None:
    """`rumor listen | head -1` ends with the first line that can't be printed."""
    command = f"{sys.executable} -m rumor listen --join {first.address} | head -1"
    pipeline = stack.enter_context(Program(["/bin/sh", "-c", command], tmp_path))
    wait_until(lambda: any("listening at" in line for line in pipeline.errors), "it has a neighbor")

    first.say("one")
    pipeline.wait_text("GOSSIP1:one")
    wait_until(lambda: ended(first, pipeline), "it has left")

    assert pipeline.wait() == 0


def ended(speaker: Rumor, pipeline: Program) -> bool:
    """Say one thing more; whether the pipeline has ended."""
    speaker.say("more")
    return pipeline.process.poll() is not None


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["publish"], "TEXT"),
        (["publish", "x", "--join", "nowhere"], "nowhere"),
        (["publish", "x", "--join", "127.0.0.1:9", "--timeout", "0"], "timeout"),
        (["publish", "x", "--join", "127.0.0.1:9", "--network", "a\nb"], "network"),
        (["listen", "--join", "127.0.0.1:9", "--topic", "a..b"], "a..b"),
        (["listen", "--join", "127.0.0.1:9", "--count", "0"], "count"),
        (["listen", "--join", "127.0.0.1:9", "--host", "0.0.0.0"], "--insecure"),
    ],
)
def test_wrong_use_exits_2(tmp_path: Path, arguments: list[str], hint: str) -> None:
    """It names what is wrong, without a traceback."""
    code, output, errors = outcome(tmp_path, *arguments)

    assert (code, output) == (2, "")
    assert hint in errors
    assert len(errors.splitlines()) == 1


def test_an_interrupted_publish_exits_130(tmp_path: Path) -> None:
    """Ctrl-C while nobody is reached yet."""
    command = [sys.executable, "-m", "rumor", "publish", "x", "--join", "127.0.0.1:9", "--timeout", "60"]
    with Program(command, tmp_path, stdin=subprocess.DEVNULL) as program:
        wait_until(lambda: listens(program.pid), "it listens")
        program.signal(signal.SIGINT)

        assert program.wait() == 130
        assert program.errors == []


def listens(pid: int) -> bool:
    """Whether a process has sockets, and so an event loop that takes signals."""
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            if "socket:" in str(path.readlink()):
                return True
    return False
