"""Seeds as processes: what they promised is there after a crash, and they tell each other whom they list.

KILLS=100 in the environment kills the seed so often instead of the few times that fit into a test run.
"""

import os
import random
import resource
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from rumor.aio.registry_file import RegistryFile
from rumor.core.frames import Enrolment, Hello, Lease, Role
from rumor.core.ids import Address
from rumor.wire.frames import encode
from rumor.wire.framing import FrameReader
from rumor.wire.text import PREFACE
from tests.processes.harness import Rumor, wait_until

KILLS = int(os.environ.get("KILLS", "6"))
CLIENTS = 4
PATIENCE = 10.0


class Load:
    """Clients that register one new peer after the other, by text and over links, and note who was answered."""

    def __init__(self, port: int, first: int) -> None:
        self.answered: list[int] = []
        self.next_port = first
        self._port = port
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(by,)) for by in (by_text, by_link) * (CLIENTS // 2)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until the seed is gone for all of them."""
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def has_answered(self, count: int) -> bool:
        """Whether so many were answered."""
        return len(self.answered) >= count

    def _run(self, register: Callable[[socket.socket, int], bool]) -> None:
        while True:
            with self._lock:
                peer, self.next_port = self.next_port, self.next_port + 1
            try:
                with socket.create_connection(("127.0.0.1", self._port), PATIENCE) as connection:
                    answered = register(connection, peer)
            except OSError:
                return
            if not answered:
                return
            with self._lock:
                self.answered.append(peer)


def by_text(connection: socket.socket, peer: int) -> bool:
    """Register as an original peer does."""
    connection.sendall(f"127.0.0.1:{peer}".encode())
    return connection.recv(16_384).endswith(f":{peer}".encode())


def by_link(connection: socket.socket, peer: int) -> bool:
    """Register as a peer of ours does."""
    address = Address("127.0.0.1", peer)
    hello = Hello(network="", role=Role.PEER, name=f"peer {peer}", address=address, epoch=1, instance=peer)
    connection.sendall(PREFACE + encode(hello) + encode(Enrolment()))
    reader, data = FrameReader(1 << 18), b""
    while len(data) < len(PREFACE):
        if not (more := connection.recv(4096)):
            return False
        data += more
    frames = reader.feed(data[len(PREFACE) :])
    while not (leases := [frame for frame in frames if isinstance(frame, Lease)]):
        if not (more := connection.recv(4096)):
            return False
        frames += reader.feed(more)
    return not leases[0].refusal


def kept(state: Path) -> set[int]:
    """The ports of all peers on the disk of a seed that is gone."""
    file = RegistryFile(state)
    try:
        return {entry.port for entry in file.load()}
    finally:
        file.close()


def test_whoever_was_answered_is_there_after_a_crash(tmp_path: Path) -> None:
    """The seed is killed at random moments in the midst of registrations, again and again, and loses none of them."""
    number = random.randrange(1 << 32)
    rng = random.Random(number)
    answered: set[int] = set()
    first = 1024
    for kill in range(KILLS):
        with Rumor("seed", "--state", str(tmp_path / "state"), cwd=tmp_path) as seed:
            load = Load(seed.port, first)
            enough = rng.randrange(200)
            wait_until(partial(load.has_answered, enough), f"{enough} registrations")
            seed.signal(signal.SIGKILL)
            load.join()
        answered |= set(load.answered)
        first = load.next_port if load.next_port < 60_000 else 1024
        lost = answered - kept(tmp_path / "state")
        assert not lost, f"random number {number}, kill {kill}: lost {sorted(lost)}"
    assert answered


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="no other process can be bounded here")
def test_a_full_disk_refuses_until_there_is_room(tmp_path: Path) -> None:
    """Nobody is told that it is listed who is not on disk; the seed says so once, and goes on when there is room."""
    state = tmp_path / "state"
    with Rumor("seed", "--state", str(state), cwd=tmp_path) as seed:
        assert registers(seed, by_text, 2001)
        resource.prlimit(seed.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        assert not any(registers(seed, by_text, peer) for peer in (2002, 2003, 2004))
        assert not registers(seed, by_link, 2005)
        trouble = seed.wait_event("error", message="the registry can't be written: nobody can register")
        assert str(state) in str(trouble["detail"])
        assert len([*seed.events("error")]) == 1
        resource.prlimit(seed.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert registers(seed, by_text, 2002)
        seed.wait_event("error", message="the registry is written again: peers can register")
        assert registers(seed, by_link, 2006)
        seed.signal(signal.SIGKILL)
        seed.wait()
    assert kept(state) >= {2001, 2002, 2006}


def registers(seed: Rumor, by: Callable[[socket.socket, int], bool], peer: int) -> bool:
    """Let one peer register; whether it is told that it is listed."""
    with socket.create_connection(("127.0.0.1", seed.port), PATIENCE) as connection:
        return by(connection, peer)


def test_seeds_tell_each_other(stack: ExitStack, tmp_path: Path) -> None:
    """A peer that knows one seed only finds another that knows the other one only."""
    quick = ("--set", "registry.exchange_interval=0.2")
    with Rumor("seed", cwd=tmp_path) as first:
        other = stack.enter_context(Rumor("seed", "--seed", first.address, *quick, cwd=tmp_path))
    one = stack.enter_context(Rumor("seed", "--seed", other.address, *quick, cwd=tmp_path, port=first.port))
    ana = stack.enter_context(Rumor("peer", "--seed", one.address, "--messages", "0", cwd=tmp_path))
    one.wait_event("registration", peer=ana.address)

    bo = stack.enter_context(Rumor("peer", "--seed", other.address, "--messages", "0", cwd=tmp_path))

    bo.wait_event("neighbor_up", neighbor=ana.address)
