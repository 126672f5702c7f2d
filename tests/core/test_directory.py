"""The directory of one peer: what it says, to whom and when, and what it refuses."""

from random import Random

import msgspec
import pytest

from rumor.core.clock import WallClock
from rumor.core.directory.claims import NEWS_FOR
from rumor.core.directory.comparison import NEW_GAP
from rumor.core.directory.directory import Directory
from rumor.core.directory.own_claim import UNSTEADY
from rumor.core.directory.tidings import LIST_MAX
from rumor.core.directory.watchers import GAP, WATCHED_MAX
from rumor.core.effects import Wake
from rumor.core.errors import UsageError
from rumor.core.events import Accused, Event, MemberChanged, OtherLifeTold, Problem, SelfRefuted
from rumor.core.frames import (
    NUMBER_MAX,
    Claim,
    Claims,
    Control,
    MembersSummary,
    Standing,
    Statement,
    Verdict,
    Watching,
)
from rumor.core.hearing import Hearing
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.members import Change, Member, State
from rumor.core.outbox import Outbox
from rumor.core.settings import DirectorySettings, LivenessSettings

from .helpers import ANA, BO, CY, EPOCH, ME

BORN = int(EPOCH * 1000)
"""An epoch of now."""

ANA_LINK, BO_LINK = 1, 2


class Node:
    """A directory that has begun, and its outbox."""

    def __init__(
        self,
        settings: DirectorySettings | None = None,
        *,
        begun: bool = True,
        address: Address = ME,
        settled: bool = True,
    ) -> None:
        self.outbox = Outbox()
        self.identity = Identity(address, name="me", epoch=BORN, settled=settled)
        options = settings or DirectorySettings()
        self.hearing = Hearing(LivenessSettings())
        self.directory = Directory(self.identity, WallClock(EPOCH), options, self.outbox, Random(0), self.hearing)
        if begun:
            self.directory.begin(0.0)

    def befriend(self, link: int, name: str, address: Address, now: Seconds = 0.0) -> list[Control]:
        """Let somebody become a neighbor; gives what it is sent."""
        self.outbox.open_link(link)
        self.directory.heard_directly(name, address, BORN, now, link)
        self.directory.add_link(link, name, now)
        self.directory.end_turn(now)
        return self.sent(link)

    def own_claim(self) -> Claim:
        """What it says of itself."""
        own = self.directory.member("me")
        assert own is not None
        return Claim("me", own.epoch, own.incarnation, Standing.ALIVE, own.address)

    def hear(self, *words: Claim | Statement, link: int = 0, now: Seconds = 0.0, answer: bool = False) -> None:
        """Let a link bring this."""
        claims = tuple(word for word in words if isinstance(word, Claim))
        statements = tuple(word for word in words if isinstance(word, Statement))
        self.directory.on_claims(link, Claims(claims, statements, answer=answer), now)

    def sent(self, link: int) -> list[Control]:
        """What a link is to send now, without comparisons."""
        frames = [*self.outbox.take(link), *self.directory.pull(link, 1 << 20)]
        return [frame for frame in frames if not isinstance(frame, MembersSummary)]

    def said(self) -> list[Event]:
        """What happened since the last call."""
        return self.outbox.drain()[1]

    def state(self, name: str) -> State | None:
        """How a member is."""
        member = self.directory.member(name)
        return None if member is None else member.state


def says(name: str, incarnation: int = 0, standing: Standing = Standing.ALIVE, *, epoch: int = BORN) -> Claim:
    """A claim of ana, bo or cy."""
    return Claim(name, epoch, incarnation, standing, {"ana": ANA, "bo": BO, "cy": CY, "me": ME}[name])


def found(name: str, accuser: str, verdict: Verdict = Verdict.REFUSED, incarnation: int = 0) -> Statement:
    """What somebody found of a member."""
    return Statement(name, BORN, incarnation, accuser, verdict, watchers=("zoe",))


def accused(name: str, verdict: Verdict = Verdict.REFUSED) -> Accused:
    """What we found ourselves."""
    return Accused(name, verdict, misses=3, relays=2, silent=3.5, late=0.25)


OWN = says("me")


# Ourselves.


def test_we_are_a_member_ourselves() -> None:
    """Listed with the others, by name, and told of to nobody."""
    node = Node(begun=False)
    node.directory.begin(2.0, {"role": "db"})
    node.hear(says("bo"), says("ana"))

    assert node.directory.size() == 3
    assert node.directory.members() == (
        Member("ana", ANA, State.ALIVE, BORN, 0, {}, EPOCH),
        Member("bo", BO, State.ALIVE, BORN, 0, {}, EPOCH),
        Member("me", ME, State.ALIVE, BORN, 0, {"role": "db"}, EPOCH + 2.0),
    )
    assert [event.change.member.name for event in node.said() if isinstance(event, MemberChanged)] == ["bo", "ana"]
    why = node.directory.why("me")
    assert why is not None
    assert (why.reason, why.statements) == ("this is the node that was asked", ())


