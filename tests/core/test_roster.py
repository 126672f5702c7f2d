"""The roster: merging, graves, and a hash that is kept running."""

import msgspec

from rumor.core.directory.roster import EARLY_MAX, GRAVES_MAX, Roster, Taken
from rumor.core.frames import Claim, Standing, Statement, Verdict
from rumor.core.settings import DirectorySettings

from .helpers import ANA, BO


def roster_of(*words: Claim | Statement, statements_max: int = 8) -> Roster:
    """A roster that was told this, with nobody listening."""
    roster = Roster(DirectorySettings(statements_max=statements_max), lambda statement, was_dead: None)
    for word in words:
        take(roster, word)
    return roster


def take(roster: Roster, word: Claim | Statement) -> Taken:
    """Tell it something."""
    return roster.take_claim(word) if isinstance(word, Claim) else roster.take_statement(word)


def says(name: str, incarnation: int = 0) -> Claim:
    """A claim of somebody."""
    return Claim(name, 1, incarnation, Standing.ALIVE, ANA)


def found(name: str, accuser: str = "zoe", incarnation: int = 0) -> Statement:
    """What somebody found of a member."""
    return Statement(name, 1, incarnation, accuser, Verdict.SILENT)


def test_what_becomes_of_news_is_told() -> None:
    """New, known, overtaken, too early, or too much."""
    roster = roster_of(statements_max=2)

    assert [take(roster, word) for word in (found("ana"), says("ana"), says("ana"), found("ana"))] == [
        Taken.EARLY,
        Taken.NEW,
        Taken.SAME,
        Taken.SAME,
    ]
    assert [take(roster, word) for word in (says("ana", 2), says("ana", 1), found("ana", incarnation=1))] == [
        Taken.NEW,
        Taken.OLD,
        Taken.OLD,
    ]
    more = [found("ana", accuser, 2) for accuser in ("zoe", "xen", "abe")]
    assert [take(roster, word) for word in more] == [Taken.NEW, Taken.NEW, Taken.REFUSED]


def test_who_missed_a_member_where_it_is_no_more_was_right() -> None:
    """Only a statement that the member answers from the same address was made in vain."""
    vain: list[Statement] = []
    roster = Roster(DirectorySettings(), lambda statement, was_dead: vain.append(statement))
    for word in (says("ana"), found("ana"), msgspec.structs.replace(says("ana", 1), address=BO)):
        take(roster, word)
    assert vain == []

    take(roster, found("ana", incarnation=1))
    take(roster, msgspec.structs.replace(says("ana", 2), address=BO))

    assert vain == [found("ana", incarnation=1)]


def test_the_hash_is_that_of_what_is_held() -> None:
    """However it came about, by detours, too."""
    short = roster_of(says("ana", 1), found("ana", incarnation=1), says("bo"))
    long = roster_of(found("ana"), says("bo"), says("ana"), found("ana", "yan"), found("ana", incarnation=1))
    assert short.hash() != long.hash()

    take(long, says("ana", 1))
    assert short.hash() == long.hash()
    assert short.bucket_hashes() == long.bucket_hashes()
    assert long.hash() != bytes(16) == roster_of().hash()


def test_a_grave_is_in_no_hash_and_is_opened_by_a_greater_claim_only() -> None:
    """What lies in it answers echoes."""
    roster = roster_of(says("ana"), found("ana"), says("bo"))
    roster.bury("ana")
    assert roster.hash() == roster_of(says("bo")).hash()

    assert [take(roster, word) for word in (says("ana"), found("ana"), found("ana", "yan"))] == [Taken.OLD] * 3
    assert "ana" not in roster.entries
    assert take(roster, says("ana", 1)) is Taken.NEW
    assert not roster.graves
    assert roster.hash() == roster_of(says("bo"), says("ana", 1)).hash()


def test_a_hello_alone_is_in_no_hash() -> None:
    """Others hold nothing of it; its own claim takes its place, and one of an earlier life does not."""
    roster = roster_of(says("bo"))
    roster.take_hello(Claim("ana", 2, 0, Standing.ALIVE, ANA), ANA)
    assert roster.hash() == roster_of(says("bo")).hash()

    assert take(roster, says("ana", 9)) is Taken.REFUSED
    own = Claim("ana", 2, 0, Standing.ALIVE, BO)
    assert take(roster, own) is Taken.NEW
    assert roster.hash() == roster_of(says("bo"), own).hash()
    roster.bury("ana")
    roster.take_hello(Claim("ana", 2, 0, Standing.ALIVE, ANA), ANA)
    assert "ana" in roster.graves
    roster.take_hello(Claim("ana", 3, 0, Standing.ALIVE, ANA), ANA)
    assert roster.entries["ana"].heard


def test_early_statements_are_bounded() -> None:
    """A few of each of some members; who waited longest goes first."""
    roster = roster_of(statements_max=2)
    assert [take(roster, found("x0", accuser)) for accuser in ("a", "b", "c", "a")] == [
        Taken.EARLY,
        Taken.EARLY,
        Taken.REFUSED,
        Taken.EARLY,
    ]
    for number in range(1, EARLY_MAX + 1):
        take(roster, found(f"x{number}"))

    for name in ("x0", "x1", f"x{EARLY_MAX}"):
        take(roster, says(name))
    assert [len(roster.entries[name].statements) for name in ("x0", "x1", f"x{EARLY_MAX}")] == [0, 1, 1]


def test_statements_about_later_lives_go_on_waiting() -> None:
    """Until the claim comes that they are about; those that it leaves behind are dropped."""
    roster = roster_of(says("ana"), found("ana", incarnation=1), found("ana", incarnation=2))
    ana = roster.entries["ana"]
    lengths = [len(ana.statements)]

    for incarnation in (1, 3):
        take(roster, says("ana", incarnation))
        lengths.append(len(ana.statements))

    assert lengths == [0, 1, 0]
    assert roster.hash() == roster_of(says("ana", 3)).hash()


def test_graves_are_bounded() -> None:
    """The oldest is forgotten."""
    roster = roster_of()
    for number in range(GRAVES_MAX + 1):
        take(roster, says(f"x{number}"))
        roster.bury(f"x{number}")

    assert len(roster.graves) == GRAVES_MAX
    assert take(roster, says("x0")) is Taken.NEW
    assert take(roster, says("x1")) is Taken.OLD
