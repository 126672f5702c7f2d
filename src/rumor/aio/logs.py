"""The classic logs: the lines that the original's users can read, and the file that they go to."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from rumor.core.events import DeathReceived, DeathReported, Event, PeerListReceived, PeerRegistered, Problem, RumorHeard
from rumor.wire import text


def classic_lines(event: Event) -> Iterator[str]:
    """The lines that an event leaves in a classic log; none for what the original does not log.

    A peer's log holds the lists that it got (a heading, then an entry a line), each rumor of others on first receipt
    and the reports of dead peers that it sent; a seed's holds the registrations and the reports as they came. What
    was refused is added, in words of ours.
    """
    match event:
        case PeerRegistered(peer):
            yield f"Received Connection -- {peer}"
        case DeathReceived(report) | DeathReported(report):
            yield text.format(report).decode()
        case PeerListReceived(seed, peers):
            yield f"Peer List -- {len(peers)} from seed {seed}"
            yield from map(str, peers)
        case RumorHeard(gossip, own=False):
            yield text.format(gossip).decode()
        case Problem():
            yield f"Problem -- {problem_text(event)}"
        case _:
            pass


def problem_text(problem: Problem) -> str:
    """A problem in one line: what, whose, and what more there is to say."""
    source = f" ({problem.source})" if problem.source else ""
    return f"{problem.what}{source}: {problem.detail}" if problem.detail else f"{problem.what}{source}"


class LogFile:
    """A log, appended to line by line. If it can't be written, that is said once, and the node goes on.

    Each line is written at once, so that others can follow it and a crash loses none.
    """

    def __init__(self, path: Path, on_trouble: Callable[[str], None]) -> None:
        self._path = path
        self._on_trouble = on_trouble
        self._told = False

    def write(self, line: str) -> None:
        """Append one line; the file is opened anew each time, so that it may be moved away or come back."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        except OSError as error:
            if not self._told:
                self._told = True
                path = os.fsencode(self._path).decode(errors="replace")
                self._on_trouble(f"the log {path} can't be written: {error.strerror}; going on without it")
