"""The simulated world: the very cores, in virtual time, with one seed number. See `world.py`."""

from rumor.sim.chaos import Chaos
from rumor.sim.node import Node
from rumor.sim.records import Told
from rumor.sim.world import World

__all__ = ["Chaos", "Node", "Told", "World"]
