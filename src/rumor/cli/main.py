"""The program `rumor`: its commands, in the order in which one meets them."""

import sys
from pathlib import Path
from typing import Annotated

import typer

import rumor
from rumor.cli import options as opt
from rumor.cli.ending import INTERRUPTED
from rumor.cli.stdin import STDIN, Lines, open_standard_files, prompt
from rumor.core.errors import RumorError

app = typer.Typer(
    name="rumor",
    help="Rumor: a gossip network. Seeds find peers, peers spread rumors, and a dead peer is noticed.",
    epilog="Example: rumor up    starts 3 seeds and 8 peers on this machine and shows what they say.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rumor {rumor.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Read the options before the command."""


@app.command(
    epilog="""Examples:

  rumor seed 3400

  rumor seed 3400 --log seedlog.txt --json"""
)
def seed(
    port: opt.Port = None,
    host: opt.Host = "127.0.0.1",
    advertise: opt.Advertise = None,
    profile: opt.ProfileOption = opt.Profile.LAN,
    log: opt.Log = None,
    json: opt.Json = False,
    insecure: opt.Insecure = False,
    lifeline: opt.LifelineOption = None,
) -> None:
    """Run a seed: the node that new peers ask first for others."""
    from rumor.cli.node import NodeOptions, run_seed

    port = _port_or_prompt(port, opt.PROMPT_SEED, Lines(STDIN))
    node = NodeOptions(
        bind=opt.bind_address(host, port),
        profile=profile.value,
        advertise=advertise,
        insecure=insecure,
        json=json,
        log=opt.log_name(profile, log, opt.seed_log),
        lifeline=lifeline,
    )
    raise typer.Exit(run_seed(node))


@app.command(
    epilog="""Lines on standard input are gossiped.

Examples:

  rumor peer 4001                             with the seeds in config.txt

  rumor peer 0 --seed 127.0.0.1:3400 --json   on a free port, for a script

  echo hello | rumor peer 4002 --messages 3 --every 1

  rumor peer 4001 --first                     the first of a network without seeds

  rumor peer 4002 --join 127.0.0.1:4001       the next one"""
)
def peer(
    port: opt.Port = None,
    host: opt.Host = "127.0.0.1",
    advertise: opt.Advertise = None,
    config: opt.Config = None,
    seed: opt.Seeds = None,
    join: opt.Join = None,
    first: Annotated[bool, typer.Option("--first", help="Ask nobody: wait for others, who --join this peer.")] = False,
    network: opt.Network = "",
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Who this peer is, as others see it. [default: its address]", show_default=False
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Keep here whom this peer knows, so that it finds the network again without its seeds.",
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.001, help="The time between two own messages.")
    ] = 5.0,
    messages: Annotated[
        str | None,
        typer.Option(
            metavar="N|unlimited",
            help="How many own messages. [default: 10 in profile classic, else 0]",
            show_default=False,
        ),
    ] = None,
    profile: opt.ProfileOption = opt.Profile.LAN,
    log: opt.Log = None,
    json: opt.Json = False,
    insecure: opt.Insecure = False,
    lifeline: opt.LifelineOption = None,
) -> None:
    """Run a peer: it hears rumors, tells them on, and watches its neighbors."""
    from rumor.cli.node import NodeOptions, PeerOptions, run_peer

    lines = Lines(STDIN)
    port = _port_or_prompt(port, opt.PROMPT_PEER, lines)
    default_messages = "10" if profile is opt.Profile.CLASSIC else "0"
    own = PeerOptions(
        ways=_ways(config, seed, join, first=first),
        every=every,
        messages=opt.parse_messages(messages or default_messages),
        name=name,
        network=network,
        state=state,
    )
    node = NodeOptions(
        bind=opt.bind_address(host, port),
        profile=profile.value,
        advertise=advertise,
        insecure=insecure,
        json=json,
        log=opt.log_name(profile, log, opt.peer_log),
        lifeline=lifeline,
    )
    raise typer.Exit(run_peer(node, own, lines))


