"""One that lies about others: it removes nobody for longer than an answer takes, and no seed believes it."""

from collections.abc import Sequence

from rumor.core.events import PeerStruckOff
from rumor.core.ids import Seconds
from rumor.core.members import State
from rumor.core.peer import Peer
from rumor.sim.liars import Liar, Lie
from rumor.sim.node import Node
from rumor.sim.scenarios.registry import scenario
from rumor.sim.scenarios.stories import (
    expect_agreement,
    expect_no_false_deaths,
    large,
    note_doubts,
    populate,
)
from rumor.sim.world import World

ANSWER: Seconds = 1.0
"""How long an answer takes at most, to all."""


def told_lies(number: int, lies: Sequence[Lie], *, peers: int = 15, duration: Seconds = 10.0) -> World:
    """One peer lies for a while; a true death is noticed all the same, and in the end all know what is so."""
    world = large(number)
    honest, seeds = populate(world, peers=peers)
    liar = world.peer(seeds, kind=Liar)
    everybody = [*honest, liar]
    for peer in everybody:
        world.start(peer)
    expect_agreement(world, everybody, within=30.0)
    core = liar.core
    assert isinstance(core, Liar)
    core.lie(lies, [seed.address for seed in seeds])
    if list(lies) == [Lie.ACCUSE]:
        expect_shown(world, honest, liar)
    world.figures["share of the time that honest peers were listed"] = share_listed(world, honest, duration)
    victim = world.rng.choice(honest)
    world.crash(victim, off=True)
    left = [peer for peer in honest if peer is not victim]
    if Lie.REPLACE in lies:  # who is given new lives again and again by somebody else can't be found dead
        core.stop_lying()
    expect_gone(world, left, victim, within=10.0)
    core.stop_lying()
    world.run(ANSWER)
    note_doubts(world)
    expect_no_false_deaths(world, but=[liar], lasting=ANSWER)
    expect_agreement(world, everybody, within=10.0)
    expect_listed(world, seeds, [*left, liar])
    return world


def share_listed(world: World, peers: Sequence[Node], duration: Seconds) -> float:
    """Let time pass; returns for which share of it peers listed each other as alive or in doubt, on an average."""
    end, looks, listed = world.now + duration, 0, 0
    while world.now < end:
        world.run(0.25)
        for peer in peers:
            assert isinstance(peer.core, Peer)
            known = {member.name: member.state for member in peer.core.members()}
            looks += len(peers)
            listed += sum(known.get(other.name) in (State.ALIVE, State.SUSPECT) for other in peers)
    return listed / looks


def expect_shown(world: World, peers: Sequence[Node], liar: Node) -> None:
    """While a false statement stands, whoever holds it can say whose it is, the one that it is about among them."""
    accusers: set[str] = set()
    knew: set[str] = set()
    for _ in range(100):
        world.run(0.01)
        for peer in peers:
            for other in peers:
                why = peer.core.why(other.name) if isinstance(peer.core, Peer) else None
                if why is not None and why.statements:
                    accusers.update(statement.accuser for statement in why.statements)
                    knew.add(peer.name)
    wrong = [f"{accuser} is shown as an accuser" for accuser in accusers if accuser != liar.name]
    world.check(wrong if len(wrong) < len(accusers) else "nobody could say who accused")
    world.figures["peers that could say who accused"] = len(knew)


def expect_gone(world: World, peers: Sequence[Node], victim: Node, *, within: Seconds) -> None:
    """Nobody lists it as alive any more, in time. One of whom is said that it left can't answer that it crashed."""

    def wrong() -> list[str]:
        return [f"{peer} takes {victim.name} for {state}" for peer in peers if (state := listed_as(peer, victim))]

    world.run_until(lambda: not wrong(), at_most=within, every=0.1)
    world.check(wrong())


def listed_as(peer: Node, other: Node) -> str:
    """How a peer lists another one that it does not take for gone; empty if it does."""
    assert isinstance(peer.core, Peer)
    member = peer.core.member(other.name)
    return member.state.value if member is not None and member.state in (State.ALIVE, State.SUSPECT) else ""


def expect_listed(world: World, seeds: Sequence[Node], peers: Sequence[Node]) -> None:
    """No seed struck off anybody who runs."""
    running = {peer.address for peer in peers}
    world.check(
        [
            f"{seed} struck off {event.peer}, which answers"
            for seed in seeds
            for _, event in seed.said
            if isinstance(event, PeerStruckOff) and event.peer in running
        ]
    )


@scenario
def liar_accuses(number: int) -> World:
    """One of 16 says of all others that they are silent: none is dead for longer than an answer takes."""
    return told_lies(number, [Lie.ACCUSE])


@scenario
def liar_forges(number: int) -> World:
    """One of 16 says that others said so of others: none is dead for longer than an answer takes."""
    return told_lies(number, [Lie.FORGE])


@scenario
def liar_dismisses(number: int) -> World:
    """One of 16 says for others that they leave: soon all know that they are still there."""
    return told_lies(number, [Lie.DISMISS])


@scenario
def liar_reports(number: int) -> World:
    """One of 16 reports all others to the seeds as dead: no seed strikes off one that answers."""
    return told_lies(number, [Lie.REPORT])


@scenario
def liar_replaces(number: int) -> World:
    """One of 16 says that others live on elsewhere: soon all know again where they are."""
    return told_lies(number, [Lie.REPLACE])


@scenario
def liar_tells_all(number: int) -> World:
    """One of 16 tells all lies about states: none removes anybody for longer than an answer takes."""
    return told_lies(number, [lie for lie in Lie if lie is not Lie.REPLACE])
