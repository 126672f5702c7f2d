"""Overlay: neighbors found, kept, replaced, and never none for good."""

from random import Random

import pytest

from rumor.core.classic.overlay import ClassicOverlay
from rumor.core.effects import Answer, Ask, Close, Failure
from rumor.core.events import Alone, NeighborDown, NeighborUp, Reason
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import ConnectAccepted, ConnectRequest
from rumor.core.outbox import Outbox
from rumor.core.settings import ClassicOverlaySettings

from ..helpers import ANA, BO, CY, DI, ME, SEED_NUMBERS, asked_in, peer_at, peers_at


def overlay_with(
    *, wanted: int = 2, neighbors_max: int = 10, contacts_capacity: int = 1024, number: int = 0
) -> tuple[ClassicOverlay, Outbox]:
    """An overlay that began at moment 0, and wants so many neighbors."""
    settings = ClassicOverlaySettings(
        wanted_min=wanted, wanted_max=wanted, neighbors_max=neighbors_max, contacts_capacity=contacts_capacity
    )
    outbox = Outbox()
    overlay = ClassicOverlay(Identity(ME), settings, outbox, Random(number))
    overlay.join(0.0)
    return overlay, outbox


def overlay_among(*neighbors: Address, wanted: int = 2, neighbors_max: int = 10) -> tuple[ClassicOverlay, Outbox]:
    """An overlay that learned of these peers, asked them and was accepted, all at moment 0."""
    overlay, outbox = overlay_with(wanted=wanted, neighbors_max=neighbors_max)
    for neighbor in neighbors:
        overlay.learn([neighbor], 0.0)
        overlay.on_accepted(neighbor, 0.0)
    outbox.drain()
    assert overlay.neighbors == neighbors
    return overlay, outbox


def one_sided_among(*neighbors: Address, wanted: int = 2, neighbors_max: int = 10) -> tuple[ClassicOverlay, Outbox]:
    """An overlay whose neighbors, asked again at moment 45, have all refused at 45.5."""
    overlay, outbox = overlay_among(*neighbors, wanted=wanted, neighbors_max=neighbors_max)
    overlay.tick(45.0)
    for neighbor in neighbors:
        overlay.on_refused(neighbor, Failure.CLOSED, 45.5)
    outbox.drain()
    return overlay, outbox


def ask(peer: Address) -> Ask:
    """What is asked of a contact."""
    return Ask(peer, ConnectRequest(ME), 5.0)


# Asking.


def test_a_beginner_has_nobody_to_ask() -> None:
    """At the beginning nothing is known and nothing done, but something is due within a second."""
    overlay, outbox = overlay_with()

    assert outbox.drain() == ([], [])
    assert (overlay.neighbors, overlay.contacts) == ((), ())
    deadline = overlay.next_deadline()
    assert deadline is not None
    assert 0.5 <= deadline <= 1.0


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_as_many_contacts_are_asked_as_neighbors_are_wanted(number: int) -> None:
    """Of the peers that a seed named as many different ones are asked as are wanted, and all are remembered."""
    overlay, outbox = overlay_with(wanted=2, number=number)

    overlay.learn([ANA, BO, CY, DI], 0.0)

    effects, events = outbox.drain()
    first, second = asked_in(effects)
    assert first != second
    assert effects in ([ask(first), ask(second)], [ask(second), ask(first)])
    assert events == []
    assert overlay.contacts == (ANA, BO, CY, DI)


def test_who_is_asked_is_up_to_chance() -> None:
    """Every contact is asked by somebody, so that the network has no center."""
    asked = set()
    for number in range(40):
        overlay, outbox = overlay_with(wanted=1, number=number)
        overlay.learn([ANA, BO, CY, DI], 0.0)
        asked |= set(asked_in(outbox.drain()[0]))

    assert asked == {ANA, BO, CY, DI}


@pytest.mark.parametrize(("least", "most"), [(1, 4), (3, 4), (2, 2)])
def test_how_many_are_wanted_is_drawn_from_the_range(least: int, most: int) -> None:
    """A peer draws how many neighbors it wants, and each number of the range is drawn by somebody."""
    drawn = set()
    for number in range(40):
        outbox = Outbox()
        overlay = ClassicOverlay(
            Identity(ME), ClassicOverlaySettings(wanted_min=least, wanted_max=most), outbox, Random(number)
        )
        overlay.learn(peers_at(*range(10)), 0.0)
        drawn.add(len(outbox.drain()[0]))

    assert drawn == set(range(least, most + 1))


