"""What several tests of the core need: fixed addresses, a clock, and a small network without sockets."""

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import count
from random import Random

from rumor.core.clock import WallClock
from rumor.core.effects import Answer, Ask, Close, Effect, Failure, Tell
from rumor.core.events import Event
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import Gossip
from rumor.core.peer import Peer
from rumor.core.seed import Seed
from rumor.core.settings import Settings

EPOCH: Seconds = 1_000_000_000.0
"""The time of day at moment 0 of the tests' clock."""

SEED_NUMBERS = (0, 1, 2, 3)
"""Seed numbers of chance that tests are repeated with where chance matters."""


def peer_at(number: int) -> Address:
    """The address of the peer with this number."""
    return Address(f"10.0.{number // 250}.{number % 250 + 1}", 4001)


def peers_at(*numbers: int) -> tuple[Address, ...]:
    """The addresses of the peers with these numbers."""
    return tuple(map(peer_at, numbers))


def seed_at(number: int) -> Address:
    """The address of the seed with this number."""
    return Address(f"10.9.0.{number + 1}", 3400)


ME = Address("10.1.1.1", 4001)
ANA, BO, CY, DI = peers_at(0, 1, 2, 3)


def clock() -> WallClock:
    """A time of day that is `EPOCH` at moment 0."""
    return WallClock(EPOCH)


def timestamp(now: Seconds) -> str:
    """What `clock` writes at that moment."""
    return str(EPOCH + now)


def rumor(number: int, *, origin: Address = ANA) -> Gossip:
    """A rumor that somebody else said."""
    return Gossip(timestamp(number), origin, number)


def asked_in(effects: Iterable[Effect]) -> list[Address]:
    """Whom the effects ask, sorted; every effect must be an Ask."""
    asked = []
    for effect in effects:
        assert isinstance(effect, Ask)
        asked.append(effect.to)
    return sorted(asked)


def make_network(
    *, seeds: int, peers: int, number: int, settings: Settings | None = None
) -> dict[Address, Peer | Seed]:
    """Seeds, and peers that have joined them at moment 0; chance begins from `number`."""
    settings = settings or Settings()
    addresses = [seed_at(seed) for seed in range(seeds)]
    nodes: dict[Address, Peer | Seed] = {address: Seed(settings, Random(number)) for address in addresses}
    for address in (peer_at(peer) for peer in range(peers)):
        peer = Peer(Identity(address), addresses, settings, clock(), Random(f"{number} {address}"))
        peer.join(0.0)
        nodes[address] = peer
    return nodes


def run_network(
    nodes: Mapping[Address, Peer | Seed], *, start: Seconds, until: Seconds
) -> list[tuple[Address, Effect | Event]]:
    """Let nodes act on each other, without delay or loss, and tell all that each of them did and said.

    Who is asked or told and is not among `nodes` can't be reached. `now` runs from deadline to deadline.
    """
    history: list[tuple[Address, Effect | Event]] = []
    work: deque[tuple[Address, Effect]] = deque()
    links: dict[int, tuple[Address, Ask]] = {}
    numbers = count()
    now = start

    def collect() -> None:
        for address, node in nodes.items():
            effects, events = node.drain()
            history.extend((address, happened) for happened in (*effects, *events))
            work.extend((address, effect) for effect in effects)

    def do(address: Address, effect: Effect) -> None:
        match effect:
            case Ask() | Tell() if effect.to not in nodes:
                nodes[address].failed(effect, Failure.UNREACHABLE, now)
            case Ask():
                link = next(numbers)
                links[link] = (address, effect)
                nodes[effect.to].receive(link, address.host, effect.message, now)
            case Tell():
                nodes[effect.to].receive(next(numbers), address.host, effect.message, now)
                nodes[address].told(effect, now)
            case Answer(link, message):
                asker, ask = links.pop(link)
                nodes[asker].answered(ask, message, now)
            case Close(link):
                asker, ask = links.pop(link)
                nodes[asker].failed(ask, Failure.CLOSED, now)

    while now <= until:
        for node in nodes.values():
            if (deadline := node.next_deadline()) is not None and deadline <= now:
                node.tick(now)
        collect()
        while work:
            do(*work.popleft())
            collect()
        deadlines = [deadline for node in nodes.values() if (deadline := node.next_deadline()) is not None]
        now = min(deadlines, default=until + 1.0)
    return history
