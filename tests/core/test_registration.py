"""Registration: on enough seeds' lists, kept there, and the dead reported."""

from random import Random

import pytest

from rumor.core.effects import Ask, Failure, Tell
from rumor.core.events import Problem, Registered
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import DeadNode, PeerList, Preface, Register
from rumor.core.outbox import Outbox
from rumor.core.registration import PREFACE_TIMEOUT, Registration
from rumor.core.settings import RegistrationSettings

from .helpers import ANA, BO, ME, SEED_NUMBERS, asked_in, seed_at, timestamp

A, B, C, D = map(seed_at, range(4))
SETTINGS = RegistrationSettings(renewal_jitter=0.0)
LISTED = PeerList((ANA, ME))
LISTED_TWICE = PeerList((ME, ANA, ME))
REPORT = DeadNode(ANA, timestamp(1.0), ME.host)


def registration_with(
    *seeds: Address, number: int = 0, settings: RegistrationSettings = SETTINGS
) -> tuple[Registration, Outbox]:
    """A registration with these seeds that has not begun."""
    outbox = Outbox()
    return Registration(seeds, Identity(ME), settings, outbox, Random(number)), outbox


def registered_with(*seeds: Address, settings: RegistrationSettings = SETTINGS) -> tuple[Registration, Outbox]:
    """A registration that as many of these seeds as it wants took on their lists at moment 0."""
    registration, outbox = registration_with(*seeds, settings=settings)
    registration.join(0.0)
    for address in asked_in(outbox.drain()[0]):
        registration.on_peer_list(address, LISTED, 0.0)
    outbox.drain()
    return registration, outbox


def registered_with_ours(*seeds: Address) -> tuple[Registration, Outbox]:
    """A registration at moment 60 whose seeds have answered the preface, and renewed."""
    registration, outbox = registered_with(*seeds)
    registration.tick(60.0)
    for address in asked_in(outbox.drain()[0]):
        registration.on_preface_answered(address, 60.0)
        registration.on_peer_list(address, LISTED, 60.0)
    outbox.drain()
    return registration, outbox


def registered_with_original(settings: RegistrationSettings = SETTINGS) -> tuple[Registration, Outbox]:
    """A registration with the one seed A, which closed on the preface at moment 60."""
    registration, outbox = registered_with(A, settings=settings)
    registration.on_neighbor(ANA)
    registration.tick(60.0)
    registration.on_preface_failed(A, Failure.CLOSED, 60.0)
    outbox.drain()
    return registration, outbox


def register(seed: Address) -> Ask:
    """What is asked of a seed that shall list us."""
    return Ask(seed, Register(ME), SETTINGS.ask_timeout)


def preface(seed: Address) -> Ask:
    """What is asked of a seed whose kind is not known."""
    return Ask(seed, Preface(), PREFACE_TIMEOUT)


def tell(seed: Address) -> Tell:
    """The report of a death as it goes to a seed."""
    return Tell(seed, REPORT, SETTINGS.ask_timeout)


def lost(seed: Address, failure: Failure) -> Problem:
    """What is said of a seed that failed."""
    return Problem("a seed can't be registered with", str(seed), failure.value)


# How many seeds, and which.


@pytest.mark.parametrize(("seeds", "wanted"), [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (10, 6)])
@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_peer_registers_with_half_of_the_seeds_and_one(number: int, seeds: int, wanted: int) -> None:
    """Of n seeds floor(n/2)+1 different ones are asked, all at once, and nothing else is done."""
    registration, outbox = registration_with(*map(seed_at, range(seeds)), number=number)

    registration.join(0.0)

    effects, events = outbox.drain()
    assert effects == [register(ask.to) for ask in effects if isinstance(ask, Ask)]
    assert len(set(asked_in(effects))) == len(effects) == registration.wanted == wanted
    assert events == []
    assert registration.next_deadline() is None


def test_a_seed_that_is_named_twice_counts_once() -> None:
    """The same address twice is one seed."""
    registration, _ = registration_with(A, A, B)

    assert registration.wanted == 2


def test_every_seed_is_chosen_by_somebody() -> None:
    """Which seeds a peer takes is up to chance, so that their load is shared."""
    chosen = set()
    for number in range(30):
        registration, outbox = registration_with(A, B, C, D, number=number)
        registration.join(0.0)
        chosen |= {tuple(asked_in(outbox.drain()[0]))}

    assert chosen == {(A, B, C), (A, B, D), (A, C, D), (B, C, D)}