def test_a_peer_does_not_ask_itself() -> None:
    """Our own address on a list is no contact."""
    overlay, outbox = overlay_with()

    overlay.learn([ME], 0.0)

    assert outbox.drain() == ([], [])
    assert overlay.contacts == ()


def test_an_address_that_turned_out_to_be_our_own_is_not_asked() -> None:
    """A contact that a seed later tells us to be ourselves is passed over."""
    identity, outbox = Identity(ME), Outbox()
    overlay = ClassicOverlay(identity, ClassicOverlaySettings(wanted_min=1, wanted_max=1), outbox, Random(0))
    overlay.learn([ANA, BO], 0.0)
    (asked,) = asked_in(outbox.drain()[0])
    (other,) = {ANA, BO} - {asked}

    identity.seen_as(other)
    overlay.on_refused(asked, Failure.UNREACHABLE, 0.0)

    assert outbox.drain() == ([], [])


def test_a_contact_that_is_named_again_is_not_asked_again() -> None:
    """While a peer is being asked, hearing of it again changes nothing."""
    overlay, outbox = overlay_with()
    overlay.learn([ANA], 0.0)
    outbox.drain()

    overlay.learn([ANA], 1.0)

    assert outbox.drain() == ([], [])
    assert overlay.contacts == (ANA,)


def test_no_more_are_asked_while_answers_are_awaited() -> None:
    """Who is being asked counts as wanted already: a newly learned contact is only remembered."""
    overlay, outbox = overlay_with(wanted=2)
    overlay.learn([ANA, BO], 0.0)
    outbox.drain()

    overlay.learn([CY], 1.0)

    assert outbox.drain() == ([], [])
    assert overlay.contacts == (ANA, BO, CY)


def test_who_accepts_is_a_neighbor() -> None:
    """An asked peer that accepts is our neighbor; nothing is due until somebody should have asked whether we live."""
    overlay, outbox = overlay_with()
    overlay.learn([ANA], 0.0)
    outbox.drain()

    overlay.on_accepted(ANA, 1.0)

    assert outbox.drain() == ([], [NeighborUp(ANA, Reason.ASKED)])
    assert overlay.neighbors == (ANA,)
    assert overlay.next_deadline() == 46.0


@pytest.mark.parametrize("failure", [Failure.CLOSED, Failure.SILENT, Failure.GARBLED])
@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_who_has_no_room_is_asked_again_later(number: int, failure: Failure) -> None:
    """A peer that refuses stays a contact, and is asked again after the retry, or up to a half of it sooner."""
    overlay, outbox = overlay_with(number=number)
    overlay.on_connect_request(1, ANA, 0.0)
    overlay.learn([BO], 0.0)
    outbox.drain()

    overlay.on_refused(BO, failure, 10.0)

    assert outbox.drain() == ([], [])
    deadline = overlay.next_deadline()
    assert deadline is not None
    assert 12.5 <= deadline <= 15.0
    overlay.tick(deadline)
    assert outbox.drain() == ([ask(BO)], [])


def test_after_a_refusal_another_is_asked_at_once() -> None:
    """A refusal makes the next contact be asked without waiting."""
    overlay, outbox = overlay_with(wanted=1)
    overlay.learn([ANA, BO], 0.0)
    (asked,) = asked_in(outbox.drain()[0])
    (other,) = {ANA, BO} - {asked}

    overlay.on_refused(asked, Failure.CLOSED, 0.0)

    assert outbox.drain() == ([ask(other)], [])


def test_who_cannot_be_reached_is_forgotten() -> None:
    """A contact without a connection is none any more, until a seed names it again."""
    overlay, outbox = overlay_with()
    overlay.learn([ANA], 0.0)
    outbox.drain()

    overlay.on_refused(ANA, Failure.UNREACHABLE, 0.0)
    assert outbox.drain() == ([], [])
    assert overlay.contacts == ()

    overlay.learn([ANA], 1.0)
    assert outbox.drain() == ([ask(ANA)], [])


