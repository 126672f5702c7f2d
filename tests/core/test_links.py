"""Links: both sides agree who is at the other end, on one link between two nodes, and each learns why one ends."""

from collections import deque
from random import Random

import msgspec
import pytest

from rumor.core.effects import Dial, Effect, Failure, Hangup, Wake
from rumor.core.events import Event, LinkDown, LinkFailed, LinkReady, Problem
from rumor.core.frames import Contact, Control, Goodbye, Hello, Parting, Probe, Role
from rumor.core.ids import Address, Identity, Seconds
from rumor.core.outbox import Outbox
from rumor.core.overlay.links import DETAIL_MAX, Links, NodeInfo
from rumor.core.settings import LinkSettings

from .helpers import ANA, BO, CY, ME, SEED_NUMBERS, peer_at

ELSEWHERE = Address("10.7.7.7", 4001)


def links_with(settings: LinkSettings | None = None) -> tuple[Links, Outbox]:
    """Our links, none yet; of any name, life 77 is known."""
    outbox = Outbox()
    identity = Identity(ME, network="net", epoch=5, instance=50)
    return Links(identity, settings or LinkSettings(), outbox, lambda name: 77), outbox


def hello(address: Address = ANA, *, instance: int = 7, epoch: int = 3, name: str = "") -> Hello:
    """What a node of our network says first."""
    name = name or str(address)
    return Hello(network="net", role=Role.PEER, name=name, address=address, epoch=epoch, instance=instance)


def ours(known_epoch: int) -> Hello:
    """What we say first."""
    return Hello(network="net", role=Role.PEER, name=str(ME), address=ME, epoch=5, instance=50, known_epoch=known_epoch)


def said(outbox: Outbox) -> tuple[list[Effect], list[Event]]:
    """All effects but the wakes, and all events."""
    effects, events = outbox.drain()
    return [effect for effect in effects if not isinstance(effect, Wake)], events


def sent(outbox: Outbox, link: int) -> list[Control]:
    """What waits for a link."""
    outbox.dry(link)
    return outbox.take(link)


def ready(link: int, address: Address = ANA) -> LinkReady:
    """A link to the node at an address stands."""
    return LinkReady(link, str(address), address, link % 2 == 0, 0)


def accepted(links: Links, outbox: Outbox, *, link: int = 1, now: Seconds = 0.0, instance: int = 7) -> None:
    """Ana opened a link, and it stands."""
    links.on_accepted(link, ANA.host, now)
    links.on_hello(link, hello(instance=instance), now)
    assert links.stands(link)
    sent(outbox, link)
    outbox.drain()


def dialled(links: Links, outbox: Outbox, *, now: Seconds = 0.0) -> int:
    """We opened a link to ana, and it stands."""
    link = links.dial(ANA, now)
    links.on_dialled(link, now)
    links.on_hello(link, hello(), now)
    assert links.stands(link)
    sent(outbox, link)
    outbox.drain()
    return link


# From Hello to Goodbye.


def test_who_dials_says_hello_at_once() -> None:
    """The Hello waits already when the connection is made: one round trip."""
    links, outbox = links_with()

    assert (links.dial(ANA, 0.0), links.dial(BO, 0.0)) == (2, 4)
    assert outbox.drain()[0] == [Dial(2, ANA, 5.0), Wake(2), Dial(4, BO, 5.0), Wake(4)]
    assert sent(outbox, 2) == [ours(known_epoch=0)]


def test_an_address_is_dialled_once_at_a_time() -> None:
    """Whoever wants the same address meanwhile gets the link that is being made."""
    links, outbox = links_with()

    assert links.dial(ANA, 0.0) == links.dial(ANA, 0.5) == 2
    assert said(outbox) == ([Dial(2, ANA, 5.0)], [])


def test_a_link_that_two_machines_dialled_is_not_closed_when_one_has_done() -> None:
    """What one alone dialled is; letting go of what is gone is no error."""
    links, outbox = links_with()
    both = [links.dial(ANA, 0.0), links.dial(ANA, 0.5)]
    alone = links.dial(BO, 0.0)
    said(outbox)

    links.let_go(both[0], 1.0)
    links.let_go(alone, 1.0)
    links.let_go(alone, 1.0)

    assert said(outbox) == ([Hangup(alone)], [LinkFailed(alone, BO, Failure.CLOSED, Parting.DONE)])
    assert links.dial(ANA, 1.0) == both[0]


