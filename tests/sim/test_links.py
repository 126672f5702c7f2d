"""Links in the simulated world: what TCP does, and what an operating system does for a node that can't."""

from itertools import pairwise

import pytest

from rumor.core.effects import Ask, Failure
from rumor.core.frames import Probe, ProbeReply, RunRecord
from rumor.core.ids import Address, Seconds
from rumor.core.messages import Preface
from rumor.sim import Node, World
from rumor.sim.end import End
from tests.sim.echo import TextsOnly, add, core, do, hello, pair

LATENCY: Seconds = 0.01

both_carriages = pytest.mark.parametrize("real_wire", [True, False], ids=["wire", "hand"])


def world_of_one_speed(*, number: int = 0, loss: float = 0.0, frame_loss: float = 0.0, **faults: float) -> World:
    """A world in which every way takes 10 ms."""
    return World(number, latency=(LATENCY, LATENCY), loss=loss, frame_loss=frame_loss, **faults)  # type: ignore[arg-type]


def send_runs(world: World, node: Node, count: int, *, link: int, size: int = 10) -> None:
    """Let an Echo send runs, one write each."""
    for _ in range(count):
        world.call(node, lambda: core(node).send_run(link, size))


def runs(node: Node, link: int) -> list[int]:
    """The numbers of the runs that came over a link."""
    return [what.run.number for what in core(node).heard(link) if isinstance(what, RunRecord)]


def end_of(node: Node, link: int) -> End:
    """The driver's side of a link."""
    return node.ends[link]


# Coming about.


@both_carriages
def test_a_link_takes_a_round_trip_and_a_half(real_wire: bool) -> None:
    """The Hello goes with the preface once connected; the other side's preface and Hello come a way later."""
    world = World(0, latency=(LATENCY, LATENCY), real_wire=real_wire)
    target = world.start(add(world))
    dialler = world.start(add(world, target))
    world.run(1.0)
    assert core(target).heard(1) == [f"accepted from {dialler.address.host}", hello(dialler.address)]
    assert core(dialler).heard(2) == ["dialled", hello(target.address)]
    assert core(target).when(hello(dialler.address)) == pytest.approx(3 * LATENCY)
    assert core(dialler).when("dialled") == pytest.approx(4 * LATENCY)


def test_links_are_numbered_by_who_opened_them() -> None:
    """The core counts those it dials in even numbers, the driver those that come in odd ones."""
    world = World(0)
    target = world.start(add(world))
    for _ in range(3):
        world.start(add(world, target))
    world.run(1.0)
    assert list(target.ends) == [1, 3, 5]


def test_nobody_there_refuses() -> None:
    """A dial to a node that is down is refused after a round trip."""
    world = world_of_one_speed()
    nobody = add(world)
    dialler = world.start(add(world, nobody))
    world.run(1.0)
    assert core(dialler).heard(2) == [Failure.UNREACHABLE]
    assert core(dialler).when(Failure.UNREACHABLE) == pytest.approx(2 * LATENCY)


def test_a_machine_that_is_off_keeps_silent() -> None:
    """A dial to a machine that is off ends with its timeout."""
    world = World(0)
    gone = world.start(add(world))
    world.crash(gone, off=True)
    dialler = world.start(add(world, gone))
    world.run(10.0)
    assert core(dialler).inputs == [(5.0, 2, Failure.UNREACHABLE)]


def test_a_frozen_node_is_connected_to_and_keeps_silent() -> None:
    """Its operating system takes the connection; it reads the preface, and what came with it, when it thaws."""
    world = World(0)
    target = world.start(add(world))
    world.freeze(target)
    dialler = world.start(add(world, target))
    world.run(20.0)
    assert core(dialler).inputs == []
    world.thaw(target)
    world.run(1.0)
    assert core(target).heard(1) == [f"accepted from {dialler.address.host}", hello(dialler.address)]
    assert core(dialler).heard(2) == ["dialled", hello(target.address)]


def test_a_lost_knock_is_repeated() -> None:
    """With half of all packets lost a link still comes about, later."""
    late = 0
    for number in range(20):
        world = World(number, loss=0.5)
        dialler, target = pair(world)
        assert core(target).heard(1)[1:] in ([hello(dialler.address)], [])
        late += core(dialler).when("dialled") > 0.2 if "dialled" in core(dialler).heard(2) else 0
    assert late > 5


