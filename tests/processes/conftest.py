"""What the process tests share."""

import tempfile
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


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the nodes of a test find each other: apart from those of other tests, and from a user's own.

    Short, since the path of a socket may have about 100 characters.
    """
    with tempfile.TemporaryDirectory(prefix="rumor-") as directory:
        monkeypatch.setenv("XDG_RUNTIME_DIR", directory)
        yield Path(directory)
