"""Liveness: three misses in a row, and nothing less."""

import pytest

from rumor.core.classic.liveness import ClassicLiveness
from rumor.core.effects import Ask
from rumor.core.events import NeighborDied, Strike
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import LivenessReply, LivenessRequest
from rumor.core.outbox import Outbox
from rumor.core.settings import LivenessSettings

from ..helpers import ANA, BO, ME, clock, timestamp


def liveness_of(
    *neighbors: Address, interval: Seconds = 13.0, timeout: Seconds = 5.0, strikes_max: int = 3
) -> tuple[ClassicLiveness, Outbox]:
    """Liveness that began to watch these neighbors at moment 0, with their first requests under way."""
    outbox = Outbox()
    settings = LivenessSettings(interval=interval, timeout=timeout, strikes_max=strikes_max)
    liveness = ClassicLiveness(Identity(ME), clock(), settings, outbox)
    for neighbor in neighbors:
        liveness.watch(neighbor, 0.0)
    outbox.drain()
    return liveness, outbox


def request(now: Seconds) -> LivenessRequest:
    """The request that goes out at that moment."""
    return LivenessRequest(timestamp(now), ME.host)


def ask(neighbor: Address, now: Seconds) -> Ask:
    """The request to a neighbor at that moment."""
    return Ask(neighbor, request(now), 5.0)


def reply(now: Seconds, neighbor: Address = ANA) -> LivenessReply:
    """The right answer to the request of that moment."""
    return LivenessReply(timestamp(now), ME.host, neighbor.host)


def test_the_first_request_goes_at_once() -> None:
    """A new neighbor is asked in the moment in which it is watched."""
    liveness, outbox = liveness_of()

    liveness.watch(ANA, 2.0)

    assert outbox.drain() == ([ask(ANA, 2.0)], [])
    assert liveness.next_deadline() is None


def test_requests_go_at_each_interval() -> None:
    """After an answer the next request is due one interval after the last, not after the answer."""
    liveness, outbox = liveness_of(ANA)

    liveness.on_reply(ANA, request(0.0), reply(0.0), 1.0)
    assert outbox.drain() == ([], [])
    assert liveness.next_deadline() == 13.0

    liveness.tick(12.9)
    assert outbox.drain() == ([], [])
    liveness.tick(13.0)
    assert outbox.drain() == ([ask(ANA, 13.0)], [])


def test_one_request_at_a_time_is_under_way() -> None:
    """While a request is unanswered no other goes to that neighbor, however late it gets."""
    liveness, outbox = liveness_of(ANA)

    liveness.tick(1000.0)

    assert outbox.drain() == ([], [])


def test_an_answer_after_the_interval_makes_the_next_request_due_at_once() -> None:
    """When a timeout is longer than the interval, the next request follows without another wait."""
    liveness, _ = liveness_of(ANA, interval=1.0)

    liveness.on_failure(ANA, request(0.0), 5.0)

    assert liveness.next_deadline() == 5.0


def test_each_neighbor_has_its_own_requests() -> None:
    """What one neighbor answers says nothing of another."""
    liveness, outbox = liveness_of(ANA, BO)

    liveness.on_reply(ANA, request(0.0), reply(0.0), 1.0)
    liveness.tick(13.0)

    assert outbox.drain() == ([ask(ANA, 13.0)], [])


def test_three_failures_in_a_row_are_death() -> None:
    """Each failure is a strike, the third is death, and a dead neighbor is watched no more."""
    liveness, outbox = liveness_of(ANA)

    for now in (0.0, 13.0, 26.0):
        liveness.tick(now)
        liveness.on_failure(ANA, request(now), now + 5.0)

    assert outbox.drain() == (
        [ask(ANA, 13.0), ask(ANA, 26.0)],
        [Strike(ANA, 1), Strike(ANA, 2), Strike(ANA, 3), NeighborDied(ANA)],
    )
    assert liveness.next_deadline() is None


def test_an_answer_makes_the_strikes_forgotten() -> None:
    """Two failures and an answer are no death: the count begins anew."""
    liveness, outbox = liveness_of(ANA)
    for now in (0.0, 13.0):
        liveness.tick(now)
        liveness.on_failure(ANA, request(now), now)
    liveness.tick(26.0)
    liveness.on_reply(ANA, request(26.0), reply(26.0), 26.0)
    outbox.drain()

    liveness.tick(39.0)
    liveness.on_failure(ANA, request(39.0), 39.0)

    assert outbox.drain() == ([ask(ANA, 39.0)], [Strike(ANA, 1)])


@pytest.mark.parametrize("strikes_max", [1, 2, 5])
def test_the_number_of_strikes_can_be_set(strikes_max: int) -> None:
    """As many failures as the settings say are death."""
    liveness, outbox = liveness_of(ANA, strikes_max=strikes_max)

    for moment in range(strikes_max):
        liveness.tick(13.0 * moment)
        liveness.on_failure(ANA, request(13.0 * moment), 13.0 * moment)

    strikes = [Strike(ANA, count) for count in range(1, strikes_max + 1)]
    assert outbox.drain()[1] == [*strikes, NeighborDied(ANA)]


def test_an_answer_to_something_else_is_a_failure() -> None:
    """A reply with another timestamp than the request's shows no life."""
    liveness, outbox = liveness_of(ANA)

    liveness.on_reply(ANA, request(0.0), reply(99.0), 1.0)

    assert outbox.drain() == ([], [Strike(ANA, 1)])
    assert liveness.next_deadline() == 13.0


def test_what_comes_of_an_earlier_request_does_not_count() -> None:
    """Neither answer nor failure of a request that is over says anything of the one under way."""
    liveness, outbox = liveness_of(ANA)
    liveness.on_failure(ANA, request(0.0), 5.0)
    liveness.tick(13.0)
    outbox.drain()

    liveness.on_reply(ANA, request(0.0), reply(0.0), 14.0)
    liveness.on_failure(ANA, request(0.0), 14.0)
    assert outbox.drain() == ([], [])

    liveness.on_failure(ANA, request(13.0), 18.0)
    assert outbox.drain() == ([], [Strike(ANA, 2)])


def test_who_is_no_neighbor_any_more_is_not_asked() -> None:
    """After the watch has ended nothing is due, and what still comes is nobody's."""
    liveness, outbox = liveness_of(ANA)

    liveness.unwatch(ANA)
    liveness.on_failure(ANA, request(0.0), 1.0)
    liveness.on_reply(ANA, request(0.0), reply(0.0), 1.0)
    liveness.tick(100.0)

    assert outbox.drain() == ([], [])
    assert liveness.next_deadline() is None


def test_a_planned_request_ends_with_the_watch() -> None:
    """A request that was due later is not sent to who is no neighbor any more."""
    liveness, outbox = liveness_of(ANA)
    liveness.on_reply(ANA, request(0.0), reply(0.0), 1.0)

    liveness.unwatch(ANA)
    liveness.tick(13.0)

    assert outbox.drain() == ([], [])


def test_a_watch_that_ended_can_end_again() -> None:
    """To stop watching who is not watched does no harm."""
    liveness, outbox = liveness_of()

    liveness.unwatch(ANA)

    assert outbox.drain() == ([], [])


def test_a_neighbor_that_comes_back_begins_without_strikes() -> None:
    """Strikes of an earlier time as our neighbor are forgotten."""
    liveness, outbox = liveness_of(ANA)
    liveness.on_failure(ANA, request(0.0), 5.0)
    liveness.unwatch(ANA)
    outbox.drain()

    liveness.watch(ANA, 20.0)
    liveness.on_failure(ANA, request(20.0), 25.0)

    assert outbox.drain() == ([ask(ANA, 20.0)], [Strike(ANA, 1)])
