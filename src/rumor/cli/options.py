"""The options that several commands share, each worded once."""

import enum
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from rumor.core import ids
from rumor.core.errors import AddressError, RumorError, UsageError
from rumor.core.ids import Address

_COUNT = re.compile("[0-9]{1,18}")

PROMPT_SEED = "Enter port number for seed: "
PROMPT_PEER = "Enter port number for peer: "


class Profile(enum.StrEnum):
    """A set of timings: how quickly a dead neighbor is noticed."""

    CLASSIC = "classic"
    WAN = "wan"
    LAN = "lan"
    LOCAL = "local"


Port = Annotated[
    int | None,
    typer.Argument(
        metavar="PORT", min=0, max=65_535, help="The port to listen on; 0 takes a free one.", show_default=False
    ),
]
Host = Annotated[str, typer.Option(metavar="HOST", help="The address to listen on.")]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The seeds, one host:port a line. [default: config.txt, without --seed and --join]",
        show_default=False,
    ),
]
Seeds = Annotated[
    list[str] | None, typer.Option("--seed", metavar="HOST:PORT", help="A seed; can be given several times.")
]
Join = Annotated[
    list[str] | None,
    typer.Option("--join", metavar="HOST:PORT", help="Any peer of the network; can be given several times."),
]
Network = Annotated[
    str,
    typer.Option(
        "--network",
        metavar="NAME",
        help="The network's name; peers of another one are refused. [default: the empty name]",
        show_default=False,
    ),
]
Advertise = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="The address that others are told, where it is not the one listened on."),
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Listen beyond this machine, though nothing is encrypted or authenticated."),
]
ProfileOption = Annotated[
    Profile,
    typer.Option(
        "--profile",
        help="How quickly a crashed neighbor counts as dead: within 39 s, 10 s, 3 s or 0.6 s.",
    ),
]
Log = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="Append the classic log here.", dir_okay=False, show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output, for scripts.")]
LifelineOption = Annotated[int | None, typer.Option("--lifeline", hidden=True)]


def wrong_use(message: str) -> typer.BadParameter:
    """An error that ends the program with exit code 2 and a hint at `--help`."""
    return typer.BadParameter(message)


def bind_address(host: str, port: int) -> Address:
    """Where to listen, from `--host` and PORT."""
    bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
    try:
        return Address.parse(f"{bracketed}:{port}", port_min=0)
    except AddressError as error:
        raise wrong_use(f"--host: {error}") from error


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a peer asks for others: seeds, and peers that it knows by address. Neither: it waits for the others."""

    seeds: tuple[Address, ...] = ()
    join: tuple[Address, ...] = ()


def parse_ways(config: Path | None, seeds: list[str] | None, join: list[str] | None, *, more: str = "") -> Ways:
    """What `--config`, `--seed` and `--join` say; `config.txt` is read when they say nothing.

    `more` names what else could have been said, for the error.
    """
    named, peers = _addresses("--seed", seeds), _addresses("--join", join)
    if config is None and (named or peers):
        return Ways(seeds=named, join=peers)
    from rumor.aio.config import read_seeds

    try:
        listed = read_seeds(config or Path("config.txt"))
    except RumorError as error:
        hint = "" if config else f" (or name a seed with --seed HOST:PORT, or a peer with --join HOST:PORT{more})"
        raise wrong_use(f"{error}{hint}") from error
    return Ways(seeds=tuple(dict.fromkeys([*named, *listed])), join=peers)


def _addresses(option: str, texts: list[str] | None) -> tuple[Address, ...]:
    try:
        return tuple(dict.fromkeys(Address.parse(text) for text in texts or ()))
    except AddressError as error:
        raise wrong_use(f"{option}: {error}") from error


def parse_messages(text: str) -> int | None:
    """How many messages `--messages` names; None for `unlimited`."""
    if text == "unlimited":
        return None
    if _COUNT.fullmatch(text):
        return int(text)
    raise wrong_use(f"--messages: {text!r} is neither a count nor 'unlimited'")


def log_name(profile: Profile, log: Path | None, original: Callable[[int], Path]) -> Callable[[int], Path] | None:
    """The log to write, by the node's port: the one named, else the original's in profile classic, else none."""
    if log is not None:
        return lambda _: log
    return original if profile is Profile.CLASSIC else None


def seed_log(_: int) -> Path:
    """A seed's log as the original names it."""
    return Path("seedlog.txt")


def peer_log(port: int) -> Path:
    """A peer's log as the original names it."""
    return Path(f"peerlog_{port}.txt")


def at_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def parse_port(text: str | None) -> int:
    """A port typed at a prompt; raises UsageError."""
    if text is None:
        raise UsageError("no port was given")
    return ids.parse_port(text, port_min=0)
