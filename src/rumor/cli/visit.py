"""A visit: a peer that joins for one purpose and leaves again. What it says of itself goes to standard error."""

import sys

import msgspec

from rumor.aio.api import Peer
from rumor.aio.logs import problem_text
from rumor.cli.options import Ways
from rumor.core.events import Event, Problem
from rumor.core.ids import Address


class VisitOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says of a visitor."""

    bind: Address
    ways: Ways
    network: str
    insecure: bool
    json: bool


def visitor(options: VisitOptions) -> Peer:
    """The peer, not started yet. What is in its way is said on standard error."""
    return Peer(
        options.bind,
        seeds=options.ways.seeds,
        join=options.ways.join,
        network=options.network,
        insecure=options.insecure,
        on_event=_on_event,
    )


def note(text: str) -> None:
    """Say a line on standard error."""
    print(f"rumor: {text}", file=sys.stderr, flush=True)


def _on_event(event: Event) -> None:
    if isinstance(event, Problem):
        note(problem_text(event))
