"""The control socket: how it is found, who may open it, what can be said over it, and how it ends."""

import asyncio
import json
import os
import socket
import stat
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import pytest

import rumor
from rumor.aio import control as control_file
from rumor.aio.control import CLIENTS_MAX, SOCKET, running_nodes
from rumor.core.events import Event, Problem
from tests.aio.test_api import PATIENCE, Watched, until

Answer = dict[str, Any]


async def start(nodes: AsyncExitStack, **how: object) -> rumor.Peer:
    """A peer with a control socket."""
    peer = rumor.Peer(settings="local", control=True, **how)  # type: ignore[arg-type] # as the test says
    return await nodes.enter_async_context(peer)


async def pair_of(nodes: AsyncExitStack) -> tuple[rumor.Peer, rumor.Peer]:
    """Two neighbors; the first one has a control socket."""
    ana = await start(nodes, name="ana")
    bo = await nodes.enter_async_context(rumor.Peer(name="bo", settings="local", join=[ana.address]))
    for peer in (ana, bo):
        await peer.wait_joined(timeout=PATIENCE)
        await until(lambda peer=peer: len(peer.members()) == 2, "they know each other")  # type: ignore[misc]
    return ana, bo


class Client:
    """A program that speaks to a node."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_unix_connection(self._path, limit=1 << 24)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.writer.close()

    def say(self, line: bytes) -> None:
        """Send a line."""
        self.writer.write(line + b"\n")

    async def read(self) -> Answer | None:
        """The next line; None at the end."""
        line = await asyncio.wait_for(self.reader.readline(), PATIENCE)
        return json.loads(line) if line else None

    async def order(self, do: str, **fields: object) -> Answer:
        """An order, and the answer to it."""
        self.say(json.dumps({"do": do, **fields}).encode())
        answer = await self.read()
        assert answer is not None
        return answer


def client(node: rumor.Peer | rumor.Seed) -> Client:
    """A program that has found this node."""
    (found,) = [one for one in running_nodes() if one.address == node.address]
    return Client(found.socket)


# Finding a node.


async def test_a_node_is_found_while_it_runs(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """By its address, with its name and state directory; one without control is not."""
    ana = await start(nodes, name="ana", state=tmp_path / "state")
    bo = await start(nodes)
    await nodes.enter_async_context(rumor.Peer(settings="local"))

    found = {node.address: node for node in running_nodes()}

    assert set(found) == {ana.address, bo.address}
    assert (found[ana.address].role, found[ana.address].name) == ("peer", "ana")
    assert found[ana.address].state == tmp_path / "state"
    assert found[ana.address].socket == tmp_path / "state" / SOCKET
    assert (found[bo.address].name, found[bo.address].state) == (bo.name, None)
    await ana.stop()
    assert [node.address for node in running_nodes()] == [bo.address]
    assert not (tmp_path / "state" / SOCKET).exists()


async def test_nobody_else_can_open_it(nodes: AsyncExitStack, tmp_path: Path, runtime: Path) -> None:
    """Sockets are their owner's alone, and so is the directory of all nodes."""
    await start(nodes, state=tmp_path / "state")
    await start(nodes)

    assert [stat.S_IMODE(node.socket.stat().st_mode) for node in running_nodes()] == [0o600, 0o600]
    assert stat.S_IMODE((runtime / "rumor").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o770, 0o707])
async def test_a_directory_that_others_can_open_is_not_used(nodes: AsyncExitStack, runtime: Path, mode: int) -> None:
    """The peer runs without a control socket, and says why; nobody is found there."""
    (runtime / "rumor").mkdir()
    (runtime / "rumor").chmod(mode)
    watched = Watched()

    peer = await start(nodes, on_event=watched)

    assert running_nodes() == []
    assert len(peer.members()) == 1
    (problem,) = watched.of(Problem)
    assert "0700" in detail_of(problem)


def detail_of(event: Event) -> str:
    """What a problem is about."""
    assert isinstance(event, Problem)
    return event.detail


async def test_without_a_runtime_directory_it_is_a_private_one(
    nodes: AsyncExitStack, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the temporary directory, with the user's number."""
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(runtime))

    await start(nodes)

    assert running_nodes()[0].socket.parent == runtime / f"rumor-{os.getuid()}"


