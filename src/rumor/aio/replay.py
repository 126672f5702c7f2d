"""Looking back: what a subscriber wants of the runs that the message list retains.

`wanted` says which rumors of each life are to be told. `replay` tells them, oldest first, in order for each life, takes
what it told out of `wanted`, and gives as Lost what is no longer retained. It can be stopped after any item and begun
anew with what is left.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from rumor.aio.cores import Heads, Retained
from rumor.aio.cursor import Cursor, Life, Position
from rumor.aio.ranges import Ranges
from rumor.aio.rumors import Lost
from rumor.aio.topics import Matches
from rumor.core.events import LostReason
from rumor.core.frames import Run, StreamId

Decode: TypeAlias = Callable[[bytes], Run]
Wanted: TypeAlias = dict[Life, Ranges]


def life_of(stream: StreamId) -> Life:
    """Whose rumors a stream has."""
    return stream[0], stream[1]


def read_of(position: Position) -> Ranges:
    """The rumors that a cursor counts as read."""
    return Ranges(((1, position.number), *position.above))


def part_of(run: Run, first: int, last: int) -> Run:
    """The rumors `first` to `last` of a run."""
    if (first, last) == (run.first, run.last):
        return run
    return msgspec.structs.replace(run, first=first, payloads=run.payloads[first - run.first : last - run.first + 1])


def wanted_after(cursor: Cursor, heads: Heads, retained: Sequence[Retained], *, unordered: bool) -> Wanted:
    """What has come since a cursor was taken, as far as it can be known here.

    Of a life that the cursor does not know everything is wanted that is retained, and all from its first rumor on if
    the cursor knows another life of the same origin. What lies above a hole is wanted only by who reads unordered:
    others get it in time.
    """
    positions = {(position.origin, position.epoch): position for position in cursor.positions}
    known = {position.origin for position in cursor.positions}
    wanted: Wanted = {}
    for stream, (last, first) in heads.items():
        life = life_of(stream)
        begins = 1 if life in positions or life[0] in known else first
        wanted[life] = Ranges(((begins, last),))
    if unordered:
        for item in retained:
            if item.last > heads.get(item.stream, (0, 0))[0]:
                wanted.setdefault(life_of(item.stream), Ranges()).add(item.first, item.last)
    for life, position in positions.items():
        for first, last in read_of(position):
            wanted.get(life, Ranges()).discard(first, last)
    return {life: ranges for life, ranges in wanted.items() if ranges}


def wanted_last(count: int, matches: Matches | None, heads: Heads, retained: Sequence[Retained]) -> Wanted:
    """The latest so many rumors, as far as they are retained; none that lies above a hole."""
    wanted: Wanted = {}
    told: set[tuple[StreamId, int]] = set()
    for item in reversed(retained):
        if count <= 0:
            break
        head, _ = heads.get(item.stream, (0, 0))
        meant = matches is None or matches(item.topic)
        if not meant or item.last > head or (item.stream, item.first) in told:
            continue  # the last condition: one of the parts of a long payload
        told.add((item.stream, item.first))
        first = max(item.first, item.last - count + 1)
        wanted.setdefault(life_of(item.stream), Ranges()).add(first, item.last)
        count -= item.last - first + 1
    return wanted


def replay(
    retained: Sequence[Retained], wanted: Wanted, matches: Matches | None, decode: Decode, reason: LostReason
) -> Iterator[Run | Lost]:
    """Tell what is wanted. What is not meant is passed over."""
    runs = [item for item in retained if life_of(item.stream) in wanted]
    of_stream: dict[StreamId, list[Retained]] = {}
    for item in runs:
        of_stream.setdefault(item.stream, []).append(item)
    in_order = {stream: iter(sorted(items, key=lambda item: item.number)) for stream, items in of_stream.items()}
    pieces: dict[StreamId, list[bytes]] = {}
    for arrived in runs:
        item = next(in_order[arrived.stream])
        ranges = wanted[life_of(item.stream)]
        if not ranges.within(item.first, item.last):
            continue
        meant = matches is None or bool(matches(item.topic))
        run = _whole(decode(item.raw), pieces.setdefault(item.stream, [])) if meant else None
        if meant and run is None:
            continue
        yield from _lost(life_of(item.stream), ranges, item.first, reason)
        for first, last in ranges.within(item.first, item.last):
            ranges.discard(first, last)
            if run is not None:
                yield part_of(run, first, last)
    for life, ranges in wanted.items():
        yield from _lost(life, ranges, max((last for _, last in ranges), default=0) + 1, reason)
    wanted.clear()


def _lost(life: Life, ranges: Ranges, number: int, reason: LostReason) -> Iterator[Lost]:
    """What is wanted below a number and was not found is gone."""
    for first, last in ranges.below(number):
        ranges.discard(first, last)
        yield Lost(*life, first, last, reason)


def _whole(run: Run, pieces: list[bytes]) -> Run | None:
    """The run, whole if it is the last part of a long payload whose other parts came before it; else None."""
    if run.parts == 1:
        return run
    if run.part != len(pieces):
        pieces.clear()
    if run.part == len(pieces):
        pieces.append(run.payloads[0])
    if len(pieces) < run.parts:
        return None
    payload = b"".join(pieces)
    pieces.clear()
    return msgspec.structs.replace(run, payloads=[payload], part=0, parts=1)
