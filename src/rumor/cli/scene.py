"""What `rumor up` shows: the nodes' events, told as one story. Pure: events and time in, lines out."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from rumor.aio.logs import shown_origin
from rumor.core.messages import is_one_line

RUMOR_PATIENCE = 3.0
"""Seconds until a rumor that has not reached every peer is told all the same, with the coverage that it has."""

TOLD_CAPACITY = 10_000
"""Rumors remembered as told, so that a straggler does not tell one again."""

SHOWN_MAX = 200
"""Characters of a payload that are shown."""

WORD_WIDTH = 7

RANKS = {"alive": 0, "suspect": 1, "dead": 2, "away": 3, "left": 3}
"""How far a state goes, in one incarnation: a later node's older state is no news."""


class Line(msgspec.Struct, frozen=True):
    """One line of the story: its first word says what it is about."""

    word: str
    text: str

    def __str__(self) -> str:
        """The line as it is printed."""
        return f"{self.word:<{WORD_WIDTH}} {self.text}"


class _Spreading:
    """A rumor on its way: who is to hear it, and who has."""

    def __init__(self, payload: str, expected: Iterable[str], since: float) -> None:
        self.payload = payload
        self.expected = dict.fromkeys(expected)
        self.heard: dict[str, None] = {}
        self.since = since

    @property
    def complete(self) -> bool:
        return self.expected.keys() <= self.heard.keys()


class _Standing:
    """What was told of a member last, and who knows it."""

    def __init__(self, age: tuple[int, int, int]) -> None:
        self.age = age
        self.known_to: dict[str, None] = {}
        self.by_all = False


