"""Broadcast on whole webs: each scenario against the plausible wrong choice."""

from collections.abc import Iterable
from itertools import pairwise
from random import Random

import msgspec
import pytest

from rumor.core.events import LostReason, OriginWanted, PublishProgress, RumorsLost, RunDelivered
from rumor.core.frames import RunRecord
from rumor.core.settings import BroadcastSettings, MessageListSettings, Settings

from .helpers import SEED_NUMBERS
from .web import LIFE, Web, WebNode, complete

QUIET = 20.0
"""Long enough for all tables of a quiet stream to go."""


def settings_with(
    *, broadcast: BroadcastSettings | None = None, message_list: MessageListSettings | None = None
) -> Settings:
    """The defaults but for these."""
    settings = Settings()
    return msgspec.structs.replace(
        settings,
        broadcast=broadcast or settings.broadcast,
        message_list=message_list or settings.message_list,
    )


def warm(web: Web, origin: WebNode, rounds: int = 2) -> int:
    """Let an origin's tree form; returns the last rumor's number."""
    last = 0
    for _ in range(rounds):
        last = web.publish(origin)
        assert web.run_until(complete(web, origin, last), at_most=5.0)
        web.run(0.3)
    return last


def linked_to(node: WebNode, other: WebNode) -> bool:
    """Whether two nodes are neighbors."""
    return any(peer is other for peer, _ in node.links.values())


def component(origin: WebNode) -> list[WebNode]:
    """Who can be reached from a node."""
    found, front = {origin: None}, [origin]
    while front:
        for other, _ in front.pop().links.values():
            if other not in found:
                found[other] = None
                front.append(other)
    return list(found)


def path_to(origin: WebNode, node: WebNode, size: int) -> list[WebNode]:
    """The parents from a node up to the origin; fails on a cycle and on a missing parent."""
    path = [node]
    while path[-1] is not origin:
        stream = path[-1].broadcast.streams.get((origin.name, origin.epoch, 0))
        assert stream is not None, f"{path[-1].name} does not know the stream"
        assert stream.parent in path[-1].links, f"{path[-1].name} has no parent"
        path.append(path[-1].links[stream.parent][0])
        assert len(path) <= size, f"{node.name} hangs on a cycle"
    return path


def on_a_cycle(origin: WebNode, node: WebNode) -> bool:
    """Whether a node's parents lead back to it."""
    above = node
    for _ in node.web.nodes:
        stream = above.broadcast.streams.get((origin.name, origin.epoch, 0))
        if stream is None or stream.parent not in above.links:
            return False
        above = above.links[stream.parent][0]
        if above is node:
            return True
    return False


def everybody_hangs_on(origin: WebNode, nodes: Iterable[WebNode]) -> None:
    """Each node's parents lead to the origin."""
    nodes = list(nodes)
    for node in nodes:
        path_to(origin, node, len(nodes))


def duplicates(web: Web) -> int:
    """Copies of runs that were there already, of all nodes."""
    return sum(node.broadcast.counts.duplicates for node in web.nodes)


def acknowledged(node: WebNode) -> int:
    """How far an origin's own rumors are acknowledged by its whole tree."""
    return max((event.number for event in node.events if isinstance(event, PublishProgress)), default=0)


def tables(web: Web) -> list[str]:
    """What nodes hold of streams only while something happens."""
    return [
        f"{node.name}: {stream.id}"
        for node in web.nodes
        if node.up
        for stream in node.broadcast.streams
        if stream.owed or stream.lack or stream.ahead or stream.parts
    ]


# Trees.


@pytest.mark.parametrize(("size", "degree", "hops"), [(32, 8, 3), (100, 8, 4)])
def test_from_the_second_rumor_on_each_arrives_once_by_a_short_way(size: int, degree: int, hops: int) -> None:
    """The first copy floods and prunes; after it a tree carries each rumor, with no copy too many."""
    web = Web(1)
    nodes = web.graph(size, degree)
    web.run(0.2)
    warm(web, nodes[0])
    before = duplicates(web)

    for _ in range(3):
        last = web.publish(nodes[0])
        assert web.run_until(complete(web, nodes[0], last), at_most=0.2)
        web.run(0.2)

    assert duplicates(web) - before == 0
    assert max(node.hops[nodes[0].name, LIFE, last] for node in nodes[1:]) <= hops
    everybody_hangs_on(nodes[0], nodes)


