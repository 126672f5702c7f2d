"""Broadcast: what one node does with each frame, and what leaves over its links."""

import msgspec
import pytest

from rumor.core.broadcast.broadcast import Broadcast, Counts
from rumor.core.broadcast.digests import ENTRIES_MAX as DIGEST_ENTRIES_MAX
from rumor.core.broadcast.digests import QUIET
from rumor.core.broadcast.lives import EPOCH_AHEAD_MAX, UNHEARD_MAX
from rumor.core.broadcast.streams import Stream
from rumor.core.broadcast.trees import HOPS_MAX
from rumor.core.clock import WallClock
from rumor.core.errors import UsageError
from rumor.core.events import (
    Event,
    LostReason,
    OriginWanted,
    Problem,
    PublishProgress,
    RumorsLost,
    RunDelivered,
    TwoLives,
)
from rumor.core.frames import (
    AcknowledgedStream,
    Acknowledgement,
    Digest,
    DigestEntry,
    Gone,
    Graft,
    Lane,
    Outgoing,
    Prune,
    RawRecord,
    StreamId,
    Want,
)
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import BroadcastSettings, MessageListSettings, Settings
from rumor.wire import frames

from .web import LIFE, STRANGER, STREAM, head_at, record_at, run_at

ME = Address("10.0.0.1", 4001)
OWN = StreamId(str(ME), LIFE, Lane.APP)
ONE, TWO, THREE = 1, 2, 3
WAIT = BroadcastSettings().repair_wait
AT_ONCE = Settings(broadcast=BroadcastSettings(acknowledgement_wait=0.0))
"""So that what is acknowledged does not depend on when it was done before."""


class Node:
    """A node that has joined, with three links; what leaves is asked for by link."""

    def __init__(self, *links: int, joined: bool = True, settings: Settings | None = None) -> None:
        self.outbox = Outbox()
        self.identity = Identity(ME, epoch=LIFE)
        self.it = Broadcast(
            self.identity,
            settings or AT_ONCE,
            WallClock(LIFE / 1000),
            self.outbox,
            frames.encode_run,
            lambda link: 0.01,
        )
        self.it.begin(0.0)
        self.it.heard_hello(0, 0.0)
        self.it.joined = joined
        for link in links or (ONE, TWO, THREE):
            self.link(link)

    def link(self, link: int, now: Seconds = 0.0, *, epoch: int = LIFE) -> None:
        self.outbox.open_link(link)
        self.it.add_link(link, epoch, now)

    def run(self, link: int, number: int, *, hops: int = 0, now: Seconds = 0.0, repair: bool = False) -> None:
        """A run of the stranger comes over a link, and the turn ends."""
        self.it.on_run(link, record_at(number, hops=hops, repair=repair), now)
        self.it.end_turn(now)

    def child(self, *links: int, heard: int = 1, id: StreamId = STREAM, now: Seconds = 0.0) -> None:
        """Links acknowledge so many runs, and so are children."""
        for link in links:
            self.it.on_acknowledgement(link, acknowledged(heard, heard, 1, id), now)
        self.it.end_turn(now)
        self.sent(now)

    def publish(self, *payloads: bytes, now: Seconds = 0.0) -> None:
        for payload in payloads:
            self.it.publish(payload, "", now)
        self.it.end_turn(now)

    def sent(self, now: Seconds = 0.0) -> dict[int, list[Outgoing]]:
        """What each link was sent since last asked."""
        out = {}
        for link in sorted({*self.it.seen, ONE, TWO, THREE}):
            waiting: list[Outgoing] = [*self.outbox.take(link), *self.it.pull(link, 1 << 20, now)]
            if waiting:
                out[link] = waiting
        return out

    def events(self) -> list[Event]:
        return self.outbox.drain()[1]

    def stream(self, id: StreamId = STREAM) -> Stream:
        stream = self.it.streams.get(id)
        assert stream is not None
        return stream


def passed_on(number: int, *, hops: int = 1, repair: bool = False, age: int = 0) -> RawRecord:
    """A run of the stranger on its way from us."""
    return RawRecord(hops, age, repair, record_at(number).raw)


