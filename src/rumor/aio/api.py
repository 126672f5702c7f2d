"""The library's face for asyncio: `Peer`. `Seed` is in seed.py."""

import asyncio
import os
import random
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from rumor.aio import orders
from rumor.aio.company import ABOUT_OTHERS, InCompany
from rumor.aio.control import Control
from rumor.aio.cursor import Cursor
from rumor.aio.driver import Driver, OnEvent
from rumor.aio.feed import Feed
from rumor.aio.node import addresses
from rumor.aio.publishing import Progress, Receipt, payload_of, payloads_of
from rumor.aio.rumors import rumor_of as rumor_of
from rumor.aio.sockets import outward_host
from rumor.aio.store import State, Store
from rumor.aio.subscription import BYTES_MAX, CAPACITY, Overflow, Subscription
from rumor.aio.topics import matcher
from rumor.core.clock import WallClock
from rumor.core.errors import UsageError
from rumor.core.events import Event, NeighborUp, PublishProgress
from rumor.core.ids import WILDCARDS, Address, Identity, Seconds
from rumor.core.peer import Peer as PeerCore
from rumor.core.settings import Settings, detecting, profile
from rumor.core.snapshot import PeerSnapshot
from rumor.wire.codec import CODEC

SLICE = 1024
"""So many rumors of a long list are said at once, then room for more is waited for."""

UNCHECKED_MAX = 4096
RUMOR_BYTES = 64
"""Room is looked for once in so many bytes, each rumor counted with these beside its payload: looking costs time."""

SAVE_INTERVAL: Seconds = 60.0
"""How often contacts are saved, if there is a state directory."""

SAVE_SOON: Seconds = 2.0
"""How soon after a neighbor came they are saved: a crash must not lose the only way back."""

NAME_BYTES_MAX = 255

AWAY_MAX: Seconds = 366 * 86_400.0
"""A year: who is away for longer has left."""


class Neighbor(msgspec.Struct, frozen=True):
    """A peer that we hold a link with, or one of the original system (`classic`).

    `round_trip` is in seconds, as measured lately; 0 while it is not known.
    """

    name: str
    address: str
    classic: bool
    round_trip: float


