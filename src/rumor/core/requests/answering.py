"""Answering: what others ask us, from their question to our answer's leaving.

    Request --a place--> Asked, a ticket --respond--> Response waits for its link --left--> remembered
       |`--no place--> BUSY                  `--its time is over--> forgotten
       `--asked before--> the same answer once more
    question to all --a place--> Asked, a ticket --respond--> a link to the asker, spread over a while --> Answers

A question that comes again over another link, since its first one broke, is the same question: who answers is asked
once, and the answer is remembered until nobody waits for it any more.

Rule 1: an answer holds its place until it has left, so an asker that does not read gets no more of us than its share.
Rule 2: one asker has at most as many places as are still free, so there is always one for another.
"""

from collections.abc import Callable

import msgspec

from rumor.core.events import Asked, Problem
from rumor.core.frames import Answers, Outcome, Request, Response
from rumor.core.ids import Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.requests.calls import Calls, Parcel, share_of
from rumor.core.requests.deadlines import Deadlines
from rumor.core.settings import RequestSettings
from rumor.core.timers import soonest

SPREAD: Seconds = 0.001
"""The answers to a question to all come spread over so long for each member, so that the asker can take them."""

SPREAD_SHARE = 0.25
"""And over no more than this share of the time that is left."""

LINGER: Seconds = 0.02
"""A link that was made for one answer is kept so long after it."""


class _Ticket(msgspec.Struct):
    """One question of another: `asked` is its number there. `link`: the one that it holds, 0: none.

    `outcome` is None until it is answered; `closed` once the answer has left, and it takes no place any more.
    """

    number: int
    asker: str
    asked: int
    until: Seconds
    to_all: bool
    link: int = 0
    outcome: Outcome | None = None
    payload: bytes = b""
    closed: bool = False


