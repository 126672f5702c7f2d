"""Lives: which epochs are believed.

An epoch far ahead of our clock would make every later life of that name seem older, so it is refused. But our own clock
may be the wrong one: what we know of ourselves, and what most neighbors say of their own lives, counts as well.
"""

from rumor.core.clock import WallClock
from rumor.core.events import Problem
from rumor.core.frames import StreamId
from rumor.core.ids import Identity, Seconds
from rumor.core.outbox import Outbox

EPOCH_AHEAD_MAX = 600_000
"""Milliseconds that an unknown life may seem to begin after now."""


class Lives:
    """When the neighbors' lives began, by their links."""

    def __init__(self, identity: Identity, clock: WallClock, outbox: Outbox) -> None:
        self._identity = identity
        self._clock = clock
        self._outbox = outbox
        self._epochs: dict[int, int] = {}

    def add_link(self, link: int, epoch: int) -> None:
        """A neighbor came, whose life began then."""
        self._epochs[link] = epoch

    def remove_link(self, link: int) -> None:
        """It is gone."""
        del self._epochs[link]

    def is_plausible(self, id: StreamId, now: Seconds) -> bool:
        """Whether such a life can be; if not, that is said."""
        if id.epoch <= self._clock.milliseconds(now) + EPOCH_AHEAD_MAX or id.epoch <= self._latest() + EPOCH_AHEAD_MAX:
            return True
        self._outbox.say(Problem("a life that begins far ahead of our clock; is that right?", id.origin))
        return False

    def _latest(self) -> int:
        theirs = sorted(self._epochs.values())
        return max(self._identity.epoch, theirs[len(theirs) // 2] if theirs else 0)
