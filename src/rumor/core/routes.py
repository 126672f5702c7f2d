"""Routes: which machine takes which frame, and who else must hear of what one of them found out.

    frame  --by its kind--> one machine          event --by its kind--> those that must know; the application hears all

Rule: the machines don't know each other. Whatever one does because of another stands here.
"""

from collections.abc import Callable
from typing import Any

from rumor.core.events import (
    Accused,
    Alone,
    Asked,
    DeathReported,
    LinkDown,
    LinkFailed,
    LinkReady,
    MemberChanged,
    NeighborDied,
    NeighborDown,
    NeighborUp,
    OriginWanted,
    OtherLifeTold,
    Problem,
    RumorsLost,
    RunDelivered,
)
from rumor.core.frames import (
    Acknowledgement,
    Answers,
    Buckets,
    DeathNotice,
    Digest,
    ForwardJoin,
    Frame,
    Gone,
    Goodbye,
    Graft,
    Heads,
    Hello,
    Lane,
    Lease,
    NeighborAccepted,
    NeighborRequest,
    Probe,
    ProbeReply,
    Prune,
    Request,
    Response,
    Shuffle,
    ShuffleReply,
    Summary,
    Want,
)
from rumor.core.ids import Seconds
from rumor.core.machines import Machines
from rumor.core.overlay.links import OWN_PROBE
from rumor.core.requests.census import TOPIC

_PROBING = frozenset((Probe, ProbeReply))
"""Frames that move nothing but liveness: nearly all that an idle node hears."""

_OFTEN = _PROBING | frozenset((Prune, Graft, Want, Gone, Digest, Acknowledgement))
"""Frames that move no deadline but those of liveness and broadcast."""


