"""Questions, and the other machines of a peer: a link that several of them wait for serves all of them."""

from rumor.core.effects import Dial, Failure, Hangup
from rumor.core.events import Accused, Answered, Strike, Unanswered
from rumor.core.frames import (
    Claim,
    Claims,
    NeighborRequest,
    Outcome,
    Outgoing,
    Probe,
    Request,
    Response,
    Standing,
)
from rumor.core.peer import Peer

from .helpers import ANA, BO, befriend, feed, hello, peer_with, pull


def begun() -> Peer:
    """A peer whose neighbor is Ana, by link 1."""
    peer = peer_with()
    peer.join(0.0)
    befriend(peer, 1, ANA, 0.0)
    peer.drain()
    return peer


def dials(peer: Peer) -> list[Dial]:
    """What is being dialled, of all that is to be done."""
    return [effect for effect in peer.drain()[0] if isinstance(effect, Dial)]


def requests_in(frames: list[Outgoing]) -> list[int]:
    """The numbers of the questions among frames."""
    return [frame.number for frame in frames if isinstance(frame, Request)]


def test_a_neighbor_whose_link_broke_is_asked_again_and_not_accused() -> None:
    """Its link is dialled anew once, for the question and to have the neighbor back."""
    peer = begun()
    number = peer.request(str(ANA), "", b"?", 60.0, 1.0)
    assert requests_in(pull(peer, 1, 1.0)) == [number]
    peer.drain()

    peer.link_lost(1, Failure.CLOSED, 2.0)
    (dial,) = dials(peer)
    pull(peer, dial.link, 2.0)
    peer.dialled(dial.link, 2.01)
    sent = feed(peer, dial.link, 2.02, hello(ANA))

    assert requests_in(sent) == [number]
    assert [type(frame) for frame in sent if isinstance(frame, NeighborRequest)] == [NeighborRequest]
    for tenth in range(20):
        peer.tick(2.02 + tenth / 10)
    assert [event for event in peer.drain()[1] if isinstance(event, Accused | Strike)] == []


def test_a_question_goes_by_the_link_that_looks_whether_its_member_lives() -> None:
    """That one is not closed for having served, and the question needs no other."""
    peer = begun()
    feed(peer, 1, 0.5, Claims((Claim(str(BO), 1000, 0, Standing.ALIVE, BO),)))
    now, patrol = 0.5, list[Dial]()
    while not patrol:
        now += 0.1
        peer.on_frame(1, Probe(1), now)
        peer.tick(now)
        patrol = dials(peer)
        assert now < 60.0
    number = peer.request(str(BO), "", b"?", 60.0, now)
    assert dials(peer) == []
    link = patrol[0].link
    pull(peer, link, now)

    peer.dialled(link, now)
    sent = feed(peer, link, now, hello(BO))
    feed(peer, link, now + 0.1, Response(number, Outcome.ANSWERED, b"!"))

    assert requests_in(sent) == [number]
    effects, events = peer.drain()
    assert Hangup(link) not in effects
    assert Answered(number, str(BO), Outcome.ANSWERED, b"!") in events


def test_a_link_that_can_not_be_made_is_told_to_all_who_wait_for_it() -> None:
    """The question ends at once, and the neighbor's death is found out all the same."""
    peer = begun()
    number = peer.request(str(ANA), "", b"?", 60.0, 1.0)
    pull(peer, 1, 1.0)
    peer.drain()

    peer.link_lost(1, Failure.CLOSED, 2.0)
    (dial,) = dials(peer)
    peer.link_lost(dial.link, Failure.UNREACHABLE, 2.01)

    events = peer.drain()[1]
    assert [event.number for event in events if isinstance(event, Unanswered)] == [number]
    assert [event.count for event in events if isinstance(event, Strike)] == [1]
