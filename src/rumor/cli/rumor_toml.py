"""rumor.toml: the options of all commands, or of one, and single settings.

    network = "office"              every command that has the option --network
    seeds = ["10.0.0.1:3400"]

    [peer]                          `rumor peer` alone; wins over what stands above
    tags = { room = "kitchen" }

    [settings.liveness]             a group of core/settings.py, as --set liveness.interval=0.5
    interval = 0.5

A key that nothing knows is an error that names the nearest one: what is misspelt must not be passed over.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from rumor.core.errors import ConfigError
from rumor.core.settings import Settings

NAME = "rumor.toml"

BYTES_MAX = 1 << 20
"""A longer file is none of settings."""

Tables: TypeAlias = dict[str, Any]

Commands: TypeAlias = Mapping[str, Iterable[str]]
"""The names of the options that each command has."""


def read(path: Path) -> Tables:
    """What stands in a file. Raises ConfigError: it is missing, too long, or not TOML."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(data) > BYTES_MAX:
        raise ConfigError(f"{path}: above {BYTES_MAX} bytes, so these are no settings")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: {error}") from error


def options(tables: Tables, command: str, commands: Commands, name: str = NAME) -> dict[str, Any]:
    """The options that a file says for a command, as its parser takes them; `name` stands for the file in an error.

    The whole file is looked at, whatever the command. Raises ConfigError for an unknown key.
    """
    known = dict.fromkeys(option for names in commands.values() for option in names)
    for_all: dict[str, Any] = {}
    for_command: dict[str, Any] = {}
    for key, value in tables.items():
        option = key.replace("-", "_")
        if key == "settings":
            for_all["set"] = _changes(value, name)
        elif option in known:  # before the commands: `tags` is both, and tags are a table, too
            for_all[option] = _value(value)
        elif key in commands and isinstance(value, dict):
            own = _checked(value, commands[key], f"{name}: [{key}]")
            for_command = own if key == command else for_command
        else:
            raise ConfigError(f"{name}: {unknown(key, [*known, *commands, 'settings'])}")
    said = {**for_all, **for_command, "set": [*for_all.get("set", ()), *for_command.get("set", ())]}
    return {option: value for option, value in said.items() if option in commands[command] and value != []}


def unknown(key: str, known: Iterable[str]) -> str:
    """The words for a key that nothing knows, with the nearest one that something does."""
    return f"there is no {key!r}; did you mean {nearest(key, known)!r}?"


def nearest(word: str, known: Iterable[str]) -> str:
    """Of the known words the one that looks most like this one."""
    return difflib.get_close_matches(word, list(known), 1, 0.0)[0]


def likeness(word: str, known: Iterable[str]) -> float:
    """How much a word looks like the nearest known one, from 0 to 1."""
    return difflib.SequenceMatcher(None, word, nearest(word, known)).ratio()


def _checked(table: Tables, known: Iterable[str], where: str) -> dict[str, Any]:
    """A command's own table."""
    said = {}
    for key, value in table.items():
        option = key.replace("-", "_")
        if option not in known:
            raise ConfigError(f"{where}: {unknown(key, known)}")
        said[option] = _value(value)
    return said


def _value(value: Any) -> Any:
    """A value as options have it: a table is a list of KEY=VALUE."""
    return [f"{key}={inner}" for key, inner in value.items()] if isinstance(value, dict) else value


def _changes(groups: Any, name: str) -> list[str]:
    """The tables below `settings`, as `--set` would say them."""
    if not isinstance(groups, dict) or not all(isinstance(table, dict) for table in groups.values()):
        raise ConfigError(f"{name}: settings stand in tables, such as [settings.liveness]")
    known = {field.name: field.type.__struct_fields__ for field in msgspec.structs.fields(Settings)[1:]}
    changes = []
    for group, table in groups.items():
        if group not in known:
            raise ConfigError(f"{name}: [settings]: {unknown(group, known)}")
        for key, value in table.items():
            if key not in known[group]:
                raise ConfigError(f"{name}: [settings.{group}]: {unknown(key, known[group])}")
            changes.append(f"{group}.{key}={value}")
    return changes
