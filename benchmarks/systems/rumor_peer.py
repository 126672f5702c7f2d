"""Rumor: one peer a process, as an application would use it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import uvloop

from benchmarks import payloads
from benchmarks.control import serve_async
from benchmarks.payloads import Listener, heard
from benchmarks.systems.seen import Seen, Watcher

rumor: Any = import_module("rumor")

Fields = dict[str, Any]

TOPIC = "measured"


def make_peer(join: str | None, profile: str) -> Any:
    """A peer that joins by another one's address, in a network of its own."""
    return rumor.Peer("127.0.0.1:0", join=[join] if join else [], network="benchmarks", settings=profile)


def counters(peer: Any) -> Fields:
    """What redundancy needs of `peer.stats()`: runs that came over links, and those that were new."""
    runs = peer.stats().runs
    return {"received": runs.taken + runs.duplicates, "fresh": runs.taken}


class Account:
    """What a subscriber got of each origin: nothing may be missing, nothing twice."""

    def __init__(self) -> None:
        self.next: dict[str, int] = {}
        self.heard = 0
        self.lost = 0
        self.missing = 0
        self.twice = 0

    def take(self, item: Any) -> None:
        """Take a Rumor or a Lost."""
        lost = isinstance(item, rumor.Lost)
        first, last = (item.first, item.last) if lost else (item.number, item.number)
        expected = self.next.get(item.origin, first)
        self.missing += max(0, first - expected)
        self.twice += max(0, min(expected, last + 1) - first)
        self.next[item.origin] = max(expected, last + 1)
        if lost:
            self.lost += last - first + 1
        else:
            self.heard += 1


class Node(Watcher):
    """A peer, what it listens to, and the task that does."""

    def __init__(self) -> None:
        self.seen = Seen()
        self._listener = Listener(1)
        self._account = Account()
        self._counted = heard(0, 0, 0, complete=False)
        self._has_first = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, join: str | None, profile: str = "lan", **_: object) -> Fields:
        """Begin, and join by another peer."""
        self._peer = make_peer(join, profile)
        await self._peer.start()
        return {"address": self._peer.address, "name": self._peer.name}

    async def watch(self) -> None:
        """Note how members change, from now on."""
        self._watching = asyncio.create_task(self._watch(self._peer.changes()))
        for member in self._peer.members():
            self._note(member)

    async def _watch(self, changes: Any) -> None:
        async for change in changes:
            if isinstance(change, rumor.Change):
                self._note(change.member)

    def _note(self, member: Any) -> None:
        state = member.state.value
        self.seen.note(member.name, "alive" if state == "suspect" else state, member.tags.get("turn", ""))

    async def tag(self, value: str) -> None:
        """Say something else of itself."""
        await self._peer.set_tags({"turn": value})

    async def leave(self) -> None:
        """Say goodbye."""
        await self._peer.leave()

    async def connected(self, count: int, patience: float) -> Fields:
        """Wait for a neighbor."""
        await self._peer.wait_joined(neighbors=1, timeout=patience)
        return {"at": time.monotonic_ns()}

    async def listen(self, how: str, expect: int = 0, ends: int = 1) -> None:
        """Subscribe, and receive in a task."""
        self._has_first.clear()
        self._listener, self._account = Listener(ends), Account()
        self._counted = heard(0, 0, 0, complete=False)
        self._stamps = how == "stamps"
        subscription = await self._peer.subscribe(TOPIC, overflow="block").__aenter__()
        receive = {"runs": self._runs, "batches": self._batches, "each": self._each, "stamps": self._look}[how]
        self._task = asyncio.create_task(self._receive(subscription, receive(subscription, expect)))

    async def first(self, patience: float) -> Fields:
        """Wait for the first payload."""
        async with asyncio.timeout(patience):
            await self._has_first.wait()
        return {"at": self._listener.first}

    async def heard(self, patience: float) -> Fields:
        """Wait for the end of what `listen` began."""
        assert self._task is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await asyncio.shield(self._task)
        if not self._stamps:
            return self._counted
        account = self._account
        told = {"heard": account.heard, "lost": account.lost, "missing": account.missing, "twice": account.twice}
        return self._listener.told() | told

    async def say(self, tag: str) -> None:
        """One small rumor."""
        await self._peer.publish(payloads.tagged(tag, 16), topic=TOPIC)

    async def publish(self, how: str, count: int, size: int, chunk: int) -> Fields:
        """As quickly as the peer takes it."""
        payload, publish = payloads.plain(size), self._peer.publish
        began = time.monotonic_ns()
        if chunk == 1:
            for _ in range(count):
                await publish(payload, topic=TOPIC)
        else:
            run = [payload] * chunk
            for _ in range(count // chunk):
                await self._peer.publish_many(run, topic=TOPIC)
        return {"began": began, "ended": time.monotonic_ns()}

    async def pace(self, tag: str, rate: float, seconds: float, size: int, burst: int = 1) -> Fields:
        """Evenly, then END."""
        turns = int(rate * seconds)
        began = time.monotonic()
        for turn in range(turns):
            await asyncio.sleep(max(0.0, began + turn / rate - time.monotonic()))
            for _ in range(burst):
                await self._peer.publish(payloads.tagged(tag, size), topic=TOPIC)
        await self._peer.publish(payloads.tagged("E", size), topic=TOPIC)
        return {"sent": turns * burst + 1}

    async def stats(self) -> Fields:
        """The counters."""
        return counters(self._peer)

    async def _receive(self, subscription: Any, receive: Any) -> None:
        try:
            await receive
        finally:
            await subscription.__aexit__(None, None, None)

    async def _runs(self, subscription: Any, expect: int) -> None:
        count, first, own = 0, 0, self._peer.address
        async for run in subscription.runs():
            first = first or time.monotonic_ns()
            if run.origin != own:
                count += len(run.payloads)
            if count >= expect:
                break
        self._counted = heard(count, first, time.monotonic_ns(), complete=count == expect)

    async def _batches(self, subscription: Any, expect: int) -> None:
        count, first = 0, 0
        async for batch in subscription.batches():
            first = first or time.monotonic_ns()
            count += len(batch)
            if count >= expect:
                break
        self._counted = heard(count, first, time.monotonic_ns(), complete=count == expect)

    async def _each(self, subscription: Any, expect: int) -> None:
        count, first = 0, 0
        async for _ in subscription:
            count += 1
            if count == 1:
                first = time.monotonic_ns()
            elif count == expect:
                break
        self._counted = heard(count, first, time.monotonic_ns(), complete=True)

    async def _look(self, subscription: Any, expect: int) -> None:
        async for item in _without_own(subscription, self._peer.address):
            self._account.take(item)
            if not isinstance(item, rumor.Lost):
                over = self._listener.take(item.payload)
                self._has_first.set()
                if over:
                    break


async def _without_own(subscription: Any, own: str) -> AsyncIterator[Any]:
    async for item in subscription:
        if item.origin != own:
            yield item


async def main() -> None:
    """Obey."""
    await serve_async(Node())


if __name__ == "__main__":
    uvloop.run(main())
