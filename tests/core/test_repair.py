"""Repair: what is missing is asked for, and given up only when nobody has it."""

from rumor.core.broadcast.repair import ORPHAN_TRIES, WAIT_MAX, WANT_RUNS_MAX, Repair
from rumor.core.broadcast.streams import Stream
from rumor.core.events import Event, LostReason, OriginWanted
from rumor.core.frames import Control, Gone, Graft, StreamId, Want
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import BroadcastSettings

from .web import STRANGER, STREAM, run_at, stream_at

SETTINGS = BroadcastSettings()
WAIT, NEXT, HOLD = SETTINGS.repair_wait, SETTINGS.repair_next, SETTINGS.hold
RETENTION: Seconds = 60.0
PARENT = 1


class Node:
    """A stream heard up to run 5 (rumor 50) over a parent, and two more links, 2 and 3."""

    def __init__(self, *links: int, parent: int = PARENT, round_trip: Seconds = 0.0) -> None:
        self.outbox = Outbox()
        self.links = links or (1, 2, 3)
        for link in self.links:
            self.outbox.open_link(link)
        self.seen: dict[int, dict[StreamId, tuple[int, int]]] = {link: {} for link in self.links}
        self.lost: list[tuple[int, int, LostReason]] = []
        self.adopted: list[tuple[int, int]] = []
        self.repair = Repair(
            SETTINGS, RETENTION, self.outbox, self.seen, lambda link: round_trip, self._declare, self._adopt
        )
        self.stream = stream_at(5, last=50)
        self.stream.parent = parent
        self.stream.hops = 3

    def _declare(self, stream: Stream, upto: int, last: int, reason: LostReason, now: Seconds) -> None:
        self.lost.append((upto, last, reason))
        stream.heard, stream.last = max(stream.heard, upto), max(stream.last, last)
        while stream.ahead and stream.ahead.pop(stream.heard + 1, None):
            stream.heard += 1
        self.repair.progressed(stream, now)

    def _adopt(self, stream: Stream, link: int, hops: int) -> None:
        self.adopted.append((link, hops))
        stream.parent, stream.hops = link, hops + 1

    def hole(self, *above: int, now: Seconds = 0.0) -> None:
        """Runs come above the next."""
        self.stream.ahead = {number: run_at(number, first=10 * number) for number in above}
        self.repair.missing(self.stream, now)

    def digest(self, link: int, number: int, *, first: int = 1, hops: int = 1, now: Seconds = 0.0) -> None:
        """A link tells of more than we have."""
        self.seen[link][STREAM] = (number, hops)
        self.repair.announced(self.stream, link, number, 10 * number, first, now)

    def gone(self, link: int, first: int, last: int, last_rumor: int, now: Seconds, *, final: bool = False) -> None:
        """A link does not have what it was asked for."""
        self.repair.on_gone(link, self.stream, Gone(STREAM, first, last, last_rumor, final), now)

    def sent(self) -> dict[int, list[Control]]:
        """What each link was sent since last asked."""
        return {link: frames for link in self.links if (frames := self.outbox.take(link))}

    def events(self) -> list[Event]:
        return self.outbox.drain()[1]

    def all_gone(self, first: int, last: int, last_rumor: int, now: Seconds) -> None:
        """Each link is asked and says that it does not have it."""
        for link in self.links:
            self.gone(link, first, last, last_rumor, now)
        self.repair.tick(now)


# Asking.


def test_a_hole_is_asked_for_after_a_moment() -> None:
    """It may be on its way; then the parent is asked for what lies below the next run that we have."""
    node = Node()
    node.hole(8, 9)
    assert (len(node.repair), node.repair.next_deadline()) == (1, WAIT)

    node.repair.tick(WAIT - 0.001)
    assert node.sent() == {}
    node.repair.tick(WAIT)

    assert node.sent() == {PARENT: [Want(STREAM, 6, 7)]}
    assert node.repair.next_deadline() == WAIT + NEXT


def test_over_slow_links_it_is_asked_for_later() -> None:
    """After two round trips to the parent."""
    node = Node(round_trip=0.3)

    node.hole(8)

    assert node.repair.next_deadline() == 0.6


def test_a_stop_that_was_taken_for_a_round_trip_does_not_delay_repair() -> None:
    """What is missing is waited for at most a second. (After a freeze of 22 s a peer waited for 44.)"""
    node = Node(round_trip=22.0)

    node.hole(8)

    assert node.repair.next_deadline() == WAIT_MAX