def test_a_seed_that_lists_us_holds_us() -> None:
    """With its list a seed has taken us, for the first time, and nothing is due before the renewal."""
    registration, outbox = registration_with(A)
    registration.join(0.0)
    outbox.drain()

    renewed = registration.on_peer_list(A, LISTED, 2.0)

    assert outbox.drain() == ([], [Registered(A, renewed=False)])
    assert not renewed
    assert registration.held == (A,)
    assert registration.next_deadline() == 62.0


# Renewal, and the two kinds of seeds.


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_renewals_are_spread(number: int) -> None:
    """A renewal comes earlier or later by up to the jitter's share of the interval."""
    registration, outbox = registration_with(A, number=number, settings=RegistrationSettings(renewal_jitter=0.5))
    registration.join(0.0)
    registration.on_peer_list(A, LISTED, 0.0)
    outbox.drain()

    deadline = registration.next_deadline()

    assert deadline is not None
    assert 30.0 <= deadline <= 90.0
    assert deadline != 60.0


def test_before_the_first_renewal_a_seed_is_asked_which_kind_it_is() -> None:
    """A seed that is not known as one of ours gets the preface, which harms no original."""
    registration, outbox = registered_with(A)

    registration.tick(60.0)

    assert outbox.drain() == ([preface(A)], [])
    assert registration.next_deadline() is None


def test_a_seed_that_answers_the_preface_is_registered_with_again() -> None:
    """One of ours keeps a set: to register again is harmless, and the answer is a renewal."""
    registration, outbox = registered_with(A)
    registration.tick(60.0)
    outbox.drain()

    registration.on_preface_answered(A, 60.5)
    assert outbox.drain() == ([register(A)], [])

    assert registration.on_peer_list(A, LISTED, 61.0)
    assert outbox.drain() == ([], [Registered(A, renewed=True)])
    assert registration.next_deadline() == 121.0


def test_a_seed_known_as_ours_is_renewed_without_a_preface() -> None:
    """Once is enough to learn the kind of a seed."""
    registration, outbox = registered_with_ours(A)

    registration.tick(120.0)

    assert outbox.drain() == ([register(A)], [])


@pytest.mark.parametrize("failure", [Failure.CLOSED, Failure.GARBLED])
def test_an_original_seed_is_not_registered_with_again(failure: Failure) -> None:
    """A seed that fails to read the preface is an original: it still holds us, and is looked at in ten minutes."""
    registration, outbox = registered_with(A)
    registration.tick(60.0)
    outbox.drain()

    registration.on_preface_failed(A, failure, 61.0)

    assert outbox.drain() == ([], [])
    assert registration.held == (A,)
    assert registration.next_deadline() == 661.0
    registration.tick(661.0)
    assert outbox.drain() == ([preface(A)], [])


def test_a_seed_that_is_silent_on_the_preface_may_be_of_either_kind() -> None:
    """Silence tells nothing: the seed is asked again at the next renewal."""
    registration, outbox = registered_with(A)
    registration.tick(60.0)
    outbox.drain()

    registration.on_preface_failed(A, Failure.SILENT, 61.0)

    assert outbox.drain() == ([], [])
    assert registration.held == (A,)
    assert registration.next_deadline() == 121.0
    registration.tick(121.0)
    assert outbox.drain() == ([preface(A)], [])


def test_an_original_that_falls_silent_is_looked_at_at_the_next_renewal() -> None:
    """An original seed that was busy as it was looked at again is not left alone for ten more minutes."""
    registration, outbox = registered_with_original()
    registration.tick(660.0)
    outbox.drain()

    registration.on_preface_failed(A, Failure.SILENT, 661.0)

    assert registration.next_deadline() == 721.0


def test_a_seed_that_is_gone_at_the_preface_is_lost() -> None:
    """Without a connection the seed does not hold us any more: it is tried again soon, and by its kind anew."""
    registration, outbox = registered_with(A)
    registration.tick(60.0)
    outbox.drain()

    registration.on_preface_failed(A, Failure.UNREACHABLE, 60.0)

    assert outbox.drain() == (
        [],
        [
            lost(A, Failure.UNREACHABLE),
            Problem("no seed can be reached; going on trying", detail="1 known"),
        ],
    )
    assert registration.held == ()
    registration.tick(61.0)
    assert outbox.drain() == ([register(A)], [])
    registration.on_peer_list(A, LISTED, 61.0)
    registration.tick(121.0)
    assert outbox.drain() == ([preface(A)], [Registered(A, renewed=False)])


