"""Listening sockets, and how many files the process may open."""

import errno
import resource
import socket

import msgspec

from rumor.core.errors import ListenError
from rumor.core.ids import Address
from rumor.core.settings import DoorSettings

BACKLOG = 4096
"""Connections that the kernel holds until they are taken: Linux' own bound (somaxconn). A burst waits there."""

_REASONS = {
    errno.EADDRINUSE: "the port is already in use",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "not permitted (ports below 1024 need a privilege)",
}


def listen(address: Address) -> tuple[socket.socket, Address]:
    """Bind a socket; returns it and the address that it got (port 0 takes a free one). Raises ListenError."""
    try:
        host = address.host.encode()  # of a str it would load the tables of international names first: 3 ms
        family = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise ListenError(f"can't listen on {address}: {reason}") from error
    listener.setblocking(False)
    return listener, Address(*listener.getsockname()[:2])


def raise_open_files_limit() -> None:
    """Let the process open as many files as it may: the soft limit becomes the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connections_max(settings: DoorSettings) -> DoorSettings:
    """The same settings, with no more connections than the process may open, a fifth of its files kept back."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return settings
    return msgspec.structs.replace(settings, connections_max=max(1, min(settings.connections_max, soft - soft // 5)))


def outward_host() -> str:
    """The IPv4 address that this machine shows to others, as far as it can tell by itself; 127.0.0.1 if it can't.

    Connecting a datagram socket sends nothing; it asks the kernel for a route. The address belongs to a network that
    is reserved for documentation (RFC 5737).
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
