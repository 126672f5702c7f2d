"""When is a text whole? The classic wire has no framing, so the reader decides by what has come and how.

An original node takes what one read brings for the message. So does the reader for what is answered: whole in the
first piece, answered at once. What came in pieces, ends in a port of few digits, or is not answered at all, is taken
when nothing more comes (the owner, who has the clock, calls `rest`), since what ends in `:40` so far may yet become
`:4001`. TCP splits no text that leaves in one write and is shorter than a segment, so that in practice only long lists
come in pieces.
"""

from rumor.core.errors import WireError
from rumor.core.messages import ConnectRequest, Incoming, LivenessRequest, Preface, Register, Reply, Request
from rumor.wire import text

LIST_BYTES_MAX = 1 << 20
"""The longest peer list that is read; an original seed sends its list whole, however long it is."""

SEGMENT_BYTES_MIN = 536
"""The least that a TCP segment holds when there is more to send (RFC 9293, 3.7.1): a shorter first piece is no part."""


PORT_WHOLE_MIN = 1000
"""A port below may be the first digits of another; peers hardly listen there, since most of it is privileged."""


def _is_answered_at_once(message: Incoming) -> bool:
    match message:
        case Register(address) | ConnectRequest(address):
            return address.port >= PORT_WHOLE_MIN
        case LivenessRequest():
            return True
        case _:
            return False


class TextReader:
    """Reads what one connection brings to a listener, text after text."""

    def __init__(self) -> None:
        self._buffer = b""
        self._whole: Incoming | None = None

    @property
    def pending(self) -> bool:
        """Whether bytes are there that have not become a message yet."""
        return bool(self._buffer)

    @property
    def whole(self) -> bool:
        """Whether what is pending would be a message if nothing more came."""
        return self._whole is not None

    def feed(self, data: bytes) -> Incoming | None:
        """Take in bytes; gives a message that is to be answered at once.

        What follows the preface is dropped: it is for nodes that speak more than we do. Raises WireError for what can't
        become a message any more; the reader is then of no further use.
        """
        if not data:
            return None
        first_piece = not self._buffer
        self._buffer += data
        self._whole = None
        if self._buffer[0] == text.PREFACE[0]:
            return self._feed_preface()
        if len(self._buffer) > text.TEXT_BYTES_MAX:
            raise WireError(f"a text above {text.TEXT_BYTES_MAX} bytes")
        try:
            self._whole = text.parse(self._buffer)
        except WireError:
            return None
        return self._take() if first_piece and _is_answered_at_once(self._whole) else None

    def _feed_preface(self) -> Preface | None:
        if self._buffer.startswith(text.PREFACE):
            self._buffer = b""
            return Preface()
        if not text.PREFACE.startswith(self._buffer):
            raise WireError("bytes that are not UTF-8")
        return None

    def rest(self) -> Incoming:
        """Nothing more comes, or not soon: the message that is pending. Raises WireError when it is none."""
        if self._whole is None:
            text.parse(self._buffer)
            raise AssertionError("what parses is whole")
        return self._take()

    def _take(self) -> Incoming:
        message = self._whole
        assert message is not None
        self._whole = None
        self._buffer = b""
        return message


class ReplyReader:
    """Reads the one reply to a request of ours."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._buffer = b""

    @property
    def pending(self) -> bool:
        """Whether bytes are there that have not become a reply yet."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Reply | None:
        """Take in bytes; gives the reply when more can't belong to it. Raises WireError above the bound.

        A list that is long enough to have been split may go on behind any entry with our port, so it is left to `rest`,
        and so is a liveness reply that came in pieces. The other replies have an end of their own.
        """
        first_piece = not self._buffer
        self._buffer += data
        is_list = isinstance(self._request, Register)
        bytes_max = LIST_BYTES_MAX if is_list else text.TEXT_BYTES_MAX
        if len(self._buffer) > bytes_max:
            raise WireError(f"a reply above {bytes_max} bytes")
        if not first_piece and isinstance(self._request, Register | LivenessRequest):
            return None
        if is_list and len(data) >= SEGMENT_BYTES_MIN:
            return None
        try:
            return self.rest()
        except WireError:
            return None

    def rest(self) -> Reply:
        """Nothing more comes, or not soon: the reply. Raises WireError when what came is none."""
        return text.parse_reply(self._buffer, self._request)