def test_a_neighbor_is_told_who_we_are_and_who_watches_us() -> None:
    """At once; and the others are told soon that one more watches."""
    node = Node()

    assert node.befriend(ANA_LINK, "ana", ANA) == [Claims((OWN,)), Watching(("ana",))]
    assert node.befriend(BO_LINK, "bo", BO) == [Claims((OWN,)), Watching(("ana", "bo"))]
    assert node.sent(ANA_LINK) == []
    assert node.directory.next_deadline() == NEW_GAP < GAP
    node.directory.tick(GAP / 2)
    assert node.sent(ANA_LINK) == []
    node.directory.tick(GAP)
    assert (node.sent(ANA_LINK), node.sent(BO_LINK)) == ([Watching(("ana", "bo"))], [])

    node.directory.remove_link(BO_LINK)
    node.directory.remove_link(BO_LINK)
    node.directory.end_turn(1.0)
    assert node.sent(ANA_LINK) == [Watching(("ana",))]
    node.directory.end_turn(1.0)
    assert node.sent(ANA_LINK) == []


def test_a_new_link_to_the_same_neighbor_changes_nothing_for_the_others() -> None:
    """Only on it is said again who watches us."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)

    assert node.befriend(BO_LINK, "ana", ANA)[-1] == Watching(("ana",))
    assert node.sent(ANA_LINK) == []


def test_what_one_neighbor_says_of_others_goes_on_with_the_alarm() -> None:
    """By then the other neighbors may have said the same; what we say of ourselves goes at once."""
    node = Node()
    for link, name, address in ((ANA_LINK, "ana", ANA), (BO_LINK, "bo", BO)):
        node.befriend(link, name, address)
    node.directory.tick(5.0)
    for link in (ANA_LINK, BO_LINK):
        node.sent(link)
        node.outbox.dry(link)
    node.outbox.drain()

    node.hear(says("cy"), link=ANA_LINK, now=5.0)
    node.directory.end_turn(5.0)
    assert Wake(BO_LINK) not in node.outbox.drain()[0]
    assert node.directory.next_deadline() == 5.0
    node.directory.tick(5.0)
    assert node.outbox.drain()[0] == [Wake(BO_LINK)]
    assert node.sent(BO_LINK) == [Claims((says("cy"),))]
    node.outbox.dry(BO_LINK)

    node.directory.set_tags({"role": "db"}, 5.0)
    assert node.outbox.drain()[0] == [Wake(ANA_LINK), Wake(BO_LINK)]


def test_other_tags_are_told_and_the_same_are_not() -> None:
    """A change raises our incarnation, so that all take it."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)

    node.directory.set_tags({"b": "2", "a": "1"}, 1.0)
    node.directory.set_tags({"a": "1", "b": "2"}, 2.0)

    claim = Claim("me", BORN, 1, Standing.ALIVE, ME, (("a", "1"), ("b", "2")))
    assert node.sent(ANA_LINK) == [Claims((claim,))]


def test_unfit_tags_change_nothing() -> None:
    """Too many bytes are refused, at the start and later."""
    node = Node(DirectorySettings(tags_bytes_max=4))
    node.directory.set_tags({"a": "123"}, 1.0)

    with pytest.raises(UsageError, match="5 bytes"):
        node.directory.set_tags({"a": "1234"}, 1.0)
    with pytest.raises(UsageError, match="5 bytes"):
        Node(DirectorySettings(tags_bytes_max=4), begun=False).directory.begin(0.0, {"a": "1234"})

    assert node.directory.members()[0].tags == {"a": "123"}


def test_a_raised_epoch_and_another_address_are_told() -> None:
    """As soon as the turn ends in which the identity changed."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)

    node.identity.epoch = BORN + 5
    node.directory.end_turn(1.0)
    node.identity.address = CY
    node.directory.end_turn(2.0)
    node.directory.epoch_raised(3.0)

    assert node.sent(ANA_LINK) == [Claims((Claim("me", BORN + 5, 1, Standing.ALIVE, CY),))]


def test_who_leaves_says_so_ahead_of_all_else() -> None:
    """The goodbye that follows may be the last that a link takes."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)
    node.befriend(BO_LINK, "bo", BO)
    node.sent(ANA_LINK)
    node.hear(says("cy"), link=BO_LINK)

    node.directory.leave(1.0)

    assert node.outbox.take(ANA_LINK) == [Claims((says("me", 1, Standing.LEFT),))]
    assert node.outbox.take(BO_LINK)[-1:] == [Claims((says("me", 1, Standing.LEFT),))]
    assert node.state("me") is State.LEFT


