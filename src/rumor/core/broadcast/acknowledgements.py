"""Acknowledgements: how far everybody below us heard, stream by stream, up each tree to its origin.

    leaf --own, tree--> parent --own, min over its children--> ... --> origin: the receipt, and room in its window

Each node tells its parent two numbers: how far it heard itself, and how far it and all its counted children did. A
child is judged by its own number alone: when its oldest unacknowledged run is older than the grace it lags, whether it
crawls or stands. It no longer counts and gets digests only, so that nobody else feels it, and counts again once it is
level. (Judged by the aggregate, one frozen leaf made healthy ancestors lag.)

Rule 1: a relay never waits. Rule 2: a stream that has been quiet for the grace keeps no table.
"""

from rumor.core.broadcast.streams import Stream
from rumor.core.frames import AcknowledgedStream, Acknowledgement
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import BroadcastSettings
from rumor.core.timers import soonest

ENTRIES_MAX = 512
"""Streams in one frame: with the longest names they stay below its limit."""

NODES_MAX = 1 << 32
"""The most nodes that are told of below a child: what children claim is not known to be true."""

LEVEL_SHARE = 0.25
"""A child that lagged counts again once its oldest unacknowledged run is younger than this share of the grace."""


GIVEN_UP = 4
"""After so many times the grace without a run, the table of another's stream goes: who lags was found long before."""


