"""Who is gone is known to be gone, soon; and nobody else."""

from functools import partial

from rumor.core.ids import Seconds
from rumor.core.members import State
from rumor.core.peer import Peer
from rumor.sim.node import Node
from rumor.sim.scenarios.registry import on_demand, scenario
from rumor.sim.scenarios.stories import (
    acquainted,
    expect_agreement,
    expect_no_false_deaths,
    note_doubts,
    seconds_until_dead,
)
from rumor.sim.world import World

MILD: tuple[Seconds, Seconds] = (0.001, 0.003)
"""2 ms, 1 ms more or less: what kinship's figures are taken in."""

SOON: Seconds = 10.0
"""So long after the last mishap all directories are right again."""

REFUSED: Seconds = 0.15
"""A crashed process refuses connections, so that all know soon."""


# One.


@scenario
def kill(number: int) -> World:
    """One of 32 peers crashes, its machine refuses connections: all others know that it is dead within 150 ms."""
    world, peers, _ = acquainted(number, peers=32)
    return lose_one(world, peers, off=False, within=REFUSED)


@scenario
def silent_crash(number: int) -> World:
    """One of 100 peers falls silent, with 1 % loss: all others know that it is dead within 5 s, and nobody else is."""
    world, peers, _ = acquainted(number, peers=100, latency=MILD, loss=0.01)
    return lose_one(world, peers, off=True, within=5.0)


