"""Overlay: the web of links, after HyParView (Leitao, Pereira, Rodrigues 2007).

The active view is symmetric: who is our neighbor has us as one, since it said so on the link that we hold with it. The
passive view is the reserve in `views.py`.

    contact --dial--> link stands --NeighborRequest--> NeighborAccepted: neighbors, and walks for a newcomer
       |                   |              `----------> Goodbye FULL, with contacts: try others
       |                   `--Shuffle--> ShuffleReply: a visit only, Goodbye DONE
       `--no connection--> old

Where we leave the paper: a full node does not evict at random. It hands the newcomer on; only for one that has no
neighbor, or too few and was refused several times, it gives up its worst link, and tells the other why and whom to ask.
The end of a newcomer's walk dials it, so that both agree. An old contact that is there again may be the other half of a
network that was cut: it becomes a neighbor even if others must go, or else two halves that are both full stay apart.

Rule 1: neighbors never exceed `active_max`. Rule 2: with `active_wanted` neighbors nobody looks for more, but for the
look outside. Rule 3: a message of the views counts only on the link that it belongs to. Rule 4: while there are too few
neighbors, and any contact however old, something is always due.
"""

import enum
from collections import deque
from collections.abc import Callable, Iterable
from random import Random

from rumor.core.events import Alone, LinkDown, LinkFailed, LinkReady, NeighborDown, NeighborUp, Reason
from rumor.core.frames import (
    Contact,
    ForwardJoin,
    NeighborAccepted,
    NeighborRequest,
    Parting,
    Role,
    Shuffle,
    ShuffleReply,
)
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.overlay.tries import LOST, NOT_OURS, SAME_NODE, Aim, Tries, Try, reason_of
from rumor.core.overlay.views import ActiveView, Neighbor, Reserve, View
from rumor.core.settings import OverlaySettings
from rumor.core.timers import Timers, backoff

PATH_MAX = 16
"""The longest path of a shuffle (frames.Shuffle)."""


class _Due(enum.Enum):
    FILL = "look for neighbors again"
    OLD = "nobody else is left: try one that could not be reached"
    ALONE = "still no neighbor: ask the seeds"
    SHUFFLE = "exchange contacts along a walk"
    OUTSIDE = "try something outside the view"


