"""How rumors spread over a network that stands: how far, how often, how soon after losses.

The last hop is measured as iroh-gossip does: a round is over when all have heard all that was said in it, and counts
the greatest number of links that any first copy came over. Steady: after the first run of each origin, by which its
tree is found.
"""

from collections.abc import Sequence

from rumor.core.ids import Seconds
from rumor.sim.measures import last_delivery_hop, redundancy
from rumor.sim.node import Node
from rumor.sim.scenarios.registry import on_demand, scenario
from rumor.sim.scenarios.stories import populate, strangers, weave
from rumor.sim.settled import missed
from rumor.sim.traffic import Traffic
from rumor.sim.world import World

QUIET: Seconds = 1.0
"""After so long all that was said has come, where nothing is lost."""

HOP_ROUNDS = 20


def woven(number: int, *, peers: int) -> tuple[World, list[Node]]:
    """A network that stands, and is quiet."""
    world = strangers(number)
    everybody, _ = populate(world, peers=peers)
    weave(world, everybody, within=30.0)
    world.run(2.0)
    return world, everybody


def say_round(world: World, tellers: Sequence[Node]) -> Traffic:
    """Some say something in the same moment, and all hear it; returns how it spread."""
    traffic = world.count_traffic()
    for teller in tellers:
        world.publish(teller)
    world.run(QUIET)
    return traffic


def count_hops(world: World, rounds: Sequence[Sequence[Node]], *, peers: int, hops_max: int) -> World:
    """Rounds in which some speak; but for the first run of each, no rumor comes over more links than so many."""
    said: set[str] = set()
    firsts: list[int] = []
    others: list[int] = []
    for tellers in rounds:
        for (origin, *_), spread in say_round(world, tellers).spreads.items():
            world.check(None if len(spread.hops) == peers - 1 else f"{origin} was heard by {len(spread.hops)}")
            (others if origin in said else firsts).append(last_delivery_hop(spread))
            said.add(origin)
    world.figures["last hop of first runs"] = max(firsts)
    world.figures["last hop"] = max(others)
    world.check(f"a rumor came over {max(others)} links" if max(others) > hops_max else None)
    return world


@scenario
def hops_one_sender(number: int) -> World:
    """One of 100 peers speaks: from its second run on, nobody is more than 6 links away."""
    world, peers = woven(number, peers=100)
    teller = world.rng.choice(peers)
    return count_hops(world, [[teller]] * HOP_ROUNDS, peers=100, hops_max=6)


@scenario
def hops_many_senders(number: int) -> World:
    """Five of 100 peers speak by turns: from the second run of each on, nobody is more than 8 links away."""
    world, peers = woven(number, peers=100)
    tellers = world.rng.sample(peers, 5)
    return count_hops(world, [[world.rng.choice(tellers)] for _ in range(20)], peers=100, hops_max=8)


@scenario
def hops_all_at_once(number: int) -> World:
    """All of 100 peers speak at once: from the second time on, nobody is more than 10 links away from another."""
    world, peers = woven(number, peers=100)
    return count_hops(world, [peers] * 3, peers=100, hops_max=10)


@scenario
def steady_trees(number: int) -> World:
    """All of 32 peers speak by turns: once each was heard, a run comes but once, with at most 2 % more."""
    world, peers = woven(number, peers=32)
    first = redundancy(say_round(world, peers).spreads.values())
    say_round(world, peers)
    traffic = world.count_traffic()
    for _ in range(320):
        world.publish(world.rng.choice(peers))
        world.run(0.02)
    world.run(QUIET)
    world.figures["redundancy of first runs"] = first
    world.figures["redundancy"] = steady = redundancy(traffic.spreads.values())
    world.check(f"a run came {steady:.2%} more often than needed" if steady >= 0.02 else None)
    return world


def lose_some(number: int, *, peers: int, share: float = 0.02, within: Seconds = 1.0) -> World:
    """While some speak, a share of all packets and of all frames is lost; a second after that, all have heard all."""
    world, everybody = woven(number, peers=peers)
    tellers = world.rng.sample(everybody, 5)
    for _ in range(2):
        say_round(world, tellers)  # by the first runs, which come many times, trees are found
    world.loss = world.faults.loss = share
    for _ in range(50):
        world.publish(world.rng.choice(tellers))
        world.run(0.1)
    world.loss = world.faults.loss = 0.0
    world.figures["peers that lacked something at the end of the losses"] = len(
        {wrong.split(" misses", 1)[0] for wrong in missed(everybody, world.publications)}
    )
    began = world.now
    world.run_until(lambda: not missed(everybody, world.publications), at_most=within, every=0.05)
    world.figures["seconds until all had all"] = world.now - began
    world.check(missed(everybody, world.publications))
    lost = sum(1 for peer in everybody for record in peer.record.streams.values() if record.lost.top)
    world.check(f"rumors were given up {lost} times" if lost else None)
    return world


@scenario
def two_in_a_hundred_lost(number: int) -> World:
    """Of all packets and frames 2 % are lost among 200 peers: a second after the losses end, all have heard all."""
    return lose_some(number, peers=200)


@on_demand
def two_in_a_hundred_lost_2000(number: int) -> World:
    """The same with 2,000 peers. Five minutes."""
    return lose_some(number, peers=2000)