def test_who_goes_for_a_while_says_when_it_will_be_back() -> None:
    """In the time of day, since others were not there when it was said."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)

    node.directory.leave(10.0, back_in=60.0)

    (told,) = node.sent(ANA_LINK)
    assert isinstance(told, Claims)
    assert (told.claims[0].standing, told.claims[0].back_at) == (Standing.AWAY, BORN + 70_000)
    assert node.state("me") is State.AWAY


def test_who_never_began_says_nothing() -> None:
    """A peer that stops before it has joined has nobody to tell."""
    node = Node(begun=False)

    assert node.befriend(ANA_LINK, "ana", ANA) == [Watching(("ana",))]
    node.directory.leave(1.0)
    node.directory.on_accused(accused("ana"), 1.0)
    node.hear(says("me"), found("me", "ana"), link=ANA_LINK)

    assert node.sent(ANA_LINK) == []


# Doubts about us.


def test_doubts_are_refuted_at_once() -> None:
    """All of one frame by one higher incarnation, told to all and to whoever brought them."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)
    node.outbox.open_link(9)
    node.said()

    node.hear(found("me", "ana", Verdict.SUSPECT), found("me", "bo", incarnation=3), link=9)

    assert node.said() == [SelfRefuted(("ana", "bo"), 4)]
    assert [node.sent(link) for link in (ANA_LINK, 9)] == [[Claims((says("me", 4),))]] * 2


def unsteady() -> tuple[Node, Seconds]:
    """Cut off from its only neighbor, who found it silent, again and again until it has no answer; and when that is."""
    node = Node(DirectorySettings(returns_max=2, steady_for=45.0))
    node.befriend(ANA_LINK, "ana", ANA)
    node.hearing.begin(ANA_LINK, 0.0)
    node.hearing.heard(0.0)
    now = 0.0
    for incarnation in range(3):
        node.said()
        node.sent(ANA_LINK)
        now += 20.0
        node.hearing.heard(now)
        node.hear(found("me", "ana", incarnation=incarnation), link=ANA_LINK, now=now)
        assert node.said() == [SelfRefuted(("ana",), incarnation + 1) if incarnation < 2 else Problem(UNSTEADY)]
    return node, now


def test_who_was_cut_off_again_and_again_answers_when_it_hears_steadily() -> None:
    """It would be dead and alive in turns else. It wakes for that by itself; the accusers were wrong only then."""
    node, now = unsteady()
    for _ in range(44):
        now += 1.0
        node.hearing.heard(now)
        node.hear(found("me", "bo", incarnation=2), link=ANA_LINK, now=now)
        node.directory.tick(now)
    assert (node.said(), [frame for frame in node.sent(ANA_LINK) if isinstance(frame, Claims)]) == ([], [])

    now += 1.0
    node.hearing.heard(now)
    assert (node.directory.next_deadline() or 0.0) <= now
    node.directory.tick(now)

    assert node.said() == [SelfRefuted(("ana", "bo"), 3)]
    assert Claims((says("me", 3),)) in node.sent(ANA_LINK)


def test_a_node_that_does_not_answer_says_so_once() -> None:
    """People should know why others list it as dead."""
    node, now = unsteady()
    node.hear(found("me", "bo", incarnation=2), now=now)
    assert node.said() == []


@pytest.mark.parametrize("forged", [says("me", 5), says("me", 0, Standing.LEFT)])
def test_a_claim_in_our_name_is_refuted(forged: Claim) -> None:
    """Nobody else speaks for us."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)
    node.said()

    node.hear(forged, link=ANA_LINK)

    assert node.said() == [SelfRefuted((), forged.incarnation + 1)]
    assert node.sent(ANA_LINK) == [Claims((says("me", forged.incarnation + 1),))]


def test_what_we_answered_is_answered_again_to_who_missed_it() -> None:
    """With what we say now, and only there."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)
    node.befriend(BO_LINK, "bo", BO)
    node.hear(found("me", "ana"), link=ANA_LINK)
    for link in (ANA_LINK, BO_LINK):
        node.sent(link)
    node.said()

    node.hear(found("me", "bo"), says("me"), link=BO_LINK)
    node.hear(says("me", 1), link=BO_LINK)

    assert node.said() == []
    assert node.sent(BO_LINK) == [Claims((says("me", 1),), answer=True)]
    assert node.sent(ANA_LINK) == []


