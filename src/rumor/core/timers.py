"""Named deadlines, pulled, not pushed: to cancel one is to forget it."""

from collections.abc import Hashable, Iterator
from random import Random
from typing import Generic, TypeVar

from rumor.core.ids import Seconds

Key = TypeVar("Key", bound=Hashable)


class Timers(Generic[Key]):
    """Named deadlines; setting a key again moves it. For tens of keys: looking for the soonest reads them all."""

    def __init__(self) -> None:
        self._deadlines: dict[Key, Seconds] = {}

    def set(self, key: Key, deadline: Seconds) -> None:
        """Let `key` fall due at `deadline`."""
        self._deadlines[key] = deadline

    def cancel(self, key: Key) -> None:
        """Forget a key; one that is not set is no error."""
        self._deadlines.pop(key, None)

    def __contains__(self, key: Key) -> bool:
        """Whether a key is set."""
        return key in self._deadlines

    def __len__(self) -> int:
        """How many keys are set."""
        return len(self._deadlines)

    def next_deadline(self) -> Seconds | None:
        """When the soonest key falls due, or None."""
        return min(self._deadlines.values(), default=None)

    def due(self, now: Seconds) -> Iterator[Key]:
        """The keys that are due, soonest first, each forgotten as it is given.

        A key that is moved or cancelled meanwhile, by whoever takes an earlier one, is left out.
        """
        ready = [(deadline, key) for key, deadline in self._deadlines.items() if deadline <= now]
        ready.sort(key=lambda entry: entry[0])
        for deadline, key in ready:
            if self._deadlines.get(key) == deadline:
                del self._deadlines[key]
                yield key


def soonest(*deadlines: Seconds | None) -> Seconds | None:
    """The soonest of several deadlines, of which any may be missing."""
    return min((deadline for deadline in deadlines if deadline is not None), default=None)


def backoff(tries: int, *, first: Seconds, longest: Seconds, rng: Random) -> Seconds:
    """How long to wait after `tries` failures in a row (1, 2, 3 …): doubling, bounded, and spread by a half.

    Spreading keeps peers that lost the same seed in the same moment from coming back in the same moment.
    """
    delay = min(longest, first * 2.0 ** min(tries - 1, 32))
    return delay * rng.uniform(0.5, 1.0)
