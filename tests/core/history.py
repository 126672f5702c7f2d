"""A small scripted history of peers and seeds; as a program it prints that of the seed number it is given."""

import sys
from collections.abc import Iterator

from rumor.sim import World


def history(number: int) -> Iterator[str]:
    """Eight peers join three seeds, speak, lose two of themselves, and one comes back: all that was done and said."""
    world = World(number, loss=0.01)
    seeds = [world.seed() for _ in range(3)]
    peers = [world.start(world.peer(seeds)) for _ in range(8)]
    world.run(3.0)
    for peer in peers:
        world.publish(peer)
    world.publish_many(peers[0], [b"one", b"two"], "topic")
    world.crash(peers[5])
    world.crash(peers[6], off=True)
    world.run(3.0)
    world.restart(peers[5])
    world.publish(peers[1])
    world.run(3.0)
    for node in (*seeds, *peers):
        yield from (f"{node} {happened}" for happened in (*node.did, *node.said))
        yield f"{node} {node.core.snapshot()}"  # type: ignore[attr-defined]
    yield world.trace


if __name__ == "__main__":
    sys.stdout.write("\n".join(history(int(sys.argv[1]))))
