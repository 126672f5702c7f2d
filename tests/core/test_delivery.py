"""Delivery: in order, each rumor once, or told as lost."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rumor.core.broadcast.delivery import Delivery
from rumor.core.broadcast.repair import Lack
from rumor.core.broadcast.streams import Stream
from rumor.core.events import Event, LostReason, RumorsLost, RunDelivered
from rumor.core.frames import Lane, Run
from rumor.core.ids import Address
from rumor.core.messages import Gossip
from rumor.core.outbox import Outbox
from rumor.core.settings import BroadcastSettings

from .web import LIFE, STRANGER, STREAM, run_at, stream_at

NEXT = (False, True, True)
"""A run that comes in order: not our own, ordered, told for the first time."""
EARLY = (False, False, True)
AGAIN = (False, True, False)


class Told:
    """A delivery, and what the application was told of since last asked."""

    def __init__(self, *, settings: BroadcastSettings | None = None) -> None:
        self.outbox = Outbox()
        self.delivery = Delivery(settings or BroadcastSettings(), self.outbox)

    def events(self) -> list[Event]:
        return self.outbox.drain()[1]


def told(run: Run, how: tuple[bool, bool, bool]) -> RunDelivered:
    """A run as the application is told of it."""
    return RunDelivered(run, *how)


def lost(first: int, last: int, reason: LostReason = LostReason.UNOBTAINABLE) -> RumorsLost:
    """Rumors of the stranger that will not come."""
    return RumorsLost(STRANGER, LIFE, first, last, reason)


def position(stream: Stream) -> tuple[int, int]:
    """The last run and the last rumor that are done with."""
    return stream.heard, stream.last


# In order.


def test_the_next_run_is_told_at_once() -> None:
    """The stream is then heard up to it."""
    it, stream = Told(), stream_at(4, last=40)
    run = run_at(5, b"a", b"b", first=41)

    it.delivery.next_run(stream, run)

    assert it.events() == [told(run, NEXT)]
    assert position(stream) == (5, 42)


def test_our_own_run_is_told_as_ours() -> None:
    """The application hears what it said itself, marked so."""
    it, stream = Told(), stream_at()

    it.delivery.next_run(stream, run_at(1), own=True)

    assert it.events() == [RunDelivered(run_at(1), own=True, ordered=True, fresh=True)]


def test_a_run_above_a_hole_is_told_early_and_again_in_order() -> None:
    """Early it is fresh and not ordered, in order it is not fresh; what had not come early is both."""
    it, stream = Told(), stream_at()

    it.delivery.early_run(stream, run_at(3))
    it.delivery.early_run(stream, run_at(2))
    assert it.events() == [told(run_at(3), EARLY), told(run_at(2), EARLY)]
    assert position(stream) == (0, 0)

    it.delivery.next_run(stream, run_at(1))
    it.delivery.catch_up(stream)
    assert it.events() == [told(run_at(1), NEXT), told(run_at(2), AGAIN), told(run_at(3), AGAIN)]
    assert (position(stream), stream.ahead) == ((3, 3), None)


def test_catching_up_stops_at_the_next_hole() -> None:
    """What lies above it stays."""
    it, stream = Told(), stream_at()
    it.delivery.early_run(stream, run_at(2))
    it.delivery.early_run(stream, run_at(4))
    it.delivery.next_run(stream, run_at(1))
    it.events()

    it.delivery.catch_up(stream)

    assert it.events() == [told(run_at(2), AGAIN)]
    assert (position(stream), stream.ahead) == ((2, 2), {4: run_at(4)})


def test_without_early_runs_there_is_nothing_to_catch_up() -> None:
    """And nothing happens."""
    it, stream = Told(), stream_at(3)

    it.delivery.catch_up(stream)

    assert (it.events(), position(stream), stream.ahead) == ([], (3, 3), None)


# Lost.


def test_what_will_not_come_is_told_as_a_range_of_rumors() -> None:
    """From the rumor after the last one that is done with; the stream goes on behind it."""
    it, stream = Told(), stream_at(4, last=40)

    it.delivery.lost(stream, 7, 55, LostReason.EXPIRED)

    assert it.events() == [lost(41, 55, LostReason.EXPIRED)]
    assert position(stream) == (7, 55)


def test_a_range_that_is_done_with_is_not_lost() -> None:
    """What was delivered, or told as lost before, is not told again, and nothing goes back."""
    it, stream = Told(), stream_at(4, last=40)

    it.delivery.lost(stream, 3, 30, LostReason.EXPIRED)

    assert (it.events(), position(stream)) == ([], (4, 40))


# In parts.


def parts_of(number: int, *pieces: bytes, first: int) -> list[Run]:
    """The runs of a payload in parts."""
    return [
        run_at(number + part, piece, first=first, part=part, parts=len(pieces)) for part, piece in enumerate(pieces)
    ]


def whole(run: Run, payload: bytes) -> Run:
    """What the application gets for the parts, of which `run` is the last."""
    return run_at(run.number, payload, first=run.first)


@pytest.mark.parametrize("own", [False, True])
def test_a_payload_in_parts_is_told_whole(own: bool) -> None:
    """Once, with its last part; until then its number is not done with."""
    it, stream = Told(), stream_at()
    parts = parts_of(1, b"ab", b"cd", b"e", first=1)

    for run in parts[:2]:
        it.delivery.next_run(stream, run, own=own)
    assert (it.events(), position(stream), stream.parts) == ([], (2, 0), [b"ab", b"cd"])
    it.delivery.next_run(stream, parts[2], own=own)

    assert it.events() == [RunDelivered(whole(parts[2], b"abcde"), own, True, True)]
    assert (position(stream), stream.parts) == ((3, 1), None)


def test_early_parts_are_told_once_whole_and_fresh() -> None:
    """A part alone is nothing for the application; the whole is told for the first time when it is ordered."""
    it, stream = Told(), stream_at()
    parts = parts_of(2, b"ab", b"cd", first=2)
    for run in parts:
        it.delivery.early_run(stream, run)
    assert it.events() == []

    it.delivery.next_run(stream, run_at(1))
    it.delivery.catch_up(stream)

    assert it.events() == [told(run_at(1), NEXT), told(whole(parts[1], b"abcd"), NEXT)]
    assert position(stream) == (3, 2)


def test_a_payload_whose_part_is_lost_is_lost_alone() -> None:
    """The loss of a part in the middle tells its rumor as lost, once, and the next rumor comes."""
    it, stream = Told(), stream_at()
    parts = parts_of(1, b"a", b"b", b"c", b"d", first=1)
    it.delivery.next_run(stream, parts[0])

    it.delivery.lost(stream, 2, 0, LostReason.UNOBTAINABLE)
    assert (it.events(), position(stream), stream.parts) == ([], (2, 0), None)
    it.delivery.next_run(stream, parts[2])
    it.delivery.next_run(stream, parts[3])
    it.delivery.next_run(stream, run_at(5, first=2))

    assert it.events() == [lost(1, 1), told(run_at(5, first=2), NEXT)]
    assert position(stream) == (5, 2)


def test_a_payload_whose_last_part_is_lost_is_lost() -> None:
    """The loss tells its rumor, and the next comes."""
    it, stream = Told(), stream_at()
    parts = parts_of(1, b"a", b"b", first=1)
    it.delivery.next_run(stream, parts[0])

    it.delivery.lost(stream, 2, 1, LostReason.UNOBTAINABLE)
    it.delivery.next_run(stream, run_at(3, first=2))

    assert it.events() == [lost(1, 1), told(run_at(3, first=2), NEXT)]


def test_a_payload_that_stops_in_the_middle_is_lost() -> None:
    """An origin that begins a payload and says something else instead of its rest has lost that rumor."""
    it, stream = Told(), stream_at()
    it.delivery.next_run(stream, parts_of(1, b"a", b"b", first=1)[0])

    it.delivery.next_run(stream, run_at(2, first=2))

    assert it.events() == [lost(1, 1), told(run_at(2, first=2), NEXT)]
    assert (position(stream), stream.parts) == ((2, 2), None)


def test_a_part_that_does_not_fit_the_last_one_ends_both() -> None:
    """A part out of turn is no part of what came before, nor of anything else."""
    it, stream = Told(), stream_at()
    it.delivery.next_run(stream, parts_of(1, b"a", b"b", b"c", first=1)[0])

    it.delivery.next_run(stream, run_at(2, b"c", first=1, part=2, parts=3))

    assert it.events() == [lost(1, 1)]
    assert (position(stream), stream.parts) == ((2, 1), None)


def test_a_new_payload_in_the_middle_of_another_is_put_together() -> None:
    """The first is lost, the second is whole."""
    it, stream = Told(), stream_at()
    parts = parts_of(2, b"c", b"d", first=2)
    for run in (parts_of(1, b"a", b"b", first=1)[0], *parts):
        it.delivery.next_run(stream, run)

    assert it.events() == [lost(1, 1), told(whole(parts[1], b"cd"), NEXT)]


def test_a_payload_of_too_many_parts_is_lost() -> None:
    """What is put together is bounded by the longest payload; the parts are not kept."""
    it, stream = Told(settings=BroadcastSettings(run_bytes_max=2000, payload_bytes_max=3000)), stream_at()
    most, more = parts_of(1, *[b"x"] * 4, first=1), parts_of(5, *[b"x"] * 5, first=2)

    for run in most:
        it.delivery.next_run(stream, run)
    assert it.events() == [told(whole(most[3], b"xxxx"), NEXT)]
    for run in more:
        it.delivery.next_run(stream, run)
        assert stream.parts is None

    assert it.events() == [lost(2, 2)]
    assert position(stream) == (9, 2)


# A new life.


def lives() -> tuple[Stream, Stream]:
    """An older life that lacks something, and a newer one."""
    older, newer = stream_at(), stream_at(id=STREAM._replace(epoch=LIFE + 1))
    older.lack = Lack(0.0, 0.0)
    older.lack.tail = 2
    return older, newer


def test_a_new_life_is_not_told_before_what_is_known_of_the_old_one() -> None:
    """Its runs wait in order, its losses too, until the old one lacks nothing."""
    it, (older, newer) = Told(), lives()
    it.delivery.hold(newer, [older], 2.0)
    run = run_at(1, id=newer.id)

    it.delivery.next_run(newer, run)
    it.delivery.early_run(newer, run_at(3, first=5, id=newer.id))
    it.delivery.lost(newer, 2, 4, LostReason.EXPIRED)
    it.delivery.next_run(older, run_at(1))
    it.delivery.tick(1.0)
    assert it.events() == [told(run_at(1), NEXT)]
    assert it.delivery.next_deadline() == 2.0

    older.lack = None
    it.delivery.tick(1.0)
    assert it.events() == [
        told(run, NEXT),
        told(run_at(3, first=5, id=newer.id), EARLY),
        RumorsLost(STRANGER, LIFE + 1, 2, 4, LostReason.EXPIRED),
    ]
    assert it.delivery.next_deadline() is None


def test_what_a_new_life_was_told_ends_before_what_is_held() -> None:
    """Less than was heard, until it is let go of; also where a loss is held first."""
    it, (older, newer) = Told(), lives()
    it.delivery.hold(newer, [older], 2.0)
    assert it.delivery.told(newer) == 0
    it.delivery.next_run(newer, run_at(1, b"a", b"b", id=newer.id))
    assert (it.delivery.told(newer), newer.last) == (0, 2)
    it.delivery.tick(2.0)
    assert it.delivery.told(newer) == 2

    it.delivery.hold(newer, [older], 4.0)
    it.delivery.lost(newer, 5, 9, LostReason.EXPIRED)
    assert (it.delivery.told(newer), newer.last) == (2, 9)


def test_a_new_life_does_not_wait_for_ever() -> None:
    """When its time is over it is told, whatever the old one lacks, and goes on at once."""
    it, (older, newer) = Told(), lives()
    it.delivery.hold(newer, [older], 2.0)
    it.delivery.next_run(newer, run_at(1, id=newer.id))
    it.delivery.tick(1.9)
    assert it.events() == []

    it.delivery.tick(2.0)
    it.delivery.next_run(newer, run_at(2, id=newer.id))

    assert it.events() == [told(run_at(1, id=newer.id), NEXT), told(run_at(2, id=newer.id), NEXT)]


def test_when_nobody_waits_nothing_is_due() -> None:
    """Without a held life a tick tells nothing."""
    it = Told()

    it.delivery.tick(1e9)

    assert (it.events(), it.delivery.next_deadline()) == ([], None)


# Whatever comes.


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(number=st.integers(0, 1 << 32), runs=st.integers(1, 12), missing=st.floats(0.0, 0.5))
def test_each_rumor_is_delivered_once_in_order_or_lost(number: int, runs: int, missing: float) -> None:
    """For any order of arrival and any losses, what is told in order and what is lost is 1 to the last, once each."""
    rng = Random(number)
    stream, it = stream_at(), Told()
    made: list[Run] = []
    first = 1
    while len(made) < runs:
        pieces = rng.choice([0, 0, 2, 3])
        if pieces:
            made += parts_of(len(made) + 1, *[b"p"] * pieces, first=first)
            first += 1
        else:
            made.append(run_at(len(made) + 1, *[b"r"] * rng.randint(1, 3), first=first))
            first += len(made[-1].payloads)
    coming = [run for run in made if rng.random() >= missing]
    rng.shuffle(coming)

    for run in coming:
        if run.number == stream.heard + 1:
            it.delivery.next_run(stream, run)
            it.delivery.catch_up(stream)
        else:
            it.delivery.early_run(stream, run)
    while stream.heard < len(made):
        above = min(stream.ahead or (), default=len(made) + 1)
        it.delivery.lost(
            stream, above - 1, first - 1 if above > len(made) else made[above - 1].first - 1, LostReason.EXPIRED
        )
        it.delivery.catch_up(stream)

    done: list[int] = []
    fresh: list[int] = []
    for event in it.events():
        if isinstance(event, RumorsLost):
            done += range(event.first, event.last + 1)
        elif isinstance(event, RunDelivered):
            numbers = range(event.run.first, event.run.last + 1)
            done += numbers if event.ordered else ()
            fresh += numbers if event.fresh else ()
    assert done == list(range(1, first))
    assert len(fresh) == len(set(fresh))


# What texts told.


def test_what_a_text_told_is_left_out() -> None:
    """Early or in order; what is left is told as it is, and the stream goes on."""
    it, stream = Told(), stream_at(1)
    origin = Address("10.0.0.9", 4001)
    one = Run(str(origin), LIFE, Lane.APP, 2, 2, 5_000_000, "", [b"a", b"b"])
    two = Run(str(origin), LIFE, Lane.APP, 3, 4, 6_000_000, "", [b"c"])
    it.delivery.by_text.add(Gossip("5.000000", origin, 3))
    it.delivery.by_text.add(Gossip("6.000000", origin, 4))

    it.delivery.early_run(stream, two)
    it.delivery.next_run(stream, one)
    it.delivery.catch_up(stream)

    assert it.events() == [told(Run(str(origin), LIFE, Lane.APP, 2, 2, 5_000_000, "", [b"a"]), NEXT)]
    assert position(stream) == (3, 4)


def test_what_is_lost_is_told_whatever_texts_told() -> None:
    """A text names no life, so what is lost of this one is said."""
    it, stream = Told(), stream_at()
    it.delivery.by_text.add(Gossip("5.000000", Address.parse(STRANGER), 1))

    it.delivery.lost(stream, 1, 1, LostReason.UNOBTAINABLE)
    it.delivery.next_run(stream, run_at(2))

    assert it.events() == [lost(1, 1), told(run_at(2), NEXT)]
