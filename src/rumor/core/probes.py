"""Probes: is that neighbor still there? For neighbors over links; `classic/liveness.py` is for original nodes.

    nothing heard for an interval --Probe--> anything heard: fine, strikes forgotten
                                       `--silence--> strike 1 --> strike 2 --> strike 3: dead, and the link closed
    link broke without a goodbye --dialled again--> it stands, or somebody answers: fine
                                       `--failure--> strike 1 --> strike 2 --> strike 3: dead

Any frame proves its sender alive, so one probe serves both ends of a link. A neighbor is dead at the latest
`strikes_max` intervals after the last sign of life, and never before it was silent for one interval less. A crashed
process is known in milliseconds.

Rule: after a pause of our own nobody is accused before a fresh answer was possible.
"""

from random import Random

import msgspec

from rumor.core.events import LinkDown, LinkFailed, LinkReady, NeighborDied, Strike
from rumor.core.frames import Parting, Probe, ProbeReply
from rumor.core.ids import Address, Seconds
from rumor.core.links import OWN_PROBE, Links
from rumor.core.outbox import Outbox
from rumor.core.settings import LivenessSettings, ProbeSettings
from rumor.core.timers import Timers

MEASURE_INTERVALS = 5
"""A busy link is probed every so many intervals all the same, to measure its round trip."""


EARLIER = 0.9
"""The part of an interval after which the end that dialled probes; with the same wait both would in the same moment."""


class _Watch(msgspec.Struct):
    """A neighbor under watch. `number` of the probe that is under way, 0: none; `asked_at` when the latest one left."""

    address: Address
    number: int = 0
    asked_at: Seconds = 0.0
    strikes: int = 0
    rtt: Seconds = 0.0


class _Broken(msgspec.Struct):
    """A neighbor whose link broke: the link that is being made anew, and how often that failed."""

    address: Address
    link: int
    failures: int = 0


