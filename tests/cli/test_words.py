"""What people read of events, and of what strangers say in them."""

import pytest

from rumor.aio.rumors import Lost, Run
from rumor.cli.words import Level, color_of, level_of, lost_line, readable_lines, run_lines
from rumor.core import frames
from rumor.core.events import (
    Accused,
    DeathReported,
    Event,
    LostReason,
    MemberChanged,
    NeighborDown,
    NeighborUp,
    PeerStruckOff,
    Problem,
    ReachChanged,
    Reason,
    Registered,
    RumorHeard,
    RumorsLost,
    RunDelivered,
    SelfRefuted,
    Strike,
    TwoLives,
)
from rumor.core.frames import Verdict
from rumor.core.ids import Address
from rumor.core.members import Change, Member, Reach, State
from rumor.core.messages import DeadNode, Gossip

BO = Address("10.1.2.3", 4002)


def delivered(*payloads: bytes, topic: str = "", own: bool = False) -> RunDelivered:
    """A run of such rumors, the first of them number 7."""
    run = frames.Run("10.1.2.3:4002", 1, frames.Lane.APP, 3, 7, 1_712_345_678_250_000, topic, list(payloads))
    return RunDelivered(run, own, ordered=True, fresh=True)


def changed(state: State, before: State | None, *, name: str = "bo", **tags: str) -> MemberChanged:
    """A member in a state, with tags that it did not have before."""
    was = None if before is None else Member(name, BO, before, 5, 0, {}, 1.0)
    return MemberChanged(Change(Member(name, BO, state, 5, 0, tags, 2.0), was))


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (Registered(BO, renewed=False), ["Registered -- with seed 10.1.2.3:4002"]),
        (Registered(BO, renewed=True), ["Registered -- with seed 10.1.2.3:4002, again"]),
        (changed(State.ALIVE, None), ["Member -- 10.1.2.3:4002 (bo): alive"]),
        (changed(State.ALIVE, None, room="hall"), ["Member -- 10.1.2.3:4002 (bo): alive, room=hall"]),
        (changed(State.DEAD, State.SUSPECT), ["Member -- 10.1.2.3:4002 (bo): dead (was suspect)"]),
        (
            changed(State.ALIVE, State.ALIVE, b="\x1b", a="x y", name="10.1.2.3:4002"),
            [r"Member -- 10.1.2.3:4002: alive, a='x y' b='\x1b'"],
        ),
        (ReachChanged(Reach(5, 8, True, 1.0)), ["Parted -- 5 of 8 members are on this side"]),
        (ReachChanged(Reach(8, 8, False, 1.0)), ["Whole -- 8 of 8 members are on this side"]),
        (Accused("bo", Verdict.SILENT, 3, 2, 3.0, 0.0), ["Accused -- bo: silent"]),
        (SelfRefuted(("bo", "c y"), 1), ["Refuted -- we live; doubted by bo, 'c y'"]),
        (PeerStruckOff(BO, "bo"), ["Struck Off -- 10.1.2.3:4002 (bo) did not answer"]),
        (delivered(b"a", b"b", own=True), ["Said -- GOSSIP7:a", "Said -- GOSSIP8:b"]),
        (delivered(b"\x1b[2J", own=True), [r"Said -- GOSSIP7 '\x1b[2J'"]),
        (delivered(b"a"), ["1712345678.250000:10.1.2.3:4002:GOSSIP7:a"]),
        (delivered(b"a", topic="news"), ["[news] 1712345678.250000:10.1.2.3:4002:GOSSIP7:a"]),
        (delivered(b"a", topic="\n"), [r"['\n'] 1712345678.250000:10.1.2.3:4002:GOSSIP7:a"]),
        (RumorHeard(Gossip("1.5", BO, 7, ":a")), ["1.5:10.1.2.3:4002:GOSSIP7:a"]),
        (NeighborUp(BO, Reason.ASKED, "10.1.2.3:4002", 2), ["Neighbor -- 10.1.2.3:4002: we asked it"]),
        (NeighborUp(BO, Reason.ASKED, "bo", 2), ["Neighbor -- 10.1.2.3:4002 (bo): we asked it"]),
        (NeighborUp(BO, Reason.ASKED, "\x1b[2J", 2), [r"Neighbor -- 10.1.2.3:4002 ('\x1b[2J'): we asked it"]),
        (NeighborDown(BO, Reason.LEFT), ["Neighbor Lost -- 10.1.2.3:4002: it said goodbye: it stops"]),
        (Strike(BO, 2), ["Strike 2 -- 10.1.2.3:4002 did not answer"]),
        (RumorsLost("bo", 5, 7, 9, LostReason.UNOBTAINABLE), ["Lost -- GOSSIP7 to 9 of bo: no neighbor has them"]),
        (TwoLives("bo", 6), ["Two Lives -- another process lives as bo: this one says nothing more"]),
    ],
)
def test_an_event_is_told_to_people(event: Event, lines: list[str]) -> None:
    """In the log's words where it has any; what others chose is made harmless."""
    assert readable_lines(event) == lines


def test_a_single_one_that_is_lost_is_no_range() -> None:
    """Words agree with their number."""
    assert lost_line(Lost("bo", 5, 7, 7, LostReason.NOT_READ)) == (
        "Lost -- GOSSIP7 of bo: the subscriber did not read in time"
    )


def test_a_subscribers_run_is_told_as_a_nodes() -> None:
    """`rumor listen` prints the lines that `rumor peer` prints."""
    run = Run("10.1.2.3:4002", 1, 7, 1712345678.25, "news", [b"a", b""])

    assert run_lines(run) == [
        "[news] 1712345678.250000:10.1.2.3:4002:GOSSIP7:a",
        "[news] 1712345678.250000:10.1.2.3:4002:GOSSIP8",
    ]


@pytest.mark.parametrize(
    ("event", "color"),
    [
        (NeighborUp(BO, Reason.ASKED), "green"),
        (RumorsLost("bo", 5, 7, 9, LostReason.EXPIRED), "yellow"),
        (RumorHeard(Gossip("1.5", BO, 7)), "cyan"),
    ],
)
def test_lines_have_the_colour_of_what_happened(event: Event, color: str) -> None:
    """Good news, trouble, and what is said."""
    assert color_of(event) == color


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (Problem("x"), Level.ERROR),
        (Strike(BO, 1), Level.WARNING),
        (changed(State.SUSPECT, State.ALIVE), Level.WARNING),
        (changed(State.DEAD, None), Level.WARNING),
        (changed(State.ALIVE, State.SUSPECT), Level.INFO),
        (changed(State.ALIVE, State.ALIVE, room="hall"), Level.INFO),
        (changed(State.ALIVE, State.ALIVE), Level.DEBUG),
        (Registered(BO, renewed=False), Level.INFO),
        (Registered(BO, renewed=True), Level.DEBUG),
        (delivered(b"x"), Level.INFO),
    ],
)
def test_events_matter_more_or_less(event: Event, level: Level) -> None:
    """What is in the way more than what comes, and what comes more than what stays as it is."""
    assert level_of(event) == level


def test_a_report_has_the_originals_words_alone() -> None:
    """As it stands in the log, without a colour."""
    report = DeathReported(DeadNode(BO, "1.5", "127.0.0.1"), ())

    assert (readable_lines(report), color_of(report)) == (["Dead Node:10.1.2.3:4002:1.5:127.0.0.1"], None)
