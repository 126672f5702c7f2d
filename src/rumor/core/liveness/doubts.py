"""Doubts: members that we hear nothing of, from the first miss to the accusation.

    begun --RelayRequest to some neighbors--> "no": so many tried in vain
      |                                  `--> "it is alive", or it says so itself: vouched for
      |--suspect--> Accused(SUSPECT): told to all, and it may refute
      `--accuse---> Accused(SILENT, REFUSED, UNREACHABLE): evidence

Rule 1: nobody is accused who was vouched for since the doubt began. Rule 2: nobody is accused who is not alive anyway,
as far as the directory knows. Rule 3: only who was asked can vouch, beside the member itself.
"""

from collections.abc import Callable, Sequence
from random import Random

import msgspec

from rumor.core.effects import Failure
from rumor.core.events import Accused, LinkFailed
from rumor.core.frames import Contact, Parting, RelayReply, RelayRequest, Verdict
from rumor.core.ids import Seconds
from rumor.core.liveness.health import Health
from rumor.core.outbox import Outbox

_ANOTHER = (Parting.SELF, Parting.OTHER_NETWORK, Parting.OTHER_VERSION, Parting.NOT_A_PEER)
"""Who parts like this is somebody else, at the address of whom we look for."""


class _Doubt(msgspec.Struct):
    """What relays found: those that owe an answer, and how many tried in vain."""

    number: int
    asked: list[int]
    in_vain: int = 0
    vouched: bool = False


class Doubts:
    """Whom one node doubts. At most as many as are watched, dialled again and visited."""

    def __init__(
        self, health: Health, relays: int, outbox: Outbox, rng: Random, is_live: Callable[[str], bool]
    ) -> None:
        self._health = health
        self._relays = relays
        self._outbox = outbox
        self._rng = rng
        self._is_live = is_live
        self._doubts: dict[str, _Doubt] = {}
        self._last_number = 0

    def __contains__(self, name: str) -> bool:
        """Whether a member is doubted."""
        return name in self._doubts

    def begin(self, contact: Contact, relays: Sequence[int]) -> None:
        """Doubt a member, and ask some of these neighbors to try it."""
        self._last_number += 1
        asked = self._rng.sample(relays, min(self._relays, len(relays))) if self._is_live(contact.name) else []
        self._doubts[contact.name] = _Doubt(self._last_number, asked)
        for link in asked:
            self._outbox.send(link, RelayRequest(self._last_number, contact))

    def end(self, name: str) -> None:
        """Doubt it no more; if nobody does, that is no error."""
        self._doubts.pop(name, None)

    def on_relay_reply(self, link: int, reply: RelayReply) -> None:
        """A neighbor that we asked has tried, or heard the member not long ago."""
        for doubt in self._doubts.values():
            if doubt.number == reply.number and link in doubt.asked:
                doubt.asked.remove(link)
                doubt.in_vain += not reply.alive
                doubt.vouched |= reply.alive

    def vouch(self, name: str) -> None:
        """A member said that it is alive."""
        if name in self._doubts:
            self._doubts[name].vouched = True

    def is_vouched(self, name: str) -> bool:
        """Whether somebody said that it is alive since the doubt began."""
        return name in self._doubts and self._doubts[name].vouched

    def accuse(self, name: str, verdict: Verdict, misses: int, heard_at: Seconds, now: Seconds) -> None:
        """Say what we found of a member that was last heard then; not of one that was vouched for."""
        if self.is_vouched(name) or not self._is_live(name):
            return
        in_vain = self._doubts[name].in_vain if name in self._doubts else 0
        self._outbox.say(Accused(name, verdict, misses, in_vain, now - heard_at, self._health.lateness))


def is_there(event: LinkFailed) -> bool:
    """Whether it answered a dial, in frames, even if with a no."""
    return event.parting is not None and event.parting not in _ANOTHER


def is_refused(event: LinkFailed, took: Seconds, patience: Seconds) -> bool:
    """Whether nobody listens there, or somebody else: known at once. What took longer is silence."""
    return took < patience and (event.failure is Failure.UNREACHABLE or event.parting in _ANOTHER)
