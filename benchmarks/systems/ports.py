"""Ports for systems that can't tell which one the machine gave them."""

import random
import socket

RANGE = range(12_000, 32_000)
"""Below those that the machine gives to outgoing connections, so that these don't take one in between."""


def free_port() -> int:
    """A port that nobody on loopback has at this moment."""
    while True:
        port = random.choice(RANGE)
        with socket.socket() as probe, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            try:
                probe.bind(("127.0.0.1", port))
                datagrams.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
