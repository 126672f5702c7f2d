"""What the stories ask of nodes, whether ours or originals."""

from rumor.core.seed import Seed
from rumor.sim import Node, World
from tests.network.originals import OriginalPeer, OriginalSeed


def times_listed(seed: Node, peer: Node) -> int:
    """How often a seed lists a peer."""
    match seed.core:
        case Seed():
            return int(peer.address in seed.core._registry)
        case OriginalSeed():
            return seed.core.listed.count(peer.address)
    return 0


def connect(world: World, original: Node, peer: Node) -> None:
    """Let an original peer ask another one to be its neighbor."""
    core = original.core
    assert isinstance(core, OriginalPeer)
    world.call(original, lambda: core.connect(peer.address))
    world.run(0.5)
    assert peer.address in original.neighbors
    assert original.address in peer.neighbors
