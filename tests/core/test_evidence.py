"""Evidence: when a member is dead, which statements are held, and whose do not count."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumor.core.directory.evidence import ACCUSERS_MAX, Trust, is_dead, statement_bytes, statement_hash, with_statement
from rumor.core.frames import Claims, Statement, Verdict
from rumor.core.settings import DirectorySettings
from rumor.wire.frames import encode

EVIDENCE = [Verdict.SILENT, Verdict.UNREACHABLE, Verdict.REFUSED]
BY_LINK = [Verdict.SILENT, Verdict.REFUSED]


def found(accuser: str, verdict: Verdict = Verdict.REFUSED, *watchers: str) -> Statement:
    """What somebody found of vic."""
    return Statement("vic", 1, 0, accuser, verdict, watchers=watchers)


def dead(*statements: Statement, gone: str = "", distrusted: str = "") -> bool:
    """Whether vic is dead by these, when those named are gone, or not trusted."""
    return is_dead(
        statements, is_gone=lambda name: name in gone.split(), is_trusted=lambda name: name not in distrusted.split()
    )


statements = st.builds(
    Statement,
    st.just("vic"),
    st.just(1),
    st.just(0),
    st.sampled_from(["ana", "bo", "cy", "di", "ed"]),
    st.sampled_from(Verdict),
    misses=st.integers(0, 2),
    watchers=st.sampled_from([(), ("bo",), ("ana", "cy")]),
)


@pytest.mark.parametrize("first", EVIDENCE)
@pytest.mark.parametrize("second", EVIDENCE)
def test_two_accusers_suffice(first: Verdict, second: Verdict) -> None:
    """Whatever they saw, and whoever else watches."""
    assert dead(found("ana", first, "cy"), found("bo", second, "cy"))


@pytest.mark.parametrize("verdict", EVIDENCE)
def test_two_findings_of_one_accuser_are_one(verdict: Verdict) -> None:
    """Who says it twice is still alone."""
    assert not dead(found("ana", verdict, "cy"), found("ana", Verdict.SILENT, "cy"))


@pytest.mark.parametrize("verdict", EVIDENCE)
def test_a_doubt_is_no_evidence(verdict: Verdict) -> None:
    """Suspicion adds nothing to what one other found."""
    assert not dead(found("ana", Verdict.SUSPECT))
    assert not dead(found("ana", Verdict.SUSPECT), found("bo", Verdict.SUSPECT))
    assert not dead(found("ana", Verdict.SUSPECT), found("bo", verdict, "cy"))


@pytest.mark.parametrize("verdict", BY_LINK)
def test_who_watches_alone_decides_alone(verdict: Verdict) -> None:
    """If nobody else did, nobody else can say."""
    assert dead(found("ana", verdict))
    assert dead(found("ana", verdict, "ana", "vic"))


@pytest.mark.parametrize("verdict", BY_LINK)
def test_who_is_left_of_the_watchers_decides_alone(verdict: Verdict) -> None:
    """If all others are gone themselves."""
    assert not dead(found("ana", verdict, "bo", "cy"), gone="bo")
    assert dead(found("ana", verdict, "bo", "cy"), gone="bo cy")


def test_a_patrol_alone_never_decides() -> None:
    """Who has no link may be the one that is cut off."""
    assert not dead(found("ana", Verdict.UNREACHABLE))
    assert not dead(found("ana", Verdict.UNREACHABLE, "bo"), gone="bo")


def test_who_is_not_trusted_counts_nothing() -> None:
    """Neither as the second accuser nor alone."""
    assert not dead(found("ana"), distrusted="ana")
    assert not dead(found("ana"), found("bo", Verdict.SILENT, "cy"), distrusted="ana")
    assert dead(found("ana"), found("bo"), found("cy"), distrusted="ana")


def test_nothing_is_no_evidence() -> None:
    """Without statements everybody lives."""
    assert not dead()


@given(st.lists(statements, max_size=12), st.integers(1, 5))
def test_what_is_held_does_not_depend_on_the_order(said: list[Statement], most: int) -> None:
    """The strongest of each accuser, of all the strongest, whatever comes first or twice."""
    ends = set()
    for order in (said, said[::-1], sorted(said, key=lambda each: each.accuser), said + said):
        held: tuple[Statement, ...] = ()
        for statement in order:
            held = with_statement(held, statement, most)
        ends.add(held)

    (held,) = ends
    assert len(held) == min(most, len({each.accuser for each in said}))
    assert len({each.accuser for each in held}) == len(held)


def test_evidence_goes_before_doubts_when_there_is_no_room() -> None:
    """What decides is kept."""
    said = [found("ana", Verdict.SUSPECT), found("bo"), found("cy", Verdict.SILENT)]

    for order in permutations(said):
        held: tuple[Statement, ...] = ()
        for statement in order:
            held = with_statement(held, statement, 2)
        assert [each.accuser for each in held] == ["bo", "cy"]


@given(statements, statements)
def test_equal_statements_have_equal_hashes_and_others_not(one: Statement, two: Statement) -> None:
    """A comparison sees every difference in what was found."""
    assert (statement_hash(one) == statement_hash(two)) == (one == two)


@given(statements)
def test_the_estimate_of_a_statement_is_an_upper_bound(statement: Statement) -> None:
    """So that a frame that is filled by it keeps its limit."""
    assert statement_bytes(statement) >= len(encode(Claims((), (statement,)))) - 10


def test_three_refuted_accusations_take_the_weight_away_for_a_while() -> None:
    """Until the first of the last three is a minute old."""
    trust = Trust(DirectorySettings(distrust_after=3, distrust_for=60.0))
    trust.refuted(about("vic", 0), 0.0)
    trust.refuted(about("vic", 1), 10.0)
    assert trust.distrusted_until("ana") is None

    trust.refuted(about("tim", 1), 20.0)
    assert trust.distrusted_until("ana") == 60.0
    trust.refuted(about("tim", 2), 30.0)
    assert trust.distrusted_until("ana") == 70.0
    assert trust.distrusted_until("bo") is None


def test_one_accusation_is_in_vain_once() -> None:
    """However often it is heard; and a mere doubt is none."""
    trust = Trust(DirectorySettings(distrust_after=2))
    for moment in range(5):
        trust.refuted(about("vic", 0), float(moment))
        trust.refuted(Statement("vic", 1, moment, "ana", Verdict.SUSPECT), float(moment))

    assert trust.distrusted_until("ana") is None


def about(name: str, incarnation: int) -> Statement:
    """What ana found of somebody."""
    return Statement(name, 1, incarnation, "ana", Verdict.UNREACHABLE)


def test_so_many_accusers_are_remembered_and_no_more() -> None:
    """The one that was not refuted longest is forgotten first."""
    trust = Trust(DirectorySettings(distrust_after=1))
    for number in range(ACCUSERS_MAX):
        trust.refuted(found(str(number)), 0.0)
    trust.refuted(found("0"), 1.0)
    trust.refuted(found("more"), 2.0)

    assert trust.distrusted_until("0") is not None
    assert trust.distrusted_until("1") is None
    assert trust.distrusted_until("2") is not None
