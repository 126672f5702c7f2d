"""Coverage: which of the members have a rumor of ours, by their own word (core/requests/census.py).

    coverage --a question to all--> each that has it, as soon as it has --> enough? or the time is over: Coverage

Members count as they are at the end: who dies meanwhile is not waited for, who joins meanwhile is. Members that are
away, left or dead don't count, nor do we ourselves.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import Protocol

import msgspec

from rumor.core.errors import UsageError
from rumor.core.events import Answered, Event
from rumor.core.frames import Outcome
from rumor.core.ids import Seconds
from rumor.core.members import Member, State
from rumor.core.requests.census import HAS, TOPIC, question
from rumor.core.settings import SHORTEST

TIMEOUT: Seconds = 10.0
"""How long is waited for enough members, unless it is said otherwise."""

AT_ONCE = 8
"""Censuses under way; further ones wait their turn, since each is answered by everybody."""

LOOK_AGAIN: Seconds = 0.25
"""After so long it is looked at anew who counts as a member."""

COUNTED_MAX = 256
"""Up to so many members are asked one by one how many have a rumor, where nobody wants to know it exactly."""

NEARLY = 1e-9
"""A share of members is a product of floats."""


class Coverage(msgspec.Struct, frozen=True):
    """How many of the live members have a rumor, by their own word. `complete`: as many as was asked for.

    `missing` are the names of the others: those who lack it, and those who have not answered in time.
    """

    complete: bool
    heard: int
    members: int
    missing: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of the members that have it; 0 if there are none."""
        return self.heard / self.members if self.members else 0.0


class Core(Protocol):
    """What is needed of the core: `core.peer.Peer`."""

    def members(self) -> tuple[Member, ...]:
        """Who is in the network."""

    def ask_all(self, topic: str, payload: bytes, timeout: Seconds, now: Seconds) -> int:
        """Ask all."""

    def forget_question(self, number: int, now: Seconds) -> None:
        """Nobody waits for the answers any more."""


class _Tally(msgspec.Struct):
    """Who has it so far. `wanted`: so many names are worth a look."""

    heard: set[str]
    wanted: int
    enough: asyncio.Event


class Census:
    """The censuses of one peer, whose name is `own`. `turn`: the moment of the turn, for what is done in it.

    `full`: all members are known, and not only the neighbors.
    """

    def __init__(self, core: Core, own: str, turn: Callable[[], Seconds], *, full: bool = True) -> None:
        self._core = core
        self._own = own
        self._turn = turn
        self._full = full
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tallies: dict[int, _Tally] = {}
        self._ended = False

    @property
    def is_cheap(self) -> bool:
        """Whether the members are known, and few enough to be asked for any reason."""
        return self._full and not self._ended and len(self._core.members()) <= COUNTED_MAX

    async def take(self, number: int, share: float, patience: Seconds) -> Coverage:
        """Ask everybody for a rumor of ours, until this share of the members has it, or the time is over."""
        if not 0.0 < share <= 1.0:
            raise UsageError(f"a share is above 0 and at most 1, not {share}")
        until = asyncio.get_running_loop().time() + patience
        try:
            async with asyncio.timeout_at(until):
                await self._places.acquire()
        except TimeoutError:
            return self._reached(frozenset(), share)
        try:
            return await self._ask(number, share, until)
        finally:
            self._places.release()

    def on_event(self, event: Event) -> None:
        """Something happened: perhaps a member answered."""
        if not isinstance(event, Answered):
            return
        tally = self._tallies.get(event.number)
        if tally is not None and event.outcome is Outcome.ANSWERED and event.payload == HAS:
            tally.heard.add(event.member)
            if len(tally.heard) >= tally.wanted:
                tally.enough.set()

    def end(self) -> None:
        """The peer stops: who waits gets what is known by then."""
        self._ended = True
        for tally in self._tallies.values():
            tally.enough.set()

    async def _ask(self, number: int, share: float, until: Seconds) -> Coverage:
        self._check_running()
        loop = asyncio.get_running_loop()
        asked = self._core.ask_all(TOPIC, question(number), max(SHORTEST, until - loop.time()), self._turn())
        tally = self._tallies[asked] = _Tally(set(), 1, asyncio.Event())
        try:
            while True:
                reached = self._reached(tally.heard, share)
                left = until - loop.time()
                if reached.complete or self._ended or left <= 0.0:
                    return reached
                lacking = math.ceil(share * reached.members - NEARLY) - reached.heard
                tally.wanted = len(tally.heard) + max(1, lacking)
                tally.enough.clear()
                await _wait(tally.enough, min(left, LOOK_AGAIN))
        finally:
            del self._tallies[asked]
            if not self._ended:
                self._core.forget_question(asked, self._turn())

    def _check_running(self) -> None:
        if self._ended:
            raise UsageError("the peer has stopped")

    def _reached(self, heard: set[str] | frozenset[str], share: float) -> Coverage:
        names = [
            member.name
            for member in self._core.members()
            if member.state in (State.ALIVE, State.SUSPECT) and member.name != self._own
        ]
        missing = tuple(name for name in names if name not in heard)
        count = len(names) - len(missing)
        return Coverage(bool(names) and count >= share * len(names) - NEARLY, count, len(names), missing)


async def _wait(event: asyncio.Event, patience: Seconds) -> None:
    """Wait for an event for so long at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await event.wait()
