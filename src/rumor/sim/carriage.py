"""How frames get from one core to another: as the very bytes of the wire, or by hand in worlds too large for that.

Either way a core gets what it would get from a socket, a run with the bytes that it was made from.
"""

from collections.abc import Iterable
from typing import Protocol, TypeAlias

from rumor.core.frames import Frame, Outgoing, RawRecord, Run, RunRecord
from rumor.wire.frames import decode_run, encode, encode_run
from rumor.wire.framing import FrameReader

Load: TypeAlias = bytes | list[Outgoing]
"""What one write brings on its way."""

CONTROL_BYTES = 64
"""What a frame without a run counts, where it is not encoded; so much is beside a run, too."""

RUNS_KEPT_MAX = 10_000
"""Runs that are known by their bytes, the oldest forgotten first; others are decoded anew."""


class Carriage(Protocol):
    """One way to carry frames."""

    def seal(self, run: Run) -> bytes:
        """The bytes of a run that was just made."""

    def pack(self, frames: list[Outgoing]) -> tuple[Load, int]:
        """What goes on its way, and how many bytes it takes."""

    def unpack(self, reader: FrameReader | None, load: Load) -> list[Frame]:
        """What arrives. Raises BrokenStream."""

    def reader(self) -> FrameReader | None:
        """What one side of a connection reads with."""


class WireCarriage:
    """Encodes and decodes every frame."""

    def __init__(self, frame_bytes_max: int) -> None:
        self._frame_bytes_max = frame_bytes_max

    def seal(self, run: Run) -> bytes:
        """The bytes of a run that was just made."""
        return encode_run(run)

    def pack(self, frames: list[Outgoing]) -> tuple[Load, int]:
        """The frames' bytes."""
        load = encode(frames[0]) if len(frames) == 1 else b"".join(map(encode, frames))
        return load, len(load)

    def unpack(self, reader: FrameReader | None, load: Load) -> list[Frame]:
        """The frames that are whole by these bytes."""
        assert reader is not None
        assert isinstance(load, bytes)
        return reader.feed(load)

    def reader(self) -> FrameReader:
        """Frames may be cut anywhere, so each connection has its own."""
        return FrameReader(self._frame_bytes_max)


class HandCarriage:
    """Hands the frames over as they are; a run is looked up by its bytes instead of decoded."""

    def __init__(self) -> None:
        self._runs: dict[bytes, Run] = {}

    def seal(self, run: Run) -> bytes:
        """The bytes of a run that was just made; it is remembered for them."""
        raw = encode_run(run)
        self._remember(raw, run)
        return raw

    def pack(self, frames: list[Outgoing]) -> tuple[Load, int]:
        """The frames, and about how many bytes they would take."""
        return frames, CONTROL_BYTES * len(frames) + sum(_raw_bytes(frames))

    def unpack(self, reader: FrameReader | None, load: Load) -> list[Frame]:
        """The same frames, a run with its bytes beside it."""
        assert isinstance(load, list)
        return [self._opened(frame) if isinstance(frame, RawRecord) else frame for frame in load]

    def reader(self) -> None:
        """Nothing is ever cut."""

    def _opened(self, record: RawRecord) -> RunRecord:
        raw = record.raw
        run = self._runs.get(raw)
        if run is None:
            self._remember(raw, run := decode_run(raw))
        return RunRecord(record.hops, record.age, record.repair, run, raw)

    def _remember(self, raw: bytes, run: Run) -> None:
        self._runs[raw] = run
        if len(self._runs) > RUNS_KEPT_MAX:
            del self._runs[next(iter(self._runs))]


def _raw_bytes(frames: Iterable[Outgoing]) -> Iterable[int]:
    return (len(frame.raw) for frame in frames if isinstance(frame, RawRecord))
