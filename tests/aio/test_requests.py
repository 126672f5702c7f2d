"""Requests as applications see them, over real sockets: every question ends in an answer, an error, or its timeout."""

import asyncio

import msgspec
import pytest

from rumor.aio import requests
from rumor.aio.requests import Answers
from rumor.core.errors import RequestError, RequestTimeout, UsageError
from rumor.core.settings import RequestSettings, Settings

from .asking import Group, until


def with_requests(**changes: int) -> Settings:
    """Settings with some of requests changed."""
    return Settings(requests=msgspec.structs.replace(RequestSettings(), **changes))


async def some(answers: Answers, count: int) -> dict[str, bytes]:
    """So many answers to a question to all, by who gave them."""
    got: dict[str, bytes] = {}
    async with answers:
        while len(got) < count:
            answer = await anext(answers)
            assert answer.member not in got
            got[answer.member] = answer.payload
    return got


# One member.


async def test_a_plain_function_answers() -> None:
    """It gets the payload and the asker's name, and its bytes are the answer."""
    async with Group("ana", "bo") as (ana, bo):

        @bo.requests.responder("greet")
        def greet(payload: bytes, asker: str) -> bytes:
            return b"hello " + asker.encode() + b", you said " + payload

        assert await ana.requests.request("bo", b"hi", topic="greet") == b"hello ana, you said hi"
        assert greet(b"", "x") == b"hello x, you said "


async def test_an_asynchronous_function_answers() -> None:
    """Many at once, and each asker gets its own."""
    async with Group("ana", "bo") as (ana, bo):
        go_on = asyncio.Event()
        waiting = []

        @bo.requests.responder()
        async def slow(payload: bytes, asker: str) -> str:
            waiting.append(payload)
            await go_on.wait()
            return f"{asker}: {payload.decode()}"

        asked = [asyncio.ensure_future(ana.requests.request("bo", str(number))) for number in range(20)]
        await until(lambda: len(waiting) == 20)
        go_on.set()

        assert await asyncio.gather(*asked) == [f"ana: {number}".encode() for number in range(20)]


async def test_a_question_may_be_asked_while_another_is_answered() -> None:
    """A responder asks the asker back."""
    async with Group("ana", "bo") as (ana, bo):

        @ana.requests.responder("back")
        def back(payload: bytes, asker: str) -> bytes:
            return payload + b" and back"

        @bo.requests.responder("there")
        async def there(payload: bytes, asker: str) -> bytes:
            return await bo.requests.request(asker, payload + b" there", topic="back")

        assert await ana.requests.request("bo", b"to", topic="there") == b"to there and back"


async def test_a_member_may_ask_itself() -> None:
    """The answer takes no way at all."""
    async with Group("ana") as (ana,):

        @ana.requests.responder()
        def echo(payload: bytes, asker: str) -> bytes:
            return payload

        assert await ana.requests.request("ana", b"me") == b"me"


async def test_text_and_nothing_are_answers() -> None:
    """Text is sent as UTF-8; None is the empty answer."""
    async with Group("ana", "bo") as (ana, bo):
        bo.requests.responder("text")(lambda payload, asker: "grüße")
        bo.requests.responder("none")(lambda payload, asker: None)
        bo.requests.responder("array")(lambda payload, asker: bytearray(payload))

        assert await ana.requests.request("bo", "", topic="text") == "grüße".encode()
        assert await ana.requests.request("bo", "", topic="none") == b""
        assert await ana.requests.request("bo", "x", topic="array") == b"x"


async def test_large_questions_and_answers_come_whole() -> None:
    """As large as they may be."""
    async with Group("ana", "bo") as (ana, bo):
        bo.requests.responder()(lambda payload, asker: payload[::-1])
        payload = bytes(range(256)) * 256

        assert await ana.requests.request("bo", payload) == payload[::-1]


