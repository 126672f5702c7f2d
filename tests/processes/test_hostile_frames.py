"""Hostile bytes on a link: refused in one clear line that names the source, and the node goes on serving others."""

import contextlib
import socket
import struct
from contextlib import ExitStack
from pathlib import Path

import pytest

from rumor.core.frames import Goodbye, Hello, Parting, Role
from rumor.core.ids import Address
from rumor.wire.frames import encode
from rumor.wire.text import PREFACE
from tests.processes.harness import Rumor
from tests.processes.test_hostile import MEMORY_MAX, resident, serves
from tests.processes.test_joining import peer

STRANGER = Address("127.0.0.1", 9)
HELLO = Hello(network="", role=Role.PEER, name="mallory", address=STRANGER, epoch=1, instance=7)

BAD_BEGINNINGS = {
    "garbage": b"\x00\x00\x00\x05garbage, and more of it" * 10,
    "a huge length": b"\xff\xff\xff\xff\x01",
    "an empty frame": b"\x00\x00\x00\x00",
    "no MessagePack": b"\x00\x00\x00\x03\x01\xc1\xc1",
    "a text": b"New Connect Request From:127.0.0.1:4001",
    "hello and garbage": encode(HELLO) + b"\x00\x00\x00\x09\x20garbage!",
    "hello and a huge length": encode(HELLO) + b"\x7f\xff\xff\xff\x20",
}


@pytest.fixture
def node(stack: ExitStack, tmp_path: Path) -> Rumor:
    """A peer of ours."""
    return peer(stack, tmp_path, "--first")


def link_to(node: Rumor, data: bytes) -> socket.socket:
    """A link to a node, with the preface and some bytes after it sent."""
    connection = socket.create_connection(("127.0.0.1", node.port), timeout=30)
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        connection.sendall(PREFACE + data)
    return connection


def read_all(connection: socket.socket) -> bytes:
    """What the other side says until it closes."""
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65_536):
            said += data
    return said


@pytest.mark.parametrize("data", BAD_BEGINNINGS.values(), ids=BAD_BEGINNINGS.keys())
def test_bytes_that_fit_no_frame_end_the_link_alone(node: Rumor, data: bytes) -> None:
    """The link is closed with the reason, one error says so and names the source, and others are served."""
    for _ in range(3):
        with link_to(node, data) as connection:
            assert read_all(connection).startswith(PREFACE)

    assert serves(node)
    error = node.wait_event("error", message="bytes on a link that fit no frame")
    assert error["source"] != ""
    assert len(list(node.events("error"))) == 1


def test_a_frame_that_stays_incomplete_ends_nothing_else(node: Rumor) -> None:
    """A link that begins a frame and breaks, or never ends it, is closed after a while."""
    whole = encode(HELLO)
    for length in (0, 3, len(whole) - 1):
        link_to(node, whole[:length]).close()
    with link_to(node, whole[:-1]) as connection:
        assert read_all(connection).startswith(PREFACE)
    assert serves(node)
    assert list(node.events("neighbor_up")) == []


def test_another_networks_hello_is_refused_on_both_sides(node: Rumor) -> None:
    """The stranger gets our Hello and a Goodbye with the reason; we say whom we refused, in one line."""
    stranger = Hello(network="other", role=Role.PEER, name="m\x1b[2J", address=STRANGER, epoch=1, instance=7)
    for _ in range(3):
        with link_to(node, encode(stranger)) as connection:
            said = read_all(connection)

    detail = f"{node.address} is of network '', m\x1b[2J of 'other'"
    assert said.endswith(encode(Goodbye(Parting.OTHER_NETWORK, detail=detail)))
    node.wait_event("error", message="a node of another network was refused", source=str(STRANGER))
    assert len(list(node.events("error"))) == 1
    assert serves(node)


def test_a_link_that_says_nothing_is_closed(node: Rumor) -> None:
    """After the preface a Hello must come in time."""
    with link_to(node, b"") as connection:
        assert read_all(connection).startswith(PREFACE)
    assert serves(node)


def test_megabytes_of_frames_take_no_memory(node: Rumor) -> None:
    """A link that sends frames of an unknown kind without end is read on or closed, and nothing is kept."""
    frame = struct.pack(">IB", 1 << 17, 0x7F) + bytes((1 << 17) - 1)
    with link_to(node, encode(HELLO)) as connection:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError, TimeoutError):
            for _ in range(160):
                connection.sendall(frame)
        assert serves(node)
        assert resident(node.pid) < MEMORY_MAX


def test_many_links_shut_nobody_out(stack: ExitStack, node: Rumor, tmp_path: Path) -> None:
    """While 300 links are held open without a Hello, an honest peer joins."""
    held = [stack.enter_context(link_to(node, b"")) for _ in range(300)]

    newcomer = peer(stack, tmp_path, "--join", node.address)

    newcomer.wait_event("neighbor_up", neighbor=node.address)
    assert all(connection.recv(len(PREFACE)) in (PREFACE, b"") for connection in held)
    assert serves(node)


def test_a_vanished_link_is_forgotten(stack: ExitStack, node: Rumor, tmp_path: Path) -> None:
    """Links that are reset at any moment leave nothing behind; an honest peer joins after them."""
    for data in (b"", encode(HELLO)[:7], encode(HELLO)):
        connection = link_to(node, data)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    newcomer = peer(stack, tmp_path, "--join", node.address)
    newcomer.wait_event("neighbor_up", neighbor=node.address)
    node.wait_event("neighbor_up", neighbor=newcomer.address)
