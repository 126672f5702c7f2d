"""Who is in the network, and what is known of it, all come to know alike: joins, farewells, tags, other lives."""

from collections.abc import Callable

from rumor.core.events import Problem, TwoLives
from rumor.core.ids import Seconds
from rumor.core.members import State
from rumor.core.peer import Peer
from rumor.sim.node import Node
from rumor.sim.scenarios.registry import on_demand, scenario
from rumor.sim.scenarios.stories import acquainted, expect_agreement, expect_no_false_deaths, large, populate
from rumor.sim.world import World

AT_ONCE: Seconds = 0.5
"""So soon after a change of one member all know it."""

CROWD: Seconds = 2.0
"""So soon after many came at once all know all."""


@scenario
def one_joins(number: int) -> World:
    """One more comes to 32: half a second later it knows all, and all know it."""
    world, peers, seeds = acquainted(number, peers=32)
    newcomer = world.start(world.peer(seeds))
    world.figures["seconds until all agree"] = expect_agreement(world, [*peers, newcomer], within=AT_ONCE)
    return world


@scenario
def one_leaves(number: int) -> World:
    """One of 32 says goodbye: half a second later it has left for all, and it is dead for nobody."""
    world, peers, _ = acquainted(number, peers=32)
    gone = world.rng.choice(peers)
    world.leave(gone)
    others = [peer for peer in peers if peer is not gone]
    world.figures["seconds until all know"] = expect_state(world, others, gone.name, State.LEFT, within=AT_ONCE)
    world.run(60.0)
    expect_state(world, others, gone.name, State.LEFT, within=0.0)
    expect_nobody_said(world, others, gone.name, State.SUSPECT, State.DEAD)
    expect_agreement(world, peers, within=1.0)
    return world


@scenario
def tags_change(number: int) -> World:
    """Peers of 32 get other tags, one several times in a row: half a second later all know the last ones."""
    world, peers, _ = acquainted(number, peers=32)
    for turn in range(10):
        for peer in (peers[0], world.rng.choice(peers)):
            set_tags(world, peer, {"turn": str(turn), "chance": str(world.rng.random())})
    world.figures["seconds until all agree"] = expect_agreement(world, peers, within=AT_ONCE)
    expect_no_false_deaths(world)
    return world


def set_tags(world: World, peer: Node, tags: dict[str, str]) -> None:
    """Give a peer other tags."""
    core = peer.core
    assert isinstance(core, Peer)
    world.call(peer, lambda: core.set_tags(tags, world.now))


def expect_state(world: World, peers: list[Node], name: str, state: State, *, within: Seconds) -> Seconds:
    """All know a member in that state, in time; returns how long it took."""
    began = world.now

    def wrong() -> list[str]:
        return [f"{peer} has {name} as {known}" for peer in peers if (known := state_of(peer, name)) is not state]

    world.run_until(lambda: not wrong(), at_most=within, every=0.02)
    world.check(wrong())
    return world.now - began


def state_of(peer: Node, name: str) -> State | None:
    """How a peer has a member; None if it doesn't know it."""
    assert isinstance(peer.core, Peer)
    member = peer.core.member(name)
    return None if member is None else member.state


def expect_nobody_said(world: World, peers: list[Node], name: str, *states: State) -> None:
    """No peer told that a member was in one of these states."""
    said = [death.observer for death in world.memberships.deaths if death.name == name and State.DEAD in states]
    world.check([f"{observer} told that {name} is dead" for observer in said])
    if State.SUSPECT in states:
        doubted = [doubt for doubt in world.memberships.doubts if doubt[0] == name]
        world.check(f"{name} was doubted in {doubted}" if doubted else None)


# Absence.


@scenario
def away_and_back(number: int) -> World:
    """One of 16 says that it will be away for 40 s, and comes back in time: away for all at once, doubted by nobody."""
    world, peers, _ = acquainted(number, peers=16)
    traveller = world.rng.choice(peers)
    others = [peer for peer in peers if peer is not traveller]
    world.leave(traveller, back_in=40.0)
    expect_state(world, others, traveller.name, State.AWAY, within=AT_ONCE)
    world.run(world.rng.uniform(20.0, 39.0))
    expect_state(world, others, traveller.name, State.AWAY, within=0.0)
    world.restart(traveller, remembers=True)
    world.figures["seconds until all agree"] = expect_agreement(world, peers, within=AT_ONCE)
    expect_nobody_said(world, others, traveller.name, State.SUSPECT, State.DEAD)
    return world


@scenario
def away_for_ever(number: int) -> World:
    """One of 16 says that it will be away for 10 s, and never comes: it is given up, soon after the time for grace."""
    world, peers, _ = acquainted(number, peers=16)
    traveller = world.rng.choice(peers)
    others = [peer for peer in peers if peer is not traveller]
    world.leave(traveller, back_in=10.0)
    grace = world.settings.directory.away_grace
    world.run(10.0 + grace - 1.0)
    expect_state(world, others, traveller.name, State.AWAY, within=0.0)
    expect_nobody_said(world, others, traveller.name, State.DEAD)
    world.figures["seconds after the grace"] = expect_state(world, others, traveller.name, State.DEAD, within=120.0)
    return world


