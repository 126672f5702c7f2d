"""The library's face for asyncio: `Seed`."""

import asyncio
import random
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rumor.aio.driver import Driver, OnEvent
from rumor.aio.node import WILDCARDS, Node
from rumor.aio.registry_file import RegistryFile
from rumor.aio.sockets import outward_host
from rumor.core.clock import WallClock
from rumor.core.errors import StateError, UsageError
from rumor.core.events import Event, Problem
from rumor.core.ids import Address, Identity
from rumor.core.seed import Seed as SeedCore
from rumor.core.seed import SeedSnapshot
from rumor.core.settings import Settings


class Seed(Node):
    """A seed: the node that new peers ask first.

    `async with rumor.Seed("127.0.0.1:3400") as seed: ...`

    `seeds` are the other seeds of the network: they tell each other whom they list. In the directory `state` it keeps
    its list: whoever is told that it is listed is on disk, so that it is still listed after a crash.

    Raises AddressError for a malformed address and UsageError for an unknown profile, or for an address that other
    machines can reach without `insecure=True`; `start` raises StateError when the directory can't be used. `on_event`
    is called with each event, in the event loop.
    """

    def __init__(
        self,
        address: Address | str = "127.0.0.1:0",
        *,
        seeds: Iterable[Address | str] = (),
        state: Path | str | None = None,
        settings: Settings | str = "lan",
        advertise: str | None = None,
        insecure: bool = False,
        on_event: OnEvent | None = None,
    ) -> None:
        super().__init__(address, settings, insecure=insecure, advertise=advertise)
        self._seeds = _addresses(seeds)
        self._state = Path(state) if state is not None else None
        self._watcher = on_event
        self._core: SeedCore | None = None
        self._keeper: _Keeper | None = None

    def stats(self) -> SeedSnapshot:
        """How things stand, as a frozen snapshot."""
        return self._core.snapshot() if self._core is not None else SeedSnapshot(peers=0)

    def set_seeds(self, seeds: Iterable[Address | str]) -> None:
        """These are the other seeds from now on."""
        if self._core is None or self._driver is None or self._stopped:
            raise UsageError("the seed is not running")
        self._core.set_seeds(_addresses(seeds), self._driver.now())
        self._driver.step()

    async def stop(self) -> None:
        """End everything; what was registered last is kept."""
        try:
            await super().stop()
        finally:
            if self._keeper is not None:
                await self._keeper.close()

    def _make_driver(self, clock: WallClock) -> Driver:
        assert self._address is not None
        identity = self._who(self._address)
        file = RegistryFile(self._state) if self._state is not None else None
        core = SeedCore(identity, self._seeds, self._settings, clock, random.Random(), durable=file is not None)
        keeper = self._keeper = _Keeper(core, file) if file is not None else None
        driver = Driver(
            core,
            clock,
            self._settings,
            self._on_event,
            linked=core,
            on_store=keeper.wake if keeper is not None else None,
            guests_max=self._settings.registry.links_max,
        )
        identity.epoch = clock.milliseconds(driver.now())
        if keeper is not None:
            keeper.begin(driver)
        self._core = core
        return driver

    def _who(self, address: Address) -> Identity:
        """Who this seed is to other nodes; one that listens everywhere needs a name of its own."""
        instance = random.SystemRandom().getrandbits(63)
        if address.host not in WILDCARDS:
            return Identity(address, instance=instance)
        outward = Address(outward_host(), address.port)
        return Identity(outward, name=f"{outward}-{instance:016x}", instance=instance)

    def _begin(self, driver: Driver, listener: socket.socket) -> None:
        assert self._core is not None
        self._core.join(driver.now())
        driver.start(listener)

    def _on_event(self, event: Event) -> None:
        if self._watcher is not None:
            self._watcher(event)


class _Keeper:
    """Writes what a seed has to keep, a batch at a time, in a thread: the seed goes on meanwhile."""

    def __init__(self, core: SeedCore, file: RegistryFile) -> None:
        self._core = core
        self._file = file
        self._driver: Driver | None = None
        self._thread = ThreadPoolExecutor(1, "rumor-registry")
        self._wanted = False
        self._writing: asyncio.Task[None] | None = None

    def begin(self, driver: Driver) -> None:
        """List whom a former life listed. Raises StateError."""
        self._driver = driver
        try:
            self._core.restore(self._file.load(), driver.now())
        except BaseException:
            self._thread.shutdown()
            self._file.close()
            raise

    def wake(self) -> None:
        """Something is to be written: with what else comes in this turn, once the batch before is on disk."""
        self._wanted = True
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def close(self) -> None:
        """Write the rest and let go of the file."""
        if self._writing is not None:
            await self._writing
        await self._write()
        self._thread.shutdown()
        self._file.close()

    async def _write(self) -> None:
        assert self._driver is not None
        loop = asyncio.get_running_loop()
        while self._wanted:
            self._wanted = False
            batch = self._core.take_unstored()
            try:
                await loop.run_in_executor(self._thread, self._file.write, batch)
            except StateError as error:
                self._core.not_stored(self._driver.now())
                self._driver.say(Problem("the registry can't be written: nobody can register", detail=str(error)))
            else:
                self._core.stored(self._driver.now())
            self._driver.step()
        self._writing = None


def _addresses(given: Iterable[Address | str]) -> list[Address]:
    return list(dict.fromkeys(Address.parse(one) if isinstance(one, str) else one for one in given))