def test_a_later_life_of_our_name_elsewhere_is_a_problem_and_kept_out() -> None:
    """Said once for each, and where to find it; what is found of it is not ours to answer."""
    node = Node()
    elsewhere = msgspec.structs.replace(says("me", epoch=BORN + 1), address=BO)

    node.hear(elsewhere)
    node.hear(msgspec.structs.replace(elsewhere, incarnation=3), Statement("me", BORN + 1, 0, "ana", Verdict.SILENT))

    assert node.said() == [Problem("members are told of another life under our name", str(BO)), OtherLifeTold(BO)]
    assert node.directory.members()[0].epoch == BORN


def test_a_later_life_that_is_not_there_is_refuted_in_its_own_epoch() -> None:
    """Whatever it was said to say; only the last that was told, and not one that we outlived already."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)
    elsewhere = msgspec.structs.replace(says("me", 3, epoch=BORN + 1), address=BO)
    node.directory.disown(BO, 0.5)
    node.hear(elsewhere, link=ANA_LINK)
    node.said()

    node.directory.disown(CY, 1.0)
    assert (node.said(), node.sent(ANA_LINK)) == ([], [])
    node.directory.disown(BO, 1.0)
    assert node.said() == [SelfRefuted((), 4)]
    assert node.sent(ANA_LINK) == [Claims((says("me", 4, epoch=BORN + 1),))]
    node.directory.disown(BO, 1.0)
    assert (node.said(), node.sent(ANA_LINK)) == ([], [])


def test_a_twin_with_a_lesser_address_makes_us_the_younger_one_once() -> None:
    """Whatever it has said so far: we speak in a later life, and what it says in that one is not ours to answer."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)
    node.said()
    elsewhere = Address("10.0.0.0", 4001)
    assert elsewhere < ME

    node.hear(msgspec.structs.replace(says("me"), address=elsewhere), link=ANA_LINK)

    assert node.said() == [
        Problem("members are told of another life under our name", str(elsewhere)),
        OtherLifeTold(elsewhere),
        SelfRefuted((), 1),
    ]
    assert node.sent(ANA_LINK) == [Claims((says("me", 1, epoch=BORN + 1),))]

    node.hear(msgspec.structs.replace(says("me", 7), address=elsewhere), link=ANA_LINK)

    assert node.said() == []
    assert node.sent(ANA_LINK) == [Claims((says("me", 1, epoch=BORN + 1),), answer=True)]


def test_a_twin_with_a_greater_address_is_answered_until_it_is_the_younger_one() -> None:
    """It may be a forgery. It is said once; when it has a later life, it is not ours to answer."""
    node = Node()
    node.befriend(BO_LINK, "bo", BO)
    elsewhere = Address("10.9.9.9", 4001)
    assert elsewhere > ME
    twin = msgspec.structs.replace(says("me", 3), address=elsewhere)
    node.said()

    node.hear(twin, link=BO_LINK)
    told = [Problem("members are told of another life under our name", str(elsewhere)), OtherLifeTold(elsewhere)]
    assert node.said() == [*told, SelfRefuted((), 4)]
    assert node.sent(BO_LINK) == [Claims((says("me", 4),))]

    node.hear(twin, link=BO_LINK)
    assert (node.said(), node.sent(BO_LINK)) == ([], [Claims((says("me", 4),), answer=True)])

    node.hear(msgspec.structs.replace(twin, epoch=BORN + 1, incarnation=1), link=BO_LINK)
    assert (node.said(), node.sent(BO_LINK)) == (told, [])


@pytest.mark.parametrize(("own", "twin"), [(ANA, BO), (BO, ANA)])
def test_twins_that_hear_each_other_settle_it_in_a_few_words(own: Address, twin: Address) -> None:
    """Each hears what the other says, until neither has more to say: one has a later life, the other knows of it."""
    one, other = Node(address=own), Node(address=twin)
    for node in (one, other):
        node.befriend(ANA_LINK, "link", CY)
    words = [one.own_claim()]
    while words and len(words) < 10:
        hearer = other if len(words) % 2 else one
        hearer.hear(words[-1], link=ANA_LINK)
        answers = [claim for frame in hearer.sent(ANA_LINK) if isinstance(frame, Claims) for claim in frame.claims]
        if not answers:
            break
        words += answers

    assert len(words) < 4
    lives = {node.own_claim().address: node.own_claim().epoch for node in (one, other)}
    assert lives == {min(own, twin): BORN, max(own, twin): BORN + 1}
    assert all(any(isinstance(event, OtherLifeTold) for event in node.said()) for node in (one, other))


