"""Message List: the log of runs, bounded by bytes and age, against what each reader expects of it."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from rumor.core.broadcast.message_list import LOOK_AHEAD, OVERHEAD, Entry, MessageList
from rumor.core.broadcast.streams import Stream
from rumor.core.frames import Lane, StreamId
from rumor.core.ids import Seconds
from rumor.core.settings import MessageListSettings

from .web import LIFE, stream_at

SIZE = 100
"""Bytes of each run here."""


def list_of(capacity: int, *, retention: Seconds = 60.0) -> MessageList:
    """A list that holds so many runs of `SIZE` bytes."""
    return MessageList(MessageListSettings(bytes_max=capacity * (SIZE + OVERHEAD), retention=retention))


def entry_of(stream: Stream, number: int, *, arrived: Seconds = 0.0, age: Seconds = 0.0) -> Entry:
    """A run of `SIZE` bytes with one rumor."""
    return Entry(stream, number, number, number, "", b"x" * SIZE, 1, arrived, age)


def fill(log: MessageList, stream: Stream, *numbers: int, arrived: Seconds = 0.0) -> None:
    """Let runs of a stream arrive; it heard all of them."""
    for number in numbers:
        log.append(entry_of(stream, number, arrived=arrived))
        stream.heard = max(stream.heard, number)


def numbers_in(log: MessageList) -> list[int]:
    """What is retained, oldest first."""
    return [entry.number for entry in log]


# Taking in.


def test_what_arrives_gets_the_next_position() -> None:
    """Positions count arrivals of all streams, and the list and the stream hold the same entry."""
    log, one, other = list_of(10), stream_at(), stream_at()
    first, second = entry_of(one, 1), entry_of(other, 7)

    log.append(first)
    log.append(second)

    assert (first.position, second.position, log.first, log.end) == (0, 1, 0, 2)
    assert (one.runs, other.runs) == ({1: first}, {7: second})
    assert (list(log), log.bytes) == ([first, second], 2 * (SIZE + OVERHEAD))


def test_a_second_run_of_a_stream_joins_the_first() -> None:
    """A stream's table holds all its retained runs by number."""
    log, stream = list_of(10), stream_at()

    fill(log, stream, 1, 2)

    assert list(stream.runs or ()) == [1, 2]


def test_an_empty_list_has_nothing_to_forget() -> None:
    """Neither a deadline nor anything to trim."""
    log = list_of(10)

    log.trim(1e9)

    assert (log.next_expiry(), log.first, log.end, log.bytes, list(log)) == (None, 0, 0, 0, [])


# When it is full.


def test_the_oldest_goes_when_there_is_no_room() -> None:
    """Where all are acknowledged, they go in the order of arrival, and nothing is counted."""
    log, stream = list_of(3), stream_at()
    stream.tree = 9

    fill(log, stream, 1, 2, 3, 4, 5)

    assert (numbers_in(log), log.first, log.end, log.dropped_unacknowledged) == ([3, 4, 5], 2, 5, 0)
    assert (list(stream.runs or ()), stream.first_kept) == ([3, 4, 5], 3)


def test_what_is_acknowledged_goes_before_what_is_not() -> None:
    """An older run that somebody still owes stays, and the acknowledged one behind it makes room."""
    log, owed, heard = list_of(3), stream_at(), stream_at()
    fill(log, owed, 1, 2)
    fill(log, heard, 7)
    heard.tree = 7

    fill(log, owed, 3)

    assert (numbers_in(log), log.dropped_unacknowledged) == ([1, 2, 3], 0)
    assert (heard.runs, heard.first_kept) == (None, 8)
    assert log.first == 0


def test_an_unacknowledged_run_that_must_go_is_counted() -> None:
    """If none is acknowledged the oldest goes, and that is shown."""
    log, stream = list_of(3), stream_at()

    fill(log, stream, 1, 2, 3, 4, 5)

    assert (numbers_in(log), log.dropped_unacknowledged, stream.first_kept) == ([3, 4, 5], 2, 3)


