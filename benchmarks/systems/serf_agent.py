"""Serf: its agent as a child of the worker, read by what it logs; for how quickly a group forms, and who is gone."""

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
CHANGED = re.compile(r"EventMember(Join|Failed|Leave|Update)(?: \(forced\))?: (\S+)")
STATES = {"Join": "alive", "Failed": "dead", "Leave": "left", "Update": "updated"}


class Agent:
    """An agent, who joined as it logs, and when it heard the first user event."""

    def start(self, join: str | None, index: int, profile: str = "lan", **_: object) -> Fields:
        """Start the agent; it listens when it says so."""
        address, self._rpc = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        command = ["serf", "agent", f"-node=agent-{index}", f"-bind={address}", f"-rpc-addr={self._rpc}"]
        command.append(f"-profile={profile}")
        self._agent = subprocess.Popen(
            [*command, *([f"-retry-join={join}", "-retry-interval=1s"] if join else [])],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._members: set[str] = set()
        self._sights: list[tuple[int, str, str]] = []
        self._now: dict[str, str] = {}
        self._first_at = 0
        self._said: list[str] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self._wait(lambda: bool(self._members), 30.0)
        return {"address": address, "name": f"agent-{index}"}

    def watch(self) -> None:
        """It notes already."""

    def process(self) -> Fields:
        """The agent's process."""
        return {"pid": self._agent.pid}

    def knows(self, count: int, patience: float) -> Fields:
        """Wait until so many members are alive, this one included."""
        self._wait(lambda: sum(state not in ("dead", "left") for state in self._now.values()) >= count, patience)
        return {"at": max(at for at, _, _ in self._sights)}

    def saw(self, name: str, state: str, since: int, patience: float, tag: str = "") -> Fields:
        """Wait until a member is seen so; its log does not tell the tags, so the first update is the wanted one."""
        wanted = "updated" if tag else state

        def sights() -> list[int]:
            return [at for at, seen, how in self._sights if (seen, how) == (name, wanted) and at >= since]

        self._wait(lambda: bool(sights()), patience)
        return {"at": sights()[0]}

    def deaths(self, since: int) -> Fields:
        """How many were given up after a moment, and who still is."""
        died = sum(state == "dead" and at >= since for at, _, state in self._sights)
        return {"died": died, "dead": [name for name, state in self._now.items() if state == "dead"]}

    def tag(self, value: str) -> None:
        """Say something else of itself."""
        subprocess.run(["serf", "tags", f"-rpc-addr={self._rpc}", "-set", f"turn={value}"], check=True)

    def leave(self) -> None:
        """Say goodbye."""
        subprocess.run(["serf", "leave", f"-rpc-addr={self._rpc}"], check=True)

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
                if change := CHANGED.search(line):
                    self._now[change[2]] = STATES[change[1]]
                    self._sights.append((time.monotonic_ns(), change[2], STATES[change[1]]))
                if found := JOINED.search(line):
                    self._members.add(found[1])
                elif USER_EVENT in line:
                    self._first_at = self._first_at or time.monotonic_ns()
                self._changed.notify_all()


if __name__ == "__main__":
    serve(Agent())
