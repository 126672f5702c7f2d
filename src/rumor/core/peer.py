"""A peer: what a driver may tell it and ask it. Its machines are made in machines.py, and meet in routes.py."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from random import Random

from rumor.core.broadcast.publishing import check_payload
from rumor.core.clock import WallClock
from rumor.core.codec import Codec
from rumor.core.effects import Ask, Effect, Failure, Tell
from rumor.core.events import (
    Event,
    Problem,
)
from rumor.core.frames import (
    Contact,
    Frame,
    Outcome,
    Outgoing,
    Parting,
    RunRecord,
    StreamId,
)
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.machines import Machines
from rumor.core.members import Member, Reach, Why
from rumor.core.messages import Incoming, Reply
from rumor.core.routes import Routes
from rumor.core.settings import Settings
from rumor.core.snapshot import Neighbor, PeerSnapshot, Receipt, Retained
from rumor.core.timers import soonest


class Peer:
    """The node that hears and tells rumors. See `rumor.core` for how a driver uses it."""

    def __init__(
        self,
        identity: Identity,
        seeds: Sequence[Address],
        settings: Settings,
        clock: WallClock,
        rng: Random,
        codec: Codec,
        *,
        join: Sequence[Address] = (),
        contacts: Sequence[Contact] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._identity = identity
        self._settings = settings
        self._clock = clock
        self._join = tuple(join)
        self._tags = tags or {}
        self._slept_after = (settings.liveness.strikes_max - 1) * settings.liveness.interval
        self._machines = machines = Machines(identity, seeds, settings, clock, rng, codec, contacts)
        self._routes = Routes(machines)
        self._outbox = machines.outbox
        self._links = machines.links
        self._overlay = machines.overlay
        self._membership = machines.membership
        self._liveness = machines.membership.liveness
        self._broadcast = machines.broadcast
        self._texts = machines.texts
        self._requests = machines.requests
        self._others_due: Seconds | None = None
        self._runs_due: Seconds | None = None
        self._runs_moved = True

    # Inputs: each ends with `_route`, so that every machine knows what it must before anything is drained.

    def join(self, now: Seconds) -> None:
        """Begin: register with seeds, find neighbors. Once, before all else."""
        if not self._identity.epoch:
            self._identity.epoch = self._clock.milliseconds(now)
        self._routes.alone_since = now
        self._membership.begin(self._tags, now)
        self._broadcast.begin(now)
        self._broadcast.alone()
        self._texts.overlay.join(now)
        self._machines.registration.join(now)
        self._overlay.join(now)
        self._overlay.learn(self._join, now)
        self._route(now)

    def publish(self, payload: bytes, topic: str, now: Seconds) -> int:
        """Say something; returns its number. Kept for the first neighbor while there is none.

        Raises UsageError for a payload above the limit, an unfit topic, or when another process lives under our name;
        nothing is said then. Does not look at the window (`has_room`). It leaves at `end_turn` at the latest.
        """
        if len(payload) > self._settings.broadcast.payload_bytes_max:
            check_payload(payload, self._settings.broadcast)
        self._routes.turn_moved = True
        return self._broadcast.publish(payload, topic, now)

    def publish_many(self, payloads: Sequence[bytes], topic: str, now: Seconds) -> tuple[int, int]:
        """Say several things; returns the numbers of the first and the last. All or nothing; raises as `publish`."""
        self._routes.turn_moved = True
        return self._broadcast.publish_many(payloads, topic, now)

    def has_room(self, now: Seconds) -> bool:
        """Whether the window lets more be said now. When that changes, PublishProgress is said."""
        self._runs_moved = True
        return self._broadcast.has_room(now)

    def receipt(self, number: int, now: Seconds) -> Receipt:
        """How far a rumor of ours is; look again at each PublishProgress."""
        return Receipt(*self._broadcast.progress(number, now))

    def end_turn(self, now: Seconds) -> None:
        """What was said in this turn leaves, and what came in it is acknowledged.

        The driver calls it once after the frames that one read brought, and once at the end of a turn of its loop in
        which anything was published. A turn that brought only probes and their answers has no end to see to.
        """
        if self._routes.turn_moved:
            self._end_turn(now)

    def reach_back(self, now: Seconds) -> None:
        """Get what was said before we came, as far as neighbors keep it; HistoryReached is said when it is there."""
        self._broadcast.history.reach_back(now)
        self._end_turn(now)

    def pause(self) -> None:
        """A subscriber that must not miss anything is full: acknowledge nothing more, so that origins wait."""
        self._broadcast.pause()

    def resume(self, now: Seconds) -> None:
        """It has room again."""
        self._broadcast.resume()
        self._end_turn(now)

    def leave(self, now: Seconds, back_in: Seconds | None = None) -> None:
        """Say goodbye to all neighbors: we stop, for good or for about so long. Nothing else is to follow."""
        self._routes.others_moved = True
        self._broadcast.end_turn(now)
        self._membership.leave(now, back_in)
        self._links.leave(now)

    # Members.

    def members(self) -> tuple[Member, ...]:
        """Who is in the network, by name."""
        return self._membership.directory.members()

    def member(self, name: str) -> Member | None:
        """One member; None if it is not known, or not any more."""
        return self._membership.directory.member(name)

    def why(self, name: str) -> Why | None:
        """Why a member is in its state, with all statements about it."""
        return self._membership.directory.why(name)

    def reach(self) -> Reach:
        """How many of the known members are on our side."""
        return self._membership.directory.reach()

    def set_tags(self, tags: Mapping[str, str], now: Seconds) -> None:
        """Have these tags from now on. Raises UsageError when they are too many or too long."""
        self._membership.directory.set_tags(tags, now)
        self._end_turn(now)

    def set_seeds(self, seeds: Sequence[Address], now: Seconds) -> None:
        """These are the seeds from now on: registered with as far as too few of them hold us."""
        self._machines.registration.set_seeds(seeds, now)
        self._route(now)

    # Questions.

    def request(self, name: str, topic: str, payload: bytes, timeout: Seconds, now: Seconds) -> int:
        """Ask one member; returns the question's number. Ends in Answered or Unanswered, within `timeout`.

        Raises UsageError for an unfit topic, payload or timeout, or when there are too many; nothing is asked then.
        """
        number = self._requests.ask(name, topic, payload, timeout, now)
        self._route(now)
        return number

    def ask_all(self, topic: str, payload: bytes, timeout: Seconds, now: Seconds) -> int:
        """Ask all others; returns the question's number. Each answer within `timeout` is one Answered."""
        number = self._requests.ask_all(topic, payload, timeout, now)
        self._routes.others_moved = True
        self._end_turn(now)
        return number

    def forget_question(self, number: int, now: Seconds) -> None:
        """Nobody waits for the answers to a question of ours any more. One that is over is no error."""
        self._requests.forget(number, now)
        self._route(now)

    def respond(self, ticket: int, outcome: Outcome, payload: bytes, now: Seconds) -> None:
        """Answer what was Asked, once; when nobody waits for it any more, nothing is done."""
        self._requests.respond(ticket, outcome, payload, now)
        self._route(now)

    # Links.

    def dialled(self, link: int, now: Seconds) -> None:
        """A link that we dialled is connected, and the other side's preface has come."""
        self._links.on_dialled(link, now)
        self._route(now)

    def accepted(self, link: int, source: str, now: Seconds) -> None:
        """A node on the host `source` opened a link."""
        self._links.on_accepted(link, source, now)
        self._route(now)

    def link_lost(self, link: int, failure: Failure, now: Seconds) -> None:
        """A link could not be made, or has broken."""
        self._links.on_lost(link, failure, now)
        self._route(now)

    def bad_frame(self, link: int, text: str, now: Seconds) -> None:
        """A link brought bytes that fit no frame: it is closed, and that is said."""
        self._outbox.say(Problem("bytes on a link that fit no frame", self._links.source(link), text))
        self._links.part(link, Parting.BAD_FRAME, detail=text[:255], now=now)
        self._route(now)

    def on_frame(self, link: int, frame: Frame, now: Seconds) -> None:
        """A link brought a frame. After the last one of a read, call `end_turn`."""
        if type(frame) is RunRecord:
            if self._links.stands(link):
                self._liveness.heard(link, now)
                self._broadcast.on_run(link, frame, now)
                self._routes.turn_moved = True
            return
        self._routes.take(link, frame, now)

    def pull(self, link: int, bytes_max: int, now: Seconds) -> list[Outgoing]:
        """What a link is to send next: control first, then about `bytes_max` bytes of runs. Empty: nothing, for now."""
        if not self._outbox.is_awake(link):
            return []
        control = self._outbox.take(link)  # all that wait, at once
        more: list[Outgoing] = []
        if self._outbox.has_more(link):
            questions = self._requests.pull(link, bytes_max, now)
            self._routes.others_moved |= bool(questions)
            more += self._membership.pull(link, bytes_max)
            more += questions
        more += self._broadcast.pull(link, bytes_max, now)
        self._runs_moved |= bool(more)
        if not more:
            self._outbox.dry(link)
        return [*control, *more]

    # Texts.

    def receive(self, link: int, source: str, message: Incoming, now: Seconds) -> None:
        """A connection from the host `source` brought a message; `link` names it in an Answer or Close."""
        self._texts.receive(link, source, message, now)
        self._route(now)

    def answered(self, ask: Ask, reply: Reply, now: Seconds) -> None:
        """A request was answered, with the kind of reply that belongs to it."""
        self._texts.answered(ask, reply, now)
        self._route(now)

    def told(self, tell: Tell, now: Seconds) -> None:
        """A message without a reply has left."""
        self._texts.told(tell)
        self._route(now)

    def failed(self, effect: Ask | Tell, failure: Failure, now: Seconds) -> None:
        """A request or a message came to nothing."""
        self._texts.failed(effect, failure, now)
        self._route(now)

    # Time.

    def tick(self, now: Seconds) -> None:
        """Do what is due. If it was due long ago, the process was stopped, or its machine asleep."""
        due = self.next_deadline()
        if due is not None and now - due > self._slept_after:
            self._texts.overlay.slept(now)
            self._broadcast.slept(now)
        self._texts.tick(now)
        self._links.tick(now)
        self._overlay.tick(now)
        self._membership.tick(now)
        self._machines.antientropy.tick(now)
        self._broadcast.tick(now)
        for text in self._texts.bridge.due(now):
            if self._overlay.neighbors:
                self._broadcast.carry(text, now)
        self._machines.visits.tick(now)
        self._requests.tick(now)
        for link in self._outbox.overrun():
            self._outbox.say(Problem("a link that takes nothing", detail=str(link)))
            self._links.part(link, Parting.SILENT, now=now)
        self._routes.others_moved = True
        self._end_turn(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do. Asked in each turn, so what it did not move is kept."""
        if self._routes.others_moved:
            self._routes.others_moved = False
            self._others_due = soonest(
                self._texts.next_deadline(),
                self._links.next_deadline(),
                self._overlay.next_deadline(),
                self._membership.next_deadline(),
                self._machines.antientropy.next_deadline(),
                self._machines.visits.next_deadline(),
                self._requests.next_deadline(),
            )
        if self._runs_moved or self._routes.turn_moved:
            self._runs_moved = False
            self._runs_due = self._broadcast.next_deadline()
        return soonest(self._others_due, self._runs_due, self._liveness.next_deadline())

    # Outputs.

    def drain(self) -> tuple[list[Effect], list[Event]]:
        """What must be done, and what happened, since the last call."""
        return self._outbox.drain()

    def snapshot(self) -> PeerSnapshot:
        """How things stand."""
        return PeerSnapshot(
            name=self._identity.name,
            address=self._identity.address,
            epoch=self._identity.epoch,
            neighbors=self._neighbors(),
            seeds=self._machines.registration.held,
            contacts=len(self._overlay.contacts) + len(self._texts.overlay.contacts),
            heard=self._texts.flood.heard,
            runs=self._broadcast.counts,
            streams=len(self._broadcast.streams),
            list_bytes=self._broadcast.list.bytes,
            lacking=len(self._broadcast.repair),
            not_bridged=self._texts.bridge.not_bridged,
        )

    def retained(self) -> Iterable[Retained]:
        """What the message list holds, in order of arrival."""
        for entry in chain(self._broadcast.history.entries(), self._broadcast.list):
            yield Retained(entry.stream.id, entry.number, entry.first, entry.last, entry.topic, entry.raw)

    def heads(self) -> dict[StreamId, tuple[int, int]]:
        """By stream: the last rumor heard in order, and the first that is retained (the one after the last: none)."""
        told = self._broadcast.delivery.told
        heads = {
            stream.id: (told(stream), stream.last_before(stream.first_kept) + 1) for stream in self._broadcast.streams
        }
        for entry in self._broadcast.history.entries():
            last, first = heads[entry.stream.id]
            heads[entry.stream.id] = (last, min(first, entry.first))
        return heads

    def contacts(self) -> tuple[Contact, ...]:
        """Whom we know, the newest first: to be saved for another life."""
        return self._machines.contacts()

    # Inside.

    def _route(self, now: Seconds) -> None:
        """Tell the other machines what one of them found out; the deadlines of any may have moved."""
        self._routes.others_moved = self._routes.turn_moved = True
        self._routes.pass_on(now)

    def _end_turn(self, now: Seconds) -> None:
        self._routes.turn_moved = False
        self._runs_moved = True
        self._broadcast.end_turn(now)
        self._membership.end_turn(now)
        self._routes.pass_on(now)

    def _neighbors(self) -> tuple[Neighbor, ...]:
        linked = (
            Neighbor(neighbor.name, neighbor.address, neighbor.link, self._liveness.rtt(neighbor.link))
            for neighbor in self._overlay.neighbors
        )
        classic = (Neighbor(str(address), address, 0, 0.0) for address in self._texts.overlay.neighbors)
        return (*linked, *classic)
