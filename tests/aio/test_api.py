"""The library's face on real sockets: `Peer` and `Seed`, from their start to their end."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

import rumor
from rumor.core.events import (
    Event,
    LinkFailed,
    NeighborDown,
    NeighborUp,
    PeerRegistered,
    Problem,
    Reason,
    Registered,
    Strike,
)
from rumor.core.frames import Parting
from rumor.core.settings import DoorSettings, RegistrationSettings
from tests.processes.harness import Classic

PATIENCE = 20.0
"""Seconds that a test waits for something which takes less than one on an idle machine."""

LOCAL = rumor.profile("local")


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, looking again in each turn of the event loop."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - nothing tells when a condition of another process holds
                await asyncio.sleep(0.005)
    except TimeoutError:
        pytest.fail(f"not within {PATIENCE} s: {what}")


class Watched:
    """The events of one node."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Event]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


async def test_two_peers_hear_each_other(nodes: AsyncExitStack) -> None:
    """The first ten lines of the README: join, publish, subscribe."""
    seed = await nodes.enter_async_context(rumor.Seed(settings="local"))
    ana = await nodes.enter_async_context(rumor.Peer(seeds=[seed.address], settings="local"))
    bo = await nodes.enter_async_context(rumor.Peer(seeds=[seed.address], settings="local"))
    await ana.wait_joined(timeout=PATIENCE)
    await bo.wait_joined(timeout=PATIENCE)

    async with bo.subscribe() as rumors:
        receipt = await ana.publish("hello")
        heard = await asyncio.wait_for(anext(rumors), PATIENCE)

    assert receipt.number == 1
    assert isinstance(heard, rumor.Rumor)
    assert (heard.origin, heard.number, heard.topic, heard.payload) == (ana.address, 1, "", b"hello")
    assert isinstance(heard, rumor.Rumor)
    assert [neighbor.address for neighbor in ana.neighbors()] == [bo.address]
    assert seed.stats().peers == 2


async def test_what_is_published_alone_is_kept_for_who_joins(nodes: AsyncExitStack) -> None:
    """Rumors said before there is any neighbor reach the first one, in order."""
    seed = await nodes.enter_async_context(rumor.Seed(settings="local"))
    ana = await nodes.enter_async_context(rumor.Peer(seeds=[seed.address], settings="local"))
    for text in ("one", "two", "three"):
        await ana.publish(text)
    bo = await nodes.enter_async_context(rumor.Peer(seeds=[seed.address], settings="local"))

    async with bo.subscribe() as rumors:
        heard = [await asyncio.wait_for(anext(rumors), PATIENCE) for _ in range(3)]

    assert [payload_of(r) for r in heard] == [b"one", b"two", b"three"]


@pytest.mark.parametrize(
    ("payload", "topic", "said"),
    [
        (b"x" * (1 << 20 | 1), "", "1048577 bytes is above the limit of 1048576"),
        ("\ud800", "", "UTF-8"),
        (7, "", "bytes or text"),
        (b"", "news..sport", "no topic"),
        (b"", "news.*", "no topic"),
    ],
)
async def test_what_is_unfit_is_refused(nodes: AsyncExitStack, payload: bytes, topic: str, said: str) -> None:
    """What can't be said raises UsageError, which names the limit, and no number is used up."""
    peer = await nodes.enter_async_context(rumor.Peer(settings="local"))

    with pytest.raises(rumor.UsageError, match=said):
        await peer.publish(payload, topic)
    with pytest.raises(rumor.UsageError, match=said):
        await peer.publish_many([b"fine", payload], topic)

    assert (await peer.publish("fine")).number == 1


