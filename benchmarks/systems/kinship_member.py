"""kinship: SWIM membership with a Rust core, for how quickly a group forms."""

import asyncio
import time
from importlib import import_module
from typing import Any

from benchmarks import payloads
from benchmarks.control import serve_async

kinship: Any = import_module("kinship")

Fields = dict[str, Any]


class Member:
    """A member of the cluster; broadcasts are best effort and unordered, so that only probes are sent."""

    async def start(self, join: str | None, index: int, **_: object) -> Fields:
        """Join."""
        config = kinship.Config.lan(
            name=f"member-{index}", bind="127.0.0.1:0", insecure_plaintext=True, seeds=[join] if join else []
        )
        self._cluster = await kinship.Cluster(config).start()
        return {"address": str(self._cluster.local.addr)}

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