def test_each_origin_has_a_tree_of_its_own() -> None:
    """Several say something at once, and each rumor takes a shortest way from its own origin."""
    web = Web(2)
    nodes = web.graph(24, 6)
    web.run(0.2)
    for _ in range(3):
        for origin in nodes[:4]:
            web.publish(origin)
        web.run(0.5)
    before = duplicates(web)

    for origin in nodes[:4]:
        web.publish(origin)
    web.run(0.5)

    assert duplicates(web) - before == 0
    assert all(node.got(origin) == [1, 2, 3, 4] for origin in nodes[:4] for node in nodes if node is not origin)


@pytest.mark.parametrize("number", SEED_NUMBERS)
@pytest.mark.parametrize("share", [0.3, 0.5])
def test_when_many_die_at_once_no_survivor_hangs_on_a_cycle(share: float, number: int) -> None:
    """Who lost its parent grafts only who can't hang on it: all of one part get what comes, and have a parent."""
    web = Web(number)
    nodes = web.graph(40, 8)
    web.run(0.2)
    warm(web, nodes[0])

    for node in Random(number).sample(nodes[1:], int(40 * share)):
        web.crash(node)
    web.run(0.3)
    survivors = component(nodes[0])
    assert not any(on_a_cycle(nodes[0], node) for node in survivors)
    last = web.publish(nodes[0])
    assert len(survivors) > 40 * (1 - share) * 0.9

    assert web.run_until(complete(web, nodes[0], last, survivors), at_most=1.0)
    web.run(1.0)
    last = web.publish(nodes[0])
    assert web.run_until(complete(web, nodes[0], last, survivors), at_most=0.2)
    everybody_hangs_on(nodes[0], survivors)
    assert all(node.missed(nodes[0]) == [] for node in survivors)


@pytest.mark.parametrize("number", [0, 8, 11])
def test_who_stands_as_far_as_we_is_not_grafted(number: int) -> None:
    """In a sparse web, where often nobody nearer is left, equals that graft each other would make cycles (8, 11)."""
    web = Web(number)
    nodes = web.graph(60, 4)
    web.run(0.2)
    warm(web, nodes[0])

    for node in Random(number).sample(nodes[1:], 18):
        web.crash(node)
    web.run(0.3)

    assert not any(on_a_cycle(nodes[0], node) for node in component(nodes[0]))


# Who is waited for.


def frozen_leaf(web: Web, origin: WebNode) -> WebNode:
    """Freeze a node on which nobody hangs, far from the origin."""
    parents = {path[1] for node in web.nodes if len(path := path_to(origin, node, len(web.nodes))) > 1}
    leaves = [node for node in web.nodes if node not in parents and node is not origin]
    leaf = max(leaves, key=lambda node: len(path_to(origin, node, len(web.nodes))))
    web.freeze(leaf)
    return leaf


@pytest.mark.parametrize("number", SEED_NUMBERS[:2])
def test_one_frozen_leaf_makes_nobody_else_lag(number: int) -> None:
    """A child is judged by its own number: its healthy ancestors stay counted, and all others get all in time."""
    web = Web(number)
    nodes = web.graph(121, 3)
    origin = nodes[0]
    web.run(0.2)
    warm(web, origin, 1)
    leaf = frozen_leaf(web, origin)
    others = [node for node in nodes if node is not leaf]
    path = {node: path_to(origin, node, 121) for node in others}

    for _ in range(4):
        last = web.publish(origin)
        web.run(0.8)

    assert complete(web, origin, last, others)()
    for node in others[1:]:
        parent = path[node][1]
        stream = parent.broadcast.streams.get((origin.name, LIFE, 0))
        (link,) = [link for link, (other, _) in parent.links.items() if other is node]
        assert stream is not None
        assert path_to(origin, node, 121) == path[node]
        assert stream.counted & parent.broadcast._links[link].bit, f"{node.name} lags behind {parent.name}"
    assert acknowledged(origin) == last


