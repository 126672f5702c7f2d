"""How classic texts travel: each Ask and Tell by a connection of its own.

    core --Ask/Tell--> latency --> target's `receive` --Answer/Close--> latency --> `answered`, `failed`; or `told`

A connection is made in one round trip; the message and the reply take half of one each. Nobody there: refused after a
round trip. Lost, or on another side: UNREACHABLE when the effect's timeout is over. A lost reply: SILENT. A Tell is
told as soon as it has left. A frozen node is connected to by its operating system, but reads and answers nothing until
it thaws.
"""

import math
from functools import partial
from typing import TypeAlias

from rumor.core.effects import Ask, Failure, Tell
from rumor.core.ids import Seconds
from rumor.core.messages import Preface, Reply
from rumor.sim.links import Links
from rumor.sim.node import Node
from rumor.sim.stage import MESSAGE, REPLY, TIMER, Stage

Outcome: TypeAlias = Reply | Failure | None
"""How an exchange ended; None: told."""


class Exchange:
    """One Ask or Tell under way."""

    __slots__ = ("_exchanges", "asker", "connected", "deadline", "effect", "ended", "life")

    def __init__(self, exchanges: "Exchanges", asker: Node, effect: Ask | Tell, deadline: Seconds) -> None:
        self._exchanges = exchanges
        self.asker = asker
        self.life = asker.life
        self.effect = effect
        self.deadline = deadline
        self.connected = False
        self.ended = False

    def reply(self, node: Node, outcome: Reply | Failure) -> None:
        """The other side wrote a reply, or closed the connection."""
        self._exchanges.reply(self, outcome)


class Exchanges:
    """All exchanges of a world."""

    def __init__(self, stage: Stage, links: Links) -> None:
        self._stage = stage
        self._links = links
        self._weather = stage.weather

    def begin(self, asker: Node, effect: Ask | Tell) -> None:
        """A node asks or tells."""
        stage, weather = self._stage, self._weather
        exchange = Exchange(self, asker, effect, stage.now + effect.timeout)
        if exchange.deadline < math.inf:
            stage.plan(exchange.deadline, asker, TIMER, partial(self._time_out, exchange))
        if not weather.lost(asker.address, effect.to):
            moment = stage.now + weather.delay() + weather.delay()
            stage.plan(moment, asker, REPLY, partial(self._connect, exchange))

    def reply(self, exchange: Exchange, outcome: Reply | Failure) -> None:
        """The reply to an Ask begins its way."""
        stage = self._stage
        asker = exchange.asker
        lost = self._weather.lost(exchange.effect.to, asker.address)
        if exchange.life == asker.life and not (lost or self._apart(exchange)):
            stage.plan(stage.now + self._weather.delay(), asker, REPLY, partial(self._end, exchange, outcome))

    def _connect(self, exchange: Exchange) -> None:
        """The connection is made or refused; the message leaves."""
        stage = self._stage
        target = stage.nodes.get(exchange.effect.to)
        if exchange.ended or stage.now > exchange.deadline or self._apart(exchange):
            return
        if target is None or not target.up:
            if target is None or not target.off:
                self._end(exchange, Failure.UNREACHABLE)
            return
        exchange.connected = True
        stage.plan(stage.now + self._weather.delay(), target, MESSAGE, partial(self._deliver, exchange, target))
        if isinstance(exchange.effect, Tell):
            self._end(exchange, None)

    def _deliver(self, exchange: Exchange, target: Node) -> None:
        number, effect, now = target.new_number(), exchange.effect, self._stage.now
        source = exchange.asker.address.host
        core = target.link_core
        if core is not None and isinstance(effect.message, Preface):
            self.reply(exchange, Preface())
            self._links.glance(exchange.asker, target, number)
            core.accepted(number, source, now)
        else:
            if isinstance(effect, Ask):
                target.links[number] = exchange
            target.core.receive(number, source, effect.message, now)
        self._stage.step(target)

    def _time_out(self, exchange: Exchange) -> None:
        self._end(exchange, Failure.SILENT if exchange.connected else Failure.UNREACHABLE)

    def _end(self, exchange: Exchange, outcome: Outcome) -> None:
        """Report how it ended; what a frozen asker sees only after the deadline is silence to it."""
        now = self._stage.now
        timed_out = outcome in (Failure.SILENT, Failure.UNREACHABLE)
        if exchange.ended or (now > exchange.deadline and not timed_out):
            return
        exchange.ended = True
        core, effect = exchange.asker.core, exchange.effect
        if isinstance(outcome, Failure):
            core.failed(effect, outcome, now)
        elif isinstance(effect, Ask) and outcome is not None:
            core.answered(effect, outcome, now)
        elif isinstance(effect, Tell):
            core.told(effect, now)
        self._stage.step(exchange.asker)

    def _apart(self, exchange: Exchange) -> bool:
        return self._weather.apart(exchange.asker.address, exchange.effect.to)
