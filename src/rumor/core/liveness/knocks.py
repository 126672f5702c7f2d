"""Knocks: any member, neighbor or not, is dialled now and then: else nobody would bury whose neighbors all died.

    every `patrol_interval`, every `patrol_hurry` while many die:
      a member --dial--> it stands, or answers in frames: alive; the link is closed at once
                  |--refused --wait--> refused again: Accused(UNREACHABLE)
                  `--nobody answers--> doubted at the last but one `patrol_timeout`: Accused(SUSPECT)
                                         `--no refutation, and the last one is over: Accused(UNREACHABLE)

Silence takes twice as many timeouts as a link may take misses: a slow node is not to be slandered by strangers, and its
answer needs a connection first. (With as many, 50 peers of which 3 read up to 2.5 s late gave these up now and then,
since a lost request for a connection is repeated only after a second.)

Rule 1: at most `KNOCKS_MAX` at once. Rule 2: who has no neighbor, or hears most of them no more, knocks nowhere and
blames no silence: it is likely the sick one.
"""

from collections.abc import Callable
from random import Random

import msgspec

from rumor.core.events import LinkFailed, LinkReady
from rumor.core.frames import Contact, Verdict
from rumor.core.ids import Seconds
from rumor.core.liveness.doubts import Doubts, is_refused, is_there
from rumor.core.liveness.health import Health
from rumor.core.overlay.links import Links
from rumor.core.settings import LivenessSettings, ProbeSettings
from rumor.core.timers import Timers, soonest

KNOCKS_MAX = 16
"""Dials at once: in a hurry about three new ones a second, if nobody answers."""

REFUSALS_MAX = 2
"""So many refusals in a row are evidence."""

DEATHS = 3
HURRY_FOR: Seconds = 10.0
"""So many deaths within so long, and it is done in a hurry."""


class _Knock(msgspec.Struct):
    """A member that is being dialled: `link`, 0 if that came to nothing; `own` if nobody else wanted it.

    `rests`: it was refused, and is dialled again in a moment.
    """

    contact: Contact
    since: Seconds
    link: int = 0
    own: bool = False
    dialled_at: Seconds = 0.0
    rests: bool = False
    refusals: int = 0
    timeouts: int = 0


