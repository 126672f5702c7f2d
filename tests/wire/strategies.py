"""Messages, texts and near misses of them, for hypothesis."""

import string

from hypothesis import strategies as st

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

Exchange = tuple[Request, Reply]
"""A request, and a reply that fits it."""

hosts = st.ip_addresses(v=4).map(str)
ports = st.integers(1, 65_535)
addresses = st.builds(Address, hosts, ports)
digits = st.text(string.digits, min_size=1, max_size=20)
timestamps = digits | st.builds("{}.{}".format, digits, digits)
lines = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from("\t :"), max_size=200)

registers = st.builds(Register, addresses)
connect_requests = st.builds(ConnectRequest, addresses)
liveness_requests = st.builds(LivenessRequest, timestamps, hosts)
dead_nodes = st.builds(DeadNode, addresses, timestamps, hosts)
gossips = st.builds(
    Gossip, timestamps, addresses, st.integers(0, 10**19 - 1), st.just("") | lines.map(lambda line: f":{line}")
)
prefaces = st.just(Preface())

requests: st.SearchStrategy[Request] = st.one_of(registers, connect_requests, liveness_requests, prefaces)
incoming: st.SearchStrategy[Incoming] = st.one_of(requests, dead_nodes, gossips)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    """A request of any kind, and a reply that fits it."""
    request = draw(requests)
    match request:
        case Register():
            others = draw(st.lists(addresses, max_size=20))
            return request, PeerList((*others, Address(draw(hosts), request.address.port)))
        case ConnectRequest():
            return request, ConnectAccepted()
        case LivenessRequest():
            return request, LivenessReply(request.timestamp, request.sender, draw(hosts))
        case Preface():
            return request, Preface()


texts = st.one_of(incoming.map(text.format), exchanges().map(lambda exchange: text.format(exchange[1])))
"""The bytes of any message."""


@st.composite
def near_texts(draw: st.DrawFn) -> bytes:
    """A text, changed in up to three places: whatever lies just beside what is right."""
    data = draw(texts)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(start + 4, len(data))))
        data = data[:start] + draw(st.binary(max_size=3) | texts) + data[end:]
    return data


garbage = st.one_of(st.binary(max_size=2_000), near_texts())
"""Whatever anybody may send."""


@st.composite
def cut(draw: st.DrawFn, data: bytes, *, first_max: int | None = None) -> list[bytes]:
    """The same bytes in pieces, of which some may be empty; with `first_max`, the first has 1 to so many bytes."""
    first = draw(st.integers(0, len(data)) if first_max is None else st.integers(1, first_max))
    cuts = sorted(draw(st.lists(st.integers(first, len(data)), max_size=6)))
    return [data[start:end] for start, end in zip([0, first, *cuts], [first, *cuts, len(data)], strict=True)]
