"""Redials: a link that breaks is news; who refuses three times is found out, and who answers in any way is not."""

import pytest

from rumor.core.effects import Dial, Failure
from rumor.core.events import Accused, LinkFailed, Strike
from rumor.core.frames import Parting, RelayReply, RelayRequest, Verdict

from .watching import Bench, contact_of, verdicts

ANA, BO = map(contact_of, ("ana", "bo"))


def broken(*others: str) -> Bench:
    """Ana's link broke at moment 1.0, and it is dialled again."""
    bench = Bench("ana", *others)
    bench.lose(1, 1.0)
    assert bench.said()[0] == [Dial(2, ANA.address, 5.0)]
    return bench


def test_a_crash_is_known_within_milliseconds() -> None:
    """A crashed process refuses at once: three times in quick succession, each a strike, and that is evidence."""
    bench = broken()
    bench.refuse(1.0)
    for _ in range(2):
        now = bench.tick()
        bench.refuse(now)

    effects, events = bench.said()
    assert effects == [Dial(4, ANA.address, 5.0), Dial(6, ANA.address, 5.0)]
    assert [event for event in events if not isinstance(event, LinkFailed)] == [
        Strike(ANA.address, 1),
        Strike(ANA.address, 2),
        Strike(ANA.address, 3),
        Accused("ana", Verdict.REFUSED, 3, 0, pytest.approx(now), 0.0),  # type: ignore[arg-type]
    ]
    assert 1.005 <= now <= 1.015
    assert verdicts(bench.run(20.0)) == []


@pytest.mark.parametrize(("parting", "is_dialled"), [(Parting.SILENT, True), (Parting.DONE, False)])
def test_a_neighbor_that_says_that_it_hears_us_no_more_is_dialled(parting: Parting, is_dialled: bool) -> None:
    """It may be deaf to all; who just goes needs no look."""
    bench = Bench("ana", "bo")
    bench.part(1, parting, 1.0)

    assert (Dial(2, ANA.address, 5.0) in bench.said()[0]) == is_dialled


@pytest.mark.parametrize("neighbors", [[], ["ana"]])
def test_who_dies_before_it_was_a_neighbor_is_found_out_by_one_that_has_none(neighbors: list[str]) -> None:
    """In a network of two nobody else would; in a greater one others dial it now and then."""
    bench = Bench(*neighbors)
    bench.links.on_accepted(9, BO.address.host, 1.0)
    bench.greet(9, "bo", 1.0)

    bench.lose(9, 1.01)
    bench.refuse(1.01)
    while bench.dialled() or (bench.liveness.next_deadline() or 9.0) < 1.2:
        bench.refuse(bench.tick())

    found = [event.name for event in bench.said()[1] if isinstance(event, Accused)]
    assert found == ([] if neighbors else ["bo"])


def test_who_is_there_again_is_not_dead() -> None:
    """It stands, whoever dialled; and that link is not closed, since neighbors they were."""
    bench = broken()
    bench.refuse(1.0)
    bench.links.on_accepted(9, ANA.address.host, 1.001)
    bench.greet(9, "ana", 1.001)

    assert bench.links.stands(9)
    assert bench.mine == []
    assert verdicts(bench.run(20.0)) == []


def test_a_new_neighbor_of_that_name_ends_it() -> None:
    """However it came: who is watched is not dialled again."""
    bench = broken()
    bench.refuse(1.0)
    bench.liveness.watch(9, "ana", ANA.address, 1.0)

    bench.liveness.tick(1.1)
    assert bench.dialled() == []


def test_a_no_in_frames_is_a_sign_of_life() -> None:
    """Somebody is there, and says that it does not want us: no strike."""
    bench = broken()
    bench.links.on_dialled(2, 1.0)
    bench.part(2, Parting.FULL, 1.0)

    assert [type(event) for event in bench.said()[1]] == [LinkFailed]
    assert verdicts(bench.run(20.0)) == []


def test_somebody_else_at_its_address_is_a_refusal() -> None:
    """Another node took the port, of our network or another: who lived there does not any more."""
    bench = broken()
    bench.links.on_dialled(2, 1.0)
    bench.part(2, Parting.OTHER_NETWORK, 1.0)
    bench.tick()
    bench.links.on_dialled(4, 1.01)
    bench.greet(4, "bo", 1.01)
    now = bench.tick()
    bench.refuse(now)

    assert bench.accused() == [("ana", Verdict.REFUSED)]
    assert bench.mine == []


def test_a_process_that_dies_takes_a_connection_into_the_grave() -> None:
    """Taken and closed is a strike, but only a refusal ends it."""
    bench = broken()
    for _ in range(3):
        bench.lose(bench.dialled()[0], 1.0, Failure.CLOSED)
        bench.tick()
    assert bench.accused() == []
    bench.refuse(1.02)

    assert bench.accused() == [("ana", Verdict.REFUSED)]


