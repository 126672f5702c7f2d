"""Streams: the table of what was heard, bounded, and what is known of the forgotten."""

from rumor.core.broadcast.message_list import Entry
from rumor.core.broadcast.repair import Lack
from rumor.core.broadcast.streams import Stream, Streams
from rumor.core.frames import DigestEntry, Lane, StreamId

from .web import LIFE, STRANGER, STREAM, run_at, stream_at


def life(number: int, *, origin: str = STRANGER, lane: Lane = Lane.APP) -> StreamId:
    """A stream of the origin's life with this number."""
    return StreamId(origin, LIFE + number, lane)


def streams_of(streams_max: int = 10, tombstones_max: int = 10) -> Streams:
    """An empty table."""
    return Streams(streams_max, tombstones_max, lambda stream: None)


def heard(streams: Streams, id: StreamId, number: int, last: int, now: float) -> Stream:
    """Meet a stream of somebody else."""
    stream = streams.add(id, number, last, now)
    stream.hops = 1
    return stream


def retain(stream: Stream, number: int, first: int, last: int) -> None:
    """Let the message list hold a run."""
    stream.runs = stream.runs or {}
    stream.runs[number] = Entry(stream, number, first, last, "", b"", 1, 0.0, 0.0)


# One stream.


def test_a_new_stream_has_a_beginning_and_no_tables() -> None:
    """What is there only while something happens is None, and nothing is retained of what was heard before."""
    stream = Stream(STREAM, 5, 70, 3.0)

    assert [stream.ahead, stream.parts, stream.runs, stream.owed, stream.told, stream.lack] == [None] * 6
    assert (stream.heard, stream.last, stream.tree, stream.top, stream.first_kept) == (5, 70, 5, 5, 6)
    assert (stream.parent, stream.hops, stream.eager, stream.counted, stream.nodes) == (0, 0, 0, 0, 1)
    assert stream.changed_at == 3.0


def test_the_top_is_the_highest_run_even_above_a_hole() -> None:
    """Runs above a hole count for what we hold."""
    stream = stream_at(2)
    stream.ahead = {9: run_at(9), 4: run_at(4)}

    assert stream.top == 9


def test_runs_are_missing_below_others_and_up_to_the_known_tail() -> None:
    """A stream that only looks for a parent misses none."""
    stream = stream_at(5)
    assert not stream.misses_runs
    stream.lack = Lack(0.0, 0.0)
    assert not stream.misses_runs
    stream.lack.tail = 6
    assert stream.misses_runs
    stream.lack.tail, stream.ahead = 5, {7: run_at(7)}
    assert stream.misses_runs


def test_a_digest_tells_where_what_is_retained_begins() -> None:
    """Its first number is that of the oldest run from which on all is retained, its hops our distance."""
    stream = stream_at(5, last=70)
    stream.hops = 3
    stream.first_kept = 4
    retain(stream, 4, 50, 60)
    retain(stream, 5, 61, 70)

    assert stream.digest() == DigestEntry(STRANGER, LIFE, Lane.APP, 5, 70, 3, 4)


def test_a_digest_of_a_stream_that_retains_nothing_offers_nothing() -> None:
    """Then its first number lies above what was heard."""
    stream = stream_at(5)
    stream.first_kept = 2

    assert stream.digest() == DigestEntry(STRANGER, LIFE, Lane.APP, 5, 5, 0, 6)


def test_what_the_list_lets_go_of_is_not_offered_any_more() -> None:
    """All from a run on is offered only if no later one was dropped, and the table ends with its last run."""
    stream = stream_at(0)
    for number in (1, 2, 3):
        retain(stream, number, number, number)

    stream.dropped(2)
    assert (list(stream.runs or ()), stream.first_kept) == ([1, 3], 3)
    stream.dropped(1)
    assert (list(stream.runs or ()), stream.first_kept) == ([3], 3)
    stream.dropped(3)
    assert (stream.runs, stream.first_kept) == (None, 4)
    stream.dropped(9)
    assert (stream.runs, stream.first_kept) == (None, 10)


def test_the_rumor_before_a_run_is_known_from_what_is_retained() -> None:
    """A retained run tells the last rumor before it; for another the last rumor that was heard stands."""
    stream = stream_at(5, last=70)
    assert stream.last_before(4) == 70
    retain(stream, 4, 50, 60)

    assert [stream.last_before(4), stream.last_before(6)] == [49, 70]


# The table.


def test_a_stream_that_was_met_is_known() -> None:
    """It is found by its id, also by a plain tuple, and all are walked through in the order of meeting."""
    streams = streams_of()
    first = heard(streams, life(1), 5, 50, 2.0)
    second = heard(streams, life(1, lane=Lane.CARRIED), 0, 0, 3.0)

    assert streams.get((STRANGER, LIFE + 1, 0)) is first
    assert streams.get(life(2)) is None
    assert list(streams) == [first, second]
    assert (len(streams), streams.tombstones) == (2, 0)
    assert (first.heard, first.last, first.changed_at) == (5, 50, 2.0)


