"""Hearing: since when a node hears its neighbors without a gap, and keeps one."""

from rumor.core.hearing import Hearing
from rumor.core.ids import Seconds
from rumor.core.settings import LivenessSettings

GAP: Seconds = 3.0
"""Three intervals of a second."""


def hearing(*moments: Seconds) -> Hearing:
    """A node that has a neighbor from the beginning, and hears it at these moments."""
    ears = Hearing(LivenessSettings())
    ears.begin(1, 0.0)
    for moment in moments:
        ears.heard(moment)
    return ears


def test_who_hears_somebody_now_and_then_hears_without_a_gap() -> None:
    """A silence as long as a neighbor may keep is none."""
    ears = hearing(1.0, 1.0 + GAP)

    assert ears.steady_since(1.0 + 2 * GAP) == 0.0


def test_a_gap_begins_all_anew() -> None:
    """From the first sign after it; and while it lasts, from now."""
    ears = hearing(1.0)
    assert ears.steady_since(4.5) == 4.5

    ears.heard(5.0)
    ears.heard(6.0)

    assert ears.steady_since(7.0) == 5.0


def test_a_pause_of_our_own_is_no_gap() -> None:
    """Who was stopped could not hear; what comes right after that tells that it is there again."""
    ears = hearing(1.0)
    ears.paused(20.0)
    ears.heard(20.1)

    assert ears.steady_since(21.0) == 0.0


def test_who_has_no_neighbor_yet_misses_none() -> None:
    """It waits for the first one, however long, a pause included."""
    ears = Hearing(LivenessSettings())
    ears.paused(50.0)
    assert ears.steady_since(100.0) == 100.0

    ears.begin(1, 100.5)
    ears.heard(101.0)
    assert ears.steady_since(102.0) == 100.5


def test_without_a_neighbor_that_stays_nobody_is_steady() -> None:
    """Who is heard by nobody may hear well: each neighbor parts with it soon. The one that stays longest counts."""
    ears = hearing(1.0, 2.0, 3.0, 4.0)
    ears.begin(2, 2.0)
    ears.begin(3, 4.0)
    assert ears.steady_since(5.0) == 0.0

    ears.end(1)
    assert ears.steady_since(5.0) == 2.0

    ears.end(2)
    ears.end(3)
    assert ears.steady_since(5.0) == 5.0
