"""The classic logs: their lines, and files that can't be written."""

from pathlib import Path

import msgspec
import pytest

from rumor.aio.logs import SHOWN_BYTES_MAX, LogFile, classic_lines, problem_text, rumor_lines
from rumor.core.events import (
    Alone,
    DeathReceived,
    DeathReported,
    Event,
    NeighborDied,
    NeighborDown,
    NeighborUp,
    PeerListReceived,
    PeerRegistered,
    Problem,
    Reason,
    Registered,
    RumorHeard,
    RunDelivered,
    Strike,
)
from rumor.core.frames import Lane, Run
from rumor.core.ids import Address
from rumor.core.messages import DeadNode, Gossip

SEED = Address("127.0.0.1", 3400)
ANA = Address("127.0.0.1", 4001)
BO = Address("10.1.2.3", 4002)
REPORT = DeadNode(BO, "1712345678.25", "127.0.0.1")
FULL = Path("/dev/full")


def run_of(*payloads: bytes) -> Run:
    """A run of such rumors, the first of them number 7."""
    return Run("10.1.2.3:4002", 1, Lane.APP, 3, 7, 1_712_345_678_000_025, "", list(payloads))


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (PeerRegistered(ANA, new=True), ["Received Connection -- 127.0.0.1:4001"]),
        (PeerRegistered(ANA, new=False), ["Received Connection -- 127.0.0.1:4001"]),
        (DeathReceived(REPORT, listed=True), ["Dead Node:10.1.2.3:4002:1712345678.25:127.0.0.1"]),
        (DeathReceived(REPORT, listed=False), ["Dead Node:10.1.2.3:4002:1712345678.25:127.0.0.1"]),
        (DeathReported(REPORT, (SEED,)), ["Dead Node:10.1.2.3:4002:1712345678.25:127.0.0.1"]),
        (
            PeerListReceived(SEED, (BO, ANA)),
            ["Peer List -- 2 from seed 127.0.0.1:3400", "10.1.2.3:4002", "127.0.0.1:4001"],
        ),
        (PeerListReceived(SEED, ()), ["Peer List -- 0 from seed 127.0.0.1:3400"]),
        (
            RumorHeard(Gossip("1712345678.25", BO, 7)),
            ["1712345678.25:10.1.2.3:4002:GOSSIP7"],
        ),
        (
            RumorHeard(Gossip("1712345678.25", BO, 7, ":a:b\tgr\u00fc\u00df")),
            ["1712345678.25:10.1.2.3:4002:GOSSIP7:a:b\tgr\u00fc\u00df"],
        ),
        (
            Problem("a text that fits no form", "10.1.2.3", "and 2 more like it"),
            ["Problem -- a text that fits no form (10.1.2.3): and 2 more like it"],
        ),
        (
            RunDelivered(run_of(b"a:b", b"two\nlines", b"\xff", b""), own=False, ordered=True, fresh=True),
            [
                "1712345678.000025:10.1.2.3:4002:GOSSIP7:a:b",
                r"1712345678.000025:10.1.2.3:4002:GOSSIP8 'two\nlines'",
                r"1712345678.000025:10.1.2.3:4002:GOSSIP9 b'\xff'",
                "1712345678.000025:10.1.2.3:4002:GOSSIP10",
            ],
        ),
        (
            RunDelivered(run_of(b"held back"), own=False, ordered=True, fresh=False),
            ["1712345678.000025:10.1.2.3:4002:GOSSIP7:held back"],
        ),
        (RunDelivered(run_of(b"too early"), own=False, ordered=False, fresh=True), []),
        (
            RunDelivered(
                msgspec.structs.replace(run_of(b"a text"), lane=Lane.CARRIED), own=False, ordered=True, fresh=True
            ),
            [],
        ),
        (RunDelivered(run_of(b"own"), own=True, ordered=True, fresh=True), []),
        (Registered(SEED, renewed=False), []),
        (NeighborUp(BO, Reason.ASKED), []),
        (NeighborDown(BO, Reason.DEAD), []),
        (NeighborDied(BO), []),
        (Strike(BO, 1), []),
        (Alone(1.0), []),
    ],
)
def test_an_event_leaves_the_lines_of_the_original(event: Event, lines: list[str]) -> None:
    """The original's users read in our logs what they read in its own."""
    assert list(classic_lines(event)) == lines


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (Problem("no answer"), "no answer"),
        (Problem("no answer", "10.1.2.3"), "no answer (10.1.2.3)"),
        (Problem("no answer", "", "after 5 s"), "no answer: after 5 s"),
        (Problem("no answer", "10.1.2.3", "after 5 s"), "no answer (10.1.2.3): after 5 s"),
        (Problem("no answer", "10.1.2.3", "\x1b[2Jcy\n"), r"no answer (10.1.2.3): \x1b[2Jcy\n"),
    ],
)
def test_a_problem_is_told_in_one_line(problem: Problem, told: str) -> None:
    """What is not known leaves no trace in the wording."""
    assert problem_text(problem) == told


