"""The registry on disk: what was written is there, and a file that can't be used is one clear error."""

import shutil
import sqlite3
from pathlib import Path

import pytest

import rumor
from rumor.aio.registry_file import FILE, RegistryFile
from rumor.core.errors import RumorError, StateError
from rumor.core.seeds.journal import Batch, Kept

ANA = Kept(1, "ana", "10.0.0.1", 4001, 1712345678000, 2, 1712345678.5, "10.0.0.9")
BO = Kept(2, "", "2001:db8::5", 4001, 0, 0, 1712345679.0, "2001:db8::5")
CY = Kept(3, "cy \N{SNOWMAN} 'x'", "10.0.0.3", 4001, (1 << 63) - 1, (1 << 48) - 1, 0.5, "10.0.0.3")


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    """In the order of registration, every field as it was."""
    file = RegistryFile(tmp_path)
    file.write(Batch([CY, BO], []))
    file.write(Batch([ANA], []))
    file.close()

    file = RegistryFile(tmp_path)

    assert list(file.load()) == [ANA, BO, CY]
    file.close()


def test_a_later_entry_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    """And who is gone is gone, known or not."""
    file = RegistryFile(tmp_path / "made" / "by us")
    later = Kept(1, "ana", "10.0.0.1", 4001, 1712345678000, 3, 1712349999.0, "10.0.0.9")
    file.write(Batch([ANA, BO], []))

    file.write(Batch([later], [2, 77]))

    assert list(file.load()) == [later]
    file.close()


def test_a_second_process_is_told_that_the_file_is_taken(tmp_path: Path) -> None:
    """Two seeds that write one list would destroy it."""
    file = RegistryFile(tmp_path)

    with pytest.raises(StateError, match="in use by another process"):
        RegistryFile(tmp_path)

    file.close()
    RegistryFile(tmp_path).close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    (tmp_path / FILE).write_bytes(b"my diary, " * 1000)

    with pytest.raises(StateError, match="can't be used: file is not a database"):
        RegistryFile(tmp_path)

    assert (tmp_path / FILE).read_bytes().startswith(b"my diary")


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE diary (day TEXT)", "PRAGMA user_version = 1", "PRAGMA user_version = 3"]
)
def test_a_database_of_another_kind_is_refused(tmp_path: Path, statement: str) -> None:
    """Another program's, or another version's, is not touched."""
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute(statement)
    connection.close()

    with pytest.raises(StateError, match="another"):
        RegistryFile(tmp_path)


def test_a_broken_database_is_refused(tmp_path: Path) -> None:
    """Bytes that were overwritten are found out at the start, or while it is read."""
    file = RegistryFile(tmp_path)
    file.write(Batch([Kept(n, f"peer {n}", "10.0.0.1", n, 0, 0, 0.0, "") for n in range(1, 5000)], []))
    file.close()
    data = bytearray((tmp_path / FILE).read_bytes())
    data[5000:] = b"\xa5" * (len(data) - 5000)
    (tmp_path / FILE).write_bytes(data)

    with pytest.raises(StateError, match="can't be used"):
        list(RegistryFile(tmp_path).load())


@pytest.mark.parametrize("entry", ["'[1, 2]'", "'no JSON'", "x'ff'"])
def test_an_entry_of_another_form_is_refused(tmp_path: Path, entry: str) -> None:
    """A row that somebody wrote by hand, and wrote wrong."""
    RegistryFile(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute(f"INSERT INTO peers VALUES (1, {entry})")
    connection.commit()
    connection.close()

    with pytest.raises(StateError, match="can't be used"):
        list(RegistryFile(tmp_path).load())


def test_a_directory_that_can_not_be_made_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StateError, match=r"registry\.sqlite3"):
        RegistryFile(tmp_path / "file" / "state")


def test_a_batch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """All or nothing, and the next one is written."""
    file = RegistryFile(tmp_path)
    wrong = Kept(1 << 70, "bo", "10.0.0.2", 4001, 0, 0, 0.0, "")

    with pytest.raises((StateError, OverflowError)):
        file.write(Batch([ANA, wrong], []))

    file.write(Batch([BO], []))
    assert list(file.load()) == [BO]
    file.close()


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_was_taken_away_takes_nothing(tmp_path: Path, *, is_replaced: bool) -> None:
    """What is written to one that has no name any more would be lost with the process, and nobody would know."""
    file = RegistryFile(tmp_path / "state")
    file.write(Batch([ANA], []))
    shutil.rmtree(tmp_path / "state")
    if is_replaced:
        (tmp_path / "state").mkdir()
        (tmp_path / "state" / FILE).touch()

    with pytest.raises(StateError, match="was taken away"):
        file.write(Batch([BO], []))
    file.close()


def test_whom_it_struck_off_is_kept_as_such(tmp_path: Path) -> None:
    """In the place of the entry, so that a crash in between leaves one of the two."""
    struck_off = Kept(1, "ana", "10.0.0.1", 4001, 1712345678000, 2, 1712345999.5, struck_off=True)
    file = RegistryFile(tmp_path)
    file.write(Batch([ANA, BO], []))

    file.write(Batch([struck_off], []))

    assert list(file.load()) == [struck_off, BO]
    file.close()


def test_the_error_is_one_of_ours() -> None:
    """An application catches it with all the others."""
    assert issubclass(StateError, RumorError)
    assert rumor.RumorError is RumorError
