"""`python seed.py` and `python peer.py`: the original system's programs, with its prompts, files and timings.

They always ask for the port and read one line, from a pipe too; what `peer.py` reads after it is gossiped.
"""

import sys

from rumor.aio.config import read_seeds
from rumor.cli.ending import INTERRUPTED, WRONG_USE
from rumor.cli.node import LogName, NodeOptions, PeerPlan, SeedPlan, run_peer, run_seed
from rumor.cli.options import CONFIG, Ways, parse_port, peer_log, seed_log
from rumor.cli.stdin import STDIN, Lines, open_standard_files, prompt_port
from rumor.core.errors import RumorError
from rumor.core.ids import Address
from rumor.core.settings import profile

HOST = "127.0.0.1"
EVERY = 5.0
"""Seconds between two own messages of a peer."""

MESSAGES = 10


def seed() -> int:
    """Run a seed as `python seed.py` does; returns the exit code."""
    open_standard_files()
    lines = Lines(STDIN)
    try:
        port = parse_port(prompt_port(lines, "seed"))
        return run_seed(_options(port, seed_log), SeedPlan())
    except KeyboardInterrupt:
        return INTERRUPTED
    except RumorError as error:
        return _wrong(error)


def peer() -> int:
    """Run a peer as `python peer.py` does; returns the exit code."""
    open_standard_files()
    lines = Lines(STDIN)
    try:
        port = parse_port(prompt_port(lines, "peer"))
        plan = PeerPlan(ways=_ways(), read_again=_ways, every=EVERY, messages=MESSAGES)
        return run_peer(_options(port, peer_log), plan, lines)
    except KeyboardInterrupt:
        return INTERRUPTED
    except RumorError as error:
        return _wrong(error)


def _ways() -> Ways:
    return Ways(seeds=tuple(read_seeds(CONFIG)))


def _options(port: int, log: LogName) -> NodeOptions:
    return NodeOptions(bind=Address(HOST, port), settings=profile("classic"), log=log)


def _wrong(error: RumorError) -> int:
    print(f"rumor: {error}", file=sys.stderr)
    return WRONG_USE
