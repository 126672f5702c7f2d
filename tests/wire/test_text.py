"""The classic text, byte for byte as the original system writes it."""

import pytest
from hypothesis import given

from rumor.core.errors import WireError
from rumor.core.ids import Address
from rumor.core.messages import (
    ConnectAccepted,
    ConnectRequest,
    DeadNode,
    Gossip,
    Incoming,
    LivenessReply,
    LivenessRequest,
    PeerList,
    Preface,
    Register,
    Reply,
    Request,
)
from rumor.wire import text

from .strategies import Exchange, exchanges, incoming

NOW = "1712345678.1234567"
ANA = Address("127.0.0.1", 4001)
BO = Address("10.1.2.3", 65535)
CY = Address("255.0.255.0", 1)

INCOMING: list[tuple[Incoming, bytes]] = [
    (Register(ANA), b"127.0.0.1:4001"),
    (Register(BO), b"10.1.2.3:65535"),
    (ConnectRequest(ANA), b"New Connect Request From:127.0.0.1:4001"),
    (LivenessRequest(NOW, "127.0.0.1"), b"Liveness Request:1712345678.1234567:127.0.0.1"),
    (DeadNode(ANA, NOW, "10.1.2.3"), b"Dead Node:127.0.0.1:4001:1712345678.1234567:10.1.2.3"),
    (Gossip(NOW, ANA, 1), b"1712345678.1234567:127.0.0.1:4001:GOSSIP1"),
    (Gossip(NOW, BO, 10), b"1712345678.1234567:10.1.2.3:65535:GOSSIP10"),
    (Gossip(NOW, ANA, 7, ":hello"), b"1712345678.1234567:127.0.0.1:4001:GOSSIP7:hello"),
    (Gossip(NOW, ANA, 7, ":a:b,c\td"), b"1712345678.1234567:127.0.0.1:4001:GOSSIP7:a:b,c\td"),
    (Gossip(NOW, ANA, 7, ":gr\u00fc\u00df"), b"1712345678.1234567:127.0.0.1:4001:GOSSIP7:gr\xc3\xbc\xc3\x9f"),
    (Gossip(NOW, ANA, 7, ":  two  "), b"1712345678.1234567:127.0.0.1:4001:GOSSIP7:  two  "),
    (Gossip(NOW, ANA, 7, ":"), b"1712345678.1234567:127.0.0.1:4001:GOSSIP7:"),
    (Gossip(NOW, ANA, 7, " and more"), b"1712345678.1234567:127.0.0.1:4001:GOSSIP7 and more"),
    (Gossip("1712345678", ANA, 1), b"1712345678:127.0.0.1:4001:GOSSIP1"),
    (Preface(), b"\xffRUMOR/1\n"),
]

REPLIES: list[tuple[Request, Reply, bytes]] = [
    (Register(ANA), PeerList((ANA,)), b"127.0.0.1:4001"),
    (Register(ANA), PeerList((BO, CY, ANA)), b"10.1.2.3:65535,255.0.255.0:1,127.0.0.1:4001"),
    (Register(ANA), PeerList((BO, BO, Address("10.9.9.9", 4001))), b"10.1.2.3:65535,10.1.2.3:65535,10.9.9.9:4001"),
    (ConnectRequest(ANA), ConnectAccepted(), b"New Connect Accepted"),
    (
        LivenessRequest(NOW, "127.0.0.1"),
        LivenessReply(NOW, "127.0.0.1", "10.1.2.3"),
        b"Liveness Reply:1712345678.1234567:127.0.0.1:10.1.2.3",
    ),
    (Preface(), Preface(), b"\xffRUMOR/1\n"),
]

FORMS_WITH_A_PORT = [
    "{}",
    "New Connect Request From:{}",
    "Dead Node:{}:1.5:127.0.0.1",
    "1.5:{}:GOSSIP1",
]
FORMS_WITH_A_HOST = [
    "{}:4001",
    "New Connect Request From:{}:4001",
    "Liveness Request:1.5:{}",
    "Dead Node:{}:4001:1.5:127.0.0.1",
    "Dead Node:127.0.0.1:4001:1.5:{}",
    "1.5:{}:4001:GOSSIP1",
]
FORMS_WITH_A_TIMESTAMP = [
    "Liveness Request:{}:127.0.0.1",
    "Dead Node:127.0.0.1:4001:{}:127.0.0.1",
    "{}:127.0.0.1:4001:GOSSIP1",
]


