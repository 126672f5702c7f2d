"""What several scenarios have in common."""

from collections.abc import Sequence

from rumor.core.ids import Seconds
from rumor.sim.node import Node
from rumor.sim.settled import MARGIN, in_pieces, one_sided, unsettled
from rumor.sim.world import World


def large(number: int, **weather: float) -> World:
    """A world for many peers: quick, since nobody looks into each of them after each event."""
    return World(number, real_wire=False, traced=False, kept=False, checked=False, **weather)  # type: ignore[arg-type]


def populate(world: World, *, peers: int, seeds: int = 3) -> tuple[list[Node], list[Node]]:
    """Seeds that run, and peers that don't yet."""
    all_seeds = [world.seed() for _ in range(seeds)]
    return [world.peer(all_seeds) for _ in range(peers)], all_seeds


def settle(world: World, peers: Sequence[Node], *, within: Seconds, margin: Seconds = MARGIN) -> None:
    """Let time pass until nothing is wrong with the peers; in time."""

    def wrong() -> list[str]:
        return unsettled(peers, world.publications, margin=margin)

    world.run_until(lambda: not wrong(), at_most=within)
    world.check(wrong())


def weave(world: World, peers: Sequence[Node], *, within: Seconds) -> None:
    """Let peers start, all at once, and time pass until they are one network with links that are mutual."""
    for peer in peers:
        world.start(peer)
    expect_one_web(world, peers, within=within)


def expect_one_web(world: World, peers: Sequence[Node], *, within: Seconds) -> None:
    """The running peers become one network with links that are mutual, in time."""
    world.run_until(lambda: not (one_sided(peers) or in_pieces(peers)), at_most=within, every=0.25)
    world.check([*one_sided(peers), *in_pieces(peers)])


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
