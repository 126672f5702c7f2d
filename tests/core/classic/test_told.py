"""Told texts: what a text told is not told again by a run."""

from rumor.core.classic.told import ToldTexts, timestamp_of
from rumor.core.frames import Lane, Run
from rumor.core.messages import Gossip

from ..helpers import ANA, BO

AT = 1_700_000_000_000_001
"""Microseconds at which everything is said here."""


def run_of(first: int, *payloads: bytes, origin: str = str(ANA), lane: Lane = Lane.APP) -> Run:
    """A run that was said at that moment."""
    return Run(origin, 1, lane, first, first, AT, "", list(payloads))


def text_of(number: int) -> Gossip:
    """The text of a rumor of ANA's that was said at that moment."""
    return Gossip("1700000000.000001", ANA, number, ":a")


def texts(*numbers: int, capacity: int = 100) -> ToldTexts:
    """Told these rumors of ANA."""
    told = ToldTexts(capacity)
    for number in numbers:
        told.add(text_of(number))
    return told


def test_a_timestamp_is_seconds_with_six_digits_after_the_point() -> None:
    """Every bridge writes the same, as an original node might."""
    assert timestamp_of(run_of(1, b"a")) == "1700000000.000001"


def test_a_run_of_which_nothing_was_told_is_whole() -> None:
    """Another origin's run, one on another lane, and one with other numbers go through as they are."""
    told = texts(9)
    other, carried, later = (
        run_of(9, b"a", origin=str(BO)),
        run_of(9, b"a", lane=Lane.CARRIED),
        run_of(10, b"a", b"b"),
    )

    assert [told.without(run) for run in (other, carried, later)] == [[other], [carried], [later]]


def test_what_was_told_is_left_out() -> None:
    """What remains keeps its numbers, in as many pieces as it takes."""
    told = texts(2, 4)

    assert told.without(run_of(1, b"1", b"2", b"3", b"4", b"5", b"6")) == [
        run_of(1, b"1"),
        _numbered(run_of(3, b"3")),
        _numbered(run_of(5, b"5", b"6")),
    ]


def test_a_run_that_was_told_whole_is_nothing() -> None:
    """Nothing is left of it."""
    assert texts(1, 2).without(run_of(1, b"1", b"2")) == []


def test_a_rumor_of_another_moment_is_another_rumor() -> None:
    """The numbers of an origin's next life begin anew: the timestamp tells them apart."""
    told = ToldTexts()
    told.add(Gossip("1.5", ANA, 1, ":a"))

    assert told.without(run_of(1, b"1")) == [run_of(1, b"1")]


def test_the_oldest_is_forgotten_first() -> None:
    """When full, the first one goes, and with its last one an origin."""
    told = texts(1, 2, capacity=2)
    told.add(text_of(2))
    assert told.origins == {str(ANA): 2}

    told.add(Gossip("1.5", BO, 1))
    assert told.origins == {str(ANA): 1, str(BO): 1}
    assert told.without(run_of(1, b"1", b"2")) == [run_of(1, b"1")]

    told.add(Gossip("1.5", BO, 2))
    assert told.origins == {str(BO): 2}


def _numbered(run: Run) -> Run:
    """A piece of run 1."""
    return Run(run.origin, run.epoch, run.lane, 1, run.first, run.timestamp, run.topic, run.payloads)