class Probes:
    """Watches every neighbor of one peer that is held by a link."""

    def __init__(
        self, links: Links, liveness: LivenessSettings, settings: ProbeSettings, outbox: Outbox, rng: Random
    ) -> None:
        self._links = links
        self._liveness = liveness
        self._settings = settings
        self._outbox = outbox
        self._rng = rng
        probes = liveness.strikes_max
        self._patience = liveness.interval * max(probes - 1, 1) / probes
        self._watched: dict[int, _Watch] = {}
        self._heard: dict[int, Seconds] = {}
        self._broken: dict[str, _Broken] = {}
        self._timers: Timers[int | str] = Timers()
        self._last_number = OWN_PROBE
        self._rounds_from: Seconds | None = None

    def watch(self, link: int, name: str, address: Address, now: Seconds) -> None:
        """Begin to watch a neighbor; the first probe goes at once, and tells the round trip."""
        self._broken.pop(name, None)
        self._timers.cancel(name)
        self._watched[link] = _Watch(address)
        self._heard[link] = now
        if self._rounds_from is None:
            self._rounds_from = now
        self._probe(link, self._watched[link], now)

    def unwatch(self, link: int) -> None:
        """Stop watching: it is no neighbor any more."""
        self._watched.pop(link, None)
        self._heard.pop(link, None)
        self._timers.cancel(link)

    def rtt(self, link: int) -> Seconds:
        """The smoothed round trip of a link; 0 when it is not known."""
        watch = self._watched.get(link)
        return watch.rtt if watch is not None else 0.0

    def heard(self, link: int, now: Seconds) -> None:
        """A link brought a frame: its sender is alive."""
        if link in self._heard:
            self._heard[link] = now

    def on_probe(self, link: int, probe: Probe, now: Seconds) -> None:
        """Answer at once. Who was probed need not look whether the other still lives, for an interval."""
        self._outbox.send(link, ProbeReply(probe.number))
        watch = self._watched.get(link)
        if watch is not None and not watch.number:
            self._timers.set(link, self._due(link, now, watch))

    def on_probe_reply(self, link: int, reply: ProbeReply, now: Seconds) -> Seconds:
        """Take the answer, and tell the smoothed round trip (RFC 6298). One to an older probe measures nothing."""
        if reply.number == OWN_PROBE:
            self._links.on_alive(link, now)
        watch = self._watched.get(link)
        if watch is None:
            return 0.0
        if watch.number and reply.number == watch.number:
            sample = now - watch.asked_at
            watch.rtt = watch.rtt + (sample - watch.rtt) / 8 if watch.rtt else sample
            watch.number = 0
            watch.strikes = 0
            self._timers.set(link, self._due(link, now, watch))
        return watch.rtt

    def on_link_down(self, event: LinkDown, now: Seconds) -> None:
        """A link is gone. If a neighbor's broke without a goodbye, dial it again at once."""
        if event.link not in self._watched:
            return
        self.unwatch(event.link)
        if event.parting is None:
            self._broken[event.name] = _Broken(event.address, self._links.dial(event.address, now))

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> None:
        """A broken link could not be made anew: a strike, unless somebody answered; the last one is death."""
        for name, broken in self._broken.items():
            if broken.link == event.link:
                self._on_redial_failed(name, broken, event, now)
                return

    def on_link_ready(self, event: LinkReady, now: Seconds) -> None:
        """Who is there again is not dead."""
        self._broken.pop(event.name, None)
        self._timers.cancel(event.name)

    def tick(self, now: Seconds) -> None:
        """Send what is due, and count who kept silent; if we are late ourselves, ask anew and accuse nobody."""
        deadline = self.next_deadline()
        slept = deadline is not None and now - deadline > self._patience / 2
        for due in self._timers.due(now):
            if isinstance(due, str):
                broken = self._broken[due]
                broken.link = self._links.dial(broken.address, now)
            else:
                self._look_after(due, self._watched[due], slept, now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._timers.next_deadline()

    def _look_after(self, link: int, watch: _Watch, slept: bool, now: Seconds) -> None:
        """A neighbor's turn: was it heard, is it owed a probe, or does it owe us an answer?"""
        heard = self._heard[link]
        if heard > watch.asked_at:
            watch.number = watch.strikes = 0
        elif watch.number and not slept:
            watch.strikes += 1
            self._outbox.say(Strike(watch.address, watch.strikes))
            if watch.strikes >= self._liveness.strikes_max:
                self._bury(link, watch.address, now)
                return
        due = self._due(link, heard, watch)
        if watch.number or due <= now:
            self._probe(link, watch, now)
        else:
            self._timers.set(link, due)

    def _due(self, link: int, heard: Seconds, watch: _Watch) -> Seconds:
        """When a link is to be probed that was heard then. Who dialled it does so first, and the other needs not.

        All that we dialled are probed together, in rounds: one waking of the process for all costs far less than one
        for each.
        """
        interval = self._liveness.interval
        silent, latest = heard + interval, watch.asked_at + MEASURE_INTERVALS * interval
        if link % 2:
            return min(silent, self._round_before(latest))
        return self._round_before(min(silent, latest))

    def _round_before(self, moment: Seconds) -> Seconds:
        """The beginning of the last of our rounds up to a moment."""
        round_, since = self._liveness.interval * EARLIER, self._rounds_from or 0.0
        return since + (moment - since) // round_ * round_

    def _probe(self, link: int, watch: _Watch, now: Seconds) -> None:
        self._last_number += 1
        watch.number = self._last_number
        watch.asked_at = now
        self._outbox.send(link, Probe(watch.number))
        self._timers.set(link, now + self._patience)

    def _on_redial_failed(self, name: str, broken: _Broken, event: LinkFailed, now: Seconds) -> None:
        if event.parting is not None:
            del self._broken[name]
            return
        broken.failures += 1
        self._outbox.say(Strike(broken.address, broken.failures))
        if broken.failures < self._settings.redials:
            self._timers.set(name, now + self._settings.redial_wait * self._rng.uniform(0.5, 1.5))
        else:
            del self._broken[name]
            self._outbox.say(NeighborDied(broken.address))

    def _bury(self, link: int, address: Address, now: Seconds) -> None:
        self.unwatch(link)
        self._outbox.say(NeighborDied(address))
        self._links.part(link, Parting.SILENT, now=now)
