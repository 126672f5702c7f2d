"""pyzmq: one PUB socket that every SUB connects to. A direct star, no network: no overlay, no repair, no membership.

The quickest that Python users have for the price: blocking calls, one message each, nothing is dropped (no high-water
mark; the counts are bounded instead).
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks.control import serve
from benchmarks.systems.blocking import BlockingNode, Fields

zmq: Any = import_module("zmq")


class Star(BlockingNode):
    """The first binds and publishes, the others connect to it."""

    def start(self, join: str | None, **_: object) -> Fields:
        """Bind, or connect."""
        self._socket = zmq.Context().socket(zmq.SUB if join else zmq.PUB)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set_hwm(0)
        if join:
            self._socket.connect(join)
            self._socket.subscribe(b"")
            return {"address": join}
        self._socket.bind("tcp://127.0.0.1:*")
        return {"address": self._socket.get_string(zmq.LAST_ENDPOINT)}

    def _send(self) -> Callable[[bytes], object]:
        return self._socket.send  # type: ignore[no-any-return]

    def _receive(self) -> Callable[[], bytes]:
        return self._socket.recv  # type: ignore[no-any-return]


if __name__ == "__main__":
    serve(Star())
