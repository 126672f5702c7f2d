"""Ways into a network: by any peer, by what an earlier life knew, and only into one's own."""

import json
import signal
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.processes.harness import Rumor, wait_until


def peer(stack: ExitStack, directory: Path, *arguments: str, port: int = 0) -> Rumor:
    """One peer of ours."""
    return stack.enter_context(Rumor("peer", *arguments, cwd=directory, port=port))


def neighbors_of(node: Rumor) -> set[str]:
    """The neighbors that a peer has now, by what it told."""
    present: set[str] = set()
    for event in map(json.loads, list(node.lines)):
        if event["event"] == "neighbor_up":
            present.add(event["neighbor"])
        elif event["event"] == "neighbor_down":
            present.discard(event["neighbor"])
    return present


def has_neighbors(node: Rumor, *others: Rumor) -> bool:
    """Whether a peer has these neighbors now."""
    return {other.address for other in others} <= neighbors_of(node)


def test_a_network_needs_no_seed(stack: ExitStack, tmp_path: Path) -> None:
    """One peer is the first; others join by any that is there, and find each other."""
    first = peer(stack, tmp_path, "--first")
    second = peer(stack, tmp_path, "--join", first.address)
    second.wait_event("neighbor_up", neighbor=first.address)
    third = peer(stack, tmp_path, "--join", second.address)

    for node, others in ((first, (second, third)), (second, (first, third)), (third, (first, second))):
        wait_until(partial(has_neighbors, node, *others), f"{node.address} has both others as neighbors")
    third.say("hello")
    for node in (first, second):
        node.wait_event("rumor", origin=third.address, number=1, payload="hello", own=False)
    assert [list(node.events("error")) for node in (first, second, third)] == [[], [], []]


def test_two_networks_keep_apart_and_say_so(stack: ExitStack, tmp_path: Path) -> None:
    """Peers of another network's name are refused, and both sides say why; one's own are found beside them."""
    seed = stack.enter_context(Rumor("seed", cwd=tmp_path))
    one = [peer(stack, tmp_path, "--seed", seed.address, "--network", "one") for _ in range(2)]
    other = [peer(stack, tmp_path, "--seed", seed.address, "--network", "two") for _ in range(2)]

    for here, there in (one, other):
        here.wait_event("neighbor_up", neighbor=there.address)
        here.say("within")
        there.wait_event("rumor", origin=here.address, payload="within")
    refusals = [event for node in (*one, *other) for event in node.events("error")]
    assert {event["message"] for event in refusals} == {"a node of another network was refused"}
    assert {event["node"] for event in refusals} >= {other[0].address}
    strangers = {node.address for node in other}
    for node in one:
        assert not neighbors_of(node) & strangers
        assert {event["origin"] for event in node.events("rumor")} == {one[0].address}


def test_what_was_known_is_found_again_with_every_seed_gone(stack: ExitStack, tmp_path: Path) -> None:
    """A peer with a state directory rejoins by its contacts when no seed answers any more."""
    seed = stack.enter_context(Rumor("seed", cwd=tmp_path))
    others = [peer(stack, tmp_path, "--seed", seed.address) for _ in range(2)]
    more = ("--seed", seed.address, "--state", str(tmp_path / "state"))
    former = peer(stack, tmp_path, *more)
    wait_until(partial(has_neighbors, former, *others), "everybody is a neighbor")
    former.signal(signal.SIGTERM)
    assert former.wait() == 0
    seed.kill()

    again = peer(stack, tmp_path, *more, port=former.port)

    wait_until(partial(has_neighbors, again, *others), "everybody is a neighbor again")
    again.say("back")
    for node in others:
        heard = node.wait_event("rumor", origin=again.address, payload="back")
        assert heard["number"] == 1
    (epoch,) = {event["epoch"] for event in others[0].events("rumor")}
    assert epoch > 0


def test_a_name_stays_where_the_address_changes(stack: ExitStack, tmp_path: Path) -> None:
    """Rumors of a peer with a name are known by it, whatever its port; in the log too."""
    first = peer(stack, tmp_path, "--first", "--log", str(tmp_path / "log"))
    for life in (1, 2):
        named = peer(stack, tmp_path, "--join", first.address, "--name", "ana")
        first.wait_event("neighbor_up", neighbor=named.address, name="ana")
        named.say(f"life {life}")
        first.wait_event("rumor", origin="ana", number=1, payload=f"life {life}")
        named.signal(signal.SIGTERM)
        assert named.wait() == 0
        first.wait_event("neighbor_down", neighbor=named.address, reason="left")

    assert [line.partition(":")[2] for line in (tmp_path / "log").read_text().splitlines()] == [
        "ana:GOSSIP1:life 1",
        "ana:GOSSIP1:life 2",
    ]
