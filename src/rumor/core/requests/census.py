"""Census: who has a rumor of ours, by name. Acknowledgements tell only how many, and that as an estimate.

    asker --a question to all: "have you my rumor n?"--> every peer --has it--> HAS, at once
                                                             |--it is lost there, or older than its time--> LOST
                                                             `--not yet--> waits --it comes--> HAS
                                                                             `--the asker waits no more--> nothing

The question travels as all questions to all do (requests.py), and each peer answers the asker itself, over a link. That
is one answer a member: fine for some thousands, of which the asker takes one a millisecond. Bit sets united up the tree
would cost the asker less, but need a second tree with patience at every hop, and each late peer would be asked again.

Rule 1: HAS is said of what the application was told, in order, and of nothing else. Rule 2: what waits is bounded; the
oldest gives way, and so counts as missing.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from rumor.core.broadcast.streams import Stream, Streams
from rumor.core.events import Asked, RumorsLost
from rumor.core.frames import Lane, Outcome, Run
from rumor.core.ids import Seconds

TOPIC: Final = "$census"
"""The topic of these questions: the core answers them, no application hears of them."""

HAS: Final = b"\x01"
LOST: Final = b"\x00"
"""The answers."""

NUMBER_BYTES: Final = 8

WAITING_MAX: Final = 256
"""Questions that wait for a rumor."""

LOST_MAX: Final = 1024
"""Ranges of lost rumors that are remembered; of older ones it is said that they were heard."""


def question(number: int) -> bytes:
    """Whether everybody has our rumor of this number, in our present life."""
    return number.to_bytes(NUMBER_BYTES, "big")


class _Waiting(msgspec.Struct, frozen=True):
    """Somebody waits for our word on a rumor of its own."""

    ticket: int
    origin: str
    number: int
    until: Seconds


class Census:
    """Answers who takes a census. `told` is the last rumor of a stream that the application was told, in order."""

    def __init__(
        self,
        streams: Streams,
        told: Callable[[Stream], int],
        respond: Callable[[int, Outcome, bytes, Seconds], None],
    ) -> None:
        self._streams = streams
        self._told = told
        self._respond = respond
        self._waiting: dict[int, _Waiting] = {}
        self._lost: deque[tuple[str, int, int, int]] = deque(maxlen=LOST_MAX)

    @property
    def waits(self) -> bool:
        """Whether anybody waits: only then is `on_delivered` of use."""
        return bool(self._waiting)

    def on_asked(self, asked: Asked, now: Seconds) -> None:
        """Somebody asks for a rumor of its own. What is no such question is not answered."""
        if len(asked.payload) != NUMBER_BYTES:
            return
        number = int.from_bytes(asked.payload, "big")
        waiting = _Waiting(asked.ticket, asked.asker, number, now + asked.patience)
        if not self._answer(waiting, now):
            self._make_room(now)
            self._waiting[asked.ticket] = waiting

    def on_delivered(self, run: Run, now: Seconds) -> None:
        """The application was told of a run, in order."""
        if run.lane is Lane.APP:
            self._look_again(run.origin, now)

    def on_lost(self, lost: RumorsLost, now: Seconds) -> None:
        """The application was told that rumors will not come."""
        self._lost.append((lost.origin, lost.epoch, lost.first, lost.last))
        self._look_again(lost.origin, now)

    def _look_again(self, origin: str, now: Seconds) -> None:
        for waiting in [waiting for waiting in self._waiting.values() if waiting.origin == origin]:
            if self._answer(waiting, now):
                del self._waiting[waiting.ticket]

    def _answer(self, waiting: _Waiting, now: Seconds) -> bool:
        """Answer if we know; whether we do."""
        stream = self._streams.get((waiting.origin, self._streams.latest_epoch(waiting.origin), Lane.APP))
        if stream is None or waiting.number > self._told(stream):
            return False
        has = waiting.number > stream.began and not self._is_lost(stream, waiting.number)
        self._respond(waiting.ticket, Outcome.ANSWERED, HAS if has else LOST, now)
        return True

    def _is_lost(self, stream: Stream, number: int) -> bool:
        return any(
            (origin, epoch) == stream.id[:2] and first <= number <= last for origin, epoch, first, last in self._lost
        )

    def _make_room(self, now: Seconds) -> None:
        """Forget whose time is over, and one more if all are still waited for."""
        if len(self._waiting) < WAITING_MAX:
            return
        for waiting in [waiting for waiting in self._waiting.values() if waiting.until <= now]:
            del self._waiting[waiting.ticket]
        if len(self._waiting) >= WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
