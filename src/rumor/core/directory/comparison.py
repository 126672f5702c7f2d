"""Comparison: two neighbors compare their directories now and then, and find what news did not bring.

    MembersSummary (one hash) --equal--> nothing
       `--differs--> MembersBuckets (64 hashes, "tell me yours") --> MembersBuckets
                         each side tells all that it holds in the buckets that differ

A newcomer lacks everything, and has several new neighbors in the same moment; so for a short while it compares with one
at a time, often, and lets the others wait until that one has told all, or says that it holds the same. Who is
established answers at once.
"""

from random import Random

from rumor.core.directory.claims import BUCKETS
from rumor.core.directory.roster import BUCKET_BYTES, Roster
from rumor.core.frames import MembersBuckets, MembersSummary
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import DirectorySettings
from rumor.core.timers import soonest

NEW_FOR: Seconds = 2.0
"""So long after its first neighbor came a node is new."""

NEW_GAP: Seconds = 0.1
"""How long a newcomer waits for the end of a comparison before it begins another."""

NEW_INTERVAL: Seconds = 0.4
"""How often a newcomer compares, even when nobody waits: its neighbors may be as new as itself."""


class Comparison:
    """The comparisons of one directory with its neighbors."""

    def __init__(self, settings: DirectorySettings, roster: Roster, outbox: Outbox, rng: Random) -> None:
        self._settings = settings
        self._roster = roster
        self._outbox = outbox
        self._rng = rng
        self._links: list[int] = []
        self._waiting: dict[int, None] = {}
        self._agreed: dict[int, bytes] = {}
        self._new_until: Seconds | None = None
        self._busy_with = 0
        self._busy_until: Seconds = 0.0
        self._due: Seconds | None = None

    def is_new(self, now: Seconds) -> bool:
        """Whether we came just now: what we are told as an answer is then no news for others."""
        return self._new_until is None or now < self._new_until

    def add_link(self, link: int, now: Seconds) -> None:
        """A neighbor came: compare with it, at once if nobody else is at it."""
        if not self._settings.full:
            return
        if self._new_until is None:
            self._new_until = now + NEW_FOR
        self._links.append(link)
        self._begin(link, now)
        if self._due is None:
            self._plan(now)

    def remove_link(self, link: int) -> None:
        """A neighbor is gone."""
        if link in self._links:
            self._links.remove(link)
        self._waiting.pop(link, None)
        self._agreed.pop(link, None)
        if link == self._busy_with:
            self._busy_with = 0

    def on_summary(self, link: int, summary: MembersSummary, now: Seconds) -> None:
        """A neighbor's hash: if ours is another, say where we differ; else let it know, if it may wait for that."""
        if not self._settings.full or link not in self._links:
            return
        if summary.hash == self._roster.hash():
            self._on_equal(link, summary, now)
            return
        if self._is_busy(link, now):
            self._waiting[link] = None
            return
        self._occupy(link, now)
        self._outbox.send(link, MembersBuckets(self._roster.bucket_hashes(), True))

    def over(self, link: int, now: Seconds) -> None:
        """A neighbor holds the same, or seems to have told all: if it was its turn, the next one may be asked."""
        if link == self._busy_with:
            self._busy_with, self._busy_until = 0, now

    def on_buckets(self, link: int, buckets: MembersBuckets, now: Seconds) -> list[str]:
        """A neighbor's hashes: whose claims and statements it is to be told."""
        if not self._settings.full or link not in self._links:
            return []
        ours = self._roster.bucket_hashes()
        if buckets.answer:
            self._occupy(link, now)
            self._outbox.send(link, MembersBuckets(ours, False))
        starts = range(0, BUCKETS * BUCKET_BYTES, BUCKET_BYTES)
        differ = frozenset(
            start // BUCKET_BYTES
            for start in starts
            if ours[start : start + BUCKET_BYTES] != buckets.hashes[start : start + BUCKET_BYTES]
        )
        return self._roster.names_in(differ) if differ else []

    def tick(self, now: Seconds) -> None:
        """Compare with who waits for it; now and then with one neighbor, drawn at random."""
        while self._waiting and now >= self._busy_until:
            link = next(iter(self._waiting))
            del self._waiting[link]
            self._begin(link, now)
        if self._due is not None and now >= self._due:
            if self._links:
                self._begin(self._links[self._rng.randrange(len(self._links))], now)
            self._plan(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return soonest(self._busy_until if self._waiting else None, self._due if self._links else None)

    def _begin(self, link: int, now: Seconds) -> None:
        """Say our hash to a neighbor; if we are new and compare with another, a little later."""
        if self._is_busy(link, now):
            self._waiting[link] = None
        else:
            self._occupy(link, now)
            self._outbox.send(link, MembersSummary(self._roster.hash()))

    def _on_equal(self, link: int, summary: MembersSummary, now: Seconds) -> None:
        """A neighbor holds the same. It may wait to hear that: told once of each hash, or there would be no end."""
        self._waiting.pop(link, None)
        if link == self._busy_with:
            self.over(link, now)
        elif self.is_new(now) and self._agreed.get(link) != summary.hash:
            self._agreed[link] = summary.hash
            self._outbox.send(link, summary)

    def _is_busy(self, link: int, now: Seconds) -> bool:
        return now < self._busy_until and link != self._busy_with

    def _occupy(self, link: int, now: Seconds) -> None:
        self._waiting.pop(link, None)
        if self.is_new(now):
            self._busy_with, self._busy_until = link, now + NEW_GAP

    def _plan(self, now: Seconds) -> None:
        interval = self._settings.compare_interval
        if self.is_new(now):
            interval = min(interval, NEW_INTERVAL)
        self._due = now + interval * self._rng.uniform(0.75, 1.25)
