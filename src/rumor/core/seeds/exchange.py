"""Exchange: seeds tell each other their registries.

    every interval, with one other seed in turn
      dials    news, and a share of all in turn --pages-->
                                                <--pages--  the same of the other's          Goodbye

News is who came, changed or was struck off since the last time with that seed; the share heals what was missed, and
carries the proofs of life that keep a lease up at seeds which the peer does not register with. A seed that is new, or
was restarted, gets all. Pages are made when the link can take them, so that nothing piles up.

Ages are told, not times, since clocks differ. What comes counts as `ECHO` older than it was told, so that a proof that
goes round in circles does not grow younger on its way.

Rule 1: only seeds of our configuration are believed, that is those that we reached by it. Rule 2: another seed's
tombstone is a reason to ask the peer ourselves, no more.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from random import Random

import msgspec

from rumor.core.events import LinkFailed, LinkReady, Problem
from rumor.core.frames import Entry, Parting, RegistryPage, Role
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.seeds.registry import Listed, Registry, Tombstone
from rumor.core.settings import RegistrySettings
from rumor.core.timers import Timers, soonest

PAGE = 256
"""Entries of a page: about 16 KiB."""

ENTRY_BYTES = 64
"""About what one takes."""

NEWS_MAX = 65_536
"""So much news waits for one other seed; with more it is told all instead."""

SHARE_MIN = 1024
"""At least so many are told in turn each time."""

STALL: Seconds = 10.0
"""How long an exchange may stand still."""

ORIGINAL_RECHECK: Seconds = 600.0
"""After how long a seed is tried again that seems to be an original one."""

ECHO: Seconds = 1.0
"""How much older than told another seed's word counts; above the time that it takes on its way."""


class _Partner(msgspec.Struct, eq=False):
    """Another seed. `instance` of its process, 0 while not known; `place` is how far it was told, in turn."""

    address: Address
    name: str = ""
    instance: int = 0
    news: dict[str, Listed] = msgspec.field(default_factory=dict)
    all: bool = True
    place: int = 0
    rest_until: Seconds = 0.0
    troubled: bool = False


class _Talk(msgspec.Struct, eq=False):
    """An exchange under way. `left` is what we still have to tell, None: nothing."""

    partner: _Partner
    ours: bool
    left: Iterator[Listed | Tombstone] | None = None


