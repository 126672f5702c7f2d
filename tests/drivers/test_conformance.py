"""Conformance: each story holds on the simulated driver and on the real one."""

import itertools
from collections.abc import AsyncIterator

import pytest

from rumor.core.events import LinkFailed, NeighborDied, NeighborDown, Problem, Reason, RumorsLost, RunDelivered

from .networks import Network, RealNetwork, SimulatedNetwork, heard, neighbors, told


@pytest.fixture(params=["sim", "aio"])
async def network(request: pytest.FixtureRequest) -> AsyncIterator[Network]:
    """An empty network of each kind."""
    net: Network = SimulatedNetwork() if request.param == "sim" else RealNetwork()
    yield net
    await net.stop()


async def joined(network: Network, *names: str) -> None:
    """The first peer, and the others that join by it; each has a neighbor."""
    await network.start(names[0])
    for name in names[1:]:
        await network.start(name, names[0])
    await network.until(lambda: all(neighbors(network, name) for name in names), "all have a neighbor")


async def test_what_one_says_all_others_hear_once_and_in_order(network: Network) -> None:
    """Also what was said in one turn, and whatever bytes it is."""
    await joined(network, "ana", "bo", "cy")
    said = [b"one", b"", b"\xff\x00", b"one"]

    await network.publish("ana", *said[:2])
    await network.publish("ana", *said[2:])

    for name in ("bo", "cy"):
        await network.until(lambda name=name: len(heard(network, name)) >= 4, f"{name} hears all")  # type: ignore[misc]
    await network.a_while()
    assert [heard(network, name) for name in ("ana", "bo", "cy")] == [[], said, said]


async def test_a_long_payload_arrives_whole(network: Network) -> None:
    """It travels in parts, and is told once."""
    await joined(network, "ana", "bo")
    payload = bytes(range(256)) * 800

    await network.publish("ana", payload, b"after")

    await network.until(lambda: len(heard(network, "bo")) == 2, "both come")
    assert heard(network, "bo") == [payload, b"after"]


async def test_what_is_said_alone_is_kept_for_who_joins(network: Network) -> None:
    """The first who comes hears it, without a loss."""
    await network.start("ana")
    await network.publish("ana", b"early")
    await network.start("bo", "ana")

    await network.until(lambda: heard(network, "bo") == [b"early"], "bo hears it")
    assert told(network, "bo", RumorsLost) == []


async def test_who_joins_later_hears_from_now_on(network: Network) -> None:
    """What the others heard before is before its time: neither told nor lost."""
    await joined(network, "ana", "bo")
    await network.publish("ana", b"before")
    await network.until(lambda: heard(network, "bo") == [b"before"], "bo hears it")
    await network.start("cy", "bo")
    await network.until(lambda: neighbors(network, "cy") > 0, "cy joins")
    await network.a_while()

    await network.publish("ana", b"now")

    await network.until(lambda: b"now" in heard(network, "cy"), "cy hears")
    assert (heard(network, "cy"), told(network, "cy", RumorsLost)) == ([b"now"], [])


async def test_a_goodbye_is_no_death(network: Network) -> None:
    """Who leaves is not mourned, and why it is gone is told."""
    await joined(network, "ana", "bo")

    await network.leave("bo")

    await network.until(lambda: neighbors(network, "ana") == 0, "ana sees it")
    await network.a_while()
    reasons = [event.reason for event in told(network, "ana", NeighborDown) if isinstance(event, NeighborDown)]
    assert (reasons, told(network, "ana", NeighborDied)) == ([Reason.LEFT], [])


async def test_who_breaks_off_is_found_dead(network: Network) -> None:
    """A link that breaks without a goodbye is dialled again; three refusals are death."""
    await joined(network, "ana", "bo")

    await network.crash("bo")

    await network.until(lambda: bool(told(network, "ana", NeighborDied)), "ana finds it dead")


async def test_a_new_life_is_heard_from_its_first_rumor_on(network: Network) -> None:
    """A restart is no replay: the same numbers again, in a later epoch."""
    await joined(network, "ana", "bo")
    await network.publish("bo", b"first life")
    await network.until(lambda: heard(network, "ana") == [b"first life"], "ana hears it")
    await network.crash("bo")
    await network.until(lambda: neighbors(network, "ana") == 0, "ana sees it")
    await network.start("bo", "ana")
    await network.until(lambda: neighbors(network, "ana") == 1, "bo is back")

    await network.publish("bo", b"second life")

    await network.until(lambda: len(heard(network, "ana")) == 2, "ana hears the new life")
    runs = [event.run for event in told(network, "ana", RunDelivered) if isinstance(event, RunDelivered)]
    assert [run.payloads for run in runs] == [[b"first life"], [b"second life"]]
    assert [run.first for run in runs] == [1, 1]
    assert runs[0].epoch < runs[1].epoch


async def test_other_networks_are_refused_by_name(network: Network) -> None:
    """Both sides say so, and nothing passes."""
    await network.start("ana", network="one")
    await network.start("bo", "ana", network="two")

    await network.until(lambda: bool(told(network, "ana", Problem) and told(network, "bo", Problem)), "both say it")
    assert told(network, "bo", LinkFailed)
    assert neighbors(network, "ana") + neighbors(network, "bo") == 0


async def test_a_chain_of_joins_becomes_one_network(network: Network) -> None:
    """Each is told of the one before it only; what one end says reaches the other."""
    names = [f"peer-{number}" for number in range(6)]
    await network.start(names[0])
    for before, name in itertools.pairwise(names):
        await network.start(name, before)
        await network.until(lambda name=name: neighbors(network, name) > 0, f"{name} joins")  # type: ignore[misc]
    await network.a_while()

    await network.publish(names[0], b"along the chain")

    for name in names[1:]:
        await network.until(lambda name=name: heard(network, name) == [b"along the chain"], name)  # type: ignore[misc]
