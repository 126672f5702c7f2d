"""A profile, and what `--detect-within` and `--set` change in it."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from rumor.cli.rumor_toml import unknown
from rumor.core.errors import UsageError
from rumor.core.settings import Settings, detecting, profile


def settings_of(name: str, detect_within: float | None, changes: Sequence[str]) -> Settings:
    """The settings of a node. A change is `GROUP.NAME=VALUE`; the last one of a setting counts. Raises UsageError."""
    settings = profile(name)
    if detect_within is not None:
        settings = detecting(settings, detect_within)
    return changed(settings, changes) if changes else settings


def changed(settings: Settings, changes: Iterable[str]) -> Settings:
    """The same settings with these changes; checked as a whole, since some must fit each other. Raises UsageError."""
    groups: dict[str, dict[str, Any]] = {}
    for change in changes:
        group, name, value = _parsed(settings, change)
        groups.setdefault(group, {})[name] = value
    said = {group: msgspec.structs.replace(getattr(settings, group), **values) for group, values in groups.items()}
    return msgspec.structs.replace(settings, **said)


def _parsed(settings: Settings, change: str) -> tuple[str, str, Any]:
    """One change: its group, its name, its value."""
    key, is_one, text = change.partition("=")
    group, dot, name = key.strip().partition(".")
    if not is_one or not dot:
        raise UsageError(f"{change!r} is not GROUP.NAME=VALUE, such as liveness.interval=0.5")
    groups = settings.__struct_fields__[1:]
    if group not in groups:
        raise UsageError(unknown(group, groups))
    fields = {field.name: field.type for field in msgspec.structs.fields(getattr(settings, group))}
    if name not in fields:
        raise UsageError(f"{group}: {unknown(name, fields)}")
    try:
        return group, name, msgspec.convert(text.strip().lower(), fields[name], strict=False)
    except msgspec.ValidationError:
        raise UsageError(f"{group}.{name} can't be {text.strip()!r}: {_kind(fields[name])}") from None


def _kind(kind: Any) -> str:
    """What a setting of that type must be, in words."""
    words = {bool: "true or false", int: "a whole number"}
    return words.get(kind, "a number")