def test_a_dialled_link_stands_with_the_other_hello() -> None:
    """Only then: before it nobody knows who is there."""
    links, outbox = links_with()
    links.dial(ANA, 0.0)
    links.on_dialled(2, 0.1)
    assert (links.stands(2), links.info(2), links.find(str(ANA))) == (False, None, None)
    links.on_hello(2, hello(), 0.2)

    assert (links.stands(2), links.standing, links.find(str(ANA))) == (True, (2,), 2)
    assert links.info(2) == NodeInfo(str(ANA), ANA, 3, 7, Role.PEER, True)
    assert said(outbox) == ([Dial(2, ANA, 5.0)], [ready(2)])
    assert links.next_deadline() is None


def test_who_was_dialled_answers_with_its_hello() -> None:
    """It knows by then to whom it speaks, and tells the latest life that is known under that name."""
    links, outbox = links_with()
    links.on_accepted(1, ANA.host, 0.0)
    assert sent(outbox, 1) == []
    links.on_hello(1, hello(), 0.1)

    assert sent(outbox, 1) == [ours(known_epoch=77)]
    assert said(outbox) == ([], [ready(1)])


def test_the_known_epoch_of_our_own_name_is_told() -> None:
    """What the other side knows of us comes with the event; and another life's own epoch, if it has our name."""
    links, outbox = links_with()
    links.dial(ANA, 0.0)
    links.on_hello(2, msgspec.structs.replace(hello(), known_epoch=9), 0.0)
    links.on_accepted(1, BO.host, 0.0)
    links.on_hello(1, hello(BO, name=str(ME), epoch=11), 0.0)

    assert said(outbox)[1] == [LinkReady(2, str(ANA), ANA, True, 9), LinkReady(1, str(ME), BO, False, 11)]


def test_a_node_that_does_not_know_its_host_is_where_it_comes_from() -> None:
    """Nobody can dial 0.0.0.0."""
    links, _ = links_with()
    links.on_accepted(1, "10.5.5.5", 0.0)
    links.on_hello(1, hello(Address("0.0.0.0", 4001), name="ana"), 0.0)

    info = links.info(1)
    assert info is not None
    assert info.address == Address("10.5.5.5", 4001)


def test_a_goodbye_ends_a_link_with_its_reason_and_contacts() -> None:
    """What the other side said is told, and the link closed from here too."""
    links, outbox = links_with()
    accepted(links, outbox)
    contacts = (Contact("bo", BO),)
    links.on_goodbye(1, Goodbye(Parting.FULL, "", contacts), 1.0)

    assert said(outbox) == ([Hangup(1)], [LinkDown(1, str(ANA), ANA, Parting.FULL, False, contacts)])
    assert (links.stands(1), links.standing) == (False, ())


def test_an_unknown_reason_is_taken_for_a_harmless_one() -> None:
    """A later version may have reasons of its own."""
    links, outbox = links_with()
    accepted(links, outbox)
    links.on_goodbye(1, Goodbye(999), 1.0)

    assert said(outbox)[1] == [LinkDown(1, str(ANA), ANA, Parting.DONE, False)]


def test_a_broken_link_has_no_reason() -> None:
    """News, not silence: whoever watches it dials again."""
    links, outbox = links_with()
    accepted(links, outbox)
    links.on_lost(1, Failure.CLOSED, 1.0)

    assert said(outbox) == ([], [LinkDown(1, str(ANA), ANA, None, False)])


def test_parting_says_why_and_closes() -> None:
    """The Goodbye is kept for the driver, within bounds, and thrown away when it can't be sent any more."""
    links, outbox = links_with()
    accepted(links, outbox)
    contacts = tuple(Contact(str(number), peer_at(number)) for number in range(40))
    links.part(1, Parting.FULL, contacts=contacts, detail="x" * 999, now=1.0)

    assert said(outbox) == ([Hangup(1)], [LinkDown(1, str(ANA), ANA, Parting.FULL, True)])
    assert links.next_deadline() == 3.0
    assert sent(outbox, 1) == [Goodbye(Parting.FULL, "x" * DETAIL_MAX, contacts[:32])]
    outbox.send(1, Probe(1))
    links.tick(3.0)
    assert sent(outbox, 1) == []
    assert links.next_deadline() is None


def test_inputs_for_a_link_that_is_gone_change_nothing() -> None:
    """A late frame never revives a link."""
    links, outbox = links_with()
    links.on_dialled(2, 0.0)
    links.on_hello(2, hello(), 0.0)
    links.on_goodbye(2, Goodbye(Parting.FULL), 0.0)
    links.on_lost(2, Failure.CLOSED, 0.0)
    links.on_alive(2, 0.0)
    links.part(2, Parting.DONE, now=0.0)

    assert said(outbox) == ([], [])
    assert links.next_deadline() is None


