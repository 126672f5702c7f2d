"""How well a network is woven, and how well a rumor spread in it.

last delivery hop   over how many links the rumor came to whom it came last, by its first copy
redundancy          copies of the payload that were received, by those that needed one, minus 1: 0 for a tree (RMR)
coverage            the share of the running peers that were told
components          who reaches whom
degrees             how many peers have how many neighbors
spread_of           from where to where the same figure went over several histories
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from rumor.sim.node import Node
from rumor.sim.records import Told
from rumor.sim.traffic import Spread


def last_delivery_hop(spread: Spread) -> int:
    """The greatest number of links over which a first copy came; 0 if nobody got one."""
    return max(spread.hops.values(), default=0)


def redundancy(spreads: Iterable[Spread]) -> float:
    """Copies received by node that got one, minus 1, over several runs; 0.0 if nobody got any.

    Who published one has it without a copy, and should be sent none.
    """
    copies = needed = 0
    for spread in spreads:
        copies += spread.copies
        needed += len(spread.hops)
    return copies / needed - 1.0 if needed else 0.0


def coverage(peers: Sequence[Node], told: Told) -> float:
    """The share of the running peers that were told."""
    running = [peer for peer in peers if peer.up]
    return sum(1 for peer in running if told in peer.heard) / len(running) if running else 0.0


def graph(peers: Iterable[Node]) -> dict[str, list[str]]:
    """Who of the running peers holds whom of them."""
    running = {peer.name: peer for peer in peers if peer.up}
    return {name: [other for other in peer.neighbor_links if other in running] for name, peer in running.items()}


def components(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Those that reach each other, by whoever holds whom, in the order in which they are met."""
    both_ways: dict[str, list[str]] = {name: [] for name in graph}
    for name, others in graph.items():
        for other in others:
            both_ways[name].append(other)
            both_ways[other].append(name)
    found: list[list[str]] = []
    seen: set[str] = set()
    for start in both_ways:
        if start in seen:
            continue
        seen.add(start)
        piece = [start]
        for name in piece:  # grows while it is walked
            new = [other for other in dict.fromkeys(both_ways[name]) if other not in seen]
            seen.update(new)
            piece.extend(new)
        found.append(piece)
    return found


def degrees(graph: Mapping[str, Sequence[str]]) -> dict[int, int]:
    """How many have how many neighbors, by the number of neighbors."""
    return dict(sorted(Counter(len(others) for others in graph.values()).items()))


def spread_of(figures: Sequence[float]) -> tuple[float, float, float, float]:
    """The least, the median, the 99th percentile and the greatest of some figures, at least one.

    The nearest rank: each is one of the figures, and of an even count the median is the upper one.
    """
    ranked = sorted(figures)
    count = len(ranked)
    return ranked[0], ranked[count // 2], ranked[min(count - 1, ceil(0.99 * count) - 1)], ranked[-1]
