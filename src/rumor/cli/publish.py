"""`rumor publish`: say something, or lines from standard input, and wait until all have it.

    a node that runs here --.
                             >-- say, line by line --> delivered: how many have it
    a visitor --------------'

A visitor first waits until somebody is there to hear it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from rumor.aio import objects
from rumor.aio.api import Peer
from rumor.aio.publishing import Receipt, payload_of
from rumor.cli import control, ending, stdin
from rumor.cli.control import Control
from rumor.cli.ending import Ending, guarded
from rumor.cli.node import publish_lines
from rumor.cli.output import say
from rumor.cli.stdin import FROM_STANDARD_INPUT, Lines
from rumor.cli.visit import Visit, note

AT_A_TIME = 256
"""So many lines are told to a node before its answers are read; these must fit into the socket meanwhile."""

OnRefusal = Callable[[str], None]
"""Gets the reason for a line that can't be said."""


class What(msgspec.Struct, frozen=True):
    """What the command line says of a rumor."""

    text: str
    topic: str
    timeout: float
    json: bool


class Delivered(msgspec.Struct, frozen=True):
    """How far the last rumor came in time."""

    number: int
    peers: int
    complete: bool


class Speaker(Protocol):
    """Who says it."""

    async def say(self, text: bytes) -> None:
        """Say it. Raises UsageError or Refused."""

    async def say_lines(self, lines: list[bytes], on_refusal: OnRefusal) -> bool:
        """Say what is not blank of these lines; whether anything was said."""

    async def delivered(self) -> Delivered:
        """Wait for the acknowledgements of what was said last."""


class Visitor:
    """A peer that joined for this."""

    def __init__(self, peer: Peer, what: What) -> None:
        self._peer = peer
        self._what = what
        self._receipt: Receipt | None = None

    async def say(self, text: bytes) -> None:
        """As Speaker says."""
        self._receipt = await self._peer.publish(text, self._what.topic)

    async def say_lines(self, lines: list[bytes], on_refusal: OnRefusal) -> bool:
        """As Speaker says."""
        receipt = await publish_lines(self._peer, lines, self._what.topic, on_refusal)
        self._receipt = receipt or self._receipt
        return receipt is not None

    async def delivered(self) -> Delivered:
        """As Speaker says."""
        assert self._receipt is not None
        delivery = await self._receipt.counted(self._what.timeout)
        return Delivered(self._receipt.number, delivery.peers, delivery.complete)


class ByNode:
    """A node that runs here."""

    def __init__(self, node: Control, what: What) -> None:
        self._node = node
        self._what = what
        self._number = 0

    async def say(self, text: bytes) -> None:
        """As Speaker says."""
        await self._send(text)
        await self._number_of_it()

    async def say_lines(self, lines: list[bytes], on_refusal: OnRefusal) -> bool:
        """As Speaker says; some at a time, since each answer alone takes its way."""
        said = False
        waiting = deque(filter(bytes.strip, lines))
        while waiting:
            some = [waiting.popleft() for _ in range(min(AT_A_TIME, len(waiting)))]
            for line in some:
                await self._send(line)
            for _ in some:
                try:
                    await self._number_of_it()
                    said = True
                except control.Refused as error:
                    on_refusal(str(error))
        return said

    async def _send(self, text: bytes) -> None:
        await self._node.send("publish", topic=self._what.topic, timeout=0, **objects.payload_object(text))

    async def _number_of_it(self) -> None:
        self._number = (await self._node.answer())["number"]

    async def delivered(self) -> Delivered:
        """As Speaker says."""
        answer = await self._node.ask("delivered", number=self._number, timeout=self._what.timeout)
        return Delivered(self._number, answer["peers"], answer["complete"])


def run_publish(visit: Visit, text: str, topic: str, timeout: float, lines: Lines) -> int:
    """Publish, by whoever is meant; returns the exit code."""
    what = What(text, topic, timeout, visit.json)
    return guarded(lambda: ending.run(lambda: _publish(visit, what, lines)))


async def _publish(visit: Visit, what: What, lines: Lines) -> int:
    end = Ending()
    end.on_signals(terminated=ending.FAILED)
    node = visit.node()

    async def work() -> int:
        if node is not None:
            async with control.connected(node, what.timeout + control.PATIENCE) as connection:
                return await _say(ByNode(connection, what), what, lines)
        async with visit.visitor() as peer:
            try:
                await peer.wait_joined(timeout=what.timeout)
            except TimeoutError:
                note(f"nobody was reached within {what.timeout:g} s")
                return ending.FAILED
            return await _say(Visitor(peer, what), what, lines)

    return await end.unless_asked(work())


async def _say(speaker: Speaker, what: What, lines: Lines) -> int:
    """Say it, and tell how far it came."""
    refusals = 0

    def on_refusal(why: str) -> None:
        nonlocal refusals
        refusals += 1
        note(f"a line was not published: {why}")

    if what.text == FROM_STANDARD_INPUT:
        if not await _say_input(speaker, lines, on_refusal):
            note("nothing was published")
            return ending.FAILED
    else:
        await speaker.say(payload_of(what.text))
    return max(_tell(await speaker.delivered(), what), ending.FAILED if refusals else ending.OK)


async def _say_input(speaker: Speaker, lines: Lines, on_refusal: OnRefusal) -> bool:
    """Say every line of standard input, as they come; whether there was one."""
    said = False
    over = asyncio.Event()

    async def say(some: list[bytes]) -> None:
        nonlocal said
        said = await speaker.say_lines(some, on_refusal) or said

    stdin.follow(lines, say, over.set)
    await over.wait()
    return said


def _tell(delivered: Delivered, what: What) -> int:
    """Say how many peers have it; the exit code: whether these are all."""
    peers = delivered.peers
    if what.json:
        told = {"event": "delivered", "number": delivered.number, "peers": peers, "complete": delivered.complete}
        say(objects.encode(told))
    else:
        say("1 peer has it" if peers == 1 else f"{peers} peers have it")
    if not peers:
        note(f"nobody confirmed it within {what.timeout:g} s")
    elif not delivered.complete:
        note(f"not everybody confirmed it within {what.timeout:g} s")
    return ending.OK if delivered.complete and peers else ending.FAILED
