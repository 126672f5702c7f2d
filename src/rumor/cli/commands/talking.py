"""`rumor publish`, `rumor listen`: by a node that runs here, or as a peer that joins for this alone."""

from typing import TYPE_CHECKING, Annotated

import typer

from rumor.cli import options as opt
from rumor.cli.command import Source, command
from rumor.cli.stdin import STDIN, Lines
from rumor.core.errors import UsageError

if TYPE_CHECKING:
    from rumor.cli.visit import Visit

BY_WHOM = """By the node that runs on this machine, or the one that --node names. With --seed, --join or --config: as a
peer that joins for this, and leaves again."""


@command(
    note=f"""{BY_WHOM}

With - in place of TEXT each line of standard input is a rumor. Exit code 1: nobody was reached, or not everybody in
time.""",
    examples=[
        "rumor publish hello",
        'rumor publish "21.5 °C" --topic rooms.kitchen --node 127.0.0.1:4001',
        "rumor publish hello --seed 127.0.0.1:3400",
        "tail -f log.txt | rumor publish - --topic log",
    ],
)
def publish(
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - for lines from standard input.")],
    topic: Annotated[str, typer.Option(metavar="TOPIC", help="What it is about, for those who listen for that.")] = "",
    choice: opt.NodeChoice,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0.001,
            max=86_400,
            help="How long to wait until somebody is there, and then until all have it.",
        ),
    ] = 10.0,
    ways: opt.WaysOptions,
    bind: opt.BindOptions,
    source: Source,
) -> int:
    """Say something, and wait until all have it."""
    from rumor.cli.publish import run_publish

    return run_publish(_visit(choice, ways, bind, source), text, topic, timeout, Lines(STDIN))


@command(
    note=BY_WHOM,
    examples=[
        "rumor listen",
        'rumor listen --topic "rooms.*" --json',
        "rumor listen --count 1 --topic start --join 127.0.0.1:4001",
    ],
)
def listen(
    *,
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
    choice: opt.NodeChoice,
    ways: opt.WaysOptions,
    bind: opt.BindOptions,
    source: Source,
) -> int:
    """Print each rumor as it comes."""
    from rumor.cli.listen import run_listen

    return run_listen(_visit(choice, ways, bind, source), topic, count)


def _visit(choice: opt.NodeChoice, ways: opt.WaysOptions, bind: opt.BindOptions, source: Source) -> "Visit":
    """By whom it is said or heard. Raises UsageError."""
    from rumor.cli.visit import Visit

    named = source.on_command_line("seeds", "join", "config")
    if named and source.on_command_line("node"):
        raise UsageError("--node speaks to a node that runs here, so without --seed, --join and --config")
    return Visit(choice, ways, bind, named=named)
