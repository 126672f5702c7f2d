"""`--json`: events as objects, one a line. Fields may be added later; none is changed."""

import base64
import re
from typing import Any

import msgspec

from rumor.aio.objects import change_object, lost_object, payload_object, reach_object
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

Fields = dict[str, Any]

_RAW = re.compile("[\x7f-\x9f\u2028\u2029]")
"""What JSON leaves as it is, although a terminal may obey it, or a reader take it for the end of a line."""


def line(name: str, at: float, node: str, fields: Fields) -> str:
    """One object: what happened, when (seconds since 1970), at which node, and what belongs to it."""
    return encode({"event": name, "at": at, "node": node, **fields})


def run_lines(run: Run, at: float, node: str, *, own: bool = False) -> str:
    """An object a line for each rumor of a run. What they have in common is written once: there may be millions."""
    head = encode({"event": "rumor", "at": at, "node": node, "origin": run.origin})[:-1]
    common = {"timestamp": run.timestamp, "topic": run.topic, "epoch": run.epoch, "own": own}
    middle = encode(common)[1:-1]
    return "\n".join(
        f'{head},"number":{number},{middle},{encode(payload_object(payload))[1:]}'
        for number, payload in enumerate(run.payloads, start=run.first)
    )


def fields_of(event: Event) -> tuple[str, Fields] | None:
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
            return "accused", accused_fields(event)
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


def accused_fields(accused: Accused) -> Fields:
    """What we found of a member that does not answer."""
    return {
        "name": accused.name,
        "verdict": accused.verdict.name.lower(),
        "misses": accused.misses,
        "relays": accused.relays,
        "silent": accused.silent,
        "late": accused.late,
    }


def payload_of(fields: Fields) -> bytes:
    """The payload that `payload_object` told."""
    if "payload_base64" in fields:
        return base64.b64decode(fields["payload_base64"])
    return str(fields["payload"]).encode()


def encode(value: object) -> str:
    """A value on one line, which a terminal can't take for anything else."""
    text = msgspec.json.encode(value).decode()
    return _RAW.sub(lambda match: f"\\u{ord(match[0]):04x}", text) if _RAW.search(text) else text
