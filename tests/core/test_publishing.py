"""Publishing: what we say becomes runs, closed once and never changed."""

import pytest

from rumor.core.broadcast.publishing import (
    HEAD_BYTES,
    PAYLOAD_OVERHEAD,
    Closed,
    Publisher,
    check_payload,
    check_topic,
)
from rumor.core.clock import WallClock
from rumor.core.errors import UsageError
from rumor.core.frames import Lane, Run
from rumor.core.ids import Address, Identity
from rumor.core.settings import BroadcastSettings
from rumor.wire.frames import encode_run

ROOM = 100
"""Bytes of payloads, their overhead counted, that fit into one run here."""

FULL = ROOM - PAYLOAD_OVERHEAD
"""The longest payload that fits into one run."""

SETTINGS = BroadcastSettings(run_bytes_max=HEAD_BYTES + ROOM)
NOON = 1000.0


def publisher() -> Publisher:
    """A publisher that has said nothing, of a node at 10.0.0.1:4001 in its life 7."""
    identity = Identity(Address("10.0.0.1", 4001), epoch=7)
    return Publisher(identity, Lane.APP, WallClock(NOON), SETTINGS)


def microseconds(now: float) -> int:
    """The timestamp of what is said at that moment."""
    return int((NOON + now) * 1_000_000)


def test_rumors_are_numbered_from_1() -> None:
    """Each gets the next number, over all topics."""
    it = publisher()

    assert [it.publish(b"a", "", 0.0), it.publish(b"b", "t", 0.0), it.publish(b"c", "", 0.0), it.last] == [1, 2, 3, 3]


def test_what_is_said_in_one_turn_is_one_run() -> None:
    """It is closed at the turn's end, with the time of its first rumor."""
    it = publisher()
    it.publish(b"a", "t", 1.0)
    it.publish(b"bc", "t", 2.0)
    assert (it.closed, it.open_bytes) == ([], 3 + 2 * PAYLOAD_OVERHEAD)

    it.close()

    assert (it.closed, it.open_bytes) == ([Closed(1, microseconds(1.0), "t", [b"a", b"bc"])], 0)


def test_a_turn_in_which_nothing_was_said_has_no_run() -> None:
    """Closing then does nothing, however often."""
    it = publisher()
    it.close()
    it.publish(b"a", "", 0.0)
    it.close()
    it.close()

    assert it.closed == [Closed(1, microseconds(0.0), "", [b"a"])]


def test_another_topic_begins_another_run() -> None:
    """A run has one topic; the numbers run on."""
    it = publisher()
    for topic in ("t", "t", "u", "t"):
        it.publish(b"a", topic, 0.0)
    it.close()

    assert [(run.first, run.topic, len(run.payloads)) for run in it.closed] == [(1, "t", 2), (3, "u", 1), (4, "t", 1)]


def test_a_full_run_is_followed_by_another() -> None:
    """What still fits is taken, one byte more begins the next run."""
    it = publisher()
    half = ROOM // 2 - PAYLOAD_OVERHEAD
    for size in (half, half, half, half + 1):
        it.publish(b"x" * size, "", 0.0)
    it.close()

    assert [(run.first, [len(payload) for payload in run.payloads]) for run in it.closed] == [
        (1, [half, half]),
        (3, [half]),
        (4, [half + 1]),
    ]


def test_a_payload_that_is_too_long_for_a_run_travels_in_several() -> None:
    """All have its number and say which part they are; what was said before and after is in runs of its own."""
    it = publisher()
    long = bytes(range(256))[: 2 * FULL + 1]
    numbers = [it.publish(b"a", "t", 0.0), it.publish(long, "t", 1.0), it.publish(b"z", "t", 2.0)]
    it.close()

    assert numbers == [1, 2, 3]
    assert it.closed == [
        Closed(1, microseconds(0.0), "t", [b"a"]),
        Closed(2, microseconds(1.0), "t", [long[:FULL]], 0, 3),
        Closed(2, microseconds(1.0), "t", [long[FULL : 2 * FULL]], 1, 3),
        Closed(2, microseconds(1.0), "t", [long[2 * FULL :]], 2, 3),
        Closed(3, microseconds(2.0), "t", [b"z"]),
    ]


@pytest.mark.parametrize(("size", "parts"), [(FULL, 1), (FULL + 1, 2), (2 * FULL, 2), (2 * FULL + 1, 3)])
def test_parts_are_as_few_as_can_be(size: int, parts: int) -> None:
    """A payload that just fits is not parted, and no part is empty."""
    it = publisher()
    it.publish(b"x" * size, "", 0.0)
    it.close()

    assert [run.parts for run in it.closed] == [parts] * parts
    assert sum(len(run.payloads[0]) for run in it.closed) == size
    assert min(len(run.payloads[0]) for run in it.closed) > 0


# Many at once.


def test_many_that_fit_join_the_run_that_has_begun() -> None:
    """As if each had been said by itself."""
    it = publisher()
    it.publish(b"a", "t", 1.0)
    it.publish_many([b"b", b"c"], "t", 2.0)
    it.close()

    assert (it.closed, it.last) == ([Closed(1, microseconds(1.0), "t", [b"a", b"b", b"c"])], 3)