@pytest.mark.parametrize(
    ("origin", "shown"),
    [
        ("10.1.2.3:4002", "10.1.2.3:4002"),
        ("[::1]:4002", "[::1]:4002"),
        ("ana-1.example", "ana-1.example"),
        ("10.1.2.3:4002:GOSSIP1:x", "'10.1.2.3:4002:GOSSIP1:x'"),
        ("two\nlines", r"'two\nlines'"),
        ("\x1b[2J", r"'\x1b[2J'"),
        ("of two words", "'of two words'"),
    ],
)
def test_a_name_that_could_mislead_is_quoted(origin: str, shown: str) -> None:
    """Names are chosen by others: none makes a second line, or looks like a line of another origin."""
    assert list(rumor_lines("1.5", origin, 7, [b"hello"])) == [f"1.5:{shown}:GOSSIP7:hello"]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (b"x" * SHOWN_BYTES_MAX, ":" + "x" * SHOWN_BYTES_MAX),
        (b"x" * (1 << 20), ":" + "x" * SHOWN_BYTES_MAX + "… (1048576 bytes)"),
        ("ü".encode() * SHOWN_BYTES_MAX, ":" + "ü" * (SHOWN_BYTES_MAX // 2) + "… (2046 bytes)"),
        (b"\x1b[2J\xc2\x9b", r" '\x1b[2J\x9b'"),
        (b"\xff" * 1024, " b'" + r"\xff" * SHOWN_BYTES_MAX + "'… (1024 bytes)"),
        (b"a\tb", ":a\tb"),
    ],
    ids=["longest", "a mebibyte", "cut in a letter", "escapes", "long and no text", "a tab"],
)
def test_a_payload_is_shown_without_harm(payload: bytes, shown: str) -> None:
    """Whatever is said makes one line of bounded length that does nothing to a terminal."""
    assert list(rumor_lines("1.5", "10.1.2.3:4002", 7, [payload])) == [f"1.5:10.1.2.3:4002:GOSSIP7{shown}"]


def test_lines_are_appended_at_once(tmp_path: Path) -> None:
    """What the log held is kept, and each line is in the file as soon as it is written."""
    log, troubles = log_at(tmp_path / "peerlog_4001.txt")
    (tmp_path / "peerlog_4001.txt").write_text("before\n", encoding="utf-8")

    log.write("first")
    assert (tmp_path / "peerlog_4001.txt").read_bytes() == b"before\nfirst\n"
    log.write("gr\u00fc\u00df")
    assert (tmp_path / "peerlog_4001.txt").read_bytes() == b"before\nfirst\ngr\xc3\xbc\xc3\x9f\n"

    assert troubles == []


def test_a_log_may_be_moved_away(tmp_path: Path) -> None:
    """Whoever rotates logs need not tell the node."""
    log, troubles = log_at(tmp_path / "seedlog.txt")
    log.write("old")

    (tmp_path / "seedlog.txt").rename(tmp_path / "seedlog.1.txt")
    log.write("new")

    assert (tmp_path / "seedlog.1.txt").read_text(encoding="utf-8") == "old\n"
    assert (tmp_path / "seedlog.txt").read_text(encoding="utf-8") == "new\n"
    assert troubles == []


def test_a_log_that_is_a_directory_is_told_once(tmp_path: Path) -> None:
    """The node goes on without its log, and says so a single time."""
    log, troubles = log_at(tmp_path)

    for number in range(3):
        log.write(f"line {number}")

    assert troubles == [f"the log {tmp_path} can't be written: Is a directory; going on without it"]


def test_a_log_in_a_directory_that_is_missing_is_told_once(tmp_path: Path) -> None:
    """A directory is not made up for a log."""
    log, troubles = log_at(tmp_path / "logs" / "seedlog.txt")

    for number in range(3):
        log.write(f"line {number}")

    assert len(troubles) == 1
    assert "No such file or directory" in troubles[0]
    assert not (tmp_path / "logs").exists()


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_once() -> None:
    """A disk that takes no more is no reason to end a node."""
    log, troubles = log_at(FULL)

    for number in range(3):
        log.write(f"line {number}")

    assert troubles == ["the log /dev/full can't be written: No space left on device; going on without it"]


def test_a_log_that_comes_back_is_written_again(tmp_path: Path) -> None:
    """Once the trouble is over, lines are kept as before."""
    log, troubles = log_at(tmp_path / "logs" / "seedlog.txt")
    log.write("lost")

    (tmp_path / "logs").mkdir()
    log.write("kept")

    assert (tmp_path / "logs" / "seedlog.txt").read_text(encoding="utf-8") == "kept\n"
    assert len(troubles) == 1


def log_at(path: Path) -> tuple[LogFile, list[str]]:
    """A log, and the troubles that it tells."""
    troubles: list[str] = []
    return LogFile(path, troubles.append), troubles
