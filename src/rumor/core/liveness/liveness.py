"""Liveness: is that member still there? For those over links; `classic/liveness.py` is for original nodes.

    a neighbor's link:
      nothing heard for an interval --Probe--> anything heard: fine, strikes forgotten
                                       `--silence--> strike 1: relays try, too (doubts.py, relays.py)
                                                       `--> strike 2: Accused(SUSPECT), and it may refute
                                                              `--> strike 3: Accused(SILENT), and the link closed
                                   vouched for meanwhile: strikes from 0; twice in a row: only our link is bad, closed
      broke without a goodbye: redials.py          any other member: knocks.py

Any frame proves its sender alive, so one probe serves both ends of a link. While we are well, a neighbor is accused at
the latest `strikes_max` intervals after the last sign of life. Whoever hears nothing probes by its own timer, however
late its ears are (health.py): that is its own sign of life.

Rule 1: after a pause of our own nobody is accused before a fresh answer was possible. Rule 2: while half of our
neighbors, and at least three, are silent or slow at once, we are likely the sick one, and as patient as can be. (Of 20
peers whose ears were all starved from one moment on, two were accused each time while only silence counted as a sign;
with slowness one was, one time in twelve.) Rule 3: this machine judges nobody; it says what it found (Accused), and who
is dead is the directory's to say.
"""

import itertools
from random import Random
from typing import Protocol

import msgspec

from rumor.core.events import LinkDown, LinkFailed, LinkReady, Strike
from rumor.core.frames import Contact, Parting, Probe, ProbeReply, RelayReply, RelayRequest, Verdict
from rumor.core.hearing import Hearing
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.liveness.doubts import Doubts
from rumor.core.liveness.health import Health
from rumor.core.liveness.knocks import Knocks
from rumor.core.liveness.redials import Redials
from rumor.core.liveness.relays import Relays
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import OWN_PROBE, Links
from rumor.core.settings import LivenessSettings, ProbeSettings
from rumor.core.timers import Timers, soonest

MEASURE_INTERVALS = 5
"""A busy link is probed every so many intervals all the same, to measure its round trip."""

EARLIER = 0.9
"""The part of an interval after which the end that dialled probes; with the same wait both would in the same moment."""

VOUCHED_MAX = 2
"""So often in a row others hear a neighbor that we don't, and it is our link that is bad."""

SICK_LEAST = 3
"""Fewer silent or slow neighbors at once say nothing about us."""


class Known(Protocol):
    """What the directory knows of members."""

    def is_live(self, name: str) -> bool:
        """Whether a member is alive or suspect: neither dead nor gone or away on purpose, nor unknown."""
        ...

    def address_of(self, name: str) -> Address | None:
        """Where it is, if it is known."""
        ...

    def next_to_visit(self, now: Seconds) -> Contact | None:
        """Whose turn it is on patrol: a live member that is no neighbor; None if there is none."""
        ...


class _Watch(msgspec.Struct):
    """A neighbor under watch. `number` of the latest probe, which left at `asked_at`, `is_asked` while it is under way.

    `waited`: how often `Health.base` was over since the last strike; `vouched`: how often in a row others heard it when
    it had all its strikes; `answered`: the latest probe that was answered, `is_slow` if that was late.
    """

    contact: Contact
    number: int = OWN_PROBE
    asked_at: Seconds = 0.0
    is_asked: bool = False
    waited: int = 0
    strikes: int = 0
    vouched: int = 0
    answered: int = OWN_PROBE
    is_slow: bool = False
    rtt: Seconds = 0.0


