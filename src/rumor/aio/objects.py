"""What a peer tells, as JSON objects. Fields may be added, none is changed."""

import base64
from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from rumor.aio.rumors import Lost, Run
from rumor.core.frames import Statement
from rumor.core.ids import Address
from rumor.core.members import Change, Member, Reach, Why

Object: TypeAlias = dict[str, Any]


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


def rumor_objects(run: Run) -> Iterator[Object]:
    """The rumors of a run."""
    for number, payload in enumerate(run.payloads, start=run.first):
        yield {
            "origin": run.origin,
            "number": number,
            "timestamp": run.timestamp,
            "topic": run.topic,
            "epoch": run.epoch,
            "own": False,
            **payload_object(payload),
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


def plain(value: object) -> Any:
    """Any of our frozen values as JSON has it: structs as objects, addresses as text."""
    if isinstance(value, Address):
        return str(value)
    if isinstance(value, msgspec.Struct):
        return {field: plain(getattr(value, field)) for field in value.__struct_fields__}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
