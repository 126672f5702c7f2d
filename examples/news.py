"""Topics, receipts, looking back: one peer says the news, another hears what it asked for."""

import asyncio

import rumor


async def main() -> None:
    async with rumor.Peer(name="ana") as ana, rumor.Peer(name="bo", join=[ana.address]) as bo:
        await ana.wait_joined(timeout=30)
        await bo.wait_joined(timeout=30)

        async with bo.subscribe("news.*") as news:
            await ana.publish("sunny", topic="news.weather")
            await ana.publish("nobody asked for this", topic="gossip")
            receipt = await ana.publish_many(["1:0", "2:0"], topic="news.sport")
            print(await receipt.delivered(timeout=30))  # every peer has it; a timeout is an answer, not an error

            weather = await anext(news)
            print(weather)
            cursor = str(news.cursor)  # to be kept: it resumes exactly here, also after a restart

        async with bo.subscribe("news.*", cursor=cursor, overflow="drop_oldest") as news:
            async for run in news.runs():  # or `async for rumor in news`, or `news.batches()`
                match run:
                    case rumor.Run(origin=origin, topic=topic, payloads=payloads):
                        print(origin, topic, *payloads)
                    case rumor.Lost(origin=origin, first=first, last=last, reason=reason):
                        print(f"{origin}: {first} to {last} are lost, since {reason.value}")
                break


asyncio.run(main())
