"""Knocks: any member is dialled now and then; who refuses twice or keeps silent long is found out, and nobody else."""

import pytest

from rumor.core.effects import Dial, Failure
from rumor.core.events import Accused
from rumor.core.frames import Contact, Goodbye, Parting, Verdict
from rumor.core.ids import Seconds
from rumor.core.liveness.knocks import KNOCKS_MAX
from rumor.core.settings import ProbeSettings

from .helpers import peer_at
from .watching import NAMES, Bench, contact_of, verdicts

BO = contact_of("bo")


def knocking() -> tuple[Bench, Seconds]:
    """Ana is a neighbor; bo is not, and is being dialled over link 2 since that moment."""
    bench = Bench("ana")
    bench.members.turn.append(BO)
    now = bench.run_until_dialled()
    assert bench.dialled() == [2]
    return bench, now


def test_a_member_is_dialled_every_few_seconds() -> None:
    """Whoever's turn it is; with nobody else in the network nobody is."""
    bench = Bench("ana")
    bench.members.turn.extend(map(contact_of, ("bo", "cy")))
    moments = []
    for _ in range(100):
        bench.liveness.heard(1, bench.liveness.next_deadline() or 0.0)
        now = bench.tick()
        dials = [effect for effect in bench.said()[0] if isinstance(effect, Dial)]
        moments += [(now, dial.to) for dial in dials]
        bench.links.on_dialled(2 * len(moments), now)
        if dials:
            bench.part(2 * len(moments), Parting.FULL, now)

    assert [to for _, to in moments] == [BO.address, contact_of("cy").address]
    assert 3.75 <= moments[0][0] <= 7.25
    assert 3.75 <= moments[1][0] - moments[0][0] <= 7.25
    assert bench.accused() == []


def test_without_a_neighbor_nobody_is_visited() -> None:
    """Who is alone may be the one that is cut off."""
    bench = Bench("ana")
    bench.liveness.unwatch(1)
    bench.members.turn.append(BO)

    assert bench.run(60.0) == []
    assert bench.dialled() == []


def test_who_answers_lives_and_the_link_is_closed() -> None:
    """It was made to look, and for nothing else."""
    bench, now = knocking()
    bench.links.on_dialled(2, now + 0.1)
    bench.sent(2)
    bench.greet(2, "bo", now + 0.1)

    assert bench.sent(2) == [Goodbye(Parting.DONE)]
    assert len(bench.mine) == 1
    assert verdicts(bench.run(60.0)) == []


def test_a_link_that_is_wanted_for_more_meanwhile_is_not_closed() -> None:
    """Somebody wants to speak with that very member."""
    bench, now = knocking()
    assert bench.links.dial(BO.address, now + 0.05) == 2
    bench.links.on_dialled(2, now + 0.1)
    bench.sent(2)
    bench.greet(2, "bo", now + 0.1)

    assert bench.sent(2) == []
    assert bench.links.stands(2)


def test_who_says_no_lives() -> None:
    """A refusal in frames is an answer."""
    bench, now = knocking()
    bench.links.on_dialled(2, now + 0.1)
    bench.part(2, Parting.FULL, now + 0.1)

    assert len(bench.mine) == 1
    assert verdicts(bench.run(60.0)) == []


def test_who_comes_by_itself_lives() -> None:
    """Our own dial is given up, its link stays."""
    bench, now = knocking()
    bench.links.on_accepted(9, BO.address.host, now + 0.1)
    bench.greet(9, "bo", now + 0.1)

    assert bench.links.stands(9)
    assert bench.dialled() == []
    assert bench.mine == []


def test_two_refusals_are_evidence() -> None:
    """The second dial follows after a moment, for one that starts anew."""
    bench, now = knocking()
    bench.refuse(now + 0.1)
    assert bench.accused() == []
    again = bench.tick()
    assert again < now + 0.12
    bench.refuse(again)

    (accused,) = (event for event in bench.said()[1] if isinstance(event, Accused))
    assert (accused.name, accused.verdict, accused.misses) == ("bo", Verdict.UNREACHABLE, 2)
    assert bench.dialled() == []


def test_another_at_its_address_is_a_refusal() -> None:
    """Who was looked for is not there; the other one's link is of no use."""
    bench, now = knocking()
    bench.links.on_dialled(2, now + 0.1)
    bench.greet(2, "cy", now + 0.1)
    assert not bench.links.stands(2)
    bench.refuse(bench.tick())

    assert bench.accused() == [("bo", Verdict.UNREACHABLE)]


def test_silence_is_doubted_and_then_evidence() -> None:
    """Twice as many timeouts as a neighbor may have strikes, and before the last one it may refute."""
    bench, now = knocking()
    found = verdicts(bench.run(20.0))

    assert [(name, verdict) for _, name, verdict in found] == [
        ("bo", Verdict.SUSPECT),
        ("bo", Verdict.UNREACHABLE),
    ]
    assert [moment - now for moment, _, _ in found] == pytest.approx([5.0, 6.0], abs=0.01)
    assert bench.dialled() == []