def test_leaving_says_goodbye_to_all() -> None:
    """Also to those that have not said Hello yet."""
    links, outbox = links_with()
    accepted(links, outbox)
    links.on_accepted(3, BO.host, 0.0)
    links.leave(1.0)

    assert said(outbox)[0] == [Hangup(1), Hangup(3)]
    assert sent(outbox, 1) == sent(outbox, 3) == [Goodbye(Parting.LEAVING)]


# Who is refused.


def test_another_network_is_refused_and_both_are_told() -> None:
    """Our Hello goes first, so that the other side can tell its own people the same."""
    links, outbox = links_with()
    links.on_accepted(1, ANA.host, 0.0)
    links.on_hello(1, msgspec.structs.replace(hello(), network="other"), 0.0)

    detail = f"{ME} is of network 'net', {ANA} of 'other'"
    assert sent(outbox, 1) == [ours(known_epoch=77), Goodbye(Parting.OTHER_NETWORK, detail)]
    assert said(outbox) == ([Hangup(1)], [Problem("a node of another network was refused", str(ANA), detail)])


def test_another_version_is_refused() -> None:
    """By who dials as well: its Hello has left already."""
    links, outbox = links_with()
    links.dial(ANA, 0.0)
    links.on_dialled(2, 0.0)
    links.on_hello(2, msgspec.structs.replace(hello(), version=2), 0.0)

    detail = f"{ME} speaks version 1, {ANA} version 2"
    assert said(outbox) == (
        [Dial(2, ANA, 5.0), Hangup(2)],
        [
            Problem("a node speaks another version of the protocol", str(ANA), detail),
            LinkFailed(2, ANA, Failure.CLOSED, Parting.OTHER_VERSION),
        ],
    )


def test_an_address_that_leads_to_ourselves_is_remembered() -> None:
    """It is one of ours from then on, and no fault."""
    identity, outbox = Identity(ME, network="net", instance=50), Outbox()
    links = Links(identity, LinkSettings(), outbox)
    links.dial(ELSEWHERE, 0.0)
    links.on_accepted(1, "10.7.7.7", 0.0)
    (mine,) = sent(outbox, 2)
    assert isinstance(mine, Hello)
    links.on_hello(1, mine, 0.0)
    links.on_dialled(2, 0.0)
    links.on_hello(2, mine, 0.0)

    assert sent(outbox, 1) == [mine, Goodbye(Parting.SELF)]
    assert said(outbox)[1] == [LinkFailed(2, ELSEWHERE, Failure.CLOSED, Parting.SELF)]
    assert identity.is_self(ELSEWHERE)


def test_a_second_hello_is_a_fault() -> None:
    """Nobody becomes another one on the same link."""
    links, outbox = links_with()
    accepted(links, outbox)
    links.on_hello(1, hello(BO), 1.0)

    assert sent(outbox, 1) == [Goodbye(Parting.BAD_FRAME, "a second Hello")]
    assert said(outbox)[1] == [
        LinkDown(1, str(ANA), ANA, Parting.BAD_FRAME, True),
        Problem("a node said Hello twice", str(ANA)),
    ]


def test_too_many_links_are_refused() -> None:
    """The bound holds for what others open; they are told."""
    links, outbox = links_with(LinkSettings(links_max=1))
    accepted(links, outbox)
    links.on_accepted(3, BO.host, 0.0)

    assert sent(outbox, 3) == [Goodbye(Parting.FULL)]
    assert said(outbox) == ([Hangup(3)], [])


# Silence, and original nodes.


@pytest.mark.parametrize(
    ("failure", "classic"),
    [(Failure.UNREACHABLE, False), (Failure.CLOSED, True), (Failure.GARBLED, False)],
)
def test_only_who_closes_on_the_preface_may_be_an_original_node(failure: Failure, classic: bool) -> None:
    """No connection, and bytes that are neither dialect, speak for nothing."""
    links, outbox = links_with()
    links.dial(ANA, 0.0)
    links.on_lost(2, failure, 0.1)

    assert said(outbox)[1] == [LinkFailed(2, ANA, failure, None, classic)]


