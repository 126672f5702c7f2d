"""`--json`: events as objects, one a line. Fields may be added later; none is changed."""

import base64
from typing import Any

import msgspec

from rumor.aio.api import rumor_of
from rumor.core.events import (
    DeathReceived,
    DeathReported,
    Event,
    NeighborDown,
    NeighborUp,
    PeerListReceived,
    PeerRegistered,
    Problem,
    Registered,
    RumorHeard,
    Strike,
)

Fields = dict[str, Any]


def line(name: str, at: float, node: str, fields: Fields) -> str:
    """One object: what happened, when (seconds since 1970), at which node, and what belongs to it."""
    return msgspec.json.encode({"event": name, "at": at, "node": node, **fields}).decode()


def fields_of(event: Event) -> tuple[str, Fields] | None:
    """An event's name and fields; None for what is not told."""
    match event:
        case Registered(seed, renewed):
            return "registered", {"seed": str(seed), "renewed": renewed}
        case PeerRegistered(peer, new):
            return "registration", {"peer": str(peer), "new": new}
        case PeerListReceived(seed, peers):
            return "peer_list", {"seed": str(seed), "peers": [str(peer) for peer in peers]}
        case NeighborUp(neighbor, reason):
            return "neighbor_up", {"neighbor": str(neighbor), "reason": reason.name.lower()}
        case NeighborDown(neighbor, reason):
            return "neighbor_down", {"neighbor": str(neighbor), "reason": reason.name.lower()}
        case RumorHeard():
            return "rumor", _rumor_fields(event)
        case Strike(neighbor, count):
            return "strike", {"neighbor": str(neighbor), "count": count}
        case DeathReported(report, reported_to):
            return "dead", {"peer": str(report.peer), "reported_to": [str(seed) for seed in reported_to]}
        case DeathReceived(report, listed):
            return "dead_report", {"peer": str(report.peer), "reporter": report.reporter, "listed": listed}
        case Problem(what, source, detail):
            return "error", {"message": what, "source": source, "detail": detail}
        case _:
            return None


def _rumor_fields(event: RumorHeard) -> Fields:
    rumor = rumor_of(event.gossip)
    fields = {"origin": rumor.origin, "number": rumor.number, "timestamp": rumor.timestamp, "topic": rumor.topic}
    return {**fields, **payload_fields(rumor.payload)}


def payload_fields(payload: bytes) -> Fields:
    """A payload as text, or in base64 where it isn't UTF-8."""
    try:
        return {"payload": payload.decode()}
    except UnicodeDecodeError:
        return {"payload_base64": base64.b64encode(payload).decode()}
