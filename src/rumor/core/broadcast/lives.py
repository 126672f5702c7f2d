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

UNHEARD_MAX = 1000
"""So many lives may have gone by unheard after one that we know, each an epoch later than the one before."""


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

    def is_plausible(self, id: StreamId, known: int, now: Seconds) -> bool:
        """Whether such a life can be; if not, that is said. `known`: the latest life of that origin that we heard of.

        However far our clocks are apart, a neighbor's own life is known by its Hello; and one that begins soon after
        another of its name is believed as that one was: who comes back with its clock set back takes the next epoch.
        """
        believed = max(self._clock.milliseconds(now), self._latest()) + EPOCH_AHEAD_MAX
        if id.epoch <= believed or id.epoch in self._epochs.values() or known < id.epoch <= known + UNHEARD_MAX:
            return True
        self._outbox.say(Problem("a life that begins far ahead of our clock; is that right?", id.origin))
        return False

    def _latest(self) -> int:
        theirs = sorted(self._epochs.values())
        return max(self._identity.epoch, theirs[len(theirs) // 2] if theirs else 0)
