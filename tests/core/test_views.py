"""Views: bounded, the same each time, and never without anybody for want of an answer."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumor.core.frames import Contact
from rumor.core.ids import Address, Identity
from rumor.core.overlay.views import ActiveView, Neighbor, Reserve, View

from .helpers import ANA, BO, CY, DI, ME, SEED_NUMBERS, peer_at, peers_at


def contact(address: Address) -> Contact:
    """The contact at an address, by its usual name."""
    return Contact(str(address), address)


def neighbor(link: int, address: Address, *, rtt: float = 0.0, since: float = 0.0) -> Neighbor:
    """A neighbor; as everywhere, an even link was dialled by us."""
    return Neighbor(link, str(address), address, dialled=link % 2 == 0, since=since, rtt=rtt)


def active_with(*neighbors: Neighbor) -> ActiveView:
    """An active view of these."""
    active = ActiveView(Random(0))
    for one in neighbors:
        active.add(one)
    return active


def reserve_with(capacity: int = 8, number: int = 0) -> Reserve:
    """An empty reserve of ours."""
    return Reserve(Identity(ME), capacity, Random(number))


def addresses_in(view: View) -> list[Address]:
    """The addresses in a view, sorted."""
    return sorted(one.address for one in view)


# The active view.


def test_a_neighbor_is_found_by_link_address_and_name() -> None:
    """Whatever a message tells of a neighbor leads to its link."""
    active = active_with(neighbor(1, ANA), neighbor(2, BO))

    assert (1 in active, 3 in active, len(active)) == (True, False, 2)
    assert (active.at(BO), active.named(str(ANA)), active.at(CY), active.named("cy")) == (2, 1, None, None)
    assert active.others(1) == [2]
    assert active.others(path=(str(BO),)) == [1]
    assert active.sample(8, without=1) == [contact(BO)]


def test_a_removed_neighbor_leaves_no_trace() -> None:
    """A link that is gone is found in no way, and removing it twice is no error."""
    active = active_with(neighbor(1, ANA))

    assert active.remove(1) == neighbor(1, ANA)
    assert active.remove(1) is None
    assert (active.at(ANA), active.named(str(ANA)), list(active)) == (None, None, [])


def test_two_nodes_that_claim_one_address_do_not_harm_each_other() -> None:
    """When the elder of the two goes, the newer is still found."""
    active = active_with(neighbor(1, ANA), neighbor(3, ANA))

    active.remove(1)

    assert (active.at(ANA), active.named(str(ANA))) == (3, 3)
    active.remove(3)
    assert active.at(ANA) is None


def test_round_trips_are_noted_for_neighbors_only() -> None:
    """A late answer on a link that is no neighbor's changes nothing."""
    active = active_with(neighbor(1, ANA))

    active.note_round_trip(1, 0.25)
    active.note_round_trip(3, 0.5)

    assert list(active) == [neighbor(1, ANA, rtt=0.25)]


def test_the_worst_neighbor_is_settled_not_our_choice_and_far() -> None:
    """Each of the criteria decides only among those that the one before it leaves."""
    ours, near, far = neighbor(2, ANA, rtt=0.9), neighbor(1, BO, rtt=0.1), neighbor(3, CY, rtt=0.2)
    new = neighbor(5, DI, rtt=0.8, since=9.0)
    active = active_with(ours, near, far, new)

    assert active.worst(settled=5.0) == far
    active.remove(far.link)
    assert active.worst(settled=5.0) == near
    active.remove(near.link)
    assert active.worst(settled=5.0) == ours
    active.remove(ours.link)
    assert active.worst(settled=5.0) == new


# A view of contacts.


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_full_view_forgets_one_at_random_for_each_newcomer(number: int) -> None:
    """The bound holds, and the newcomer is in."""
    view = View(3, Random(number))
    for address in peers_at(0, 1, 2, 3):
        view.add(contact(address))

    assert len(view) == 3
    assert DI in view


def test_a_contact_is_replaced_by_a_newer_one_at_its_address() -> None:
    """An address has one contact: who was heard of there last."""
    view = View(2, Random(0))
    view.add(Contact("old name", ANA))
    view.add(Contact("new name", ANA))

    assert list(view) == [Contact("new name", ANA)]


def test_an_empty_view_gives_nothing() -> None:
    """Whoever takes from an empty view gets None, not an error."""
    view = View(2, Random(0))

    assert (view.take(ANA), view.take_any(), view.sample(3)) == (None, None, [])


