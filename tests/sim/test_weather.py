"""What befalls single nodes: losses of their own, deafness by turns, input that is read late."""

from itertools import pairwise

import pytest

from rumor.core.effects import Ask, Failure
from rumor.core.frames import Probe, ProbeReply
from rumor.core.ids import Address, Seconds
from rumor.core.messages import Preface
from rumor.sim import Node, World
from tests.sim.echo import add, core, do, hello, pair


def arrivals(node: Node, link: int, kind: type) -> list[Seconds]:
    """When frames of one kind came."""
    return [moment for moment, by, what in core(node).inputs if by == link and isinstance(what, kind)]


def still_world(**weather: float) -> World:
    """A world in which every way takes 10 ms."""
    return World(1, latency=(0.01, 0.01), **weather)  # type: ignore[arg-type]


# Losses of one node.


@pytest.mark.parametrize(("outgoing", "incoming"), [(0.8, 0.0), (0.0, 0.8)])
def test_one_node_loses_one_way(outgoing: float, incoming: float) -> None:
    """What it loses comes late, since TCP repeats it; what goes the other way comes at once."""
    world = still_world()
    sound, lossy = pair(world)
    world.lose(lossy, outgoing=outgoing, incoming=incoming)
    for number in range(10):
        do(world, sound, Probe(number), link=2)
        do(world, lossy, Probe(number), link=1)
    world.run(6000.0)
    late = {node: arrivals(node, link, Probe)[-1] > 10.2 for node, link in ((sound, 2), (lossy, 1))}
    assert late == {sound: outgoing > 0.0, lossy: incoming > 0.0}
    assert len(arrivals(sound, 2, Probe)) == len(arrivals(lossy, 1, Probe)) == 10


def test_losses_add_up() -> None:
    """What a network loses, a sender and a receiver are lost one after another, and end one by one."""
    world = still_world(loss=0.5)
    one, other, third = (add(world) for _ in range(3))
    world.lose(one, outgoing=0.5)
    world.lose(other, incoming=0.5, outgoing=0.9)
    between = world.weather.loss_between
    assert between(one.address, other.address) == pytest.approx(0.875)
    assert between(other.address, one.address) == pytest.approx(0.95)
    assert between(third.address, one.address) == pytest.approx(0.5)
    world.lose(other)
    assert between(one.address, other.address) == pytest.approx(0.75)


def test_texts_of_a_lossy_node_fail() -> None:
    """A question is lost on the way there or back, and then nothing answers it."""
    world = still_world()
    asker, target = (world.start(add(world)) for _ in range(2))
    world.lose(target, outgoing=0.999999)
    world.call(asker, lambda: core(asker).ask(Ask(target.address, Preface(), 1.0)))
    world.run(2.0)
    assert core(asker).heard(0) == [Failure.SILENT]


# Blocks.


def test_a_deaf_node_is_heard() -> None:
    """Nothing comes to it from anybody; what it says arrives."""
    world = still_world()
    sound, deaf = pair(world)
    block = world.block(targets=[deaf])
    do(world, deaf, Probe(1), link=1)
    do(world, sound, Probe(2), link=2)
    world.run(5.0)
    assert arrivals(sound, 2, Probe) == [pytest.approx(10.01)]
    assert arrivals(deaf, 1, Probe) == []
    world.unblock(block)
    world.run(6.0)
    assert arrivals(deaf, 1, Probe) != []


def test_blocks_end_one_by_one() -> None:
    """The end of one leaves others as they are; one that was healed with all others ends without harm."""
    world = still_world()
    one, other = (add(world) for _ in range(2))
    stops = world.weather.stops
    first, second = world.block(targets=[one]), world.block([other])
    world.unblock(first)
    assert (stops(other.address, one.address), stops(one.address, other.address)) == (True, False)
    world.heal()
    world.unblock(second)
    assert not world.weather.is_cut


# Starved nodes.


def test_a_starved_node_reads_late_and_in_order() -> None:
    """From half a second to two and a half late, and never what came later first."""
    world = still_world()
    sound, starved = pair(world)
    world.starve(starved)
    for number in range(40):
        do(world, sound, Probe(number), link=2)
        world.run(1.0)
    world.run(3.0)
    read = [(moment, what.number) for moment, _, what in core(starved).inputs if isinstance(what, Probe)]
    lateness = [moment - (10.01 + number) for moment, number in read]
    assert [number for _, number in read] == list(range(40))
    assert all(0.5 <= late <= 2.5 + 1e-6 for late in lateness)
    assert max(lateness) - min(lateness) > 1.0


