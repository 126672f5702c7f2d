"""The lane of questions to all: they spread as rumors do, and are none."""

import pytest

from rumor.core.broadcast.broadcast import Broadcast
from rumor.core.clock import WallClock
from rumor.core.errors import UsageError
from rumor.core.events import Event, LostReason, RumorsLost, RunDelivered
from rumor.core.frames import Lane, Outgoing, RawRecord, Run, RunRecord, StreamId
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import Settings
from rumor.wire import frames

from .web import LIFE, STRANGER, Web, record_at

ME = Address("10.0.0.1", 4001)
QUESTIONS = StreamId(STRANGER, LIFE, Lane.ASKED)


class Node:
    """Broadcast alone, that has joined, with one link."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        identity = Identity(ME, epoch=LIFE)
        self.it = Broadcast(
            identity, Settings(), WallClock(LIFE / 1000), self.outbox, frames.encode_run, lambda link: 0.01
        )
        self.it.begin(0.0)
        self.it.heard_hello(0, 0.0)
        self.it.joined = True

    def link(self, link: int, now: Seconds = 0.0) -> None:
        self.outbox.open_link(link)
        self.it.add_link(link, LIFE, now)

    def take(self, record: RunRecord, now: Seconds) -> None:
        """A run comes over the link."""
        self.it.on_run(1, record, now)
        self.it.end_turn(now)

    def runs(self, link: int, now: Seconds) -> list[tuple[int, bytes]]:
        """Age and payload of what a link is sent."""
        sent: list[Outgoing] = self.it.pull(link, 1 << 18, now)
        records = [frame for frame in sent if isinstance(frame, RawRecord)]
        return [(record.age, frames.decode_run(record.raw).payloads[0]) for record in records]

    def events(self) -> list[Event]:
        return self.outbox.drain()[1]

    def fresh(self) -> list[Run]:
        """The runs that were told for the first time."""
        return [event.run for event in self.events() if isinstance(event, RunDelivered) and event.fresh]


def test_a_question_reaches_everybody_once() -> None:
    """By its lane, beside what applications publish."""
    web = Web(1)
    nodes = web.graph(20, 4)
    asker = nodes[0]

    asker.broadcast.origin.ask(b"question", "topic", web.now)
    asker.broadcast.end_turn(web.now)
    web.step(asker)
    web.run(1.0)

    for node in nodes[1:]:
        (run,) = [event.run for event in node.events if isinstance(event, RunDelivered) and event.fresh]
        assert (run.origin, run.lane, run.topic, run.payloads) == (asker.name, Lane.ASKED, "topic", [b"question"])


def test_a_question_and_a_rumor_are_numbered_apart() -> None:
    """Applications see no jump where something was asked."""
    node = Node()

    assert node.it.publish(b"rumor", "", 0.0) == 1
    assert node.it.origin.ask(b"question", "", 0.0) == 1
    assert node.it.publish(b"rumor", "", 0.0) == 2


def test_who_publishes_no_more_asks_no_more() -> None:
    """Another process lives under our name."""
    node = Node()
    node.it.on_other_life(LIFE + 1)

    with pytest.raises(UsageError, match="another process"):
        node.it.origin.ask(b"question", "", 0.0)


def test_questions_that_are_lost_are_not_told_as_rumors() -> None:
    """Their numbers are nothing that an application knows."""
    node = Node()
    node.link(1)
    node.take(record_at(1, id=QUESTIONS), 0.0)
    stream = node.it.streams.get(QUESTIONS)
    assert stream is not None

    node.it.delivery.lost(stream, 5, 5, LostReason.UNOBTAINABLE)

    assert [event for event in node.events() if isinstance(event, RumorsLost)] == []
    assert stream.heard == 5


def test_a_question_above_a_hole_is_told_at_once() -> None:
    """It can't wait for those before it."""
    node = Node()
    node.link(1)
    node.take(record_at(1, id=QUESTIONS), 0.0)
    node.take(record_at(3, id=QUESTIONS), 0.0)

    assert [run.number for run in node.fresh()] == [1, 3]


def test_a_new_life_that_asks_does_not_wait_for_the_older_one() -> None:
    """Rumors of a new life do, for a while; an asker would not."""
    node = Node()
    node.link(1)
    node.take(record_at(1, id=QUESTIONS), 0.0)
    node.take(record_at(3, id=QUESTIONS), 0.0)
    node.events()

    node.take(record_at(1, id=StreamId(STRANGER, LIFE + 1, Lane.ASKED)), 0.0)

    assert [run.epoch for run in node.fresh()] == [LIFE + 1]


def test_how_long_a_question_was_under_way_is_known() -> None:
    """Its way here, by what its holders say, and the time since. Of what is not retained nothing is known."""
    node = Node()
    node.link(1)
    record = record_at(1, id=QUESTIONS, age=1500)
    node.take(record, 10.0)

    assert node.it.streams.age_of(record.run, 10.25) == 1.75
    assert node.it.streams.age_of(record_at(2, id=QUESTIONS).run, 10.25) == 0.0
    assert node.it.streams.age_of(record_at(1).run, 10.25) == 0.0
    node.it.slept(100.0)
    assert node.it.streams.age_of(record.run, 100.0) == 0.0


def test_a_question_grows_old_while_nobody_is_there_to_hear_it() -> None:
    """A rumor waits for whoever comes; a question too, but says how old it is."""
    node = Node()
    node.it.alone()
    node.it.publish(b"rumor", "", 10.0)
    node.it.origin.ask(b"question", "", 10.0)
    node.it.end_turn(10.0)
    node.it.alone()

    node.it.in_company(15.0)
    node.link(1, 15.0)

    assert sorted(node.runs(1, 15.0)) == [(0, b"rumor"), (5000, b"question")]
