"""One side of a connection that speaks frames, as the driver of its node has it. Its rules: `lines.py`, `links.py`."""

from typing import TypeAlias

from rumor.core.ids import Seconds
from rumor.sim.carriage import Load
from rumor.sim.node import Node
from rumor.wire.framing import FrameReader

Written: TypeAlias = tuple[bool, Load | None, int]
"""What one write brings: whether it begins with the preface, the frames, the bytes under way. None: the end."""


class End:
    """A plain record: `lines.py` has what is under way, `links.py` the rest."""

    __slots__ = (
        "arrives_at", "blocked", "closed", "closing", "connected", "far", "free_at", "garbled", "held", "held_since",
        "in_flight", "life", "node", "number", "owed", "owed_since", "reader",
    )  # fmt: skip

    def __init__(self, node: Node, number: int, reader: FrameReader | None) -> None:
        self.node = node
        self.life = node.life
        self.number = number
        """Its number at the node; 0: the node has not read of it yet."""
        self.far: End = self
        """The other side; while there is none yet, itself."""
        self.reader = reader
        self.connected = False
        self.closing = False
        """The core hung up: it hears nothing more, and what it left is being sent."""
        self.closed = False
        self.in_flight = 0
        """Bytes that left here and are not read there."""
        self.blocked = False
        """No more is pulled until there is room."""
        self.arrives_at: Seconds = 0.0
        """When the last that is under way to here arrives; nothing that follows is earlier."""
        self.free_at: Seconds = 0.0
        """When all that was written here is on the line, where the line's bandwidth is limited."""
        self.held: list[Written] | None = None
        """What a partition holds back on the way to here, in order."""
        self.held_since: Seconds = 0.0
        self.owed = 0
        """Bytes that were read here, where a partition holds back the word of it."""
        self.owed_since: Seconds = 0.0
        self.garbled = False
        """What comes here next is spoilt."""


def connect(one: End, other: End) -> None:
    """Make two ends one connection."""
    one.far = other
    other.far = one
