"""What the network does to what is under way: how long it takes, what it loses, who can't reach whom."""

from collections.abc import Iterable
from random import Random

from rumor.core.ids import Address, Seconds
from rumor.sim.node import Node

RETRANSMISSION: Seconds = 0.2
"""How long TCP waits at least before it sends a segment again (Linux, TCP_RTO_MIN); doubled for each further loss."""


class Weather:
    """Latency and loss, settable at any moment, and who is apart."""

    def __init__(self, rng: Random, latency: tuple[Seconds, Seconds], loss: float) -> None:
        self.rng = rng
        self.latency = latency
        self.loss = loss
        self.is_cut = False
        """Whether anybody is apart from anybody."""
        self._sides: dict[Address, int] = {}
        self._blocks: list[tuple[frozenset[Address], frozenset[Address]]] = []

    def delay(self) -> Seconds:
        """How long one way takes."""
        low, high = self.latency
        return low + (high - low) * self.rng.random()

    def lost(self) -> bool:
        """Whether one packet is lost."""
        return self.loss > 0.0 and self.rng.random() < self.loss

    def delay_with_repeats(self) -> Seconds:
        """How long one way takes for a segment that is sent again until it arrives."""
        delay = self.delay()
        if self.loss > 0.0:
            wait = RETRANSMISSION
            while self.rng.random() < self.loss:
                delay += wait
                wait *= 2.0
        return delay

    def split(self, groups: Iterable[Iterable[Node]]) -> None:
        """Nothing passes between nodes of different groups; those in none are one more group."""
        self._sides = {node.address: side for side, group in enumerate(groups) for node in group}
        self.is_cut = True

    def block(self, sources: Iterable[Node], targets: Iterable[Node]) -> None:
        """Nothing passes from the ones to the others; the other way all does."""
        self._blocks.append((frozenset(node.address for node in sources), frozenset(node.address for node in targets)))
        self.is_cut = True

    def heal(self) -> None:
        """Everything passes again."""
        self._sides = {}
        self._blocks = []
        self.is_cut = False

    def stops(self, source: Address, target: Address) -> bool:
        """Whether nothing passes from one to the other."""
        if not self.is_cut:
            return False
        if self._sides.get(source) != self._sides.get(target):
            return True
        return any(source in sources and target in targets for sources, targets in self._blocks)

    def apart(self, one: Address, other: Address) -> bool:
        """Whether something is stopped either way."""
        return self.is_cut and (self.stops(one, other) or self.stops(other, one))
