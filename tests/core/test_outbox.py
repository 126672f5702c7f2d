"""The outbox: in order, once, and routed before it is drained; what waits for links, ahead of all else."""

from rumor.core.effects import Close, Wake
from rumor.core.events import Problem
from rumor.core.frames import Probe
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


# Links.


def test_what_is_sent_waits_for_its_link_in_order() -> None:
    """The link is woken once, and gives all of it at once; then nothing more."""
    outbox = Outbox()
    outbox.open_link(1)
    outbox.open_link(3)

    outbox.send(1, Probe(1))
    outbox.send(3, Probe(2))
    outbox.send(1, Probe(3))

    assert outbox.drain() == ([Wake(1), Wake(3)], [])
    assert outbox.take(1) == [Probe(1), Probe(3)]
    assert outbox.take(1) == []
    assert outbox.take(3) == [Probe(2)]


def test_a_link_is_woken_again_only_after_it_was_dry() -> None:
    """Until then whoever pulls it comes by anyway."""
    outbox = Outbox()
    outbox.open_link(1)
    outbox.wake(1)
    outbox.drain()

    outbox.take(1)
    outbox.wake(1)
    assert outbox.drain() == ([], [])

    outbox.dry(1)
    outbox.wake(1)
    assert outbox.drain() == ([Wake(1)], [])


def test_machines_are_asked_only_for_what_they_spoke_of() -> None:
    """A control frame is all that a link gets, unless a machine woke the link, or has something to go along with it."""
    outbox = Outbox()
    outbox.open_link(1)

    outbox.send(1, Probe(1))
    assert (outbox.is_awake(1), outbox.has_more(1)) == (True, False)
    outbox.wake(1)
    assert outbox.has_more(1)
    outbox.dry(1)
    assert (outbox.is_awake(1), outbox.has_more(1)) == (False, False)

    outbox.drain()
    outbox.offer(1)
    assert (outbox.is_awake(1), outbox.has_more(1)) == (False, True)
    assert outbox.drain() == ([], [])
    outbox.close_link(1)
    outbox.offer(1)
    assert not outbox.has_more(1)


def test_a_link_that_is_not_there_gets_nothing() -> None:
    """What is sent over a link that is gone, or never was, is dropped without a word."""
    outbox = Outbox()
    outbox.open_link(1)
    outbox.send(1, Probe(1))
    outbox.drain()

    outbox.close_link(1)
    outbox.close_link(9)
    outbox.send(1, Probe(2))
    outbox.wake(1)
    outbox.dry(1)

    assert outbox.drain() == ([], [])
    assert outbox.take(1) == []


def test_a_link_that_takes_nothing_runs_over() -> None:
    """What does not fit any more is dropped, and the link named once; a closed one is not named."""
    outbox = Outbox(control_capacity=1)
    for link in (1, 3, 5):
        outbox.open_link(link)
        outbox.send(link, Probe(1))
    assert outbox.overrun() == []

    for link in (5, 1, 3, 1):
        outbox.send(link, Probe(2))
    outbox.close_link(3)

    assert outbox.overrun() == [5, 1]
    assert outbox.overrun() == []
    assert outbox.take(1) == [Probe(1)]
