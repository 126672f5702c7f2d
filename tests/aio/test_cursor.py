"""Cursors as texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumor.aio.cursor import Cursor, Position, cursor_of
from rumor.aio.ranges import Ranges
from rumor.core.errors import UsageError

COUNTS = st.integers(0, (1 << 63) - 1)
POSITIONS = st.builds(Position, st.text(max_size=20), COUNTS, COUNTS, st.lists(st.tuples(COUNTS, COUNTS)).map(tuple))


@given(st.lists(POSITIONS).map(tuple))
def test_a_cursor_survives_being_written(positions: tuple[Position, ...]) -> None:
    """What was written can be read, and says the same."""
    cursor = Cursor(positions)

    assert Cursor.parse(str(cursor)) == cursor


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    """A text from elsewhere is a mistake, whatever it is."""
    try:
        assert str(Cursor.parse(text)).startswith("1.")
    except UsageError as error:
        assert "no cursor" in str(error)  # noqa: PT017 - either is right


@pytest.mark.parametrize("text", ["", "1", "2.kA", "1.!", "1.kZ"])
def test_what_is_no_cursor(text: str) -> None:
    """Nothing, another version, and what is cut are told from a cursor."""
    with pytest.raises(UsageError, match="is no cursor"):
        Cursor.parse(text)


def test_what_was_read_becomes_positions() -> None:
    """A reader in order is as far as it has no gap; one without order keeps what it read above."""
    read = {("ana", 1): Ranges([(1, 5), (8, 9)]), ("bo", 2): Ranges([(3, 4)]), ("cy", 3): Ranges()}

    assert cursor_of(read, exact=False) == Cursor(
        (Position("ana", 1, 5), Position("bo", 2, 0), Position("cy", 3, 0))
    )  # fmt: skip
    assert cursor_of(read, exact=True) == Cursor(
        (Position("ana", 1, 5, ((8, 9),)), Position("bo", 2, 0, ((3, 4),)), Position("cy", 3, 0))
    )
