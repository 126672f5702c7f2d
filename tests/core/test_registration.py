"""Registration: on enough seeds' lists, kept there, and the dead reported."""

from random import Random

import msgspec
import pytest

from rumor.core.effects import Ask, Dial, Effect, Failure, Tell, Wake
from rumor.core.events import Event, LinkDown, LinkFailed, LinkReady, Problem, Registered
from rumor.core.frames import Control, DeathNotice, Enrolment, Goodbye, Hello, Lease, Parting, Role
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import DeadNode, PeerList, Preface, Register
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.seeds.registration import NO_IPV4, PREFACE_TIMEOUT, VISIT_SOON, Registration
from rumor.core.settings import LinkSettings, RegistrationSettings

from .helpers import ANA, BO, ME, SEED_NUMBERS, asked_in, hello, seed_at, timestamp

A, B, C, D = map(seed_at, range(4))
SETTINGS = RegistrationSettings(renewal_jitter=0.0)
LISTED = PeerList((ANA, ME))
LISTED_TWICE = PeerList((ME, ANA, ME))
REPORT = DeadNode(ANA, timestamp(1.0), ME.host)


class Node:
    """A registration, the links that it makes, and the seeds at their other ends."""

    def __init__(
        self,
        *seeds: Address,
        identity: Identity | None = None,
        settings: RegistrationSettings = SETTINGS,
        number: int = 0,
    ) -> None:
        who = identity or Identity(ME, instance=1)
        self.outbox = Outbox()
        self.links = Links(who, LinkSettings(), self.outbox)
        self.incarnation = 0
        self.registration = Registration(
            seeds, who, self.links, settings, self.outbox, Random(number), lambda: self.incarnation
        )

    def dialled(self) -> dict[Address, int]:
        """Which links are to be made, by address; nothing else may be wanted."""
        effects, _ = self.drain()
        assert all(isinstance(effect, Dial | Wake) for effect in effects)
        return {effect.to: effect.link for effect in effects if isinstance(effect, Dial)}

    def drain(self) -> tuple[list[Effect], list[Event]]:
        """What is to be done, and what happened, after the registration has heard what belongs to it."""
        self.route(0.0)
        return self.outbox.drain()

    def route(self, now: Seconds) -> None:
        """Tell the registration what becomes of its links, as a peer does."""
        registration = self.registration
        while (event := self.outbox.next_unrouted()) is not None:
            match event:
                case LinkReady():
                    registration.on_link_ready(event, now)
                case LinkFailed():
                    registration.on_link_failed(event, now)
                case LinkDown():
                    registration.on_link_down(event, now)
                case _:
                    pass

    def stand(self, link: int, seed: Address, now: Seconds, *, role: Role = Role.SEED) -> list[Control]:
        """Let a seed answer its link; gives what it is sent."""
        self.links.on_dialled(link, now)
        self.links.on_hello(link, msgspec.structs.replace(hello(seed), role=role), now)
        self.route(now)
        return self.taken(link)

    def taken(self, link: int) -> list[Control]:
        """What a link is to bring, but for our Hello."""
        frames: list[Control] = [frame for frame in self.outbox.take(link) if not isinstance(frame, Hello)]
        self.outbox.dry(link)
        return frames

    def lease(self, link: int, lease: Lease, now: Seconds) -> tuple[Address, bool] | None:
        """Let a seed answer an Enrolment."""
        held = self.registration.on_lease(link, lease, now)
        self.route(now)
        return held


LEASE = Lease(180_000)
MANY, FEW = RegistrationSettings().contacts_wanted, RegistrationSettings().contacts_renewed


def known_as_ours(*seeds: Address, identity: Identity | None = None) -> Node:
    """A registration at moment 2 that found these seeds to be ours, and is registered with them over links."""
    node = Node(*seeds, identity=identity)
    node.registration.join(0.0)
    for seed in asked_in(node.drain()[0]):
        node.registration.on_peer_list(seed, LISTED, 0.0)
    node.drain()
    node.registration.tick(2.0)
    for seed in asked_in(node.drain()[0]):
        node.registration.on_preface_answered(seed, 2.0)
    for seed, link in node.dialled().items():
        node.stand(link, seed, 2.0)
        node.lease(link, LEASE, 2.0)
    node.drain()
    return node