def test_a_frozen_node_gets_all_once_it_goes_on() -> None:
    """It lagged, got digests only, and pulls what it missed; then it counts again."""
    web = Web(3)
    nodes = web.graph(12, 4)
    origin = nodes[0]
    web.run(0.2)
    warm(web, origin)
    web.freeze(nodes[5])
    for _ in range(8):
        last = web.publish(origin)
        web.run(0.5)
    assert nodes[5].got(origin) == [1, 2]

    web.thaw(nodes[5])
    assert web.run_until(complete(web, origin, last), at_most=2.0)
    last = web.publish(origin)
    web.run(1.0)
    last = web.publish(origin)
    web.run(0.5)

    assert nodes[5].got(origin) == list(range(1, last + 1))
    assert nodes[5].missed(origin) == []
    assert origin.broadcast.progress(last, web.now) == (True, 11)


def test_a_join_stalls_nobody() -> None:
    """Who is new does not count until it is level: what is said just then is acknowledged as quickly as before."""
    web = Web(4)
    nodes = web.graph(12, 4)
    origin = nodes[0]
    web.run(0.2)
    last = warm(web, origin)
    web.run(QUIET)
    newcomer = web.node()
    web.freeze(newcomer)

    web.connect(origin, newcomer)
    web.connect(nodes[3], newcomer)
    for _ in range(5):
        last = web.publish(origin)
        web.run(0.05)
        assert acknowledged(origin) == last

    web.thaw(newcomer)
    web.run(1.0)
    assert newcomer.missed(origin) == []
    assert newcomer.got(origin)[-1:] == [last]


def test_a_crawling_child_lags_and_nobody_else_feels_it() -> None:
    """One that reads now and then, and little, is not waited for longer than the grace."""
    web = Web(5)
    nodes = web.graph(12, 4)
    origin, crawler = nodes[0], nodes[7]
    web.run(0.2)
    warm(web, origin)
    web.freeze(crawler)
    said: list[float] = []
    lags = []

    for step in range(24):
        last = web.publish(origin)
        said.append(web.now)
        web.run(0.25)
        if step % 4 == 3:  # it takes one run of what waits, and acknowledges that
            first_run = next((i for i, (_, f) in enumerate(crawler.waiting) if isinstance(f, RunRecord)), None)
            if first_run is not None:
                rest = crawler.waiting[first_run + 1 :]
                crawler.waiting = crawler.waiting[: first_run + 1]
                web.thaw(crawler)
                web.freeze(crawler)
                crawler.waiting = rest
        others = [node for node in nodes if node is not crawler]
        assert complete(web, origin, last, others)()
        lags.append(last - acknowledged(origin))

    assert max(lags) <= 12
    assert lags[-4:] == [0, 0, 0, 0]


# Cuts and restarts.


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_cut_of_two_seconds_loses_nothing(number: int) -> None:
    """Both halves go on, and each gets what the other said meanwhile."""
    web = Web(number)
    nodes = web.graph(16, 4)
    web.run(0.2)
    for origin in (nodes[0], nodes[15]):
        warm(web, origin)
    web.cut = {frozenset((one, other)) for one in range(8) for other in range(8, 16)}
    for _ in range(4):
        web.publish(nodes[0])
        web.publish(nodes[15])
        web.run(0.5)

    web.cut.clear()
    web.publish(nodes[0])
    web.publish(nodes[15])
    web.run(5.0)

    for origin in (nodes[0], nodes[15]):
        assert all(node.got(origin) == list(range(1, 8)) for node in nodes if node is not origin)
        assert all(node.missed(origin) == [] for node in nodes)


def test_a_cut_in_which_nobody_counts_makes_the_origin_wait_for_a_while() -> None:
    """With links that carry nothing it has no room once its window is full, until the patience ends."""
    settings = settings_with(broadcast=BroadcastSettings(window_budget=8192))
    web = Web(1, settings=settings)
    nodes = web.graph(4, 2)
    web.run(0.2)
    warm(web, nodes[0])
    for node in nodes[1:]:
        web.freeze(node)
    said = 0
    while nodes[0].broadcast.has_room(web.now):
        web.publish(nodes[0], b"x" * 1000)
        said += 1
    assert 8 <= said <= 9

    moments = []
    for _ in range(80):
        web.run(0.1)
        moments.append(nodes[0].broadcast.has_room(web.now))

    assert moments == sorted(moments)
    waited = moments.index(True) / 10
    assert settings.broadcast.cut_patience <= waited <= settings.broadcast.cut_patience + settings.broadcast.grace * 2


