"""kinship: SWIM membership with a Rust core, for how quickly a group forms, and learns who is gone."""

import asyncio
import time
from importlib import import_module
from typing import Any

from benchmarks import payloads
from benchmarks.control import serve_async
from benchmarks.systems.seen import Seen, Watcher

kinship: Any = import_module("kinship")

Fields = dict[str, Any]


class Member(Watcher):
    """A member of the cluster; broadcasts are best effort and unordered, so that only probes are sent."""

    def __init__(self) -> None:
        self.seen = Seen()

    async def start(self, join: str | None, index: int, profile: str = "lan", **_: object) -> Fields:
        """Join."""
        name = f"member-{index}"
        config = getattr(kinship.Config, profile)(
            name=name, bind="127.0.0.1:0", insecure_plaintext=True, seeds=[join] if join else []
        )
        self._cluster = await kinship.Cluster(config).start()
        return {"address": str(self._cluster.local.addr), "name": name}

    async def watch(self) -> None:
        """Note how members change, from now on."""
        self._watching = asyncio.create_task(self._watch(self._cluster.events()))
        for member in self._cluster.members():
            self._note(member)

    async def _watch(self, events: Any) -> None:
        async for event in events:
            if hasattr(event, "member"):
                self._note(event.member)

    def _note(self, member: Any) -> None:
        state = member.state.name.lower()
        self.seen.note(member.name, "alive" if state == "suspect" else state, member.meta.get("turn", ""))

    async def tag(self, value: str) -> None:
        """Say something else of itself."""
        await self._cluster.update_meta(turn=value)

    async def leave(self) -> None:
        """Say goodbye."""
        await self._cluster.leave()

    async def connected(self, count: int, patience: float) -> Fields:
        """Wait until all are known."""
        async with asyncio.timeout(patience):
            while len(self._cluster.members()) < count:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
        return {"at": time.monotonic_ns()}

    async def listen(self, **_: object) -> None:
        """Hear from now on."""
        self._events = self._cluster.events()

    async def first(self, patience: float) -> Fields:
        """Wait for the first broadcast."""
        async with asyncio.timeout(patience):
            async for event in self._events:
                if isinstance(event, kinship.UserMessage):
                    break
        return {"at": time.monotonic_ns()}

    async def say(self, tag: str) -> None:
        """One small broadcast."""
        await self._cluster.broadcast(payloads.tagged(tag, 16))


if __name__ == "__main__":
    asyncio.run(serve_async(Member()))