def test_silence_on_the_preface_is_what_an_original_node_may_do() -> None:
    """There is no Goodbye then: it would not be understood."""
    links, outbox = links_with()
    links.dial(ANA, 0.0)
    sent(outbox, 2)
    assert links.next_deadline() == 6.0
    links.tick(6.0)

    assert sent(outbox, 2) == []
    assert said(outbox) == ([Dial(2, ANA, 5.0), Hangup(2)], [LinkFailed(2, ANA, Failure.SILENT, None, True)])


def test_who_sent_the_preface_is_no_original_node() -> None:
    """Silence after it is a failure of a node of ours."""
    links, outbox = links_with()
    links.dial(ANA, 0.0)
    links.on_dialled(2, 0.5)
    sent(outbox, 2)
    links.tick(1.5)

    assert sent(outbox, 2) == [Goodbye(Parting.NO_HELLO)]
    assert said(outbox)[1] == [LinkFailed(2, ANA, Failure.SILENT, None, False)]


def test_who_opens_a_link_and_is_silent_is_closed() -> None:
    """Nothing stood, so nothing is said; nor if it breaks off itself, as a peer does that only asks by the preface."""
    links, outbox = links_with()
    links.on_accepted(1, ANA.host, 0.0)
    links.on_accepted(3, BO.host, 0.0)
    links.on_lost(3, Failure.CLOSED, 0.1)
    links.tick(1.0)

    assert sent(outbox, 1) == [Goodbye(Parting.NO_HELLO)]
    assert said(outbox) == ([Hangup(1)], [])


def test_a_goodbye_before_the_hello_is_a_failure_with_a_reason() -> None:
    """A full node of ours refuses before it says who it is; it is no original one."""
    links, outbox = links_with()
    links.dial(ANA, 0.0)
    links.on_dialled(2, 0.0)
    links.on_goodbye(2, Goodbye(Parting.FULL), 0.1)

    assert said(outbox)[1] == [LinkFailed(2, ANA, Failure.CLOSED, Parting.FULL)]


def test_an_address_that_said_hello_is_never_taken_for_an_original_node() -> None:
    """It restarts, and closes while it is not ready yet; or somebody else says that it answers texts."""
    links, outbox = links_with()
    link = dialled(links, outbox)
    links.mark_classic(ANA, 0.0)
    links.on_lost(link, Failure.CLOSED, 1.0)
    outbox.drain()
    links.on_lost(links.dial(ANA, 1.0), Failure.CLOSED, 1.1)

    assert said(outbox)[1] == [LinkFailed(4, ANA, Failure.CLOSED, None, False)]
    assert not links.is_classic(ANA, 1.2)


def test_an_original_node_is_remembered_for_ten_minutes() -> None:
    """And no longer, since it may be replaced; a Hello ends it at once."""
    links, _ = links_with()
    links.mark_classic(ANA, 0.0)
    links.mark_classic(BO, 0.0)
    links.mark_frames(BO)

    assert [links.is_classic(ANA, now) for now in (0.0, 599.0, 600.0)] == [True, True, False]
    assert not links.is_classic(BO, 1.0)
    assert (links.speaks_frames(ANA), links.speaks_frames(BO)) == (False, True)


def test_the_memory_of_addresses_is_bounded() -> None:
    """The oldest are forgotten, here of two each; who is seen again is young again."""
    links, _ = links_with(LinkSettings(addresses_max=2))
    for address in (ANA, BO, ANA, CY):
        links.mark_classic(address, 0.0)

    assert [links.is_classic(address, 1.0) for address in (ANA, BO, CY)] == [True, False, True]


# Two links between the same two nodes.


def test_a_later_life_replaces_the_old_link_at_once() -> None:
    """A restart wins without waiting for the old link to break."""
    links, outbox = links_with()
    accepted(links, outbox)
    links.on_accepted(3, ANA.host, 5.0)
    links.on_hello(3, hello(instance=8, epoch=4), 5.0)

    assert sent(outbox, 1) == [Goodbye(Parting.REPLACED)]
    assert said(outbox) == ([Hangup(1)], [LinkDown(1, str(ANA), ANA, Parting.REPLACED, True), ready(3)])


def test_an_earlier_life_is_refused_and_told_of_the_later() -> None:
    """Two processes with one name: the younger keeps its links, the elder learns of it by our Hello."""
    links, outbox = links_with()
    accepted(links, outbox)
    links.on_accepted(3, ANA.host, 5.0)
    links.on_hello(3, hello(instance=8, epoch=2), 5.0)

    goodbye = Goodbye(Parting.REPLACED, "a later life of this name is known")
    assert sent(outbox, 3) == [ours(known_epoch=77), goodbye]
    assert links.stands(1)


