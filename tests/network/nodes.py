"""What the stories ask of nodes, whether ours or originals."""

from rumor.core.seed import Seed
from rumor.sim import Node
from tests.network.originals import OriginalSeed


def times_listed(seed: Node, peer: Node) -> int:
    """How often a seed lists a peer."""
    match seed.core:
        case Seed():
            return int(peer.address in seed.core._registry)
        case OriginalSeed():
            return seed.core.listed.count(peer.address)
    return 0
