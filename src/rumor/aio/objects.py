"""What a node tells, as JSON: to scripts by `--json`, to programs over its control socket, to the programs it starts.

    event, run, member ... --> object --encode--> one line, which a terminal can't take for anything else

Rule: fields and events may be added, none is changed.
"""

import base64
import re
from typing import Any, TypeAlias

import msgspec

from rumor.aio.rumors import Lost, Run
from rumor.core.events import (
    Accused,
    DeathReceived,
    DeathReported,
    Event,
    MemberChanged,
    NeighborDown,
    NeighborUp,
    PeerListReceived,
    PeerRegistered,
    PeerStruckOff,
    Problem,
    ReachChanged,
    Registered,
    RumorsLost,
    SelfRefuted,
    Strike,
    TwoLives,
)
from rumor.core.frames import Statement
from rumor.core.ids import Address
from rumor.core.members import Change, Member, Reach, Why

Object: TypeAlias = dict[str, Any]

_RAW = re.compile("[\x7f-\x9f\u2028\u2029]")
"""What JSON leaves as it is, although a terminal may obey it, or a reader take it for the end of a line."""


def encode(value: object) -> str:
    """A value on one line, which a terminal can't take for anything else."""
    text = msgspec.json.encode(value).decode()
    return _RAW.sub(lambda match: f"\\u{ord(match[0]):04x}", text) if _RAW.search(text) else text


def line(name: str, at: float, node: str, fields: Object) -> str:
    """An event on one line: what happened, when (seconds since 1970), at which node, and what belongs to it."""
    return encode({"event": name, "at": at, "node": node, **fields})


def run_lines(run: Run, at: float, node: str, *, own: bool = False) -> str:
    """A line for each rumor of a run. What they have in common is written once: there may be millions."""
    head = encode({"event": "rumor", "at": at, "node": node, "origin": run.origin})[:-1]
    common = {"timestamp": run.timestamp, "topic": run.topic, "epoch": run.epoch, "own": own}
    middle = encode(common)[1:-1]
    return "\n".join(
        f'{head},"number":{number},{middle},{encode(payload_object(payload))[1:]}'
        for number, payload in enumerate(run.payloads, start=run.first)
    )


def fields_of(event: Event) -> tuple[str, Object] | None:
    """An event's name and fields; None for what is not told, and for rumors, which `run_lines` tells."""
    match event:
        case Registered(seed, renewed):
            return "registered", {"seed": str(seed), "renewed": renewed}
        case PeerRegistered(peer, new):
            return "registration", {"peer": str(peer), "new": new}
        case PeerListReceived(seed, peers):
            return "peer_list", {"seed": str(seed), "peers": [str(peer) for peer in peers]}
        case NeighborUp(neighbor, reason, name):
            return "neighbor_up", {"neighbor": str(neighbor), "reason": reason.name.lower(), "name": name}
        case NeighborDown(neighbor, reason, name):
            return "neighbor_down", {"neighbor": str(neighbor), "reason": reason.name.lower(), "name": name}
        case RumorsLost():
            return "lost", lost_object(Lost(event.origin, event.epoch, event.first, event.last, event.reason))
        case Strike(neighbor, count):
            return "strike", {"neighbor": str(neighbor), "count": count}
        case DeathReported(report, reported_to):
            return "dead", {"peer": str(report.peer), "reported_to": [str(seed) for seed in reported_to]}
        case DeathReceived(report, listed):
            return "dead_report", {"peer": str(report.peer), "reporter": report.reporter, "listed": listed}
        case MemberChanged(change):
            return "member", change_object(change)
        case ReachChanged(reach):
            return "reach", reach_object(reach)
        case Accused():
            return "accused", accused_object(event)
        case SelfRefuted(accusers, incarnation):
            return "refuted", {"accusers": list(accusers), "incarnation": incarnation}
        case PeerStruckOff(peer, name):
            return "struck_off", {"peer": str(peer), "name": name}
        case TwoLives(name, epoch):
            return "two_lives", {"name": name, "epoch": epoch}
        case Problem(what, source, detail):
            return "error", {"message": what, "source": source, "detail": detail}
        case _:
            return None


def member_object(member: Member) -> Object:
    """A member, as it is."""
    return {
        "name": member.name,
        "address": str(member.address),
        "state": member.state.value,
        "epoch": member.epoch,
        "incarnation": member.incarnation,
        "tags": dict(member.tags),
        "since": member.since,
    }


def change_object(change: Change) -> Object:
    """A member as it is now, and its state before; null for one that was not known."""
    before = change.before.state.value if change.before is not None else None
    return {**member_object(change.member), "before": before}


def reach_object(reach: Reach) -> Object:
    """How many members are on our side."""
    return {"here": reach.here, "known": reach.known, "parted": reach.parted, "since": reach.since}


def why_object(why: Why) -> Object:
    """Why a member is in its state."""
    return {
        "member": member_object(why.member),
        "reason": why.reason,
        "statements": [statement_object(statement) for statement in why.statements],
    }


def statement_object(statement: Statement) -> Object:
    """What one member found of another; times in seconds."""
    return {
        "accuser": statement.accuser,
        "verdict": statement.verdict.name.lower(),
        "epoch": statement.epoch,
        "incarnation": statement.incarnation,
        "misses": statement.misses,
        "relays": statement.relays,
        "silent": statement.silent_ms / 1000,
        "late": statement.late_ms / 1000,
        "watchers": list(statement.watchers),
    }


def accused_object(accused: Accused) -> Object:
    """What we found of a member that does not answer; times in seconds."""
    return {
        "name": accused.name,
        "verdict": accused.verdict.name.lower(),
        "misses": accused.misses,
        "relays": accused.relays,
        "silent": accused.silent,
        "late": accused.late,
    }


def lost_object(lost: Lost) -> Object:
    """Which rumors will not come any more, and why."""
    reason = lost.reason.name.lower()
    return {"origin": lost.origin, "epoch": lost.epoch, "first": lost.first, "last": lost.last, "reason": reason}


def payload_object(payload: bytes) -> Object:
    """A payload as text, or in base64 where it isn't UTF-8."""
    try:
        return {"payload": payload.decode()}
    except UnicodeDecodeError:
        return {"payload_base64": base64.b64encode(payload).decode()}


def payload_of(told: Object) -> bytes:
    """The payload that `payload_object` told."""
    if "payload_base64" in told:
        return base64.b64decode(told["payload_base64"])
    return str(told["payload"]).encode()


def plain(value: object) -> Any:
    """Any of our frozen values as JSON has it: structs as objects, addresses as text."""
    if isinstance(value, Address):
        return str(value)
    if isinstance(value, msgspec.Struct):
        return {field: plain(getattr(value, field)) for field in value.__struct_fields__}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