def waiting(links: Links, outbox: Outbox, *, link: int = 3) -> None:
    """Ana's same process opens another link at moment 5, which has to wait for the old one's answer."""
    links.on_accepted(link, ANA.host, 5.0)
    links.on_hello(link, hello(), 5.0)
    assert sent(outbox, link) == []
    assert not links.stands(link)


def test_the_same_process_is_believed_only_if_its_old_link_does_not_answer() -> None:
    """One probe, half a Hello's time; then the new link takes its place."""
    links, outbox = links_with()
    accepted(links, outbox)
    waiting(links, outbox)
    assert sent(outbox, 1) == [Probe(0)]
    assert links.next_deadline() == 5.5
    links.tick(5.5)

    assert sent(outbox, 3) == [ours(known_epoch=77)]
    assert said(outbox)[1] == [LinkDown(1, str(ANA), ANA, Parting.REPLACED, True), ready(3)]


def test_an_old_link_that_answers_stays() -> None:
    """The new one was a mistake of the other side: it is closed as crossed."""
    links, outbox = links_with()
    accepted(links, outbox)
    waiting(links, outbox)
    links.on_alive(1, 5.1)
    links.on_alive(1, 5.2)

    assert sent(outbox, 3) == [Goodbye(Parting.CROSSED)]
    assert said(outbox) == ([Hangup(3)], [])
    assert links.stands(1)


def test_an_old_link_that_breaks_gives_its_place_at_once() -> None:
    """There is nothing to wait for any more."""
    links, outbox = links_with()
    accepted(links, outbox)
    waiting(links, outbox)
    links.on_lost(1, Failure.CLOSED, 5.1)

    assert said(outbox)[1] == [LinkDown(1, str(ANA), ANA, None, False), ready(3)]


def test_of_several_that_wait_the_last_one_does() -> None:
    """One at most waits for an address: the bound of what is held back."""
    links, outbox = links_with()
    accepted(links, outbox)
    waiting(links, outbox)
    waiting(links, outbox, link=5)
    assert sent(outbox, 3) == [Goodbye(Parting.REPLACED)]
    links.on_lost(1, Failure.CLOSED, 5.1)

    assert links.standing == (5,)


def test_one_that_waits_may_go_itself() -> None:
    """Then the old link stays, without another word."""
    links, outbox = links_with()
    accepted(links, outbox)
    waiting(links, outbox)
    links.on_lost(3, Failure.CLOSED, 5.1)
    links.on_alive(1, 5.2)

    assert said(outbox) == ([], [])
    assert links.standing == (1,)


def test_the_other_sides_yes_to_a_second_link_ends_the_first() -> None:
    """We dialled another of its addresses, and it has found our old link dead."""
    links, outbox = links_with()
    accepted(links, outbox)
    link = links.dial(ELSEWHERE, 5.0)
    links.on_dialled(link, 5.0)
    links.on_hello(link, hello(), 5.0)

    assert said(outbox)[1] == [LinkDown(1, str(ANA), ANA, Parting.REPLACED, True), ready(link)]


def test_a_crossing_link_waits_for_ours_or_takes_its_place() -> None:
    """Ana dials us while we dial her: her link stands at once, or is held until ours has failed."""
    for address in (ANA, BO):
        links, outbox = links_with()
        picked = links._is_picked(NodeInfo(str(address), address, 1, 1, Role.PEER, dialled=True))
        links.dial(address, 0.0)
        outbox.drain()
        links.on_accepted(1, address.host, 0.1)
        links.on_hello(1, hello(address), 0.1)
        if picked:
            assert said(outbox) == ([], [])
            links.on_lost(2, Failure.UNREACHABLE, 0.2)
            failed = LinkFailed(2, address, Failure.UNREACHABLE)
            assert said(outbox) == ([], [failed, ready(1, address)])
        else:
            failed = LinkFailed(2, address, Failure.CLOSED, Parting.CROSSED)
            assert said(outbox) == ([Hangup(2)], [ready(1, address), failed])