def test_the_window_gives_room_again_as_it_is_acknowledged() -> None:
    """Full while nobody acknowledged, open after a round trip down and up the tree; that is said."""
    web = Web(1, settings=settings_with(broadcast=BroadcastSettings(window_budget=8192)))
    nodes = web.graph(8, 4)
    web.run(0.2)
    last = warm(web, nodes[0])
    while nodes[0].broadcast.has_room(web.now):
        last = web.publish(nodes[0], b"x" * 1000)
    nodes[0].events.clear()

    web.run(0.1)

    assert nodes[0].broadcast.has_room(web.now)
    assert acknowledged(nodes[0]) == last


def test_a_restart_is_not_taken_for_a_replay() -> None:
    """A new life under an old name begins at 1 again, and is delivered."""
    web = Web(6)
    nodes = web.graph(10, 4)
    web.run(0.2)
    warm(web, nodes[3])
    web.crash(nodes[3])
    again = web.rebirth(nodes[3], LIFE + 1000)
    web.connect(again, nodes[1])
    web.connect(again, nodes[7])
    web.publish(again, count=2)
    web.run(0.5)

    others = [node for node in nodes if node.up]
    assert all(node.rumors[again.name, LIFE + 1000] == [1, 2] for node in others)
    assert all(node.rumors[again.name, LIFE] == [1, 2] for node in others)


@pytest.mark.parametrize("known", [True, False])
def test_a_new_life_is_not_told_before_the_known_tail_of_the_old_one(known: bool) -> None:
    """A node that knows that the old life said more waits for that, at most two seconds."""
    web = Web(7)
    one, two, origin = web.node(), web.node(), web.node()
    web.connect(one, two)
    web.connect(two, origin)
    web.run(0.3)
    web.publish(origin)
    web.run(0.3)
    web.cut = {frozenset((one.index, two.index))}
    web.publish(origin)
    web.run(0.01)
    web.crash(origin)
    again = web.rebirth(origin, LIFE + 1000)
    web.connect(again, one)
    web.run(0.3)
    web.cut.clear()
    if known:  # one hears that there is a second rumor, and that is all
        head = two.broadcast.streams.get((origin.name, LIFE, 0))
        assert head is not None
        (link,) = [link for link, (other, _) in one.links.items() if other is two]
        one.broadcast.on_digest(link, [head.digest()], web.now)
    web.publish(again)
    web.run(0.02)
    assert bool(one.rumors.get((again.name, LIFE + 1000))) is not known

    web.run(3.0)

    assert (one.rumors[origin.name, LIFE], one.rumors[again.name, LIFE + 1000]) == ([1, 2], [1])
    order = [event.run.epoch for event in one.events if isinstance(event, RunDelivered) and event.ordered]
    assert order == (sorted(order) if known else [LIFE, LIFE + 1000, LIFE])


# Payloads.


def test_two_equal_payloads_are_two_rumors() -> None:
    """What is the same text is not the same rumor: both are delivered, in one turn and in two."""
    web = Web(1)
    nodes = web.graph(6, 4)
    web.run(0.2)

    web.publish(nodes[0], b"same", count=2)
    web.publish(nodes[0], b"same")
    web.run(0.5)

    assert all(node.got(nodes[0]) == [1, 2, 3] for node in nodes[1:])


def payloads_of(node: WebNode, origin: WebNode) -> list[bytes]:
    """What a node's application got of an origin, in order."""
    return [
        payload
        for event in node.events
        if isinstance(event, RunDelivered) and event.ordered and event.run.origin == origin.name
        for payload in event.run.payloads
    ]