async def test_a_subscriber_that_does_not_read_is_told_so(nodes: AsyncExitStack) -> None:
    """A subscription that runs over gives what it holds, then raises SlowSubscriber; others are not touched."""
    seed = await nodes.enter_async_context(rumor.Seed(settings="local"))
    ana = await nodes.enter_async_context(rumor.Peer(seeds=[seed.address], settings="local"))
    bo = await nodes.enter_async_context(rumor.Peer(seeds=[seed.address], settings="local"))
    await ana.wait_joined(timeout=PATIENCE)
    slow, quick = bo.subscribe(capacity=2), bo.subscribe()

    for number in range(4):
        await (await ana.publish(str(number))).delivered(PATIENCE)

    assert [payload_of(await anext(slow)) for _ in range(2)] == [b"0", b"1"]
    with pytest.raises(rumor.SlowSubscriber):
        await anext(slow)
    assert [payload_of(await anext(quick)) for _ in range(4)] == [b"0", b"1", b"2", b"3"]


def payload_of(item: rumor.Rumor | rumor.Lost) -> bytes:
    """What a rumor says."""
    assert isinstance(item, rumor.Rumor)
    return item.payload


async def test_waiting_for_neighbors_has_an_end(nodes: AsyncExitStack) -> None:
    """`wait_joined` raises TimeoutError when nobody comes."""
    peer = await nodes.enter_async_context(rumor.Peer(seeds=["127.0.0.1:9"], settings="local"))

    with pytest.raises(TimeoutError):
        await peer.wait_joined(timeout=0.05)


async def test_a_stopped_peer_lets_everybody_go() -> None:
    """After `stop` nobody waits on: subscriptions end, `wait_joined` and `publish` raise UsageError."""
    peer = rumor.Peer(seeds=["127.0.0.1:9"], settings="local")
    await peer.start()
    waiting = asyncio.create_task(peer.wait_joined())
    reading = asyncio.create_task(_read_all(peer.subscribe()))
    await asyncio.sleep(0)

    await peer.stop()
    await peer.stop()

    assert await asyncio.wait_for(reading, PATIENCE) == []
    with pytest.raises(rumor.UsageError, match="stopped"):
        await asyncio.wait_for(waiting, PATIENCE)
    with pytest.raises(rumor.UsageError, match="stopped"):
        await peer.publish("too late")
    with pytest.raises(rumor.UsageError, match="stopped"):
        peer.subscribe()


async def _read_all(subscription: rumor.Subscription) -> list[rumor.Rumor | rumor.Lost]:
    return [item async for item in subscription]


async def test_a_node_starts_once(nodes: AsyncExitStack) -> None:
    """A second start is a mistake that is said."""
    seed = await nodes.enter_async_context(rumor.Seed())

    with pytest.raises(rumor.UsageError, match="once"):
        await seed.start()


@pytest.mark.parametrize(
    "make",
    [
        lambda: rumor.Seed("0.0.0.0:0"),
        lambda: rumor.Seed("nowhere"),
        lambda: rumor.Seed(settings="fast"),
        lambda: rumor.Peer(seeds=["127.0.0.1"]),
        lambda: rumor.Seed().address,
        lambda: rumor.Peer(seeds=["127.0.0.1:9"]).neighbors(),
    ],
)
def test_a_mistake_is_a_usage_error(make: Callable[[], object]) -> None:
    """Every wrong use raises UsageError at once."""
    with pytest.raises(rumor.UsageError):
        make()


@pytest.mark.parametrize("host", ["[::1]", "localhost", "127.0.0.1"])
async def test_a_seed_is_reached_by_any_kind_of_address(nodes: AsyncExitStack, host: str) -> None:
    """IPv6, a host name (whose every address is tried) and IPv4 all lead to a seed, which lists the peer as IPv4."""
    watched = Watched()
    bind = "[::1]" if host == "[::1]" else "127.0.0.1"
    seed = await nodes.enter_async_context(rumor.Seed(f"{bind}:0", on_event=watched))
    port = seed.address.rpartition(":")[2]

    peer = await nodes.enter_async_context(rumor.Peer(seeds=[f"{host}:{port}"], settings="local"))
    await until(lambda: bool(watched.of(PeerRegistered)), "registered")

    assert watched.of(PeerRegistered) == [PeerRegistered(rumor.Address.parse(peer.address), new=True)]


