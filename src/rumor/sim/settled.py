"""What must be so of a network that was left in peace for a while. Each function names all that is wrong, in words."""

from collections.abc import Sequence

from rumor.core.frames import StreamId
from rumor.core.ids import Seconds
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


def unsettled(peers: Sequence[Node], published: Publications, *, margin: Seconds = MARGIN) -> list[str]:
    """All that is wrong with peers that speak frames at this moment."""
    return [*one_sided(peers), *in_pieces(peers), *missed(peers, published, margin=margin)]
