"""rumor.toml: which options a file says for a command."""

from pathlib import Path

import pytest

from rumor.cli.rumor_toml import BYTES_MAX, options, read
from rumor.core.errors import ConfigError

COMMANDS = {"peer": ["name", "tags", "seeds", "set"], "seed": ["seeds", "set"], "tags": ["node"]}


def test_a_command_gets_the_options_that_it_has() -> None:
    """Those for all, and its own before them; not those of others."""
    tables = {"name": "ana", "seeds": ["a:1"], "node": "x", "peer": {"name": "bo"}, "seed": {"seeds": ["b:2"]}}

    assert options(tables, "peer", COMMANDS) == {"name": "bo", "seeds": ["a:1"]}
    assert options(tables, "seed", COMMANDS) == {"seeds": ["b:2"]}
    assert options(tables, "tags", COMMANDS) == {"node": "x"}


def test_a_table_of_values_is_a_list_of_pairs() -> None:
    """Tags are tags, although there is a command of that name."""
    assert options({"tags": {"room": "hall", "load": 3}}, "peer", COMMANDS) == {"tags": ["room=hall", "load=3"]}


def test_single_settings_are_changes() -> None:
    """As --set would say them; for every command that has that option. An empty table says nothing."""
    tables = {"settings": {"liveness": {"interval": 0.5, "strikes_max": 4}}, "seed": {"set": ["overlay.walks=5"]}}

    both = ["liveness.interval=0.5", "liveness.strikes_max=4"]
    assert options(tables, "peer", COMMANDS) == {"set": both}
    assert options(tables, "seed", COMMANDS) == {"set": [*both, "overlay.walks=5"]}
    assert options(tables, "tags", COMMANDS) == {}
    assert options({"settings": {"liveness": {}}}, "peer", COMMANDS) == {}


def test_dashes_are_taken_for_underscores() -> None:
    """An option is found as it is typed, too."""
    assert options({"on-member": "x"}, "peer", {"peer": ["on_member"]}) == {"on_member": "x"}


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"\xff", "not UTF-8 text"),
        (b"a = ", "Invalid value"),
        (b"a = 1\na = 2", "overwrite"),
        (b"#" * (BYTES_MAX + 1), "above 1048576 bytes"),
        (b"a = " + b"[" * 5000, "rumor.toml: "),
    ],
    ids=["not text", "broken", "twice", "too long", "too deep"],
)
def test_a_file_that_cant_be_read_is_named(tmp_path: Path, data: bytes, hint: str) -> None:
    """With what is wrong with it."""
    path = tmp_path / "rumor.toml"
    path.write_bytes(data)

    with pytest.raises(ConfigError, match=r"rumor\.toml: ") as caught:
        read(path)

    assert hint in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Whoever names a file wants it read."""
    with pytest.raises(ConfigError, match="No such file"):
        read(tmp_path / "missing.toml")
