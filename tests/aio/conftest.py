"""What the tests of real sockets share."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from rumor.aio.control import running_nodes


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the nodes of this test are found; short, since the path of a socket may have about 100 characters."""
    with tempfile.TemporaryDirectory(prefix="rumor-") as directory:
        monkeypatch.setenv("XDG_RUNTIME_DIR", directory)
        yield Path(directory)


@pytest.fixture
async def nodes() -> AsyncIterator[AsyncExitStack]:
    """Ends every node that a test started, and holds that nothing is left of them."""
    async with AsyncExitStack() as stack:
        yield stack
    assert running_nodes() == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
