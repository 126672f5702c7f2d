"""Namesakes: whether a later life under our name, of which members were told, is really there.

    told of it --dial--> a link stands, and has our name --> two lives: settled over the link (routes.py)
                   |        `--another name
                   `--no connection    `--> a lie, or long over: the directory says that we live

Without this, one forged claim would take a name away for good: all would look for its bearer where it never was, find
nobody, and bury it, and what is said of a later life is not its to answer.
"""

from collections.abc import Callable

from rumor.core.events import LinkFailed, LinkReady
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.overlay.links import Links


class Namesakes:
    """Looks for one at a time, the last that was told. `absent` is told where nobody has our name."""

    def __init__(self, identity: Identity, links: Links, absent: Callable[[Address, Seconds], None]) -> None:
        self._identity = identity
        self._links = links
        self._absent = absent
        self._link = 0
        self._sought: Address | None = None
        self._next: Address | None = None

    def told(self, address: Address, now: Seconds) -> None:
        """Somebody is said to live there under our name: see whether that is so."""
        if self._sought is None:
            self._seek(address, now)
        elif address != self._sought:
            self._next = address

    def on_link_ready(self, event: LinkReady, now: Seconds) -> bool:
        """A link stands. True: it was made to see who is there, and nobody else wants it."""
        if event.link != self._link:
            return False
        is_there = event.name == self._identity.name
        self._found(now, is_there=is_there)
        if not is_there:
            self._links.let_go(event.link, now)
        return not is_there

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> bool:
        """A link could not be made. True: it was to see who is there."""
        if event.link != self._link:
            return False
        self._found(now, is_there=False)
        return True

    def _seek(self, address: Address, now: Seconds) -> None:
        self._sought = address
        known = self._links.name_at(address)
        if known is None:
            self._link = self._links.dial(address, now)
        else:
            self._found(now, is_there=known == self._identity.name)

    def _found(self, now: Seconds, *, is_there: bool) -> None:
        address, following = self._sought, self._next
        self._link, self._sought, self._next = 0, None, None
        assert address is not None
        if not is_there:
            self._absent(address, now)
        if following is not None:
            self._seek(following, now)
