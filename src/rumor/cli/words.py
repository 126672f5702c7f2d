"""What people read of events: the classic log's lines, and around them who came, who went, and what is in the way.

Pure: an event in, its lines, its colour and its level out. What strangers chose is made harmless.
"""

import enum
from collections.abc import Mapping

from rumor.aio.logs import classic_lines, rumor_lines, shown_origin, shown_tail, shown_word
from rumor.aio.rumors import Lost, Run
from rumor.core.events import (
    Accused,
    DeathReceived,
    DeathReported,
    Event,
    MemberChanged,
    NeighborDown,
    NeighborUp,
    PeerStruckOff,
    Problem,
    ReachChanged,
    Registered,
    RumorHeard,
    RumorsLost,
    RunDelivered,
    SelfRefuted,
    Strike,
    TwoLives,
)
from rumor.core.members import Change, Reach, State


class Level(enum.IntEnum):
    """How much an event matters to people."""

    DEBUG = 0
    INFO = 1
    WARNING = 2
    ERROR = 3


def readable_lines(event: Event) -> list[str]:
    """What people read of an event: more than the classic log holds."""
    match event:
        case Registered(seed, renewed):
            return [f"Registered -- with seed {seed}{', again' * renewed}"]
        case NeighborUp(neighbor, reason, name):
            return [f"Neighbor -- {shown_node(str(neighbor), name)}: {reason.value}"]
        case NeighborDown(neighbor, reason, name):
            return [f"Neighbor Lost -- {shown_node(str(neighbor), name)}: {reason.value}"]
        case Strike(neighbor, count):
            return [f"Strike {count} -- {neighbor} did not answer"]
        case MemberChanged(change):
            return [change_line(change)]
        case ReachChanged(reach):
            return [reach_line(reach)]
        case Accused(name, verdict):
            return [f"Accused -- {shown_origin(name)}: {verdict.name.lower()}"]
        case SelfRefuted(accusers):
            return [f"Refuted -- we live; doubted by {', '.join(map(shown_origin, accusers))}"]
        case PeerStruckOff(peer, name):
            return [f"Struck Off -- {shown_node(str(peer), name)} did not answer"]
        case RunDelivered(run, own=True):
            topic = shown_topic(run.topic)
            said = enumerate(run.payloads, start=run.first)
            return [f"Said -- {topic}GOSSIP{number}{shown_tail(payload)}" for number, payload in said]
        case RunDelivered(run):
            return [f"{shown_topic(run.topic)}{line}" for line in classic_lines(event)]
        case RumorsLost():
            return [lost_line(event)]
        case TwoLives(name):
            return [f"Two Lives -- another process lives as {shown_origin(name)}: this one says nothing more"]
        case _:
            return list(classic_lines(event))


def run_lines(run: Run) -> list[str]:
    """A run of others as `readable_lines` shows it."""
    topic = shown_topic(run.topic)
    return [f"{topic}{line}" for line in rumor_lines(f"{run.timestamp:.6f}", run.origin, run.first, run.payloads)]


def change_line(change: Change) -> str:
    """What became of a member."""
    member, before = change.member, change.before
    shown = f"Member -- {shown_node(str(member.address), member.name)}: {member.state.value}"
    if before is not None and before.state is not member.state:
        return f"{shown} (was {before.state.value})"
    if member.tags and (before is None or before.tags != member.tags):
        return f"{shown}, {shown_tags(member.tags)}"
    return shown


def reach_line(reach: Reach) -> str:
    """Whether the network seems to be parted."""
    word = "Parted" if reach.parted else "Whole"
    return f"{word} -- {reach.here} of {reach.known} members are on this side"


def shown_tags(tags: Mapping[str, str]) -> str:
    """Tags as they are typed."""
    return " ".join(f"{shown_word(key)}={shown_word(value)}" for key, value in sorted(tags.items()))


def lost_line(lost: RumorsLost | Lost) -> str:
    """Which rumors will not come any more, and why."""
    last = f" to {lost.last}" if lost.last != lost.first else ""
    return f"Lost -- GOSSIP{lost.first}{last} of {shown_origin(lost.origin)}: {lost.reason.value}"


def shown_topic(topic: str) -> str:
    """A topic as it stands before a rumor; the original has none, and nothing stands there without one."""
    return f"[{shown_word(topic)}] " if topic else ""


def color_of(event: Event) -> str | None:
    """The colour of an event on a terminal."""
    match event:
        case NeighborUp() | Registered():
            return "green"
        case RumorHeard():
            return "cyan"
        case _:
            return "yellow" if level_of(event) >= Level.WARNING and not _is_classic(event) else None


def level_of(event: Event) -> Level:
    """How much an event matters."""
    match event:
        case Problem():
            return Level.ERROR
        case NeighborDown() | Strike() | RumorsLost() | TwoLives() | Accused() | SelfRefuted() | PeerStruckOff():
            return Level.WARNING
        case DeathReported() | DeathReceived() | ReachChanged():
            return Level.WARNING
        case MemberChanged(change):
            return _level_of_change(change)
        case Registered(renewed=True):
            return Level.DEBUG
        case _:
            return Level.INFO


def _level_of_change(change: Change) -> Level:
    member, before = change.member, change.before
    if before is None or before.state is not member.state:
        return Level.WARNING if member.state in (State.SUSPECT, State.DEAD) else Level.INFO
    return Level.INFO if before.tags != member.tags else Level.DEBUG


def _is_classic(event: Event) -> bool:
    """Whether it is told in the original's words alone, which have no colour."""
    return isinstance(event, DeathReported | DeathReceived)


def shown_node(address: str, name: str) -> str:
    """A node by its address, and its name if that says more."""
    return address if name in ("", address) else f"{address} ({shown_origin(name)})"
