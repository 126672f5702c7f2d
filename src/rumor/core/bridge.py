"""Bridge: rumors of frames for classic neighbors, and classic rumors for everybody.

    out: run --a text for each rumor, the same at every bridge--> flood
    in:  text --to the application and other classic neighbors at once, by flood--
              `--after 0 to 250 ms, by hash--> our lane `carried` --> every peer: application, its classic neighbors

The wait differs from bridge to bridge, and who hears meanwhile that another has carried the text leaves it: so usually
one does. A text that is heard twice all the same is known by its whole text (`HeardList`), and told once.

Rule 1: the text is a function of the rumor alone. Rule 2: the rumor of a peer of ours whose streams we hear comes by
its tree; a text of it, however it came, only goes on to classic neighbors. Rule 3: what a text told is not told again
when its origin turns out to be such a peer (`ToldTexts`).
"""

from hashlib import blake2b
from heapq import heappop, heappush

from rumor.core.broadcast.streams import Streams
from rumor.core.classic.flood import Flood
from rumor.core.classic.told import ToldTexts, timestamp_of
from rumor.core.codec import Codec
from rumor.core.errors import AddressError
from rumor.core.events import Problem
from rumor.core.frames import Run
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.messages import Gossip, is_one_line
from rumor.core.outbox import Outbox
from rumor.core.settings import Settings

ORIGINS_SAID_MAX = 1024
"""Origins of which is remembered that it was said that they can't be bridged."""


class Bridge:
    """The bridge of one peer. `due` gives the texts that are to be carried now."""

    def __init__(
        self,
        identity: Identity,
        settings: Settings,
        streams: Streams,
        flood: Flood,
        told: ToldTexts,
        codec: Codec,
        outbox: Outbox,
    ) -> None:
        self._identity = identity
        self._settings = settings.bridge
        self._text_bytes_max = settings.flood.text_bytes_max
        self._streams = streams
        self._flood = flood
        self._told = told
        self._codec = codec
        self._outbox = outbox
        self._waiting: dict[Gossip, Seconds] = {}
        self._soonest: list[tuple[Seconds, int, Gossip]] = []
        self._count = 0
        self._budget = float(settings.bridge.rate)
        self._budget_at: Seconds = 0.0
        self._said: dict[str, None] = {}
        self.not_bridged = 0

    def out(self, run: Run, now: Seconds) -> None:
        """A run of a peer of ours was delivered: tell it to classic neighbors, too."""
        origin = self._address_of(run.origin)
        if origin is None:
            self._leave_out_origin(run)
            return
        timestamp = timestamp_of(run)
        allowed = self._allowance(len(run.payloads), now)
        for number, payload in enumerate(run.payloads[:allowed], start=run.first):
            gossip = Gossip(timestamp, origin, number, self._tail(payload, timestamp, origin, number))
            self._flood.tell(gossip, now)
        if allowed < len(run.payloads):
            self._leave_out(len(run.payloads) - allowed, "more rumors than original nodes are told")

    def on_text(self, gossip: Gossip, now: Seconds) -> None:
        """A classic neighbor told something: if it is new, carry it in a while, if nobody else does."""
        if self._take(gossip, now):
            self._wait_to_carry(gossip, now)

    def carried(self, run: Run, now: Seconds) -> None:
        """Another bridge carried classic rumors: for the application and our classic neighbors, if they are new."""
        for payload in run.payloads:
            gossip = self._codec.read_text(payload)
            if gossip is not None:
                self._waiting.pop(gossip, None)
                self._take(gossip, now)

    def due(self, now: Seconds) -> list[bytes]:
        """The texts that are to be carried now, as payloads of a run on lane `carried`."""
        texts = []
        while self._soonest and self._soonest[0][0] <= now:
            _, _, gossip = heappop(self._soonest)
            if self._waiting.pop(gossip, None) is not None:
                texts.append(self._codec.write_text(gossip))
        return texts

    def next_deadline(self) -> Seconds | None:
        """When `due` has something to give."""
        return self._soonest[0][0] if self._soonest else None

    def _take(self, gossip: Gossip, now: Seconds) -> bool:
        """Tell it the application if it is new, and has no other way here; returns whether that was done."""
        origin = gossip.origin
        if self._identity.is_self(origin) or self._streams.latest_epoch(str(origin)):
            self._flood.tell(gossip, now)
            return False
        new = self._flood.on_gossip(gossip, now)
        if new:
            self._told.add(gossip)
        return new

    def _wait_to_carry(self, gossip: Gossip, now: Seconds) -> None:
        if len(self._waiting) >= self._settings.waiting_max:
            self._leave_out(1, "more classic rumors than can be carried")
            return
        key = f"{gossip.timestamp}:{gossip.origin}:{gossip.number}:{gossip.tail}:{self._identity.name}".encode(
            errors="surrogatepass"
        )
        share = int.from_bytes(blake2b(key, digest_size=4).digest(), "big") / (1 << 32)
        self._count += 1
        self._waiting[gossip] = now + share * self._settings.carry_wait
        heappush(self._soonest, (self._waiting[gossip], self._count, gossip))

    def _tail(self, payload: bytes, timestamp: str, origin: Address, number: int) -> str:
        """What follows the number: the payload if it is one line of text that fits, else nothing."""
        room = self._text_bytes_max - len(f"{timestamp}:{origin}:GOSSIP{number}:")
        if len(payload) > room:
            return ""
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            return ""
        return f":{text}" if text and is_one_line(text) else ""

    def _address_of(self, origin: str) -> Address | None:
        try:
            address = Address.parse(origin)
        except AddressError:
            return None
        return address if address.is_ipv4 else None

    def _allowance(self, wanted: int, now: Seconds) -> int:
        """How many rumors may be told now: at most `rate` a second, so that a busy web does not drown in texts."""
        rate = self._settings.rate
        self._budget = min(float(rate), self._budget + (now - self._budget_at) * rate)
        self._budget_at = now
        allowed = min(wanted, int(self._budget))
        self._budget -= allowed
        return allowed

    def _leave_out_origin(self, run: Run) -> None:
        """An origin that no text can name: counted each time, and said once."""
        self.not_bridged += len(run.payloads)
        if run.origin not in self._said:
            self._said[run.origin] = None
            if len(self._said) > ORIGINS_SAID_MAX:
                del self._said[next(iter(self._said))]
            why = "a rumor whose origin has no IPv4 address can't be told to original nodes"
            self._outbox.say(Problem(why, run.origin))

    def _leave_out(self, count: int, why: str) -> None:
        self.not_bridged += count
        self._outbox.say(Problem(why, detail=f"{self.not_bridged} so far"))
