"""What was said when: by stream, the rumors of each run."""

from bisect import bisect_left

from rumor.core.frames import Run, StreamId
from rumor.core.ids import Seconds


class Publications:
    """All that peers of ours said since the world began."""

    def __init__(self) -> None:
        self._moments: dict[StreamId, list[Seconds]] = {}
        self._firsts: dict[StreamId, list[int]] = {}

    def add(self, run: Run, now: Seconds) -> None:
        """A run was published."""
        id = StreamId(run.origin, run.epoch, run.lane)
        self._moments.setdefault(id, []).append(now)
        self._firsts.setdefault(id, []).append(run.first)

    def first_since(self, id: StreamId, moment: Seconds) -> int | None:
        """The first rumor of a stream that was published at a moment or after it; None if there is none."""
        moments = self._moments.get(id, [])
        at = bisect_left(moments, moment)
        return self._firsts[id][at] if at < len(moments) else None
