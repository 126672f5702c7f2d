"""A subscription: in order, bounded, and nothing missed in silence."""

import asyncio
from collections.abc import Callable

import pytest

from rumor.aio.rumors import Lost, Rumor, Run
from rumor.aio.subscription import Subscription
from rumor.core.errors import SlowSubscriber, UsageError
from rumor.core.events import LostReason, NeighborDied, RumorHeard, RunDelivered
from rumor.core.frames import Lane
from rumor.core.ids import Address
from rumor.core.messages import Gossip
from tests.aio.listening import EPOCH, ME, ListeningCore, said

DEADLINE = 5.0


@pytest.fixture
def core() -> ListeningCore:
    """A core that delivers what the test says."""
    return ListeningCore()


async def read(subscription: Subscription, count: int) -> list[object]:
    """The next so many, in short."""
    return [said(await asyncio.wait_for(anext(subscription), DEADLINE)) for _ in range(count)]


async def rest(subscription: Subscription) -> list[object]:
    """All that waits, in short."""
    subscription.close()
    return [said(item) async for item in subscription]


async def test_rumors_come_with_all_that_is_known(core: ListeningCore) -> None:
    """A rumor says who said it, in which life, as which, when, about what."""
    rumors = core.subscribe()
    core.deliver("ana", b"one", b"two", topic="news")

    assert [await anext(rumors) for _ in range(2)] == [
        Rumor("ana", EPOCH, 1, 1.5, "news", b"one"),
        Rumor("ana", EPOCH, 2, 1.5, "news", b"two"),
    ]


async def test_all_ways_of_reading_give_the_same(core: ListeningCore) -> None:
    """One by one, in batches and in runs, the same rumors come in the same order."""
    subscriptions = [core.subscribe() for _ in range(4)]
    core.deliver("ana", b"1", b"2")
    core.lose("bo", 3)
    core.deliver("ana", b"3")
    for subscription in subscriptions:
        subscription.close()

    lost = ("bo", 1, 3, "UNOBTAINABLE")
    assert [said(item) async for item in subscriptions[0]] == [b"1", b"2", lost, b"3"]
    assert await read(subscriptions[1], 4) == [b"1", b"2", lost, b"3"]
    assert [[said(item) for item in batch] async for batch in subscriptions[2].batches()] == [[b"1", b"2", lost, b"3"]]
    assert [said(item) async for item in subscriptions[3].runs()] == [[b"1", b"2"], lost, [b"3"]]


async def test_a_run_says_what_is_common_to_its_rumors(core: ListeningCore) -> None:
    """For throughput: one object for many rumors."""
    rumors = core.subscribe()
    core.deliver("ana", b"1")
    core.deliver("ana", b"2", b"3", topic="news")
    await anext(rumors)

    run = await anext(rumors.runs())

    assert isinstance(run, Run)
    assert run == Run("ana", EPOCH, 2, 1.5, "news", [b"2", b"3"])
    assert run.last == 3


async def test_ways_of_reading_can_be_changed(core: ListeningCore) -> None:
    """What was begun one by one goes on in runs or batches with what is left of it."""
    rumors = core.subscribe()
    core.deliver("ana", b"1", b"2", b"3")
    core.deliver("ana", b"4", b"5", b"6")

    assert await read(rumors, 1) == [b"1"]
    assert said(await anext(rumors.runs())) == [b"2", b"3"]
    assert await read(rumors, 1) == [b"4"]
    assert [said(item) for item in await anext(rumors.batches())] == [b"5", b"6"]


async def test_own_rumors_are_not_told(core: ListeningCore) -> None:
    """An application knows what it said."""
    rumors = core.subscribe()
    run = core.next_run(ME.name, [b"own"], epoch=ME.epoch)
    core.say(RunDelivered(run, True, True, True), NeighborDied(ME.address))
    core.deliver("ana", b"other")

    assert await rest(rumors) == [b"other"]


async def test_what_bridges_carry_is_told_as_text(core: ListeningCore) -> None:
    """A run of the lane `carried` is for bridges; the text in it comes as a rumor of epoch 0."""
    rumors = core.subscribe()
    run = core.next_run("bo", [b"1.5:10.1.2.3:4002:GOSSIP7:hi"])
    carried = RunDelivered(run.__class__("bo", EPOCH, Lane.CARRIED, 1, 1, 0, "", run.payloads), False, True, True)
    core.say(carried, RumorHeard(Gossip("1.5", Address("10.1.2.3", 4002), 7, ":hi")))
    rumors.close()

    assert [item async for item in rumors] == [Rumor("10.1.2.3:4002", 0, 7, 1.5, "", b"hi")]


