"""What one process saw of the members of its network, and when: the same for every system, whatever tells it."""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

Fields = dict[str, Any]

GONE = ("dead", "left")


class Sight(NamedTuple):
    """A member was seen in a state. `tag`: the value of the one tag that is measured."""

    at: int
    name: str
    state: str
    tag: str


class Seen:
    """All that was seen, in order. `state` is alive, dead or left; doubts are not noted."""

    def __init__(self) -> None:
        self.sights: list[Sight] = []
        self.now: dict[str, tuple[str, str]] = {}
        self.alive = 0
        """How many are alive."""
        self._waiting: list[tuple[Callable[[], bool], asyncio.Event]] = []

    def note(self, name: str, state: str, tag: str = "") -> None:
        """A member is in this state at this moment."""
        before = self.now.get(name)
        if before != (state, tag):
            self.alive += (state not in GONE) - (before is not None and before[0] not in GONE)
            self.now[name] = (state, tag)
            self.sights.append(Sight(time.monotonic_ns(), name, state, tag))
            for reached, event in self._waiting:
                if reached():
                    event.set()

    def when(self, name: str, state: str, tag: str, since: int) -> int:
        """When a member was first seen so, after a moment; 0: not yet."""
        wanted = (sight.at for sight in self.sights if sight[1:] == (name, state, tag) and sight.at >= since)
        return next(wanted, 0)

    async def wait(self, reached: Callable[[], bool], patience: float) -> None:
        """Wait until something is so. Raises TimeoutError."""
        event = asyncio.Event()
        self._waiting.append((reached, event))
        if not reached():
            async with asyncio.timeout(patience):
                await event.wait()
        self._waiting.remove((reached, event))


class Watcher:
    """The commands by which membership is measured; a system calls `seen.note`."""

    seen: Seen

    async def process(self) -> Fields:
        """The process that is the member."""
        return {"pid": os.getpid()}

    async def knows(self, count: int, patience: float) -> Fields:
        """Wait until so many members are alive, this one included."""
        await self.seen.wait(lambda: self.seen.alive >= count, patience)
        return {"at": max((sight.at for sight in self.seen.sights), default=time.monotonic_ns())}

    async def saw(self, name: str, state: str, since: int, patience: float, tag: str = "") -> Fields:
        """Wait until a member is seen so, after that moment."""
        await self.seen.wait(lambda: self.seen.when(name, state, tag, since) > 0, patience)
        return {"at": self.seen.when(name, state, tag, since)}

    async def deaths(self, since: int) -> Fields:
        """How many were given up after a moment, and who still is."""
        died = sum(sight.state == "dead" and sight.at >= since for sight in self.seen.sights)
        return {"died": died, "dead": [name for name, (state, _) in self.seen.now.items() if state == "dead"]}
