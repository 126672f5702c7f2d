"""The driver for real sockets and files: translates between the core and asyncio; decides nothing of the protocol."""
