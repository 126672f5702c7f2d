"""A classic gossip node, seed or peer: a stand-in for the original system's programs in tests of mixed networks.

It is independent on purpose. It shares no code with the implementation under test and imports nothing but the standard
library, so that a misreading of the wire on one side cannot be hidden by the same misreading on the other.

The wire, as it is relied on here:

* There is no framing: a node connects, sends one message in UTF-8, reads at most one reply and closes. One read is one
  message, of up to 1,024 bytes, or 10,240 for a seed's reply. A server reads on until the other side closes.
* ``<ip>:<port>`` registers a peer. The seed believes only the port, takes the ip from the connection and replies with
  its whole list, ``<ip>:<port>,<ip>:<port>``, whose last entry is the registering peer itself.
* ``New Connect Request From:<ip>:<port>`` asks a peer to be a neighbor. It replies ``New Connect Accepted`` while it
  has fewer than four of them, and closes without a reply otherwise.
* ``Liveness Request:<time>:<sender ip>`` is answered by ``Liveness Reply:<time>:<sender ip>:<replier ip>``.
* ``<time>:<origin ip>:<origin port>:GOSSIP<n>``, with any text after that, is gossip and has no reply. On its first
  receipt, told by the SHA-256 of the whole text, it is logged and sent on unchanged.
* ``Dead Node:<dead ip>:<dead port>:<time>:<reporter ip>`` is what a peer sends to the seeds that it registered with
  once a neighbor has failed three liveness requests in a row. A seed logs it and takes the dead peer off its list.

What the original does badly is kept where others can see it: a seed lists twice who registers twice, and takes any text
but a dead report for a registration; a peer counts whom it asked as a neighbor whatever the reply, sends gossip back to
where it came from, and takes a connection closed without a reply for a sign of life.
"""

import argparse
import contextlib
import hashlib
import os
import queue
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

HOST = "127.0.0.1"
BACKLOG = 128
REQUEST_SIZE = 1_024
SEED_REPLY_SIZE = 10_240
MAX_HANDLERS = 256
MAX_OUTBOX = 10_000
MAX_NEIGHBORS = 4
MAX_FAILURES = 3
REPLY_TIMEOUT = 5.0


class Log:
    """A node's log: a file that is appended to, with each line also printed."""

    def __init__(self, path: Path) -> None:
        """Open the log at the given path, creating the file if need be."""
        self._path = path
        self._lock = threading.RLock()
        path.touch()

    def write(self, line: str) -> None:
        """Append a line to the file and print it."""
        with self._lock:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
            self.notice(line)

    def notice(self, line: str) -> None:
        """Print a line, which does not go into the file, whether or not anybody reads the standard output."""
        with self._lock, contextlib.suppress(OSError, UnicodeEncodeError):
            print(line, flush=True)


