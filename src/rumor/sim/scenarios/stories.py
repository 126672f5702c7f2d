"""What several scenarios have in common."""

from collections.abc import Iterable, Sequence

import msgspec

from rumor.core.ids import Seconds
from rumor.core.settings import profile
from rumor.sim.node import Node
from rumor.sim.settled import MARGIN, in_pieces, mistaken, one_sided, unsettled
from rumor.sim.world import World

STILL: tuple[Seconds, Seconds] = (0.0005, 0.01)
"""How long one way takes, unless a story says something else."""


def large(number: int, *, latency: tuple[Seconds, Seconds] = STILL, loss: float = 0.0) -> World:
    """A world for many peers: quick, since nobody looks into each of them after each event."""
    return World(number, latency=latency, loss=loss, real_wire=False, traced=False, kept=False, checked=False)


def strangers(number: int) -> World:
    """The same for a story of the web alone: of members each knows its neighbors only, which is far less to tell."""
    lan = profile("lan")
    settings = msgspec.structs.replace(lan, directory=msgspec.structs.replace(lan.directory, full=False))
    return World(number, settings, latency=STILL, real_wire=False, traced=False, kept=False, checked=False)


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


# Members.


def acquainted(
    number: int, *, peers: int, seeds: int = 3, latency: tuple[Seconds, Seconds] = STILL, loss: float = 0.0
) -> tuple[World, list[Node], list[Node]]:
    """A large world whose peers all know each other; its peers and seeds."""
    world = large(number, latency=latency, loss=loss)
    everybody, all_seeds = populate(world, peers=peers, seeds=seeds)
    weave(world, everybody, within=30.0)
    expect_agreement(world, everybody, within=30.0, every=0.25)
    world.run(world.rng.uniform(5.0, 10.0))
    return world, everybody, all_seeds


def expect_agreement(world: World, peers: Sequence[Node], *, within: Seconds, every: Seconds = 0.05) -> Seconds:
    """All directories of running peers become what is so, in time; returns how long it took."""
    began = world.now
    world.run_until(lambda: not mistaken(peers), at_most=within, every=every)
    wrong = mistaken(peers)
    world.check([f"{len(wrong)} mistakes: {'; '.join(wrong[:4])}"] if wrong else None)
    return world.now - began


def seconds_until_dead(
    world: World, victims: Iterable[Node], peers: Iterable[Node], *, since: Seconds, within: Seconds
) -> list[Seconds]:
    """Each running peer lists each victim as dead, in time; returns how long each pair of them took, in order."""
    names = {victim.name for victim in victims}
    wanted = {(peer.name, name) for peer in peers if peer.up for name in names}
    deaths = world.memberships.deaths
    found: dict[tuple[str, str], Seconds] = {}
    at = 0

    def all_found() -> bool:
        nonlocal at
        for death in deaths[at:]:
            if death.moment >= since and (death.observer, death.name) in wanted:
                found[death.observer, death.name] = death.moment - since
        at = len(deaths)
        return len(found) == len(wanted)

    world.run_until(all_found, at_most=within, every=0.05)
    missing = sorted(wanted - found.keys())
    pairs = [f"{observer} does not know that {name} is dead" for observer, name in missing[:4]]
    world.check([f"{len(missing)} times unknown: {'; '.join(pairs)}"] if missing else None)
    return sorted(found.values())


def expect_no_false_deaths(world: World, *, but: Iterable[Node] = (), lasting: Seconds = -1.0) -> None:
    """Nobody sound gave up anybody who ran; or it was taken back within so long. Those in `but` don't count."""
    left_out = {node.name for node in but}
    memberships = world.memberships
    wrong = [
        f"{death.observer} gave up {death.name} at {death.moment:.2f} s for {memberships.lasted(death, world.now):.2f}"
        for death in memberships.false_deaths()
        if not left_out & {death.name, death.observer} and memberships.lasted(death, world.now) > lasting
    ]
    world.check([f"{len(wrong)} false deaths: {'; '.join(wrong[:4])}"] if wrong else None)


def note_doubts(world: World) -> None:
    """Keep how many lives were doubted, or given up, in vain."""
    deaths = {(death.name, death.epoch, death.incarnation) for death in world.memberships.false_deaths()}
    world.figures["false deaths"] = len(deaths)
    world.figures["false suspicions"] = len(world.memberships.doubts)
