"""A subscription: in order, bounded, and nothing missed in silence."""

import asyncio

import pytest

from rumor.aio.subscription import Subscription
from rumor.core.errors import SlowSubscriber

DEADLINE = 5.0


async def test_items_come_in_order() -> None:
    """What is put in first comes out first."""
    subscription = subscribed()

    for item in (1, 2, 3):
        subscription.put(item)

    assert [await anext(subscription) for _ in range(3)] == [1, 2, 3]


async def test_a_reader_waits_for_the_next_item() -> None:
    """Whoever reads before anything came gets it when it comes."""
    subscription = subscribed()

    async def write() -> None:
        subscription.put(1)

    assert await at_once(subscription, write()) == 1


async def test_a_waiting_reader_learns_of_the_end() -> None:
    """A reader does not wait for ever on what was closed."""
    subscription = subscribed()

    async def close() -> None:
        subscription.close()

    with pytest.raises(StopAsyncIteration):
        await at_once(subscription, close())


async def test_what_waits_is_read_after_the_end() -> None:
    """The end takes nothing away from what came before it."""
    subscription = subscribed()
    subscription.put(1)
    subscription.put(2)
    subscription.close()

    assert [item async for item in subscription] == [1, 2]


async def test_what_comes_after_the_end_is_not_taken() -> None:
    """A closed subscription takes nothing more in."""
    subscription = subscribed()
    subscription.close()

    subscription.put(1)

    assert [item async for item in subscription] == []


async def test_leaving_the_block_ends_it() -> None:
    """Outside of its block a subscription gets nothing and costs nothing."""
    register: list[Subscription[int]] = []

    async with Subscription(10, register) as subscription:
        assert register == [subscription]

    assert register == []
    with pytest.raises(StopAsyncIteration):
        await anext(subscription)


async def test_closing_twice_does_no_harm() -> None:
    """Ends may meet: the peer stops, and the block is left."""
    register: list[Subscription[int]] = []
    subscription = Subscription(10, register)
    other = Subscription(10, register)

    subscription.close()
    subscription.close()

    assert register == [other]


async def test_as_many_items_as_its_capacity_may_wait() -> None:
    """A full subscription is still a good one."""
    subscription = subscribed(capacity=2)
    subscription.put(1)
    subscription.put(2)
    subscription.close()

    assert [item async for item in subscription] == [1, 2]


async def test_one_that_runs_over_says_so_after_its_last_item() -> None:
    """Every item that was held is read, then the reader is told, once, that more was missed."""
    register: list[Subscription[int]] = []
    subscription = Subscription(2, register)
    for item in (1, 2, 3):
        subscription.put(item)

    assert register == []
    assert [await anext(subscription) for _ in range(2)] == [1, 2]
    with pytest.raises(SlowSubscriber, match="2 items waited, and one more came"):
        await anext(subscription)
    with pytest.raises(StopAsyncIteration):
        await anext(subscription)


async def test_one_that_ran_over_takes_nothing_more() -> None:
    """Room that reading makes is not filled again: there would be a gap before it."""
    subscription = subscribed(capacity=1)
    subscription.put(1)
    subscription.put(2)

    assert await anext(subscription) == 1
    subscription.put(3)
    with pytest.raises(SlowSubscriber):
        await anext(subscription)


async def test_reading_in_time_makes_room() -> None:
    """Capacity bounds what waits, not what passes."""
    subscription = subscribed(capacity=1)
    heard = []

    for item in range(10):
        subscription.put(item)
        heard.append(await anext(subscription))

    assert heard == list(range(10))


async def test_a_reader_that_gives_up_takes_nothing_with_it() -> None:
    """A wait that was cancelled loses no item."""
    subscription = subscribed()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await anext(subscription)

    subscription.put(1)

    assert await anext(subscription) == 1


def subscribed(*, capacity: int = 10) -> Subscription[int]:
    """A subscription of its own."""
    return Subscription(capacity, [])


async def at_once(subscription: Subscription[int], happening: "asyncio._CoroutineLike[None]") -> int:
    """What a reader gets who waits already when something happens."""
    async with asyncio.timeout(DEADLINE):
        item, _ = await asyncio.gather(anext(subscription), happening)
    return item