async def test_nobody_answers_that_topic() -> None:
    """That is told at once, and what is missing."""
    async with Group("ana", "bo") as (ana, _bo):
        with pytest.raises(RequestError, match="bo has no responder for topic 'load'"):
            await ana.requests.request("bo", b"", topic="load")


async def test_a_responder_that_raises_is_a_failure() -> None:
    """The asker learns that it failed, and not why; who runs it is told that. It goes on answering."""
    async with Group("ana", "bo") as (ana, bo):

        @bo.requests.responder("plain")
        def plain(payload: bytes, asker: str) -> bytes:
            raise ValueError("secret")

        @bo.requests.responder("slow")
        async def slow(payload: bytes, asker: str) -> bytes:
            await asyncio.sleep(0)
            raise TimeoutError("of its own")

        for topic in ("plain", "slow", "plain"):
            with pytest.raises(RequestError, match="bo's responder failed") as raised:
                await ana.requests.request("bo", b"", topic=topic)
            assert "secret" not in str(raised.value)
        assert ["secret" in problem.detail for problem in bo.problems] == [True]


async def test_an_answer_of_the_wrong_kind_is_a_failure() -> None:
    """A number is no answer, and a text with half a character neither."""
    async with Group("ana", "bo") as (ana, bo):
        bo.requests.responder("number")(lambda payload, asker: 7)  # type: ignore[type-var]
        bo.requests.responder("half")(lambda payload, asker: "\ud800")

        for topic in ("number", "half"):
            with pytest.raises(RequestError, match="failed"):
                await ana.requests.request("bo", b"", topic=topic)


async def test_who_is_not_known_or_not_there_is_told_at_once() -> None:
    """A clear error, and no waiting."""
    async with Group("ana", "bo") as (ana, bo):
        with pytest.raises(RequestError, match="cy gave no answer: no such member is known"):
            await ana.requests.request("cy", b"", timeout=60)
        bo.vanish()
        with pytest.raises(RequestError, match="bo gave no answer: it can't be reached"):
            await ana.requests.request("bo", b"", timeout=60)


async def test_who_stops_is_not_waited_for() -> None:
    """It says goodbye in the middle of its answer."""
    async with Group("ana", "bo") as (ana, bo):
        begun = asyncio.Event()

        @bo.requests.responder()
        async def never(payload: bytes, asker: str) -> bytes:
            begun.set()
            await asyncio.Event().wait()
            return b""

        asked = asyncio.ensure_future(ana.requests.request("bo", b"", timeout=60))
        await begun.wait()
        await bo.stop()

        with pytest.raises(RequestError, match="it stops"):
            await asked


async def test_an_answer_that_does_not_come_in_time_is_a_timeout() -> None:
    """Python's own kind, too. The responder is cancelled, since nobody waits any more."""
    async with Group("ana", "bo") as (ana, bo):
        ended = asyncio.Event()

        @bo.requests.responder()
        async def slow(payload: bytes, asker: str) -> bytes:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return b""

        with pytest.raises(TimeoutError, match="in time") as raised:
            await ana.requests.request("bo", b"", timeout=0.05)
        await ended.wait()

        assert isinstance(raised.value, RequestTimeout)
        assert bo.problems == []


async def test_who_waits_no_more_forgets_its_question() -> None:
    """Cancelling it frees its place."""
    settings = with_requests(own_max=1)
    async with Group("ana", "bo", settings=settings) as (ana, bo):
        begun = asyncio.Event()

        @bo.requests.responder("never")
        async def never(payload: bytes, asker: str) -> bytes:
            begun.set()
            await asyncio.Event().wait()
            return b""

        bo.requests.responder("now")(lambda payload, asker: b"now")
        asked = asyncio.ensure_future(ana.requests.request("bo", b"", topic="never", timeout=60))
        await begun.wait()
        asked.cancel()

        assert await ana.requests.request("bo", b"", topic="now") == b"now"
        with pytest.raises(asyncio.CancelledError):
            await asked


