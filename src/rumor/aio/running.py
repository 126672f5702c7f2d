"""Which nodes run on this machine, and where their control sockets are: one small file a node in a private directory.

    $XDG_RUNTIME_DIR/rumor, or <temporary directory>/rumor-<user>     0700
        <process>-<port>.json    address, name, role, socket, state directory: from the node's start to its end
        <process>-<port>.sock    the socket, if the node has no state directory, or one with too long a path

A crash leaves its files behind. Whoever looks removes those whose socket nobody listens on.
"""

import contextlib
import os
import socket
import stat
import tempfile
from pathlib import Path

import msgspec

SOCKET = "control.sock"
"""The socket's name in a state directory."""

PATH_BYTES_MAX = 100
"""A longer path is not taken for a socket: Linux takes 107 bytes, others 103."""

BYTES_MAX = 1 << 16
"""A longer file was not written by us."""

PATIENCE = 1.0
"""Seconds that a node may take to accept; a local one takes none."""


class Running(msgspec.Struct, frozen=True):
    """A node that runs here. `state` is None without a state directory. All paths are absolute."""

    role: str
    address: str
    name: str
    socket: Path
    state: Path | None


class _Note(msgspec.Struct, frozen=True):
    """The same, as the file has it."""

    pid: int
    address: str
    name: str
    socket: str
    state: str | None = None
    role: str = "peer"


class Place:
    """The files of one node: its socket, and the note on it. Raises OSError for a directory that is not private."""

    def __init__(self, port: int, state: Path | None) -> None:
        directory = _directory()
        stem = f"{os.getpid()}-{port}"
        self._note = directory / f"{stem}.json"
        self._state = state.absolute() if state is not None else None
        in_state = self._state / SOCKET if self._state is not None else None
        fits = in_state is not None and len(os.fsencode(in_state)) <= PATH_BYTES_MAX
        self.socket = in_state if in_state is not None and fits else directory / f"{stem}.sock"

    def listener(self) -> socket.socket:
        """The socket, for this user alone. What a crash left there is replaced. Raises OSError."""
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        if _answers(self.socket):
            raise FileExistsError(f"{self.socket}: another node listens there")
        self.socket.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.setblocking(False)
            listener.bind(os.fspath(self.socket))
            self.socket.chmod(0o600)  # before it listens: nobody can have connected yet
            listener.listen()
        except BaseException:
            listener.close()
            raise
        return listener

    def announce(self, role: str, address: str, name: str) -> None:
        """Let others find the node. Raises OSError."""
        state = os.fspath(self._state) if self._state is not None else None
        note = _Note(os.getpid(), address, name, os.fspath(self.socket), state, role)
        draft = self._note.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(note))
        draft.replace(self._note)

    def withdraw(self) -> None:
        """Let nobody find it any more."""
        for path in (self._note, self.socket):
            with contextlib.suppress(OSError):
                path.unlink()


def running_nodes() -> list[Running]:
    """The nodes of this user that run here, by address. What crashed ones left behind is removed."""
    try:
        directory = _directory()
        notes = sorted(directory.glob("*.json"))
    except OSError:
        return []
    nodes = []
    for path in notes:
        note = _read(path)
        if note is None:
            continue
        if _answers(Path(note.socket)):
            state = Path(note.state) if note.state is not None else None
            nodes.append(Running(note.role, note.address, note.name, Path(note.socket), state))
        else:
            for stale in (path, path.with_suffix(".sock")):
                with contextlib.suppress(OSError):
                    stale.unlink()
    return sorted(nodes, key=lambda node: node.address)


def _directory() -> Path:
    """Where the notes are. Raises OSError if it can't be made, or is somebody else's."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    directory = Path(runtime) / "rumor" if runtime else Path(tempfile.gettempdir()) / f"rumor-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{directory}: must be a directory that only its owner can open (mode 0700)")
    return directory


def _read(path: Path) -> _Note | None:
    """A note; None for what is none, or is gone."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
        return msgspec.json.decode(data, type=_Note) if len(data) <= BYTES_MAX else None
    except (OSError, ValueError, msgspec.DecodeError, RecursionError):
        return None


def _answers(path: Path) -> bool:
    """Whether somebody listens on a socket. One that is too busy to accept does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as visitor:
        visitor.settimeout(PATIENCE)
        try:
            visitor.connect(os.fspath(path))
        except (BlockingIOError, TimeoutError):
            return True
        except OSError:
            return False
    return True
