"""Registration: on the lists of floor(n/2)+1 of the n seeds, and kept there.

    untried --ask--> asked --list--> held --renewal--> held
       ^               |               |
       `---backoff-----'<--unreachable-'

A seed that fails is replaced by another that was not tried; with fewer than wanted the failed ones are tried again,
ever more slowly, without end. An original seed lists a peer twice that registers twice, so before the first renewal a
seed is asked by the preface which kind it is: one of ours answers it, an original one fails to read it and closes.

Rule 1: an original seed that still holds us is not registered with again, but by who lost all neighbors for long.
Rule 2: a report of a dead peer goes to every seed that ever listed us.
"""

import enum
from collections.abc import Sequence
from random import Random

from rumor.core.effects import Ask, Failure, Tell
from rumor.core.events import Problem, Registered
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import DeadNode, PeerList, Preface, Register
from rumor.core.outbox import Outbox
from rumor.core.settings import RegistrationSettings
from rumor.core.timers import Timers, backoff, soonest

PREFACE_TIMEOUT: Seconds = 1.0
"""How long the preface may stay unanswered: an original node closes at once, one of ours answers at once."""


class _State(enum.Enum):
    IDLE = "not asked, or waiting for another try"
    ASKED = "a registration is under way"
    HELD = "the seed lists us"


class _Kind(enum.Enum):
    UNKNOWN = "not yet known"
    OURS = "answers the preface"
    ORIGINAL = "closes on the preface, or lists us twice"


class _Due(enum.Enum):
    RETRY = "a seed that failed may be asked again"
    RENEWAL = "a seed that holds us is to be visited"


