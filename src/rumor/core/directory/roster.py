"""The roster: what is held of each member, merged so that the order of news does not matter.

    claim of a greater life and incarnation --> stands; statements about lower ones are void
    statement about the present one --> held beside the claim, the strongest of each accuser
       `--about a greater one, or an unknown member --> early: held until the claim comes
    entry --reaped--> grave: hidden, kept against echoes; only a greater claim opens it

The hash over all of it is kept running: the XOR of the hashes of all claims and statements, so it is the same for
whoever holds the same. What is known by a Hello alone, and what lies in graves, is not in it.

Rule 1: only what is merged here changes claims and statements. Rule 2: everything is bounded; above its bound early
statements are dropped, and graves forgotten, the oldest first.
"""

import enum
from collections.abc import Callable
from typing import Final

import msgspec

from rumor.core.directory.claims import BUCKETS, HASH_BYTES, Life, bucket_of, claim_hash, life_of, newer
from rumor.core.directory.evidence import statement_hash, with_statement
from rumor.core.frames import Claim, Standing, Statement
from rumor.core.ids import WILDCARDS, Address, Seconds
from rumor.core.members import Member, State
from rumor.core.settings import DirectorySettings

GRAVES_MAX: Final = 4096
"""Members that were reaped and are remembered against echoes."""

EARLY_MAX: Final = 1024
"""Members of which statements are held whose claim has not come."""

BUCKET_BYTES: Final = 8

NO_STATE: Final = State.ALIVE
"""What an entry is until it is judged."""


class Taken(enum.Enum):
    """What became of a claim or a statement."""

    NEW = "it is held now"
    SAME = "it was held before"
    OLD = "something newer is held, which its sender does not know"
    EARLY = "it is held until the claim that it is about comes"
    REFUSED = "it adds nothing, or there is no room"


class Entry(msgspec.Struct, eq=False):
    """What is held of one member.

    `heard`: known by its Hello alone, its own claim has not come. `since`: when its state began, in seconds since
    1970; `ended`: when it was first known dead or left. `absent_until`: it is away until then. `muted`: accusers that
    are not believed until a moment.
    """

    claim: Claim
    bucket: int
    heard: bool
    statements: tuple[Statement, ...] = ()
    state: State = NO_STATE
    since: Seconds = 0.0
    ended: Seconds | None = None
    absent_until: Seconds | None = None
    muted: tuple[tuple[str, Seconds], ...] = ()
    heard_at: Address | None = None


class Before(msgspec.Struct, frozen=True, eq=False):
    """How an entry was before a turn; what is listed of it depends on nothing else."""

    claim: Claim
    address: Address
    state: State
    since: Seconds


