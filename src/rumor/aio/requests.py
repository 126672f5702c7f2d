"""Requests, as applications see them: asking one member or all, and answering.

    request --core.request--> Answered or Unanswered --> the answer, or RequestError
    ask     --core.ask_all--> Answered ... --> one Answer after the other, until the time is over
    Asked   --the topic's responder, a task if it is asynchronous--> core.respond

Rule 1: every Asked is answered, or its time is over. Rule 2: what a responder raises harms nothing but its answer.
"""

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Protocol, Self, TypeAlias, TypeVar

import msgspec

from rumor.aio.publishing import payload_of
from rumor.core.broadcast.publishing import check_topic
from rumor.core.errors import RequestError, RequestTimeout, UsageError
from rumor.core.events import Answered, Asked, Event, Problem, Unanswered
from rumor.core.frames import Outcome
from rumor.core.ids import Seconds
from rumor.core.requests.requests import IN_VAIN
from rumor.core.settings import SHORTEST, RequestSettings

TIMEOUT: Seconds = 2.0
"""How long an answer is waited for, unless it is said otherwise."""

WAITING_MAX = 10_000
WAITING_BYTES_MAX = 16 << 20
"""So many answers to one question to all wait to be read at most; more are dropped, which is said and counted."""

RESERVED = "$"
"""Topics that begin with it are those of the core."""

Reply: TypeAlias = bytes | bytearray | memoryview | str | None
Responder: TypeAlias = Callable[[bytes, str], Reply | Awaitable[Reply]]
"""Answers a question: gets its payload and the asker's name."""

R = TypeVar("R", bound=Responder)

_WHY_NOT = {
    Outcome.NO_RESPONDER: "{member} has no responder for topic {topic!r}",
    Outcome.FAILED: "{member}'s responder failed",
    Outcome.BUSY: "{member} is asked too much at once",
}


class Core(Protocol):
    """What is needed of the core: `core.peer.Peer`."""

    def request(self, name: str, topic: str, payload: bytes, timeout: Seconds, now: Seconds) -> int:
        """Ask one member."""

    def ask_all(self, topic: str, payload: bytes, timeout: Seconds, now: Seconds) -> int:
        """Ask all."""

    def forget_question(self, number: int, now: Seconds) -> None:
        """Nobody waits for the answers any more."""

    def respond(self, ticket: int, outcome: Outcome, payload: bytes, now: Seconds) -> None:
        """Answer what was Asked."""


class Answer(msgspec.Struct, frozen=True):
    """What a member answered."""

    member: str
    payload: bytes


class _Waiting(msgspec.Struct, frozen=True):
    """Who waits for the answer of one member."""

    member: str
    topic: str
    answer: asyncio.Future[bytes]


