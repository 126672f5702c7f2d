"""The registry on disk: one SQLite database in the seed's state directory, in write-ahead mode.

A batch is one transaction, on disk (fsync) when `write` returns: a process that is killed, or a machine that loses its
power, keeps every batch that was written before. One process at a time has the file; a second one is told so.

Entries lie in the order of registration under their number, so that new ones are appended, and a restart reads them in
a row. Each is one JSON array of the fields of `Kept`: a million of them are read in half the time that columns take.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rumor.core.errors import StateError
from rumor.core.seeds.journal import Batch, Kept

FILE = "registry.sqlite3"

VERSION = 2
"""Of the table's form; a file of another one is not touched."""

ROWS_AT_ONCE = 1_000

TABLE = "CREATE TABLE IF NOT EXISTS peers (number INTEGER PRIMARY KEY, entry TEXT NOT NULL)"

_ENTRIES = msgspec.json.Decoder(list[Kept])


class RegistryFile:
    """The registry of one seed on disk. Its calls may come from any thread, one at a time.

    Raises StateError if the file can't be used: broken, of another kind or version, or another process has it.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise self._trouble(error) from error
        try:
            self._begin()
            self._stat = os.stat(self._path)
        except (OSError, sqlite3.Error) as error:
            self._connection.close()
            raise self._trouble(error) from error
        except BaseException:
            self._connection.close()
            raise

    def load(self) -> Iterator[Kept]:
        """All entries, in the order of registration. Raises StateError in the midst of them if the file is broken."""
        try:
            cursor = self._connection.execute("SELECT entry FROM peers ORDER BY number")
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield from _ENTRIES.decode(f"[{','.join([entry for (entry,) in rows])}]")
        except (sqlite3.Error, msgspec.DecodeError, TypeError) as error:
            raise self._trouble(error) from error

    def write(self, batch: Batch) -> None:
        """Put a batch on disk, as a whole. Raises StateError when that fails; nothing of it is there then.

        So it does when the file was taken away: what is written to one without a name is lost with us.
        """
        try:
            is_there = os.path.samestat(os.stat(self._path), self._stat)
        except OSError:
            is_there = False
        if not is_there:
            raise StateError(f"{self._path} was taken away: stop this seed, and start it again")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                rows = [(entry.order, msgspec.json.encode(entry).decode()) for entry in batch.entries]
                self._connection.executemany("INSERT OR REPLACE INTO peers VALUES (?, ?)", rows)
                self._connection.executemany("DELETE FROM peers WHERE number = ?", ((gone,) for gone in batch.gone))
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk may have ended the transaction already
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _begin(self) -> None:
        """Take the file for ourselves, and see whether it is what we wrote."""
        execute = self._connection.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("BEGIN EXCLUSIVE")
        (version,) = execute("PRAGMA user_version").fetchone()
        (tables,) = execute("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").fetchone()
        if version != VERSION and (version or tables):
            raise StateError(f"{self._path} was written by another program, or by another version of this one")
        execute(TABLE)
        execute(f"PRAGMA user_version = {VERSION}")
        execute("COMMIT")

    def _trouble(self, error: Exception) -> StateError:
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return StateError(f"{self._path} is in use by another process")
        return StateError(f"the registry {self._path} can't be used: {error}")
