"""Patrol: all have their turn, and the doubted come first."""

from random import Random

from rumor.core.directory.patrol import URGENT_MAX, Patrol

ALL = [f"n{number}" for number in range(20)]


def patrol_of(unfit: set[str] | None = None, number: int = 0) -> Patrol:
    """A patrol that visits everybody but these."""
    return Patrol(Random(number), lambda name, now: name not in (unfit or ()))


def test_all_have_their_turn_in_each_round_in_another_order() -> None:
    """Nobody twice before everybody once."""
    patrol = patrol_of()
    first, second = ([patrol.next(ALL, 0.0) for _ in ALL] for _ in range(2))

    assert sorted(map(str, first)) == sorted(map(str, second)) == sorted(ALL)
    assert first != second != ALL


def test_who_is_not_to_be_visited_is_left_out() -> None:
    """Even when that changes in the middle of a round."""
    unfit = {"n3"}
    patrol = patrol_of(unfit)
    seen = [patrol.next(ALL, 0.0) for _ in range(5)]
    unfit |= {name for name in ALL if name not in seen[:2]}

    assert {patrol.next(ALL, 0.0) for _ in range(10)} <= set(seen[:2])
    unfit |= set(ALL)
    assert patrol.next(ALL, 0.0) is None
    assert patrol.next([], 0.0) is None


def test_the_doubted_come_first_and_once() -> None:
    """In any order, so that not all peers go the same way; those that were settled meanwhile are left out."""
    unfit: set[str] = set()
    patrol = patrol_of(unfit)
    for name in ("n7", "n8", "n9", "n9"):
        patrol.doubted(name, 20)
    unfit.add("n8")

    assert {patrol.next(ALL, 0.0), patrol.next(ALL, 0.0)} == {"n7", "n9"}
    unfit |= {"n7", "n9"}
    assert patrol.next(ALL, 0.0) not in unfit


def test_of_a_large_network_only_some_visit_a_doubted_member() -> None:
    """About as many as are stated, of ten thousand."""
    going = 0
    for number in range(10_000):
        patrol = patrol_of(number=number)
        patrol.doubted("n1", 10_000)
        going += patrol.next([], 0.0) is not None

    assert 32 < going < 128


def test_the_doubted_that_wait_are_bounded() -> None:
    """More are left to their turn."""
    patrol = patrol_of()
    for number in range(URGENT_MAX + 10):
        patrol.doubted(f"x{number}", 1)

    assert sum(patrol.next([], 0.0) is not None for _ in range(URGENT_MAX + 10)) == URGENT_MAX