async def test_the_advertised_address_is_what_others_are_told(nodes: AsyncExitStack) -> None:
    """Behind a mapped port, a peer registers and speaks under the address that it advertises."""
    seed = await nodes.enter_async_context(rumor.Seed(settings="local"))
    peer = rumor.Peer(seeds=[seed.address], settings="local", advertise="127.0.0.1:4001")
    await nodes.enter_async_context(peer)
    await until(lambda: bool(peer.stats().seeds), "registered")

    with socket.create_connection(("127.0.0.1", int(seed.address.rpartition(":")[2]))) as other:
        other.sendall(b"127.0.0.1:4002")
        assert await asyncio.to_thread(other.recv, 1024) == b"127.0.0.1:4001,127.0.0.1:4002"
    assert peer.address == "127.0.0.1:4001"


async def test_a_restarted_seed_gets_its_peers_back(nodes: AsyncExitStack) -> None:
    """Renewal puts the peers back onto the list of a seed that came back empty, without anybody's doing."""
    quick = RegistrationSettings(renewal_interval=0.2, retry_first=0.05, retry_longest=0.2)
    settings = msgspec.structs.replace(LOCAL, registration=quick)
    seed = rumor.Seed(settings="local")
    await seed.start()
    peers = [
        await nodes.enter_async_context(rumor.Peer(seeds=[seed.address], settings=settings)) for _ in range(3)
    ]  # fmt: skip
    await until(lambda: seed.stats().peers == 3, "all registered")

    await seed.stop()
    seed = await nodes.enter_async_context(rumor.Seed(seed.address, settings="local"))

    await until(lambda: seed.stats().peers == len(peers), "all back")


async def test_an_original_seed_is_registered_with_once(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """However often renewal falls due, an original seed that holds us is not registered with again."""
    quick = RegistrationSettings(renewal_interval=0.05)
    settings = msgspec.structs.replace(LOCAL, registration=quick)
    watched = Watched()
    with Classic("seed", cwd=tmp_path) as original:
        ours = await nodes.enter_async_context(rumor.Seed(settings="local"))
        seeds = [original.address, ours.address]
        peer = await nodes.enter_async_context(rumor.Peer(seeds=seeds, settings=settings, on_event=watched))
        await nodes.enter_async_context(rumor.Peer(seeds=seeds, settings=settings))
        await peer.wait_joined(timeout=PATIENCE)

        await until(lambda: sum(1 for event in watched.of(Registered)) > 10, "ten renewals with our seed")

        assert original.logged(f"Received Connection -- {peer.address}") == 1
        assert not any("error" in line.lower() for line in original.lines)


async def test_a_raising_watcher_harms_nothing(nodes: AsyncExitStack) -> None:
    """What an application's `on_event` raises goes to the loop's handler, and the node goes on."""
    caught: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: caught.append(context["exception"]))

    def raising(event: Event) -> None:
        raise ValueError(event)

    seed = await nodes.enter_async_context(rumor.Seed(settings="local", on_event=raising))
    peer = await nodes.enter_async_context(rumor.Peer(seeds=[seed.address], settings="local"))
    await until(lambda: bool(peer.stats().seeds), "registered all the same")

    assert [type(error) for error in caught] == [ValueError]


async def test_connections_of_one_source_are_bounded(nodes: AsyncExitStack) -> None:
    """Above its bound a host's quietest connection is closed for its newest; with the setting, this machine's too."""
    settings = msgspec.structs.replace(LOCAL, door=DoorSettings(per_source_max=3, limit_loopback=True))
    watched = Watched()
    seed = await nodes.enter_async_context(rumor.Seed(settings=settings, on_event=watched))
    port = int(seed.address.rpartition(":")[2])

    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]

    assert await asyncio.wait_for(streams[0][0].read(1), PATIENCE) == b""
    streams[3][1].write(b"127.0.0.1:4001")
    assert await asyncio.wait_for(streams[3][0].read(100), PATIENCE) == b"127.0.0.1:4001"
    assert watched.of(Problem) == [Problem("too many connections from one host", "127.0.0.1")]
    for _, writer in streams:
        writer.close()


