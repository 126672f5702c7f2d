"""`--json`: each event as one object on one line. Scripts rely on every field."""

import base64

import msgspec
import pytest

from rumor.cli.jsonlines import Fields, fields_of, line, payload_fields
from rumor.core.events import (
    Alone,
    DeathReceived,
    DeathReported,
    Event,
    NeighborDied,
    NeighborDown,
    NeighborUp,
    PeerListReceived,
    PeerRegistered,
    Problem,
    Reason,
    Registered,
    RumorHeard,
    Strike,
)
from rumor.core.ids import Address
from rumor.core.messages import DeadNode, Gossip

NODE = "127.0.0.1:4001"
SEED = Address("127.0.0.1", 3400)
OTHER_SEED = Address("127.0.0.1", 3401)
BO = Address("10.1.2.3", 4002)
CY = Address("10.1.2.4", 4003)
REPORT = DeadNode(BO, "1712345678.25", "127.0.0.1")


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            Registered(SEED, renewed=False),
            '{"event":"registered","at":1.5,"node":"127.0.0.1:4001","seed":"127.0.0.1:3400","renewed":false}',
        ),
        (
            Registered(SEED, renewed=True),
            '{"event":"registered","at":1.5,"node":"127.0.0.1:4001","seed":"127.0.0.1:3400","renewed":true}',
        ),
        (
            PeerRegistered(BO, new=True),
            '{"event":"registration","at":1.5,"node":"127.0.0.1:4001","peer":"10.1.2.3:4002","new":true}',
        ),
        (
            PeerListReceived(SEED, (BO, CY)),
            '{"event":"peer_list","at":1.5,"node":"127.0.0.1:4001","seed":"127.0.0.1:3400",'
            '"peers":["10.1.2.3:4002","10.1.2.4:4003"]}',
        ),
        (
            PeerListReceived(SEED, ()),
            '{"event":"peer_list","at":1.5,"node":"127.0.0.1:4001","seed":"127.0.0.1:3400","peers":[]}',
        ),
        (
            NeighborUp(BO, Reason.ACCEPTED),
            '{"event":"neighbor_up","at":1.5,"node":"127.0.0.1:4001","neighbor":"10.1.2.3:4002","reason":"accepted"}',
        ),
        (
            NeighborDown(BO, Reason.FORGOT_US),
            '{"event":"neighbor_down","at":1.5,"node":"127.0.0.1:4001","neighbor":"10.1.2.3:4002",'
            '"reason":"forgot_us"}',
        ),
        (
            RumorHeard(Gossip("1712345678.25", BO, 7, ":a:b \u00fc"), own=False),
            '{"event":"rumor","at":1.5,"node":"127.0.0.1:4001","origin":"10.1.2.3:4002","number":7,'
            '"timestamp":1712345678.25,"topic":"","payload":"a:b \u00fc"}',
        ),
        (
            RumorHeard(Gossip("1712345678", BO, 7), own=True),
            '{"event":"rumor","at":1.5,"node":"127.0.0.1:4001","origin":"10.1.2.3:4002","number":7,'
            '"timestamp":1712345678.0,"topic":"","payload":""}',
        ),
        (
            Strike(BO, 2),
            '{"event":"strike","at":1.5,"node":"127.0.0.1:4001","neighbor":"10.1.2.3:4002","count":2}',
        ),
        (
            DeathReported(REPORT, (SEED, OTHER_SEED)),
            '{"event":"dead","at":1.5,"node":"127.0.0.1:4001","peer":"10.1.2.3:4002",'
            '"reported_to":["127.0.0.1:3400","127.0.0.1:3401"]}',
        ),
        (
            DeathReceived(REPORT, listed=True),
            '{"event":"dead_report","at":1.5,"node":"127.0.0.1:4001","peer":"10.1.2.3:4002",'
            '"reporter":"127.0.0.1","listed":true}',
        ),
        (
            Problem("a text that fits no form", "10.1.2.3", "and 2 more like it"),
            '{"event":"error","at":1.5,"node":"127.0.0.1:4001","message":"a text that fits no form",'
            '"source":"10.1.2.3","detail":"and 2 more like it"}',
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_an_event_is_told_as_one_object(event: Event, told: str) -> None:
    """First what happened, when and where, then what belongs to it."""
    fields = fields_of(event)

    assert fields is not None
    assert line(fields[0], 1.5, NODE, fields[1]) == told


@pytest.mark.parametrize("name", ["listening", "stopped"])
def test_a_beginning_and_an_end_have_no_further_fields(name: str) -> None:
    """Which node it is and when it was is all there is to say."""
    assert line(name, 1.5, NODE, {}) == f'{{"event":"{name}","at":1.5,"node":"127.0.0.1:4001"}}'


@pytest.mark.parametrize("event", [NeighborDied(BO), Alone(1.0)])
def test_what_only_the_core_needs_is_not_told(event: Event) -> None:
    """A death is told once, when it was reported."""
    assert fields_of(event) is None


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_word(reason: Reason) -> None:
    """Scripts compare one word in small letters."""
    told = fields_of(NeighborUp(BO, reason))

    assert told is not None
    assert told[1]["reason"] == reason.name.lower()


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        (b"", {"payload": ""}),
        (b"hello", {"payload": "hello"}),
        (b"gr\xc3\xbc\xc3\x9f", {"payload": "gr\u00fc\u00df"}),
        (b"\0\n\x1b", {"payload": "\0\n\x1b"}),
        (b"\xff\xfe", {"payload_base64": "//4="}),
        (b"hello\xc3", {"payload_base64": base64.b64encode(b"hello\xc3").decode()}),
    ],
)
def test_a_payload_is_text_or_base64(payload: bytes, fields: Fields) -> None:
    """Either way every byte can be had back."""
    assert payload_fields(payload) == fields


def test_a_line_is_one_line() -> None:
    """Whatever a field holds, a reader of lines gets whole objects, and the text back."""
    wild = '\n\r\0\x1b"\\\u2028'

    told = line("error", 1.5, NODE, {"message": wild})

    assert "\n" not in told
    assert "\r" not in told
    assert msgspec.json.decode(told) == {"event": "error", "at": 1.5, "node": NODE, "message": wild}
