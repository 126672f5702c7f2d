"""By whom something is said or heard: a node that runs here, or a visitor, a peer that joins for this and leaves again.

What a visitor says of itself goes to standard error.

    --node                            that node
    --seed, --join, --config          a visitor
    nothing                           the only node that runs here; if there is none, a visitor by the ways that
                                      rumor.toml, the environment or a config.txt name
"""

import sys
from pathlib import Path

import msgspec

from rumor.aio.api import Peer
from rumor.aio.logs import problem_text
from rumor.cli import control
from rumor.cli.options import CONFIG, BindOptions, NodeChoice, WaysOptions
from rumor.core.events import Event, Problem

OR_AS_VISITOR = ", or go as a peer of your own with --seed, --join or --config"


class Visit(msgspec.Struct, frozen=True):
    """What the command line says. `named`: it names a way into the network."""

    choice: NodeChoice
    ways: WaysOptions
    bind: BindOptions
    named: bool

    @property
    def json(self) -> bool:
        """Whether scripts read what is printed."""
        return self.choice.json

    def node(self) -> Path | None:
        """The control socket of the running node that is meant; None for a visitor. Raises NoneRuns and SeveralRun."""
        if self.named:
            return None
        try:
            return control.find(self.choice.node, OR_AS_VISITOR)
        except control.NoneRuns:
            if self.choice.node is None and (self.ways.some or CONFIG.exists()):
                return None
            raise

    def visitor(self) -> Peer:
        """The peer, not started yet. What is in its way is said on standard error.

        Raises UsageError and ConfigError.
        """
        ways = self.ways.parsed()
        return Peer(
            self.bind.address(0),
            seeds=ways.seeds,
            join=ways.join,
            network=self.ways.network,
            insecure=self.bind.insecure,
            on_event=_on_event,
        )


def note(text: str) -> None:
    """Say a line on standard error."""
    print(f"rumor: {text}", file=sys.stderr, flush=True)


def _on_event(event: Event) -> None:
    if isinstance(event, Problem):
        note(problem_text(event))
