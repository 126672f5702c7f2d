"""The classic text: the original system's messages, byte for byte.

UTF-8, fields joined by `:`, no framing: one message is what one connection brings at a time. For every message,
`parse(format(message)) == message`, and `format(parse(data)) == data`.

    registration      <ip>:<port>
    peer list         <ip>:<port>,<ip>:<port>,...,<asker's ip>:<asker's port>
    dead report       Dead Node:<dead ip>:<dead port>:<timestamp>:<reporter's ip>
    connect request   New Connect Request From:<ip>:<port>          reply: New Connect Accepted
    liveness request  Liveness Request:<timestamp>:<sender's ip>
    liveness reply    Liveness Reply:<timestamp>:<sender's ip>:<replier's ip>
    gossip            <timestamp>:<origin ip>:<origin port>:GOSSIP<n>     and what follows, carried along untouched
"""

import re
from typing import Final, assert_never

from rumor.core.errors import WireError
from rumor.core.ids import IPV4, PORT_MAX, Address
from rumor.core.messages import (
    ConnectAccepted,
    ConnectRequest,
    DeadNode,
    Gossip,
    Incoming,
    LivenessReply,
    LivenessRequest,
    Message,
    PeerList,
    Preface,
    Register,
    Reply,
    Request,
    is_one_line,
)

TEXT_BYTES_MAX: Final = 1023
"""An original node reads 1,024 bytes at a time; what stays below is read whole."""

PREFACE: Final = b"\xffRUMOR/1\n"
"""How a node of ours makes itself known. FF is never valid UTF-8: an original node fails to decode it and closes."""

_PORT = r"[1-9][0-9]{0,4}"
_TIMESTAMP = r"[0-9]{1,20}(?:\.[0-9]{0,20})?"
_ACCEPTED = "New Connect Accepted"

_ADDRESS = re.compile(rf"({IPV4}):({_PORT})")
_DEAD = re.compile(rf"Dead Node:({IPV4}):({_PORT}):({_TIMESTAMP}):({IPV4})")
_CONNECT = re.compile(rf"New Connect Request From:({IPV4}):({_PORT})")
_LIVENESS = re.compile(rf"Liveness Request:({_TIMESTAMP}):({IPV4})")
_LIVENESS_REPLY = re.compile(rf"Liveness Reply:({_TIMESTAMP}):({IPV4}):({IPV4})")
_GOSSIP = re.compile(rf"({_TIMESTAMP}):({IPV4}):({_PORT}):GOSSIP(0|[1-9][0-9]{{0,18}})(?![0-9])(.*)", re.DOTALL)


def format(message: Message) -> bytes:
    """A message as the bytes that go onto the wire, in one write."""
    match message:
        case Register():
            return f"{message.address}".encode()
        case PeerList():
            return (message.text or ",".join(map(str, message.peers))).encode()
        case DeadNode():
            return f"Dead Node:{message.peer}:{message.timestamp}:{message.reporter}".encode()
        case ConnectRequest():
            return f"New Connect Request From:{message.address}".encode()
        case ConnectAccepted():
            return _ACCEPTED.encode()
        case LivenessRequest():
            return f"Liveness Request:{message.timestamp}:{message.sender}".encode()
        case LivenessReply():
            return f"Liveness Reply:{message.timestamp}:{message.sender}:{message.replier}".encode()
        case Gossip():
            return f"{message.timestamp}:{message.origin}:GOSSIP{message.number}{message.tail}".encode()
        case Preface():
            return PREFACE
        case _:
            assert_never(message)


def parse(data: bytes) -> Incoming:
    """The message that a connection was opened for. Raises WireError, which says what does not fit."""
    if data == PREFACE:
        return Preface()
    text = _decode(data)
    if match := _GOSSIP.fullmatch(text):
        timestamp, host, port, number, tail = match.groups()
        if not is_one_line(tail):
            raise WireError("a text with a line break or a control character")
        return Gossip(timestamp, _address(host, port), int(number), tail)
    if match := _LIVENESS.fullmatch(text):
        return LivenessRequest(*match.groups())
    if match := _ADDRESS.fullmatch(text):
        return Register(_address(*match.groups()))
    if match := _CONNECT.fullmatch(text):
        return ConnectRequest(_address(*match.groups()))
    if match := _DEAD.fullmatch(text):
        host, port, timestamp, reporter = match.groups()
        return DeadNode(_address(host, port), timestamp, reporter)
    raise WireError("a text that fits no form")


def parse_reply(data: bytes, request: Request) -> Reply:
    """The reply to a request. Raises WireError."""
    match request:
        case Preface():
            if data == PREFACE:
                return Preface()
        case Register():
            return _parse_list(data, request.address.port)
        case ConnectRequest():
            if data == _ACCEPTED.encode():
                return ConnectAccepted()
        case LivenessRequest():
            if match := _LIVENESS_REPLY.fullmatch(_decode(data)):
                return LivenessReply(*match.groups())
        case _:
            assert_never(request)
    raise WireError("a reply that fits no form")


def _parse_list(data: bytes, own_port: int) -> PeerList:
    """A seed's list. An original seed lists whatever it was told, so entries that are no addresses are passed over."""
    entries = _decode(data).split(",")
    peers = []
    for entry in entries:
        match = _ADDRESS.fullmatch(entry)
        if match and int(match[2]) <= PORT_MAX:
            peers.append(Address(match[1], int(match[2])))
    if not peers or str(peers[-1]) != entries[-1] or peers[-1].port != own_port:
        raise WireError("a peer list that does not end with the asker")
    return PeerList(tuple(peers))


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise WireError("bytes that are not UTF-8") from None


def _address(host: str, port: str) -> Address:
    if int(port) > PORT_MAX:
        raise WireError("a port above 65535")
    return Address(host, int(port))
