"""Watchers: who is told when of our neighbors, and what is remembered of those of others."""

from rumor.core.directory.watchers import GAP, WATCHED_MAX, Watchers
from rumor.core.frames import Control, Watching
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox

ANA_LINK, BO_LINK, CY_LINK = 1, 2, 3


class Node:
    """A peer's watchers, and what it sends."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.links: dict[int, str] = {}
        self.watchers = Watchers(self.links, self.outbox)

    def befriend(self, link: int, name: str, now: Seconds) -> None:
        """A neighbor comes, in a turn of its own."""
        self.outbox.open_link(link)
        self.links[link] = name
        self.watchers.add_link()
        self.watchers.end_turn(now)

    def part(self, link: int, now: Seconds) -> None:
        """One goes."""
        del self.links[link]
        self.watchers.remove_link(link)
        self.watchers.end_turn(now)

    def sent(self) -> dict[int, list[Control]]:
        """What each link is to send."""
        return {link: frames for link in (ANA_LINK, BO_LINK, CY_LINK) if (frames := self.outbox.take(link))}


def test_a_new_neighbor_is_told_at_once_and_the_others_together_soon() -> None:
    """However many come and go in a moment, who is told already hears of it once."""
    node = Node()
    node.befriend(ANA_LINK, "ana", 10.0)
    assert node.sent() == {ANA_LINK: [Watching(("ana",))]}
    assert node.watchers.next_deadline() is None

    node.befriend(BO_LINK, "bo", 10.01)
    node.befriend(CY_LINK, "cy", 10.02)
    assert node.sent() == {BO_LINK: [Watching(("ana", "bo"))], CY_LINK: [Watching(("ana", "bo", "cy"))]}
    assert node.watchers.next_deadline() == 10.0 + GAP

    node.watchers.tick(10.0 + GAP / 2)
    assert node.sent() == {}
    node.watchers.tick(10.0 + GAP)
    assert node.sent() == {link: [Watching(("ana", "bo", "cy"))] for link in (ANA_LINK, BO_LINK)}
    assert node.watchers.next_deadline() is None


def test_after_a_quiet_while_all_are_told_at_once() -> None:
    """Nothing waits that needs not; and nothing is said when nothing is new."""
    node = Node()
    node.befriend(ANA_LINK, "ana", 10.0)
    node.befriend(BO_LINK, "bo", 20.0)
    node.sent()

    node.part(BO_LINK, 30.0)
    assert node.sent() == {ANA_LINK: [Watching(("ana",))]}
    node.watchers.end_turn(40.0)
    node.watchers.tick(40.0)
    assert node.sent() == {}


def test_one_that_came_and_went_meanwhile_is_not_told_of() -> None:
    """Those that know who watches us as it is are not told again."""
    node = Node()
    node.befriend(ANA_LINK, "ana", 10.0)
    node.befriend(BO_LINK, "bo", 10.01)
    node.part(BO_LINK, 10.02)
    node.sent()

    node.watchers.tick(10.0 + GAP)

    assert node.sent() == {}


def test_what_a_neighbor_said_last_counts() -> None:
    """Of the last so many; who said nothing is watched by we don't know whom."""
    watchers = Node().watchers
    assert watchers.of("ana") is None
    for number in range(WATCHED_MAX):
        watchers.on_watching(f"n{number}", ())
    watchers.on_watching("n0", ("ana", "bo"))
    watchers.on_watching("late", ("cy",))

    assert (watchers.of("n0"), watchers.of("late")) == (("ana", "bo"), ("cy",))
    assert (watchers.of("n1"), watchers.of("n2")) == (None, ())
