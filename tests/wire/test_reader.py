"""When a text is whole: in one piece, in several, and at rest."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from rumor.wire.reader import LIST_BYTES_MAX, ReplyReader, TextReader

from .strategies import Exchange, cut, exchanges, incoming

ANA = Address("127.0.0.1", 4001)
BO = Address("10.1.2.3", 4002)

ANSWERED = [Register(ANA), ConnectRequest(ANA), LivenessRequest("1.5", "127.0.0.1"), Preface()]
UNANSWERED = [Gossip("1.5", ANA, 1), Gossip("1.5", ANA, 1, ":hello"), DeadNode(ANA, "1.5", "127.0.0.1")]

SHORTER_THAN_ANY_TEXT = len(b"1.1.1.1:1") - 1


def fed(reader: TextReader, pieces: list[bytes]) -> Incoming:
    """What a listener makes of these pieces, with a rest after the last."""
    for piece in pieces:
        if (message := reader.feed(piece)) is not None:
            return message
    return reader.rest()


def reply_fed(reader: ReplyReader, pieces: list[bytes]) -> Reply:
    """What an asker makes of these pieces, with a rest after the last."""
    for piece in pieces:
        if (reply := reader.feed(piece)) is not None:
            return reply
    return reader.rest()


def one_by_one(data: bytes) -> list[bytes]:
    """The bytes, each for itself."""
    return [data[index : index + 1] for index in range(len(data))]


@pytest.mark.parametrize("message", ANSWERED)
def test_a_request_in_one_piece_is_answered_at_once(message: Incoming) -> None:
    """Who asks and waits for a reply is not kept waiting."""
    reader = TextReader()

    assert reader.feed(text.format(message)) == message
    assert not reader.pending
    assert not reader.whole


@pytest.mark.parametrize("message", UNANSWERED)
def test_what_has_no_reply_is_taken_at_rest(message: Incoming) -> None:
    """Gossip and dead reports might go on, and nobody waits for them."""
    reader = TextReader()

    assert reader.feed(text.format(message)) is None
    assert reader.pending
    assert reader.whole
    assert reader.rest() == message
    assert not reader.pending
    assert not reader.whole


def test_a_request_in_pieces_is_taken_at_rest() -> None:
    """A port that ends in 40 may yet become 4001."""
    reader = TextReader()

    assert reader.feed(b"127.0.0") is None
    assert not reader.whole
    assert reader.feed(b".1:40") is None
    assert reader.whole
    assert reader.feed(b"01") is None
    assert reader.rest() == Register(ANA)


def test_gossip_goes_on_until_the_rest() -> None:
    """What belongs to one text is never taken for two."""
    assert fed(TextReader(), [b"1.5:127.0.0.1:4001:GOSSIP1", b"0:hel", b"lo"]) == Gossip("1.5", ANA, 10, ":hello")


@given(incoming, st.data())
def test_pieces_make_the_same_message_as_the_whole(message: Incoming, data: st.DataObject) -> None:
    """However TCP splits a text, after its first bytes, the same is read."""
    pieces = data.draw(cut(text.format(message), first_max=SHORTER_THAN_ANY_TEXT))

    assert fed(TextReader(), pieces) == message


@given(incoming)
def test_byte_by_byte_makes_the_same_message_as_the_whole(message: Incoming) -> None:
    """The smallest pieces that there are change nothing."""
    assert fed(TextReader(), one_by_one(text.format(message))) == message


def test_a_message_may_follow_another_on_the_same_connection() -> None:
    """After each message the reader begins anew."""
    reader = TextReader()

    assert reader.feed(b"Liveness Request:1.5:127.0.0.1") == LivenessRequest("1.5", "127.0.0.1")
    assert reader.feed(b"1.5:127.0.0.1:4001:GOSSIP1") is None
    assert reader.rest() == Gossip("1.5", ANA, 1)
    assert reader.feed(b"127.0.0.1:4001") == Register(ANA)


def test_an_empty_piece_changes_nothing() -> None:
    """No bytes are no harm, before a text and within it."""
    reader = TextReader()

    assert reader.feed(b"") is None
    assert not reader.pending
    assert reader.feed(b"127.0.0.1:4001") is not None
    assert reader.feed(b"127.0.") is None
    assert reader.feed(b"") is None
    assert reader.pending
    assert not reader.whole


@pytest.mark.parametrize("at", range(1, len(text.PREFACE)))
def test_the_preface_in_pieces_is_answered_once_it_is_whole(at: int) -> None:
    """The preface ends with its line break, so nobody has to wait."""
    reader = TextReader()

    assert reader.feed(text.PREFACE[:at]) is None
    assert reader.pending
    assert not reader.whole
    assert reader.feed(text.PREFACE[at:]) == Preface()
    assert not reader.pending


@pytest.mark.parametrize(
    "pieces", [[b"\xffRUMOUR"], [b"\xff", b"127.0.0.1:4001"], [b"\xffRUMOR", b"/2\n"], [b"\xff\xff"]]
)
def test_what_begins_like_the_preface_and_is_none_is_refused_at_once(pieces: list[bytes]) -> None:
    """FF begins the preface and no text, so what follows is not waited for."""
    reader = TextReader()
    for piece in pieces[:-1]:
        assert reader.feed(piece) is None

    with pytest.raises(WireError, match="bytes that are not UTF-8"):
        reader.feed(pieces[-1])


@pytest.mark.parametrize("piece_size", [1, 512, 2_000])
def test_a_text_of_1023_bytes_is_read_and_a_longer_one_refused(piece_size: int) -> None:
    """The bound is what an original node reads whole, whether it comes in one piece or in many."""
    longest = b"1.5:127.0.0.1:4001:GOSSIP1:".ljust(1_023, b"x")
    too_long = longest + b"x"

    assert text.format(fed(TextReader(), pieces_of(longest, piece_size))) == longest
    with pytest.raises(WireError, match="a text above 1023 bytes"):
        fed(TextReader(), pieces_of(too_long, piece_size))


@pytest.mark.parametrize(
    "data", [b"", b"127.0.0.1", b"127.0.0.1:70000", b"\xffRUMOR", b"1.5:127.0.0.1:4001:GOSSIP1:\xe2"]
)
def test_a_rest_before_a_text_is_whole_says_what_does_not_fit(data: bytes) -> None:
    """What stopped half-way is refused for the reason for which the whole would be."""
    reader = TextReader()
    if data:
        assert reader.feed(data) is None

    with pytest.raises(WireError) as of_parse:
        text.parse(data)
    with pytest.raises(WireError, match=str(of_parse.value)):
        reader.rest()


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (Register(ANA), PeerList((BO, ANA))),
        (ConnectRequest(ANA), ConnectAccepted()),
        (LivenessRequest("1.5", "127.0.0.1"), LivenessReply("1.5", "127.0.0.1", "10.1.2.3")),
        (Preface(), Preface()),
    ],
)
def test_a_reply_in_one_piece_is_taken_at_once(request_: Request, reply: Reply) -> None:
    """A reply that is whole in its first piece is not waited for."""
    assert ReplyReader(request_).feed(text.format(reply)) == reply


@given(exchanges())
def test_a_reply_byte_by_byte_is_the_same_as_the_whole(exchange: Exchange) -> None:
    """The smallest pieces that there are change no reply."""
    request, reply = exchange

    assert reply_fed(ReplyReader(request), one_by_one(text.format(reply))) == reply


def test_the_end_of_a_reply_is_not_guessed() -> None:
    """A liveness reply in pieces is taken at rest: 10.0.0.1 may yet become 10.0.0.12."""
    reader = ReplyReader(LivenessRequest("1.5", "127.0.0.1"))

    assert reader.feed(b"Liveness Reply:1.5:127.0.0.1:") is None
    assert reader.feed(b"10.0.0.1") is None
    assert reader.feed(b"2") is None
    assert reader.rest() == LivenessReply("1.5", "127.0.0.1", "10.0.0.12")


def test_a_list_in_pieces_is_taken_at_rest() -> None:
    """A piece may end with an address that has the asker's port, and the list may yet go on."""
    reader = ReplyReader(Register(ANA))

    assert not reader.pending
    assert reader.feed(b"10.1.2.3:4002,10.") is None
    assert reader.pending
    assert reader.feed(b"1.2.4:4001") is None
    assert reader.feed(b",127.0.0.1:4001") is None
    assert reader.rest() == PeerList((BO, Address("10.1.2.4", 4001), ANA))