def test_many_that_fit_into_a_run_of_their_own_get_one() -> None:
    """When another topic's run has begun, or one with too little room, or none."""
    it = publisher()
    some = [b"x" * 20] * 3
    it.publish_many(some, "t", 1.0)
    it.publish_many(some, "t", 2.0)
    it.publish_many(some, "u", 3.0)
    it.close()

    assert [(run.first, run.timestamp, run.topic, run.payloads) for run in it.closed] == [
        (1, microseconds(1.0), "t", some),
        (4, microseconds(2.0), "t", some),
        (7, microseconds(3.0), "u", some),
    ]


def test_what_follows_many_joins_them() -> None:
    """The list that was given is not changed by it."""
    it = publisher()
    given = [b"a", b"b"]
    it.publish_many(given, "", 0.0)
    it.publish(b"c", "", 0.0)
    it.close()

    assert (it.closed[0].payloads, given, it.open_bytes) == ([b"a", b"b", b"c"], [b"a", b"b"], 0)


def test_many_that_do_not_fit_are_said_one_by_one() -> None:
    """They fill run after run, long ones in parts."""
    it = publisher()
    it.publish_many([b"x" * 60, b"y" * 60, b"z" * (FULL + 1)], "", 0.0)
    it.close()

    assert [(run.first, run.part, run.parts) for run in it.closed] == [(1, 0, 1), (2, 0, 1), (3, 0, 2), (3, 1, 2)]
    assert it.last == 3


@pytest.mark.parametrize("begun", [False, True])
def test_none_at_all_are_no_rumor(begun: bool) -> None:
    """Saying an empty row changes nothing, whether a run has begun or not."""
    it = publisher()
    if begun:
        it.publish(b"a", "", 0.0)

    it.publish_many([], "", 0.0)
    it.publish_many([], "t", 0.0)
    it.close()

    assert (it.last, len(it.closed)) == (int(begun), int(begun))


# Runs.


def test_runs_are_numbered_when_they_are_sealed() -> None:
    """The epoch that holds then is theirs, whichever held when they were said."""
    identity = Identity(Address("10.0.0.1", 4001), name="ana", epoch=7)
    it = Publisher(identity, Lane.CARRIED, WallClock(NOON), SETTINGS)
    it.publish(b"a", "t", 0.0)
    it.close()
    assert not it.has_sealed
    identity.epoch = 9

    first = it.run_of(it.closed[0])
    second = it.run_of(Closed(2, 5, "", [b"p"], 1, 2))

    assert first == Run("ana", 9, Lane.CARRIED, 1, 1, microseconds(0.0), "t", [b"a"], 0, 1)
    assert second == Run("ana", 9, Lane.CARRIED, 2, 2, 5, "", [b"p"], 1, 2)
    assert it.has_sealed


@pytest.mark.parametrize("topic", ["", "t" * 255, "ü" * 127])
@pytest.mark.parametrize("size", [0, 1, 255, 256, 64_000])
def test_no_run_is_longer_than_the_limit(topic: str, size: int) -> None:
    """However its payloads and topic are, a full run's bytes stay below the limit."""
    settings = BroadcastSettings()
    it = Publisher(
        Identity(Address("10.0.0.1", 4001), name="n" * 255, epoch=1 << 60), Lane.APP, WallClock(NOON), settings
    )
    it.publish_many([b"x" * size] * (70_000 // (size + PAYLOAD_OVERHEAD)), topic, 0.0)
    it.close()

    assert it.closed
    assert all(len(encode_run(it.run_of(closed))) <= settings.run_bytes_max for closed in it.closed)


# What may be said.


def test_a_payload_above_the_limit_is_not_said() -> None:
    """The error tells both lengths; the limit itself is fine."""
    settings = BroadcastSettings(payload_bytes_max=10)

    check_payload(b"x" * 10, settings)
    with pytest.raises(UsageError, match="a payload of 11 bytes is above the limit of 10"):
        check_payload(b"x" * 11, settings)


def test_one_payload_above_the_limit_is_enough_for_none_to_be_said() -> None:
    """The longest is named."""
    settings = BroadcastSettings(payload_bytes_max=10)
    it = Publisher(Identity(Address("10.0.0.1", 4001)), Lane.APP, WallClock(NOON), settings)

    it.publish_many([], "", 0.0)
    it.publish_many([b"", b"x" * 10], "", 0.0)
    with pytest.raises(UsageError, match="a payload of 12 bytes is above the limit of 10"):
        it.publish_many([b"x" * 11, b"x" * 12, b""], "", 0.0)
    assert it.last == 2


@pytest.mark.parametrize("topic", ["", "a", "a.b", "größe.日本", "a-b_c/d:1", "t" * 255, "a*b", ">b"])
def test_tokens_joined_by_dots_are_a_topic(topic: str) -> None:
    """Any printable text without spaces, and none at all."""
    check_topic(topic)


@pytest.mark.parametrize(
    "topic", [".", "a.", ".a", "a..b", "*", "a.*", ">", "a.>", "a b", " ", "a\n", "a\tb", "\0", "a\xa0b", "\ud800"]
)
def test_a_topic_that_nobody_could_subscribe_to_is_refused(topic: str) -> None:
    """Empty tokens, wildcards, spaces, and what can't be printed."""
    with pytest.raises(UsageError, match="is no topic"):
        check_topic(topic)


@pytest.mark.parametrize("topic", ["t" * 256, "ü" * 128])
def test_a_topic_has_at_most_255_bytes(topic: str) -> None:
    """Bytes, not characters."""
    with pytest.raises(UsageError, match="more than 255 bytes"):
        check_topic(topic)
