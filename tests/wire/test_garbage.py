"""Any bytes, whole or in any pieces, give a message or a WireError, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from rumor.core.errors import WireError
from rumor.core.ids import Address
from rumor.core.messages import (
    ConnectRequest,
    DeadNode,
    Gossip,
    Incoming,
    LivenessRequest,
    Message,
    PeerList,
    Preface,
    Register,
    Request,
)
from rumor.wire import text
from rumor.wire.reader import ReplyReader, TextReader

from .strategies import cut, garbage, near_texts

ANA = Address("127.0.0.1", 4001)
REQUESTS: list[Request] = [Register(ANA), ConnectRequest(ANA), LivenessRequest("1.5", "127.0.0.1"), Preface()]
INCOMING = (Register, ConnectRequest, LivenessRequest, Preface, DeadNode, Gossip)

CORPUS = sorted((Path(__file__).parents[2] / "fuzz" / "corpus").glob("*"))


def parsed(data: bytes) -> Incoming | None:
    """The message that bytes mean; None when they are refused."""
    try:
        return text.parse(data)
    except WireError:
        return None


def all_read(pieces: list[bytes], rests: list[bool]) -> list[Message]:
    """Every message of these pieces, with a rest after some of them; a refusal ends the reading."""
    reader = TextReader()
    messages: list[Message] = []
    try:
        for piece, rest in zip(pieces, rests, strict=True):
            message = reader.feed(piece)
            if message is None and rest and reader.pending:
                message = reader.rest()
            if message is not None:
                messages.append(message)
    except WireError:
        pass
    return messages


@given(garbage)
@example(b"")
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    """What is read is what was written, to the byte; everything else is a WireError."""
    message = parsed(data)

    assert message is None or isinstance(message, INCOMING)
    assert message is None or text.format(message) == data


@pytest.mark.parametrize("request_", REQUESTS)
@given(data=garbage)
@example(data=b"")
def test_any_bytes_are_a_reply_or_refused(request_: Request, data: bytes) -> None:
    """A reply is what was written, to the byte, but for the entries of a list that are no addresses."""
    try:
        reply = text.parse_reply(data, request_)
    except WireError:
        return

    if isinstance(reply, PeerList):
        assert data.endswith(str(reply.peers[-1]).encode())
        assert {str(peer).encode() for peer in reply.peers} <= set(data.split(b","))
    else:
        assert text.format(reply) == data


@given(garbage)
@example(b"")
def test_a_reader_makes_of_one_piece_what_the_parser_makes_of_it(data: bytes) -> None:
    """Reading adds nothing to a text but the bound on its length."""
    reader = TextReader()
    try:
        message = reader.feed(data) or reader.rest()
    except WireError:
        assert parsed(data) is None or len(data) > text.TEXT_BYTES_MAX
    else:
        assert message == parsed(text.PREFACE if data.startswith(text.PREFACE) else data)


@given(near_texts())
def test_a_reader_makes_of_single_bytes_what_the_parser_makes_of_the_whole(data: bytes) -> None:
    """A near miss is no less refused when it comes byte by byte."""
    assume(len(data) <= text.TEXT_BYTES_MAX)
    assume(not data.startswith(text.PREFACE))
    reader = TextReader()
    try:
        for index in range(len(data)):
            assert reader.feed(data[index : index + 1]) is None
        message = reader.rest()
    except WireError:
        assert parsed(data) is None
    else:
        assert message == parsed(data)


@given(garbage, st.data())
def test_any_pieces_are_messages_or_refused(data: bytes, draw: st.DataObject) -> None:
    """However the bytes are split, and wherever they rest, each message that is read stands in them."""
    pieces = draw.draw(cut(data))
    rests = draw.draw(st.lists(st.booleans(), min_size=len(pieces), max_size=len(pieces)))

    messages = all_read(pieces, rests)

    assert b"".join(map(text.format, messages)) == data[: sum(len(text.format(message)) for message in messages)]


@pytest.mark.parametrize("request_", REQUESTS)
@given(data=garbage, draw=st.data())
def test_any_pieces_are_a_reply_or_refused(request_: Request, data: bytes, draw: st.DataObject) -> None:
    """An asker gets a reply or a WireError, whatever comes and however it is split."""
    reader = ReplyReader(request_)
    try:
        for piece in draw.draw(cut(data)):
            if reader.feed(piece) is not None:
                return
        reader.rest()
    except WireError:
        pass


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_what_the_fuzzer_keeps_is_a_message_or_refused(path: Path) -> None:
    """An input that once found a fault never finds it again."""
    data = path.read_bytes()
    message = parsed(data)

    assert message is None or text.format(message) == data
    if data:
        all_read([data], [True])
    for request in REQUESTS:
        reader = ReplyReader(request)
        try:
            assert (reader.feed(data) or reader.rest()) == text.parse_reply(data, request)
        except WireError:
            continue
