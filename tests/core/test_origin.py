"""Origin: our own streams, from what is published to what everybody has."""

import pytest

from rumor.core.broadcast.origin import Origin
from rumor.core.broadcast.streams import Stream
from rumor.core.clock import WallClock
from rumor.core.errors import UsageError
from rumor.core.events import Event, PublishProgress, TwoLives
from rumor.core.frames import Lane, Run, StreamId
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import BroadcastSettings

ME = Address("10.0.0.1", 4001)
EPOCH = 1000
SETTINGS = BroadcastSettings(window_min=100, window_budget=400)


class Node:
    """An origin, and the events that it left."""

    def __init__(self) -> None:
        self.identity = Identity(ME, epoch=EPOCH)
        self.outbox = Outbox()
        self.origin = Origin(self.identity, WallClock(0.0), SETTINGS, self.outbox)

    def sealed(self) -> list[Run]:
        """What is to be sealed, as its owner takes it."""
        self.origin.close()
        return [run for _, run in self.origin.take_closed()]

    def stream(self, *sizes: int, children: int = 1) -> Stream:
        """Our stream, with runs of these sizes and one rumor each; so many links are children."""
        id = StreamId(self.identity.name, self.identity.epoch, Lane.APP)
        stream = self.origin.app.stream = Stream(id, len(sizes), len(sizes), 0.0)
        stream.eager = stream.counted = children
        stream.first_kept = 1
        stream.tree = 0
        self.origin.app.window.begin(1)
        for number, size in enumerate(sizes, 1):
            self.origin.app.window.sent(number, size, number)
        return stream

    def events(self) -> list[Event]:
        return self.outbox.drain()[1]


# Who we are.


def test_who_gave_way_to_another_life_takes_no_later_epoch() -> None:
    """Or the other one, which is the younger now, would have to give way in its turn."""
    node = Node()
    node.origin.begin(0.0)
    node.origin.on_other_life(EPOCH + 5)

    node.origin.heard_hello(EPOCH + 5)

    assert node.identity.epoch == EPOCH
    assert node.events() == [TwoLives(node.identity.name, EPOCH + 5)]


def test_before_the_first_hello_nothing_is_sealed() -> None:
    """Until somebody told which later life of our name is known, or we were alone for a while."""
    node = Node()
    assert not node.origin.certain(99.0)
    node.origin.begin(1.0)
    assert node.origin.next_deadline() == (None, None, 1.0 + SETTINGS.alone_wait)
    assert [node.origin.certain(now) for now in (1.0, 2.9, 3.0)] == [False, False, True]
    assert node.origin.next_deadline() == (None, None, None)

    other = Node()
    other.origin.begin(1.0)
    other.origin.heard_hello(0)
    assert other.origin.certain(1.0)


@pytest.mark.parametrize(("known", "epoch"), [(0, EPOCH), (EPOCH - 1, EPOCH), (EPOCH, EPOCH + 1), (9000, 9001)])
def test_we_are_later_than_every_life_that_is_known(known: int, epoch: int) -> None:
    """Before we have spoken our epoch is raised above it; an older life changes nothing."""
    node = Node()
    node.origin.lanes[Lane.APP].publisher.publish(b"a", "", 0.0)

    node.origin.heard_hello(known)

    assert [run.epoch for run in node.sealed()] == [epoch]
    assert (node.identity.epoch, node.events()) == (epoch, [])


def test_a_later_life_after_we_spoke_means_two_processes() -> None:
    """If it answers we publish no more, and say so once; an older one, and one that is only heard of, mean nothing."""
    node = Node()
    node.origin.lanes[Lane.CARRIED].publisher.publish(b"a", "", 0.0)
    node.sealed()
    node.origin.on_epoch(EPOCH + 5)
    node.origin.on_other_life(EPOCH - 1)
    assert node.events() == []
    node.origin.check("t")

    node.origin.on_other_life(EPOCH + 5)
    node.origin.on_other_life(EPOCH + 6)

    assert node.events() == [TwoLives(str(ME), EPOCH + 5)]
    assert node.identity.epoch == EPOCH
    with pytest.raises(UsageError, match="another process lives under the name"):
        node.origin.check("t")