class Liveness:
    """Watches every neighbor of one peer that is held by a link, and looks after the other members now and then."""

    def __init__(
        self,
        links: Links,
        identity: Identity,
        liveness: LivenessSettings,
        settings: ProbeSettings,
        outbox: Outbox,
        rng: Random,
        known: Known,
        hearing: Hearing,
    ) -> None:
        self._links = links
        self._identity = identity
        self._liveness = liveness
        self._outbox = outbox
        self._known = known
        self._hearing = hearing
        self._most_patient = 1 + settings.health_max
        self._health = Health(liveness, settings)
        self._doubts = Doubts(self._health, settings.relays, outbox, rng, known.is_live)
        self._redials = Redials(
            links, liveness, settings, self._doubts, self._health, outbox, rng, relays=self._heard_lately
        )
        self._numbers = itertools.count(OWN_PROBE + 1)
        self._relays = Relays(
            links, settings.relays_max, self._health, outbox, self._numbers, known.address_of, self._was_heard
        )
        self._knocks = Knocks(links, liveness, settings, self._doubts, self._health, rng, known.next_to_visit)
        self._watched: dict[int, _Watch] = {}
        self._heard: dict[int, Seconds] = {}
        self._timers: Timers[int] = Timers()
        self._rounds_from: Seconds | None = None

    # Neighbors come and go.

    def watch(self, link: int, name: str, address: Address, now: Seconds) -> None:
        """Begin to watch a neighbor; the first probe goes at once, and tells the round trip.

        It counts as if it had gone an interval later: the other side may be slow to learn that it is a neighbor now.
        """
        self._redials.end(name)
        self._knocks.begin(now)
        self._watched[link] = _Watch(Contact(name, address))
        self._heard[link] = now
        self._hearing.begin(link, now)
        if self._rounds_from is None:
            self._rounds_from = now
        self._probe(link, self._watched[link], now)
        self._timers.set(link, now + self._liveness.interval + self._health.base)

    def unwatch(self, link: int) -> None:
        """Stop watching: it is no neighbor any more."""
        watch = self._watched.pop(link, None)
        if watch is not None:
            del self._heard[link]
            self._hearing.end(link)
            self._timers.cancel(link)
            self._forget_strikes(watch)

    def on_link_down(self, event: LinkDown, now: Seconds) -> None:
        """A link is gone. If a neighbor's broke without a goodbye, dial it again at once.

        The same if it says that it hears us no more: it may be deaf, and then no link of its own tells of that.

        Without neighbors, so with any link: in a network of two nobody else finds out who died before it was one.
        """
        if event.link not in self._watched and self._watched:
            return
        heard_at = self._heard.get(event.link, now)
        self.unwatch(event.link)
        is_news = event.parting is None or (event.parting is Parting.SILENT and not event.by_us)
        if is_news and self._known.is_live(event.name):
            self._redials.begin(Contact(event.name, event.address), heard_at, now)

    def on_link_ready(self, event: LinkReady, now: Seconds) -> bool:
        """Who is there is not dead. True: the link was made for that alone, and is closed already."""
        self._redials.on_link_ready(event, now)
        was_knock = self._knocks.on_link_ready(event, now)
        return self._relays.on_link_ready(event, now) or was_knock

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> bool:
        """A link could not be made. True: nobody else wanted it."""
        self._redials.on_link_failed(event, now)
        was_knock = self._knocks.on_link_failed(event, now)
        return self._relays.on_link_failed(event, now) or was_knock

    # What is heard.

    def heard(self, link: int, now: Seconds) -> None:
        """A link brought a frame: its sender is alive."""
        if link in self._heard:
            self._heard[link] = now
            self._hearing.heard(now)

    def rtt(self, link: int) -> Seconds:
        """The smoothed round trip of a link; 0 when it is not known."""
        watch = self._watched.get(link)
        return watch.rtt if watch is not None else 0.0

    def on_probe(self, link: int, probe: Probe, now: Seconds) -> None:
        """Answer at once. Who was probed need not look whether the other still lives, for an interval."""
        self._outbox.send(link, ProbeReply(probe.number))
        watch = self._watched.get(link)
        if watch is not None and not watch.is_asked:
            self._timers.set(link, self._due(link, now, watch))

    def on_probe_reply(self, link: int, reply: ProbeReply, now: Seconds) -> Seconds:
        """Take the answer, and tell the smoothed round trip (RFC 6298). One to an older probe measures nothing."""
        if reply.number == OWN_PROBE:
            self._links.on_alive(link, now)
        watch = self._watched.get(link)
        is_relayed = self._relays.on_probe_reply(link, reply.number, now)
        if watch is None:
            return 0.0
        if not is_relayed and watch.answered < reply.number <= watch.number:
            self._on_answer(link, watch, reply.number, now)
        return watch.rtt

    def on_relay_request(self, link: int, request: RelayRequest, now: Seconds) -> None:
        """A neighbor hears nothing of a member: say whether we do."""
        if link not in self._watched:
            return
        name = request.member.name
        heard_at = self._heard.get(self._links.find(name) or 0)
        is_heard = heard_at is not None and now - heard_at <= self._liveness.interval / 2
        if is_heard or name == self._identity.name:
            self._outbox.send(link, RelayReply(request.number, True))
        else:
            self._relays.on_relay_request(link, request, now)

    def on_relay_reply(self, link: int, reply: RelayReply, now: Seconds) -> None:
        """A neighbor tried a member for us."""
        self._doubts.on_relay_reply(link, reply)

    def on_refuted(self, name: str, now: Seconds) -> None:
        """The directory learned that a member said anew that it is alive: what we doubt of it is void."""
        self._doubts.vouch(name)
        self._redials.on_refuted(name)
        self._knocks.on_refuted(name, now)

    def on_death(self, name: str, now: Seconds) -> None:
        """The directory learned that a member is dead or suspect; doubts alone are no reason to hurry."""
        if not self._known.is_live(name):
            self._knocks.on_death(name, now)

    # Time.

    def tick(self, now: Seconds) -> None:
        """Send what is due, and count who kept silent; if we are late ourselves, ask anew and accuse nobody."""
        deadline = self.next_deadline()
        late = now - deadline if deadline is not None and deadline < now else 0.0
        self._health.woke(late)
        if late > self._health.base / 2:
            self._start_anew(now)
        if self._health.ends_round(now):
            slow = sum(watch.is_slow for watch in self._watched.values())
            self._health.review(answers_late=0 < len(self._watched) <= 2 * slow)
        for link in self._timers.due(now):
            self._look_after(link, self._watched[link], now)
        self._redials.tick(now)
        self._relays.tick(now)
        self._knocks.tick(now, is_well=bool(self._watched) and not self._seems_sick(now))

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return soonest(
            self._timers.next_deadline(),
            self._redials.next_deadline(),
            self._relays.next_deadline(),
            self._knocks.next_deadline(),
        )

    # The watch.

    def _look_after(self, link: int, watch: _Watch, now: Seconds) -> None:
        """A neighbor's turn: was it heard, is it owed a probe, or does it owe us an answer?"""
        heard_at = self._heard[link]
        if heard_at > watch.asked_at:
            self._absolve(watch)
        elif watch.is_asked:
            watch.waited += 1
            if watch.waited >= (self._most_patient if self._seems_sick(now) else 1 + self._health.level):
                self._strike(link, watch, now)
            else:
                self._probe(link, watch, now)
            return
        due = self._due(link, heard_at, watch)
        if due <= now:
            self._probe(link, watch, now)
        else:
            self._timers.set(link, due)

    def _strike(self, link: int, watch: _Watch, now: Seconds) -> None:
        """No answer in time: doubt it, or that was the last one."""
        watch.waited = 0
        watch.strikes += 1
        self._outbox.say(Strike(watch.contact.address, watch.strikes))
        if watch.strikes >= self._liveness.strikes_max:
            self._strike_out(link, watch, now)
            return
        if watch.strikes == 1:
            self._doubts.begin(watch.contact, self._heard_lately(now))
        if watch.strikes == self._liveness.strikes_max - 1:
            self._doubts.accuse(watch.contact.name, Verdict.SUSPECT, watch.strikes, self._heard[link], now)
        self._probe(link, watch, now)

    def _strike_out(self, link: int, watch: _Watch, now: Seconds) -> None:
        """It had all its strikes: that is evidence, unless others hear it. If they do again and again, we need not."""
        name = watch.contact.name
        if self._doubts.is_vouched(name):
            watch.vouched += 1
            if watch.vouched < VOUCHED_MAX:
                self._forget_strikes(watch)
                self._probe(link, watch, now)
                return
        self._doubts.accuse(name, Verdict.SILENT, watch.strikes, self._heard[link], now)
        self.unwatch(link)
        self._links.part(link, Parting.SILENT, now=now)

    def _on_answer(self, link: int, watch: _Watch, number: int, now: Seconds) -> None:
        """An answer to a probe of ours, the latest one or one that it owed us for longer."""
        took = now - watch.asked_at
        watch.answered = number
        watch.is_slow = number != watch.number or not watch.is_asked or took > self._liveness.interval / 2
        if number == watch.number and watch.is_asked:
            watch.rtt = watch.rtt + (took - watch.rtt) / 8 if watch.rtt else took
            self._absolve(watch)
            self._timers.set(link, self._due(link, now, watch))

    def _absolve(self, watch: _Watch) -> None:
        """It lives."""
        watch.is_asked = False
        watch.vouched = 0
        self._forget_strikes(watch)

    def _forget_strikes(self, watch: _Watch) -> None:
        watch.waited = 0
        if watch.strikes:
            watch.strikes = 0
            self._doubts.end(watch.contact.name)

    def _probe(self, link: int, watch: _Watch, now: Seconds) -> None:
        watch.number = next(self._numbers)
        watch.is_asked = True
        watch.asked_at = now
        self._outbox.send(link, Probe(watch.number))
        self._timers.set(link, now + self._health.base)

    def _due(self, link: int, heard_at: Seconds, watch: _Watch) -> Seconds:
        """When a link is to be probed that was heard then. Who dialled it does so first, and the other needs not.

        All that we dialled are probed together, in rounds: one waking of the process for all costs far less than one
        for each. Who answers late is asked each interval, whatever it sends: if it is we who are starved, what we hear
        is old, and our probes are all that the others hear.
        """
        interval = self._liveness.interval
        silent = heard_at + interval
        latest = watch.asked_at + (1 if watch.is_slow else MEASURE_INTERVALS) * interval
        if link % 2:
            return min(silent, self._round_before(latest))
        return self._round_before(min(silent, latest))

    def _round_before(self, moment: Seconds) -> Seconds:
        """The beginning of the last of our rounds up to a moment."""
        round_, since = self._liveness.interval * EARLIER, self._rounds_from or 0.0
        return since + (moment - since) // round_ * round_

    # Ourselves.

    def _start_anew(self, now: Seconds) -> None:
        """We were stopped, and could not hear: who owes an answer gets all the time again, and nobody a strike."""
        for link, watch in self._watched.items():
            if watch.is_asked and self._heard[link] <= watch.asked_at:
                self._probe(link, watch, now)
        self._hearing.paused(now)
        self._redials.start_anew(now)
        self._relays.start_anew(now)
        self._knocks.start_anew(now)

    def _seems_sick(self, now: Seconds) -> bool:
        """Whether so many are silent or slow at once that it is likely we who don't hear."""
        deaf_to = sum(self._hears_badly(link, watch, now) for link, watch in self._watched.items())
        return deaf_to >= SICK_LEAST and 2 * deaf_to >= len(self._watched)

    def _hears_badly(self, link: int, watch: _Watch, now: Seconds) -> bool:
        """Whether a neighbor is silent, or its answer was late or is overdue."""
        interval = self._liveness.interval
        is_overdue = watch.is_asked and (watch.waited + watch.strikes > 0 or now - watch.asked_at > interval / 2)
        return watch.is_slow or is_overdue or now - self._heard[link] > interval

    def _was_heard(self, link: int, since: Seconds) -> bool:
        """Whether a neighbor was heard since a moment."""
        return self._heard.get(link, since) > since

    def _heard_lately(self, now: Seconds) -> list[int]:
        """The neighbors that can be asked to try another one."""
        return [link for link, heard_at in self._heard.items() if now - heard_at <= self._liveness.interval]
