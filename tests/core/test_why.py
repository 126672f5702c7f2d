"""Why: the sentence that people read."""

import pytest

from rumor.core.directory.claims import bucket_of
from rumor.core.directory.roster import Entry
from rumor.core.directory.why import reason_of
from rumor.core.frames import Claim, Standing, Statement, Verdict
from rumor.core.members import State

from .helpers import ANA


def found(accuser: str, verdict: Verdict = Verdict.REFUSED, *watchers: str) -> Statement:
    """What somebody found."""
    return Statement("vic", 1, 0, accuser, verdict, watchers=watchers)


@pytest.mark.parametrize(
    ("state", "statements", "reason"),
    [
        (State.ALIVE, (), "it says so, and nobody doubts it"),
        (State.LEFT, (found("ana"),), "it said that it stops"),
        (State.AWAY, (), "it said that it will be away for a while, and come back"),
        (State.DEAD, (found("cy"), found("ana"), found("bo", Verdict.SUSPECT)), "ana and cy found it so"),
        (State.DEAD, (found("ana"),), "ana found it so, and nobody else watched it"),
        (
            State.DEAD,
            (found("ana", Verdict.SILENT, "cy", "bo", "ana"),),
            "ana found it so, and all others that watched it are gone: bo, cy",
        ),
        (
            State.SUSPECT,
            (found("ana", Verdict.SUSPECT),),
            "1 peer hears nothing of it; it may still answer",
        ),
        (
            State.SUSPECT,
            (found("ana", Verdict.SUSPECT), found("bo", Verdict.SUSPECT)),
            "2 peers hear nothing of it; it may still answer",
        ),
        (
            State.SUSPECT,
            (found("ana", Verdict.UNREACHABLE),),
            "ana can't reach it; it takes another peer that finds it so",
        ),
        (
            State.SUSPECT,
            (found("ana", Verdict.SILENT, "bo"), found("bo", Verdict.SUSPECT)),
            "ana found it dead, but others watched it, too: it takes one of them, or another peer",
        ),
    ],
)  # fmt: skip
def test_the_reason_says_what_decided(state: State, statements: tuple[Statement, ...], reason: str) -> None:
    """Who found it so, and whether that suffices."""
    entry = Entry(Claim("vic", 1, 0, Standing.ALIVE, ANA), bucket_of("vic"), False, statements, state)

    assert reason_of(entry, statements, is_self=False) == reason


def test_who_is_known_by_a_hello_alone_is_alive_by_it() -> None:
    """Its own claim has not come."""
    entry = Entry(Claim("vic", 1, 0, Standing.ALIVE, ANA), bucket_of("vic"), True)

    assert reason_of(entry, (), is_self=False) == "it said so in its Hello"