async def test_when_connections_are_full_the_quietest_gives_way(nodes: AsyncExitStack) -> None:
    """The connection that has said nothing longest is closed, and the newcomer served; who speaks stays."""
    settings = msgspec.structs.replace(LOCAL, door=DoorSettings(connections_max=3))
    peer = await nodes.enter_async_context(rumor.Peer(seeds=["127.0.0.1:9"], settings=settings))
    port = int(peer.address.rpartition(":")[2])
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    assert await _asked(streams[0]) == b"Liveness Reply:1.5:127.0.0.1:127.0.0.1"

    streams.append(await asyncio.open_connection("127.0.0.1", port))

    assert await _asked(streams[3]) == b"Liveness Reply:1.5:127.0.0.1:127.0.0.1"
    assert await asyncio.wait_for(streams[1][0].read(1), PATIENCE) == b""
    assert await _asked(streams[0]) == b"Liveness Reply:1.5:127.0.0.1:127.0.0.1"
    for _, writer in streams:
        writer.close()


def _asked(stream: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> Awaitable[bytes]:
    reader, writer = stream
    writer.write(b"Liveness Request:1.5:127.0.0.1")
    return asyncio.wait_for(reader.read(1024), PATIENCE)


async def test_a_neighbor_that_stops_says_goodbye(nodes: AsyncExitStack) -> None:
    """A peer that ends is dropped at once and without a doubt, since it said so."""
    watched = Watched()
    peer = await nodes.enter_async_context(rumor.Peer(settings="local", on_event=watched))
    other = rumor.Peer(join=[peer.address], settings="local")
    await other.start()
    await until(lambda: bool(watched.of(NeighborUp)), "neighbors")

    await other.stop()

    await until(lambda: bool(watched.of(NeighborDown)), "dropped")
    assert [event.reason for event in watched.events if isinstance(event, NeighborDown)] == [Reason.LEFT]
    assert watched.of(Strike) == []
    assert peer.neighbors() == ()


# Peers that join by each other.


async def pair(nodes: AsyncExitStack, **how: Any) -> tuple[rumor.Peer, rumor.Peer]:
    """Two peers that are neighbors; `how` is for the second."""
    ana = await nodes.enter_async_context(rumor.Peer(settings="local"))
    bo = await nodes.enter_async_context(rumor.Peer(join=[ana.address], settings="local", **how))
    await ana.wait_joined(timeout=PATIENCE)
    await bo.wait_joined(timeout=PATIENCE)
    return ana, bo


async def test_peers_join_without_a_seed(nodes: AsyncExitStack) -> None:
    """The first one has nobody to join, the others join it; each knows the other by name and address."""
    ana, bo = await pair(nodes, name="bo")

    assert [(n.name, n.address, n.classic) for n in ana.neighbors()] == [("bo", bo.address, False)]
    assert [(n.name, n.address, n.classic) for n in bo.neighbors()] == [(ana.address, ana.address, False)]
    assert (ana.name, bo.name) == (ana.address, "bo")


async def test_a_peer_without_seeds_may_be_ipv6(nodes: AsyncExitStack) -> None:
    """Links know all addresses."""
    ana = await nodes.enter_async_context(rumor.Peer("[::1]:0", settings="local"))
    bo = await nodes.enter_async_context(rumor.Peer("[::1]:0", join=[ana.address], settings="local"))

    await bo.wait_joined(timeout=PATIENCE)

    assert [neighbor.address for neighbor in bo.neighbors()] == [ana.address]


async def test_other_networks_are_refused(nodes: AsyncExitStack) -> None:
    """Peers of two networks that find each other stay apart."""
    watched = Watched()
    ana = await nodes.enter_async_context(rumor.Peer(settings="local", network="red"))
    bo = rumor.Peer(join=[ana.address], settings="local", network="blue", on_event=watched)
    await nodes.enter_async_context(bo)

    await until(lambda: bool(watched.of(LinkFailed)), "refused")

    assert next(event.parting for event in watched.events if isinstance(event, LinkFailed)) is Parting.OTHER_NETWORK
    assert bo.neighbors() == ()


async def test_a_receipt_tells_of_the_delivery(nodes: AsyncExitStack) -> None:
    """A rumor is delivered when every peer has acknowledged it; that the time is over is an answer."""
    ana, _ = await pair(nodes)

    receipt = await ana.publish("hello", topic="news")

    assert await receipt.delivered(timeout=PATIENCE) == rumor.Delivery(complete=True, peers=1)
    alone = await nodes.enter_async_context(rumor.Peer(settings="local"))
    kept = await alone.publish("hello")
    assert await kept.delivered(timeout=0.01) == rumor.Delivery(complete=False, peers=0)
    assert repr(kept) == "Receipt(number=1)"


async def test_many_at_the_price_of_one(nodes: AsyncExitStack) -> None:
    """A list of any length and kind arrives in order; the receipt is that of the last."""
    ana, bo = await pair(nodes)
    payloads = [str(number).encode() for number in range(3000)]

    async with bo.subscribe("news") as rumors:
        receipt = await ana.publish_many(payloads, topic="news")
        unusual = [bytearray(b"array"), memoryview(b"view")]
        await ana.publish_many(["text", b"bytes", *unusual], topic="news")  # type: ignore[list-item] # taken all the same
        heard: list[bytes] = []
        async with asyncio.timeout(PATIENCE):
            async for batch in rumors.batches():
                heard += map(payload_of, batch)
                if len(heard) == 3004:
                    break

    assert heard == [*payloads, b"text", b"bytes", b"array", b"view"]
    assert receipt.number == 3000
    with pytest.raises(rumor.UsageError, match="nothing"):
        await ana.publish_many([])
    with pytest.raises(rumor.UsageError, match="1048577 bytes"):
        await ana.publish_many([b"x"] * 2000 + [bytes((1 << 20) + 1)])


async def test_a_large_payload_arrives_whole(nodes: AsyncExitStack) -> None:
    """What is longer than a run travels in parts, up to the limit."""
    ana, bo = await pair(nodes)
    payload = bytes(range(256)) * 4096

    async with bo.subscribe() as rumors:
        await ana.publish(payload)
        heard = await asyncio.wait_for(anext(rumors), PATIENCE)

    assert payload_of(heard) == payload


async def test_publishing_waits_for_the_network(nodes: AsyncExitStack) -> None:
    """Much more than the window leaves in order and whole, by waiting, and others get turns meanwhile."""
    ana, bo = await pair(nodes)
    said = 12_000

    async with bo.subscribe(capacity=said) as rumors:
        for number in range(said):
            receipt = await ana.publish(b"%d" % number + bytes(1000))
        heard = 0
        async with asyncio.timeout(PATIENCE):
            async for batch in rumors.batches():
                for item in batch:
                    assert payload_of(item)[:-1000] == b"%d" % heard
                    heard += 1
                if heard == said:
                    break
    assert await receipt.delivered(PATIENCE) == rumor.Delivery(complete=True, peers=1)


async def test_looking_back(nodes: AsyncExitStack) -> None:
    """A subscription begins now, with the latest, or where a cursor was taken, also as a text."""
    ana, bo = await pair(nodes)
    async with bo.subscribe() as rumors:
        receipt = await ana.publish_many(["1", "2", "3"])
        assert payload_of(await asyncio.wait_for(anext(rumors), PATIENCE)) == b"1"
        cursor = rumors.cursor
    await receipt.delivered(PATIENCE)

    async with bo.subscribe(cursor=cursor) as rumors:
        assert [payload_of(await anext(rumors)) for _ in range(2)] == [b"2", b"3"]
    async with bo.subscribe(cursor=str(cursor)) as rumors:
        assert payload_of(await anext(rumors)) == b"2"
    async with bo.subscribe(last=1) as rumors:
        assert payload_of(await anext(rumors)) == b"3"


@pytest.mark.parametrize(
    "how",
    [
        {"since": "yesterday"},
        {"last": 1, "cursor": "1.kA"},
        {"last": -1},
        {"cursor": "nonsense"},
        {"capacity": 0},
        {"bytes_max": 0},
        {"overflow": "explode"},
        {"topic": "a..b"},
    ],
)
async def test_a_subscription_that_can_not_be_is_refused(nodes: AsyncExitStack, how: dict[str, Any]) -> None:
    """A mistake is said when it is made, not when the first rumor comes."""
    peer = await nodes.enter_async_context(rumor.Peer(settings="local"))

    with pytest.raises(rumor.UsageError):
        peer.subscribe(**how)


@pytest.mark.parametrize("name", ["", "x" * 256, "two\nlines"])
def test_a_name_fits_into_a_frame(name: str) -> None:
    """A name is short and printable; so is that of a network, if there is one."""
    with pytest.raises(rumor.UsageError, match="name"):
        rumor.Peer(name=name)
    if name:
        with pytest.raises(rumor.UsageError, match="network"):
            rumor.Peer(network=name)


async def test_a_next_life_finds_its_network_again(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """With a state directory a peer that comes back without any help joins whom it knew, in a later epoch."""
    ana = await nodes.enter_async_context(rumor.Peer(settings="local"))
    async with rumor.Peer(join=[ana.address], name="bo", state=tmp_path, settings="local") as bo:
        await bo.wait_joined(timeout=PATIENCE)
        before = bo.stats().epoch

    bo = await nodes.enter_async_context(rumor.Peer(name="bo", state=tmp_path, settings="local"))
    await bo.wait_joined(timeout=PATIENCE)

    assert bo.stats().epoch > before
    assert [neighbor.address for neighbor in bo.neighbors()] == [ana.address]


async def test_a_state_that_can_not_be_kept_is_no_end(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """A peer whose directory can't be used says so and works."""
    watched = Watched()
    (tmp_path / "file").write_bytes(b"")
    state = tmp_path / "file" / "state"
    peer = rumor.Peer(settings="local", state=state, on_event=watched)
    await nodes.enter_async_context(peer)

    assert (await peer.publish("fine")).number == 1
    assert [event.what.partition(":")[0] for event in watched.events if isinstance(event, Problem)] == [
        "the state directory can't be read",
        "the state directory can't be written",
    ]


async def test_a_made_up_name_is_kept(tmp_path: Path) -> None:
    """Where the address is not certain, the name is made up once, and the next life has it too."""
    names = []
    for _ in range(2):
        async with rumor.Peer("0.0.0.0:0", insecure=True, state=tmp_path, settings="local") as peer:
            names.append(peer.name)

    assert names[0] == names[1]
    assert ":" not in names[0]


async def test_stopping_lets_publishers_go(nodes: AsyncExitStack) -> None:
    """Who waits for a delivery gets how far it is, when the peer stops."""
    peer = rumor.Peer(settings="local")
    await peer.start()
    receipt = await peer.publish("hello")
    waiting = asyncio.create_task(receipt.delivered())
    await asyncio.sleep(0)

    await peer.stop()

    assert await asyncio.wait_for(waiting, PATIENCE) == rumor.Delivery(complete=False, peers=0)


async def test_a_subscriber_that_blocks_misses_nothing(nodes: AsyncExitStack) -> None:
    """A reader much slower than the network, with room for little, gets all, in order, and none as lost."""
    ana, bo = await pair(nodes)
    said = [b"%d" % number + bytes(500) for number in range(3000)]

    async with bo.subscribe(capacity=50, overflow="block") as rumors:
        publishing = asyncio.create_task(_publish_all(ana, said))
        heard: list[bytes] = []
        async with asyncio.timeout(PATIENCE):
            async for item in rumors:
                heard.append(payload_of(item))
                if len(heard) == len(said):
                    break
                await asyncio.sleep(0)
        await publishing

    assert heard == said


async def _publish_all(peer: rumor.Peer, payloads: list[bytes]) -> None:
    for payload in payloads:
        await peer.publish(payload)
