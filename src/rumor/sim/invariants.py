"""What must always be so: of the node that changed, after every event.

Each function says what is wrong in words, or gives nothing. Delivery is checked where it is recorded (`records.py`):
nothing twice, each origin in order, nothing lost that was delivered, no gap. That time never runs back, `stage.py`.
"""

from collections.abc import Callable
from typing import TypeAlias

from rumor.core.peer import Peer
from rumor.sim.node import Node

Invariant: TypeAlias = Callable[[Node], str | None]

LOOK_EVERY = 64
"""A look into a core costs more than most events, so that is done after every so many of one node."""


def requests_are_answered(node: Node) -> str | None:
    """Whatever is read is answered or closed at once; by a durable seed, when it is written."""
    return f"{node} left a request without an answer: {node.links}" if node.links and not node.stores else None


def degree_is_bounded(node: Node) -> str | None:
    """Nobody of ours has more neighbors over links than it may, or itself."""
    links = node.neighbor_links
    if node.degree_max and len(links) > node.degree_max:
        count = sum(1 for link in links.values() if link)  # an original has none
        if count > node.degree_max:
            return f"{node} has {count} neighbors over links, above {node.degree_max}"
    return f"{node} is its own neighbor" if node.name in links else None


def bounds_are_kept(node: Node) -> str | None:
    """What a peer remembers stays within its settings, and itself is no contact. Looked at now and then."""
    node.looked += 1
    core = node.core
    if node.looked % LOOK_EVERY or not isinstance(core, Peer):
        return None
    settings, now = node.settings, core.snapshot()
    if settings is None:
        return None
    contacts_max = 3 * settings.overlay.passive_capacity + settings.classic_overlay.contacts_capacity
    bounds = (
        ("contacts", now.contacts, contacts_max),
        ("neighbors", len(now.neighbors), settings.overlay.active_max + settings.classic_overlay.neighbors_max),
        ("streams", now.streams, settings.message_list.streams_max),
        ("bytes in its message list", now.list_bytes, settings.message_list.bytes_max),
    )
    for what, count, most in bounds:
        if count > most:
            return f"{node} has {count} {what}, above {most}"
    return views_are_disjoint(node, core)


def views_are_disjoint(node: Node, core: Peer) -> str | None:
    """Nobody is both a neighbor and in reserve, twice in reserve, or itself."""
    overlay = core._overlay
    active = [neighbor.address for neighbor in overlay.neighbors]
    reserve = [contact.address for contact in overlay._reserve]
    both = [*active, *reserve]
    if len(set(both)) < len(both):
        twice = sorted(str(address) for address in set(both) if both.count(address) > 1)
        return f"{node} has {', '.join(twice)} in more than one place"
    return f"{node} has itself for a contact" if node.address in both else None


INVARIANTS: tuple[Invariant, ...] = (requests_are_answered, degree_is_bounded, bounds_are_kept)
"""Checked after every event of a node."""
