"""What a node may tell its application, and what it may not."""

import pytest

from rumor.core.events import LostReason, RumorHeard, RumorsLost, RunDelivered
from rumor.core.frames import Lane, Run, StreamId
from rumor.core.ids import Address
from rumor.core.messages import Gossip
from rumor.sim import Told
from rumor.sim.records import Record


def run(number: int, first: int, *payloads: bytes, lane: Lane = Lane.APP) -> Run:
    """A run of ana's."""
    return Run("ana", 5, lane, number, first, 0, "", list(payloads or [b"x"]))


def next_one(first: int, *payloads: bytes) -> RunDelivered:
    """The next run in order, for the first time."""
    return RunDelivered(run(first, first, *payloads), False, True, True)


def early(first: int, *payloads: bytes) -> RunDelivered:
    """A run above a hole."""
    return RunDelivered(run(first, first, *payloads), False, False, True)


def later(first: int, *payloads: bytes) -> RunDelivered:
    """The same again, when its turn has come."""
    return RunDelivered(run(first, first, *payloads), False, True, False)


def lost(first: int, last: int) -> RumorsLost:
    """Rumors of ana's that are given up."""
    return RumorsLost("ana", 5, first, last, LostReason.EXPIRED)


@pytest.mark.parametrize(
    "events",
    [
        [next_one(1), next_one(2, b"a", b"b"), next_one(4)],
        [next_one(7), next_one(8)],
        [next_one(1), early(3), next_one(2), later(3), next_one(4)],
        [next_one(1), early(4), lost(2, 3), later(4)],
        [lost(3, 4), next_one(5)],
    ],
    ids=["in order", "from a baseline", "a hole filled", "a hole given up", "lost at the start"],
)
def test_what_is_right_is_let_through(events: list[RunDelivered | RumorsLost]) -> None:
    """In order from the first one on, without a gap, each once."""
    record = Record(keeps_payloads=True)
    assert [told for told in (tell(record, event) for event in events) if told] == []


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ([next_one(1), next_one(1)], "twice"),
        ([next_one(1), early(3), early(3)], "twice"),
        ([next_one(1), next_one(3)], "2 comes next"),
        ([next_one(2), next_one(1)], "3 comes next"),
        ([next_one(1), later(2)], "before the first"),
        ([next_one(1), lost(2, 3), early(3)], "after it declared"),
        ([next_one(1), early(3), lost(2, 3)], "that it told"),
        ([next_one(1), lost(3, 4)], "2 comes next"),
        ([next_one(1), lost(3, 2)], "which are none"),
    ],
)
def test_what_is_wrong_is_told(events: list[RunDelivered | RumorsLost], wrong: str) -> None:
    """The last event of each history breaks a rule, and only that one."""
    record = Record(keeps_payloads=True)
    *before, last = [tell(record, event) for event in events]
    assert before == [None] * len(before)
    assert last is not None
    assert wrong in last


def test_payloads_are_kept_in_order() -> None:
    """Each told rumor counts once, and payloads stand in the order of their numbers."""
    record = Record(keeps_payloads=True)
    for event in (next_one(1, b"a", b"b"), early(4, b"d"), next_one(3, b"c"), later(4, b"d")):
        assert record.on_run(event) is None
    assert record.payloads("ana") == [b"a", b"b", b"c", b"d"]
    assert record.heard == {
        Told("ana", number, payload): 1 for number, payload in enumerate([b"a", b"b", b"c", b"d"], 1)
    }
    stream = record.streams[StreamId("ana", 5, Lane.APP)]
    assert (stream.top, stream.accounts_for(1, 4), stream.accounts_for(1, 5)) == (4, True, False)


def test_a_rumor_that_came_both_ways_is_heard_twice() -> None:
    """A text and a run with the same rumor are one rumor; a carried run is told as a text, and does not count."""
    origin = Address("10.0.0.1", 4001)
    record = Record(keeps_payloads=True)
    carried = RunDelivered(run(1, 1, b"7:10.0.0.1:4001:GOSSIP1:hi", lane=Lane.CARRIED), False, True, True)
    text = RumorHeard(Gossip("7", origin, 1, ":hi"))
    assert record.on_run(carried) is None
    assert record.on_text(text) is None
    assert record.heard == {Told("10.0.0.1:4001", 1, b"hi"): 1}
    assert record.on_text(text) is not None


def test_a_question_is_no_rumor() -> None:
    """It travels as a run does, and its stream is watched; but nobody says it to applications as something said."""
    record = Record(keeps_payloads=True)
    asked = RunDelivered(run(1, 1, b"who?", lane=Lane.ASKED), False, True, True)
    assert record.on_run(asked) is None
    assert (record.heard, record.payloads("ana")) == ({}, [])
    assert record.on_run(asked) is not None


def tell(record: Record, event: RunDelivered | RumorsLost) -> str | None:
    """Show a record an event."""
    return record.on_lost(event) if isinstance(event, RumorsLost) else record.on_run(event)


def test_what_a_text_told_leaves_no_gap() -> None:
    """A run that is told without it goes on after it."""
    record = Record(keeps_payloads=False)
    origin = Address("10.0.0.1", 3400)
    id = StreamId(str(origin), 5, Lane.APP)
    for number in (2, 3):
        assert record.on_text(RumorHeard(Gossip("1.5", origin, number))) is None

    for first in (1, 4):
        told = RunDelivered(Run(*id, first, first, 0, "", [b"x"]), False, True, True)
        assert record.on_run(told) is None

    assert record.stream(id).accounts_for(1, 4)
    assert not record.stream(id).accounts_for(1, 5)
