"""Window: how much of what we said may be unacknowledged. Only the origin waits; a relay never does.

It starts small, doubles with each acknowledgement up to its share of the budget, and shrinks as other streams become
active. With nothing unacknowledged one run may always go. Without any link all that is said is kept for who joins.
"""

from collections import deque

from rumor.core.ids import Seconds
from rumor.core.settings import BroadcastSettings

ACTIVE: Seconds = 1.0
"""A stream counts as active so long after its last run."""


MEMBERS = 8
"""So many members are reckoned with before any is known."""


class Window:
    """The window of one own stream, and how far it is acknowledged. `heard_by_any`: the highest run anybody has."""

    def __init__(self, settings: BroadcastSettings) -> None:
        self._settings = settings
        self._unacknowledged: deque[tuple[int, int, int]] = deque()
        self._bytes = 0
        self._size = settings.window_budget // MEMBERS
        self._begun = False
        self._stuck_since: Seconds | None = None
        self._stuck_told = False
        self.acknowledged = 0
        self.heard_by_any = 0

    @property
    def unacknowledged_bytes(self) -> int:
        """Bytes of our runs that not everybody has."""
        return self._bytes

    def begin(self, members: int) -> None:
        """Choose the first size, by how many are known."""
        if not self._begun:
            self._begun = True
            self._size = max(self._settings.window_min, self._settings.window_budget // max(1, members))

    def sent(self, number: int, size: int, last: int) -> None:
        """A run of ours was sealed."""
        self._unacknowledged.append((number, size, last))
        self._bytes += size

    def on_tree(self, tree: int, active: int) -> bool:
        """The whole tree heard up to this run; returns whether that is further than before."""
        waiting = self._unacknowledged
        moved = False
        while waiting and waiting[0][0] <= tree:
            _, size, self.acknowledged = waiting.popleft()
            self._bytes -= size
            moved = True
        if moved:
            self._stuck_since = None
            self._stuck_told = False
            self._size = min(self._size * 2, self._limit(active))
        return moved

    def run_of(self, rumor: int) -> int:
        """The run that brings a rumor which is not acknowledged by all; 0 if it has not left."""
        return next((number for number, _, last in self._unacknowledged if last >= rumor), 0)

    def forget(self, first_kept: int) -> None:
        """Runs before this one are not kept any more, whoever lacks them."""
        waiting = self._unacknowledged
        while waiting and waiting[0][0] < first_kept:
            self._bytes -= waiting.popleft()[1]

    def has_room(self, open_bytes: int, active: int) -> bool:
        """Whether more may be said now, beside a run of so many bytes that has begun."""
        pending = self._bytes + open_bytes
        return pending < min(self._size, self._limit(active)) or not pending

    def stuck(self, now: Seconds) -> bool:
        """Nobody counts although there are links: whether that has been so for longer than the patience."""
        if self._stuck_since is None:
            self._stuck_since = now
        return now >= self._stuck_since + self._settings.cut_patience

    def stuck_until(self) -> Seconds | None:
        """When the patience ends, while that is still to be said."""
        said = self._stuck_since is None or self._stuck_told
        return None if said or self._stuck_since is None else self._stuck_since + self._settings.cut_patience

    def unstick(self) -> None:
        """It was said that the patience has ended."""
        self._stuck_told = self._stuck_since is not None

    def _limit(self, active: int) -> int:
        return max(self._settings.window_min, self._settings.window_budget // max(1, active))
