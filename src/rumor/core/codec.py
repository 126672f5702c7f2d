"""What a core must know of bytes: how its runs look, since they are made once, and how classic texts are carried."""

from collections.abc import Callable

import msgspec

from rumor.core.frames import Run
from rumor.core.messages import Gossip


class Codec(msgspec.Struct, frozen=True):
    """Pure functions, given to a core by its driver; `rumor.wire.codec` has them.

    `seal` turns a run into its bytes. `write_text` gives a classic rumor's text, `read_text` reads it again; None for
    bytes that are none.
    """

    seal: Callable[[Run], bytes]
    write_text: Callable[[Gossip], bytes]
    read_text: Callable[[bytes], Gossip | None]
