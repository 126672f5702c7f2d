"""config.txt: the seeds, one `host:port` a line; blank lines and `#` comments are passed over, duplicates too."""

from pathlib import Path

from rumor.core.errors import AddressError, ConfigError
from rumor.core.ids import Address

BYTES_MAX = 1 << 20
"""A longer file is no list of seeds."""


def read_seeds(path: Path) -> list[Address]:
    """The seeds in a file, in its order. Raises ConfigError: missing, empty, not text, or a malformed line."""
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if len(data) > BYTES_MAX:
        raise ConfigError(f"{path}: above {BYTES_MAX} bytes, so this is no list of seeds")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}, line {line}: not UTF-8 text") from error
    return parse_seeds(text, str(path))


def parse_seeds(text: str, name: str) -> list[Address]:
    """The seeds in a text; `name` stands for the file in an error."""
    seeds: dict[Address, None] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        if "," in entry or len(entry.split()) > 1:
            raise ConfigError(f"{name}, line {number}: {entry!r} is not one host:port; write one a line")
        try:
            seeds[Address.parse(entry)] = None
        except AddressError as error:
            raise ConfigError(f"{name}, line {number}: {error}") from error
    if not seeds:
        raise ConfigError(f"{name}: no seed in it; write one host:port a line")
    return list(seeds)
