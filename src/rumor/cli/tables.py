"""What a node answers, as people read it. Pure: JSON objects in, lines out. What strangers chose is made harmless."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from rumor.aio.logs import rumor_lines, shown_origin
from rumor.aio.objects import payload_of
from rumor.aio.rumors import Lost
from rumor.cli.words import lost_line, shown_tags, shown_topic
from rumor.core.events import LostReason
from rumor.core.messages import is_one_line

Object: TypeAlias = dict[str, Any]

UNITS = (("d", 86_400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0))

MEMBER_HEADS = ("NAME", "ADDRESS", "STATE", "FOR", "TAGS")

LEAST = 0.05
"""Fewer seconds are shown as none."""

STATES = ("alive", "suspect", "dead", "away", "left")
"""The order in which they are counted."""


def member_table(members: Iterable[Object], now: float) -> list[str]:
    """The members, one a line, and how many there are in each state."""
    table = MemberTable(now)
    return [*table.page(members), *table.end()]


class MemberTable:
    """The same in pages, each column as wide as what has come so far needs."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._widths: list[int] = []
        self._counts: Counter[str] = Counter()

    def page(self, members: Iterable[Object]) -> list[str]:
        """Some more of them; the heads stand above the first page."""
        rows: list[Sequence[str]] = [] if self._widths else [MEMBER_HEADS]
        for member in members:
            self._counts[member["state"]] += 1
            rows.append(self._row(member))
        self._widths = [
            max(map(len, column)) for column in zip(MEMBER_HEADS, self._widths_as_row(), *rows, strict=True)
        ]
        return aligned(rows, self._widths)

    def end(self) -> list[str]:
        """How many there were."""
        return ["", count_line(self._counts)]

    def _widths_as_row(self) -> list[str]:
        return [" " * width for width in self._widths] or [""] * len(MEMBER_HEADS)

    def _row(self, member: Object) -> tuple[str, ...]:
        return (
            shown_origin(member["name"]),
            shown_origin(member["address"]),
            member["state"],
            shown_age(self._now - member["since"]),
            shown_tags(member["tags"]),
        )


def count_line(counts: Counter[str]) -> str:
    """How many members there are in each state."""
    total = counts.total()
    states = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    return f"{total} member{'s' * (total != 1)}: {states}" if total else "no members"


def neighbor_table(neighbors: Iterable[Object]) -> list[str]:
    """The neighbors, one a line."""
    rows = [
        (
            shown_origin(neighbor["name"]) if neighbor["name"] else "",
            shown_origin(neighbor["address"]),
            "original" if neighbor["classic"] else "link",
            f"{neighbor['round_trip'] * 1000:.1f} ms" if neighbor["round_trip"] else "",
        )
        for neighbor in neighbors
    ]
    return table(("NAME", "ADDRESS", "KIND", "ROUND TRIP"), rows)


def why_lines(why: Object) -> list[str]:
    """Why a member is in its state, and a line for each who found it so."""
    member = why["member"]
    reason = why["reason"] if is_one_line(why["reason"]) else repr(why["reason"])
    return [
        f"{shown_origin(member['name'])} is {member['state']}: {reason}",
        *(f"  {statement_line(statement)}" for statement in why["statements"]),
    ]


def statement_line(statement: Object) -> str:
    """What one member found of another."""
    relays = statement["relays"]
    parts = [
        f"{statement['misses']} in a row failed",
        f"{relays} relay{'s' * (relays != 1)} tried in vain" if relays else "",
        f"silent for {statement['silent']:.1f} s" if statement["silent"] >= LEAST else "",
        f"its own loop late by {statement['late']:.1f} s" if statement["late"] >= LEAST else "",
        f"watched too by {', '.join(map(shown_origin, statement['watchers']))}" if statement["watchers"] else "",
    ]
    found = ", ".join(part for part in parts if part)
    return f"{shown_origin(statement['accuser'])} found it {statement['verdict']}: {found}"


def shown_answer(payload: bytes, *, line_breaks: bool = True) -> str:
    """An answer as text, if it is plain; else as Python would write it."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return repr(payload)
    lines = text.split("\n") if line_breaks else [text]
    return text if all(map(str.isprintable, lines)) else repr(text)


def answer_line(event: Object) -> str:
    """What a member answered to a question to all: one line."""
    return f"{shown_origin(event['member'])}: {shown_answer(payload_of(event), line_breaks=False)}"


def event_line(event: Object) -> str:
    """A change that a node tells of."""
    if event["event"] == "reach":
        word = "parted" if event["parted"] else "whole"
        return f"{word}: {event['here']} of {event['known']} members are on this side"
    if event["event"] != "member":
        return f"{event['event']}"
    before = event.get("before")
    was = f", was {before}" if before not in (None, event["state"]) else ""
    tags = f"  {shown_tags(event['tags'])}" if event["tags"] else ""
    return f"{shown_origin(event['name'])} is {event['state']}{was}{tags}"


def heard_line(event: Object) -> str:
    """A rumor, or what is lost, as a node prints it."""
    if event["event"] == "rumor":
        topic = shown_topic(event["topic"])
        moment = f"{event['timestamp']:.6f}"
        return topic + "".join(rumor_lines(moment, event["origin"], event["number"], [payload_of(event)]))
    if event["event"] == "lost":
        reason = LostReason[event["reason"].upper()]
        return lost_line(Lost(event["origin"], event["epoch"], event["first"], event["last"], reason))
    return f"{event['event']}"


def shown_age(seconds: float) -> str:
    """How long something lasts, in the greatest unit that it fills: `12 s`, `3 min`."""
    for unit, length in UNITS:
        if seconds >= length:
            return f"{int(seconds / length)} {unit}"
    return "0 s"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows below their heads, each column as wide as it must be."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return aligned([heads, *rows], widths)


def aligned(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """Rows in columns of such widths."""
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