def test_who_refutes_meanwhile_is_let_alone() -> None:
    """It told all that it is alive, if not us."""
    bench, now = knocking()
    (found,) = verdicts(bench.run(now + 5.5))
    assert found[2] is Verdict.SUSPECT
    bench.liveness.on_refuted("bo", now + 5.5)

    assert bench.dialled() == []
    assert verdicts(bench.run(60.0)) == []


def test_a_connection_that_is_closed_is_tried_again_within_the_time() -> None:
    """A full door is no refusal."""
    bench, now = knocking()
    bench.lose(2, now + 0.1, Failure.CLOSED)
    bench.run(now + 1.1)
    (again,) = bench.dialled()
    bench.links.on_dialled(again, now + 1.2)
    bench.greet(again, "bo", now + 1.2)

    assert verdicts(bench.run(60.0)) == []


def test_who_has_a_link_is_not_visited() -> None:
    """A guest, or one that comes for a rumor: it has just said Hello."""
    bench = Bench("ana")
    bench.links.on_accepted(9, BO.address.host, 1.0)
    bench.greet(9, "bo", 1.0)
    bench.members.turn.append(BO)
    bench.run(20.0)

    assert not bench.members.turn
    assert bench.dialled() == []


def test_who_is_doubted_already_is_not_visited_beside() -> None:
    """Its link broke, and it is dialled again anyhow."""
    bench = Bench("ana", "bo", settings=ProbeSettings(patrol_interval=1.0))
    bench.lose(3, 0.1)
    bench.run(1.0)
    bench.members.turn.append(BO)
    told = bench.run(10.0)

    assert verdicts(told) == [(3.1, "bo", Verdict.SILENT)]


def bury(bench: Bench, name: str, now: Seconds) -> None:
    """The directory learns that a member is dead."""
    bench.members.gone.add(name)
    bench.liveness.on_death(name, now)


def test_many_deaths_make_haste() -> None:
    """Three within ten seconds, and members are dialled in quick succession, so many at once and not more."""
    bench = Bench("ana")
    bench.members.turn.extend(Contact(f"member {number}", peer_at(number)) for number in range(20, 40))
    for name in ("fin", "gus", "gus"):
        bury(bench, name, 1.0)
    assert bench.dialled() == []
    bury(bench, "hal", 1.0)
    bench.run(2.5)

    assert len(bench.dialled()) == KNOCKS_MAX
    assert len(bench.members.turn) == 20 - KNOCKS_MAX


def test_doubts_make_no_haste() -> None:
    """Who is suspect may be slow, and so may we."""
    bench = Bench("ana")
    bench.members.turn.append(BO)
    for name in ("fin", "gus", "hal"):
        bench.liveness.on_death(name, 1.0)
    bench.run(2.0)

    assert bench.dialled() == []


def test_old_deaths_are_no_reason_for_haste() -> None:
    """Only the latest count, and only for a while."""
    bench = Bench("ana")
    for number, name in enumerate(NAMES[3:8]):
        bury(bench, name, 8.0 * number)
    bench.members.turn.extend(map(contact_of, NAMES[1:3]))
    bench.run(36.0)

    assert len(bench.dialled()) <= 1


def test_deaths_before_the_first_neighbor_are_noted() -> None:
    """Nothing is due yet then."""
    bench = Bench()
    for name in ("fin", "gus", "hal"):
        bury(bench, name, 0.0)

    assert bench.liveness.next_deadline() is None


def test_who_hears_nobody_blames_no_silence() -> None:
    """Half of our neighbors are silent at once: it is likely we who are cut off."""
    bench = Bench("ana", "cy", "di", "eva")
    bench.members.turn.extend((BO, contact_of("fin")))
    now = bench.run_until_dialled()
    told = bench.run(now + 10.0, silent=["ana", "cy", "di", "eva"])

    assert [found for found in verdicts(told) if found[1] in ("bo", "fin")] == []
    assert len(bench.dialled()) == 1


def test_after_a_pause_of_our_own_there_is_time_for_an_answer() -> None:
    """A dial that was under way is not held to the time that we slept through."""
    bench, now = knocking()
    bench.liveness.tick(now + 60.0)
    bench.links.on_dialled(2, now + 60.5)
    bench.greet(2, "bo", now + 60.5)

    assert bench.accused() == []


def test_a_link_that_another_machine_makes_is_not_ours() -> None:
    """It tells as much, but is not closed; and its failure is told to whoever wanted it."""
    bench = Bench("ana")
    link = bench.links.dial(BO.address, 0.4)
    bench.members.turn.append(BO)
    bench.run(7.5)
    assert not bench.members.turn
    bench.links.on_dialled(link, 7.5)
    bench.greet(link, "bo", 7.5)

    assert bench.links.stands(link)
    assert bench.mine == []
