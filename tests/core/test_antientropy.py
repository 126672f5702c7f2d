"""Anti-entropy: two neighbors compare all streams, and find what digests did not show."""

from itertools import pairwise
from random import Random

import pytest

from rumor.core.broadcast.antientropy import ALL_BUCKETS, BUCKETS, ENTRIES_MAX, AntiEntropy
from rumor.core.broadcast.streams import Stream, Streams
from rumor.core.frames import Buckets, Control, DigestEntry, Heads, Lane, StreamId, Summary
from rumor.core.outbox import Outbox
from rumor.core.settings import AntiEntropySettings

from .helpers import SEED_NUMBERS
from .web import LIFE

LINK = 1


class Node:
    """One side of a comparison, with some streams heard so far."""

    def __init__(self, *heard: int, joined: bool = True, number: int = 0) -> None:
        self.outbox = Outbox()
        for link in (LINK, 2, 3):
            self.outbox.open_link(link)
        self.streams = Streams(10_000, 10, lambda stream: None)
        for origin, runs in enumerate(heard):
            self.add(origin, runs)
        self.machine = AntiEntropy(AntiEntropySettings(), self.streams, self.outbox, Random(number), for_newcomer)
        self.machine.joined = joined
        self.heads: list[DigestEntry] = []

    def add(self, origin: int, runs: int) -> None:
        self.streams.add(StreamId(f"origin {origin}", LIFE, Lane.APP), runs, 10 * runs, 0.0)

    def take(self, frame: Control) -> None:
        """A frame comes over the link."""
        if isinstance(frame, Summary):
            self.machine.on_summary(LINK, frame)
        elif isinstance(frame, Buckets):
            self.machine.on_buckets(LINK, frame)
        else:
            assert isinstance(frame, Heads)
            self.heads += frame.entries
            self.machine.on_heads(LINK, frame)


