"""Liveness: who answers lives, who keeps silent is doubted and then accused, and nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumor.core.effects import Dial, Hangup, Wake
from rumor.core.events import Accused, LinkDown, Strike
from rumor.core.frames import Contact, Goodbye, Parting, Probe, ProbeReply, RelayReply, RelayRequest, Verdict
from rumor.core.ids import Seconds
from rumor.core.settings import LivenessSettings, profile

from .watching import NAMES, SHORT, Bench, contact_of, verdicts

ANA, BO = contact_of("ana"), contact_of("bo")


# Requests.


def test_a_new_neighbor_is_probed_at_once_and_the_round_trip_known() -> None:
    """The first probe leaves without waiting, since others reckon with the round trip."""
    bench = Bench()
    bench.links.on_accepted(1, ANA.address.host, 0.0)
    bench.greet(1, "ana", 0.0)
    bench.sent(1)
    bench.liveness.watch(1, "ana", ANA.address, 0.0)

    assert bench.sent(1) == [Probe(1)]
    assert bench.liveness.rtt(1) == 0.0
    assert bench.liveness.on_probe_reply(1, ProbeReply(1), 0.1) == 0.1
    assert bench.liveness.rtt(1) == 0.1


def test_round_trips_are_smoothed() -> None:
    """One slow answer moves the figure by an eighth of the difference."""
    bench = Bench("ana")
    now = bench.tick()
    bench.liveness.on_probe_reply(1, ProbeReply(2), now + 0.1)
    bench.liveness.on_probe_reply(1, ProbeReply(2), now + 0.2)  # a copy measures nothing
    now = bench.tick()

    assert bench.liveness.on_probe_reply(1, ProbeReply(3), now + 0.5) == pytest.approx(0.1 + 0.4 / 8)


def test_an_answer_that_was_never_asked_for_measures_nothing() -> None:
    """Numbers that we did not send yet are no answers."""
    bench = Bench("ana")
    now = bench.tick()
    bench.liveness.on_probe_reply(1, ProbeReply(77), now + 0.1)

    assert bench.liveness.rtt(1) == 0.0
    assert bench.liveness.on_probe_reply(1, ProbeReply(2), now + 0.2) == pytest.approx(0.2)


def test_every_probe_is_answered() -> None:
    """Whoever asks on a link gets the number back, neighbor or not."""
    bench = Bench("ana")
    bench.links.on_accepted(3, BO.address.host, 0.1)
    bench.sent(3)
    bench.liveness.on_probe(1, Probe(42), 0.1)
    bench.liveness.on_probe(3, Probe(43), 0.1)

    assert (bench.sent(1), bench.sent(3)) == ([ProbeReply(42)], [ProbeReply(43)])


def test_who_was_probed_asks_an_interval_later() -> None:
    """One probe serves both ends of a link."""
    bench = Bench("ana")
    bench.liveness.heard(1, 0.9)
    bench.liveness.on_probe(1, Probe(42), 0.9)

    assert bench.liveness.next_deadline() == 1.9


def test_who_is_asked_already_is_still_owed_an_answer() -> None:
    """A probe of the other side does not put off our own."""
    bench = Bench("ana")
    now = bench.tick()
    due = bench.liveness.next_deadline()
    bench.liveness.on_probe(1, Probe(42), now + 0.1)

    assert bench.liveness.next_deadline() == due


def test_any_frame_proves_life_and_spares_a_probe() -> None:
    """Who was heard within the interval is not asked."""
    bench = Bench("ana")
    bench.liveness.heard(1, 0.9)
    bench.tick()

    assert bench.sent(1) == []
    assert bench.liveness.next_deadline() == 1.9


def test_who_dialled_asks_a_little_earlier() -> None:
    """One probe serves both ends: the end that was dialled need not ask if the other is there."""
    bench = Bench()
    bench.liveness.watch(2, "bo", BO.address, 0.0)
    bench.liveness.on_probe_reply(2, ProbeReply(1), 0.0)

    assert bench.liveness.next_deadline() == 0.9


def test_all_that_we_dialled_are_asked_in_the_same_moment() -> None:
    """A quiet node wakes once an interval for all of them, whenever they came."""
    bench = Bench()
    for link, name, now in ((2, "ana", 0.0), (4, "bo", 0.3), (6, "cy", 0.5)):
        bench.liveness.watch(link, name, contact_of(name).address, now)
        bench.liveness.on_probe_reply(link, ProbeReply(link // 2), now)
        bench.liveness.heard(link, now + SHORT)
    bench.said()
    bench.tick()

    assert [effect for effect in bench.outbox.drain()[0] if isinstance(effect, Wake)] == []
    assert bench.liveness.next_deadline() == pytest.approx(0.9 + 2 / 3)


def test_a_busy_link_is_measured_now_and_then() -> None:
    """In the last round of five intervals with traffic a probe goes all the same."""
    bench = Bench("ana")
    now = 0.0
    while not (sent := bench.sent(1)):
        bench.liveness.heard(1, now + 0.5)
        now = bench.tick()

    assert (now, sent) == (4.5, [Probe(2)])


def test_who_answers_late_is_probed_each_interval_whatever_it_sends() -> None:
    """If it is we who are starved what we hear is old, and our probes are all that the others hear."""
    bench = Bench("ana")
    now = bench.tick()
    bench.sent(1)
    bench.liveness.on_probe_reply(1, ProbeReply(2), now + 0.6)
    while not bench.sent(1):
        now = bench.tick()
        bench.liveness.heard(1, now + 0.1)

    assert now == 1.8  # in a round


def test_life_without_the_answer_ends_the_measure() -> None:
    """Something else was heard instead of the answer: no strike, and a late answer measures nothing."""
    bench = Bench("ana")
    asked = bench.tick()
    bench.sent(1)
    bench.liveness.heard(1, asked + 0.2)
    bench.tick()

    assert bench.said() == ([], [])
    assert bench.liveness.on_probe_reply(1, ProbeReply(2), asked + 0.9) == 0.0


def test_the_links_own_probe_is_handed_to_them() -> None:
    """The number 0 is theirs: an old link proved alive, so the new one between the same two goes."""
    bench = Bench("ana")
    bench.links.on_accepted(3, ANA.address.host, 5.0)
    bench.greet(3, "ana", 5.0)
    assert bench.sent(1) == [Probe(0)]
    bench.liveness.on_probe_reply(1, ProbeReply(0), 5.1)

    assert Hangup(3) in bench.said()[0]
    assert bench.links.stands(1)


# Silence.


def test_three_probes_without_an_answer_are_evidence() -> None:
    """Each is a strike. After the second it is suspect, and the third closes the link, three intervals after all."""
    bench = Bench("ana")
    told = bench.run(10.0, silent=["ana"])

    assert told == [
        (1.667, Strike(ANA.address, 1)),
        (2.333, Strike(ANA.address, 2)),
        (2.333, Accused("ana", Verdict.SUSPECT, 2, 0, pytest.approx(7 / 3), 0.0)),  # type: ignore[arg-type]
        (3.0, Strike(ANA.address, 3)),
        (3.0, Accused("ana", Verdict.SILENT, 3, 0, pytest.approx(3.0), 0.0)),  # type: ignore[arg-type]
        (3.0, LinkDown(1, "ana", ANA.address, Parting.SILENT, True)),
    ]
    assert bench.sent(1) == [Probe(2), Probe(3), Probe(4), Goodbye(Parting.SILENT)]


@given(st.sampled_from(["wan", "lan", "local"]), st.lists(st.floats(0.001, 0.6), max_size=8), st.booleans())
def test_silence_is_evidence_within_the_bound(name: str, gaps: list[float], dialled: bool) -> None:
    """Whatever was heard before, in whatever rhythm: at most three intervals, and never less than two."""
    settings = profile(name).liveness
    bench = Bench(liveness=settings)
    link = bench.call("ana", 0.0) if dialled else bench.befriend("ana", 0.0)
    last = 0.0
    for gap in gaps:
        last += gap * settings.interval
        bench.run(last)
        bench.liveness.heard(link, last)
    told = bench.run(last + 4 * settings.interval, silent=["ana"])
    found = next(now for now, event in told if isinstance(event, Accused) and event.verdict is Verdict.SILENT)

    assert found - last <= 3 * settings.interval + SHORT
    assert found - last >= 2 * settings.interval - SHORT


def test_an_answer_forgets_the_strikes() -> None:
    """Three misses must follow on each other."""
    bench = Bench("ana")
    bench.run(2.5, silent=["ana"])
    bench.liveness.heard(1, 2.6)

    assert [type(event) for _, event in bench.run(4.5, silent=["ana"])] == [Strike]


def test_a_single_strike_may_be_enough() -> None:
    """With `strikes_max` 1 the one probe gets a whole interval, and there is no time for doubts."""
    bench = Bench("ana", liveness=LivenessSettings(strikes_max=1))

    assert verdicts(bench.run(10.0, silent=["ana"])) == [(2.0, "ana", Verdict.SILENT)]


def test_with_two_strikes_the_first_one_is_a_doubt() -> None:
    """Whatever the number: the last but one may be refuted."""
    bench = Bench("ana", liveness=LivenessSettings(strikes_max=2))

    assert verdicts(bench.run(10.0, silent=["ana"])) == [(1.5, "ana", Verdict.SUSPECT), (2.0, "ana", Verdict.SILENT)]


def test_who_is_gone_on_purpose_is_not_accused() -> None:
    """The directory knows that it left, or that it is dead: the link is closed, and that is all."""
    bench = Bench("ana", "bo")
    bench.members.gone.add("ana")
    told = bench.run(5.0, silent=["ana"])

    assert verdicts(told) == []
    assert LinkDown(1, "ana", ANA.address, Parting.SILENT, True) in [event for _, event in told]
    assert bench.sent(3) == []


def test_a_neighbor_that_went_is_watched_no_more() -> None:
    """Neither asked, nor heard, nor measured."""
    bench = Bench("ana")
    bench.liveness.unwatch(1)
    bench.liveness.unwatch(1)
    bench.liveness.heard(1, 0.5)
    bench.liveness.on_link_down(LinkDown(1, "ana", ANA.address, Parting.DONE, False), 1.0)

    assert bench.liveness.on_probe_reply(1, ProbeReply(2), 0.5) == 0.0
    assert bench.liveness.rtt(1) == 0.0
    assert bench.run(20.0) == []
    assert bench.sent(1) == []


def test_a_goodbye_is_no_reason_to_dial_again() -> None:
    """Who says why it goes is neither broken nor dead."""
    bench = Bench("ana")
    bench.part(1, Parting.LEAVING, 1.0)

    assert bench.dialled() == []


def test_a_new_neighbor_has_all_the_time_from_the_beginning() -> None:
    """It may be slow to learn that it is a neighbor now: three intervals, too."""
    bench = Bench()
    bench.liveness.watch(1, "ana", ANA.address, 0.0)

    assert verdicts(bench.run(10.0)) == [
        (pytest.approx(7 / 3, abs=0.01), "ana", Verdict.SUSPECT),
        (3.0, "ana", Verdict.SILENT),
    ]


# Others hear it.


def test_relays_are_asked_after_the_first_miss_and_may_hear_it() -> None:
    """If one says that it is alive nobody is accused, and strikes begin again; the second time our link goes."""
    bench = Bench("ana", "bo", "cy", "di", "eva")
    bench.answers = True
    told = bench.run(10.0, silent=["ana"])

    assert verdicts(told) == []
    assert [event.count for _, event in told if isinstance(event, Strike)] == [1, 2, 3, 1, 2, 3]
    assert told[-1] == (5.0, LinkDown(1, "ana", ANA.address, Parting.SILENT, True))


def test_only_some_of_those_that_are_heard_are_asked() -> None:
    """As many as are set, and not the silent one itself."""
    bench = Bench("ana", "bo", "cy", "di", "eva")
    bench.run(1.5, silent=NAMES)
    for link in (3, 5, 7, 9):
        bench.answer(link, 1.5)
    while bench.tick() < 1.6:
        pass

    asked = [frame for link in (1, 3, 5, 7, 9) for frame in bench.sent(link) if isinstance(frame, RelayRequest)]
    assert asked == [RelayRequest(1, ANA)] * 3


def test_relays_that_tried_in_vain_are_told_of() -> None:
    """What was tried belongs to the evidence."""
    bench = Bench("ana", "bo", "cy")
    bench.answers = False
    told = bench.run(10.0, silent=["ana"])

    accused = [event for _, event in told if isinstance(event, Accused)]
    assert [(event.verdict, event.relays) for event in accused] == [(Verdict.SUSPECT, 2), (Verdict.SILENT, 2)]


def test_a_yes_before_the_last_answer_suffices() -> None:
    """The second time may bring death all the same, if nobody hears it any more."""
    bench = Bench("ana", "bo")
    bench.answers = True
    bench.run(3.5, silent=["ana"])
    bench.answers = False

    assert verdicts(bench.run(10.0, silent=["ana"])) == [(4.333, "ana", Verdict.SUSPECT), (5.0, "ana", Verdict.SILENT)]


def test_who_refutes_in_time_is_not_accused() -> None:
    """It answered to all that it is alive, only our link does not bring it: after a second time we close that."""
    bench = Bench("ana")
    told = bench.run(2.5, silent=["ana"])
    bench.liveness.on_refuted("ana", 2.5)
    told += bench.run(4.5, silent=["ana"])
    bench.liveness.on_refuted("ana", 4.5)
    told += bench.run(10.0, silent=["ana"])

    assert verdicts(told) == [(2.333, "ana", Verdict.SUSPECT), (4.333, "ana", Verdict.SUSPECT)]
    assert told[-1] == (5.0, LinkDown(1, "ana", ANA.address, Parting.SILENT, True))


def test_two_good_turns_count_only_in_a_row() -> None:
    """A neighbor that we heard in between begins with a clean sheet."""
    bench = Bench("ana", "bo")
    bench.answers = True
    bench.run(3.5, silent=["ana"])
    bench.liveness.heard(1, 3.6)
    bench.run(3.7)

    assert LinkDown(1, "ana", ANA.address, Parting.SILENT, True) not in [
        event for _, event in bench.run(7.5, silent=["ana"])
    ]


def test_a_refutation_without_a_doubt_means_nothing() -> None:
    """Nobody doubted it here, so it has no credit for later."""
    bench = Bench("ana")
    bench.liveness.on_refuted("ana", 0.5)

    assert verdicts(bench.run(10.0, silent=["ana"]))[-1] == (3.0, "ana", Verdict.SILENT)


# Ourselves.


def test_after_a_pause_of_our_own_nobody_is_accused() -> None:
    """We were stopped, and could not hear the answer: ask anew, with all the patience again."""
    bench = Bench("ana", "bo")
    bench.tick()
    bench.sent(1)
    bench.liveness.heard(3, 1.5)
    bench.liveness.tick(60.0)

    assert bench.said() == ([], [])
    assert bench.sent(1) == [Probe(5)]
    assert bench.tick() > 60.5
    assert bench.said() == ([], [])  # and being late we are more patient, too


def test_a_pause_that_ends_before_it_is_due_gives_all_the_time_again() -> None:
    """Whoever was asked before the pause has as long as if it were asked now."""
    bench = Bench("ana", "bo")
    bench.run(1.2, silent=["ana"])
    bench.liveness.heard(3, 1.2)
    bench.liveness.on_probe(3, Probe(9), 1.2)
    bench.run(1.66, silent=["ana"])
    bench.liveness.tick(2.3)

    assert verdicts(bench.run(2.9, silent=["ana"])) == []


def test_a_late_loop_makes_patient() -> None:
    """Each time that we come late to what is due the silent one has more time; then less again."""
    bench = Bench("ana", "bo")
    told = bench.run(20.0, silent=["ana"], late=0.2)

    (suspect, silent) = (event for _, event in told if isinstance(event, Accused))
    assert suspect.late == silent.late == pytest.approx(0.2)
    assert silent.silent > 6.0


@pytest.mark.parametrize("after", [0.6, 0.9])
def test_late_answers_of_half_of_all_make_patient(after: Seconds) -> None:
    """If everybody is slow it is likely we who hear late; even answers that come after the next question say so."""
    bench = Bench("ana", "bo", "cy", "di")
    bench.run(10.0, after=after)
    told = bench.run(40.0, silent=["ana"], after=after)

    silent = next(event.silent for _, event in told if isinstance(event, Accused) and event.verdict is Verdict.SILENT)
    assert silent == pytest.approx(1.0 + 5 * 2.0, abs=0.7)


def test_answers_to_older_probes_are_late_ones() -> None:
    """An answer that comes after the next question is slow, though it measures nothing."""
    bench = Bench("ana")
    first = bench.run(1.7, silent=["ana"])
    assert [type(event) for _, event in first] == [Strike]
    bench.liveness.heard(1, 1.8)
    bench.liveness.on_probe_reply(1, ProbeReply(2), 1.8)
    bench.sent(1)

    assert verdicts(bench.run(5.2, silent=["ana"])) == []


def test_if_half_of_all_are_silent_at_once_we_are_the_sick_one() -> None:
    """Then we are as patient as can be, though not for ever; and we go on to ask, so that they hear us."""
    bench = Bench(*NAMES[:6])
    told = bench.run(60.0, silent=NAMES[:3])

    assert sorted(verdicts(told)) == [
        *((7.667, name, Verdict.SUSPECT) for name in NAMES[:3]),
        *((11.0, name, Verdict.SILENT) for name in NAMES[:3]),
    ]
    probes = [frame for frame in bench.sent(1) if isinstance(frame, Probe)]
    assert len(probes) == 15


@pytest.mark.parametrize("after", [0.6, 1.5, 2.4])
def test_when_all_are_slow_from_one_moment_on_nobody_is_accused(after: Seconds) -> None:
    """Our ears are starved, while our timers fire: that shows before anybody had all its strikes."""
    bench = Bench(*NAMES[:6])
    bench.run(10.0)

    assert verdicts(bench.run(60.0, after=after)) == []


def test_two_of_three_are_no_sign_of_our_own_sickness() -> None:
    """So few may well have died together."""
    bench = Bench("ana", "bo", "cy")

    assert [now for now, _, verdict in verdicts(bench.run(9.0, silent=["ana", "bo"])) if verdict is Verdict.SILENT] == [
        3.0,
        3.0,
    ]


# Relays for others.


def test_who_was_heard_just_now_is_vouched_for_at_once() -> None:
    """Half an interval is as good as an answer."""
    bench = Bench("ana", "bo")
    bench.liveness.heard(3, 0.5)
    bench.liveness.on_relay_request(1, RelayRequest(9, BO), 0.9)

    assert bench.sent(1) == [RelayReply(9, True)]
    assert bench.sent(3) == []


def test_asked_for_ourselves_we_live() -> None:
    """It is our own link to it that it does not hear."""
    bench = Bench("ana")
    bench.liveness.on_relay_request(1, RelayRequest(9, Contact("me", BO.address)), 0.9)

    assert bench.sent(1) == [RelayReply(9, True)]


def test_only_neighbors_are_served() -> None:
    """A stranger can't make us dial."""
    bench = Bench("ana")
    bench.liveness.on_relay_request(3, RelayRequest(9, BO), 0.9)

    assert bench.said() == ([], [])


def test_a_member_far_away_is_dialled_for_a_neighbor() -> None:
    """No link stands: one is made for that alone."""
    bench = Bench("ana")
    bench.liveness.on_relay_request(1, RelayRequest(9, BO), 0.9)

    assert bench.said()[0] == [Dial(2, BO.address, 5.0)]
