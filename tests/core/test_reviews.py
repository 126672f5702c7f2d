"""Reviews: each name at its moment, once, and nothing piles up."""

from rumor.core.directory.reviews import SLACK, Reviews


def test_each_is_given_once_when_its_moment_has_come() -> None:
    """The soonest first, and not those that were moved or taken out."""
    reviews = Reviews()
    reviews.plan("ana", 3.0)
    reviews.plan("bo", 1.0)
    reviews.plan("cy", 2.0)
    reviews.plan("di", 1.5)
    reviews.plan("cy", 9.0)
    reviews.plan("di", None)
    reviews.plan("nobody", None)

    assert reviews.due(0.5) == []
    assert reviews.next_deadline() == 1.0
    assert reviews.due(3.0) == ["bo", "ana"]
    assert reviews.due(3.0) == []
    assert reviews.next_deadline() == 9.0
    reviews.plan("cy", None)
    assert reviews.next_deadline() is None


def test_moments_that_are_out_of_date_do_not_pile_up() -> None:
    """Whatever is planned anew and anew, only some more are kept than there are names."""
    reviews = Reviews()
    for number in range(100 * SLACK):
        reviews.plan(f"n{number % 4}", 1.0 + number)

    assert len(reviews._heap) <= 2 * 4 + SLACK
    assert len(reviews.due(1e9)) == 4
