"""When is a text whole? The classic wire has no framing, so the reader decides by what has come and how.

An original node takes what one read brings for the message. So does the reader for what is answered: whole in the first
piece, answered at once. But TCP may split a text, and then an address that ends in `:40` may yet become `:4001`: what
came in pieces, or is not answered at all, is taken when nothing more comes: the owner, who has the clock, calls `rest`.
"""

from rumor.core.errors import WireError
from rumor.core.messages import ConnectRequest, Incoming, LivenessRequest, PeerList, Preface, Register, Reply, Request
from rumor.wire import text

LIST_BYTES_MAX = 1 << 20
"""The longest peer list that is read; an original seed sends its list whole, however long it is."""


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

        Raises WireError for what can't become a message any more; the reader is then of no further use.
        """
        first_piece = not self._buffer
        self._buffer += data
        if len(self._buffer) > text.TEXT_BYTES_MAX:
            raise WireError(f"a text above {text.TEXT_BYTES_MAX} bytes")
        if self._buffer[0] == text.PREFACE[0] and not text.PREFACE.startswith(self._buffer):
            raise WireError("bytes that are not UTF-8")
        try:
            self._whole = text.parse(self._buffer)
        except WireError:
            self._whole = None
            return None
        answered_at_once = isinstance(self._whole, Preface) or (
            first_piece and isinstance(self._whole, Register | ConnectRequest | LivenessRequest)
        )
        return self._take() if answered_at_once else None

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
        """Take in bytes; gives the reply when it came whole in the first piece. Raises WireError above the bound."""
        first_piece = not self._buffer
        self._buffer += data
        bytes_max = LIST_BYTES_MAX if isinstance(self._request, Register) else text.TEXT_BYTES_MAX
        if len(self._buffer) > bytes_max:
            raise WireError(f"a reply above {bytes_max} bytes")
        try:
            reply = self.rest()
        except WireError:
            return None
        return reply if first_piece or not isinstance(reply, PeerList) else None

    def rest(self) -> Reply:
        """Nothing more comes, or not soon: the reply. Raises WireError when what came is none."""
        return text.parse_reply(self._buffer, self._request)