class Overlay:
    """The neighbors of one peer over links, and the contacts that may replace them.

    `is_held` tells whether somebody else still needs a link that has served us.
    """

    def __init__(
        self,
        identity: Identity,
        links: Links,
        settings: OverlaySettings,
        outbox: Outbox,
        rng: Random,
        is_held: Callable[[int], bool] = lambda link: False,
    ) -> None:
        self._identity = identity
        self._links = links
        self._settings = settings
        self._outbox = outbox
        self._rng = rng
        self._is_held = is_held
        self._active = ActiveView(rng)
        self._reserve = Reserve(identity, settings.passive_capacity, rng)
        self._handed_on: deque[Address] = deque(maxlen=settings.passive_capacity)
        self._tries = Tries()
        self._guests: dict[int, Address] = {}
        self._timers: Timers[_Due | int] = Timers()
        self._places = settings.active_max
        self._refusals = 0
        self._rest_until: Seconds = 0.0
        self._barren = 0
        self._bereft = False
        self._shuffling = False
        self._is_cut = False
        self._alone_since: Seconds = 0.0
        self._alone_tries = 0

    @property
    def neighbors(self) -> tuple[Neighbor, ...]:
        """The neighbors, in the order in which they came."""
        return tuple(self._active)

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """All that we know and are no neighbors with, the best first; to be saved for another life."""
        return (*(attempt.contact for attempt in self._tries), *self._reserve)

    # What the composer tells.

    def join(self, now: Seconds) -> None:
        """Begin, with what is remembered and learned."""
        self._timers.set(_Due.SHUFFLE, now + self._settings.shuffle_interval * self._rng.uniform(0.0, 1.0))
        self._plan_outside(now)
        self._begin_alone(now)
        self._fill(now)

    def tries(self, link: int) -> bool:
        """Whether a link is being made for this machine, perhaps for others, too."""
        return link in self._tries

    def remember(self, contacts: Iterable[Contact]) -> None:
        """Take contacts of a former life. Before `join`."""
        self._merge(contacts)

    def learn(self, addresses: Iterable[Address], now: Seconds) -> None:
        """Take addresses that a seed or the user named. Without a neighbor, what was out of reach gets another try."""
        if not self._active:
            self._reserve.revive()
            self._rest_until = now
        self._reserve.hear_of(address for address in addresses if not self._is_taken(address))
        self._fill(now)

    def forget(self, address: Address) -> None:
        """That address is dead. It is remembered among the old: a cut looks like death."""
        if not self._is_taken(address):
            self._reserve.bury(address)

    def places_taken(self, count: int) -> None:
        """So many places are held by original nodes; the minimum is never theirs."""
        self._places = max(self._settings.active_min, self._settings.active_max - count)

    def note_round_trip(self, link: int, rtt: Seconds) -> None:
        """How long the way to a neighbor and back takes: of those to choose from, the farthest goes first."""
        self._active.note_round_trip(link, rtt)

    def tick(self, now: Seconds) -> None:
        """Do what is due."""
        for due in self._timers.due(now):
            match due:
                case _Due.FILL:
                    pass
                case _Due.OLD:
                    self._try_old(now)
                case _Due.ALONE:
                    self._plan_alone(now)
                    self._outbox.say(Alone(self._alone_since))
                case _Due.SHUFFLE:
                    self._timers.set(due, now + self._settings.shuffle_interval * self._rng.uniform(0.8, 1.2))
                    self._begin_shuffle()
                case _Due.OUTSIDE:
                    self._look_outside(now)
                    self._plan_outside(now)
                case link if self._is_held(link):
                    self._timers.set(link, now + self._settings.answer_timeout)
                case link:
                    self._links.part(link, Parting.DONE if link in self._guests else Parting.SILENT, now=now)
            self._fill(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._timers.next_deadline()

    # Links come and go.

    def on_link_ready(self, event: LinkReady, now: Seconds) -> None:
        """A link stands: ask what we dialled it for, or wait for what the other side wants."""
        link = event.link
        attempt = self._tries.end(link)
        if event.name == self._identity.name:
            self._links.part(link, Parting.REPLACED, detail="two nodes live under this name", now=now)
            return
        info = self._links.info(link)
        if info is not None and info.role is Role.SEED:
            self._links.part(link, Parting.NOT_A_PEER, now=now)
            return
        self._reserve.drop(event.address)
        self._timers.set(link, now + self._settings.answer_timeout)
        if not event.dialled:
            self._guests[link] = event.address
            return
        self._barren = 0
        aim = attempt.aim if attempt is not None else Aim.NEIGHBOR  # a broken link was dialled again (redials.py)
        attempt = self._tries.begin(link, Contact(event.name, event.address), aim, now)
        if aim is Aim.REUNION or (aim is Aim.NEIGHBOR and self._has_place()):
            self._ask(link, attempt, urgent=aim is Aim.REUNION)
        else:
            attempt.aim = Aim.VISIT
            self._outbox.send(link, Shuffle((self._identity.name,), 0, self._own_and_some(link)))

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> None:
        """A contact could not be reached, or refused. An original node is somebody else's business."""
        attempt = self._tries.end(event.link)
        if attempt is None:
            return
        if event.parting not in NOT_OURS and not event.classic:
            self._put_back(attempt.contact, there=event.parting is not None)
            self._note_cut(now)
        self._fill(now)

    def on_link_down(self, event: LinkDown, now: Seconds) -> None:
        """A link is gone: keep the contact if it may be there, and replace the neighbor."""
        self._guests.pop(event.link, None)
        self._timers.cancel(event.link)
        attempt = self._tries.end(event.link)
        self._remove(event.link, reason_of(event), now)
        self._merge(event.contacts)
        if event.parting in SAME_NODE:
            self._timers.set(_Due.FILL, now + self._settings.slow_after)
            return
        if event.parting not in NOT_OURS:
            lost = event.parting in LOST
            self._bereft = self._bereft or lost
            self._put_back(Contact(event.name, event.address), there=not lost)
            self._note_cut(now)
        if event.parting in (Parting.FULL, Parting.SWAPPED):
            self._handed_on.extend(contact.address for contact in event.contacts)
        if event.parting is Parting.FULL and attempt is not None and not event.by_us:
            self._on_refused(now)
        self._fill(now)

    # Neighbors.

    def on_neighbor_request(self, link: int, request: NeighborRequest, now: Seconds) -> None:
        """Somebody wants to be our neighbor: yes if there is a place, or if it needs one more than our worst."""
        info = self._links.info(link)
        if link in self._active or info is None:
            return
        contact = Contact(info.name, info.address)
        self._tries.end(link)
        if self._has_place() or (request.urgent and self._swap(contact, now)):
            self._outbox.send(link, NeighborAccepted(self._some(without=link)))
            self._add(link, contact, Reason.ACCEPTED, now)
            if request.joining:
                self._begin_walks(link, contact)
        else:
            self._links.part(link, Parting.FULL, contacts=self._some(without=link), now=now)

    def on_neighbor_accepted(self, link: int, accepted: NeighborAccepted, now: Seconds) -> None:
        """Who we asked took us as its neighbor."""
        attempt = self._tries.get(link)
        if attempt is None or not attempt.asked:
            return
        self._tries.end(link)
        self._refusals = 0
        self._rest_until = now
        self._merge(accepted.contacts)
        if self._has_place() or (attempt.aim is Aim.REUNION and self._swap(attempt.contact, now)):
            self._add(link, attempt.contact, Reason.ASKED, now)
        else:
            self._links.part(link, Parting.SURPLUS, contacts=self._some(without=link), now=now)
        self._fill(now)

    def _add(self, link: int, contact: Contact, reason: Reason, now: Seconds) -> None:
        self._guests.pop(link, None)
        self._timers.cancel(link)
        self._timers.cancel(_Due.ALONE)
        self._reserve.drop(contact.address)
        self._active.add(Neighbor(link, contact.name, contact.address, dialled=link % 2 == 0, since=now))
        if len(self._active) < self._settings.active_wanted:  # who came at the same time is found that way
            self._timers.set(_Due.SHUFFLE, now + self._settings.shuffle_soon * self._rng.uniform(0.5, 1.0))
        self._outbox.say(NeighborUp(contact.address, reason, contact.name, link))

    def _remove(self, link: int, reason: Reason, now: Seconds) -> None:
        neighbor = self._active.remove(link)
        if neighbor is None:
            return
        self._outbox.say(NeighborDown(neighbor.address, reason, neighbor.name, link))
        self._refusals = 0
        self._rest_until = now
        if not self._active:
            self._begin_alone(now)

    def _swap(self, newcomer: Contact, now: Seconds) -> bool:
        """Give up the worst neighbor for a newcomer, and tell it why and whom to ask."""
        if not self._active:
            return False
        worst = self._active.worst(settled=now - self._settings.answer_timeout)
        self._remove(worst.link, Reason.SWAPPED, now)
        contacts = (newcomer, *self._some(without=worst.link))
        self._links.part(worst.link, Parting.SWAPPED, contacts=contacts, now=now)
        return True

    # Looking for neighbors.

    @property
    def _is_needy(self) -> bool:
        return len(self._active) < self._settings.active_min

    def _has_place(self) -> bool:
        """Whether there is a place beside those that are kept for whom we asked."""
        return len(self._active) + self._tries.asked < self._places

    def _fill(self, now: Seconds) -> None:
        """Try contacts until there are enough neighbors: a few at a time, those beside that are slow to answer."""
        while self._lacks_tries(now):
            contact = self._next_contact()
            if contact is None:
                self._run_dry(now)
                return
            self._try(contact, Aim.NEIGHBOR, now)

    def _lacks_tries(self, now: Seconds) -> bool:
        if len(self._active) >= self._settings.active_wanted or now < self._rest_until:
            return False
        tries, fresh = self._tries.for_neighbors(since=now - self._settings.slow_after)
        wanted = min(self._settings.active_wanted, self._places)
        return (
            fresh < self._settings.parallel_tries
            and len(self._active) + fresh < wanted
            and len(self._active) + tries < self._places
        )

    def _next_contact(self) -> Contact | None:
        """One whom a full node handed us on to, if we are in need; else any."""
        while self._handed_on and self._is_needy:
            contact = self._reserve.proven.take(self._handed_on.popleft())
            if contact is not None:
                return contact
        return self._reserve.draw()

    def _try(self, contact: Contact, aim: Aim, now: Seconds) -> None:
        link = self._links.dial(contact.address, now)
        self._tries.begin(link, contact, aim, now)
        if _Due.FILL not in self._timers:
            self._timers.set(_Due.FILL, now + self._settings.slow_after)

    def _ask(self, link: int, attempt: Try, *, urgent: bool) -> None:
        joining = not self._active and not self._tries.asked
        desperate = self._is_needy and self._refusals >= self._settings.refusals_max
        attempt.asked = True
        self._outbox.send(link, NeighborRequest(urgent or not self._active or desperate, joining))

    def _on_refused(self, now: Seconds) -> None:
        """No place there. Who has enough neighbors to live with takes its time, the longer the more are full."""
        self._refusals += 1
        if not self._is_needy or self._refusals > 2 * self._settings.refusals_max:
            self._rest_until = now + self._backoff(self._refusals)
            self._timers.set(_Due.FILL, self._rest_until)

    def _run_dry(self, now: Seconds) -> None:
        """No contact is left that may be there. If that is because many were lost, the seeds may know others."""
        if not self._is_needy:
            return
        if self._bereft:
            self._bereft = False
            self._outbox.say(Alone(now))
        if self._reserve.old and _Due.OLD not in self._timers:
            self._barren += 1
            self._timers.set(_Due.OLD, now + self._backoff(self._barren))

    def _try_old(self, now: Seconds) -> None:
        contact = self._reserve.old.take_any() if self._is_needy else None
        if contact is not None:
            self._try(contact, Aim.NEIGHBOR, now)

    def _look_outside(self, now: Seconds) -> None:
        """Try something that is not in the view, although all looks well: else parted halves would stay apart.

        What was out of reach and is there again is the best sign of a cut that healed. What no neighbor ever told of
        may belong to a network that we never met. A visit of the others keeps the reserve fresh; where all of them
        fit in, they are made neighbors, and a network of up to `active_max` + 1 is one full mesh.
        """
        all_fit = len(self._active) + len(self._reserve) <= self._places
        pools: tuple[tuple[View, Aim], ...] = (
            (self._reserve.old, Aim.REUNION),
            (self._reserve.heard_of, Aim.NEIGHBOR),
            (self._reserve.proven, Aim.NEIGHBOR if all_fit else Aim.VISIT),
        )
        if self._seems_cut:
            pools = pools[:2]  # a visit to who is there brings nobody back
        ready = [(view, aim) for view, aim in pools if view]
        if ready:
            view, aim = self._rng.choice(ready)
            contact = view.take_any()
            assert contact is not None
            self._try(contact, aim, now)

    @property
    def _seems_cut(self) -> bool:
        """Whether more are out of reach than are there: a cut is likelier than so many deaths."""
        return len(self._reserve.old) > len(self._active) + len(self._reserve.proven)

    def _note_cut(self, now: Seconds) -> None:
        """Look outside soon when it begins to seem that there is a cut."""
        was_cut, self._is_cut = self._is_cut, self._seems_cut
        if self._is_cut and not was_cut:
            self._plan_outside(now)

    def _plan_outside(self, now: Seconds) -> None:
        interval = self._settings.outside_cut if self._seems_cut else self._settings.outside_interval
        self._timers.set(_Due.OUTSIDE, now + interval * self._rng.uniform(0.5, 1.5))

    def _begin_alone(self, now: Seconds) -> None:
        self._alone_since = now
        self._alone_tries = 0
        self._plan_alone(now)

    def _plan_alone(self, now: Seconds) -> None:
        self._alone_tries += 1
        self._timers.set(_Due.ALONE, now + self._backoff(self._alone_tries))

    def _backoff(self, tries: int) -> Seconds:
        return backoff(tries, first=self._settings.retry_first, longest=self._settings.retry_longest, rng=self._rng)

    # Walks.

    def _begin_walks(self, link: int, newcomer: Contact) -> None:
        """Let walks find further neighbors for a newcomer."""
        others = self._active.others(link)
        for other in self._rng.sample(others, min(self._settings.walks, len(others))):
            self._outbox.send(other, ForwardJoin(newcomer, self._settings.walk_length))

    def on_forward_join(self, link: int, walk: ForwardJoin, now: Seconds) -> None:
        """Pass a newcomer's walk on; at its end, dial the newcomer, if there is a place for it."""
        newcomer = walk.newcomer
        if link not in self._active or self._reserve.is_self(newcomer):
            return
        steps = min(walk.steps_left, self._settings.walk_length)
        known = self._active.at(newcomer.address)
        others = self._active.others(link, known)
        if steps == self._settings.passive_walk_length or not steps:
            self._merge((newcomer,))
        if steps and others:
            self._outbox.send(self._rng.choice(others), ForwardJoin(newcomer, steps - 1))
        elif known is None and len(self._active) + len(self._tries) < self._settings.active_wanted:
            contact = self._reserve.proven.take(newcomer.address)
            if contact is not None:
                self._try(contact, Aim.NEIGHBOR, now)

    def _begin_shuffle(self) -> None:
        if self._active:
            link = self._rng.choice(self._active.others())
            self._shuffling = True
            shuffle = Shuffle((self._identity.name,), self._settings.walk_length, self._own_and_some(without=link))
            self._outbox.send(link, shuffle)

    def on_shuffle(self, link: int, shuffle: Shuffle, now: Seconds) -> None:
        """Pass a shuffle on to somebody whom it has not met, or answer it."""
        if link in self._active:
            steps = min(shuffle.steps_left, self._settings.walk_length)
            others = self._active.others(link, path=shuffle.path)
            if steps and others and len(shuffle.path) < PATH_MAX:
                path = (*shuffle.path, self._identity.name)
                self._outbox.send(self._rng.choice(others), Shuffle(path, steps - 1, shuffle.contacts))
                return
        elif link not in self._guests:
            return
        self._outbox.send(link, ShuffleReply(shuffle.path[:-1], self._some(without=link)))
        self._merge(shuffle.contacts)

    def on_shuffle_reply(self, link: int, reply: ShuffleReply, now: Seconds) -> None:
        """Take the contacts, if the shuffle was ours; else pass them back the way it came."""
        attempt = self._tries.get(link)
        if attempt is not None and attempt.aim is Aim.VISIT:
            self._merge(reply.contacts)
            if self._is_held(link):  # closed later, as a guest's is
                self._tries.end(link)
                self._guests[link] = attempt.contact.address
            else:
                self._links.part(link, Parting.DONE, now=now)
        elif link in self._active and reply.path:
            back = self._active.named(reply.path[-1])
            if back is not None:
                self._outbox.send(back, ShuffleReply(reply.path[:-1], reply.contacts))
        elif link in self._active and self._shuffling:
            self._shuffling = False
            self._merge(reply.contacts)

    # Contacts.

    def _some(self, without: int) -> tuple[Contact, ...]:
        """Some contacts of both views, for somebody else; never those that only a list named."""
        active = self._active.sample(self._settings.shuffle_active, without=without)
        return (*active, *self._reserve.proven.sample(self._settings.shuffle_passive))

    def _own_and_some(self, without: int) -> tuple[Contact, ...]:
        return (Contact(self._identity.name, self._identity.address), *self._some(without))

    def _merge(self, contacts: Iterable[Contact]) -> None:
        """Take contacts that were told of; they speak frames: who told us has found out."""
        for contact in contacts:
            self._links.mark_frames(contact.address)
            if not self._is_taken(contact.address):
                self._reserve.hear(contact)

    def _put_back(self, contact: Contact, *, there: bool) -> None:
        """A contact that we tried, or lost as a neighbor: one that may be `there` is proven, else it is old."""
        if not self._is_taken(contact.address):
            (self._reserve.prove if there else self._reserve.shelve)(contact)

    def _is_taken(self, address: Address) -> bool:
        """Whether an address is a neighbor's, or being tried, or that of who dialled us, and so no reserve."""
        is_neighbor = self._active.at(address) is not None
        return is_neighbor or self._tries.reach(address) or address in self._guests.values()
