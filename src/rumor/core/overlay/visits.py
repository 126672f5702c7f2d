"""Visits: links that are made to ask the origin of a stream itself for what no neighbor has.

a hole that no neighbor can fill --dial the origin--> link stands --> asked over it, closed after a while
                                      `--no address, or no connection--> given up: it can't be had
"""

from collections.abc import Callable

from rumor.core.broadcast.broadcast import Broadcast
from rumor.core.errors import AddressError
from rumor.core.events import LinkFailed, LinkReady
from rumor.core.frames import Parting
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.overlay.links import Links
from rumor.core.timers import Timers

VISIT: Seconds = 5.0
"""How long such a link stands."""


class Visits:
    """The visits of one peer. `address_of` tells where a name is, if anybody knows.

    `is_held` tells whether somebody else still needs a link that has served us.
    """

    def __init__(
        self,
        identity: Identity,
        links: Links,
        broadcast: Broadcast,
        address_of: Callable[[str], Address | None],
        is_held: Callable[[int], bool],
    ) -> None:
        self._identity = identity
        self._links = links
        self._broadcast = broadcast
        self._address_of = address_of
        self._is_held = is_held
        self._origins: dict[int, str] = {}
        self._timers: Timers[int] = Timers()

    def dial(self, origin: str, now: Seconds) -> None:
        """Go to an origin; to one that can't be found, or has a link with us, it is as if we had been there."""
        address = self._address_of(origin) or _address_in(origin)
        if address is None or self._links.find(origin) is not None or self._identity.is_self(address):
            self._broadcast.repair.on_origin_dialled(origin, now)
        else:
            self._origins[self._links.dial(address, now)] = origin

    def on_link_ready(self, event: LinkReady, now: Seconds) -> bool:
        """A link stands: whether it is one of these."""
        origin = self._origins.pop(event.link, None)
        if origin is None:
            return False
        self._broadcast.add_visitor(event.link)
        self._broadcast.repair.on_origin_dialled(origin, now)
        self._timers.set(event.link, now + VISIT)
        return True

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> bool:
        """A link could not be made: whether it was one of these."""
        origin = self._origins.pop(event.link, None)
        if origin is None:
            return False
        self._broadcast.repair.on_origin_dialled(origin, now)
        return True

    def on_link_down(self, link: int) -> None:
        """A link is gone."""
        self._timers.cancel(link)

    def tick(self, now: Seconds) -> None:
        """End those that have lasted; a link over which somebody asks meanwhile lasts for longer."""
        for link in self._timers.due(now):
            if self._is_held(link):
                self._timers.set(link, now + VISIT)
            else:
                self._links.part(link, Parting.DONE, now=now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._timers.next_deadline()


def _address_in(name: str) -> Address | None:
    """Where a node is whose name is its address; None if it has a name of its own."""
    try:
        return Address.parse(name)
    except AddressError:
        return None
