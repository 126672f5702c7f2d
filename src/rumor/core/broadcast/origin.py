"""Origin: our own streams, from what is published to what everybody has.

Our epoch must be later than every former life under our name, or our rumors would be told as those of an older one. So
nothing is sealed before the first Hello has told the latest one that is known, or we were alone for a while. When
another process answers under our name, two live at once: the older one publishes no more, and says so.
"""

from collections.abc import Sequence

import msgspec

from rumor.core.broadcast.publishing import Publisher, check_topic
from rumor.core.broadcast.streams import Stream
from rumor.core.broadcast.window import Window
from rumor.core.clock import WallClock
from rumor.core.errors import UsageError
from rumor.core.events import PublishProgress, TwoLives
from rumor.core.frames import DigestEntry, Lane, Run
from rumor.core.ids import Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import BroadcastSettings


class Own:
    """One of our own streams: what is published, and how far it got."""

    def __init__(self, publisher: Publisher, window: Window) -> None:
        self.publisher = publisher
        self.window = window
        self.stream: Stream | None = None
        self.tree_changed_at: Seconds = 0.0


class Origin:
    """What we say, on all lanes."""

    def __init__(self, identity: Identity, clock: WallClock, settings: BroadcastSettings, outbox: Outbox) -> None:
        self._identity = identity
        self._settings = settings
        self._outbox = outbox
        self.lanes = {
            lane: Own(Publisher(identity, lane, clock, settings), Window(settings))
            for lane in (Lane.APP, Lane.CARRIED, Lane.ASKED)
        }
        self.app = self.lanes[Lane.APP]
        self.active = 1
        """How many streams of the network had a run lately; they share the budget."""
        self._begun: Seconds | None = None
        self._certain = False
        self._two_lives = False
        self.fit_topic: str | None = ""
        """A topic that is known to be fit; None once we publish no more."""
        self._settles_at: Seconds | None = None

    def begin(self, now: Seconds) -> None:
        """The peer begins: its first run waits for a first Hello, or for a while alone."""
        self._begun = now

    def publish_many(self, payloads: Sequence[bytes], topic: str, now: Seconds) -> tuple[int, int]:
        """Say several things at the price of one; returns the first and the last number (first > last: none)."""
        publisher = self.app.publisher
        first = publisher.last + 1
        publisher.publish_many(payloads, topic, now)
        return first, publisher.last

    def ask(self, question: bytes, topic: str, now: Seconds) -> int:
        """Put a question to all; returns its number on lane `asked`. It leaves at `end_turn`. Raises as `check`."""
        self.check(topic)
        return self.lanes[Lane.ASKED].publisher.publish(question, topic, now)

    def check(self, topic: str) -> None:
        """Raise UsageError for an unfit topic, or when we publish no more; a fit one is remembered."""
        if self._two_lives:
            raise UsageError(
                f"another process lives under the name {self._identity.name!r}: this one publishes no more"
            )
        check_topic(topic)
        self.fit_topic = topic

    def certain(self, now: Seconds) -> bool:
        """Whether our epoch can't change any more, so that runs may be sealed."""
        if not self._certain and self._begun is not None and now >= self._begun + self._settings.alone_wait:
            self._certain = True
        return self._certain

    def heard_hello(self, known_epoch: int) -> None:
        """Somebody said Hello, and which later life of our name it knows, if any."""
        self.on_epoch(known_epoch)
        self._certain = True

    def on_epoch(self, epoch: int) -> None:
        """A life under our name is known that does not seem older: ours is the later one, if we have not spoken yet.

        If we have, it was a former life of ours, with a clock that went ahead; what we say is heard all the same. Who
        gave way to another process stays the older one.
        """
        is_open = not self._two_lives and not any(own.publisher.has_sealed for own in self.lanes.values())
        if is_open and epoch and epoch >= self._identity.epoch:
            self._identity.epoch = epoch + 1

    def on_other_life(self, epoch: int) -> None:
        """Another process answers under our name: the younger one goes on."""
        if epoch > self._identity.epoch and not self._two_lives:
            self._two_lives = True
            self.fit_topic = None
            self._outbox.say(TwoLives(self._identity.name, epoch))

    def close(self) -> None:
        """The turn is over: what was published in it is a run."""
        for own in self.lanes.values():
            own.publisher.close()

    def take_closed(self) -> list[tuple[Own, Run]]:
        """The runs that are to be sealed now, in order."""
        runs = []
        for own in self.lanes.values():
            if own.publisher.closed:
                closed, own.publisher.closed = own.publisher.closed, []
                runs += [(own, own.publisher.run_of(entry)) for entry in closed]
        return runs

    def own_of(self, stream: Stream) -> Own | None:
        """The own stream that it is, or None."""
        id = stream.id
        if id.origin != self._identity.name or id.epoch != self._identity.epoch:
            return None
        return self.lanes.get(id.lane)

    def has_room(self, now: Seconds, *, linked: bool) -> bool:
        """Whether the window lets more be published. Without links all is kept for who joins."""
        own = self.app
        if own.window.has_room(own.publisher.open_bytes, self.active):
            return True
        stream = own.stream
        if stream is None or not self._certain:
            return False
        own.window.forget(stream.first_kept)
        if not linked:
            return True
        return not stream.counted and own.window.stuck(now)

    def progress(self, number: int, round_trip: Seconds, now: Seconds) -> tuple[bool, int]:
        """Whether a rumor of ours is acknowledged by a tree that has settled, and by how many peers besides us."""
        own = self.app
        if own.stream is None:
            return False, 0
        if own.window.acknowledged < number:
            run = own.window.run_of(number)
            owed = (own.stream.owed or {}).values()
            return False, sum(nodes for _, tree, nodes in owed if run and tree >= run)
        settled = now >= own.tree_changed_at + 2.0 * round_trip
        return settled and bool(own.stream.counted), max(0, own.stream.nodes - 1)

    def on_tree(self, own: Own, round_trip: Seconds, now: Seconds) -> None:
        """A tree of ours moved: what all of it acknowledged makes room."""
        stream = own.stream
        if stream is None or not stream.counted or not own.window.on_tree(stream.tree, self.active):
            return
        if own is self.app:
            self._say_progress(stream)
            settles = own.tree_changed_at + 2.0 * round_trip
            self._settles_at = settles if settles > now else None

    def on_child(self, stream: Stream, heard: int) -> None:
        """A neighbor has our runs up to this one."""
        own = self.own_of(stream)
        if own is not None:
            own.window.heard_by_any = max(own.window.heard_by_any, min(heard, stream.heard))

    def hold_unheard(self) -> None:
        """Keep what nobody has heard yet for who comes: it does not grow old. Questions do, whoever hears them."""
        for lane, own in self.lanes.items():
            if lane is not Lane.ASKED and own.stream is not None and own.stream.runs is not None:
                for number, entry in own.stream.runs.items():
                    entry.held = number > own.window.heard_by_any

    def head_for_newcomer(self, stream: Stream) -> DigestEntry:
        """How far a stream was heard by anybody: what nobody was there to hear is kept for who joins."""
        entry = stream.digest()
        own = self.own_of(stream)
        if own is None:
            return entry
        heard = own.window.heard_by_any
        return msgspec.structs.replace(entry, number=heard, last=stream.last_before(heard + 1))

    def tree_changed(self, stream: Stream, now: Seconds) -> None:
        """A link joined or left a tree, which may be one of ours."""
        own = self.own_of(stream)
        if own is not None:
            own.tree_changed_at = now

    def tick(self, now: Seconds) -> None:
        """Say that the tree has settled, or that nobody is waited for any longer."""
        stream = self.app.stream
        stuck_until = self.app.window.stuck_until()
        settled = self._settles_at is not None and now >= self._settles_at
        if stream is not None and (settled or (stuck_until is not None and now >= stuck_until)):
            self._settles_at = None
            self.app.window.unstick()
            self._say_progress(stream)

    def next_deadline(self) -> tuple[Seconds | None, ...]:
        """When `tick` has something to do, or what was closed may be sealed."""
        waits = self._begun is not None and not self._certain
        alone = self._begun + self._settings.alone_wait if waits and self._begun is not None else None
        return self._settles_at, self.app.window.stuck_until(), alone

    def _say_progress(self, stream: Stream) -> None:
        self._outbox.say(PublishProgress(self.app.window.acknowledged, stream.nodes))