def create_bind(port: int) -> socket.socket:
    """Return a socket that listens on the given port, or on a free one for port 0."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(BACKLOG)
    return listener


def connect(address: str, timeout: float | None) -> socket.socket:
    """Return a connection to ``ip:port``; an address that makes no sense fails like one where nobody listens."""
    ip, _, port = address.rpartition(":")
    try:
        return socket.create_connection((str(IPv4Address(ip)), int(port)), timeout)
    except (ValueError, OverflowError) as error:
        raise ConnectionError(f"not an address: {address!r}") from error


def send(address: str, text: str) -> None:
    """Send one message that has no reply; nobody learns of it if that fails."""
    with contextlib.suppress(OSError), connect(address, REPLY_TIMEOUT) as conn:
        conn.sendall(text.encode())


def start_thread(target: Callable[..., None], *args: object) -> None:
    """Run a function in a daemon thread."""
    threading.Thread(target=target, args=args, daemon=True).start()


class Node:
    """What seeds and peers have in common: a listening socket and a thread for each connection."""

    def __init__(self, port: int, log: Path | None, log_name: str) -> None:
        """Listen on a port, and open the log, by default one with the given name."""
        self.listener = create_bind(port)
        self.port: int = self.listener.getsockname()[1]
        self.log = Log(log or Path(log_name.format(port=self.port)))
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self._slots = threading.BoundedSemaphore(MAX_HANDLERS)

    def begin(self) -> None:
        """Accept connections for good, each handled by a thread of its own, never too many at a time."""
        while True:
            self._slots.acquire()
            conn, (ip, _) = self.listener.accept()
            start_thread(self._serve, conn, ip)

    def _serve(self, conn: socket.socket, ip: str) -> None:
        """Take each read from a connection for one message, until either side closes it."""
        try:
            with conn:
                while (data := conn.recv(REQUEST_SIZE)) and self.handle(conn, ip, data.decode()):
                    pass
        except UnicodeDecodeError:
            self.log.notice(f"Not UTF-8 -- connection from {ip} closed")
        except OSError as error:
            self.log.notice(f"Connection from {ip} lost -- {error}")
        finally:
            self._slots.release()

    def handle(self, conn: socket.socket, ip: str, text: str) -> bool:
        """Handle one message and say whether to read on."""
        raise NotImplementedError


class Seed(Node):
    """A classic seed: it keeps the list of the peers, and checks next to nothing."""

    def __init__(self, port: int, log: Path | None) -> None:
        """Prepare a seed that knows no peers."""
        super().__init__(port, log, "seedlog.txt")
        self.peers: list[str] = []

    def handle(self, conn: socket.socket, ip: str, text: str) -> bool:
        """Take a text for a dead report if it begins like one, and for a registration otherwise."""
        if text.startswith("Dead Node"):
            self.handle_dead(text)
        else:
            conn.sendall(self.handle_registration(ip, text).encode())
        return True

    def handle_registration(self, ip: str, text: str) -> str:
        """List a peer, once more if it is listed already, and return the whole list with that peer at the end."""
        peer = f"{ip}:{text.rpartition(':')[2]}"
        with self.lock:
            self.peers.append(peer)
            reply = ",".join(self.peers)
        self.log.write(f"Received Connection -- {peer}")
        return reply

    def handle_dead(self, text: str) -> None:
        """Log a dead report as it came and take the peer that it names off the list."""
        self.log.write(text)
        match text.split(":"):
            case [_, dead_ip, dead_port, *_]:
                with self.lock:
                    self.peers = [peer for peer in self.peers if peer != f"{dead_ip}:{dead_port}"]


@dataclass(frozen=True)
class Habits:
    """What a peer does unasked, and how often; times are in seconds."""

    gossip_interval: float
    messages: int
    liveness_interval: float
    liveness_timeout: float
    connect: int | None


class Peer(Node):
    """A classic peer: it joins by way of the seeds, gossips, and tests whether its neighbors live."""

    def __init__(self, port: int, log: Path | None, seeds: Sequence[str], habits: Habits) -> None:
        """Prepare a peer that has not joined yet."""
        super().__init__(port, log, "peerlog_{port}.txt")
        self.seeds = seeds
        self.habits = habits
        self.ip = HOST
        self.registered: list[str] = []
        self.failures: dict[str, int] = {}  # of each neighbor: how many in a row
        self.flood: set[bytes] = set()
        self.outbox: queue.Queue[str] = queue.Queue(MAX_OUTBOX)

    def begin(self) -> None:
        """Join, and accept connections meanwhile."""
        start_thread(self.forward)
        start_thread(self.join)
        super().begin()

    def join(self) -> None:
        """Register with a majority of the seeds, ask some of the peers they list, then gossip and test liveness."""
        listed: dict[str, None] = {}  # a set that keeps its order
        for seed in random.sample(self.seeds, len(self.seeds) // 2 + 1):
            listed |= dict.fromkeys(self.register(seed))
        for entry in listed:
            self.log.write(entry)
        wanted = random.randint(1, 4) if self.habits.connect is None else self.habits.connect
        for address in random.sample(list(listed), min(wanted, len(listed))):
            self.peer_conn(address)
        start_thread(self.gossip)
        start_thread(self.liveness)

    def register(self, seed: str) -> list[str]:
        """Register with one seed, learn the own ip from the last entry of its list, and return the other entries."""
        try:
            with connect(seed, REPLY_TIMEOUT) as conn:
                self.registered.append(seed)
                conn.sendall(f"{HOST}:{self.port}".encode())
                *others, own = conn.recv(SEED_REPLY_SIZE).decode().split(",")
        except (OSError, UnicodeDecodeError) as error:
            self.log.notice(f"No list from seed {seed} -- {error}")
            return []
        self.ip = own.rpartition(":")[0] or self.ip
        return others

    def peer_conn(self, address: str) -> None:
        """Ask another peer to be a neighbor, and count it as one once connected, whatever it replies."""
        try:
            with connect(address, REPLY_TIMEOUT) as conn:
                self.add_neighbor(address)
                conn.sendall(f"New Connect Request From:{self.ip}:{self.port}".encode())
                conn.recv(REQUEST_SIZE)
        except OSError as error:
            self.log.notice(f"No reply to the connect request from {address} -- {error}")

    def add_neighbor(self, address: str, limit: int | None = None) -> bool:
        """Add a neighbor unless there are as many as the limit already, and say whether that was done."""
        with self.lock:
            if limit is not None and len(self.failures) >= limit:
                return False
            new = address not in self.failures
            self.failures.setdefault(address, 0)
        if new:
            self.log.write(f"Neighbor -- {address}")
        return True

    def handle(self, conn: socket.socket, ip: str, text: str) -> bool:
        """Handle a message; a text that fits no form is ignored, and a connect request too many ends the connection."""
        match text.split(":"):
            case ["New Connect Request From", *_, port]:
                if not self.add_neighbor(f"{ip}:{port}", MAX_NEIGHBORS):
                    return False
                conn.sendall(b"New Connect Accepted")
            case ["Liveness Request", timestamp, sender, *_]:
                conn.sendall(f"Liveness Reply:{timestamp}:{sender}:{self.ip}".encode())
            case [_, _, _, message, *_] if message.startswith("GOSSIP"):
                self.handle_gossip(text)
        return True

    def handle_gossip(self, text: str) -> None:
        """Log gossip on its first receipt and send it on."""
        if self.remember(text):
            self.log.write(text)
            self.outbox.put(text)

    def remember(self, text: str) -> bool:
        """Put a gossip text on the Message List and say whether it is new there."""
        digest = hashlib.sha256(text.encode()).digest()
        with self.lock:
            new = digest not in self.flood
            self.flood.add(digest)
        return new

    def forward(self) -> None:
        """Send whatever is put in the outbox to every neighbor, for good."""
        while True:
            text = self.outbox.get()
            for neighbor in list(self.failures):
                send(neighbor, text)

    def gossip(self) -> None:
        """Send the peer's own messages, the first at once."""
        for number in range(1, self.habits.messages + 1):
            text = f"{time.time()}:{self.ip}:{self.port}:GOSSIP{number}"
            self.remember(text)
            self.outbox.put(text)
            self.stop.wait(self.habits.gossip_interval)

    def liveness(self) -> None:
        """Test every neighbor, one after the other, in rounds of which the first starts at once."""
        while not self.stop.is_set():
            for neighbor in list(self.failures):
                self.count_failures(neighbor, self.is_alive(neighbor))
            self.stop.wait(self.habits.liveness_interval)

    def is_alive(self, neighbor: str) -> bool:
        """Send a liveness request and take any reply for a sign of life, and even a connection closed without one."""
        try:
            with connect(neighbor, self.habits.liveness_timeout or None) as conn:
                conn.sendall(f"Liveness Request:{time.time()}:{self.ip}".encode())
                conn.recv(REQUEST_SIZE)
        except OSError:
            return False
        return True

    def count_failures(self, neighbor: str, alive: bool) -> None:
        """Count the failures of a neighbor in a row; when there are too many, drop it and report it to the seeds."""
        with self.lock:
            self.failures[neighbor] = 0 if alive else self.failures[neighbor] + 1
            if self.failures[neighbor] < MAX_FAILURES:
                return
            del self.failures[neighbor]
        report = f"Dead Node:{neighbor}:{time.time()}:{self.ip}"
        self.log.write(report)
        for seed in self.registered:
            send(seed, report)


