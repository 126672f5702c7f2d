"""Flood: every rumor to every neighbor, once, in order, one at a time."""

from rumor.core.classic.flood import Flood
from rumor.core.effects import Tell
from rumor.core.events import Problem, RumorHeard
from rumor.core.ids import Address
from rumor.core.messages import Gossip
from rumor.core.outbox import Outbox
from rumor.core.settings import FloodSettings

from ..helpers import ANA, BO, CY, ME, rumor


def flood_to(*neighbors: Address, capacity: int = 100) -> tuple[Flood, Outbox]:
    """A flood with these neighbors that has heard nothing yet."""
    outbox = Outbox()
    flood = Flood(FloodSettings(capacity=capacity), outbox)
    for neighbor in neighbors:
        flood.add_neighbor(neighbor, 0.0)
    return flood, outbox


def own(number: int) -> Gossip:
    """A rumor that the application knows already, since it comes from there."""
    return rumor(number, origin=ME)


def say(flood: Flood, number: int) -> Gossip:
    """Pass on what the application said."""
    gossip = own(number)
    flood.tell(gossip, 0.0)
    return gossip


def tell(neighbor: Address, gossip: Gossip) -> Tell:
    """A rumor on its way to a neighbor."""
    return Tell(neighbor, gossip, 5.0)


def told(flood: Flood, outbox: Outbox, neighbor: Address) -> list[Gossip]:
    """What a neighbor is told if each rumor gets through."""
    rumors = []
    effects, _ = outbox.drain()
    while mine := [effect for effect in effects if isinstance(effect, Tell) and effect.to == neighbor]:
        (effect,) = mine
        assert isinstance(effect.message, Gossip)
        rumors.append(effect.message)
        flood.on_told(neighbor, effect.message)
        effects, _ = outbox.drain()
    return rumors


# Saying something.


def test_what_the_application_knows_goes_to_every_neighbor_and_is_not_told_it() -> None:
    """A rumor that came another way is passed on, once, and nothing is said of it."""
    flood, outbox = flood_to(ANA, BO)

    flood.tell(own(1), 2.0)
    assert outbox.drain() == ([tell(ANA, own(1)), tell(BO, own(1))], [])

    flood.tell(own(1), 3.0)
    assert outbox.drain() == ([], [])
    assert flood.heard == 1


def test_whether_anybody_is_told() -> None:
    """Who has a neighbor tells somebody."""
    flood, _ = flood_to()
    assert not flood.has_neighbors

    flood.add_neighbor(ANA, 0.0)
    assert flood.has_neighbors


# Hearing something.


def test_what_is_heard_is_passed_on_unchanged() -> None:
    """A new rumor goes to every neighbor as it came."""
    flood, outbox = flood_to(ANA, BO)
    gossip = Gossip("1.50", CY, 7, " odd: tail")

    assert flood.on_gossip(gossip, 0.0)

    assert outbox.drain() == ([tell(ANA, gossip), tell(BO, gossip)], [RumorHeard(gossip)])


def test_what_was_heard_is_not_heard_again() -> None:
    """A rumor that comes a second time, also one of our own, goes nowhere."""
    flood, outbox = flood_to(ANA)
    mine = say(flood, 1)
    flood.on_gossip(rumor(1), 0.0)
    outbox.drain()

    assert not flood.on_gossip(mine, 1.0)
    assert not flood.on_gossip(rumor(1), 1.0)

    assert outbox.drain() == ([], [])
    assert flood.heard == 2


# Telling it on.


def test_a_neighbor_is_told_one_rumor_at_a_time_and_in_order() -> None:
    """The next rumor goes when the one before has left: an original peer stops at a burst."""
    flood, outbox = flood_to(ANA)
    one, two, three = rumor(1), rumor(2), rumor(3)
    for gossip in (one, two, three):
        flood.on_gossip(gossip, 0.0)
    assert outbox.drain()[0] == [tell(ANA, one)]

    flood.on_told(ANA, one)
    assert outbox.drain() == ([tell(ANA, two)], [])
    flood.on_told(ANA, two)
    assert outbox.drain() == ([tell(ANA, three)], [])
    flood.on_told(ANA, three)
    assert outbox.drain() == ([], [])


def test_a_slow_neighbor_does_not_hold_up_another() -> None:
    """Each neighbor has its own place in the list."""
    flood, outbox = flood_to(ANA, BO)
    for number in (1, 2, 3):
        flood.on_gossip(rumor(number), 0.0)

    assert told(flood, outbox, BO) == [rumor(1), rumor(2), rumor(3)]