def test_an_original_that_was_gone_may_come_back_as_another_kind() -> None:
    """After a seed was gone its kind is not known any more: in loneliness it is asked by the preface."""
    registration, outbox = registered_with_original()
    registration.tick(660.0)
    registration.on_preface_failed(A, Failure.UNREACHABLE, 660.0)
    registration.tick(661.0)
    registration.on_peer_list(A, LISTED, 661.0)
    outbox.drain()

    registration.ask_again(662.0, 663.0)

    assert outbox.drain() == ([preface(A)], [])


def test_a_seed_that_lists_us_twice_is_an_original() -> None:
    """A list with ourselves in it twice gives an original away: no renewal, for ten minutes."""
    registration, outbox = registration_with(A)
    registration.join(0.0)
    outbox.drain()

    registration.on_peer_list(A, LISTED_TWICE, 0.0)

    assert outbox.drain() == ([], [Registered(A, renewed=False)])
    assert registration.next_deadline() == 600.0


def test_an_original_that_took_the_place_of_ours_is_found_out() -> None:
    """A seed of ours that was replaced by an original gives itself away at the renewal."""
    registration, outbox = registered_with_ours(A)
    registration.tick(120.0)

    registration.on_peer_list(A, LISTED_TWICE, 120.0)

    assert outbox.drain() == ([register(A)], [Registered(A, renewed=True)])
    assert registration.next_deadline() == 720.0


# Seeds that fail.


@pytest.mark.parametrize("failure", list(Failure))
def test_a_seed_that_fails_is_replaced_at_once(failure: Failure) -> None:
    """However a seed fails, another that was not tried takes its place, and people hear of it."""
    registration, outbox = registration_with(A, B, C)
    registration.join(0.0)
    first, second = asked_in(outbox.drain()[0])
    (spare,) = {A, B, C} - {first, second}

    registration.on_register_failed(first, failure, 1.0)

    assert outbox.drain() == ([register(spare)], [lost(first, failure)])


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_lonely_seed_is_tried_again_ever_more_slowly(number: int) -> None:
    """Each failure doubles the wait, from a second up to a minute, and the trying never ends."""
    registration, outbox = registration_with(A, number=number)
    registration.join(0.0)
    outbox.drain()
    now = 0.0

    for full in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0):
        registration.on_register_failed(A, Failure.UNREACHABLE, now)
        deadline = registration.next_deadline()
        assert deadline is not None
        assert full / 2 <= deadline - now <= full
        outbox.drain()
        now = deadline
        registration.tick(now)
        assert outbox.drain() == ([register(A)], [])


def test_a_seed_that_came_back_is_tried_quickly_when_it_fails_again() -> None:
    """A success makes the failures before it forgotten."""
    registration, outbox = registration_with(A)
    registration.join(0.0)
    for _ in range(5):
        registration.on_register_failed(A, Failure.UNREACHABLE, 0.0)
        registration.tick(100.0)
    registration.on_peer_list(A, LISTED, 100.0)

    registration.on_register_failed(A, Failure.SILENT, 200.0)

    deadline = registration.next_deadline()
    assert deadline is not None
    assert 200.5 <= deadline <= 201.0
    assert outbox.drain()[1][-1] == Problem("no seed can be reached; going on trying", detail="1 known")


def test_that_no_seed_can_be_reached_is_said_once() -> None:
    """While no seed can be reached people hear so once, not at each try."""
    registration, outbox = registration_with(A)
    registration.join(0.0)
    outbox.drain()

    registration.on_register_failed(A, Failure.UNREACHABLE, 0.0)
    registration.tick(1.0)
    registration.on_register_failed(A, Failure.UNREACHABLE, 1.0)

    problem = Problem("no seed can be reached; going on trying", detail="1 known")
    assert outbox.drain() == ([register(A)], [lost(A, Failure.UNREACHABLE), problem, lost(A, Failure.UNREACHABLE)])