def test_an_unfit_topic_is_refused_each_time() -> None:
    """A fit one is looked at once."""
    node = Node()
    for topic in ("t", "t", "u"):
        node.origin.check(topic)

    for _ in range(2):
        with pytest.raises(UsageError, match="is no topic"):
            node.origin.check("a..b")


# What we say.


def test_lanes_have_numbers_of_their_own() -> None:
    """What is said at once is a run of its lane, in order; it is taken once."""
    node = Node()
    assert node.origin.lanes[Lane.APP].publisher.publish(b"a", "t", 0.0) == 1
    assert node.origin.lanes[Lane.CARRIED].publisher.publish(b"b", "", 0.0) == 1
    assert node.origin.publish_many([b"c", b"d"], "t", 0.0) == (2, 3)
    assert node.origin.publish_many([], "t", 0.0) == (4, 3)

    assert [(run.lane, run.number, run.first, run.payloads) for run in node.sealed()] == [
        (Lane.APP, 1, 1, [b"a", b"c", b"d"]),
        (Lane.CARRIED, 1, 1, [b"b"]),
    ]
    assert node.sealed() == []


def test_our_own_streams_are_those_of_our_name_and_life() -> None:
    """Another origin's, another life's, and a lane that we don't use are not ours."""
    node = Node()

    def own(name: str, epoch: int, lane: Lane) -> bool:
        return node.origin.own_of(Stream(StreamId(name, epoch, lane), 0, 0, 0.0)) is not None

    assert own(str(ME), EPOCH, Lane.APP)
    assert own(str(ME), EPOCH, Lane.CARRIED)
    assert not own("ana", EPOCH, Lane.APP)
    assert not own(str(ME), EPOCH + 1, Lane.APP)
    assert not own(str(ME), EPOCH, Lane.MEMBERS)


# Room.


def test_there_is_room_within_the_window() -> None:
    """What is unacknowledged and what has begun fill it."""
    node = Node()
    assert node.origin.has_room(0.0, linked=True)
    node.origin.heard_hello(0)
    node.stream(100, 100)
    assert node.origin.has_room(0.0, linked=True)

    node.origin.lanes[Lane.APP].publisher.publish(b"x" * 195, "", 0.0)

    assert not node.origin.has_room(0.0, linked=True)


def test_before_anything_could_be_sealed_there_is_room_for_a_window_only() -> None:
    """While our epoch is not certain, what was said waits, and more than a window must not wait with it."""
    node = Node()
    node.origin.lanes[Lane.APP].publisher.publish(b"x" * 500, "", 0.0)
    assert not node.origin.has_room(0.0, linked=False)

    node.stream(500)
    assert not node.origin.has_room(0.0, linked=False)


def test_without_links_there_is_always_room() -> None:
    """All is kept for who joins, as long as it is retained."""
    node = Node()
    node.origin.heard_hello(0)
    node.stream(300, 300)

    assert node.origin.has_room(0.0, linked=False)
    assert not node.origin.has_room(0.0, linked=True)


def test_what_is_not_kept_takes_no_room() -> None:
    """A run that the list let go of can't be acknowledged any more."""
    node = Node()
    node.origin.heard_hello(0)
    stream = node.stream(300, 300)
    stream.first_kept = 2

    node.origin.has_room(0.0, linked=True)

    assert node.origin.app.window.unacknowledged_bytes == 300
    assert node.origin.has_room(0.0, linked=True)


def test_when_nobody_counts_publishing_waits_for_a_while_and_then_goes_on() -> None:
    """As in a cut: it must not run free at once, nor stand for ever; that it goes on is said once."""
    node = Node()
    node.origin.heard_hello(0)
    node.stream(500, children=0)
    assert not node.origin.has_room(10.0, linked=True)
    assert node.origin.next_deadline() == (None, 10.0 + SETTINGS.cut_patience, None)

    node.origin.tick(14.9)
    assert (node.events(), node.origin.has_room(14.9, linked=True)) == ([], False)
    node.origin.tick(15.0)
    assert (node.events(), node.origin.has_room(15.0, linked=True)) == ([PublishProgress(0, 1)], True)
    node.origin.tick(16.0)
    assert (node.events(), node.origin.next_deadline()) == ([], (None, None, None))


