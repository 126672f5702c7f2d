"""Rumor: a gossip network for Python. What it promises, and every way to use it: docs/library.md.

import asyncio
import rumor

async def main() -> None:
    async with rumor.Peer("127.0.0.1:0", seeds=["127.0.0.1:3400"]) as peer:
        await peer.wait_joined(timeout=30)
        receipt = await peer.publish("hello", topic="news")
        print(await receipt.delivered(timeout=5))  # how far it is by then; every peer relays every topic
        async with peer.subscribe("news") as news:
            async for item in news:  # what others say, each origin's in order
                print(item)  # a Rumor, or Lost for what will not come any more

asyncio.run(main())
"""

from rumor.aio.api import Neighbor, Peer
from rumor.aio.blocking import BlockingItems, BlockingPeer, BlockingReceipt, BlockingSubscription, connect
from rumor.aio.coverage import Coverage
from rumor.aio.cursor import Cursor
from rumor.aio.members import Changes
from rumor.aio.publishing import Delivery, Receipt
from rumor.aio.requests import Answer, Answers
from rumor.aio.rumors import Lost, Rumor, Run
from rumor.aio.seed import Seed
from rumor.aio.subscription import Subscription
from rumor.core.errors import (
    AddressError,
    ConfigError,
    ListenError,
    RequestError,
    RequestTimeout,
    RumorError,
    SlowSubscriber,
    StateError,
    UsageError,
    WireError,
)
from rumor.core.events import LostReason
from rumor.core.frames import Statement, Verdict
from rumor.core.ids import Address
from rumor.core.members import Change, Member, Reach, Why
from rumor.core.members import State as MemberState
from rumor.core.settings import PROFILES, Settings, profile

__version__ = "0.1.0"

__all__ = [
    "PROFILES",
    "Address",
    "AddressError",
    "Answer",
    "Answers",
    "BlockingItems",
    "BlockingPeer",
    "BlockingReceipt",
    "BlockingSubscription",
    "Change",
    "Changes",
    "ConfigError",
    "Coverage",
    "Cursor",
    "Delivery",
    "ListenError",
    "Lost",
    "LostReason",
    "Member",
    "MemberState",
    "Neighbor",
    "Peer",
    "Reach",
    "Receipt",
    "RequestError",
    "RequestTimeout",
    "Rumor",
    "RumorError",
    "Run",
    "Seed",
    "Settings",
    "SlowSubscriber",
    "StateError",
    "Statement",
    "Subscription",
    "UsageError",
    "Verdict",
    "Why",
    "WireError",
    "__version__",
    "connect",
    "profile",
]
