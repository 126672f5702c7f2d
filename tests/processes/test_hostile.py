"""Broken and hostile input: refused, said once with its source, bounded, and the node goes on serving others."""

import os
import socket
from collections.abc import Callable
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


def seed(stack: ExitStack, directory: Path) -> Rumor:
    """A seed of ours."""
    return stack.enter_context(Rumor("seed", cwd=directory))


def peer(stack: ExitStack, directory: Path) -> Rumor:
    """A peer of ours that finds no seed."""
    return stack.enter_context(Rumor("peer", "--seed", "127.0.0.1:9", cwd=directory))


def still_serves(node: Rumor) -> None:
    """The node answers an honest request."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=30) as connection:
        if "registered" in str(node.process.args) or "seed" in node.process.args[3:4]:  # type: ignore[index]
            connection.sendall(b"127.0.0.1:4001")
            assert connection.recv(1024).endswith(b"127.0.0.1:4001")
        else:
            connection.sendall(b"Liveness Request:1.5:127.0.0.1")
            assert connection.recv(1024) == b"Liveness Reply:1.5:127.0.0.1:127.0.0.1"


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