def test_a_long_payload_arrives_whole() -> None:
    """200 KiB travel in parts, and are one rumor among others."""
    web = Web(1)
    nodes = web.graph(8, 4)
    web.run(0.2)
    long = Random(1).randbytes(200 << 10)

    for payload in (b"before", long, b"after"):
        web.publish(nodes[0], payload)
    web.run(1.0)

    assert all(payloads_of(node, nodes[0]) == [b"before", long, b"after"] for node in nodes)


def pair(web: Web) -> tuple[WebNode, WebNode]:
    """An origin and its only neighbor, which know each other's streams."""
    origin, other = web.node(), web.node()
    web.connect(origin, other)
    web.run(0.3)
    web.publish(origin)
    web.run(0.3)
    return origin, other


def lose(web: Web, one: WebNode, other: WebNode, what: bytes | None = None, *, count: int = 1) -> None:
    """Let an origin say something that its neighbor never gets, as if it had been on a link that broke."""
    web.cut.add(frozenset((one.index, other.index)))
    web.publish(one, what or b"lost", count=count)
    web.cut.clear()


def forget(node: WebNode, origin: WebNode, *numbers: int) -> None:
    """Let a node's list drop some runs of an origin."""
    stream = node.broadcast.streams.get((origin.name, LIFE, 0))
    assert stream is not None
    for number in numbers:
        stream.dropped(number)


def test_a_lost_part_loses_just_its_rumor() -> None:
    """What came before and comes after is delivered."""
    web = Web(1)
    origin, other = pair(web)
    web.publish(origin, b"before")
    web.run(0.1)
    lose(web, origin, other, b"x" * (100 << 10))
    forget(origin, origin, 3)

    web.publish(origin, b"after")
    web.run(5.0)

    assert payloads_of(other, origin) == [b"news", b"before", b"after"]
    assert other.missed(origin) == [(3, 3)]


# Holes.


def test_a_hole_is_repaired_and_what_came_early_is_told_once_as_new() -> None:
    """An unordered subscriber gets it at once, an ordered one after what fills the hole; each once."""
    web = Web(1)
    origin, other = pair(web)
    lose(web, origin, other)
    web.publish(origin)

    web.run(0.01)
    assert other.got(origin) == [1]
    web.run(1.0)

    told = [(e.run.first, e.ordered, e.fresh) for e in other.events if isinstance(e, RunDelivered)]
    assert told == [(1, True, True), (3, False, True), (2, True, True), (3, True, False)]
    assert other.missed(origin) == []


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_hole_at_the_tail_is_repaired(number: int) -> None:
    """The last run is lost on one link and nothing follows: the comparison of all streams finds it."""
    web = Web(number)
    nodes = web.graph(8, 3)
    web.run(0.2)
    warm(web, nodes[0])
    node = nodes[4]
    web.cut = {frozenset((4, other.index)) for other, _ in node.links.values()}
    last = web.publish(nodes[0])
    web.run(0.2)
    web.cut.clear()
    assert node.got(nodes[0])[-1:] == [last - 1]

    assert web.run_until(complete(web, nodes[0], last), at_most=10.0)
    assert node.missed(nodes[0]) == []


def test_what_nobody_has_is_lost_only_after_all_neighbors_and_the_origin_were_asked() -> None:
    """Then just these rumors are lost, and a neighbor that still has them prevents it."""
    web = Web(1)
    origin, one, two = web.node(), web.node(), web.node()
    web.connect(origin, one)
    web.connect(one, two)
    web.run(0.3)
    web.publish(origin)
    web.run(0.3)
    lose(web, one, two)  # one has a stream of its own; of the origin's, two lacks 2 and 3
    web.cut = {frozenset((one.index, two.index))}
    web.publish(origin, count=2)
    web.run(0.01)
    web.cut.clear()
    forget(one, origin, 2)
    web.publish(origin)
    web.run(1.5)
    assert (two.got(origin), two.missed(origin)) == ([1], [])
    assert not any(isinstance(event, OriginWanted) for event in two.events)

    assert web.run_until(lambda: two.got(origin) == [1, 2, 3, 4], at_most=5.0)  # the origin itself still has them

    web.cut = {frozenset((one.index, two.index))}
    last = web.publish(origin, count=3)
    web.run(0.01)
    web.cut.clear()
    forget(one, origin, 4)
    web.crash(origin)
    two.events.clear()
    assert web.run_until(lambda: bool(two.missed(origin)), at_most=70.0)
    assert two.missed(origin) == [(5, last)]
    wanted = [event for event in two.events if isinstance(event, OriginWanted | RumorsLost)]
    assert wanted == [OriginWanted(origin.name), RumorsLost(origin.name, LIFE, 5, last, LostReason.UNOBTAINABLE)]