def acknowledged(own: int, tree: int, nodes: int, id: StreamId = STREAM) -> Acknowledgement:
    """How far somebody is with a stream."""
    return Acknowledgement((AcknowledgedStream(*id, own, tree, nodes),))


# Runs.


def test_a_first_run_makes_its_link_the_parent_and_goes_on_to_all_others() -> None:
    """With our distance and its age; the parent hears that we have it."""
    node = Node()

    node.run(ONE, 1, hops=2)

    assert node.sent(0.25) == {
        ONE: [acknowledged(1, 0, 1)],
        TWO: [passed_on(1, hops=3, age=250)],
        THREE: [passed_on(1, hops=3, age=250)],
    }
    assert node.events() == [RunDelivered(run_at(1), False, True, True)]
    assert node.it.counts == Counts(1, 0, 0)


def test_a_second_link_that_brings_a_run_is_pruned() -> None:
    """For this stream, once a turn, and it is not waited for; its copy is told to nobody."""
    node = Node()
    node.run(ONE, 1)
    node.child(THREE)
    node.events()

    node.it.on_run(TWO, record_at(1), 0.0)
    node.it.on_run(TWO, record_at(2), 0.0)
    node.it.end_turn(0.0)

    assert node.sent() == {ONE: [acknowledged(2, 1, 2)], TWO: [Prune(STREAM)], THREE: [passed_on(2)]}
    assert node.events() == [RunDelivered(run_at(2), False, True, True)]
    assert node.it.counts == Counts(2, 1, 0)


@pytest.mark.parametrize(("hops", "parent"), [(2, ONE), (1, ONE), (0, TWO)])
def test_only_a_strictly_nearer_link_becomes_the_parent(hops: int, parent: int) -> None:
    """The one that is left is pruned in the same turn, and may find that we are the nearer one for it."""
    node = Node()
    node.run(ONE, 1, hops=1)
    node.sent()

    node.run(TWO, 1, hops=hops)

    other = ONE if parent is TWO else TWO
    assert node.stream().parent == parent
    assert node.stream().hops == (1 if parent is TWO else 2)
    assert node.sent()[other][0] == Prune(STREAM)


def test_the_distance_follows_the_parent() -> None:
    """Each of its runs tells anew, up to the greatest that can be told."""
    node = Node()
    told = []
    for number, hops in enumerate((3, 1, HOPS_MAX, HOPS_MAX), 1):
        node.run(ONE, number, hops=hops)
        told.append(node.stream().hops)

    assert told == [4, 2, HOPS_MAX, HOPS_MAX]


def test_a_run_that_was_asked_for_says_nothing_about_the_tree() -> None:
    """Whoever brings a repair is neither parent nor pruned for it."""
    node = Node()
    node.run(ONE, 1)
    node.child(TWO, THREE)

    node.run(TWO, 2, repair=True)

    assert node.stream().parent == ONE
    assert node.sent() == {ONE: [acknowledged(2, 1, 3)], THREE: [passed_on(2)]}


def test_a_run_from_a_link_that_is_none_is_taken() -> None:
    """It may have left before the link did; it changes no tree."""
    node = Node()

    node.run(77, 1)

    assert node.stream().parent == 0
    assert node.events() == [RunDelivered(run_at(1), False, True, True)]


def test_our_own_run_that_comes_back_is_pruned() -> None:
    """Once a turn; nothing of it is taken."""
    node = Node()
    node.publish(b"mine")
    node.sent()
    node.events()

    for _ in range(2):
        node.it.on_run(ONE, record_at(1, id=OWN), 0.0)
    node.it.end_turn(0.0)

    assert (node.sent(), node.events(), node.it.counts) == ({ONE: [Prune(OWN)]}, [], Counts(0, 0, 0))


def test_a_run_older_than_anybody_keeps_it_is_not_taken() -> None:
    """Its age counts its whole way."""
    node = Node()

    node.it.on_run(ONE, record_at(1, age=60_001), 0.0)

    assert (node.events(), node.it.counts) == ([], Counts(0, 0, 0))


