"""What a peer tells of itself when it is asked: plain values, as things stand at that moment."""

import msgspec

from rumor.core.broadcast.broadcast import Counts
from rumor.core.frames import StreamId
from rumor.core.ids import Address, Seconds


class Neighbor(msgspec.Struct, frozen=True):
    """One neighbor. An original one has no link (0) and is known by its address; `round_trip` in seconds, 0 unknown."""

    name: str
    address: Address
    link: int
    round_trip: Seconds


class PeerSnapshot(msgspec.Struct, frozen=True):
    """A peer as it is now."""

    name: str
    address: Address
    epoch: int
    neighbors: tuple[Neighbor, ...]
    seeds: tuple[Address, ...]
    contacts: int
    heard: int
    runs: Counts
    streams: int
    list_bytes: int
    lacking: int
    not_bridged: int


class Retained(msgspec.Struct, frozen=True):
    """One run that the message list still holds: its very bytes, and what is in it."""

    stream: StreamId
    number: int
    first: int
    last: int
    topic: str
    raw: bytes


class Receipt(msgspec.Struct, frozen=True):
    """How far a rumor of ours is: `complete` once the whole tree, which has settled, has it; so many peers do."""

    complete: bool
    peers: int
