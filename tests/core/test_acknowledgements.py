"""Acknowledgements: how far everybody below us heard, and who is waited for."""

import pytest

from rumor.core.broadcast.acknowledgements import ENTRIES_MAX, NODES_MAX, Acknowledgements
from rumor.core.broadcast.message_list import Entry
from rumor.core.broadcast.streams import Stream
from rumor.core.frames import AcknowledgedStream, Acknowledgement, Control, Lane, StreamId
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import BroadcastSettings

from .web import LIFE, STREAM, stream_at

PARENT = 9
"""The link of the parent; its bit is in no mask."""

GRACE = BroadcastSettings().grace
ONE, TWO = 1, 2
"""The children's links and, by chance, their bits."""


class Node:
    """Acknowledgements with two children of one stream, whose parent is another link."""

    def __init__(self, *, children: int = ONE | TWO, parent: int = PARENT, wait: Seconds = 0.0) -> None:
        self.outbox = Outbox()
        for link in (ONE, TWO, PARENT):
            self.outbox.open_link(link)
        self.machine = Acknowledgements(BroadcastSettings(acknowledgement_wait=wait), self.outbox)
        for link in (ONE, TWO):
            self.machine.add_link(link, link)
        self.machine.add_link(PARENT, 4)
        self.stream = stream_at()
        self.stream.parent = parent
        self.stream.hops = 1 if parent else 0
        self.stream.eager = self.stream.counted = children

    def hear(self, number: int, now: Seconds = 0.0) -> None:
        """A run comes in order."""
        before = self.stream.heard
        runs = self.stream.runs = self.stream.runs or {}
        runs[number] = Entry(self.stream, number, number, number, "", b"", PARENT, now, 0.0)
        self.stream.heard = number
        self.stream.changed_at = now
        self.machine.expect(self.stream, before)

    def acknowledged(self, link: int, own: int, tree: int, nodes: int = 1, now: Seconds = 0.0) -> None:
        """A child tells how far it is."""
        self.machine.on_acknowledged(link, self.stream, AcknowledgedStream(*STREAM, own, tree, nodes), now)

    def told(self, now: Seconds = 0.0) -> list[Control]:
        """What the parent is told at the end of the turn."""
        self.machine.settle(now)
        return self.outbox.take(PARENT)


def says(own: int, tree: int, nodes: int) -> Acknowledgement:
    """How far we are, of the one stream."""
    return Acknowledgement((AcknowledgedStream(*STREAM, own, tree, nodes),))


# Two numbers.


def test_a_leaf_acknowledges_what_it_heard() -> None:
    """Once a turn, for itself alone, and it keeps no table."""
    node = Node(children=0)
    node.hear(1)
    node.hear(2)

    assert node.told() == [says(2, 2, 1)]
    assert (node.told(), node.stream.owed) == ([], None)


def test_an_inner_node_tells_at_once_how_far_it_is_and_later_how_far_all_are() -> None:
    """Its own number does not wait for the children; the tree's is the least of all."""
    node = Node()
    node.hear(1)
    assert node.told() == [says(1, 0, 1)]
    node.acknowledged(ONE, 1, 1, 3)
    assert node.told() == []
    node.acknowledged(TWO, 1, 1, 5)

    assert node.told() == [says(1, 1, 9)]


def test_a_child_counts_by_how_far_all_below_it_are() -> None:
    """What it heard itself does not make up for its own children."""
    node = Node(children=ONE)
    node.hear(1)
    node.hear(2)
    node.acknowledged(ONE, 2, 1)

    assert node.told() == [says(2, 1, 2)]


def test_a_number_of_nodes_alone_is_not_told() -> None:
    """In a cycle, which the stream of a dead origin may keep, that would go round for ever."""
    node = Node(children=ONE)
    node.hear(1)
    node.acknowledged(ONE, 1, 1, 1)
    assert node.told() == [says(1, 1, 2)]

    node.acknowledged(ONE, 1, 1, 7)

    assert (node.told(), node.stream.nodes) == ([], 8)


def test_a_tree_that_fell_is_not_told() -> None:
    """Nor would that ever end in a cycle; with the next run the parent hears how far all are."""
    node = Node(children=ONE)
    node.hear(1)
    node.hear(2)
    node.acknowledged(ONE, 2, 2)
    assert node.told() == [says(2, 2, 2)]

    node.acknowledged(ONE, 2, 1)
    assert (node.told(), node.stream.tree) == ([], 1)
    node.hear(3)
    assert node.told() == [says(3, 1, 2)]


def test_what_a_child_claims_is_bounded() -> None:
    """Nobody heard more than we have, no tree is further than its root, and the count of nodes has an end."""
    node = Node(children=ONE)
    node.hear(3)
    node.acknowledged(ONE, 99, 99, 1 << 60)
    assert (node.told(), node.stream.owed) == ([says(3, 3, NODES_MAX)], {ONE: (3, 3, 1 << 60)})

    node.acknowledged(ONE, 1, 2)

    assert node.stream.owed == {ONE: (1, 1, 1)}


