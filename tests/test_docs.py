"""What the pages and the examples show works as shown."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from rumor.core.settings import Settings
from tests.processes.harness import ROOT, environment

EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.py") if path.name != "__init__.py")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
]

PROGRAM = re.compile(r"```python\n(?P<program>.*?)```(?:\n\n```output\n(?P<output>.*?)```)?", re.DOTALL)
"""A program on a page, and perhaps what it prints, right below it."""

PROGRAMS = [
    pytest.param(match["program"], match["output"], id=f"{page.name}-{number}")
    for page in PAGES
    for number, match in enumerate(PROGRAM.finditer(page.read_text()), start=1)
]

FIRST_LINES_MAX = 15
"""The first example is shorter than this."""


def run(program: str, directory: Path) -> str:
    """What a program prints; it must end well and say nothing on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=directory, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.process
@pytest.mark.parametrize(("program", "output"), PROGRAMS)
def test_a_program_on_a_page_runs(program: str, output: str | None, tmp_path: Path) -> None:
    """Every program on a page ends well, and prints what stands below it."""
    printed = run(program, tmp_path)

    assert printed == (printed if output is None else output)


def test_the_pages_show_programs() -> None:
    """The pages that teach the library are among those whose programs are run."""
    shown = {str(parameter.id).rpartition("-")[0] for parameter in PROGRAMS}

    assert {"README.md", "library.md", "settings.md"} <= shown


@pytest.mark.process
@pytest.mark.parametrize("example", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    """Every example ends well."""
    assert run(example.read_text(), tmp_path) != ""


def test_the_readme_shows_the_first_example() -> None:
    """What newcomers see is a file that they can run, and short."""
    (shown,) = [match["program"] for match in PROGRAM.finditer((ROOT / "README.md").read_text())]
    example = (ROOT / "examples" / "hello.py").read_text()

    assert example.endswith(shown)
    assert len([line for line in example.splitlines() if line]) < FIRST_LINES_MAX


def test_every_setting_is_explained() -> None:
    """The page of settings names each one, below a heading that names its group."""
    page = (ROOT / "docs" / "settings.md").read_text()
    sections = {
        group: section
        for section in re.split(r"^## ", page, flags=re.MULTILINE)
        for group in re.findall(r"`(\w+)`", section.partition("\n")[0])
    }
    groups = [field for field in msgspec.structs.fields(Settings) if field.name != "profile"]

    assert [
        f"{group.name}.{setting.name}"
        for group in groups
        for setting in msgspec.structs.fields(group.type)
        if f"`{setting.name}`" not in sections.get(group.name, "")
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    """Every link of a page to a file of the project finds it."""
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_named_files_exist(page: Path) -> None:
    """Every file of the source that a page names by its path is there."""
    named = re.findall(r"`((?:src|tests|examples|benchmarks|fuzz|docs)/[\w/.-]+\.(?:py|md|svg))`", page.read_text())

    assert [path for path in named if not (ROOT / path).exists()] == []
