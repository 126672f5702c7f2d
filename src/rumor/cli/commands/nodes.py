"""`rumor seed`, `rumor peer`, `rumor up`: nodes that run until they are ended."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rumor.cli import options as opt
from rumor.cli.command import Group, Source, command
from rumor.cli.stdin import STDIN, Lines, prompt_port
from rumor.core.errors import UsageError
from rumor.core.ids import Address

if TYPE_CHECKING:
    from rumor.cli.node import NodeOptions

Advertise = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="The address that others are told, where it is not the one listened on.",
        show_default=False,
    ),
]


class OtherSeeds(Group, frozen=True):
    """The seeds that a seed exchanges its list with."""

    seeds: Annotated[
        list[str] | None,
        typer.Option(
            "--seed",
            metavar="HOST:PORT",
            help="Another seed, to exchange lists with; can be given several times.",
            show_default=False,
        ),
    ] = None

    def parsed(self) -> tuple[Address, ...]:
        """Their addresses. Raises AddressError."""
        return opt.addresses("--seed", self.seeds)


class PeerOptions(Group, frozen=True):
    """What a peer is, what it says, and what is to be run for what it hears."""

    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Who this peer is, as others see it. [default: its address]", show_default=False
        ),
    ] = None
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            metavar="KEY=VALUE",
            help="What others can know of it; can be given several times.",
            show_default=False,
        ),
    ] = None
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Keep here whom this peer knows, so that it finds the network again without its seeds.",
            show_default=False,
        ),
    ] = None
    every: opt.Every = 5.0
    messages: Annotated[
        str | None,
        typer.Option(
            metavar="N|unlimited",
            help="How many own messages. [default: 10 in profile classic, else 0]",
            show_default=False,
        ),
    ] = None
    on_member: Annotated[
        str | None,
        typer.Option(
            metavar="CMD",
            help="Run this for each change of a member, with one JSON object on its standard input.",
            show_default=False,
        ),
    ] = None
    on_rumor: Annotated[
        str | None,
        typer.Option(metavar="CMD", help="The same for each rumor of another peer.", show_default=False),
    ] = None


@command(
    examples=[
        "rumor seed 3400",
        "rumor seed 3400 --state seed-3400           keeps its list through a crash",
        "rumor seed 3401 --seed 127.0.0.1:3400       exchanges it with another seed",
    ]
)
def seed(
    *,
    port: opt.Port = None,
    bind: opt.BindOptions,
    advertise: Advertise = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Keep the list of peers here, so that it is there again after a crash.",
            show_default=False,
        ),
    ] = None,
    others: OtherSeeds,
    timings: opt.TimingOptions,
    tells: opt.TellingOptions,
    source: Source,
) -> int:
    """Run a seed: the node that new peers ask first for others."""
    from rumor.cli.node import SeedPlan, run_seed

    node = _node(_port_or_prompt(port, "seed", Lines(STDIN)), bind, advertise, timings, tells, opt.seed_log)
    plan = SeedPlan(state=state, seeds=others.parsed(), read_again=lambda: source.again(others).parsed())
    return run_seed(node, plan)


@command(
    note="Lines on standard input are gossiped.",
    examples=[
        "rumor peer 4001                             with the seeds in config.txt",
        "rumor peer 0 --seed 127.0.0.1:3400 --json   on a free port, for a script",
        "echo hello | rumor peer 4002 --messages 3 --every 1",
        "rumor peer 4001 --first                     the first of a network without seeds",
        "rumor peer 4002 --join 127.0.0.1:4001       the next one",
        "rumor peer 4003 --tag room=kitchen --on-member 'cat >> changes.jsonl'",
    ],
)
def peer(
    *,
    port: opt.Port = None,
    bind: opt.BindOptions,
    advertise: Advertise = None,
    ways: opt.WaysOptions,
    first: Annotated[bool, typer.Option("--first", help="Ask nobody: wait for others, who --join this peer.")] = False,
    own: PeerOptions,
    timings: opt.TimingOptions,
    tells: opt.TellingOptions,
    source: Source,
) -> int:
    """Run a peer: it spreads rumors, and knows who is there."""
    from rumor.cli.node import PeerPlan, run_peer

    lines = Lines(STDIN)
    node = _node(_port_or_prompt(port, "peer", lines), bind, advertise, timings, tells, opt.peer_log)
    default_messages = "10" if timings.profile is opt.Profile.CLASSIC else "0"
    plan = PeerPlan(
        ways=_ways(ways, first=first),
        read_again=lambda: _ways(source.again(ways), first=first),
        every=own.every,
        messages=opt.parse_messages(own.messages or default_messages),
        name=own.name,
        tags=opt.tags("--tag", own.tags),
        network=ways.network,
        state=own.state,
        on_member=own.on_member,
        on_rumor=own.on_rumor,
    )
    return run_peer(node, plan, lines)


class LocalTimings(opt.TimingOptions, frozen=True):
    """Timings for a network on one machine."""

    profile: opt.ProfileOption = opt.Profile.LOCAL


@command(
    examples=[
        "rumor up",
        "rumor up --seeds 2 --peers 4 --duration 30 --json",
        "rumor up --detect-within 0.3                a silent peer counts as dead sooner",
    ]
)
def up(
    *,
    seed_count: Annotated[int, typer.Option("--seeds", min=1, max=100, metavar="N", help="How many seeds.")] = 3,
    peer_count: Annotated[int, typer.Option("--peers", min=2, max=500, metavar="N", help="How many peers.")] = 8,
    base_port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65_535,
            metavar="PORT",
            help="The first of consecutive ports, seeds first. [default: free ones]",
            show_default=False,
        ),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(min=0.001, metavar="SECONDS", help="End by itself. [default: at Ctrl-C]", show_default=False),
    ] = None,
    every: opt.Every = 5.0,
    timings: LocalTimings,
    json: opt.Json = False,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> int:
    """Run a whole network on this machine, and show what happens in it."""
    from rumor.cli.up import UpOptions, run_up

    count = seed_count + peer_count
    if base_port is not None and base_port + count - 1 > 65_535:
        raise UsageError(f"--base-port: {count} nodes from {base_port} on would pass port 65535")
    timings.settings()  # says what is wrong with them once, not once a node
    options = UpOptions(
        seeds=seed_count,
        peers=peer_count,
        base_port=base_port,
        duration=duration,
        every=every,
        timings=timings.as_arguments(),
        json=json,
        with_parent=with_parent,
    )
    return run_up(options)


def _node(
    port: int,
    bind: opt.BindOptions,
    advertise: str | None,
    timings: opt.TimingOptions,
    tells: opt.TellingOptions,
    original_log: Callable[[int], Path],
) -> "NodeOptions":
    """What a seed and a peer have in common."""
    from rumor.cli.node import NodeOptions

    return NodeOptions(
        bind=bind.address(port),
        settings=timings.settings(),
        advertise=advertise,
        insecure=bind.insecure,
        json=tells.json,
        log=tells.log_name(timings.profile, original_log),
        log_level=tells.log_level,
        lifeline=tells.lifeline,
    )


def _port_or_prompt(port: int | None, role: str, lines: Lines) -> int:
    """The port given, or typed at the terminal; without a terminal it must be given. Raises UsageError."""
    if port is not None:
        return port
    if not opt.at_terminal():
        raise UsageError("PORT is missing, and there is no terminal to ask for it")
    return opt.parse_port(prompt_port(lines, role))


def _ways(ways: opt.WaysOptions, *, first: bool) -> opt.Ways:
    """Whom a peer asks. Raises ConfigError and UsageError."""
    if not first:
        return ways.parsed("; --first begins a network without seeds")
    if ways.some:
        raise UsageError("--first: who is the first asks nobody, so without --config, --seed and --join")
    return opt.Ways()
