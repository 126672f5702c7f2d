"""Probes: who answers lives, who keeps silent or breaks off and can't be reached is dead, and nobody else."""

from random import Random

from rumor.core.effects import Dial, Effect, Failure, Hangup, Wake
from rumor.core.events import Event, LinkDown, LinkFailed, LinkReady, NeighborDied, Strike
from rumor.core.frames import Control, Goodbye, Hello, Parting, Probe, ProbeReply, Role
from rumor.core.ids import Identity, Seconds
from rumor.core.links import Links
from rumor.core.outbox import Outbox
from rumor.core.probes import Probes
from rumor.core.settings import LinkSettings, LivenessSettings, ProbeSettings

from .helpers import ANA, BO, ME

ANA_NAME = str(ANA)


class Bench:
    """Probes of one peer that ana has opened link 1 to."""

    def __init__(self, *, strikes_max: int = 3) -> None:
        self.outbox = Outbox()
        self.links = Links(Identity(ME, instance=1), LinkSettings(), self.outbox)
        liveness = LivenessSettings(strikes_max=strikes_max)
        self.probes = Probes(self.links, liveness, ProbeSettings(), self.outbox, Random(0))
        self.links.on_accepted(1, ANA.host, 0.0)
        hello = Hello(network="", role=Role.PEER, name=ANA_NAME, address=ANA, epoch=1, instance=7)
        self.links.on_hello(1, hello, 0.0)
        self.outbox.take(1)
        self.outbox.dry(1)
        self.outbox.drain()

    def watching(self) -> "Bench":
        """The same, as neighbors since moment 0; the first probe is answered after 0.1 s."""
        self.probes.watch(1, ANA_NAME, ANA, 0.0)
        assert self.sent() == [Probe(1)]
        self.probes.heard(1, 0.1)
        assert self.probes.on_probe_reply(1, ProbeReply(1), 0.1) == 0.1
        self.outbox.drain()
        return self

    def sent(self) -> list[Control]:
        self.outbox.dry(1)
        return self.outbox.take(1)

    def said(self) -> tuple[list[Effect], list[Event]]:
        effects, events = self.outbox.drain()
        return [effect for effect in effects if not isinstance(effect, Wake)], events

    def tick(self) -> Seconds:
        """Let the next deadline come, on time."""
        now = self.probes.next_deadline()
        assert now is not None
        self.probes.tick(now)
        return now


def broken(link: int = 1, parting: Parting | None = None) -> LinkDown:
    """Ana's link is gone."""
    return LinkDown(link, ANA_NAME, ANA, parting, False)


# Requests.


def test_a_new_neighbor_is_probed_at_once_and_the_round_trip_known() -> None:
    """The first probe leaves without waiting, since others reckon with the round trip."""
    bench = Bench()
    assert bench.probes.rtt(1) == 0.0
    bench.watching()

    assert bench.probes.rtt(1) == 0.1


def test_round_trips_are_smoothed() -> None:
    """One slow answer moves the figure by an eighth of the difference."""
    bench = Bench().watching()
    now = bench.tick()

    assert bench.probes.on_probe_reply(1, ProbeReply(2), now + 0.5) == 0.1 + 0.4 / 8


def test_every_probe_is_answered() -> None:
    """Whoever asks on a link gets the number back, neighbor or not."""
    bench = Bench()
    bench.probes.on_probe(1, Probe(42), 0.1)

    assert bench.sent() == [ProbeReply(42)]


def test_any_frame_proves_life_and_spares_a_probe() -> None:
    """Who was heard within the interval is not asked."""
    bench = Bench().watching()
    bench.probes.heard(1, 0.9)
    bench.tick()

    assert bench.sent() == []
    assert bench.probes.next_deadline() == 1.9


def test_who_dialled_asks_a_little_earlier() -> None:
    """One probe serves both ends: the end that was dialled need not ask if the other is there."""
    bench = Bench()
    bench.probes.watch(2, "bo", BO, 0.0)
    bench.probes.on_probe_reply(2, ProbeReply(1), 0.0)

    assert bench.probes.next_deadline() == 0.9


def test_a_busy_link_is_measured_now_and_then() -> None:
    """In the last round of five intervals with traffic a probe goes all the same."""
    bench = Bench().watching()
    now = 0.0
    while not (sent := bench.sent()):
        bench.probes.heard(1, now + 0.5)
        now = bench.tick()

    assert (now, sent) == (4.5, [Probe(2)])


def test_life_without_the_answer_ends_the_measure() -> None:
    """Something else was heard instead of the answer: no strike, and a late answer measures nothing."""
    bench = Bench().watching()
    asked = bench.tick()
    bench.sent()
    bench.probes.heard(1, asked + 0.2)
    bench.tick()

    assert bench.said() == ([], [])
    assert bench.probes.on_probe_reply(1, ProbeReply(2), asked + 0.9) == 0.1


# Silence.


def test_three_probes_without_an_answer_are_death() -> None:
    """Each is a strike; the third closes the link, three intervals after the last sign of life."""
    bench = Bench().watching()
    times = [round(bench.tick(), 3) for _ in range(4)]

    assert times == [1.1, 1.767, 2.433, 3.1]
    effects, events = bench.said()
    assert effects == [Hangup(1)]
    assert events == [
        Strike(ANA, 1),
        Strike(ANA, 2),
        Strike(ANA, 3),
        NeighborDied(ANA),
        LinkDown(1, ANA_NAME, ANA, Parting.SILENT, True),
    ]
    assert bench.sent() == [Probe(2), Probe(3), Probe(4), Goodbye(Parting.SILENT)]
    assert bench.probes.next_deadline() is None


