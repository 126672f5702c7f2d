"""What must be so: of each node after every event, and of a network that was left in peace for a while.

Each function says what is wrong in words, or gives nothing.
"""

from collections.abc import Sequence

from rumor.core.ids import Address
from rumor.core.peer import Peer
from rumor.sim import Node
from tests.network.nodes import times_listed

# Always.


def neighbors_are_bounded(node: Node) -> str | None:
    """Nobody of ours has more classic neighbors than it may."""
    if not isinstance(node.core, Peer):
        return None
    overlay = node.core._texts.overlay
    count, most = len(overlay.neighbors), overlay._settings.neighbors_max
    return f"{node} has {count} neighbors, above {most}" if count > most else None


def nobody_is_its_own_neighbor(node: Node) -> str | None:
    """Nobody holds itself."""
    return f"{node} is its own neighbor" if node.address in node.neighbors else None


def rumors_are_heard_once(node: Node) -> str | None:
    """Nobody hears a rumor twice in one life."""
    twice = [gossip for gossip, times in node.heard.items() if times > 1]
    return f"{node} heard more than once: {twice}" if twice else None


def lists_are_bounded(node: Node) -> str | None:
    """Message List and contacts stay within their settings."""
    if not isinstance(node.core, Peer):
        return None
    rumors, contacts = node.core._texts.flood._list, node.core._texts.overlay
    if rumors.end - rumors.first > rumors._settings.capacity:
        return f"{node} remembers {rumors.end - rumors.first} rumors, above {rumors._settings.capacity}"
    if len(contacts.contacts) > contacts._settings.contacts_capacity:
        return f"{node} remembers {len(contacts.contacts)} contacts, above {contacts._settings.contacts_capacity}"
    return None


CLASSIC_INVARIANTS = (
    neighbors_are_bounded,
    nobody_is_its_own_neighbor,
    rumors_are_heard_once,
    lists_are_bounded,
)
"""Checked after every event of a node."""


# After quiet.


def reach(peers: Sequence[Node], start: Node) -> dict[Address, None]:
    """Who hears what `start` says: its neighbors, theirs, and so on, as far as they run."""
    running = {peer.address: peer for peer in peers if peer.up}
    reached = {start.address: None}
    waiting = [start]
    while waiting:
        for neighbor in waiting.pop().neighbors:
            if neighbor in running and neighbor not in reached:
                reached[neighbor] = None
                waiting.append(running[neighbor])
    return reached


def holders(peers: Sequence[Node], held: Node) -> list[Node]:
    """Who runs and has this peer as its neighbor."""
    return [peer for peer in peers if peer.up and held.address in peer.neighbors]


def deaf(peers: Sequence[Node]) -> list[str]:
    """The running peers of ours that nobody holds, and that so hear nothing."""
    return [f"{peer} is deaf" for peer in peers if peer.up and peer.is_ours and not holders(peers, peer)]


def apart(peers: Sequence[Node]) -> list[str]:
    """The running peers whose rumors don't reach everybody."""
    running = [peer for peer in peers if peer.up]
    missed = [(peer, len(running) - len(reach(running, peer))) for peer in running]
    return [f"{peer} does not reach {missing} others" for peer, missing in missed if missing]


def ghosts(peers: Sequence[Node]) -> list[str]:
    """The running peers that hold somebody who does not run."""
    gone = {peer.address for peer in peers if not peer.up}
    return [
        f"{peer} holds {address}, which is gone"
        for peer in peers
        for address in peer.neighbors
        if peer.up and address in gone
    ]


def unregistered(peers: Sequence[Node], seeds: Sequence[Node]) -> list[str]:
    """The running peers of ours that are not on the lists of just floor(n/2)+1 of the n seeds."""
    wanted = len(seeds) // 2 + 1
    wrong = []
    for peer in peers:
        listed = {seed.address for seed in seeds if times_listed(seed, peer)}
        if peer.up and peer.is_ours and (len(peer.seeds) != wanted or not listed.issuperset(peer.seeds)):
            wrong.append(f"{peer} counts on {list(map(str, peer.seeds))}, is listed by {len(listed)} seeds")
    return wrong


def ailments(peers: Sequence[Node], seeds: Sequence[Node]) -> list[str]:
    """All that is wrong with a network of ours at this moment."""
    return [*unregistered(peers, seeds), *deaf(peers), *apart(peers), *ghosts(peers)]
