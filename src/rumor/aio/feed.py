"""The feed: hands what the core delivers to every subscription of one peer."""

from collections.abc import Callable, Sequence

from rumor.aio.cores import Heads, Listening, Retained
from rumor.aio.cursor import Cursor
from rumor.aio.rumors import Lost, rumor_of
from rumor.aio.subscription import Subscription
from rumor.core.events import Event, HistoryReached, RumorHeard, RumorsLost, RunDelivered
from rumor.core.frames import Lane, Run, StreamId
from rumor.core.ids import Identity, Seconds
from rumor.wire.frames import decode_run


class Feed:
    """The subscriptions of one peer. While one that blocks is behind, the core withholds its acknowledgements."""

    def __init__(
        self, core: Listening, identity: Identity, now: Callable[[], Seconds], step: Callable[[], None]
    ) -> None:
        self._core = core
        self._identity = identity
        self._now = now
        self._step = step
        self._subscriptions: tuple[Subscription, ...] = ()
        self._holding: dict[Subscription, None] = {}
        self._looking_back: dict[Subscription, Cursor | int] = {}

    def add(self, subscription: Subscription) -> None:
        """Hand it all that comes from now on."""
        self._subscriptions += (subscription,)

    def add_since(self, subscription: Subscription, since: Cursor | int) -> None:
        """The same, after what came since a cursor was taken, or the latest so many: once neighbors told theirs."""
        subscription.await_history(since)
        self._looking_back[subscription] = since
        self._core.reach_back(self._now())
        self._step()

    def on_events(self, events: list[Event]) -> None:
        """Hand on what others said."""
        for event in events:
            kind = type(event)
            if kind is RunDelivered:
                if not event.own and event.run.lane == Lane.APP:  # type: ignore[union-attr] # known by its type
                    for subscription in self._subscriptions:
                        subscription.take(event)  # type: ignore[arg-type] # known by its type
            elif kind is HistoryReached:
                self._look_back()
            elif self._subscriptions:
                self._hand_on(event)

    def close(self) -> None:
        """The peer stops: all subscriptions end."""
        for subscription in (*self._subscriptions, *self._looking_back):
            subscription.close()

    def leave(self, subscription: Subscription) -> None:
        """A subscription ended."""
        self._looking_back.pop(subscription, None)
        self._subscriptions = tuple(other for other in self._subscriptions if other is not subscription)
        self.release(subscription)

    def hold(self, subscription: Subscription) -> None:
        """A subscription that blocks is full: let the origins wait."""
        first = not self._holding
        self._holding[subscription] = None
        if first:
            self._core.pause()
            self._step()

    def release(self, subscription: Subscription) -> None:
        """It has caught up."""
        if self._holding.pop(subscription, self) is None and not self._holding:
            self._core.resume(self._now())
            self._step()

    def heads(self) -> Heads:
        """How far each stream of what others publish was delivered."""
        return {stream: head for stream, head in self._core.heads().items() if self._is_of_others(stream)}

    def retained(self) -> Sequence[Retained]:
        """What the message list holds of these."""
        return [item for item in self._core.retained() if self._is_of_others(item.stream)]

    def decode(self, raw: bytes) -> Run:
        """A run from the list."""
        return decode_run(raw)

    def _look_back(self) -> None:
        waiting, self._looking_back = self._looking_back, {}
        for subscription, since in waiting.items():
            subscription.look_back(since)
            self.add(subscription)

    def _is_of_others(self, stream: StreamId) -> bool:
        own = stream[0] == self._identity.name and stream[1] == self._identity.epoch
        return stream[2] == Lane.APP and not own

    def _hand_on(self, event: Event) -> None:
        match event:
            case RumorsLost(origin, epoch, first, last, reason):
                for subscription in self._subscriptions:
                    subscription.lose(Lost(origin, epoch, first, last, reason))
            case RumorHeard(gossip):
                rumor = rumor_of(gossip)
                for subscription in self._subscriptions:
                    subscription.hear(rumor)
            case _:
                pass
