"""How links travel: what the driver of each node does for them.

    Dial --> a knock on the other machine --nobody there--> refused: `link_lost(UNREACHABLE)`
                |-- lost, or apart: knocks again after 1, 2, 4 ... seconds, until the timeout
                `-- taken by its operating system, even if the node is frozen
                      `--> preface and frames --read--> preface back, `accepted`, each frame by `on_frame`, `end_turn`
    Wake --> `pull` until it is dry, or until so much is under way that no more is taken
    Hangup --> what `pull` still gives, then the end; after a second without room, the end

Beyond what TCP does (`lines.py`), single frames may be dropped, doubled and shuffled: the protocol should survive it.
"""

from functools import partial

from rumor.core.effects import Dial, Failure
from rumor.core.frames import Outgoing, RunRecord
from rumor.core.ids import Address, Seconds
from rumor.core.messages import Preface, Reply
from rumor.sim.carriage import Carriage, Load
from rumor.sim.cores import LinkCore
from rumor.sim.end import End, connect
from rumor.sim.lines import Lines
from rumor.sim.node import Node
from rumor.sim.stage import REPLY, TIMER, Stage
from rumor.sim.trace import Trace
from rumor.sim.traffic import Traffic
from rumor.wire.framing import BrokenStream

KNOCK_AGAIN: Seconds = 1.0
"""When TCP tries a lost request for a connection again; doubled each time (RFC 6298)."""

FLUSH: Seconds = 1.0
"""How long a link that is hung up may take to send what is left."""

PULL_BYTES_MAX = 1 << 18
"""How much is pulled at once, at most."""

PREFACE_BYTES = 9


class FrameFaults:
    """What befalls single frames, each as a share of all; settable at any moment."""

    def __init__(self, loss: float, duplication: float, reordering: float) -> None:
        self.loss = loss
        self.duplication = duplication
        self.reordering = reordering

    def any(self) -> bool:
        """Whether anything befalls any frame."""
        return self.loss > 0.0 or self.duplication > 0.0 or self.reordering > 0.0


class TextVisit:
    """A preface at a node that speaks no frames, which takes it for a text."""

    def __init__(self, links: "Links", end: End) -> None:
        self._links = links
        self._end = end

    def reply(self, node: Node, outcome: Reply | Failure) -> None:
        """A seed of ours writes the preface back, others nothing; all close."""
        self._links.close_text(self._end, echo=isinstance(outcome, Preface))


