"""The driver: one core, one listening socket, its links, one alarm.

It feeds the core what comes, does the effects that the core wants, hands its events on, and asks when to call again.
Every exchange of texts is a task that the driver owns and ends. How many there are at once is bounded by the core,
which has at most one exchange of each kind under way with one node.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any, assert_never

from rumor.aio import exchange
from rumor.aio.complaints import Complaints
from rumor.aio.cores import Core, LinkedCore
from rumor.aio.door import Door
from rumor.aio.links import Links
from rumor.aio.sockets import connections_max
from rumor.core.clock import WallClock
from rumor.core.effects import Answer, Ask, Close, Dial, Effect, Failure, Hangup, Store, Tell, Wake
from rumor.core.events import Event, Problem, RunDelivered
from rumor.core.ids import Seconds
from rumor.core.messages import Incoming
from rumor.core.settings import Settings

CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that never goes back and, where there is one, goes on while the machine sleeps."""

SOON: Seconds = 0.005
"""An alarm that rings so soon is not looked at anew."""

VAIN: Seconds = 0.1
"""An alarm that would ring so long before anything is due is moved: to wake in vain costs more."""

ROUNDING: Seconds = 0.0005
"""By so much a loop that counts milliseconds may ring too early; an alarm that does would be set again and again."""

OnEvent = Callable[[Event], None]
OnEvents = Callable[[list[Event]], None]


class Driver:
    """Runs one core on the running event loop, from `start` to `stop`.

    `on_events` gets what happened before anything is done about it, many events at once; `on_event` each of them after
    that, but runs only if it `watches_runs`, since there are many. `linked` is the core once more, if it has links.
    `on_store` is called when the core has something to keep. `guests_max`: see `Links`.
    """

    def __init__(
        self,
        core: Core,
        clock: WallClock,
        settings: Settings,
        on_event: OnEvent,
        *,
        linked: LinkedCore | None = None,
        on_events: OnEvents | None = None,
        watches_runs: bool = False,
        on_store: Callable[[], None] | None = None,
        guests_max: int = 0,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._core = core
        self._linked = linked
        self._clock = clock
        self._on_event = on_event
        self._on_events = on_events
        self._skips_runs = not watches_runs
        self._on_store = on_store
        frame_bytes_max = settings.links.frame_bytes_max
        self._links = Links(linked, self.now, self.step, frame_bytes_max, guests_max) if linked is not None else None
        on_link = self._links.adopt if self._links is not None else None
        self._door = Door(connections_max(settings.door), self._on_message, self._on_refusal, on_link)
        self._complaints = Complaints()
        self._tasks: set[asyncio.Task[None]] = set()
        self._moment: Seconds = 0.0
        self._turn_is_open = False
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
        """End everything, links with a goodbye: no task, connection or socket is left. Takes a second at most."""
        if self._stopped:
            return
        if self._linked is not None and self._links is not None:
            self._linked.leave(self.now())
            self.step()
        self._stopped = True
        if self._alarm is not None:
            self._alarm.cancel()
        self._door.shut()
        for task in self._tasks:
            task.cancel()
        try:
            if self._links is not None:
                await self._links.finished()
        finally:
            if self._links is not None:
                await self._links.shut()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def now(self) -> Seconds:
        """The moment, on the clock that never goes back; shows the core the present time of day."""
        self._moment = now = time.clock_gettime(CLOCK)
        self._clock.offset = time.time() - now
        return now

    def turn(self) -> Seconds:
        """The moment of this turn of the event loop, for what the application does; the core's turn ends with it."""
        if not self._turn_is_open:
            self._turn_is_open = True
            self._loop.call_soon(self._end_turn)
            self.now()
        return self._moment

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
                if events and self._on_events is not None:
                    self._on_events(events)
                for effect in effects:
                    self._do(effect)
                skips_runs = self._skips_runs
                for event in events:
                    if not (skips_runs and type(event) is RunDelivered):
                        self.say(event)
        finally:
            self._stepping = False
        if not self._alarm_is_stale:
            self._alarm_is_stale = True
            self._loop.call_soon(self._set_alarm)

    def say(self, event: Event) -> None:
        """Hand an event to the application, whose failures are its own."""
        if isinstance(event, Problem):
            admitted = self._complaints.admit(event, self._moment)
            if admitted is None:
                return
            event = admitted
        try:
            self._on_event(event)
        except Exception as error:  # noqa: BLE001 - whatever the application raises must not end the node
            self._loop.call_exception_handler({"message": "on_event raised", "exception": error})

    def _do(self, effect: Effect) -> None:
        match effect:
            case Wake(link):
                assert self._links is not None
                self._links.wake(link, self._moment)
            case Ask():
                self._spawn(self._ask(effect))
            case Tell():
                self._spawn(self._tell(effect))
            case Answer(link, message):
                self._door.answer(link, message)
            case Close(link):
                self._door.close(link)
            case Dial():
                assert self._links is not None
                self._links.dial(effect)
            case Hangup(link):
                assert self._links is not None
                self._links.hang_up(link, self._moment)
            case Store():
                assert self._on_store is not None
                self._on_store()
            case _:
                assert_never(effect)

    def _end_turn(self) -> None:
        self._turn_is_open = False
        if self._linked is not None and not self._stopped:
            self._linked.end_turn(self.now())
            self.step()

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
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_message(self, link: int, source: str, message: Incoming) -> None:
        self._core.receive(link, source, message, self.now())
        self.step()

    def _on_refusal(self, source: str, reason: str) -> None:
        self.say(Problem(reason, source))

    def _set_alarm(self) -> None:
        """Have the alarm ring when the core wants it. One that is set for a little earlier looks again then."""
        self._alarm_is_stale = False
        if self._stopped or (self._alarm_at is not None and self._alarm_at <= self._moment + SOON):
            return  # it rings soon anyway, and looks then: in a flood that is nearly always so
        deadline = self._core.next_deadline()
        if deadline is None or (self._alarm_at is not None and self._alarm_at <= deadline < self._alarm_at + VAIN):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = deadline
        self._alarm = self._loop.call_later(max(0.0, deadline - self.now() + ROUNDING), self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm_at = None
        deadline, now = self._core.next_deadline(), self.now()
        if deadline is not None and deadline <= now:
            self._core.tick(now)
            self.step()
        else:
            self._set_alarm()