def registration_with(
    *seeds: Address, number: int = 0, settings: RegistrationSettings = SETTINGS
) -> tuple[Registration, Outbox]:
    """A registration with these seeds that has not begun."""
    node = Node(*seeds, settings=settings, number=number)
    return node.registration, node.outbox


def registered_with(
    *seeds: Address, number: int = 0, settings: RegistrationSettings = SETTINGS
) -> tuple[Registration, Outbox]:
    """A registration that as many of these seeds as it wants took on their lists at moment 0."""
    registration, outbox = registration_with(*seeds, number=number, settings=settings)
    registration.join(0.0)
    for address in asked_in(outbox.drain()[0]):
        registration.on_peer_list(address, LISTED, 0.0)
    outbox.drain()
    return registration, outbox


def held_by(*seeds: Address, number: int = 0) -> tuple[Registration, Outbox]:
    """A registration at moment 60 with these seeds, which kept silent on the preface: by text until 120."""
    registration, outbox = registered_with(*seeds, number=number)
    registration.tick(60.0)
    for address in asked_in(outbox.drain()[0]):
        registration.on_preface_failed(address, Failure.SILENT, 60.0)
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
    assert registration.next_deadline() == 2.0 + VISIT_SOON


# Renewal, and the two kinds of seeds.


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_renewals_are_spread(number: int) -> None:
    """A renewal comes earlier or later by up to the jitter's share of the interval."""
    registration, outbox = registration_with(A, number=number, settings=RegistrationSettings(renewal_jitter=0.5))
    registration.join(0.0)
    registration.on_peer_list(A, LISTED, 0.0)
    registration.tick(3.0)
    registration.on_preface_failed(A, Failure.SILENT, 3.0)
    outbox.drain()

    deadline = registration.next_deadline()

    assert deadline is not None
    assert 33.0 <= deadline <= 93.0
    assert deadline != 63.0


def test_soon_after_the_first_list_a_seed_is_asked_which_kind_it_is() -> None:
    """A seed that is not known as one of ours gets the preface, which harms no original."""
    registration, outbox = registered_with(A)

    registration.tick(2.0)

    assert outbox.drain() == ([preface(A)], [])
    assert registration.next_deadline() is None


def test_a_seed_that_answers_the_preface_is_registered_with_over_a_link() -> None:
    """One of ours is told who we are by a link, which is closed when the lease is there."""
    node = Node(A)
    registration = node.registration
    registration.join(0.0)
    registration.on_peer_list(A, LISTED, 0.0)
    registration.tick(2.0)
    node.drain()
    node.incarnation = 3

    registration.on_preface_answered(A, 2.5)
    link = node.dialled()[A]
    assert node.stand(link, A, 2.6) == [Enrolment(3, FEW)]
    assert node.lease(link, LEASE, 2.7) == (A, True)

    assert node.taken(link) == [Goodbye(Parting.DONE)]
    assert Registered(A, renewed=True) in node.drain()[1]
    assert registration.held == (A,)
    assert registration.next_deadline() == 62.7


def test_a_seed_known_as_ours_is_renewed_without_a_preface() -> None:
    """Once is enough to learn the kind of a seed."""
    node = known_as_ours(A)

    node.registration.tick(62.0)

    assert list(node.dialled()) == [A]


def test_a_short_lease_is_renewed_thrice_in_its_time() -> None:
    """A seed that keeps nobody for long is renewed with as often as that needs."""
    node = known_as_ours(A)
    node.registration.tick(62.0)
    link = node.dialled()[A]
    node.stand(link, A, 62.0)

    node.lease(link, Lease(30_000), 62.0)

    assert node.registration.next_deadline() == 72.0


def test_a_seed_that_refuses_is_lost() -> None:
    """A seed of ours that says why it does not list us is one that failed."""
    node = known_as_ours(A)
    node.registration.tick(62.0)
    link = node.dialled()[A]
    node.stand(link, A, 62.0)

    assert node.lease(link, Lease(0, (), "the list is full"), 62.0) is None

    assert Problem("a seed can't be registered with", str(A), "the list is full") in node.drain()[1]
    assert node.registration.held == ()


def test_a_lease_that_nobody_asked_for_is_no_news() -> None:
    """Neither on a link that is none of ours nor twice on one that is."""
    node = known_as_ours(A)

    assert node.lease(7, LEASE, 3.0) is None