async def test_only_what_is_meant_comes(core: ListeningCore) -> None:
    """A pattern chooses rumors; what is lost is told to all, since nobody knows its topic."""
    rumors = core.subscribe("orders.*")
    core.deliver("ana", b"1", topic="orders.new")
    core.deliver("ana", b"2", topic="news")
    core.say(RumorHeard(Gossip("1.5", Address("10.1.2.3", 4002), 7, ":hi")))
    core.lose("ana", 5)
    core.deliver("ana", b"6", topic="orders.old")

    assert await rest(rumors) == [b"1", ("ana", 3, 5, "UNOBTAINABLE"), b"6"]


async def test_early_runs_come_in_order_or_at_once(core: ListeningCore) -> None:
    """Who reads in order waits for what is missing; who reads unordered gets each run when it comes, and once."""
    ordered, unordered = core.subscribe(), core.subscribe(unordered=True)
    core.deliver("ana", b"1")
    early = core.early("ana", 3, b"3")
    core.deliver("ana", b"2")
    core.in_order(early)

    assert await rest(ordered) == [b"1", b"2", b"3"]
    assert await rest(unordered) == [b"1", b"3", b"2"]


async def test_a_reader_waits_for_the_next(core: ListeningCore) -> None:
    """Whoever reads before anything came gets it when it comes; one wake-up serves a whole run."""
    rumors = core.subscribe()
    item = await at_once(rumors, lambda: core.deliver("ana", b"1", b"2"))

    assert said(item) == b"1"
    assert await read(rumors, 1) == [b"2"]


async def test_a_waiting_reader_learns_of_the_end(core: ListeningCore) -> None:
    """A reader does not wait for ever on what was closed."""
    rumors = core.subscribe()

    with pytest.raises(StopAsyncIteration):
        await at_once(rumors, core.feed.close)


async def test_a_second_reader_is_refused(core: ListeningCore) -> None:
    """Two readers would each get a part."""
    rumors = core.subscribe()
    waiting = asyncio.create_task(asyncio.wait_for(anext(rumors), DEADLINE))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    with pytest.raises(UsageError, match="one reader"):
        await anext(rumors)

    core.deliver("ana", b"1")
    assert said(await waiting) == b"1"


async def test_a_reader_that_gives_up_takes_nothing_with_it(core: ListeningCore) -> None:
    """A wait that was cancelled loses nothing."""
    rumors = core.subscribe()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await anext(rumors)

    core.deliver("ana", b"1")

    assert await read(rumors, 1) == [b"1"]


async def test_others_get_a_turn_while_much_waits(core: ListeningCore) -> None:
    """Reading what waits does not stop the world, even when the reader is slow."""
    rumors = core.subscribe()
    rumors._since = -1.0  # as if it had read for long
    core.deliver("ana", b"1")
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(turns.append, 1)

    await anext(rumors)

    assert turns == [1]


async def test_leaving_the_block_ends_it(core: ListeningCore) -> None:
    """Outside of its block a subscription gets nothing, and twice closed is closed."""
    async with core.subscribe() as rumors:
        core.deliver("ana", b"1")
    core.deliver("ana", b"2")
    rumors.close()

    assert [said(item) async for item in rumors] == [b"1"]


# Room.


async def test_as_many_as_its_capacity_may_wait(core: ListeningCore) -> None:
    """A full subscription is still a good one, and reading makes room."""
    rumors = core.subscribe(capacity=2)
    for number in range(3):
        core.deliver("ana", b"a", b"b")
        assert await read(rumors, 2) == [b"a", b"b"], number
    core.deliver("ana", b"c", b"d")

    assert await rest(rumors) == [b"c", b"d"]


async def test_one_that_runs_over_says_so_after_its_last(core: ListeningCore) -> None:
    """Everything that was held is read, then the reader is told, once; its cursor leads to what it missed."""
    rumors = core.subscribe(capacity=2)
    core.deliver("ana", b"1", b"2")
    core.deliver("ana", b"3")
    core.deliver("bo", b"1")

    assert await read(rumors, 2) == [b"1", b"2"]
    with pytest.raises(SlowSubscriber, match="2 rumors"):
        await anext(rumors)
    with pytest.raises(StopAsyncIteration):
        await anext(rumors)
    again = core.subscribe()
    again.look_back(rumors.cursor)
    assert await read(again, 2) == [b"3", b"1"]


async def test_the_oldest_give_way(core: ListeningCore) -> None:
    """What was dropped is told as lost, exactly, before what is left."""
    rumors = core.subscribe(capacity=3, overflow="drop_oldest")
    for payload in (b"1", b"2", b"3", b"4", b"5"):
        core.deliver("ana", payload)
    core.deliver("bo", b"6", b"7")

    assert await rest(rumors) == [("ana", 1, 4, "NOT_READ"), b"5", b"6", b"7"]


