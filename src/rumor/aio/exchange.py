"""One exchange that we begin: connect, write one message, read at most one reply, close."""

import asyncio
from typing import cast

from rumor.core.effects import Ask, Failure, Tell
from rumor.core.errors import WireError
from rumor.core.ids import Seconds
from rumor.core.messages import Reply
from rumor.wire import text
from rumor.wire.reader import ReplyReader

REST: Seconds = 0.05
"""A reply that came in pieces is whole after so long without another."""


async def ask(effect: Ask) -> Reply | Failure:
    """Ask and read the reply, within the effect's timeout."""
    conversation = _Conversation(text.format(effect.message), ReplyReader(effect.message))
    try:
        async with asyncio.timeout(effect.timeout):
            await _connect(effect, conversation)
            return await conversation.ended or Failure.CLOSED
    except TimeoutError:
        return Failure.SILENT if conversation.connected else Failure.UNREACHABLE
    except OSError:
        return Failure.CLOSED if conversation.connected else Failure.UNREACHABLE
    finally:
        conversation.abort()


async def tell(effect: Tell) -> Failure | None:
    """Send a message that has no reply; None when it has left, within the effect's timeout."""
    conversation = _Conversation(text.format(effect.message), None)
    try:
        async with asyncio.timeout(effect.timeout):
            await _connect(effect, conversation)
            await conversation.ended
    except (TimeoutError, OSError):
        return Failure.UNREACHABLE
    finally:
        conversation.abort()
    return None


async def _connect(effect: Ask | Tell, conversation: "_Conversation") -> None:
    """Connect to the first of the host's addresses that takes us. A host name is resolved anew each time."""
    await asyncio.get_running_loop().create_connection(lambda: conversation, effect.to.host, effect.to.port)


class _Conversation(asyncio.Protocol):
    """Our side of one exchange. `ended` gives the reply; None when it was closed without one, or needs none."""

    def __init__(self, data: bytes, reader: ReplyReader | None) -> None:
        self.connected = False
        self.ended: asyncio.Future[Reply | Failure | None] = asyncio.get_running_loop().create_future()
        self._data = data
        self._reader = reader
        self._transport: asyncio.Transport | None = None
        self._rest: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.connected = True
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._data)
        if self._reader is None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._reader is None:
            return
        try:
            reply = self._reader.feed(data)
        except WireError:
            self._end(Failure.GARBLED)
            return
        self._cancel_rest()
        if reply is not None:
            self._end(reply)
        else:
            self._rest = asyncio.get_running_loop().call_later(REST, self._on_rest)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._reader is not None and self._reader.pending:
            self._take_rest()
        elif exc is not None and not self.ended.done():
            self.ended.set_exception(exc)
        else:
            self._end(None)

    def abort(self) -> None:
        """Leave the conversation, whatever its state."""
        self._cancel_rest()
        if self._transport is not None:
            self._transport.abort()
        if self.ended.done() and not self.ended.cancelled():
            self.ended.exception()  # seen, so that asyncio does not report it as forgotten
        self.ended.cancel()

    def _on_rest(self) -> None:
        """Nothing more came for a while: the reply, if that is one; else wait on, since more may come."""
        assert self._reader is not None
        try:
            self._end(self._reader.rest())
        except WireError:
            return

    def _take_rest(self) -> None:
        assert self._reader is not None
        try:
            self._end(self._reader.rest())
        except WireError:
            self._end(Failure.GARBLED)

    def _cancel_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()

    def _end(self, result: Reply | Failure | None) -> None:
        if not self.ended.done():
            self.ended.set_result(result)