def test_a_run_above_a_hole_is_told_early_goes_on_and_the_hole_is_asked_for() -> None:
    """What fills it ends the search, and all is told in order."""
    node = Node()
    node.run(ONE, 1)
    node.child(TWO, THREE)
    node.events()

    node.run(ONE, 3)
    assert node.events() == [RunDelivered(run_at(3), False, False, True)]
    assert node.sent() == {TWO: [passed_on(3)], THREE: [passed_on(3)]}
    node.it.tick(WAIT)
    assert node.sent()[ONE] == [Want(STREAM, 2, 2)]
    node.run(TWO, 2, repair=True)

    assert node.events() == [RunDelivered(run_at(2), False, True, True), RunDelivered(run_at(3), False, True, False)]
    assert node.stream().lack is None


def test_above_a_hole_so_many_runs_are_kept_and_no_more() -> None:
    """Newer ones are refused, to be pulled later; the tail that they show, and its rumors, are remembered."""
    node = Node(settings=msgspec.structs.replace(Settings(), broadcast=BroadcastSettings(ahead_max=2)))
    node.run(ONE, 1)
    for number in (3, 4, 9, 7):
        node.it.on_run(ONE, record_at(number, first=10 * number), 0.0)

    stream = node.stream()
    assert sorted(stream.ahead or ()) == [3, 4]
    assert stream.lack is not None
    assert (stream.lack.tail, stream.lack.tail_last) == (8, 89)


# First sight.


def test_as_we_join_a_stream_begins_with_its_first_run_that_comes() -> None:
    """What went before is before our time: no early run, no hole."""
    node = Node(joined=False)

    node.it.on_run(ONE, record_at(7, first=70), 0.0)

    assert node.events() == [RunDelivered(run_at(7, first=70), False, True, True)]


def test_later_a_stream_begins_with_its_first_run() -> None:
    """What went before is missing."""
    node = Node()

    node.it.on_run(ONE, record_at(7), 0.0)

    assert node.events() == [RunDelivered(run_at(7), False, False, True)]
    assert node.stream().heard == 0


def test_as_we_join_a_digest_tells_where_a_stream_begins() -> None:
    """Nothing of it is asked for."""
    node = Node(joined=False)

    node.it.on_digest(ONE, [head_at(7, last=70)], 0.0)

    assert (node.stream().heard, node.stream().last, node.stream().lack) == (7, 70, None)


def test_later_a_digest_of_an_unknown_stream_shows_that_it_lacks() -> None:
    """It is grafted after a moment, from its first run."""
    node = Node()

    node.it.on_digest(ONE, [head_at(7)], 0.0)
    node.it.tick(WAIT)

    assert node.sent() == {ONE: [Graft(STREAM, 1)]}
    assert node.stream().parent == ONE


@pytest.mark.parametrize("by", ["run", "digest"])
def test_a_life_far_ahead_of_our_clock_is_not_believed(by: str) -> None:
    """Ten minutes are; more only if our neighbors, or we ourselves, live so late, since our clock may be set back."""
    far = STREAM._replace(epoch=LIFE + EPOCH_AHEAD_MAX + 1)

    def meet(node: Node, id: StreamId) -> bool:
        if by == "run":
            node.it.on_run(ONE, record_at(1, id=id), 0.0)
        else:
            node.it.on_digest(ONE, [head_at(1, id=id)], 0.0)
        return node.it.streams.get(id) is not None

    node = Node()
    assert meet(node, far._replace(origin="another", epoch=far.epoch - 1))
    assert not meet(node, far)
    assert node.events()[-1:] == [Problem("a life that begins far ahead of our clock; is that right?", STRANGER)]

    late = Node(ONE)
    late.it.remove_link(ONE, 0.0)
    late.link(ONE, epoch=far.epoch)
    assert meet(late, far)


def test_a_life_that_follows_one_we_know_is_believed_whatever_our_clock_says() -> None:
    """Who comes back with its clock set back takes the epoch after its former one, and we may be set back, too."""
    node = Node(ONE)
    node.it.remove_link(ONE, 0.0)
    late = LIFE + EPOCH_AHEAD_MAX + 5
    node.link(ONE, epoch=late)
    node.it.on_run(ONE, record_at(1, id=STREAM._replace(epoch=late)), 0.0)
    node.it.remove_link(ONE, 0.0)
    node.link(ONE)

    for epoch, believed in ((late + 1, True), (late + 2 + UNHEARD_MAX, False)):
        id = STREAM._replace(epoch=epoch)
        node.it.on_run(ONE, record_at(1, id=id), 0.0)
        assert (node.it.streams.get(id) is not None) == believed


