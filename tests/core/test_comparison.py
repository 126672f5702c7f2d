"""Comparison: who is compared with, when, and whose entries are told."""

from itertools import pairwise
from random import Random

import pytest

from rumor.core.directory.comparison import NEW_FOR, NEW_GAP, Comparison
from rumor.core.directory.roster import Roster
from rumor.core.effects import Wake
from rumor.core.frames import Claim, Control, MembersBuckets, MembersSummary, Standing
from rumor.core.outbox import Outbox
from rumor.core.settings import DirectorySettings

from .helpers import ANA, SEED_NUMBERS

LINK, OTHER, THIRD = 1, 2, 3
LATER = 10.0
"""Nobody is new any more."""


class Node:
    """A comparison, and what it sends; established unless it is `new`."""

    def __init__(self, *names: str, new: bool = False, full: bool = True, number: int = 0) -> None:
        self.outbox = Outbox()
        settings = DirectorySettings(full=full)
        self.roster = Roster(settings, lambda statement, was_dead: None)
        for name in names:
            self.roster.take_claim(Claim(name, 1, 0, Standing.ALIVE, ANA))
        self.comparison = Comparison(settings, self.roster, self.outbox, Random(number))
        for link in (LINK, OTHER, THIRD):
            self.outbox.open_link(link)
        if not new:
            self.comparison.add_link(LINK, LATER - NEW_FOR)
            self.comparison.add_link(OTHER, LATER - NEW_FOR)
            self.comparison.tick(LATER)
            self.sent()

    def sent(self) -> dict[int, list[Control]]:
        """What each link is to send."""
        self.outbox.drain()
        return {link: frames for link in (LINK, OTHER, THIRD) if (frames := self.outbox.take(link))}


def test_equal_directories_need_one_hash() -> None:
    """Whoever holds the same says nothing."""
    one, other = Node("ana", "bo"), Node("bo", "ana")

    other.comparison.on_summary(LINK, MembersSummary(one.roster.hash()), LATER)

    assert other.sent() == {}


def test_where_directories_differ_both_sides_tell_what_they_hold() -> None:
    """And only there."""
    names = [f"n{number}" for number in range(200)]
    one, other = Node(*names, "ana"), Node(*names, "bo")

    other.comparison.on_summary(LINK, MembersSummary(one.roster.hash()), LATER)
    asked = other.sent()[LINK][0]
    assert isinstance(asked, MembersBuckets)
    told_by_one = one.comparison.on_buckets(LINK, asked, LATER)
    (answer,) = one.sent()[LINK]
    assert isinstance(answer, MembersBuckets)
    told_by_other = other.comparison.on_buckets(LINK, answer, LATER)

    assert (asked.answer, answer.answer) == (True, False)
    assert other.sent() == {}
    assert "ana" in told_by_one
    assert "bo" in told_by_other
    assert len(told_by_one) < 20
    assert other.comparison.on_buckets(LINK, MembersBuckets(other.roster.bucket_hashes(), False), LATER) == []


def test_a_newcomer_compares_with_one_neighbor_at_a_time() -> None:
    """The others wait a little, whoever begins; one that goes meanwhile is forgotten."""
    node = Node(new=True)
    hello = MembersSummary(node.roster.hash())
    differs = MembersSummary(bytes(range(16)))
    for link in (LINK, OTHER, THIRD):
        node.comparison.add_link(link, 0.0)
    node.comparison.on_summary(OTHER, differs, 0.0)
    assert node.sent() == {LINK: [hello]}

    node.comparison.tick(NEW_GAP / 2)
    assert node.sent() == {}
    node.comparison.on_summary(LINK, differs, NEW_GAP / 2)
    assert [type(frame) for frame in node.sent()[LINK]] == [MembersBuckets]
    assert node.comparison.next_deadline() == pytest.approx(NEW_GAP * 1.5)
    node.comparison.tick(NEW_GAP * 1.5)
    assert node.sent() == {OTHER: [hello]}

    node.comparison.remove_link(OTHER)
    node.comparison.tick(NEW_GAP * 2.5)
    assert node.sent() == {THIRD: [hello]}


def test_a_newcomer_goes_on_to_the_next_neighbor_as_soon_as_one_is_done() -> None:
    """When it holds the same, and says so, or has told all that differs."""
    node = Node(new=True)
    hello = MembersSummary(node.roster.hash())
    for link in (LINK, OTHER, THIRD):
        node.comparison.add_link(link, 0.0)
    assert node.sent() == {LINK: [hello]}

    node.comparison.over(OTHER, 0.001)
    node.comparison.tick(0.001)
    assert node.sent() == {}
    node.comparison.over(LINK, 0.001)
    node.comparison.tick(0.001)
    assert node.sent() == {OTHER: [hello]}
    node.comparison.on_summary(OTHER, hello, 0.002)
    node.comparison.tick(0.002)
    assert node.sent() == {THIRD: [hello]}


