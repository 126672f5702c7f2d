"""Claims: the total order, hashes, and what tags may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumor.core.directory.claims import (
    NEWS_FOR,
    bucket_of,
    checked_tags,
    claim_bytes,
    claim_hash,
    has_just_come,
    newer,
    text_bytes,
)
from rumor.core.errors import UsageError
from rumor.core.frames import Claim, Claims, Standing
from rumor.core.ids import Address
from rumor.wire.frames import encode

from .helpers import ANA, BO

tags = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x"])).map(lambda each: tuple(sorted(each.items())))
claims = st.builds(
    Claim,
    st.just("ana"),
    st.integers(1, 2),
    st.integers(0, 2),
    st.sampled_from(Standing),
    st.sampled_from([ANA, BO]),
    tags,
    st.integers(0, 1),
)


@given(claims, claims, claims)
def test_precedence_is_a_total_order(one: Claim, two: Claim, three: Claim) -> None:
    """Of two different claims exactly one is newer, and newer than newer is newer."""
    assert [newer(one, two), newer(two, one)].count(True) == (one != two)
    assert not (newer(one, two) and newer(two, three)) or newer(one, three)


@given(claims, claims)
def test_life_comes_first_then_incarnation_then_standing(one: Claim, two: Claim) -> None:
    """What decides is what a member raises itself; the rest only breaks ties."""
    ranks = [(each.epoch, each.incarnation, each.standing) for each in (one, two)]

    assert ranks[0] <= ranks[1] or newer(one, two)


@given(claims, claims)
def test_equal_claims_have_equal_hashes_and_others_not(one: Claim, two: Claim) -> None:
    """A comparison sees every difference in what members say of themselves."""
    assert (claim_hash(one) == claim_hash(two)) == (one == two)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_every_name_has_a_bucket(name: str) -> None:
    """And always the same one, of 64."""
    assert bucket_of(name) == bucket_of(name) in range(64)


def test_tags_are_sorted() -> None:
    """In whatever order they are given, a claim has them in one."""
    assert checked_tags({"b": "2", "a": ""}, 3) == (("a", ""), ("b", "2"))


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ({str(number): "" for number in range(33)}, "33 tags; at most 32"),
        ({"": "x"}, "1 to 64 printable"),
        ({"k" * 65: "x"}, "1 to 64 printable"),
        ({"a\nb": "x"}, "1 to 64 printable"),
        ({"\ud800": "x"}, "1 to 64 printable"),
        ({"a": "x" * 256}, "at most 255 characters"),
        ({"a": "\ud800"}, "at most 255 characters"),
        ({"a": "é" * 50}, "101 bytes; at most 100"),
    ],
)
def test_unfit_tags_are_refused(tags: dict[str, str], says: str) -> None:
    """The error says what does not fit."""
    with pytest.raises(UsageError, match=says):
        checked_tags(tags, 100)


def test_the_longest_tags_are_taken() -> None:
    """The bounds themselves are within bounds."""
    tags = {f"{number:064}": "v" * 255 for number in range(32)}

    assert dict(checked_tags(tags, 32 * 319)) == tags


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200), tags)
def test_the_estimate_of_a_claim_is_an_upper_bound(name: str, tags: tuple[tuple[str, str], ...]) -> None:
    """So that a frame that is filled by it keeps its limit."""
    claim = Claim(name, 1 << 62, 1 << 40, Standing.AWAY, Address("fe80::1234:5678:9abc:def0", 65535), tags, 1 << 62)

    assert claim_bytes(claim) >= len(encode(Claims((claim,)))) - 16
    assert text_bytes(name) == len(name.encode())


@pytest.mark.parametrize(("ahead", "is_news"), [(-NEWS_FOR, False), (1 - NEWS_FOR, True), (0, True), (NEWS_FOR, False)])
def test_who_began_lately_is_news(ahead: int, *, is_news: bool) -> None:
    """Not who seems to begin later: then it is our clock that says nothing of anybody."""
    claim = Claim("ana", 1_700_000_000_000 + ahead, 0, Standing.ALIVE, ANA)

    assert has_just_come(claim, 1_700_000_000_000) is is_news