def test_an_answer_forgets_the_strikes() -> None:
    """Three misses must follow on each other."""
    bench = Bench().watching()
    for _ in range(3):
        now = bench.tick()
    bench.probes.heard(1, now + 0.1)
    bench.probes.on_probe_reply(1, ProbeReply(4), now + 0.1)
    bench.said()
    for _ in range(2):
        bench.tick()

    assert bench.said() == ([], [Strike(ANA, 1)])


def test_after_a_pause_of_our_own_nobody_is_accused() -> None:
    """We were stopped, and could not hear the answer: ask anew, with all the patience again."""
    bench = Bench().watching()
    bench.tick()
    bench.sent()
    bench.probes.tick(60.0)

    assert bench.said() == ([], [])
    assert bench.sent() == [Probe(3)]
    assert bench.tick() > 60.5
    assert bench.said() == ([], [Strike(ANA, 1)])


def test_a_single_strike_may_be_enough() -> None:
    """With `strikes_max` 1 the one probe gets a whole interval."""
    bench = Bench(strikes_max=1).watching()
    assert (bench.tick(), bench.tick()) == (1.1, 2.1)

    assert NeighborDied(ANA) in bench.said()[1]


def test_a_neighbor_that_went_is_watched_no_more() -> None:
    """Neither asked, nor heard, nor measured."""
    bench = Bench().watching()
    bench.probes.unwatch(1)
    bench.probes.heard(1, 0.5)

    assert bench.probes.next_deadline() is None
    assert bench.probes.on_probe_reply(1, ProbeReply(2), 0.5) == 0.0
    bench.probes.on_link_down(broken(), 1.0)
    assert bench.said() == ([], [])


def test_the_links_own_probe_is_handed_to_them() -> None:
    """The number 0 is theirs: an old link proved alive, so the new one between the same two goes."""
    bench = Bench()
    hello = Hello(network="", role=Role.PEER, name=ANA_NAME, address=ANA, epoch=1, instance=7)
    bench.links.on_accepted(3, ANA.host, 5.0)
    bench.links.on_hello(3, hello, 5.0)
    assert bench.sent() == [Probe(0)]
    bench.probes.on_probe_reply(1, ProbeReply(0), 5.1)

    assert Hangup(3) in bench.said()[0]
    assert bench.links.stands(1)


# Broken links.


def test_a_broken_link_is_dialled_again_at_once_and_three_failures_are_death() -> None:
    """A crashed process refuses: it is known to be dead after milliseconds."""
    bench = Bench().watching()
    bench.probes.on_link_down(broken(), 1.0)
    for link in (2, 4, 6):
        bench.probes.on_link_failed(LinkFailed(link, ANA, Failure.UNREACHABLE), 1.0)
        bench.links.on_lost(link, Failure.UNREACHABLE, 1.0)
        if link < 6:
            assert bench.tick() < 1.1

    effects, events = bench.said()
    assert effects == [Dial(link, ANA, 5.0) for link in (2, 4, 6)]
    assert [event for event in events if not isinstance(event, LinkFailed)] == [
        Strike(ANA, 1),
        Strike(ANA, 2),
        Strike(ANA, 3),
        NeighborDied(ANA),
    ]
    assert bench.probes.next_deadline() is None


def test_a_link_that_stands_again_ends_it() -> None:
    """Whoever dialled: the name is there again."""
    bench = Bench().watching()
    bench.probes.on_link_down(broken(), 1.0)
    bench.probes.on_link_failed(LinkFailed(2, ANA, Failure.UNREACHABLE), 1.0)
    bench.probes.on_link_ready(LinkReady(3, ANA_NAME, ANA, False, 0), 1.01)

    assert bench.probes.next_deadline() is None
    bench.probes.on_link_failed(LinkFailed(2, ANA, Failure.UNREACHABLE), 1.1)
    assert bench.said()[1] == [Strike(ANA, 1)]


def test_a_refusal_in_frames_is_a_sign_of_life() -> None:
    """Somebody is there, and says that it does not want us: no death."""
    bench = Bench().watching()
    bench.probes.on_link_down(broken(), 1.0)
    bench.probes.on_link_failed(LinkFailed(2, ANA, Failure.CLOSED, Parting.FULL), 1.0)

    assert bench.said() == ([Dial(2, ANA, 5.0)], [])
    assert bench.probes.next_deadline() is None


def test_a_goodbye_is_no_reason_to_dial_again() -> None:
    """Who says why it goes is neither broken nor dead."""
    bench = Bench().watching()
    bench.probes.on_link_down(broken(parting=Parting.LEAVING), 1.0)

    assert bench.said() == ([], [])


def test_only_the_broken_one_is_meant() -> None:
    """A failure of another link is none of a broken neighbor's."""
    bench = Bench().watching()
    bench.probes.on_link_down(broken(), 1.0)
    bench.probes.on_link_failed(LinkFailed(8, BO, Failure.UNREACHABLE), 1.0)

    assert bench.said() == ([Dial(2, ANA, 5.0)], [])