def test_links_of_others_are_none_of_ours() -> None:
    """What becomes of a link that somebody else made is for somebody else."""
    registration = known_as_ours(A).registration

    assert not registration.on_link_ready(LinkReady(8, "bo", BO, True, 0), 3.0)
    assert not registration.on_link_failed(LinkFailed(8, BO, Failure.CLOSED), 3.0)
    assert not registration.on_link_down(LinkDown(8, "bo", BO, None, False), 3.0)


@pytest.mark.parametrize("failure", [Failure.CLOSED, Failure.SILENT, Failure.GARBLED])
def test_a_seed_whose_link_fails_is_asked_by_text(failure: Failure) -> None:
    """What is there and does not speak frames now may still list us."""
    node = known_as_ours(A)
    node.registration.tick(62.0)
    link = node.dialled()[A]

    node.links.on_lost(link, failure, 62.0)

    assert node.drain()[0] == [register(A)]
    assert node.registration.held == (A,)


def test_a_seed_that_closed_on_the_preface_is_looked_at_anew() -> None:
    """An original may have taken the place of one of ours: after its list it is asked which kind it is."""
    node = known_as_ours(A)
    node.registration.tick(62.0)
    node.links.on_lost(node.dialled()[A], Failure.CLOSED, 62.0)
    node.drain()
    node.registration.on_peer_list(A, LISTED, 62.0)

    node.registration.tick(122.0)

    assert node.drain()[0] == [preface(A)]


def test_a_seed_that_is_gone_at_its_link_is_lost() -> None:
    """Without a connection there is nothing to ask by text either."""
    node = known_as_ours(A)
    node.registration.tick(62.0)

    node.links.on_lost(node.dialled()[A], Failure.UNREACHABLE, 62.0)

    assert lost(A, Failure.UNREACHABLE) in node.drain()[1]
    assert node.registration.held == ()


def test_a_seed_that_does_not_answer_over_its_link_is_asked_by_text() -> None:
    """A link on which no lease comes is given up after a while."""
    node = known_as_ours(A)
    node.registration.tick(62.0)
    link = node.dialled()[A]
    node.stand(link, A, 62.0)

    node.registration.tick(67.0)
    node.route(67.0)

    assert node.taken(link) == [Goodbye(Parting.SILENT)]
    assert register(A) in node.drain()[0]


def test_a_peer_where_a_seed_should_be_is_parted_with() -> None:
    """What says in its Hello that it is no seed can't list us over a link."""
    node = known_as_ours(A)
    node.registration.tick(62.0)
    link = node.dialled()[A]

    assert node.stand(link, A, 62.0, role=Role.PEER) == [Goodbye(Parting.NOT_A_PEER)]

    assert register(A) in node.drain()[0]


# A peer that no text can carry.


def ipv6() -> Identity:
    """A peer with an IPv6 address."""
    return Identity(Address("2001:db8::1", 4001), instance=1)


def test_a_peer_without_ipv4_begins_with_the_preface() -> None:
    """It can't be written into a text: only seeds of ours can list it."""
    node = Node(A, identity=ipv6())

    node.registration.join(0.0)
    assert node.drain()[0] == [preface(A)]
    node.registration.on_preface_answered(A, 0.1)
    link = node.dialled()[A]
    assert node.stand(link, A, 0.2) == [Enrolment(0, MANY)]

    assert node.lease(link, LEASE, 0.3) == (A, False)
    assert node.registration.held == (A,)


@pytest.mark.parametrize(
    ("failure", "why"), [(Failure.CLOSED, NO_IPV4), (Failure.GARBLED, NO_IPV4), (Failure.SILENT, Failure.SILENT.value)]
)
def test_an_original_seed_can_not_list_a_peer_without_ipv4(failure: Failure, why: str) -> None:
    """It is as if it had failed, and is tried again later, ever more slowly."""
    node = Node(A, identity=ipv6())
    node.registration.join(0.0)
    node.drain()

    node.registration.on_preface_failed(A, failure, 0.1)

    assert Problem("a seed can't be registered with", str(A), why) in node.drain()[1]
    node.registration.tick(1.2)
    assert node.drain()[0] == [preface(A)]


def test_a_peer_without_ipv4_has_no_text_to_fall_back_on() -> None:
    """When its link breaks the seed is lost, and tried again."""
    node = Node(A, identity=ipv6())
    node.registration.join(0.0)
    node.registration.on_preface_answered(A, 0.1)
    effects, _ = node.drain()
    (link,) = [effect.link for effect in effects if isinstance(effect, Dial)]

    node.links.on_lost(link, Failure.GARBLED, 0.2)

    assert node.drain() == ([], [
        LinkFailed(link, A, Failure.GARBLED), lost(A, Failure.GARBLED),
        Problem("no seed can be reached; going on trying", detail="1 known"),
    ])  # fmt: skip