def test_a_neighbors_own_life_is_known_by_its_hello() -> None:
    """However far most others are behind it. (In a web whose clocks were set back, who was not was not heard.)"""
    node = Node(ONE, TWO)
    late = LIFE + EPOCH_AHEAD_MAX + 5
    node.link(THREE, epoch=late)
    id = STREAM._replace(epoch=late)

    node.it.on_digest(THREE, [head_at(1, id=id)], 0.0)

    assert node.it.streams.get(id) is not None


def test_an_unknown_life_of_our_own_name_makes_ours_later() -> None:
    """As long as we have said nothing."""
    node = Node()
    other = OWN._replace(epoch=LIFE + 5)

    node.it.on_digest(ONE, [head_at(1, id=other)], 0.0)

    assert node.identity.epoch == LIFE + 6


def test_another_process_under_our_name_ends_our_publishing() -> None:
    """The younger one goes on; that is said."""
    node = Node()
    node.publish(b"mine")
    node.events()

    node.it.on_other_life(LIFE + 1)

    assert node.events() == [TwoLives(str(ME), LIFE + 1)]
    with pytest.raises(UsageError, match="publishes no more"):
        node.it.origin.check("t")


# Publishing.


def test_what_is_published_leaves_at_the_end_of_the_turn() -> None:
    """One run, to every link, and we hear it ourselves."""
    node = Node()
    assert node.it.publish(b"a", "", 0.0) == 1
    assert node.it.publish_many([b"b", b"c"], "", 0.0) == (2, 3)
    assert node.sent() == {}

    node.it.end_turn(0.0)

    (event,) = node.events()
    assert isinstance(event, RunDelivered)
    assert (event.run.payloads, event.own) == ([b"a", b"b", b"c"], True)
    record = RawRecord(0, 0, False, frames.encode_run(event.run))
    assert node.sent() == {ONE: [record], TWO: [record], THREE: [record]}


def test_a_full_run_leaves_at_once() -> None:
    """By one and by many; what has begun after it waits for the turn's end."""
    node = Node()
    node.it.publish(b"x" * 40_000, "", 0.0)
    node.it.publish(b"y" * 40_000, "", 0.0)
    assert len(node.sent()[ONE]) == 1
    node.child(ONE, id=OWN)
    node.it.publish_many([b"z" * 40_000] * 2, "", 0.0)

    assert len(node.sent()[ONE]) == 1


def test_before_the_first_hello_what_is_published_waits() -> None:
    """Then it leaves, under the epoch that is certain now."""
    outbox = Outbox()
    identity = Identity(ME, epoch=LIFE)
    it = Broadcast(identity, Settings(), WallClock(LIFE / 1000), outbox, frames.encode_run, lambda link: 0.0)
    it.begin(0.0)
    it.publish(b"a", "", 0.0)
    it.end_turn(0.0)
    assert (outbox.drain()[1], it.next_deadline()) == ([], 2.0)

    it.heard_hello(LIFE, 1.0)

    (event,) = outbox.drain()[1]
    assert isinstance(event, RunDelivered)
    assert event.run.epoch == LIFE + 1


def test_alone_what_is_published_is_sealed_after_a_while() -> None:
    """And kept for who joins first."""
    outbox = Outbox()
    identity = Identity(ME, epoch=LIFE)
    it = Broadcast(identity, Settings(), WallClock(LIFE / 1000), outbox, frames.encode_run, lambda link: 0.0)
    it.begin(0.0)
    it.publish(b"a", "", 0.0)
    it.end_turn(2.0)
    assert it.has_room(2.0)

    outbox.open_link(ONE)
    it.add_link(ONE, LIFE, 3.0)

    assert [frame.repair for frame in it.pull(ONE, 1 << 20, 3.0) if isinstance(frame, RawRecord)] == [False]


