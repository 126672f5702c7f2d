"""The one place where machines leave what must be done and what happened."""

from rumor.core.effects import Effect
from rumor.core.events import Event


class Outbox:
    """Effects and events in the order in which they were decided; emptied by `drain` after each input."""

    def __init__(self) -> None:
        self._effects: list[Effect] = []
        self._events: list[Event] = []
        self._routed = 0

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
        """Take everything out."""
        effects, self._effects = self._effects, []
        events, self._events = self._events, []
        self._routed = 0
        return effects, events
