"""The state directory: what is kept for a next life, and what happens when it can't be."""

from pathlib import Path

import pytest

from rumor.aio.store import BYTES_MAX, CONTACTS_MAX, FILE, State, Store
from rumor.core.frames import Contact
from rumor.core.ids import Address

STATE = State("ana", 7, (Contact("bo", Address("127.0.0.1", 4001)),))


class Kept:
    """A store, and what troubled it."""

    def __init__(self, directory: Path) -> None:
        self.troubles: list[tuple[str, str]] = []
        self.store = Store(directory, lambda *trouble: self.troubles.append(trouble))


@pytest.mark.parametrize("durable", [True, False])
def test_what_was_saved_is_there(tmp_path: Path, *, durable: bool) -> None:
    """A later life reads what the one before wrote; nothing else is left in the directory."""
    kept = Kept(tmp_path / "new" / "directory")

    kept.store.save(State())
    kept.store.save(STATE, durable=durable)

    assert kept.store.load() == STATE
    assert [file.name for file in (tmp_path / "new" / "directory").iterdir()] == [FILE]
    assert kept.troubles == []


def test_a_first_life_has_nothing(tmp_path: Path) -> None:
    """No file is no trouble."""
    kept = Kept(tmp_path)

    assert kept.store.load() == State()
    assert kept.troubles == []


@pytest.mark.parametrize("data", [b"", b"{", b'{"epoch": "7"}', b"[]", b" " * (BYTES_MAX + 1), b"\xff", b"[" * 100_000])
def test_what_can_not_be_read_is_said(tmp_path: Path, data: bytes) -> None:
    """A file that is none of ours is said once, and the peer begins without it."""
    (tmp_path / FILE).write_bytes(data)
    kept = Kept(tmp_path)

    assert kept.store.load() == State()
    assert kept.store.load() == State()

    assert [what for what, _ in kept.troubles] == ["the state directory can't be read: beginning without it"]


def test_what_can_not_be_written_is_said_once(tmp_path: Path) -> None:
    """A full disk, or a file in the way: one Problem, and the peer goes on."""
    (tmp_path / "file").write_bytes(b"")
    kept = Kept(tmp_path / "file")

    kept.store.save(STATE)
    kept.store.save(STATE)

    assert [what for what, _ in kept.troubles] == ["the state directory can't be written: going on without it"]


def test_contacts_are_bounded(tmp_path: Path) -> None:
    """The newest are kept."""
    contacts = tuple(Contact(f"peer-{port}", Address("127.0.0.1", port)) for port in range(1, CONTACTS_MAX + 10))
    kept = Kept(tmp_path)

    kept.store.save(State("ana", 7, contacts))

    assert kept.store.load().contacts == contacts[:CONTACTS_MAX]