def test_an_acknowledged_rumor_is_told_of() -> None:
    """When every child told that all below it have it, and the tree has settled."""
    node = Node()
    node.publish(b"mine")
    node.events()
    for link, peers in ((ONE, 0), (TWO, 4), (THREE, 8)):
        assert node.it.progress(1, 1.0) == (False, peers)
        node.it.on_acknowledgement(link, acknowledged(1, 1, 4, OWN), 1.0)
        node.it.end_turn(1.0)

    assert node.events() == [PublishProgress(1, 13)]
    assert node.it.progress(1, 1.0) == (True, 12)


def test_an_acknowledgement_of_nothing_we_know_does_no_harm() -> None:
    """Neither of an unknown stream nor over an unknown link."""
    node = Node()
    node.publish(b"mine")
    node.events()

    node.it.on_acknowledgement(ONE, acknowledged(1, 1, 1), 0.0)
    node.it.on_acknowledgement(77, acknowledged(1, 1, 1, OWN), 0.0)
    node.it.end_turn(0.0)

    assert node.events() == []


def test_a_newcomer_is_told_where_our_own_stream_begins_for_it() -> None:
    """After what anybody heard: what nobody was there to hear is kept for who joins. Others are told as heard."""
    node = Node()
    node.run(ONE, 1)
    node.publish(b"mine")
    node.publish(b"mine", b"mine")
    node.it.on_acknowledgement(ONE, acknowledged(1, 1, 1, OWN), 0.0)

    assert node.it.origin.head_for_newcomer(node.stream()) == DigestEntry(STRANGER, LIFE, Lane.APP, 1, 1, 1, 1)
    assert node.it.origin.head_for_newcomer(node.stream(OWN)) == DigestEntry(str(ME), LIFE, Lane.APP, 1, 1, 0, 1)


# Prunes and grafts.


def test_a_pruned_link_gets_digests_only() -> None:
    """It is told of what comes, after a moment, and no more runs."""
    node = Node()
    node.run(ONE, 1)
    node.child(TWO, THREE)

    node.it.on_prune(TWO, Prune(STREAM), 0.0)
    node.run(ONE, 2)
    assert node.sent() == {ONE: [acknowledged(2, 1, 2)], THREE: [passed_on(2)]}
    node.it.tick(0.05)

    assert node.sent() == {TWO: [Digest((head_at(2, hops=1),))]}


def test_a_prune_of_what_we_do_not_know_does_no_harm() -> None:
    """Nor one over a link that is gone; others are told in one digest each."""
    node = Node()
    node.it.on_prune(ONE, Prune(STREAM), 0.0)
    node.run(ONE, 1)
    node.sent()

    node.it.on_prune(77, Prune(STREAM), 0.0)
    node.it.on_prune(TWO, Prune(STREAM), 0.0)
    node.it.on_prune(THREE, Prune(STREAM), 0.0)
    node.it.tick(0.05)

    digest = Digest((head_at(1, hops=1),))
    assert node.sent() == {TWO: [digest], THREE: [digest]}


def test_a_graft_is_served_from_the_run_that_it_names() -> None:
    """Out of the list first, then as runs come; it counts once it is level."""
    node = Node()
    for number in (1, 2, 3):
        node.run(ONE, number)
    node.it.on_prune(TWO, Prune(STREAM), 0.0)
    node.sent()

    node.it.on_graft(TWO, Graft(STREAM, 2), 0.0)
    assert node.sent()[TWO] == [passed_on(2, repair=True), passed_on(3, repair=True)]
    node.run(ONE, 4)

    assert node.sent()[TWO] == [passed_on(4)]
    assert not node.stream().counted & node.it._links[TWO].bit


def test_a_graft_from_our_parent_turns_the_link_round() -> None:
    """We are an orphan then, and look for another parent, not for who hangs on us."""
    node = Node()
    node.run(ONE, 1, hops=4)
    node.it.on_digest(THREE, [head_at(1, hops=2)], 0.0)
    node.sent()

    node.it.on_graft(ONE, Graft(STREAM, 1), 0.0)

    assert node.stream().parent == THREE
    assert node.sent() == {ONE: [passed_on(1, hops=3, repair=True)], THREE: [Graft(STREAM, 2)]}


