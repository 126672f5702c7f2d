"""What the process tests share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts real processes: `pytest -m "not process"` leaves it out."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.process)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends every process that a test started."""
    with ExitStack() as stack:
        yield stack
