"""History: what was said before we came, as far as neighbors keep it."""

from rumor.core.broadcast.history import PATIENCE, History
from rumor.core.broadcast.message_list import OVERHEAD
from rumor.core.broadcast.streams import Stream, Streams
from rumor.core.events import HistoryReached
from rumor.core.frames import Control, Gone, Lane, StreamId, Want
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import MessageListSettings

from .web import STREAM, record_at

ONE, TWO = 1, 2
RETENTION: Seconds = 60.0


class Newcomer:
    """A peer that knows one stream, of which it heard nothing before run 5."""

    def __init__(self, *, bytes_max: int = 1 << 20) -> None:
        self.outbox = Outbox()
        self.outbox.open_link(ONE)
        self.outbox.open_link(TWO)
        self.streams = Streams(10, 10, lambda stream: None)
        self.stream = self.know(STREAM, heard=4)
        self.it = History(MessageListSettings(bytes_max=bytes_max, retention=RETENTION), self.streams, self.outbox)

    def know(self, id: StreamId, heard: int) -> Stream:
        """Another stream, whose runs up to this one lie before our beginning."""
        stream = self.streams.add(id, heard, heard, 0.0)
        stream.hops = 1
        return stream

    def take(self, *numbers: int, link: int = ONE, now: Seconds = 1.0) -> None:
        """Runs come that were asked for."""
        for number in numbers:
            self.it.take(self.stream, record_at(number, repair=True), link, now)

    def sent(self, link: int) -> list[Control]:
        """What a link is sent."""
        return self.outbox.take(link)

    @property
    def numbers(self) -> list[int]:
        """The runs that are there."""
        return [entry.number for entry in self.it.entries()]

    @property
    def told(self) -> bool:
        """Whether the end was said since the last look."""
        return HistoryReached() in self.outbox.drain()[1]


def test_nothing_is_asked_for_before_somebody_looks_back() -> None:
    """Without a subscriber that looks back there is no traffic."""
    newcomer = Newcomer()

    newcomer.it.ask([ONE, TWO], 1.0)

    assert (newcomer.sent(ONE), newcomer.sent(TWO), newcomer.it.next_deadline()) == ([], [], None)


def test_a_neighbor_is_asked_for_all_before_our_beginning() -> None:
    """What it sends is there, in order, without being in the message list; then the end is said, once."""
    newcomer = Newcomer()

    newcomer.it.reach_back(0.0)
    newcomer.it.ask([ONE, TWO], 0.0)
    asked = newcomer.sent(ONE)
    newcomer.take(1, 2, 3)
    before = newcomer.told
    newcomer.take(4)
    newcomer.it.ask([ONE, TWO], 0.0)

    assert (asked, newcomer.sent(TWO)) == ([Want(STREAM, 1, 4)], [])
    assert (before, newcomer.told, newcomer.numbers) == (False, True, [1, 2, 3, 4])
    assert newcomer.it.next_deadline() is None


def test_who_asks_again_later_is_told_at_once() -> None:
    """It is reached once in a peer's life."""
    newcomer = Newcomer()
    newcomer.it.reach_back(0.0)
    newcomer.it.ask([], 0.0)
    first = newcomer.told

    newcomer.it.reach_back(9.0)

    assert (first, newcomer.told) == (True, True)


def test_a_second_wish_does_not_begin_anew() -> None:
    """Two subscribers look back at once: one patience for both."""
    newcomer = Newcomer()
    newcomer.it.reach_back(0.0)
    newcomer.it.reach_back(3.0)

    assert newcomer.it.next_deadline() == PATIENCE


def test_what_a_neighbor_dropped_is_not_waited_for() -> None:
    """A neighbor that keeps only the latest says so: the end is reached with these."""
    newcomer = Newcomer()
    newcomer.it.reach_back(0.0)
    newcomer.it.ask([ONE], 0.0)

    newcomer.it.on_gone(ONE, Gone(STREAM, 1, 2, 2), [ONE])
    newcomer.take(3, 4)
    newcomer.take(2)

    assert (newcomer.numbers, newcomer.told) == ([3, 4], True)