def test_what_we_do_not_know_is_gone() -> None:
    """For a graft and for a question; over a link that is gone a graft means nothing."""
    node = Node()

    node.it.on_graft(ONE, Graft(STREAM, 4), 0.0)
    node.it.on_want(TWO, Want(STREAM, 4, 6))
    node.it.on_graft(77, Graft(STREAM, 4), 0.0)

    assert node.sent() == {ONE: [Gone(STREAM, 4, 4, 0)], TWO: [Gone(STREAM, 4, 6, 0)]}


def test_what_is_asked_for_is_sent_and_nothing_for_an_empty_range() -> None:
    """As a repair."""
    node = Node()
    for number in (1, 2, 3):
        node.run(ONE, number)
    node.sent()

    node.it.on_want(TWO, Want(STREAM, 2, 1))
    assert node.sent() == {}
    node.it.on_want(TWO, Want(STREAM, 1, 2))
    assert node.sent() == {TWO: [passed_on(1, repair=True), passed_on(2, repair=True)]}


def test_a_visitor_that_was_grafted_is_no_parent_any_more_once_it_is_gone() -> None:
    """Who brings the next run is. (A core went down: the visitor was to be pruned for the new parent.)"""
    node = Node()
    node.outbox.open_link(9)
    node.it.add_visitor(9)
    node.it.on_digest(9, [head_at(1)], 0.0)
    node.it.tick(1.0)
    assert node.stream().parent == 9

    node.it.remove_visitor(9)
    assert node.stream().parent == 0
    node.run(ONE, 1, now=1.0)

    assert node.stream().parent == ONE


def test_a_visitor_may_ask() -> None:
    """A link that is no neighbor's gets what it asks for and no more; it goes without a trace."""
    node = Node()
    node.run(ONE, 1)
    node.sent()
    node.outbox.open_link(9)

    node.it.on_want(9, Want(STREAM, 1, 1))
    node.run(ONE, 2)
    node.it.tick(0.05)
    assert node.sent()[9] == [passed_on(1, repair=True)]
    node.it.remove_visitor(9)
    node.it.remove_visitor(9)
    node.it.remove_visitor(ONE)

    assert sorted(node.it.seen) == [ONE, TWO, THREE]


# Digests.


def test_a_digest_of_what_we_lack_is_grafted_after_a_moment() -> None:
    """Who has heard more than we becomes the parent, and the old one is pruned in the same turn."""
    node = Node()
    node.run(ONE, 1)
    node.sent()
    node.it.on_digest(TWO, [head_at(3, hops=5)], 0.0)
    node.it.tick(WAIT - 0.01)
    assert Graft(STREAM, 2) not in node.sent().get(TWO, [])

    node.it.tick(WAIT)

    assert node.sent() == {ONE: [Prune(STREAM)], TWO: [Graft(STREAM, 2)]}
    assert (node.stream().parent, node.stream().hops) == (TWO, 6)


def test_a_digest_of_our_own_stream_or_over_no_link_changes_nothing() -> None:
    """We know best what we said."""
    node = Node()
    node.publish(b"mine")
    node.sent()

    node.it.on_digest(ONE, [head_at(9, id=OWN)], 0.0)
    node.it.on_digest(77, [head_at(9)], 0.0)

    assert (len(node.it.repair), node.it.streams.get(STREAM)) == (0, None)


def test_a_digest_from_the_parent_is_answered_by_how_far_we_are() -> None:
    """It would not send one if it knew: it takes us for one that lags."""
    node = Node(ONE)
    node.run(ONE, 1)
    assert node.sent() == {ONE: [acknowledged(1, 1, 1)]}
    node.it.on_digest(ONE, [head_at(1)], 0.0)
    node.it.end_turn(0.0)

    assert node.sent() == {ONE: [acknowledged(1, 1, 1)]}


def test_an_old_digest_is_no_news() -> None:
    """One from somebody else about what we have is remembered while the stream is busy, and that is all."""
    node = Node()
    node.run(ONE, 3)
    node.it.joined = True
    node.sent()

    node.it.on_digest(TWO, [head_at(0, hops=4)], 0.0)
    node.it.end_turn(0.0)

    assert node.sent() == {}
    assert node.it.seen[TWO] == {STREAM: (0, 4)}


