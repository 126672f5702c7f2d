"""Message List: each rumor once, in order, within bounds."""

import pytest

from rumor.core.classic.heard_list import HeardList
from rumor.core.messages import Gossip
from rumor.core.settings import FloodSettings

from ..helpers import ANA, BO, rumor


def list_of(*gossips: Gossip, capacity: int = 3, age_max: float = 10.0) -> HeardList:
    """A small list that has heard these at moment 0."""
    message_list = HeardList(FloodSettings(capacity=capacity, age_max=age_max))
    for gossip in gossips:
        assert message_list.add(gossip, 0.0)
    return message_list


def kept(message_list: HeardList) -> list[Gossip | None]:
    """What is kept, oldest first."""
    return [message_list.at(position) for position in range(message_list.first, message_list.end)]


def test_an_empty_list_holds_nothing() -> None:
    """A fresh list begins and ends at position 0."""
    message_list = list_of()

    assert (message_list.first, message_list.end, message_list.at(0)) == (0, 0, None)


def test_rumors_are_kept_in_the_order_of_arrival() -> None:
    """What comes later has a higher position, whatever its number and origin are."""
    message_list = list_of(rumor(2), rumor(1, origin=BO), rumor(1))

    assert kept(message_list) == [rumor(2), rumor(1, origin=BO), rumor(1)]


def test_a_rumor_is_taken_once() -> None:
    """A rumor that is kept is not taken again."""
    message_list = list_of(rumor(1))

    assert not message_list.add(rumor(1), 1.0)
    assert kept(message_list) == [rumor(1)]


@pytest.mark.parametrize(
    "other",
    [
        Gossip("2.0", ANA, 1, ":a"),
        Gossip("1.0", BO, 1, ":a"),
        Gossip("1.0", ANA, 2, ":a"),
        Gossip("1.0", ANA, 1, ":b"),
        Gossip("1.0", ANA, 1, "a"),
        Gossip("1", ANA, 1, ":a"),
    ],
)
def test_a_rumor_is_known_by_its_whole_text(other: Gossip) -> None:
    """Two rumors are the same only when their whole texts are, as with the original's hash."""
    assert list_of(Gossip("1.0", ANA, 1, ":a")).add(other, 0.0)


def test_a_full_list_forgets_its_oldest() -> None:
    """Above its capacity the list forgets the oldest rumor; positions go on growing."""
    message_list = list_of(rumor(1), rumor(2), rumor(3), rumor(4), capacity=3)

    assert (message_list.first, message_list.end) == (1, 4)
    assert kept(message_list) == [rumor(2), rumor(3), rumor(4)]


def test_an_old_rumor_is_forgotten_after_its_age_and_not_before() -> None:
    """What is older than the bound goes when something comes; at the very bound it stays."""
    message_list = list_of(rumor(1), age_max=10.0)

    assert not message_list.add(rumor(1), 10.0)
    assert message_list.add(rumor(2), 10.5)
    assert (message_list.first, kept(message_list)) == (1, [rumor(2)])


def test_a_rumor_that_was_forgotten_is_new_again() -> None:
    """Beyond the bounds the list knows nothing, and memory does not grow for it."""
    message_list = list_of(rumor(1), rumor(2), capacity=1)

    assert message_list.add(rumor(1), 0.0)
    assert kept(message_list) == [rumor(1)]


def test_nothing_is_at_the_end() -> None:
    """At the position that the next rumor will have there is none yet, nor beyond."""
    message_list = list_of(rumor(1))

    assert [message_list.at(position) for position in (0, 1, 2)] == [rumor(1), None, None]


def test_a_position_below_the_first_is_our_own_mistake() -> None:
    """Who asks for what was forgotten has a bug, and is told so."""
    message_list = list_of(rumor(1), rumor(2), capacity=1)

    with pytest.raises(AssertionError):
        message_list.at(0)
