"""What a peer tells, as JSON objects."""

import json
from typing import Any

import msgspec
import pytest

from rumor.aio import objects
from rumor.aio.rumors import Lost
from rumor.core.events import LostReason
from rumor.core.frames import Statement, Verdict
from rumor.core.ids import Address
from rumor.core.members import Change, Member, Reach, State, Why

MEMBER = Member("bo", Address("::1", 4001), State.SUSPECT, 7, 2, {"room": "hall"}, 1.5)
MEMBER_OBJECT = {
    "name": "bo",
    "address": "[::1]:4001",
    "state": "suspect",
    "epoch": 7,
    "incarnation": 2,
    "tags": {"room": "hall"},
    "since": 1.5,
}
STATEMENT = Statement("bo", 7, 2, "ana", Verdict.SILENT, 3, 2, 3050, 10, ("cy",))
STATEMENT_OBJECT = {
    "accuser": "ana",
    "verdict": "silent",
    "epoch": 7,
    "incarnation": 2,
    "misses": 3,
    "relays": 2,
    "silent": 3.05,
    "late": 0.01,
    "watchers": ["cy"],
}


class Inner(msgspec.Struct, frozen=True):
    address: Address
    count: int


class Outer(msgspec.Struct, frozen=True):
    inner: tuple[Inner, ...]
    name: str


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (objects.member_object(MEMBER), MEMBER_OBJECT),
        (objects.change_object(Change(MEMBER, None)), {**MEMBER_OBJECT, "before": None}),
        (objects.change_object(Change(MEMBER, MEMBER)), {**MEMBER_OBJECT, "before": "suspect"}),
        (
            objects.reach_object(Reach(3, 5, True, 1.5)),
            {"here": 3, "known": 5, "parted": True, "since": 1.5},
        ),
        (
            objects.why_object(Why(MEMBER, "so", (STATEMENT,))),
            {"member": MEMBER_OBJECT, "reason": "so", "statements": [STATEMENT_OBJECT]},
        ),
        (
            objects.lost_object(Lost("bo", 7, 1, 3, LostReason.NOT_READ)),
            {"origin": "bo", "epoch": 7, "first": 1, "last": 3, "reason": "not_read"},
        ),
        (
            objects.plain(Outer((Inner(Address("h", 1), 2),), "n")),
            {"inner": [{"address": "h:1", "count": 2}], "name": "n"},
        ),
    ],
)
def test_the_object_of_a_value(told: Any, expected: Any) -> None:
    """With all its fields, and nothing that JSON does not know."""
    assert told == expected
    assert json.loads(json.dumps(told)) == expected