def test_what_the_origin_says_is_gone_is_lost_at_once() -> None:
    """Its word is final: the hold is not waited for."""
    web = Web(1)
    origin, other = pair(web)
    lose(web, origin, other, count=3)
    forget(origin, origin, 2)

    web.publish(origin)
    web.run(0.5)

    assert (other.got(origin), other.missed(origin)) == ([1, 5], [(2, 4)])


def test_a_later_copy_of_what_was_lost_is_dropped() -> None:
    """Lost is final, also for who takes rumors in any order."""
    web = Web(1)
    origin, other = pair(web)
    kept = web.frames_of(origin, lambda: lose(web, origin, other))
    forget(origin, origin, 2)
    web.publish(origin)
    web.run(0.5)
    assert other.missed(origin) == [(2, 2)]
    events = len(other.events)

    (link,) = other.links
    other.broadcast.on_run(link, kept[0], web.now)
    web.run(0.5)

    assert len(other.events) == events


def test_an_origin_that_lives_again_does_not_keep_what_is_lost_waiting() -> None:
    """Its new life can be asked, and does not have what the old one said: then that is lost soon."""
    web = Web(1)
    origin, one, two = web.node(), web.node(), web.node()
    web.connect(origin, one)
    web.connect(one, two)
    web.run(0.3)
    web.publish(origin)
    web.run(0.3)
    web.cut = {frozenset((one.index, two.index))}
    web.publish(origin)
    web.run(0.01)
    web.cut.clear()
    forget(one, origin, 2)
    web.crash(origin)
    web.rebirth(origin, LIFE + 1000)

    web.run(15.0)

    assert two.missed(origin) == [(2, 2)]


def test_a_stale_digest_does_no_harm() -> None:
    """What a link told before it broke, said again after newer runs, moves nothing back and asks for nothing."""
    web = Web(2)
    nodes = web.graph(6, 3)
    web.run(0.2)
    warm(web, nodes[0])
    stream = nodes[2].broadcast.streams.get((nodes[0].name, LIFE, 0))
    assert stream is not None
    stale = stream.digest()
    neighbor = next(other for other, _ in nodes[2].links.values())
    web.disconnect(nodes[2], neighbor)
    last = warm(web, nodes[0])
    web.connect(nodes[2], neighbor)
    web.run(0.2)
    before = duplicates(web)

    for node in nodes[1:]:
        for link in node.links:
            node.broadcast.on_digest(link, [stale], web.now)
    web.run(1.0)

    assert duplicates(web) == before
    assert all(node.got(nodes[0]) == list(range(1, last + 1)) for node in nodes[1:])
    everybody_hangs_on(nodes[0], nodes)


# Joining.


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_newcomer_begins_with_what_comes_next(number: int) -> None:
    """It gets no old rumors and is told of no loss, and misses nothing from then on."""
    web = Web(number)
    nodes = web.graph(8, 4)
    web.run(0.2)
    last = warm(web, nodes[0], 3)
    newcomer = web.node()
    for other in web.rng.sample(nodes, 3):
        web.connect(newcomer, other)
    web.run(0.1)

    for _ in range(3):
        web.publish(nodes[0])
        web.run(0.1)
    web.run(5.0)

    assert (newcomer.got(nodes[0]), newcomer.missed(nodes[0])) == ([last + 1, last + 2, last + 3], [])


def test_what_was_said_alone_reaches_the_first_who_joins() -> None:
    """As long as nobody heard it, it is kept for them, whoever links first; the second who joins gets none of it."""
    web = Web(1)
    origin = web.node()
    web.publish(origin, count=2)
    web.publish(origin)
    assert origin.broadcast.has_room(web.now)
    web.run(5.0)

    first = web.node()
    web.connect(origin, first)
    web.run(0.5)
    second = web.node()
    web.connect(first, second)
    web.run(0.5)

    assert (first.got(origin), second.got(origin)) == ([1, 2, 3], [])
    web.publish(origin)
    web.run(0.5)
    assert (first.got(origin), second.got(origin)) == ([1, 2, 3, 4], [4])


