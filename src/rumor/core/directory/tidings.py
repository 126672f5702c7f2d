"""Tidings: what each link is still to be told of members.

    news of a member --> noted for every other link by name; what it says is looked up when the link takes it
    a comparison differs --> all names of those buckets are noted, as answers: told after news; newcomers keep them

So only the newest state is told, nothing piles up on a slow link, and nothing needs an order: what waits for a link is
never more than the directory holds.

    a finding, or our own claim --> its links are woken at once, and take along what waits
    another's claim --> all links are woken together, by the alarm: at once if it is quiet, else `GAP` after the last

When a crowd comes, each claim comes by most links, within some milliseconds. So we wait with what we heard until the
other links of the same turn were read, too: what their other sides told us meanwhile is not told back to them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from rumor.core.directory.claims import claim_bytes
from rumor.core.directory.evidence import statement_bytes
from rumor.core.directory.roster import Entry
from rumor.core.frames import Claim, Claims, Statement
from rumor.core.ids import Seconds
from rumor.core.outbox import Outbox
from rumor.core.settings import STATEMENTS_MOST

FRAME_BYTES: Final = 16 << 10
"""About how long a frame of news is at most."""

LIST_MAX: Final = 256
"""Claims, and statements, in one frame (frames.Claims)."""

AGE_LEAST: Final[Seconds] = 1.0
"""Who died or left more lately than that is told of without an age."""

GAP: Final[Seconds] = 0.01
"""How long links are at least not woken again for claims of others. Short beside half a second in which a join is to be
known over about four links; long beside the some milliseconds in which the copies of one claim come. Simulated, of 100
that come at once each is sent a third of the frames that it is without; of twice as long nothing more is gained."""

CLAIM: Final = ""
"""In the place of an accuser: the member's own claim."""


Key = TypeVar("Key", str, tuple[str, str])


class Tidings:
    """What waits for each link. `find` gives what is held of a member."""

    def __init__(self, outbox: Outbox, find: Callable[[str], Entry | None]) -> None:
        self._outbox = outbox
        self._find = find
        self._news: dict[int, dict[tuple[str, str], None]] = {}
        self._answers: dict[int, dict[str, None]] = {}
        self._woken: Seconds = 0.0
        self._due: Seconds | None = None

    @property
    def links(self) -> tuple[int, ...]:
        """The links that are told, in the order in which they came."""
        return tuple(self._news)

    def add_link(self, link: int) -> None:
        """A link is to be told from now on."""
        self._news[link] = {}
        self._answers[link] = {}

    def remove_link(self, link: int) -> None:
        """A link is gone."""
        self._news.pop(link, None)
        self._answers.pop(link, None)

    def tell(self, name: str, accuser: str = CLAIM, *, without: int = 0) -> None:
        """Tell all links but one what is new, at once: a member's claim, or an accuser's statement about it."""
        for link, news in self._news.items():
            if link != without:
                news[name, accuser] = None
                self._outbox.wake(link)

    def tell_soon(self, name: str, now: Seconds, *, without: int = 0) -> None:
        """Tell all links but one of a member's new claim, together with others."""
        others = [link for link in self._news if link != without]
        for link in others:
            self._news[link][name, CLAIM] = None
            self._outbox.offer(link)
        if others and self._due is None:
            self._due = max(now, self._woken + GAP)

    def tick(self, now: Seconds) -> None:
        """Wake the links for the claims that waited, if it is time."""
        if self._due is None or now < self._due:
            return
        self._due, self._woken = None, now
        for link, news in self._news.items():
            if news:
                self._outbox.wake(link)

    def next_deadline(self) -> Seconds | None:
        """When `tick` has something to do."""
        return self._due

    def answer(self, link: int, names: Iterable[str]) -> None:
        """Answer one link with all that is held of some members. One that is told no news gets no answer."""
        answers = self._answers.get(link)
        if answers is not None:
            answers.update(dict.fromkeys(names))
            if answers:
                self._outbox.wake(link)

    def known_there(self, link: int, name: str, accuser: str = CLAIM) -> None:
        """A link told us the same: no need to tell it."""
        self._news.get(link, {}).pop((name, accuser), None)

    def pull(self, link: int, bytes_max: int, now: Seconds) -> list[Claims]:
        """The next frames for a link, of about `bytes_max` bytes together, or one at least; none when it knows all."""
        frames: list[Claims] = []
        size = 0
        while (size < bytes_max or not frames) and (self._news.get(link) or self._answers.get(link)):
            pack = _Pack(answer=not self._news[link])
            self._fill(pack, link)
            if pack.names:
                frames.append(pack.frame(self._find, now))
            size += pack.bytes
        return frames

    def _fill(self, pack: "_Pack", link: int) -> None:
        """Take out of what waits what goes into one frame: news, and answers if there are none."""
        if pack.answer:
            self._move(self._answers[link], pack, self._held)
        else:
            self._move(self._news[link], pack, self._word)

    def _move(
        self, waiting: dict[Key, None], pack: "_Pack", words: Callable[[Key], Iterable[Claim | Statement]]
    ) -> None:
        moved = []
        for key in waiting:
            if pack.is_full:
                break
            pack.add(words(key))
            moved.append(key)
        for key in moved:
            del waiting[key]

    def _word(self, key: tuple[str, str]) -> Iterator[Claim | Statement]:
        """One claim or statement, if it is still held."""
        name, accuser = key
        return (word for word in self._held(name) if accuser == _accuser_of(word))

    def _held(self, name: str) -> Iterator[Claim | Statement]:
        """All that may be told of a member: not what only its Hello said."""
        entry = self._find(name)
        if entry is not None:
            if not entry.heard:
                yield entry.claim
            yield from entry.statements


class _Pack:
    """A frame that is being filled."""

    def __init__(self, *, answer: bool) -> None:
        self.answer = answer
        self.bytes = 0
        self.names: dict[str, None] = {}
        self._claims: list[Claim] = []
        self._statements: list[Statement] = []

    @property
    def is_full(self) -> bool:
        """Whether another member might not find room."""
        return _is_full(len(self._claims), len(self._statements), self.bytes)

    def add(self, words: Iterable[Claim | Statement]) -> None:
        """Put in what is held of one member."""
        for word in words:
            self.names[word.name] = None
            if isinstance(word, Claim):
                self._claims.append(word)
                self.bytes += claim_bytes(word)
            else:
                self._statements.append(word)
                self.bytes += statement_bytes(word)

    def frame(self, find: Callable[[str], Entry | None], now: Seconds) -> Claims:
        """The frame, with the ages of those that are gone."""
        ended = [(name, entry.ended) for name in self.names if (entry := find(name)) is not None]
        ages = tuple(
            (name, int((now - since) * 1000)) for name, since in ended if since is not None and now - since > AGE_LEAST
        )
        return Claims(tuple(self._claims), tuple(self._statements), ages, self.answer)


def is_full(frame: Claims) -> bool:
    """Whether a frame may be followed by another one of the same answer."""
    size = sum(map(claim_bytes, frame.claims)) + sum(map(statement_bytes, frame.statements))
    return _is_full(len(frame.claims), len(frame.statements), size)


def _is_full(claims: int, statements: int, size: int) -> bool:
    return claims >= LIST_MAX or statements > LIST_MAX - STATEMENTS_MOST or size >= FRAME_BYTES


def _accuser_of(word: Claim | Statement) -> str:
    return CLAIM if isinstance(word, Claim) else word.accuser
