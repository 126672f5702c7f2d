"""config.txt: what is read as a list of seeds, and what is said of a file that is none."""

from pathlib import Path

import pytest

from rumor.aio.config import BYTES_MAX, parse_seeds, read_seeds
from rumor.core.errors import ConfigError
from rumor.core.ids import Address

ANA = Address("127.0.0.1", 3400)
BO = Address("127.0.0.1", 3401)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where the file of a test lies."""
    return tmp_path / "config.txt"


@pytest.mark.parametrize(
    "data",
    [
        b"127.0.0.1:3400\n127.0.0.1:3401",
        b"127.0.0.1:3400\n127.0.0.1:3401\n",
        b"\n\n127.0.0.1:3400\n\n  \t\n127.0.0.1:3401\n\n",
        b"127.0.0.1:3400\r\n127.0.0.1:3401\r\n",
        b"\xef\xbb\xbf127.0.0.1:3400\n127.0.0.1:3401\n",
        b"  127.0.0.1:3400\t\n\t127.0.0.1:3401  \n",
        b"# seeds\n127.0.0.1:3400 # the first\n#127.0.0.1:3499\n127.0.0.1:3401#the second\n",
        b"127.0.0.1:3400\n127.0.0.1:3401\n127.0.0.1:3400\n127.0.0.1:3401\n",
        b"# gr\xc3\xbc\xc3\x9fe\n127.0.0.1:3400\n127.0.0.1:3401",
    ],
    ids=["plain", "newline", "blank", "crlf", "bom", "spaces", "comments", "duplicates", "utf8"],
)
def test_seeds_are_read_in_the_order_of_the_file(config: Path, data: bytes) -> None:
    """Blank lines, comments, spaces, CRLF, a byte order mark and duplicates change nothing."""
    config.write_bytes(data)

    assert read_seeds(config) == [ANA, BO]


@pytest.mark.parametrize(
    ("line", "seed"),
    [
        ("10.1.2.3:65535", Address("10.1.2.3", 65535)),
        ("[::1]:3400", Address("::1", 3400)),
        ("[2001:DB8:0:0::7]:1", Address("2001:db8::7", 1)),
        ("localhost:3400", Address("localhost", 3400)),
        ("seed-1.example.org:3400", Address("seed-1.example.org", 3400)),
    ],
)
def test_a_seed_is_an_ipv4_or_ipv6_address_or_a_host_name(line: str, seed: Address) -> None:
    """Whatever can be connected to can be a seed."""
    assert parse_seeds(line, "config.txt") == [seed]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("127.0.0.1", "'127.0.0.1' is not host:port"),
        ("127.0.0.1:", "'' is not a port from 1 to 65535"),
        ("127.0.0.1:http", "'http' is not a port from 1 to 65535"),
        ("127.0.0.1:0", "'0' is not a port from 1 to 65535"),
        ("127.0.0.1:-1", "'-1' is not a port from 1 to 65535"),
        ("127.0.0.1:70000", "'70000' is not a port from 1 to 65535"),
        (":3400", "'' is not an address or a host name"),
        ("256.0.0.1:3400", "'256.0.0.1' is not an IPv4 address"),
        ("127.0.1:3400", "'127.0.1' is not an IPv4 address"),
        ("::1:3400", "'::1:3400': an IPv6 address stands in brackets, as in [::1]:3400"),
        ("[::g]:3400", "'[::g]' is not an IPv6 address in brackets"),
        ("my%seed:3400", "'my%seed' is not an address or a host name"),
        ("a\0b:3400", "'a\\x00b' is not an address or a host name"),
    ],
)
def test_a_malformed_line_is_named_with_what_is_wrong(config: Path, line: str, wrong: str) -> None:
    """The user is told the file, the line and the reason, whatever stands in the other lines."""
    config.write_text(f"127.0.0.1:3400\n\n{line}\nhello", encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        read_seeds(config)

    assert str(caught.value) == f"{config}, line 3: {wrong}"


@pytest.mark.parametrize("line", ["127.0.0.1:3400,127.0.0.1:3401", "127.0.0.1:3400 127.0.0.1:3401"])
def test_two_seeds_on_a_line_are_refused(line: str) -> None:
    """Each seed has a line of its own; the user is told which line it is, and what stands there."""
    with pytest.raises(ConfigError, match=r"^config\.txt, line 2: ") as caught:
        parse_seeds(f"# seeds\n{line}", "config.txt")

    assert "127.0.0.1:3400" in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n \n", b"# none yet\n", b"\xef\xbb\xbf"])
def test_a_file_without_a_seed_is_refused(config: Path, data: bytes) -> None:
    """No seed is as good as no file, and the user is told what belongs there."""
    config.write_bytes(data)

    with pytest.raises(ConfigError) as caught:
        read_seeds(config)

    assert str(caught.value) == f"{config}: no seed in it; write one host:port a line"


def test_a_missing_file_is_refused(config: Path) -> None:
    """The user is told which file is not there."""
    with pytest.raises(ConfigError) as caught:
        read_seeds(config)

    assert str(caught.value) == f"{config}: No such file or directory"


def test_a_directory_is_refused(tmp_path: Path) -> None:
    """A directory is no list of seeds."""
    with pytest.raises(ConfigError) as caught:
        read_seeds(tmp_path)

    assert str(caught.value) == f"{tmp_path}: Is a directory"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"\xff\xfe1\x002\x007\x00", 1),
        (b"127.0.0.1:3400\n# caf\xe9\n127.0.0.1:3401\n", 2),
        (b"\xef\xbb\xbf127.0.0.1:3400\n\xff\n", 2),
        (b"\xef\xbb\xbf\n\n\xff", 3),
    ],
    ids=["utf16", "latin1", "bom", "bom and blank lines"],
)
def test_a_file_that_is_not_utf8_is_refused_with_its_line(config: Path, data: bytes, line: int) -> None:
    """The user is told where the first byte stands that is no text."""
    config.write_bytes(data)

    with pytest.raises(ConfigError) as caught:
        read_seeds(config)

    assert str(caught.value) == f"{config}, line {line}: not UTF-8 text"


def test_a_file_of_the_greatest_length_is_read(config: Path) -> None:
    """The bound itself still fits."""
    config.write_bytes(b"127.0.0.1:3400\n127.0.0.1:3401\n".ljust(BYTES_MAX, b"\n"))

    assert read_seeds(config) == [ANA, BO]


def test_a_file_that_is_too_large_is_refused(config: Path) -> None:
    """A film is no list of seeds, and is not read to its end to find out."""
    config.write_bytes(b"127.0.0.1:3400\n".ljust(BYTES_MAX + 1, b"\n"))

    with pytest.raises(ConfigError) as caught:
        read_seeds(config)

    assert str(caught.value) == f"{config}: above 1048576 bytes, so this is no list of seeds"