def test_who_is_known_to_have_heard_as_much_is_not_told() -> None:
    """A digest goes neither to the parent, nor to a child, nor to who told of as much."""
    node = Node()
    node.run(ONE, 1)
    node.it.on_prune(TWO, Prune(STREAM), 0.0)
    node.it.on_prune(THREE, Prune(STREAM), 0.0)
    node.it.on_digest(THREE, [head_at(1)], 0.0)
    node.sent()

    node.it.tick(0.05)

    assert node.sent() == {TWO: [Digest((head_at(1, hops=1),))]}


def test_many_streams_are_told_in_several_digests() -> None:
    """Each is bounded."""
    node = Node(ONE, TWO)
    for number in range(DIGEST_ENTRIES_MAX + 1):
        id = StreamId(f"origin {number}", LIFE, Lane.APP)
        node.it.on_run(ONE, record_at(1, id=id), 0.0)
        node.it.on_prune(TWO, Prune(id), 0.0)
    node.it.end_turn(0.0)
    node.sent()

    node.it.tick(0.05)

    sizes = [len(frame.entries) for frame in node.sent()[TWO] if isinstance(frame, Digest)]
    assert sizes == [DIGEST_ENTRIES_MAX, 1]


def test_of_a_quiet_stream_what_links_said_is_forgotten() -> None:
    """After a while without a run; other streams keep theirs."""
    node = Node()
    node.run(ONE, 1)
    node.it.tick(0.05)
    assert node.it.seen[ONE] == {STREAM: (1, 0)}

    other = StreamId("other", LIFE, Lane.APP)
    node.it.on_run(TWO, record_at(1, id=other), QUIET + 1.0)
    node.it.end_turn(QUIET + 1.0)
    node.it.tick(QUIET + 2.0)

    assert (node.it.seen[ONE], node.it.seen[TWO]) == ({}, {other: (1, 0)})


def test_when_all_is_quiet_what_links_said_is_forgotten_too() -> None:
    """Though nothing more is told. (1,000 streams that ended together took 700 bytes each, for good.)"""
    node = Node()
    node.run(ONE, 1)
    node.it.tick(0.05)
    node.it.tick(QUIET)
    assert node.it.seen[ONE] == {STREAM: (1, 0)}

    node.it.tick(QUIET + 0.1)

    assert node.it.seen[ONE] == {}


# Links that go.


def test_whoever_hung_on_a_lost_link_grafts_another_at_once() -> None:
    """One that stands strictly nearer to the origin than we."""
    node = Node()
    node.run(ONE, 1, hops=3)
    node.it.on_digest(TWO, [head_at(1, hops=3)], 0.0)
    node.sent()

    node.it.remove_link(ONE, 0.0)
    node.it.remove_link(ONE, 0.0)

    assert node.sent() == {TWO: [Graft(STREAM, 2)]}
    assert node.stream().parent == TWO


def test_a_lost_child_is_waited_for_no_longer() -> None:
    """The tree is as far as the others; that it changed counts for who waits for our own rumors."""
    node = Node(ONE, TWO)
    node.publish(b"mine")
    node.it.on_acknowledgement(ONE, acknowledged(1, 1, 1, OWN), 0.0)
    node.it.end_turn(0.0)
    node.events()

    node.it.remove_link(TWO, 5.0)
    node.it.end_turn(5.0)

    assert node.events() == [PublishProgress(1, 2)]
    assert node.it.progress(1, 5.0) == (False, 1)
    node.it.tick(5.02)
    assert node.events() == [PublishProgress(1, 2)]
    assert node.it.progress(1, 5.02) == (True, 1)


def test_a_child_that_lags_gets_digests_only() -> None:
    """After the grace it is dropped, and told how far we are."""
    node = Node(ONE, TWO)
    node.run(ONE, 1)
    node.child(TWO)
    node.run(ONE, 2)
    node.sent()
    for now in (0.5, 1.0, 1.5, 2.0, 2.5):
        node.it.tick(now)
        node.it.end_turn(now)
    node.it.tick(2.6)

    assert node.sent(2.6) == {ONE: [acknowledged(2, 2, 1)], TWO: [Digest((head_at(2, hops=1),))]}


# Loss.