# Whatever goes wrong.


def trouble(web: Web, origins: list[WebNode], rng: Random, steps: int) -> None:
    """Let origins publish while frames get lost, links are cut, made and broken, and nodes freeze."""
    nodes = web.nodes
    for _ in range(steps):
        one, other = rng.sample(nodes, 2)
        web.loss = rng.choice([0.0, 0.0, 0.1])
        match rng.randrange(8):
            case 0 | 1 | 2:
                web.publish(rng.choice(origins), count=rng.randint(1, 4))
            case 3:
                web.cut.add(frozenset((one.index, other.index)))
            case 4:
                web.cut.clear()
            case 5:
                (web.thaw if one.frozen else web.freeze)(one)
            case 6 if not linked_to(one, other):
                web.connect(one, other)
            case 7 if min(len(one.links), len(other.links)) > 1:
                web.disconnect(one, other)
        web.run(rng.choice([0.0, 0.0005, 0.002, 0.05, 0.5]))


def heal(web: Web) -> None:
    """End all faults: nodes go on, and a ring of links connects them."""
    web.loss = 0.0
    web.cut.clear()
    for node in web.nodes:
        if node.frozen:
            web.thaw(node)
    for one, other in pairwise([*web.nodes, web.nodes[0]]):
        if not linked_to(one, other):
            web.connect(one, other)


@pytest.mark.parametrize("kept", [64 << 20, 8 * 300])
@pytest.mark.parametrize("number", range(10))
def test_once_faults_stop_everything_is_delivered_or_lost(number: int, kept: int) -> None:
    """Nothing twice, in order, without gap (the web looks at each event), whatever happened; and no table stays."""
    web = Web(number, settings=settings_with(message_list=MessageListSettings(bytes_max=kept)))
    nodes = web.graph(10, 4)
    origins = nodes[:3]
    web.run(0.3)
    for origin in origins:
        web.publish(origin)
    web.run(0.5)

    trouble(web, origins, Random(number), 30)
    heal(web)
    last = {origin: web.publish(origin) for origin in origins}

    def done() -> bool:
        return all(node.ends.get((o.name, LIFE)) == last[o] for o in origins for node in nodes if node is not o)

    assert web.run_until(done, at_most=15.0)
    for origin in origins:
        for node in nodes:
            missed = [number for first, end in node.missed(origin) for number in range(first, end + 1)]
            if node is not origin:
                assert sorted(node.got(origin) + missed) == list(range(1, last[origin] + 1))
    web.run(QUIET)
    for origin in origins:
        everybody_hangs_on(origin, nodes)
    assert tables(web) == []


def test_after_quiet_no_table_stays() -> None:
    """Neither what is owed nor what lacks is kept of a stream that says nothing, nor what links said of it."""
    web = Web(1)
    nodes = web.graph(10, 4)
    web.run(0.2)
    for node in nodes:
        web.publish(node)
    web.run(0.01)
    assert tables(web) != []

    web.run(QUIET)
    web.publish(nodes[0])
    web.run(QUIET)

    assert tables(web) == []
    assert all(len(said) <= 1 for node in nodes for said in node.broadcast.seen.values())


def test_where_streams_are_many_our_own_is_not_forgotten() -> None:
    """A table that is full forgets others' quiet streams; what we say next still gets acknowledged."""
    web = Web(1, settings=settings_with(message_list=MessageListSettings(streams_max=4, retention=1.0)))
    nodes = web.graph(8, 4)
    web.run(0.2)
    for node in (nodes[0], *nodes):
        web.publish(node)
        web.run(3.0)

    last = web.publish(nodes[0])
    web.run(1.0)

    assert all(node.got(nodes[0])[-1:] == [last] for node in nodes[1:])
    assert acknowledged(nodes[0]) == last
    assert all(len(node.broadcast.streams) <= 4 for node in nodes)