class Knocks:
    """The dials of one peer to members that are no neighbors. `next_to_visit` tells whose turn it is."""

    def __init__(
        self,
        links: Links,
        liveness: LivenessSettings,
        settings: ProbeSettings,
        doubts: Doubts,
        health: Health,
        rng: Random,
        next_to_visit: Callable[[Seconds], Contact | None],
    ) -> None:
        self._links = links
        self._timeouts_max = 2 * liveness.strikes_max
        self._interval = liveness.interval
        self._settings = settings
        self._doubts = doubts
        self._health = health
        self._rng = rng
        self._next_to_visit = next_to_visit
        self._knocks: dict[str, _Knock] = {}
        self._timers: Timers[str] = Timers()
        self._turn: Seconds | None = None
        self._turn_until: Seconds | None = None
        self._deaths: dict[str, Seconds] = {}

    def begin(self, now: Seconds) -> None:
        """There is a neighbor: look after others, too."""
        if self._turn is None:
            self._plan(now)

    def on_death(self, name: str, now: Seconds) -> None:
        """A member died. When there are many, it is time to look who else did."""
        self._deaths.pop(name, None)
        self._deaths[name] = now
        if len(self._deaths) > DEATHS:
            del self._deaths[next(iter(self._deaths))]
        if self._turn is not None and self._hurries(now):
            self._turn = self._turn_until = min(self._turn, now + self._settings.patrol_hurry)

    def on_link_ready(self, event: LinkReady, now: Seconds) -> bool:
        """A link stands: whether it is one of these, and of no further use."""
        knock = self._by_link(event.link)
        if event.name in self._knocks:
            self._end(event.name, now)
        elif knock is not None:  # another lives at its address
            self._hang_up(knock, now)
            self._on_refused(knock, now)
        return knock is not None and knock.own

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> bool:
        """A link could not be made: whether it was one of these."""
        knock = self._by_link(event.link)
        if knock is None:
            return False
        if is_there(event):
            self._end(knock.contact.name, now)
        elif is_refused(event, now - knock.dialled_at, self._timeout):
            self._on_refused(knock, now)
        else:  # the time that it still has is not given up: it is dialled again then
            knock.link = 0
        return knock.own

    def on_refuted(self, name: str, now: Seconds) -> None:
        """It says that it is alive: what we have of it so far is void."""
        if name in self._knocks:
            self._end(name, now)

    def start_anew(self, now: Seconds) -> None:
        """We were stopped: let a fresh answer come before anything is said."""
        for name, knock in self._knocks.items():
            knock.dialled_at = now
            self._timers.set(name, now + self._timeout)

    def tick(self, now: Seconds, *, is_well: bool) -> None:
        """Dial whose turn it is, and judge who does not answer."""
        for name in self._timers.due(now):
            self._on_due(self._knocks[name], now, is_well=is_well)
        if self._turn is not None and self._turn <= now:
            if is_well:
                self._knock(now)
            self._plan(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return soonest(self._turn_until, self._timers.next_deadline())

    @property
    def _timeout(self) -> Seconds:
        return self._settings.patrol_timeout * (1 + self._health.level)

    def _by_link(self, link: int) -> _Knock | None:
        return next((knock for knock in self._knocks.values() if knock.link == link), None)

    def _hurries(self, now: Seconds) -> bool:
        """Whether many died not long ago."""
        return len(self._deaths) == DEATHS and now - next(iter(self._deaths.values())) <= HURRY_FOR

    def _plan(self, now: Seconds) -> None:
        """Plan the next turn. If there is no hurry it waits for a tick that comes anyway, to wake nobody."""
        hurries = self._hurries(now)
        interval = self._settings.patrol_hurry if hurries else self._settings.patrol_interval
        self._turn = now + interval * self._rng.uniform(0.75, 1.25)
        self._turn_until = self._turn if hurries else self._turn + self._interval

    def _knock(self, now: Seconds) -> None:
        """Dial whose turn it is, if nobody of this node looks after it already."""
        contact = self._next_to_visit(now) if len(self._knocks) < KNOCKS_MAX else None
        if contact is None or contact.name in self._doubts or contact.name in self._knocks:
            return
        if self._links.find(contact.name) is None:
            knock = self._knocks[contact.name] = _Knock(contact, now)
            self._dial(knock, now)

    def _dial(self, knock: _Knock, now: Seconds) -> None:
        knock.own = not self._links.reaches(knock.contact.address)
        knock.link = self._links.dial(knock.contact.address, now)
        knock.dialled_at = now
        self._timers.set(knock.contact.name, now + self._timeout)

    def _on_due(self, knock: _Knock, now: Seconds, *, is_well: bool) -> None:
        """Another timeout is over, or the wait after a refusal."""
        if is_well and not knock.rests:
            knock.timeouts += 1
            if knock.timeouts >= self._timeouts_max:
                self._accuse(knock, now)
                return
            if knock.timeouts == self._timeouts_max - 1:
                self._doubts.begin(knock.contact, relays=())
                self._doubts.accuse(knock.contact.name, Verdict.SUSPECT, knock.timeouts, knock.since, now)
        knock.rests = False
        if knock.link:
            self._timers.set(knock.contact.name, now + self._timeout)
        else:
            self._dial(knock, now)

    def _on_refused(self, knock: _Knock, now: Seconds) -> None:
        knock.link = 0
        knock.refusals += 1
        if knock.refusals >= REFUSALS_MAX:
            self._accuse(knock, now)
        else:
            knock.rests = True
            self._timers.set(knock.contact.name, now + self._settings.redial_wait * self._rng.uniform(0.5, 1.5))

    def _accuse(self, knock: _Knock, now: Seconds) -> None:
        misses = knock.refusals + knock.timeouts
        self._doubts.accuse(knock.contact.name, Verdict.UNREACHABLE, misses, knock.since, now)
        self._end(knock.contact.name, now)

    def _end(self, name: str, now: Seconds) -> None:
        knock = self._knocks.pop(name)
        self._timers.cancel(name)
        self._doubts.end(name)
        self._hang_up(knock, now)

    def _hang_up(self, knock: _Knock, now: Seconds) -> None:
        """Close a link that nobody else wanted; if it is gone, that is no error."""
        if knock.own:
            self._links.let_go(knock.link, now)
