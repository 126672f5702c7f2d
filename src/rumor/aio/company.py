"""The half of a peer's face that is about the others: who they are, how they are, and what they answer."""

from collections.abc import Callable, Iterable, Mapping

from rumor.aio.coverage import Census
from rumor.aio.driver import Driver, OnEvent
from rumor.aio.members import Changes, Members
from rumor.aio.node import Node
from rumor.aio.requests import TIMEOUT, Answers, R, Requests
from rumor.core.directory.claims import checked_tags
from rumor.core.errors import UsageError
from rumor.core.events import Answered, Asked, Event, MemberChanged, ReachChanged, Unanswered
from rumor.core.ids import Address, Identity
from rumor.core.members import Member, Reach, Why
from rumor.core.peer import Peer as PeerCore
from rumor.core.requests.census import TOPIC as CENSUS
from rumor.core.settings import Settings

ABOUT_OTHERS = frozenset((MemberChanged, ReachChanged, Asked, Answered, Unanswered))
"""The events that this half must hear of."""


class InCompany(Node):
    """A peer among members. The other half, which publishes and hears, is `Peer`."""

    def __init__(
        self,
        address: Address | str,
        settings: Settings | str,
        *,
        seeds: Iterable[Address | str],
        insecure: bool,
        advertise: str | None,
        tags: Mapping[str, str],
        on_reload: Callable[[], Iterable[Address | str]] | None,
        on_event: OnEvent | None,
    ) -> None:
        super().__init__(
            address,
            settings,
            seeds=seeds,
            insecure=insecure,
            advertise=advertise,
            on_reload=on_reload,
            on_event=on_event,
        )
        self._tags = dict(checked_tags(tags, self._settings.directory.tags_bytes_max))
        self._requests = Requests(self._settings.requests)
        self._core: PeerCore | None = None
        self._identity: Identity | None = None
        self._members: Members | None = None
        self._census: Census | None = None

    @property
    def name(self) -> str:
        """Who this peer is: the origin of its rumors. Raises UsageError before it has started."""
        if self._identity is None:
            raise UsageError("the node has not started")
        return self._identity.name

    @property
    def tags(self) -> Mapping[str, str]:
        """What this peer lets all members know of it."""
        return dict(self._tags)

    def members(self) -> tuple[Member, ...]:
        """All members of the network that are known, this peer included, by name."""
        return self._running().members()

    def member(self, name: str) -> Member | None:
        """One member; None if it is not known, or not any more."""
        return self._running().member(name)

    def why(self, name: str) -> Why | None:
        """Why a member is in its state, with what others found of it; None if it is not known."""
        return self._running().why(name)

    def reach(self) -> Reach:
        """How many of the known members are on our side, and whether a partition is likely."""
        return self._running().reach()

    def changes(self) -> Changes:
        """How members and the reach change, from now on: `async for change in peer.changes(): ...`.

        Changes wait for their reader. When they are many, those of one member are put together, so that a slow reader
        is told less, but always the end of it. Of this peer itself only `set_tags` is told.
        """
        self._running()
        assert self._members is not None
        return self._members.changes()

    async def set_tags(self, tags: Mapping[str, str]) -> None:
        """Have these tags and no others. Raises UsageError when they are too many or too long; they stay then."""
        self._running()
        assert self._members is not None
        self._members.set_tags(self.name, tags)
        self._tags = dict(tags)

    async def request(
        self,
        name: str,
        payload: bytes | str,
        *,
        topic: str = "",
        timeout: float = TIMEOUT,  # noqa: ASYNC109 - told to the other side, too
    ) -> bytes:
        """Ask one member, and wait for its answer.

        Raises RequestError if it can't be reached or gives none, RequestTimeout if not in time, and UsageError for what
        can't be asked; nothing is asked then.
        """
        return await self._requests.request(name, payload, topic=topic, timeout=timeout)

    def ask(self, payload: bytes | str, *, topic: str = "", timeout: float = TIMEOUT) -> Answers:
        """Ask all other members: `async for answer in peer.ask(...): ...`, until the time is over.

        Raises UsageError for what can't be asked, or when too much is asked of all at once; nothing is asked then.
        """
        return self._requests.ask(payload, topic=topic, timeout=timeout)

    def responder(self, topic: str = "") -> Callable[[R], R]:
        """Let a function answer the questions of a topic: `@peer.responder("load")`, before or after the start.

        It gets the payload and the asker's name, and gives bytes or text; None is the empty answer to one who asked
        this peer, and no answer to one who asked all. A plain function must not block. An asynchronous one is cancelled
        when nobody waits any more. Raises UsageError for an unfit topic, or one that has a responder.
        """
        return self._requests.responder(topic)

    def _attach(self, core: PeerCore, identity: Identity, driver: Driver) -> Census:
        """The peer starts; by the census its receipts are told."""
        self._core, self._identity = core, identity
        self._members = Members(core, driver.turn, self._settings.directory.members_max)
        self._census = Census(core, identity.name, driver.turn, full=self._settings.directory.full)
        self._requests.attach(core, driver.turn, driver.say)
        return self._census

    def _hear(self, event: Event) -> bool:
        """Something happened about others; whether the application is to hear of it."""
        assert self._members is not None
        assert self._census is not None
        if isinstance(event, Asked) and event.topic == CENSUS:
            return False  # the core answers
        self._members.on_event(event)
        self._census.on_event(event)
        self._requests.on_event(event)
        return True

    async def _part(self) -> None:
        """The peer has stopped: nobody waits for anything any more."""
        if self._members is not None:
            self._members.close()
        await self._requests.stop()

    def _running(self) -> PeerCore:
        if self._core is None:
            raise UsageError("the peer has not started")
        if self._stopped:
            raise UsageError("the peer has stopped")
        return self._core
