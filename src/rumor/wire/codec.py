"""The wire's functions that a core needs; see `rumor.core.codec`."""

from typing import Final

from rumor.core.codec import Codec
from rumor.core.errors import WireError
from rumor.core.messages import Gossip
from rumor.wire import text
from rumor.wire.frames import encode_run


def read_gossip(data: bytes) -> Gossip | None:
    """A classic rumor's text; None for bytes that are none."""
    try:
        message = text.parse(data)
    except WireError:
        return None
    return message if isinstance(message, Gossip) else None


CODEC: Final = Codec(seal=encode_run, write_text=text.format, read_text=read_gossip)
