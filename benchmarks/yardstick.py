"""The yardstick of the classic wire: a server that does nothing but accept, read one text, answer, and close.

No protocol, no list, no log: what one connection a message costs on this machine at the least, in the same language on
the same event loop. `python -m benchmarks.yardstick` serves until its input ends.
"""

import asyncio
import contextlib
import sys
from typing import cast

import uvloop


class _Echo(asyncio.Protocol):
    """Reads one text and answers it with itself."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer a text with itself."""
        self._transport.write(data)


async def serve() -> None:
    """Print the port, and serve."""
    server = await asyncio.get_running_loop().create_server(_Echo, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve())
