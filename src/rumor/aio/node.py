"""What a seed and a peer have in common: an address, a driver, a beginning and an end."""

import socket
from types import TracebackType
from typing import Self

from rumor.aio.driver import Driver
from rumor.aio.sockets import listen, raise_open_files_limit
from rumor.core.clock import WallClock
from rumor.core.errors import UsageError
from rumor.core.ids import Address, is_loopback
from rumor.core.settings import Settings, profile

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class Node:
    """A node that listens once, from `start` to `stop`."""

    def __init__(
        self, address: Address | str, settings: Settings | str, *, insecure: bool, advertise: str | None
    ) -> None:
        self._bind = Address.parse(address, port_min=0) if isinstance(address, str) else address
        self._settings = settings if isinstance(settings, Settings) else profile(settings)
        self._advertise = Address.parse(advertise, port_min=0) if advertise is not None else None
        self._address: Address | None = None
        self._stopped = False
        self._driver: Driver | None = None
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

    async def stop(self) -> None:
        """End everything; once more does no harm. `async with` does it for you."""
        self._stopped = True
        if self._driver is not None:
            await self._driver.stop()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    def _known_as(self, bound: Address) -> Address:
        """The address that others are told: the advertised one, with our port if it names none, or the bound one."""
        if self._advertise is None:
            return bound
        return Address(self._advertise.host, self._advertise.port or bound.port)

    def _make_driver(self, clock: WallClock) -> Driver:
        raise NotImplementedError

    def _begin(self, driver: Driver, listener: socket.socket) -> None:
        driver.start(listener)
