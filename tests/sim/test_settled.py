"""What must be so after quiet is noticed when it is not."""

from rumor.core.events import LostReason, RumorsLost, RunDelivered
from rumor.core.frames import Lane, Run
from rumor.core.peer import Peer
from rumor.sim import Node, World
from rumor.sim.publications import Publications
from rumor.sim.scenarios.stories import expect_agreement, populate
from rumor.sim.settled import in_pieces, missed, mistaken, one_sided, unlike_changes, unsettled
from tests.sim.echo import add


def three() -> list[Node]:
    """Three running nodes that hold each other."""
    world = World(0)
    nodes = [world.start(add(world)) for _ in range(3)]
    for node in nodes:
        node.neighbor_links.update({other.name: 1 for other in nodes if other is not node})
        node.joined_at = 0.0
    return nodes


def run(number: int) -> Run:
    """A run with one rumor."""
    return Run("ana", 1, Lane.APP, number, number, 0, "", [b"x"])


def published(*moments: float) -> Publications:
    """What ana said: one rumor at each of these moments."""
    publications = Publications()
    for number, moment in enumerate(moments, 1):
        publications.add(run(number), moment)
    return publications


def deliver(node: Node, *numbers: int) -> None:
    """Let a node have been told of some of them."""
    for number in numbers:
        assert node.record.on_run(RunDelivered(run(number), False, True, True)) is None


def test_a_whole_network_is_in_order() -> None:
    """Nothing is wrong with three that hold each other and were told of the same."""
    nodes = three()
    for node in nodes:
        deliver(node, 1, 2)
    assert unsettled(nodes, published(5.0, 6.0)) == []


def test_a_link_that_only_one_side_has_is_noticed() -> None:
    """Whether the other does not hold it, or does not run."""
    nodes = three()
    del nodes[0].neighbor_links[nodes[1].name]
    nodes[2].up = False
    assert one_sided(nodes) == [
        f"{nodes[0]} holds {nodes[2].name}, which is gone",
        f"{nodes[1]} holds {nodes[0].name}, which does not hold it",
        f"{nodes[1]} holds {nodes[2].name}, which is gone",
    ]


def test_pieces_are_noticed() -> None:
    """One that nobody holds, and that holds nobody."""
    nodes = three()
    for node in nodes[:2]:
        del node.neighbor_links[nodes[2].name]
    nodes[2].neighbor_links.clear()
    assert in_pieces(nodes) == [f"apart from the others: {nodes[2].name}"]


def test_what_only_others_were_told_of_is_missed() -> None:
    """At the tail, or everything; not what nobody was told of."""
    nodes = three()
    deliver(nodes[0], 1, 2)
    deliver(nodes[1], 1)
    wrong = missed(nodes, published(5.0, 6.0, 7.0))
    assert wrong == [
        f"{nodes[1]} misses some of 1 to 2 of ana in 1: it is at 2",
        f"{nodes[2]} misses some of 1 to 2 of ana in 1: it is at None",
    ]


def test_what_was_said_before_it_joined_is_not_missed() -> None:
    """Nor what it declared lost."""
    nodes = three()
    deliver(nodes[0], 1, 2, 3)
    deliver(nodes[1], 1)
    nodes[1].record.on_lost(RumorsLost("ana", 1, 2, 3, LostReason.EXPIRED))
    nodes[2].joined_at = 6.5
    deliver(nodes[2], 3)
    assert missed(nodes, published(5.0, 7.0, 8.0)) == []


def acquainted() -> tuple[World, list[Node]]:
    """Three peers that know each other."""
    world = World(1)
    peers, _ = populate(world, peers=3, seeds=1)
    for peer in peers:
        world.start(peer)
    expect_agreement(world, peers, within=10.0)
    return world, peers


def test_who_knows_all_is_not_mistaken() -> None:
    """Nor would an application be that follows the changes."""
    _, peers = acquainted()
    assert mistaken(peers) == unlike_changes(peers) == []


def test_a_member_that_is_gone_is_a_mistake_until_it_is_buried() -> None:
    """And one that nobody was told of, until it is."""
    world, peers = acquainted()
    *others, gone = peers
    world.crash(gone)
    assert mistaken(peers) == [f"{peer} takes {gone.name} for alive, which is gone" for peer in others]
    expect_agreement(world, peers, within=5.0)
    late = world.start(world.peer(join=[peers[0]]))
    assert f"{peers[0]} does not know {late.name}" in mistaken([*peers, late])


def test_other_tags_are_a_mistake_until_all_know_them() -> None:
    """All but the time must be the same."""
    world, peers = acquainted()
    core = peers[0].core
    assert isinstance(core, Peer)
    world.call(peers[0], lambda: core.set_tags({"role": "db"}, world.now))
    wrong = mistaken(peers)
    assert len(wrong) == 2
    assert all("role=db" in sentence for sentence in wrong)
    expect_agreement(world, peers, within=5.0)


def test_changes_that_were_not_told_are_noticed() -> None:
    """Who follows the changes must end where the directory is."""
    _, peers = acquainted()
    del peers[0].members[peers[1].name]
    (wrong,) = unlike_changes(peers)
    assert "told of nothing" in wrong
