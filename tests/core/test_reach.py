"""Reach: who is on our side, and when a partition is likely."""

from rumor.core.directory.reach import ReachWatch
from rumor.core.members import Reach, State
from rumor.core.settings import DirectorySettings

DAWN = 1_000_000.0


def watch_of(size: int) -> ReachWatch:
    """So many members, all alive: n0, n1 …"""
    watch = ReachWatch(DirectorySettings(parted_share=0.2, parted_within=30.0))
    watch.begin(DAWN)
    for number in range(size):
        watch.moved(f"n{number}", None, State.ALIVE, 0.0)
    assert watch.look(0.0, DAWN) is None
    return watch


def die(watch: ReachWatch, now: float, *numbers: int) -> None:
    """Let these die."""
    for number in numbers:
        watch.moved(f"n{number}", State.ALIVE, State.DEAD, now)


def come_back(watch: ReachWatch, now: float, *numbers: int) -> None:
    """Let these be alive again."""
    for number in numbers:
        watch.moved(f"n{number}", State.DEAD, State.ALIVE, now)


def test_who_is_not_dead_is_on_our_side() -> None:
    """Suspects and those that are away too; who left or was reaped belongs to neither."""
    watch = watch_of(6)
    watch.moved("n0", State.ALIVE, State.SUSPECT, 1.0)
    watch.moved("n1", State.ALIVE, State.AWAY, 1.0)
    watch.moved("n2", State.ALIVE, State.LEFT, 1.0)
    die(watch, 1.0, 3, 4)
    watch.moved("n3", State.DEAD, None, 1.0)

    assert watch.reach() == Reach(here=3, known=4, parted=False, since=DAWN)


def test_a_great_share_at_once_is_a_partition_until_nearly_all_are_back() -> None:
    """Told once when it opens, and once when it heals; more that die meanwhile belong to it."""
    watch = watch_of(50)
    die(watch, 10.0, *range(9))
    assert watch.look(10.0, DAWN + 10) is None
    die(watch, 11.0, 9)
    assert watch.look(11.0, DAWN + 11) == Reach(here=40, known=50, parted=True, since=DAWN + 11)
    die(watch, 12.0, *range(10, 20))
    assert watch.look(12.0, DAWN + 12) is None

    come_back(watch, 500.0, *range(17))
    assert watch.look(500.0, DAWN + 500) is None
    watch.moved("n17", State.DEAD, None, 501.0)
    assert watch.look(501.0, DAWN + 501) == Reach(here=47, known=49, parted=False, since=DAWN + 501)


def test_one_after_the_other_is_no_partition() -> None:
    """However many they are in the end."""
    watch = watch_of(20)
    for number in range(10):
        die(watch, 15.0 * number, number)
        assert watch.look(15.0 * number, DAWN) is None


def test_one_of_two_is_no_partition() -> None:
    """A single death never is, whatever the share."""
    watch = watch_of(3)
    die(watch, 1.0, 1)
    assert watch.look(1.0, DAWN) is None
    die(watch, 2.0, 2)
    assert watch.look(2.0, DAWN) is not None


def test_who_came_back_does_not_count_as_lost() -> None:
    """Of those that died lately only who is dead still."""
    watch = watch_of(10)
    die(watch, 1.0, 1)
    come_back(watch, 2.0, 1)
    die(watch, 3.0, 2)

    assert watch.look(3.0, DAWN) is None


def test_who_was_dead_before_we_came_is_no_loss_of_ours() -> None:
    """A newcomer is told of the dead of the last hour all at once."""
    watch = watch_of(4)
    for number in range(4, 9):
        watch.moved(f"n{number}", None, State.DEAD, 1.0)

    assert watch.look(1.0, DAWN) is None
    assert watch.reach() == Reach(here=4, known=9, parted=False, since=DAWN)
