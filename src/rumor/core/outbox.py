"""The one place where machines leave what must be done, what happened, and what is to be sent over links."""

from collections import deque

from rumor.core.effects import Effect, Wake
from rumor.core.events import Event
from rumor.core.frames import Control


class Outbox:
    """Effects and events in the order in which they were decided; emptied by `drain` after each input.

    Control frames wait here for their link, since they go ahead of everything else: the driver takes them when the link
    can send, by `Peer.pull`. A link is woken once, and again only after it was pulled dry. Machines that keep news and
    questions for links are asked for them only if they said so: most turns of an idle node bring a probe and no more.
    """

    def __init__(self, control_capacity: int = 4096) -> None:
        self._control_capacity = control_capacity
        self._effects: list[Effect] = []
        self._events: list[Event] = []
        self._routed = 0
        self._control: dict[int, deque[Control]] = {}
        self._awake: set[int] = set()
        self._more: set[int] = set()
        self._overrun: dict[int, None] = {}

    def do(self, effect: Effect) -> None:
        """Leave something for the driver to do."""
        self._effects.append(effect)

    def say(self, event: Event) -> None:
        """Leave word of something that happened."""
        self._events.append(event)

    def next_unrouted(self) -> Event | None:
        """The next event that the composer has not yet shown to the other machines, or None."""
        if self._routed == len(self._events):
            return None
        self._routed += 1
        return self._events[self._routed - 1]

    def drain(self) -> tuple[list[Effect], list[Event]]:
        """Take everything out, but for what waits for links."""
        effects, self._effects = self._effects, []
        events, self._events = self._events, []
        self._routed = 0
        return effects, events

    # Links.

    def open_link(self, link: int) -> None:
        """Keep what is sent over a link from now on."""
        self._control[link] = deque()

    def close_link(self, link: int) -> None:
        """A link is gone: forget what waited for it; what is sent over it from now on is dropped."""
        self._control.pop(link, None)
        self.dry(link)
        self._overrun.pop(link, None)

    def send(self, link: int, frame: Control) -> None:
        """Let a control frame wait for its link. When too many wait, it is dropped, and the link is `overrun`."""
        waiting = self._control.get(link)
        if waiting is None:
            return
        if len(waiting) >= self._control_capacity:
            self._overrun[link] = None
            return
        waiting.append(frame)
        self._rouse(link)

    def wake(self, link: int) -> None:
        """Something waits for a link elsewhere."""
        if link in self._control:
            self._more.add(link)
            self._rouse(link)

    def offer(self, link: int) -> None:
        """Something may go along over a link when it is woken."""
        if link in self._control:
            self._more.add(link)

    def take(self, link: int) -> list[Control]:
        """The control frames that wait for a link."""
        waiting = self._control.get(link)
        if not waiting:
            return []
        frames = list(waiting)
        waiting.clear()
        return frames

    def is_awake(self, link: int) -> bool:
        """Whether a link was woken, and not pulled dry since."""
        return link in self._awake

    def has_more(self, link: int) -> bool:
        """Whether something may wait for a link elsewhere."""
        return link in self._more

    def dry(self, link: int) -> None:
        """Nothing waits for a link any more, anywhere: wake it next time."""
        self._awake.discard(link)
        self._more.discard(link)

    def _rouse(self, link: int) -> None:
        if link not in self._awake:
            self._awake.add(link)
            self._effects.append(Wake(link))

    def overrun(self) -> list[int]:
        """The links that took nothing for so long that control frames were dropped; each is told once."""
        links = list(self._overrun)
        self._overrun.clear()
        return links
