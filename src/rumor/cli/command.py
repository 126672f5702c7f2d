"""How a command comes to its options: in groups, from three places.

    rumor.toml  <  RUMOR_NETWORK  <  --network            what is nearer to the command wins

    @command(examples=["rumor listen --topic start"])
    def listen(topic: Topic = None, *, ways: WaysOptions, about: Source) -> int: ...

An option stands in the signature, or in a group: a struct whose fields are options, which becomes one argument of the
function. A command that takes a `Source` can read its options from the file again while it runs. What it returns is the
exit code.

Rule 1: each option is worded once, in options.py or at the one command that has it. Rule 2: each that is not hidden can
be said in all three places; the arguments of a command are said with it, but for the port.
"""

import inspect
import os
import typing
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import msgspec
import typer
from typer.models import ArgumentInfo, OptionInfo, ParameterInfo

from rumor.cli import rumor_toml
from rumor.core.errors import ConfigError, UsageError

PREFIX = "RUMOR_"

FILE = "settings"
"""The name of the option that names the file."""

LIKE_ONE = 0.85
"""How much a variable must look like one of ours to be taken for a slip; others with the same beginning are others'."""

known: dict[str, list[str]] = {}
"""The options of each command that can be said in the file and the environment."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Options that belong together, and that several commands share."""


class WrongUse(typer.BadParameter):
    """Ends the program with exit code 2, what is wrong, and a hint at `--help`."""

    def format_message(self) -> str:
        """What is wrong, without a word on which option it is: the message says that."""
        return self.message


WRONG_USES = tuple(kind for kind in typer.BadParameter.__mro__[1:] if issubclass(kind, Exception))[:-1]
"""What the parser raises for wrong use: the bases of the one that typer names."""


def wrong_use_line(error: Any) -> str:
    """One of these as our other errors are told; the help itself, when nothing at all was said."""
    text, context = error.format_message(), getattr(error, "ctx", None)
    if context is None or text == context.get_help():
        return str(text)
    return f"rumor: {text.rstrip('.')}; see `{context.command_path} --help`"


class Source:
    """Where a command's options came from, so that a running node can read them from the file again."""

    def __init__(self, context: typer.Context, command_name: str, file: Path | None) -> None:
        self._context = context
        self._command = command_name
        self._file = file
        self._nearer = frozenset(filter(self._is_nearer, known[command_name]))

    def again(self, options: "GroupType") -> "GroupType":
        """The same options with what the file says now; nothing changes what was said nearer. Raises ConfigError."""
        said = _fitting(self._context, _said(self._file, self._command), self._file)
        fields = {name: said.get(name, _default(type(options), name)) for name in options.__struct_fields__}
        return msgspec.structs.replace(
            options, **{name: value for name, value in fields.items() if name not in self._nearer}
        )

    def on_command_line(self, *names: str) -> bool:
        """Whether one of these options was given with the command itself."""
        return any(self._place(name) == "COMMANDLINE" for name in names)

    def _is_nearer(self, name: str) -> bool:
        return self._place(name) in ("COMMANDLINE", "ENVIRONMENT")

    def _place(self, name: str) -> str:
        return getattr(self._context.get_parameter_source(name), "name", "")


GroupType = typing.TypeVar("GroupType", bound=Group)

Body = Callable[..., int]


class Command(msgspec.Struct, frozen=True):
    """A command: its name, what it runs, with all options in one row, and what stands below its help."""

    name: str
    run: Callable[..., None]
    epilog: str

    def add_to(self, app: typer.Typer) -> None:
        """Let the program know it."""
        app.command(self.name, epilog=self.epilog)(self.run)


def command(*, examples: Sequence[str], note: str = "") -> Callable[[Body], Command]:
    """Make a function a command of the program. `note` stands before the examples in its help."""
    shown = "\n\n".join(f"  {example}" for example in examples)
    epilog = "\n\n".join(part for part in (note, "Examples:", shown) if part)
    return lambda body: Command(body.__name__, _flat(body), epilog)