def test_that_seeds_are_missing_is_said_when_it_is_certain_and_again_after_a_recovery() -> None:
    """With fewer seeds than wanted, and no other left to ask, people hear how many; and anew when it happens anew."""
    registration, outbox = registration_with(A, B)
    short = Problem("registered with fewer seeds than wanted", detail="1 of 2")
    registration.join(0.0)
    registration.on_register_failed(B, Failure.UNREACHABLE, 0.0)
    assert outbox.drain()[1] == [lost(B, Failure.UNREACHABLE)]

    registration.on_peer_list(A, LISTED, 0.0)
    assert outbox.drain() == ([], [Registered(A, renewed=False), short])

    registration.tick(1.0)
    registration.on_peer_list(B, LISTED, 1.0)
    registration.on_register_failed(B, Failure.SILENT, 2.0)
    assert outbox.drain() == ([register(B)], [Registered(B, renewed=False), lost(B, Failure.SILENT), short])


def test_more_seeds_than_wanted_are_no_shortage() -> None:
    """A seed that was given up and lists us after all makes one too many, and nobody hears that one is missing."""
    registration, outbox = registered_with_ours(A, B, C)
    first, second = registration.held
    (spare,) = {A, B, C} - {first, second}
    registration.ask_again(60.0, 61.0)
    registration.ask_again(60.0, 62.0)
    registration.on_register_failed(first, Failure.SILENT, 66.0)
    outbox.drain()

    registration.on_peer_list(spare, LISTED, 66.5)
    registration.on_peer_list(first, LISTED, 66.5)

    assert outbox.drain() == ([], [Registered(spare, renewed=False), Registered(first, renewed=False)])


def test_a_seed_that_failed_is_not_asked_while_others_hold_us() -> None:
    """When a replacement holds us, the time to try the failed seed again passes without a word."""
    registration, outbox = registration_with(A, B, C)
    registration.join(0.0)
    first, second = asked_in(outbox.drain()[0])
    (spare,) = {A, B, C} - {first, second}
    registration.on_register_failed(first, Failure.UNREACHABLE, 0.0)
    registration.on_peer_list(second, LISTED, 0.0)
    registration.on_peer_list(spare, LISTED, 0.0)
    outbox.drain()

    registration.tick(1.0)

    assert outbox.drain() == ([], [])
    assert registration.next_deadline() == 60.0


# Without a neighbor.


def test_a_lonely_peer_looks_at_the_lists_of_our_seeds_at_once() -> None:
    """A seed of ours is registered with again whenever we are alone."""
    registration, outbox = registered_with_ours(A)

    registration.ask_again(70.0, 71.0)

    assert outbox.drain() == ([register(A)], [])
    assert registration.next_deadline() is None


def test_a_lonely_peer_asks_an_unknown_seed_for_its_kind() -> None:
    """A seed of unknown kind is asked by the preface first, also in loneliness."""
    registration, outbox = registered_with(A)

    registration.ask_again(0.0, 1.0)

    assert outbox.drain() == ([preface(A)], [])


def test_a_lonely_peer_registers_with_an_original_as_a_last_resort_and_ever_more_rarely() -> None:
    """An original seed lists us twice, so it is asked after two minutes alone, then after four, then after eight."""
    registration, outbox = registered_with_original()
    asked_at = []

    for moment in range(100, 1400, 20):
        registration.ask_again(100.0, float(moment))
        effects, _ = outbox.drain()
        if effects:
            assert effects == [register(A)]
            registration.on_peer_list(A, LISTED_TWICE, float(moment))
            asked_at.append(moment - 100)

    assert asked_at == [120, 240, 480, 960]


def test_who_never_had_a_neighbor_waits_on_the_list_of_an_original() -> None:
    """The first peer of a network is found by who comes later: it is listed once, however long it is alone."""
    registration, outbox = registered_with(A)
    registration.tick(60.0)
    registration.on_preface_failed(A, Failure.CLOSED, 60.0)
    outbox.drain()

    registration.ask_again(0.0, 10_000.0)

    assert outbox.drain() == ([], [])


