"""One mishap after another, each of which ends after a while."""

from collections.abc import Callable, Sequence
from functools import partial

from rumor.core.ids import Seconds
from rumor.sim.node import Node
from rumor.sim.world import World

LONGEST: Seconds = 30.0
"""How long a mishap lasts at most, unless told otherwise."""


class Chaos:
    """Seeds and peers of a world, and what befalls them. The peers start one after another."""

    def __init__(
        self, world: World, seeds: Sequence[Node], peers: Sequence[Node], *, longest: Seconds = LONGEST
    ) -> None:
        self.world = world
        self._longest = longest
        self.seeds = list(seeds)
        self.peers = list(peers)
        self.mishaps: list[Callable[[], None]] = [self.crash, self.freeze, self.cut_off_seeds, self.publish]
        for peer in self.peers:
            world.at(world.rng.uniform(0.0, 5.0), partial(world.restart, peer))

    def run(self, duration: Seconds, *, every: Seconds = 4.0) -> None:
        """Let mishaps happen for a while, then let the last of them end."""
        end = self.world.now + duration
        while self.world.now < end:
            self.world.run(self.world.rng.uniform(0.0, every))
            self.world.rng.choice(self.mishaps)()
        self.world.run(self._longest + 1.0)

    def crash(self) -> None:
        """Somebody crashes, and comes back empty after a while."""
        if (node := self._somebody()) is not None:
            self.world.crash(node)
            self._later(partial(self.world.restart, node))

    def power_off(self) -> None:
        """Somebody's machine goes off without a word, and comes back empty after a while."""
        if (node := self._somebody()) is not None:
            self.world.crash(node, off=True)
            self._later(partial(self.world.restart, node))

    def restart_in_the_past(self) -> None:
        """Somebody crashes, and comes back after a while with the clock set back."""
        if (node := self._somebody()) is not None:
            self.world.crash(node)
            self._later(partial(self.world.restart, node, clock_back=self.world.rng.uniform(0.0, 1000.0)))

    def freeze(self) -> None:
        """Somebody stops for a while."""
        if (node := self._somebody()) is not None:
            self.world.freeze(node)
            self._later(partial(self._thaw, node, node.life))

    def slow(self) -> None:
        """Somebody is slow for a while."""
        if (node := self._somebody()) is not None:
            self.world.slow(node, self.world.rng.uniform(0.001, 0.02))
            self._later(partial(self.world.slow, node, 0.0))

    def cut_off_seeds(self) -> None:
        """The seeds are out of reach for a while."""
        self.world.split(self.seeds, self.peers)
        self._later(self.world.heal)

    def split(self) -> None:
        """The peers are on two sides for a while."""
        some = [peer for peer in self.peers if self.world.rng.random() < 0.5]
        self.world.split(some)
        self._later(self.world.heal)

    def block(self) -> None:
        """For a while some reach the others, and are not reached by them."""
        some = [node for node in self.peers if self.world.rng.random() < 0.3]
        names = {peer.name for peer in some}
        self.world.block([peer for peer in self.peers if peer.name not in names], some)
        self._later(self.world.heal)

    def publish(self) -> None:
        """Somebody says something."""
        if (node := self._somebody()) is not None and node in self.peers:
            self.world.publish(node)

    def _later(self, action: Callable[[], object]) -> None:
        self.world.at(self.world.rng.uniform(0.0, self._longest), action)

    def _somebody(self) -> Node | None:
        running = [node for node in (*self.seeds, *self.peers) if node.up and not node.frozen]
        return self.world.rng.choice(running) if running else None

    def _thaw(self, node: Node, life: int) -> None:
        if node.life == life:
            self.world.thaw(node)