def test_a_rumor_that_did_not_get_through_is_told_again() -> None:
    """After half a second the same rumor is tried again; until then nothing else goes to that neighbor."""
    flood, outbox = flood_to(ANA)
    one, two = rumor(1), rumor(2)
    flood.on_gossip(one, 0.0)
    outbox.drain()

    flood.on_failed(ANA, one, 1.0)
    flood.on_gossip(two, 1.1)
    assert outbox.drain() == ([], [RumorHeard(two)])
    assert flood.next_deadline() == 1.5

    flood.tick(1.5)
    assert told(flood, outbox, ANA) == [one, two]
    assert flood.next_deadline() is None


def test_what_became_of_a_rumor_that_is_not_under_way_does_not_count() -> None:
    """A report about another rumor than the one under way moves nothing."""
    flood, outbox = flood_to(ANA)
    flood.on_gossip(rumor(1), 0.0)
    flood.on_gossip(rumor(2), 0.0)
    outbox.drain()

    flood.on_told(ANA, rumor(9))
    flood.on_failed(ANA, rumor(9), 0.0)

    assert outbox.drain() == ([], [])
    assert flood.next_deadline() is None


def test_what_became_of_a_rumor_to_a_lost_neighbor_does_not_count() -> None:
    """Who is no neighbor any more is neither told further nor tried again."""
    flood, outbox = flood_to(ANA)
    gossip = say(flood, 1)
    say(flood, 2)
    outbox.drain()

    flood.remove_neighbor(ANA)
    flood.on_told(ANA, gossip)
    flood.on_failed(ANA, gossip, 0.0)

    assert outbox.drain() == ([], [])
    assert flood.next_deadline() is None


def test_a_retry_ends_with_the_neighbor() -> None:
    """A rumor that waits for its next try is forgotten with the neighbor."""
    flood, outbox = flood_to(ANA)
    flood.on_failed(ANA, say(flood, 1), 0.0)
    outbox.drain()

    flood.remove_neighbor(ANA)
    flood.tick(1.0)

    assert outbox.drain() == ([], [])
    assert flood.next_deadline() is None


# Neighbors that come and go.


def test_a_second_neighbor_begins_with_what_comes_next() -> None:
    """A newcomer is not told what was said before, as with the original."""
    flood, outbox = flood_to(ANA)
    flood.on_gossip(rumor(1), 0.0)
    flood.add_neighbor(BO, 0.0)
    flood.on_gossip(rumor(2), 0.0)

    assert told(flood, outbox, BO) == [rumor(2)]


def test_what_was_said_to_nobody_waits_for_the_first_neighbor() -> None:
    """The first neighbor is told at once what was said or heard while there was none."""
    flood, outbox = flood_to()
    early = say(flood, 1)
    flood.on_gossip(rumor(1), 0.0)
    assert outbox.drain() == ([], [RumorHeard(rumor(1))])

    flood.add_neighbor(ANA, 1.0)

    assert told(flood, outbox, ANA) == [early, rumor(1)]


def test_what_the_last_neighbor_was_not_told_waits_for_the_next() -> None:
    """A rumor that was under way to a lost last neighbor, and what follows it, goes to the next one."""
    flood, outbox = flood_to(ANA)
    first = say(flood, 1)
    flood.on_told(ANA, first)
    second = say(flood, 2)
    flood.remove_neighbor(ANA)
    third = say(flood, 3)
    outbox.drain()

    flood.add_neighbor(BO, 1.0)

    assert told(flood, outbox, BO) == [second, third]


def test_the_next_neighbor_gets_what_only_the_last_of_several_was_not_told() -> None:
    """What waits is measured by the neighbor that went last."""
    flood, outbox = flood_to(ANA, BO)
    gossip = say(flood, 1)
    flood.on_told(BO, gossip)
    flood.remove_neighbor(ANA)
    flood.remove_neighbor(BO)
    outbox.drain()

    flood.add_neighbor(CY, 1.0)

    assert outbox.drain() == ([], [])


def test_a_neighbor_that_was_never_told_anything_can_go() -> None:
    """Removing who is no neighbor, before and after others, changes nothing."""
    flood, outbox = flood_to()
    gossip = say(flood, 1)

    flood.remove_neighbor(ANA)
    flood.add_neighbor(BO, 0.0)

    assert told(flood, outbox, BO) == [gossip]


def test_a_neighbor_that_falls_too_far_behind_misses_rumors_and_that_is_said() -> None:
    """When the list forgets what a neighbor was not told, it goes on with the oldest there is, and people hear."""
    flood, outbox = flood_to(ANA, capacity=2)
    first = say(flood, 1)
    rest = [say(flood, number) for number in range(2, 6)]
    outbox.drain()

    flood.on_told(ANA, first)

    assert outbox.drain() == (
        [tell(ANA, rest[2])],
        [Problem("a neighbor fell too far behind and missed rumors", str(ANA), "2")],
    )
