"""The state directory: what a peer keeps for its next life.

One small file, replaced as a whole by a rename: the name if it was made up, the epoch, and contacts. What can't be read
or written is said once, and the peer goes on without it.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from rumor.core.frames import Contact

FILE = "peer.json"

BYTES_MAX = 1 << 20
"""A longer file was not written by us."""

CONTACTS_MAX = 256
"""Contacts kept; the newest."""


class State(msgspec.Struct, frozen=True):
    """What is kept. `epoch` is that of the latest life, 0 for none."""

    name: str = ""
    epoch: int = 0
    contacts: tuple[Contact, ...] = ()


class Store:
    """The state of one peer on disk. `on_trouble` gets what is wrong and the details, once each way."""

    def __init__(self, directory: Path, on_trouble: Callable[[str, str], None]) -> None:
        self._directory = directory
        self._file = directory / FILE
        self._on_trouble = on_trouble
        self._told: set[str] = set()

    def load(self) -> State:
        """The state of the life before; an empty one if there was none, or it can't be read."""
        try:
            with self._file.open("rb") as file:
                data = file.read(BYTES_MAX + 1)
            if len(data) > BYTES_MAX:
                raise ValueError(f"above {BYTES_MAX} bytes")
            return msgspec.json.decode(data, type=State)
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, msgspec.DecodeError, RecursionError) as error:
            self._tell("the state directory can't be read: beginning without it", error)
            return State()

    def save(self, state: State, *, durable: bool = True) -> None:
        """Replace what is kept. After a crash in the middle the state before is still there.

        Not `durable`: it may take the machine a while to write it, which costs no waiting here.
        """
        kept = msgspec.structs.replace(state, contacts=state.contacts[:CONTACTS_MAX])
        draft = self._directory / f"{FILE}.{os.getpid()}"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            draft.replace(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            self._tell("the state directory can't be written: going on without it", error)

    def _tell(self, what: str, error: Exception) -> None:
        if what not in self._told:
            self._told.add(what)
            path = os.fsencode(self._file).decode(errors="replace")
            self._on_trouble(what, f"{path}: {getattr(error, 'strerror', None) or error}")
