"""The built wheel installs into a bare environment and runs."""

import json
import subprocess
import sys
import venv
from pathlib import Path

from tests.processes.harness import ROOT, Program, environment


def run(*command: str, cwd: Path) -> str:
    """What a command prints; it must end well."""
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_installs_into_a_bare_environment_and_runs(tmp_path: Path) -> None:
    """Built without the network, installed with the dependencies that it names, and a seed of it starts and ends."""
    build = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir")
    run(*build, str(tmp_path), str(ROOT), cwd=tmp_path)
    (wheel,) = tmp_path.glob("rumor-*.whl")
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=True)
    pip = (str(bare / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--constraint", str(ROOT / "constraints.txt"), str(wheel), cwd=tmp_path)

    program = str(bare / "bin" / "rumor")
    assert run(program, "--version", cwd=tmp_path).startswith("rumor ")
    with Program([program, "up", "--seeds", "1", "--peers", "2", "--json", "--duration", "5"], tmp_path) as up:
        assert up.wait() == 0
    assert {json.loads(line)["event"] for line in up.lines} >= {"listening", "registered", "neighbor_up", "stopped"}


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    """The marker for type checkers is in it; tests and root programs are not."""
    build = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir")
    run(*build, str(tmp_path), str(ROOT), cwd=tmp_path)
    (wheel,) = tmp_path.glob("rumor-*.whl")

    names = run(sys.executable, "-m", "zipfile", "--list", str(wheel), cwd=tmp_path)

    assert "rumor/py.typed" in names
    assert not any(name.startswith(("tests", "seed.py", "peer.py")) for name in names.splitlines())
