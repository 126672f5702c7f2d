"""Counting who has a rumor: exact where all can be asked, never more than there are."""

import asyncio
from collections.abc import Sequence

import pytest

from rumor.aio import coverage, publishing
from rumor.aio.publishing import Delivery, Progress, Receipt
from rumor.core.ids import Seconds
from tests.aio.test_api import until
from tests.aio.test_coverage import FakeCore


class Estimate:
    """What the acknowledgements say."""

    def __init__(self, peers: int, *, complete: bool = True) -> None:
        self._reached = Delivery(complete, peers)

    def has_room(self, now: Seconds) -> bool:
        return True

    def receipt(self, number: int, now: Seconds) -> Delivery:
        return self._reached


def receipt(estimate: Estimate, core: FakeCore) -> Receipt:
    """Of a rumor of which so many peers acknowledged; the members are those of `core`."""
    return Receipt(7, Progress(estimate, lambda: 0.0, core.census))


async def count(estimate: Estimate, core: FakeCore, answer: Sequence[str]) -> Delivery:
    """Count, while these members answer."""
    counting = asyncio.create_task(receipt(estimate, core).counted(0.01))
    await until(lambda: bool(core.asked) or counting.done(), "all are asked")
    core.answer(*answer)
    return await counting


@pytest.mark.parametrize("estimate", [1, 2, 3])
async def test_each_member_counts_once(estimate: int) -> None:
    """Whatever the acknowledgements of one that moved say."""
    assert await count(Estimate(estimate), FakeCore("ana", "bo"), ["ana", "bo"]) == Delivery(True, 2)


async def test_who_does_not_say_so_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for a moment; whether it is complete is for the acknowledgements to say."""
    monkeypatch.setattr(publishing, "COUNTING_TIMEOUT", 0.01)

    assert await count(Estimate(2, complete=False), FakeCore("ana", "bo"), ["ana"]) == Delivery(False, 1)


async def test_when_nobody_can_be_asked_it_is_an_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """But of no more than there are."""
    monkeypatch.setattr(publishing, "COUNTING_TIMEOUT", 0.01)

    assert await count(Estimate(3), FakeCore("ana", "bo"), []) == Delivery(True, 2)


@pytest.mark.parametrize("why", ["many", "neighbors alone are known", "it has stopped", "nobody acknowledged"])
async def test_elsewhere_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    """The acknowledgements say what can be said."""
    core, estimate = FakeCore("ana", "bo"), 3
    if why == "many":
        monkeypatch.setattr(coverage, "COUNTED_MAX", 2)
    elif why == "neighbors alone are known":
        core.census = coverage.Census(core, "me", lambda: 0.0, full=False)
    elif why == "it has stopped":
        core.census.end()
    else:
        estimate = 0

    assert await count(Estimate(estimate), core, []) == Delivery(True, estimate)
    assert core.asked == {}