class Exchange:
    """What one seed has to do with other seeds. The composer takes what the pages bring."""

    def __init__(
        self,
        seeds: Sequence[Address],
        identity: Identity,
        settings: RegistrySettings,
        links: Links,
        registry: Registry,
        outbox: Outbox,
        rng: Random,
    ) -> None:
        self._identity = identity
        self._settings = settings
        self._links = links
        self._registry = registry
        self._outbox = outbox
        self._rng = rng
        self._partners = {address: _Partner(address) for address in seeds}
        self._dials: dict[int, _Partner] = {}
        self._talks: dict[int, _Talk] = {}
        self._timers: Timers[int] = Timers()
        self._next_at: Seconds | None = None

    def begin(self, now: Seconds) -> None:
        """Begin with the first exchange soon, at another moment than those who start with us."""
        if self._partners:
            self._next_at = now + self._rng.random() * self._settings.exchange_interval / 10

    def set_seeds(self, seeds: Sequence[Address], now: Seconds) -> None:
        """These are the other seeds from now on; ourselves among them are left out as soon as that is found out."""
        old = self._partners
        self._partners = {address: old.get(address) or _Partner(address) for address in seeds}
        self._plan(now)

    def note(self, listed: Listed) -> None:
        """News to tell: somebody came, changed, or was struck off."""
        for partner in self._partners.values():
            if not partner.all:
                partner.news[listed.key] = listed
                partner.all = len(partner.news) > NEWS_MAX

    def tick(self, now: Seconds) -> None:
        """Begin an exchange when its time has come, and end those that stand still."""
        if self._next_at is not None and now >= self._next_at:
            self._plan(now)
            self._dial_one(now)
        for link in self._timers.due(now):
            self._links.part(link, Parting.SILENT, now=now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return soonest(self._next_at, self._timers.next_deadline())

    # Links.

    def on_link_ready(self, event: LinkReady, now: Seconds) -> bool:
        """A link stands: whether it is to another seed. If we dialled it, we begin."""
        partner = self._dials.pop(event.link, None)
        info = self._links.info(event.link)
        assert info is not None
        if info.role is not Role.SEED:
            if partner is not None:
                self._trouble(partner, "no seed is where another seed should be")
                self._links.part(event.link, Parting.NOT_A_PEER, now=now)
            return partner is not None
        partner = partner or self._partner_of(info.name, info.address)
        if partner is None:
            self._outbox.say(Problem("a seed that is none of ours", str(info.address)))
            self._links.part(event.link, Parting.NOT_A_PEER, now=now)
            return True
        if info.instance != partner.instance:
            partner.instance, partner.all = info.instance, True
        partner.name, partner.troubled = info.name, False
        self._talks[event.link] = talk = _Talk(partner, event.dialled)
        self._timers.set(event.link, now + STALL)
        if event.dialled:
            self._tell(event.link, talk)
        return True

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> None:
        """A link could not be made."""
        partner = self._dials.pop(event.link, None)
        if partner is None or event.parting in (Parting.CROSSED, Parting.REPLACED):
            return
        if event.parting is Parting.SELF:
            self._partners.pop(partner.address, None)
            self._plan(now)
            return
        if event.classic:
            partner.rest_until = now + ORIGINAL_RECHECK
        self._trouble(partner, "another seed can't be reached", event.failure.value)

    def on_link_down(self, link: int) -> None:
        """A link is gone. If not all was told on it, all is told the next time."""
        talk = self._talks.pop(link, None)
        self._timers.cancel(link)
        if talk is not None and talk.left is not None:
            talk.partner.all = True

    def on_page(self, link: int, page: RegistryPage, now: Seconds) -> tuple[Entry, ...]:
        """What another seed tells; nothing from who is no partner of an exchange. The last page is answered."""
        talk = self._talks.get(link)
        if talk is None:
            return ()
        self._timers.set(link, now + STALL)
        if page.last and talk.ours:
            self._links.part(link, Parting.DONE, now=now)
        elif page.last and page.answer:
            self._tell(link, talk)
        return page.entries

    def pull(self, link: int, bytes_max: int, now: Seconds) -> list[RegistryPage]:
        """Pages that a link is to bring now, about so many bytes of them."""
        talk = self._talks.get(link)
        pages: list[RegistryPage] = []
        while talk is not None and talk.left is not None and len(pages) * PAGE * ENTRY_BYTES < bytes_max:
            some = list(islice(talk.left, PAGE))
            last = len(some) < PAGE
            entries = (self._entry(one, now) for one in some)
            pages.append(RegistryPage(tuple(entry for entry in entries if entry is not None), talk.ours, last))
            self._timers.set(link, now + STALL)
            if last:
                talk.left = None
        return pages

    # Inside.

    def _plan(self, now: Seconds) -> None:
        interval = self._settings.exchange_interval * self._rng.uniform(0.8, 1.2)
        self._next_at = now + interval if self._partners else None

    def _dial_one(self, now: Seconds) -> None:
        busy = [talk.partner for talk in self._talks.values()] + list(self._dials.values())
        ready = [one for one in self._partners.values() if one not in busy and one.rest_until <= now]
        if ready:
            partner = self._rng.choice(ready)
            self._dials[self._links.dial(partner.address, now)] = partner

    def _partner_of(self, name: str, address: Address) -> _Partner | None:
        """Which of our seeds it is: by the address it gives, or by the name that we found at a configured one."""
        named = (partner for partner in self._partners.values() if partner.name == name)
        return self._partners.get(address) or next(named, None)

    def _trouble(self, partner: _Partner, what: str, detail: str = "") -> None:
        """Say once that something is wrong with another seed, until it is well again."""
        if not partner.troubled:
            partner.troubled = True
            self._outbox.say(Problem(what, str(partner.address), detail))

    def _tell(self, link: int, talk: _Talk) -> None:
        partner = talk.partner
        news, partner.news = partner.news, {}
        talk.left = self._all() if partner.all else self._some(news, partner)
        partner.all = False
        self._outbox.wake(link)

    def _all(self) -> Iterator[Listed | Tombstone]:
        yield from self._registry.tombstones
        for deck in self._registry.decks:
            yield from deck.walk(0, len(deck))

    def _some(self, news: Mapping[str, Listed], partner: _Partner) -> Iterator[Listed | Tombstone]:
        """The news, then a share: all others within half a lease, however many seeds take turns."""
        for key, listed in news.items():
            stone = self._registry.tombstone(key) if listed.off else listed
            if stone is not None:
                yield stone
        rounds = self._settings.lease / (2 * self._settings.exchange_interval * len(self._partners))
        share = max(SHARE_MIN, int(len(self._registry) / rounds) + 1)
        place, partner.place = partner.place, partner.place + share
        for deck in self._registry.decks:
            yield from deck.walk(place, min(share, len(deck)))

    def _entry(self, one: Listed | Tombstone, now: Seconds) -> Entry | None:
        """What is told of somebody; nothing of one whose lease is over, until it has answered."""
        moment = one.at if isinstance(one, Tombstone) else one.proof
        struck_off = isinstance(one, Tombstone)
        if not struck_off and now - moment > self._settings.lease:
            return None
        age = max(0, int((now - moment) * 1000))
        return Entry(one.name, one.address, one.epoch, one.incarnation, age, struck_off)
