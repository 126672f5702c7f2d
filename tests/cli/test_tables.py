"""What a node answers, as people read it."""

from collections import Counter
from typing import Any

import pytest

from rumor.cli.tables import (
    MemberTable,
    answer_line,
    count_line,
    event_line,
    member_table,
    neighbor_table,
    shown_age,
    shown_answer,
    why_lines,
)


def member(name: str, state: str = "alive", since: float = 100.0, **tags: str) -> dict[str, Any]:
    """A member as a node tells it."""
    return {"name": name, "address": f"{name}:1", "state": state, "since": since, "tags": tags}


def test_members_are_a_table_with_their_count() -> None:
    """Columns as wide as they must be, what strangers chose harmless, and a sum below."""
    members = [member("bo", room="hall", floor="1"), member("\x1b[2J", "dead", 40.0), member("127.0.0.1")]

    assert member_table(members, 160.0) == [
        "NAME       ADDRESS      STATE  FOR    TAGS",
        "bo         bo:1         alive  1 min  floor=1 room=hall",
        r"'\x1b[2J'  '\x1b[2J:1'  dead   2 min",
        "127.0.0.1  127.0.0.1:1  alive  1 min",
        "",
        "3 members: 2 alive, 1 dead",
    ]


def test_the_count_agrees_with_its_number() -> None:
    """In the order of the states, those without members left out."""
    assert count_line(Counter()) == "no members"
    assert count_line(Counter(alive=1)) == "1 member: 1 alive"
    assert count_line(Counter(left=1, suspect=1)) == "2 members: 1 suspect, 1 left"


def test_a_long_list_is_a_table_in_pages() -> None:
    """One head and one sum; columns grow where they must, and never shrink."""
    table = MemberTable(160.0)

    assert table.page([member("bo")]) == ["NAME  ADDRESS  STATE  FOR    TAGS", "bo    bo:1     alive  1 min"]
    assert table.page([member("kitchen")]) == ["kitchen  kitchen:1  alive  1 min"]
    assert table.page([member("cy", "dead")]) == ["cy       cy:1       dead   1 min"]
    assert table.end() == ["", "3 members: 2 alive, 1 dead"]


def test_an_answer_is_one_line() -> None:
    """The member's name, and what it says; what is more than a line, or no text, as Python would write it."""
    assert answer_line({"member": "bo", "payload": "21 °C"}) == "bo: 21 °C"
    assert answer_line({"member": "\x1b[2J", "payload": "two\nlines"}) == r"'\x1b[2J': 'two\nlines'"
    assert answer_line({"member": "bo", "payload_base64": "/w=="}) == r"bo: b'\xff'"


def test_neighbors_are_a_table() -> None:
    """Original ones have no name, and no round-trip time is known of them."""
    neighbors = [
        {"name": "bo", "address": "127.0.0.1:4002", "classic": False, "round_trip": 0.00123},
        {"name": "", "address": "127.0.0.1:4003", "classic": True, "round_trip": 0.0},
    ]

    assert neighbor_table(neighbors) == [
        "NAME  ADDRESS         KIND      ROUND TRIP",
        "bo    127.0.0.1:4002  link      1.2 ms",
        "      127.0.0.1:4003  original",
    ]


def test_why_names_the_witnesses() -> None:
    """One sentence, and what each found; what there is nothing of is left out."""
    first = {"accuser": "bo", "verdict": "silent", "misses": 3, "relays": 1, "silent": 3.04, "late": 0.2}
    second = {"accuser": "cy", "verdict": "refused", "misses": 4, "relays": 0, "silent": 0.0, "late": 0.0}
    statements = [{**first, "watchers": ["cy", "di"]}, {**second, "watchers": []}]

    told = why_lines({"member": member("ed", "dead"), "reason": "two found it so", "statements": statements})

    assert told == [
        "ed is dead: two found it so",
        "  bo found it silent: 3 in a row failed, 1 relay tried in vain, silent for 3.0 s, its own loop late by 0.2 s, "
        "watched too by cy, di",
        "  cy found it refused: 4 in a row failed",
    ]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-1.0, "0 s"), (0.9, "0 s"), (59.9, "59 s"), (60.0, "1 min"), (7199.0, "1 h"), (86_400.0 * 3, "3 d")],
)
def test_an_age_has_one_unit(seconds: float, shown: str) -> None:
    """The greatest that it fills."""
    assert shown_age(seconds) == shown


def test_changes_are_lines() -> None:
    """What became of whom, what it was before, and its tags."""
    change = {**member("bo", "dead"), "event": "member", "before": "suspect"}
    assert event_line(change) == "bo is dead, was suspect"
    tagged = {**member("bo", room="hall"), "event": "member", "before": "alive"}
    assert event_line(tagged) == "bo is alive  room=hall"
    reach = {"event": "reach", "here": 5, "known": 8, "parted": True}
    assert event_line(reach) == "parted: 5 of 8 members are on this side"
    assert event_line({**reach, "parted": False}).startswith("whole: ")
    assert event_line({"event": "of a later version"}) == "of a later version"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [(b"21.5 \xc2\xb0C", "21.5 °C"), (b"a\nb", "a\nb"), (b"\x1b[2J", r"'\x1b[2J'"), (b"\xff", r"b'\xff'")],
)
def test_an_answer_does_nothing_to_a_terminal(answer: bytes, shown: str) -> None:
    """Plain text as it is, anything else as Python would write it."""
    assert shown_answer(answer) == shown
