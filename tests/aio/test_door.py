"""The door on real sockets: what happens to visitors who ask and do not read."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest

from rumor.aio.door import Door
from rumor.aio.sockets import listen
from rumor.core.ids import Address
from rumor.core.messages import Incoming, PeerList
from rumor.core.settings import DoorSettings

LIST = PeerList(tuple(Address("127.0.0.1", port) for port in range(20_000, 20_640)))
"""A reply of about 10,000 bytes."""

REPLIES_MAX = 5_000
"""More than any kernel holds for one connection."""


class House:
    """A door with nobody behind it: it notes what comes."""

    def __init__(self) -> None:
        listener, self.address = listen(Address("127.0.0.1", 0))
        self.came: asyncio.Queue[int] = asyncio.Queue()
        self.refused: list[str] = []
        self.door = Door(DoorSettings(), self._on_message, lambda _, reason: self.refused.append(reason))
        self.door.open(listener)

    def _on_message(self, link: int, source: str, message: Incoming) -> None:
        self.came.put_nowait(link)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A house whose door is shut at the end."""
    house = House()
    yield house
    house.door.shut()
    assert len(house.door) == 0


async def enter(house: House) -> tuple[socket.socket, int]:
    """A visitor who has asked something, and its link."""
    visitor = socket.create_connection((house.address.host, house.address.port))
    visitor.sendall(b"127.0.0.1:4001")
    return visitor, await asyncio.wait_for(house.came.get(), 20)


async def test_answers_that_nobody_reads_do_not_pile_up(house: House) -> None:
    """Beyond a bound the connection of a visitor who does not read is closed."""
    visitor, link = await enter(house)

    answered = 0
    while len(house.door) and answered < REPLIES_MAX:
        house.door.answer(link, LIST)
        answered += 1

    assert answered < REPLIES_MAX
    assert len(house.door) == 0
    visitor.close()


async def test_what_waits_for_a_visitor_leaves_when_it_reads(house: House) -> None:
    """A visitor who says that it has no more to say gets all its answers, however slowly it reads, and is then gone."""
    visitor, link = await enter(house)
    answered = fill_the_kernel(house, link)
    visitor.shutdown(socket.SHUT_WR)

    assert await share_of_a_core(0.2) < 0.5  # waiting for the visitor is no work
    received = await asyncio.to_thread(read_all, visitor)

    assert received == answered * len(",".join(map(str, LIST.peers)))
    assert len(house.door) == 0
    visitor.close()


async def test_who_leaves_without_a_word_is_not_told_of(house: House) -> None:
    """Health checks do that, and nodes that give up a dial: nobody reads a log in which each of them is a problem."""
    quiet = socket.create_connection((house.address.host, house.address.port))
    visitor, _ = await enter(house)
    assert len(house.door) == 2
    quiet.close()

    async with asyncio.timeout(20):
        while len(house.door) > 1:  # noqa: ASYNC110 - the door tells nobody who left
            await asyncio.sleep(0)
    assert house.refused == []
    visitor.close()


async def share_of_a_core(seconds: float) -> float:
    """How much of a core this process uses while nothing is asked of it."""
    used = time.process_time()
    await asyncio.sleep(seconds)
    return (time.process_time() - used) / seconds


def fill_the_kernel(house: House, link: int) -> int:
    """Answer until the kernel takes no more, but stay within the bound; returns how many answers were given."""
    answered = 0
    while house.door.unsent(link) == 0:
        house.door.answer(link, LIST)
        answered += 1
    return answered


def read_all(visitor: socket.socket) -> int:
    """How many bytes come until the other side closes."""
    received = 0
    while data := visitor.recv(65_536):
        received += len(data)
    return received
