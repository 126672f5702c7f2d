"""What the tests of real sockets share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the nodes of this test are found; short, since the path of a socket may have about 100 characters."""
    with tempfile.TemporaryDirectory(prefix="rumor-") as directory:
        monkeypatch.setenv("XDG_RUNTIME_DIR", directory)
        yield Path(directory)