def test_acknowledged_runs_are_looked_for_among_the_oldest_only() -> None:
    """Behind many that are owed one that is not is no more found, so that each arrival costs little."""
    log, owed, heard = list_of(LOOK_AHEAD + 1), stream_at(), stream_at()
    fill(log, owed, *range(1, LOOK_AHEAD + 1))
    fill(log, heard, 1)
    heard.tree = 1

    fill(log, owed, LOOK_AHEAD + 1)

    assert (log.dropped_unacknowledged, owed.first_kept, list(heard.runs or ())) == (1, 2, [1])


def test_holes_left_by_acknowledged_runs_are_passed_over() -> None:
    """An entry that already went is neither looked at again nor counted."""
    log, owed, heard = list_of(3), stream_at(), stream_at()
    heard.tree = 9
    fill(log, owed, 1)
    fill(log, heard, 7, 8)

    fill(log, owed, 2, 3, 4)

    assert (numbers_in(log), log.dropped_unacknowledged) == ([2, 3, 4], 1)
    assert log.first == 3


def test_a_long_row_of_dropped_entries_is_jumped_over() -> None:
    """Where the oldest entry is owed and all behind it as far as is looked went, it goes, and the row with it."""
    log, owed, heard = list_of(3), stream_at(), stream_at()
    heard.tree = 10 * LOOK_AHEAD
    fill(log, owed, 1)
    fill(log, heard, *range(1, 2 * LOOK_AHEAD))

    assert (numbers_in(log), log.dropped_unacknowledged) == (
        [2 * LOOK_AHEAD - 3, 2 * LOOK_AHEAD - 2, 2 * LOOK_AHEAD - 1],
        1,
    )


def test_the_newest_run_stays_however_large_it_is() -> None:
    """A run above the whole bound is alone in the list, until the next comes."""
    log, stream = list_of(1), stream_at()
    stream.tree = 9
    fill(log, stream, 1)
    log.append(Entry(stream, 2, 2, 2, "", b"x" * 5 * SIZE, 1, 0.0, 0.0))

    assert (numbers_in(log), log.bytes) == ([2], 5 * SIZE + OVERHEAD)
    fill(log, stream, 3)
    assert (numbers_in(log), log.bytes) == ([3], SIZE + OVERHEAD)


def test_the_empty_front_is_let_go_of() -> None:
    """The log does not grow with all that ever arrived, and positions go on as if it did."""
    log, stream = list_of(3), stream_at()
    stream.tree = 10_000

    fill(log, stream, *range(1, 5_001))

    assert len(log.log) < 2_100
    assert (log.first, log.end, numbers_in(log)) == (4_997, 5_000, [4_998, 4_999, 5_000])
    assert [entry.position for entry in log] == [4_997, 4_998, 4_999]


# Age.


def test_what_is_older_than_the_retention_goes() -> None:
    """A run is kept for the retention and no longer, and its way here counts."""
    log, stream = list_of(10, retention=60.0), stream_at()
    log.append(entry_of(stream, 1, arrived=0.0))
    log.append(entry_of(stream, 2, arrived=1.0, age=0.5))
    log.append(entry_of(stream, 3, arrived=2.0))

    assert log.next_expiry() == 60.0
    log.trim(59.9)
    assert numbers_in(log) == [1, 2, 3]
    log.trim(60.0)
    assert (numbers_in(log), log.next_expiry()) == ([2, 3], 60.5)
    log.trim(62.0)
    assert (numbers_in(log), log.next_expiry(), stream.first_kept, stream.runs) == ([], None, 4, None)


def test_trimming_passes_over_what_is_not_there_any_more() -> None:
    """Entries that went for want of room do not hold back older ones behind them."""
    log, owed, heard = list_of(4, retention=60.0), stream_at(), stream_at()
    fill(log, owed, 1)
    fill(log, heard, 1, 2)
    fill(log, owed, 2)
    heard.tree = 2
    fill(log, owed, 3, 4, arrived=30.0)
    assert numbers_in(log) == [1, 2, 3, 4]

    log.trim(61.0)

    assert (numbers_in(log), log.next_expiry(), log.dropped_unacknowledged) == ([3, 4], 90.0, 0)


