"""A seed and two peers in one process: one says hello, the other hears it."""

import asyncio

import rumor


async def main() -> None:
    async with rumor.Seed() as seed, rumor.Peer(seeds=[seed.address]) as ana, rumor.Peer(seeds=[seed.address]) as bo:
        await ana.wait_joined(timeout=30)
        async with bo.subscribe() as rumors:
            await ana.publish("hello")
            print(await anext(rumors))


asyncio.run(main())
