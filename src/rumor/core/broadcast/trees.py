"""Trees: one for each stream, found by its runs themselves (after Plumtree).

    a run by a new link: no parent yet --> the parent      nearer to the origin --> the parent, the old one is pruned
                         else          --> pruned: no more runs of this stream this way

Rule 1: another link becomes the parent only if it is strictly nearer, or by a graft. (With equals, two would change
places for ever.) Rule 2: a prune is for one stream and one direction. (In both, two equally quick parents are both
pruned.) Rule 3: an origin has no parent for its own streams, and prunes whoever echoes them.
"""

from rumor.core.broadcast.acknowledgements import Acknowledgements
from rumor.core.broadcast.serving import Link
from rumor.core.broadcast.streams import Stream
from rumor.core.frames import Prune, StreamId
from rumor.core.outbox import Outbox

HOPS_MAX = 255


class Trees:
    """The links by which streams come. `links`: those of the neighbors, by number."""

    def __init__(self, links: dict[int, Link], acknowledgements: Acknowledgements, outbox: Outbox) -> None:
        self._links = links
        self._acknowledgements = acknowledgements
        self._outbox = outbox
        self._pruned: dict[tuple[int, StreamId], None] = {}

    def place(self, stream: Stream, link: int, hops: int) -> None:
        """A link that is not the parent brought a run, at this distance of its own: is it the parent now?"""
        if not stream.parent or hops + 1 < stream.hops:
            self.adopt(stream, link, hops)
        else:
            self.prune(link, stream.id)
            self._acknowledgements.uncount(stream, self._links[link].bit)

    def adopt(self, stream: Stream, link: int, hops: int) -> None:
        """A link becomes the parent, its distance is `hops`; the old one is pruned in the same turn."""
        old = stream.parent
        if old and old != link:
            self.prune(old, stream.id)
            stream.untried |= self._links[old].bit  # it may find that we are nearer to the origin than its parent
        stream.parent = link
        stream.hops = min(hops + 1, HOPS_MAX)
        stream.told = None
        self._acknowledgements.drop_child(stream, self._links[link].bit)

    def prune(self, link: int, id: StreamId) -> None:
        """Tell a link to send no more runs of a stream; once a turn is enough."""
        if (link, id) not in self._pruned:
            self._pruned[link, id] = None
            self._outbox.send(link, Prune(id))

    def end_turn(self) -> None:
        """The turn is over."""
        self._pruned.clear()
