"""Namesakes: whether a later life under our name, of which members were told, is really there.

    told of it --dial--> a link stands, and has our name --> two lives: settled over the link (routes.py)
                   |        |--another name            .--> a lie, or long over: the directory says that we live
                   |        `--no connection ----------'
                   `--it answers in frames, but takes no link --> looked for again, `LOOKS` times

Without this, one forged claim would take a name away for good: all would look for its bearer where it never was, find
nobody, and bury it, and what is said of a later life is not its to answer.

One is looked for at a time, the last that was told, and none sooner than `PAUSE` after the one before: two lives that
are both there, each out of the other's reach, answer each other no faster.
"""

from collections.abc import Callable
from typing import Final

from rumor.core.events import LinkFailed, LinkReady
from rumor.core.ids import WILDCARDS, Address, Identity, Seconds
from rumor.core.liveness.doubts import is_there
from rumor.core.overlay.links import Links

PAUSE: Final[Seconds] = 1.0
"""Between two looks."""

LOOKS: Final = 3
"""Who is there so often and takes no link is none of our lives: a node is not full for so long."""


class Namesakes:
    """`absent` is told where nobody has our name."""

    def __init__(self, identity: Identity, links: Links, absent: Callable[[Address, Seconds], None]) -> None:
        self._identity = identity
        self._links = links
        self._absent = absent
        self._link = 0
        self._sought: Address | None = None
        self._looks = 0
        self._next: Address | None = None
        self._free_at: Seconds = 0.0

    def told(self, address: Address, now: Seconds) -> None:
        """Somebody is said to live there under our name: see whether that is so. Nobody can look behind a wildcard."""
        if address.host in WILDCARDS or (self._link and address == self._sought):
            return
        self._next = address
        self.tick(now)

    def on_link_ready(self, event: LinkReady, now: Seconds) -> bool:
        """A link stands. True: it was made to see who is there, and nobody else wants it."""
        if event.link != self._link:
            return False
        is_ours = event.name == self._identity.name
        self._over(now, is_absent=not is_ours)
        if not is_ours:
            self._links.let_go(event.link, now)
        return not is_ours

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> bool:
        """A link could not be made. True: it was to see who is there."""
        if event.link != self._link:
            return False
        looks_again = is_there(event) and self._looks < LOOKS
        if looks_again and self._next is None:
            self._next = self._sought
        self._over(now, is_absent=not looks_again)
        return True

    def tick(self, now: Seconds) -> None:
        """Look for who was told last, if nobody is looked for and the pause is over."""
        if self._next is None or self._link or now < self._free_at:
            return
        address, self._next = self._next, None
        self._looks = self._looks + 1 if address == self._sought else 1
        self._sought = address
        self._free_at = now + PAUSE
        name = self._links.name_at(address)
        if name is None:
            self._link = self._links.dial(address, now)
        elif name != self._identity.name:
            self._absent(address, now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return None if self._next is None or self._link else self._free_at

    def _over(self, now: Seconds, *, is_absent: bool) -> None:
        self._link = 0
        self._free_at = max(self._free_at, now)
        if is_absent:
            self._looks = 0
            assert self._sought is not None
            self._absent(self._sought, now)