def test_who_speaks_no_frames_may_give_the_preface_back() -> None:
    """It gets a text; who dialled hears that it was echoed, and the end."""
    world = World(0)
    texts = world.start(world.add(lambda _: TextsOnly()))
    dialler = world.start(add(world, texts))
    world.run(1.0)
    assert core(dialler).heard(2) == ["dialled", Failure.CLOSED]


def test_a_preface_that_is_asked_for_comes_from_a_peer_too() -> None:
    """Its core sees a link that ends without a Hello."""
    world = World(0)
    target = world.start(add(world))
    asker = world.start(add(world))
    world.call(asker, lambda: core(asker).ask(Ask(target.address, Preface(), 1.0)))
    world.run(1.0)
    assert core(asker).heard(0) == [Preface()]
    assert core(target).heard(1) == [f"accepted from {asker.address.host}", Failure.CLOSED]


# Carrying.


@both_carriages
def test_what_is_written_together_is_read_together(real_wire: bool) -> None:
    """Frames that one pull gave come in one turn, in order."""
    world = World(0, real_wire=real_wire)
    dialler, target = pair(world)
    turns = core(target).turns
    do(world, dialler, *map(Probe, range(5)), link=2)
    world.run(1.0)
    assert core(target).heard(1)[2:] == [Probe(number) for number in range(5)]
    assert core(target).turns == turns + 1
    assert core(dialler).heard(2)[2:] == [ProbeReply(number) for number in range(5)]


@both_carriages
def test_a_run_arrives_with_its_bytes(real_wire: bool) -> None:
    """Either way of carrying gives the run and what it was made from."""
    world = World(0, real_wire=real_wire)
    dialler, target = pair(world)
    send_runs(world, dialler, 3, link=2, size=1000)
    world.run(1.0)
    records = [what for what in core(target).heard(1) if isinstance(what, RunRecord)]
    assert [(record.run.number, record.run.payloads) for record in records] == [(n, [bytes(1000)]) for n in (1, 2, 3)]
    assert all(len(record.raw) > 1000 for record in records)
    assert target.copies == 3


@pytest.mark.parametrize("number", range(10))
def test_order_is_kept_whatever_is_lost(number: int) -> None:
    """Loss delays, and nothing overtakes or vanishes."""
    world = World(number, latency=(0.001, 0.1))
    dialler, target = pair(world)
    world.loss = 0.3
    send_runs(world, dialler, 50, link=2)
    world.run(600.0)
    assert runs(target, 1) == list(range(1, 51))


def test_a_lost_segment_holds_back_what_follows() -> None:
    """It comes a retransmission time later at least."""
    world = world_of_one_speed(number=3)
    dialler, target = pair(world)
    world.loss = 0.5
    send_runs(world, dialler, 20, link=2)
    world.run(600.0)
    moments = [moment - 10.0 for moment, _, what in core(target).inputs if isinstance(what, RunRecord)]
    assert moments == sorted(moments)
    assert {round(moment, 2) for moment in moments} <= {0.01, 0.21, 0.61, 1.41, 3.01, 6.21}
    assert moments[-1] > 0.2


def test_bandwidth_limits_a_link() -> None:
    """A megabyte over a line of a megabyte a second takes a second."""
    world = World(0, latency=(0.0, 0.0), bandwidth=1_000_000, backlog=10_000_000)
    dialler, target = pair(world)
    send_runs(world, dialler, 100, link=2, size=10_000)
    world.run(0.5)
    assert 48 <= len(runs(target, 1)) <= 50
    world.run(0.6)
    assert len(runs(target, 1)) == 100


# Room.


def test_a_frozen_node_stops_its_sender() -> None:
    """So much is under way and no more, until it reads again; then everything comes, in order."""
    world = World(0, backlog=10_000)
    dialler, target = pair(world)
    world.freeze(target)
    send_runs(world, dialler, 100, link=2, size=1000)
    world.run(60.0)
    assert 10_000 <= end_of(dialler, 2).in_flight < 12_000
    world.thaw(target)
    world.run(5.0)
    assert runs(target, 1) == list(range(1, 101))
    assert end_of(dialler, 2).in_flight == 0


