"""Message List: what was heard, each once, in order of arrival, bounded by count and age.

The original keeps the SHA-256 of every text it heard, for ever. Here the texts themselves are kept, since neighbors
that are behind are served from the same list: each has a cursor, the position up to which it was told. There is no
queue a neighbor, and so none that could run over.

Rule 1: within its bounds the list takes no message twice. Rule 2: positions only grow.
"""

from collections import deque

from rumor.core.ids import Seconds
from rumor.core.messages import Gossip
from rumor.core.settings import FloodSettings


class HeardList:
    """A bounded log of rumors without repetition. What is taken in last has the highest position."""

    def __init__(self, settings: FloodSettings) -> None:
        self._settings = settings
        self._known: set[Gossip] = set()
        self._log: deque[tuple[Gossip, Seconds]] = deque()
        self._first = 0

    @property
    def first(self) -> int:
        """The position of the oldest rumor that is still kept."""
        return self._first

    @property
    def end(self) -> int:
        """The position that the next rumor will have."""
        return self._first + len(self._log)

    def add(self, gossip: Gossip, now: Seconds) -> bool:
        """Take a rumor in; False when it is there already. A full list forgets its oldest."""
        self._forget_old(now)
        if gossip in self._known:
            return False
        self._known.add(gossip)
        self._log.append((gossip, now))
        if len(self._log) > self._settings.capacity:
            self._forget_first()
        return True

    def at(self, position: int) -> Gossip | None:
        """The rumor at a position; None from `end` on. `position` must not lie below `first`."""
        assert position >= self._first
        offset = position - self._first
        return self._log[offset][0] if offset < len(self._log) else None

    def _forget_old(self, now: Seconds) -> None:
        while self._log and now - self._log[0][1] > self._settings.age_max:
            self._forget_first()

    def _forget_first(self) -> None:
        gossip, _ = self._log.popleft()
        self._known.discard(gossip)
        self._first += 1