def test_nobody_is_asked_again_once_there_are_enough() -> None:
    """When others have filled the places, a contact that refused is left in peace."""
    overlay, outbox = overlay_with(wanted=2)
    overlay.learn([ANA], 0.0)
    overlay.on_refused(ANA, Failure.CLOSED, 0.0)
    overlay.on_connect_request(1, BO, 0.0)
    overlay.on_connect_request(2, CY, 0.0)
    outbox.drain()

    overlay.learn([DI], 0.0)
    assert overlay.next_deadline() == 45.0
    overlay.tick(10.0)

    assert outbox.drain() == ([], [])


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_contacts_are_bounded(number: int) -> None:
    """A full memory forgets one contact, chosen by chance, for each newcomer; of too many, some are taken by chance."""
    overlay, _ = overlay_with(contacts_capacity=3, number=number)

    overlay.learn(peers_at(*range(20)), 0.0)
    of_many = overlay.contacts
    overlay.learn([peer_at(20)], 0.0)

    assert len(set(of_many)) == 3
    assert len(set(overlay.contacts)) == 3
    assert overlay.contacts[-1] == peer_at(20)


def test_contacts_are_bounded_when_peers_that_were_forgotten_refuse() -> None:
    """A peer that was asked, gave way to newcomers and then refuses takes no place above the bound."""
    overlay, _ = overlay_with(wanted=10, contacts_capacity=10)
    overlay.learn(peers_at(*range(10)), 0.0)
    overlay.learn(peers_at(*range(10, 30)), 0.0)

    for peer in peers_at(*range(10)):
        overlay.on_refused(peer, Failure.CLOSED, 1.0)

    assert len(overlay.contacts) == 10


# Being asked.


def test_who_asks_is_accepted_while_there_is_room() -> None:
    """A peer that asks gets its answer and is our neighbor, beyond the number that we want ourselves too."""
    overlay, outbox = overlay_among(ANA, BO, wanted=2, neighbors_max=3)

    overlay.on_connect_request(7, CY, 1.0)

    assert outbox.drain() == ([Answer(7, ConnectAccepted())], [NeighborUp(CY, Reason.ACCEPTED)])
    assert overlay.neighbors == (ANA, BO, CY)


def test_who_asks_is_refused_when_all_places_are_taken() -> None:
    """Without room there is no reply, and the connection is closed."""
    overlay, outbox = overlay_among(ANA, BO, wanted=2, neighbors_max=2)

    overlay.on_connect_request(7, CY, 1.0)

    assert outbox.drain() == ([Close(7)], [])
    assert overlay.neighbors == (ANA, BO)


def test_who_we_are_asking_has_its_place_kept() -> None:
    """A place for which a peer is being asked goes to nobody else, but to that very peer it does."""
    overlay, outbox = overlay_with(wanted=1, neighbors_max=1)
    overlay.learn([ANA], 0.0)
    outbox.drain()

    overlay.on_connect_request(1, BO, 0.0)
    overlay.on_connect_request(2, ANA, 0.0)
    overlay.on_accepted(ANA, 0.0)

    assert outbox.drain() == ([Close(1), Answer(2, ConnectAccepted())], [NeighborUp(ANA, Reason.ACCEPTED)])
    assert overlay.neighbors == (ANA,)


def test_a_neighbor_that_asks_is_accepted_again() -> None:
    """A neighbor that forgot us is accepted also when there is no room, and is no second neighbor."""
    overlay, outbox = overlay_among(ANA, BO, wanted=2, neighbors_max=2)

    overlay.on_connect_request(7, ANA, 1.0)

    assert outbox.drain() == ([Answer(7, ConnectAccepted())], [])
    assert overlay.neighbors == (ANA, BO)


def test_a_peer_that_asks_itself_is_refused() -> None:
    """A request that comes from ourselves by a detour is closed."""
    overlay, outbox = overlay_with()

    overlay.on_connect_request(7, ME, 1.0)

    assert outbox.drain() == ([Close(7)], [])


def test_who_was_accepted_while_we_asked_it_stays_our_neighbor_when_it_refuses() -> None:
    """When requests cross and only ours is refused, our word given to the other still holds."""
    overlay, outbox = overlay_with(wanted=1)
    overlay.learn([ANA], 0.0)
    overlay.on_connect_request(7, ANA, 0.1)
    outbox.drain()

    overlay.on_refused(ANA, Failure.CLOSED, 0.2)

    assert outbox.drain() == ([], [])
    assert overlay.neighbors == (ANA,)


