"""Mixed networks: peers of ours carry rumors between frames and original nodes, each once, in both directions."""

import json
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.processes.harness import Classic, Rumor, wait_until, write_config
from tests.processes.test_joining import peer

SAYS = ("--gossip-interval", "0.3", "--messages", "1000", "--liveness-interval", "0.3", "--liveness-timeout", "1")


@contextmanager
def seed_that_lists(peers: list[str]) -> Iterator[str]:
    """A seed that tells everybody the same list: so a test decides who meets whom. Its address."""

    class Registration(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            text = self.request.recv(1024)
            if not text.startswith(b"\xff"):  # a preface an original seed can't read
                self.request.sendall(",".join([*peers, text.decode()]).encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Registration) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def original(stack: ExitStack, directory: Path, *neighbors: str) -> Classic:
    """An original peer that asks these for their neighborhood."""
    seed = stack.enter_context(seed_that_lists(list(neighbors)))
    config = write_config(directory, [seed], f"config-{seed.rpartition(':')[2]}.txt")
    classic = Classic("peer", "--config", str(config), *SAYS, "--connect", str(len(neighbors)), cwd=directory)
    return stack.enter_context(classic)


def heard_by(node: Rumor) -> Counter[tuple[str, int]]:
    """How often a peer of ours told of each rumor."""
    return Counter((event["origin"], event["number"]) for event in node.events("rumor"))


def logged_by(classic: Classic) -> Counter[tuple[str, int]]:
    """How often an original peer logged each rumor."""
    lines = classic.log.read_text().splitlines()
    found = [line.split(":", 3) for line in lines if ":GOSSIP" in line]
    return Counter((f"{ip}:{port}", int(rest.removeprefix("GOSSIP").partition(":")[0])) for _, ip, port, rest in found)


def first_of(heard: Counter[tuple[str, int]], origin: str) -> int:
    """The lowest number of an origin's rumors that were heard."""
    return min(number for name, number in heard if name == origin)


def latest(heard: Counter[tuple[str, int]], origin: str) -> int:
    """The highest number heard of an origin; 0 if none."""
    return max((number for who, number in heard if who == origin), default=0)


def test_two_bridges_and_a_ring_of_originals(stack: ExitStack, tmp_path: Path) -> None:
    """Each rumor, of an original or of ours, is heard once by everybody, though there are two ways around."""
    chain = [original(stack, tmp_path)]
    for _ in range(2):
        chain.append(original(stack, tmp_path, chain[-1].address))
        chain[-2].wait_logged(f"Neighbor -- {chain[-1].address}")
    left_seed = stack.enter_context(seed_that_lists([chain[0].address]))
    right_seed = stack.enter_context(seed_that_lists([chain[-1].address]))
    left = peer(stack, tmp_path, "--seed", left_seed)
    right = peer(stack, tmp_path, "--seed", right_seed, "--join", left.address)
    inner = [peer(stack, tmp_path, "--join", bridge.address) for bridge in (left, right)]
    left.wait_event("neighbor_up", neighbor=chain[0].address)
    right.wait_event("neighbor_up", neighbor=chain[-1].address)
    ours = [left, right, *inner]
    for node in inner:
        node.wait_event("neighbor_up")

    # What was under way while they joined is before the time of some: each hears all from its own first one on.
    def each_heard_a_first(origin: str) -> bool:
        return all(latest(heard_by(node), origin) for node in ours)

    for classic in chain:
        wait_until(partial(each_heard_a_first, classic.address), f"each heard something of {classic.address}")
    begun = {at: max(first_of(heard_by(node), at) for node in ours) for at in (classic.address for classic in chain)}
    for number in range(1, 6):
        inner[0].say(f"said {number}")
        inner[1].say(f"said {number}")
    spoken = [*((node.address, 5) for node in inner), *((address, n + 5) for address, n in begun.items())]

    def everybody_heard(origin: str, number: int) -> bool:
        by_ours = (latest(heard_by(node), origin) >= number for node in ours)
        by_originals = (latest(logged_by(node), origin) >= number for node in chain if node.address != origin)
        return all(by_ours) and all(by_originals)

    for origin, number in spoken:
        wait_until(partial(everybody_heard, origin, number), f"{number} of {origin} everywhere")
    for origin, number in spoken:
        wanted = range(begun.get(origin, 1), number + 1)
        for node in ours:
            assert [heard_by(node)[origin, n] for n in wanted] == [1] * len(wanted)
        for classic in chain:
            if classic.address != origin:
                assert [logged_by(classic)[origin, n] for n in wanted] == [1] * len(wanted)
    for classic in chain:
        assert set(logged_by(classic).values()) == {1}


def test_an_original_that_we_dial_comes_to_no_harm(stack: ExitStack, tmp_path: Path) -> None:
    """It closes on our preface, is then spoken to by text, and goes on as before, with nothing made up."""
    classic = original(stack, tmp_path)
    seed = stack.enter_context(seed_that_lists([classic.address]))
    one = peer(stack, tmp_path, "--seed", seed)

    one.wait_event("neighbor_up", neighbor=classic.address, reason="asked", name="")
    one.say("plain words")
    classic.wait_logged(f":{one.address}:GOSSIP1:plain words")
    one.wait_event("rumor", origin=classic.address)
    assert classic.process.poll() is None
    assert sum("Not UTF-8" in line for line in classic.lines) == 1
    told = [line for line in classic.log.read_text().splitlines() if ":GOSSIP" not in line]
    assert told == [f"Neighbor -- {one.address}"]
    assert list(one.events("strike")) == []
    assert [json.loads(line)["message"] for line in one.lines if '"error"' in line] == []
