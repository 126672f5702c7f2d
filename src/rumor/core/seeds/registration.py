"""Registration: on the lists of floor(n/2)+1 of the n seeds, and kept there.

    untried --ask--> asked --list--> held --renewal--> held
       ^               |               |
       `---backoff-----'<--unreachable-'

A seed that fails is replaced by another that was not tried; with fewer than wanted the failed ones are tried again,
ever more slowly, without end. First it is asked by text, which every seed understands. An original seed lists a peer
twice that registers twice, so soon after that a seed is asked by the preface which kind it is: one of ours answers it,
an original one fails to read it and closes. With one of ours a link is made for each renewal: an Enrolment, and its
Lease with some peers at random. A peer without an IPv4 address can't be asked for by text: it begins with the preface.

Rule 1: an original seed that still holds us is not registered with again, but by who lost all neighbors for long.
Rule 2: a report of a dead peer goes to every seed that ever listed us: by a link to ours, by text to the others.
Rule 3: a seed of ours that can't be registered with over a link is asked by text instead, if it is there.
"""

import enum
from collections.abc import Callable, Sequence
from random import Random

from rumor.core.effects import Ask, Failure, Tell
from rumor.core.events import LinkDown, LinkFailed, LinkReady, Problem, Registered
from rumor.core.frames import DeathNotice, Enrolment, Lease, Parting, Role
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import DeadNode, PeerList, Preface, Register
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.settings import RegistrationSettings
from rumor.core.timers import Timers, backoff, soonest

PREFACE_TIMEOUT: Seconds = 1.0
"""How long the preface may stay unanswered: an original node closes at once, one of ours answers at once."""

NO_IPV4 = "an original seed, whose texts can carry IPv4 addresses only"

VISIT_SOON: Seconds = 2.0
"""How soon a seed that listed us by text is asked for its kind: out of the way of finding neighbors."""


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
    LEASE = "a seed did not answer over its link"


