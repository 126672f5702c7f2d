"""The directory: who is in the network, as far as we heard, and how each of them is.

    a member says of itself (claim) --> told to its neighbors --> by each that did not know it to all of its own ...
    a peer finds of another (statement) --> the same way, and first of all to the accused --refutes--> claim
    what is missed all the same --> found by comparison (comparison.py), told as answers (tidings.py)

What is known lies in the roster and is merged so that order and repetition do not matter; states are judged from it
(judgement.py, evidence.py). So whoever has heard the same has the same directory, hash for hash.

Rule 1: only a member itself says that it is alive. Rule 2: we answer what doubts us by a higher incarnation, at once
unless we hear badly (returns.py). Rule 3: what is new to us is told to all neighbors but the one that it comes from,
findings at once; what is old is answered by what is newer. Rule 4: everything is bounded by `members_max` and the
frames. Rule 5: of ourselves no change is said.
"""

from collections.abc import Mapping
from random import Random

from rumor.core.broadcast.lives import Lives
from rumor.core.clock import WallClock
from rumor.core.directory.admission import Admission
from rumor.core.directory.claims import has_just_come, life_of
from rumor.core.directory.comparison import Comparison
from rumor.core.directory.evidence import Trust, is_evidence
from rumor.core.directory.judgement import GONE, Judgement, believed
from rumor.core.directory.own_claim import OwnClaim
from rumor.core.directory.patrol import Patrol
from rumor.core.directory.reach import ReachWatch
from rumor.core.directory.returns import Returns
from rumor.core.directory.reviews import Reviews
from rumor.core.directory.roster import (
    Before,
    Entry,
    Roster,
    Taken,
    address_of,
    before,
    differs,
    is_away,
    member_of,
)
from rumor.core.directory.tidings import Tidings, is_full
from rumor.core.directory.watchers import Watchers
from rumor.core.directory.why import reason_of
from rumor.core.events import Accused, MemberChanged, ReachChanged
from rumor.core.frames import (
    NUMBER_MAX,
    WATCHERS_MAX,
    Claim,
    Claims,
    Contact,
    Control,
    MembersBuckets,
    MembersSummary,
    Standing,
    Statement,
    Verdict,
    Watching,
)
from rumor.core.hearing import Hearing
from rumor.core.ids import WILDCARDS, Address, Identity, Seconds
from rumor.core.members import Change, Member, Reach, State, Why
from rumor.core.outbox import Outbox
from rumor.core.settings import DirectorySettings
from rumor.core.timers import soonest

LIVE = (State.ALIVE, State.SUSPECT)