async def test_what_a_crash_left_is_removed(nodes: AsyncExitStack, tmp_path: Path, runtime: Path) -> None:
    """Nobody finds a node there, and a new life takes its place. What is no note of ours is passed over."""
    state = tmp_path / "state"
    state.mkdir()
    leave_behind(state / SOCKET)
    directory = runtime / "rumor"
    directory.mkdir(mode=0o700)
    leave_behind(directory / "1-1.sock")
    note = {"pid": 1, "address": "127.0.0.1:1", "name": "old", "socket": str(directory / "1-1.sock")}
    (directory / "1-1.json").write_text(json.dumps(note))
    (directory / "2-2.json").write_text("{")

    assert running_nodes() == []
    assert sorted(path.name for path in directory.iterdir()) == ["2-2.json"]
    peer = await start(nodes, state=state)

    async with client(peer) as program:
        assert (await program.order("members"))["ok"]


def leave_behind(path: Path) -> None:
    """A socket that nobody listens on."""
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))


async def test_a_second_node_does_not_take_the_socket(nodes: AsyncExitStack, tmp_path: Path) -> None:
    """The one that has it keeps it; the other one runs without, and says so."""
    watched = Watched()
    first = await start(nodes, state=tmp_path)

    await start(nodes, state=tmp_path, on_event=watched)

    assert [node.address for node in running_nodes()] == [first.address]
    assert "another node" in detail_of(watched.of(Problem)[0])
    async with client(first) as program:
        assert (await program.order("members"))["ok"]


async def test_a_path_too_long_for_a_socket_is_avoided(nodes: AsyncExitStack, tmp_path: Path, runtime: Path) -> None:
    """The socket is then in the directory of all nodes, and the node is found by its state directory all the same."""
    state = tmp_path / ("x" * 100)

    await start(nodes, state=state)

    (found,) = running_nodes()
    assert found.socket.parent == runtime / "rumor"
    assert found.state == state


# What can be said.


async def test_who_is_there(nodes: AsyncExitStack) -> None:
    """Members with their fields, neighbors, why, and what is counted; several orders over one connection."""
    ana, bo = await pair_of(nodes)
    async with client(ana) as program:
        members = await program.order("members")
        neighbors = await program.order("neighbors")
        why = await program.order("why", name="bo")
        stats = await program.order("stats")

    assert [member["name"] for member in members["members"]] == ["ana", "bo"]
    known = ana.member("bo")
    assert known is not None
    assert members["members"][1] == {
        "name": "bo",
        "address": bo.address,
        "state": "alive",
        "epoch": known.epoch,
        "incarnation": known.incarnation,
        "tags": {},
        "since": known.since,
    }
    (neighbor,) = neighbors["neighbors"]
    assert list(neighbor) == ["name", "address", "classic", "round_trip"]
    assert (neighbor["name"], neighbor["address"], neighbor["classic"]) == ("bo", bo.address, False)
    assert (why["why"]["member"]["name"], why["why"]["statements"]) == ("bo", [])
    assert why["why"]["reason"]
    assert (stats["stats"]["name"], stats["stats"]["address"]) == ("ana", ana.address)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "no order"),
        (b"hello", "no order"),
        (b"[]", "no order"),
        (b'{"do": "dance"}', "dance"),
        (b'{"do": "why"}', "name"),
        (b'{"do": "why", "name": "nobody"}', "nobody"),
        (b'{"do": "publish"}', "payload"),
        (b'{"do": "publish", "payload": "x", "payload_base64": "eA=="}', "payload"),
        (b'{"do": "publish", "payload_base64": "x"}', "base64"),
        (b'{"do": "publish", "payload": "x", "topic": "a b"}', "topic"),
        (b'{"do": "listen", "topic": "a..b"}', "topic"),
        (b'{"do": "tags", "tags": {"": "x"}}', "key"),
        (b'{"do": "leave", "back_in": -1}', "0.0"),
        (b'{"do": "reload"}', "configuration"),
        (b"[" * 10_000, "no order"),
        (b'\xff{"do": "members"}', "no order"),
    ],
)
async def test_what_is_no_order_is_refused(nodes: AsyncExitStack, line: bytes, said: str) -> None:
    """In one line that says why; the next one is served."""
    peer = await start(nodes)

    async with client(peer) as program:
        program.say(line)
        answer = await program.read()
        assert answer is not None
        assert answer["ok"] is False
        assert said in answer["error"]
        assert (await program.order("members"))["ok"]


