"""`python seed.py` and `python peer.py`: the original system's programs, with its prompts, files and timings.

They always ask for the port and read one line, from a pipe too; what `peer.py` reads after it is gossiped.
"""

import sys
from pathlib import Path

from rumor.aio.config import read_seeds
from rumor.cli.ending import INTERRUPTED, WRONG_USE
from rumor.cli.node import LogName, NodeOptions, PeerOptions, run_peer, run_seed
from rumor.cli.options import PROMPT_PEER, PROMPT_SEED, Ways, parse_port, peer_log, seed_log
from rumor.cli.stdin import STDIN, Lines, open_standard_files, prompt
from rumor.core.errors import RumorError
from rumor.core.ids import Address

HOST = "127.0.0.1"
CONFIG = Path("config.txt")
EVERY = 5.0
"""Seconds between two own messages of a peer."""

MESSAGES = 10


def seed() -> int:
    """Run a seed as `python seed.py` does; returns the exit code."""
    open_standard_files()
    lines = Lines(STDIN)
    try:
        port = parse_port(prompt(lines, PROMPT_SEED))
        return run_seed(_options(port, seed_log))
    except KeyboardInterrupt:
        return INTERRUPTED
    except RumorError as error:
        return _wrong(error)


def peer() -> int:
    """Run a peer as `python peer.py` does; returns the exit code."""
    open_standard_files()
    lines = Lines(STDIN)
    try:
        port = parse_port(prompt(lines, PROMPT_PEER))
        ways = Ways(seeds=tuple(read_seeds(CONFIG)))
        options = _options(port, peer_log)
        return run_peer(options, PeerOptions(ways=ways, every=EVERY, messages=MESSAGES), lines)
    except KeyboardInterrupt:
        return INTERRUPTED
    except RumorError as error:
        return _wrong(error)


def _options(port: int, log: LogName) -> NodeOptions:
    return NodeOptions(bind=Address(HOST, port), profile="classic", log=log)


def _wrong(error: RumorError) -> int:
    print(f"rumor: {error}", file=sys.stderr)
    return WRONG_USE
