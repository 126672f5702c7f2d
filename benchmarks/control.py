"""The worker's side of the control: one command a line comes in, one answer a line goes out, both JSON.

    fleet.py                                  a worker (limit.py, systems/*.py)
      {"do": "listen", "how": "runs", …} -->    node.listen(how="runs", …)
      <-- {…}                                    what the method returned, or {"error": …}

A worker tells `{"loaded": true}` when its imports are done, and ends with its input. Whatever a library prints goes to
standard error, so that it can't be taken for an answer.
"""

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, TypeAlias

Fields: TypeAlias = dict[str, Any]

LINE_MAX = 1 << 24
"""Bytes of the longest command."""


def serve(node: object) -> None:
    """Obey commands, one after the other, until there are none. For libraries whose calls block."""
    say = _answers()
    say({"loaded": True})
    for line in sys.stdin:
        command = json.loads(line)
        try:
            say(getattr(node, command.pop("do"))(**command) or {})
        except Exception:  # noqa: BLE001 - told to the fleet, which ends the trial
            say({"error": traceback.format_exc()})
    getattr(node, "end", lambda: None)()
    os._exit(0)  # threads that still wait for messages don't hold it up


async def serve_async(node: object) -> None:
    """The same for libraries on asyncio."""
    say = _answers()
    reader = asyncio.StreamReader(limit=LINE_MAX)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    say({"loaded": True})
    while line := await reader.readline():
        command = json.loads(line)
        try:
            say(await getattr(node, command.pop("do"))(**command) or {})
        except Exception:  # noqa: BLE001 - told to the fleet, which ends the trial
            say({"error": traceback.format_exc()})
    os._exit(0)


def _answers() -> Callable[[Fields], None]:
    """Take standard output for answers alone; returns what writes one."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(fields: Fields) -> None:
        out.write(json.dumps(fields) + "\n")
        out.flush()

    return say