@pytest.mark.parametrize(("message", "data"), INCOMING)
def test_what_a_connection_is_opened_for_is_written_as_the_original_writes_it(message: Incoming, data: bytes) -> None:
    """Each message has the original's bytes."""
    assert text.format(message) == data


@pytest.mark.parametrize(("message", "data"), INCOMING)
def test_what_a_connection_is_opened_for_is_read_as_the_original_writes_it(message: Incoming, data: bytes) -> None:
    """The original's bytes are read as the message that they mean."""
    assert text.parse(data) == message


@pytest.mark.parametrize(("request_", "reply", "data"), REPLIES)
def test_a_reply_is_written_as_the_original_writes_it(request_: Request, reply: Reply, data: bytes) -> None:
    """Each reply has the original's bytes."""
    assert text.format(reply) == data


@pytest.mark.parametrize(("request_", "reply", "data"), REPLIES)
def test_a_reply_is_read_as_the_original_writes_it(request_: Request, reply: Reply, data: bytes) -> None:
    """The original's bytes are read as the reply to what was asked."""
    assert text.parse_reply(data, request_) == reply


@given(incoming)
def test_what_is_written_is_read_as_the_same(message: Incoming) -> None:
    """Any message that a connection is opened for comes back from its bytes, and its bytes from what was read."""
    data = text.format(message)

    assert text.parse(data) == message
    assert text.format(text.parse(data)) == data


@given(exchanges())
def test_a_reply_that_is_written_is_read_as_the_same(exchange: Exchange) -> None:
    """Any reply comes back from its bytes, and its bytes from what was read."""
    request, reply = exchange
    data = text.format(reply)

    assert text.parse_reply(data, request) == reply
    assert text.format(text.parse_reply(data, request)) == data


@pytest.mark.parametrize("form", FORMS_WITH_A_PORT)
@pytest.mark.parametrize(
    "port", ["-1", "0", "04001", "65536", "70000", "99999", "100000", "", " 4001", "+4001", "4_001", "4e3", "٤٠٠١"]
)
def test_a_port_that_is_none_is_refused(form: str, port: str) -> None:
    """Ports go from 1 to 65535, in plain digits, without leading zeros."""
    with pytest.raises(WireError):
        text.parse(form.format(f"127.0.0.1:{port}").encode())


def test_a_port_that_is_too_high_is_called_so() -> None:
    """A text that fits but for its port is refused for its port."""
    with pytest.raises(WireError, match="a port above 65535"):
        text.parse(b"127.0.0.1:70000")


@pytest.mark.parametrize("form", FORMS_WITH_A_HOST)
@pytest.mark.parametrize(
    "host",
    [
        "256.0.0.1",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.04",
        "1..2.3",
        "-1.2.3.4",
        "",
        "localhost",
        "::1",
        "١.2.3.4",
    ],
)
def test_a_host_that_is_no_ipv4_address_is_refused(form: str, host: str) -> None:
    """Classic texts carry IPv4 addresses and nothing else, in their one canonical spelling."""
    with pytest.raises(WireError):
        text.parse(form.format(host).encode())


@pytest.mark.parametrize("form", FORMS_WITH_A_TIMESTAMP)
@pytest.mark.parametrize("timestamp", ["", "now", "-1.5", "1.5.5", "1,5", "1e9", "nan", "inf", ".5", "1" * 21, "١"])
def test_a_timestamp_that_is_none_is_refused(form: str, timestamp: str) -> None:
    """Timestamps are seconds with a decimal point."""
    with pytest.raises(WireError):
        text.parse(form.format(timestamp).encode())


