"""Tests of the asyncio side: config, logs, complaints, sockets, subscriptions."""