def test_what_we_said_under_a_former_address_is_no_twins() -> None:
    """A seed told us where others see us, and an echo of what we said before comes back: it is only answered."""
    node = Node(settled=False)
    node.befriend(ANA_LINK, "ana", ANA)
    former = node.own_claim()
    node.identity.seen_as(CY)
    node.directory.end_turn(1.0)
    node.sent(ANA_LINK)
    node.said()

    node.hear(former, link=ANA_LINK)

    assert node.said() == []
    assert node.sent(ANA_LINK) == [Claims((Claim("me", BORN, 1, Standing.ALIVE, CY),), answer=True)]


def test_a_former_life_whose_clock_went_ahead_is_gone_on_with() -> None:
    """Nobody else lives at our address: what others know of that life would stand above all that we say in ours."""
    node = Node()

    node.hear(says("me", 3, epoch=BORN + 1))

    (own,) = node.directory.members()
    assert (own.epoch, own.incarnation, own.state) == (BORN + 1, 4, State.ALIVE)
    assert node.said() == [SelfRefuted((), 4)]


def test_the_greatest_incarnation_is_the_end() -> None:
    """A doubt that can't be answered is a problem, not a crash."""
    node = Node()

    node.hear(found("me", "ana", incarnation=NUMBER_MAX))

    assert node.said() == [Problem("a doubt that can't be answered: no greater incarnation is left", "me")]
    node.directory.set_tags({"still": "there"}, 1.0)
    assert node.directory.members()[0].incarnation == 1


def test_who_has_left_answers_no_doubts() -> None:
    """It would seem to be back."""
    node = Node()
    node.directory.leave(0.0)
    node.said()

    node.hear(found("me", "ana", incarnation=1))

    assert node.said() == []
    assert node.state("me") is State.LEFT


def test_who_doubts_us_in_vain_loses_weight_with_us_too() -> None:
    """Its next accusation counts nothing here, either."""
    node = Node()
    node.hear(says("cy"), *(found("me", "ana", incarnation=number) for number in range(3)))

    node.hear(found("cy", "ana", Verdict.UNREACHABLE))

    assert node.state("cy") is State.ALIVE


# Hellos.


def test_a_hello_makes_a_member() -> None:
    """Until its own claim comes it is told of to nobody."""
    node = Node()
    node.befriend(BO_LINK, "bo", BO)
    node.befriend(ANA_LINK, "ana", ANA)
    node.sent(BO_LINK)

    assert node.state("ana") is State.ALIVE
    assert node.directory.address_of("ana") == ANA
    why = node.directory.why("ana")
    assert why is not None
    assert why.reason == "it said so in its Hello"
    node.hear(says("ana"), link=ANA_LINK)
    assert node.sent(BO_LINK) == [Claims((says("ana"),))]


def test_a_hello_of_a_later_life_counts_at_once() -> None:
    """What was found of the earlier one is void; an earlier one's Hello changes nothing."""
    node = Node()
    node.hear(says("ana"), found("ana", "bo"), found("ana", "cy"))
    assert node.state("ana") is State.DEAD

    node.directory.heard_directly("ana", CY, BORN + 1, 1.0)
    node.directory.heard_directly("ana", ANA, BORN - 1, 1.0)
    node.hear(says("ana", 7))

    assert node.directory.member("ana") == Member("ana", CY, State.ALIVE, BORN + 1, 0, {}, EPOCH + 1.0)


def test_a_doubted_member_that_says_hello_is_told_so() -> None:
    """It proves that it lives, but only it can say so to everybody."""
    node = Node()
    doubts = (found("ana", "cy"), found("ana", "bo", Verdict.SILENT))
    node.hear(says("ana"), *doubts)
    node.outbox.open_link(7)

    node.directory.heard_directly("ana", ANA, BORN, 1.0, 7)

    assert node.outbox.take(7) == [Claims((), doubts)]
    assert node.state("ana") is State.DEAD


def test_who_came_back_with_an_earlier_clock_is_told_of_the_life_that_only_a_hello_told_of() -> None:
    """Nobody else can: we alone heard of it. It goes on in that epoch, and is believed."""
    node, ana = Node(), Node(address=ANA)
    node.directory.heard_directly("ana", ANA, BORN + 5, 0.0)
    node.outbox.open_link(ANA_LINK)

    node.directory.heard_directly("ana", ANA, BORN, 1.0, ANA_LINK)
    (told,) = node.sent(ANA_LINK)
    assert told == Claims((says("ana", epoch=BORN + 5),), answer=True)
    node.directory.heard_directly("ana", ANA, BORN + 5, 2.0, ANA_LINK)
    assert node.sent(ANA_LINK) == []

    ana.directory.on_claims(BO_LINK, Claims((msgspec.structs.replace(told.claims[0], name="me"),), answer=True), 1.0)
    assert ana.own_claim().epoch == BORN + 5


