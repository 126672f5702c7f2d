"""Census: who has a rumor, said by each peer of itself."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumor.core.broadcast.publishing import check_topic
from rumor.core.broadcast.streams import Stream, Streams
from rumor.core.events import Asked, LostReason, RumorsLost
from rumor.core.frames import Lane, Outcome, Run, StreamId
from rumor.core.ids import Seconds
from rumor.core.requests.census import HAS, LOST, LOST_MAX, TOPIC, WAITING_MAX, Census, question

ASKER = "asker"
LIFE = 7


class Answerer:
    """A peer that is asked: its streams, its census, and what it answered, by ticket."""

    def __init__(self) -> None:
        self.streams = Streams(10, 10, lambda stream: None)
        self.answers: dict[int, bytes] = {}
        self.census = Census(self.streams, lambda stream: stream.last, self._respond)

    def _respond(self, ticket: int, outcome: Outcome, payload: bytes, now: Seconds) -> None:
        assert outcome is Outcome.ANSWERED
        assert ticket not in self.answers
        self.answers[ticket] = payload

    def meet(self, last: int = 0, *, epoch: int = LIFE, lane: Lane = Lane.APP) -> Stream:
        """The asker's stream is met; what was said up to `last` is before our time."""
        return self.streams.add(StreamId(ASKER, epoch, lane), last, last, 0.0)

    def ask(self, ticket: int, number: int, now: Seconds = 0.0, *, asker: str = ASKER) -> None:
        """Somebody wants to know whether we have its rumor of this number."""
        self.census.on_asked(Asked(ticket, asker, TOPIC, question(number), 2.0, True), now)

    def deliver(self, stream: Stream, last: int, *, lane: Lane = Lane.APP) -> None:
        """The next rumors up to `last` come."""
        first, stream.last = stream.last + 1, last
        payloads = [b""] * (last - first + 1)
        self.census.on_delivered(Run(stream.id.origin, stream.id.epoch, lane, 1, first, 0, "", payloads), 1.0)

    def lose(self, stream: Stream, last: int) -> None:
        """The next rumors up to `last` are lost."""
        first, stream.last = stream.last + 1, last
        self.census.on_lost(RumorsLost(*stream.id[:2], first, last, LostReason.UNOBTAINABLE), 1.0)


@pytest.fixture
def peer() -> Answerer:
    """A peer that has heard nothing."""
    return Answerer()


def test_what_was_heard_is_said_at_once(peer: Answerer) -> None:
    """All up to the last one that was told in order."""
    peer.deliver(peer.meet(), 5)

    for ticket, number in enumerate((1, 5)):
        peer.ask(ticket, number)

    assert peer.answers == {0: HAS, 1: HAS}
    assert not peer.census.waits


def test_what_has_not_come_is_said_when_it_comes(peer: Answerer) -> None:
    """Not before, and not because something else came."""
    stream = peer.meet()
    peer.ask(1, 2)
    other = peer.streams.add(StreamId("other", LIFE, Lane.APP), 0, 0, 0.0)

    peer.deliver(stream, 1)
    peer.deliver(other, 9)
    peer.deliver(stream, 1, lane=Lane.CARRIED)
    assert peer.answers == {}
    assert peer.census.waits
    peer.deliver(stream, 2)

    assert peer.answers == {1: HAS}
    assert not peer.census.waits


def test_a_stream_that_is_not_known_yet_is_waited_for(peer: Answerer) -> None:
    """The question may come before the first rumor."""
    peer.ask(1, 1)

    peer.deliver(peer.meet(), 1)

    assert peer.answers == {1: HAS}


def test_what_is_lost_is_not_had(peer: Answerer) -> None:
    """Neither if it was lost before the question, nor if it is lost after."""
    stream = peer.meet()
    peer.deliver(stream, 1)
    peer.ask(1, 3)
    peer.lose(stream, 4)
    peer.deliver(stream, 5)

    for number in (1, 2, 4, 5):
        peer.ask(10 + number, number)

    assert peer.answers == {1: LOST, 11: HAS, 12: LOST, 14: LOST, 15: HAS}


