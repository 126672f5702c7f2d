"""The program `rumor`: its commands, in the order in which one meets them."""

import sys
from typing import Annotated

import typer

import rumor
from rumor.cli.command import WRONG_USES, wrong_use_line
from rumor.cli.commands import asking, nodes, talking
from rumor.cli.ending import FAILED, INTERRUPTED, WRONG_USE
from rumor.cli.output import mute
from rumor.cli.stdin import open_standard_files

COMMANDS = (
    nodes.seed,
    nodes.peer,
    nodes.up,
    talking.publish,
    talking.listen,
    asking.members,
    asking.neighbors,
    asking.why,
    asking.request,
    asking.ask,
    asking.tags,
    asking.leave,
    asking.reload,
)

app = typer.Typer(
    name="rumor",
    help="Rumor: a gossip network. Seeds find peers, peers spread rumors, and a dead peer is noticed.",
    epilog="""Each option can also be said as a variable RUMOR_<OPTION>, or in a file rumor.toml.

Example: rumor up    starts 3 seeds and 8 peers on this machine and shows what they say.""",
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


for command in COMMANDS:
    command.add_to(app)


def main() -> None:
    """Run the program."""
    open_standard_files()
    try:
        sys.exit(app(standalone_mode=False))
    except KeyboardInterrupt:  # before there was an event loop to take it
        sys.exit(INTERRUPTED)
    except WRONG_USES as error:
        print(wrong_use_line(error), file=sys.stderr)
        sys.exit(WRONG_USE)
    except OSError as error:  # what `--help` prints can't be written
        mute()
        print(f"rumor: {error.strerror}", file=sys.stderr)
        sys.exit(FAILED)