def test_a_hole_is_asked_for_at_one_link_after_another() -> None:
    """The parent, those that announced it, then all others, then again; waiting longer each time, up to a second."""
    node = Node()
    node.hole(8)
    node.digest(3, 9)
    asked, waits = [], []
    for _ in range(8):
        now = node.repair.next_deadline()
        assert now is not None
        node.repair.tick(now)
        asked += list(node.sent())
        waits.append(round((node.repair.next_deadline() or 0.0) - now, 2))

    assert asked == [1, 3, 2, 1, 3, 2, 1, 3]
    assert waits == [0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0, 1.0]


def test_a_link_that_retains_too_little_of_it_is_not_preferred() -> None:
    """It is asked in its turn, as any other."""
    node = Node()
    node.hole(8)
    node.digest(3, 9, first=7)

    node.repair.tick(WAIT)
    node.repair.tick(WAIT + NEXT)

    assert list(node.sent()) == [1, 2]


def test_so_many_runs_are_asked_for_at_once_and_no_more() -> None:
    """A wide hole is filled piece by piece."""
    node = Node()
    node.hole(100_000)

    node.repair.tick(WAIT)

    assert node.sent() == {PARENT: [Want(STREAM, 6, 5 + WANT_RUNS_MAX)]}


def test_the_tail_is_grafted() -> None:
    """Who has heard more than we becomes the parent, whatever its distance: it can't hang on us."""
    node = Node()
    node.digest(2, 7, hops=9)
    node.digest(3, 6, hops=9)

    node.repair.tick(WAIT)

    assert node.sent() == {2: [Graft(STREAM, 6)]}
    assert node.adopted == [(2, 9)]


def test_the_nearest_of_those_that_have_more_is_grafted_first() -> None:
    """Then the others in turn, and then again."""
    node = Node()
    node.digest(2, 7, hops=4)
    node.digest(3, 7, hops=2)

    for _ in range(3):
        now = node.repair.next_deadline()
        assert now is not None
        node.repair.tick(now)

    assert node.adopted == [(3, 2), (2, 4), (3, 2)]


def test_a_tail_that_nobody_can_be_grafted_for_is_wanted() -> None:
    """Where it was announced by one who has not heard all before it, it is asked for without changing the tree."""
    node = Node()
    node.digest(2, 7)
    node.seen[2].clear()

    node.repair.tick(WAIT)

    assert (node.sent(), node.adopted) == ({PARENT: [Want(STREAM, 6, 7)]}, [])


def test_where_everybody_says_gone_nobody_is_asked_before_the_hold_ends() -> None:
    """A link that announced it says so as well; nothing is grafted there any more."""
    node = Node()
    node.digest(2, 7)

    node.all_gone(6, 7, 70, 0.0)

    assert (node.sent(), node.lost, node.repair.next_deadline()) == ({}, [], HOLD)


# A lost parent.


def test_an_orphan_grafts_at_once_who_stands_strictly_nearer() -> None:
    """Of those that heard as much: an equal could hang on us."""
    node = Node(parent=0)
    node.seen[2][STREAM] = (5, 3)
    node.seen[3][STREAM] = (5, 2)

    node.repair.orphaned(node.stream, 1.0)

    assert (node.sent(), node.adopted) == ({3: [Graft(STREAM, 6)]}, [(3, 2)])


def test_an_orphan_does_not_graft_its_equals_nor_who_heard_less() -> None:
    """It waits for a digest; after some tries it stops looking."""
    node = Node(parent=0)
    node.seen[2][STREAM] = (5, 3)
    node.seen[3][STREAM] = (4, 1)

    node.repair.orphaned(node.stream, 0.0)
    for _ in range(ORPHAN_TRIES):
        now = node.repair.next_deadline()
        assert now is not None
        node.repair.tick(now)

    assert (node.sent(), node.adopted, len(node.repair), node.stream.lack) == ({}, [], 0, None)


def test_an_orphan_with_a_hole_grafts_rather_than_asks() -> None:
    """And where nobody can be grafted, it asks."""
    node = Node(parent=0)
    node.hole(8)
    node.seen[3][STREAM] = (9, 1)
    node.repair.tick(WAIT)
    assert node.sent() == {3: [Graft(STREAM, 6)]}

    node = Node(parent=0)
    node.hole(8)
    node.repair.tick(WAIT)
    assert node.sent() == {1: [Want(STREAM, 6, 6)]}


def test_without_links_it_waits() -> None:
    """Nobody is asked, and nothing is lost before it is too old for anybody."""
    node = Node(7, parent=0)
    node.hole(8)
    del node.seen[7]

    for now in (WAIT, 1.0, HOLD + 1.0, RETENTION):
        node.repair.tick(now)
    assert (node.sent(), node.lost) == ({}, [])
    node.repair.tick(RETENTION + 2.0)

    assert node.lost == [(7, 79, LostReason.EXPIRED)]