def test_who_was_accepted_while_we_asked_it_keeps_its_place() -> None:
    """Who asked us holds us, whatever it answered to our own request: it gives its place to nobody."""
    overlay, outbox = overlay_with(wanted=1, neighbors_max=1)
    overlay.learn([ANA], 0.0)
    overlay.on_connect_request(7, ANA, 0.1)
    overlay.on_refused(ANA, Failure.CLOSED, 0.2)
    outbox.drain()

    overlay.on_connect_request(8, BO, 0.3)

    assert outbox.drain() == ([Close(8)], [])
    assert overlay.neighbors == (ANA,)


# Losing neighbors.


def test_a_dead_neighbor_is_replaced_at_once_and_forgotten() -> None:
    """The place of a dead neighbor is filled from the contacts, and the dead one is none any more."""
    overlay, outbox = overlay_among(ANA, BO, wanted=2)
    overlay.learn([CY], 0.0)

    overlay.drop(ANA, Reason.DEAD, 1.0)

    assert outbox.drain() == ([ask(CY)], [NeighborDown(ANA, Reason.DEAD)])
    assert (overlay.neighbors, overlay.contacts) == ((BO,), (BO, CY))


def test_a_neighbor_that_is_none_is_not_lost() -> None:
    """Dropping somebody who is no neighbor changes nothing."""
    overlay, outbox = overlay_among(ANA)

    overlay.drop(BO, Reason.DEAD, 1.0)

    assert outbox.drain() == ([], [])
    assert overlay.neighbors == (ANA,)


def test_who_lost_its_last_neighbor_is_alone_from_then_on() -> None:
    """Without a neighbor the seeds are asked again, within a second, and told since when."""
    overlay, outbox = overlay_among(ANA)

    overlay.drop(ANA, Reason.DEAD, 10.0)

    assert outbox.drain() == ([], [NeighborDown(ANA, Reason.DEAD)])
    deadline = overlay.next_deadline()
    assert deadline is not None
    assert 10.5 <= deadline <= 11.0
    overlay.tick(deadline)
    assert outbox.drain() == ([], [Alone(10.0)])


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_who_is_alone_says_so_ever_more_rarely_and_without_end(number: int) -> None:
    """Loneliness is told after a second and then at waits that double up to a minute."""
    overlay, outbox = overlay_with(number=number)
    now = 0.0

    for full in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0):
        wait = _next_alone(overlay, outbox, now)
        assert full / 2 <= wait <= full
        now += wait


def test_who_has_a_neighbor_is_not_alone() -> None:
    """With the first neighbor loneliness ends, by whomever it came."""
    overlay, outbox = overlay_with()
    overlay.on_connect_request(1, ANA, 0.0)
    outbox.drain()

    overlay.tick(1.0)

    assert outbox.drain() == ([], [])


def test_a_lost_neighbor_that_accepts_late_stays_lost() -> None:
    """An answer that comes after a neighbor's death does not revive it."""
    overlay, outbox = overlay_among(ANA, BO)
    overlay.tick(45.0)
    overlay.drop(ANA, Reason.DEAD, 46.0)
    outbox.drain()

    overlay.on_accepted(ANA, 47.0)

    assert outbox.drain() == ([], [])
    assert overlay.neighbors == (BO,)


def test_a_dead_neighbor_that_refuses_late_stays_forgotten() -> None:
    """A request that ends in silence after the neighbor's death makes no contact of the dead."""
    overlay, outbox = overlay_among(ANA, BO)
    overlay.tick(45.0)
    overlay.drop(ANA, Reason.DEAD, 46.0)
    outbox.drain()

    overlay.on_refused(ANA, Failure.SILENT, 50.0)

    assert outbox.drain() == ([], [])
    assert overlay.contacts == (BO,)


# Deaf.


def test_who_hears_no_liveness_request_asks_its_neighbors_again() -> None:
    """After 45 s without a liveness request nobody holds us: each neighbor is asked, and again after 45 s."""
    overlay, outbox = overlay_among(ANA, BO)

    overlay.tick(44.9)
    assert outbox.drain() == ([], [])
    overlay.tick(45.0)

    assert outbox.drain() == ([ask(ANA), ask(BO)], [])
    assert overlay.neighbors == (ANA, BO)
    overlay.tick(60.0)
    assert overlay.next_deadline() == 90.0