async def test_rumors_are_said_and_heard(nodes: AsyncExitStack) -> None:
    """As text, or in base64 where they are none; with how many have them."""
    ana, bo = await pair_of(nodes)
    async with client(ana) as program, client(ana) as listener, bo.subscribe() as heard:
        assert await listener.order("listen", topic="news.>") == {"ok": True}
        said = await program.order("publish", payload="grüß", topic="news.sport", timeout=PATIENCE)
        assert said == {"ok": True, "number": 1, "peers": 1, "complete": True}
        assert (await program.order("publish", payload_base64="/w=="))["number"] == 2
        told = await program.order("delivered", number=2, timeout=PATIENCE)
        assert told == {"ok": True, "number": 2, "peers": 1, "complete": True}
        rumors = [await anext(heard), await anext(heard)]
        assert [item.payload for item in rumors if isinstance(item, rumor.Rumor)] == ["grüß".encode(), b"\xff"]

        await bo.publish("not this", topic="weather")
        await bo.publish_many([b"one", b"\xff"], topic="news.sport")
        events = [await listener.read(), await listener.read()]

    expected = {"event": "rumor", "node": ana.address, "origin": "bo", "topic": "news.sport", "own": False}
    for event, number, payload in zip(events, (2, 3), ({"payload": "one"}, {"payload_base64": "/w=="}), strict=True):
        assert event is not None
        assert event.items() >= {**expected, **payload, "number": number, "epoch": bo.stats().epoch}.items()


async def test_changes_are_told(nodes: AsyncExitStack) -> None:
    """Of others, and of the node's own tags, which can be read and set."""
    ana, bo = await pair_of(nodes)
    async with client(ana) as program, client(ana) as watcher:
        assert await watcher.order("changes") == {"ok": True}
        assert await program.order("tags") == {"ok": True, "tags": {}}
        assert await program.order("tags", tags={"room": "hall"}) == {"ok": True, "tags": {"room": "hall"}}
        own = await watcher.read()
        await bo.leave(60.0)
        other = await watcher.read()

    assert own is not None
    assert other is not None
    assert (own["event"], own["node"], own["name"], own["tags"]) == ("member", ana.address, "ana", {"room": "hall"})
    assert (other["name"], other["state"], other["before"]) == ("bo", "away", "alive")


async def test_members_are_asked(nodes: AsyncExitStack) -> None:
    """One, whose answer or failure is the answer; or all, whose answers come until the time is over."""
    ana, bo = await pair_of(nodes)

    @bo.responder("shout")
    def shout(payload: bytes, asker: str) -> bytes:
        return payload.upper()

    async with client(ana) as program:
        asked = {"topic": "shout", "timeout": PATIENCE}
        assert await program.order("request", name="bo", payload="hi", **asked) == {"ok": True, "payload": "HI"}
        refused = await program.order("request", name="bo", payload="hi", topic="silence")
        assert (refused["ok"], "silence" in refused["error"]) == (False, True)
        assert (await program.order("request", name="nobody", payload="hi"))["ok"] is False

        assert await program.order("ask", payload="hi", topic="shout", timeout=0.2) == {"ok": True}
        answer = await program.read()
        assert answer is not None
        assert (answer["event"], answer["member"], answer["payload"]) == ("answer", "bo", "HI")
        assert await program.read() is None


async def test_seeds_are_read_again(nodes: AsyncExitStack) -> None:
    """What the configuration says now is answered; what is wrong with it, too."""
    seeds = ["127.0.0.1:9"]
    peer = await start(nodes, on_reload=lambda: list(seeds))
    async with client(peer) as program:
        assert await program.order("reload") == {"ok": True, "seeds": ["127.0.0.1:9"]}
        seeds[:] = ["nowhere"]
        refused = await program.order("reload")

    assert (refused["ok"], "nowhere" in refused["error"]) == (False, True)


# The end.


@pytest.mark.parametrize(
    ("back_in", "state"), [(None, rumor.MemberState.LEFT), (60, rumor.MemberState.AWAY)], ids=["left", "away"]
)
async def test_a_node_is_told_to_leave(nodes: AsyncExitStack, back_in: float | None, state: rumor.MemberState) -> None:
    """It is answered when it has left, by then it is found no more; whoever waits for its end goes on."""
    ana, bo = await pair_of(nodes)
    async with client(ana) as program, client(ana) as other, client(ana) as idle:
        assert (await idle.order("members"))["ok"]
        other.say(b'{"do": "leave"}') if back_in is None else None
        assert await program.order("leave", back_in=back_in) == {"ok": True}
        assert running_nodes() == []
        assert await program.read() is None
        assert await idle.read() is None

    await asyncio.wait_for(ana.wait_stopped(), PATIENCE)
    await until(lambda: (known := bo.member("ana")) is not None and known.state is state, "bo knows it")


