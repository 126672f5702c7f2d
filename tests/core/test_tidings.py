"""Tidings: what waits for a link, in frames within their bounds."""

from rumor.core.directory.claims import bucket_of
from rumor.core.directory.roster import Entry
from rumor.core.directory.tidings import FRAME_BYTES, GAP, LIST_MAX, Tidings
from rumor.core.effects import Wake
from rumor.core.frames import Claim, Claims, Standing, Statement, Verdict
from rumor.core.outbox import Outbox
from rumor.wire.frames import encode

from .helpers import ANA

LINK, OTHER = 1, 2


def entry_of(name: str, *accusers: str, tags: tuple[tuple[str, str], ...] = (), heard: bool = False) -> Entry:
    """What is held of a member."""
    claim = Claim(name, 1, 0, Standing.ALIVE, ANA, tags)
    statements = tuple(Statement(name, 1, 0, accuser, Verdict.SILENT) for accuser in accusers)
    return Entry(claim, bucket_of(name), heard, statements)


class Teller:
    """Tidings about a table of entries, with two links."""

    def __init__(self, *entries: Entry) -> None:
        self.outbox = Outbox()
        self.entries = {entry.claim.name: entry for entry in entries}
        self.tidings = Tidings(self.outbox, self.entries.get)
        for link in (LINK, OTHER):
            self.outbox.open_link(link)
            self.tidings.add_link(link)

    def woken(self) -> list[int]:
        """The links that were woken since the last call, and took all that there was."""
        links = [effect.link for effect in self.outbox.drain()[0] if isinstance(effect, Wake)]
        for link in links:
            self.outbox.dry(link)
        return links

    def pull(self, link: int, bytes_max: int = 1 << 20, now: float = 0.0) -> list[Claims]:
        """What a link gets."""
        return self.tidings.pull(link, bytes_max, now)


def test_a_link_is_woken_for_what_it_is_to_be_told() -> None:
    """Those that are told something, and no others."""
    teller = Teller(entry_of("bo"))
    assert teller.tidings.links == (LINK, OTHER)

    teller.tidings.tell("bo", without=LINK)
    assert teller.outbox.drain()[0] == [Wake(OTHER)]
    teller.tidings.answer(LINK, ())
    assert teller.outbox.drain()[0] == []
    teller.tidings.answer(LINK, ("bo",))
    teller.tidings.answer(99, ("bo",))
    assert teller.outbox.drain()[0] == [Wake(LINK)]


def test_claims_of_others_are_told_together() -> None:
    """The first after a quiet while as soon as the alarm rings, further ones `GAP` later, in one frame."""
    bo, cy, di = (entry_of(name) for name in ("bo", "cy", "di"))
    teller = Teller(bo, cy, di)
    assert teller.tidings.next_deadline() is None
    teller.tidings.tell_soon("bo", 100.0, without=LINK)

    goes_along = [teller.outbox.has_more(link) for link in (LINK, OTHER)]  # with whatever else goes there
    assert goes_along == [False, True]
    assert teller.woken() == []
    assert teller.tidings.next_deadline() == 100.0
    teller.tidings.tick(100.0)
    assert teller.woken() == [OTHER]
    assert teller.pull(OTHER) == [Claims((bo.claim,))]
    assert teller.tidings.next_deadline() is None

    teller.tidings.tell_soon("cy", 100.001)
    teller.tidings.tell_soon("di", 100.002)
    assert teller.tidings.next_deadline() == 100.0 + GAP
    teller.tidings.tick(100.0 + GAP / 2)
    assert teller.woken() == []
    teller.tidings.tick(100.0 + GAP)
    assert teller.woken() == [LINK, OTHER]
    assert teller.pull(LINK) == teller.pull(OTHER) == [Claims((cy.claim, di.claim))]


def test_what_the_other_side_told_us_while_a_claim_waited_is_not_told_back() -> None:
    """So the copies of one claim are about as many as links, not twice as many."""
    teller = Teller(entry_of("bo"))
    teller.tidings.tell_soon("bo", 100.0)
    teller.tidings.known_there(LINK, "bo")

    teller.tidings.tick(100.0)

    assert teller.woken() == [OTHER]
    assert teller.pull(LINK) == []