class Pair:
    """Two nodes with links between them, whose bytes and closes arrive in any order that connections allow."""

    def __init__(self, number: int, *, alias: bool) -> None:
        self.rng = Random(number)
        names = (f"ana {number}", "bo")
        self.addresses = (ANA, ELSEWHERE if alias else BO)
        self.boxes = (Outbox(), Outbox())
        homes = (ANA, BO)
        self.nodes = tuple(
            Links(Identity(homes[side], name=names[side], instance=side + 1), LinkSettings(), self.boxes[side])
            for side in (0, 1)
        )
        self.wires: dict[tuple[int, int], deque[Control | None]] = {}
        self.numbers = [-1, -1]
        self.other_end: dict[tuple[int, int], tuple[int, int]] = {}

    def run(self) -> None:
        """Both dial; then whatever is under way arrives, in random order between connections, until nothing is."""
        for side in (0, 1):
            self.nodes[side].dial(self.addresses[1 - side], 0.0)
        dials: list[tuple[int, int]] = []
        while True:
            for side in (0, 1):
                dials += self._obey(side)
            busy = [end for end, wire in self.wires.items() if wire]
            if not busy and not dials:
                return
            if dials and (not busy or self.rng.random() < 0.5):
                self._connect(dials.pop(self.rng.randrange(len(dials))))
            else:
                self._deliver(self.rng.choice(busy))

    def _obey(self, side: int) -> list[tuple[int, int]]:
        dials = []
        for effect in self.boxes[side].drain()[0]:
            match effect:
                case Dial(link):
                    dials.append((side, link))
                case Hangup(link):
                    self._flush(side, link)
                    if (side, link) in self.other_end:
                        self.wires[self.other_end[side, link]].append(None)
                        self.wires[side, link].clear()
        for link in [link for owner, link in self.other_end if owner == side]:
            self._flush(side, link)
        return dials

    def _flush(self, side: int, link: int) -> None:
        if (side, link) in self.other_end:
            self.wires[self.other_end[side, link]].extend(sent(self.boxes[side], link))

    def _connect(self, end: tuple[int, int]) -> None:
        side, link = end
        other = 1 - side
        self.numbers[other] += 2
        back = (other, self.numbers[other])
        self.other_end[end], self.other_end[back] = back, end
        self.wires[end], self.wires[back] = deque(), deque()
        self.nodes[other].on_accepted(back[1], "10.0.0.9", 0.0)
        self.nodes[side].on_dialled(link, 0.0)

    def _deliver(self, end: tuple[int, int]) -> None:
        side, link = end
        frame = self.wires[end].popleft()
        match frame:
            case None:
                self.nodes[side].on_lost(link, Failure.CLOSED, 0.0)
            case Hello():
                self.nodes[side].on_hello(link, frame, 0.0)
            case Goodbye():
                self.nodes[side].on_goodbye(link, frame, 0.0)


@pytest.mark.parametrize("alias", [False, True])
def test_of_crossing_links_the_same_one_stays_on_both_sides(alias: bool) -> None:
    """Whatever arrives first, and whether or not one was dialled by another of its addresses."""
    for number in range(200):
        pair = Pair(number, alias=alias)
        pair.run()
        ana, bo = (node.standing for node in pair.nodes)
        assert len(ana) == len(bo) == 1, f"number {number}: {ana} {bo}"
        assert pair.other_end[0, ana[0]] == (1, bo[0]), f"number {number}"


@pytest.mark.parametrize("number", SEED_NUMBERS)
@pytest.mark.parametrize("one_name", [False, True])
def test_both_sides_pick_the_same_dialler(number: int, *, one_name: bool) -> None:
    """Exactly one of the two is picked, by both, whatever the hashes of a process are; also of two lives of a name."""
    rng = Random(number)
    for _ in range(20):
        names = ["ana", "ana"] if one_name else [f"node {rng.random()}" for _ in range(2)]
        who = [Identity(peer_at(rng.randrange(100) * 2 + side), name=name) for side, name in enumerate(names)]
        infos = [NodeInfo(each.name, each.address, 1, 1, Role.PEER, dialled=True) for each in who]
        nodes = [Links(each, LinkSettings(), Outbox()) for each in who]

        assert nodes[0]._is_picked(infos[1]) != nodes[1]._is_picked(infos[0])


def test_an_address_is_reached_by_a_link_that_stands_or_is_being_made() -> None:
    """Whoever opened it."""
    links, outbox = links_with()
    links.dial(BO, 0.0)
    accepted(links, outbox)

    assert [links.reaches(address) for address in (ANA, BO, CY)] == [True, True, False]

    links.on_lost(2, Failure.UNREACHABLE, 0.1)
    links.part(1, Parting.DONE, now=0.1)
    assert [links.reaches(address) for address in (ANA, BO, CY)] == [False, False, False]