def test_the_latest_life_of_an_origin_is_the_highest_not_the_last_met() -> None:
    """An older life that is heard of afterwards changes nothing."""
    streams = streams_of()
    assert streams.latest_epoch(STRANGER) == 0

    heard(streams, life(7), 0, 0, 0.0)
    heard(streams, life(3), 0, 0, 0.0)

    assert streams.latest_epoch(STRANGER) == LIFE + 7


def test_older_lives_are_those_of_the_same_origin_and_lane() -> None:
    """Another origin, another lane and a later life are none."""
    streams = streams_of()
    older = [heard(streams, life(number), 0, 0, 0.0) for number in (1, 2)]
    for id in (life(3), life(4), life(1, origin="ana"), life(1, lane=Lane.CARRIED)):
        heard(streams, id, 0, 0, 0.0)

    assert list(streams.older_lives(life(3))) == older


def test_when_the_table_is_full_the_longest_quiet_is_forgotten() -> None:
    """Of several the one that changed longest ago goes, whatever the order of meeting, and leaves a tombstone."""
    streams = streams_of(2, 10)
    busy = heard(streams, life(1), 0, 0, 1.0)
    heard(streams, life(2), 0, 0, 2.0)
    busy.changed_at = 3.0

    heard(streams, life(3), 0, 0, 4.0)

    assert [stream.id for stream in streams] == [life(1), life(3)]
    assert streams.tombstones == 1


def test_a_stream_that_retains_or_lacks_something_is_forgotten_last() -> None:
    """One that is complete and retains nothing goes before it, even if it was quiet for less long."""
    streams = streams_of(3, 10)
    retain(heard(streams, life(1), 0, 0, 1.0), 1, 1, 1)
    heard(streams, life(2), 0, 0, 2.0).lack = Lack(0.0, 0.0)
    heard(streams, life(3), 0, 0, 3.0)

    heard(streams, life(4), 0, 0, 4.0)
    assert [stream.id for stream in streams] == [life(1), life(2), life(4)]
    streams.get(life(4)).lack = Lack(0.0, 0.0)  # type: ignore[union-attr]  # it was met just now
    heard(streams, life(5), 0, 0, 5.0)
    assert [stream.id for stream in streams] == [life(2), life(4), life(5)]


def test_a_forgotten_stream_goes_on_where_it_was_left() -> None:
    """What comes again of it is no news: its tombstone tells how far it was heard."""
    streams = streams_of(1, 10)
    heard(streams, life(1), 5, 50, 0.0)
    heard(streams, life(2), 0, 0, 1.0)

    again = heard(streams, life(1), 3, 30, 2.0)

    assert (again.heard, again.last, again.first_kept) == (5, 50, 6)
    assert streams.tombstones == 1  # that of the other one


def test_a_tombstone_does_not_take_back_what_a_digest_tells() -> None:
    """A beginning above where it was left stands."""
    streams = streams_of(1, 10)
    heard(streams, life(1), 5, 50, 0.0)
    heard(streams, life(2), 0, 0, 1.0)

    again = heard(streams, life(1), 8, 80, 2.0)

    assert (again.heard, again.last) == (8, 80)


def test_tombstones_are_bounded() -> None:
    """The oldest goes, and its stream is as if never met."""
    streams = streams_of(1, 2)
    for number in range(5):
        heard(streams, life(number), 5, 50, float(number))
    assert streams.tombstones == 2

    assert heard(streams, life(0), 0, 0, 9.0).heard == 0
    assert heard(streams, life(3), 0, 0, 9.0).heard == 5


def test_the_latest_life_is_forgotten_with_its_stream() -> None:
    """Only with that of the latest life, not of an older one."""
    streams = streams_of(2, 10)
    heard(streams, life(1), 0, 0, 0.0)
    heard(streams, life(2), 0, 0, 1.0)

    heard(streams, life(9, origin="ana"), 0, 0, 2.0)
    assert streams.latest_epoch(STRANGER) == LIFE + 2
    heard(streams, life(9, origin="bo"), 0, 0, 3.0)
    assert streams.latest_epoch(STRANGER) == 0


def test_who_owns_the_table_is_told_what_is_forgotten() -> None:
    """While it still is as it was, so that nobody goes on with it."""
    gone: list[tuple[StreamId, int]] = []
    streams = Streams(1, 10, lambda stream: gone.append((stream.id, len(stream.runs or ()))))
    retain(streams.add(life(1), 0, 0, 0.0), 1, 1, 1)

    streams.add(life(2), 0, 0, 1.0)

    assert gone == [(life(1), 1)]


def test_our_own_stream_is_not_forgotten() -> None:
    """However long it was quiet: the next that we say belongs to it."""
    streams = streams_of(2)
    own = streams.add(life(1), 5, 50, 0.0)
    for number in (2, 3, 4):
        retain(heard(streams, life(number), 0, 0, float(number)), 1, 1, 1)

    assert [stream.id for stream in streams] == [own.id, life(4)]
