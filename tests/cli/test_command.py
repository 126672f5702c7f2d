"""How a command comes to its options: from the command line, RUMOR_* and rumor.toml."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner, Result

from rumor.cli import command as program
from rumor.cli.command import Group, Source, command, without_options


class Place(Group, frozen=True):
    """Options that commands share."""

    host: Annotated[str, typer.Option(metavar="HOST", help="Where.")] = "here"
    seeds: Annotated[list[str] | None, typer.Option("--seed")] = None


class Trial:
    """A command of its own, and what it was called with."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port: int | None = None
        self.place = Place()
        self.again = Place()
        self.on_command_line: list[str] = []
        self.meanwhile = ""

        @command(examples=["rumor trial 4001"], note="A note.")
        def trial(
            *,
            port: Annotated[int | None, typer.Argument(envvar="RUMOR_PORT")] = None,
            place: Place,
            quiet: Annotated[bool, typer.Option("--quiet")] = False,
            hidden: Annotated[int | None, typer.Option("--hidden", hidden=True)] = None,
            source: Source,
        ) -> int:
            """Try it."""
            self.port, self.place = port, place
            self.on_command_line = [name for name in ("port", "host", "seeds") if source.on_command_line(name)]
            if self.meanwhile:
                (directory / "rumor.toml").write_text(self.meanwhile)
            self.again = source.again(place)
            return 3 if quiet else 0

        self._app = typer.Typer(rich_markup_mode=None)
        self._app.callback()(lambda: None)
        trial.add_to(self._app)

    def run(self, *arguments: str, file: str | None = None, **environment: str) -> Result:
        """Run it where such a file lies, in such an environment."""
        if file is not None:
            (self.directory / "rumor.toml").write_text(file)
        return CliRunner().invoke(self._app, ["trial", *arguments], env=environment)


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    """The command, in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    yield Trial(tmp_path)
    del program.known["trial"]


def test_options_come_in_groups(trial: Trial) -> None:
    """A group's fields are options, and reach the command as one value."""
    done = trial.run("4001", "--host", "there", "--seed", "a:1", "--seed", "b:2")

    assert (done.exit_code, done.output) == (0, "")
    assert (trial.port, trial.place) == (4001, Place(host="there", seeds=["a:1", "b:2"]))
    assert trial.on_command_line == ["port", "host", "seeds"]


def test_what_a_command_returns_is_the_exit_code(trial: Trial) -> None:
    """Whoever calls it from a script can tell how it went."""
    assert trial.run("--quiet").exit_code == 3


def test_help_shows_options_notes_and_examples(trial: Trial) -> None:
    """Those of groups as all others; where else they can be said clutters nothing."""
    shown = trial.run("--help").output

    assert all(text in shown for text in ("Try it.", "--host HOST", "A note.", "Examples:", "rumor trial 4001"))
    assert "RUMOR_" not in shown
    assert "--hidden" not in shown


@pytest.mark.parametrize(
    ("arguments", "variable", "file", "host"),
    [
        ([], None, "", "here"),
        ([], None, 'host = "file"', "file"),
        ([], "environment", 'host = "file"', "environment"),
        (["--host", "option"], "environment", 'host = "file"', "option"),
        ([], "environment", "", "environment"),
        ([], None, 'host = "all"\n[trial]\nhost = "own"', "own"),
    ],
)
def test_the_nearer_wins(trial: Trial, arguments: list[str], variable: str | None, file: str, host: str) -> None:
    """rumor.toml, then the environment, then the option itself."""
    environment = {} if variable is None else {"RUMOR_HOST": variable}

    assert trial.run(*arguments, file=file, **environment).exit_code == 0
    assert trial.place.host == host


def test_several_values_are_a_list_or_words(trial: Trial) -> None:
    """What can be given several times is a list in the file, and words in the environment."""
    trial.run(file='seeds = ["a:1", "b:2"]')
    assert trial.place.seeds == ["a:1", "b:2"]

    trial.run(RUMOR_SEEDS="c:3 d:4")
    assert trial.place.seeds == ["c:3", "d:4"]


