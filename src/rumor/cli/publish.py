"""`rumor publish`: say something, or lines from standard input, and wait until all have it."""

import asyncio

import msgspec

from rumor.aio.api import Peer
from rumor.aio.publishing import Receipt
from rumor.cli import ending, stdin
from rumor.cli.ending import Ending
from rumor.cli.node import guarded, publish_lines
from rumor.cli.stdin import Lines
from rumor.cli.visit import VisitOptions, note, visitor

FROM_STANDARD_INPUT = "-"


def run_publish(options: VisitOptions, text: str, topic: str, timeout: float, lines: Lines) -> int:
    """Publish and leave; returns the exit code."""
    return guarded(lambda: ending.run(lambda: _publish(options, text, topic, timeout, lines)))


async def _publish(options: VisitOptions, text: str, topic: str, timeout: float, lines: Lines) -> int:  # noqa: ASYNC109 - running out is an outcome
    end = Ending()
    end.on_signals(terminated=ending.FAILED)

    async def work() -> int:
        async with visitor(options) as peer:
            try:
                await peer.wait_joined(timeout=timeout)
            except TimeoutError:
                note(f"nobody was reached within {timeout:g} s")
                return ending.FAILED
            if text == FROM_STANDARD_INPUT:
                receipt, refused = await _publish_input(peer, topic, lines)
            else:
                receipt, refused = await peer.publish(text, topic), 0
            if receipt is None:
                note("nothing was published")
                return ending.FAILED
            return max(await _delivered(receipt, timeout, json=options.json), ending.FAILED if refused else ending.OK)

    return await end.unless_asked(work())


async def _publish_input(peer: Peer, topic: str, lines: Lines) -> tuple[Receipt | None, int]:
    """Say every line, as they come; the receipt of the last one, and how many could not be said."""
    receipt: Receipt | None = None
    refused = 0
    over = asyncio.Event()

    def on_refusal(why: str) -> None:
        nonlocal refused
        refused += 1
        note(f"a line was not published: {why}")

    async def say(some: list[bytes]) -> None:
        nonlocal receipt
        receipt = await publish_lines(peer, some, topic, on_refusal) or receipt

    stdin.follow(lines, say, over.set)
    await over.wait()
    return receipt, refused


async def _delivered(receipt: Receipt, timeout: float, *, json: bool) -> int:  # noqa: ASYNC109 - running out is an outcome
    """Wait for the acknowledgements, and say how many peers have it."""
    delivery = await receipt.delivered(timeout)
    if json:
        told = {"event": "delivered", "number": receipt.number, "peers": delivery.peers, "complete": delivery.complete}
        print(msgspec.json.encode(told).decode(), flush=True)
    else:
        print("1 peer has it" if delivery.peers == 1 else f"{delivery.peers} peers have it", flush=True)
    if not delivery.peers:
        note(f"nobody confirmed it within {timeout:g} s")
    elif not delivery.complete:
        note(f"not everybody confirmed it within {timeout:g} s")
    return ending.OK if delivery.complete and delivery.peers else ending.FAILED
