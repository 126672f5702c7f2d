"""The architecture as a test: who may import whom, and what the pure part does without.

The checks read source text, so that they can be shown what they must catch.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rumor

SOURCE = Path(rumor.__file__).parent

MAY_IMPORT = {
    "core": {"core"},
    "wire": {"wire", "core"},
    "aio": {"aio", "core", "wire"},
    "sim": {"sim", "core", "wire"},
    "web": {"web", "core", "aio"},
    "cli": {"cli", "core", "wire", "aio"},
    "__init__": {"core", "aio"},
    "__main__": {"cli"},
}
"""What each layer may import of ours; `__init__` and `__main__` are the files at the top."""

PURE_LAYERS = {"core", "wire"}

PURE_MODULES = {
    "__future__", "abc", "bisect", "collections", "dataclasses", "enum", "functools", "hashlib", "heapq", "ipaddress",
    "itertools", "math", "msgspec", "operator", "random", "re", "struct", "typing",
}  # fmt: skip
"""What the pure layers may import from elsewhere; of `random` only the type `Random`."""

IMPURE_NAMES = {
    "__builtins__", "__import__", "breakpoint", "compile", "eval", "exec", "input", "open", "os", "print", "sys",
    "time",
}  # fmt: skip
"""Names that reach the world without an import, or by a way around one."""

IMPURE_ATTRIBUTES = {"environ", "getenv", "urandom"}

HEAVY_MODULES = ["cryptography", "typer", "rich", "starlette", "uvloop"]
"""What an application that only imports the library does not pay for."""


def test_layers_import_only_what_is_below_them() -> None:
    """Each file of the package imports only the layers that its own may know."""
    assert [wrong for module, source in modules() for wrong in wrong_directions(source, module)] == []


def test_the_pure_layers_are_pure() -> None:
    """The core and the wire have no clock, chance, file, terminal or environment."""
    pure = [(module, source) for module, source in modules() if layer_of(module) in PURE_LAYERS]

    assert {layer_of(module) for module, _ in pure} == PURE_LAYERS
    assert [f"{module}: {wrong}" for module, source in pure for wrong in impurities(source)] == []


def test_aio_and_sim_do_not_know_each_other() -> None:
    """The two drivers of the core stay apart."""
    assert "sim" not in MAY_IMPORT["aio"]
    assert "aio" not in MAY_IMPORT["sim"]
    assert {"aio", "sim"} <= {layer_of(module) for module, _ in modules()}


def test_the_simulated_world_has_no_clock_of_its_own() -> None:
    """Time and chance come from the world's number; only the program that tells stories looks at a watch."""
    worldly = {"asyncio", "datetime", "secrets", "socket", "threading", "time", "uuid"}
    used = [
        f"{module}: {name}"
        for module, source in modules()
        if layer_of(module) == "sim" and module != "sim.__main__"
        for name in imported(source)
        if layer_of(name) in worldly
    ]
    assert used == []