async def test_a_lost_that_gives_way_is_not_forgotten(core: ListeningCore) -> None:
    """Word of a loss is dropped like a rumor, and told like one; so is a classic text."""
    rumors = core.subscribe(capacity=1, overflow="drop_oldest")
    core.lose("ana", 4)
    core.say(RumorHeard(Gossip("1.5", Address("10.1.2.3", 4002), 7, ":hi")))
    core.deliver("ana", b"5")

    assert await rest(rumors) == [("ana", 1, 4, "NOT_READ"), ("10.1.2.3:4002", 7, 7, "NOT_READ"), b"5"]


async def test_bytes_are_bounded_too(core: ListeningCore) -> None:
    """Large payloads fill it sooner; the true sizes count, not what was guessed while there was room."""
    rumors = core.subscribe(bytes_max=1 << 20, overflow="drop_oldest")
    for _ in range(100):
        core.deliver("ana", b"small", b"small")
    core.deliver("ana", bytes(1 << 19))
    core.deliver("ana", bytes((1 << 19) - 1000))
    assert await read(rumors, 2) == [b"small", b"small"]

    core.deliver("ana", bytes(15))

    assert await read(rumors, 2) == [("ana", 3, 4, "NOT_READ"), b"small"]


async def test_one_item_always_finds_room(core: ListeningCore) -> None:
    """A run above the capacity is not refused for ever."""
    rumors = core.subscribe(capacity=1)
    core.deliver("ana", b"1", b"2", b"3")

    assert await rest(rumors) == [b"1", b"2", b"3"]


async def test_one_that_blocks_lets_origins_wait_and_misses_nothing(core: ListeningCore) -> None:
    """Full, it takes nothing in; once it was read empty, it reads on from the list, and lets the origins go on."""
    rumors, other = core.subscribe(capacity=2, overflow="block"), core.subscribe()
    for payload in (b"1", b"2", b"3", b"4", b"5"):
        core.deliver("ana", payload)
    assert core.paused == 1

    assert await read(rumors, 4) == [b"1", b"2", b"3", b"4"]
    core.deliver("ana", b"6")
    assert await read(rumors, 2) == [b"5", b"6"]
    assert await rest(other) == [b"1", b"2", b"3", b"4", b"5", b"6"]
    core.deliver("ana", b"7")
    assert await read(rumors, 1) == [b"7"]
    assert core.paused == 0


async def test_one_that_blocks_too_long_is_told_what_is_gone(core: ListeningCore) -> None:
    """What the list forgot before it was read is lost, and so is a classic text for which there was no room."""
    rumors = core.subscribe(capacity=1, overflow="block")
    for payload in (b"1", b"2", b"3"):
        core.deliver("ana", payload)
    core.lose("ana", 5)
    core.say(RumorHeard(Gossip("1.5", Address("10.1.2.3", 4002), 7, ":hi")))
    core.deliver("ana", b"6")
    del core.kept[1]

    assert await read(rumors, 5) == [
        ("10.1.2.3:4002", 7, 7, "NOT_READ"), b"1", ("ana", 2, 2, "NOT_READ"), b"3", ("ana", 4, 5, "NOT_READ")
    ]  # fmt: skip
    assert await read(rumors, 1) == [b"6"]


async def test_who_ends_a_blocking_one_lets_origins_go_on(core: ListeningCore) -> None:
    """No subscription that is gone holds anybody up."""
    rumors = core.subscribe(capacity=1, overflow="block")
    core.deliver("ana", b"1")
    core.deliver("ana", b"2")
    core.say(RumorHeard(Gossip("1.5", Address("10.1.2.3", 4002), 7, ":hi")))
    assert core.paused == 1

    rumors.close()

    assert core.paused == 0


# Looking back.


async def test_the_latest_so_many(core: ListeningCore) -> None:
    """`last` counts rumors that are meant, over all origins, and goes on with what comes."""
    for payload in (b"1", b"2"):
        core.deliver("ana", payload, b"+", topic="news")
        core.deliver("ana", b"other")
        core.deliver("bo", payload, topic="news")
    rumors = core.subscribe("news")
    rumors.look_back(4)
    core.deliver("ana", b"3", topic="news")

    assert await read(rumors, 5) == [b"1", b"2", b"+", b"2", b"3"]


async def test_none_and_more_than_there_are(core: ListeningCore) -> None:
    """`last` of 0 is now; of more than are retained, all that are, and nothing is called lost."""
    core.deliver("ana", b"1")
    core.deliver("ana", b"2")
    del core.kept[0]
    none, all_of_them = core.subscribe(), core.subscribe()
    none.look_back(0)
    all_of_them.look_back(10)

    assert await read(all_of_them, 1) == [b"2"]
    core.deliver("ana", b"3")
    assert await read(none, 1) == [b"3"]


