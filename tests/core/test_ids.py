"""Addresses, and what a node knows of its own."""

import pytest

from rumor.core.errors import AddressError, UsageError
from rumor.core.ids import Address, Identity, is_loopback, parse_port, source_host

from .helpers import ANA, BO, ME, peer_at


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:3400", Address("127.0.0.1", 3400)),
        ("255.255.255.255:65535", Address("255.255.255.255", 65535)),
        ("0.0.0.0:1", Address("0.0.0.0", 1)),
        ("[::1]:3400", Address("::1", 3400)),
        ("[2001:DB8:0:0::5]:9", Address("2001:db8::5", 9)),
        ("localhost:80", Address("localhost", 80)),
        ("seed-1.example.org.:3400", Address("seed-1.example.org.", 3400)),
        ("_seed.3a:3400", Address("_seed.3a", 3400)),
        ("a" * 63 + ":1", Address("a" * 63, 1)),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    """IPv4 and bracketed IPv6 addresses and host names are read, IPv6 in its shortest spelling."""
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "'' is not host:port"),
        ("3400", "'3400' is not host:port"),
        ("127.0.0.1:", "'' is not a port from 1 to 65535"),
        ("127.0.0.1:0", "'0' is not a port from 1 to 65535"),
        ("127.0.0.1:65536", "'65536' is not a port from 1 to 65535"),
        ("127.0.0.1:+80", r"'\+80' is not a port from 1 to 65535"),
        ("127.0.0.1:80\n", r"'80\\n' is not a port from 1 to 65535"),
        ("127.0.0.1:٣", "'٣' is not a port from 1 to 65535"),
        ("::1:3400", r"'::1:3400': an IPv6 address stands in brackets, as in \[::1\]:3400"),
        ("[::g]:3400", r"'\[::g\]' is not an IPv6 address in brackets"),
        ("[127.0.0.1]:3400", r"'\[127.0.0.1\]' is not an IPv6 address in brackets"),
        ("256.0.0.1:3400", "'256.0.0.1' is not an IPv4 address"),
        ("127.0.0.01:3400", "'127.0.0.01' is not an IPv4 address"),
        ("127.0.0:3400", "'127.0.0' is not an IPv4 address"),
        (":3400", "'' is not an address or a host name"),
        ("a b:3400", "'a b' is not an address or a host name"),
        ("-a:3400", "'-a' is not an address or a host name"),
        ("a..b:3400", "'a..b' is not an address or a host name"),
        ("host\n:3400", r"'host\\n' is not an address or a host name"),
        ("a" * 64 + ":1", "is not an address or a host name"),
        (".".join(["a" * 60] * 5) + ":1", "is not an address or a host name"),
    ],
)
def test_a_text_that_is_no_address_is_refused_with_the_reason(text: str, complaint: str) -> None:
    """What is no address raises AddressError, and the error says what is wrong with the text."""
    with pytest.raises(AddressError, match=complaint):
        Address.parse(text)


@pytest.mark.parametrize("text", ["[fe80::1%\n]:3400", "[fe80::1%\x1b[31m]:3400"])
def test_the_zone_of_an_ipv6_address_holds_no_control_character(text: str) -> None:
    """No line break and no escape sequence gets into a host by way of an IPv6 zone."""
    with pytest.raises(AddressError):
        Address.parse(text)


def test_an_address_error_is_an_error_of_use() -> None:
    """A malformed address is caught as UsageError, and as ValueError, too."""
    with pytest.raises(UsageError) as caught:
        Address.parse("nowhere")
    assert isinstance(caught.value, ValueError)


def test_port_0_is_read_where_it_is_allowed() -> None:
    """An address to listen on may leave the port open."""
    assert Address.parse("127.0.0.1:0", port_min=0) == Address("127.0.0.1", 0)
    assert parse_port("0", port_min=0) == 0


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address("127.0.0.1", 3400), "127.0.0.1:3400"),
        (Address("localhost", 80), "localhost:80"),
        (Address("::1", 3400), "[::1]:3400"),
    ],
)
def test_an_address_is_written_as_host_and_port(address: Address, text: str) -> None:
    """An address is written `host:port`, with brackets around IPv6."""
    assert str(address) == text


def test_addresses_are_ordered_and_compared_by_host_and_port() -> None:
    """Addresses are values: equal when host and port are, and sortable."""
    assert sorted([Address("b", 1), Address("a", 2), Address("a", 1)]) == [
        Address("a", 1),
        Address("a", 2),
        Address("b", 1),
    ]
    assert {Address("a", 1): "found"}[Address("a", 1)] == "found"


@pytest.mark.parametrize(("host", "ipv4"), [("10.0.0.1", True), ("::1", False), ("localhost", False), ("1.2.3", False)])
def test_only_an_ipv4_host_is_one(host: str, ipv4: bool) -> None:
    """`is_ipv4` holds for the canonical spelling of an IPv4 address and nothing else."""
    assert Address(host, 1).is_ipv4 is ipv4


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("example.org", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, loopback: bool) -> None:
    """A host is loopback when only this machine can reach it."""
    assert is_loopback(host) is loopback
    assert Address(host, 1).is_loopback is loopback


@pytest.mark.parametrize(
    ("source", "host"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::1", "127.0.0.1"),
        ("2001:db8::5", "2001:db8::5"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_a_source_is_told_as_ipv4_where_it_can_be(source: str, host: str) -> None:
    """A connection's other end is IPv4 when it came so, unwrapped from IPv6, or from this very machine."""
    assert source_host(source) == host


def test_a_settled_identity_keeps_its_address() -> None:
    """A node that is certain of its address keeps it whatever a seed says, and knows the other one as its own."""
    identity = Identity(ANA)

    identity.seen_as(BO)

    assert identity.address == ANA
    assert [identity.is_self(address) for address in (ANA, BO, ME)] == [True, True, False]


def test_an_unsettled_identity_takes_the_first_address_that_a_seed_tells() -> None:
    """A node that is not certain of its address takes the one under which the first seed lists it, and only that."""
    identity = Identity(ME, settled=False)

    identity.seen_as(ANA)
    identity.seen_as(BO)

    assert identity.address == ANA
    assert [identity.is_self(address) for address in (ME, ANA, BO)] == [True, True, True]


def test_an_identity_remembers_a_bounded_number_of_addresses() -> None:
    """Seeds that tell ever new addresses fill no memory: 16 are remembered, the own one among them."""
    identity = Identity(ME)

    for number in range(100):
        identity.seen_as(peer_at(number))

    assert identity.is_self(ME)
    assert sum(identity.is_self(peer_at(number)) for number in range(100)) == 15