# Other lives.


@scenario
def reborn(number: int) -> World:
    """One of 32 crashes and is there again at once: half a second later all know its new life."""
    world, peers, _ = acquainted(number, peers=32)
    restarted = world.rng.choice(peers)
    world.restart(restarted, remembers=world.rng.random() < 0.5)
    world.figures["seconds until all agree"] = expect_agreement(world, peers, within=AT_ONCE)
    world.run(20.0)
    expect_agreement(world, peers, within=0.0)
    return world


@scenario
def moved(number: int) -> World:
    """One of 16 crashes, and lives on under its name at another address: all know that, and nobody finds it twice."""
    world = large(number)
    peers, seeds = populate(world, peers=15)
    before, after = world.peer(seeds, name="ana"), world.peer(seeds, name="ana")
    for peer in (*peers, before):
        world.start(peer)
    expect_agreement(world, [*peers, before], within=30.0)
    world.run(world.rng.uniform(1.0, 5.0))
    world.crash(before)
    world.run(world.rng.choice((0.0, 0.01, 1.0, 10.0)))
    world.start(after)
    world.figures["seconds until all agree"] = expect_agreement(world, [*peers, after], within=CROWD)
    world.run(20.0)
    expect_agreement(world, [*peers, after], within=0.0)
    return world


@scenario
def two_lives(number: int) -> World:
    """Two of 16 live under one name: both are told soon, and all others know the younger one."""
    return live_twice(number, later=5.0)


@scenario
def twins(number: int) -> World:
    """The same, where both seem to have begun in the same millisecond: one of them becomes the younger one."""
    return live_twice(number, later=0.0)


def live_twice(number: int, *, later: Seconds) -> World:
    """Two live under one name, the second one from a while after the first on."""
    world = World(number)
    peers, seeds = populate(world, peers=14)
    first = world.peer(seeds, name="ana")
    for peer in (*peers, first):
        world.start(peer)
    world.run(later)
    second = world.start(world.peer(seeds, name="ana"))
    both = (first, second)
    world.run_until(lambda: all(map(is_told, both)) and any(map(gives_way, both)), at_most=20.0, every=0.1)
    world.check([f"the one at {one.address} is not told" for one in both if not is_told(one)])
    world.run(10.0)
    world.check([f"the one at {one.address} has said {n} times that it lives" for one in both if (n := said(one)) > 10])
    older = [one for one in both if gives_way(one)]
    world.check(None if len(older) == 1 else f"{len(older)} of the two give way")
    world.check("the younger one gives way" if later and older != [first] else None)
    younger = second if older == [first] else first
    expect_agreement(world, [*peers, younger], within=5.0)
    world.crash(*older)
    world.run(20.0)
    expect_agreement(world, [*peers, *both], within=1.0)
    return world


def said(peer: Node) -> int:
    """How often a peer has said that it lives."""
    assert isinstance(peer.core, Peer)
    own = peer.core.member(peer.name)
    return 0 if own is None else own.incarnation


def is_told(peer: Node) -> bool:
    """Whether a peer said that another one lives under its name."""
    return bool(peer.events(TwoLives)) or any("our name" in problem.what for problem in peer.events(Problem))


def gives_way(peer: Node) -> bool:
    """Whether a peer publishes no more, since another one with its name is younger."""
    return bool(peer.events(TwoLives))


# Crowds.


def all_come(number: int, *, peers: int, within: Seconds) -> World:
    """All start in the same moment, and know each other soon."""
    world = large(number)
    everybody, _ = populate(world, peers=peers)
    for peer in everybody:
        world.start(peer)
    world.figures["seconds until all agree"] = expect_agreement(world, everybody, within=within)
    return world


@scenario
def all_come_100(number: int) -> World:
    """100 peers start at once: all know all within 2 s."""
    return all_come(number, peers=100, within=CROWD)


def all_restart(number: int, *, peers: int, remember: Callable[[World], bool]) -> World:
    """All crash in one moment and start again in the next: ten seconds later nobody has anything wrong."""
    world, everybody, _ = acquainted(number, peers=peers)
    world.crash(*everybody)
    for peer in everybody:
        world.restart(peer, remembers=remember(world))
    world.figures["seconds until all agree"] = expect_agreement(world, everybody, within=10.0, every=0.25)
    world.run(30.0)
    expect_agreement(world, everybody, within=0.0)
    return world


@scenario
def all_restart_60(number: int) -> World:
    """60 peers are restarted at once, some with what they remember: ten seconds later no directory is wrong."""
    return all_restart(number, peers=60, remember=lambda world: world.rng.random() < 0.5)


@on_demand
def all_restart_500(number: int) -> World:
    """500 peers are restarted at once, some with what they remember: ten seconds later no directory is wrong."""
    return all_restart(number, peers=500, remember=lambda world: world.rng.random() < 0.5)
