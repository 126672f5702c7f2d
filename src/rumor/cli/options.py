"""The options that several commands share, each worded once, and the groups that they come in."""

import enum
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from rumor.cli.command import Group
from rumor.core import ids
from rumor.core.errors import AddressError, RumorError, UsageError
from rumor.core.ids import Address
from rumor.core.settings import Settings

_COUNT = re.compile("[0-9]{1,18}")

CONFIG = Path("config.txt")


class Profile(enum.StrEnum):
    """A set of timings: how quickly a dead neighbor is noticed."""

    CLASSIC = "classic"
    WAN = "wan"
    LAN = "lan"
    LOCAL = "local"


class LogLevel(enum.StrEnum):
    """The least that matters enough to be printed for people: words.Level."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


Port = Annotated[
    int | None,
    typer.Argument(
        metavar="PORT",
        min=0,
        max=65_535,
        help="The port to listen on; 0 takes a free one.",
        show_default=False,
        envvar="RUMOR_PORT",
    ),
]
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
    list[str] | None,
    typer.Option("--seed", metavar="HOST:PORT", help="A seed; can be given several times.", show_default=False),
]
Join = Annotated[
    list[str] | None,
    typer.Option(
        "--join",
        metavar="HOST:PORT",
        help="Any peer of the network; can be given several times.",
        show_default=False,
    ),
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
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Listen beyond this machine, though nothing is encrypted or authenticated."),
]
Host = Annotated[str, typer.Option(metavar="HOST", help="The address to listen on.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output, for scripts.")]
ProfileOption = Annotated[
    Profile,
    typer.Option(
        "--profile",
        help="How quickly a silent neighbor counts as dead: within 39 s, 10 s, 3 s or 0.6 s.",
    ),
]
NodeOption = Annotated[
    str | None,
    typer.Option(
        "--node",
        metavar="ADDRESS",
        help="Which node of this machine: its address, its name or its state directory. [default: the only peer]",
        show_default=False,
    ),
]
Every = Annotated[float, typer.Option(metavar="SECONDS", min=0.001, help="The time between two own messages.")]


class NodeChoice(Group, frozen=True):
    """Which running node a command speaks to."""

    node: NodeOption = None
    json: Json = False


class BindOptions(Group, frozen=True):
    """Where a node listens."""

    host: Host = "127.0.0.1"
    insecure: Insecure = False

    def address(self, port: int) -> Address:
        """The address to listen on. Raises AddressError."""
        bracketed = f"[{self.host}]" if ":" in self.host and not self.host.startswith("[") else self.host
        try:
            return Address.parse(f"{bracketed}:{port}", port_min=0)
        except AddressError as error:
            raise AddressError(f"--host: {error}") from error


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a peer asks for others: seeds, and peers that it knows by address. Neither: it waits for the others."""

    seeds: tuple[Address, ...] = ()
    join: tuple[Address, ...] = ()


class WaysOptions(Group, frozen=True):
    """How a peer finds its network, and which one it is."""

    config: Config = None
    seeds: Seeds = None
    join: Join = None
    network: Network = ""

    @property
    def some(self) -> bool:
        """Whether any way was named."""
        return bool(self.config or self.seeds or self.join)

    def parsed(self, more: str = "") -> Ways:
        """The ways named; `config.txt` is read when there are none. `more` says in an error what else there is.

        Raises ConfigError and AddressError.
        """
        from rumor.aio.config import read_seeds

        seeds, join = addresses("--seed", self.seeds), addresses("--join", self.join)
        if self.config is None and (seeds or join):
            return Ways(seeds=seeds, join=join)
        try:
            listed = read_seeds(self.config or CONFIG)
        except RumorError as error:
            hint = (
                "" if self.config else f" (or name a seed with --seed HOST:PORT, or a peer with --join HOST:PORT{more})"
            )
            raise UsageError(f"{error}{hint}") from error
        return Ways(seeds=tuple(dict.fromkeys([*seeds, *listed])), join=join)


class TimingOptions(Group, frozen=True):
    """The settings of a node: a profile, and what is changed in it."""

    profile: ProfileOption = Profile.LAN
    detect_within: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.1,
            help="Take a silent neighbor for dead within this time, in place of the profile's.",
            show_default=False,
        ),
    ] = None
    set: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP.NAME=VALUE",
            help="Change one setting, as liveness.interval=0.5; can be given several times.",
            show_default=False,
        ),
    ] = None

    def settings(self) -> Settings:
        """The settings that these make. Raises UsageError."""
        from rumor.cli.timings import settings_of

        return settings_of(self.profile.value, self.detect_within, self.set or ())

    def as_arguments(self) -> list[str]:
        """The same for another command."""
        within = [] if self.detect_within is None else ["--detect-within", str(self.detect_within)]
        changes = [word for change in self.set or () for word in ("--set", change)]
        return ["--profile", self.profile.value, *within, *changes]


class TellingOptions(Group, frozen=True):
    """What a node tells, and where. `lifeline` is the descriptor of a parent's pipe."""

    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="FILE", help="Append the classic log here.", dir_okay=False, show_default=False),
    ] = None
    log_level: Annotated[
        LogLevel, typer.Option("--log-level", help="How much is printed for people; with --json always all.")
    ] = LogLevel.INFO
    json: Json = False
    lifeline: Annotated[int | None, typer.Option("--lifeline", hidden=True)] = None

    def log_name(self, profile: Profile, original: Callable[[int], Path]) -> Callable[[int], Path] | None:
        """The log to write, by the node's port: the one named, else the original's in profile classic, else none."""
        if (named := self.log) is not None:
            return lambda _: named
        return original if profile is Profile.CLASSIC else None


def addresses(option: str, texts: list[str] | None) -> tuple[Address, ...]:
    """The addresses that an option names, each once. Raises AddressError."""
    try:
        return tuple(dict.fromkeys(Address.parse(text) for text in texts or ()))
    except AddressError as error:
        raise AddressError(f"{option}: {error}") from error


def tags(option: str, pairs: list[str] | None) -> dict[str, str]:
    """The tags that an option names, KEY=VALUE each. Raises UsageError."""
    split = {pair: pair.partition("=") for pair in pairs or ()}
    if wrong := [pair for pair, (key, is_one, _) in split.items() if not key or not is_one]:
        raise UsageError(f"{option}: {wrong[0]!r} is not KEY=VALUE")
    return {key: value for key, _, value in split.values()}


def parse_messages(text: str) -> int | None:
    """How many messages `--messages` names; None for `unlimited`. Raises UsageError."""
    if text == "unlimited":
        return None
    if _COUNT.fullmatch(text):
        return int(text)
    raise UsageError(f"--messages: {text!r} is neither a count nor 'unlimited'")


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