def test_the_origin_tells_nobody() -> None:
    """Its stream is left for its owner, whose window it opens."""
    node = Node(children=ONE, parent=0)
    node.hear(1)
    node.acknowledged(ONE, 1, 1)

    assert (node.told(), node.machine.rooted, node.stream.tree) == ([], [node.stream], 1)


def test_what_comes_in_a_short_while_is_acknowledged_in_one() -> None:
    """Rumors go ahead of acknowledgements, and in a flood there are few of these."""
    node = Node(children=0, wait=0.5)
    node.hear(1, 1.0)
    first = node.told(1.0)
    node.hear(2, 1.1)
    node.hear(3, 1.2)

    assert (first, node.told(1.2), node.machine.next_deadline()) == ([], [], 1.5)
    assert (node.told(1.5), node.machine.next_deadline()) == ([says(3, 3, 1)], None)


def test_what_waits_is_forgotten_with_its_stream_and_its_parent() -> None:
    """Nobody is told of a stream that is known no more, or has no parent by then."""
    node = Node(children=0, wait=0.5)
    node.hear(1, 1.0)
    node.told(1.0)
    node.stream.parent = 0

    assert node.told(1.5) == []
    node.stream.parent = PARENT
    node.hear(2, 1.6)
    node.told(1.6)
    node.machine.forget(node.stream)
    assert (node.told(9.0), node.machine.next_deadline()) == ([], None)


def test_who_acknowledges_is_a_child() -> None:
    """It takes us for its parent, and gets what follows; a link that is not known acknowledges nothing."""
    node = Node(children=ONE)
    node.hear(1)
    node.told()

    node.acknowledged(TWO, 1, 1)
    node.acknowledged(77, 1, 1)

    assert (node.stream.eager, node.stream.owed) == (ONE | TWO, {ONE: (0, 0, 0), TWO: (1, 1, 1)})


def test_all_streams_of_a_turn_are_told_in_one_frame_to_each_parent() -> None:
    """In the order in which they moved, and in more frames only where one would be too long."""
    node = Node()
    streams = [Stream(StreamId(f"origin {number}", LIFE, Lane.APP), 1, 1, 0.0) for number in range(ENTRIES_MAX + 2)]
    for stream in streams:
        stream.parent = PARENT
        node.machine.touch(stream)
    streams[0].parent = ONE

    node.machine.settle(0.0)

    entries = [AcknowledgedStream(*stream.id, 1, 1, 1) for stream in streams]
    assert node.outbox.take(ONE) == [Acknowledgement((entries[0],))]
    assert node.outbox.take(PARENT) == [
        Acknowledgement(tuple(entries[1 : ENTRIES_MAX + 1])),
        Acknowledgement((entries[ENTRIES_MAX + 1],)),
    ]


def test_a_turn_in_which_nothing_moved_tells_nothing() -> None:
    """And plans nothing."""
    node = Node()

    assert (node.told(), node.machine.next_deadline(), node.machine.lagging(99.0)) == ([], None, [])


# Who lags.


def test_a_child_that_owes_for_longer_than_the_grace_lags() -> None:
    """It is found when its oldest unacknowledged run is older than the grace, not before."""
    node = Node()
    node.hear(1, 1.0)
    node.acknowledged(ONE, 1, 1, now=1.0)
    node.told(1.0)
    deadline = node.machine.next_deadline()
    assert deadline == 1.0 + GRACE / 4

    assert node.machine.lagging(deadline - 0.01) == []
    assert node.machine.lagging(1.0 + GRACE) == []
    assert node.machine.next_deadline() == 1.0 + GRACE * 1.25
    assert node.machine.lagging(1.01 + GRACE * 1.25) == [(node.stream, TWO)]


def test_a_child_that_crawls_lags_as_one_that_stands() -> None:
    """Steps forward don't count while the oldest run that it owes is older than the grace."""
    node = Node(children=ONE)
    for number in range(1, 11):
        node.hear(number, 0.0)
    node.acknowledged(ONE, 5, 5, now=GRACE)
    node.told(0.0)

    assert node.machine.lagging(GRACE + 0.01) == [(node.stream, ONE)]


def test_a_child_is_judged_by_its_own_number_alone() -> None:
    """One whose own children lag does not."""
    node = Node(children=ONE)
    node.hear(1, 0.0)
    node.acknowledged(ONE, 1, 0)
    node.told(0.0)

    assert node.machine.lagging(GRACE * 3) == []


def test_what_a_child_owes_while_we_sleep_is_not_held_against_it() -> None:
    """After our own pause it is judged from then on."""
    node = Node(children=ONE)
    node.hear(1, 0.0)
    node.told(0.0)

    node.machine.slept(10.0)

    assert node.machine.lagging(10.0 + GRACE) == []
    assert node.machine.lagging(10.1 + GRACE * 1.25) == [(node.stream, ONE)]


