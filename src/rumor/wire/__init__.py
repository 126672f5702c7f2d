"""The wire: bytes <-> messages. Pure, like the core; every failure to read is a WireError."""
