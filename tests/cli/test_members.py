"""Members as they come, some at a time."""

import json

import pytest

from rumor.cli.members import JsonList, Table

MEMBERS: list[dict[str, object]] = [
    {"name": name, "address": "h:1", "state": "alive", "since": 0.0, "tags": {}} for name in ("ana", "bo", "cy")
]


@pytest.mark.parametrize("pages", [[[]], [MEMBERS], [MEMBERS[:1], MEMBERS[1:]], [MEMBERS[:2], [], MEMBERS[2:]]])
def test_pages_are_one_list_on_one_line(
    capsys: pytest.CaptureFixture[str], pages: list[list[dict[str, object]]]
) -> None:
    """However many there are, a script reads one value."""
    printer = JsonList()
    for page in pages:
        printer.page(page)
    printer.end()

    output = capsys.readouterr().out
    assert (output[-1], output.count("\n")) == ("\n", 1)
    assert json.loads(output) == [member for page in pages for member in page]


def test_pages_are_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    """One head, and one sum below all."""
    printer = Table()
    for page in (MEMBERS[:2], MEMBERS[2:]):
        printer.page(page)
    printer.end()

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:1] for line in lines] == [["NAME"], ["ana"], ["bo"], ["cy"], [], ["3"]]
