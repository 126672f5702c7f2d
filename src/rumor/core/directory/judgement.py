"""Judgement: the state of each member, from what the roster holds.

    its own claim: LEFT, or AWAY until it is overdue
       `--ALIVE--> dead, suspect or alive, by the statements (evidence.py)

A lone accuser's evidence **leans** on the other watchers: it counts only when all of them are gone. So a death may
bring others, and the return of one who was thought dead may take others back. To be the same in whatever order news
come, who leans on one that is not gone any more is first taken for not dead, and then judged anew.

Rule 1: only this file changes a state. Rule 2: equal entries, equal states, but for whom this node does not believe.
"""

from collections.abc import Iterable

from rumor.core.directory.evidence import is_dead, is_evidence
from rumor.core.directory.roster import Entry, Roster, is_away
from rumor.core.frames import Standing, Statement
from rumor.core.ids import Seconds
from rumor.core.members import State

GONE = (State.DEAD, State.LEFT)


class Judgement:
    """Judges the members of one roster. `strangers_gone`: who is not known counts as gone."""

    def __init__(self, roster: Roster, *, strangers_gone: bool) -> None:
        self._roster = roster
        self._strangers_gone = strangers_gone
        self._leaning: dict[str, dict[str, None]] = {}
        self._leans_on: dict[str, tuple[str, ...]] = {}

    def settle(self, names: Iterable[str], now: Seconds) -> None:
        """Judge members that changed, and all whose state hangs on theirs."""
        waiting = list(names)
        for name in tuple(waiting):
            self._lean(name, now)
            entry = self._roster.entries.get(name)
            if entry is not None and entry.state is State.DEAD and name in self._leans_on:
                self._set(name, entry, State.SUSPECT, waiting)
        while waiting:
            name = waiting.pop()
            entry = self._roster.entries.get(name)
            if entry is not None:
                self._set(name, entry, self._judge(entry, now), waiting)

    def lone_accuser(self, name: str, now: Seconds) -> str | None:
        """Who alone has evidence against a member that is not dead; None if nobody has, or the member is not judged."""
        entry = self._roster.entries.get(name)
        if entry is None or entry.state is not State.SUSPECT:
            return None
        found = [each.accuser for each in believed(entry, now) if is_evidence(each)]
        return found[0] if len(found) == 1 else None

    def _judge(self, entry: Entry, now: Seconds) -> State:
        if entry.claim.standing is Standing.LEFT:
            return State.LEFT
        if is_away(entry, now):
            return State.AWAY
        counting = believed(entry, now)
        if is_dead(counting, is_gone=self._is_gone, is_trusted=lambda accuser: True):
            return State.DEAD
        return State.SUSPECT if counting else State.ALIVE

    def _is_gone(self, name: str) -> bool:
        entry = self._roster.entries.get(name)
        if entry is not None:
            return entry.state in GONE
        return self._strangers_gone or name in self._roster.graves

    def _set(self, name: str, entry: Entry, state: State, waiting: list[str]) -> None:
        """Give a member a state; who leans on it is to be judged, too, if that matters."""
        if state is entry.state:
            return
        self._roster.note(name)
        was_gone, entry.state = entry.state in GONE, state
        if was_gone and state not in GONE:
            self._take_back(name, waiting)
        elif not was_gone and state in GONE:
            waiting.extend(self._leaning.get(name, ()))

    def _take_back(self, name: str, waiting: list[str]) -> None:
        """A member is not gone any more: nor are, for now, those whose death leaned on that."""
        returned = [name]
        while returned:
            for leaning in self._leaning.get(returned.pop(), ()):
                entry = self._roster.entries.get(leaning)
                if entry is not None and entry.state is State.DEAD:
                    self._roster.note(leaning)
                    entry.state = State.SUSPECT
                    returned.append(leaning)
                    waiting.append(leaning)

    def _lean(self, name: str, now: Seconds) -> None:
        """Note on whom a member's death hangs: on the watchers, if it has a lone accuser."""
        for watcher in self._leans_on.pop(name, ()):
            del self._leaning[watcher][name]
            if not self._leaning[watcher]:
                del self._leaning[watcher]
        entry = self._roster.entries.get(name)
        found = [each for each in believed(entry, now) if is_evidence(each)] if entry is not None else []
        if len(found) == 1 and found[0].watchers:
            self._leans_on[name] = tuple(dict.fromkeys(found[0].watchers))
            for watcher in self._leans_on[name]:
                self._leaning.setdefault(watcher, {})[name] = None


def believed(entry: Entry, now: Seconds) -> list[Statement]:
    """The statements about a member that count: all but those of accusers that are not believed yet."""
    muted = {accuser for accuser, until in entry.muted if until > now}
    return [each for each in entry.statements if each.accuser not in muted]
