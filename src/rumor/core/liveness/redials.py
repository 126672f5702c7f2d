"""Redials: neighbors whose link broke without a goodbye. That is news, not silence: a crashed process refuses at once.

    broke --dial at once--> it stands, or somebody answers in frames: fine
              |--refused: strike 1 --wait--> strike 2 --wait--> strike 3: Accused(REFUSED), after some milliseconds
              `--nobody answers--> doubted: Accused(SUSPECT), and relays are asked
                                     |--vouched for, or it stands: fine
                                     `--`strikes_max` intervals after the break: Accused(SILENT)

The same is done with one that parts since it does not hear us: it may be deaf.

A connection that is taken and closed at once is a strike, too, but the last one must be a refusal: a process that dies
takes some into the grave, and one with a full door closes those of a living node.
"""

from collections.abc import Callable, Sequence
from random import Random

import msgspec

from rumor.core.effects import Failure
from rumor.core.events import LinkFailed, LinkReady, Strike
from rumor.core.frames import Contact, Verdict
from rumor.core.ids import Seconds
from rumor.core.liveness.doubts import Doubts, is_refused, is_there
from rumor.core.liveness.health import Health
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.settings import LivenessSettings, ProbeSettings
from rumor.core.timers import Timers


class _Broken(msgspec.Struct):
    """A neighbor whose link broke, and the `link` that is being made anew, 0 before the next one is.

    At `until` its silence is evidence.
    """

    contact: Contact
    heard_at: Seconds
    until: Seconds
    link: int = 0
    dialled_at: Seconds = 0.0
    failures: int = 0
    doubted: bool = False


class Redials:
    """The broken links of one peer that are being made anew. `relays` tells which neighbors may be asked."""

    def __init__(
        self,
        links: Links,
        liveness: LivenessSettings,
        settings: ProbeSettings,
        doubts: Doubts,
        health: Health,
        outbox: Outbox,
        rng: Random,
        relays: Callable[[Seconds], Sequence[int]],
    ) -> None:
        self._links = links
        self._bound = liveness.strikes_max * liveness.interval
        self._settings = settings
        self._doubts = doubts
        self._health = health
        self._outbox = outbox
        self._rng = rng
        self._relays = relays
        self._broken: dict[str, _Broken] = {}
        self._timers: Timers[str] = Timers()

    def begin(self, contact: Contact, heard_at: Seconds, now: Seconds) -> None:
        """A neighbor's link broke that was last heard then: dial it again."""
        broken = self._broken[contact.name] = _Broken(contact, heard_at, now + self._bound * (1 + self._health.level))
        self._dial(broken, now)

    def end(self, name: str) -> None:
        """It is there again, or that is none of ours any more; if it was not broken, that is no error."""
        if self._broken.pop(name, None) is not None:
            self._timers.cancel(name)
            self._doubts.end(name)

    def on_link_ready(self, event: LinkReady, now: Seconds) -> None:
        """Who is there again is not dead; if somebody else is, it is as good as refused."""
        self.end(event.name)
        broken = self._by_link(event.link)
        if broken is not None:
            self._strike(broken, now, refused=True)

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> None:
        """A link could not be made anew."""
        broken = self._by_link(event.link)
        if broken is None:
            return
        if is_there(event):
            self.end(broken.contact.name)
        elif is_refused(event, now - broken.dialled_at, self._health.patience):
            self._strike(broken, now, refused=True)
        elif event.failure is Failure.CLOSED:
            self._strike(broken, now, refused=False)
        else:
            broken.link = 0
            self._wait_on(broken, now)

    def on_refuted(self, name: str) -> None:
        """It says that it is alive: nobody doubts it any more. Refusals are no doubt."""
        if name in self._broken and self._broken[name].doubted:
            self.end(name)

    def start_anew(self, now: Seconds) -> None:
        """We were stopped: let a fresh answer come before anything is said."""
        for name, broken in self._broken.items():
            broken.until = max(broken.until, now + self._health.patience)
            if broken.link:
                broken.dialled_at = now
                self._timers.set(name, now + self._health.patience)

    def tick(self, now: Seconds) -> None:
        """Dial again, doubt, and accuse, as is due."""
        for name in self._timers.due(now):
            broken = self._broken[name]
            if broken.doubted and now >= broken.until:
                self._accuse(broken, Verdict.SILENT, now)
            elif not broken.link:
                self._dial(broken, now)
            else:
                self._wait_on(broken, now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._timers.next_deadline()

    def _by_link(self, link: int) -> _Broken | None:
        return next((broken for broken in self._broken.values() if broken.link == link), None)

    def _dial(self, broken: _Broken, now: Seconds) -> None:
        broken.link = self._links.dial(broken.contact.address, now)
        broken.dialled_at = now
        self._timers.set(broken.contact.name, min(broken.until, now + self._health.patience))

    def _strike(self, broken: _Broken, now: Seconds, *, refused: bool) -> None:
        """It did not take us: another try soon, or that is evidence."""
        broken.link = 0
        broken.failures += 1
        self._outbox.say(Strike(broken.contact.address, broken.failures))
        if refused and broken.failures >= self._settings.redials:
            self._accuse(broken, Verdict.REFUSED, now)
        elif broken.failures < 2 * self._settings.redials:
            self._timers.set(broken.contact.name, now + self._settings.redial_wait * self._rng.uniform(0.5, 1.5))
        else:
            self._wait_on(broken, now)

    def _wait_on(self, broken: _Broken, now: Seconds) -> None:
        """Nobody answers: doubt it as one that is silent, and try again now and then, until its time is over."""
        if not broken.doubted:
            broken.doubted = True
            broken.until = max(broken.until, now + self._health.patience)
            self._doubts.begin(broken.contact, self._relays(now))
            self._doubts.accuse(broken.contact.name, Verdict.SUSPECT, broken.failures, broken.heard_at, now)
        self._timers.set(broken.contact.name, min(broken.until, now + self._health.patience))

    def _accuse(self, broken: _Broken, verdict: Verdict, now: Seconds) -> None:
        self._doubts.accuse(broken.contact.name, verdict, broken.failures, broken.heard_at, now)
        self.end(broken.contact.name)
