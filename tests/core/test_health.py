"""Local health: what makes more patient counts at once, what makes less so at the end of a round."""

from hypothesis import given
from hypothesis import strategies as st

from rumor.core.liveness.health import Health
from rumor.core.settings import LivenessSettings, ProbeSettings


def health(strikes_max: int = 3) -> Health:
    """One with three levels at most."""
    return Health(LivenessSettings(interval=3.0, strikes_max=strikes_max), ProbeSettings(health_max=3, late_after=0.1))


def test_as_many_probes_as_strikes_fit_into_the_bound() -> None:
    """An interval of silence, and then that many patiences, are that many intervals."""
    assert [health(strikes).patience for strikes in (1, 2, 3)] == [3.0, 1.5, 2.0]


def test_a_late_loop_counts_at_once_and_once_a_round() -> None:
    """Ten late ticks in a row are one sign."""
    own = health()
    for _ in range(10):
        own.woke(0.2)

    assert (own.level, own.patience) == (1, 4.0)


def test_a_little_late_is_on_time() -> None:
    """A loop is never quite on time."""
    own = health()
    own.woke(0.1)

    assert own.level == 0


def test_a_clean_round_makes_less_patient() -> None:
    """One level each, down to none."""
    own = health()
    own.woke(0.2)
    own.review(answers_late=True)
    assert own.level == 2
    levels = []
    for _ in range(3):
        own.review(answers_late=False)
        levels.append(own.level)

    assert levels == [1, 0, 0]


def test_a_round_with_a_late_loop_is_not_clean() -> None:
    """It stays as it is."""
    own = health()
    own.woke(0.2)
    own.review(answers_late=False)

    assert own.level == 1


def test_a_round_is_an_interval() -> None:
    """They follow each other, however often it is asked."""
    own = health()

    assert [now for now in (0.0, 1.0, 2.9, 3.0, 5.9, 7.0) if own.ends_round(now)] == [0.0, 3.0, 7.0]


def test_the_worst_lateness_of_two_rounds_is_told() -> None:
    """It belongs to the evidence: how late was the accuser itself?"""
    own = health()
    own.woke(0.5)
    own.woke(0.2)
    own.review(answers_late=False)
    own.woke(0.1)
    assert own.lateness == 0.5
    own.review(answers_late=False)

    assert own.lateness == 0.1


@given(st.lists(st.tuples(st.floats(0, 10), st.booleans())))
def test_patience_has_bounds(rounds: list[tuple[float, bool]]) -> None:
    """Never below what it is while all is well, never above what is set."""
    own = health()
    for late, answers_late in rounds:
        own.woke(late)
        assert 2.0 <= own.patience <= 8.0
        own.review(answers_late=answers_late)
        assert 2.0 <= own.patience <= 8.0
