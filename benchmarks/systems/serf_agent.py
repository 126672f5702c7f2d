"""Serf: its agent as a child of the worker, read by what it logs; for how quickly a group forms."""

import re
import subprocess
import threading
import time
from typing import Any

from benchmarks.control import serve
from benchmarks.systems.ports import free_port

Fields = dict[str, Any]

USER_EVENT = "probe"
JOINED = re.compile(r"EventMemberJoin: (\S+)")


class Agent:
    """An agent, who joined as it logs, and when it heard the first user event."""

    def start(self, join: str | None, index: int, **_: object) -> Fields:
        """Start the agent; it listens when it says so."""
        address, self._rpc = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        command = ["serf", "agent", f"-node=agent-{index}", f"-bind={address}", f"-rpc-addr={self._rpc}"]
        self._agent = subprocess.Popen(
            [*command, *([f"-retry-join={join}", "-retry-interval=1s"] if join else [])],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._members: set[str] = set()
        self._first_at = 0
        self._said: list[str] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self._wait(lambda: bool(self._members), 30.0)
        return {"address": address}

    def connected(self, count: int, patience: float) -> Fields:
        """Wait until all have joined."""
        self._wait(lambda: len(self._members) >= count, patience)
        return {"at": time.monotonic_ns()}

    def listen(self, **_: object) -> None:
        """It hears already."""

    def first(self, patience: float) -> Fields:
        """Wait for the first user event."""
        self._wait(lambda: self._first_at > 0, patience)
        return {"at": self._first_at}

    def say(self, tag: str) -> None:
        """One user event; repeated ones must not be merged."""
        subprocess.run(["serf", "event", "-coalesce=false", f"-rpc-addr={self._rpc}", USER_EVENT, tag], check=True)

    def end(self) -> None:
        """With the worker, the agent ends."""
        self._agent.kill()
        self._agent.wait()

    def _wait(self, condition: Any, patience: float) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, patience):
                raise TimeoutError(f"serf knows {len(self._members)} members; it says: {self._said[-5:]}")

    def _read(self) -> None:
        assert self._agent.stdout is not None
        for line in self._agent.stdout:
            with self._changed:
                self._said.append(line)
                if found := JOINED.search(line):
                    self._members.add(found[1])
                elif USER_EVENT in line:
                    self._first_at = self._first_at or time.monotonic_ns()
                self._changed.notify_all()


if __name__ == "__main__":
    serve(Agent())