def test_what_several_tell_a_starved_node_is_read_in_order_of_arrival() -> None:
    """There is one queue for all connections."""
    world = still_world()
    starved = world.start(add(world))
    tellers = [world.start(add(world, starved)) for _ in range(3)]
    world.run(1.0)
    world.starve(starved)
    for number in range(30):
        do(world, tellers[number % 3], Probe(number), link=2)
        world.run(0.1)
    world.run(3.0)
    assert [what.number for _, _, what in core(starved).inputs if isinstance(what, Probe)] == list(range(30))


def test_a_starved_node_speaks_at_once() -> None:
    """What its timers make it say goes out on time; the answers are read late, and so is a dial that succeeds."""
    world = still_world()
    sound, starved = pair(world)
    world.starve(starved, (1.0, 1.0))
    do(world, starved, Probe(7), link=1)
    world.run(2.0)
    assert arrivals(sound, 2, Probe) == [pytest.approx(10.01)]
    assert arrivals(starved, 1, ProbeReply) == [pytest.approx(11.02)]


def test_a_starved_dialler_is_connected_late() -> None:
    """Its preface goes out only when it has read that it is connected; its timeouts come on time."""
    world = still_world()
    target = world.start(add(world))
    dialler = add(world, target)
    world.starve(dialler, (1.0, 1.0))
    world.start(dialler)
    world.run(3.0)
    assert core(target).when(hello(dialler.address)) == pytest.approx(1.03)
    gone = Address("10.9.9.9", 1)
    world.call(dialler, lambda: core(dialler).ask(Ask(gone, Preface(), 0.5)))
    world.run(3.0)
    assert [moment for moment, _, what in core(dialler).inputs if what is Failure.UNREACHABLE] == [pytest.approx(3.5)]


def test_a_node_that_is_starved_no_more_reads_the_rest_first() -> None:
    """What waits is read when it would have been; nothing overtakes it."""
    world = still_world()
    sound, fed = pair(world)
    world.starve(fed, (2.0, 2.0))
    do(world, sound, Probe(1), link=2)
    world.run(0.5)
    world.starve(fed, (0.0, 0.0))
    do(world, sound, Probe(2), link=2)
    world.run(5.0)
    do(world, sound, Probe(3), link=2)
    world.run(1.0)
    assert arrivals(fed, 1, Probe) == [pytest.approx(12.01), pytest.approx(12.01), pytest.approx(15.51)]


def test_a_frozen_starved_node_reads_in_order_after_its_thaw() -> None:
    """Both together keep the order, too."""
    world = still_world()
    sound, starved = pair(world)
    world.starve(starved)
    for number in range(20):
        do(world, sound, Probe(number), link=2)
        world.run(0.2)
        if number == 5:
            world.freeze(starved)
    world.thaw(starved)
    world.run(3.0)
    numbers = [what.number for _, _, what in core(starved).inputs if isinstance(what, Probe)]
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))
    assert len(numbers) == 20


def test_a_crash_forgets_what_was_not_read() -> None:
    """Nothing that was meant for a former life reaches the next one."""
    world = still_world()
    sound, starved = pair(world)
    world.starve(starved)
    do(world, sound, Probe(1), link=2)
    world.run(0.1)
    world.restart(starved)
    world.run(5.0)
    assert core(starved).inputs == []


# Bytes.


def test_bytes_that_a_node_sends_are_counted() -> None:
    """All of them at the node; by kinds of frames where traffic is counted."""
    world = still_world()
    sound, other = pair(world)
    before, traffic = sound.sent_bytes, world.count_traffic()
    do(world, sound, Probe(1), Probe(2), link=2)
    world.run(1.0)
    assert traffic.frames == {"Probe": 2, "ProbeReply": 2}
    assert sound.sent_bytes - before == traffic.bytes["Probe"] > 0
    assert other.sent_bytes > traffic.bytes["ProbeReply"] > 0
