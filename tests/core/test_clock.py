"""The time of day."""

from rumor.core.clock import WallClock


def test_a_moment_is_told_as_the_time_of_day() -> None:
    """A moment of the driver's clock is written as seconds since 1970, with a decimal point and no colon."""
    clock = WallClock(1_700_000_000.0)

    assert [clock.timestamp(moment) for moment in (0.0, 2.5)] == ["1700000000.0", "1700000002.5"]


def test_a_time_of_day_that_was_moved_is_followed() -> None:
    """When the driver sets the offset anew, timestamps follow."""
    clock = WallClock(100.0)

    clock.offset = 200.0

    assert clock.timestamp(1.0) == "201.0"