# Other seeds while running.


def test_new_seeds_are_registered_with() -> None:
    """With more seeds more are wanted; those that hold us already count."""
    registration, outbox = registered_with(A)

    registration.set_seeds((A, B, C), 1.0)

    assert registration.wanted == 2
    assert asked_in(outbox.drain()[0]) in ([B], [C])
    assert registration.held == (A,)


def test_a_seed_that_is_none_any_more_is_forgotten() -> None:
    """Neither is it renewed with nor told of deaths, and what it still answers harms nothing."""
    registration, outbox = registered_with(A, B)
    registration.report(REPORT, None, 1.0)
    registration.on_report_failed(B, REPORT, 1.0)
    registration.tick(3.0)
    outbox.drain()

    registration.set_seeds((A,), 3.0)
    registration.on_preface_answered(B, 3.0)
    registration.on_preface_failed(B, Failure.CLOSED, 3.0)
    registration.on_register_failed(B, Failure.CLOSED, 3.0)
    registration.on_report_failed(B, REPORT, 3.0)

    assert registration.on_peer_list(B, LISTED, 3.0)
    assert registration.held == (A,)
    assert outbox.drain() == ([], [])
    assert registration.report(REPORT, None, 4.0) == (A,)


def test_the_link_to_a_seed_that_is_none_any_more_is_closed() -> None:
    """What was to go by it is not tried otherwise."""
    node = known_as_ours(A, B)
    node.registration.tick(62.0)
    link = node.dialled()[B]
    node.stand(link, B, 62.0)

    node.registration.set_seeds((A,), 62.0)
    node.route(62.0)

    assert node.taken(link) == [Goodbye(Parting.DONE)]
    assert not any(isinstance(effect, Ask) for effect in node.drain()[0])


# Originals.


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
    node = known_as_ours(A)
    node.registration.tick(62.0)
    node.links.on_lost(node.dialled()[A], Failure.CLOSED, 62.0)
    node.drain()

    node.registration.on_peer_list(A, LISTED_TWICE, 62.0)

    assert node.drain() == ([], [Registered(A, renewed=True)])
    assert node.registration.next_deadline() == 662.0


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
    registration, outbox = registered_with(A, B, C)
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
    assert registration.next_deadline() == VISIT_SOON


# Without a neighbor.


def test_a_lonely_peer_looks_at_the_lists_of_our_seeds_at_once() -> None:
    """A seed of ours is registered with again whenever we are alone."""
    node = known_as_ours(A)

    node.registration.ask_again(3.0, 4.0)

    assert list(node.dialled()) == [A]


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

    reported_to = registration.report(REPORT, None, 1.0)

    assert reported_to == (first, second)
    assert outbox.drain() == ([tell(first), tell(second)], [])


def test_without_a_seed_nothing_is_reported() -> None:
    """When no seed ever listed us there is nobody to tell."""
    registration, outbox = registration_with(A)

    assert registration.report(REPORT, None, 1.0) == ()
    assert outbox.drain() == ([], [])


def test_a_report_that_has_left_is_done() -> None:
    """A report that got through is not sent again, whatever is heard of it later."""
    registration, outbox = held_by(A)
    registration.report(REPORT, None, 1.0)
    outbox.drain()

    registration.on_reported(A, REPORT)
    registration.on_report_failed(A, REPORT, 61.0)

    assert outbox.drain() == ([], [])
    assert registration.next_deadline() == 120.0


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_report_is_tried_five_times_and_then_given_up(number: int) -> None:
    """A report that does not get through is tried again, ever more slowly, and given up with a word."""
    registration, outbox = held_by(A, number=number)
    registration.report(REPORT, None, 61.0)
    outbox.drain()
    now = 61.0

    for full in (1.0, 2.0, 4.0, 8.0):
        registration.on_report_failed(A, REPORT, now)
        deadline = _deadline(registration)
        assert full / 2 <= deadline - now <= full
        now = deadline
        registration.tick(now)
        assert outbox.drain() == ([tell(A)], [])
    registration.on_report_failed(A, REPORT, now)

    assert outbox.drain() == ([], [Problem("a dead peer could not be reported", str(A), str(ANA))])
    assert registration.next_deadline() == 120.0


