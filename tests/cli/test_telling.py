"""What people read of events, and of what strangers say in them."""

import pytest

from rumor.aio.rumors import Lost, Run
from rumor.cli.telling import color_of, lost_line, readable_lines, run_lines
from rumor.core import frames
from rumor.core.events import (
    Event,
    LostReason,
    NeighborDown,
    NeighborUp,
    Reason,
    RumorHeard,
    RumorsLost,
    RunDelivered,
    Strike,
    TwoLives,
)
from rumor.core.ids import Address
from rumor.core.messages import Gossip

BO = Address("10.1.2.3", 4002)


def delivered(*payloads: bytes, topic: str = "", own: bool = False) -> RunDelivered:
    """A run of such rumors, the first of them number 7."""
    run = frames.Run("10.1.2.3:4002", 1, frames.Lane.APP, 3, 7, 1_712_345_678_250_000, topic, list(payloads))
    return RunDelivered(run, own, ordered=True, fresh=True)


@pytest.mark.parametrize(
    ("event", "lines"),
    [
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