def test_a_list_that_was_cut_is_refused_at_rest() -> None:
    """Nothing is made of a list whose end never came."""
    reader = ReplyReader(Register(ANA))

    assert reader.feed(b"10.1.2.3:4002,127.0.0.1:40") is None
    with pytest.raises(WireError, match="a peer list that does not end with the asker"):
        reader.rest()


def test_a_list_may_be_longer_than_a_text() -> None:
    """An original seed sends its list whole, however long it is, up to a mebibyte."""
    reader = ReplyReader(Register(ANA))
    peers = (BO,) * 2_000 + (ANA,)

    assert text.TEXT_BYTES_MAX < len(text.format(PeerList(peers))) < LIST_BYTES_MAX
    assert reader.feed(text.format(PeerList(peers))) is None
    assert reader.rest() == PeerList(peers)


def test_a_list_above_the_bound_is_refused() -> None:
    """Nobody can make a node hold more than a mebibyte."""
    reader = ReplyReader(Register(ANA))

    assert reader.feed(b"x" * LIST_BYTES_MAX) is None
    with pytest.raises(WireError, match="a reply above 1048576 bytes"):
        reader.feed(b"x")


def test_a_long_list_in_small_pieces_is_not_read_again_with_each() -> None:
    """A seed that sends its list bit by bit does not hold up the whole node."""
    reader = ReplyReader(Register(ANA))
    began = time.process_time()

    reply = reply_fed(reader, pieces_of(text.format(PeerList((BO,) * 15_000 + (ANA,))), 500))

    assert isinstance(reply, PeerList)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("request_", [ConnectRequest(ANA), LivenessRequest("1.5", "127.0.0.1"), Preface()])
def test_any_other_reply_above_1023_bytes_is_refused(request_: Request) -> None:
    """Only lists are long."""
    reader = ReplyReader(request_)

    assert reader.feed(b"x" * 1_023) is None
    with pytest.raises(WireError, match="a reply above 1023 bytes"):
        reader.feed(b"x")


def pieces_of(data: bytes, size: int) -> list[bytes]:
    """The bytes in pieces of one size."""
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("form", ["{}", "New Connect Request From:{}"])
def test_a_port_of_few_digits_may_yet_grow(form: str) -> None:
    """What ends in `:40` in the first piece waits for more, and becomes `:4001` if that comes; else it is port 40."""
    growing, waiting = TextReader(), TextReader()

    assert growing.feed(form.format("127.0.0.1:40").encode()) is None
    assert growing.feed(b"01") is None
    assert waiting.feed(form.format("127.0.0.1:40").encode()) is None

    assert text.format(growing.rest()) == form.format("127.0.0.1:4001").encode()
    assert text.format(waiting.rest()) == form.format("127.0.0.1:40").encode()
