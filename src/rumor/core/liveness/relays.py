"""Relays: members that we try for a neighbor of ours that hears nothing of them.

    RelayRequest --a link stands--> Probe --ProbeReply, or anything else within the patience--> RelayReply: alive
            `------none-----------> dial  --it stands, or answers in frames--> RelayReply: alive, and the link is closed
                                      `--refused, or nothing within the patience--> RelayReply: no

Several that ask for the same member wait for the same try. Bounded by `relays_max`; who asks for more gets no answer,
which says nothing about the member.
"""

from collections.abc import Callable, Iterator

import msgspec

from rumor.core.events import LinkFailed, LinkReady
from rumor.core.frames import Probe, RelayReply, RelayRequest
from rumor.core.ids import Address, Seconds
from rumor.core.liveness.doubts import is_there
from rumor.core.liveness.health import Health
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.timers import Timers


class _Trial(msgspec.Struct):
    """A member that is being tried. `askers`: the numbers of their requests by link.

    Over `link`, either a probe is under way (`probe`, its number), or it is being made; `own` if nobody else wants it.
    """

    name: str
    since: Seconds
    askers: dict[int, int]
    probe: int = 0
    link: int = 0
    own: bool = False


class Relays:
    """The members that one node tries for others.

    `numbers` are those of probes. `address_of` tells where a member is, `was_heard` whether a link was since a moment.
    """

    def __init__(
        self,
        links: Links,
        relays_max: int,
        health: Health,
        outbox: Outbox,
        numbers: Iterator[int],
        address_of: Callable[[str], Address | None],
        was_heard: Callable[[int, Seconds], bool],
    ) -> None:
        self._links = links
        self._relays_max = relays_max
        self._health = health
        self._outbox = outbox
        self._numbers = numbers
        self._address_of = address_of
        self._was_heard = was_heard
        self._trials: dict[str, _Trial] = {}
        self._timers: Timers[str] = Timers()

    def on_relay_request(self, link: int, request: RelayRequest, now: Seconds) -> None:
        """A neighbor asks for a member that we did not hear just now."""
        name = request.member.name
        trial = self._trials.get(name)
        if trial is not None:
            trial.askers[link] = request.number
        elif len(self._trials) < self._relays_max:
            trial = self._trials[name] = _Trial(name, now, {link: request.number})
            self._timers.set(name, now + self._health.patience)
            self._try(trial, request.member.address, now)

    def on_probe_reply(self, link: int, number: int, now: Seconds) -> bool:
        """A probe was answered: whether it was one of these."""
        trial = self._by_link(link)
        if trial is None or trial.probe != number:
            return False
        self._end(trial.name, now, alive=True)
        return True

    def on_link_ready(self, event: LinkReady, now: Seconds) -> bool:
        """A link stands: whether it is one of these, and of no further use."""
        trial = self._by_link(event.link)
        if event.name in self._trials:
            self._end(event.name, now, alive=True)
        elif trial is not None:  # another lives at its address
            self._end(trial.name, now, alive=False)
        return trial is not None and trial.own

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> bool:
        """A link could not be made: whether it was one of these."""
        trial = self._by_link(event.link)
        if trial is None:
            return False
        self._end(trial.name, now, alive=is_there(event))
        return trial.own

    def start_anew(self, now: Seconds) -> None:
        """We were stopped: let a fresh answer come before a no is said."""
        for name in self._trials:
            self._timers.set(name, now + self._health.patience)

    def tick(self, now: Seconds) -> None:
        """Give up what took too long; a neighbor that sent anything meanwhile lives, if it did not answer yet."""
        for name in self._timers.due(now):
            trial = self._trials[name]
            self._end(name, now, alive=self._was_heard(trial.link, trial.since))

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._timers.next_deadline()

    def _try(self, trial: _Trial, told: Address, now: Seconds) -> None:
        """Probe the link that stands, or make one: to where we know the member, or else to where the asker does."""
        link = self._links.find(trial.name)
        if link is not None:
            trial.link, trial.probe = link, next(self._numbers)
            self._outbox.send(link, Probe(trial.probe))
        else:
            address = self._address_of(trial.name) or told
            trial.own = not self._links.reaches(address)
            trial.link = self._links.dial(address, now)

    def _by_link(self, link: int) -> _Trial | None:
        return next((trial for trial in self._trials.values() if trial.link == link), None)

    def _end(self, name: str, now: Seconds, *, alive: bool) -> None:
        """Tell all who asked, and close a link that nobody else wanted."""
        trial = self._trials.pop(name)
        self._timers.cancel(name)
        for link, number in trial.askers.items():
            self._outbox.send(link, RelayReply(number, alive))
        if trial.own:
            self._links.let_go(trial.link, now)
