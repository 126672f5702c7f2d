"""`rumor request`, `rumor tags`, `rumor leave`, `rumor reload`: what a node is told to do."""

import sys

from rumor.aio import objects
from rumor.aio.publishing import payload_of
from rumor.cli import control, ending, jsonlines, tables
from rumor.cli.ending import guarded
from rumor.cli.options import NodeChoice
from rumor.cli.stdin import FROM_STANDARD_INPUT, Lines
from rumor.cli.words import shown_tags

QUESTION_BYTES_MAX = 1 << 20
"""More of standard input is not read: no node takes so long a question."""


def run_request(choice: NodeChoice, name: str, text: str, topic: str, timeout: float, lines: Lines) -> int:
    """Ask a member something, and print the answer as it came; returns the exit code."""

    def run() -> int:
        payload = lines.read_all(QUESTION_BYTES_MAX) if text == FROM_STANDARD_INPUT else payload_of(text)
        asked = {"name": name, "topic": topic, "timeout": timeout, **objects.payload_object(payload)}
        answer = control.ask(control.find(choice.node), "request", **asked)
        if choice.json:
            said = objects.payload_object(jsonlines.payload_of(answer))
            return _print(jsonlines.encode({"event": "answer", "member": name, **said}))
        if sys.stdout.isatty():
            return _print(tables.shown_answer(jsonlines.payload_of(answer)))
        sys.stdout.buffer.write(jsonlines.payload_of(answer))
        sys.stdout.flush()
        return ending.OK

    return guarded(run)


def run_tags(choice: NodeChoice, wanted: dict[str, str], removed: list[str]) -> int:
    """Change a node's tags if that is wanted, and print them as they are then; returns the exit code."""

    def run() -> int:
        path = control.find(choice.node)
        tags = control.ask(path, "tags")["tags"]
        if wanted or removed:
            kept = {key: value for key, value in tags.items() if key not in removed}
            tags = control.ask(path, "tags", tags={**kept, **wanted})["tags"]
        return _print(jsonlines.encode(tags) if choice.json else shown_tags(tags).replace(" ", "\n"))

    return guarded(run)


def run_leave(choice: NodeChoice, back_in: float | None) -> int:
    """Let a node leave and end; returns the exit code."""

    def run() -> int:
        control.ask(control.find(choice.node), "leave", back_in=back_in)
        return _print(jsonlines.encode({"event": "left"}) if choice.json else "it has left")

    return guarded(run)


def run_reload(choice: NodeChoice) -> int:
    """Let a node read its seeds anew, and say which they are; returns the exit code."""

    def run() -> int:
        seeds = control.ask(control.find(choice.node), "reload")["seeds"]
        if choice.json:
            return _print(jsonlines.encode({"event": "reloaded", "seeds": seeds}))
        return _print(f"its seeds are {', '.join(seeds)}" if seeds else "it has no seeds")

    return guarded(run)


def _print(line: str) -> int:
    print(line, flush=True)
    return ending.OK
