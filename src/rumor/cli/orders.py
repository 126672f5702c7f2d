"""`rumor request`, `rumor ask`, `rumor tags`, `rumor leave`, `rumor reload`: what a node is told to do."""

import sys

from rumor.aio import objects
from rumor.aio.publishing import payload_of
from rumor.cli import control, ending, tables
from rumor.cli.control import PATIENCE, Control
from rumor.cli.ending import guarded
from rumor.cli.options import NodeChoice
from rumor.cli.output import Output, say
from rumor.cli.stdin import FROM_STANDARD_INPUT, Lines
from rumor.cli.words import shown_tags
from rumor.core.errors import RumorError

QUESTION_BYTES_MAX = 1 << 20
"""More of standard input is not read: no node takes so long a question."""


class NoAnswer(RumorError):
    """Nobody answered a question to all."""


def run_request(choice: NodeChoice, name: str, text: str, topic: str, timeout: float, lines: Lines) -> int:
    """Ask a member something, and print the answer as it came; returns the exit code."""

    def run() -> int:
        asked = {"name": name, "topic": topic, "timeout": timeout, **objects.payload_object(_payload(text, lines))}
        answer = control.ask(control.find(choice.node), "request", patience=timeout + PATIENCE, **asked)
        if choice.json:
            said = objects.payload_object(objects.payload_of(answer))
            return _print(objects.encode({"event": "answer", "member": name, **said}))
        if sys.stdout.isatty():
            return _print(tables.shown_answer(objects.payload_of(answer)))
        sys.stdout.buffer.write(objects.payload_of(answer))
        say("", end="")
        return ending.OK

    return guarded(run)


def run_ask(choice: NodeChoice, text: str, topic: str, timeout: float, lines: Lines) -> int:
    """Ask all members something, and print their answers as they come; returns the exit code."""

    def run() -> int:
        asked = {"topic": topic, "timeout": timeout, **objects.payload_object(_payload(text, lines))}

        async def talk(node: Control, output: Output) -> int:
            await node.ask("ask", **asked)
            answered = False
            async for event in node.events(within=timeout + PATIENCE):
                answered = True
                await output.has_room()
                output.put(objects.encode(event) if choice.json else tables.answer_line(event))
            if not answered:
                raise NoAnswer(f"nobody answered within {timeout:g} s")
            return ending.OK

        return control.follow(control.find(choice.node), talk)

    return guarded(run)


def _payload(text: str, lines: Lines) -> bytes:
    """What is asked: a text, or all of standard input."""
    return lines.read_all(QUESTION_BYTES_MAX) if text == FROM_STANDARD_INPUT else payload_of(text)


def run_tags(choice: NodeChoice, wanted: dict[str, str], removed: list[str]) -> int:
    """Change a node's tags if that is wanted, and print them as they are then; returns the exit code."""

    def run() -> int:
        path = control.find(choice.node)
        tags = control.ask(path, "tags")["tags"]
        if wanted or removed:
            kept = {key: value for key, value in tags.items() if key not in removed}
            tags = control.ask(path, "tags", tags={**kept, **wanted})["tags"]
        return _print(objects.encode(tags) if choice.json else shown_tags(tags).replace(" ", "\n"))

    return guarded(run)


def run_leave(choice: NodeChoice, back_in: float | None) -> int:
    """Let a node leave and end; returns the exit code."""

    def run() -> int:
        control.ask(control.find(choice.node, seeds_too=True), "leave", back_in=back_in)
        return _print(objects.encode({"event": "left"}) if choice.json else "it has left")

    return guarded(run)


def run_reload(choice: NodeChoice) -> int:
    """Let a node read its seeds anew, and say which they are; returns the exit code."""

    def run() -> int:
        seeds = control.ask(control.find(choice.node, seeds_too=True), "reload")["seeds"]
        if choice.json:
            return _print(objects.encode({"event": "reloaded", "seeds": seeds}))
        return _print(f"its seeds are {', '.join(seeds)}" if seeds else "it has no seeds")

    return guarded(run)


def _print(line: str) -> int:
    say(line)
    return ending.OK