def test_a_neighbor_that_has_none_gives_way_to_the_next() -> None:
    """It came later than we: another is asked; when nobody is left, there is no history."""
    newcomer = Newcomer()
    newcomer.it.reach_back(0.0)
    newcomer.it.ask([ONE, TWO], 0.0)

    newcomer.it.on_gone(TWO, Gone(STREAM, 1, 4, 4), [ONE, TWO])
    nobody_asked_it = newcomer.sent(TWO)
    newcomer.it.on_gone(ONE, Gone(STREAM, 1, 4, 4), [ONE, TWO])
    asked = newcomer.sent(TWO)
    newcomer.it.on_gone(TWO, Gone(STREAM, 1, 4, 4), [ONE, TWO])

    assert (nobody_asked_it, asked) == ([], [Want(STREAM, 1, 4)])
    assert (newcomer.numbers, newcomer.told) == ([], True)


def test_a_gap_ends_what_can_be_told() -> None:
    """Only what is whole up to our beginning counts: a subscriber is told nothing that lies before a gap."""
    newcomer = Newcomer()
    newcomer.it.reach_back(0.0)
    newcomer.it.ask([ONE], 0.0)
    newcomer.take(1, 3, 4)

    newcomer.it.tick(PATIENCE)

    assert (newcomer.numbers, newcomer.told) == ([3, 4], True)


def test_the_patience_ends() -> None:
    """A neighbor that does not answer holds nobody back for longer than the patience; what comes later is dropped."""
    newcomer = Newcomer()
    newcomer.it.reach_back(0.0)
    newcomer.it.ask([ONE], 0.0)
    newcomer.it.tick(PATIENCE - 0.1)
    before = newcomer.told

    newcomer.it.tick(PATIENCE)
    newcomer.take(4)

    assert (before, newcomer.told, newcomer.numbers) == (False, True, [])


def test_what_was_not_asked_for_is_not_taken() -> None:
    """Runs of our own time, runs that are there, and streams that we know from their beginning are left alone."""
    newcomer = Newcomer()
    newcomer.take(4)
    newcomer.it.reach_back(0.0)
    newcomer.it.ask([ONE], 0.0)
    newcomer.take(5, 4, 4)

    assert newcomer.numbers == [4]


def test_own_and_carried_streams_and_those_known_from_the_beginning_need_no_history() -> None:
    """Nothing of them is told to who looks back, or all of it is there."""
    newcomer = Newcomer()
    newcomer.know(StreamId("bo", 1, Lane.CARRIED), heard=4)
    newcomer.know(StreamId("cy", 1, Lane.APP), heard=0)
    newcomer.know(StreamId("me", 1, Lane.APP), heard=4).hops = 0

    newcomer.it.reach_back(0.0)
    newcomer.it.ask([ONE], 0.0)

    assert newcomer.sent(ONE) == [Want(STREAM, 1, 4)]


def test_history_has_a_bound() -> None:
    """When there is no more room, the older ones are not taken."""
    size = len(record_at(4, repair=True).raw) + OVERHEAD
    newcomer = Newcomer(bytes_max=2 * size)
    newcomer.it.reach_back(0.0)
    newcomer.it.ask([ONE], 0.0)

    newcomer.take(4, 3, 2, 1)

    assert (newcomer.numbers, newcomer.told) == ([3, 4], True)


def test_history_is_let_go_of_when_it_is_too_old() -> None:
    """No run is kept for longer than the retention."""
    newcomer = Newcomer()
    newcomer.it.reach_back(0.0)
    newcomer.it.ask([ONE], 0.0)
    newcomer.take(1, 2, now=1.0)
    newcomer.take(3, 4, now=3.0)

    newcomer.it.tick(1.0 + RETENTION)

    assert newcomer.numbers == [3, 4]
