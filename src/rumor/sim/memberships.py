"""What nodes told of members, in a world that knows better.

    MemberChanged --> is it the next change of that member here?     no: the world stops
                  |-> DEAD: a Death, beside whether it runs          what stories count
                  `-> SUSPECT: a Doubt of one that runs              the same

An application that follows the changes must know what one knows that asks for the members: so each node's changes are
kept as a directory of its own (`Node.members`), which `settled.py` compares with that of its core.
"""

from collections.abc import Iterator
from typing import NamedTuple

from rumor.core.ids import Seconds
from rumor.core.members import Change, Member, State
from rumor.sim.node import Node


class Death(NamedTuple):
    """A node gave a member up. `false`: it ran then, in that very life, and was not stopped."""

    moment: Seconds
    observer: str
    name: str
    epoch: int
    incarnation: int
    false: bool


class Memberships:
    """All deaths that anybody told of, and how long false ones lasted."""

    def __init__(self) -> None:
        self.deaths: list[Death] = []
        self.revivals: dict[tuple[str, str, int, int], Seconds] = {}
        """When an observer took a death back: by its name, the member's, the epoch and incarnation it had died in."""
        self.doubts: set[tuple[str, int, int]] = set()
        """Which members were doubted though they ran: by name, epoch and incarnation, whoever doubted."""
        self._named: dict[str, list[Node]] = {}

    def add(self, node: Node) -> None:
        """A node is there. Several may have one name."""
        self._named.setdefault(node.name, []).append(node)

    def lives(self, name: str, epoch: int) -> bool:
        """Whether a member runs, in that very life."""
        return any(node.up and not node.frozen and node.epoch == epoch for node in self._named.get(name, ()))

    def on_change(self, node: Node, change: Change, now: Seconds) -> str | None:
        """A node told of a change; says in words what is wrong with it, or gives nothing."""
        member, before = change.member, node.members.get(change.member.name)
        node.members[member.name] = member
        if change.before != before and not (change.before is None and before is not None and _is_over(before)):
            return f"{node} tells that {member.name} was {_told(change.before)}, and told before {_told(before)}"
        if wrong := _wrong(node, change):
            return wrong
        self._note(node, change, now)
        return None

    def false_deaths(self) -> Iterator[Death]:
        """The deaths of those who lived."""
        return (death for death in self.deaths if death.false)

    def lasted(self, death: Death, now: Seconds) -> Seconds:
        """How long a death stood at its observer; up to now if it still does."""
        _, observer, name, epoch, incarnation, _ = death
        return self.revivals.get((observer, name, epoch, incarnation), now) - death.moment

    def _note(self, node: Node, change: Change, now: Seconds) -> None:
        member, before = change.member, change.before
        if before is not None and before.state is State.DEAD and member.state is not State.DEAD:
            self.revivals[node.name, before.name, before.epoch, before.incarnation] = now
        if member.state is State.DEAD and (before is None or before.state is not State.DEAD):
            false = self.lives(member.name, member.epoch)
            self.deaths.append(Death(now, node.name, member.name, member.epoch, member.incarnation, false))
        elif member.state is State.SUSPECT and self.lives(member.name, member.epoch):
            self.doubts.add((member.name, member.epoch, member.incarnation))


def _wrong(node: Node, change: Change) -> str | None:
    """What no change may be, whatever befell the network."""
    member, before = change.member, change.before
    if member.name == node.name and member.state in (State.SUSPECT, State.DEAD):
        return f"{node} takes itself for {member.state.value}"
    if before is None:
        return None
    if member == before:
        return f"{node} tells of a change of {member.name} in which nothing changes"
    if (member.epoch, member.incarnation) < (before.epoch, before.incarnation):
        return f"{node} goes back from {_told(before)} to {_told(member)} with {member.name}"
    return None


def _is_over(member: Member) -> bool:
    """Whether a member may be forgotten, and come anew later."""
    return member.state in (State.DEAD, State.LEFT)


def _told(member: Member | None) -> str:
    if member is None:
        return "unknown"
    return f"{member.state.value} in {member.epoch}/{member.incarnation} at {member.address}"