def test_newcomers_tell_each_other_that_they_hold_the_same() -> None:
    """Once: whoever was told does not answer that."""
    one, other = Node("ana", new=True), Node("ana", new=True)
    one.comparison.add_link(LINK, 0.0)
    other.comparison.add_link(OTHER, 0.0)
    other.comparison.add_link(LINK, 0.0)
    (hello,) = one.sent()[LINK]
    assert isinstance(hello, MembersSummary)
    other.sent()

    other.comparison.on_summary(LINK, hello, 0.01)
    (answer,) = other.sent()[LINK]
    assert isinstance(answer, MembersSummary)
    one.comparison.on_summary(LINK, answer, 0.02)

    assert answer == hello
    assert one.sent() == {}


def test_two_newcomers_that_hold_the_same_come_to_an_end() -> None:
    """Also when neither waits for the other any more: each tells the same hash once."""
    one, other = Node("ana", new=True), Node("ana", new=True)
    for node in (one, other):
        node.comparison.add_link(OTHER, 0.0)
        node.comparison.add_link(LINK, 0.0)
        node.sent()
    said = MembersSummary(one.roster.hash())

    other.comparison.on_summary(LINK, said, 0.01)
    answers = 0
    for turn in range(10):
        hearer = one if turn % 2 == 0 else other
        sender = other if turn % 2 == 0 else one
        frames = sender.sent().get(LINK, [])
        answers += len(frames)
        for frame in frames:
            assert isinstance(frame, MembersSummary)
            hearer.comparison.on_summary(LINK, frame, 0.01)

    assert answers == 2
    assert other.comparison.next_deadline() is None or LINK not in other.sent()


def test_what_is_over_lets_nothing_be_due_long_ago() -> None:
    """The peer would take that for a sleep of its own."""
    node = Node(new=True)
    for link in (LINK, OTHER):
        node.comparison.add_link(link, 100.0)

    node.comparison.over(LINK, 100.02)

    assert node.comparison.next_deadline() == 100.02


def test_a_newcomer_asks_again_soon() -> None:
    """Its first neighbors may be as new as itself."""
    node = Node(new=True)
    assert node.comparison.is_new(1e9)
    node.comparison.add_link(LINK, 0.0)
    node.sent()

    times = 0
    while (now := node.comparison.next_deadline()) is not None and now < NEW_FOR:
        node.comparison.tick(now)
        times += len(node.sent())

    assert times >= 3
    assert not node.comparison.is_new(NEW_FOR)


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_then_one_neighbor_by_chance_now_and_then(number: int) -> None:
    """Every few seconds, spread so that not all do it at once."""
    node = Node(number=number)
    turns: dict[int, int] = {}
    moments = []
    for _ in range(20):
        now = node.comparison.next_deadline()
        assert now is not None
        node.comparison.tick(now)
        (link,) = node.sent()
        turns[link] = turns.get(link, 0) + 1
        moments.append(now)

    assert sorted(turns) == [LINK, OTHER]
    gaps = [later - now for now, later in pairwise(moments[1:])]
    assert all(3.0 <= gap <= 5.0 for gap in gaps)


def test_without_neighbors_nothing_is_due() -> None:
    """And what comes from others than neighbors is not answered."""
    node = Node("ana")
    for link in (LINK, OTHER, THIRD):
        node.comparison.remove_link(link)
    node.comparison.on_summary(LINK, MembersSummary(bytes(16)), LATER)
    assert node.comparison.on_buckets(LINK, MembersBuckets(bytes(512), True), LATER) == []
    assert node.comparison.next_deadline() is None
    node.comparison.tick(1e9)

    assert node.sent() == {}


def test_who_knows_only_neighbors_compares_nothing() -> None:
    """Two such directories always differ."""
    node = Node("ana", new=True, full=False)
    node.comparison.add_link(LINK, 0.0)
    node.comparison.on_summary(LINK, MembersSummary(bytes(16)), 0.0)

    assert node.comparison.on_buckets(LINK, MembersBuckets(bytes(512), True), 0.0) == []
    assert node.outbox.drain()[0] == []
    assert Wake(LINK) not in node.outbox.drain()[0]