# Against a model.


class MessageListMachine(RuleBasedStateMachine):
    """The list against a plain list of all that arrived, while streams are acknowledged and time goes on."""

    CAPACITY = 6
    RETENTION = 10.0

    def __init__(self) -> None:
        super().__init__()
        self.log = list_of(self.CAPACITY, retention=self.RETENTION)
        self.streams = [stream_at(id=StreamId(name, LIFE, Lane.APP)) for name in "abc"]
        self.arrived: list[Entry] = []
        self.now = 0.0

    @rule(which=st.integers(0, 2), size=st.integers(0, 3 * SIZE), age=st.integers(0, 12), skip=st.integers(0, 2))
    def arrive(self, which: int, size: int, age: int, skip: int) -> None:
        stream = self.streams[which]
        number = max((entry.number for entry in self.arrived if entry.stream is stream), default=0) + 1 + skip
        entry = Entry(stream, number, number, number, "", b"x" * size, 1, self.now, float(age))
        self.log.append(entry)
        stream.heard = number
        assert entry.position == len(self.arrived)
        self.arrived.append(entry)

    @rule(which=st.integers(0, 2), back=st.integers(0, 3))
    def acknowledge(self, which: int, back: int) -> None:
        stream = self.streams[which]
        stream.tree = max(stream.tree, stream.heard - back)

    @rule(step=st.integers(0, 6))
    def trim(self, step: int) -> None:
        self.now += step
        self.log.trim(self.now)
        front = next(iter(self.log), None)
        assert front is None or self.now - front.arrived + front.age < self.RETENTION

    @invariant()
    def it_is_within_its_bytes(self) -> None:
        kept = list(self.log)
        assert self.log.bytes == sum(len(entry.raw) + OVERHEAD for entry in kept)
        assert self.log.bytes <= self.CAPACITY * (SIZE + OVERHEAD) or len(kept) == 1

    @invariant()
    def it_is_in_order_and_at_the_told_positions(self) -> None:
        positions = [entry.position for entry in self.log]
        assert positions == sorted(positions)
        assert all(self.log.log[entry.position - self.log.base] is entry for entry in self.log)
        assert self.log.end == len(self.arrived)
        assert not positions or self.log.first == positions[0]

    @invariant()
    def streams_know_what_is_retained(self) -> None:
        for stream in self.streams:
            kept = {entry.number: entry for entry in self.log if entry.stream is stream}
            assert (stream.runs or {}) == kept
            brought = {entry.number for entry in self.arrived if entry.stream is stream}
            assert {number for number in brought if number >= stream.first_kept} <= set(kept)


def test_the_list_is_within_its_bounds_whatever_arrives() -> None:
    """Bytes, positions, and what streams say is retained agree with a plain model, for any order of inputs."""
    run_state_machine_as_test(
        MessageListMachine,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )


# What nobody was there to hear.


def test_what_is_held_does_not_grow_old_until_it_is_released() -> None:
    """It is neither dropped nor due; from the release on it has as long as any other."""
    log, stream = list_of(10), stream_at()
    fill(log, stream, 1, 2)
    for entry in log:
        entry.held = entry.number == 1

    log.trim(1000.0)
    assert (numbers_in(log), log.next_expiry()) == ([1, 2], None)

    log.release(1000.0)
    assert log.next_expiry() == 1060.0
    log.trim(1059.0)
    assert numbers_in(log) == [1, 2]
    log.trim(1060.0)
    assert numbers_in(log) == []


def test_what_is_held_goes_when_there_is_no_room() -> None:
    """The bound by bytes stands above it."""
    log, stream = list_of(2), stream_at()
    fill(log, stream, 1)
    for entry in log:
        entry.held = True

    fill(log, stream, 2, 3)

    assert numbers_in(log) == [2, 3]
