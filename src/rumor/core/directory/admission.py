"""Admission: whose claims a directory takes: there is room, the tags are not too long, and the life can be."""

from collections.abc import Mapping

from rumor.core.broadcast.lives import Lives
from rumor.core.clock import WallClock
from rumor.core.directory.claims import tags_bytes
from rumor.core.directory.roster import Roster
from rumor.core.events import Problem
from rumor.core.frames import Claim, Lane, StreamId
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import DirectorySettings


class Admission:
    """The door of one directory. `links`: our neighbors' names by link, as the directory keeps them."""

    def __init__(
        self,
        settings: DirectorySettings,
        roster: Roster,
        links: Mapping[int, str],
        clock: WallClock,
        lives: Lives,
        outbox: Outbox,
    ) -> None:
        self._settings = settings
        self._roster = roster
        self._links = links
        self._clock = clock
        self._lives = lives
        self._outbox = outbox

    def admits(self, name: str) -> bool:
        """Whether there is room for a member. For neighbors there always is."""
        if name in self._roster.entries or name in self._links.values():
            return True
        return self._settings.full and len(self._roster.entries) < self._settings.members_max

    def takes(self, claim: Claim, now: Seconds) -> bool:
        """Whether a member's claim may be taken. What is wrong with it is said."""
        if not self.admits(claim.name):
            return False
        if claim.tags and tags_bytes(claim.tags) > self._settings.tags_bytes_max:
            self._outbox.say(Problem("a member with too many bytes of tags is not listed", claim.name))
            return False
        entry = self._roster.find(claim.name)
        return self.can_be(claim, 0 if entry is None else entry.claim.epoch, now)

    def can_be(self, claim: Claim, known: int, now: Seconds) -> bool:
        """Whether a life can be, if `known` is the latest of its name.

        Others judge our own lives like this: if we went on in one that they don't believe in, nobody would hear us.
        """
        if claim.epoch == known or claim.epoch <= self._clock.milliseconds(now):
            return True
        return self._lives.is_plausible(StreamId(claim.name, claim.epoch, Lane.MEMBERS), known, now)