def test_a_finding_does_not_wait_and_takes_along_what_does() -> None:
    """A death is known as soon as links carry it, however many come in the same moment."""
    bo, cy = entry_of("bo"), entry_of("cy", "di")
    teller = Teller(bo, cy)
    teller.tidings.tell_soon("bo", 100.0)

    teller.tidings.tell("cy", "di", without=LINK)

    assert teller.woken() == [OTHER]
    assert teller.pull(OTHER) == [Claims((bo.claim,), cy.statements)]


def test_only_what_is_new_of_a_member_is_news() -> None:
    """Its claim, or one statement; an answer is all that is held of it."""
    bo = entry_of("bo", "cy", "di")
    teller = Teller(bo)
    teller.tidings.tell("bo", "di")
    teller.tidings.answer(OTHER, ("bo",))

    assert teller.pull(LINK) == [Claims((), bo.statements[1:])]
    assert teller.pull(OTHER) == [
        Claims((), bo.statements[1:]),
        Claims((bo.claim,), bo.statements, answer=True),
    ]
    assert teller.pull(LINK) == []


def test_what_is_held_no_more_is_not_told() -> None:
    """Nor what is known by a Hello alone, nor what the other side told us, nor anything to a link that is gone."""
    teller = Teller(entry_of("bo"), entry_of("cy", heard=True), entry_of("di"))
    for name, accuser in (("bo", "cy"), ("cy", ""), ("nobody", ""), ("di", "")):
        teller.tidings.tell(name, accuser)
    teller.tidings.answer(LINK, ("cy", "nobody"))
    teller.tidings.known_there(LINK, "di")
    teller.tidings.known_there(99, "di")

    assert teller.pull(LINK) == []
    teller.tidings.remove_link(OTHER)
    teller.tidings.remove_link(OTHER)
    assert teller.pull(OTHER) == []
    assert teller.tidings.links == (LINK,)


def test_a_whole_directory_goes_in_frames_within_their_bounds() -> None:
    """By bytes and by number; a pull gives about what it is asked for, and one frame at least."""
    long = tuple((f"{number}" * 60, "v" * 200) for number in range(4))
    many = [entry_of(f"long{number}", tags=long) for number in range(100)]
    many += [entry_of(f"n{number}") for number in range(900)]
    many += [entry_of(f"x{number}", *(f"accuser{at}" for at in range(64))) for number in range(10)]
    teller = Teller(*many)
    teller.tidings.answer(LINK, teller.entries)

    frames = teller.pull(LINK, 1)
    assert len(frames) == 1
    while more := teller.pull(LINK, FRAME_BYTES):
        assert len(more) <= 2
        frames += more

    assert [claim for frame in frames for claim in frame.claims] == [entry.claim for entry in many]
    assert sum(len(frame.statements) for frame in frames) == 640
    assert max(len(encode(frame)) for frame in frames) < FRAME_BYTES + 64 * 100
    assert max(max(len(frame.claims), len(frame.statements)) for frame in frames) <= LIST_MAX
    assert len(frames) < 20


def test_news_goes_before_answers() -> None:
    """What happened just now is not held up by a directory that is told whole."""
    teller = Teller(*(entry_of(f"n{number}") for number in range(600)))
    teller.tidings.answer(LINK, teller.entries)
    teller.pull(LINK, 1)
    teller.tidings.tell("n5")

    assert teller.pull(LINK, 1) == [Claims((teller.entries["n5"].claim,))]


def test_how_long_ago_somebody_died_goes_along() -> None:
    """So that all forget it at about the same time. Under a second nothing is said of it."""
    bo, cy = entry_of("bo", "di"), entry_of("cy", "di")
    bo.ended, cy.ended = 10.0, 99.5
    teller = Teller(bo, cy)
    teller.tidings.tell("bo")
    teller.tidings.tell("cy")

    assert teller.pull(LINK, now=100.0) == [Claims((bo.claim, cy.claim), (), (("bo", 90_000),))]
