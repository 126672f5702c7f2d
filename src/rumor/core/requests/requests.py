"""Requests: questions to one member or to all, and their answers.

    ask       --a link to the member--> Request --> Response --> Answered
                 |                         `--the link broke--> another link, a few times
                 `--none to be had, its time over--> Unanswered
    ask_all   --a run on lane `asked`--> everybody; some have something to say --Answers--> Answered, while it lasts

A question to all travels as a rumor does, so it reaches everybody once and by a shortest way; it carries its number and
how long its asker waits, and who gets it later than that does not answer. Answers come over a link to the asker. The
numbers begin anywhere, so that an answer to a former life of the asker is an answer to nothing.

    calls.py       finds or makes the link to a member
    answering.py   what others ask us

Rule 1: every question to one member ends in Answered or Unanswered, once, at the latest when its time is over. Rule 2:
nobody is asked a question twice while its time lasts, however often its links break.
"""

import math
from collections.abc import Callable

import msgspec

from rumor.core.broadcast.publishing import check_topic
from rumor.core.errors import UsageError
from rumor.core.events import Answered, LinkDown, LinkFailed, LinkReady, Problem, Unanswered
from rumor.core.frames import Answers, Control, Outcome, Parting, Request, Response, Run
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.requests.answering import Answering
from rumor.core.requests.calls import STOPS, Calls, Parcel
from rumor.core.requests.deadlines import Deadlines
from rumor.core.settings import SHORTEST, RequestSettings
from rumor.core.timers import soonest

IN_VAIN = "it did not answer in time"
BROKEN = "its links broke before it answered"

TRIES = 3
"""Over so many links a question is sent at most."""

HELD: Seconds = 1.0
"""The bytes of a question to all count for so long at least, since all have them to pass on."""

NUMBER_BYTES = 8
HEAD_BYTES = NUMBER_BYTES + 4
"""What goes before a question to all: its number, and for how many milliseconds its asker waits, big-endian."""

_MILLISECONDS_MAX = (1 << 32) - 1
_FIRST_MAX = 1 << 62
_OUTCOMES = frozenset(Outcome)


class _Question(msgspec.Struct):
    """A question of ours to one member. `link`: by which it went, 0 while there is none."""

    number: int
    name: str
    topic: str
    payload: bytes
    until: Seconds
    link: int = 0
    tries: int = 0


class _ToAll(msgspec.Struct):
    """A question of ours to all: who has answered, and what it weighs."""

    until: Seconds
    size: int
    answered: dict[str, None]