async def test_more_questions_than_may_be_wait_for_a_place() -> None:
    """All are answered in the end."""
    async with Group("ana", "bo", settings=with_requests(own_max=2)) as (ana, bo):
        bo.requests.responder()(lambda payload, asker: payload)

        answers = await asyncio.gather(*(ana.requests.request("bo", str(n), timeout=30) for n in range(50)))

        assert answers == [str(number).encode() for number in range(50)]


async def test_who_finds_no_place_in_time_is_told() -> None:
    """It was not asked at all."""
    async with Group("ana", "bo", settings=with_requests(own_max=1)) as (ana, bo):
        begun = asyncio.Event()

        @bo.requests.responder()
        async def never(payload: bytes, asker: str) -> bytes:
            begun.set()
            await asyncio.Event().wait()
            return b""

        asked = asyncio.ensure_future(ana.requests.request("bo", b"", timeout=60))
        await begun.wait()

        with pytest.raises(RequestTimeout, match="too many questions"):
            await ana.requests.request("bo", b"", timeout=0.02)
        asked.cancel()


async def test_a_member_that_is_asked_too_much_is_busy() -> None:
    """That is told at once."""
    async with Group("ana", "bo", settings=with_requests(serving_max=1)) as (ana, bo):
        begun, go_on = asyncio.Event(), asyncio.Event()

        @bo.requests.responder()
        async def slow(payload: bytes, asker: str) -> bytes:
            begun.set()
            await go_on.wait()
            return b"done"

        first = asyncio.ensure_future(ana.requests.request("bo", b"", timeout=60))
        await begun.wait()
        with pytest.raises(RequestError, match="bo is asked too much"):
            await ana.requests.request("bo", b"", timeout=60)
        go_on.set()

        assert await first == b"done"


@pytest.mark.parametrize(
    ("payload", "topic", "timeout"),
    [(b"x" * 65_537, "", 1.0), (b"", "no topic", 1.0), (b"", "", 0.0), (b"", "", float("nan")), (b"", "", 1e9)],
)
async def test_what_can_not_be_asked_is_refused(payload: bytes, topic: str, timeout: float) -> None:  # noqa: ASYNC109 - that of the question
    """An unfit payload, topic or timeout."""
    async with Group("ana", "bo") as (ana, _bo):
        with pytest.raises(UsageError):
            await ana.requests.request("bo", payload, topic=topic, timeout=timeout)
        with pytest.raises(UsageError):
            ana.requests.ask(payload, topic=topic, timeout=timeout)


# All.


async def test_all_others_answer() -> None:
    """Each one once, as they come, and with its name; the asker is not asked."""
    async with Group("ana", "bo", "cy", "di") as members:
        ana = members[0]
        for member in members:
            member.requests.responder("load")(lambda payload, asker, name=member.name: f"{name} {asker}")

        got = await some(ana.requests.ask(b"", topic="load", timeout=30), 3)

        assert got == {"bo": b"bo ana", "cy": b"cy ana", "di": b"di ana"}


async def test_who_has_nothing_to_say_to_all_says_nothing() -> None:
    """No responder, or one that gives None; one that fails is named."""
    async with Group("ana", "bo", "cy", "di", "ed") as (ana, bo, cy, di, _ed):
        bo.requests.responder()(lambda payload, asker: None)
        cy.requests.responder()(lambda payload, asker: "here")

        @di.requests.responder()
        def fails(payload: bytes, asker: str) -> bytes:
            raise RuntimeError

        answers = ana.requests.ask(b"", timeout=30)
        assert await some(answers, 1) == {"cy": b"here"}
        await until(lambda: bool(answers.failed))

        assert answers.failed == ["di"]
        assert answers.dropped == 0


async def test_one_may_stop_reading_answers() -> None:
    """What comes after the block is left is nothing; what is asked next is not disturbed."""
    async with Group("ana", "bo", "cy") as (ana, bo, cy):
        for member in (bo, cy):
            member.requests.responder()(lambda payload, asker: payload)

        async with ana.requests.ask(b"first", timeout=60) as answers:
            async for answer in answers:
                assert answer.payload == b"first"
                break

        assert [answer async for answer in answers] == []
        assert await some(ana.requests.ask(b"second", timeout=30), 2) == {"bo": b"second", "cy": b"second"}


