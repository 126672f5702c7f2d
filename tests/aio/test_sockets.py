"""Listening sockets, and how many files the process may open."""

import ipaddress
import resource
import socket
from collections.abc import Iterator

import pytest

from rumor.aio.sockets import connections_max, listen, outward_host, raise_open_files_limit
from rumor.core.errors import ListenError
from rumor.core.ids import Address
from rumor.core.settings import DoorSettings

LOOPBACK = Address("127.0.0.1", 0)


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    """The bounds on open files, put back afterwards."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_port_0_takes_a_free_port() -> None:
    """The address that comes back is the one to connect to."""
    listener, bound = listen(LOOPBACK)

    with listener:
        assert bound.host == "127.0.0.1"
        assert bound.port > 0
        socket.create_connection((bound.host, bound.port), timeout=5).close()


def test_the_listener_does_not_block() -> None:
    """An event loop never waits in it."""
    listener, _ = listen(LOOPBACK)

    with listener:
        assert listener.getblocking() is False
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_busy_port_is_called_so() -> None:
    """The user learns which address it is and why."""
    listener, bound = listen(LOOPBACK)

    with listener, pytest.raises(ListenError) as caught:
        listen(bound)

    assert str(caught.value) == f"can't listen on {bound}: the port is already in use"


def test_a_port_may_be_taken_again_as_soon_as_it_is_free() -> None:
    """A node that restarts does not wait for connections of its former life."""
    listener, bound = listen(LOOPBACK)
    with socket.create_connection((bound.host, bound.port), timeout=5):
        listener.setblocking(True)
        listener.accept()[0].close()
    listener.close()

    again, bound_again = listen(bound)

    again.close()
    assert bound_again == bound


def test_an_address_of_another_machine_is_called_so() -> None:
    """192.0.2.1 is reserved for documentation, so no machine has it."""
    with pytest.raises(ListenError) as caught:
        listen(Address("192.0.2.1", 0))

    assert str(caught.value) == "can't listen on 192.0.2.1:0: this machine has no such address"


def test_a_host_name_is_resolved() -> None:
    """`localhost` is this machine, by whichever address."""
    listener, bound = listen(Address("localhost", 0))

    with listener:
        assert bound.is_loopback


def test_ipv6_is_listened_on_and_shown_in_brackets() -> None:
    """An IPv6 address needs no other call."""
    try:
        listener, bound = listen(Address("::1", 0))
    except ListenError:
        pytest.skip("this machine has no IPv6")

    with listener:
        assert str(bound) == f"[::1]:{bound.port}"


def test_the_soft_limit_of_open_files_becomes_the_hard_one(limits: tuple[int, int]) -> None:
    """The process may open what it is allowed to; once more does no harm."""
    _, hard = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))

    raise_open_files_limit()
    raise_open_files_limit()

    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)


@pytest.mark.parametrize(("wanted", "given"), [(1, 1), (204, 204), (205, 205), (206, 205), (100_000, 205)])
def test_connections_leave_a_fifth_of_the_files(limits: tuple[int, int], wanted: int, given: int) -> None:
    """A full house leaves the node files for what it opens itself: of 256 files, 51."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))

    assert connections_max(DoorSettings(connections_max=wanted)) == DoorSettings(connections_max=given)


def test_the_outward_host_is_an_ipv4_address() -> None:
    """With or without a network there is an address to tell others."""
    assert str(ipaddress.IPv4Address(outward_host())) == outward_host()