def test_a_newcomer_does_not_put_off_the_doubt() -> None:
    """Only a liveness request shows that somebody holds us, not one more neighbor."""
    overlay, _ = overlay_among(ANA)

    overlay.on_connect_request(7, BO, 30.0)

    assert overlay.next_deadline() == 45.0


def test_a_liveness_request_shows_that_somebody_holds_us() -> None:
    """Each liveness request puts off the doubt about the neighbors on its host by 45 s; the others are asked."""
    overlay, outbox = overlay_among(ANA, BO)

    overlay.on_liveness_request(ANA.host, 10.0)
    overlay.tick(45.0)

    assert outbox.drain() == ([Ask(BO, ConnectRequest(ME), 5.0)], [])
    assert overlay.next_deadline() == 55.0


def test_who_slept_asks_all_its_neighbors_at_once() -> None:
    """After a long stop all of them may have buried us, whatever they asked before."""
    overlay, outbox = overlay_among(ANA, BO)
    overlay.on_liveness_request(ANA.host, 10.0)

    overlay.slept(20.0)
    overlay.tick(20.0)

    assert outbox.drain() == ([Ask(ANA, ConnectRequest(ME), 5.0), Ask(BO, ConnectRequest(ME), 5.0)], [])


def test_who_slept_without_neighbors_has_nobody_to_ask() -> None:
    """There is nobody who could have buried us."""
    overlay, outbox = overlay_with()

    overlay.slept(0.5)
    overlay.tick(0.5)

    assert outbox.drain() == ([], [])


def test_a_buried_neighbor_that_a_seed_names_again_is_asked_once() -> None:
    """It was only out of reach: it is asked although nobody is missing, and once only."""
    overlay, outbox = overlay_among(ANA, BO)
    overlay.on_connect_request(7, CY, 1.0)
    overlay.drop(BO, Reason.DEAD, 1.0)
    outbox.drain()

    overlay.learn([BO], 2.0)
    overlay.on_refused(BO, Failure.UNREACHABLE, 2.0)
    overlay.learn([BO], 3.0)

    assert outbox.drain() == ([Ask(BO, ConnectRequest(ME), 5.0)], [])


def test_a_buried_neighbor_is_not_asked_without_a_place_for_it() -> None:
    """The bound on neighbors holds for who returns too."""
    overlay, outbox = overlay_among(ANA, BO, neighbors_max=2)
    overlay.drop(BO, Reason.DEAD, 1.0)
    overlay.on_connect_request(7, CY, 1.0)
    outbox.drain()

    overlay.learn([BO], 2.0)

    assert outbox.drain() == ([], [])


def test_the_memory_of_the_buried_is_bounded() -> None:
    """The oldest are forgotten first, and then come back as any other contact."""
    overlay, outbox = overlay_with(wanted=1, contacts_capacity=1)
    for link, neighbor in enumerate((ANA, BO, CY)):
        overlay.on_connect_request(link, neighbor, 0.0)
    for neighbor in (BO, CY):
        overlay.drop(neighbor, Reason.DEAD, 1.0)
    outbox.drain()

    overlay.learn([BO], 2.0)
    overlay.learn([CY], 2.0)

    assert outbox.drain() == ([Ask(CY, ConnectRequest(ME), 5.0)], [])


def test_a_buried_neighbor_that_came_back_itself_is_not_asked() -> None:
    """It asked us before the seed named it: there is nothing to ask."""
    overlay, outbox = overlay_among(ANA, BO)
    overlay.drop(BO, Reason.DEAD, 1.0)
    overlay.on_connect_request(7, BO, 2.0)
    outbox.drain()

    overlay.learn([BO], 3.0)

    assert outbox.drain() == ([], [])


def test_a_liveness_request_means_nothing_to_who_has_no_neighbor() -> None:
    """Without a neighbor there is nobody to doubt: only loneliness and the wish for more are due."""
    overlay, outbox = overlay_with()

    overlay.on_liveness_request(ANA.host, 0.0)
    for now in (1.0, 3.0, 7.0, 15.0, 31.0, 46.0):
        overlay.tick(now)

    effects, events = outbox.drain()
    assert effects == []
    assert set(events) == {Alone(0.0)}


