"""A hash over everything that any core decided: two histories with the same one are the same, to the last byte."""

from hashlib import blake2b

from rumor.core.effects import Effect
from rumor.core.events import Event
from rumor.core.ids import Seconds
from rumor.sim.carriage import Load
from rumor.sim.node import Node


class Trace:
    """What happened so far, as one number."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=32)

    def __str__(self) -> str:
        """64 hexadecimal digits."""
        return self._hash.hexdigest()

    def on_drained(self, now: Seconds, node: Node, effects: list[Effect], events: list[Event]) -> None:
        """A core wants this done, and said that."""
        self._hash.update(repr((now, node.name, effects, events)).encode())

    def on_sent(self, now: Seconds, node: Node, link: int, load: Load) -> None:
        """A node sends this over a link."""
        self._hash.update(f"{now} {node.name} {link} {len(load)} ".encode())
        self._hash.update(load if isinstance(load, bytes) else repr(load).encode())