class Acknowledgements:
    """What each child owes, and what we owe our parents."""

    def __init__(self, settings: BroadcastSettings, outbox: Outbox) -> None:
        self._settings = settings
        self._outbox = outbox
        self._bits: dict[int, int] = {}
        self._dirty: dict[Stream, None] = {}
        self._owing: dict[Stream, None] = {}
        self._untold: dict[Stream, None] = {}
        self._tells_at: Seconds | None = None
        self._due: Seconds | None = None
        self._not_before: Seconds = 0.0
        self.paused = False
        self.rooted: list[Stream] = []
        """The streams without parent whose tree may have moved: among them our own, whose window that opens."""

    def add_link(self, link: int, bit: int) -> None:
        """A link came."""
        self._bits[link] = bit

    def remove_link(self, link: int) -> None:
        """A link is gone; its streams were cleared of it by the owner, and are `touch`ed."""
        del self._bits[link]

    def touch(self, stream: Stream) -> None:
        """A stream moved, or its children did: look at it at the end of the turn."""
        self._dirty[stream] = None

    def expect(self, stream: Stream, heard_before: int) -> None:
        """A run came or was made: who counts owes it."""
        if stream.owed is None and stream.counted:
            start = (heard_before, heard_before, 0)
            stream.owed = {bit: start for bit in self._bits.values() if stream.counted & bit}
            self._owing[stream] = None
        self._dirty[stream] = None

    def on_acknowledged(self, link: int, stream: Stream, entry: AcknowledgedStream, now: Seconds) -> bool:
        """A child told how far it is; returns whether it is a new one, that lacks what came after."""
        bit = self._bits.get(link, 0)
        own, tree = min(entry.own, stream.top), min(entry.tree, entry.own, stream.top)
        if not bit or (not stream.counted & bit and not self._is_level(stream, own, now)):
            return False
        is_new = not stream.eager & bit
        stream.eager |= bit
        if stream.owed is None:
            stream.owed = {
                other: (stream.tree, stream.tree, 0) for other in self._bits.values() if stream.counted & other
            }
            self._owing[stream] = None
        stream.counted |= bit
        stream.owed[bit] = (own, tree, entry.nodes)
        self._dirty[stream] = None
        return is_new

    def settle(self, now: Seconds) -> None:
        """The turn is over: find how far each tree is, and tell the parents, a moment after the first news."""
        if self._dirty:
            if self._owing and self._due is None:
                self._due = now + self._settings.grace / 4
            for stream in self._dirty:
                self._find_tree(stream)
                if stream.parent:
                    self._untold[stream] = None
                else:
                    self.rooted.append(stream)
            self._dirty.clear()
        if self._untold and not self.paused:
            if self._tells_at is None:
                self._tells_at = now + self._settings.acknowledgement_wait
            if now >= self._tells_at:
                self._tell_parents()

    def _tell_parents(self) -> None:
        """All streams of a parent in one frame."""
        told: dict[int, list[AcknowledgedStream]] = {}
        for stream in self._untold:
            if stream.parent:
                state = (stream.heard, stream.tree, stream.nodes)
                told_before = stream.told
                # Not for more nodes alone, nor for a tree that fell: in a cycle, which a stream that comes no more may
                # keep, these would go round for ever.
                if told_before is None or state[0] != told_before[0] or state[1] > told_before[1]:
                    stream.told = state
                    told.setdefault(stream.parent, []).append(AcknowledgedStream(*stream.id, *state))
        self._untold.clear()
        self._tells_at = None
        for link, entries in told.items():
            for start in range(0, len(entries), ENTRIES_MAX):
                self._outbox.send(link, Acknowledgement(tuple(entries[start : start + ENTRIES_MAX])))

    def pause(self) -> None:
        """Tell no parent that we got further."""
        self.paused = True

    def resume(self, streams: list[Stream]) -> None:
        """Tell again."""
        self.paused = False
        self._dirty.update(dict.fromkeys(streams))

    def slept(self, now: Seconds) -> None:
        """We were stopped: what the children owe is judged from now on."""
        self._not_before = now

    def forget(self, stream: Stream) -> None:
        """A stream is known no more."""
        self._dirty.pop(stream, None)
        self._untold.pop(stream, None)
        self._owing.pop(stream, None)

    def next_deadline(self) -> Seconds | None:
        """When parents are to be told, or children to be judged; only while there is something to judge."""
        return soonest(self._due, self._tells_at if self._untold and not self.paused else None)

    def lagging(self, now: Seconds) -> list[tuple[Stream, int]]:
        """The children that have owed for too long, as (stream, bit), when it is time to look."""
        if self._due is None or now < self._due:
            return []
        found = []
        for stream in [stream for stream in self._owing if self._is_quiet(stream, now)]:
            self._owing.pop(stream)
            stream.owed = stream.told = None
        self._due = now + self._settings.grace / 4 if self._owing else None
        for stream in self._owing:
            owed = stream.owed
            assert owed is not None
            for bit, (own, _, _) in owed.items():
                if own < stream.heard and self._age_of(stream, own + 1, now) > self._settings.grace:
                    found.append((stream, bit))
        return found

    def uncount(self, stream: Stream, bit: int) -> None:
        """A link has the stream from elsewhere, it seems: do not wait for it, unless it acknowledges."""
        if stream.counted & bit:
            stream.counted &= ~bit
            if stream.owed is not None:
                stream.owed.pop(bit, None)
            self._dirty[stream] = None

    def drop_child(self, stream: Stream, bit: int) -> None:
        """A link is no child of the stream any more: pruned, lagging, gone, or the parent now."""
        stream.eager &= ~bit
        stream.counted &= ~bit
        stream.untried &= ~bit
        if stream.owed is not None:
            stream.owed.pop(bit, None)
        self._dirty[stream] = None

    def _is_quiet(self, stream: Stream, now: Seconds) -> bool:
        """All heard all, for the grace. A stream that comes no more may be owed for ever: what told of it got lost."""
        quiet = now - max(stream.changed_at, self._not_before)
        given_up = stream.hops > 0 and quiet > self._settings.grace * GIVEN_UP
        return quiet > self._settings.grace and (stream.tree >= stream.heard or given_up)

    def _is_level(self, stream: Stream, own: int, now: Seconds) -> bool:
        return own >= stream.heard or self._age_of(stream, own + 1, now) < self._settings.grace * LEVEL_SHARE

    def _age_of(self, stream: Stream, number: int, now: Seconds) -> Seconds:
        """For how long a run could have been acknowledged; a run that is not kept any more is very old."""
        entry = stream.runs.get(number) if stream.runs else None
        return now - max(0.0 if entry is None else entry.arrived, self._not_before)

    def _find_tree(self, stream: Stream) -> None:
        owed = stream.owed
        if owed is None:
            stream.tree = stream.heard
            return
        tree = stream.heard
        nodes = 1
        for _, tree_of, nodes_of in owed.values():
            if tree_of < tree:
                tree = tree_of
            nodes += nodes_of
        stream.tree = tree
        stream.nodes = min(nodes, NODES_MAX)