class Roster:
    """All entries of one directory. `changed`: how those were that changed since it was last emptied.

    `on_void` is told which statements a new claim made void: with whether the member counted as dead.
    """

    def __init__(self, settings: DirectorySettings, on_void: Callable[[Statement, bool], None]) -> None:
        self._settings = settings
        self._on_void = on_void
        self.entries: dict[str, Entry] = {}
        self.graves: dict[str, Entry] = {}
        self.changed: dict[str, Before | None] = {}
        self._early: dict[str, dict[tuple[str, Life], Statement]] = {}
        self._buckets = [0] * BUCKETS

    def find(self, name: str) -> Entry | None:
        """What is held of a member, even in its grave."""
        return self.entries.get(name) or self.graves.get(name)

    def note(self, name: str) -> None:
        """Remember how a member was: it will change."""
        if name not in self.changed:
            self.changed[name] = before(self.entries[name]) if name in self.entries else None

    # Merging.

    def holds(self, claim: Claim) -> bool:
        """Whether a claim stands already."""
        entry = self.entries.get(claim.name)
        return entry is not None and not entry.heard and entry.claim == claim

    def take_claim(self, claim: Claim) -> Taken:
        """A claim came."""
        if self.holds(claim):
            return Taken.SAME
        entry = self.find(claim.name)
        if entry is not None and not entry.heard:
            if not newer(claim, entry.claim):
                return Taken.OLD
        elif entry is not None and life_of(claim) < life_of(entry.claim):
            return Taken.REFUSED
        self._put(claim, entry, heard=False)
        return Taken.NEW

    def take_hello(self, claim: Claim, address: Address) -> None:
        """A member said who it is: a proof of that life. One in its grave must answer first what was said of it."""
        entry = self.find(claim.name)
        if entry is None or claim.epoch > entry.claim.epoch:
            self._put(claim, entry, heard=True)
        entry = self.entries.get(claim.name)
        if entry is not None and claim.epoch == entry.claim.epoch and entry.heard_at != address:
            self.note(claim.name)
            entry.heard_at = address

    def take_statement(self, statement: Statement) -> Taken:
        """A statement came."""
        entry = self.find(statement.name)
        if entry is None or life_of(statement) > life_of(entry.claim):
            return self._keep_early(statement)
        if life_of(statement) < life_of(entry.claim) or statement.name in self.graves:
            return Taken.OLD
        held = with_statement(entry.statements, statement, self._settings.statements_max)
        if held == entry.statements:
            return Taken.SAME if statement in held else Taken.REFUSED
        self.note(statement.name)
        self._swap_statements(entry, held)
        return Taken.NEW

    def _put(self, claim: Claim, entry: Entry | None, *, heard: bool) -> None:
        """Let a claim stand; what was said of lower ones is void."""
        name = claim.name
        self.note(name)
        if entry is None:
            entry = Entry(claim, bucket_of(name), heard)
            self.entries[name] = entry
        else:
            if name in self.graves:
                self.entries[name] = self.graves.pop(name)
                self._mix_all(entry)
            self._void(entry, claim)
            self._mix_claim(entry)
            entry.claim = claim
            entry.heard = heard
        self._mix_claim(entry)
        self._admit_early(entry)

    def _void(self, entry: Entry, claim: Claim) -> None:
        """Drop the statements about lower lives and incarnations. Who is elsewhere now was missed there with reason."""
        if not entry.statements or life_of(entry.claim) == life_of(claim):
            return
        is_refutation = claim.epoch == entry.claim.epoch and claim.address == entry.claim.address
        if is_refutation:
            for statement in entry.statements:
                self._on_void(statement, entry.state is State.DEAD)
        self._swap_statements(entry, ())
        entry.muted = ()

    def _swap_statements(self, entry: Entry, held: tuple[Statement, ...]) -> None:
        """Hold other statements of a member."""
        for statement in (*entry.statements, *held):
            if statement not in entry.statements or statement not in held:
                self._buckets[entry.bucket] ^= statement_hash(statement)
        entry.statements = held

    # Statements that came before their claim.

    def _keep_early(self, statement: Statement) -> Taken:
        waiting = self._early.setdefault(statement.name, {})
        key = (statement.accuser, life_of(statement))
        former = waiting.get(key)
        if former is None and len(waiting) >= self._settings.statements_max:
            return Taken.REFUSED
        pair = () if former is None else (former,)
        (waiting[key],) = with_statement(pair, statement, 1)
        if len(self._early) > EARLY_MAX:
            del self._early[next(iter(self._early))]
        return Taken.EARLY

    def _admit_early(self, entry: Entry) -> None:
        """The claim is there that some statements waited for."""
        waiting = self._early.pop(entry.claim.name, None)
        if waiting is None:
            return
        life = life_of(entry.claim)
        later = {key: each for key, each in waiting.items() if key[1] > life}
        if later:
            self._early[entry.claim.name] = later
        held = entry.statements
        for (_, about), statement in waiting.items():
            if about == life:
                held = with_statement(held, statement, self._settings.statements_max)
        self._swap_statements(entry, held)

    # Reaping.

    def bury(self, name: str) -> None:
        """A member that is dead or left has been listed for long enough."""
        entry = self.graves[name] = self.entries.pop(name)
        self._mix_all(entry)
        if len(self.graves) > GRAVES_MAX:
            del self.graves[next(iter(self.graves))]

    # Hashes.

    def hash(self) -> bytes:
        """One hash over everything."""
        total = 0
        for bucket in self._buckets:
            total ^= bucket
        return total.to_bytes(HASH_BYTES, "big")

    def bucket_hashes(self) -> bytes:
        """One short hash over each bucket."""
        return b"".join((bucket & (1 << 64) - 1).to_bytes(BUCKET_BYTES, "big") for bucket in self._buckets)

    def names_in(self, buckets: frozenset[int]) -> list[str]:
        """Whose claims and statements lie in some buckets."""
        return [name for name, entry in self.entries.items() if entry.bucket in buckets]

    def _mix_all(self, entry: Entry) -> None:
        """Take all of an entry out of the hash, or in again."""
        self._mix_claim(entry)
        for statement in entry.statements:
            self._buckets[entry.bucket] ^= statement_hash(statement)

    def _mix_claim(self, entry: Entry) -> None:
        if not entry.heard:
            self._buckets[entry.bucket] ^= claim_hash(entry.claim)


def before(entry: Entry) -> Before:
    """How an entry is now, to be looked at when it has changed."""
    return Before(entry.claim, address_of(entry), entry.state, entry.since)


def differs(one: Before, other: Before) -> bool:
    """Whether anything that is listed differs."""
    return (one.state, one.claim, one.address) != (other.state, other.claim, other.address)


def is_away(entry: Entry, now: Seconds) -> bool:
    """Whether a member is away as it announced."""
    until = entry.absent_until
    return entry.claim.standing is Standing.AWAY and until is not None and now < until


def address_of(entry: Entry) -> Address:
    """Where a member is: as it says, or, if it does not know its host, where it was heard."""
    said = entry.claim.address
    return entry.heard_at if entry.heard_at is not None and said.host in WILDCARDS else said


def member_of(how: Before) -> Member:
    """A member as it is listed."""
    claim = how.claim
    return Member(claim.name, how.address, how.state, claim.epoch, claim.incarnation, dict(claim.tags), how.since)
