"""Broadcast: every rumor to everybody once and in order, by a tree for each stream (after Plumtree).

    published --> message list --cursor of each link--> children --> ... ; acknowledgements come back up each tree

Plumtree (Leitao, Pereira, Rodrigues 2007) finds one tree by the first copy of each message and its prunes. Here each
stream has its own, found by its runs themselves, so that from the second run of an origin on each run arrives once, by
a shortest way. This file takes each run its way through the machines that deal with streams, and knows them all:

    trees.py    by which link it comes        message_list.py, serving.py    what is kept, and sent to whom
    digests.py  what the others are told      repair.py, history.py          what is missing, and lies before our time
    origin.py   what we say ourselves         acknowledgements.py, delivery.py   who owes what; what is told

Rule 1: a run is delivered at most once, in order; or declared lost, for good. Rule 2: a relay never blocks.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from rumor.core.broadcast.acknowledgements import Acknowledgements
from rumor.core.broadcast.delivery import Delivery
from rumor.core.broadcast.digests import Digests
from rumor.core.broadcast.history import History
from rumor.core.broadcast.lives import Lives
from rumor.core.broadcast.message_list import Entry, MessageList
from rumor.core.broadcast.origin import Origin
from rumor.core.broadcast.publishing import Seal
from rumor.core.broadcast.repair import Repair
from rumor.core.broadcast.serving import Link, Serving
from rumor.core.broadcast.streams import Stream, Streams
from rumor.core.broadcast.trees import HOPS_MAX, Trees
from rumor.core.clock import WallClock
from rumor.core.events import LostReason
from rumor.core.frames import (
    Acknowledgement,
    DigestEntry,
    Gone,
    Graft,
    Lane,
    Outgoing,
    Prune,
    Run,
    RunRecord,
    StreamId,
    Want,
)
from rumor.core.ids import Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import Settings
from rumor.core.timers import soonest


class Counts(msgspec.Struct, frozen=True):
    """What went through: runs taken, copies of runs that were there already, rumors dropped unacknowledged."""

    taken: int
    duplicates: int
    dropped_unacknowledged: int


class Broadcast:
    """All streams of one peer, and the links that they run over."""

    def __init__(
        self,
        identity: Identity,
        settings: Settings,
        clock: WallClock,
        outbox: Outbox,
        seal: Seal,
        round_trip: Callable[[int], Seconds],
    ) -> None:
        self._identity = identity
        self._settings = settings.broadcast
        self._retention = settings.message_list.retention
        self._clock = clock
        self._outbox = outbox
        self._seal = seal
        self._round_trip = round_trip
        self.streams = Streams(settings.message_list.streams_max, settings.message_list.tombstones_max, self._forget)
        self.list = MessageList(settings.message_list)
        self.acknowledgements = Acknowledgements(settings.broadcast, outbox)
        self.delivery = Delivery(settings.broadcast, outbox)
        self.history = History(settings.message_list, self.streams, outbox)
        self._serving = Serving(self.list, self._retention, outbox)
        self.origin = Origin(identity, clock, settings.broadcast, outbox)
        self._trees = Trees(self._serving.links, self.acknowledgements, outbox)
        self._digests = Digests(settings.broadcast.digest_interval, outbox)
        self.repair = Repair(
            settings.broadcast, self._retention, outbox, self.seen, round_trip, self._declare_lost, self._trees.adopt
        )
        self._pending = 0
        self.joined = False
        """Whether we know where our streams begin: what a first neighbor heard before is before our time."""
        self._lives = Lives(identity, clock, outbox)
        self._runs = 0
        self._duplicates = 0
        self._is_alone = False

    # Publishing.

    def begin(self, now: Seconds) -> None:
        """The peer begins: its first run waits for a first Hello, or for a while alone."""
        self.origin.begin(now)

    def alone(self) -> None:
        """Nobody is there to hear us: what nobody has heard yet waits for who comes, as long as there is room."""
        self._is_alone = True
        self.origin.hold_unheard()

    def in_company(self, now: Seconds) -> None:
        """Somebody is."""
        if self._is_alone:
            self._is_alone = False
            self.list.release(now)

    def heard_hello(self, known_epoch: int, now: Seconds) -> None:
        """Somebody said Hello, and which later life of our name it knows, if any."""
        self.origin.heard_hello(known_epoch)
        self.end_turn(now)

    def on_other_life(self, epoch: int) -> None:
        """Another process answers under our name, with this epoch."""
        self.origin.on_other_life(epoch)

    def publish(self, payload: bytes, topic: str, now: Seconds) -> int:
        """Say something; sent at the end of the turn at the latest. Raises UsageError, see `Origin.check`."""
        origin = self.origin
        if topic != origin.fit_topic:
            origin.check(topic)
        publisher = origin.app.publisher
        number = publisher.publish(payload, topic, now)
        if publisher.closed:
            self._seal_closed(now)
        return number

    def publish_many(self, payloads: Sequence[bytes], topic: str, now: Seconds) -> tuple[int, int]:
        """Say several things at the price of one; returns the first and the last number (first > last: none)."""
        if topic != self.origin.fit_topic:
            self.origin.check(topic)
        numbers = self.origin.publish_many(payloads, topic, now)
        if self.origin.app.publisher.closed:
            self._seal_closed(now)
        return numbers

    def carry(self, text: bytes, now: Seconds) -> None:
        """Bring a classic rumor in, on lane `carried`."""
        self.origin.lanes[Lane.CARRIED].publisher.publish(text, "", now)

    def has_room(self, now: Seconds) -> bool:
        """Whether the window lets more be published."""
        return self.origin.has_room(now, linked=bool(self._links))

    def progress(self, number: int, now: Seconds) -> tuple[bool, int]:
        """Whether a rumor of ours is acknowledged by a tree that has settled, and by how many peers besides us."""
        return self.origin.progress(number, self._slowest(), now)

    # Links.

    def add_link(self, link: int, epoch: int, now: Seconds) -> None:
        """A neighbor came, whose life began at this epoch.

        It gets digests of the streams that have a parent, and the runs of our own.
        """
        bit = self._serving.add_link(link).bit
        self.seen[link] = {}
        self._lives.add_link(link, epoch)
        self.acknowledgements.add_link(link, bit)
        for own in self.origin.lanes.values():
            if own.stream is not None:
                own.stream.untried |= bit
                own.tree_changed_at = now
                self._serving.plan(link, own.stream, own.window.heard_by_any + 1, own.stream.heard, offer=True)

    def add_visitor(self, link: int) -> None:
        """A link that is no neighbor's, to ask for what neighbors lack, and be asked."""
        self._serving.add_visitor(link)
        self.seen[link] = {}

    def remove_visitor(self, link: int) -> None:
        """It is gone, or becomes a neighbor's; no harm if it was none."""
        visitor = self._links.get(link)
        if visitor is not None and not visitor.bit:
            self._serving.remove_link(link)
            del self.seen[link]
            self.repair.remove_link(link)
            for stream in self.streams:
                if stream.parent == link:  # it was grafted for what it told of; who brings the next run is the parent
                    stream.parent = 0

    def remove_link(self, link: int, now: Seconds) -> None:
        """A neighbor is gone: whoever hung on it looks for another parent at once."""
        gone = self._serving.remove_link(link)
        if gone is None:
            return
        del self.seen[link]
        self._lives.remove_link(link)
        self.repair.remove_link(link)
        orphans = []
        for stream in self.streams:
            if (stream.eager | stream.counted | stream.untried) & gone.bit:
                self.acknowledgements.drop_child(stream, gone.bit)
                self.origin.tree_changed(stream, now)
            if stream.parent == link:
                stream.parent = 0
                orphans.append(stream)
        self.acknowledgements.remove_link(link)
        for stream in orphans:
            self.repair.orphaned(stream, now)

    # Frames.

    def on_run(self, link: int, record: RunRecord, now: Seconds) -> None:
        """A run came: take it if it is new, and let it go on to the children."""
        run = record.run
        stream = self.streams.by_id.get((run.origin, run.epoch, run.lane))
        if stream is None:
            stream = self._meet(record, now)
            if stream is None:
                return
        if stream.parent == link:
            stream.hops = record.hops + 1 if record.hops < HOPS_MAX else HOPS_MAX
        elif not record.repair and link in self._links:
            if self._is_own(stream):
                self._trees.prune(link, stream.id)
                return
            self.seen[link][stream.id] = (run.number, record.hops)
            self._trees.place(stream, link, record.hops)
        number = run.number
        heard = stream.heard
        if number <= heard or (stream.ahead is not None and number in stream.ahead):
            self._duplicates += 1
            if record.repair:
                self.history.take(stream, record, link, now)
            return
        age = record.age / 1000.0
        if age > self._retention or (number != heard + 1 and not self._may_wait(stream, run, now)):
            return
        self._runs += 1
        entry = Entry(
            stream, number, run.first, run.first + len(run.payloads) - 1, run.topic, record.raw, link, now, age
        )
        self.list.append(entry)
        if stream.untried:
            self._offer(stream, entry)
        stream.changed_at = now
        if number == heard + 1:
            self.delivery.next_run(stream, run)
            if stream.ahead is not None:
                self.delivery.catch_up(stream)
            if stream.lack is not None:
                self.repair.progressed(stream, now)
        else:
            self.delivery.early_run(stream, run)
        self._pending |= stream.eager
        self.acknowledgements.expect(stream, heard)
        self._digests.changed[stream] = None

    def on_prune(self, link: int, prune: Prune, now: Seconds) -> None:
        """A link gets the stream from elsewhere."""
        stream = self.streams.get(prune.stream)
        if stream is not None and link in self._links:
            self.acknowledgements.drop_child(stream, self._links[link].bit)
            self.origin.tree_changed(stream, now)
            self._digests.announce(stream, now)

    def on_graft(self, link: int, graft: Graft, now: Seconds) -> None:
        """A link takes us for its parent: serve it from a run on. It counts once it is level."""
        stream = self.streams.get(graft.stream)
        if link not in self._links:
            return
        if stream is None:
            self._outbox.send(link, Gone(graft.stream, graft.number, graft.number, 0))
            return
        bit = self._links[link].bit
        if stream.parent == link:
            stream.parent = 0
            self.repair.orphaned(stream, now)
        self.acknowledgements.drop_child(stream, bit)
        stream.eager |= bit
        self.origin.tree_changed(stream, now)
        self._serving.repair(link, stream, graft.number, max(graft.number, stream.top), own=self._is_own(stream))

    def on_want(self, link: int, want: Want) -> None:
        """A link lacks some runs."""
        stream = self.streams.get(want.stream)
        if link not in self._links:
            self.add_visitor(link)
        if stream is None:
            self._outbox.send(link, Gone(want.stream, want.first, want.last, 0))
        elif want.first <= want.last:
            self._serving.repair(link, stream, want.first, want.last, own=self._is_own(stream))

    def on_gone(self, link: int, gone: Gone, now: Seconds) -> None:
        """A link can't serve what we asked for."""
        stream = self.streams.get(gone.stream)
        if stream is not None:
            self.repair.on_gone(link, stream, gone, now)
            self.history.on_gone(link, gone, list(self.seen))

    def on_digest(self, link: int, entries: Iterable[DigestEntry], now: Seconds) -> None:
        """A link told how far it heard some streams."""
        if link not in self.seen:
            return
        for entry in entries:
            stream = self.streams.get((entry.origin, entry.epoch, entry.lane)) or self._meet_by_digest(entry, now)
            if stream is None:
                continue
            self._digests.heard(link, stream, entry.number, entry.hops)
            if entry.number > stream.heard:
                if not self._is_own(stream):
                    self.repair.announced(stream, link, entry.number, entry.last, entry.first, now)
            elif link == stream.parent:
                stream.told = None  # it does not know how far we are, or it would not tell us
                self.acknowledgements.touch(stream)

    def on_acknowledgement(self, link: int, frame: Acknowledgement, now: Seconds) -> None:
        """A child told how far it and all below it are."""
        if link not in self._links:
            return
        for entry in frame.entries:
            stream = self.streams.get((entry.origin, entry.epoch, entry.lane))
            if stream is not None:
                if self.acknowledgements.on_acknowledged(link, stream, entry, now):
                    self._serving.plan(link, stream, entry.own + 1, stream.top)
                self.origin.on_child(stream, entry.own)

    # Turns and time.

    def end_turn(self, now: Seconds) -> None:
        """The turn is over: close what was published in it, acknowledge what came, wake who gets something."""
        self.origin.close()
        self._seal_closed(now)
        self.acknowledgements.settle(now)
        if self.joined and self.seen:
            self.history.ask(list(self.seen), now)
        for stream in self.acknowledgements.rooted:
            own = self.origin.own_of(stream)
            if own is not None:
                self.origin.on_tree(own, self._slowest(), now)
        self.acknowledgements.rooted.clear()
        self._digests.end_turn(now)
        self._trees.end_turn()
        self._wake_pending()

    def pull(self, link: int, bytes_max: int, now: Seconds) -> list[Outgoing]:
        """What a link is to send next, about so many bytes; empty when there is nothing for it."""
        return self._serving.pull(link, bytes_max, now)

    def tick(self, now: Seconds) -> None:
        """Do what is due."""
        self.list.trim(now)
        for stream, bit in self.acknowledgements.lagging(now):
            self.acknowledgements.drop_child(stream, bit)
            self.origin.tree_changed(stream, now)
            self._digests.announce(stream, now)
        self.repair.tick(now)
        self.history.tick(now)
        self.delivery.tick(now)
        self.origin.active = self._digests.tick(self._links, now) or self.origin.active
        self.origin.tick(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` or `end_turn` has something to do."""
        return soonest(
            self.repair.next_deadline(),
            self.history.next_deadline(),
            self.acknowledgements.next_deadline(),
            self.delivery.next_deadline(),
            self._digests.next_deadline(),
            self.list.next_expiry(),
            *self.origin.next_deadline(),
        )

    def slept(self, now: Seconds) -> None:
        """We were stopped for long: nobody is blamed for it."""
        self.list.trim(now)
        self.acknowledgements.slept(now)

    def pause(self) -> None:
        """A subscriber of ours is full: acknowledge nothing more and ask for nothing, so that origins wait."""
        self.acknowledgements.pause()
        self.repair.paused = True

    def resume(self) -> None:
        """It has room again."""
        self.acknowledgements.resume(list(self.streams))
        self.repair.paused = False

    @property
    def counts(self) -> Counts:
        """What went through so far."""
        return Counts(self._runs, self._duplicates, self.list.dropped_unacknowledged)

    # Inside.

    @property
    def seen(self) -> dict[int, dict[StreamId, tuple[int, int]]]:
        """By link, what it said last of streams that are active: how far it heard, and its distance from the origin."""
        return self._digests.seen

    @property
    def _links(self) -> dict[int, Link]:
        return self._serving.links

    def _is_own(self, stream: Stream) -> bool:
        return self.origin.own_of(stream) is not None

    def _slowest(self) -> Seconds:
        """The longest of all links' round trips."""
        return max((self._round_trip(link) for link in self._links), default=0.0)

    def _seal_closed(self, now: Seconds) -> None:
        """Our runs are made once; each goes the way of those that came."""
        if not self.origin.certain(now):
            return
        for own, run in self.origin.take_closed():
            raw = self._seal(run)
            stream = own.stream
            if stream is None:
                stream = own.stream = self.streams.add(StreamId(run.origin, run.epoch, run.lane), 0, 0, now)
                stream.untried = stream.counted = self._serving.bits
                own.window.begin(len(self._links))
            entry = Entry(stream, run.number, run.first, run.last, run.topic, raw, 0, now, 0.0)
            entry.held = self._is_alone and run.lane is not Lane.ASKED
            self.list.append(entry)
            if stream.untried:
                self._offer(stream, entry)
            is_whole = run.part + 1 == run.parts
            own.window.sent(run.number, len(raw), run.last if is_whole else run.first - 1)
            stream.changed_at = now
            self.delivery.next_run(stream, run, own=True)
            self._pending |= stream.eager
            self.acknowledgements.expect(stream, run.number - 1)
            self._digests.changed[stream] = None
        self._wake_pending()

    def _meet(self, record: RunRecord, now: Seconds) -> Stream | None:
        """A stream's first sight by one of its runs. As we join, what went before is before our time."""
        run = record.run
        return self._add(StreamId(run.origin, run.epoch, run.lane), run.number - 1, run.first - 1, now)

    def _meet_by_digest(self, entry: DigestEntry, now: Seconds) -> Stream | None:
        """A stream's first sight by a digest. As we join, all that it tells of is before our time."""
        return self._add(StreamId(entry.origin, entry.epoch, entry.lane), entry.number, entry.last, now)

    def _add(self, id: StreamId, before: int, last: int, now: Seconds) -> Stream | None:
        """A new stream. Once we have joined it begins at 1: what of it can't be had any more is lost, and told so."""
        if not self._lives.is_plausible(id, self.streams.latest_epoch(id.origin), now):
            return None
        if id.origin == self._identity.name:
            self.origin.on_epoch(id.epoch)
        heard, last = (0, 0) if self.joined else (before, last)
        waits = id.lane is not Lane.ASKED and self.streams.latest_epoch(id.origin)  # who asks can't wait for its past
        older = [stream for stream in self.streams.older_lives(id) if stream.misses_runs] if waits else []
        stream = self.streams.add(id, heard, last, now)
        stream.untried = stream.counted = self._serving.bits
        stream.hops = HOPS_MAX
        if older:
            self.delivery.hold(stream, older, now + self._settings.hold)
        return stream

    def _forget(self, stream: Stream) -> None:
        """A stream is known no more: no machine goes on with it."""
        stream.lack = None
        self.repair.forget(stream)
        self.acknowledgements.forget(stream)
        self._serving.forget(stream)
        self._digests.forget(stream)

    def _may_wait(self, stream: Stream, run: Run, now: Seconds) -> bool:
        """A run above a hole: there is something to repair, and it is kept if there is room."""
        lack = self.repair.missing(stream, now)
        ahead = stream.ahead
        if ahead is not None and len(ahead) >= self._settings.ahead_max:
            if run.number > lack.tail:
                lack.tail, lack.tail_last = run.number - 1, run.first - 1
            return False
        return True

    def _declare_lost(self, stream: Stream, upto: int, last: int, reason: LostReason, now: Seconds) -> None:
        heard = stream.heard
        self.delivery.lost(stream, upto, last, reason)
        stream.first_kept = max(stream.first_kept, upto + 1)
        self.delivery.catch_up(stream)
        self.acknowledgements.expect(stream, heard)
        self._digests.changed[stream] = None
        self.repair.progressed(stream, now)

    def _offer(self, stream: Stream, entry: Entry) -> None:
        """One run for the links that may become children."""
        entry.offer = stream.untried
        self._pending |= stream.untried
        stream.untried = 0

    def _wake_pending(self) -> None:
        if self._pending:
            self._serving.wake(self._pending)
            self._pending = 0
