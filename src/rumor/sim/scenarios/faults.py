"""What a network lives through."""

from collections.abc import Callable

from rumor.core.ids import Seconds
from rumor.sim.chaos import Chaos
from rumor.sim.node import Node
from rumor.sim.scenarios.registry import scenario
from rumor.sim.scenarios.stories import expect_everybody_hears, populate, settle
from rumor.sim.settled import MARGIN
from rumor.sim.world import World

CALM: Seconds = 120.0
"""How long a network may take to be in order again after the last mishap."""

PEERS = (3, 10)
"""From how few to how many; most bugs need no more, and small worlds are told quickly, with many numbers."""

DURATION = (5.0, 30.0)
"""For how long mishaps happen."""

HEADS_LATE: Seconds = 10.0
"""Where frames are lost, a newcomer learns late where streams are: by the next comparisons with its neighbors."""

LONGEST: tuple[Seconds, ...] = (2.0, 10.0, 30.0)
"""How long each lasts at most: some are over before anybody is buried, some outlast every memory of it."""


def live_through(number: int, mishaps: Callable[[Chaos], list[Callable[[], None]]], *, loss: float = 0.0) -> World:
    """Mishaps of some kinds for a while, in a network of a few; then all must be in order within two minutes."""
    world = World(number, latency=(0.0005, 0.05), loss=loss)
    everybody, seeds = populate(world, peers=world.rng.randint(*PEERS), seeds=world.rng.randint(1, 3))
    chaos = Chaos(world, seeds, everybody, longest=world.rng.choice(LONGEST))
    chaos.mishaps = [*mishaps(chaos), chaos.publish, chaos.publish]
    chaos.run(world.rng.uniform(*DURATION), every=2.0)
    world.loss = 0.0
    calm_down(world, everybody)
    return world


def calm_down(world: World, peers: list[Node], *, margin: Seconds = MARGIN) -> None:
    """All is in order again in time, and a rumor reaches everybody."""
    settle(world, peers, within=CALM, margin=margin)
    expect_everybody_hears(world, peers, world.rng.choice(peers), within=5.0)


@scenario
def churn(number: int) -> World:
    """Peers crash and come back, empty: in the end nobody lacks anything."""
    return live_through(number, lambda chaos: [chaos.crash, chaos.crash, chaos.power_off])


@scenario
def clocks_set_back(number: int) -> World:
    """Peers come back with their clocks set back: they are heard again all the same."""
    return live_through(number, lambda chaos: [chaos.restart_in_the_past])


@scenario
def stops(number: int) -> World:
    """Peers freeze, and are slow, for a while: they catch up, or are told what they lost."""
    return live_through(number, lambda chaos: [chaos.freeze, chaos.slow])


@scenario
def partitions(number: int) -> World:
    """Peers are on two sides, or reach others only one way, for a while: both sides hear what the other said."""
    return live_through(number, lambda chaos: [chaos.split, chaos.block, chaos.cut_off_seeds])


@scenario
def long_partitions(number: int) -> World:
    """Two sides are apart for one to five minutes, and both speak: in the end each rumor was heard or declared lost."""
    world = World(number, latency=(0.0005, 0.05))
    peers, _ = populate(world, peers=world.rng.randint(*PEERS), seeds=world.rng.randint(1, 3))
    for peer in peers:
        world.start(peer)
    settle(world, peers, within=30.0)
    world.split([peer for peer in peers if world.rng.random() < 0.5])
    end = world.now + world.rng.uniform(60.0, 300.0)
    while world.now < end:
        world.run(world.rng.uniform(0.0, 20.0))
        world.publish(world.rng.choice(peers))
    world.heal()
    calm_down(world, peers)
    return world


@scenario
def loss(number: int) -> World:
    """One packet in ten is lost, and peers crash and freeze."""
    return live_through(number, lambda chaos: [chaos.crash, chaos.freeze], loss=0.1)


@scenario
def everything(number: int) -> World:
    """All mishaps together."""
    return live_through(number, all_mishaps, loss=0.02)


def all_mishaps(chaos: Chaos) -> list[Callable[[], None]]:
    """One of each."""
    ends = [chaos.crash, chaos.power_off, chaos.restart_in_the_past]
    return [*ends, chaos.freeze, chaos.slow, chaos.split, chaos.block, chaos.cut_off_seeds]


@scenario
def harsh_frames(number: int) -> World:
    """Frames are dropped, doubled and shuffled, as TCP never does: nothing comes twice, disordered, or not at all."""
    world = World(number, frame_loss=0.1, duplication=0.1, reordering=0.1)
    peers, _ = populate(world, peers=world.rng.randint(*PEERS))
    for peer in peers:
        world.start(peer)
    for _ in range(15):
        world.run(world.rng.uniform(0.0, 2.0))
        world.publish(world.rng.choice(peers))
    world.faults.loss = world.faults.duplication = world.faults.reordering = 0.0
    calm_down(world, peers, margin=HEADS_LATE)
    return world
