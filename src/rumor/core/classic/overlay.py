"""Overlay: who is whose neighbor.

A peer draws how many neighbors it wants for itself, asks contacts at random until it has them, and accepts whoever asks
while there is room. The original counts another as its neighbor whatever it answers; here only who accepted counts,
since only who accepted will tell us anything: nobody of ours stays deaf.

    contact --asked--> accepted --> neighbor --dead--> gone, and asked once when a seed names it again
                 |                      `--asked again when it does not ask whether we live--> refused: one-sided
                 `---> no room: asked again later; no connection: forgotten until a seed names it again

A one-sided neighbor (an original node that restarted, or struck us off while we were stopped) hears us but tells
us nothing: it is kept, but others are looked for as if it were not there, and it gives its place to whoever comes.

Rule 1: neighbors never exceed `neighbors_max`. Rule 2: while no neighbor holds us, something is always due.
"""

import enum
from collections.abc import Iterable
from random import Random
from typing import assert_never

from rumor.core.effects import Answer, Ask, Close, Failure
from rumor.core.events import Alone, NeighborDown, NeighborUp, Reason
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import ConnectAccepted, ConnectRequest
from rumor.core.outbox import Outbox
from rumor.core.settings import ClassicOverlaySettings
from rumor.core.timers import Timers, backoff

WIDEN_INTERVAL: Seconds = 60.0
"""How often a peer wants one neighbor more, up to `wanted_max`: islands that chance made grow together."""


class _Due(enum.Enum):
    FILL = "a contact may be asked again"
    ALONE = "still no neighbor: ask the seeds"
    DEAF = "a neighbor has not asked for long whether we live"
    WIDEN = "want one neighbor more"


