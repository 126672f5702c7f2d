"""Who and where: addresses, seconds, and what a node knows of its own address."""

import functools
import ipaddress
import re
from typing import Self, TypeAlias

import msgspec

from rumor.core.errors import AddressError

Seconds: TypeAlias = float
"""Durations, and moments on the driver's monotonic clock."""

OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = rf"{OCTET}(?:\.{OCTET}){{3}}"
"""Pattern of an IPv4 address in its one canonical spelling (no leading zeros)."""

PORT_MAX = 65_535

WILDCARDS = ("0.0.0.0", "::")  # noqa: S104
"""What a node calls its host that does not know it."""

_IPV4 = re.compile(IPV4)
_PORT = re.compile(r"[0-9]{1,5}")
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?")
_ZONE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ALL_NUMERIC = re.compile(r"[0-9.]+")


class Address(msgspec.Struct, frozen=True, order=True, cache_hash=True, array_like=True, gc=False):
    """Where a node is: an IPv4 or IPv6 address or a host name, and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        """`host:port`, with brackets around an IPv6 address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str, *, port_min: int = 1) -> Self:
        """Read `host:port`, `[IPv6]:port`.

        `port_min=0` also takes port 0 ("any free port"), for an address to listen on.
        Raises AddressError, which says what is wrong with the text.
        """
        host, colon, port = text.rpartition(":")
        if not colon:
            raise AddressError(f"{text!r} is not host:port")
        return cls(_parse_host(host, text), parse_port(port, port_min=port_min))

    @property
    def is_ipv4(self) -> bool:
        """Whether the host is an IPv4 address, the only kind that classic texts can carry."""
        return _IPV4.fullmatch(self.host) is not None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the host."""
        return is_loopback(self.host)


def parse_port(text: str, *, port_min: int = 1) -> int:
    """Read a TCP port; raises AddressError outside `port_min` to 65535."""
    if _PORT.fullmatch(text) is None or not port_min <= int(text) <= PORT_MAX:
        raise AddressError(f"{text!r} is not a port from {port_min} to {PORT_MAX}")
    return int(text)


@functools.lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a host, given as an address or as the name `localhost`, is this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(source_host(host)).is_loopback
    except ValueError:
        return False


def source_host(source: str) -> str:
    """The host of a connection's other end, in the one form that classic texts can carry.

    An IPv4 address that arrives through an IPv6 socket (`::ffff:a.b.c.d`) is unwrapped, and `::1` is this
    machine's 127.0.0.1. Any other IPv6 address comes back as it is.
    """
    if ":" not in source:
        return source
    address = ipaddress.IPv6Address(source.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return "127.0.0.1" if address.is_loopback else str(address)


def _parse_host(host: str, text: str) -> str:
    if host.startswith("[") and host.endswith("]"):
        try:
            address = ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise AddressError(f"{host!r} is not an IPv6 address in brackets") from None
        if address.scope_id is not None and _ZONE.fullmatch(address.scope_id) is None:
            raise AddressError(f"{host!r} names no network interface after its %")
        return str(address)
    if ":" in host:
        raise AddressError(f"{text!r}: an IPv6 address stands in brackets, as in [::1]:3400")
    if _ALL_NUMERIC.fullmatch(host):
        if _IPV4.fullmatch(host) is None:
            raise AddressError(f"{host!r} is not an IPv4 address")
    elif _HOST_NAME.fullmatch(host) is None:
        raise AddressError(f"{host!r} is not an address or a host name")
    return host


class Identity:
    """Who a node is, and what it knows of its own address: the one it gives others, and all that lead back to itself.

    `settled` says that the address is certain (bound to a concrete host, or advertised by the user). While it is
    not, the first seed that answers tells the host under which others see this node. The name is by default the
    address; `epoch` is when the node's present life began (milliseconds since 1970), `instance` random for each
    process life. Nodes of different networks refuse each other.
    """

    _ALIASES_MAX = 16

    def __init__(
        self,
        address: Address,
        *,
        settled: bool = True,
        name: str | None = None,
        network: str = "",
        epoch: int = 0,
        instance: int = 0,
    ) -> None:
        self.address = address
        self.name = name or str(address)
        self.network = network
        self.epoch = epoch
        self.instance = instance
        self._settled = settled
        self._aliases: dict[Address, None] = {address: None}

    def seen_as(self, address: Address) -> None:
        """A seed told under which address it lists this node."""
        if not self._settled:
            self._settled = True
            self.address = address
        if len(self._aliases) < self._ALIASES_MAX:
            self._aliases[address] = None

    def is_self(self, address: Address) -> bool:
        """Whether an address leads back to this node."""
        return address in self._aliases
