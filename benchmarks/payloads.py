"""What is sent, and what a receiver makes of it. Times are CLOCK_MONOTONIC, which all processes of a machine share."""

import time
from typing import Any

STAMPED = b"L"
"""Carries the time when it was published, for latencies."""
PLAIN = b"B"
"""Load."""
PROBE = b"P"
"""Sent until everybody has heard one."""
END = b"E"
"""The last payload of its origin."""

_STAMP_BYTES = 8


def plain(size: int) -> bytes:
    """A payload of so many bytes."""
    return PLAIN.ljust(size, b".")


def tagged(tag: str, size: int) -> bytes:
    """A payload of so many bytes that carries its tag and the present time."""
    return (tag.encode() + time.monotonic_ns().to_bytes(_STAMP_BYTES, "big")).ljust(size, b".")


class Listener:
    """What one receiver heard, looked at payload by payload: for latencies and probes. Throughput is only counted."""

    def __init__(self, ends: int) -> None:
        self._ends = ends
        self.count = 0
        self.first = 0
        self.last = 0
        self.samples: list[tuple[int, int]] = []

    def take(self, payload: bytes) -> bool:
        """Take one payload; True when as many origins have ended as were awaited."""
        now = time.monotonic_ns()
        self.count += 1
        self.first = self.first or now
        self.last = now
        tag = payload[:1]
        if tag == STAMPED:
            sent = int.from_bytes(payload[1 : 1 + _STAMP_BYTES], "big")
            self.samples.append((sent, now - sent))
        elif tag == END:
            self._ends -= 1
        return self._ends <= 0

    def told(self) -> dict[str, Any]:
        """As an answer to the fleet."""
        return heard(self.count, self.first, self.last, complete=self._ends <= 0) | {"samples": self.samples}


def heard(count: int, first: int, last: int, *, complete: bool) -> dict[str, Any]:
    """What every system answers to `heard`: how many payloads, when the first and the last came, whether all did."""
    return {"count": count, "first": first, "last": last, "complete": complete}