class Answers:
    """The answers to a question to all, as they come: `async for answer in peer.ask(...)`. Ends when its time is over.

    One reader reads them. Leaving earlier is fine; as a context (`async with peer.ask(...) as answers:`) what comes
    after it is not kept. `failed`: the members whose responder failed or that were too busy. `dropped`: how many
    answers were dropped, because too many waited to be read.
    """

    def __init__(self, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self._waiting: deque[Answer] = deque()
        self._bytes = 0
        self._reader: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._ended = False
        self.failed: list[str] = []
        self.dropped = 0

    @property
    def ended(self) -> bool:
        """Whether its time is over: no more will come than what waits."""
        return self._ended

    @property
    def waiting(self) -> int:
        """How many answers wait to be read."""
        return len(self._waiting)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Answer:
        """The next answer."""
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            if self._reader is not None:
                raise UsageError("somebody reads these answers already")
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        answer = self._waiting.popleft()
        self._bytes -= len(answer.payload)
        return answer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._waiting.clear()

    def end_at(self, alarm: asyncio.TimerHandle) -> None:
        """The alarm that closes it."""
        self._alarm = alarm

    def put(self, event: Answered) -> bool:
        """A member answered; False if there is no room for it."""
        if event.outcome is not Outcome.ANSWERED:
            self.failed.append(event.member)
            return True
        if len(self._waiting) >= WAITING_MAX or self._bytes + len(event.payload) > WAITING_BYTES_MAX:
            self.dropped += 1
            return False
        self._waiting.append(Answer(event.member, event.payload))
        self._bytes += len(event.payload)
        self._wake()
        return True

    def close(self) -> None:
        """Take no more; what waits can be read. Once more does no harm."""
        if not self._ended:
            self._ended = True
            if self._alarm is not None:
                self._alarm.cancel()
            self._on_end()
            self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class Requests:
    """The questions and responders of one peer. Responders may be given before it has started (`attach`)."""

    def __init__(self, settings: RequestSettings) -> None:
        self._settings = settings
        self._core: Core | None = None
        self._turn: Callable[[], Seconds]
        self._say: Callable[[Event], None]
        self._places = asyncio.Semaphore(settings.own_max)
        self._responders: dict[str, Responder] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._asking: dict[int, Answers] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False

    def attach(self, core: Core, turn: Callable[[], Seconds], say: Callable[[Event], None]) -> None:
        """The peer starts: `turn` is the moment of the turn for what is done now, `say` hands on a Problem."""
        self._core = core
        self._turn = turn
        self._say = say

    # Asking.

    async def request(
        self,
        member: str,
        payload: bytes | str,
        *,
        topic: str = "",
        timeout: float = TIMEOUT,  # noqa: ASYNC109 - told to the other side, too
    ) -> bytes:
        """Ask one member, and wait for its answer, and before that for a place if too many questions are under way.

        Raises RequestError if it can't be reached or gives none, RequestTimeout if not in time, and UsageError for what
        can't be asked; nothing is asked then.
        """
        core = self._running()
        said = payload_of(payload)
        loop = asyncio.get_running_loop()
        if self._places.locked():
            timeout = await self._wait_for_place(timeout)
        else:
            await self._places.acquire()
        try:
            self._running()
            number = core.request(member, topic, said, timeout, self._turn())
            answer: asyncio.Future[bytes] = loop.create_future()
            self._waiting[number] = _Waiting(member, topic, answer)
            try:
                return await answer
            finally:
                if self._waiting.pop(number, None) is not None and not self._ended:
                    core.forget_question(number, self._turn())
                elif answer.done() and not answer.cancelled():
                    answer.exception()  # if it came in the turn in which the asker was cancelled, nobody else sees it
        finally:
            self._places.release()

    def ask(self, payload: bytes | str, *, topic: str = "", timeout: float = TIMEOUT) -> Answers:
        """Ask all other members at once; what they answer within `timeout` comes one after the other.

        Raises UsageError for what can't be asked, or when too much is asked of all at once; nothing is asked then.
        """
        core = self._running()
        number = core.ask_all(topic, payload_of(payload), timeout, self._turn())
        answers = Answers(lambda: self._end(number))
        self._asking[number] = answers
        answers.end_at(asyncio.get_running_loop().call_later(timeout, answers.close))
        return answers

    # Answering.

    def responder(self, topic: str = "") -> Callable[[R], R]:
        """Let a function answer the questions of a topic: `@peer.responder("load")`; see docs/library.md.

        It gets the payload and the asker's name, and gives bytes or text; None is the empty answer to one who asked
        this peer, and no answer to one who asked all. A plain function must not block. An asynchronous one is cancelled
        when nobody waits any more. Raises UsageError for an unfit topic, or one that has a responder.
        """
        check_topic(topic)
        if topic.startswith(RESERVED):
            raise UsageError(f"topics that begin with {RESERVED} are not for applications")
        if topic in self._responders:
            raise UsageError(f"topic {topic!r} has a responder")

        def register(responder: R) -> R:
            self._responders[topic] = responder
            return responder

        return register

    # What the core tells.

    def on_event(self, event: Event) -> None:
        """What has happened, if it is about questions."""
        match event:
            case Answered(number=number):
                self._on_answered(number, event)
            case Unanswered(number, reason):
                waiting = self._waiting.pop(number, None)
                if waiting is not None and not waiting.answer.done():
                    kind = RequestTimeout if reason == IN_VAIN else RequestError
                    waiting.answer.set_exception(kind(f"{waiting.member} gave no answer: {reason}"))
            case Asked():
                self._on_asked(event)
            case _:
                pass

    async def stop(self) -> None:
        """The peer has stopped: responders are cancelled, questions end with a UsageError, answers to all just end."""
        self._ended = True
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(UsageError("the peer has stopped"))
        for answers in tuple(self._asking.values()):
            answers.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Inside.

    def _running(self) -> Core:
        if self._core is None:
            raise UsageError("the peer has not started")
        if self._ended:
            raise UsageError("the peer has stopped")
        return self._core

    async def _wait_for_place(self, patience: Seconds) -> Seconds:
        """Wait until one more may be asked; how much of the patience is left then."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        try:
            async with asyncio.timeout_at(until):
                await self._places.acquire()
        except TimeoutError:
            raise RequestTimeout("too many questions are under way") from None
        return max(SHORTEST, until - loop.time())

    def _end(self, number: int) -> None:
        """Nobody takes the answers to a question to all any more."""
        del self._asking[number]
        if not self._ended:
            self._running().forget_question(number, self._turn())

    def _on_answered(self, number: int, event: Answered) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            if waiting.answer.done():
                return  # cancelled in this very turn
            if event.outcome is Outcome.ANSWERED:
                waiting.answer.set_result(event.payload)
            else:
                why = _WHY_NOT[event.outcome].format(member=waiting.member, topic=waiting.topic)
                waiting.answer.set_exception(RequestError(why))
        elif (answers := self._asking.get(number)) is not None and not answers.put(event):
            self._say(Problem("answers to a question to all are not read in time", event.member))

    def _on_asked(self, event: Asked) -> None:
        responder = self._responders.get(event.topic)
        if responder is None:
            self._respond(event, Outcome.NO_RESPONDER)
            return
        try:
            reply = responder(event.payload, event.asker)
        except Exception as error:  # noqa: BLE001 - whatever the application raises must not end the node
            self._fail(event, error)
            return
        if inspect.isawaitable(reply):
            task = asyncio.get_running_loop().create_task(self._await_reply(event, reply))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._reply(event, reply)

    async def _await_reply(self, event: Asked, reply: Awaitable[Reply]) -> None:
        """Wait for a responder as long as the asker does."""
        patience = asyncio.timeout(event.patience)
        try:
            async with patience:
                said = await reply
        except Exception as error:  # noqa: BLE001 - as above
            if not patience.expired():
                self._fail(event, error)
        else:
            self._reply(event, said)

    def _reply(self, event: Asked, reply: Reply) -> None:
        if reply is None and event.to_all:
            self._respond(event, Outcome.NO_RESPONDER)
            return
        try:
            payload = payload_of(reply) if reply is not None else b""
        except UsageError as error:
            self._fail(event, error)
        else:
            self._respond(event, Outcome.ANSWERED, payload)

    def _fail(self, event: Asked, error: Exception) -> None:
        self._say(Problem("a responder failed", detail=f"topic {event.topic!r}: {error!r}"))
        self._respond(event, Outcome.FAILED)

    def _respond(self, event: Asked, outcome: Outcome, payload: bytes = b"") -> None:
        if self._core is not None and not self._ended:
            self._core.respond(event.ticket, outcome, payload, self._turn())
