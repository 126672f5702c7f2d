"""The machines of a peer, made and introduced to each other. None of them knows another; `routes.py` tells each what it
must know of the others.
"""

from collections.abc import Sequence
from random import Random

from rumor.core.broadcast.antientropy import AntiEntropy
from rumor.core.broadcast.broadcast import Broadcast
from rumor.core.classic.texts import Texts
from rumor.core.clock import WallClock
from rumor.core.codec import Codec
from rumor.core.frames import Contact
from rumor.core.ids import Address, Identity
from rumor.core.membership import Membership
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.overlay.overlay import Overlay
from rumor.core.overlay.visits import Visits
from rumor.core.requests.census import Census
from rumor.core.requests.requests import Requests
from rumor.core.seeds.registration import Registration
from rumor.core.settings import Settings


class Machines:
    """All machines of one peer, by their names."""

    def __init__(
        self,
        identity: Identity,
        seeds: Sequence[Address],
        settings: Settings,
        clock: WallClock,
        rng: Random,
        codec: Codec,
        contacts: Sequence[Contact],
    ) -> None:
        self.identity = identity
        self.outbox = outbox = Outbox(settings.links.control_capacity)
        self.links = links = Links(identity, settings.links, outbox, self._known_epoch)
        self.overlay = Overlay(identity, links, settings.overlay, outbox, rng, lambda link: self.requests.holds(link))
        self.membership = Membership(identity, links, settings, clock, outbox, rng)
        self.broadcast = Broadcast(identity, settings, clock, outbox, codec.seal, self.membership.liveness.rtt)
        self.antientropy = AntiEntropy(
            settings.antientropy, self.broadcast.streams, outbox, rng, self.broadcast.origin.head_for_newcomer
        )
        self.registration = Registration(
            seeds, identity, links, settings.registration, outbox, rng, self._own_incarnation
        )
        self.texts = Texts(
            identity, self.registration, settings, clock, outbox, rng, links, self.overlay, self.broadcast, codec
        )
        self.requests = Requests(
            identity,
            links,
            settings.requests,
            outbox,
            self.address_of,
            spread=self.broadcast.origin.ask,
            members=self.membership.directory.size,
        )
        self.census = Census(self.broadcast.streams, self.broadcast.delivery.told, self.requests.respond)
        self.visits = Visits(identity, links, self.broadcast, self.address_of, self.requests.holds)
        self.overlay.remember(contacts)

    def address_of(self, name: str) -> Address | None:
        """Where a node is, as far as any machine knows."""
        known = self.membership.directory.address_of(name)
        return known or next((contact.address for contact in self.contacts() if contact.name == name), None)

    def contacts(self) -> tuple[Contact, ...]:
        """Whom we know, the newest first."""
        neighbors = (Contact(neighbor.name, neighbor.address) for neighbor in self.overlay.neighbors)
        return tuple({contact.name: contact for contact in (*neighbors, *self.overlay.contacts)}.values())

    def _own_incarnation(self) -> int:
        """Our present incarnation, for the seeds."""
        own = self.membership.directory.member(self.identity.name)
        return 0 if own is None else own.incarnation

    def _known_epoch(self, name: str) -> int:
        """The latest life of a node that we heard of, for its Hello."""
        return self.broadcast.streams.latest_epoch(name)