def lose_one(world: World, peers: list[Node], *, off: bool, within: Seconds) -> World:
    """One crashes, and all others give it up in time."""
    victim = world.rng.choice(peers)
    world.crash(victim, off=off)
    took = seconds_until_dead(world, [victim], peers, since=world.now, within=within)
    world.figures["seconds until the first knows"] = took[0]
    world.figures["seconds until half know"] = took[len(took) // 2]
    world.figures["seconds until all know"] = took[-1]
    expect_no_false_deaths(world)
    expect_agreement(world, peers, within=SOON)
    note_doubts(world)
    return world


# Many.


def lose_many(number: int, *, peers: int, share: float, off: bool, within: Seconds) -> World:
    """A share of all peers crashes at once, and all seeds: all others give all of them up in time, and nobody else."""
    world, everybody, seeds = acquainted(number, peers=peers)
    victims = world.rng.sample(everybody, round(peers * share))
    world.crash(*seeds, *victims, off=off)
    took = seconds_until_dead(world, victims, everybody, since=world.now, within=within)
    world.figures["seconds until half of all is known"] = took[len(took) // 2]
    world.figures["seconds until all is known"] = took[-1]
    expect_no_false_deaths(world)
    expect_agreement(world, everybody, within=SOON, every=1.0)
    return world


ALL_BURIED: Seconds = 30.0
"""So long after most have crashed at once each survivor knows of each of them."""


@scenario
def kill_80(number: int) -> World:
    """Of 60 peers 80 % crash at once, and all seeds: half a minute later every survivor knows of every one."""
    return lose_many(number, peers=60, share=0.8, off=False, within=ALL_BURIED)


@scenario
def kill_95(number: int) -> World:
    """Of 100 peers 95 % crash at once, and all seeds: half a minute later every survivor knows of every one."""
    return lose_many(number, peers=100, share=0.95, off=False, within=ALL_BURIED)


@scenario
def silence_80(number: int) -> World:
    """Of 60 peers 80 % fall silent at once, and all seeds: half a minute later every survivor knows of every one."""
    return lose_many(number, peers=60, share=0.8, off=True, within=ALL_BURIED)


@on_demand
def kill_80_of_1000(number: int) -> World:
    """The same as kill_80 with 1,000 peers."""
    return lose_many(number, peers=1000, share=0.8, off=False, within=ALL_BURIED)


@on_demand
def kill_95_of_1000(number: int) -> World:
    """The same as kill_95 with 1,000 peers."""
    return lose_many(number, peers=1000, share=0.95, off=False, within=ALL_BURIED)


@on_demand
def silence_80_of_1000(number: int) -> World:
    """The same as silence_80 with 1,000 peers."""
    return lose_many(number, peers=1000, share=0.8, off=True, within=ALL_BURIED)


# Those that are not gone.


@scenario
def one_sided(number: int) -> World:
    """Two neighbors don't reach each other for a minute: nobody dies, and nobody but those two doubts anybody."""
    world, peers, _ = acquainted(number, peers=12)
    one = world.rng.choice(peers)
    other = next(peer for peer in peers if peer.name in one.neighbor_links)
    accused = {one.name: other.name, other.name: one.name}
    world.block([one], [other])
    world.block([other], [one])
    seen: dict[str, set[str]] = {one.name: set(), other.name: set()}
    for _ in range(600):
        world.run(0.1)
        for peer in peers:
            note_accusers(peer, seen)
    wrong = [
        f"{name} is accused by {sorted(accusers)}" for name, accusers in seen.items() if accusers - {accused[name]}
    ]
    world.check(wrong)
    world.heal()
    expect_no_false_deaths(world)
    expect_agreement(world, peers, within=SOON)
    return world


def note_accusers(peer: Node, seen: dict[str, set[str]]) -> None:
    """Who accuses whom, as a peer can say."""
    assert isinstance(peer.core, Peer)
    for name, accusers in seen.items():
        why = peer.core.why(name)
        if why is not None and why.member.state is State.SUSPECT:
            accusers.update(statement.accuser for statement in why.statements)


@scenario
def long_freeze(number: int) -> World:
    """One of 16 peers stops for 20 s, and is dead; when it goes on, all know within 5 s that it lives, and who else."""
    world, peers, _ = acquainted(number, peers=16)
    stopped = world.rng.choice(peers)
    world.freeze(stopped)
    seconds_until_dead(world, [stopped], [peer for peer in peers if peer is not stopped], since=world.now, within=10.0)
    world.run(world.rng.uniform(10.0, 20.0))
    world.thaw(stopped)
    world.figures["seconds until all know that it lives"] = expect_agreement(world, peers, within=5.0)
    expect_no_false_deaths(world)
    return world


def hiccup(number: int, *, peers: int, duration: Seconds, every: Seconds) -> World:
    """Some stop for up to 2 s again and again; in the end all live for all, and no false death lasted."""
    world, everybody, _ = acquainted(number, peers=peers)
    end = world.now + duration
    while world.now < end:
        world.run(world.rng.expovariate(1.0 / every))
        awake = [peer for peer in everybody if not peer.frozen]
        if awake:
            stopped = world.rng.choice(awake)
            world.freeze(stopped)
            world.at(world.rng.uniform(0.0, 2.0), partial(world.thaw, stopped))
    world.run(2.0)
    expect_agreement(world, everybody, within=SOON)
    expect_no_false_deaths(world, lasting=2.0)
    note_doubts(world)
    return world


@scenario
def hiccups(number: int) -> World:
    """Eight peers stop for up to 2 s now and then, for a minute: no false death lasts, every suspicion is refuted."""
    return hiccup(number, peers=8, duration=60.0, every=1.5)


@on_demand
def hiccups_of_32(number: int) -> World:
    """32 peers stop for up to 2 s at random, for five minutes: no false death lasts, every suspicion is refuted."""
    return hiccup(number, peers=32, duration=300.0, every=0.4)


# Sick ones.

OFTEN: Seconds = 60.0
"""So long after its first mishap it has shown that it is not steady."""

HARDLY: float = 0.05
"""For such a share of the time, from then on, it may still be listed as anything but dead."""

STEADY: Seconds = 60.0
"""So long after the last mishap it is alive for all: it must first have heard others for a while."""


def lose_packets(number: int, *, peers: int) -> World:
    """1 % of the peers lose 80 % of what they send, are sent, or both: they alone are given up, and stay so."""
    world, everybody, _ = acquainted(number, peers=peers)
    sick = world.rng.sample(everybody, max(1, peers // 100))
    outgoing, incoming = ((0.8, 0.0), (0.0, 0.8), (0.8, 0.8))[number % 3]
    for peer in sick:
        world.lose(peer, outgoing=outgoing, incoming=incoming)
    world.run(OFTEN)
    expect_removed(world, looks_at(world, everybody, sick, 120.0))
    for peer in sick:
        world.lose(peer)
    expect_back(world, everybody, sick)
    return world


def looks_at(world: World, peers: list[Node], sick: list[Node], duration: Seconds) -> list[bool]:
    """Let time pass, and look each second at each of the sick as each sound peer lists it: whether it is dead."""
    sound = [peer for peer in peers if peer not in sick]
    looks: list[bool] = []
    end = world.now + duration
    while world.now < end:
        world.run(1.0)
        looks += [peer.members[one.name].state is State.DEAD for peer in sound for one in sick]
    return looks


def expect_removed(world: World, looks: list[bool]) -> None:
    """The sick were dead for the sound, but for a small share of the time."""
    share = looks.count(False) / len(looks)
    world.figures["share of the time that the sick are not listed as dead"] = share
    world.check(f"the sick are not listed as dead for {share:.1%} of the time" if share > HARDLY else None)


def expect_back(world: World, peers: list[Node], sick: list[Node]) -> None:
    """Nobody else was given up; and now that the sick are sound, all are alive for all soon."""
    took = expect_agreement(world, peers, within=STEADY, every=0.5)
    world.figures["seconds until they are back"] = took
    expect_no_false_deaths(world, but=sick)


@scenario
def lossy_few(number: int) -> World:
    """One of 100 peers loses 80 % of its packets: after a minute it is removed, and stays so; nobody else ever is."""
    return lose_packets(number, peers=100)


@on_demand
def lossy_few_of_1000(number: int) -> World:
    """The same with ten of 1,000."""
    return lose_packets(number, peers=1000)


TURN: Seconds = 20.0

FIRST_TURNS = 3
"""So often it may come back; then it has shown that it is not steady."""


def hear_by_turns(number: int, *, peers: int, turns: int) -> World:
    """1 % of the peers hear nothing for 20 s, all for 20 s, and so on: they alone are given up, and then stay so."""
    world, everybody, _ = acquainted(number, peers=peers)
    deaf = world.rng.sample(everybody, max(1, peers // 100))
    looks: list[bool] = []
    for turn in range(turns):
        block = world.block(targets=deaf)
        while_deaf = looks_at(world, everybody, deaf, TURN)
        world.check(None if all(while_deaf[-peers // 2 :]) else "who is deaf is not given up")
        world.unblock(block)
        while_not = looks_at(world, everybody, deaf, TURN)
        if turn >= FIRST_TURNS:
            looks += while_deaf + while_not
    expect_removed(world, looks)
    expect_back(world, everybody, deaf)
    return world


@scenario
def deaf_by_turns(number: int) -> World:
    """One of 100 peers hears nothing for 20 s, all for 20 s: soon it is removed and stays so; nobody else ever is."""
    return hear_by_turns(number, peers=100, turns=6)


@on_demand
def deaf_by_turns_of_1000(number: int) -> World:
    """The same with ten of 1,000."""
    return hear_by_turns(number, peers=1000, turns=6)


# Starved ones.

STARVED_GRID = [
    (peers, share, loss) for peers in (50, 200) for share in (0.01, 0.05, 0.1) for loss in (0.01, 0.03, 0.05)
]
"""How many peers, which share of them is starved, and how many packets are lost: kinship's 18 settings."""


@on_demand
def starved(number: int) -> World:
    """1, 5, 10 % of 50 or 200 peers read 0.5 to 2.5 s late, for two minutes; one other crashes: it alone is given up.

    The number's rest by 18 is the setting; the full grid is 3,600 numbers.
    """
    peers, share, loss = STARVED_GRID[number % len(STARVED_GRID)]
    return starve_some(number, peers=peers, share=share, loss=loss)


@scenario
def starved_50(number: int) -> World:
    """The nine settings of `starved` with 50 peers."""
    peers, share, loss = STARVED_GRID[number % 9]
    return starve_some(number, peers=peers, share=share, loss=loss)


@scenario
def starved_200(number: int) -> World:
    """The nine settings of `starved` with 200 peers."""
    peers, share, loss = STARVED_GRID[9 + number % 9]
    return starve_some(number, peers=peers, share=share, loss=loss)


def starve_some(number: int, *, peers: int, share: float, loss: float) -> World:
    """Some read late while one that doesn't crashes in silence: nobody else is given up, and that one is."""
    world, everybody, _ = acquainted(number, peers=peers, latency=MILD, loss=loss)
    starving = world.rng.sample(everybody, max(1, round(peers * share)))
    for peer in starving:
        world.starve(peer)
    world.run(60.0)
    victim = world.rng.choice([peer for peer in everybody if peer not in starving])
    world.crash(victim, off=True)
    took = seconds_until_dead(world, [victim], everybody, since=world.now, within=60.0)
    world.run(60.0 - took[-1])
    world.figures["seconds until half know"] = took[len(took) // 2]
    world.figures["seconds until all know"] = took[-1]
    note_doubts(world)
    expect_no_false_deaths(world)
    return world
