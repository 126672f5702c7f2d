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
from rumor.aio.blocking import BlockingPeer, BlockingReceipt, BlockingSubscription, connect
from rumor.aio.cursor import Cursor
from rumor.aio.publishing import Delivery, Receipt
from rumor.aio.rumors import Lost, Rumor, Run
from rumor.aio.seed import Seed
from rumor.aio.subscription import Subscription
from rumor.core.errors import (
    AddressError,
    ConfigError,
    ListenError,
    RumorError,
    SlowSubscriber,
    UsageError,
    WireError,
)
from rumor.core.events import LostReason
from rumor.core.ids import Address
from rumor.core.settings import PROFILES, Settings, profile

__version__ = "0.1.0"

__all__ = [
    "PROFILES",
    "Address",
    "AddressError",
    "BlockingPeer",
    "BlockingReceipt",
    "BlockingSubscription",
    "ConfigError",
    "Cursor",
    "Delivery",
    "ListenError",
    "Lost",
    "LostReason",
    "Neighbor",
    "Peer",
    "Receipt",
    "Rumor",
    "RumorError",
    "Run",
    "Seed",
    "Settings",
    "SlowSubscriber",
    "Subscription",
    "UsageError",
    "WireError",
    "__version__",
    "connect",
    "profile",
]
