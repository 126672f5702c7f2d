"""The library's face for asyncio: `Seed`."""

import asyncio
import random
import socket
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rumor.aio import orders
from rumor.aio.control import Control
from rumor.aio.driver import Driver, OnEvent
from rumor.aio.node import Node
from rumor.aio.registry_file import RegistryFile
from rumor.aio.sockets import outward_host
from rumor.core.clock import WallClock
from rumor.core.errors import StateError, UsageError
from rumor.core.events import Event, Problem
from rumor.core.ids import WILDCARDS, Address, Identity
from rumor.core.members import Member
from rumor.core.seed import Seed as SeedCore
from rumor.core.seed import SeedSnapshot
from rumor.core.settings import Settings


class Seed(Node):
    """A seed: the node that new peers ask first.

    `async with rumor.Seed("127.0.0.1:3400") as seed: ...`

    `seeds` are the other seeds of the network: they tell each other whom they list. In the directory `state` it keeps
    its list: whoever is told that it is listed is on disk, so that it is still listed after a crash. With `control` the
    program `rumor` on this machine can speak to it: `rumor members`, `rumor reload` (which calls `on_reload` for the
    other seeds that there are now) and `rumor leave`.

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
        control: bool = False,
        on_reload: Callable[[], Iterable[Address | str]] | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        super().__init__(
            address,
            settings,
            seeds=seeds,
            insecure=insecure,
            advertise=advertise,
            on_reload=on_reload,
            on_event=on_event,
        )
        self._state = Path(state) if state is not None else None
        if control:
            self._control = Control("seed", self._obey, self._leave, self._on_trouble, self._state)
        self._core: SeedCore | None = None
        self._keeper: _Keeper | None = None

    def stats(self) -> SeedSnapshot:
        """How things stand, as a frozen snapshot."""
        return self._core.snapshot() if self._core is not None else SeedSnapshot(peers=0)

    def members(self) -> Iterator[Member]:
        """The peers that are listed, in the order of registration, made one by one: they may be very many.

        A seed knows no tags, and `since` is when each last showed that it lives.
        """
        self._check_running()
        assert self._core is not None
        return self._core.members()

    async def stop(self) -> None:
        """End everything; what was registered last is kept. Once more, it waits for the end."""
        await super().stop()

    async def _stop(self) -> None:
        try:
            await super()._stop()
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

    async def _obey(self, question: orders.Question) -> orders.Done:
        """Do what a program wants."""
        return orders.answer_of_seed(self, question)

    async def _leave(self, back_in: float | None) -> None:
        """Stop: a program wants it. Whoever asks a seed that is away asks another one, however long it takes."""
        if back_in is not None:
            raise UsageError("a seed tells nobody when it will be back: it can leave for good only")
        await self.stop()

    def _use_seeds(self) -> None:
        assert self._core is not None
        assert self._driver is not None
        self._core.set_seeds(self._seeds, self._driver.now())
        self._driver.step()

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
        self._failed = False
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
                self._failed = True
                self._core.not_stored(self._driver.now())
                self._driver.say(Problem("the registry can't be written: nobody can register", detail=str(error)))
            else:
                self._core.stored(self._driver.now())
                if self._failed:
                    self._failed = False
                    self._driver.say(Problem("the registry is written again: peers can register"))
            self._driver.step()
        self._writing = None