def test_each_seed_has_its_own_tries() -> None:
    """A report that one seed has is tried again at the other alone."""
    registration, outbox = held_by(A, B)
    registration.report(REPORT, None, 1.0)
    outbox.drain()

    registration.on_reported(A, REPORT)
    registration.on_report_failed(B, REPORT, 61.0)
    registration.tick(62.0)

    assert outbox.drain() == ([tell(B)], [])


def test_reports_of_a_peer_that_is_back_are_withdrawn() -> None:
    """A report that waits for its next try must not strike off a peer that came back; others go on."""
    registration, outbox = held_by(A)
    other = DeadNode(BO, timestamp(1.0), ME.host)
    for report in (REPORT, other):
        registration.report(report, None, 61.0)
        registration.on_report_failed(A, report, 61.0)
    outbox.drain()

    registration.on_neighbor(ANA)
    registration.tick(62.0)

    assert outbox.drain() == ([Tell(A, other, SETTINGS.ask_timeout)], [])


def test_a_report_withdrawn_on_its_way_is_not_tried_again() -> None:
    """A report that fails after it was withdrawn is forgotten."""
    registration, outbox = held_by(A)
    registration.report(REPORT, None, 1.0)
    registration.on_neighbor(ANA)
    outbox.drain()

    registration.on_report_failed(A, REPORT, 61.0)

    assert outbox.drain() == ([], [])
    assert registration.next_deadline() == 120.0


# Reports to seeds of ours.

NOTICE = DeathNotice("ana", 5, 1, ANA)


def test_a_death_is_reported_to_a_seed_of_ours_over_a_link() -> None:
    """By name, so that the seed knows which life is meant; the link is closed when it has left."""
    node = known_as_ours(A)

    assert node.registration.report(REPORT, NOTICE, 3.0) == (A,)
    link = node.dialled()[A]

    assert node.stand(link, A, 3.1) == [NOTICE, Goodbye(Parting.DONE)]
    node.drain()
    node.registration.tick(30.0)
    assert node.drain() == ([], [])


def test_a_peer_without_a_name_is_reported_by_its_address() -> None:
    """An original neighbor that died has no other name."""
    node = known_as_ours(A)
    node.registration.report(REPORT, None, 3.0)

    sent = node.stand(node.dialled()[A], A, 3.1)

    assert sent == [DeathNotice(str(ANA), 0, 0, ANA), Goodbye(Parting.DONE)]


def test_who_has_no_neighbor_wants_to_be_told_of_many() -> None:
    """A renewal brings a few contacts; a peer that is alone asks for as many as one that begins."""
    node = known_as_ours(A)
    node.registration.ask_again(3.0, 4.0)

    assert node.stand(node.dialled()[A], A, 4.1) == [Enrolment(0, MANY)]


def test_deaths_and_a_renewal_share_a_link() -> None:
    """What is to be said while the link is made, or stands, goes by the same one."""
    node = known_as_ours(A)
    other = DeadNode(BO, timestamp(1.0), ME.host)
    node.registration.tick(62.0)
    node.registration.report(REPORT, NOTICE, 62.0)
    link = node.dialled()[A]
    assert node.stand(link, A, 62.1) == [Enrolment(0, FEW), NOTICE]

    node.registration.report(other, None, 62.2)

    assert node.taken(link) == [DeathNotice(str(BO), 0, 0, BO)]
    assert node.lease(link, LEASE, 62.3) == (A, True)


def test_a_report_whose_link_fails_is_tried_again() -> None:
    """By whatever way the seed is then known for."""
    node = known_as_ours(A)
    node.registration.report(REPORT, NOTICE, 3.0)
    node.links.on_lost(node.dialled()[A], Failure.UNREACHABLE, 3.0)
    node.drain()

    node.registration.tick(4.0)

    assert node.drain()[0] == [tell(A)]


def test_a_report_that_waits_for_its_link_can_be_withdrawn() -> None:
    """A peer that is back meanwhile is not reported."""
    node = known_as_ours(A)
    node.registration.report(REPORT, NOTICE, 3.0)
    link = node.dialled()[A]

    node.registration.on_neighbor(ANA)

    assert node.stand(link, A, 3.1) == [Goodbye(Parting.DONE)]


def _deadline(registration: Registration) -> Seconds:
    deadline = registration.next_deadline()
    assert deadline is not None
    return deadline