@app.command(
    epilog="""With - in place of TEXT each line of standard input is a rumor. Exit code 1: nobody was reached, or not
everybody in time.

Examples:

  rumor publish hello --seed 127.0.0.1:3400

  rumor publish "21.5 °C" --topic rooms.kitchen --join 127.0.0.1:4001

  tail -f log.txt | rumor publish - --topic log"""
)
def publish(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - for lines from standard input.")],
    topic: Annotated[str, typer.Option(metavar="TOPIC", help="What it is about, for those who listen for that.")] = "",
    config: opt.Config = None,
    seed: opt.Seeds = None,
    join: opt.Join = None,
    network: opt.Network = "",
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0.001, help="How long to wait until somebody is there, and then until all have it."
        ),
    ] = 10.0,
    host: opt.Host = "127.0.0.1",
    json: opt.Json = False,
    insecure: opt.Insecure = False,
) -> None:
    """Join, say something, wait until every peer has it, say how many these are, and leave."""
    from rumor.cli.publish import run_publish
    from rumor.cli.visit import VisitOptions

    visit = VisitOptions(
        bind=opt.bind_address(host, 0),
        ways=opt.parse_ways(config, seed, join),
        network=network,
        insecure=insecure,
        json=json,
    )
    raise typer.Exit(run_publish(visit, text, topic, timeout, Lines(STDIN)))


@app.command(
    epilog="""Examples:

  rumor listen --seed 127.0.0.1:3400

  rumor listen --topic "rooms.*" --join 127.0.0.1:4001 --json

  rumor listen --count 1 --topic start"""
)
def listen(
    topic: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="Only this topic, or those that fit: * stands for one word between dots, > for all further ones.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="End after so many rumors. [default: at Ctrl-C]", show_default=False),
    ] = None,
    config: opt.Config = None,
    seed: opt.Seeds = None,
    join: opt.Join = None,
    network: opt.Network = "",
    host: opt.Host = "127.0.0.1",
    json: opt.Json = False,
    insecure: opt.Insecure = False,
) -> None:
    """Join, and print each rumor as it comes."""
    from rumor.cli.listen import run_listen
    from rumor.cli.visit import VisitOptions

    visit = VisitOptions(
        bind=opt.bind_address(host, 0),
        ways=opt.parse_ways(config, seed, join),
        network=network,
        insecure=insecure,
        json=json,
    )
    raise typer.Exit(run_listen(visit, topic, count))


@app.command(
    epilog="""Examples:

  rumor up

  rumor up --seeds 2 --peers 4 --duration 30 --json"""
)
def up(
    seeds: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="How many seeds.")] = 3,
    peers: Annotated[int, typer.Option(min=2, max=500, metavar="N", help="How many peers.")] = 8,
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
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.001, help="The time between two messages of a peer.")
    ] = 5.0,
    profile: opt.ProfileOption = opt.Profile.LOCAL,
    json: opt.Json = False,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Start a whole network on this machine, real processes, and show what happens in it."""
    from rumor.cli.up import UpOptions, run_up

    if base_port is not None and base_port + seeds + peers - 1 > 65_535:
        raise opt.wrong_use(f"--base-port: {seeds + peers} nodes from {base_port} on would pass port 65535")
    options = UpOptions(
        seeds=seeds,
        peers=peers,
        base_port=base_port,
        duration=duration,
        every=every,
        profile=profile.value,
        json=json,
        with_parent=with_parent,
    )
    raise typer.Exit(run_up(options))


def _port_or_prompt(port: int | None, text: str, lines: Lines) -> int:
    """The port given, or typed at the terminal; without a terminal it must be given."""
    if port is not None:
        return port
    if not opt.at_terminal():
        raise opt.wrong_use("PORT is missing, and there is no terminal to ask for it")
    try:
        return opt.parse_port(prompt(lines, text))
    except RumorError as error:
        raise opt.wrong_use(str(error)) from error


def _ways(config: Path | None, seed: list[str] | None, join: list[str] | None, *, first: bool) -> opt.Ways:
    if not first:
        return opt.parse_ways(config, seed, join, more="; --first begins a network without seeds")
    if config or seed or join:
        raise opt.wrong_use("--first: who is the first asks nobody, so without --config, --seed and --join")
    return opt.Ways()


def main() -> None:
    """Run the program."""
    open_standard_files()
    try:
        app()
    except KeyboardInterrupt:  # before there was an event loop to take it
        sys.exit(INTERRUPTED)
