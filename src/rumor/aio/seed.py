"""The library's face for asyncio: `Seed`."""

import random

from rumor.aio.driver import Driver, OnEvent
from rumor.aio.node import Node
from rumor.core.clock import WallClock
from rumor.core.events import Event
from rumor.core.ids import Address
from rumor.core.seed import Seed as SeedCore
from rumor.core.seed import SeedSnapshot
from rumor.core.settings import Settings


class Seed(Node):
    """A seed: the node that new peers ask first.

    `async with rumor.Seed("127.0.0.1:3400") as seed: ...`

    Raises AddressError for a malformed address and UsageError for an unknown profile, or for an address that other
    machines can reach without `insecure=True`. `on_event` is called with each event, in the event loop.
    """

    def __init__(
        self,
        address: Address | str = "127.0.0.1:0",
        *,
        settings: Settings | str = "lan",
        advertise: str | None = None,
        insecure: bool = False,
        on_event: OnEvent | None = None,
    ) -> None:
        super().__init__(address, settings, insecure=insecure, advertise=advertise)
        self._watcher = on_event
        self._core = SeedCore(self._settings, random.Random())

    def stats(self) -> SeedSnapshot:
        """How things stand, as a frozen snapshot."""
        return self._core.snapshot()

    def _make_driver(self, clock: WallClock) -> Driver:
        return Driver(self._core, clock, self._settings, self._on_event)

    def _on_event(self, event: Event) -> None:
        if self._watcher is not None:
            self._watcher(event)