class Peer(InCompany):
    """A peer: hears rumors, tells them on, and says its own.

    `async with rumor.Peer("127.0.0.1:0", seeds=["127.0.0.1:3400"]) as peer: ...`

    It finds others through `seeds`, or through any peers that are given by `join`; the first peer of a network without
    seeds has neither, and waits for the others. Peers of different `network` names refuse each other. `name` is by
    default the address, or made up where that is not certain. In the directory `state` it keeps its contacts and what
    else a next life needs. All members see its `tags`. `detect_within` is the longest silence of a neighbor, in
    seconds, until that counts as evidence of its death; by default that of the settings.

    With `control` the program `rumor` on this machine can speak to it, through a socket that only the same user can
    open: `rumor members`, `rumor listen`, `rumor leave`. `rumor reload` calls `on_reload` for the seeds there are now.

    Raises AddressError for a malformed address, and UsageError for an unknown profile, unfit tags, or an address that
    other machines can reach without `insecure=True`. `on_event` is called with each event, in the event loop, and must
    not block. Original seeds and peers know IPv4 addresses alone: with another one only nodes of ours are found.
    """

    def __init__(
        self,
        address: Address | str = "127.0.0.1:0",
        *,
        seeds: Iterable[Address | str] = (),
        join: Iterable[Address | str] = (),
        name: str | None = None,
        network: str = "",
        tags: Mapping[str, str] | None = None,
        state: Path | str | None = None,
        settings: Settings | str = "lan",
        detect_within: float | None = None,
        advertise: str | None = None,
        insecure: bool = False,
        control: bool = False,
        on_reload: Callable[[], Iterable[Address | str]] | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        if detect_within is not None:
            settings = detecting(settings if isinstance(settings, Settings) else profile(settings), detect_within)
        super().__init__(
            address,
            settings,
            seeds=seeds,
            insecure=insecure,
            advertise=advertise,
            tags=tags or {},
            on_reload=on_reload,
            on_event=on_event,
        )
        self._join = addresses(join)
        self._given_name = _checked("name", name) if name is not None else None
        self._network = _checked("network", network) if network else ""
        directory = Path(state) if state is not None else None
        self._store = Store(directory, self._on_trouble) if directory is not None else None
        if control:
            self._control = Control("peer", self._obey, self.leave, self._on_trouble, directory)
        self._stored = State()
        self._saving: asyncio.TimerHandle | None = None
        self._feed: Feed | None = None
        self._progress: Progress | None = None
        self._unchecked = 0
        self._neighbor_came = asyncio.Event()
        self._back_in: float | None = None

    def neighbors(self) -> tuple[Neighbor, ...]:
        """The neighbors, as frozen snapshots."""
        return tuple(
            Neighbor(neighbor.name, str(neighbor.address), not neighbor.link, neighbor.round_trip)
            for neighbor in self._running().snapshot().neighbors
        )

    def stats(self) -> PeerSnapshot:
        """How things stand, as a frozen snapshot."""
        return self._running().snapshot()

    async def wait_joined(self, *, neighbors: int = 1, timeout: float | None = None) -> None:  # noqa: ASYNC109 - see below
        """Wait until there are so many neighbors. Raises TimeoutError after `timeout` seconds (None: never)."""
        async with asyncio.timeout(timeout):
            while len(self._running().snapshot().neighbors) < neighbors:
                self._neighbor_came.clear()
                await self._neighbor_came.wait()

    async def publish(self, payload: bytes | str, topic: str = "") -> Receipt:
        """Say something to everybody. Text is sent as UTF-8.

        Returns at once while the network keeps up, and waits while too much of what was said is unacknowledged. Kept
        for the first neighbor while there is none. Raises UsageError for a payload above 1 MiB
        (`settings.broadcast.payload_bytes_max`) or an unfit topic; nothing is said then.
        """
        core = self._core
        if core is None or self._stopped:
            core = self._running()
        if type(payload) is not bytes:
            payload = payload_of(payload)
        now = self._driver.turn()  # type: ignore[union-attr] # there is one while it runs
        self._unchecked += len(payload) + RUMOR_BYTES
        if self._unchecked > UNCHECKED_MAX:
            if not core.has_room(now):
                now = await self._progress.room()  # type: ignore[union-attr] # as above
            self._unchecked = 0
        return Receipt(core.publish(payload, topic, now), self._progress)  # type: ignore[arg-type] # as above

    async def publish_many(self, payloads: Sequence[bytes | str], topic: str = "") -> Receipt:
        """Say many things at the price of one. The receipt is that of the last one.

        Waits as `publish` does, between slices of a long list. Raises UsageError if anything is unfit, or there is
        nothing to say; nothing is said then.
        """
        self._running()
        progress, driver = self._progress, self._driver
        assert progress is not None
        assert driver is not None
        said = payloads_of(payloads)
        if not said:
            raise UsageError("nothing to say")
        limit = self._settings.broadcast.payload_bytes_max
        if len(said) > SLICE and max(map(len, said)) > limit:
            raise UsageError(f"a payload of {max(map(len, said))} bytes is above the limit of {limit}")
        last = 0
        for start in range(0, len(said), SLICE):
            now = driver.turn()
            if not self._running().has_room(now):
                now = await progress.room()
            _, last = self._running().publish_many(said[start : start + SLICE], topic, now)
        return Receipt(last, progress)

    def subscribe(
        self,
        topic: str | None = None,
        *,
        since: str = "now",
        last: int | None = None,
        cursor: Cursor | str | None = None,
        unordered: bool = False,
        overflow: Overflow = "disconnect",
        capacity: int = CAPACITY,
        bytes_max: int = BYTES_MAX,
    ) -> Subscription:
        """Hear the rumors of others: all, or those of one `topic`, or of a pattern: `orders.*`, `orders.>`.

        From now on; or beginning with the `last` so many that are still retained, here or by neighbors; or with all
        that came after a `cursor` was taken, in this life or a former one. Neighbors are asked once for what they keep
        of the time before we came, which may hold back the first that is read, for 5 s at most. Those of one origin
        come in their order, or each as soon as it is there (`unordered`).

        At most `capacity` rumors and `bytes_max` bytes of payloads wait to be read. When more come, `overflow` says
        what happens: `disconnect` ends the subscription with SlowSubscriber after the last that waits; `drop_oldest`
        lets the oldest go and tells them as Lost; `block` lets the origins wait, for as long as the network waits for a
        node (2 s), and then reads on from what this node retains. Who publishes to itself inside a subscription that
        blocks may wait for itself.
        """
        self._running()
        assert self._feed is not None
        if since != "now" or (last is not None and cursor is not None):
            raise UsageError('a subscription begins now (since="now"), or with last=, or with cursor=')
        if capacity < 1 or bytes_max < 1 or (last is not None and last < 0):
            raise UsageError("capacity and bytes_max must be at least 1, last at least 0")
        if overflow not in ("block", "drop_oldest", "disconnect"):
            raise UsageError(f"overflow is block, drop_oldest or disconnect, not {overflow!r}")
        subscription = Subscription(
            self._feed,
            matcher(topic),
            unordered=unordered,
            overflow=overflow,
            capacity=capacity,
            bytes_max=bytes_max,
        )
        if cursor is not None:
            self._feed.add_since(subscription, Cursor.parse(cursor) if isinstance(cursor, str) else cursor)
        elif last is not None:
            self._feed.add_since(subscription, last)
        else:
            self._feed.add(subscription)
        return subscription

    def receipt(self, number: int) -> Receipt:
        """The receipt of a rumor that was published in this life, for one who kept its number only."""
        self._running()
        assert self._progress is not None
        return Receipt(number, self._progress)

    async def leave(self, back_in: float | None = None) -> None:
        """Tell everybody that this peer goes, for good or for about `back_in` seconds, and stop.

        `leave()` is `stop()`. One that will be back counts as away, and nobody suspects it until then. Raises
        UsageError for a time that is none, or above a year.
        """
        if back_in is not None and not 0.0 <= back_in <= AWAY_MAX:
            raise UsageError(f"a peer is back in 0 to {AWAY_MAX:.0f} seconds, not in {back_in}")
        self._back_in = back_in
        await self.stop()

    async def stop(self) -> None:
        """Leave politely and end everything, within about a second. Once more, it waits for the end.

        Subscriptions and changes end after what waits in them, and who waits in `wait_joined`, `publish` or `request`
        gets a UsageError.
        """
        await super().stop()

    async def _stop(self) -> None:
        if self._saving is not None:
            self._saving.cancel()
        if self._core is not None and self._driver is not None:
            self._save()
            self._core.leave(self._driver.now(), self._back_in)
            self._driver.step()
        try:
            await super()._stop()
        finally:
            self._neighbor_came.set()
            if self._progress is not None:
                self._progress.end()
            if self._feed is not None:
                self._feed.close()
            await self._part()

    async def _obey(self, question: orders.Question) -> orders.Done:
        """Do what a program wants."""
        return await orders.answer(self, question)

    def _use_seeds(self) -> None:
        assert self._driver is not None
        self._running().set_seeds(self._seeds, self._driver.now())
        self._driver.step()

    @property
    def _called(self) -> str:
        return self.name

    def _known_as(self, bound: Address) -> Address:
        known = super()._known_as(bound)
        if known.host in WILDCARDS:
            known = Address(outward_host(), known.port)
        elif known.host == "localhost":
            known = Address("127.0.0.1", known.port)
        return known

    def _make_driver(self, clock: WallClock) -> Driver:
        assert self._address is not None
        settled = self._advertise is not None or self._bind.host not in WILDCARDS
        self._stored = self._store.load() if self._store is not None else State()
        name = self._given_name or (str(self._address) if settled else self._stored.name or _made_up_name())
        identity = Identity(
            self._address,
            settled=settled,
            name=name,
            network=self._network,
            instance=random.SystemRandom().getrandbits(63),
        )
        core = PeerCore(
            identity,
            self._seeds,
            self._settings,
            clock,
            random.Random(),
            CODEC,
            join=self._join,
            contacts=self._stored.contacts,
            tags=self._tags,
        )
        driver = Driver(
            core,
            clock,
            self._settings,
            self._on_event,
            linked=core,
            on_events=self._on_events,
            watches_runs=self._watcher is not None,
        )
        identity.epoch = max(clock.milliseconds(driver.now()), self._stored.epoch + 1)
        census = self._attach(core, identity, driver)
        self._feed = Feed(core, identity, driver.now, driver.step)
        self._progress = Progress(core, driver.turn, census)
        return driver

    def _begin(self, driver: Driver, listener: socket.socket) -> None:
        self._driver = driver
        self._save()
        self._save_later(SAVE_INTERVAL)
        self._running().join(driver.now())
        driver.start(listener)

    def _on_events(self, events: list[Event]) -> None:
        """Before anything leaves: hand on what came, and keep the epoch if it was raised."""
        assert self._feed is not None
        self._feed.on_events(events)
        if self._store is not None and self._identity is not None and self._identity.epoch != self._stored.epoch:
            self._save()

    def _on_event(self, event: Event) -> None:
        if type(event) in ABOUT_OTHERS and not self._hear(event):
            return
        match event:
            case PublishProgress():
                assert self._progress is not None
                self._progress.moved()
            case NeighborUp():
                self._neighbor_came.set()
                self._save_later(SAVE_SOON)
            case _:
                pass
        if self._watcher is not None:
            self._watcher(event)

    def _save(self, *, durable: bool = True) -> None:
        if self._store is not None and self._core is not None and self._identity is not None:
            contacts = self._core.contacts() or self._stored.contacts
            self._stored = State(self._identity.name, self._identity.epoch, contacts)
            self._store.save(self._stored, durable=durable)

    def _save_later(self, delay: Seconds) -> None:
        """Save at the latest after so long."""
        loop = asyncio.get_running_loop()
        if self._store is None or (self._saving is not None and self._saving.when() <= loop.time() + delay):
            return
        if self._saving is not None:
            self._saving.cancel()
        self._saving = loop.call_later(delay, self._save_now_and_then)

    def _save_now_and_then(self) -> None:
        self._saving = None
        self._save(durable=False)
        self._save_later(SAVE_INTERVAL)


def _checked(what: str, text: str) -> str:
    """A name that fits into a frame and a log. Raises UsageError for another."""
    if not text.isprintable() or not 0 < len(text.encode()) <= NAME_BYTES_MAX:
        raise UsageError(f"the {what} has 1 to {NAME_BYTES_MAX} printable characters, not {text!r:.300}")
    return text


def _made_up_name() -> str:
    """A name for a peer whose address is not certain."""
    return f"{socket.gethostname()[:100] or 'peer'}-{os.urandom(4).hex()}"
