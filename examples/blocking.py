"""Without asyncio: each peer runs its event loop in a thread of its own."""

import rumor

with rumor.connect(name="ana") as ana, rumor.connect(name="bo", join=[ana.address]) as bo:
    ana.wait_joined(timeout=30)
    with bo.subscribe() as rumors:
        ana.publish("hello")
        print(rumors.get(timeout=30))
