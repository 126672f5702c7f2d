"""Window: how much of what we said may be unacknowledged."""

from rumor.core.broadcast.window import Window
from rumor.core.settings import BroadcastSettings

SETTINGS = BroadcastSettings(window_min=100, window_budget=1600, cut_patience=5.0)


def window_for(members: int, *sizes: int) -> Window:
    """A window that has begun, with runs 1, 2, 3 … of these sizes under way, ten rumors each."""
    window = Window(SETTINGS)
    window.begin(members)
    for number, size in enumerate(sizes, 1):
        window.sent(number, size, 10 * number)
    return window


def room_of(window: Window, active: int = 1) -> int:
    """How many bytes may be unacknowledged in all: has_room says no at that many."""
    return next(size for size in range(1, 5000) if not window.has_room(size - window.unacknowledged_bytes, active))


def test_the_first_size_is_a_share_of_the_budget() -> None:
    """By how many members are known, never below the least."""
    assert [room_of(window_for(members)) for members in (0, 1, 4, 1000)] == [1600, 1600, 400, 100]


def test_a_window_begins_once() -> None:
    """What is learned of members afterwards does not change it."""
    window = window_for(4)

    window.begin(1)

    assert room_of(window) == 400


def test_one_run_may_always_go() -> None:
    """With nothing unacknowledged there is room, however many are active."""
    window = window_for(1000)

    assert window.has_room(0, 1000)
    window.sent(1, 5000, 1)
    assert not window.has_room(0, 1)


def test_before_it_begins_a_few_members_are_reckoned_with() -> None:
    """What is said before any is known has room for a share of the budget."""
    assert room_of(Window(SETTINGS)) == 200


def test_what_is_under_way_and_what_has_begun_fill_it() -> None:
    """There is room for more up to the window's size, the open run counted."""
    window = window_for(16, 60)

    assert [window.has_room(size, 1) for size in (0, 39, 40)] == [True, True, False]


def test_an_acknowledgement_makes_room_and_doubles_the_window() -> None:
    """Runs up to the tree's number are done with; their last rumor is what is acknowledged."""
    window = window_for(16, 30, 40, 50)

    assert window.on_tree(2, 1)

    assert (window.acknowledged, window.unacknowledged_bytes, room_of(window)) == (20, 50, 200)


def test_an_acknowledgement_that_brings_nothing_new_changes_nothing() -> None:
    """Only a step forward doubles."""
    window = window_for(16, 30)
    assert not window.on_tree(0, 1)
    assert window.on_tree(1, 1)

    assert not window.on_tree(1, 1)

    assert (window.acknowledged, window.unacknowledged_bytes, room_of(window)) == (10, 0, 200)


def test_the_window_doubles_up_to_its_share_of_the_budget() -> None:
    """The share is that of one among the active streams."""
    window = window_for(16)
    for number in range(1, 10):
        window.sent(number, 10, number)
        window.on_tree(number, 2)

    assert room_of(window, active=2) == 800
    assert room_of(window, active=1) == 800


def test_the_window_shrinks_as_others_become_active() -> None:
    """At once, down to the least."""
    window = window_for(1)

    assert [room_of(window, active) for active in (1, 2, 8, 1000)] == [1600, 800, 200, 100]


def test_runs_that_are_not_kept_do_not_fill_the_window() -> None:
    """Nobody can acknowledge them any more; they count as acknowledged only with what follows."""
    window = window_for(16, 30, 40, 50)

    window.forget(3)

    assert (window.acknowledged, window.unacknowledged_bytes) == (0, 50)
    window.on_tree(3, 1)
    assert (window.acknowledged, window.unacknowledged_bytes) == (30, 0)
    window.forget(9)


def test_when_nobody_counts_it_is_stuck_after_the_patience() -> None:
    """The patience begins when that is first noticed, and its end is a deadline until it was said."""
    window = window_for(1, 10)
    assert window.stuck_until() is None

    assert not window.stuck(3.0)
    assert window.stuck_until() == 8.0
    assert not window.stuck(7.9)
    assert window.stuck(8.0)
    window.unstick()
    assert window.stuck_until() is None
    assert window.stuck(9.0)


def test_an_acknowledgement_begins_the_patience_anew() -> None:
    """A window that moves is not stuck."""
    window = window_for(1, 10, 10)
    window.stuck(3.0)
    window.unstick()

    window.on_tree(1, 1)

    assert window.stuck_until() is None
    assert not window.stuck(20.0)
    assert window.stuck_until() == 25.0


def test_that_nothing_is_stuck_need_not_be_said() -> None:
    """Before anything was stuck there is nothing to end."""
    window = window_for(1, 10)

    window.unstick()

    assert not window.stuck(3.0)
    assert window.stuck_until() == 8.0
