"""Serving: what each link is sent of the message list, and what it is told is gone."""

from rumor.core.broadcast.message_list import Entry, MessageList
from rumor.core.broadcast.serving import Serving
from rumor.core.broadcast.streams import Stream
from rumor.core.effects import Wake
from rumor.core.frames import Control, Gone, RawRecord
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import MessageListSettings

from .web import LIFE, STREAM, run_at, stream_at

SIZE = 100
"""Bytes of each run here."""

RETENTION: Seconds = 60.0
ALL = 1 << 20
"""More bytes than there are."""


class Node:
    """A list with one stream, and two links, 1 and 2, which both get it."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        for link in (1, 2, 3):
            self.outbox.open_link(link)
        self.list = MessageList(MessageListSettings(retention=RETENTION))
        self.serving = Serving(self.list, RETENTION, self.outbox)
        self.stream = stream_at()
        for link in (1, 2):
            self.stream.eager |= self.serving.add_link(link).bit

    def hear(self, *numbers: int, via: int = 0, age: Seconds = 0.0, stream: Stream | None = None) -> None:
        """Runs come at moment 0, by a link or of our own."""
        stream = stream or self.stream
        for number in numbers:
            raw = b"%d" % number + b"." * (SIZE - len(b"%d" % number))
            self.list.append(Entry(stream, number, 10 * number, 10 * number + 9, "", raw, via, 0.0, age))
            stream.heard, stream.last = number, 10 * number + 9

    def pulled(self, link: int, bytes_max: int = ALL, now: Seconds = 0.0) -> list[tuple[int, bool]]:
        """The numbers of the runs that a link is sent, and whether they are a repair."""
        out = []
        for frame in self.serving.pull(link, bytes_max, now):
            assert isinstance(frame, RawRecord)
            out.append((int(frame.raw.rstrip(b".")), frame.repair))
        return out

    def asked(self, first: int, last: int, *, own: bool = False) -> list[Control]:
        """What link 1 is told at once when it asks for some runs."""
        self.serving.repair(1, self.stream, first, last, own=own)
        return self.outbox.take(1)


def sent(*numbers: int) -> list[tuple[int, bool]]:
    """Runs in their turn."""
    return [(number, False) for number in numbers]


def repaired(*numbers: int) -> list[tuple[int, bool]]:
    """Runs that were asked for."""
    return [(number, True) for number in numbers]


# In turn.


def test_a_link_is_sent_what_comes_after_it_came() -> None:
    """Each run once, in the order of arrival, with our hops and its age, and its very bytes."""
    node = Node()
    node.stream.hops = 3
    node.hear(1, age=1.5)
    (entry,) = node.list

    assert node.serving.pull(1, ALL, 0.25) == [RawRecord(3, 1750, False, entry.raw)]
    assert node.serving.pull(1, ALL, 0.25) == []
    node.serving.add_link(3)
    node.stream.eager |= node.serving.links[3].bit
    node.hear(2)
    assert (node.pulled(1), node.pulled(3)) == (sent(2), sent(2))


def test_a_run_does_not_go_back_where_it_came_from_nor_where_it_is_not_wanted() -> None:
    """Only to the links of its stream, but for the one that brought it."""
    node = Node()
    node.hear(1, via=1)
    other = stream_at(id=STREAM._replace(epoch=LIFE + 1))
    node.hear(7, stream=other)

    assert (node.pulled(1), node.pulled(2)) == ([], sent(1))


def test_a_slow_link_gets_more_at_a_time() -> None:
    """What it did not take yet waits in the list, and it takes no more than it asks for, but for the last run."""
    node = Node()
    node.hear(1, 2, 3, 4, 5)

    assert [node.pulled(1, SIZE + 1), node.pulled(1, 2 * SIZE), node.pulled(1)] == [sent(1, 2), sent(3, 4), sent(5)]


def test_what_is_not_there_any_more_is_passed_over() -> None:
    """A dropped run is a hole for who did not take it, also when the front of the list was cut off."""
    node = Node()
    node.hear(1, 2)
    node.list.trim(RETENTION)
    node.hear(3)
    assert node.pulled(1) == sent(3)

    node.hear(*range(4, 3000))
    node.list.trim(RETENTION)
    node.hear(3000)
    assert node.list.base > 0
    assert node.pulled(2) == sent(3000)


def test_a_run_in_the_middle_that_went_is_passed_over() -> None:
    """An empty place in the log is nothing to send."""
    node = Node()
    node.list = MessageList(MessageListSettings(bytes_max=3 * (SIZE + 256)))
    node.serving._list = node.list
    owed = stream_at(id=STREAM._replace(epoch=LIFE + 1))
    owed.eager = node.stream.eager
    node.stream.tree = 99
    node.hear(1, stream=owed)
    node.hear(2)
    node.hear(3, 4, stream=owed)

    assert node.pulled(1) == sent(1, 3, 4)


def test_what_is_too_old_is_not_offered() -> None:
    """A run that reached the retention and was not trimmed yet is left out, in turn and as a repair."""
    node = Node()
    node.hear(1, age=RETENTION)
    node.hear(2)

    assert node.pulled(1, now=0.001) == sent(2)
    node.asked(1, 2)
    assert node.pulled(1, now=0.001) == repaired(2)


def test_a_link_that_is_gone_is_sent_nothing() -> None:
    """And its place goes to the next."""
    node = Node()
    bit = node.serving.links[1].bit
    node.hear(1)

    assert node.serving.remove_link(1) is not None
    assert node.serving.remove_link(1) is None
    assert node.pulled(1) == []
    assert (node.serving.add_link(3).bit, node.serving.bits) == (bit, 3)


def test_only_links_with_something_are_woken() -> None:
    """By their bits."""
    node = Node()

    node.serving.wake(node.serving.links[2].bit)

    assert node.outbox.drain()[0] == [Wake(2)]


# Repair.


def test_what_is_retained_is_sent_as_a_repair() -> None:
    """The link is woken for it, and nothing is told gone."""
    node = Node()
    node.hear(1, 2, 3)
    node.pulled(1)

    assert node.asked(2, 3) == []
    assert node.outbox.drain()[0] == [Wake(1)]
    assert node.pulled(1) == repaired(2, 3)
    assert node.pulled(1) == []


def test_what_comes_in_turn_is_no_repair() -> None:
    """A run that the cursor will still come by is sent once: no gap, no overlap."""
    node = Node()
    node.hear(1, 2)
    node.pulled(1)
    node.hear(3, 4)

    node.asked(1, 4)

    assert node.pulled(1, 3 * SIZE) + node.pulled(1) == [*repaired(1), *sent(3, 4), *repaired(2)]


def test_a_visitor_gets_what_it_asks_for_and_nothing_else() -> None:
    """It has no place in the trees."""
    node = Node()
    node.serving.add_visitor(3)
    node.hear(1, 2)
    assert node.pulled(3) == []

    node.serving.repair(3, node.stream, 2, 2, own=False)

    assert (node.pulled(3), node.serving.bits) == (repaired(2), 3)


def test_what_is_not_kept_any_more_is_gone() -> None:
    """From what was asked for up to where the list begins, with the last rumor before that; the rest is sent."""
    node = Node()
    node.hear(1, 2, 3, 4)
    node.pulled(1)
    node.stream.dropped(1)
    node.stream.dropped(2)

    assert node.asked(1, 4) == [Gone(STREAM, 1, 2, 29, False)]
    assert node.pulled(1) == repaired(3, 4)
    assert node.asked(1, 1, own=True) == [Gone(STREAM, 1, 2, 29, True)]
    assert node.pulled(1) == []
    node.stream.dropped(3)
    node.stream.dropped(4)
    assert node.asked(1, 4) == [Gone(STREAM, 1, 4, 49, False)]


def test_where_a_run_above_a_hole_went_nobody_knows_the_rumors_below_it() -> None:
    """It is told gone with all before it, but not which rumor is the last of them."""
    node = Node()
    node.hear(1, 4)
    node.stream.heard, node.stream.last, node.stream.ahead = 1, 19, {4: run_at(4)}
    node.stream.dropped(4)

    assert node.asked(2, 3) == [Gone(STREAM, 2, 4, 0, False)]


def test_what_we_never_had_is_gone_too() -> None:
    """Nobody knows then which rumors are in it."""
    node = Node()
    node.hear(1, 2)

    assert node.asked(3, 9) == [Gone(STREAM, 3, 9, 0, False)]
    assert node.asked(3, 9, own=True) == [Gone(STREAM, 3, 9, 0, False)]


def test_a_hole_of_our_own_is_gone_and_what_lies_above_it_is_sent() -> None:
    """The first run that is missing is told gone; what we hold above it may help."""
    node = Node()
    node.hear(1)
    node.pulled(1)
    node.hear(4)
    node.stream.heard, node.stream.ahead = 1, {4: run_at(4)}
    node.pulled(1)

    assert node.asked(2, 9) == [Gone(STREAM, 2, 2, 0, False)]
    assert node.pulled(1) == repaired(4)
    assert node.asked(4, 4) == []
    assert node.pulled(1) == repaired(4)


def test_a_busy_link_still_gets_its_repairs() -> None:
    """At least a quarter of what it takes, by streams in turn; all of it once nothing else waits."""
    node = Node()
    other = stream_at(id=STREAM._replace(epoch=LIFE + 1))
    other.eager = node.stream.eager
    node.hear(1, 2)
    node.hear(11, 12, stream=other)
    node.pulled(1)
    node.hear(3, 4, 5, 6, 7, 8)
    node.serving.repair(1, node.stream, 1, 2, own=False)
    node.serving.repair(1, other, 11, 12, own=False)

    assert node.pulled(1, 4 * SIZE) == [*repaired(1), *sent(3, 4, 5)]
    assert node.pulled(1, 4 * SIZE) == [*repaired(11), *sent(6, 7, 8)]
    assert node.pulled(1, 4 * SIZE) == repaired(2, 12)
    assert node.serving.links[1].repairs == {}


def test_a_later_question_takes_the_place_of_the_one_before() -> None:
    """What was planned of the stream is forgotten."""
    node = Node()
    node.hear(1, 2, 3)
    node.pulled(1)
    node.asked(1, 3)

    node.asked(2, 2)

    assert node.pulled(1) == repaired(2)


def test_of_a_forgotten_stream_nothing_is_repaired() -> None:
    """What was planned for it goes with it."""
    node = Node()
    node.hear(1)
    node.pulled(1)
    node.asked(1, 1)

    node.serving.forget(node.stream)

    assert node.pulled(1) == []


def test_a_stream_that_retains_nothing_has_nothing_to_plan() -> None:
    """An empty range is no plan, and one whose runs went meanwhile comes to nothing."""
    node = Node()
    node.serving.plan(1, node.stream, 5, 4)
    assert (node.serving.links[1].repairs, node.outbox.drain()[0]) == ({}, [])

    node.serving.plan(1, node.stream, 1, 2)
    assert (node.pulled(1), node.serving.links[1].repairs) == ([], {})
