"""Calls: a link to one member, by its name, for what is to be said to it alone.

    want a name --a link to it stands--> reached
         `--its turn--> dialled --it stands, and it is that member--> reached
                            |--another link stands, or will; or it has no place now--> again in a while
                            `--no connection, another's name--> failed

A link that stands is used whatever it was made for; one that is made here is a visit, and makes no neighbors. It is
closed when nothing was under way over it for a while, or at once when others wait for its place. What is to be said
waits here for the link, behind control, so that it is bounded by those who say it and holds up no probe.

Rule 1: every name that is wanted is reached or failed, or its time is over. Rule 2: at most `links_max` links
are made here at once. Rule 3: a link over which something is under way is not closed here.
"""

from collections import deque
from collections.abc import Callable
from hashlib import blake2b

import msgspec

from rumor.core.effects import Failure
from rumor.core.events import LinkDown, LinkFailed, LinkReady
from rumor.core.frames import Answers, Control, Parting, Request, Response
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.requests.deadlines import Deadlines
from rumor.core.settings import RequestSettings

UNKNOWN = "no such member is known"
UNREACHABLE = "it can't be reached"
ANOTHER = "another node is at its address"
NO_FRAMES = "it speaks no frames"
REFUSED = "it refuses us"
STOPS = "it stops, or we do"

AGAIN: Seconds = 0.05
AGAIN_MAX: Seconds = 1.0
"""The first wait, and the longest, before a member that had no place for our link is dialled again."""

FRAME_BYTES = 64
"""What a frame takes beside its payload."""

_PASSING = (Parting.CROSSED, Parting.REPLACED, Parting.FULL, Parting.DONE)
"""Who parts for such a reason may take another link in a moment."""


class Parcel(msgspec.Struct, frozen=True):
    """A frame that waits for its link, not longer than `until`. `ticket`: the one that it answers; 0: a question."""

    frame: Request | Response | Answers
    until: Seconds
    ticket: int = 0


class _Wish(msgspec.Struct):
    """A name that is wanted, not longer than `until`. `link`: by which it is dialled, 0 while it waits."""

    until: Seconds
    link: int = 0
    tries: int = 0


