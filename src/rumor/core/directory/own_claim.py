"""Our own claim: what we say of ourselves, and how we answer those who doubt it.

begin --tags, address changed--> incarnation + 1
  | `--a later epoch--> incarnation 0
  | |--a statement about the present incarnation, or a claim in our name--> refuted: above what was doubted
  | `--a claim of the same epoch from another address: a twin--> whose address is greater: epoch + 1
  |     `--we were cut off again and again--> when we hear steadily (returns.py)
  `--leave--> LEFT, or AWAY until a time: from then on nothing is answered

Two processes with one name and one epoch would outshout each other for ever. So one of them, the same for both, becomes
the younger one, once; then they are two lives like any others, and settle on a link who goes on (routes.py). The other
one still refutes what the first said before, as it does a liar's forgery. A later life that is not there is refuted in
its own epoch (namesakes.py).
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from rumor.core.clock import WallClock
from rumor.core.directory.claims import checked_tags, life_of, newer
from rumor.core.directory.returns import Returns
from rumor.core.directory.roster import Taken
from rumor.core.events import OtherLifeTold, Problem, SelfRefuted
from rumor.core.frames import COUNT_MAX, NUMBER_MAX, Claim, Standing, Statement
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import DirectorySettings

UNSTEADY: Final = "we were cut off again and again: others list us as dead until we hear them steadily"


class OwnClaim:
    """The claim of one peer; None before it begins. Each method that gives a claim gives the one that stands now.

    `doubts`: the statements about us that have not been answered yet; at `waits_until` they may be, if not at once.
    """

    def __init__(
        self, identity: Identity, clock: WallClock, settings: DirectorySettings, outbox: Outbox, returns: Returns
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._settings = settings
        self._outbox = outbox
        self._returns = returns
        self.claim: Claim | None = None
        self.doubts: list[Statement] = []
        self.waits_until: Seconds | None = None
        self._doubted: int | None = None
        self._other_life: Claim | None = None

    @property
    def name(self) -> str:
        """Our name."""
        return self._identity.name

    def begin(self, tags: Mapping[str, str]) -> Claim:
        """We begin, with these tags. Raises UsageError for unfit ones."""
        checked = checked_tags(tags, self._settings.tags_bytes_max)
        who = self._identity
        self.claim = Claim(who.name, who.epoch, 0, Standing.ALIVE, who.address, checked)
        return self.claim

    def with_tags(self, tags: Mapping[str, str]) -> Claim | None:
        """We have these tags from now on; None if we have them already. Raises UsageError for unfit ones."""
        checked = checked_tags(tags, self._settings.tags_bytes_max)
        own = self.claim
        assert own is not None
        return None if checked == own.tags else self._next(own, own.incarnation + 1, tags=checked)

    def leaving(self, back_in: Seconds | None, now: Seconds) -> Claim | None:
        """We stop, for good or for so long; None if we never began."""
        own = self.claim
        if own is None:
            return None
        if back_in is None:
            return self._next(own, own.incarnation + 1, standing=Standing.LEFT)
        back_at = min(self._clock.milliseconds(now + max(0.0, back_in)), COUNT_MAX)
        return self._next(own, own.incarnation + 1, standing=Standing.AWAY, back_at=back_at)

    def moved(self) -> Claim | None:
        """What our identity says now, if the claim said something else."""
        own, who = self.claim, self._identity
        if own is None:
            return None
        if who.epoch > own.epoch:
            return self._next(own, 0, epoch=who.epoch, address=who.address)
        if who.address != own.address:
            return self._next(own, own.incarnation + 1, address=who.address)
        return None

    # Doubts.

    def on_claim(self, claim: Claim) -> Taken:
        """A claim in our name came: NEW if it must be refuted, OLD if its sender knows an earlier one."""
        own = self.claim
        if own is None or claim == own:
            return Taken.SAME
        is_elsewhere = claim.address != own.address and not self._identity.is_self(claim.address)
        if claim.epoch >= own.epoch and is_elsewhere:
            return self._on_other_life(claim, own)
        if claim.epoch > own.epoch:
            # Nobody else lives there: a former life of ours, whose clock went ahead. We go on in its epoch.
            self.claim = msgspec.structs.replace(own, epoch=claim.epoch)
        return self._doubt(claim.incarnation) if newer(claim, own) else Taken.OLD

    def on_statement(self, statement: Statement) -> Taken:
        """A statement about us came; the same."""
        own = self.claim
        if own is None or statement.epoch > own.epoch:
            return Taken.REFUSED
        if life_of(statement) < life_of(own):
            return Taken.OLD
        if statement not in self.doubts and len(self.doubts) < self._settings.statements_max:
            self.doubts.append(statement)
        return self._doubt(statement.incarnation)

    def refutation(self, now: Seconds) -> Claim | None:
        """The answer to all doubts since the last one, if there were any. SelfRefuted is said.

        None, and `waits_until` says when to ask again, if we are not steady enough to say that we are alive.
        """
        own, doubted = self.claim, self._doubted
        if self._must_wait(now):
            return None
        doubters = tuple(dict.fromkeys(statement.accuser for statement in self.doubts))
        self._doubted, self.doubts = None, []
        if own is None or doubted is None or own.standing is not Standing.ALIVE:
            return None
        if doubted >= NUMBER_MAX:
            self._outbox.say(Problem("a doubt that can't be answered: no greater incarnation is left", self.name))
            return None
        self._outbox.say(SelfRefuted(doubters, doubted + 1))
        self._returns.answered(now)
        return self._next(own, doubted + 1)

    def disown(self, address: Address) -> None:
        """Nobody lives under our name at an address: if members were told so last, that is to be refuted."""
        own, told = self.claim, self._other_life
        if own is None or told is None or told.address != address or told.epoch <= own.epoch:
            return
        self.claim = msgspec.structs.replace(own, epoch=told.epoch)
        self._doubt(told.incarnation)

    def _on_other_life(self, claim: Claim, own: Claim) -> Taken:
        """A life under our name at another address that is no older than ours. A later one is not ours to answer."""
        self._say_other_life(claim)
        if claim.epoch > own.epoch:
            return Taken.REFUSED
        if own.address > claim.address:
            self.claim = msgspec.structs.replace(own, epoch=own.epoch + 1)
            return self._doubt(0)
        return self._doubt(claim.incarnation) if newer(claim, own) else Taken.OLD

    def _must_wait(self, now: Seconds) -> bool:
        """Whether those who doubt us get no answer yet. Said once each time."""
        was_waiting = self.waits_until is not None
        self.waits_until = self._returns.waits_until(now) if self.doubts else None
        if self.waits_until is not None and not was_waiting:
            self._outbox.say(Problem(UNSTEADY))
        return self.waits_until is not None

    def _doubt(self, incarnation: int) -> Taken:
        self._doubted = max(incarnation, self._doubted or 0)
        return Taken.NEW

    def _next(self, own: Claim, incarnation: int, **changes: object) -> Claim:
        self.claim = msgspec.structs.replace(own, incarnation=min(incarnation, NUMBER_MAX), **changes)
        return self.claim

    def _say_other_life(self, claim: Claim) -> None:
        """Another life of our name is told of: said once. On a link with it, both lives settle who goes on."""
        if self._other_life is None or claim.epoch > self._other_life.epoch:
            self._other_life = claim
            self._outbox.say(Problem("members are told of another life under our name", str(claim.address)))
            self._outbox.say(OtherLifeTold(claim.address))