@pytest.mark.parametrize("unfit", ["\0", "\n", "\r", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"])
def test_gossip_with_a_line_break_or_a_control_character_is_refused(unfit: str) -> None:
    """What is gossiped stays one line in everybody's log."""
    with pytest.raises(WireError, match="a text with a line break or a control character"):
        text.parse(f"1.5:127.0.0.1:4001:GOSSIP1:before{unfit}after".encode())


@pytest.mark.parametrize("data", [data for message, data in INCOMING if not isinstance(message, Preface)])
@pytest.mark.parametrize("extra", [b"\n", b"\r\n", b"\0"])
def test_a_text_that_ends_with_a_line_break_or_a_nul_is_refused(data: bytes, extra: bytes) -> None:
    """The original ends its texts with nothing at all."""
    with pytest.raises(WireError):
        text.parse(data + extra)


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"])
@pytest.mark.parametrize("before", [b"", b"1.5:127.0.0.1:4001:GOSSIP1:"])
def test_bytes_that_are_not_utf8_are_refused(before: bytes, bad: bytes) -> None:
    """A stray byte, an overlong form, a surrogate, a code point too high and half a character are no text."""
    with pytest.raises(WireError, match="bytes that are not UTF-8"):
        text.parse(before + bad)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b":",
        b"127.0.0.1",
        b" 127.0.0.1:4001",
        b"127.0.0.1:4001 ",
        b"127.0.0.1:4001,127.0.0.1:4002",
        b"\xef\xbb\xbf127.0.0.1:4001",
        b"New Connect Request From: 127.0.0.1:4001",
        b"new connect request from:127.0.0.1:4001",
        b"New Connect Accepted",
        b"Liveness Request:1.5",
        b"Liveness Reply:1.5:127.0.0.1:127.0.0.1",
        b"Dead Node:127.0.0.1:4001:1.5",
        b"Dead Node",
        b"1.5:127.0.0.1:GOSSIP1",
        b"1.5:127.0.0.1:4001:GOSSIP",
        b"1.5:127.0.0.1:4001:GOSSIP-1",
        b"1.5:127.0.0.1:4001:gossip1",
        b"1.5:127.0.0.1:4001:hello:GOSSIP1",
    ],
)
def test_a_text_that_fits_no_form_is_refused(data: bytes) -> None:
    """Nothing is taken for what it only resembles."""
    with pytest.raises(WireError, match="a text that fits no form"):
        text.parse(data)


def test_what_follows_the_number_is_the_text_without_its_colon() -> None:
    """The application reads what was said, and further colons belong to it."""
    gossip = text.parse(b"1.5:127.0.0.1:4001:GOSSIP7::a:b")

    assert isinstance(gossip, Gossip)
    assert gossip.text == ":a:b"


@pytest.mark.parametrize("request_", [case[0] for case in REPLIES])
@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\xff", b"\xffRUMOR/2\n", b"New Connect Accepted\n", b"Liveness Reply"]
)
def test_a_reply_that_fits_no_form_is_refused(request_: Request, data: bytes) -> None:
    """No request takes anything for its reply."""
    with pytest.raises(WireError):
        text.parse_reply(data, request_)


@pytest.mark.parametrize("request_", [case[0] for case in REPLIES])
@pytest.mark.parametrize(("asked", "data"), [(case[0], case[2]) for case in REPLIES])
def test_a_reply_to_something_else_is_refused(request_: Request, asked: Request, data: bytes) -> None:
    """A reply is read as the answer to its own request only."""
    if type(request_) is type(asked):
        assert text.parse_reply(data, asked) is not None
    else:
        with pytest.raises(WireError):
            text.parse_reply(data, request_)


@pytest.mark.parametrize(
    "junk", [b"", b"hello", b" 10.1.2.3:65535", b"10.1.2.3:70000", b"10.1.2.3:0", b"[::1]:4001", b"Dead Node"]
)
def test_entries_of_a_list_that_are_no_addresses_are_passed_over(junk: bytes) -> None:
    """An original seed lists whatever it was told; the rest of its list is good."""
    reply = text.parse_reply(b"10.1.2.3:65535," + junk + b",127.0.0.1:4001", Register(ANA))

    assert reply == PeerList((BO, ANA))


@pytest.mark.parametrize(
    "data",
    [b"", b",", b"10.1.2.3:65535", b"127.0.0.1:4001,10.1.2.3:65535", b"127.0.0.1:4001,", b"127.0.0.1:4001,hello"],
)
def test_a_list_that_does_not_end_with_the_asker_is_refused(data: bytes) -> None:
    """The last entry tells a peer its own address, so a list without it was cut or is for somebody else."""
    with pytest.raises(WireError, match="a peer list that does not end with the asker"):
        text.parse_reply(data, Register(ANA))


def test_a_list_that_is_not_utf8_is_refused() -> None:
    """One bad byte spoils a list."""
    with pytest.raises(WireError, match="bytes that are not UTF-8"):
        text.parse_reply(b"\xff,127.0.0.1:4001", Register(ANA))