class Links:
    """All links of a world."""

    def __init__(
        self, stage: Stage, lines: Lines, carriage: Carriage, faults: FrameFaults, trace: Trace | None, *, backlog: int
    ) -> None:
        self._stage = stage
        self._lines = lines
        self._carriage = carriage
        self._faults = faults
        self._trace = trace
        self._backlog = backlog
        self.traffic: Traffic | None = None
        """Who counts what is sent, and the runs that arrive, if somebody does."""
        lines.on_read = self._read
        lines.on_end = partial(self._lose, failure=Failure.CLOSED)
        lines.on_broken = partial(self._lose, failure=Failure.CLOSED)
        lines.on_room = self._go_on

    # What a core wants.

    def dial(self, node: Node, effect: Dial) -> None:
        """A node opens a link."""
        end = End(node, effect.link, self._carriage.reader())
        node.ends[end.number] = end
        node.sockets[end] = None
        self._stage.plan(self._stage.now + effect.timeout, node, TIMER, partial(self._time_out, end))
        self._knock(end, effect.to, KNOCK_AGAIN)

    def wake(self, node: Node, number: int) -> None:
        """Something waits for a link."""
        end = node.ends.get(number)
        if end is not None and end.connected and not end.blocked:
            self._pump(end)

    def hang_up(self, node: Node, number: int) -> None:
        """A core wants nothing more of a link, but that what it left is sent."""
        end = node.ends.pop(number, None)
        if end is None:
            return
        end.closing = True
        if not end.connected:
            self._close(end)
        elif end.blocked:
            self._stage.plan(self._stage.now + FLUSH, node, TIMER, partial(self._close, end))
        else:
            self._pump(end)

    # What befalls nodes.

    def end_all(self, node: Node) -> None:
        """A node's process ends, and with it its links, of which the others are told unless the machine is off."""
        for end in node.sockets:
            end.closed = True
            if not node.off:
                self._lines.send_end(end)
        node.sockets.clear()
        node.ends.clear()

    def glance(self, asker: Node, target: Node, number: int) -> None:
        """Somebody sent a preface only to see it come back, and closes then: to the target, a link without a Hello."""
        near, far = End(asker, 0, None), End(target, number, self._carriage.reader())
        connect(near, far)
        near.closed = far.connected = True
        target.ends[number] = far
        target.sockets[far] = None
        self._lines.send_end(near, after=self._stage.weather.delay())

    def close_text(self, end: End, *, echo: bool) -> None:
        """A node that speaks no frames closes a connection, perhaps after a preface."""
        if not end.closed:
            if echo:
                self._send(end, [], first=True)
            self._close(end)

    # The connection.

    def _knock(self, end: End, to: Address, again: Seconds) -> None:
        if end.closed:
            return
        stage = self._stage
        if stage.weather.lost(end.node.address, to):
            stage.plan(stage.now + again, None, 0, partial(self._knock, end, to, 2.0 * again))
        else:
            stage.plan(stage.now + stage.weather.delay(), None, 0, partial(self._knocked, end, to, again))

    def _knocked(self, end: End, to: Address, again: Seconds) -> None:
        """A request for a connection has come to the other machine."""
        stage, node = self._stage, end.node
        target = stage.nodes.get(to)
        is_there = target is not None and target.up
        if end.closed:
            return
        if stage.weather.apart(node.address, to) or (target is not None and target.off and not target.up):
            stage.plan(stage.now + again, None, 0, partial(self._knock, end, to, 2.0 * again))
        elif target is None or not is_there:
            moment = stage.now + stage.weather.delay()
            stage.plan(moment, node, REPLY, partial(self._lose, end, failure=Failure.UNREACHABLE))
        else:
            far = End(target, 0, self._carriage.reader())
            far.connected = True
            connect(end, far)
            target.sockets[far] = None
            moment = stage.now + stage.weather.delay_with_repeats(to, node.address)
            stage.plan(moment, node, REPLY, partial(self._connected, end))

    def _connected(self, end: End) -> None:
        if not end.closed:
            end.connected = True
            self._pump(end, first=True)
            self._stage.step(end.node)

    def _time_out(self, end: End) -> None:
        if not end.connected:
            self._lose(end, failure=Failure.UNREACHABLE)

    # What goes out.

    def _pump(self, end: End, *, first: bool = False) -> None:
        """Send what waits for a link, as far as it takes it."""
        core = end.node.link_core
        assert core is not None
        while (room := self._backlog - end.in_flight) > 0:
            frames = core.pull(end.number, min(room, PULL_BYTES_MAX), self._stage.now)
            if frames or first:
                self._send(end, frames, first=first)
                first = False
            if not frames:
                if end.closing:
                    self._close(end)
                return
        end.blocked = True

    def _send(self, end: End, frames: list[Outgoing], *, first: bool = False) -> None:
        if frames and self._faults.any():
            if first:
                self._send(end, [], first=True)
            for frame in frames:
                self._send_faultily(end, frame)
            return
        load, size = self._carriage.pack(frames)
        if self.traffic is not None:
            for frame in frames:
                self.traffic.on_sent(frame, self._carriage.pack([frame])[1])
        if self._trace is not None:
            self._trace.on_sent(self._stage.now, end.node, end.number, load)
        self._lines.send(end, first, load, size + PREFACE_BYTES if first else size)

    def _send_faultily(self, end: End, frame: Outgoing) -> None:
        """Drop, double or shuffle a frame, as chance has it."""
        faults, chance = self._faults, self._stage.rng.random
        load, size = self._carriage.pack([frame])
        if self._trace is not None:
            self._trace.on_sent(self._stage.now, end.node, end.number, load)
        if chance() >= faults.loss:
            for _ in range(2 if chance() < faults.duplication else 1):
                self._lines.send(end, False, load, size, in_order=chance() >= faults.reordering)

    def _go_on(self, end: End) -> None:
        """There is room again."""
        if not end.closed and not end.blocked:
            self._pump(end)
            self._stage.step(end.node)

    # What comes in.

    def _read(self, end: End, first: bool, load: Load, size: int) -> None:
        """A node reads what was written together."""
        self._lines.acknowledge(end, size)
        node = end.node
        if end.closed or end.closing or not (first or end.number):
            return
        if not first or self._greet(end):
            core = node.link_core
            assert core is not None
            count = self._take(core, end, load) if load else 0
            core.end_turn(self._stage.now)
            node.busy_until += node.cost * count
            self._stage.step(node)

    def _greet(self, end: End) -> bool:
        """The preface came; returns whether frames follow."""
        node, now, source = end.node, self._stage.now, end.far.node.address.host
        core = node.link_core
        if end.number:
            assert core is not None
            core.dialled(end.number, now)
            return True
        end.number = node.new_number()
        if core is None:
            node.links[end.number] = TextVisit(self, end)
            node.core.receive(end.number, source, Preface(), now)
            self._stage.step(node)
            return False
        node.ends[end.number] = end
        self._send(end, [], first=True)
        core.accepted(end.number, source, now)
        return True

    def _take(self, core: LinkCore, end: End, load: Load) -> int:
        """Give a core all frames of one read; returns how many they were."""
        node, number, now, wrong = end.node, end.number, self._stage.now, ""
        if end.garbled and isinstance(load, bytes):
            load = b"\xff" + load[1:]
        try:
            frames = self._carriage.unpack(end.reader, load)
        except BrokenStream as error:
            frames, wrong = error.before, str(error)
        for frame in frames:
            if type(frame) is RunRecord:
                node.copies += 1
                if self.traffic is not None:
                    self.traffic.on_copy(node, frame)
            core.on_frame(number, frame, now)
        if wrong:
            core.bad_frame(number, wrong, now)
        return len(frames)

    # The end.

    def _close(self, end: End) -> None:
        """Our side closes."""
        if not end.closed:
            self._forget(end)
            self._lines.send_end(end)

    def _lose(self, end: End, failure: Failure) -> None:
        """The connection is gone, or never came about."""
        if end.closed:
            return
        self._forget(end)
        core = end.node.link_core
        if core is not None and end.number and not end.closing:
            core.link_lost(end.number, failure, self._stage.now)
            self._stage.step(end.node)

    def _forget(self, end: End) -> None:
        end.closed = True
        del end.node.sockets[end]
        end.node.ends.pop(end.number, None)