class Requests:
    """The questions of one peer and those of others to it.

    `address_of` tells where a member is, `spread` publishes on lane `asked`, `members` tells how many there are.
    """

    def __init__(
        self,
        identity: Identity,
        links: Links,
        settings: RequestSettings,
        outbox: Outbox,
        address_of: Callable[[str], Address | None],
        *,
        spread: Callable[[bytes, str, Seconds], object],
        members: Callable[[], int] = lambda: 1,
    ) -> None:
        self._identity = identity
        self._links = links
        self._settings = settings
        self._outbox = outbox
        self._spread = spread
        self._calls = Calls(
            identity,
            links,
            settings,
            outbox,
            address_of,
            on_reached=self._on_reached,
            on_failed=self._on_failed,
            on_left=lambda ticket, now: self._answering.on_left(ticket, now),
        )
        self._answering = Answering(
            identity, links, settings, outbox, self._calls, members=members, on_own=self._on_own_answer
        )
        self._questions: dict[int, _Question] = {}
        self._unsent: dict[str, dict[int, None]] = {}
        self._sent: dict[str, int] = {}
        self._until: Deadlines[int] = Deadlines()
        self._to_all: dict[int, _ToAll] = {}
        self._to_all_until: Deadlines[int] = Deadlines()
        self._to_all_bytes = 0
        self._last = identity.instance % _FIRST_MAX

    # Asking.

    def ask(self, name: str, topic: str, payload: bytes, timeout: Seconds, now: Seconds) -> int:
        """Ask one member; returns the question's number. Ends in Answered or Unanswered, within `timeout`.

        Raises UsageError for an unfit topic, payload or timeout, or when there are too many; nothing is asked then.
        """
        self._check(topic, payload, timeout)
        if len(self._questions) >= self._settings.own_max:
            raise UsageError(f"more than {self._settings.own_max} questions at once")
        self._last += 1
        question = _Question(self._last, name, topic, payload, now + timeout)
        self._questions[question.number] = question
        self._until.set(question.number, question.until)
        if name == self._identity.name:
            self._answering.on_own_request(question.number, topic, payload, timeout, now)
        else:
            self._want(question, now)
        return question.number

    def ask_all(self, topic: str, payload: bytes, timeout: Seconds, now: Seconds) -> int:
        """Ask all others; returns the question's number. Each that answers within `timeout` is one Answered.

        Nobody says that there are no more, nor who will not answer. Raises UsageError as `ask` does.
        """
        self._check(topic, payload, timeout)
        if not self.has_room_for_all(len(payload)):
            raise UsageError("too many questions to all at once")
        self._last += 1
        number, size = self._last, len(payload) + HEAD_BYTES
        milliseconds = min(_MILLISECONDS_MAX, int(timeout * 1000.0))
        head = number.to_bytes(NUMBER_BYTES, "big") + milliseconds.to_bytes(HEAD_BYTES - NUMBER_BYTES, "big")
        self._spread(head + payload, topic, now)
        self._to_all[number] = _ToAll(now + timeout, size, {})
        self._to_all_until.set(number, now + max(timeout, HELD))
        self._to_all_bytes += size
        return number

    def has_room_for_all(self, size: int) -> bool:
        """Whether so many bytes may be asked of all now. With none under way, one always may."""
        fits = self._to_all_bytes + size + HEAD_BYTES <= self._settings.to_all_bytes_max
        return len(self._to_all) < self._settings.own_max and (fits or not self._to_all)

    def forget(self, number: int, now: Seconds) -> None:
        """Nobody waits for the answers to a question of ours any more. One that is over is no error."""
        question = self._questions.get(number)
        if question is not None:
            self._end(question, now)
        elif number in self._to_all:
            self._to_all[number].until = now

    # Answering: see there.

    def respond(self, ticket: int, outcome: Outcome, payload: bytes, now: Seconds) -> None:
        """Answer what was Asked, once; when nobody waits for it any more, nothing is done."""
        self._answering.respond(ticket, outcome, payload, now)

    def on_request(self, link: int, request: Request, now: Seconds) -> None:
        """A member asks us."""
        self._answering.on_request(link, request, now)

    def on_question(self, run: Run, age: Seconds, now: Seconds) -> None:
        """A run on lane `asked`, that has been under way for so long: questions to all, if anybody still waits."""
        if run.origin == self._identity.name:
            return
        for payload in run.payloads:
            if len(payload) < HEAD_BYTES:
                self._outbox.say(Problem("a question to all that has no head", run.origin))
                continue
            number = int.from_bytes(payload[:NUMBER_BYTES], "big")
            timeout = int.from_bytes(payload[NUMBER_BYTES:HEAD_BYTES], "big") / 1000.0
            left = min(timeout, self._settings.timeout_max) - age
            if left > 0.0:
                self._answering.on_question(run.origin, number, run.topic, payload[HEAD_BYTES:], left, now)

    # Answers.

    def on_response(self, link: int, response: Response, now: Seconds) -> None:
        """A member answers. What nobody waits for any more is nothing."""
        question = self._questions.get(response.number)
        info = self._links.info(link)
        if question is not None and info is not None and info.name == question.name:
            self._answered(question, _outcome(response.outcome), response.payload, now)

    def on_answers(self, link: int, answers: Answers, now: Seconds) -> None:
        """A member answers what all were asked. Each counts once."""
        to_all = self._to_all.get(answers.asked)
        info = self._links.info(link)
        if to_all is None or info is None or now >= to_all.until or info.name in to_all.answered:
            return
        to_all.answered[info.name] = None
        self._outbox.say(Answered(answers.asked, info.name, _outcome(answers.outcome), answers.payload))

    # Links.

    def on_link_ready(self, event: LinkReady, now: Seconds) -> bool:
        """A link stands: whether it was made for questions or answers, and for nothing else."""
        return self._calls.on_link_ready(event, now)

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> bool:
        """A link could not be made: whether it was made for questions or answers, and for nothing else."""
        return self._calls.on_link_failed(event, now)

    def on_link_down(self, event: LinkDown, now: Seconds) -> None:
        """A link is gone: what was asked over it is asked over another one, unless one side stops."""
        self._calls.on_link_down(event, now)
        stops = event.parting is Parting.LEAVING
        for question in [question for question in self._questions.values() if question.name == event.name]:
            if question.link == event.link:
                self._unsend(question)
            if question.number not in self._questions:
                continue  # it ended with another one
            if stops:
                self._unanswered(question, STOPS, now)
            elif not question.link and question.tries >= TRIES:
                self._unanswered(question, BROKEN, now)
            elif not question.link:
                self._want(question, now)
        self._answering.on_link_down(event.link, now)

    def on_neighbor(self, link: int) -> None:
        """A link became a neighbor's: it is not ours to close, but we use it."""
        self._calls.give_up(link)

    def holds(self, link: int) -> bool:
        """Whether something is under way over a link: who would close it for being of no use waits."""
        return self._calls.is_held(link)

    def pull(self, link: int, bytes_max: int, now: Seconds) -> list[Control]:
        """What a link is to send next of questions and answers, about so many bytes; says no event."""
        return self._calls.pull(link, bytes_max, now)

    # Time.

    def tick(self, now: Seconds) -> None:
        """Do what is due."""
        for number in self._until.due(now):
            self._unanswered(self._questions[number], IN_VAIN, now)
        for number in self._to_all_until.due(now):
            self._to_all_bytes -= self._to_all.pop(number).size
        self._answering.tick(now)
        self._calls.tick(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do. May come nearer when a link is pulled."""
        return soonest(
            self._until.next_deadline(),
            self._to_all_until.next_deadline(),
            self._answering.next_deadline(),
            self._calls.next_deadline(),
        )

    # Inside.

    def _check(self, topic: str, payload: bytes, timeout: Seconds) -> None:
        check_topic(topic)
        if len(payload) > self._settings.payload_bytes_max:
            limit = self._settings.payload_bytes_max
            raise UsageError(f"a question of {len(payload)} bytes is above the limit of {limit}")
        if not SHORTEST <= timeout <= self._settings.timeout_max:
            raise UsageError(f"a timeout is from {SHORTEST} to {self._settings.timeout_max} seconds, not {timeout}")

    def _want(self, question: _Question, now: Seconds) -> None:
        """Have a link for a question."""
        self._unsent.setdefault(question.name, {})[question.number] = None
        self._calls.want(question.name, question.until, now)

    def _on_reached(self, name: str, link: int, now: Seconds) -> None:
        """There is a link to a member: what waited for it goes over it, as far as the member has not too much of us."""
        waiting = self._unsent.get(name, {})
        while waiting and self._sent.get(name, 0) < self._settings.to_one_max:
            number = next(iter(waiting))
            question = self._questions[number]
            self._unwait(question)
            self._sent[name] = self._sent.get(name, 0) + 1
            question.link = link
            question.tries += 1
            milliseconds = math.ceil((question.until - now) * 1000.0)  # it must not be forgotten while we may repeat it
            request = Request(number, question.topic, milliseconds, question.payload)
            self._calls.hold(link)
            self._calls.send(link, Parcel(request, question.until))
        self._answering.on_reached(name, link, now)

    def _on_failed(self, name: str, why: str, now: Seconds) -> None:
        """There is none."""
        for number in tuple(self._unsent.get(name, ())):
            self._unanswered(self._questions[number], why, now)
        self._answering.on_failed(name, now)

    def _on_own_answer(self, number: int, outcome: Outcome, payload: bytes, now: Seconds) -> None:
        """We answered ourselves."""
        question = self._questions.get(number)
        if question is not None:
            self._answered(question, outcome, payload, now)

    def _answered(self, question: _Question, outcome: Outcome, payload: bytes, now: Seconds) -> None:
        self._end(question, now)
        self._outbox.say(Answered(question.number, question.name, outcome, payload))

    def _unanswered(self, question: _Question, why: str, now: Seconds) -> None:
        self._end(question, now)
        self._outbox.say(Unanswered(question.number, why))

    def _end(self, question: _Question, now: Seconds) -> None:
        del self._questions[question.number]
        self._until.cancel(question.number)
        self._unwait(question)
        link = question.link
        if link:
            self._unsend(question)
            self._calls.let_go(link, now)
            waiting = next(iter(self._unsent.get(question.name, ())), None)
            if waiting is not None:
                self._calls.want(question.name, self._questions[waiting].until, now)

    def _unwait(self, question: _Question) -> None:
        """A question does not wait for a link any more."""
        waiting = self._unsent.get(question.name)
        if waiting is not None:
            waiting.pop(question.number, None)
            if not waiting:
                del self._unsent[question.name]

    def _unsend(self, question: _Question) -> None:
        """A question is under way over no link any more."""
        question.link = 0
        self._sent[question.name] -= 1
        if not self._sent[question.name]:
            del self._sent[question.name]


def _outcome(number: int) -> Outcome:
    """What became of a question; a number that we don't know is a failure."""
    return Outcome(number) if number in _OUTCOMES else Outcome.FAILED