async def test_streams_end_with_the_node(nodes: AsyncExitStack) -> None:
    """After what was to be told."""
    ana, bo = await pair_of(nodes)
    async with client(ana) as listener, client(ana) as watcher:
        for program, do in ((listener, "listen"), (watcher, "changes")):
            assert (await program.order(do))["ok"]
        await (await bo.publish("last words")).delivered(PATIENCE)

        await ana.stop()

        event = await listener.read()
        assert event is not None
        assert event["payload"] == "last words"
        assert await listener.read() is None
        assert await watcher.read() is None


async def test_a_stream_ends_with_its_client(nodes: AsyncExitStack) -> None:
    """Whether it goes or says something more: its place is free, and nothing is taken in for it."""
    peer = await start(nodes)
    async with client(peer) as gone, client(peer) as talking:
        await gone.order("listen")
        await talking.order("listen")
        assert peer._feed is not None
        assert len(peer._feed._subscriptions) == 2

        gone.writer.close()
        talking.say(b"more")

        assert await talking.read() is None
    await until(lambda: peer._feed is not None and peer._feed._subscriptions == (), "nobody listens")


# Bounds.


async def test_places_are_bounded(nodes: AsyncExitStack) -> None:
    """One too many is told so and closed; when one has gone there is a place again."""
    peer = await start(nodes)
    async with AsyncExitStack() as inside:
        first = await inside.enter_async_context(client_of(peer))
        for _ in range(CLIENTS_MAX - 1):
            program = await inside.enter_async_context(client_of(peer))
            assert (await program.order("members"))["ok"]
        assert (await first.order("members"))["ok"]
        async with client_of(peer) as late:
            assert await late.read() == {"ok": False, "error": "too many programs speak to this node"}
            assert await late.read() is None
        assert peer._control is not None
        assert len(peer._control._clients) == CLIENTS_MAX

        first.writer.close()

        await until(lambda: peer._control is not None and len(peer._control._clients) < CLIENTS_MAX, "a place")
        async with client_of(peer) as late:
            assert (await late.order("members"))["ok"]


def client_of(peer: rumor.Peer) -> Client:
    """A program that knows the socket: whoever looks for it would take a place for a moment."""
    assert peer._control is not None
    assert peer._control._place is not None
    return Client(peer._control._place.socket)


async def test_who_does_not_read_gives_up_its_place(nodes: AsyncExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another one needs it, and it has not read for long. Until then nothing else suffers."""
    monkeypatch.setattr(control_file, "CLIENTS_MAX", 2)
    monkeypatch.setattr(control_file, "UNREAD_FOR", 0.0)
    ana, bo = await pair_of(nodes)
    async with client_of(ana) as deaf, client_of(ana) as program:
        assert (await program.order("members"))["ok"]
        assert (await deaf.order("listen"))["ok"]
        deaf.reader._transport.pause_reading()  # type: ignore[attr-defined] # a program that is stopped
        for _ in range(4):
            await (await bo.publish(bytes(1 << 20))).delivered(PATIENCE)
        assert ana._control is not None
        await until(
            lambda: any(one.unread_since is not None for one in ana._control._clients.values()),  # type: ignore[union-attr]
            "it is behind",
        )

        async with client_of(ana) as newcomer:
            assert (await newcomer.order("members"))["ok"]
        assert (await program.order("members"))["ok"]


async def test_a_line_has_a_greatest_length(nodes: AsyncExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer one is refused, and the connection closed."""
    monkeypatch.setattr(control_file, "LINE_BYTES_MAX", 1000)
    peer = await start(nodes)

    async with client(peer) as program:
        program.say(b"x" * 3000)

        answer = await program.read()
        assert answer is not None
        assert "1000 bytes" in answer["error"]
        assert await program.read() is None


async def test_half_a_line_is_no_order(nodes: AsyncExitStack) -> None:
    """Who goes in the middle of it wanted nothing."""
    peer = await start(nodes)
    async with client(peer) as program:
        program.writer.write(b'{"do": "leave"}')
        program.writer.write_eof()

        assert await program.read() is None

    assert len(peer.members()) == 1
