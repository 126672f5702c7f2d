"""How the cores of our own nodes are made, for each life anew."""

from collections.abc import Callable, Sequence
from random import Random

import msgspec

from rumor.core.frames import Contact
from rumor.core.ids import Address, Identity
from rumor.core.peer import Peer
from rumor.core.seed import Seed
from rumor.core.settings import Settings
from rumor.sim import disk
from rumor.sim.carriage import Carriage
from rumor.sim.cores import Core
from rumor.sim.node import Node
from rumor.sim.stage import Stage
from rumor.wire.codec import CODEC


class Builder:
    """Makes seeds and peers."""

    def __init__(self, stage: Stage, settings: Settings, carriage: Carriage) -> None:
        self._stage = stage
        self._settings = settings
        self._rng = stage.rng
        self._codec = msgspec.structs.replace(CODEC, seal=carriage.seal)

    def seed(self, seeds: Sequence[Address] = (), *, durable: bool = False) -> Callable[[Node], Core]:
        """Makes a seed; `seeds` are the other ones, and itself. A durable one goes on with what is on its disk."""

        def make(node: Node) -> Core:
            chance = self._rng.getrandbits(64)
            node.epoch = max(node.clock.milliseconds(self._stage.now), node.epoch + 1)
            identity = Identity(node.address, name=node.name, epoch=node.epoch, instance=chance >> 1)
            others = [seed for seed in seeds if seed != node.address]
            seed = Seed(identity, others, self._settings, node.clock, Random(chance), durable=durable)
            seed.restore(disk.kept(node), self._stage.now)
            return seed

        return make

    def peer(
        self,
        seeds: Sequence[Address],
        join: Sequence[Address],
        network: str,
        settings: Settings,
        kind: type[Peer] = Peer,
    ) -> Callable[[Node], Core]:
        """Makes a peer, or one of another kind."""

        def make(node: Node) -> Core:
            node.settings = settings
            node.degree_max = settings.overlay.active_max
            chance = self._rng.getrandbits(64)
            node.epoch = max(node.clock.milliseconds(self._stage.now), node.epoch + 1)
            identity = Identity(node.address, name=node.name, network=network, epoch=node.epoch, instance=chance >> 1)
            return kind(
                identity, seeds, settings, node.clock, Random(chance), self._codec, join=join, contacts=node.contacts
            )

        return make

    @staticmethod
    def save(node: Node) -> tuple[tuple[Contact, ...], int]:
        """What a node that saves its state would find again: its contacts and its epoch; a seed has its disk."""
        if not isinstance(node.core, Peer):
            return (), node.epoch
        return node.core.contacts(), node.core.snapshot().epoch