class Scene:
    """Follows the peers of one network: who is there, what is being said, who died."""

    def __init__(self) -> None:
        self._present: dict[str, None] = {}
        self._ended_at: dict[str, float] = {}
        self._dead: dict[str, None] = {}
        self._spreading: dict[tuple[str, int], _Spreading] = {}
        self._told: dict[tuple[str, int], None] = {}
        self._seeds_of: dict[str, int] = {}
        self._standings: dict[str, _Standing] = {}

    @property
    def joined(self) -> int:
        """How many peers have a neighbor, or had one, and run."""
        return len(self._present)

    def started(self, role: str, node: str, process: int) -> Line:
        """A node listens."""
        return Line(role, f"{node}  listening, process {process}")

    def ended(self, role: str, node: str, how: str, now: float) -> Iterator[Line]:
        """A node's process is gone."""
        yield Line("ended", f"{role} {node}  {how}")
        self._ended_at[node] = now
        yield from self._lose(node)

    def event(self, event: dict[str, Any], now: float) -> Iterator[Line]:
        """A node told of something."""
        node = event["node"]
        match event["event"]:
            case "registered":
                self._seeds_of[node] = self._seeds_of.get(node, 0) + (not event["renewed"])
            case "neighbor_up":
                yield from self._neighbor_up(node, event["neighbor"])
            case "rumor":
                yield from self._heard(node, event, now)
            case "dead":
                yield from self._died(node, event, now)
            case "member":
                yield from self._changed(node, event, now)
            case "struck_off":
                yield Line("seed", f"{node}  struck {event['peer']} off its list")
            case "error":
                source = f" ({event['source']})" if event["source"] else ""
                detail = f": {event['detail']}" if event["detail"] else ""
                told = f"{node}  {event['message']}{source}{detail}"
                yield Line("problem", told if is_one_line(told) else repr(told)[1:-1])
            case "lost":
                numbers = f"{event['first']} to {event['last']}"
                yield Line("lost", f"{node}  will not hear GOSSIP {numbers} of {shown_origin(event['origin'])}")
            case _:
                pass

    def tick(self, now: float) -> Iterator[Line]:
        """Tell the rumors that have been under way for too long."""
        late = [key for key, rumor in self._spreading.items() if now - rumor.since >= RUMOR_PATIENCE]
        for key in late:
            yield self._tell(key)

    def _neighbor_up(self, node: str, neighbor: str) -> Iterator[Line]:
        if neighbor in self._dead and neighbor not in self._ended_at:
            del self._dead[neighbor]
            self._present[neighbor] = None
            yield Line("back", f"{neighbor}  is alive after all: neighbor of {node}")
        if node not in self._present and node not in self._ended_at and node not in self._dead:
            self._present[node] = None
            seeds = self._seeds_of.get(node, 0)
            yield Line("joined", f"{node}  registered with {seeds} seed{'s' * (seeds != 1)}, neighbor of {neighbor}")

    def _heard(self, node: str, event: dict[str, Any], now: float) -> Iterator[Line]:
        key = (event["origin"], event["number"])
        if key in self._told:
            return
        if key not in self._spreading:
            payload = event.get("payload", event.get("payload_base64", ""))
            self._spreading[key] = _Spreading(payload, self._present, now)
        rumor = self._spreading[key]
        rumor.heard[node] = None
        if rumor.complete:
            yield self._tell(key)

    def _tell(self, key: tuple[str, int]) -> Line:
        rumor = self._spreading.pop(key)
        self._told[key] = None
        if len(self._told) > TOLD_CAPACITY:
            del self._told[next(iter(self._told))]
        origin, number = key
        count = len(rumor.heard.keys() & rumor.expected.keys())
        share = 100 * count // len(rumor.expected) if rumor.expected else 0
        said = f"{number}: {shown_payload(rumor.payload)}" if rumor.payload else f"{number}"
        return Line(
            "rumor", f"{shown_origin(origin)}  GOSSIP{said}  coverage {count}/{len(rumor.expected)} ({share} %)"
        )

    def _died(self, node: str, event: dict[str, Any], now: float) -> Iterator[Line]:
        peer = event["peer"]
        if peer in self._dead:
            return
        self._dead[peer] = None
        after = self._after_end(peer, now)
        seeds = len(event["reported_to"])
        yield Line("died", f"{peer}  noticed by {node}{after}, reported to {seeds} seed{'s' * (seeds != 1)}")
        yield from self._lose(peer)

    def _changed(self, node: str, event: dict[str, Any], now: float) -> Iterator[Line]:
        """A node learned of a member's state: told by whom first, and when all know.

        Who is there from the first is no news: that it joined is told.
        """
        name, state, address = event["name"], event["state"], event["address"]
        age = (event["epoch"], event["incarnation"], RANKS.get(state, 0))
        told = self._standings.get(name)
        if address == node or (told is not None and age < told.age):
            return
        after = self._after_end(address, now)
        if told is None or age > told.age:
            is_news = state != "alive" or (told is not None and told.age[2] != RANKS["alive"])
            told = self._standings[name] = _Standing(age)
            if len(self._standings) > TOLD_CAPACITY:
                del self._standings[next(iter(self._standings))]
            if is_news:
                yield Line("state", f"{shown_origin(name)}  {state}, says {node}{after}")
        told.known_to[node] = None
        others = [peer for peer in self._present if peer != address]
        if state != "alive" and not told.by_all and told.known_to.keys() >= set(others):
            told.by_all = True
            yield Line("state", f"{shown_origin(name)}  {state}, as all {len(others)} others know{after}")

    def _after_end(self, node: str, now: float) -> str:
        """How long the network took to see that a process is gone, if we saw that."""
        if node not in self._ended_at:
            return ""
        late = now - self._ended_at[node]
        return f" {late:.1f} s after its end" if late >= 1.0 else f" {late * 1000:.0f} ms after its end"

    def _lose(self, node: str) -> Iterator[Line]:
        """Nobody waits for a lost peer to hear a rumor."""
        self._present.pop(node, None)
        for rumor in self._spreading.values():
            rumor.expected.pop(node, None)
        for key in [key for key, rumor in self._spreading.items() if rumor.complete]:
            yield self._tell(key)


def shown_payload(payload: str) -> str:
    """What was said, or its beginning, on one line; what is no plain line as Python would write it."""
    beginning = payload[:SHOWN_MAX]
    shown = beginning if is_one_line(beginning) else repr(beginning)
    return f"{shown}…" if len(payload) > SHOWN_MAX else shown
