"""Liveness: is that neighbor still there?

The classic rule. Each neighbor gets a liveness request every interval, the first at once; a request fails that brings
no connection, or no reply in time, or a reply to something else. Three failures in a row: dead.

    request --reply--> fine, strikes forgotten
       `--failure--> strike 1 --> strike 2 --> strike 3: dead

Rule 1: one request at a time to a neighbor. Rule 2: a reply counts only for the request that is under way.
"""

from rumor.core.clock import WallClock
from rumor.core.effects import Ask
from rumor.core.events import NeighborDied, Strike
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import LivenessReply, LivenessRequest
from rumor.core.outbox import Outbox
from rumor.core.settings import LivenessSettings
from rumor.core.timers import Timers


class _Watch:
    """One neighbor under watch."""

    def __init__(self) -> None:
        self.request: LivenessRequest | None = None
        self.asked_at: Seconds = 0.0
        self.strikes = 0


class ClassicLiveness:
    """Watches every neighbor of one peer."""

    def __init__(self, identity: Identity, clock: WallClock, settings: LivenessSettings, outbox: Outbox) -> None:
        self._identity = identity
        self._clock = clock
        self._settings = settings
        self._outbox = outbox
        self._watched: dict[Address, _Watch] = {}
        self._timers: Timers[Address] = Timers()

    def watch(self, neighbor: Address, now: Seconds) -> None:
        """Begin to watch a neighbor; the first request goes at once."""
        self._watched[neighbor] = _Watch()
        self._timers.set(neighbor, now)
        self.tick(now)

    def unwatch(self, neighbor: Address) -> None:
        """Stop watching: it is no neighbor any more."""
        self._watched.pop(neighbor, None)
        self._timers.cancel(neighbor)

    def tick(self, now: Seconds) -> None:
        """Send the requests that are due."""
        for neighbor in self._timers.due(now):
            watch = self._watched[neighbor]
            watch.request = LivenessRequest(self._clock.timestamp(now), self._identity.address.host)
            watch.asked_at = now
            self._outbox.do(Ask(neighbor, watch.request, self._settings.timeout))

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._timers.next_deadline()

    def on_reply(self, neighbor: Address, request: LivenessRequest, reply: LivenessReply, now: Seconds) -> None:
        """A neighbor answered: it is alive if that is the answer to our question."""
        if reply.timestamp != request.timestamp:
            self.on_failure(neighbor, request, now)
        elif (watch := self._answered(neighbor, request, now)) is not None:
            watch.strikes = 0

    def on_failure(self, neighbor: Address, request: LivenessRequest, now: Seconds) -> None:
        """A request came to nothing: a strike; the last one of `strikes_max` is death."""
        watch = self._answered(neighbor, request, now)
        if watch is None:
            return
        watch.strikes += 1
        self._outbox.say(Strike(neighbor, watch.strikes))
        if watch.strikes >= self._settings.strikes_max:
            self.unwatch(neighbor)
            self._outbox.say(NeighborDied(neighbor))

    def _answered(self, neighbor: Address, request: LivenessRequest, now: Seconds) -> _Watch | None:
        """The watch that waits for just this request, with the next one planned; None if none does."""
        watch = self._watched.get(neighbor)
        if watch is None or watch.request != request:
            return None
        watch.request = None
        self._timers.set(neighbor, max(now, watch.asked_at + self._settings.interval))
        return watch