def test_a_slow_node_stops_its_sender() -> None:
    """One that takes 0.1 s for each frame is sent as much as it takes."""
    world = World(0, backlog=3_000)
    dialler, target = pair(world)
    world.slow(target, 0.1)
    send_runs(world, dialler, 40, link=2, size=1000)
    world.run(2.0)
    assert 8 <= len(runs(target, 1)) <= 20
    assert end_of(dialler, 2).in_flight > 0
    world.run(20.0)
    assert runs(target, 1) == list(range(1, 41))
    moments = [moment for moment, _, what in core(target).inputs if isinstance(what, RunRecord)]
    assert moments[-1] - moments[0] >= 3.9 - 1e-6


# Ending.


def test_a_crash_closes_links() -> None:
    """The other side hears of it one way later, after what was written before."""
    world = world_of_one_speed()
    dialler, target = pair(world)
    do(world, target, Probe(7), link=1)
    world.crash(target)
    world.run(1.0)
    assert core(dialler).heard(2)[2:] == [Probe(7), Failure.CLOSED]
    assert core(dialler).when(Failure.CLOSED) == pytest.approx(10.0 + LATENCY)
    assert (dialler.ends, dialler.sockets) == ({}, {})


def test_a_machine_that_goes_off_closes_nothing() -> None:
    """The other side learns of it only by writing, and after a long time; if the machine is on again, by a reset."""
    for comes_back in (False, True):
        world = World(0, break_after=60.0)
        dialler, target = pair(world)
        world.crash(target, off=True)
        do(world, dialler, Probe(1), link=2)
        world.run(30.0)
        assert core(dialler).heard(2)[2:] == []
        if comes_back:
            world.restart(target)
        world.run(29.0)
        assert core(dialler).heard(2)[2:] == ([Failure.CLOSED] if comes_back else [])
        world.run(10.0)
        assert core(dialler).heard(2)[2:] == [Failure.CLOSED]


def test_hanging_up_sends_what_is_left() -> None:
    """What the core left goes first; then the other side hears of the end, and we hear nothing more."""
    world = World(0)
    dialler, target = pair(world)
    do(world, target, Probe(3), link=1)
    do(world, dialler, Probe(1), Probe(2), link=2)
    world.call(dialler, lambda: core(dialler).hang_up(2))
    world.run(1.0)
    assert core(target).heard(1)[2:] == [Probe(1), Probe(2), Failure.CLOSED]
    assert core(dialler).heard(2)[2:] == []
    assert (dialler.ends, dialler.sockets, target.ends, target.sockets) == ({}, {}, {}, {})


def test_hanging_up_waits_a_second_for_room() -> None:
    """A link to a frozen node is closed after a second, whatever is left."""
    world = World(0, backlog=2_000)
    dialler, target = pair(world)
    world.freeze(target)
    send_runs(world, dialler, 10, link=2, size=1000)
    world.call(dialler, lambda: core(dialler).hang_up(2))
    world.run(0.9)
    assert len(dialler.sockets) == 1
    world.run(0.2)
    assert len(dialler.sockets) == 0
    world.thaw(target)
    world.run(1.0)
    assert core(target).heard(1)[-1] == Failure.CLOSED
    assert len(runs(target, 1)) == 2


def test_a_restarted_node_knows_nothing_of_its_links() -> None:
    """The other side hears of the crash, and no frame for the former life reaches the new one."""
    world = World(0)
    dialler, target = pair(world)
    do(world, dialler, Probe(1), link=2)
    world.restart(target)
    world.run(1.0)
    assert core(target).inputs == []
    assert core(dialler).heard(2)[2:] == [Failure.CLOSED]


@pytest.mark.parametrize("at", [0.005, 0.015, 0.025, 0.035, 0.045])
def test_a_crash_while_a_link_comes_about_ends_it(at: Seconds) -> None:
    """Whenever one of the two ends, nothing is left of the link on either side."""
    for who in (0, 1):
        world = world_of_one_speed()
        target = world.start(add(world))
        dialler = world.start(add(world, target))
        world.run(at)
        world.crash((dialler, target)[who])
        world.run(10.0)
        assert (dialler.ends, dialler.sockets, target.ends, target.sockets) == ({}, {}, {}, {})


