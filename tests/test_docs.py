"""What the README and the examples show works as shown."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.harness import ROOT, environment

EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.py") if path.name != "__init__.py")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def run(program: str, directory: Path) -> str:
    """What a program prints; it must end well and say nothing on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=directory, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_readmes_program_runs(tmp_path: Path) -> None:
    """The library in ten lines: one peer hears the other say hello."""
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)

    assert "payload=b'hello'" in run(program, tmp_path)


@pytest.mark.parametrize("example", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    """Every example ends well."""
    assert run(example.read_text(), tmp_path) != ""


@pytest.mark.parametrize("page", PAGES, ids=[path.name for path in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    """Every link of a page to a file of the project finds it."""
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []
