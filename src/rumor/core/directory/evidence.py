"""Evidence: what others found of a member, and when it is dead.

    statements of the present life and incarnation, the strongest of each accuser
      two that are evidence ----------------------------------------------> dead
      one, and all others that watched are gone, or nobody else did -------> dead
      one, from a patrol, or one that leaves a watcher; or a mere doubt ----> suspect
      none ----------------------------------------------------------------> alive

Death is a function of the statements held and of who else is gone, and of nothing else: who holds the same decides the
same. Whoever accuses often in vain is not believed for a while: what it says then counts only when that is over.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from rumor.core.directory.claims import Life, hash_of, life_of, text_bytes
from rumor.core.frames import Statement, Verdict
from rumor.core.ids import Seconds
from rumor.core.settings import DirectorySettings

ACCUSERS_MAX: Final = 1024
"""Of so many accusers it is remembered how often they were refuted; the one not refuted longest is forgotten first."""


def is_evidence(statement: Statement) -> bool:
    """Whether a statement is more than a doubt."""
    return statement.verdict is not Verdict.SUSPECT


def is_dead(
    statements: Iterable[Statement], *, is_gone: Callable[[str], bool], is_trusted: Callable[[str], bool]
) -> bool:
    """Whether a member is dead, by all statements about its present life and incarnation.

    A patrol's finding alone never suffices: who has no link with a member may be the one that is cut off.
    """
    found = {each.accuser: each for each in statements if is_evidence(each) and is_trusted(each.accuser)}
    if len(found) != 1:
        return len(found) > 1
    (lone,) = found.values()
    others = (name for name in lone.watchers if name not in (lone.accuser, lone.name))
    return lone.verdict is not Verdict.UNREACHABLE and all(map(is_gone, others))


def with_statement(held: tuple[Statement, ...], new: Statement, statements_max: int) -> tuple[Statement, ...]:
    """The statements of one life and incarnation with another one; the same tuple when it adds nothing.

    Of each accuser the strongest stays, of all the `statements_max` strongest: in whatever order they come, the same
    are held in the end. They are given in that order, the strongest first.
    """
    former = next((each for each in held if each.accuser == new.accuser), None)
    if former is not None and _rank(former) >= _rank(new):
        return held
    rest = [each for each in held if each is not former]
    ranked = tuple(sorted([*rest, new], key=_rank, reverse=True)[:statements_max])
    return held if new not in ranked else ranked


def _rank(statement: Statement) -> tuple[object, ...]:
    """The order of statements about one life and incarnation."""
    return (
        statement.verdict,
        statement.misses,
        statement.relays,
        statement.silent_ms,
        statement.late_ms,
        statement.watchers,
        statement.accuser,
    )


def statement_hash(statement: Statement) -> int:
    """A statement's part in the hash of a directory."""
    word = statement
    about = (word.name, word.epoch, word.incarnation, word.accuser)
    seen = (int(word.verdict), word.misses, word.relays, word.silent_ms, word.late_ms)
    return hash_of("statement", *about, *seen, *word.watchers)


def statement_bytes(statement: Statement) -> int:
    """About how many bytes a statement takes in a frame."""
    names = (statement.name, statement.accuser, *statement.watchers)
    return 56 + sum(3 + text_bytes(name) for name in names)


class Trust:
    """Who accused in vain, whom, and when. A statement is in vain if the accused answers before it counts as dead."""

    def __init__(self, settings: DirectorySettings) -> None:
        self._settings = settings
        self._refuted: dict[str, deque[tuple[Seconds, str, Life]]] = {}

    def refuted(self, statement: Statement, now: Seconds) -> None:
        """A statement was in vain. One that is heard again counts once; a mere doubt counts nothing."""
        if not is_evidence(statement):
            return
        accuser, about = statement.accuser, (statement.name, life_of(statement))
        cases = self._refuted.pop(accuser, None) or deque(maxlen=self._settings.distrust_after)
        if all((name, life) != about for _, name, life in cases):
            cases.append((now, *about))
        self._refuted[accuser] = cases
        if len(self._refuted) > ACCUSERS_MAX:
            del self._refuted[next(iter(self._refuted))]

    def distrusted_until(self, accuser: str) -> Seconds | None:
        """Until when what it says does not count; None when it was not refuted so often that it matters."""
        cases = self._refuted.get(accuser)
        if cases is None or len(cases) < self._settings.distrust_after:
            return None
        return cases[0][0] + self._settings.distrust_for