async def test_answers_that_wait_are_read_after_the_end() -> None:
    """A slow reader misses none, as long as they are not too many."""
    async with Group("ana", "bo") as (ana, bo):
        bo.requests.responder()(lambda payload, asker: b"in time")
        answers = ana.requests.ask(b"", timeout=30)
        await until(lambda: answers.waiting == 1)
        answers.close()

        assert [answer.payload async for answer in answers] == [b"in time"]


async def test_answers_end_when_their_time_is_over() -> None:
    """Nobody needs to say so."""
    async with Group("ana", "bo") as (ana, _bo):
        answers = ana.requests.ask(b"", timeout=0.02)

        assert [answer async for answer in answers] == []
        assert answers.ended


async def test_answers_that_are_too_many_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is said, too."""
    monkeypatch.setattr(requests, "WAITING_MAX", 1)
    async with Group("ana", "bo", "cy") as (ana, bo, cy):
        for member in (bo, cy):
            member.requests.responder()(lambda payload, asker: payload)

        answers = ana.requests.ask(b"", timeout=30)
        await until(lambda: answers.dropped == 1)
        answers.close()

        assert len([answer async for answer in answers]) == 1
        assert len(ana.problems) == 1


async def test_two_readers_of_the_same_answers_are_one_too_many() -> None:
    """The second is told so; the first goes on."""
    async with Group("ana") as (ana,):
        answers = ana.requests.ask(b"", timeout=0.02)
        first = asyncio.ensure_future(anext(answers, None))
        await asyncio.sleep(0)

        with pytest.raises(UsageError, match="already"):
            await anext(answers)

        assert await first is None


# Beginning and end.


async def test_a_responder_may_be_there_before_the_start() -> None:
    """It is the first thing that a program says."""
    group = Group("ana", "bo")
    group.members["bo"].requests.responder()(lambda payload, asker: b"ready")

    async with group as (ana, _bo):
        assert await ana.requests.request("bo", b"") == b"ready"


async def test_nothing_is_asked_before_the_start() -> None:
    """Nor after the end."""
    group = Group("ana")
    (ana,) = group.members.values()
    with pytest.raises(UsageError, match="not started"):
        await ana.requests.request("ana", b"")

    async with group:
        pass

    with pytest.raises(UsageError, match="stopped"):
        ana.requests.ask(b"")


async def test_a_topic_has_one_responder() -> None:
    """A second one is a mistake; so is an unfit topic, and one of the network's own."""
    group = Group("ana")
    (ana,) = group.members.values()
    ana.requests.responder("load")(lambda payload, asker: b"")

    for topic in ("load", "a..b", "$census"):
        with pytest.raises(UsageError):
            ana.requests.responder(topic)


async def test_who_waits_when_the_peer_stops_is_told() -> None:
    """A question to one ends in a UsageError, one to all just ends; no responder is left running."""
    async with Group("ana", "bo", settings=with_requests(own_max=1)) as (ana, bo):
        begun, ended = asyncio.Event(), asyncio.Event()

        @ana.requests.responder()
        async def never(payload: bytes, asker: str) -> bytes:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return b""

        theirs = asyncio.ensure_future(bo.requests.request("ana", b"", timeout=60))
        mine = asyncio.ensure_future(ana.requests.request("ana", b"", timeout=60))
        waits = asyncio.ensure_future(ana.requests.request("ana", b"", timeout=60))
        answers = asyncio.ensure_future(anext(ana.requests.ask(b"", timeout=60), None))
        await begun.wait()

        await ana.stop()

        assert ended.is_set()
        assert await answers is None
        for asked in (mine, waits):
            with pytest.raises(UsageError, match="stopped"):
                await asked
        with pytest.raises(RequestError):
            await theirs
