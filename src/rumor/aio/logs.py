"""The classic logs: the lines that the original's users can read, and the file that they go to."""

import codecs
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rumor.core.errors import AddressError
from rumor.core.events import (
    DeathReceived,
    DeathReported,
    Event,
    PeerListReceived,
    PeerRegistered,
    Problem,
    RumorHeard,
    RunDelivered,
)
from rumor.core.frames import Lane
from rumor.core.ids import Address
from rumor.core.messages import is_one_line
from rumor.wire import text

SHOWN_BYTES_MAX = 1023
"""Of a longer payload only the beginning is shown: no text of the original is longer."""


def classic_lines(event: Event) -> Iterator[str]:
    """The lines that an event leaves in a classic log; none for what the original does not log.

    A peer's log holds the lists that it got (a heading, then an entry a line), each rumor of others once and the
    reports of dead peers that it sent; a seed's holds the registrations and the reports as they came. What was refused
    is added, in words of ours.
    """
    match event:
        case PeerRegistered(peer):
            yield f"Received Connection -- {peer}"
        case DeathReceived(report) | DeathReported(report):
            yield text.format(report).decode()
        case PeerListReceived(seed, peers):
            yield f"Peer List -- {len(peers)} from seed {seed}"
            yield from map(str, peers)
        case RumorHeard(gossip):
            yield text.format(gossip).decode()
        case RunDelivered(run, own=False, ordered=True) if run.lane == Lane.APP:
            moment = f"{run.timestamp // 1_000_000}.{run.timestamp % 1_000_000:06d}"
            yield from rumor_lines(moment, run.origin, run.first, run.payloads)
        case Problem():
            yield f"Problem -- {problem_text(event)}"
        case _:
            pass


def rumor_lines(moment: str, origin: str, first: int, payloads: Iterable[bytes]) -> Iterator[str]:
    """Rumors in a row as the original would have written them: `<timestamp>:<ip>:<port>:GOSSIP<n>:<text>`."""
    head = f"{moment}:{shown_origin(origin)}:GOSSIP"
    for number, payload in enumerate(payloads, start=first):
        yield f"{head}{number}{shown_tail(payload)}"


def shown_origin(origin: str) -> str:
    """Who said something: an address or another plain name as it is, what could mislead as Python would write it."""
    try:
        return str(Address.parse(origin))
    except AddressError:
        return shown_word(origin)


def shown_word(word: str) -> str:
    """A name as it is if it is plain, without spaces and colons; else as Python would write it."""
    plain = word.isprintable() and not any(mark in word for mark in " :'\"\\")
    return word if plain and word else repr(word)


def shown_tail(payload: bytes) -> str:
    """What follows the number. One line of text stands behind a colon, as in the original.

    Anything else stands behind a space, as Python would write it, so that it can neither be taken for such a line nor
    do anything to a terminal. Of what is long the beginning is shown, and its length.
    """
    is_long = len(payload) > SHOWN_BYTES_MAX
    shown = payload[:SHOWN_BYTES_MAX]
    length = f"… ({len(payload)} bytes)" if is_long else ""
    try:
        line, _ = codecs.utf_8_decode(shown, "strict", not is_long)
    except UnicodeDecodeError:
        return f" {shown!r}{length}"
    if is_one_line(line):
        return f":{line}{length}" if line else ""
    return f" {line!r}{length}"


def problem_text(problem: Problem) -> str:
    """A problem in one line: what, whose, and what more there is to say. What others wrote in it is made harmless."""
    source = f" ({problem.source})" if problem.source else ""
    told = f"{problem.what}{source}: {problem.detail}" if problem.detail else f"{problem.what}{source}"
    return told if is_one_line(told) else repr(told)[1:-1]


class LogFile:
    """A log, appended to line by line. If it can't be written, that is said once, and the node goes on.

    Each line is written at once, so that others can follow it and a crash loses none.
    """

    def __init__(self, path: Path, on_trouble: Callable[[str], None]) -> None:
        self._path = path
        self._on_trouble = on_trouble
        self._told = False

    def begin(self) -> None:
        """Be there, though nothing was said yet."""
        self._append("")

    def write(self, line: str) -> None:
        """Append one line, or several; the file is opened anew each time, so that it may be moved or come back."""
        self._append(f"{line}\n")

    def _append(self, text: str) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            if not self._told:
                self._told = True
                path = os.fsencode(self._path).decode(errors="replace")
                self._on_trouble(f"the log {path} can't be written: {error.strerror}; going on without it")