def test_a_neighbor_that_no_longer_holds_us_is_kept_and_another_looked_for() -> None:
    """A neighbor that does not take us anew still hears us, and another is asked as if it were not there."""
    overlay, outbox = overlay_among(ANA, BO)
    overlay.learn([CY], 0.0)
    overlay.tick(45.0)
    outbox.drain()

    overlay.on_refused(ANA, Failure.CLOSED, 45.5)

    assert outbox.drain() == ([ask(CY)], [])
    assert overlay.neighbors == (ANA, BO)


def test_who_is_held_by_no_neighbor_is_alone() -> None:
    """When the last neighbor that held us refuses, the seeds are asked again, though there are neighbors."""
    overlay, outbox = one_sided_among(ANA, BO)

    deadline = overlay.next_deadline()

    assert deadline is not None
    assert 46.0 <= deadline <= 46.5
    overlay.tick(deadline)
    assert outbox.drain() == ([], [Alone(45.5)])


def test_a_liveness_request_ends_the_doubt_about_the_neighbors_on_its_host() -> None:
    """Who asks whether we live holds us: we are not alone, and look for others only in place of the rest."""
    overlay, outbox = one_sided_among(ANA, BO)

    overlay.on_liveness_request(ANA.host, 45.6)
    overlay.tick(50.0)
    overlay.learn([CY], 50.0)

    assert outbox.drain() == ([Ask(CY, ConnectRequest(ME), 5.0)], [])


def test_a_one_sided_neighbor_that_asks_us_holds_us_again() -> None:
    """A neighbor that refused us and asks us itself is as good as ever, and ends our loneliness."""
    overlay, outbox = one_sided_among(ANA, BO)

    overlay.on_connect_request(7, ANA, 45.6)
    overlay.tick(50.0)

    assert outbox.drain() == ([Answer(7, ConnectAccepted())], [])
    assert overlay.neighbors == (ANA, BO)


def test_a_one_sided_neighbor_gives_its_place_to_who_asks() -> None:
    """When all places are taken, a neighbor that no longer holds us goes, for one that will."""
    overlay, outbox = one_sided_among(ANA, BO, neighbors_max=2)

    overlay.on_connect_request(7, CY, 45.6)

    assert outbox.drain() == (
        [Answer(7, ConnectAccepted())],
        [NeighborDown(ANA, Reason.FORGOT_US), NeighborUp(CY, Reason.ACCEPTED)],
    )
    assert overlay.neighbors == (BO, CY)


def test_a_one_sided_neighbor_gives_its_place_to_who_accepts() -> None:
    """Those that are asked in place of neighbors that no longer hold us take their places, and no others."""
    overlay, outbox = one_sided_among(ANA, BO, neighbors_max=2)
    overlay.learn([CY, DI], 45.6)
    outbox.drain()

    overlay.on_accepted(CY, 45.7)
    overlay.on_accepted(DI, 45.7)

    assert overlay.neighbors == (CY, DI)


def test_the_only_place_goes_from_a_one_sided_neighbor_to_who_asks() -> None:
    """Of a single place, too, a neighbor that no longer holds us is relieved by who comes, who is not soon doubted."""
    overlay, outbox = one_sided_among(ANA, wanted=1, neighbors_max=1)

    overlay.on_connect_request(7, BO, 50.0)

    assert outbox.drain() == (
        [Answer(7, ConnectAccepted())],
        [NeighborDown(ANA, Reason.FORGOT_US), NeighborUp(BO, Reason.ACCEPTED)],
    )
    overlay.tick(60.0)
    assert outbox.drain() == ([], [])
    assert overlay.next_deadline() == 95.0


def test_loneliness_lasts_since_the_last_neighbor_held_us() -> None:
    """When a neighbor that no longer holds us dies as well, loneliness does not begin anew."""
    overlay, outbox = one_sided_among(ANA)

    overlay.drop(ANA, Reason.DEAD, 45.9)
    overlay.tick(47.0)

    assert outbox.drain() == ([], [NeighborDown(ANA, Reason.DEAD), Alone(45.5)])


def test_a_neighbor_that_takes_us_anew_stays() -> None:
    """A neighbor that accepts again is the neighbor that it was."""
    overlay, outbox = overlay_among(ANA, BO)
    overlay.tick(45.0)
    outbox.drain()

    overlay.on_accepted(ANA, 45.5)

    assert outbox.drain() == ([], [])
    assert overlay.neighbors == (ANA, BO)