def test_who_does_not_know_its_host_is_where_it_was_heard() -> None:
    """And of one that we never heard ourselves, nobody can say: no patrol goes there."""
    node = Node()
    nowhere = Address("0.0.0.0", 4001)
    node.hear(Claim("ana", BORN, 0, Standing.ALIVE, nowhere))
    assert node.directory.next_to_visit(0.0) is None
    node.said()

    node.directory.heard_directly("ana", ANA, BORN, 1.0)
    node.directory.heard_directly("ana", ANA, BORN, 2.0)

    assert node.directory.address_of("ana") == ANA
    assert [type(event) for event in node.said()] == [MemberChanged]
    visit = node.directory.next_to_visit(0.0)
    assert visit is not None
    assert visit.address == ANA


def test_our_own_hello_is_nobodys() -> None:
    """A link with another life of our name makes no member."""
    node = Node()
    node.directory.heard_directly("me", ANA, BORN + 9, 0.0)

    assert [member.epoch for member in node.directory.members()] == [BORN]


# News.


def test_news_goes_on_to_all_but_whom_it_comes_from() -> None:
    """Once; the same from elsewhere is none, and need not go where it came from."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)
    node.befriend(BO_LINK, "bo", BO)
    for link in (ANA_LINK, BO_LINK):
        node.sent(link)

    node.hear(says("cy"), found("cy", "zoe"), link=ANA_LINK)

    assert node.sent(ANA_LINK) == []
    assert node.sent(BO_LINK) == [Claims((says("cy"),), (found("cy", "zoe"),))]
    node.hear(says("cy", 1), link=ANA_LINK)
    node.hear(says("cy", 1), link=BO_LINK)
    assert [node.sent(ANA_LINK), node.sent(BO_LINK)] == [[], []]


def test_only_the_newest_is_told_to_a_slow_link() -> None:
    """What was overtaken while it waited is not told."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)
    for number in range(5):
        node.hear(says("cy", number), found("cy", "zoe", incarnation=number))

    assert node.sent(ANA_LINK) == [Claims((says("cy", 4),), (found("cy", "zoe", incarnation=4),))]


def test_old_news_is_answered_with_what_is_newer() -> None:
    """Whoever tells it has missed something."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)
    node.hear(says("cy", 3), found("cy", "zoe", incarnation=3))
    node.sent(ANA_LINK)

    node.hear(says("cy", 1), found("cy", "bo", incarnation=2), link=ANA_LINK)

    assert node.sent(ANA_LINK) == [Claims((says("cy", 3),), (found("cy", "zoe", incarnation=3),), answer=True)]


def test_a_newcomer_tells_no_answers_on() -> None:
    """What it is told of the network, the network knows. Later, an answer may be news for its side."""
    node = Node()
    node.befriend(BO_LINK, "bo", BO)
    before = BORN - NEWS_FOR

    node.hear(says("cy", epoch=before), link=ANA_LINK, answer=True)
    assert node.sent(BO_LINK) == []
    node.hear(says("cy", 1, epoch=before), link=ANA_LINK, now=2.0, answer=True)
    assert node.sent(BO_LINK) == [Claims((says("cy", 1, epoch=before),))]


def test_a_newcomer_tells_on_who_came_just_before_it() -> None:
    """When many come at once, not all that its neighbor knows is known to its other neighbors."""
    node = Node()
    node.befriend(BO_LINK, "bo", BO)

    node.hear(says("ana", epoch=BORN - NEWS_FOR), says("cy", epoch=BORN - NEWS_FOR + 1), link=ANA_LINK, answer=True)

    assert node.sent(BO_LINK) == [Claims((says("cy", epoch=BORN - NEWS_FOR + 1),))]


def test_a_newcomer_compares_with_the_next_neighbor_when_one_has_told_all() -> None:
    """A full frame of answers is not the last one."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)
    node.befriend(BO_LINK, "bo", BO)
    many = [Claim(f"n{number}", BORN, 0, Standing.ALIVE, CY) for number in range(LIST_MAX)]

    node.hear(*many, link=ANA_LINK, answer=True)
    node.directory.tick(0.01)
    assert MembersSummary not in map(type, node.outbox.take(BO_LINK))
    node.hear(says("cy"), link=ANA_LINK, now=0.02, answer=True)
    node.directory.tick(0.02)
    assert MembersSummary in map(type, node.outbox.take(BO_LINK))