def test_a_run_that_is_not_kept_any_more_is_owed_for_too_long() -> None:
    """When it came is not known then, but it was long ago."""
    node = Node(children=ONE)
    node.hear(1, 99.9)
    node.stream.runs = None
    node.told(99.0)

    assert node.machine.lagging(100.0) == [(node.stream, ONE)]


def test_who_lags_is_dropped_and_no_longer_felt() -> None:
    """The tree is then as far as the others, and the parent hears of it."""
    node = Node()
    node.hear(1)
    node.acknowledged(ONE, 1, 1)
    assert node.told() == [says(1, 0, 2)]

    node.machine.drop_child(node.stream, TWO)

    assert node.told() == [says(1, 1, 2)]
    assert (node.stream.eager, node.stream.counted, node.stream.owed) == (ONE, ONE, {ONE: (1, 1, 1)})


def test_a_child_that_is_not_waited_for_still_gets_all() -> None:
    """A link that seems to have the stream from elsewhere does not count, until it acknowledges."""
    node = Node()
    node.hear(1)
    node.acknowledged(ONE, 1, 1)

    node.machine.uncount(node.stream, TWO)
    assert (node.told(), node.stream.eager, node.stream.counted) == ([says(1, 1, 2)], ONE | TWO, ONE)
    node.acknowledged(TWO, 1, 1)

    assert (node.stream.counted, node.stream.owed) == (ONE | TWO, {ONE: (1, 1, 1), TWO: (1, 1, 1)})


@pytest.mark.parametrize("leave", ["drop_child", "uncount"])
def test_a_child_that_owes_nothing_leaves_no_table(leave: str) -> None:
    """Where nothing is owed there is none, and who does not count can go as well."""
    node = Node()

    getattr(node.machine, leave)(node.stream, ONE)
    getattr(node.machine, leave)(node.stream, ONE)

    assert (node.stream.counted, node.stream.owed) == (TWO, None)


def test_a_child_that_is_behind_counts_once_it_is_level() -> None:
    """A join stalls nobody: until its oldest unacknowledged run is young, it is not waited for."""
    node = Node(children=0)
    node.stream.eager = ONE
    node.hear(1, 0.0)
    node.hear(2, 1.9)

    node.acknowledged(ONE, 0, 0, now=2.0)
    assert (node.stream.counted, node.stream.owed) == (0, None)
    node.acknowledged(ONE, 1, 1, now=2.0)
    assert (node.stream.counted, node.stream.owed) == (ONE, {ONE: (1, 1, 1)})


def test_a_child_that_is_level_counts_from_then_on() -> None:
    """It joins those that are waited for, whose tree stands where it stood."""
    node = Node(children=TWO)
    node.stream.eager = ONE | TWO
    node.stream.heard = node.stream.tree = 5

    node.acknowledged(ONE, 5, 5, 1)

    assert (node.stream.counted, node.stream.owed) == (ONE | TWO, {TWO: (5, 5, 0), ONE: (5, 5, 1)})


# Quiet.


def test_a_quiet_stream_keeps_no_table() -> None:
    """After the grace without a run, when all have all, what is owed and was told is forgotten, and so is the clock."""
    node = Node()
    node.hear(1, 0.0)
    node.acknowledged(ONE, 1, 1)
    node.acknowledged(TWO, 1, 1)
    node.told(0.0)

    assert node.machine.lagging(GRACE + 0.1) == []

    assert (node.stream.owed, node.stream.told, node.machine.next_deadline()) == (None, None, None)


def test_a_stream_that_comes_no_more_is_given_up() -> None:
    """When a last acknowledgement got lost, or a cycle keeps it, the table goes all the same; that of our own stays."""
    for parent, owed in ((PARENT, None), (0, {ONE: (1, 0, 1)})):
        node = Node(children=ONE, parent=parent)
        node.hear(1, 0.0)
        node.acknowledged(ONE, 1, 0)
        node.told(0.0)

        node.machine.lagging(GRACE * 4)
        assert node.stream.owed == {ONE: (1, 0, 1)}
        node.machine.lagging(GRACE * 5)
        assert node.stream.owed == owed


def test_a_forgotten_stream_is_neither_told_nor_judged() -> None:
    """Even if it moved in the same turn."""
    node = Node()
    node.hear(1)

    node.machine.forget(node.stream)

    assert (node.told(), node.machine.next_deadline()) == ([], None)


# Links and pauses.


def test_a_lost_link_is_not_expected_to_acknowledge() -> None:
    """A new link may have its place in the masks."""
    node = Node(children=ONE | TWO)

    node.machine.remove_link(ONE)
    node.hear(1)

    assert node.stream.owed == {TWO: (0, 0, 0)}


def test_a_node_that_is_full_acknowledges_nothing_until_it_has_room() -> None:
    """Then it tells how far it got meanwhile, once."""
    node = Node(children=0)
    node.machine.pause()
    node.hear(1)
    node.hear(2)
    assert (node.told(), node.machine.paused) == ([], True)

    node.machine.resume([node.stream])

    assert (node.told(), node.machine.paused) == ([says(2, 2, 1)], False)
