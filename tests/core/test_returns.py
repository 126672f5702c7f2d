"""Returns: who is cut off again and again says that it lives only when it hears steadily; nobody else waits."""

from hypothesis import given
from hypothesis import strategies as st

from rumor.core.directory.returns import Returns
from rumor.core.hearing import Hearing
from rumor.core.ids import Seconds
from rumor.core.settings import DirectorySettings, LivenessSettings

SETTINGS = DirectorySettings(returns_max=2, returns_within=600.0, steady_for=45.0)


class Node:
    """A node that is found silent now and then, and its ears. It has heard its one neighbor."""

    def __init__(self) -> None:
        self.hearing = Hearing(LivenessSettings())
        self.hearing.begin(1, 0.0)
        self.returns = Returns(SETTINGS, self.hearing)
        self.now: Seconds = 0.0
        self.hear(1.0)

    def hear(self, duration: Seconds) -> None:
        """Hear its neighbor each second, for so long."""
        end = self.now + duration
        while self.now < end:
            self.now += 1.0
            self.hearing.heard(self.now)

    def cut_off(self, duration: Seconds) -> None:
        """Hear nobody for so long, and then its neighbor again."""
        self.now += duration
        self.hearing.heard(self.now)

    def answers(self) -> bool:
        """It is found silent: whether it answers at once."""
        if self.returns.waits_until(self.now) is not None:
            return False
        self.returns.answered(self.now)
        return True


def test_who_is_cut_off_seldom_answers_at_once() -> None:
    """Each partition that heals is over at once, however long it was: twice in ten minutes, and again after those."""
    node = Node()
    for _ in range(3):
        for _ in range(SETTINGS.returns_max):
            node.cut_off(100.0)
            assert node.answers()
        node.hear(SETTINGS.returns_within)


def test_who_is_cut_off_again_and_again_answers_when_it_hears_steadily() -> None:
    """Each gap begins its time anew."""
    node = Node()
    for _ in range(SETTINGS.returns_max):
        node.cut_off(20.0)
        assert node.answers()
        node.hear(20.0)
    for _ in range(3):
        node.cut_off(20.0)
        assert not node.answers()
        node.hear(20.0)
    node.cut_off(20.0)
    heard_from = node.now

    assert node.returns.waits_until(node.now) == heard_from + SETTINGS.steady_for
    node.hear(SETTINGS.steady_for - 1.0)
    assert not node.answers()
    node.hear(1.0)
    assert node.answers()


def test_who_loses_each_neighbor_does_not_hear_steadily() -> None:
    """It hears them, but they don't hear it."""
    node = Node()
    for _ in range(SETTINGS.returns_max):
        node.cut_off(20.0)
        node.answers()
    for link in range(1, 4):
        node.hear(40.0)
        node.hearing.begin(link + 1, node.now)
        node.hearing.end(link)
        assert not node.answers()

    node.hear(SETTINGS.steady_for)
    assert node.answers()


@given(st.lists(st.floats(0.0, 100.0), max_size=50))
def test_who_is_slandered_answers_at_once_always(waits: list[Seconds]) -> None:
    """However often others say that it is silent: it hears its neighbors all the time."""
    node = Node()
    for wait in waits:
        node.hear(wait)
        assert node.answers()


@given(st.lists(st.floats(0.0, 20.0), max_size=50))
def test_one_gap_counts_once(waits: list[Seconds]) -> None:
    """However often others say that it is silent after one: it was cut off no more often than that."""
    node = Node()
    for _ in range(SETTINGS.returns_max):
        node.cut_off(100.0)
        for wait in waits:
            node.hear(wait)
            assert node.answers()
