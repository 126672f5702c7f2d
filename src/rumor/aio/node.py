"""What a seed and a peer have in common: an address, seeds, a driver, a control socket, a beginning and an end."""

import asyncio
import socket
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from rumor.aio.control import Control
from rumor.aio.driver import Driver, OnEvent
from rumor.aio.sockets import listen, raise_open_files_limit
from rumor.core.clock import WallClock
from rumor.core.errors import UsageError
from rumor.core.events import Problem
from rumor.core.ids import Address, is_loopback
from rumor.core.settings import Settings, profile


class Node:
    """A node that listens once, from `start` to `stop`."""

    def __init__(
        self,
        address: Address | str,
        settings: Settings | str,
        *,
        seeds: Iterable[Address | str] = (),
        insecure: bool,
        advertise: str | None,
        on_reload: Callable[[], Iterable[Address | str]] | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        self._bind = Address.parse(address, port_min=0) if isinstance(address, str) else address
        self._settings = settings if isinstance(settings, Settings) else profile(settings)
        self._advertise = Address.parse(advertise, port_min=0) if advertise is not None else None
        self._seeds = addresses(seeds)
        self._on_reload = on_reload
        self._watcher = on_event
        self._control: Control | None = None
        """The control socket; a node that is to have one makes it."""
        self._address: Address | None = None
        self._driver: Driver | None = None
        self._stopping = False
        self._stopped = False
        self._has_stopped = asyncio.Event()
        if not insecure and not is_loopback(self._bind.host):
            raise UsageError(
                f"{self._bind.host} can be reached from other machines, and nothing is encrypted or authenticated yet: "
                "listen on 127.0.0.1, or say that this is meant (insecure=True, --insecure)"
            )

    @property
    def address(self) -> str:
        """`host:port`: where others reach this node. Raises UsageError before it has started."""
        if self._address is None:
            raise UsageError("the node has not started")
        return str(self._address)

    async def start(self) -> None:
        """Listen and begin; raises ListenError. `async with` does it for you."""
        if self._driver is not None:
            raise UsageError("a node starts once; make another one")
        raise_open_files_limit()
        listener, bound = listen(self._bind)
        try:
            self._address = self._known_as(bound)
            self._driver = self._make_driver(WallClock(0.0))
            self._begin(self._driver, listener)
        except BaseException:
            listener.close()
            raise
        if self._control is not None:
            try:
                self._control.open(self.address, self._called)
            except OSError as error:
                self._on_trouble("no control socket: the program `rumor` can't speak to this node", str(error))

    async def stop(self) -> None:
        """End everything, within about a second. Once more, it waits for the end. `async with` does it for you."""
        if self._stopping:
            await self._has_stopped.wait()
            return
        self._stopping = True
        if self._control is not None:
            self._control.withdraw()
        try:
            await self._stop()
        finally:
            try:
                if self._control is not None:
                    await self._control.close()
            finally:
                self._has_stopped.set()

    async def wait_stopped(self) -> None:
        """Wait until this node has stopped, whoever wanted it: `rumor leave` is one."""
        await self._has_stopped.wait()

    def set_seeds(self, seeds: Iterable[Address | str]) -> None:
        """Go on with these seeds and no others. Raises AddressError, and UsageError if the node does not run."""
        self._check_running()
        self._seeds = addresses(seeds)
        self._use_seeds()

    def reload(self) -> tuple[Address, ...]:
        """Go on with the seeds that `on_reload` gives, and return them. What it raises is raised, and nothing changed.

        Raises UsageError if there is no `on_reload`.
        """
        self._check_running()
        if self._on_reload is None:
            raise UsageError("this node has no configuration that it could read again")
        self.set_seeds(self._on_reload())
        return tuple(self._seeds)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    async def _stop(self) -> None:
        """End everything. Called once."""
        self._stopped = True
        if self._driver is not None:
            await self._driver.stop()

    def _check_running(self) -> None:
        if self._driver is None:
            raise UsageError("the node has not started")
        if self._stopped:
            raise UsageError("the node has stopped")

    def _on_trouble(self, what: str, detail: str) -> None:
        """Say that something of our own is in the way."""
        problem = Problem(what, detail=detail)
        if self._driver is not None:
            self._driver.say(problem)
        elif self._watcher is not None:
            self._watcher(problem)

    @property
    def _called(self) -> str:
        """The name by which programs find it, beside its address."""
        return self.address

    def _known_as(self, bound: Address) -> Address:
        """The address that others are told: the advertised one, with our port if it names none, or the bound one."""
        if self._advertise is None:
            return bound
        return Address(self._advertise.host, self._advertise.port or bound.port)

    def _make_driver(self, clock: WallClock) -> Driver:
        raise NotImplementedError

    def _begin(self, driver: Driver, listener: socket.socket) -> None:
        driver.start(listener)

    def _use_seeds(self) -> None:
        """Let the core go on with `_seeds`."""
        raise NotImplementedError


def addresses(given: Iterable[Address | str]) -> list[Address]:
    """The addresses, each once. Raises AddressError."""
    return list(dict.fromkeys(Address.parse(one) if isinstance(one, str) else one for one in given))
