"""The outbox: in order, once, and routed before it is drained."""

from rumor.core.effects import Close
from rumor.core.events import Problem
from rumor.core.outbox import Outbox


def test_effects_and_events_leave_once_and_in_order() -> None:
    """`drain` gives what was left since the last one, in the order in which it was decided, and nothing twice."""
    outbox = Outbox()
    outbox.do(Close(2))
    outbox.say(Problem("b"))
    outbox.do(Close(1))
    outbox.say(Problem("a"))

    assert outbox.drain() == ([Close(2), Close(1)], [Problem("b"), Problem("a")])
    assert outbox.drain() == ([], [])


def test_each_event_is_routed_once() -> None:
    """The composer sees each event once, those too that come while it routes, and then None."""
    outbox = Outbox()
    outbox.say(Problem("first"))

    assert outbox.next_unrouted() == Problem("first")
    outbox.say(Problem("second"))
    assert [outbox.next_unrouted(), outbox.next_unrouted()] == [Problem("second"), None]


def test_routing_takes_nothing_out() -> None:
    """An event that was routed is still handed to the application."""
    outbox = Outbox()
    outbox.say(Problem("told"))

    outbox.next_unrouted()

    assert outbox.drain() == ([], [Problem("told")])


def test_routing_begins_anew_after_a_drain() -> None:
    """After a drain the composer sees the next event, not one that is gone."""
    outbox = Outbox()
    outbox.say(Problem("old"))
    outbox.next_unrouted()
    outbox.drain()

    assert outbox.next_unrouted() is None
    outbox.say(Problem("new"))
    assert outbox.next_unrouted() == Problem("new")
