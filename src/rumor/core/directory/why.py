"""Why a member is in its state, in one sentence for people."""

from collections.abc import Collection

from rumor.core.directory.evidence import is_evidence
from rumor.core.directory.roster import Entry
from rumor.core.frames import Statement, Verdict
from rumor.core.members import State

_SAID = {
    State.LEFT: "it said that it stops",
    State.AWAY: "it said that it will be away for a while, and come back",
}


def reason_of(entry: Entry, counting: Collection[Statement], *, is_self: bool) -> str:
    """Why; `counting` are the statements that this node believes."""
    if entry.state in _SAID:
        return _SAID[entry.state]
    if is_self:
        return "this is the node that was asked"
    if entry.state is State.DEAD:
        return _why_dead([each for each in counting if is_evidence(each)])
    if entry.state is State.SUSPECT:
        return _why_suspect([each for each in counting if is_evidence(each)], len(counting))
    if entry.statements:
        return f"only {_these(entry.statements)} doubted it, after being refuted too often to be believed"
    return "it said so in its Hello" if entry.heard else "it says so, and nobody doubts it"


def _why_dead(evidence: list[Statement]) -> str:
    if len(evidence) > 1:
        return f"{_these(evidence)} found it so"
    (lone,) = evidence
    others = sorted({*lone.watchers} - {lone.accuser, lone.name})
    if not others:
        return f"{lone.accuser} found it so, and nobody else watched it"
    return f"{lone.accuser} found it so, and all others that watched it are gone: {', '.join(others)}"


def _why_suspect(evidence: list[Statement], doubts: int) -> str:
    if not evidence:
        return f"{doubts} {'peer hears' if doubts == 1 else 'peers hear'} nothing of it; it may still answer"
    (lone,) = evidence
    if lone.verdict is Verdict.UNREACHABLE:
        return f"{lone.accuser} can't reach it; it takes another peer that finds it so"
    return f"{lone.accuser} found it dead, but others watched it, too: it takes one of them, or another peer"


def _these(statements: Collection[Statement]) -> str:
    return " and ".join(sorted(each.accuser for each in statements))
