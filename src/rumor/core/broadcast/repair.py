"""Repair: what is missing is asked for, and given up only when nobody has it.

    missing --a moment--> asked for, one link after another --comes--> done
                               `--all neighbors say gone, for the hold--> the origin itself is dialled
                                     `--it says so, or can't be reached; or all is too old--> lost, finally

Something is missing when a run came above one that did not (a hole), when a digest shows a run that did not come (the
tail), or when the parent is gone. A hole is asked for by Want, which changes nothing else. The tail and a lost parent
are asked for by Graft: the other becomes the parent.

Rule 1: who is grafted for a lost parent has heard more than we have, or stands strictly nearer to the origin: what
hangs on us can be neither. (With equals allowed, 1,000 nodes and 30 % killed: 35 live ones on cycles.)
Rule 2: what is lost is lost: a later copy is dropped.
"""

import enum
from collections.abc import Callable

from rumor.core.broadcast.streams import Stream
from rumor.core.events import LostReason, OriginWanted
from rumor.core.frames import Gone, Graft, StreamId, Want
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import BroadcastSettings

WANT_RUNS_MAX = 4096
"""Runs that one Want asks for."""

WAIT_MAX: Seconds = 1.0
"""The longest wait for what is missing, and between two tries.

However long a round trip was, since that may have been a stop. (A node that had stood still did not ask for 44 s.)
"""

ORPHAN_TRIES = 8
"""After so many tries a stream without a parent that lacks nothing waits for the next digest of it."""


class _Origin(enum.Enum):
    NOT_WANTED = "neighbors may have it"
    WANTED = "it is being dialled"
    DIALLED = "it is asked like the others, or can't be reached"


class Lack:
    """What one stream lacks. `tail` is the highest run known to exist, `tail_last` its last rumor."""

    __slots__ = ("announced", "asked", "due", "gone", "origin", "since", "tail", "tail_last", "tries")

    def __init__(self, now: Seconds, due: Seconds) -> None:
        self.since = now
        self.due = due
        self.tries = 0
        self.tail = 0
        self.tail_last = 0
        self.announced: dict[int, None] = {}
        self.asked: dict[int, None] = {}
        self.gone: dict[int, tuple[int, int]] = {}
        self.origin = _Origin.NOT_WANTED


Round = Callable[[int], Seconds]
"""The smoothed round trip of a link."""

DeclareLost = Callable[[Stream, int, int, LostReason, Seconds], None]
NewParent = Callable[[Stream, int, int], None]