@pytest.mark.process
def test_importing_the_library_loads_nothing_heavy() -> None:
    """`import rumor` brings no part of the program and no optional package."""
    script = f"import sys, rumor; print(*(name for name in {HEAVY_MODULES} if name in sys.modules))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)

    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core.peer", "from rumor.wire import text"),
        ("core.peer", "from rumor.aio.driver import Driver"),
        ("core.peer", "import rumor.cli.main"),
        ("core.peer", "import rumor"),
        ("core.peer", "from rumor import Peer"),
        ("core.peer", "from rumor import aio"),
        ("core.peer", "from .. import wire"),
        ("core.peer", "from ..wire.text import parse"),
        ("core.peer", "def f():\n    from rumor.aio import api"),
        ("core.peer", "if TYPE_CHECKING:\n    from rumor.aio.api import Peer"),
        ("core.__init__", "from ..aio import api"),
        ("wire.text", "from rumor.aio import api"),
        ("aio.api", "import os, rumor.cli.main as program"),
        ("aio.api", "from rumor.sim.world import World"),
        ("aio.api", "from rumor import __version__"),
        ("sim.world", "from rumor.aio.api import Peer"),
        ("web.http", "from rumor.wire import text"),
        ("web.http", "from rumor.cli import main"),
        ("cli.main", "from rumor.sim import world"),
        ("cli.main", "from rumor import Peer"),
        ("cli.main", "import rumor\nrumor.Peer"),
        ("cli.main", "import rumor as library\nlibrary.Peer"),
        ("__init__", "from rumor.cli.main import main"),
        ("__main__", "from rumor.aio.api import Peer"),
        ("club.main", "import os"),
    ],
)
def test_a_wrong_direction_is_caught(module: str, source: str) -> None:
    """However an import is written, it is seen."""
    assert len(list(wrong_directions(source, module))) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core.peer", "from rumor.core.ids import Address"),
        ("core.peer", "from .ids import Address"),
        ("core.peer", "from . import ids"),
        ("core.__init__", "from .peer import Peer"),
        ("wire.reader", "from rumor.wire import text\nfrom rumor.core.ids import Address"),
        ("aio.api", "import asyncio\nfrom rumor.core import peer\nfrom rumor.wire.text import parse"),
        ("sim.world", "from rumor.core.peer import Peer"),
        ("web.http", "from rumor.aio.api import Peer"),
        ("cli.main", "from rumor.aio.api import Peer\nfrom rumor import __version__"),
        ("cli.main", "import rumor\nrumor.__version__"),
        ("core.peer", "import rumors"),
    ],
)
def test_a_right_direction_is_let_through(module: str, source: str) -> None:
    """What lies below, or beside in the same layer, may be imported."""
    assert list(wrong_directions(source, module)) == []


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio",
        "import time",
        "from time import monotonic",
        "import os.path",
        "import collections, socket",
        "import logging as log",
        "import random",
        "from random import random",
        "from random import Random, choice",
        "from random import *",
        "rng = Random()",
        "def f(rng=Random(1)): ...",
        "now = time.monotonic()",
        "os.getpid()",
        "def f():\n    print('x')",
        "say = print",
        "open('log.txt')",
        "input()",
        "eval('1')",
        "__import__('os')",
        "__builtins__['open']",
        "home = system.environ",
        "system.getenv('HOME')",
    ],
)
def test_an_impurity_is_caught(source: str) -> None:
    """However the world is reached for, it is seen."""
    assert list(impurities(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "import re\nimport msgspec\nfrom collections.abc import Iterator\nfrom typing import Final",
        "from random import Random\ndef f(rng: Random) -> float:\n    return rng.random()",
        "from rumor.aio import api",
        "link.open()\nself.print = None",
        "def f(now: float) -> float:\n    return now + 1.0",
    ],
)
def test_what_is_pure_is_let_through(source: str) -> None:
    """Time and chance that come as arguments are no impurity; directions are another check's."""
    assert list(impurities(source)) == []


def modules() -> list[tuple[str, str]]:
    """Every file of the package: its name below `rumor`, as in `core.peer`, and its source."""
    return [
        (".".join(path.relative_to(SOURCE).with_suffix("").parts), path.read_text(encoding="utf-8"))
        for path in sorted(SOURCE.rglob("*.py"))
    ]


def layer_of(module: str) -> str:
    """The layer of a module: the first part of its name."""
    return module.partition(".")[0]


def wrong_directions(source: str, module: str) -> Iterator[str]:
    """Each import of ours in a source that its layer may not make."""
    layer = layer_of(module)
    if layer not in MAY_IMPORT:
        yield f"{module}: no rule says what {layer} may import"
        return
    for target in imports_of_ours(source, module):
        below = layer_of(target)
        if below not in MAY_IMPORT[layer] and not (layer == "cli" and target in {"", "__version__"}):
            yield f"{module} imports rumor.{target}" if target else f"{module} imports rumor"


def imports_of_ours(source: str, module: str) -> Iterator[str]:
    """What a source imports below `rumor`, or uses of it; "" for `rumor` itself."""
    tree = ast.parse(source)
    known_as: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top, _, below = alias.name.partition(".")
                if top == "rumor":
                    yield below
                    known_as |= {alias.asname or top} if not below else set()
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, module)
            if base and base[0] == "rumor":
                yield from (".".join([*base[1:], alias.name]) for alias in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known_as:
            yield node.attr


def imported(source: str) -> Iterator[str]:
    """The modules that a source imports, from wherever."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


def absolute(node: ast.ImportFrom, module: str) -> list[str]:
    """The parts of the name that an import starts from, dots resolved."""
    named = node.module.split(".") if node.module else []
    if node.level == 0:
        return named
    package = ["rumor", *module.split(".")]
    return [*package[: len(package) - node.level], *named]


def impurities(source: str) -> Iterator[str]:
    """Everything in a source that a function of state, input and now can't have."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names):
                for alias in names:
                    top = layer_of(alias.name)
                    if top == "random" or top not in PURE_MODULES | {"rumor"}:
                        yield f"import {alias.name}"
            case ast.ImportFrom(module, names, 0) if module is not None:
                top = layer_of(module)
                if top not in PURE_MODULES | {"rumor"}:
                    yield f"from {module} import ..."
                elif top == "random" and [alias.name for alias in names] != ["Random"]:
                    yield f"from random import {', '.join(alias.name for alias in names)}"
            case ast.Name(name) if name in IMPURE_NAMES:
                yield name
            case ast.Attribute(_, name) if name in IMPURE_ATTRIBUTES:
                yield f".{name}"
            case ast.Call(ast.Name("Random")):
                yield "a Random of its own"
            case _:
                pass