def test_a_neighbor_that_cannot_be_reached_is_left_to_liveness() -> None:
    """A neighbor without a connection is not dropped here: whether it is dead is decided elsewhere."""
    overlay, outbox = overlay_among(ANA, BO)
    overlay.tick(45.0)
    outbox.drain()

    overlay.on_refused(ANA, Failure.UNREACHABLE, 45.5)

    assert outbox.drain() == ([], [])
    assert overlay.neighbors == (ANA, BO)


def test_neighbors_that_are_asked_again_take_no_second_place() -> None:
    """While neighbors are asked whether they know us, a newcomer still finds the places that are free."""
    overlay, outbox = overlay_among(ANA, BO, CY, wanted=3, neighbors_max=4)
    overlay.tick(45.0)
    outbox.drain()

    overlay.on_connect_request(7, DI, 45.1)

    assert outbox.drain() == ([Answer(7, ConnectAccepted())], [NeighborUp(DI, Reason.ACCEPTED)])


# Wanting more.


def test_each_minute_one_neighbor_more_is_wanted() -> None:
    """A peer that drew few neighbors wants one more each minute, up to the most it may want."""
    identity, outbox = Identity(ME), Outbox()
    overlay = ClassicOverlay(identity, ClassicOverlaySettings(wanted_min=1, wanted_max=3), outbox, _rng_that_draws(1))
    overlay.join(0.0)
    overlay.learn(peers_at(*range(9)), 0.0)
    asked = [_accept_all(overlay, outbox, 0.0)]

    for now in (60.0, 120.0, 180.0):
        for neighbor in overlay.neighbors:
            overlay.on_liveness_request(neighbor.host, now - 1.0)
        overlay.tick(now)
        asked.append(_accept_all(overlay, outbox, now))

    assert asked == [1, 1, 1, 0]


def _next_alone(overlay: ClassicOverlay, outbox: Outbox, now: Seconds) -> Seconds:
    """How long after `now` loneliness is told; other things may fall due before."""
    while True:
        deadline = overlay.next_deadline()
        assert deadline is not None
        overlay.tick(deadline)
        if (told := outbox.drain()) != ([], []):
            assert told == ([], [Alone(0.0)])
            return deadline - now


def _accept_all(overlay: ClassicOverlay, outbox: Outbox, now: Seconds) -> int:
    """Let all who are asked accept; how many there were."""
    asked = asked_in(outbox.drain()[0])
    for peer in asked:
        overlay.on_accepted(peer, now)
    outbox.drain()
    return len(asked)


def _rng_that_draws(wanted: int) -> Random:
    """Chance of which the first draw from 1 to 3 is `wanted`."""
    return next(Random(number) for number in range(100) if Random(number).randint(1, 3) == wanted)


# Those that are no original nodes.


def test_who_is_no_original_node_is_forgotten() -> None:
    """As a neighbor it is replaced by a link, as a contact it is gone, and somebody else is asked in its place."""
    overlay, outbox = overlay_among(ANA, BO)
    overlay.learn([CY], 0.0)

    overlay.forget(ANA, 1.0)

    assert outbox.drain() == ([ask(CY)], [NeighborDown(ANA, Reason.REPLACED)])
    assert overlay.neighbors == (BO,)
    assert overlay.contacts == (BO, CY)


def test_who_turns_out_to_be_no_original_node_while_it_is_asked_is_not_waited_for() -> None:
    """Its answer comes too late, and the next contact is asked at once."""
    overlay, outbox = overlay_with(wanted=1)
    overlay.learn([ANA], 0.0)
    outbox.drain()
    overlay.learn([BO], 0.0)

    overlay.forget(ANA, 1.0)
    assert outbox.drain() == ([ask(BO)], [])

    overlay.on_accepted(ANA, 1.1)
    overlay.on_refused(ANA, Failure.CLOSED, 1.1)
    assert (overlay.neighbors, overlay.contacts) == ((), (BO,))


def test_a_stranger_that_is_no_original_node_changes_nothing() -> None:
    """Most that say Hello were never taken for one."""
    overlay, outbox = overlay_among(ANA)

    overlay.forget(CY, 1.0)

    assert outbox.drain() == ([], [])
    assert overlay.neighbors == (ANA,)