def test_what_was_said_before_we_came_is_not_had(peer: Answerer) -> None:
    """A newcomer is behind nobody, and yet has nothing of it."""
    peer.deliver(peer.meet(3), 4)

    peer.ask(1, 3)
    peer.ask(2, 4)

    assert peer.answers == {1: LOST, 2: HAS}


def test_the_present_life_of_the_asker_counts(peer: Answerer) -> None:
    """What a former life said under that number is another rumor, and so is what a bridge carried."""
    peer.deliver(peer.meet(), 5)
    peer.deliver(peer.meet(epoch=LIFE + 1), 1)
    peer.deliver(peer.meet(epoch=LIFE + 1, lane=Lane.CARRIED), 9, lane=Lane.CARRIED)

    peer.ask(1, 1)
    peer.ask(2, 2)

    assert peer.answers == {1: HAS}


@pytest.mark.parametrize("payload", [b"", b"1234567", b"123456789"])
def test_what_is_no_question_is_not_answered(peer: Answerer, payload: bytes) -> None:
    """And waits for nothing."""
    peer.census.on_asked(Asked(1, ASKER, TOPIC, payload, 2.0, True), 0.0)

    assert peer.answers == {}
    assert not peer.census.waits


def test_whose_time_is_over_gives_way_first(peer: Answerer) -> None:
    """Only when all are still waited for, the oldest does."""
    stream = peer.meet()
    peer.ask(0, 1, now=1.5)
    peer.ask(1, 1, now=0.0)
    for ticket in range(2, WAITING_MAX + 1):
        peer.ask(ticket, 1, now=3.0)
    peer.deliver(stream, 1)
    assert sorted(peer.answers) == [0, *range(2, WAITING_MAX + 1)]

    peer.answers.clear()
    for ticket in range(WAITING_MAX + 1):
        peer.ask(ticket, 2, now=3.0)
    peer.deliver(stream, 2)

    assert sorted(peer.answers) == list(range(1, WAITING_MAX + 1))


def test_the_oldest_losses_are_forgotten(peer: Answerer) -> None:
    """What is remembered of them has a bound."""
    stream = peer.meet()
    for _ in range(LOST_MAX + 1):
        peer.lose(stream, stream.last + 1)

    peer.ask(1, 1)
    peer.ask(2, 2)

    assert peer.answers == {1: HAS, 2: LOST}


def test_its_topic_can_be_asked_about() -> None:
    """It goes the way of all questions, which check their topics."""
    check_topic(TOPIC)


@given(
    began=st.integers(0, 5),
    steps=st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=8),
    asked=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 20)), max_size=20),
)
def test_has_is_said_of_exactly_what_was_told(
    began: int, steps: list[tuple[bool, int]], asked: list[tuple[int, int]]
) -> None:
    """Whenever it is asked for, and in whatever order things come and are lost."""
    peer = Answerer()
    stream = peer.meet(began)
    had: set[int] = set()
    known: set[int] = set(range(1, began + 1))
    happens: list[Callable[[], None]] = []
    for comes, count in steps:
        numbers = range(len(known) + 1, len(known) + count + 1)
        known.update(numbers)
        had.update(numbers if comes else ())
        step, last = peer.deliver if comes else peer.lose, numbers[-1]
        happens.append(lambda step=step, last=last: step(stream, last))  # type: ignore[misc] # bound at once

    for moment in range(len(happens) + 1):
        for ticket, (when, number) in enumerate(asked):
            if min(when, len(happens)) == moment:
                peer.ask(ticket, number)
        if moment < len(happens):
            happens[moment]()

    assert peer.answers == {
        ticket: HAS if number in had else LOST for ticket, (_, number) in enumerate(asked) if number in known
    }