# Partitions.


def test_a_partition_holds_back_and_healing_lets_go() -> None:
    """What is sent across comes after healing, in order, and nobody was told of anything."""
    world = World(0)
    dialler, target = pair(world)
    world.split([dialler], [target])
    send_runs(world, dialler, 3, link=2)
    world.run(20.0)
    assert runs(target, 1) == []
    world.heal()
    send_runs(world, dialler, 2, link=2)
    world.run(21.0)
    assert runs(target, 1) == [1, 2, 3, 4, 5]
    assert Failure.CLOSED not in [*core(dialler).heard(2), *core(target).heard(1)]


def test_a_long_partition_breaks_the_link_of_who_writes() -> None:
    """The other side learns of it when it writes itself, once that passes."""
    world = World(0, break_after=60.0)
    dialler, target = pair(world)
    world.split([dialler], [target])
    do(world, dialler, Probe(1), link=2)
    world.run(61.0)
    assert core(dialler).heard(2)[2:] == [Failure.CLOSED]
    world.heal()
    world.run(100.0)
    assert core(target).heard(1)[2:] == []
    do(world, target, Probe(2), link=1)
    world.run(1.0)
    assert core(target).heard(1)[2:] == [Failure.CLOSED]


def test_a_dial_across_a_partition_waits_for_healing() -> None:
    """It knocks again, and gets through if the partition heals in time."""
    for healed_in_time in (True, False):
        world = World(0)
        target = world.start(add(world))
        dialler = add(world, target)
        world.split([dialler], [target])
        world.start(dialler)
        world.run(1.5 if healed_in_time else 6.0)
        world.heal()
        world.run(10.0)
        first = core(dialler).inputs[0]
        assert first[2] == ("dialled" if healed_in_time else Failure.UNREACHABLE)


def test_a_block_stops_one_way_only() -> None:
    """What goes the other way arrives, but its sender gets no word of it, and its link breaks too in the end."""
    world = World(0, break_after=60.0)
    dialler, target = pair(world)
    world.block([dialler], [target])
    do(world, target, Probe(1), link=1)
    world.run(10.0)
    assert core(dialler).heard(2)[2:] == [Probe(1)]
    assert core(target).heard(1)[2:] == []
    assert end_of(target, 1).in_flight > 0
    world.heal()
    world.run(20.0)
    assert core(target).heard(1)[2:] == [ProbeReply(1)]
    assert end_of(target, 1).in_flight == 0
    world.block([dialler], [target])
    do(world, target, Probe(2), link=1)
    world.run(61.0)
    assert core(target).heard(1)[3:] == [Failure.CLOSED]


# Beyond TCP.


@pytest.mark.parametrize("number", range(5))
def test_frames_may_be_dropped_doubled_and_shuffled(number: int) -> None:
    """Each fault does what it says to about its share of frames, and nothing is left under way."""
    world = World(number)
    dialler, target = pair(world)
    faults = world.faults
    faults.loss, faults.duplication, faults.reordering = 0.2, 0.2, 0.2
    send_runs(world, dialler, 500, link=2)
    world.run(10.0)
    came = runs(target, 1)
    assert 60 <= 500 - len(set(came)) <= 140
    assert 40 <= len(came) - len(set(came)) <= 120
    assert any(later < earlier for earlier, later in pairwise(came))
    assert end_of(dialler, 2).in_flight == 0


def test_a_spoilt_frame_is_told_to_the_core() -> None:
    """Bytes that are no frame come to the core as a sentence."""
    world = World(0)
    dialler, target = pair(world)
    world.garble(dialler, target)
    do(world, dialler, Probe(1), link=2)
    world.run(1.0)
    (wrong,) = core(target).heard(1)[2:]
    assert str(wrong).startswith("bad: a frame of")


def test_an_unknown_address_refuses() -> None:
    """Where no node ever was, nobody is there."""
    world = World(0)
    dialler = world.start(world.add(lambda node: type(core(add(world)))(node.address, [Address("10.9.9.9", 1)])))
    world.run(1.0)
    assert core(dialler).heard(2) == [Failure.UNREACHABLE]