def test_what_an_origin_no_longer_keeps_is_lost_and_others_are_told_how_far_we_are() -> None:
    """Runs above it follow in order, and the parent hears of it; of what is unknown nothing is lost."""
    node = Node()
    node.run(ONE, 1)
    node.run(ONE, 5)
    node.sent()
    node.events()

    node.it.on_gone(ONE, Gone(StreamId("other", LIFE, Lane.APP), 1, 9, 9, True), 0.0)
    node.it.on_gone(ONE, Gone(STREAM, 2, 9, 9, True), 0.0)
    node.it.end_turn(0.0)

    assert node.events() == [
        RumorsLost(STRANGER, LIFE, 2, 4, LostReason.FORGOTTEN),
        RunDelivered(run_at(5), False, True, False),
    ]
    assert node.sent() == {ONE: [acknowledged(5, 0, 1)]}
    assert (node.stream().first_kept, node.stream().lack) == (5, None)


def test_a_run_after_all_is_not_taken_once_it_is_lost() -> None:
    """Lost is final."""
    node = Node()
    node.run(ONE, 1)
    node.run(ONE, 3)
    node.it.on_gone(ONE, Gone(STREAM, 2, 2, 2, True), 0.0)
    node.events()

    node.run(ONE, 2, repair=True)

    assert (node.events(), node.it.counts) == ([], Counts(2, 1, 0))


def test_an_origin_is_wanted_before_its_rumors_are_lost() -> None:
    """When all links say gone, for the hold."""
    node = Node(ONE)
    node.run(ONE, 1)
    node.run(ONE, 3)
    node.events()
    node.it.on_gone(ONE, Gone(STREAM, 2, 2, 2), 0.0)

    node.it.tick(0.1)
    assert node.events() == []
    node.it.tick(2.0)
    assert node.events() == [OriginWanted(STRANGER)]


# Lives.


def test_a_new_life_waits_only_where_the_old_one_misses_runs() -> None:
    """An old life that only lost its parent holds up nothing."""
    later = STREAM._replace(epoch=LIFE + 1)
    for missing in (False, True):
        node = Node()
        node.run(ONE, 1)
        if missing:
            node.it.on_digest(TWO, [head_at(2)], 0.0)
        node.it.remove_link(ONE, 0.0)
        assert node.stream().lack is not None
        node.events()

        node.it.on_run(THREE, record_at(1, id=later), 0.0)
        expected = [RunDelivered(run_at(1, id=later), False, True, True)]
        assert node.events() == ([] if missing else expected)
        node.it.tick(2.0)
        assert node.events() == (expected if missing else [])


def test_a_forgotten_stream_leaves_nothing_behind() -> None:
    """Where the table is full, no machine goes on with what went."""
    node = Node(settings=msgspec.structs.replace(Settings(), message_list=MessageListSettings(streams_max=1)))
    node.run(ONE, 1)
    node.run(ONE, 3)
    node.sent()

    node.it.on_run(TWO, record_at(1, id=StreamId("other", LIFE, Lane.APP)), 0.0)
    node.it.end_turn(0.0)
    node.it.tick(WAIT)

    assert (len(node.it.streams), len(node.it.repair)) == (1, 0)
    assert STREAM not in node.it.seen[ONE]
    assert not any(isinstance(frame, Want) for out in node.sent().values() for frame in out)


# Pauses.


def test_a_node_whose_subscriber_is_full_makes_origins_wait() -> None:
    """It acknowledges nothing and asks for nothing, until there is room."""
    node = Node(ONE)
    node.it.pause()
    node.run(ONE, 1)
    node.run(ONE, 3)
    node.it.tick(1.0)
    assert node.sent() == {}

    node.it.resume()
    node.it.end_turn(1.0)
    node.it.tick(1.0)

    assert node.sent() == {ONE: [acknowledged(1, 1, 1), Want(STREAM, 2, 2)]}


def test_after_a_sleep_the_list_is_trimmed_and_nobody_blamed() -> None:
    """What became too old meanwhile is not sent; who owed something is judged from now on."""
    node = Node(ONE, TWO)
    node.run(ONE, 1)

    node.it.slept(100.0)
    node.it.tick(100.0)

    assert node.it.list.bytes == 0
    assert node.stream().counted == node.it._links[TWO].bit
    assert node.sent(100.0) == {
        ONE: [acknowledged(1, 0, 1)],
        TWO: [Digest((head_at(1, hops=1, first=2),))],
    }
