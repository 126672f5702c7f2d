"""What can be said to a node over its control socket, and what comes of it: JSON objects, one a line.

    {"do": "members"}                      {"ok": true, "members": [...]}
    {"do": "why", "name": "bo"}            {"ok": true, "why": {...}} | {"ok": false, "error": "…"}
    {"do": "listen", "topic": "news.>"}    {"ok": true}, then {"event": "rumor" | "lost", ...} until one side closes
    {"do": "changes"}                      {"ok": true}, then {"event": "member" | "reach", ...} until one side closes
    {"do": "ask", "payload": "…"}          {"ok": true}, then {"event": "answer", ...}; closed when the time is over

    do            further fields (with their defaults)                      answer
    members                                                                 members
    neighbors                                                               neighbors
    why           name                                                      why
    stats                                                                   stats
    publish       payload, topic (""), timeout (0)                          number, peers, complete
    delivered     number, timeout (0)                                       peers, complete
    request       name, payload, topic (""), timeout (2)                    payload
    ask           payload, topic (""), timeout (2)                          a stream of member, payload
    listen        topic (null: all)                                         a stream
    changes                                                                 a stream
    tags          tags (null: as they are)                                  tags
    reload                                                                  seeds
    leave         back_in (null: for good)                                  nothing, when it has left

A payload is text, or stands in `payload_base64` instead. Fields that are not known are passed over.
"""

import time
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Annotated, Protocol, TypeAlias, assert_never

import msgspec

from rumor.aio import members
from rumor.aio.objects import (
    Object,
    change_object,
    lost_object,
    member_object,
    payload_object,
    plain,
    reach_object,
    rumor_objects,
    why_object,
)
from rumor.aio.requests import TIMEOUT, Answers
from rumor.aio.rumors import Lost
from rumor.aio.subscription import Subscription
from rumor.core.errors import UsageError
from rumor.core.members import Change

if TYPE_CHECKING:
    from rumor.aio.api import Peer


class Members(msgspec.Struct, tag_field="do", tag="members"):
    """Who is there?"""


class Neighbors(msgspec.Struct, tag_field="do", tag="neighbors"):
    """Whom do you hold links with?"""


class Why(msgspec.Struct, tag_field="do", tag="why"):
    """Why is that member in its state?"""

    name: str


class Stats(msgspec.Struct, tag_field="do", tag="stats"):
    """How do things stand?"""


class _Said(msgspec.Struct, kw_only=True):
    """Something with a payload."""

    payload: str | None = None
    payload_base64: bytes | None = None
    topic: str = ""

    @property
    def said(self) -> bytes:
        """The payload. Raises UsageError if there is none, or two."""
        if (self.payload is None) == (self.payload_base64 is None):
            raise UsageError("either payload or payload_base64 is needed")
        return self.payload.encode() if self.payload is not None else self.payload_base64 or b""


class Publish(_Said, tag_field="do", tag="publish"):
    """Say that, and wait for so long until all have it."""

    timeout: float = 0.0


class Delivered(msgspec.Struct, tag_field="do", tag="delivered"):
    """How far is your rumor of that number, after so long at most?"""

    number: int
    timeout: float = 0.0


class Request(_Said, tag_field="do", tag="request"):
    """Ask that member."""

    name: str
    timeout: float = TIMEOUT


class Ask(_Said, tag_field="do", tag="ask"):
    """Ask all."""

    timeout: float = TIMEOUT


class Listen(msgspec.Struct, tag_field="do", tag="listen"):
    """Tell what others say."""

    topic: str | None = None


class Changes(msgspec.Struct, tag_field="do", tag="changes"):
    """Tell how members change."""


class Tags(msgspec.Struct, tag_field="do", tag="tags"):
    """Have these tags and no others; or only tell yours."""

    tags: dict[str, str] | None = None


class Reload(msgspec.Struct, tag_field="do", tag="reload"):
    """Read your seeds again."""


class Leave(msgspec.Struct, tag_field="do", tag="leave"):
    """Say goodbye and stop; perhaps you come back in so many seconds."""

    back_in: Annotated[float, msgspec.Meta(ge=0.0)] | None = None


Question: TypeAlias = (
    Members | Neighbors | Why | Stats | Publish | Delivered | Request | Ask | Listen | Changes | Tags | Reload
)
Order: TypeAlias = Question | Leave


class Source(Protocol):
    """What a stream comes from."""

    def close(self) -> None:
        """Take nothing more in."""


class Stream(msgspec.Struct, frozen=True):
    """What is told after the answer. It takes in from now on, read or not, until its source is closed."""

    source: Source
    told: AsyncGenerator[Object, None]


_ORDERS: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


def read(line: bytes) -> Order:
    """What a line says. Raises UsageError for what is no order."""
    try:
        return _ORDERS.decode(line)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise UsageError(f"no order: {error}") from None


async def answer(peer: "Peer", order: Question) -> Object | Stream:
    """Do what is wanted: what is answered, or what comes after an empty answer. Raises RumorError and TimeoutError."""
    match order:
        case Members():
            return {"members": [member_object(member) for member in peer.members()]}
        case Neighbors():
            return {"neighbors": plain(peer.neighbors())}
        case Why(name):
            return {"why": _why(peer, name)}
        case Stats():
            return {"stats": plain(peer.stats())}
        case Publish():
            receipt = await peer.publish(order.said, order.topic)
            return {"number": receipt.number, **plain(await receipt.delivered(order.timeout))}
        case Delivered(number, timeout):
            return {"number": number, **plain(await peer.receipt(number).delivered(timeout))}
        case Request():
            said = await peer.request(order.name, order.said, topic=order.topic, timeout=order.timeout)
            return payload_object(said)
        case Ask():
            answers = peer.ask(order.said, topic=order.topic, timeout=order.timeout)
            return Stream(answers, _told_answers(answers))
        case Listen(topic):
            heard = peer.subscribe(topic, overflow="drop_oldest")
            return Stream(heard, _told_rumors(heard, peer.address))
        case Changes():
            changes = peer.changes()
            return Stream(changes, _told_changes(changes, peer.address))
        case Tags(tags):
            if tags is not None:
                await peer.set_tags(tags)
            return {"tags": dict(peer.tags)}
        case Reload():
            return {"seeds": list(map(str, peer.reload()))}
        case _:
            assert_never(order)


def _why(peer: "Peer", name: str) -> Object:
    why = peer.why(name)
    if why is None:
        raise UsageError(f"no member {name!r} is known")
    return why_object(why)


async def _told_answers(answers: Answers) -> AsyncGenerator[Object, None]:
    async for one in answers:
        yield _event("answer", {"member": one.member, **payload_object(one.payload)})


async def _told_rumors(heard: Subscription, node: str) -> AsyncGenerator[Object, None]:
    async for item in heard.runs():
        if isinstance(item, Lost):
            yield _event("lost", {"node": node, **lost_object(item)})
        else:
            for fields in rumor_objects(item):
                yield _event("rumor", {"node": node, **fields})


async def _told_changes(changes: members.Changes, node: str) -> AsyncGenerator[Object, None]:
    async for item in changes:
        if isinstance(item, Change):
            yield _event("member", {"node": node, **change_object(item)})
        else:
            yield _event("reach", {"node": node, **reach_object(item)})


def _event(name: str, fields: Object) -> Object:
    return {"event": name, "at": time.time(), **fields}