class _Seed:
    """What we know of one seed. `busy` while a registration or a preface is under way."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.state = _State.IDLE
        self.kind = _Kind.UNKNOWN
        self.kind_since: Seconds = 0.0
        self.failures = 0
        self.listed_once = False
        self.busy = False
        self.last_resorts = 0


class Registration:
    """A peer's side of registering: which seeds, when again, and the reports that go to them."""

    def __init__(
        self, seeds: Sequence[Address], identity: Identity, settings: RegistrationSettings, outbox: Outbox, rng: Random
    ) -> None:
        self._seeds = {address: _Seed(address) for address in seeds}
        self._identity = identity
        self._settings = settings
        self._outbox = outbox
        self._rng = rng
        self._timers: Timers[tuple[_Due, Address]] = Timers()
        self._report_timers: Timers[tuple[Address, DeadNode]] = Timers()
        self._report_failures: dict[tuple[Address, DeadNode], int] = {}
        self._short_told: int | None = None
        self._had_neighbor = False

    @property
    def wanted(self) -> int:
        """floor(n/2)+1 of the n seeds, so that any two peers have a seed in common; 0 of none."""
        return len(self._seeds) // 2 + 1 if self._seeds else 0

    @property
    def held(self) -> tuple[Address, ...]:
        """The seeds that list us now, as far as we know."""
        return tuple(seed.address for seed in self._seeds.values() if seed.state is _State.HELD)

    def join(self, now: Seconds) -> None:
        """Register with as many seeds as wanted, chosen at random."""
        self._ask_enough(now)

    def tick(self, now: Seconds) -> None:
        """Try again and renew what is due."""
        for due, address in self._timers.due(now):
            seed = self._seeds[address]
            if due is _Due.RENEWAL:
                self._visit(seed)
        self._ask_enough(now)
        for address, report in self._report_timers.due(now):
            self._tell(address, report)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return soonest(self._timers.next_deadline(), self._report_timers.next_deadline())

    def on_peer_list(self, address: Address, reply: PeerList, now: Seconds) -> bool:
        """A seed took us on its list; returns whether it held us before. One that lists us twice is an original."""
        seed = self._free(address)
        if sum(1 for peer in reply.peers if self._identity.is_self(peer)) > 1:
            self._recognize(seed, _Kind.ORIGINAL, now)
        renewed = seed.state is _State.HELD
        self._outbox.say(Registered(address, renewed))
        seed.state = _State.HELD
        seed.listed_once = True
        seed.failures = 0
        self._plan_renewal(seed, now)
        self._ask_enough(now)
        return renewed

    def on_register_failed(self, address: Address, failure: Failure, now: Seconds) -> None:
        """A seed did not answer our registration: try another, and this one later.

        An original that has us on its list already, and can be reached, holds us still.
        """
        seed = self._free(address)
        if seed.state is _State.HELD and seed.kind is _Kind.ORIGINAL and failure is not Failure.UNREACHABLE:
            self._plan_renewal(seed, now)
        else:
            self._lose(seed, failure, now)

    def on_preface_answered(self, address: Address, now: Seconds) -> None:
        """The seed is one of ours: to register again does no harm."""
        seed = self._free(address)
        self._recognize(seed, _Kind.OURS, now)
        self._register(seed)

    def on_preface_failed(self, address: Address, failure: Failure, now: Seconds) -> None:
        """The seed is an original, or it can't be reached. Silence tells neither: it may be busy."""
        seed = self._free(address)
        if failure is Failure.UNREACHABLE:
            seed.kind = _Kind.UNKNOWN
            self._lose(seed, failure, now)
            return
        if failure is not Failure.SILENT:
            self._recognize(seed, _Kind.ORIGINAL, now)
        self._plan_renewal(seed, now)

    def ask_again(self, alone_since: Seconds, now: Seconds) -> None:
        """We have no neighbor, and nobody left to ask: look at the seeds' lists again.

        At an original seed only as a last resort, ever more rarely, since it will list us twice; and never before there
        was any neighbor, since who comes later finds us on its list.
        """
        for seed in self._seeds.values():
            if seed.state is not _State.HELD or seed.busy:
                continue
            if now - alone_since < self._settings.original_alone:
                seed.last_resorts = 0  # a new loneliness
            patience = self._settings.original_alone * 2.0**seed.last_resorts
            if seed.kind is not _Kind.ORIGINAL:
                self._visit(seed)
            elif self._had_neighbor and now - alone_since >= patience:
                seed.last_resorts = min(seed.last_resorts + 1, 16)
                self._register(seed)

    def report(self, report: DeadNode) -> tuple[Address, ...]:
        """Tell every seed that ever listed us of a dead peer; returns these seeds."""
        seeds = tuple(seed.address for seed in self._seeds.values() if seed.listed_once)
        for address in seeds:
            self._tell(address, report)
        return seeds

    def on_reported(self, address: Address, report: DeadNode) -> None:
        """A report has left for its seed."""
        self._report_failures.pop((address, report), None)

    def on_report_failed(self, address: Address, report: DeadNode, now: Seconds) -> None:
        """A report did not get through: try again a few times."""
        key = (address, report)
        if key not in self._report_failures:
            return
        self._report_failures[key] += 1
        tries = self._report_failures[key]
        if tries >= self._settings.report_tries:
            del self._report_failures[key]
            self._outbox.say(Problem("a dead peer could not be reported", str(address), str(report.peer)))
        else:
            self._report_timers.set(key, now + self._wait(tries))

    def on_neighbor(self, peer: Address) -> None:
        """The peer is here: reports of its death that have not got through must not strike it off now."""
        self._had_neighbor = True
        for key in [key for key in self._report_failures if key[1].peer == peer]:
            del self._report_failures[key]
            self._report_timers.cancel(key)

    def _tell(self, address: Address, report: DeadNode) -> None:
        self._report_failures.setdefault((address, report), 0)
        self._outbox.do(Tell(address, report, self._settings.ask_timeout))

    def _ask_enough(self, now: Seconds) -> None:
        """Ask seeds at random until enough hold us or are being asked."""
        idle = [seed for seed in self._seeds.values() if seed.state is _State.IDLE]
        missing = self.wanted - (len(self._seeds) - len(idle))
        ready = [seed for seed in idle if (_Due.RETRY, seed.address) not in self._timers]
        for seed in self._rng.sample(ready, max(0, min(missing, len(ready)))):
            seed.state = _State.ASKED
            self._register(seed)
        self._tell_if_short()

    def _tell_if_short(self) -> None:
        """Say once when no further seed can be asked and fewer than wanted hold us."""
        held = len(self.held)
        if held >= self.wanted:
            self._short_told = None
        elif held != self._short_told and all(seed.state is not _State.ASKED for seed in self._seeds.values()):
            self._short_told = held
            if held == 0:
                self._outbox.say(Problem("no seed can be reached; going on trying", detail=f"{len(self._seeds)} known"))
            else:
                self._outbox.say(Problem("registered with fewer seeds than wanted", detail=f"{held} of {self.wanted}"))

    def _visit(self, seed: _Seed) -> None:
        """Renew where that is known to be harmless, else find out the kind of the seed first."""
        if seed.kind is _Kind.OURS:
            self._register(seed)
        else:
            self._ask(seed, Preface(), PREFACE_TIMEOUT)

    def _register(self, seed: _Seed) -> None:
        self._ask(seed, Register(self._identity.address), self._settings.ask_timeout)

    def _ask(self, seed: _Seed, request: Preface | Register, timeout: Seconds) -> None:
        seed.busy = True
        self._timers.cancel((_Due.RENEWAL, seed.address))
        self._outbox.do(Ask(seed.address, request, timeout))

    def _free(self, address: Address) -> _Seed:
        """The seed whose exchange has ended."""
        seed = self._seeds[address]
        seed.busy = False
        return seed

    def _recognize(self, seed: _Seed, kind: _Kind, now: Seconds) -> None:
        seed.kind = kind
        seed.kind_since = now

    def _plan_renewal(self, seed: _Seed, now: Seconds) -> None:
        jitter = self._settings.renewal_jitter
        planned = now + self._settings.renewal_interval * self._rng.uniform(1.0 - jitter, 1.0 + jitter)
        if seed.kind is _Kind.ORIGINAL:
            planned = max(planned, seed.kind_since + self._settings.original_recheck)
        self._timers.set((_Due.RENEWAL, seed.address), planned)

    def _lose(self, seed: _Seed, failure: Failure, now: Seconds) -> None:
        seed.state = _State.IDLE
        seed.failures += 1
        self._timers.cancel((_Due.RENEWAL, seed.address))
        self._timers.set((_Due.RETRY, seed.address), now + self._wait(seed.failures))
        self._outbox.say(Problem("a seed can't be registered with", str(seed.address), failure.value))
        self._ask_enough(now)

    def _wait(self, failures: int) -> Seconds:
        settings = self._settings
        return backoff(failures, first=settings.retry_first, longest=settings.retry_longest, rng=self._rng)
