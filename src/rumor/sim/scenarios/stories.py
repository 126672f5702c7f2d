"""What several scenarios have in common."""

from collections.abc import Sequence

from rumor.core.ids import Seconds
from rumor.sim.node import Node
from rumor.sim.settled import unsettled
from rumor.sim.world import World


def populate(world: World, *, peers: int, seeds: int = 3) -> tuple[list[Node], list[Node]]:
    """Seeds that run, and peers that don't yet."""
    all_seeds = [world.seed() for _ in range(seeds)]
    return [world.peer(all_seeds) for _ in range(peers)], all_seeds


def settle(world: World, peers: Sequence[Node], *, within: Seconds) -> None:
    """Let time pass until nothing is wrong with the peers; in time."""
    world.run_until(lambda: not unsettled(peers, world.publications), at_most=within)
    world.check(unsettled(peers, world.publications))


def expect_everybody_hears(world: World, peers: Sequence[Node], teller: Node, *, within: Seconds) -> None:
    """What one says all that run hear, once, in time."""
    told = world.publish(teller)
    running = [peer for peer in peers if peer.up]
    world.run_until(lambda: all(peer.heard.get(told) == 1 for peer in running), at_most=within, every=0.1)
    world.check(
        [
            f"{peer} heard {told.number} of {told.origin} {peer.heard.get(told, 0)} times"
            for peer in running
            if peer.heard.get(told) != 1
        ]
    )
