"""Seeds that tell each other whom they list: any of them may go, and nobody who answers is struck off.

Each peer knows one of three seeds only, so that the others hear of it by exchanges alone.
"""

from collections.abc import Sequence

import msgspec

from rumor.core.events import PeerStruckOff
from rumor.core.ids import Seconds
from rumor.core.seed import Seed
from rumor.core.settings import Settings, profile
from rumor.sim.liars import Liar, Lie
from rumor.sim.node import Node
from rumor.sim.scenarios.registry import scenario
from rumor.sim.world import World

EXCHANGE: Seconds = 2.0
"""How often a seed tells another one, here: five times as often as by default, as all that is below."""

LEASE: Seconds = 36.0

TOLD: Seconds = 6 * EXCHANGE
"""By then every seed has told both others, though it chooses whom to tell by chance."""

STRUCK_OFF: Seconds = 1.5 * LEASE + TOLD
"""By then everybody who was gone is struck off by all."""


def settings() -> Settings:
    """Those of a LAN, with leases and exchanges five times as quick."""
    lan = profile("lan")
    replace = msgspec.structs.replace
    registry = replace(lan.registry, lease=LEASE, exchange_interval=EXCHANGE, ask_timeout=1.0)
    registration = replace(lan.registration, renewal_interval=LEASE / 3, retry_longest=LEASE / 3)
    return replace(lan, registry=registry, registration=registration)


def found(number: int, *, loss: float = 0.0) -> tuple[World, list[Node], list[Node]]:
    """Three seeds that list nine peers, each of which registered with one; the world, the seeds and the peers."""
    world = World(number, settings(), loss=loss)
    seeds = world.seeds(3)
    peers = [world.start(world.peer([seeds[place % 3]])) for place in range(9)]
    expect_listed(world, seeds, peers, within=TOLD)
    return world, seeds, peers


def expect_listed(world: World, seeds: Sequence[Node], peers: Sequence[Node], *, within: Seconds) -> None:
    """Each seed that runs lists all the peers that run, and no other, in time."""

    def wrong() -> list[str]:
        running = {peer.address for peer in peers if peer.up}
        lists = [(seed, listed(seed)) for seed in seeds if seed.up]
        extra = [f"{seed} lists {address}" for seed, there in lists for address in there - running]
        return extra + [f"{seed} does not list {address}" for seed, there in lists for address in running - there]

    world.run_until(lambda: not wrong(), at_most=within, every=0.25)
    world.check(wrong())


def listed(seed: Node) -> set[object]:
    """The addresses that a seed lists."""
    assert isinstance(seed.core, Seed)
    return {member.address for member in seed.core.members()}


def struck_off(seeds: Sequence[Node], peers: Sequence[Node]) -> list[str]:
    """Who of the peers was struck off by which seed, ever."""
    addresses = {peer.address for peer in peers}
    return [
        f"{seed} struck off {event.peer}" for seed in seeds for event in seed.events(PeerStruckOff)
        if event.peer in addresses
    ]  # fmt: skip


@scenario
def seeds_exchange(number: int) -> World:
    """Peers know one of three seeds each; all seeds list all, whoever crashes, comes back or is cut off meanwhile."""
    world, seeds, peers = found(number, loss=0.01)
    gone = seeds[number % 3]
    world.crash(gone)
    others = [seed for seed in seeds if seed is not gone]
    peers += [world.start(world.peer([seed])) for seed in others]
    expect_listed(world, others, peers, within=TOLD)
    world.restart(gone, remembers=number % 2 == 0)
    expect_listed(world, seeds, peers, within=TOLD)
    world.split([gone])
    peers += [world.start(world.peer([seed])) for seed in others]
    world.run(LEASE / 3)
    world.heal()
    expect_listed(world, seeds, peers, within=TOLD)
    world.check(struck_off(seeds, peers))
    return world


@scenario
def seed_restarts_at_once(number: int) -> World:
    """A seed that crashes and has its registry lists all whom it had acknowledged, before it hears from anybody."""
    world = World(number, settings())
    (seed,) = world.seeds(1)
    peers = [world.start(world.peer([seed])) for _ in range(20)]
    world.run(world.rng.uniform(0.0, 0.1))
    acknowledged = {peer.address for peer in peers if peer.seeds}
    world.crash(seed)
    world.run(1.0)
    world.restart(seed, remembers=True)
    world.check([f"{seed} forgot {address}" for address in acknowledged - listed(seed)])
    expect_listed(world, [seed], peers, within=LEASE)
    return world


@scenario
def struck_off_for_good(number: int) -> World:
    """Who crashed is struck off, and no other seed's older word brings it back, also to one that was restarted."""
    world, seeds, peers = found(number)
    dead = peers[number % 9]
    cut_off = seeds[(number + 1) % 3]
    knowing = [seed for seed in seeds if seed is not cut_off]
    world.split([cut_off])
    world.crash(dead)
    world.run_until(lambda: all(dead.address not in listed(seed) for seed in knowing), at_most=STRUCK_OFF)
    world.check([f"{seed} still lists {dead.address}" for seed in knowing if dead.address in listed(seed)])
    restarted = world.restart(knowing[number % 2], remembers=True)
    world.heal()
    end = world.now + STRUCK_OFF
    while world.now < end:
        world.run(0.25)
        world.check([f"{seed} lists the dead again" for seed in knowing if dead.address in listed(seed)])
    assert restarted.up
    expect_listed(world, seeds, peers, within=TOLD)
    world.restart(dead)
    expect_listed(world, seeds, peers, within=TOLD)
    return world


@scenario
def seeds_spare_the_living(number: int) -> World:
    """One of ten tells all seeds again and again that the others are dead; no seed strikes off anybody who answers."""
    world, seeds, peers = found(number, loss=0.01)
    liar = world.start(world.peer(seeds, kind=Liar))
    peers.append(liar)
    expect_listed(world, seeds, peers, within=TOLD)
    core = liar.core
    assert isinstance(core, Liar)
    core.lie([Lie.REPORT], [seed.address for seed in seeds])
    world.run(LEASE / 2)
    victim = world.rng.choice(peers[:-1])
    world.crash(victim)
    expect_listed(world, seeds, peers, within=TOLD)
    core.stop_lying()
    world.run(LEASE)
    expect_listed(world, seeds, peers, within=TOLD)
    world.check(struck_off(seeds, [peer for peer in peers if peer is not victim]))
    return world