class ClassicOverlay:
    """The neighbors of one peer, and the contacts that may replace them."""

    def __init__(self, identity: Identity, settings: ClassicOverlaySettings, outbox: Outbox, rng: Random) -> None:
        self._identity = identity
        self._settings = settings
        self._outbox = outbox
        self._rng = rng
        self._neighbors: dict[Address, Seconds] = {}  # and when its host last asked whether we live
        self._one_sided: dict[Address, None] = {}
        self._asked: dict[Address, bool] = {}
        self._buried: dict[Address, None] = {}
        self._contacts: dict[Address, Seconds] = {}  # and from when on it may be asked
        self._timers: Timers[_Due] = Timers()
        self._wanted = rng.randint(settings.wanted_min, settings.wanted_max)
        self._alone_since: Seconds = 0.0
        self._alone_tries = 0

    @property
    def neighbors(self) -> tuple[Address, ...]:
        """The neighbors, in the order in which they came."""
        return tuple(self._neighbors)

    @property
    def contacts(self) -> tuple[Address, ...]:
        """The peers that we know of and may ask."""
        return tuple(self._contacts)

    def join(self, now: Seconds) -> None:
        """Begin: without a neighbor, until some are learned of."""
        self._timers.set(_Due.WIDEN, now + WIDEN_INTERVAL)
        self._begin_alone(now)

    def learn(self, peers: Iterable[Address], now: Seconds) -> None:
        """Take peers that a seed named as contacts, and ask as many as are missing."""
        new = [peer for peer in peers if not self._identity.is_self(peer) and peer not in self._contacts]
        if len(new) > self._settings.contacts_capacity:
            new = self._rng.sample(new, self._settings.contacts_capacity)
        self._make_room_for_contacts(len(new))
        self._contacts.update(dict.fromkeys(new, now))
        self._ask_returned(new)
        self._fill(now)

    def slept(self, now: Seconds) -> None:
        """We were stopped for so long that others may have buried us: ask all neighbors to take us anew."""
        self._neighbors = dict.fromkeys(self._neighbors, now - self._settings.deaf_after)
        if self._neighbors:
            self._timers.set(_Due.DEAF, now)

    def tick(self, now: Seconds) -> None:
        """Do what is due."""
        for due in self._timers.due(now):
            match due:
                case _Due.FILL:
                    pass
                case _Due.WIDEN:
                    self._wanted = min(self._wanted + 1, self._settings.wanted_max)
                    self._timers.set(_Due.WIDEN, now + WIDEN_INTERVAL)
                case _Due.ALONE:
                    self._alone_tries += 1
                    self._plan_alone(now)
                    self._outbox.say(Alone(self._alone_since))
                case _Due.DEAF:
                    self._ask_quiet_neighbors(now)
                case _:
                    assert_never(due)
            self._fill(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._timers.next_deadline()

    def on_connect_request(self, link: int, peer: Address, now: Seconds) -> None:
        """A peer wants to be our neighbor: yes while there is room, else no reply and the connection closed."""
        was_asked = self._asked.pop(peer, None) is not None
        places_kept = 0 if was_asked else len(self._asked.keys() - self._neighbors.keys())
        if self._identity.is_self(peer) or not self._add(peer, Reason.ACCEPTED, places_kept, now):
            self._outbox.do(Close(link))
        else:
            self._outbox.do(Answer(link, ConnectAccepted()))

    def on_accepted(self, peer: Address, now: Seconds) -> None:
        """A peer that we asked took us as its neighbor; one that was lost meanwhile stays lost."""
        if peer in self._asked:
            del self._asked[peer]
            self._add(peer, Reason.ASKED, 0, now)

    def on_refused(self, peer: Address, failure: Failure, now: Seconds) -> None:
        """A peer that we asked has no room, or can't be reached: move on to the next."""
        if peer not in self._asked:
            return  # it was lost meanwhile, or asked us itself
        was_neighbor = self._asked.pop(peer)
        if failure is Failure.UNREACHABLE:
            self._contacts.pop(peer, None)
        else:
            if peer not in self._contacts:
                self._make_room_for_contacts(1)
            self._contacts[peer] = now + self._settings.refused_retry * self._rng.uniform(0.5, 1.0)
            if was_neighbor and peer in self._neighbors:
                was_alone = self._is_alone
                self._one_sided[peer] = None
                if self._is_alone and not was_alone:
                    self._begin_alone(now)
        self._fill(now)

    def on_liveness_request(self, host: str, now: Seconds) -> None:
        """Somebody on that host holds us as a neighbor: we are not deaf. Which neighbor it is, the text lacks."""
        for peer in self._neighbors:
            if peer.host == host:
                self._neighbors[peer] = now
                if peer in self._one_sided:
                    del self._one_sided[peer]
                    self._timers.cancel(_Due.ALONE)

    def drop(self, peer: Address, reason: Reason, now: Seconds) -> None:
        """A neighbor is lost. A dead one is no contact any more."""
        if peer in self._neighbors:
            self._remove(peer, reason, now)
            self._fill(now)

    def forget(self, peer: Address, now: Seconds) -> None:
        """It is no original node, as we thought: neither neighbor nor contact nor asked any more."""
        self._contacts.pop(peer, None)
        self._buried.pop(peer, None)
        if self._asked.pop(peer, None) is not None and peer not in self._neighbors:
            self._fill(now)
        self.drop(peer, Reason.REPLACED, now)

    def _remove(self, peer: Address, reason: Reason, now: Seconds) -> None:
        was_alone = self._is_alone
        del self._neighbors[peer]
        self._one_sided.pop(peer, None)
        self._asked.pop(peer, None)
        if reason is Reason.DEAD:
            self._contacts.pop(peer, None)
            self._buried[peer] = None
            if len(self._buried) > self._settings.contacts_capacity:
                del self._buried[next(iter(self._buried))]
        self._outbox.say(NeighborDown(peer, reason))
        if self._is_alone and not was_alone:
            self._begin_alone(now)
        if not self._neighbors:
            self._timers.cancel(_Due.DEAF)

    @property
    def _is_alone(self) -> bool:
        """Whether no neighbor holds us, as far as we know."""
        return len(self._one_sided) == len(self._neighbors)

    def _add(self, peer: Address, reason: Reason, places_kept: int, now: Seconds) -> bool:
        """Take a neighbor, if there is a place beside those that are kept for peers we asked."""
        new = peer not in self._neighbors
        if new and not self._make_room_for_neighbor(places_kept, now):
            return False
        self._neighbors[peer] = now
        self._one_sided.pop(peer, None)
        self._timers.cancel(_Due.ALONE)
        if _Due.DEAF not in self._timers:
            self._timers.set(_Due.DEAF, now + self._settings.deaf_after)
        if new:
            self._outbox.say(NeighborUp(peer, reason))
        return True

    def _fill(self, now: Seconds) -> None:
        """Ask contacts at random for the neighbors that are missing."""
        holding_us = self._neighbors.keys() - self._one_sided.keys()
        missing = self._wanted - len(holding_us | self._asked.keys())
        if missing <= 0:
            self._timers.cancel(_Due.FILL)
            return
        free = {peer: at for peer, at in self._contacts.items() if not self._is_taken(peer)}
        ready = [peer for peer, at in free.items() if at <= now]
        for peer in self._rng.sample(ready, min(missing, len(ready))):
            self._ask(peer)
        later = min((at for at in free.values() if at > now), default=None)
        if later is not None:
            self._timers.set(_Due.FILL, later)

    def _is_taken(self, peer: Address) -> bool:
        return peer in self._neighbors or peer in self._asked or self._identity.is_self(peer)

    def _ask(self, peer: Address) -> None:
        self._asked[peer] = peer in self._neighbors
        self._outbox.do(Ask(peer, ConnectRequest(self._identity.address), self._settings.ask_timeout))

    def _ask_quiet_neighbors(self, now: Seconds) -> None:
        """Who has not asked for long whether we live does not hold us, it seems: ask it to take us anew."""
        deaf_after = self._settings.deaf_after
        for peer, heard in self._neighbors.items():
            if heard + deaf_after <= now:
                self._neighbors[peer] = now
                self._ask(peer)
        self._timers.set(_Due.DEAF, min(self._neighbors.values()) + deaf_after)

    def _ask_returned(self, named: Iterable[Address]) -> None:
        """Ask those whom we buried and a seed names again, although nobody is missing: they were only out of reach.

        Otherwise two halves of a network that were apart for a while, each whole in itself, would stay apart for good.
        """
        for peer in named:
            if peer in self._buried:
                del self._buried[peer]
                taken = len(self._neighbors.keys() | self._asked.keys())
                if not self._is_taken(peer) and taken < self._settings.neighbors_max:
                    self._ask(peer)

    def _begin_alone(self, now: Seconds) -> None:
        self._alone_since = now
        self._alone_tries = 1
        self._plan_alone(now)

    def _plan_alone(self, now: Seconds) -> None:
        settings = self._settings
        wait = backoff(
            self._alone_tries, first=settings.alone_retry_first, longest=settings.alone_retry_longest, rng=self._rng
        )
        self._timers.set(_Due.ALONE, now + wait)

    def _make_room_for_neighbor(self, places_kept: int, now: Seconds) -> bool:
        """Whether there is a place for one neighbor more; a one-sided one gives up its own if need be."""
        if len(self._neighbors) + places_kept < self._settings.neighbors_max:
            return True
        if not self._one_sided:
            return False
        self._remove(next(iter(self._one_sided)), Reason.FORGOT_US, now)
        return True

    def _make_room_for_contacts(self, count: int) -> None:
        surplus = len(self._contacts) + count - self._settings.contacts_capacity
        if surplus > 0:
            for peer in self._rng.sample(tuple(self._contacts), surplus):
                del self._contacts[peer]