async def test_a_cursor_resumes_exactly(core: ListeningCore) -> None:
    """In the middle of a run, after what was read and with what waited: nothing twice, nothing missed."""
    rumors = core.subscribe()
    core.deliver("ana", b"1", b"2", b"3")
    core.deliver("bo", b"1")
    await read(rumors, 2)
    cursor = rumors.cursor
    rumors.close()
    core.deliver("ana", b"4")
    core.deliver("cy", b"1")

    again = core.subscribe()
    again.look_back(cursor)
    core.deliver("ana", b"5")

    assert await read(again, 5) == [b"3", b"1", b"4", b"1", b"5"]


async def test_a_cursor_in_order_of_arrival(core: ListeningCore) -> None:
    """A payload in parts comes whole, and an early run after what it waited for."""
    cursor = core.subscribe().cursor
    core.deliver("ana", bytes(range(200)), parts=3)
    early = core.early("ana", 3, b"3")
    core.deliver("ana", b"2")
    rumors = core.subscribe()
    rumors.look_back(cursor)
    core.in_order(early)

    assert await read(rumors, 3) == [bytes(range(200)), b"2", b"3"]


async def test_what_a_cursor_misses_is_lost(core: ListeningCore) -> None:
    """What is no longer retained is told as lost, exactly; of another topic nothing is."""
    rumors = core.subscribe("news")
    core.deliver("ana", b"1", topic="news")
    await read(rumors, 1)
    cursor = rumors.cursor
    for payload in (b"2", b"3", b"4"):
        core.deliver("ana", payload, topic="news")
    core.deliver("ana", b"5", topic="other")
    core.deliver("ana", b"6", topic="news")
    del core.kept[1:3]

    again = core.subscribe("news")
    again.look_back(cursor)

    assert await read(again, 3) == [("ana", 2, 3, "FORGOTTEN"), b"4", b"6"]


async def test_a_cursor_without_order_keeps_what_lies_above_a_hole(core: ListeningCore) -> None:
    """An unordered reader gets neither what it read above a hole again, nor is it left out what it did not read."""
    rumors = core.subscribe(unordered=True)
    core.deliver("ana", b"1")
    core.early("ana", 3, b"3")
    await read(rumors, 2)
    core.early("ana", 5, b"5")
    cursor = rumors.cursor

    again = core.subscribe(unordered=True)
    again.look_back(cursor)
    core.deliver("ana", b"2")

    assert await read(again, 2) == [b"2", b"5"]


async def test_a_cursor_for_a_later_life(core: ListeningCore) -> None:
    """A process that begins anew knows no stream yet: what it read before is passed over when it comes, what it
    missed is lost."""
    rumors = core.subscribe()
    core.deliver("ana", b"1", b"2", b"3")
    core.deliver("bo", b"1", b"2")
    await read(rumors, 5)
    cursor = rumors.cursor

    later = ListeningCore()
    resumed = later.subscribe()
    resumed.look_back(cursor)
    later.deliver("ana", b"1", b"2")
    assert resumed.cursor == cursor
    later.deliver("ana", b"3", b"4")
    later.lose("bo", 4)
    later.deliver("bo", b"5")

    assert await read(resumed, 3) == [b"4", ("bo", 3, 4, "UNOBTAINABLE"), b"5"]
    assert [position.number for position in resumed.cursor.positions] == [4, 5]


async def test_a_later_life_that_begins_above_the_cursor(core: ListeningCore) -> None:
    """What was said between two lives and does not come any more is lost, not left out."""
    rumors = core.subscribe()
    core.deliver("ana", b"1")
    await read(rumors, 1)

    later = ListeningCore()
    resumed = later.subscribe()
    resumed.look_back(rumors.cursor)
    later._last.update(dict.fromkeys(core._last, 3))  # where a newcomer begins
    later.deliver("ana", b"4")

    assert await read(resumed, 2) == [("ana", 2, 3, "FORGOTTEN"), b"4"]


async def test_a_cursor_of_who_reads_ahead(core: ListeningCore) -> None:
    """What lies read but unseen somewhere else counts as unread."""
    rumors = core.subscribe()
    core.deliver("ana", b"1", b"2", b"3")
    batch = await anext(rumors.batches())

    again = core.subscribe()
    again.look_back(rumors.cursor_before(batch[1:]))

    assert await read(again, 2) == [b"2", b"3"]


def test_a_lost_is_a_value() -> None:
    """Applications compare and keep them."""
    assert Lost("ana", 1, 2, 3, LostReason.NOT_READ) == Lost("ana", 1, 2, 3, LostReason.NOT_READ)


async def at_once(subscription: Subscription, happening: Callable[[], None]) -> Rumor | Lost:
    """What a reader gets who waits already when something happens."""
    reading = asyncio.create_task(asyncio.wait_for(anext(subscription), DEADLINE))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    happening()
    return await reading
