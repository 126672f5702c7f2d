"""What is written at one end of a connection arrives at the other, as TCP has it.

What is written together arrives together. Order is kept: a lost segment comes later, and holds back what follows.
Across a partition everything is held back. It goes on some time after healing (TCP only notices when it tries again),
or after `break_after` the sender's side breaks, and the other learns of it only when it writes. Bytes are under way
until the other node has read them, so that one which is frozen or slow stops its senders. Who writes to an end that is
closed is reset; a machine that is off answers nothing at all.
"""

from collections.abc import Callable
from functools import partial

from rumor.core.ids import Seconds
from rumor.sim.carriage import Load
from rumor.sim.end import End, Written
from rumor.sim.stage import MESSAGE, REPLY, Stage

RETRY_LONGEST: Seconds = 60.0
"""The longest wait between two tries of TCP across a partition; it is about as long as the partition was before."""

SHUFFLE: Seconds = 0.1
"""By how much a frame that is not in order comes later, at most."""


class Lines:
    """All that is under way. `on_read`, `on_end`, `on_broken`, `on_room` are the drivers' ears."""

    def __init__(self, stage: Stage, *, bandwidth: float, break_after: Seconds) -> None:
        self._stage = stage
        self._weather = stage.weather
        self._bandwidth = bandwidth
        self._break_after = break_after
        self._holding: dict[End, None] = {}
        self._owing: dict[End, None] = {}
        self.on_read: Callable[[End, bool, Load, int], None]
        self.on_end: Callable[[End], None]
        self.on_broken: Callable[[End], None]
        self.on_room: Callable[[End], None]

    def send(self, end: End, first: bool, load: Load, size: int, *, in_order: bool = True) -> None:
        """Something is written at an end."""
        stage, far = self._stage, end.far
        end.in_flight += size
        end.node.sent_bytes += size
        moment = stage.now + self._weather.delay_with_repeats(end.node.address, far.node.address)
        if self._bandwidth:
            end.free_at = max(stage.now, end.free_at) + size / self._bandwidth
            moment += end.free_at - stage.now
        if not in_order:
            moment += SHUFFLE * stage.rng.random()
        elif moment < far.arrives_at:
            moment = far.arrives_at
        else:
            far.arrives_at = moment
        stage.plan(moment, None, 0, partial(self._arrive, far, (first, load, size)))

    def send_end(self, end: End, *, after: Seconds = 0.0) -> None:
        """An end was closed: the other side reads all that was written before, and then that."""
        stage, far = self._stage, end.far
        if far is not end:
            delay = self._weather.delay_with_repeats(end.node.address, far.node.address)
            far.arrives_at = max(stage.now + after + delay, far.arrives_at)
            stage.plan(far.arrives_at, None, 0, partial(self._arrive, far, (False, None, 0)))

    def acknowledge(self, end: End, size: int) -> None:
        """A node has read: there is room for its sender."""
        sender = end.far
        if not self._weather.is_cut or not self._weather.stops(end.node.address, sender.node.address):
            self._make_room(sender, size)
            return
        if not end.owed:
            end.owed_since = now = self._stage.now
            self._owing[end] = None
            self._stage.plan(now + self._break_after, None, 0, partial(self._give_up_owed, end, now))
        end.owed += size

    def go_on(self) -> None:
        """A partition is over, or a machine is on again: what was held back goes on when it is tried again."""
        for end in (*self._holding, *self._owing):
            since = end.held_since if end.held is not None else end.owed_since
            wait = self._stage.rng.random() * min(self._stage.now - since, RETRY_LONGEST)
            moment = self._stage.now + self._weather.delay() + wait
            self._stage.plan(moment, None, 0, partial(self._try_again, end))

    def _arrive(self, end: End, written: Written) -> None:
        node = end.node
        is_open = node.life == end.life and not end.closed
        if end.held is not None or self._stops(end.far, end) or (not is_open and node.off):
            self._hold(end, written)
        elif not is_open:
            if written[1] is not None:
                self._reset(end.far)
        elif node.frozen or node.cost or node.lateness:
            self._stage.happen(node, REPLY if end.number else MESSAGE, partial(self._read, end, written))
        else:
            self._read(end, written)

    def _read(self, end: End, written: Written) -> None:
        first, load, size = written
        if load is None:
            self.on_end(end)
        else:
            self.on_read(end, first, load, size)

    def _hold(self, end: End, written: Written) -> None:
        if end.held is None:
            now = self._stage.now
            end.held = []
            end.held_since = now
            self._holding[end] = None
            self._stage.plan(now + self._break_after, None, 0, partial(self._give_up, end, now))
        end.held.append(written)

    def _try_again(self, end: End) -> None:
        if end.held is not None and not self._stops(end.far, end):
            held, end.held = end.held, None
            del self._holding[end]
            for written in held:
                self._arrive(end, written)
        if end.owed and not self._stops(end, end.far):
            self._make_room(end.far, end.owed)
            self._forget_owed(end)

    def _give_up(self, end: End, since: Seconds) -> None:
        """What is held back is held back too long: the sender's side breaks."""
        if end.held is not None and end.held_since == since:
            end.held = None
            del self._holding[end]
            self._break(end.far, self._stage.now)

    def _give_up_owed(self, end: End, since: Seconds) -> None:
        if end.owed and end.owed_since == since:
            self._forget_owed(end)
            self._break(end.far, self._stage.now)

    def _forget_owed(self, end: End) -> None:
        end.owed = 0
        del self._owing[end]

    def _reset(self, end: End) -> None:
        """It wrote to an end that is closed, and is told so, unless a partition is between."""
        if not self._stops(end.far, end):
            self._break(end, max(self._stage.now + self._weather.delay(), end.arrives_at))

    def _break(self, end: End, moment: Seconds) -> None:
        if not end.closed:
            self._stage.plan(moment, end.node, REPLY, partial(self.on_broken, end))

    def _make_room(self, sender: End, size: int) -> None:
        sender.in_flight -= size
        if sender.blocked and not sender.closed:
            sender.blocked = False
            moment = self._stage.now + self._weather.delay()
            self._stage.plan(moment, sender.node, REPLY, partial(self.on_room, sender))

    def _stops(self, source: End, target: End) -> bool:
        return self._weather.is_cut and self._weather.stops(source.node.address, target.node.address)