def test_a_full_door_is_no_death_at_once() -> None:
    """Who takes connections and closes them may live: it is doubted, and has as much time as one that is silent."""
    bench = broken()
    for _ in range(6):
        bench.lose(bench.dialled()[0], 1.0, Failure.CLOSED)
        if bench.accused() == [("ana", Verdict.SUSPECT)]:
            break
        now = bench.tick()
    assert now < 1.1
    bench.tick()
    bench.lose(bench.dialled()[0], 1.7, Failure.CLOSED)

    assert [found for found in verdicts(bench.run(20.0)) if found[0] != 4.0] == []


def test_who_does_not_answer_a_dial_is_doubted_and_then_silent() -> None:
    """Neither refused nor taken: relays are asked, it may refute, and after three intervals that is evidence."""
    bench = broken("bo", "cy", "di", "eva")
    bench.answers = False
    told = bench.run(20.0)

    assert verdicts(told) == [(1.667, "ana", Verdict.SUSPECT), (4.0, "ana", Verdict.SILENT)]
    assert [event.relays for _, event in told if isinstance(event, Accused)] == [0, 3]


@pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.SILENT])
def test_it_is_tried_again_while_it_is_doubted(failure: Failure) -> None:
    """A failure that took its time is no refusal; and one that comes back refuses or answers then."""
    bench = broken()
    bench.run(2.0)
    assert bench.accused() == []
    bench.lose(2, 2.0, failure)
    bench.run(3.0)
    (again,) = bench.dialled()
    bench.links.on_dialled(again, 3.0)
    bench.greet(again, "ana", 3.0)

    assert bench.links.stands(again)
    assert verdicts(bench.run(20.0)) == []


def test_a_machine_that_starts_again_refuses() -> None:
    """First it does not answer, then its system is there, and says that nobody listens."""
    bench = broken()
    bench.run(2.0)
    bench.lose(2, 2.0, Failure.UNREACHABLE)
    for _ in range(3):
        now = bench.tick()
        bench.refuse(now)

    assert bench.accused() == [("ana", Verdict.REFUSED)]
    assert now < 3.1


def test_a_relay_that_hears_it_ends_the_accusation() -> None:
    """Only our way to it is broken."""
    bench = broken("bo")
    bench.answers = True

    assert verdicts(bench.run(20.0)) == [(1.667, "ana", Verdict.SUSPECT)]


def test_who_refutes_is_not_silent() -> None:
    """It told all that it is alive: nobody dials it any more for this."""
    bench = broken()
    bench.run(2.0)
    bench.liveness.on_refuted("ana", 2.0)

    assert verdicts(bench.run(20.0)) == []


def test_a_word_that_was_on_its_way_does_not_end_the_redials() -> None:
    """What it said before it crashed is no answer to us."""
    bench = broken()
    bench.liveness.on_refuted("ana", 1.0)
    bench.refuse(1.0)
    for _ in range(2):
        bench.refuse(bench.tick())

    assert bench.accused() == [("ana", Verdict.REFUSED)]


def test_an_answer_of_one_that_was_not_asked_counts_for_nothing() -> None:
    """Nobody can vouch unasked, nor twice, nor for another question."""
    bench = broken("bo")
    while bench.tick() < 1.6:
        bench.liveness.heard(3, 1.5)
    assert bench.sent(3)[-1] == RelayRequest(1, ANA)
    bench.liveness.on_relay_reply(5, RelayReply(1, True), 1.7)
    bench.liveness.on_relay_reply(3, RelayReply(2, True), 1.7)
    bench.liveness.on_relay_reply(3, RelayReply(1, False), 1.7)
    bench.liveness.on_relay_reply(3, RelayReply(1, True), 1.7)

    assert verdicts(bench.run(20.0))[-1] == (4.0, "ana", Verdict.SILENT)


def test_who_left_is_not_dialled_again() -> None:
    """Its goodbye came another way, and its link breaks: that is all as it said."""
    bench = Bench("ana")
    bench.members.gone.add("ana")
    bench.lose(1, 1.0)

    assert bench.dialled() == []


def test_after_a_pause_of_our_own_there_is_time_for_an_answer() -> None:
    """A dial that was under way is not held to the time that we slept through, nor one that was to be made."""
    bench = broken("bo")
    bench.befriend("cy", 1.0)
    bench.lose(3, 1.0)
    bench.refuse(1.0)
    bench.tick()
    assert len(bench.dialled()) == 1
    bench.liveness.tick(30.0)
    assert len(bench.dialled()) == 2
    bench.liveness.tick(30.1)
    for link in bench.dialled():
        bench.links.on_dialled(link, 30.2)
        bench.part(link, Parting.FULL, 30.2)

    assert bench.accused() == []


def test_only_the_broken_one_is_meant() -> None:
    """A failure of another link is none of a broken neighbor's."""
    bench = broken()
    link = bench.links.dial(contact_of("bo").address, 1.0)
    bench.lose(link, 1.0, Failure.UNREACHABLE)

    assert not [event for event in bench.said()[1] if isinstance(event, Strike)]
