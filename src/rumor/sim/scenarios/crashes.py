"""Most of a network crashes at once: whom does a rumor still reach?

The seeds crash with them, so that the survivors have nothing but what they remember. HyParView's own figures (Leitao,
Pereira, Rodrigues 2007, 10,000 nodes): about all up to 90 %, 90 % of the survivors at 95 %, after four rounds.
"""

import json
import os
from collections.abc import Callable
from functools import partial

from rumor.core.ids import Seconds
from rumor.sim.measures import components, degrees, graph
from rumor.sim.node import Node
from rumor.sim.scenarios.registry import on_demand, scenario
from rumor.sim.scenarios.stories import populate, strangers, weave
from rumor.sim.world import World

ROUND: Seconds = 10.0
"""A repair round: tries of contacts, and an exchange of them by who found new neighbors."""

ROUNDS = 2

SPREADS: Seconds = 5.0
"""How long a rumor has to reach whom it can."""


def crash_many(number: int, *, peers: int, share: float, reach: float) -> World:
    """Of so many peers a share crashes at once; two rounds later a rumor reaches so many of the survivors."""
    world, everybody, seeds = standing(number, peers=peers)
    crash_share(world, everybody, seeds, share=share, reach=reach)
    return world


def standing(number: int, *, peers: int) -> tuple[World, list[Node], list[Node]]:
    """A network that has stood for a round; its peers and seeds."""
    world = strangers(number)
    everybody, seeds = populate(world, peers=peers)
    weave(world, everybody, within=30.0)
    world.run(ROUND)
    return world, everybody, seeds


def crash_share(world: World, everybody: list[Node], seeds: list[Node], *, share: float, reach: float) -> None:
    """A share of the peers, and all seeds, crash at once; two rounds later a rumor reaches so many of the others."""
    peers = len(everybody)
    world.crash(*seeds, *world.rng.sample(everybody, round(peers * share)))
    survivors = [peer for peer in everybody if peer.up]
    note_pieces(world, survivors, "right after")
    for round_ in range(1, ROUNDS + 1):
        world.run(ROUND)
        note_pieces(world, survivors, f"after {round_} rounds")
    reached = reach_of(world, survivors)
    world.check(f"a rumor reached {reached:.3%} of {len(survivors)}" if reached < reach else None)


def note_pieces(world: World, survivors: list[Node], moment: str) -> None:
    """Keep what share of the survivors is in the largest piece, and how many neighbors the poorest has."""
    links = graph(survivors)
    largest = max(map(len, components(links)))
    world.figures[f"share in the largest piece {moment}"] = largest / len(survivors)
    world.figures[f"fewest neighbors {moment}"] = min(degrees(links))


def reach_of(world: World, survivors: list[Node]) -> float:
    """The share of the survivors that a rumor of one of them reaches."""
    before = {peer: told_by(peer) for peer in survivors}
    world.publish(world.rng.choice(survivors))
    world.run(SPREADS)
    reached = sum(told_by(peer) > before[peer] for peer in survivors) / len(survivors)
    world.figures["share reached"] = reached
    return reached


def told_by(peer: Node) -> int:
    """How many rumors a peer delivered or has seen lost, in all streams."""
    return sum(record.top for record in peer.record.streams.values())


@scenario
def crash_50(number: int) -> World:
    """Half of 250 peers crash: a rumor reaches all others."""
    return crash_many(number, peers=250, share=0.5, reach=0.999)


@scenario
def crash_90(number: int) -> World:
    """Of 500 peers 90 % crash: a rumor reaches all others."""
    return crash_many(number, peers=500, share=0.9, reach=0.999)


@scenario
def crash_95(number: int) -> World:
    """Of 500 peers 95 % crash: a rumor reaches 99 % of the others."""
    return crash_many(number, peers=500, share=0.95, reach=0.99)


@on_demand
def crashes_of_10000(number: int) -> World:
    """Of 10,000 peers 50, 80, 90, 95 % crash: a rumor reaches 99.9 % of the others, 99 % at 95. Half an hour."""
    return crash_each(number, peers=10_000)


@on_demand
def crashes_of_2000(number: int) -> World:
    """The same with 2,000 peers. Three minutes."""
    return crash_each(number, peers=2000)


def crash_each(number: int, *, peers: int) -> World:
    """One network is made; then its process is forked for each share, since making it takes longest."""
    world, everybody, seeds = standing(number, peers=peers)
    failures = []
    for share, reach in ((0.5, 0.999), (0.8, 0.999), (0.9, 0.999), (0.95, 0.99)):
        figures, wrong = in_child(world, partial(crash_share, world, everybody, seeds, share=share, reach=reach))
        world.figures.update({f"{share:.0%} crash: {what}": figure for what, figure in figures.items()})
        failures += [f"{share:.0%} crash: {wrong}"] if wrong else []
    world.check(failures)
    return world


def in_child(world: World, story: Callable[[], None]) -> tuple[dict[str, float], str]:
    """Go on in another process, this one's copy; returns the figures of the world there, and what went wrong."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        wrong = ""
        try:
            story()
        except Exception as error:  # noqa: BLE001 - told to the parent, whatever it is
            wrong = str(error) or repr(error)
        with os.fdopen(writer, "w") as out:
            json.dump((world.figures, wrong), out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        figures, wrong = json.load(answer)
    os.waitpid(child, 0)
    return figures, wrong