# It came.


def test_what_came_ends_the_search() -> None:
    """Nothing is due any more."""
    node = Node()
    node.digest(2, 7)
    node.stream.heard = 7

    node.repair.progressed(node.stream, 1.0)

    assert (node.stream.lack, len(node.repair), node.repair.next_deadline()) == (None, 0, None)


def test_what_is_still_missing_is_waited_for_anew() -> None:
    """Those who said gone may have it meanwhile; the hold begins again."""
    node = Node()
    node.hole(8, 12)
    node.all_gone(6, 7, 79, 0.0)
    assert node.stream.ahead is not None
    node.stream.heard = 8
    del node.stream.ahead[8]

    node.repair.progressed(node.stream, 1.0)

    assert node.repair.next_deadline() == 1.0 + WAIT
    node.repair.tick(1.0 + WAIT)
    assert node.sent() == {PARENT: [Want(STREAM, 9, 11)]}


def test_what_came_some_other_way_is_not_asked_for() -> None:
    """A search that finds nothing missing ends by itself."""
    node = Node()
    node.hole(8)
    node.stream.ahead = None

    node.repair.tick(WAIT)

    assert (node.sent(), len(node.repair)) == ({}, 0)


# Gone.


def test_who_said_gone_is_not_asked_again_until_it_announces() -> None:
    """The next is asked at once."""
    node = Node()
    node.hole(8)
    node.repair.tick(WAIT)
    node.gone(PARENT, 6, 7, 79, WAIT + 0.001)
    node.repair.tick(WAIT + 0.001)
    assert list(node.sent()) == [1, 2]

    node.repair.tick(0.2)
    node.repair.tick(0.4)
    assert list(node.sent()) == [2, 3]
    node.digest(PARENT, 9, now=0.5)
    node.repair.tick(0.8)

    assert list(node.sent()) == [1]


def test_who_said_gone_is_not_grafted() -> None:
    """Although it told of more: it heard it, and keeps it no longer; somebody else may."""
    node = Node()
    node.digest(2, 7)
    node.gone(2, 6, 7, 70, 0.0)

    node.repair.tick(0.0)

    assert (node.sent(), node.adopted) == ({PARENT: [Want(STREAM, 6, 7)]}, [])


def test_a_late_gone_does_not_count() -> None:
    """One about what we have, or about what lies above what is missing first, or of a stream that lacks nothing."""
    node = Node()
    node.gone(2, 6, 7, 70, 0.0)
    node.hole(8)

    for first, last in ((1, 5), (7, 9)):
        for link in node.links:
            node.gone(link, first, last, 99, 0.0)
    node.repair.tick(HOLD + 1.0)

    assert list(node.sent()) == [1]
    assert (node.lost, node.events()) == ([], [])


def test_what_nobody_has_is_lost_after_the_hold_and_the_origin() -> None:
    """All neighbors say gone, the hold ends, the origin itself is wanted, and can't be asked: then it is lost."""
    node = Node()
    node.hole(8)
    node.all_gone(6, 7, 79, 0.5)
    assert (node.repair.next_deadline(), node.events(), node.lost) == (HOLD, [], [])

    node.repair.tick(HOLD)
    assert (node.events(), node.lost) == ([OriginWanted(STRANGER)], [])
    node.repair.tick(HOLD + 1.0)
    assert (node.events(), node.lost) == ([], [])
    node.repair.on_origin_dialled("somebody else", HOLD + 1.5)
    node.repair.tick(HOLD + 1.5)
    assert node.lost == []
    node.repair.on_origin_dialled(STRANGER, HOLD + 1.6)
    node.repair.tick(HOLD + 1.6)

    assert node.lost == [(7, 79, LostReason.UNOBTAINABLE)]
    assert (node.stream.lack, len(node.repair)) == (None, 0)


def test_an_origin_that_can_be_asked_is_asked_before_anything_is_lost() -> None:
    """It is the last one; when it says gone, too, or its link ends, it is lost."""
    for end in ("gone", "link ends"):
        node = Node()
        node.hole(8)
        node.all_gone(6, 7, 79, 0.5)
        node.repair.tick(HOLD)
        node.outbox.open_link(9)
        node.seen[9] = {}
        node.repair.on_origin_dialled(STRANGER, HOLD)
        node.repair.tick(HOLD)
        assert (node.outbox.take(9), node.lost) == ([Want(STREAM, 6, 7)], [])

        if end == "gone":
            node.gone(9, 6, 7, 0, HOLD + 0.1)
        else:
            del node.seen[9]
            node.repair.remove_link(9)
        node.repair.tick(HOLD + 1.0)
        assert node.lost == [(7, 79, LostReason.UNOBTAINABLE)], end