class Repair:
    """Asks for what is missing in all streams. `seen` tells what a link said last of a stream: (heard, hops)."""

    def __init__(
        self,
        settings: BroadcastSettings,
        retention: Seconds,
        outbox: Outbox,
        links: dict[int, dict[StreamId, tuple[int, int]]],
        round_trip: Round,
        declare_lost: DeclareLost,
        new_parent: NewParent,
    ) -> None:
        self._settings = settings
        self._retention = retention
        self._outbox = outbox
        self._seen = links
        self._round_trip = round_trip
        self._declare_lost = declare_lost
        self._new_parent = new_parent
        self._lacking: dict[Stream, None] = {}
        self.paused = False

    def __len__(self) -> int:
        """How many streams lack something."""
        return len(self._lacking)

    def missing(self, stream: Stream, now: Seconds) -> Lack:
        """Something is missing, or the parent: ask in a moment, since it may be on its way."""
        lack = stream.lack
        if lack is None:
            lack = stream.lack = Lack(now, now + self._patience(stream))
            self._lacking[stream] = None
        return lack

    def announced(self, stream: Stream, link: int, number: int, last: int, first: int, now: Seconds) -> None:
        """A link has runs that we don't."""
        lack = self.missing(stream, now)
        if number > lack.tail:
            lack.tail, lack.tail_last = number, last
        if first <= stream.heard + 1:
            lack.announced[link] = None
            lack.gone.pop(link, None)

    def orphaned(self, stream: Stream, now: Seconds) -> None:
        """The parent is gone: graft another at once, if there is one that can't hang on us."""
        self.missing(stream, now).due = now
        self._try(stream, now)

    def progressed(self, stream: Stream, now: Seconds) -> None:
        """Runs came in order: what is still missing is waited for anew."""
        lack = stream.lack
        assert lack is not None
        lack.gone.clear()
        lack.asked.clear()
        lack.since = now
        lack.tries = 0
        lack.origin = _Origin.NOT_WANTED
        if not self._lacks(stream, lack):
            self._end(stream)
        else:
            lack.due = now + self._patience(stream)

    def on_gone(self, link: int, stream: Stream, gone: Gone, now: Seconds) -> None:
        """A link does not have what we asked for."""
        lack = stream.lack
        if lack is None or not gone.first <= stream.heard + 1 <= gone.last:
            return
        if gone.final:
            upto, last = self._bounded(stream, gone.last, gone.last_rumor)
            self._declare_lost(stream, upto, last, LostReason.FORGOTTEN, now)
            return
        lack.gone[link] = (gone.last, gone.last_rumor)
        lack.announced.pop(link, None)
        lack.due = min(lack.due, now)

    def remove_link(self, link: int) -> None:
        """A link is gone: it is asked for nothing more."""
        for stream in self._lacking:
            lack = stream.lack
            assert lack is not None
            lack.announced.pop(link, None)
            lack.asked.pop(link, None)
            lack.gone.pop(link, None)

    def on_origin_dialled(self, origin: str, now: Seconds) -> None:
        """An origin that was wanted is there to be asked, or can't be: nobody else is left."""
        for stream in list(self._lacking):
            lack = stream.lack
            if lack is not None and lack.origin is _Origin.WANTED and stream.id.origin == origin:
                lack.origin = _Origin.DIALLED
                self._try(stream, now)

    def forget(self, stream: Stream) -> None:
        """A stream is known no more."""
        self._lacking.pop(stream, None)

    def tick(self, now: Seconds) -> None:
        """Ask for what is due."""
        if self.paused:
            return
        due = [stream for stream in self._lacking if stream.lack is not None and stream.lack.due <= now]
        for stream in due:
            self._try(stream, now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        if self.paused:
            return None
        return min((stream.lack.due for stream in self._lacking if stream.lack is not None), default=None)

    def _try(self, stream: Stream, now: Seconds) -> None:
        lack = stream.lack
        assert lack is not None
        if not self._lacks(stream, lack):
            self._end(stream)
        elif self._give_up(stream, lack, now):
            return
        else:
            self._ask(stream, lack, now)
            lack.tries += 1

    def _ask(self, stream: Stream, lack: Lack, now: Seconds) -> None:
        settings = self._settings
        if stream.ahead and stream.parent:
            last = min(min(stream.ahead) - 1, stream.heard + WANT_RUNS_MAX)
            self._outbox.send(self._next_to_ask(stream, lack), Want(StreamId(*stream.id), stream.heard + 1, last))
        elif (link := self._next_parent(stream, lack)) != 0:
            self._new_parent(stream, link, self._seen[link].get(stream.id, (0, stream.hops))[1])
            self._outbox.send(link, Graft(StreamId(*stream.id), stream.heard + 1))
        elif (stream.heard < lack.tail or stream.ahead) and (link := self._next_to_ask(stream, lack)) != 0:
            last = max(min(lack.tail, stream.heard + WANT_RUNS_MAX), stream.heard + 1)
            self._outbox.send(link, Want(StreamId(*stream.id), stream.heard + 1, last))
        lack.due = now + min(WAIT_MAX, settings.repair_next * 2.0 ** min(lack.tries, 16))

    def _next_to_ask(self, stream: Stream, lack: Lack) -> int:
        """The link to be asked next: the parent, those that announced, then all others; 0 if all said gone."""
        candidates = (
            dict.fromkeys((stream.parent, *lack.announced, *self._seen))
            if stream.parent
            else dict.fromkeys((*lack.announced, *self._seen))
        )
        able = [link for link in candidates if link in self._seen and link not in lack.gone]
        if not able:
            return 0
        unasked = [link for link in able if link not in lack.asked]
        if not unasked:
            lack.asked.clear()
            unasked = able
        lack.asked[unasked[0]] = None
        return unasked[0]

    def _next_parent(self, stream: Stream, lack: Lack) -> int:
        """Whom to graft: who has heard more than we, or stands strictly nearer to the origin; 0 if nobody does."""
        best, best_rank = 0, (1, 1, 0)
        for link, said in self._seen.items():
            if link in lack.gone:
                continue
            heard, hops = said.get(stream.id, (0, 255))
            if heard > stream.heard or (not stream.parent and heard == stream.heard and hops < stream.hops):
                rank = (int(link in lack.asked), hops, link)
                if not best or rank < best_rank:
                    best, best_rank = link, rank
        if best:
            if best in lack.asked:
                lack.asked.clear()
            lack.asked[best] = None
        return best

    def _give_up(self, stream: Stream, lack: Lack, now: Seconds) -> bool:
        """Declare lost what nobody has, or what is too old; returns whether it was."""
        if stream.heard >= lack.tail and not stream.ahead:
            return False
        if now - lack.since > self._retention:
            tail = (lack.tail, lack.tail_last) if lack.tail > stream.heard else (stream.top, 0)
            upto, last = self._bounded(stream, *tail)
            self._declare_lost(stream, upto, last, LostReason.EXPIRED, now)
            return True
        if not self._seen or any(link not in lack.gone for link in self._seen):
            return False
        if now < lack.since + self._settings.hold:
            lack.due = lack.since + self._settings.hold
            return True
        if lack.origin is not _Origin.DIALLED:
            if lack.origin is _Origin.NOT_WANTED:
                lack.origin = _Origin.WANTED
                self._outbox.say(OriginWanted(stream.id.origin))
            lack.due = now + WAIT_MAX
            return True
        upto, last = self._bounded(stream, *min(lack.gone.values()))
        self._declare_lost(stream, upto, last, LostReason.UNOBTAINABLE, now)
        return True

    def _bounded(self, stream: Stream, upto: int, last: int) -> tuple[int, int]:
        """The end of what is lost: no further than the run before the next one that we have, or the known tail.

        `last` 0: who says gone does not know which rumors are in it; then all up to there is gone.
        """
        if stream.ahead:
            above = min(stream.ahead)
            if not last or above - 1 <= upto:
                return above - 1, stream.ahead[above].first - 1
        lack = stream.lack
        if lack is not None and lack.tail > stream.heard and (not last or upto >= lack.tail):
            return lack.tail, lack.tail_last
        return upto, last

    def _lacks(self, stream: Stream, lack: Lack) -> bool:
        orphaned = not stream.parent and stream.hops > 0 and lack.tries < ORPHAN_TRIES
        return stream.heard < lack.tail or bool(stream.ahead) or orphaned

    def _end(self, stream: Stream) -> None:
        stream.lack = None
        self._lacking.pop(stream, None)

    def _patience(self, stream: Stream) -> Seconds:
        links = self._seen if not stream.parent else (stream.parent,)
        slowest = max((self._round_trip(link) for link in links), default=0.0)
        return min(WAIT_MAX, max(self._settings.repair_wait, 2.0 * slowest))
