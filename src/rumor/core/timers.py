"""Named deadlines, pulled, not pushed: to cancel one is to forget it."""

from collections.abc import Hashable, Iterator
from random import Random
from typing import Generic, TypeVar

from rumor.core.ids import Seconds

Key = TypeVar("Key", bound=Hashable)


class Timers(Generic[Key]):
    """Named deadlines; setting a key again moves it. For tens of keys: only when the soonest goes are all looked at."""

    def __init__(self) -> None:
        self._deadlines: dict[Key, Seconds] = {}
        self._soonest: Seconds | None = None
        self._is_known = True

    def set(self, key: Key, deadline: Seconds) -> None:
        """Let `key` fall due at `deadline`."""
        self._forget(self._deadlines.get(key))
        self._deadlines[key] = deadline
        if self._is_known and (self._soonest is None or deadline < self._soonest):
            self._soonest = deadline

    def cancel(self, key: Key) -> None:
        """Forget a key; one that is not set is no error."""
        self._forget(self._deadlines.pop(key, None))

    def __contains__(self, key: Key) -> bool:
        """Whether a key is set."""
        return key in self._deadlines

    def next_deadline(self) -> Seconds | None:
        """When the soonest key falls due, or None."""
        if not self._is_known:
            self._soonest = min(self._deadlines.values(), default=None)
            self._is_known = True
        return self._soonest

    def due(self, now: Seconds) -> Iterator[Key]:
        """The keys that are due, soonest first, each forgotten as it is given.

        A key that is moved or cancelled meanwhile, by whoever takes an earlier one, is left out.
        """
        soonest = self.next_deadline()
        if soonest is None or soonest > now:
            return
        ready = [(deadline, key) for key, deadline in self._deadlines.items() if deadline <= now]
        ready.sort(key=lambda entry: entry[0])
        for deadline, key in ready:
            if self._deadlines.get(key) == deadline:
                self.cancel(key)
                yield key

    def _forget(self, deadline: Seconds | None) -> None:
        """A deadline goes; if it was the soonest, another is to be looked for."""
        if deadline is not None and deadline == self._soonest:
            self._is_known = False


def soonest(*deadlines: Seconds | None) -> Seconds | None:
    """The soonest of several deadlines, of which any may be missing."""
    first = None
    for deadline in deadlines:
        if deadline is not None and (first is None or deadline < first):
            first = deadline
    return first


def backoff(tries: int, *, first: Seconds, longest: Seconds, rng: Random) -> Seconds:
    """How long to wait after `tries` failures in a row (1, 2, 3 …): doubling, bounded, and spread by a half.

    Spreading keeps peers that lost the same seed in the same moment from coming back in the same moment.
    """
    delay = min(longest, first * 2.0 ** min(tries - 1, 32))
    return delay * rng.uniform(0.5, 1.0)
