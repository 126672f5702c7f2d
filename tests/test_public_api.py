"""What the package shows to applications, and the files that belong to it."""

import ast
import inspect
from importlib import resources
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

import rumor
from rumor.aio.config import read_seeds
from rumor.core import settings

ROOT = Path(__file__).parents[1]
PUBLIC = sorted(set(rumor.__all__) - {"__version__"})
CLASSES = [value for name in PUBLIC if inspect.isclass(value := getattr(rumor, name))]


def test_all_is_exactly_what_exists() -> None:
    """Every public name of the top level is listed, once, and every listed name is there."""
    found = {
        name for name, value in vars(rumor).items() if not name.startswith("_") and not isinstance(value, ModuleType)
    }

    assert set(rumor.__all__) == found | {"__version__"}
    assert len(rumor.__all__) == len(set(rumor.__all__))


@pytest.mark.parametrize("name", [name for name in PUBLIC if callable(getattr(rumor, name))])
def test_each_public_class_and_function_has_a_docstring(name: str) -> None:
    """Whoever asks `help` for a public name is told what it is."""
    assert (getattr(rumor, name).__doc__ or "").strip()


@pytest.mark.parametrize("public", CLASSES)
def test_each_public_member_has_a_docstring(public: type) -> None:
    """So is whoever asks for a method or a property of a public class."""
    members = [
        (name, value)
        for name, value in inspect.getmembers(public)
        if not name.startswith("_") and (inspect.isroutine(value) or isinstance(value, property))
    ]

    assert [name for name, value in members if not (value.__doc__ or "").strip()] == []


def test_each_public_value_has_a_docstring() -> None:
    """PROFILES can carry none itself, so a text stands below it in its module."""
    values = [name for name in PUBLIC if not callable(getattr(rumor, name))]
    body = ast.parse(inspect.getsource(settings)).body
    explained = [
        statement.target.id
        for statement, following in pairwise(body)
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
    ]

    assert values == ["PROFILES"]
    assert "PROFILES" in explained


def test_every_error_is_a_rumor_error() -> None:
    """An application catches all that the library raises with one class."""
    errors = [public for public in CLASSES if issubclass(public, Exception)]

    assert errors
    assert all(issubclass(error, rumor.RumorError) for error in errors)


def test_the_example_in_the_docstring_is_python() -> None:
    """What newcomers copy from `help(rumor)` compiles."""
    _, _, example = (rumor.__doc__ or "").partition("\n\n")

    assert "asyncio.run(main())" in example
    compile(example, "rumor.__doc__", "exec")


def test_the_package_is_marked_as_typed() -> None:
    """Type checkers of applications read our types."""
    assert (resources.files("rumor") / "py.typed").is_file()


def test_the_sample_config_fits_an_original_peer_too() -> None:
    """An original peer fails on a blank line, so the sample has no newline at its end, no comment and no host name."""
    sample = ROOT / "config.txt"
    seeds = read_seeds(sample)

    assert all(seed.is_ipv4 for seed in seeds)
    assert sample.read_text(encoding="utf-8") == "\n".join(map(str, seeds))
