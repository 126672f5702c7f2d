"""The simulated world with original nodes in it, and with what must always be so of classic neighbors."""

from collections.abc import Iterable
from random import Random

from rumor.core.clock import WallClock
from rumor.core.ids import Seconds
from rumor.core.settings import Settings
from rumor.sim import Node
from rumor.sim import World as SimulatedWorld
from rumor.sim.invariants import INVARIANTS
from rumor.sim.world import DAWN
from tests.network.invariants import CLASSIC_INVARIANTS
from tests.network.originals import OriginalPeer, OriginalSeed


class World(SimulatedWorld):
    """Ours and originals together."""

    def __init__(
        self,
        number: int,
        settings: Settings | str = "lan",
        *,
        latency: tuple[Seconds, Seconds] = (0.0005, 0.01),
        loss: float = 0.0,
        per_host: int = 3,
    ) -> None:
        invariants = (*INVARIANTS, *CLASSIC_INVARIANTS)
        super().__init__(number, settings, latency=latency, loss=loss, per_host=per_host, invariants=invariants)

    def original_seed(self) -> Node:
        """A new original seed, running."""
        return self.start(self.add(lambda _: OriginalSeed(), net=1))

    def original_peer(self, seeds: Iterable[Node]) -> Node:
        """A new original peer, not yet started."""
        known = [seed.address for seed in seeds]
        chance = self.rng
        return self.add(
            lambda node: OriginalPeer(node.address, known, WallClock(DAWN), Random(chance.getrandbits(64))), net=2
        )
