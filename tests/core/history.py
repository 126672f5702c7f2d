"""A small scripted history of core peers and seeds; as a program it prints that of the seed number it is given."""

import sys
from collections.abc import Iterator

from rumor.core.peer import Peer

from .helpers import make_network, peer_at, run_network


def history(number: int) -> Iterator[str]:
    """Eight peers join three seeds, say something, and lose one of themselves: all that was done and said, as lines."""
    nodes = make_network(seeds=3, peers=8, number=number)
    for address, happened in run_network(nodes, start=0.0, until=2.0):
        yield f"{address} {happened}"
    for address, node in nodes.items():
        if isinstance(node, Peer):
            node.publish(f"from {address}", 2.0)
    del nodes[peer_at(5)]
    for address, happened in run_network(nodes, start=2.0, until=8.0):
        yield f"{address} {happened}"
    for address, node in nodes.items():
        yield f"{address} {node.snapshot()}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(history(int(sys.argv[1]))))