class Routes:
    """Leads frames and events through the machines of one peer.

    `others_moved`: whether a deadline may have moved that is not one of liveness or broadcast. `turn_moved`: whether
    anything but liveness may have moved since the last end of a turn.
    """

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self.others_moved = True
        self.turn_moved = True
        self.alone_since: Seconds = 0.0
        """Since when we have no neighbor, if we have none."""
        self._on_frame = self._frame_handlers()
        self._on_event = self._event_handlers()

    def take(self, link: int, frame: Frame, now: Seconds) -> None:
        """Hand a frame, which is no run, to its machine."""
        machines = self._machines
        if isinstance(frame, Hello):
            machines.links.on_hello(link, frame, now)
        elif isinstance(frame, Goodbye):
            machines.links.on_goodbye(link, frame, now)
        elif machines.links.stands(link):
            machines.membership.liveness.heard(link, now)
            if (handler := self._on_frame.get(type(frame))) is not None:  # the others are for seeds
                handler(link, frame, now)
        kind = type(frame)
        self.others_moved |= kind not in _OFTEN
        self.turn_moved |= kind not in _PROBING
        self.pass_on(now)

    def pass_on(self, now: Seconds) -> None:
        """Tell the other machines what one of them found out, until there is nothing more."""
        while (event := self._machines.outbox.next_unrouted()) is not None:
            handler = self._on_event.get(type(event))
            if handler is not None:
                self.others_moved |= type(event) is not RunDelivered
                self.turn_moved = True
                handler(event, now)

    def _event_handlers(self) -> dict[type, Callable[[Any, Seconds], None]]:
        """Which events of one machine others must hear of; all the rest is for the application only."""
        return {
            NeighborUp: self._neighbor_up,
            NeighborDown: self._neighbor_down,
            NeighborDied: self._bury,
            LinkReady: self._link_ready,
            LinkFailed: self._link_failed,
            LinkDown: self._link_down,
            Accused: self._machines.membership.on_accused,
            MemberChanged: self._machines.membership.on_member_changed,
            Alone: self._ask_seeds,
            RunDelivered: self._run_delivered,
            RumorsLost: self._machines.census.on_lost,
            Asked: self._asked,
            OtherLifeTold: self._machines.membership.other_life_told,
            OriginWanted: self._dial_origin,
        }

    def _frame_handlers(self) -> dict[type, Callable[[int, Any, Seconds], None]]:
        """Which machine takes which frame of a link that stands."""
        machines = self._machines
        broadcast, overlay, antientropy = machines.broadcast, machines.overlay, machines.antientropy
        requests = machines.requests
        return {
            **machines.membership.frame_handlers(),
            ProbeReply: self._probe_reply,
            NeighborRequest: overlay.on_neighbor_request,
            NeighborAccepted: overlay.on_neighbor_accepted,
            ForwardJoin: overlay.on_forward_join,
            Shuffle: overlay.on_shuffle,
            ShuffleReply: overlay.on_shuffle_reply,
            Prune: broadcast.on_prune,
            Graft: broadcast.on_graft,
            Want: lambda link, frame, now: broadcast.on_want(link, frame),
            Gone: broadcast.on_gone,
            Digest: lambda link, frame, now: broadcast.on_digest(link, frame.entries, now),
            Acknowledgement: broadcast.on_acknowledgement,
            Summary: lambda link, frame, now: antientropy.on_summary(link, frame),
            Buckets: lambda link, frame, now: antientropy.on_buckets(link, frame),
            Heads: self._heads,
            Request: requests.on_request,
            Response: requests.on_response,
            Answers: requests.on_answers,
            Lease: machines.texts.on_lease,
        }

    def _probe_reply(self, link: int, reply: ProbeReply, now: Seconds) -> None:
        self.others_moved |= reply.number == OWN_PROBE
        rtt = self._machines.membership.liveness.on_probe_reply(link, reply, now)
        self._machines.overlay.note_round_trip(link, rtt)

    def _dial_origin(self, event: OriginWanted, now: Seconds) -> None:
        self._machines.visits.dial(event.origin, now)

    def _neighbor_up(self, event: NeighborUp, now: Seconds) -> None:
        self._machines.registration.on_neighbor(event.neighbor)
        self._machines.broadcast.in_company(now)
        if event.link:
            self._machines.membership.neighbor_up(event, now)
            self._machines.requests.on_neighbor(event.link)
            self._machines.broadcast.remove_visitor(event.link)
            info = self._machines.links.info(event.link)
            self._machines.broadcast.add_link(event.link, info.epoch if info is not None else 0, now)
            self._machines.antientropy.add_link(event.link, now)
        else:
            self._machines.texts.neighbor_up(event.neighbor, now)
            self._machines.overlay.places_taken(len(self._machines.texts.overlay.neighbors))

    def _neighbor_down(self, event: NeighborDown, now: Seconds) -> None:
        if event.link:
            self._machines.membership.neighbor_down(event)
            self._machines.antientropy.remove_link(event.link)
            self._machines.broadcast.remove_link(event.link, now)
        else:
            self._machines.texts.neighbor_down(event.neighbor)
            self._machines.overlay.places_taken(len(self._machines.texts.overlay.neighbors))
        if self._is_alone:
            self.alone_since = now
            self._machines.broadcast.alone()

    def _link_ready(self, event: LinkReady, now: Seconds) -> None:
        if event.name == self._machines.identity.name:
            self._other_life(event, now)
        else:
            self._machines.broadcast.heard_hello(event.known_epoch, now)
            self._machines.texts.link_ready(event.link, event.address, now)
        sought = self._machines.membership.namesakes.on_link_ready(event, now)  # also over a link that a seed shares
        if self._machines.registration.on_link_ready(event, now):
            return
        seen = self._machines.membership.on_link_ready(event, now)  # all who wait for the same link hear of it
        called = self._machines.requests.on_link_ready(event, now)
        visited = self._machines.visits.on_link_ready(event, now)
        if self._machines.overlay.tries(event.link) or not (sought or seen or called or visited):
            self._machines.overlay.on_link_ready(event, now)

    def _link_failed(self, event: LinkFailed, now: Seconds) -> None:
        sought = self._machines.membership.namesakes.on_link_failed(event, now)
        if self._machines.registration.on_link_failed(event, now):
            return
        seen = self._machines.membership.on_link_failed(event, now)
        called = self._machines.requests.on_link_failed(event, now)
        visited = self._machines.visits.on_link_failed(event, now)
        if (sought or seen or called or visited) and not self._machines.overlay.tries(event.link):
            return
        self._machines.overlay.on_link_failed(event, now)
        self._machines.texts.link_failed(event, now)

    def _link_down(self, event: LinkDown, now: Seconds) -> None:
        if self._machines.registration.on_link_down(event, now):
            return
        self._machines.broadcast.remove_visitor(event.link)
        self._machines.visits.on_link_down(event.link)
        self._machines.overlay.on_link_down(event, now)
        self._machines.membership.on_link_down(event, now)
        self._machines.requests.on_link_down(event, now)  # last: whoever wants a neighbor back dials first

    def _asked(self, event: Asked, now: Seconds) -> None:
        """A question for the application, or for ourselves."""
        if event.topic == TOPIC:
            self._machines.census.on_asked(event, now)

    def _other_life(self, event: LinkReady, now: Seconds) -> None:
        """Another process is there under our name: the younger one goes on.

        Of two that began in the same millisecond that is the one whose address is greater, as in own_claim.py.
        """
        own, info = self._machines.identity, self._machines.links.info(event.link)
        later = event.known_epoch
        if info is not None and info.epoch == own.epoch:
            if own.address > event.address:
                self._machines.broadcast.heard_hello(own.epoch, now)  # ours is the later one, if we have not spoken
            else:
                later = max(later, own.epoch + 1)
        self._machines.broadcast.on_other_life(later)
        self._machines.outbox.say(Problem("another process lives under our name", str(event.address)))

    def _heads(self, link: int, heads: Heads, now: Seconds) -> None:
        """Heads of a neighbor: the first complete ones are where our streams begin."""
        self._machines.broadcast.on_digest(link, heads.entries, now)
        if self._machines.antientropy.on_heads(link, heads):
            self._machines.broadcast.joined = True

    def _ask_seeds(self, event: Alone, now: Seconds) -> None:
        """Somebody has no neighbor: only if really nobody has us are the seeds asked."""
        if self._is_alone:
            self._machines.registration.ask_again(max(event.since, self.alone_since), now)

    @property
    def _is_alone(self) -> bool:
        return not self._machines.overlay.neighbors and not self._machines.texts.overlay.neighbors

    def _run_delivered(self, event: RunDelivered, now: Seconds) -> None:
        """A rumor for the application is one for classic neighbors, too, or was one of theirs; questions go apart."""
        if event.run.lane is Lane.ASKED:
            if event.fresh:
                age = self._machines.broadcast.streams.age_of(event.run, now)
                self._machines.requests.on_question(event.run, age, now)
                self.others_moved = True
            return
        if self._machines.census.waits and event.ordered:
            self._machines.census.on_delivered(event.run, now)
        texts = self._machines.texts
        if event.run.lane is Lane.CARRIED:
            if event.fresh and not event.own:
                texts.bridge.carried(event.run, now)
                self.others_moved = True
        elif event.ordered and (texts.flood.has_neighbors or (event.own and not self._machines.overlay.neighbors)):
            texts.bridge.out(event.run, now)
            self.others_moved = True

    def _bury(self, event: NeighborDied, now: Seconds) -> None:
        report = self._machines.texts.bury(event.neighbor, now)
        self._machines.overlay.forget(event.neighbor)
        notice = DeathNotice(event.name, event.epoch, event.incarnation, event.neighbor) if event.name else None
        self._machines.outbox.say(DeathReported(report, self._machines.registration.report(report, notice, now)))
