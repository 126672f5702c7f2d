"""Broken and hostile input: refused, said once with its source, bounded, and the node goes on serving others."""

import contextlib
import os
import socket
import struct
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes.harness import Rumor

MEMORY_MAX = 200 << 20
"""Bytes that a node may hold while it is under attack; idle it holds about 40 MiB."""

BAD_TEXTS = {
    "half a message": b"Liveness Requ",
    "not UTF-8": b"\xc3\x28 not text",
    "a foreign preface": b"\xffOTHER/9\n",
    "NULs": b"\x00" * 100,
    "a line break": b"1.5:127.0.0.1:4001:GOSSIP1:a\nb",
    "port -1": b"127.0.0.1:-1",
    "port 70000": b"127.0.0.1:70000",
    "port 70000 of a dead one": b"Dead Node:127.0.0.1:70000:1.5:127.0.0.1",
    "a browser": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "1,024 bytes": b"1.5:127.0.0.1:4001:GOSSIP1:" + b"x" * 997,
}


@pytest.fixture(params=["seed", "peer"])
def node(request: pytest.FixtureRequest, stack: ExitStack, tmp_path: Path) -> Rumor:
    """A node of ours of either role; the peer finds no seed."""
    arguments = ["--seed", "127.0.0.1:9"] if request.param == "peer" else []
    return stack.enter_context(Rumor(request.param, *arguments, cwd=tmp_path))


def serves(node: Rumor) -> bool:
    """Whether the node answers an honest request."""
    seed_asked = (b"127.0.0.1:4001", b"127.0.0.1:4001")
    peer_asked = (b"Liveness Request:1.5:127.0.0.1", b"Liveness Reply:1.5:127.0.0.1:127.0.0.1")
    question, answer = seed_asked if node.role == "seed" else peer_asked
    with socket.create_connection(("127.0.0.1", node.port), timeout=30) as connection:
        connection.sendall(question)
        return connection.recv(1024).endswith(answer)


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side closes, within the socket's timeout, without a word."""
    try:
        return connection.recv(1024) == b""
    except ConnectionResetError:
        return True


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS.keys())
def test_a_bad_text_is_refused_once_with_its_source(node: Rumor, text: bytes) -> None:
    """The connection is closed without a reply, one error names the source, and the node serves others."""
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", node.port), timeout=30) as connection:
            connection.sendall(text)
            assert is_closed(connection)

    assert serves(node)
    node.wait_event("error", source="127.0.0.1")
    assert len([event for event in node.events("error") if event["source"] == "127.0.0.1"]) == 1


def test_a_bad_text_bans_nobody(node: Rumor) -> None:
    """An honest text after a bad one from the same address is served, on a connection of its own."""
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", node.port), timeout=30) as connection:
            connection.sendall(b"rubbish")
    assert serves(node)


def test_ten_megabytes_without_an_end_are_cut_short(node: Rumor) -> None:
    """An endless text is refused at its bound and takes no memory."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=30) as connection:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            for _ in range(160):
                connection.sendall(b"x" * 65_536)
        assert is_closed(connection)

    assert serves(node)
    assert resident(node.pid) < MEMORY_MAX


def test_a_silent_connection_is_closed(node: Rumor) -> None:
    """A connection that says nothing is closed after a while, without a word, and told."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=30) as connection:
        assert is_closed(connection)
    node.wait_event("error", message="a connection that said nothing", source="127.0.0.1")


def test_two_thousand_idle_connections_shut_nobody_out(node: Rumor) -> None:
    """While 2,000 connections are held open without a word, others are served."""
    with ExitStack() as held:
        for _ in range(2000):
            held.enter_context(socket.create_connection(("127.0.0.1", node.port), timeout=30))
        assert serves(node)
        assert resident(node.pid) < MEMORY_MAX
    assert serves(node)


def test_a_vanished_caller_harms_nothing(node: Rumor) -> None:
    """Connections that are reset in the middle of a text, or before any, are forgotten."""
    for text in (b"", b"Liveness Req", b"127.0.0.1:4001"):
        connection = socket.create_connection(("127.0.0.1", node.port), timeout=30)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(text)
        connection.close()
    assert serves(node)


def test_a_seed_lists_no_rubbish(stack: ExitStack, tmp_path: Path) -> None:
    """What fits no form gets on no list: the next honest peer is alone on it."""
    seed = stack.enter_context(Rumor("seed", cwd=tmp_path))
    for text in BAD_TEXTS.values():
        with socket.create_connection(("127.0.0.1", seed.port), timeout=30) as connection:
            connection.sendall(text)
            assert is_closed(connection)

    with socket.create_connection(("127.0.0.1", seed.port), timeout=30) as connection:
        connection.sendall(b"127.0.0.1:4001")
        assert connection.recv(1024) == b"127.0.0.1:4001"


def test_a_text_that_comes_in_pieces_is_taken_whole(stack: ExitStack, tmp_path: Path) -> None:
    """A registration that arrives byte by byte lists the right port, not the first digits of it."""
    seed = stack.enter_context(Rumor("seed", cwd=tmp_path))
    with socket.create_connection(("127.0.0.1", seed.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"127.0.0.1:4001":
            connection.sendall(bytes([byte]))
        assert connection.recv(1024) == b"127.0.0.1:4001"


def test_several_texts_on_one_connection_are_all_served(stack: ExitStack, tmp_path: Path) -> None:
    """A second message may follow on the same connection, as with the original."""
    node = stack.enter_context(Rumor("peer", "--seed", "127.0.0.1:9", cwd=tmp_path))
    with socket.create_connection(("127.0.0.1", node.port), timeout=30) as connection:
        for number in range(3):
            connection.sendall(f"Liveness Request:{number}.5:127.0.0.1".encode())
            assert connection.recv(1024) == f"Liveness Reply:{number}.5:127.0.0.1:127.0.0.1".encode()
        connection.sendall(b"1.5:127.0.0.1:4001:GOSSIP1:after all")
        node.wait_event("rumor", payload="after all")
