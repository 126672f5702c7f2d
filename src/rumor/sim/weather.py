"""What the network does to what is under way: how long it takes, what it loses, who can't reach whom."""

from collections.abc import Iterable
from random import Random
from typing import TypeAlias

from rumor.core.ids import Address, Seconds
from rumor.sim.node import Node

RETRANSMISSION: Seconds = 0.2
"""How long TCP waits at least before it sends a segment again (Linux, TCP_RTO_MIN); doubled for each further loss."""

RETRANSMISSION_LONGEST: Seconds = 120.0
"""The longest such wait (Linux, TCP_RTO_MAX)."""

Block: TypeAlias = tuple[frozenset[Address], frozenset[Address]]
"""Nothing passes from the ones to the others. Empty targets: to anybody; empty sources: from anybody."""


class Weather:
    """Latency and loss, settable at any moment, and who is apart."""

    def __init__(self, rng: Random, latency: tuple[Seconds, Seconds], loss: float) -> None:
        self.rng = rng
        self.latency = latency
        self.loss = loss
        self.is_cut = False
        """Whether anybody is apart from anybody."""
        self._sides: dict[Address, int] = {}
        self._blocks: list[Block] = []
        self._losses: dict[Address, tuple[float, float]] = {}
        """What single nodes lose beside that: of what they send, and of what is sent to them."""

    def delay(self) -> Seconds:
        """How long one way takes."""
        low, high = self.latency
        return low + (high - low) * self.rng.random()

    def lose(self, node: Node, *, outgoing: float, incoming: float) -> None:
        """From now on so great shares of a node's packets are lost, beside what all lose."""
        self._losses[node.address] = (outgoing, incoming)
        if outgoing == incoming == 0.0:
            del self._losses[node.address]

    def loss_between(self, source: Address, target: Address) -> float:
        """Which share of the packets from one to the other is lost."""
        if not self._losses:
            return self.loss
        outgoing, _ = self._losses.get(source, (0.0, 0.0))
        _, incoming = self._losses.get(target, (0.0, 0.0))
        return 1.0 - (1.0 - self.loss) * (1.0 - outgoing) * (1.0 - incoming)

    def lost(self, source: Address, target: Address) -> bool:
        """Whether one packet is lost."""
        loss = self.loss_between(source, target)
        return loss > 0.0 and self.rng.random() < loss

    def delay_with_repeats(self, source: Address, target: Address) -> Seconds:
        """How long one way takes for a segment that is sent again until it arrives."""
        delay, loss = self.delay(), self.loss_between(source, target)
        if loss > 0.0:
            wait = RETRANSMISSION
            while self.rng.random() < loss:
                delay += wait
                wait = min(2.0 * wait, RETRANSMISSION_LONGEST)
        return delay

    def split(self, groups: Iterable[Iterable[Node]]) -> None:
        """Nothing passes between nodes of different groups; those in none are one more group."""
        self._sides = {node.address: side for side, group in enumerate(groups) for node in group}
        self.is_cut = True

    def block(self, sources: Iterable[Node], targets: Iterable[Node]) -> Block:
        """Nothing passes from the ones to the others, if none are named from or to anybody; the other way all does."""
        block = (frozenset(node.address for node in sources), frozenset(node.address for node in targets))
        self._blocks.append(block)
        self.is_cut = True
        return block

    def unblock(self, block: Block) -> None:
        """That block is over; others stand. Does nothing if all was healed meanwhile."""
        if block in self._blocks:
            self._blocks.remove(block)
            self.is_cut = bool(self._blocks or self._sides)

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
        return any(
            (not sources or source in sources) and (not targets or target in targets)
            for sources, targets in self._blocks
        )

    def apart(self, one: Address, other: Address) -> bool:
        """Whether something is stopped either way."""
        return self.is_cut and (self.stops(one, other) or self.stops(other, one))
