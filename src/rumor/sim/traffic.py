"""Which copies of which run came where, and how much of what was sent: what the measures are made from."""

from collections import Counter

from rumor.core.frames import Outgoing, RunRecord
from rumor.core.ids import Address
from rumor.sim.node import Node


class Spread:
    """How one run spread. `hops`: over how many links the first copy came, by node, its origin left out."""

    __slots__ = ("copies", "hops")

    def __init__(self) -> None:
        self.copies = 0
        self.hops: dict[Address, int] = {}


class Traffic:
    """All runs since it began to count: (origin, epoch, lane, number) and their spread; and all frames by their kind.

    Frames that are sent while some are dropped, doubled or shuffled are not counted.
    """

    def __init__(self) -> None:
        self.spreads: dict[tuple[str, int, int, int], Spread] = {}
        self.frames: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    def on_sent(self, frame: Outgoing, size: int) -> None:
        """A node sent a frame."""
        kind = type(frame).__name__
        self.frames[kind] += 1
        self.bytes[kind] += size

    def on_copy(self, node: Node, record: RunRecord) -> None:
        """A copy came to a node."""
        run = record.run
        key = (run.origin, run.epoch, int(run.lane), run.number)
        spread = self.spreads.get(key)
        if spread is None:
            spread = self.spreads[key] = Spread()
        spread.copies += 1
        if node.name != run.origin:
            spread.hops.setdefault(node.address, record.hops + 1)
