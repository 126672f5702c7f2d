"""The measures, by examples worked by hand."""

import pytest

from rumor.core.frames import Lane, Run, RunRecord
from rumor.sim import Node, World
from rumor.sim.measures import components, coverage, degrees, graph, last_delivery_hop, redundancy, spread_of
from rumor.sim.traffic import Traffic
from tests.sim.echo import add


def spread(*copies: tuple[int, int]) -> Traffic:
    """One run of node 0 among some nodes: who got a copy that had come by how many links before."""
    world = World(0)
    nodes = [add(world) for _ in range(10)]
    run = Run(nodes[0].name, 1, Lane.APP, 1, 1, 0, "", [b""])
    traffic = Traffic()
    for index, hops in copies:
        traffic.on_copy(nodes[index], RunRecord(hops, 0, False, run, b""))
    return traffic


def test_a_chain_has_no_redundancy() -> None:
    """0 - 1 - 2 - 3: three copies for three nodes, the last over three links."""
    (chain,) = spread((1, 0), (2, 1), (3, 2)).spreads.values()
    assert (last_delivery_hop(chain), redundancy([chain])) == (3, 0.0)


def test_a_triangle_has_one_copy_too_many_each() -> None:
    """0 tells 1 and 2, which tell each other: four copies for two nodes, one link each."""
    (triangle,) = spread((1, 0), (2, 0), (2, 1), (1, 1)).spreads.values()
    assert (last_delivery_hop(triangle), redundancy([triangle])) == (1, 1.0)


def test_an_echo_to_the_origin_is_a_copy_too_many() -> None:
    """0 tells 1, which tells it back: two copies for one node, and the way back is no delivery."""
    (echo,) = spread((1, 0), (0, 1)).spreads.values()
    assert (last_delivery_hop(echo), redundancy([echo])) == (1, 1.0)


def test_redundancy_is_over_all_runs() -> None:
    """A chain of three and a triangle: seven copies for five that needed one. Nobody told: nothing to count."""
    (chain,), (triangle,) = (
        spread((1, 0), (2, 1), (3, 2)).spreads.values(),
        spread((1, 0), (2, 0), (2, 1), (1, 1)).spreads.values(),
    )
    assert redundancy([chain, triangle]) == pytest.approx(7 / 5 - 1)
    assert (redundancy([]), last_delivery_hop(spread((0, 1)).spreads.popitem()[1])) == (0.0, 0)


def test_components_count_links_either_way() -> None:
    """a holds b, c holds b: one piece. d and e hold each other; f is alone."""
    links = {"a": ["b"], "b": [], "c": ["b"], "d": ["e"], "e": ["d"], "f": []}
    assert components(links) == [["a", "b", "c"], ["d", "e"], ["f"]]
    assert degrees(links) == {0: 2, 1: 4}


def test_who_is_down_counts_nowhere() -> None:
    """Of two running peers one was told; the third one is down."""
    world = World(0)
    peers = [world.start(add(world)) for _ in range(3)]
    hold(peers[0], peers[1], peers[2])
    told = world.publications  # any hashable will do for a rumor
    for peer in (peers[0], peers[2]):
        peer.heard[told] = 1  # type: ignore[index]
    world.crash(peers[2])
    assert graph(peers) == {peers[0].name: [peers[1].name], peers[1].name: []}
    assert coverage(peers, told) == 0.5  # type: ignore[arg-type]
    assert coverage([], told) == 0.0  # type: ignore[arg-type]


def hold(node: Node, *others: Node) -> None:
    """Make nodes neighbors of one."""
    node.neighbor_links.update({other.name: 1 for other in others})


def test_a_spread_names_figures_that_were_found() -> None:
    """By the nearest rank, whatever their order; of one figure, that one."""
    assert spread_of([7.0]) == (7.0, 7.0, 7.0, 7.0)
    assert spread_of([3.0, 1.0, 2.0]) == (1.0, 2.0, 3.0, 3.0)
    assert spread_of([float(figure) for figure in range(200, 0, -1)]) == (1.0, 101.0, 198.0, 200.0)