def test_while_somebody_counts_publishing_waits() -> None:
    """Who counts is judged by the grace; until then there is no room, however long it takes."""
    node = Node()
    node.origin.heard_hello(0)
    node.stream(500)

    assert [node.origin.has_room(now, linked=True) for now in (0.0, 100.0)] == [False, False]


def test_an_active_network_leaves_less_room() -> None:
    """The budget is shared by all streams that had a run lately."""
    node = Node()
    node.origin.heard_hello(0)
    node.stream(150)
    assert node.origin.has_room(0.0, linked=True)

    node.origin.active = 4

    assert not node.origin.has_room(0.0, linked=True)


# Progress.


def test_an_acknowledged_rumor_is_complete_once_the_tree_has_settled() -> None:
    """Two round trips after the tree changed last; then that is said."""
    node = Node()
    stream = node.stream(10, 10)
    node.origin.tree_changed(stream, 5.0)
    stream.tree, stream.nodes = 2, 9
    assert node.origin.progress(1, 0.1, 5.0) == (False, 0)

    node.origin.on_tree(node.origin.app, 0.1, 5.1)

    assert node.events() == [PublishProgress(2, 9)]
    assert node.origin.progress(2, 0.1, 5.1) == (False, 8)
    assert node.origin.next_deadline() == (5.2, None, None)
    node.origin.tick(5.1)
    assert node.events() == []
    node.origin.tick(5.2)
    assert node.events() == [PublishProgress(2, 9)]
    assert node.origin.progress(2, 0.1, 5.2) == (True, 8)
    assert node.origin.progress(3, 0.1, 5.2) == (False, 0)
    assert node.origin.next_deadline() == (None, None, None)


def test_a_tree_that_has_settled_before_needs_no_second_word() -> None:
    """The acknowledgement says it all."""
    node = Node()
    stream = node.stream(10)
    stream.tree = 1

    node.origin.on_tree(node.origin.app, 0.1, 5.0)

    assert (node.events(), node.origin.next_deadline()) == ([PublishProgress(1, 1)], (None, None, None))
    assert node.origin.progress(1, 0.1, 5.0) == (True, 0)


def test_what_nobody_counts_for_is_not_complete() -> None:
    """An acknowledgement by nobody says nothing: no child, no stream, no step."""
    node = Node()
    assert node.origin.progress(1, 0.1, 5.0) == (False, 0)
    node.origin.on_tree(node.origin.app, 0.1, 5.0)
    stream = node.stream(10)
    node.origin.on_tree(node.origin.app, 0.1, 5.0)
    stream.tree, stream.counted = 1, 0
    node.origin.on_tree(node.origin.app, 0.1, 5.0)

    assert (node.events(), node.origin.progress(1, 0.1, 5.0)) == ([], (False, 0))


def test_the_carried_lane_opens_its_window_silently() -> None:
    """Nobody waits for it."""
    node = Node()
    own = node.origin.lanes[Lane.CARRIED]
    stream = own.stream = Stream(StreamId(str(ME), EPOCH, Lane.CARRIED), 1, 1, 0.0)
    stream.counted = stream.tree = 1
    own.window.sent(1, 10, 1)

    node.origin.on_tree(own, 0.1, 5.0)

    assert (own.window.acknowledged, node.events()) == (1, [])


@pytest.mark.parametrize(("heards", "best"), [((1, 2, 1), 2), ((9,), 2)])
def test_the_furthest_that_anybody_heard_is_remembered(heards: tuple[int, ...], best: int) -> None:
    """For newcomers; nobody heard more than we said."""
    node = Node()
    stream = node.stream(10, 10)

    for heard in heards:
        node.origin.on_child(stream, heard)

    assert node.origin.app.window.heard_by_any == best


def test_another_stream_is_none_of_our_business() -> None:
    """Neither what children heard of it nor how its tree changes."""
    node = Node()
    node.stream(10)
    other = Stream(StreamId("ana", EPOCH, Lane.APP), 5, 5, 0.0)

    node.origin.on_child(other, 5)
    node.origin.tree_changed(other, 9.0)

    assert (node.origin.app.window.heard_by_any, node.origin.app.tree_changed_at) == (0, 0.0)


def test_a_tick_without_a_stream_says_nothing() -> None:
    """There is nothing of ours that could have settled."""
    node = Node()
    moment: Seconds = 1e9

    node.origin.tick(moment)

    assert node.events() == []