def read_seeds(path: Path) -> list[str]:
    """Return the seeds in a config file, one to a line; a blank line, even at the very end, is an error."""
    lines = path.read_text(encoding="utf-8").split("\n")
    if not all(line.strip() for line in lines):
        raise ValueError(f"{path}: blank line")
    return lines


def create_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description="A classic gossip node on 127.0.0.1, to test mixed networks with.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    seed = kinds.add_parser("seed", help="run a seed")
    peer = kinds.add_parser("peer", help="run a peer")
    for kind, name in ((seed, "seedlog.txt"), (peer, "peerlog_<port>.txt")):
        kind.add_argument("port", metavar="PORT", type=int, help="the port to listen on; 0 picks a free one")
        kind.add_argument("--log", metavar="FILE", type=Path, help=f"the log to append to (default: {name})")
    peer.add_argument("--config", metavar="FILE", type=Path, required=True, help="the seeds, one ip:port to a line")
    option = partial(peer.add_argument, metavar="S", type=float, help="default: %(default)s")
    option("--gossip-interval", default=5.0)
    option("--messages", metavar="N", type=int, default=10)
    option("--liveness-interval", default=13.0)
    option("--liveness-timeout", default=5.0, help="default: %(default)s; 0 waits without limit, as the original does")
    option("--connect", metavar="N", type=int, help="how many peers to ask (default: 1 to 4, at random)")
    return parser


def create_node(args: argparse.Namespace) -> Node:
    """Return the node that the command line asks for, listening already."""
    if args.kind == "seed":
        return Seed(args.port, args.log)
    habits = Habits(args.gossip_interval, args.messages, args.liveness_interval, args.liveness_timeout, args.connect)
    return Peer(args.port, args.log, read_seeds(args.config), habits)


def main(argv: Sequence[str] | None = None) -> None:
    """Run a node until a signal ends it."""
    args = create_parser().parse_args(argv)
    try:
        node = create_node(args)
    except (OSError, ValueError, OverflowError) as error:
        sys.exit(f"{args.kind}: {error}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: node.stop.set())
    node.log.notice(f"listening {HOST}:{node.port}")
    start_thread(node.begin)
    node.stop.wait()
    os._exit(0)  # every line is flushed already, and a daemon thread caught in a print would spoil an ordinary exit


if __name__ == "__main__":
    main()
