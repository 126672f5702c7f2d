"""Peers that crash or hang: noticed, reported, struck off; and welcome when they come back."""

import signal
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.processes.harness import Rumor, wait_until
from tests.processes.test_joining import has_neighbors, peer


def network(stack: ExitStack, directory: Path) -> tuple[Rumor, Rumor, Rumor, Rumor]:
    """A seed and three peers, each a neighbor of each."""
    seed = stack.enter_context(Rumor("seed", cwd=directory))
    peers = [peer(stack, directory, "--seed", seed.address) for _ in range(3)]
    for node in peers:
        wait_until(partial(has_neighbors, node, *(other for other in peers if other is not node)), "all are neighbors")
    return (seed, *peers)  # type: ignore[return-value] # three peers


def test_a_killed_peer_is_noticed_reported_and_struck_off(stack: ExitStack, tmp_path: Path) -> None:
    """Three refused redials, each a strike; then it is dead for both neighbors, and off the seed's list."""
    seed, one, other, victim = network(stack, tmp_path)

    victim.kill()

    for node in (one, other):
        for count in (1, 2, 3):
            node.wait_event("strike", neighbor=victim.address, count=count)
        node.wait_event("dead", peer=victim.address, reported_to=[seed.address])
        wait_until(partial(lambda node: not has_neighbors(node, victim), node), "it is no neighbor")
    seed.wait_event("dead_report", peer=victim.address, listed=True)
    one.say("without it")
    other.wait_event("rumor", payload="without it")
    assert len(list(one.events("dead"))) == 1


def test_a_stopped_peer_is_dead_and_catches_up_when_it_goes_on(stack: ExitStack, tmp_path: Path) -> None:
    """Three unanswered probes; later it is a neighbor again, and hears once and in order what was said meanwhile."""
    _, one, other, victim = network(stack, tmp_path)
    one.say("before")
    victim.wait_event("rumor", payload="before")

    victim.signal(signal.SIGSTOP)
    one.wait_event("strike", neighbor=victim.address, count=3)
    one.wait_event("neighbor_down", neighbor=victim.address, reason="dead")
    one.wait_event("dead", peer=victim.address)
    for number in range(3):
        one.say(f"meanwhile {number}")
    other.wait_event("rumor", payload="meanwhile 2")
    victim.signal(signal.SIGCONT)

    victim.wait_event("rumor", payload="meanwhile 2")
    wait_until(partial(has_neighbors, one, victim), "it is a neighbor again")
    victim.say("here again")
    for node in (one, other):
        node.wait_event("rumor", payload="here again")
    said = ["before", "meanwhile 0", "meanwhile 1", "meanwhile 2"]
    assert [event["payload"] for event in victim.events("rumor") if event["origin"] == one.address] == said
    assert list(victim.events("lost")) == []


def test_a_peer_that_leaves_is_not_mourned(stack: ExitStack, tmp_path: Path) -> None:
    """Who says goodbye is no longer a neighbor, and nobody reports it dead."""
    seed, one, other, leaver = network(stack, tmp_path)

    leaver.signal(signal.SIGTERM)
    assert leaver.wait() == 0

    for node in (one, other):
        node.wait_event("neighbor_down", neighbor=leaver.address, reason="left")
    one.say("after")
    other.wait_event("rumor", payload="after")
    assert [list(node.events("dead")) for node in (one, other)] == [[], []]
    assert list(seed.events("dead_report")) == []
