"""Two networks with one face: peers in the simulated world, and peers on real sockets. Stories are told on both."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import rumor
from rumor.core.events import Event, NeighborDown, NeighborUp, RumorHeard, RunDelivered
from rumor.sim.node import Node
from rumor.sim.world import World

PATIENCE = 20.0
"""Seconds that anything may take which takes less than two."""


class Member(Protocol):
    """One peer of a story."""

    name: str
    events: list[Event]


class Network(Protocol):
    """What a story can do. Names are known beforehand; `joins`: whom a peer is told of."""

    async def start(self, name: str, *joins: str, network: str = "one") -> None: ...
    async def leave(self, name: str) -> None: ...
    async def crash(self, name: str) -> None: ...
    async def publish(self, name: str, *payloads: bytes, topic: str = "") -> None: ...
    async def until(self, reached: Callable[[], bool], what: str) -> None: ...
    async def a_while(self) -> None: ...
    def events(self, name: str) -> list[Event]: ...
    async def stop(self) -> None: ...


def heard(network: Network, name: str) -> list[bytes]:
    """What a peer's application got, in order, own rumors left out; of classic texts what was said."""
    payloads: list[bytes] = []
    for event in network.events(name):
        match event:
            case RunDelivered(run, own=False, ordered=True):
                payloads += run.payloads
            case RumorHeard(gossip):
                payloads.append(gossip.text.encode())
            case _:
                pass
    return payloads


def told(network: Network, name: str, kind: type[Event]) -> list[Event]:
    """The events of a kind that a peer had."""
    return [event for event in network.events(name) if isinstance(event, kind)]


def neighbors(network: Network, name: str) -> int:
    """How many neighbors a peer has, by what it told."""
    return len(told(network, name, NeighborUp)) - len(told(network, name, NeighborDown))


class SimulatedNetwork:
    """Peers in a world with virtual time."""

    def __init__(self, number: int = 1) -> None:
        self._world = World(number, "local")
        self._nodes: dict[str, Node] = {}

    async def start(self, name: str, *joins: str, network: str = "one") -> None:
        """A peer that begins, or begins anew."""
        if name in self._nodes:
            self._world.restart(self._nodes[name])
            return
        node = self._world.peer(join=[self._nodes[other] for other in joins], name=name, network=network)
        self._nodes[name] = self._world.start(node)

    async def leave(self, name: str) -> None:
        """It says goodbye and ends."""
        self._world.leave(self._nodes[name])

    async def crash(self, name: str) -> None:
        """It is gone without a word."""
        self._world.crash(self._nodes[name])

    async def publish(self, name: str, *payloads: bytes, topic: str = "") -> None:
        """It says something, in one turn."""
        self._world.publish_many(self._nodes[name], payloads, topic)

    async def until(self, reached: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        assert self._world.run_until(reached, at_most=PATIENCE, every=0.01), what

    async def a_while(self) -> None:
        """Let so much time pass that what was to come has come."""
        self._world.run(1.0)

    def events(self, name: str) -> list[Event]:
        """All that it told so far, former lives included."""
        return [event for _, event in self._nodes[name].said]

    async def stop(self) -> None:
        """Nothing is left to end."""


class RealNetwork:
    """Peers on loopback, each on its own sockets, all in this process."""

    def __init__(self) -> None:
        self._peers: dict[str, rumor.Peer] = {}
        self._addresses: dict[str, str] = {}
        self._events: dict[str, list[Event]] = {}

    async def start(self, name: str, *joins: str, network: str = "one") -> None:
        """A peer that begins, or begins anew."""
        said = self._events.setdefault(name, [])
        peer = rumor.Peer(
            self._addresses.get(name, "127.0.0.1:0"),
            join=[self._addresses[other] for other in joins],
            name=name,
            network=network,
            settings="local",
            on_event=said.append,
        )
        await peer.start()
        self._peers[name] = peer
        self._addresses[name] = peer.address

    async def leave(self, name: str) -> None:
        """It says goodbye and ends."""
        await self._peers.pop(name).stop()

    async def crash(self, name: str) -> None:
        """Its sockets are closed as the kernel does it, without a word."""
        peer = self._peers.pop(name)
        driver = peer._driver
        assert driver is not None
        links = driver._links
        assert links is not None
        driver._stopped = True
        driver._door.shut()
        await links.shut()
        await peer.stop()

    async def publish(self, name: str, *payloads: bytes, topic: str = "") -> None:
        """It says something, in one turn."""
        await self._peers[name].publish_many(payloads, topic)

    async def until(self, reached: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not reached():
            assert asyncio.get_running_loop().time() < deadline, what
            await asyncio.sleep(0.005)

    async def a_while(self) -> None:
        """Let so many turns pass that what was under way on loopback has come."""
        await asyncio.sleep(0.2)

    def events(self, name: str) -> list[Event]:
        """All that it told so far, former lives included."""
        return self._events[name]

    async def stop(self) -> None:
        """End all."""
        for peer in self._peers.values():
            await peer.stop()
