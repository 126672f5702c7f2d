"""Membership: who is in the network, and who of them lives. The half of a peer that watches the others.

Composes the watch over neighbors and members (liveness.py) with what is known of all (directory.py), as `peer.py` does
everything; what one of them finds out goes through `Routes.pass_on`.

    a neighbor is silent, or its link broke --Accused--> a statement, told to all --two of them--> dead: NeighborDied
                                                   `--> the member itself, which refutes: nothing has happened
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from rumor.core.clock import WallClock
from rumor.core.directory.directory import Directory
from rumor.core.events import (
    Accused,
    LinkDown,
    LinkFailed,
    LinkReady,
    MemberChanged,
    NeighborDied,
    NeighborDown,
    NeighborUp,
    OtherLifeTold,
    Reason,
)
from rumor.core.frames import (
    Claims,
    Control,
    MembersBuckets,
    MembersSummary,
    Probe,
    RelayReply,
    RelayRequest,
    Role,
    Watching,
)
from rumor.core.hearing import Hearing
from rumor.core.ids import Identity, Seconds
from rumor.core.liveness.liveness import Liveness
from rumor.core.liveness.namesakes import Namesakes
from rumor.core.members import State
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import Links
from rumor.core.settings import Settings
from rumor.core.timers import soonest

MISSED_MAX = 256
"""Former neighbors whose death we still report."""

_MISSED = (Reason.BROKEN, Reason.DEAD, Reason.FORGOT_US)
"""Who went like this may be dead."""


class Membership:
    """`directory`, `liveness` and `namesakes` of one peer."""

    def __init__(
        self, identity: Identity, links: Links, settings: Settings, clock: WallClock, outbox: Outbox, rng: Random
    ) -> None:
        self._links = links
        self._outbox = outbox
        hearing = Hearing(settings.liveness)
        self.directory = Directory(identity, clock, settings.directory, outbox, rng, hearing)
        self.liveness = Liveness(
            links, identity, settings.liveness, settings.probes, outbox, rng, self.directory, hearing
        )
        self.namesakes = Namesakes(identity, links, self.directory.disown)
        self._held: dict[int, str] = {}
        self._missed: dict[str, None] = {}
        self._left = False

    def frame_handlers(self) -> dict[type, Callable[[int, Any, Seconds], None]]:
        """Which machine takes which frame; answers to probes are the composer's."""
        directory, liveness = self.directory, self.liveness
        return {
            Probe: liveness.on_probe,
            RelayRequest: liveness.on_relay_request,
            RelayReply: liveness.on_relay_reply,
            Claims: directory.on_claims,
            MembersSummary: directory.on_summary,
            MembersBuckets: directory.on_buckets,
            Watching: lambda link, frame, now: directory.on_watching(link, frame),
        }

    def begin(self, tags: Mapping[str, str], now: Seconds) -> None:
        """The peer begins."""
        self.directory.begin(now, tags)

    def neighbor_up(self, event: NeighborUp, now: Seconds) -> None:
        """A neighbor came, over a link."""
        self._missed.pop(event.name, None)
        self._held[event.link] = event.name
        self.liveness.watch(event.link, event.name, event.neighbor, now)
        self.directory.add_link(event.link, event.name, now)

    def neighbor_down(self, event: NeighborDown) -> None:
        """It is gone."""
        self.liveness.unwatch(event.link)
        self.directory.remove_link(event.link)
        is_told = self._held.pop(event.link, None) is None
        if event.reason in _MISSED and not is_told:
            self._missed[event.name] = None
            if len(self._missed) > MISSED_MAX:
                del self._missed[next(iter(self._missed))]

    def on_link_ready(self, event: LinkReady, now: Seconds) -> bool:
        """A link stands: who said Hello lives. True: it was made to see that, and nobody else wants it."""
        info = self._links.info(event.link)
        if info is not None and info.role is Role.PEER:
            self.directory.heard_directly(event.name, event.address, info.epoch, now, event.link)
        return self.liveness.on_link_ready(event, now)

    def on_link_failed(self, event: LinkFailed, now: Seconds) -> bool:
        """A link could not be made. True: it was to see whether somebody lives."""
        return self.liveness.on_link_failed(event, now)

    def other_life_told(self, event: OtherLifeTold, now: Seconds) -> None:
        """Members were told of a later life under our name: if nobody lives there, we answer."""
        self.namesakes.told(event.address, now)

    def on_link_down(self, event: LinkDown, now: Seconds) -> None:
        """A link that stood is gone."""
        self.liveness.on_link_down(event, now)

    def on_accused(self, event: Accused, now: Seconds) -> None:
        """We found that a member does not answer: a statement for all."""
        self.directory.on_accused(event, now)

    def on_member_changed(self, event: MemberChanged, now: Seconds) -> None:
        """The directory changed: the watch hears of doubts, and of those that were void."""
        member, before = event.change.member, event.change.before
        if before is not None and member.state in (State.DEAD, State.SUSPECT):
            self.liveness.on_death(member.name, now)
        if member.state is State.DEAD:
            if self._was_ours(member.name):
                self._outbox.say(NeighborDied(member.address, member.name, member.epoch, member.incarnation))
        elif before is not None and (member.epoch, member.incarnation) > (before.epoch, before.incarnation):
            self._missed.pop(member.name, None)
            self.liveness.on_refuted(member.name, now)

    def pull(self, link: int, bytes_max: int) -> list[Control]:
        """What a link is to be told of members."""
        return self.directory.pull(link, bytes_max)

    def leave(self, now: Seconds, back_in: Seconds | None) -> None:
        """Say that we stop, once."""
        if not self._left:
            self._left = True
            self.directory.leave(now, back_in)

    def end_turn(self, now: Seconds) -> None:
        """The turn is over: neighbors hear of our neighbors."""
        self.directory.end_turn(now)

    def tick(self, now: Seconds) -> None:
        """Do what is due; liveness says itself when that is."""
        self.liveness.tick(now)
        self.directory.tick(now)
        self.namesakes.tick(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do, but for liveness."""
        return soonest(self.directory.next_deadline(), self.namesakes.next_deadline())

    def _was_ours(self, name: str) -> bool:
        """Whether a member is our neighbor, or was until it was missed; asked once of each death."""
        links = [link for link, held in self._held.items() if held == name]
        for link in links:
            del self._held[link]
        return bool(links) or self._missed.pop(name, self) is None
