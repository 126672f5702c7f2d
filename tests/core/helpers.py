"""What several tests of the core need: fixed addresses, a clock, a peer, and the other end of its links."""

from collections.abc import Iterable, Sequence
from random import Random

from rumor.core.clock import WallClock
from rumor.core.effects import Ask, Effect
from rumor.core.frames import Contact, Frame, Hello, NeighborRequest, Outgoing, Role
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import Gossip
from rumor.core.peer import Peer
from rumor.core.settings import Settings
from rumor.wire.codec import CODEC

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


def peer_with(
    *seeds: Address,
    identity: Identity | None = None,
    settings: Settings | None = None,
    join: Sequence[Address] = (),
    contacts: Sequence[Contact] = (),
) -> Peer:
    """A peer that has not begun: by default with our address, in its first life."""
    who = identity or Identity(ME, epoch=1000, instance=1)
    return Peer(who, seeds, settings or Settings(), clock(), Random(0), CODEC, join=join, contacts=contacts)


def hello(address: Address, *, name: str = "", epoch: int = 1000, instance: int = 7, known_epoch: int = 0) -> Hello:
    """What a peer of ours at that address says first."""
    return Hello(
        network="",
        role=Role.PEER,
        name=name or str(address),
        address=address,
        epoch=epoch,
        instance=instance,
        known_epoch=known_epoch,
    )


def pull(peer: Peer, link: int, now: Seconds) -> list[Outgoing]:
    """All that a link is to send."""
    frames: list[Outgoing] = []
    while more := peer.pull(link, 1 << 20, now):
        frames += more
    return frames


def feed(peer: Peer, link: int, now: Seconds, *frames: Frame) -> list[Outgoing]:
    """Let a link bring frames in one read, and give what it is to send then."""
    for frame in frames:
        peer.on_frame(link, frame, now)
    peer.end_turn(now)
    return pull(peer, link, now)


def befriend(
    peer: Peer, link: int, who: Address, now: Seconds, *, epoch: int = 1000, known_epoch: int = 0
) -> list[Outgoing]:
    """Let a peer of ours dial in and become a neighbor; gives what it is sent."""
    peer.accepted(link, who.host, now)
    return feed(peer, link, now, hello(who, epoch=epoch, known_epoch=known_epoch), NeighborRequest())