def test_what_the_origin_no_longer_keeps_is_lost_at_once() -> None:
    """Its word is final; not beyond the next run that we have."""
    node = Node()
    node.hole(8)

    node.gone(2, 6, 20, 209, 0.1, final=True)

    assert node.lost == [(7, 79, LostReason.FORGOTTEN)]


def test_no_more_is_lost_than_the_tail() -> None:
    """What is gone beyond what is known to exist may be something else."""
    node = Node()
    node.digest(2, 9)

    node.gone(2, 6, 20, 209, 0.1, final=True)

    assert node.lost == [(9, 90, LostReason.FORGOTTEN)]


def test_no_more_is_lost_than_what_all_lack() -> None:
    """Of several answers the shortest counts; the rest is asked for anew."""
    node = Node()
    node.digest(2, 30)
    for link, last in ((1, 9), (2, 8), (3, 20)):
        node.gone(link, 6, last, 10 * last, 0.1)
    node.repair.tick(HOLD)
    node.repair.on_origin_dialled(STRANGER, HOLD)
    node.repair.tick(HOLD)

    assert node.lost == [(8, 80, LostReason.UNOBTAINABLE)]
    assert node.repair.next_deadline() == HOLD + WAIT


def test_a_part_of_a_hole_may_be_lost() -> None:
    """What lies above it is asked for anew."""
    node = Node()
    node.hole(20)
    node.all_gone(6, 9, 99, 0.1)
    node.repair.tick(HOLD)
    node.repair.on_origin_dialled(STRANGER, HOLD)
    node.repair.tick(HOLD)

    assert node.lost == [(9, 99, LostReason.UNOBTAINABLE)]
    node.repair.tick(HOLD + WAIT)
    assert node.sent() == {PARENT: [Want(STREAM, 10, 19)]}


def test_where_nobody_knows_the_rumors_all_up_to_the_tail_are_lost() -> None:
    """The tail's last rumor is known from who announced it."""
    node = Node()
    node.digest(2, 9)
    node.all_gone(6, 6, 0, 0.1)
    node.repair.tick(HOLD)
    node.repair.on_origin_dialled(STRANGER, HOLD)
    node.repair.tick(HOLD)

    assert node.lost == [(9, 90, LostReason.UNOBTAINABLE)]


def test_what_is_older_than_anybody_keeps_it_is_lost() -> None:
    """Even if a neighbor never answers: after the retention, a hole and a tail alike."""
    node = Node()
    node.hole(8)
    node.repair.tick(RETENTION)
    assert node.lost == []
    node.repair.tick(RETENTION + 0.1)
    assert node.lost == [(7, 79, LostReason.EXPIRED)]

    node = Node()
    node.digest(2, 9)
    node.repair.tick(RETENTION + 0.1)
    assert node.lost == [(9, 90, LostReason.EXPIRED)]


def test_a_hole_above_an_old_tail_expires_too() -> None:
    """What was announced before and came meanwhile says nothing of what is missing now."""
    node = Node()
    node.digest(2, 7)
    node.hole(10)
    node.stream.heard, node.stream.last = 7, 79
    node.repair.progressed(node.stream, 1.0)

    node.repair.tick(1.1 + RETENTION)

    assert node.lost == [(9, 99, LostReason.EXPIRED)]


# Links and pauses.


def test_a_lost_link_is_asked_nothing_more() -> None:
    """What it announced, was asked and said is forgotten: the others decide."""
    node = Node()
    node.hole(8)
    node.digest(3, 9)
    node.repair.tick(WAIT)
    node.gone(1, 6, 7, 79, 0.1)
    node.gone(2, 6, 7, 79, 0.1)
    del node.seen[3]
    node.sent()

    node.repair.remove_link(3)
    node.repair.tick(HOLD)

    assert (node.sent(), node.events()) == ({}, [OriginWanted(STRANGER)])


def test_a_node_that_is_full_asks_for_nothing() -> None:
    """Until it has room."""
    node = Node()
    node.hole(8)
    node.repair.paused = True
    node.repair.tick(10.0)
    assert (node.sent(), node.repair.next_deadline()) == ({}, None)

    node.repair.paused = False
    node.repair.tick(10.0)

    assert node.sent() == {PARENT: [Want(STREAM, 6, 7)]}


def test_of_a_forgotten_stream_nothing_is_asked() -> None:
    """Nor is it counted any more."""
    node = Node()
    node.hole(8)

    node.repair.forget(node.stream)
    node.repair.tick(WAIT)

    assert (node.sent(), len(node.repair)) == ({}, 0)
