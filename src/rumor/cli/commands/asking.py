"""`rumor members`, `neighbors`, `why`, `request`, `ask`, `tags`, `leave`, `reload`: to a node of this machine."""

from typing import Annotated

import typer

from rumor.cli import options as opt
from rumor.cli.command import command
from rumor.cli.stdin import STDIN, Lines


@command(
    examples=[
        "rumor members",
        "rumor members --watch                       shows who comes and goes",
        "rumor members --json --node 127.0.0.1:4001",
        "rumor members --node 127.0.0.1:3400         whom a seed lists",
    ]
)
def members(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and show each change, until Ctrl-C.")] = False,
    choice: opt.NodeChoice,
) -> int:
    """List the members of the network, as a node knows them."""
    from rumor.cli.members import run_members

    return run_members(choice, watch=watch)


@command(examples=["rumor neighbors", "rumor neighbors --json --node 127.0.0.1:4001"])
def neighbors(*, choice: opt.NodeChoice) -> int:
    """List whom a node holds links with."""
    from rumor.cli.members import run_neighbors

    return run_neighbors(choice)


@command(examples=["rumor why 127.0.0.1:4002", "rumor why kitchen --json"])
def why(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A member's name; by default that is its address.")],
    choice: opt.NodeChoice,
) -> int:
    """Say why a member counts as alive or dead, and who found it so."""
    from rumor.cli.members import run_why

    return run_why(choice, name)


@command(
    note="The answer is printed as it came. Exit code 1: there was none.",
    examples=[
        "rumor request 127.0.0.1:4002 ping",
        "rumor request kitchen 'how warm?' --topic temperature --timeout 1",
        "rumor request kitchen - --topic picture < question > answer",
    ],
)
def request(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The member to ask.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The question; - for all of standard input.")],
    topic: Annotated[str, typer.Option(metavar="TOPIC", help="Which of its responders is to answer.")] = "",
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.001, max=300, help="How long to wait for the answer.")
    ] = 2.0,
    choice: opt.NodeChoice,
) -> int:
    """Ask one member something, and print its answer."""
    from rumor.cli.orders import run_request

    return run_request(choice, name, text, topic, timeout, Lines(STDIN))


@command(
    note="""The answers are printed as they come, one a line: the member's name, a colon, and what it says. Exit code 1:
nobody answered.""",
    examples=[
        "rumor ask 'how warm?' --topic temperature",
        "rumor ask now --topic time --timeout 0.5 --json",
    ],
)
def ask(
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The question; - for all of standard input.")],
    topic: Annotated[str, typer.Option(metavar="TOPIC", help="Which of their responders are to answer.")] = "",
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.001, max=300, help="How long answers are waited for.")
    ] = 2.0,
    choice: opt.NodeChoice,
) -> int:
    """Ask all members something, and print each answer."""
    from rumor.cli.orders import run_ask

    return run_ask(choice, text, topic, timeout, Lines(STDIN))


@command(
    examples=[
        "rumor tags                                  shows those of the node",
        "rumor tags room=kitchen load=3              sets these, and leaves the others",
        "rumor tags --remove load",
    ]
)
def tags(
    *,
    pairs: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Tags to set.", show_default=False)
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="A tag to take away; can be given several times.", show_default=False),
    ] = None,
    choice: opt.NodeChoice,
) -> int:
    """Show or change a node's tags, which all members see."""
    from rumor.cli.orders import run_tags

    return run_tags(choice, opt.tags("KEY=VALUE", pairs), remove or [])


@command(
    examples=[
        "rumor leave",
        "rumor leave --back-in 60                    nobody takes it for dead for so long",
    ]
)
def leave(
    *,
    back_in: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0.001, max=31_622_400, help="It will be back after so long.", show_default=False
        ),
    ] = None,
    choice: opt.NodeChoice,
) -> int:
    """Let a node say goodbye to all, and end."""
    from rumor.cli.orders import run_leave

    return run_leave(choice, back_in)


@command(note="So does SIGHUP.", examples=["rumor reload", "rumor reload --node 127.0.0.1:4001"])
def reload(*, choice: opt.NodeChoice) -> int:
    """Let a node read its seeds anew, from config.txt and rumor.toml."""
    from rumor.cli.orders import run_reload

    return run_reload(choice)