def for_newcomer(stream: Stream) -> DigestEntry:
    """What a newcomer is told: half of what was heard, to tell it apart."""
    origin, epoch, lane = stream.id
    return DigestEntry(origin, epoch, lane, stream.heard // 2, 0, 0, 1)


def compare(one: Node, other: Node) -> list[Control]:
    """Let one begin, and both answer until neither has more to say; returns all frames."""
    one.machine.add_link(LINK, 0.0)
    frames: list[Control] = []
    while waiting := one.outbox.take(LINK):
        frames += waiting
        for frame in waiting:
            other.take(frame)
        back = other.outbox.take(LINK)
        frames += back
        for frame in back:
            one.take(frame)
    return frames


def heads_of(node: Node, *origins: int) -> list[DigestEntry]:
    """What a node says of some streams."""
    by_name = {stream.id.origin: stream.digest() for stream in node.streams}
    return [by_name[f"origin {origin}"] for origin in origins]


def kinds(frames: list[Control]) -> list[type]:
    """What kinds of frames they are."""
    return list(map(type, frames))


def test_equals_exchange_one_hash() -> None:
    """The order in which streams were met does not matter."""
    one, other = Node(1, 2, 3), Node()
    for origin, runs in ((2, 3), (0, 1), (1, 2)):
        other.add(origin, runs)

    assert kinds(compare(one, other)) == [Summary]


def test_only_what_differs_is_told_both_ways() -> None:
    """Each side ends with the other's heads of those streams."""
    one, other = Node(*[5] * 40), Node(*[5] * 40)
    stream = one.streams.get(("origin 7", LIFE, 0))
    assert stream is not None
    stream.heard = 6
    one.add(99, 1)

    frames = compare(one, other)

    assert kinds(frames) == [Summary, Buckets, Heads, Heads]
    assert {*heads_of(one, 7, 99)} <= {*other.heads}
    assert {*heads_of(other, 7)} <= {*one.heads}
    assert len(other.heads) < 10


def test_a_newcomer_is_told_all_heads_and_knows_then_where_it_begins() -> None:
    """As its beginning, not as what was heard."""
    newcomer, member = Node(joined=False), Node(4, 6)

    frames = compare(newcomer, member)

    assert kinds(frames) == [Summary, Heads]
    assert [entry.number for entry in newcomer.heads] == [2, 3]
    assert newcomer.machine.joined


def test_a_newcomer_to_nothing_has_joined_too() -> None:
    """A member without streams answers with no heads, which are all."""
    newcomer, member = Node(joined=False), Node()

    assert compare(newcomer, member)[1:] == [Heads((), ALL_BUCKETS, False, True)]
    assert newcomer.machine.joined


def test_many_heads_go_in_several_frames() -> None:
    """The last says that it is, and only with it has a newcomer joined."""
    newcomer, member = Node(joined=False), Node(*[1] * (ENTRIES_MAX + 1))
    member.machine.on_summary(LINK, Summary(b"\0" * 16, True))
    first, second = member.outbox.take(LINK)
    assert isinstance(first, Heads)
    assert isinstance(second, Heads)

    assert (len(first.entries), first.last, len(second.entries), second.last) == (ENTRIES_MAX, False, 1, True)
    assert not newcomer.machine.on_heads(LINK, first)
    assert newcomer.machine.on_heads(LINK, second)
    assert not newcomer.machine.on_heads(LINK, second)


def test_heads_of_some_buckets_are_no_beginning() -> None:
    """A newcomer waits for all."""
    newcomer = Node(joined=False)

    assert not newcomer.machine.on_heads(LINK, Heads((), b"\x01" + b"\0" * 31, False, True))
    assert not newcomer.machine.joined


def test_an_answer_is_not_answered() -> None:
    """Neither heads in return nor those that are not the last make the other say its own."""
    node = Node(1, 2)

    node.machine.on_heads(LINK, Heads((), ALL_BUCKETS, False, True))
    node.machine.on_heads(LINK, Heads((), ALL_BUCKETS, True, False))
    assert node.outbox.take(LINK) == []
    node.machine.on_heads(LINK, Heads((), ALL_BUCKETS, True, True))
    assert node.outbox.take(LINK) == [Heads(tuple(heads_of(node, 0, 1)), ALL_BUCKETS, False, True)]


def test_a_mask_of_another_length_names_no_bucket() -> None:
    """What a stranger sends does no harm."""
    node = Node(1, 2)

    node.machine.on_heads(LINK, Heads((), b"\xff", True, True))

    assert node.outbox.take(LINK) == [Heads((), b"\xff", False, True)]


def test_equal_buckets_need_no_heads() -> None:
    """What differed when the hash was sent may have come meanwhile."""
    one, other = Node(1, 2), Node(1, 2)
    other.machine.on_summary(LINK, Summary(b"\0" * 16))
    (buckets,) = other.outbox.take(LINK)
    assert isinstance(buckets, Buckets)
    assert len(buckets.hashes) == BUCKETS * 8

    one.machine.on_buckets(LINK, buckets)

    assert one.outbox.take(LINK) == []


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_one_neighbor_at_a_time_is_compared_with_every_few_seconds(number: int) -> None:
    """Drawn by chance, two seconds apart on average; in the end each has its turn."""
    node = Node(number=number)
    node.machine.add_link(LINK, 0.0)
    node.machine.add_link(2, 0.0)
    for link in (LINK, 2):
        assert kinds(node.outbox.take(link)) == [Summary]

    moments, turns = [0.0], {LINK: 0, 2: 0}
    for _ in range(20):
        now = node.machine.next_deadline()
        assert now is not None
        node.machine.tick(now - 0.001)
        assert (node.outbox.take(LINK), node.outbox.take(2)) == ([], [])
        node.machine.tick(now)
        for link in turns:
            turns[link] += len(node.outbox.take(link))
        moments.append(now)

    assert sum(turns.values()) == 20
    assert min(turns.values()) > 0
    assert all(1.5 <= later - now <= 2.5 for now, later in pairwise(moments))


def test_without_neighbors_nothing_is_due() -> None:
    """Nor for one that was none."""
    node = Node()
    node.machine.tick(1e9)
    node.machine.add_link(LINK, 0.0)
    node.machine.add_link(2, 0.0)
    node.machine.remove_link(LINK)
    assert node.machine.next_deadline() is not None

    node.machine.remove_link(2)
    node.machine.remove_link(2)

    assert node.machine.next_deadline() is None
