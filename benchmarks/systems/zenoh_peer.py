"""Zenoh by its Python API, in peer mode: a full mesh that forms by gossip from the first peer, nothing dropped."""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks.control import serve
from benchmarks.systems.blocking import BlockingNode, Fields
from benchmarks.systems.ports import free_port

zenoh: Any = import_module("zenoh")

KEY = "rumors"
CHANNEL_CAPACITY = 1 << 16
"""Messages that wait for the application; then the sender waits."""


class Mesh(BlockingNode):
    """A peer that subscribes to what all publish."""

    def start(self, join: str | None, index: int, **_: object) -> Fields:
        """Open a session."""
        endpoint = f"tcp/127.0.0.1:{free_port()}"
        config = zenoh.Config()
        config.insert_json5("mode", '"peer"')
        config.insert_json5("listen/endpoints", f'["{endpoint}"]')
        config.insert_json5("scouting/multicast/enabled", "false")
        if join:
            config.insert_json5("connect/endpoints", f'["{join}"]')
        self._session = zenoh.open(config)
        self._publisher = self._session.declare_publisher(KEY, congestion_control=zenoh.CongestionControl.BLOCK)
        if index:  # the publisher doesn't listen to itself
            channel = zenoh.handlers.FifoChannel(CHANNEL_CAPACITY)
            self._subscriber = self._session.declare_subscriber(KEY, channel)
        return {"address": endpoint}

    def connected(self, count: int, patience: float) -> Fields:
        """A session with every other peer."""
        deadline = time.monotonic() + patience
        while len(self._session.info.peers_zid()) < count - 1:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self._session.info.peers_zid())} peers of {count - 1}")
            time.sleep(0.01)
        return {"at": time.monotonic_ns()}

    def _send(self) -> Callable[[bytes], object]:
        return self._publisher.put  # type: ignore[no-any-return]

    def _receive(self) -> Callable[[], bytes]:
        receive = self._subscriber.recv
        return lambda: receive().payload.to_bytes()


if __name__ == "__main__":
    serve(Mesh())