def test_an_original_that_is_too_busy_for_a_last_resort_holds_us_still() -> None:
    """It may have listed us without answering: it is not registered with again as if it had never known us."""
    registration, outbox = registered_with_original()
    registration.ask_again(60.0, 200.0)
    assert outbox.drain() == ([register(A)], [])

    registration.on_register_failed(A, Failure.SILENT, 205.0)

    assert outbox.drain() == ([], [])
    assert registration.held == (A,)
    assert registration.next_deadline() == 660.0


def test_a_lonely_peer_leaves_seeds_alone_that_do_not_hold_it() -> None:
    """A seed that failed, or is being asked, has its own time for the next try."""
    registration, outbox = registration_with(A)
    registration.join(0.0)
    outbox.drain()

    registration.ask_again(0.0, 200.0)

    assert outbox.drain() == ([], [])


# Reports of the dead.


def test_a_death_is_reported_to_every_seed_that_ever_listed_us() -> None:
    """Seeds that held us once get the report too, others don't."""
    registration, outbox = registration_with(A, B, C)
    registration.join(0.0)
    first, second = asked_in(outbox.drain()[0])
    registration.on_peer_list(first, LISTED, 0.0)
    registration.on_register_failed(first, Failure.SILENT, 1.0)
    registration.on_peer_list(second, LISTED, 1.0)
    outbox.drain()

    reported_to = registration.report(REPORT)

    assert reported_to == (first, second)
    assert outbox.drain() == ([tell(first), tell(second)], [])


def test_without_a_seed_nothing_is_reported() -> None:
    """When no seed ever listed us there is nobody to tell."""
    registration, outbox = registration_with(A)

    assert registration.report(REPORT) == ()
    assert outbox.drain() == ([], [])


def test_a_report_that_has_left_is_done() -> None:
    """A report that got through is not sent again, whatever is heard of it later."""
    registration, outbox = registered_with_ours(A)
    registration.report(REPORT)
    outbox.drain()

    registration.on_reported(A, REPORT)
    registration.on_report_failed(A, REPORT, 61.0)

    assert outbox.drain() == ([], [])
    assert registration.next_deadline() == 120.0


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_report_is_tried_five_times_and_then_given_up(number: int) -> None:
    """A report that does not get through is tried again, ever more slowly, and given up with a word."""
    registration, outbox = registration_with(A, number=number)
    registration.join(0.0)
    registration.on_peer_list(A, LISTED, 0.0)
    registration.report(REPORT)
    outbox.drain()
    now = 1.0

    for full in (1.0, 2.0, 4.0, 8.0):
        registration.on_report_failed(A, REPORT, now)
        deadline = _deadline(registration)
        assert full / 2 <= deadline - now <= full
        now = deadline
        registration.tick(now)
        assert outbox.drain() == ([tell(A)], [])
    registration.on_report_failed(A, REPORT, now)

    assert outbox.drain() == ([], [Problem("a dead peer could not be reported", str(A), str(ANA))])
    assert registration.next_deadline() == 60.0


def test_each_seed_has_its_own_tries() -> None:
    """A report that one seed has is tried again at the other alone."""
    registration, outbox = registered_with_ours(A, B)
    registration.report(REPORT)
    outbox.drain()

    registration.on_reported(A, REPORT)
    registration.on_report_failed(B, REPORT, 61.0)
    registration.tick(62.0)

    assert outbox.drain() == ([tell(B)], [])


def test_reports_of_a_peer_that_is_back_are_withdrawn() -> None:
    """A report that waits for its next try must not strike off a peer that came back; others go on."""
    registration, outbox = registered_with_ours(A)
    other = DeadNode(BO, timestamp(1.0), ME.host)
    for report in (REPORT, other):
        registration.report(report)
        registration.on_report_failed(A, report, 61.0)
    outbox.drain()

    registration.on_neighbor(ANA)
    registration.tick(62.0)

    assert outbox.drain() == ([Tell(A, other, SETTINGS.ask_timeout)], [])


def test_a_report_withdrawn_on_its_way_is_not_tried_again() -> None:
    """A report that fails after it was withdrawn is forgotten."""
    registration, outbox = registered_with_ours(A)
    registration.report(REPORT)
    registration.on_neighbor(ANA)
    outbox.drain()

    registration.on_report_failed(A, REPORT, 61.0)

    assert outbox.drain() == ([], [])
    assert registration.next_deadline() == 120.0


def _deadline(registration: Registration) -> Seconds:
    deadline = registration.next_deadline()
    assert deadline is not None
    return deadline