def test_what_came_before_its_claim_is_told_with_it() -> None:
    """A statement about somebody unknown waits; both go on together."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)

    node.hear(found("cy", "bo"))
    assert node.state("cy") is None
    assert node.sent(ANA_LINK) == []
    node.hear(says("cy"))

    assert node.state("cy") is State.SUSPECT
    assert node.sent(ANA_LINK) == [Claims((says("cy"),), (found("cy", "bo"),))]


def test_a_change_is_told_with_what_was_before() -> None:
    """And since when it is so, as this node learned it."""
    node = Node()
    node.hear(says("ana"), now=1.0)
    node.said()

    node.hear(found("ana", "bo"), now=2.0)
    node.hear(found("ana", "cy"), now=3.0)
    node.hear(says("ana", 1), now=4.0)

    alive = Member("ana", ANA, State.ALIVE, BORN, 0, {}, EPOCH + 1.0)
    suspect = Member("ana", ANA, State.SUSPECT, BORN, 0, {}, EPOCH + 2.0)
    dead = Member("ana", ANA, State.DEAD, BORN, 0, {}, EPOCH + 3.0)
    again = Member("ana", ANA, State.ALIVE, BORN, 1, {}, EPOCH + 4.0)
    changes = [event.change for event in node.said() if isinstance(event, MemberChanged)]
    assert changes == [Change(suspect, alive), Change(dead, suspect), Change(again, dead)]


# What we found.


def test_what_we_found_is_told_to_the_accused_first() -> None:
    """With what was seen, and who else watched, so that all can judge it."""
    node = Node()
    node.befriend(ANA_LINK, "ana", ANA)
    node.befriend(BO_LINK, "bo", BO)
    for link in (ANA_LINK, BO_LINK):
        node.sent(link)
    node.directory.on_watching(ANA_LINK, Watching(("bo", "me", "zoe")))

    node.directory.on_accused(accused("ana", Verdict.SUSPECT), 1.0)

    statement = Statement("ana", BORN, 0, "me", Verdict.SUSPECT, 3, 2, 3500, 250, ("bo", "zoe"))
    assert node.outbox.take(ANA_LINK) == [Claims((), (statement,))]
    assert node.sent(BO_LINK) == [Claims((), (statement,))]
    assert node.state("ana") is State.SUSPECT


def test_who_is_gone_or_unknown_is_not_accused() -> None:
    """Nor we ourselves, nor who is away as announced."""
    node = Node()
    node.befriend(BO_LINK, "bo", BO)
    node.hear(says("ana", 1, Standing.LEFT), Claim("cy", BORN, 1, Standing.AWAY, CY, back_at=BORN + 1000))
    node.sent(BO_LINK)

    for name in ("ana", "cy", "me", "nobody"):
        node.directory.on_accused(accused(name), 1.0)

    assert node.sent(BO_LINK) == []
    assert [node.directory.is_live(name) for name in ("ana", "cy", "nobody", "bo")] == [False, False, False, True]


def test_a_patrol_adds_nothing_to_what_we_saw_over_a_link() -> None:
    """What a watcher found says more than what a visitor finds."""
    node = Node()
    node.hear(says("ana"))
    node.befriend(BO_LINK, "bo", BO)
    node.befriend(ANA_LINK, "ana", ANA)
    node.directory.on_watching(ANA_LINK, Watching(("bo",)))
    node.directory.on_accused(accused("ana", Verdict.SILENT), 1.0)
    node.directory.remove_link(ANA_LINK)

    node.directory.on_accused(accused("ana", Verdict.UNREACHABLE), 2.0)

    why = node.directory.why("ana")
    assert why is not None
    assert [each.verdict for each in why.statements] == [Verdict.SILENT]
    assert node.directory.next_to_visit(2.0) is None


def test_what_a_member_says_of_itself_is_no_statement() -> None:
    """Nobody accuses itself."""
    node = Node()
    node.hear(says("ana"), found("ana", "ana"))

    assert node.state("ana") is State.ALIVE


def test_who_watches_is_what_a_neighbor_said_last() -> None:
    """Even after its link broke, since then it matters. Of others nothing is known, and it is bounded."""
    node = Node()
    node.directory.on_watching(ANA_LINK, Watching(("bo",)))
    assert node.directory.watchers("ana") == ()
    node.befriend(ANA_LINK, "ana", ANA)
    node.directory.on_watching(ANA_LINK, Watching(("bo",)))
    node.directory.on_watching(ANA_LINK, Watching(("cy",)))
    node.directory.remove_link(ANA_LINK)
    assert node.directory.watchers("ana") == ("cy",)

    for number in range(WATCHED_MAX):
        node.directory.add_link(BO_LINK, f"n{number}", 0.0)
        node.directory.on_watching(BO_LINK, Watching(("cy",)))
        node.directory.remove_link(BO_LINK)

    assert node.directory.watchers("ana") == ()


def test_one_that_fell_silent_before_it_said_who_watches_it_is_not_buried_by_us_alone() -> None:
    """Anybody may watch it; with nobody else there, nobody does."""
    crowd, couple = Node(), Node()
    crowd.hear(says("ana"), says("bo"))
    couple.hear(says("ana"))
    for node in (crowd, couple):
        node.directory.on_accused(accused("ana"), 1.0)

    assert (crowd.state("ana"), couple.state("ana")) == (State.SUSPECT, State.DEAD)


# What is refused.


def test_there_is_room_for_so_many_and_for_neighbors() -> None:
    """Above the bound only what neighbors say of themselves is taken."""
    node = Node(DirectorySettings(members_max=2))
    node.hear(says("ana"), says("bo"))
    assert [member.name for member in node.directory.members()] == ["ana", "me"]

    node.directory.add_link(BO_LINK, "bo", 0.0)
    node.hear(says("bo"), says("cy"), says("ana", 1))

    assert [member.name for member in node.directory.members()] == ["ana", "bo", "me"]


def test_a_member_with_too_many_bytes_of_tags_is_not_listed() -> None:
    """It would take the room of others on every link."""
    node = Node(DirectorySettings(tags_bytes_max=10))
    node.hear(Claim("ana", BORN, 0, Standing.ALIVE, ANA, (("key", "long value"),)))

    assert node.state("ana") is None
    assert node.said() == [Problem("a member with too many bytes of tags is not listed", "ana")]


def test_a_life_far_ahead_of_our_clock_is_not_believed() -> None:
    """Unless its Hello told us of it, or ours is the clock that is wrong: then a neighbor's life shows it."""
    node = Node()
    far = BORN + 3_600_000
    node.hear(says("ana", epoch=far))
    assert node.state("ana") is None
    assert [type(event) for event in node.said()] == [Problem]

    node.directory.heard_directly("ana", ANA, far, 0.0)
    node.hear(says("ana", 1, epoch=far), says("bo", epoch=BORN + 1000))
    assert [(each.name, each.incarnation) for each in node.directory.members()] == [("ana", 1), ("bo", 0), ("me", 0)]

    node.directory.add_link(ANA_LINK, "ana", 0.0)
    node.hear(says("cy", epoch=far + 1000))
    assert node.state("cy") is State.ALIVE