class Directory:
    """All members that one peer knows, itself included."""

    def __init__(
        self,
        identity: Identity,
        clock: WallClock,
        settings: DirectorySettings,
        outbox: Outbox,
        rng: Random,
        hearing: Hearing,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._outbox = outbox
        self._own = OwnClaim(identity, clock, settings, outbox, Returns(settings, hearing))
        self._lives = Lives(identity, clock, outbox)
        self._trust = Trust(settings)
        self._roster = Roster(settings, self._voided)
        self._judgement = Judgement(self._roster, strangers_gone=not settings.full)
        self._tidings = Tidings(outbox, self._roster.find)
        self._comparison = Comparison(settings, self._roster, outbox, rng)
        self._patrol = Patrol(rng, self._is_to_visit)
        self._reach = ReachWatch(settings)
        self._reviews = Reviews()
        self._links: dict[int, str] = {}
        self._watchers = Watchers(self._links, outbox)
        self._admission = Admission(settings, self._roster, self._links, clock, self._lives, outbox)
        self._now: Seconds = 0.0

    # What we say of ourselves.

    def begin(self, now: Seconds, tags: Mapping[str, str] | None = None) -> None:
        """Begin, as a member with these tags; once, before all else. Raises UsageError as `set_tags`."""
        claim = self._own.begin(tags or {})
        self._reach.begin(self._wall(now))
        self._say(claim, now)

    def epoch_raised(self, now: Seconds) -> None:
        """Our identity has another epoch or address: say so. Seen at the end of a turn, too."""
        self._say(self._own.moved(), now)

    def set_tags(self, tags: Mapping[str, str], now: Seconds) -> None:
        """Have these tags and no others. Raises UsageError, and changes nothing, when they are too many or too long."""
        self._say(self._own.with_tags(tags), now)

    def disown(self, address: Address, now: Seconds) -> None:
        """A later life of our name that members were told of is not at that address: say that we live."""
        self._own.disown(address)
        self._refute(now)

    def leave(self, now: Seconds, back_in: Seconds | None = None) -> None:
        """Tell all neighbors, at once, that we stop: for good, or for about so long."""
        self._say_at_once(self._own.leaving(back_in, now), now)

    # Links.

    def add_link(self, link: int, name: str, now: Seconds) -> None:
        """A peer became our neighbor over this link."""
        self._links[link] = name
        self._watchers.add_link()
        entry = self._roster.find(name)
        self._lives.add_link(link, 0 if entry is None else entry.claim.epoch)
        self._tidings.add_link(link)
        if self._own.claim is not None:
            self._outbox.send(link, Claims((self._own.claim,)))
        self._tell_accused(link, name)
        self._comparison.add_link(link, now)

    def remove_link(self, link: int) -> None:
        """That link is no more, or no longer one between neighbors."""
        if self._links.pop(link, None) is not None:
            self._watchers.remove_link(link)
            self._lives.remove_link(link)
            self._tidings.remove_link(link)
            self._comparison.remove_link(link)

    def heard_directly(self, name: str, address: Address, epoch: int, now: Seconds, link: int = 0) -> None:
        """It said Hello: it lives in that epoch. It is told of doubts, and of a later life that only a Hello told."""
        if name == self._own.name or not self._admission.admits(name):
            return
        entry = self._roster.find(name)
        if entry is not None and entry.heard and entry.claim.epoch > epoch:
            self._outbox.send(link, Claims((entry.claim,), answer=True))
        self._roster.take_hello(Claim(name, epoch, 0, Standing.ALIVE, address), address)
        self._conclude(now)
        if link:
            self._tell_accused(link, name)

    def pull(self, link: int, bytes_max: int) -> list[Control]:
        """What a link is still to be told, in frames of about `bytes_max` together; none when it is told all."""
        return [*self._tidings.pull(link, bytes_max, self._now)]

    # What comes.

    def on_claims(self, link: int, frame: Claims, now: Seconds) -> None:
        """News of members, or answers: merge them, and tell on what is new."""
        self._now = now
        tells_on = not (frame.answer and self._comparison.is_new(now))
        moment = self._clock.milliseconds(now)
        for claim in frame.claims:
            self._on_claim(link, claim, now, tells_on=tells_on or has_just_come(claim, moment))
        for statement in frame.statements:
            self._on_statement(link, statement, now, tells_on=tells_on)
        if frame.answer and not is_full(frame):
            self._comparison.over(link, now)
        self._conclude(now, frame.ages)
        self._refute(now, link)

    def on_summary(self, link: int, frame: MembersSummary, now: Seconds) -> None:
        """A neighbor compares."""
        self._comparison.on_summary(link, frame, now)

    def on_buckets(self, link: int, frame: MembersBuckets, now: Seconds) -> None:
        """A neighbor's directory differs, or did: tell it what we hold where it does."""
        self._tidings.answer(link, self._comparison.on_buckets(link, frame, now))

    def on_watching(self, link: int, frame: Watching) -> None:
        """A neighbor's neighbors, who watch it together with us."""
        name = self._links.get(link)
        if name is not None:
            self._watchers.on_watching(name, frame.names)

    def on_accused(self, event: Accused, now: Seconds) -> None:
        """We ourselves found that a member does not answer: tell it first, then everybody."""
        entry = self._roster.entries.get(event.name)
        own = self._own.claim
        if own is None or event.name == own.name or entry is None or entry.state not in LIVE:
            return
        if event.verdict is Verdict.UNREACHABLE and self._is_accused_by_us(entry):
            return  # what we saw over a link says more
        statement = self._statement(entry.claim, event)
        for link, name in self._links.items():
            if name == event.name:
                self._outbox.send(link, Claims((), (statement,)))
        self._on_statement(0, statement, now, tells_on=True)
        self._conclude(now)

    # What is known.

    def size(self) -> int:
        """How many members are known, ourselves included."""
        return len(self._roster.entries)

    def members(self) -> tuple[Member, ...]:
        """All members, by name."""
        entries = self._roster.entries
        return tuple(member_of(before(entries[name])) for name in sorted(entries))

    def member(self, name: str) -> Member | None:
        """One member; None if it is not known, or not any more."""
        entry = self._roster.entries.get(name)
        return None if entry is None else member_of(before(entry))

    def address_of(self, name: str) -> Address | None:
        """Where a member is; None if it is not known."""
        entry = self._roster.entries.get(name)
        return None if entry is None else address_of(entry)

    def is_live(self, name: str) -> bool:
        """Whether a member is known, and neither dead, left nor away."""
        entry = self._roster.entries.get(name)
        return entry is not None and entry.state in LIVE

    def watchers(self, name: str) -> tuple[str, ...]:
        """Who watches a neighbor, as it said last; empty if it said nothing."""
        return self._watchers.of(name) or ()

    def why(self, name: str) -> Why | None:
        """Why a member is in its state, with all statements about it; None if it is not known."""
        entry = self._roster.entries.get(name)
        if entry is None:
            return None
        reason = reason_of(entry, believed(entry, self._now), is_self=name == self._own.name)
        return Why(member_of(before(entry)), reason, entry.statements)

    def reach(self) -> Reach:
        """How many of the known members are on our side."""
        return self._reach.reach()

    def hash(self) -> bytes:
        """One hash over all that is held: equal for equal directories."""
        return self._roster.hash()

    def next_to_visit(self, now: Seconds) -> Contact | None:
        """The member that a patrol dials next; None when there is none but the neighbors."""
        name = self._patrol.next(self._roster.entries, now)
        return None if name is None else Contact(name, address_of(self._roster.entries[name]))

    # Time.

    def end_turn(self, now: Seconds) -> None:
        """Tell what changed about ourselves, and, to neighbors, who our neighbors are."""
        self._say(self._own.moved(), now)
        self._watchers.end_turn(now)

    def tick(self, now: Seconds) -> None:
        """Compare, end absences, believe again, forget."""
        self._comparison.tick(now)
        for name in self._reviews.due(now):
            self._review(name, now)
        self._conclude(now)
        if self._own.waits_until is not None and now >= self._own.waits_until:
            self._refute(now)
        self._tidings.tick(now)
        self._watchers.tick(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        told_at = soonest(self._tidings.next_deadline(), self._watchers.next_deadline(), self._own.waits_until)
        return soonest(self._comparison.next_deadline(), self._reviews.next_deadline(), told_at)

    # Merging.

    def _on_claim(self, link: int, claim: Claim, now: Seconds, *, tells_on: bool) -> None:
        name = claim.name
        if name == self._own.name:
            own = self._own.claim
            if own is not None and not self._admission.can_be(claim, own.epoch, now):
                return
            taken = self._own.on_claim(claim)
        elif self._roster.holds(claim):
            taken = Taken.SAME
        elif self._admission.takes(claim, now):
            taken = self._roster.take_claim(claim)
            if taken is Taken.NEW:
                self._claim_is_new(link, claim, tells_on=tells_on)
        else:
            return
        if taken is Taken.SAME:
            self._tidings.known_there(link, name)
        elif taken is Taken.OLD:
            self._tidings.answer(link, (name,))

    def _claim_is_new(self, link: int, claim: Claim, *, tells_on: bool) -> None:
        """A claim stands now: note what follows by time, and tell it on with what was said of it too early."""
        entry = self._roster.entries[claim.name]
        self._note_absence(entry)
        self._tidings.known_there(link, claim.name)
        if tells_on:
            self._tidings.tell_soon(claim.name, self._now, without=link)
            for statement in entry.statements:
                self._tidings.tell(claim.name, statement.accuser)

    def _note_absence(self, entry: Entry) -> None:
        """Until when a member is away, by our clock; after that it is judged like any other."""
        back_at = entry.claim.back_at / 1000 - self._clock.offset
        is_away = entry.claim.standing is Standing.AWAY
        entry.absent_until = back_at + self._settings.away_grace if is_away else None

    def _on_statement(self, link: int, statement: Statement, now: Seconds, *, tells_on: bool) -> None:
        name, accuser = statement.name, statement.accuser
        if name == accuser:
            return
        if name == self._own.name:
            taken = self._own.on_statement(statement)
        else:
            taken = self._roster.take_statement(statement)
            if taken is Taken.NEW:
                self._mute(self._roster.entries[name], accuser, now)
                if tells_on:
                    self._tidings.tell(name, accuser, without=link)
        if taken is Taken.OLD:
            self._tidings.answer(link, (name,))
            self._came_too_late(statement, now)
        elif taken in (Taken.NEW, Taken.SAME):
            self._tidings.known_there(link, name, accuser)

    def _came_too_late(self, statement: Statement, now: Seconds) -> None:
        """A statement came after what it says was answered; in vain, too."""
        entry = self._roster.entries.get(statement.name)
        if entry is not None and entry.claim.epoch == statement.epoch:
            self._trust.refuted(statement, now)

    def _mute(self, entry: Entry, accuser: str, now: Seconds) -> None:
        """What an accuser says that was refuted too often counts only later."""
        until = self._trust.distrusted_until(accuser)
        if until is not None and until > now:
            entry.muted = (*(each for each in entry.muted if each[0] != accuser), (accuser, until))

    def _voided(self, statement: Statement, was_dead: bool) -> None:
        """A member answered a statement. If it had come to count as dead, others found the same, or could not."""
        if not was_dead:
            self._trust.refuted(statement, self._now)

    # Conclusions.

    def _conclude(self, now: Seconds, ages: tuple[tuple[str, int], ...] = ()) -> None:
        """Judge what changed, and say it."""
        self._now = now
        roster = self._roster
        if roster.changed:
            self._judgement.settle(tuple(roster.changed), now)
            changed, roster.changed = roster.changed, {}
            for name, how in changed.items():
                self._changed(name, how, roster.entries[name], now)
        for name, age in ages:
            entry = roster.entries.get(name)
            if entry is not None and entry.ended is not None and now - age / 1000 < entry.ended:
                entry.ended = now - age / 1000
                self._plan(name, entry, now)
        reach = self._reach.look(now, self._wall(now))
        if reach is not None:
            self._outbox.say(ReachChanged(reach))

    def _changed(self, name: str, how: Before | None, entry: Entry, now: Seconds) -> None:
        """A member changed, or what is held of it: note what follows by time, and say it, unless it is us."""
        old = None if how is None else how.state
        if entry.state is not old:
            entry.since = self._wall(now)
            if entry.state not in GONE:
                entry.ended = None
            elif old not in GONE:
                entry.ended = now
            self._reach.moved(name, old, entry.state, now)
        if name == self._own.name:
            return
        self._plan(name, entry, now)
        if self._judgement.lone_accuser(name, now) is not None:
            self._patrol.doubted(name, len(self._roster.entries))
        after = before(entry)
        if how is None or differs(how, after):
            self._outbox.say(MemberChanged(Change(member_of(after), None if how is None else member_of(how))))

    def _plan(self, name: str, entry: Entry, now: Seconds) -> None:
        """When a member is to be looked at again: its absence ends, an accuser counts again, it is to be reaped."""
        absent = entry.absent_until if is_away(entry, now) else None
        muted = (until for _, until in entry.muted if until > now)
        self._reviews.plan(name, soonest(absent, self._reaped_at(entry), *muted))

    def _review(self, name: str, now: Seconds) -> None:
        """A member's time has come: forget it, or judge it anew."""
        entry = self._roster.entries[name]
        reaped_at = self._reaped_at(entry)
        if reaped_at is None or reaped_at > now:
            self._roster.note(name)
            return
        self._roster.bury(name)
        self._reach.moved(name, entry.state, None, now)
        self._judgement.settle((name,), now)

    def _reaped_at(self, entry: Entry) -> Seconds | None:
        if entry.ended is None:
            return None
        is_left = entry.state is State.LEFT
        return entry.ended + (self._settings.reap_left if is_left else self._settings.reap_dead)

    # Telling.

    def _say(self, claim: Claim | None, now: Seconds) -> None:
        """Say something new of ourselves, if there is anything."""
        if claim is not None:
            self._hold_own(claim, now)
            self._tidings.tell(claim.name)

    def _refute(self, now: Seconds, asker: int = 0) -> None:
        """Answer those who doubt us, if we may. Who doubted was wrong."""
        doubts = self._own.doubts
        claim = self._own.refutation(now)
        if claim is not None:
            for statement in doubts:
                self._trust.refuted(statement, now)
        self._say_at_once(claim, now, asker)

    def _say_at_once(self, claim: Claim | None, now: Seconds, asker: int = 0) -> None:
        """The same ahead of all else, and to who brought us to it."""
        if claim is not None:
            self._hold_own(claim, now)
            for link in dict.fromkeys((asker, *self._links)):
                self._tidings.known_there(link, claim.name)
                self._outbox.send(link, Claims((claim,)))

    def _hold_own(self, claim: Claim, now: Seconds) -> None:
        self._roster.take_claim(claim)
        self._note_absence(self._roster.entries[claim.name])
        self._conclude(now)

    def _tell_accused(self, link: int, name: str) -> None:
        """Tell a member what is said of it, so that it can answer."""
        entry = self._roster.find(name)
        if entry is not None and entry.statements:
            self._outbox.send(link, Claims((), entry.statements))

    def _statement(self, claim: Claim, event: Accused) -> Statement:
        own = self._own.name
        return Statement(
            *(event.name, *life_of(claim), own, event.verdict),
            misses=min(event.misses, NUMBER_MAX),
            relays=min(event.relays, NUMBER_MAX),
            silent_ms=int(max(0.0, event.silent) * 1000),
            late_ms=int(max(0.0, event.late) * 1000),
            watchers=self._who_else_watches(event.name),
        )

    def _who_else_watches(self, name: str) -> tuple[str, ...]:
        """Who watches a member beside us. While it did not tell us, it may be anybody: we alone do not bury it."""
        told = self._watchers.of(name)
        others = told if told is not None else sorted(filter(self.is_live, self._roster.entries))
        return tuple(other for other in others if other not in (self._own.name, name))[:WATCHERS_MAX]

    def _is_accused_by_us(self, entry: Entry) -> bool:
        return any(each.accuser == self._own.name and is_evidence(each) for each in entry.statements)

    def _is_to_visit(self, name: str, now: Seconds) -> bool:
        """Whether a patrol may dial a member: others than neighbors, in doubt or not, that we have not found silent."""
        entry = self._roster.entries.get(name)
        if entry is None or entry.state not in LIVE or name == self._own.name or name in self._links.values():
            return False
        return address_of(entry).host not in WILDCARDS and not self._is_accused_by_us(entry)

    def _wall(self, now: Seconds) -> Seconds:
        """The time of day, in seconds since 1970."""
        return now + self._clock.offset
