"""Leases: how long a seed lists a peer without a sign of life, and what it does then.

    listed --no proof of life for a lease, or reported dead--> asked --answer--> listed
       ^                                                         | ^
       `--------------------it registers again-------------------' `--failure--> asked again, a little later
                                                                      `--the third--> struck off

Who came by text is asked by the text that original peers ask each other, one of ours by the preface, which it answers
whatever it does. A report of a death is no more than a reason to ask, so nobody is struck off who answers.

Rule 1: nobody is struck off whom the seed did not try `strikes_max` times in a row. Rule 2: no more than `asks_max` are
asked at once; the others wait in the order in which their turn came.
"""

import heapq
from collections import deque

import msgspec

from rumor.core.clock import WallClock
from rumor.core.effects import Ask
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import LivenessRequest, Preface
from rumor.core.outbox import Outbox
from rumor.core.seeds.registry import Listed
from rumor.core.settings import RegistrySettings
from rumor.core.timers import soonest

SHELVES = 64
"""A lease is looked at a 64th of its length too late at most: those that end about the same time lie together."""

NOWHERE = "127.0.0.1"
"""The host that a seed writes which has no IPv4 address itself; the peer only gives it back."""


class _Trial(msgspec.Struct, eq=False):
    """One that is asked whether it lives. `lapsed`: its lease is over, so that it lies on no shelf."""

    listed: Listed
    since: Seconds
    lapsed: bool
    strikes: int = 0


class Leases:
    """All leases of one seed."""

    def __init__(self, identity: Identity, clock: WallClock, settings: RegistrySettings, outbox: Outbox) -> None:
        self._identity = identity
        self._clock = clock
        self._settings = settings
        self._outbox = outbox
        self._width = settings.lease / SHELVES
        self._shelves: dict[int, list[Listed]] = {}
        self._shelf_numbers: list[int] = []
        self._trials: dict[Address, _Trial] = {}
        self._due: dict[Address, None] = {}
        self._asking: dict[Address, None] = {}
        self._again: deque[tuple[Seconds, Address]] = deque()

    def __len__(self) -> int:
        """How many are asked, or wait to be."""
        return len(self._trials)

    def grant(self, listed: Listed, now: Seconds) -> None:
        """Somebody is listed; its lease begins."""
        self._shelve(listed, now + self._settings.lease)

    def grant_all(self, many: list[Listed], now: Seconds) -> None:
        """Many are listed, and their leases begin together; the list is ours from here on."""
        if many:
            until = now + self._settings.lease
            self._shelve(many[0], until)
            self._shelves[int(until // self._width)] += many[1:]

    def doubt(self, listed: Listed, now: Seconds) -> None:
        """Somebody is said to be dead: see for ourselves."""
        self._try(listed, now, lapsed=False)
        self._ask_some(now)

    def on_proof(self, listed: Listed) -> None:
        """It showed that it lives: if that was after we began to doubt it, what we were about to ask is answered."""
        trial = self._trials.get(listed.address)
        if trial is not None and trial.listed is listed and listed.proof >= trial.since:
            self._acquit(trial)

    def on_answer(self, to: Address, now: Seconds) -> Listed | None:
        """Somebody answered us; who it was, if it is still of interest."""
        self._asking.pop(to, None)
        trial = self._trials.get(to)
        if trial is not None:
            trial.listed.proof = now
            self._acquit(trial)
        self._ask_some(now)
        return trial.listed if trial is not None else None

    def on_failure(self, to: Address, now: Seconds) -> Listed | None:
        """Somebody did not answer; who is to be struck off for it, if anybody."""
        self._asking.pop(to, None)
        trial = self._trials.get(to)
        struck = None
        if trial is not None and trial.listed.off:
            del self._trials[to]
        elif trial is not None:
            trial.strikes += 1
            if trial.strikes >= self._settings.strikes_max:
                del self._trials[to]
                struck = trial.listed
            else:
                self._again.append((now + self._settings.ask_again, to))
        self._ask_some(now)
        return struck

    def tick(self, now: Seconds) -> None:
        """Look at the leases that are over, and ask again who did not answer."""
        while self._shelf_numbers and (self._shelf_numbers[0] + 1) * self._width <= now:
            for listed in self._shelves.pop(heapq.heappop(self._shelf_numbers)):
                self._look_at(listed, now)
        while self._again and self._again[0][0] <= now:
            self._due[self._again.popleft()[1]] = None
        self._ask_some(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return soonest(
            (self._shelf_numbers[0] + 1) * self._width if self._shelf_numbers else None,
            self._again[0][0] if self._again else None,
        )

    def _look_at(self, listed: Listed, now: Seconds) -> None:
        """A lease may be over; whoever renewed it meanwhile did not move it."""
        until = listed.proof + self._settings.lease
        if listed.off:
            return
        if until > now:
            self._shelve(listed, until)
        else:
            self._try(listed, now, lapsed=True)

    def _shelve(self, listed: Listed, until: Seconds) -> None:
        number = int(until // self._width)
        shelf = self._shelves.get(number)
        if shelf is None:
            self._shelves[number] = shelf = []
            heapq.heappush(self._shelf_numbers, number)
        shelf.append(listed)

    def _try(self, listed: Listed, now: Seconds, *, lapsed: bool) -> None:
        trial = self._trials.get(listed.address)
        if trial is not None and trial.listed is listed:
            trial.lapsed = trial.lapsed or lapsed
            return
        self._trials[listed.address] = _Trial(listed, now, lapsed)
        if listed.address not in self._asking:
            self._due[listed.address] = None

    def _acquit(self, trial: _Trial) -> None:
        """It lives."""
        del self._trials[trial.listed.address]
        self._due.pop(trial.listed.address, None)
        if trial.lapsed:
            self._shelve(trial.listed, trial.listed.proof + self._settings.lease)

    def _ask_some(self, now: Seconds) -> None:
        while self._due and len(self._asking) < self._settings.asks_max:
            address = next(iter(self._due))
            del self._due[address]
            trial = self._trials.get(address)
            if trial is not None and trial.listed.off:
                del self._trials[address]
            elif trial is not None:
                self._asking[address] = None
                self._outbox.do(Ask(address, self._question(trial.listed, now), self._settings.ask_timeout))

    def _question(self, listed: Listed, now: Seconds) -> LivenessRequest | Preface:
        if listed.name:
            return Preface()
        own = self._identity.address
        return LivenessRequest(self._clock.timestamp(now), own.host if own.is_ipv4 else NOWHERE)
