"""What the systems have in common whose calls block: a thread that receives while commands are waited for."""

import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks import payloads
from benchmarks.payloads import Listener, heard

Fields = dict[str, Any]


class BlockingNode:
    """A worker that publishes by `_send` and receives by `_receive`, which waits for the next payload."""

    def __init__(self) -> None:
        self._listener: Listener | None = None
        self._counted: Fields = {}
        self._thread: threading.Thread | None = None
        self._has_first = threading.Event()

    def _send(self) -> Callable[[bytes], object]:
        """What publishes one payload."""
        raise NotImplementedError

    def _receive(self) -> Callable[[], bytes]:
        """What waits for one payload."""
        raise NotImplementedError

    def connected(self, count: int, patience: float) -> Fields:
        """Connected as soon as a probe comes through: the system doesn't tell."""
        return {"at": time.monotonic_ns()}

    def listen(self, how: str, expect: int = 0, ends: int = 1) -> None:
        """Begin to receive."""
        self._has_first.clear()
        if how == "stamps":
            self._listener, target = Listener(ends), self._look
        else:
            self._listener, target = None, lambda: self._count(expect)
        self._counted = heard(0, 0, 0, complete=False)
        self._thread = threading.Thread(target=target, daemon=True)
        self._thread.start()

    def first(self, patience: float) -> Fields:
        """Wait for the first payload."""
        if not self._has_first.wait(patience) or self._listener is None:
            raise TimeoutError("nothing was heard")
        return {"at": self._listener.first}

    def heard(self, patience: float) -> Fields:
        """Wait for the end of what `listen` began."""
        assert self._thread is not None
        self._thread.join(patience)
        return self._listener.told() if self._listener is not None else self._counted

    def say(self, tag: str) -> None:
        """One small payload."""
        self._send()(payloads.tagged(tag, 16))

    def publish(self, how: str, count: int, size: int, chunk: int) -> Fields:
        """As quickly as it goes, one call a payload."""
        send, payload = self._send(), payloads.plain(size)
        began = time.monotonic_ns()
        for _ in range(count):
            send(payload)
        return {"began": began, "ended": time.monotonic_ns()}

    def pace(self, tag: str, rate: float, seconds: float, size: int, burst: int = 1) -> Fields:
        """Evenly, then END."""
        send, turns = self._send(), int(rate * seconds)
        began = time.monotonic()
        for turn in range(turns):
            time.sleep(max(0.0, began + turn / rate - time.monotonic()))
            for _ in range(burst):
                send(payloads.tagged(tag, size))
        send(payloads.tagged("E", size))
        return {"sent": turns * burst + 1}

    def _look(self) -> None:
        receive, listener = self._receive(), self._listener
        assert listener is not None
        over = False
        while not over:
            over = listener.take(receive())
            self._has_first.set()

    def _count(self, expect: int) -> None:
        receive = self._receive()
        receive()
        first = time.monotonic_ns()
        for _ in range(expect - 1):
            receive()
        self._counted = heard(expect, first, time.monotonic_ns(), complete=True)
