"""A core that is small enough to foresee: it dials, greets, answers probes, sends runs, and notes each input."""

from collections import deque
from collections.abc import Sequence

from rumor.core.effects import Answer, Ask, Close, Dial, Effect, Failure, Hangup, Tell, Wake
from rumor.core.events import Event
from rumor.core.frames import Frame, Hello, Lane, Outgoing, Probe, ProbeReply, RawRecord, Role, Run
from rumor.core.ids import Address, Seconds
from rumor.core.messages import Incoming, Preface, Reply
from rumor.sim import Node, World
from rumor.wire.frames import encode_run

DIAL_TIMEOUT: Seconds = 5.0


class Echo:
    """`inputs`: each with its moment, its link and what it was."""

    def __init__(self, address: Address, dials: Sequence[Address] = ()) -> None:
        self.address = address
        self.inputs: list[tuple[Seconds, int, object]] = []
        self.turns = 0
        self._dials = list(dials)
        self._waiting: dict[int, deque[Outgoing]] = {}
        self._awake: set[int] = set()
        self._effects: list[Effect] = []
        self._numbers = 0

    def join(self, now: Seconds) -> None:
        for number, to in enumerate(self._dials, 1):
            self._effects.append(Dial(2 * number, to, DIAL_TIMEOUT))
            self._greet(2 * number)

    def send(self, link: int, frame: Outgoing) -> None:
        self._waiting[link].append(frame)
        if link not in self._awake:
            self._awake.add(link)
            self._effects.append(Wake(link))

    def send_run(self, link: int, size: int = 10) -> None:
        self._numbers += 1
        run = Run("echo", 1, Lane.APP, self._numbers, self._numbers, 0, "", [bytes(size)])
        self.send(link, RawRecord(0, 0, False, encode_run(run)))

    def hang_up(self, link: int) -> None:
        self._effects.append(Hangup(link))

    def heard(self, link: int) -> list[object]:
        """What came over a link, without the moments."""
        return [what for _, by, what in self.inputs if by == link]

    def when(self, what: object) -> Seconds:
        """The moment of the first input that equals this."""
        return next(moment for moment, _, input in self.inputs if input == what)

    # Inputs.

    def dialled(self, link: int, now: Seconds) -> None:
        self.inputs.append((now, link, "dialled"))

    def accepted(self, link: int, source: str, now: Seconds) -> None:
        self.inputs.append((now, link, f"accepted from {source}"))
        self._greet(link)
        self._awake.add(link)
        self._effects.append(Wake(link))

    def link_lost(self, link: int, failure: Failure, now: Seconds) -> None:
        self.inputs.append((now, link, failure))

    def on_frame(self, link: int, frame: Frame, now: Seconds) -> None:
        self.inputs.append((now, link, frame))
        if isinstance(frame, Probe):
            self.send(link, ProbeReply(frame.number))

    def bad_frame(self, link: int, text: str, now: Seconds) -> None:
        self.inputs.append((now, link, f"bad: {text}"))

    def end_turn(self, now: Seconds) -> None:
        self.turns += 1

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None:
        self.inputs.append((now, link, message))
        self._effects.append(Close(link))

    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None:
        self.inputs.append((now, 0, reply))

    def told(self, tell: Tell, now: Seconds) -> None: ...

    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None:
        self.inputs.append((now, 0, failure))

    def tick(self, now: Seconds) -> None: ...

    def next_deadline(self) -> Seconds | None:
        return None

    # Outputs.

    def ask(self, effect: Ask) -> None:
        self._effects.append(effect)

    def pull(self, link: int, bytes_max: int, now: Seconds) -> list[Outgoing]:
        waiting = self._waiting[link]
        frames: list[Outgoing] = []
        while waiting and bytes_max > 0:
            frame = waiting.popleft()
            frames.append(frame)
            bytes_max -= len(frame.raw) if isinstance(frame, RawRecord) else 0
        if not frames:
            self._awake.discard(link)
        return frames

    def drain(self) -> tuple[list[Effect], list[Event]]:
        effects, self._effects = self._effects, []
        return effects, []

    def _greet(self, link: int) -> None:
        self._waiting[link] = deque([hello(self.address)])


class TextsOnly:
    """A core that speaks no frames, and gives a preface back."""

    def __init__(self) -> None:
        self._effects: list[Effect] = []

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None:
        self._effects.append(Answer(link, Preface()))

    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None: ...
    def told(self, tell: Tell, now: Seconds) -> None: ...
    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None: ...
    def tick(self, now: Seconds) -> None: ...

    def next_deadline(self) -> Seconds | None:
        return None

    def drain(self) -> tuple[list[Effect], list[Event]]:
        effects, self._effects = self._effects, []
        return effects, []


def hello(address: Address) -> Hello:
    """How an Echo greets."""
    return Hello(network="", role=Role.PEER, name=str(address), address=address, epoch=1, instance=1)


def core(node: Node) -> Echo:
    """The Echo of a node."""
    assert isinstance(node.core, Echo)
    return node.core


def add(world: World, *dials: Node) -> Node:
    """A new Echo that dials others once it is started."""
    return world.add(lambda node: Echo(node.address, [other.address for other in dials]))


def pair(world: World) -> tuple[Node, Node]:
    """Two that stand in touch: the first dialled (its link is 2), the second was dialled (its link is 1)."""
    target = world.start(add(world))
    dialler = world.start(add(world, target))
    world.run(10.0)
    return dialler, target


def do(world: World, node: Node, *sent: Outgoing, link: int) -> None:
    """Let an Echo send something."""
    for frame in sent:
        core(node).send(link, frame)
    world.call(node, lambda: None)