@given(
    st.lists(st.tuples(st.sampled_from(["add", "take", "any"]), st.integers(0, 6)), max_size=60), st.integers(0, 999)
)
def test_a_view_agrees_with_a_plain_dictionary(steps: list[tuple[str, int]], number: int) -> None:
    """Whatever is added and taken, what is inside is what a dictionary would hold, within the bound."""
    view, model = View(4, Random(number)), dict[Address, Contact]()
    for verb, index in steps:
        one = contact(peer_at(index))
        if verb == "add":
            view.add(one)
            model = {inside.address: inside for inside in view}
            assert one.address in model
        elif verb == "take":
            assert view.take(one.address) == model.pop(one.address, None)
        elif (taken := view.take_any()) is not None:
            assert model.pop(taken.address) == taken
        else:
            assert not model
        assert addresses_in(view) == sorted(model)
        assert len(view) <= 4
        assert all(address in view for address in model)


# The reserve.


def test_addresses_from_a_list_are_heard_of_and_ourselves_left_out() -> None:
    """A list proves nothing: what it names may be an original node, or ourselves."""
    reserve = reserve_with()
    reserve.hear_of([ANA, ME, BO])

    assert (addresses_in(reserve.heard_of), len(reserve)) == ([ANA, BO], 2)


def test_a_list_does_not_move_what_is_known_better() -> None:
    """The proven stay proven, and the old old."""
    reserve = reserve_with()
    reserve.prove(contact(ANA))
    reserve.shelve(contact(BO))
    reserve.hear_of([ANA, BO, CY])

    assert list(reserve) == [contact(ANA), contact(CY), contact(BO)]


def test_of_a_long_list_a_sample_is_taken() -> None:
    """The bound holds for the longest of lists."""
    reserve = reserve_with(capacity=4)
    reserve.hear_of(peers_at(*range(100)))

    assert len(reserve.heard_of) == 4


def test_what_a_neighbor_tells_of_is_proven_unless_we_could_not_reach_it() -> None:
    """Hearsay makes a contact proven, but does not bring back what we found to be out of reach."""
    reserve = reserve_with()
    reserve.hear_of([ANA])
    reserve.shelve(contact(BO))
    for address in (ANA, BO, CY, ME):
        reserve.hear(contact(address))

    assert addresses_in(reserve.proven) == [ANA, CY]
    assert addresses_in(reserve.old) == [BO]
    assert addresses_in(reserve.heard_of) == []


def test_its_own_hello_brings_an_old_contact_back() -> None:
    """Who said Hello just now is proven."""
    reserve = reserve_with()
    reserve.shelve(contact(ANA))
    reserve.prove(contact(ANA))

    assert (list(reserve), len(reserve.old)) == ([contact(ANA)], 0)


def test_ourselves_are_never_a_contact() -> None:
    """Neither our address, nor another one under our name."""
    reserve = reserve_with()
    for one in (contact(ME), Contact(str(ME), ANA)):
        reserve.prove(one)
        reserve.hear(one)
        reserve.shelve(one)

    assert list(reserve) == []


def test_the_dead_are_remembered_as_old() -> None:
    """A cut looks like death, so an address that is dead is kept, known before or not."""
    reserve = reserve_with()
    reserve.prove(Contact("ana", ANA))
    reserve.bury(ANA)
    reserve.bury(BO)

    assert {one.address: one.name for one in reserve.old} == {ANA: "ana", BO: str(BO)}
    assert len(reserve) == 2


def test_the_old_get_another_chance_as_far_as_there_is_room() -> None:
    """Those that do not fit stay old: nobody is forgotten."""
    reserve = reserve_with(capacity=2)
    reserve.hear_of([ANA])
    reserve.shelve(contact(BO))
    reserve.shelve(contact(CY))
    reserve.revive()

    assert (len(reserve.heard_of), len(reserve.old)) == (2, 1)
    reserve.drop(ANA)
    reserve.revive()
    assert addresses_in(reserve.heard_of) == [BO, CY]


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_drawn_are_the_proven_and_the_heard_of_and_none_twice(number: int) -> None:
    """A draw removes what it gives, until only the old are left."""
    reserve = reserve_with(number=number)
    reserve.hear_of([ANA, BO])
    reserve.prove(contact(CY))
    reserve.shelve(contact(DI))

    drawn = [reserve.draw() for _ in range(4)]

    assert {one.address for one in drawn if one is not None} == {ANA, BO, CY}
    assert drawn[3] is None
    assert list(reserve) == [contact(DI)]
