"""Anti-entropy: two neighbors compare all streams now and then, and find what digests did not show.

    Summary (one hash) --equal--> nothing
       `--differs--> Buckets (256 hashes) --> Heads of those that differ --> Heads in return; what lacks is repaired
    Summary (joining)  --> Heads of all: what a newcomer begins after

A hash is over (origin, epoch, lane, how far heard), united by XOR so that order does not matter; equal streams give
equal hashes, and a difference is missed once in 2**64 at most.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from random import Random

from rumor.core.broadcast.streams import Stream, Streams
from rumor.core.frames import Buckets, DigestEntry, Heads, Summary
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import AntiEntropySettings

BUCKETS = 256
HASH_BYTES = 16
BUCKET_BYTES = 8
ENTRIES_MAX = 512

JOINING_INTERVAL: Seconds = 0.25
"""How soon a newcomer asks again where its streams begin."""

ALL_BUCKETS = b"\xff" * (BUCKETS // 8)


class AntiEntropy:
    """Compares with one neighbor at a time, and at once with a new one. `joined`: we know where our streams begin."""

    def __init__(
        self,
        settings: AntiEntropySettings,
        streams: Streams,
        outbox: Outbox,
        rng: Random,
        head_for_newcomer: Callable[[Stream], DigestEntry],
    ) -> None:
        self._settings = settings
        self._streams = streams
        self._outbox = outbox
        self._rng = rng
        self._head_for_newcomer = head_for_newcomer
        self._links: list[int] = []
        self._due: Seconds | None = None
        self.joined = False

    def add_link(self, link: int, now: Seconds) -> None:
        """A neighbor came: compare with it at once."""
        self._links.append(link)
        self._outbox.send(link, Summary(self._hash(), not self.joined))
        self._plan(now)

    def remove_link(self, link: int) -> None:
        """A neighbor is gone."""
        if link in self._links:
            self._links.remove(link)
        if not self._links:
            self._due = None

    def tick(self, now: Seconds) -> None:
        """Compare with one neighbor, drawn at random."""
        if self._due is not None and now >= self._due:
            link = self._links[self._rng.randrange(len(self._links))]
            self._outbox.send(link, Summary(self._hash(), not self.joined))
            self._plan(now)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._due

    def on_summary(self, link: int, summary: Summary) -> None:
        """Answer a newcomer with all heads, another with the hashes of our buckets if we differ."""
        if summary.joining:
            self._send_heads(link, map(self._head_for_newcomer, self._streams), ALL_BUCKETS, answer=False)
        elif summary.hash != self._hash():
            self._outbox.send(link, Buckets(b"".join(self._bucket_hashes())))

    def on_buckets(self, link: int, buckets: Buckets) -> None:
        """Send the heads of the buckets in which we differ, and ask for the other's."""
        ours = self._bucket_hashes()
        theirs = buckets.hashes
        differ = bytearray(BUCKETS // 8)
        for index, hash in enumerate(ours):
            if theirs[index * BUCKET_BYTES : (index + 1) * BUCKET_BYTES] != hash:
                differ[index // 8] |= 1 << index % 8
        if any(differ):
            self._send_heads(link, self._heads_in(bytes(differ)), bytes(differ), answer=True)

    def on_heads(self, link: int, heads: Heads) -> bool:
        """Heads came, for `Broadcast.on_digest`. Returns whether they were all that a newcomer waits for."""
        if heads.answer and heads.last:
            self._send_heads(link, self._heads_in(heads.buckets), heads.buckets, answer=False)
        complete = not self.joined and heads.last and heads.buckets == ALL_BUCKETS
        self.joined = self.joined or complete
        return complete

    def _plan(self, now: Seconds) -> None:
        interval = self._settings.interval if self.joined else min(JOINING_INTERVAL, self._settings.interval)
        self._due = now + interval * self._rng.uniform(0.75, 1.25)

    def _send_heads(self, link: int, entries: Iterable[DigestEntry], buckets: bytes, *, answer: bool) -> None:
        all_entries = tuple(entries)
        starts = range(0, len(all_entries), ENTRIES_MAX) or range(1)
        for start in starts:
            last = start == starts[-1]
            self._outbox.send(link, Heads(all_entries[start : start + ENTRIES_MAX], buckets, answer, last))

    def _heads_in(self, buckets: bytes) -> Iterable[DigestEntry]:
        if len(buckets) != BUCKETS // 8:
            return ()
        return (
            stream.digest() for stream in self._streams if buckets[(index := _bucket_of(stream)) // 8] & 1 << index % 8
        )

    def _hash(self) -> bytes:
        total = 0
        for stream in self._streams:
            total ^= _hash_of(stream)
        return total.to_bytes(HASH_BYTES, "big")

    def _bucket_hashes(self) -> list[bytes]:
        totals = [0] * BUCKETS
        for stream in self._streams:
            totals[_bucket_of(stream)] ^= _hash_of(stream)
        return [(total & (1 << 64) - 1).to_bytes(BUCKET_BYTES, "big") for total in totals]


def _hash_of(stream: Stream) -> int:
    origin, epoch, lane = stream.id
    data = f"{origin} {epoch} {int(lane)} {stream.heard}".encode()
    return int.from_bytes(blake2b(data, digest_size=HASH_BYTES).digest(), "big")


def _bucket_of(stream: Stream) -> int:
    origin, epoch, lane = stream.id
    return blake2b(f"{origin} {epoch} {int(lane)}".encode(), digest_size=1).digest()[0]
