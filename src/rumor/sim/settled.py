"""What must be so of a network that was left in peace for a while. Each function names all that is wrong, in words."""

from collections.abc import Iterator, Mapping, Sequence

from rumor.core.frames import StreamId
from rumor.core.ids import Seconds
from rumor.core.members import Member, State
from rumor.core.peer import Peer
from rumor.sim.measures import components, graph
from rumor.sim.node import Node
from rumor.sim.publications import Publications

MARGIN: Seconds = 1.0
"""What is said so soon after a peer knows where streams begin may have been before that, for who told it."""


def one_sided(peers: Sequence[Node]) -> list[str]:
    """The running peers that hold a neighbor which does not hold them, or does not run."""
    running = {peer.name: peer for peer in peers if peer.up}
    return [
        f"{peer} holds {name}, which {'does not hold it' if name in running else 'is gone'}"
        for peer in running.values()
        for name in peer.neighbor_links
        if name not in running or peer.name not in running[name].neighbor_links
    ]


def in_pieces(peers: Sequence[Node]) -> list[str]:
    """All components of the running peers but the largest."""
    pieces = sorted(components(graph(peers)), key=len, reverse=True)
    return [f"apart from the others: {', '.join(sorted(piece))}" for piece in pieces[1:]]


def missed(peers: Sequence[Node], published: Publications, *, margin: Seconds = MARGIN) -> list[str]:
    """What running peers neither delivered nor declared lost, of all that any of them delivered since they joined."""
    running = [peer for peer in peers if peer.up]
    tops: dict[StreamId, int] = {}
    for peer in running:
        for id, record in peer.record.streams.items():
            tops[id] = max(tops.get(id, 0), record.top)
    wrong = []
    for peer in running:
        if peer.joined_at is None:
            wrong += [f"{peer} has neighbors, but was never told where streams begin"] if peer.neighbor_links else []
            continue
        for id, top in tops.items():
            first = published.first_since(id, peer.joined_at + margin)
            if first is None or first > top:
                continue
            here = peer.record.streams.get(id)
            if here is None or not here.accounts_for(first, top):
                next_one = None if here is None else here.next
                wrong.append(
                    f"{peer} misses some of {first} to {top} of {id.origin} in {id.epoch}: it is at {next_one}"
                )
    return wrong


def mistaken(peers: Sequence[Node]) -> list[str]:
    """What the directories of running peers have wrong: each runs, is known to all as it sees itself; nobody else does.

    Whoever crashed must be dead by now, whoever left must have left; those may be forgotten, too.
    """
    running = [peer for peer in peers if peer.up and isinstance(peer.core, Peer)]
    truth = {peer.name: _of_itself(peer) for peer in running}
    return [wrong for peer in running for wrong in _mistakes(peer, truth)]


def _of_itself(peer: Node) -> Member | None:
    return peer.core.member(peer.name) if isinstance(peer.core, Peer) else None


def _mistakes(peer: Node, truth: Mapping[str, Member | None]) -> Iterator[str]:
    """What one peer has wrong, at most a few."""
    assert isinstance(peer.core, Peer)
    known = {member.name: member for member in peer.core.members()}
    for name, own in truth.items():
        here = known.get(name)
        if own is None or here is None:
            yield f"{peer} does not know {name}"
        elif _told_of(here) != _told_of(own):
            yield f"{peer} has {name} as {_words(here)}, where it is {_words(own)}"
    for name, member in known.items():
        if name not in truth and member.state in (State.ALIVE, State.SUSPECT):
            yield f"{peer} takes {name} for {member.state.value}, which is gone"


def _told_of(member: Member) -> tuple[object, ...]:
    """All of a member that must be the same at everybody; when it was learned may differ."""
    return member.state, member.epoch, member.incarnation, member.address, dict(member.tags)


def _words(member: Member) -> str:
    tags = "".join(f" {key}={value}" for key, value in sorted(member.tags.items()))
    return f"{member.state.value} in {member.epoch}/{member.incarnation} at {member.address}{tags}"


def unlike_changes(peers: Sequence[Node]) -> list[str]:
    """Where the changes that a peer told of would have led elsewhere than to what it knows."""
    return [
        f"{peer} knows {member.name} as {_words(member)}, and told of {_words(told) if told else 'nothing'}"
        for peer in peers
        if peer.up and isinstance(peer.core, Peer)
        for member in peer.core.members()
        if (told := peer.members.get(member.name)) != member and member.name != peer.name
    ]


def unsettled(peers: Sequence[Node], published: Publications, *, margin: Seconds = MARGIN) -> list[str]:
    """All that is wrong with peers that speak frames at this moment."""
    woven = [*one_sided(peers), *in_pieces(peers), *missed(peers, published, margin=margin)]
    return [*woven, *mistaken(peers), *unlike_changes(peers)]
