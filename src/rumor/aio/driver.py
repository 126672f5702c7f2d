"""The driver: one core, one listening socket, one alarm.

It feeds the core what comes, does the effects that the core wants, hands its events on, and asks when to call again.
Every exchange is a task that the driver owns and ends. How many there are at once is bounded by the core, which has at
most one exchange of each kind under way with one node.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, assert_never

from rumor.aio import exchange
from rumor.aio.complaints import Complaints
from rumor.aio.door import Door
from rumor.aio.sockets import connections_max
from rumor.core.clock import WallClock
from rumor.core.effects import Answer, Ask, Close, Effect, Failure, Tell
from rumor.core.events import Event, Problem
from rumor.core.ids import Seconds
from rumor.core.messages import Incoming, Reply
from rumor.core.settings import DoorSettings

CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that never goes back and, where there is one, goes on while the machine sleeps."""

OnEvent = Callable[[Event], None]


class Core(Protocol):
    """What the driver needs of a core: the seed's and the peer's common face."""

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None: ...
    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None: ...
    def told(self, tell: Tell, now: Seconds) -> None: ...
    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None: ...
    def tick(self, now: Seconds) -> None: ...
    def next_deadline(self) -> Seconds | None: ...
    def drain(self) -> tuple[list[Effect], list[Event]]: ...


class Driver:
    """Runs one core on the running event loop, from `start` to `stop`."""

    def __init__(self, core: Core, clock: WallClock, settings: DoorSettings, on_event: OnEvent) -> None:
        self._core = core
        self._clock = clock
        self._on_event = on_event
        self._door = Door(connections_max(settings), self._on_message, self._on_refusal)
        self._complaints = Complaints()
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at: Seconds | None = None
        self._alarm_is_stale = False
        self._stepping = False
        self._stopped = False

    def start(self, listener: socket.socket) -> None:
        """Serve a listening socket; the driver owns it from here on."""
        self._door.open(listener)
        self.step()

    async def stop(self) -> None:
        """End everything: no task, connection or socket is left."""
        self._stopped = True
        if self._alarm is not None:
            self._alarm.cancel()
        self._door.shut()
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def now(self) -> Seconds:
        """The moment, on the clock that never goes back; shows the core the present time of day."""
        now = time.clock_gettime(CLOCK)
        self._clock.offset = time.time() - now
        return now

    def step(self) -> None:
        """Do what the core wants done and hand its events on, until there is nothing more.

        Called after every input. An event that makes the application call the core again is served by the same loop.
        The alarm is set once, at the end of the event loop's turn, however many inputs that turn brought.
        """
        if self._stepping or self._stopped:
            return
        self._stepping = True
        try:
            while True:
                effects, events = self._core.drain()
                if not effects and not events:
                    break
                for effect in effects:
                    self._do(effect)
                for event in events:
                    self._say(event)
        finally:
            self._stepping = False
        if not self._alarm_is_stale:
            self._alarm_is_stale = True
            asyncio.get_running_loop().call_soon(self._set_alarm)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Ask():
                self._spawn(self._ask(effect))
            case Tell():
                self._spawn(self._tell(effect))
            case Answer(link, message):
                self._door.answer(link, message)
            case Close(link):
                self._door.close(link)
            case _:
                assert_never(effect)

    def _say(self, event: Event) -> None:
        """Hand an event to the application, whose failures are its own."""
        if isinstance(event, Problem):
            admitted = self._complaints.admit(event, self.now())
            if admitted is None:
                return
            event = admitted
        try:
            self._on_event(event)
        except Exception as error:  # noqa: BLE001 - whatever the application raises must not end the node
            asyncio.get_running_loop().call_exception_handler({"message": "on_event raised", "exception": error})

    async def _ask(self, effect: Ask) -> None:
        match await exchange.ask(effect):
            case Failure() as failure:
                self._core.failed(effect, failure, self.now())
            case reply:
                self._core.answered(effect, reply, self.now())
        self.step()

    async def _tell(self, effect: Tell) -> None:
        failure = await exchange.tell(effect)
        if failure is None:
            self._core.told(effect, self.now())
        else:
            self._core.failed(effect, failure, self.now())
        self.step()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_message(self, link: int, source: str, message: Incoming) -> None:
        self._core.receive(link, source, message, self.now())
        self.step()

    def _on_refusal(self, source: str, reason: str) -> None:
        self._say(Problem(reason, source))

    def _set_alarm(self) -> None:
        self._alarm_is_stale = False
        if self._stopped:
            return
        deadline = self._core.next_deadline()
        if deadline == self._alarm_at:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None
        self._alarm_at = deadline
        if deadline is not None:
            delay = max(0.0, deadline - self.now())
            self._alarm = asyncio.get_running_loop().call_later(delay, self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm_at = None
        self._core.tick(self.now())
        self.step()