class Calls:
    """The links to members for questions and answers.

    `on_reached(name, link, now)` and `on_failed(name, why, now)` end each wish; `on_left(ticket, now)` says that an
    answer has left, or waited too long.
    """

    def __init__(
        self,
        identity: Identity,
        links: Links,
        settings: RequestSettings,
        outbox: Outbox,
        address_of: Callable[[str], Address | None],
        *,
        on_reached: Callable[[str, int, Seconds], None],
        on_failed: Callable[[str, str, Seconds], None],
        on_left: Callable[[int, Seconds], None],
    ) -> None:
        self._identity = identity
        self._links = links
        self._settings = settings
        self._outbox = outbox
        self._address_of = address_of
        self._on_reached = on_reached
        self._on_failed = on_failed
        self._on_left = on_left
        self._wishes: dict[str, _Wish] = {}
        self._queue: dict[str, None] = {}
        self._again: Deadlines[str] = Deadlines()
        self._ours: dict[int, None] = {}
        self._idle_until: Deadlines[int] = Deadlines()
        self._uses: dict[int, int] = {}
        self._parcels: dict[int, deque[Parcel]] = {}

    def want(self, name: str, until: Seconds, now: Seconds) -> None:
        """Have a link to a member: it ends in `on_reached` or `on_failed`, perhaps before this returns; or too late."""
        link = self._links.find(name)
        wish = self._wishes.get(name)
        if link is not None:
            self._on_reached(name, link, now)
        elif wish is not None:
            wish.until = max(wish.until, until)
        else:
            self._wishes[name] = _Wish(until)
            self._queue[name] = None
            self._go_on(now)

    # Links in use.

    def hold(self, link: int) -> None:
        """Something is under way over a link."""
        self._uses[link] = self._uses.get(link, 0) + 1
        self._idle_until.cancel(link)

    def let_go(self, link: int, now: Seconds, *, linger: Seconds | None = None) -> None:
        """It is over; a link of ours that nothing needs is kept for so long, unless others wait for its place.

        Closes nothing itself, since it is called while a link is pulled.
        """
        uses = self._uses.pop(link, 1) - 1
        if uses:
            self._uses[link] = uses
        elif link in self._ours:
            kept = self._settings.link_idle if linger is None else linger
            self._idle_until.set(link, now + (0.0 if self._queue else kept))

    def is_held(self, link: int) -> bool:
        """Whether something is under way over a link."""
        return link in self._uses

    def give_up(self, link: int) -> None:
        """A link became a neighbor's: it is not ours to close."""
        self._ours.pop(link, None)
        self._idle_until.cancel(link)

    # What is to be said.

    def send(self, link: int, parcel: Parcel) -> None:
        """Let a frame wait for its link."""
        self._parcels.setdefault(link, deque()).append(parcel)
        self._outbox.wake(link)

    def pull(self, link: int, bytes_max: int, now: Seconds) -> list[Control]:
        """What a link is to send next, about so many bytes."""
        parcels = self._parcels.get(link)
        if parcels is None:
            return []
        frames: list[Control] = []
        room = bytes_max
        while parcels and room > 0:
            parcel = parcels.popleft()
            if now < parcel.until:
                frames.append(parcel.frame)
                room -= len(parcel.frame.payload) + FRAME_BYTES
            if parcel.ticket:
                self._on_left(parcel.ticket, now)
        if not parcels:
            self._parcels.pop(link, None)
        return frames

    # What happens.

    def on_link_ready(self, event: LinkReady, now: Seconds) -> bool:
        """A link stands: whether it was made here, and for nothing else."""
        ours = event.link in self._ours
        for name in self._dialled_by(event.link):
            if name != event.name:
                self._fail(name, ANOTHER, now)
        if ours and event.link not in self._uses:
            self._idle_until.set(event.link, now + self._settings.link_idle)
        if event.name in self._wishes:
            self._forget(event.name)
            self._on_reached(event.name, event.link, now)
        self._go_on(now)
        return ours

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> bool:
        """A link could not be made: whether it was made here, and for nothing else."""
        ours = event.link in self._ours
        self._forget_link(event.link)
        for name in self._dialled_by(event.link):
            found = self._links.find(name)
            if found is not None:
                self._forget(name)
                self._on_reached(name, found, now)
            elif event.parting in _PASSING:
                self._try_again(name, now)
            else:
                self._fail(name, _why(event), now)
        self._go_on(now)
        return ours

    def on_link_down(self, event: LinkDown, now: Seconds) -> None:
        """A link is gone, and what waited for it."""
        self._forget_link(event.link)
        self._go_on(now)

    def tick(self, now: Seconds) -> None:
        """Close what was idle, and dial again who had no place."""
        for link in self._idle_until.due(now):
            self._close(link, now)
        for name in self._again.due(now):
            self._queue[name] = None
        self._go_on(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        idle, again = self._idle_until.next_deadline(), self._again.next_deadline()
        return idle if again is None or (idle is not None and idle < again) else again

    # Inside.

    def _go_on(self, now: Seconds) -> None:
        """Dial who waits, as far as there are places; a link that nothing needs gives up its own."""
        while self._queue:
            if len(self._ours) >= self._settings.links_max:
                idle = next((link for link in self._ours if link in self._idle_until), None)
                if idle is None:
                    return
                self._close(idle, now)
            name = next(iter(self._queue))
            del self._queue[name]
            if now < self._wishes[name].until:
                self._dial(name, now)
            else:
                self._forget(name)

    def _dial(self, name: str, now: Seconds) -> None:
        address = self._address_of(name)
        if address is None or self._identity.is_self(address):
            self._fail(name, UNKNOWN if address is None else ANOTHER, now)
            return
        is_under_way = self._links.reaches(address)
        wish = self._wishes[name]
        wish.link = self._links.dial(address, now)
        wish.tries += 1
        if not is_under_way:
            self._ours[wish.link] = None

    def _dialled_by(self, link: int) -> list[str]:
        return [name for name, wish in self._wishes.items() if wish.link == link]

    def _try_again(self, name: str, now: Seconds) -> None:
        """In a while: longer each time, and not when all others come back, too."""
        wish = self._wishes[name]
        wish.link = 0
        share = share_of(self._identity.name, name, wish.tries)
        self._again.set(name, now + min(AGAIN_MAX, AGAIN * 2.0 ** min(wish.tries, 8)) * (0.5 + share / 2.0))

    def _forget(self, name: str) -> None:
        self._wishes.pop(name, None)
        self._queue.pop(name, None)
        self._again.cancel(name)

    def _fail(self, name: str, why: str, now: Seconds) -> None:
        self._forget(name)
        self._on_failed(name, why, now)

    def _close(self, link: int, now: Seconds) -> None:
        self._forget_link(link)
        self._links.part(link, Parting.DONE, now=now)

    def _forget_link(self, link: int) -> None:
        self._ours.pop(link, None)
        self._idle_until.cancel(link)
        self._uses.pop(link, None)
        self._parcels.pop(link, None)


def share_of(*of: object) -> float:
    """A number from 0 to 1 that is as good as drawn, and the same whenever it is asked for."""
    drawn = blake2b(repr(of).encode(), digest_size=4).digest()
    return int.from_bytes(drawn, "big") / float(1 << 32)


def _why(event: LinkFailed) -> str:
    """Why nobody was reached, for people."""
    if event.classic:
        return NO_FRAMES
    if event.parting is None:
        return UNREACHABLE if event.failure is not Failure.GARBLED else NO_FRAMES
    return STOPS if event.parting is Parting.LEAVING else REFUSED
