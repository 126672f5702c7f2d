"""The library's face: `Peer` and `Seed`, for asyncio."""

import asyncio
import random
import socket
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import msgspec

from rumor.aio.driver import Core, Driver, OnEvent
from rumor.aio.sockets import listen, outward_host, raise_open_files_limit
from rumor.aio.subscription import Subscription
from rumor.core.clock import WallClock
from rumor.core.errors import UsageError
from rumor.core.events import Event, NeighborUp, RumorHeard
from rumor.core.ids import Address, Identity, is_loopback
from rumor.core.messages import Gossip
from rumor.core.peer import Peer as PeerCore
from rumor.core.peer import PeerSnapshot
from rumor.core.seed import Seed as SeedCore
from rumor.core.seed import SeedSnapshot
from rumor.core.settings import Settings, profile

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class Rumor(msgspec.Struct, frozen=True):
    """One rumor as an application sees it.

    `origin` is the name of the peer that said it (`host:port`), `number` its count there from 1, `timestamp` seconds
    since 1970. `epoch` is 0 and `topic` empty for what came as a classic text.
    """

    origin: str
    epoch: int
    number: int
    timestamp: float
    topic: str
    payload: bytes


class Receipt(msgspec.Struct, frozen=True):
    """What `publish` returns: the rumor's number at its origin."""

    number: int


def rumor_of(gossip: Gossip) -> Rumor:
    """A classic text as a Rumor."""
    return Rumor(str(gossip.origin), 0, gossip.number, float(gossip.timestamp), "", gossip.text.encode())


class _Node:
    """What a seed and a peer have in common: an address, a driver, a beginning and an end."""

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
            clock = WallClock(0.0)
            self._driver = Driver(self._make_core(clock), clock, self._settings.door, self._on_event)
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

    def _make_core(self, clock: WallClock) -> Core:
        raise NotImplementedError

    def _begin(self, driver: Driver, listener: socket.socket) -> None:
        driver.start(listener)

    def _on_event(self, event: Event) -> None:
        raise NotImplementedError


class Seed(_Node):
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

    def _make_core(self, clock: WallClock) -> Core:
        return self._core

    def _on_event(self, event: Event) -> None:
        if self._watcher is not None:
            self._watcher(event)


class Peer(_Node):
    """A peer: hears rumors, tells them on, and says its own.

    `async with rumor.Peer("127.0.0.1:0", seeds=["127.0.0.1:3400"]) as peer: ...`

    Raises AddressError for a malformed address and UsageError for an unknown profile, no seed, an address that other
    machines can reach without `insecure=True`, or one that is not IPv4, which is all that the classic texts can carry.
    `on_event` is called with each event, in the event loop, and must not block.
    """

    def __init__(
        self,
        address: Address | str = "127.0.0.1:0",
        *,
        seeds: Iterable[Address | str],
        settings: Settings | str = "lan",
        advertise: str | None = None,
        insecure: bool = False,
        on_event: OnEvent | None = None,
    ) -> None:
        super().__init__(address, settings, insecure=insecure, advertise=advertise)
        self._seeds = list(dict.fromkeys(Address.parse(seed) if isinstance(seed, str) else seed for seed in seeds))
        if not self._seeds:
            raise UsageError("a peer needs at least one seed")
        self._watcher = on_event
        self._core: PeerCore | None = None
        self._subscriptions: list[Subscription[Rumor]] = []
        self._neighbor_came = asyncio.Event()

    def neighbors(self) -> tuple[str, ...]:
        """The addresses of the neighbors, in the order in which they came."""
        return tuple(map(str, self._running().snapshot().neighbors))

    def stats(self) -> PeerSnapshot:
        """How things stand, as a frozen snapshot."""
        return self._running().snapshot()

    async def wait_joined(self, *, neighbors: int = 1, timeout: float | None = None) -> None:  # noqa: ASYNC109 - see below
        """Wait until there are so many neighbors. Raises TimeoutError after `timeout` seconds (None: never)."""
        async with asyncio.timeout(timeout):
            while len(self._running().snapshot().neighbors) < neighbors:
                self._neighbor_came.clear()
                await self._neighbor_came.wait()

    async def publish(self, payload: bytes | str) -> Receipt:
        """Say something to everybody; kept for the first neighbor while there is none.

        The payload is UTF-8 text on one line, since it travels as a classic text. Raises UsageError when it is not, or
        is too long for 1,023 bytes with what goes before it (about 50 bytes); nothing is said then.
        """
        try:
            text = payload if isinstance(payload, str) else payload.decode()
        except UnicodeDecodeError as error:
            raise UsageError("a rumor is UTF-8 text") from error
        core = self._running()
        assert self._driver is not None
        gossip = core.publish(text, self._driver.now())
        self._driver.step()
        return Receipt(gossip.number)

    def subscribe(self, *, capacity: int = 10_000) -> Subscription[Rumor]:
        """Hear every rumor of others from now on.

        At most `capacity` rumors wait to be read; when one more comes, the subscription is closed, and after the last
        that waits it raises SlowSubscriber.
        """
        self._running()
        subscription: Subscription[Rumor] = Subscription(capacity, self._subscriptions)
        return subscription

    async def stop(self) -> None:
        """End everything: subscriptions end, and who waits in `wait_joined` gets a UsageError."""
        await super().stop()
        self._neighbor_came.set()
        for subscription in tuple(self._subscriptions):
            subscription.close()

    def _running(self) -> PeerCore:
        if self._core is None:
            raise UsageError("the peer has not started")
        if self._stopped:
            raise UsageError("the peer has stopped")
        return self._core

    def _known_as(self, bound: Address) -> Address:
        known = super()._known_as(bound)
        if known.host in WILDCARDS:
            known = Address(outward_host(), known.port)
        elif known.host == "localhost":
            known = Address("127.0.0.1", known.port)
        if not known.is_ipv4:
            raise UsageError(f"{known.host} is no IPv4 address, and a peer's texts can carry no other")
        return known

    def _make_core(self, clock: WallClock) -> Core:
        settled = self._advertise is not None or self._bind.host not in WILDCARDS
        assert self._address is not None
        identity = Identity(self._address, settled=settled)
        self._core = PeerCore(identity, self._seeds, self._settings, clock, random.Random())
        return self._core

    def _begin(self, driver: Driver, listener: socket.socket) -> None:
        self._running().join(driver.now())
        driver.start(listener)

    def _on_event(self, event: Event) -> None:
        match event:
            case NeighborUp():
                self._neighbor_came.set()
            case RumorHeard(gossip, own=False) if self._subscriptions:
                rumor = rumor_of(gossip)
                for subscription in tuple(self._subscriptions):
                    subscription.put(rumor)
            case _:
                pass
        if self._watcher is not None:
            self._watcher(event)
