"""Publishing: what we say becomes runs, closed once and never changed.

    publish, publish ... --end of turn, 64 KiB, another topic--> closed --epoch certain--> sealed --> the message list

A run is closed at the end of the turn of the event loop in which it began: an idle network has the latency of one
write, a busy one batches by itself. Before the first Hello has told whether a later life of our name is known, closed
runs wait; their rumors have their numbers already.
"""

from collections.abc import Callable, Sequence

import msgspec

from rumor.core.clock import WallClock
from rumor.core.errors import UsageError
from rumor.core.frames import Lane, Run
from rumor.core.ids import Identity, Seconds
from rumor.core.settings import BroadcastSettings

Seal = Callable[[Run], bytes]
"""Turns a run into its bytes; given by the driver, since the core knows no bytes."""

PAYLOAD_OVERHEAD = 5
"""The most that a payload takes beside itself in a run (MessagePack, bin 32)."""

HEAD_BYTES = 1024
"""The most that all else of a run takes: names and topics have at most 255 bytes."""

TOPIC_BYTES_MAX = 255


class Closed(msgspec.Struct, frozen=True):
    """A run that waits to be sealed."""

    first: int
    timestamp: int
    topic: str
    payloads: list[bytes]
    part: int = 0
    parts: int = 1


class Publisher:
    """Makes the runs of one of our own streams. `closed` are to be sealed by the owner, in order."""

    def __init__(self, identity: Identity, lane: Lane, clock: WallClock, settings: BroadcastSettings) -> None:
        self._identity = identity
        self._lane = lane
        self._clock = clock
        self._settings = settings
        self._room = settings.run_bytes_max - HEAD_BYTES
        self._topic = ""
        self._payloads: list[bytes] = []
        self._timestamp = 0
        self._last = 0
        self._runs = 0
        self.open_bytes = 0
        """Bytes of the run that has begun."""
        self.closed: list[Closed] = []

    @property
    def last(self) -> int:
        """The number of the last rumor."""
        return self._last

    @property
    def has_sealed(self) -> bool:
        """Whether our epoch can't change any more."""
        return self._runs > 0

    def publish(self, payload: bytes, topic: str, now: Seconds) -> int:
        """Say something; returns the rumor's number. The payload's and topic's size was checked."""
        size = len(payload) + PAYLOAD_OVERHEAD
        if self._payloads:
            if topic != self._topic or self.open_bytes + size > self._room:
                self.close()
                self._begin(topic, now)
        else:
            self._begin(topic, now)
        if size > self._room:
            return self._publish_in_parts(payload)
        self._payloads.append(payload)
        self.open_bytes += size
        self._last += 1
        return self._last

    def publish_many(self, payloads: Sequence[bytes], topic: str, now: Seconds) -> None:
        """Say several things: quicker than one by one where all fit into a run. Raises UsageError for one too long."""
        size = sum(map(len, payloads)) + PAYLOAD_OVERHEAD * len(payloads)
        if size > self._settings.payload_bytes_max:
            check_payload(max(payloads, key=len), self._settings)
        if self._payloads and topic == self._topic and self.open_bytes + size <= self._room:
            self._payloads += payloads
        elif size <= self._room and payloads:
            self.close()
            self._begin(topic, now)
            self._payloads = list(payloads)
        else:
            for payload in payloads:
                self.publish(payload, topic, now)
            return
        self.open_bytes += size
        self._last += len(payloads)

    def close(self) -> None:
        """The turn is over: what was said in it is a run."""
        if self._payloads:
            first = self._last - len(self._payloads) + 1
            self.closed.append(Closed(first, self._timestamp, self._topic, self._payloads))
            self._payloads = []
            self.open_bytes = 0

    def run_of(self, closed: Closed) -> Run:
        """The next run of the stream."""
        self._runs += 1
        return Run(
            self._identity.name,
            self._identity.epoch,
            self._lane,
            self._runs,
            closed.first,
            closed.timestamp,
            closed.topic,
            closed.payloads,
            closed.part,
            closed.parts,
        )

    def _begin(self, topic: str, now: Seconds) -> None:
        self._topic = topic
        self._timestamp = self._clock.microseconds(now)

    def _publish_in_parts(self, payload: bytes) -> int:
        """A payload that is too long for a run travels in several."""
        self._last += 1
        room = self._room - PAYLOAD_OVERHEAD
        pieces = [payload[start : start + room] for start in range(0, len(payload), room)]
        self.closed += (
            Closed(self._last, self._timestamp, self._topic, [piece], part, len(pieces))
            for part, piece in enumerate(pieces)
        )
        return self._last


def check_payload(payload: bytes, settings: BroadcastSettings) -> None:
    """Raise UsageError for a payload above the limit."""
    if len(payload) > settings.payload_bytes_max:
        raise UsageError(f"a payload of {len(payload)} bytes is above the limit of {settings.payload_bytes_max}")


def check_topic(topic: str) -> None:
    """Raise UsageError for a topic that can't be subscribed to: too long, or with an empty token, space or wildcard."""
    if topic == "":
        return
    if len(topic.encode(errors="surrogatepass")) > TOPIC_BYTES_MAX:
        raise UsageError(f"a topic of more than {TOPIC_BYTES_MAX} bytes")
    if not topic.isprintable() or any(token in ("", "*", ">") or " " in token for token in topic.split(".")):
        raise UsageError(f"{topic!r} is no topic: tokens joined by dots, none of them empty, * or >")
