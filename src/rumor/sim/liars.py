"""Peers that lie: they speak the protocol as all do, and tell what is not so, again and again.

    ACCUSE    in its own name: that others keep silent, and that nobody else watches them
    FORGE     the same in the names of two others, for each whom it accuses
    DISMISS   what others say of themselves: that they leave
    REPORT    to the seeds: that others are dead
    REPLACE   in the names of others: that they live on elsewhere, where nobody is or the liar itself

Nothing of that is authentic while there are no keys; so it may do harm, but only for as long as it takes those who are
lied about to answer.
"""

import enum
import itertools
import math
from collections.abc import Iterator, Sequence

from rumor.core.effects import Effect, Tell
from rumor.core.events import Event
from rumor.core.frames import Claim, Claims, Standing, Statement, Verdict
from rumor.core.ids import Address, Seconds
from rumor.core.members import Member
from rumor.core.messages import DeadNode
from rumor.core.peer import Peer
from rumor.core.timers import soonest

EVERY: Seconds = 0.2
"""How often it lies, while it does."""

AT_ONCE = 64
"""Claims and statements in one frame."""

TELL_TIMEOUT: Seconds = 5.0

NOWHERE = Address("192.0.2.1", 9)
"""No node of a world has it (RFC 5737)."""


class Lie(enum.Enum):
    """What it tells."""

    ACCUSE = "accuse"
    FORGE = "forge"
    DISMISS = "dismiss"
    REPORT = "report"
    REPLACE = "replace"


class Liar(Peer):
    """A peer that is honest until `lie` is called; then it lies about all members but those who are spared."""

    _lies: tuple[Lie, ...] = ()
    _lied_to: tuple[Address, ...] = ()
    _spared: frozenset[str] = frozenset()
    _reports: tuple[Effect, ...] = ()
    _lie_at: Seconds = math.inf

    def lie(self, lies: Sequence[Lie], seeds: Sequence[Address] = (), *, spare: Sequence[str] = ()) -> None:
        """Lie from now on; none about itself and those who are spared."""
        self._lies = tuple(lies)
        self._lied_to = tuple(seeds)
        self._spared = frozenset((*spare, self._identity.name))

    def stop_lying(self) -> None:
        """Be honest again."""
        self._lies = ()

    def join(self, now: Seconds) -> None:
        """Begin, honestly."""
        self._lie_at = now + EVERY
        super().join(now)

    def tick(self, now: Seconds) -> None:
        """Do what is due, a lie among it."""
        super().tick(now)
        if now >= self._lie_at:
            self._lie_at = now + EVERY
            self._lie()
            self.end_turn(now)

    def next_deadline(self) -> Seconds | None:
        """When it has something to do."""
        return soonest(super().next_deadline(), self._lie_at)

    def drain(self) -> tuple[list[Effect], list[Event]]:
        """What must be done, reports of false deaths among it."""
        effects, events = super().drain()
        reports, self._reports = self._reports, ()
        return [*effects, *reports], events

    def _lie(self) -> None:
        victims = [member for member in self.members() if member.name not in self._spared] if self._lies else []
        statements = [statement for victim in victims for statement in self._statements(victim, victims)]
        claims = [_farewell(victim) for victim in victims] if Lie.DISMISS in self._lies else []
        if Lie.REPLACE in self._lies:
            places = itertools.cycle((NOWHERE, self._identity.address))
            claims += [Claim(victim.name, victim.epoch + 1, 0, Standing.ALIVE, next(places)) for victim in victims]
        for neighbor in self._overlay.neighbors:
            for at in range(0, len(statements), AT_ONCE):
                self._outbox.send(neighbor.link, Claims(statements=tuple(statements[at : at + AT_ONCE])))
            for at in range(0, len(claims), AT_ONCE):
                self._outbox.send(neighbor.link, Claims(claims=tuple(claims[at : at + AT_ONCE])))
        if Lie.REPORT in self._lies:
            reports = [DeadNode(victim.address, "1", self._identity.address.host) for victim in victims]
            self._reports = tuple(Tell(seed, report, TELL_TIMEOUT) for seed in self._lied_to for report in reports)

    def _statements(self, victim: Member, members: Sequence[Member]) -> Iterator[Statement]:
        if Lie.ACCUSE in self._lies:
            yield _statement(victim, self._identity.name)
        if Lie.FORGE in self._lies:
            others = [member.name for member in members if member.name != victim.name]
            yield from (_statement(victim, name) for name in others[:2])


def _statement(victim: Member, accuser: str) -> Statement:
    return Statement(
        victim.name, victim.epoch, victim.incarnation, accuser, Verdict.SILENT, misses=3, relays=3, silent_ms=3000
    )


def _farewell(victim: Member) -> Claim:
    tags = tuple(sorted(victim.tags.items()))
    return Claim(victim.name, victim.epoch, victim.incarnation + 1, Standing.LEFT, victim.address, tags)
