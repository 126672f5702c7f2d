"""`--json`: each event as one object on one line. Scripts rely on every field."""

import base64

import msgspec
import pytest

from rumor.aio.objects import Object, fields_of, line, payload_object, payload_of, run_lines
from rumor.aio.rumors import Run, rumor_of, run_of
from rumor.core.events import (
    Accused,
    Alone,
    DeathReceived,
    DeathReported,
    Event,
    LostReason,
    MemberChanged,
    NeighborDied,
    NeighborDown,
    NeighborUp,
    PeerListReceived,
    PeerRegistered,
    PeerStruckOff,
    Problem,
    ReachChanged,
    Reason,
    Registered,
    RumorHeard,
    RumorsLost,
    SelfRefuted,
    Strike,
    TwoLives,
)
from rumor.core.frames import Verdict
from rumor.core.ids import Address
from rumor.core.members import Change, Member, Reach, State
from rumor.core.messages import DeadNode, Gossip

NODE = "127.0.0.1:4001"
SEED = Address("127.0.0.1", 3400)
OTHER_SEED = Address("127.0.0.1", 3401)
BO = Address("10.1.2.3", 4002)
CY = Address("10.1.2.4", 4003)
MEMBER = Member("bo", BO, State.ALIVE, 5, 2, {"room": "hall"}, 1.25)
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
            '{"event":"neighbor_up","at":1.5,"node":"127.0.0.1:4001","neighbor":"10.1.2.3:4002","reason":"accepted",'
            '"name":""}',
        ),
        (
            NeighborDown(BO, Reason.FORGOT_US),
            '{"event":"neighbor_down","at":1.5,"node":"127.0.0.1:4001","neighbor":"10.1.2.3:4002",'
            '"reason":"forgot_us","name":""}',
        ),
        (
            NeighborUp(BO, Reason.ASKED, "bo", 2),
            '{"event":"neighbor_up","at":1.5,"node":"127.0.0.1:4001","neighbor":"10.1.2.3:4002","reason":"asked",'
            '"name":"bo"}',
        ),
        (
            RumorsLost("bo", 5, 7, 9, LostReason.UNOBTAINABLE),
            '{"event":"lost","at":1.5,"node":"127.0.0.1:4001","origin":"bo","epoch":5,"first":7,"last":9,'
            '"reason":"unobtainable"}',
        ),
        (
            TwoLives("127.0.0.1:4001", 6),
            '{"event":"two_lives","at":1.5,"node":"127.0.0.1:4001","name":"127.0.0.1:4001","epoch":6}',
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
            MemberChanged(Change(MEMBER, None)),
            '{"event":"member","at":1.5,"node":"127.0.0.1:4001","name":"bo","address":"10.1.2.3:4002",'
            '"state":"alive","epoch":5,"incarnation":2,"tags":{"room":"hall"},"since":1.25,"before":null}',
        ),
        (
            MemberChanged(Change(msgspec.structs.replace(MEMBER, state=State.DEAD, tags={}), MEMBER)),
            '{"event":"member","at":1.5,"node":"127.0.0.1:4001","name":"bo","address":"10.1.2.3:4002",'
            '"state":"dead","epoch":5,"incarnation":2,"tags":{},"since":1.25,"before":"alive"}',
        ),
        (
            ReachChanged(Reach(5, 8, True, 1.25)),
            '{"event":"reach","at":1.5,"node":"127.0.0.1:4001","here":5,"known":8,"parted":true,"since":1.25}',
        ),
        (
            Accused("bo", Verdict.REFUSED, 3, 0, 0.5, 0.25),
            '{"event":"accused","at":1.5,"node":"127.0.0.1:4001","name":"bo","verdict":"refused","misses":3,'
            '"relays":0,"silent":0.5,"late":0.25}',
        ),
        (
            SelfRefuted(("bo", "cy"), 3),
            '{"event":"refuted","at":1.5,"node":"127.0.0.1:4001","accusers":["bo","cy"],"incarnation":3}',
        ),
        (
            PeerStruckOff(BO, "bo"),
            '{"event":"struck_off","at":1.5,"node":"127.0.0.1:4001","peer":"10.1.2.3:4002","name":"bo"}',
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


def test_a_classic_rumor_is_an_object() -> None:
    """What an original peer said: its epoch is 0, since it has none."""
    run = run_of(rumor_of(Gossip("1712345678.25", BO, 7, ":a:b \u00fc")))

    assert run_lines(run, 1.5, NODE) == (
        '{"event":"rumor","at":1.5,"node":"127.0.0.1:4001","origin":"10.1.2.3:4002","number":7,'
        '"timestamp":1712345678.25,"topic":"","epoch":0,"own":false,"payload":"a:b \u00fc"}'
    )


def test_a_run_is_an_object_a_line_for_each_rumor() -> None:
    """Numbered from its first on; text as text, the rest in base64."""
    told = run_lines(Run("bo", 5, 7, 1712345678.25, 'a"b', [b"", b"two\nlines", b"\xff\xfe"]), 1.5, NODE, own=True)

    common = {"event": "rumor", "at": 1.5, "node": NODE, "origin": "bo", "timestamp": 1712345678.25, "topic": 'a"b'}
    common |= {"epoch": 5, "own": True}
    assert [msgspec.json.decode(text) for text in told.split("\n")] == [
        {**common, "number": 7, "payload": ""},
        {**common, "number": 8, "payload": "two\nlines"},
        {**common, "number": 9, "payload_base64": "//4="},
    ]


@pytest.mark.parametrize("event", [NeighborDied(BO), Alone(1.0), RumorHeard(Gossip("1.5", BO, 7))])
def test_what_is_told_elsewhere_or_not_at_all_has_no_fields(event: Event) -> None:
    """A death is told once, when it was reported; rumors are told by `run_lines`."""
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
def test_a_payload_is_text_or_base64(payload: bytes, fields: Object) -> None:
    """Either way every byte can be had back."""
    assert payload_object(payload) == fields
    assert payload_of(fields) == payload


def test_a_line_is_one_line() -> None:
    """Whatever a field holds, a reader of lines gets whole objects, and the text back."""
    wild = '\n\r\0\x1b\x7f\x9b"\\\u2028\u2029'

    told = line("error", 1.5, NODE, {"message": wild})

    assert told.isprintable()
    assert msgspec.json.decode(told) == {"event": "error", "at": 1.5, "node": NODE, "message": wild}
