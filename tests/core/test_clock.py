"""The time of day."""

import pytest

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


def test_a_moment_is_told_in_whole_parts_of_a_second() -> None:
    """Runs carry microseconds, epochs milliseconds."""
    clock = WallClock(1_700_000_000.0)

    assert clock.microseconds(0.25) == 1_700_000_000_250_000
    assert clock.milliseconds(0.25) == 1_700_000_000_250


@pytest.mark.parametrize("offset", [-5.0, -1e9])
def test_the_time_of_day_is_never_before_1970(offset: float) -> None:
    """A clock that is far wrong gives 0, since frames know no negative times."""
    clock = WallClock(offset)

    assert (clock.microseconds(1.0), clock.milliseconds(1.0)) == (0, 0)
