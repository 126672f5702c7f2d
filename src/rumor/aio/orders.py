"""What can be said to a node over its control socket, and what comes of it: JSON objects, one a line.

    {"do": "members"}                      {"ok": true, "members": [...]}
    {"do": "why", "name": "bo"}            {"ok": true, "why": {...}} | {"ok": false, "error": "…"}
    {"do": "listen", "topic": "news.>"}    {"ok": true}, then {"event": "rumor" | "lost", ...} until one side closes
    {"do": "changes"}                      {"ok": true}, then {"event": "member" | "reach", ...} until one side closes
    {"do": "ask", "payload": "…"}          {"ok": true}, then {"event": "answer", ...}; closed when the time is over

More than 500 members come in several answers, each but the last with "more": true. A stream that fails ends with an
answer that says why. To a seed only members, stats, reload and leave can be said.

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
from collections.abc import AsyncGenerator, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Protocol, TypeAlias, assert_never

import msgspec

from rumor.aio import members, objects
from rumor.aio.objects import Object, change_object, lost_object, member_object, payload_object, plain, why_object
from rumor.aio.requests import TIMEOUT, Answers
from rumor.aio.rumors import Lost
from rumor.aio.subscription import Subscription
from rumor.core.errors import UsageError
from rumor.core.members import Change, Member

if TYPE_CHECKING:
    from rumor.aio.api import Peer
    from rumor.aio.seed import Seed

PAGE = 500
"""So many members stand in one answer: with the longest names and tags, every character escaped, 4 MB."""


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
    told: AsyncGenerator[str, None]
    """Whole lines, one or some at a time, without the last line's end."""


Done: TypeAlias = Object | Iterator[Object] | Stream
"""What came of an order: an answer, several, or what is told after an empty one."""

_ORDERS: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


def read(line: bytes) -> Order:
    """What a line says. Raises UsageError for what is no order."""
    try:
        return _ORDERS.decode(line)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise UsageError(f"no order: {error}") from None


async def answer(peer: "Peer", order: Question) -> Done:
    """Let a peer do what is wanted. Raises RumorError and TimeoutError."""
    match order:
        case Members():
            return _pages(peer.members())
        case Neighbors():
            return {"neighbors": plain(peer.neighbors())}
        case Why(name):
            return {"why": _why(peer, name)}
        case Stats():
            return {"stats": plain(peer.stats())}
        case Publish():
            receipt = await peer.publish(order.said, order.topic)
            reached = await (receipt.counted(order.timeout) if order.timeout else receipt.delivered(0))
            return {"number": receipt.number, **plain(reached)}
        case Delivered(number, timeout):
            return {"number": number, **plain(await peer.receipt(number).counted(timeout))}
        case Request():
            said = await peer.request(order.name, order.said, topic=order.topic, timeout=order.timeout)
            return payload_object(said)
        case Ask():
            answers = peer.ask(order.said, topic=order.topic, timeout=order.timeout)
            return Stream(answers, _told_answers(answers, peer.address))
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


def answer_of_seed(seed: "Seed", order: Question) -> Done:
    """Let a seed do what is wanted. Raises RumorError."""
    match order:
        case Members():
            return _pages(seed.members())
        case Stats():
            return {"stats": plain(seed.stats())}
        case Reload():
            return {"seeds": list(map(str, seed.reload()))}
        case _:
            what = type(order).__name__.lower()
            raise UsageError(f"{seed.address} is a seed, which has a list of peers and can't do {what!r}: name a peer")


def _pages(members: Iterable[Member]) -> Iterator[Object]:
    """The members, so many in an answer; made as they are told."""
    left = iter(members)
    page = list(islice(left, PAGE))
    while following := list(islice(left, PAGE)):
        yield {"members": list(map(member_object, page)), "more": True}
        page = following
    yield {"members": list(map(member_object, page))}


def _why(peer: "Peer", name: str) -> Object:
    why = peer.why(name)
    if why is None:
        raise UsageError(f"no member {name!r} is known")
    return why_object(why)


async def _told_answers(answers: Answers, node: str) -> AsyncGenerator[str, None]:
    async for one in answers:
        yield objects.line("answer", time.time(), node, {"member": one.member, **payload_object(one.payload)})


async def _told_rumors(heard: Subscription, node: str) -> AsyncGenerator[str, None]:
    async for item in heard.runs():
        if isinstance(item, Lost):
            yield objects.line("lost", time.time(), node, lost_object(item))
        else:
            yield objects.run_lines(item, time.time(), node)


async def _told_changes(changes: members.Changes, node: str) -> AsyncGenerator[str, None]:
    async for item in changes:
        if isinstance(item, Change):
            yield objects.line("member", time.time(), node, change_object(item))
        else:
            yield objects.line("reach", time.time(), node, objects.reach_object(item))
