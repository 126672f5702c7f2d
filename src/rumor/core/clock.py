"""The time of day, for what people read; deadlines need none of it."""

from rumor.core.ids import Seconds


class WallClock:
    """Turns a moment of the driver's monotonic clock into the time of day.

    `offset` is time of day minus monotonic clock. The driver sets it anew at each input, since the
    time of day may be moved.
    """

    def __init__(self, offset: Seconds) -> None:
        self.offset = offset

    def timestamp(self, now: Seconds) -> str:
        """Seconds since 1970 with a decimal point, as the original writes them: `str(time.time())`."""
        return str(now + self.offset)

    def microseconds(self, now: Seconds) -> int:
        """Microseconds since 1970, never below 0."""
        return max(0, int((now + self.offset) * 1_000_000))

    def milliseconds(self, now: Seconds) -> int:
        """Milliseconds since 1970, never below 0."""
        return max(0, int((now + self.offset) * 1_000))