class Answering:
    """The questions of others. `calls` finds the way back, `on_own` takes the answers to what we ask ourselves.

    `members` tells how many there are.
    """

    def __init__(
        self,
        identity: Identity,
        links: Links,
        settings: RequestSettings,
        outbox: Outbox,
        calls: Calls,
        *,
        members: Callable[[], int],
        on_own: Callable[[int, Outcome, bytes, Seconds], None],
    ) -> None:
        self._identity = identity
        self._links = links
        self._settings = settings
        self._outbox = outbox
        self._calls = calls
        self._members = members
        self._on_own = on_own
        self._tickets: dict[int, _Ticket] = {}
        self._by_question: dict[tuple[str, int], _Ticket] = {}
        self._places: dict[str, int] = {}
        self._places_taken = 0
        self._told: dict[int, None] = {}
        self._to_tell: dict[str, dict[int, None]] = {}
        self._until: Deadlines[int] = Deadlines()
        self._later: Deadlines[int] = Deadlines()
        self._last = 0

    # Questions.

    def on_request(self, link: int, request: Request, now: Seconds) -> None:
        """A member asks us."""
        info = self._links.info(link)
        patience = min(request.timeout_ms / 1000.0, self._settings.timeout_max)
        if info is None or patience <= 0.0:
            return
        ticket = self._by_question.get((info.name, request.number))
        if ticket is not None:
            self._on_asked_again(ticket, link, now)
        elif len(request.payload) > self._settings.payload_bytes_max:
            self._outbox.say(Problem("a question that is too long", str(info.address)))
            self._outbox.send(link, Response(request.number, Outcome.FAILED))
        else:
            ticket = self._take(info.name, request.number, request.topic, request.payload, patience, now)
            if ticket is None:
                self._outbox.send(link, Response(request.number, Outcome.BUSY))
            else:
                self._hold(ticket, link, now)

    def on_own_request(self, asked: int, topic: str, payload: bytes, patience: Seconds, now: Seconds) -> None:
        """We ask ourselves."""
        if self._take(self._identity.name, asked, topic, payload, patience, now) is None:
            self._on_own(asked, Outcome.BUSY, b"", now)

    def on_question(self, asker: str, asked: int, topic: str, payload: bytes, patience: Seconds, now: Seconds) -> None:
        """Somebody asks all, and waits for so long. Too many at once are not answered, which is said."""
        if (asker, asked) in self._by_question:
            return
        if self._take(asker, asked, topic, payload, patience, now, to_all=True) is None:
            self._outbox.say(Problem("more questions than can be answered", asker))

    # Answers.

    def respond(self, number: int, outcome: Outcome, payload: bytes, now: Seconds) -> None:
        """Answer a question, once; when nobody waits for it any more, nothing is done.

        An answer that is too long becomes a failure. Who asked all is not told that we have nothing to say.
        """
        ticket = self._tickets.get(number)
        if ticket is None or ticket.outcome is not None:
            return
        if len(payload) > self._settings.payload_bytes_max:
            self._outbox.say(Problem("an answer that is too long", detail=f"{len(payload)} bytes for {ticket.asker}"))
            outcome = Outcome.FAILED
        ticket.outcome = outcome
        ticket.payload = payload if outcome is Outcome.ANSWERED else b""
        if ticket.asker == self._identity.name:
            self._drop(ticket, now)
            self._on_own(ticket.asked, outcome, ticket.payload, now)
        elif not ticket.to_all:
            self._send(ticket, now)
        elif outcome is Outcome.NO_RESPONDER:
            self._drop(ticket, now)
        elif self._links.find(ticket.asker) is not None:
            self._want(ticket, now)
        else:
            spread = min(SPREAD * self._members(), SPREAD_SHARE * (ticket.until - now))
            self._later.set(number, now + spread * share_of(self._identity.name, ticket.asker, ticket.asked))

    def on_reached(self, name: str, link: int, now: Seconds) -> None:
        """There is a link to a member: what all were asked goes over it."""
        for number in self._to_tell.pop(name, ()):
            self._hold(self._tickets[number], link, now)
            self._send(self._tickets[number], now)

    def on_failed(self, name: str, now: Seconds) -> None:
        """There is none: nobody is there to be told."""
        for number in self._to_tell.pop(name, ()):
            self._drop(self._tickets[number], now)

    def on_left(self, number: int, now: Seconds) -> None:
        """An answer has left: its place is free, and it is remembered in case that its link breaks."""
        ticket = self._tickets.get(number)
        if ticket is None:
            return
        if ticket.to_all:
            self._drop(ticket, now)
            return
        self._let_go(ticket, now)
        self._close(ticket)
        self._told[number] = None
        if len(self._told) > self._settings.serving_max:
            self._drop(self._tickets[next(iter(self._told))], now)

    # Links and time.

    def on_link_down(self, link: int, now: Seconds) -> None:
        """A link is gone: an answer takes another one, or waits for being asked for once more."""
        for ticket in [ticket for ticket in self._tickets.values() if ticket.link == link]:
            ticket.link = 0
            if ticket.outcome is not None:
                if ticket.to_all:
                    self._want(ticket, now)
                else:
                    self._send(ticket, now)

    def tick(self, now: Seconds) -> None:
        """Forget what nobody waits for any more, and tell who asked all."""
        for number in self._until.due(now):
            self._drop(self._tickets[number], now)
        for number in self._later.due(now):
            self._want(self._tickets[number], now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return soonest(self._until.next_deadline(), self._later.next_deadline())

    # Inside.

    def _take(
        self,
        asker: str,
        asked: int,
        topic: str,
        payload: bytes,
        patience: Seconds,
        now: Seconds,
        *,
        to_all: bool = False,
    ) -> _Ticket | None:
        """Put a question to the application, if there is a place for its asker."""
        taken = self._places.get(asker, 0)
        if taken >= self._settings.serving_max - self._places_taken:
            return None
        self._last += 1
        ticket = _Ticket(self._last, asker, asked, now + patience, to_all)
        self._tickets[ticket.number] = self._by_question[asker, asked] = ticket
        self._places[asker] = taken + 1
        self._places_taken += 1
        self._until.set(ticket.number, ticket.until)
        self._outbox.say(Asked(ticket.number, asker, topic, payload, patience, to_all))
        return ticket

    def _on_asked_again(self, ticket: _Ticket, link: int, now: Seconds) -> None:
        """Its link broke, or our answer went with it. (Over the link that it holds already nothing is missing.)"""
        if ticket.link != link:
            self._hold(ticket, link, now)
            if ticket.outcome is not None:
                self._send(ticket, now)

    def _want(self, ticket: _Ticket, now: Seconds) -> None:
        """Have a link to who asked all."""
        self._to_tell.setdefault(ticket.asker, {})[ticket.number] = None
        self._calls.want(ticket.asker, ticket.until, now)

    def _send(self, ticket: _Ticket, now: Seconds) -> None:
        """Let an answer wait for the link that its question came by, or another one."""
        link = ticket.link or self._links.find(ticket.asker)
        if link is None:
            return
        assert ticket.outcome is not None
        self._hold(ticket, link, now)
        kind = Answers if ticket.to_all else Response
        frame = kind(ticket.asked, ticket.outcome, ticket.payload)
        self._calls.send(link, Parcel(frame, ticket.until, ticket.number))

    def _hold(self, ticket: _Ticket, link: int, now: Seconds) -> None:
        if ticket.link != link:
            self._let_go(ticket, now)
            ticket.link = link
            self._calls.hold(link)

    def _let_go(self, ticket: _Ticket, now: Seconds) -> None:
        link, ticket.link = ticket.link, 0
        if link:
            self._calls.let_go(link, now, linger=LINGER if ticket.to_all else None)

    def _close(self, ticket: _Ticket) -> None:
        """Its place is free."""
        if ticket.closed:
            return
        ticket.closed = True
        self._places_taken -= 1
        self._places[ticket.asker] -= 1
        if not self._places[ticket.asker]:
            del self._places[ticket.asker]

    def _drop(self, ticket: _Ticket, now: Seconds) -> None:
        """Nothing is left to do for a question."""
        self._close(ticket)
        del self._tickets[ticket.number]
        del self._by_question[ticket.asker, ticket.asked]
        self._told.pop(ticket.number, None)
        self._until.cancel(ticket.number)
        self._later.cancel(ticket.number)
        waiting = self._to_tell.get(ticket.asker)
        if waiting is not None:
            waiting.pop(ticket.number, None)
            if not waiting:
                del self._to_tell[ticket.asker]
        self._let_go(ticket, now)