def test_of_who_is_not_known_nothing_is_said() -> None:
    """No address, no evidence, no state."""
    directory = Node().directory

    assert [directory.member("x"), directory.why("x"), directory.address_of("x"), directory.watchers("x")] == [
        None, None, None, (),
    ]  # fmt: skip


# Time.


def test_the_dead_are_forgotten_after_a_while_by_when_it_was_first_known() -> None:
    """An age that comes along counts if it is greater than our own."""
    node = Node(DirectorySettings(reap_dead=100.0))
    node.hear(says("ana"), found("ana", "bo"), found("ana", "cy"), now=10.0)
    assert node.directory.next_deadline() == 110.0

    node.directory.on_claims(0, Claims((), (), (("ana", 30_000), ("bo", 5), ("me", 5))), 20.0)
    node.directory.on_claims(0, Claims((), (), (("ana", 2_000),)), 21.0)
    assert node.directory.next_deadline() == 90.0
    node.directory.tick(89.0)
    assert node.state("ana") is State.DEAD
    node.directory.tick(90.0)

    assert node.state("ana") is None
    assert node.directory.next_deadline() is None
    assert node.directory.reach().known == 1


def test_who_was_forgotten_is_not_believed_alive_by_an_echo() -> None:
    """The echo is answered with what was found; only the member itself comes back."""
    node = Node(DirectorySettings(reap_dead=100.0))
    evidence = (found("ana", "cy"), found("ana", "bo"))
    node.hear(says("ana"), *evidence)
    node.directory.tick(100.0)
    node.befriend(BO_LINK, "bo", BO, 101.0)

    node.hear(says("ana"), link=BO_LINK, now=101.0)
    assert node.state("ana") is None
    assert node.sent(BO_LINK) == [Claims((says("ana"),), evidence, (("ana", 101_000),), answer=True)]
    node.hear(found("ana", "zoe"), link=BO_LINK, now=101.0)
    assert node.state("ana") is None
    node.sent(BO_LINK)

    node.hear(says("ana", 1), now=102.0)
    assert node.state("ana") is State.ALIVE


def test_we_are_never_forgotten_by_ourselves() -> None:
    """Even when we said that we leave, and stay."""
    node = Node(DirectorySettings(reap_left=1.0))
    node.directory.leave(0.0)
    node.directory.tick(100.0)

    assert node.state("me") is State.LEFT