def _flat(body: Body) -> Callable[..., None]:
    """A function with an option for each field of each group, as the parser wants it."""
    hints = typing.get_type_hints(body, include_extras=True)
    groups = {name: kind for name, kind in hints.items() if inspect.isclass(kind) and issubclass(kind, Group)}
    wants_source = [name for name, kind in hints.items() if kind is Source]
    parameters = [*_options(body, hints, groups), *_own_parameters(body.__name__)]
    known[body.__name__] = [parameter.name for parameter in parameters if _can_be_said(parameter)]

    def run(**given: Any) -> None:
        context: typer.Context = given.pop("context")
        file: Path | None = given.pop(FILE)
        for name in wants_source:
            given[name] = Source(context, body.__name__, file)
        for name, kind in groups.items():
            given[name] = kind(**{field: given.pop(field) for field in kind.__struct_fields__})
        try:
            raise typer.Exit(body(**given))
        except (UsageError, ConfigError) as error:  # said with a hint at --help
            raise WrongUse(str(error)) from error

    run.__doc__ = body.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # inspect looks for it there
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _options(body: Body, hints: dict[str, Any], groups: dict[str, type[Group]]) -> Iterator[inspect.Parameter]:
    """The arguments and options of a function, those of its groups in their places."""
    for name, parameter in inspect.signature(body).parameters.items():
        if name in groups:
            fields = typing.get_type_hints(groups[name], include_extras=True)
            for field in groups[name].__struct_fields__:
                yield _parameter(field, fields[field], _default(groups[name], field))
        elif hints[name] is not Source:
            yield _parameter(name, hints[name], parameter.default)


def _own_parameters(command_name: str) -> Iterator[inspect.Parameter]:
    """What every command has: the file, read before its other options are looked at."""

    def on_file(context: typer.Context, path: Path | None) -> Path | None:
        if context.resilient_parsing:
            return None
        try:
            return _take_file(context, command_name, path)
        except ConfigError as error:
            raise WrongUse(str(error)) from error

    file = typer.Option(
        f"--{FILE}",
        metavar="FILE",
        help=f"Further options, in TOML. [default: {rumor_toml.NAME}, if it is there]",
        is_eager=True,
        callback=on_file,
        envvar=f"{PREFIX}{FILE.upper()}",
        show_envvar=False,
        show_default=False,
    )
    yield _keyword(FILE, typing.Annotated[Path | None, file], None)
    yield _keyword("context", typer.Context, inspect.Parameter.empty)


def _take_file(context: typer.Context, command_name: str, file: Path | None) -> Path | None:
    """Let the file say what nobody nearer does. Raises ConfigError."""
    _check_environment()
    said = _said(file, command_name)
    _fitting(context, said, file)
    context.default_map = said
    return file


def _said(file: Path | None, command_name: str) -> dict[str, Any]:
    """What the file says for a command; nothing if none is named and the usual one is not there. Raises ConfigError."""
    path = file or Path(rumor_toml.NAME)
    if file is None and not path.exists():
        return {}
    return rumor_toml.options(rumor_toml.read(path), command_name, known, str(path))


def _fitting(context: typer.Context, said: dict[str, Any], file: Path | None) -> dict[str, Any]:
    """The file's values as the command gets them. Raises ConfigError for one that does not fit its option."""
    name = str(file or rumor_toml.NAME)
    fitting = {}
    for parameter in context.command.params:
        if (key := parameter.name) not in said:
            continue
        if getattr(parameter, "multiple", False) != isinstance(said[key], list):
            raise ConfigError(f"{name}: {key}: a list where the option can be given several times, else one value")
        try:
            fitting[key] = parameter.process_value(context, said[key])
        except typer.BadParameter as error:
            raise ConfigError(f"{name}: {key}: {error.message}") from error
    return fitting


def without_options() -> dict[str, str]:
    """The environment without what it says of options: for a node that is told all of its own."""
    return {name: value for name, value in os.environ.items() if name not in _variables()}


def _check_environment() -> None:
    """Raises ConfigError for a variable that looks like a misspelt one of ours."""
    ours = _variables()
    for name in os.environ:
        if name.startswith(PREFIX) and name not in ours and rumor_toml.likeness(name, ours) >= LIKE_ONE:
            raise ConfigError(f"the environment: {rumor_toml.unknown(name, ours)}")


def _variables() -> dict[str, None]:
    """The names of the variables by which options can be said."""
    return {f"{PREFIX}{name.upper()}": None for names in [*known.values(), [FILE]] for name in names}


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """An option or argument that the environment may say, too."""
    info = _info(annotation)
    if isinstance(info, OptionInfo) and not info.hidden:
        info = copy(info)
        info.envvar = f"{PREFIX}{name.upper()}"
    if info is not None:
        info = copy(info)
        info.show_envvar = False
        annotation = typing.Annotated[typing.get_args(annotation)[0], info]
    return _keyword(name, annotation, default)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _can_be_said(parameter: inspect.Parameter) -> bool:
    info = _info(parameter.annotation)
    return parameter.name != FILE and isinstance(info, OptionInfo | ArgumentInfo) and info.envvar is not None


def _info(annotation: Any) -> ParameterInfo | None:
    """What an annotation says of the option, if it is one."""
    return next((info for info in getattr(annotation, "__metadata__", ()) if isinstance(info, ParameterInfo)), None)


def _default(group: type[Group], field: str) -> Any:
    info = next(one for one in msgspec.structs.fields(group) if one.name == field)
    return inspect.Parameter.empty if info.required else info.default