class _Seed:
    """What we know of one seed. `busy` while a registration or a preface is under way.

    `link` is the one that we have made to it, or are making; `enrolling` while a Lease is to come by it, `reports` are
    to go by it. `renewing`: it is asked because a lease runs out, and not because contacts are wanted.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.state = _State.IDLE
        self.kind = _Kind.UNKNOWN
        self.kind_since: Seconds = 0.0
        self.failures = 0
        self.listed_once = False
        self.busy = False
        self.visited = False
        self.last_resorts = 0
        self.link: int | None = None
        self.enrolling = False
        self.renewing = False
        self.reports: dict[DeadNode, None] = {}


class _Delivery:
    """A report on its way to one seed: how it goes over a link, and how often it failed."""

    def __init__(self, notice: DeathNotice) -> None:
        self.notice = notice
        self.failures = 0


class Registration:
    """A peer's side of registering: which seeds, when again, and the reports that go to them.

    `incarnation` tells our present one, for the seeds to know.
    """

    def __init__(
        self,
        seeds: Sequence[Address],
        identity: Identity,
        links: Links,
        settings: RegistrationSettings,
        outbox: Outbox,
        rng: Random,
        incarnation: Callable[[], int] = lambda: 0,
    ) -> None:
        self._incarnation = incarnation
        self._seeds = {address: _Seed(address) for address in seeds}
        self._identity = identity
        self._links = links
        self._by_link: dict[int, _Seed] = {}
        self._settings = settings
        self._outbox = outbox
        self._rng = rng
        self._timers: Timers[tuple[_Due, Address]] = Timers()
        self._report_timers: Timers[tuple[Address, DeadNode]] = Timers()
        self._deliveries: dict[tuple[Address, DeadNode], _Delivery] = {}
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

    def set_seeds(self, seeds: Sequence[Address], now: Seconds) -> None:
        """These are the seeds from now on: new ones are registered with as far as there are too few."""
        wanted = dict.fromkeys(seeds)
        for seed in [seed for seed in self._seeds.values() if seed.address not in wanted]:
            self._forget(seed, now)
        self._seeds = {address: self._seeds.get(address) or _Seed(address) for address in wanted}
        self._ask_enough(now)

    def tick(self, now: Seconds) -> None:
        """Try again and renew what is due."""
        for due, address in self._timers.due(now):
            seed = self._seeds[address]
            if due is _Due.RENEWAL:
                seed.renewing = True
                self._visit(seed, now)
            elif due is _Due.LEASE and seed.link is not None:
                self._links.part(seed.link, Parting.SILENT, now=now)
        self._ask_enough(now)
        for address, report in self._report_timers.due(now):
            self._tell(self._seeds[address], report, now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return soonest(self._timers.next_deadline(), self._report_timers.next_deadline())

    # Texts.

    def on_peer_list(self, address: Address, reply: PeerList, now: Seconds) -> bool:
        """A seed took us on its list; returns whether it held us before. One that lists us twice is an original."""
        seed = self._free(address)
        if seed is None:
            return True
        if sum(1 for peer in reply.peers if self._identity.is_self(peer)) > 1:
            self._recognize(seed, _Kind.ORIGINAL, now)
        return self._hold(seed, self._settings.renewal_interval, now)

    def on_register_failed(self, address: Address, failure: Failure, now: Seconds) -> None:
        """A seed did not answer our registration: try another, and this one later.

        An original that has us on its list already, and can be reached, holds us still.
        """
        seed = self._free(address)
        if seed is None:
            return
        if seed.state is _State.HELD and seed.kind is _Kind.ORIGINAL and failure is not Failure.UNREACHABLE:
            self._plan_renewal(seed, self._settings.renewal_interval, now)
        else:
            self._lose(seed, failure.value, now)

    def on_preface_answered(self, address: Address, now: Seconds) -> None:
        """The seed is one of ours: to register again does no harm, and it knows us by name."""
        seed = self._free(address)
        if seed is not None:
            self._recognize(seed, _Kind.OURS, now)
            self._register(seed, now)

    def on_preface_failed(self, address: Address, failure: Failure, now: Seconds) -> None:
        """The seed is an original, or it can't be reached. Silence tells neither: it may be busy."""
        seed = self._free(address)
        if seed is None:
            return
        if failure is Failure.UNREACHABLE or seed.state is not _State.HELD:
            is_original = failure in (Failure.CLOSED, Failure.GARBLED)
            seed.kind = _Kind.UNKNOWN
            self._lose(seed, NO_IPV4 if is_original else failure.value, now)
            return
        if failure is not Failure.SILENT:
            self._recognize(seed, _Kind.ORIGINAL, now)
        self._plan_renewal(seed, self._settings.renewal_interval, now)

    # Links.

    def on_link_ready(self, event: LinkReady, now: Seconds) -> bool:
        """A link stands: whether we made it to a seed. Then what we made it for is said."""
        seed = self._by_link.get(event.link)
        if seed is None:
            return False
        info = self._links.info(event.link)
        if info is None or info.role is not Role.SEED:
            self._links.part(event.link, Parting.NOT_A_PEER, now=now)
        else:
            if seed.enrolling:
                wanted = self._settings.contacts_renewed if seed.renewing else self._settings.contacts_wanted
                self._outbox.send(event.link, Enrolment(self._incarnation(), wanted))
                self._timers.set((_Due.LEASE, seed.address), now + self._settings.ask_timeout)
            self._say_reports(seed, event.link, now)
        return True

    def on_lease(self, link: int, lease: Lease, now: Seconds) -> tuple[Address, bool] | None:
        """A seed of ours lists us, or says why not: which seed, and whether it held us before. None: no news."""
        seed = self._by_link.get(link)
        if seed is None or not seed.enrolling:
            return None
        seed.enrolling = seed.busy = False
        self._timers.cancel((_Due.LEASE, seed.address))
        self._links.part(link, Parting.DONE, now=now)
        if lease.refusal:
            self._lose(seed, lease.refusal, now)
            return None
        interval = min(self._settings.renewal_interval, lease.milliseconds / 3000)
        return seed.address, self._hold(seed, interval, now)

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> bool:
        """A link could not be made: whether it was to a seed."""
        seed = self._by_link.get(event.link)
        if seed is None:
            return False
        if event.failure is not Failure.SILENT and event.parting is None:
            seed.kind = _Kind.UNKNOWN  # an original may have taken its place
        self._on_link_gone(seed, event.link, event.failure, now)
        return True

    def on_link_down(self, event: LinkDown, now: Seconds) -> bool:
        """A link is gone: whether it was to a seed."""
        seed = self._by_link.get(event.link)
        if seed is None:
            return False
        failure = Failure.SILENT if event.parting is Parting.SILENT else Failure.CLOSED
        self._on_link_gone(seed, event.link, failure, now)
        return True

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
                seed.renewing = False
                self._visit(seed, now)
            elif self._had_neighbor and now - alone_since >= patience:
                seed.last_resorts = min(seed.last_resorts + 1, 16)
                self._register(seed, now)

    def report(self, report: DeadNode, notice: DeathNotice | None, now: Seconds) -> tuple[Address, ...]:
        """Tell every seed that ever listed us of a dead peer; returns these seeds.

        `notice` says the same of a peer of ours, by its name.
        """
        peer = report.peer
        told = notice or DeathNotice(str(peer), 0, 0, peer)
        seeds = tuple(seed for seed in self._seeds.values() if seed.listed_once)
        for seed in seeds:
            self._deliveries.setdefault((seed.address, report), _Delivery(told))
            self._tell(seed, report, now)
        return tuple(seed.address for seed in seeds)

    def on_reported(self, address: Address, report: DeadNode) -> None:
        """A report has left for its seed."""
        self._deliveries.pop((address, report), None)

    def on_report_failed(self, address: Address, report: DeadNode, now: Seconds) -> None:
        """A report did not get through: try again a few times."""
        key = (address, report)
        delivery = self._deliveries.get(key)
        if delivery is None:
            return
        delivery.failures += 1
        if delivery.failures >= self._settings.report_tries:
            del self._deliveries[key]
            self._outbox.say(Problem("a dead peer could not be reported", str(address), str(report.peer)))
        else:
            self._report_timers.set(key, now + self._wait(delivery.failures))

    def on_neighbor(self, peer: Address) -> None:
        """The peer is here: reports of its death that have not got through must not strike it off now."""
        self._had_neighbor = True
        for key in [key for key in self._deliveries if key[1].peer == peer]:
            self._withdraw(*key)

    # Inside: reports.

    def _tell(self, seed: _Seed, report: DeadNode, now: Seconds) -> None:
        if seed.kind is _Kind.OURS:
            seed.reports[report] = None
            self._open(seed, now)
        else:
            self._outbox.do(Tell(seed.address, report, self._settings.ask_timeout))

    def _say_reports(self, seed: _Seed, link: int, now: Seconds) -> None:
        """What waited for the link leaves by it; when nothing is to come any more, the link has served."""
        reports, seed.reports = seed.reports, {}
        for report in reports:
            self._outbox.send(link, self._deliveries.pop((seed.address, report)).notice)
        if not seed.enrolling:
            self._links.part(link, Parting.DONE, now=now)

    def _withdraw(self, address: Address, report: DeadNode) -> None:
        del self._deliveries[address, report]
        self._report_timers.cancel((address, report))
        self._seeds[address].reports.pop(report, None)

    # Inside: seeds.

    def _ask_enough(self, now: Seconds) -> None:
        """Ask seeds at random until enough hold us or are being asked."""
        idle = [seed for seed in self._seeds.values() if seed.state is _State.IDLE]
        missing = self.wanted - (len(self._seeds) - len(idle))
        ready = [seed for seed in idle if (_Due.RETRY, seed.address) not in self._timers]
        for seed in self._rng.sample(ready, max(0, min(missing, len(ready)))):
            seed.state = _State.ASKED
            seed.renewing = False
            self._register(seed, now)
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

    def _visit(self, seed: _Seed, now: Seconds) -> None:
        """Renew where that is known to be harmless, else find out the kind of the seed first."""
        if seed.kind is _Kind.OURS:
            self._register(seed, now)
        else:
            self._ask(seed, Preface(), PREFACE_TIMEOUT)

    def _register(self, seed: _Seed, now: Seconds) -> None:
        """Over a link if it is one of ours; by text else, if our address can be written there."""
        if seed.kind is _Kind.OURS:
            seed.busy = seed.enrolling = True
            self._timers.cancel((_Due.RENEWAL, seed.address))
            self._open(seed, now)
        elif self._identity.address.is_ipv4:
            self._ask(seed, Register(self._identity.address), self._settings.ask_timeout)
        else:
            self._ask(seed, Preface(), PREFACE_TIMEOUT)

    def _open(self, seed: _Seed, now: Seconds) -> None:
        """Have a link to a seed, and say what waits for it as soon as it stands."""
        if seed.link is None:
            seed.link = self._links.dial(seed.address, now)
            self._by_link[seed.link] = seed
        elif self._links.stands(seed.link):
            self._say_reports(seed, seed.link, now)

    def _on_link_gone(self, seed: _Seed, link: int, failure: Failure, now: Seconds) -> None:
        """What the link was made for and did not come to is tried otherwise, or later."""
        del self._by_link[link]
        seed.link = None
        self._timers.cancel((_Due.LEASE, seed.address))
        reports, seed.reports = seed.reports, {}
        for report in reports:
            self.on_report_failed(seed.address, report, now)
        if not seed.enrolling:
            return
        seed.enrolling = seed.busy = False
        if failure is Failure.UNREACHABLE or not self._identity.address.is_ipv4:
            self._lose(seed, failure.value, now)
        else:
            self._ask(seed, Register(self._identity.address), self._settings.ask_timeout)

    def _ask(self, seed: _Seed, request: Preface | Register, timeout: Seconds) -> None:
        seed.busy = True
        seed.visited = seed.visited or isinstance(request, Preface)
        self._timers.cancel((_Due.RENEWAL, seed.address))
        self._outbox.do(Ask(seed.address, request, timeout))

    def _free(self, address: Address) -> _Seed | None:
        """The seed whose exchange has ended, if it is still one of ours."""
        seed = self._seeds.get(address)
        if seed is not None:
            seed.busy = False
        return seed

    def _forget(self, seed: _Seed, now: Seconds) -> None:
        """A seed is none of ours any more."""
        for due in _Due:
            self._timers.cancel((due, seed.address))
        for address, report in [key for key in self._deliveries if key[0] == seed.address]:
            self._withdraw(address, report)
        seed.enrolling = False
        if seed.link is not None:
            self._links.part(seed.link, Parting.DONE, now=now)

    def _recognize(self, seed: _Seed, kind: _Kind, now: Seconds) -> None:
        seed.kind = kind
        seed.kind_since = now

    def _hold(self, seed: _Seed, interval: Seconds, now: Seconds) -> bool:
        """A seed lists us; returns whether it did before."""
        renewed = seed.state is _State.HELD
        self._outbox.say(Registered(seed.address, renewed))
        seed.state = _State.HELD
        seed.listed_once = True
        seed.failures = 0
        is_unknown = seed.kind is _Kind.UNKNOWN and not seed.visited
        self._plan_renewal(seed, min(VISIT_SOON, interval) if is_unknown else interval, now)
        self._ask_enough(now)
        return renewed

    def _plan_renewal(self, seed: _Seed, interval: Seconds, now: Seconds) -> None:
        jitter = self._settings.renewal_jitter
        planned = now + interval * self._rng.uniform(1.0 - jitter, 1.0 + jitter)
        if seed.kind is _Kind.ORIGINAL:
            planned = max(planned, seed.kind_since + self._settings.original_recheck)
        self._timers.set((_Due.RENEWAL, seed.address), planned)

    def _lose(self, seed: _Seed, why: str, now: Seconds) -> None:
        seed.state = _State.IDLE
        seed.failures += 1
        self._timers.cancel((_Due.RENEWAL, seed.address))
        self._timers.set((_Due.RETRY, seed.address), now + self._wait(seed.failures))
        self._outbox.say(Problem("a seed can't be registered with", str(seed.address), why))
        self._ask_enough(now)

    def _wait(self, failures: int) -> Seconds:
        settings = self._settings
        return backoff(failures, first=settings.retry_first, longest=settings.retry_longest, rng=self._rng)