def test_a_port_can_be_said_anywhere(trial: Trial) -> None:
    """It is an argument, but belongs to a node as its options do."""
    trial.run(file="port = 4001")
    assert trial.port == 4001

    trial.run(RUMOR_PORT="4002")
    assert trial.port == 4002


def test_another_file_can_be_named(trial: Trial, tmp_path: Path) -> None:
    """By the option, or the environment; one that is named must be there."""
    (tmp_path / "other.toml").write_text('host = "other"')

    trial.run("--settings", "other.toml", file='host = "file"')
    assert trial.place.host == "other"
    trial.run(RUMOR_SETTINGS="other.toml")
    assert trial.place.host == "other"
    missing = trial.run("--settings", "missing.toml")
    assert missing.exit_code == 2
    assert "missing.toml: No such file" in missing.output


@pytest.mark.parametrize(
    ("file", "hint"),
    [
        ('hots = "x"', "rumor.toml: there is no 'hots'; did you mean 'host'?"),
        ('[trial]\nhots = "x"', "rumor.toml: [trial]: there is no 'hots'; did you mean 'host'?"),
        ('[trail]\nhost = "x"', "rumor.toml: there is no 'trail'; did you mean 'trial'?"),
        ("hidden = 1", "rumor.toml: there is no 'hidden'"),
        ('port = "x"', "rumor.toml: port: "),
        ('seeds = "a:1"', "rumor.toml: seeds: a list"),
        ('host = ["a"]', "rumor.toml: host: a list"),
        ("host = ", "Error: rumor.toml: Invalid value (at"),
        ("[settings.livenes]\ninterval = 1", "[settings]: there is no 'livenes'; did you mean 'liveness'?"),
        (
            "[settings.liveness]\nintervall = 1",
            "[settings.liveness]: there is no 'intervall'; did you mean 'interval'?",
        ),
        ("[settings]\ninterval = 1", "settings stand in tables"),
    ],
)
def test_a_wrong_file_is_an_error_that_helps(trial: Trial, file: str, hint: str) -> None:
    """Nothing that is misspelt is passed over; exit code 2."""
    done = trial.run(file=file)

    assert done.exit_code == 2
    assert hint in " ".join(done.output.split())


def test_a_misspelt_variable_is_an_error(trial: Trial) -> None:
    """One that only begins as ours do is somebody else's."""
    done = trial.run(RUMOR_HOTS="x")
    assert done.exit_code == 2
    assert "there is no 'RUMOR_HOTS'; did you mean 'RUMOR_HOST'?" in " ".join(done.output.split())

    assert trial.run(RUMOR_SERVICE_ACCOUNT="x").exit_code == 0


def test_options_are_read_again_from_the_file(trial: Trial) -> None:
    """As the file is now; what was said nearer stays, what is gone from the file has its default again."""
    trial.meanwhile = 'seeds = ["c:3"]'
    trial.run("--host", "there", file='seeds = ["a:1"]\n')
    assert trial.again == Place(host="there", seeds=["c:3"])

    trial.meanwhile = "quiet = false"
    trial.run(RUMOR_SEEDS="e:5", file='host = "file"')
    assert trial.again == Place(host="here", seeds=["e:5"])


def test_a_file_that_has_become_wrong_is_an_error(trial: Trial) -> None:
    """The command decides what becomes of that."""
    trial.meanwhile = "seeds = 1"
    done = trial.run(file="")

    assert done.exit_code == 2
    assert "rumor.toml: seeds: a list" in done.output


def test_a_node_that_is_told_everything_hears_nothing_of_the_environment(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables of options are left out, all others stay."""
    monkeypatch.setenv("RUMOR_HOST", "x")
    monkeypatch.setenv("RUMOR_SETTINGS", "x")
    monkeypatch.setenv("RUMOR_OF_OTHERS", "x")

    left = without_options()

    assert {"RUMOR_HOST", "RUMOR_SETTINGS"} & left.keys() == set()
    assert "RUMOR_OF_OTHERS" in left
