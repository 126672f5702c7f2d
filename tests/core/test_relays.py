"""Relays: who is asked tries the member, and says what it found; bounded, and with nothing left behind."""

import pytest

from rumor.core.effects import Dial, Failure
from rumor.core.frames import Contact, Goodbye, Parting, Probe, ProbeReply, RelayReply, RelayRequest
from rumor.core.ids import Address
from rumor.core.settings import ProbeSettings

from .watching import NAMES, Bench, contact_of

BO, CY = contact_of("bo"), contact_of("cy")
ASK = RelayRequest(9, BO)


def asked(*neighbors: str) -> Bench:
    """Ana asked for bo, who is no neighbor, at moment 0.5."""
    bench = Bench("ana", *neighbors)
    bench.liveness.on_relay_request(1, ASK, 0.5)
    return bench


def replies(bench: Bench, link: int = 1) -> list[RelayReply]:
    """What was answered."""
    return [frame for frame in bench.sent(link) if isinstance(frame, RelayReply)]


def test_a_member_that_stands_is_alive_and_its_link_is_closed() -> None:
    """The link was made to look, and for nothing else."""
    bench = asked()
    bench.links.on_dialled(2, 0.6)
    bench.sent(2)
    bench.greet(2, "bo", 0.6)

    assert replies(bench) == [RelayReply(9, True)]
    assert bench.sent(2) == [Goodbye(Parting.DONE)]
    assert len(bench.mine) == 1


def test_a_member_that_comes_by_itself_is_alive() -> None:
    """A link that it made stands, too: that one is not ours to close."""
    bench = asked()
    bench.links.on_accepted(9, BO.address.host, 0.6)
    bench.greet(9, "bo", 0.6)

    assert replies(bench) == [RelayReply(9, True)]
    assert bench.links.stands(9)
    assert bench.dialled() == []
    assert bench.mine == []


def test_a_member_that_refuses_us_in_frames_is_alive() -> None:
    """A no is an answer."""
    bench = asked()
    bench.links.on_dialled(2, 0.6)
    bench.part(2, Parting.FULL, 0.6)

    assert replies(bench) == [RelayReply(9, True)]


def test_a_refused_dial_is_a_no() -> None:
    """It is said at once."""
    bench = asked()
    bench.refuse(0.6)

    assert replies(bench) == [RelayReply(9, False)]
    assert len(bench.mine) == 1


def test_another_at_its_address_is_a_no() -> None:
    """Who was asked for is not there."""
    bench = asked()
    bench.links.on_dialled(2, 0.6)
    bench.greet(2, "cy", 0.6)

    assert replies(bench) == [RelayReply(9, False)]
    assert not bench.links.stands(2)


def test_no_answer_in_time_is_a_no() -> None:
    """The dial is given up."""
    bench = asked()
    bench.run(1.16)
    assert bench.dialled() == [2]
    bench.liveness.tick(1.17)

    assert replies(bench) == [RelayReply(9, False)]
    assert bench.dialled() == []


def test_a_neighbor_that_was_not_heard_just_now_is_probed() -> None:
    """The link stands; its answer is passed on."""
    bench = Bench("ana", "bo")
    bench.liveness.on_relay_request(1, ASK, 0.8)
    (probe,) = bench.sent(3)
    assert isinstance(probe, Probe)
    bench.liveness.on_probe_reply(1, ProbeReply(probe.number), 0.9)
    assert replies(bench) == []
    bench.liveness.on_probe_reply(3, ProbeReply(probe.number - 1), 0.9)
    bench.liveness.on_probe_reply(3, ProbeReply(probe.number), 0.9)

    assert replies(bench) == [RelayReply(9, True)]
    assert bench.liveness.rtt(3) == 0.0


def test_a_neighbor_that_does_not_answer_the_probe_is_a_no() -> None:
    """After as long as any answer may take."""
    bench = Bench("ana", "bo")
    bench.liveness.on_relay_request(1, ASK, 0.8)
    bench.run(1.4, silent=["ana", "bo"])
    assert replies(bench) == []
    bench.liveness.tick(1.5)

    assert replies(bench) == [RelayReply(9, False)]


def test_a_neighbor_that_says_anything_meanwhile_is_alive() -> None:
    """Its ears may be slow, and the answer with them; but it speaks."""
    bench = Bench("ana", "bo")
    bench.liveness.on_relay_request(1, ASK, 0.8)
    bench.liveness.heard(3, 1.0)
    bench.run(1.5, silent=["ana", "bo"])

    assert replies(bench) == [RelayReply(9, True)]


def test_several_that_ask_wait_for_the_same_try() -> None:
    """One dial, an answer to each with the number of its own question."""
    bench = asked("cy")
    bench.liveness.on_relay_request(3, RelayRequest(4, BO), 0.6)
    assert bench.said()[0] == [Dial(2, BO.address, 5.0)]
    bench.refuse(0.6)

    assert (replies(bench, 1), replies(bench, 3)) == ([RelayReply(9, False)], [RelayReply(4, False)])


def test_a_member_that_only_the_asker_knows_is_dialled_where_it_says() -> None:
    """The directory is asked first where it is."""
    bench = Bench("ana")
    elsewhere = Address("10.7.7.7", 7)
    bench.liveness.on_relay_request(1, RelayRequest(1, Contact("bo", elsewhere)), 0.5)
    bench.liveness.on_relay_request(1, RelayRequest(2, Contact("zoe", elsewhere)), 0.5)

    assert bench.said()[0] == [Dial(2, BO.address, 5.0), Dial(4, elsewhere, 5.0)]


def test_more_than_the_bound_get_no_answer() -> None:
    """Which says nothing about the member; when one is done there is room again."""
    bench = Bench("ana", settings=ProbeSettings(relays_max=2))
    for number, name in enumerate(NAMES[1:4]):
        bench.liveness.on_relay_request(1, RelayRequest(number, contact_of(name)), 0.5)
    assert len(bench.dialled()) == 2
    bench.refuse(0.6)

    assert replies(bench) == [RelayReply(0, False), RelayReply(1, False)]
    bench.liveness.on_relay_request(1, RelayRequest(7, contact_of("di")), 0.7)
    assert len(bench.dialled()) == 1


def test_a_link_that_another_machine_makes_is_not_ours() -> None:
    """It tells as much, but is neither closed nor kept from whoever wanted it."""
    bench = Bench("ana")
    link = bench.links.dial(BO.address, 0.4)
    bench.liveness.on_relay_request(1, ASK, 0.5)
    bench.links.on_dialled(link, 0.6)
    bench.greet(link, "bo", 0.6)

    assert replies(bench) == [RelayReply(9, True)]
    assert bench.links.stands(link)
    assert bench.mine == []


def test_a_failure_of_a_shared_link_is_told_to_others_too() -> None:
    """It counts here, and whoever wanted the link hears of it as well."""
    bench = Bench("ana")
    link = bench.links.dial(BO.address, 0.4)
    bench.liveness.on_relay_request(1, ASK, 0.5)
    bench.lose(link, 0.6, Failure.UNREACHABLE)

    assert replies(bench) == [RelayReply(9, False)]
    assert bench.mine == []


@pytest.mark.parametrize("slept", [2.0, 60.0])
def test_after_a_pause_of_our_own_no_is_not_said_yet(slept: float) -> None:
    """The answer may lie in our socket."""
    bench = asked()
    bench.liveness.tick(slept)
    assert replies(bench) == []
    bench.links.on_dialled(2, slept + 0.1)
    bench.greet(2, "bo", slept + 0.1)

    assert replies(bench) == [RelayReply(9, True)]
