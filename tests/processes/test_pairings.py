"""Every pairing of ours with the original's stand-in, as real processes with shortened intervals."""

import signal
import socket
from contextlib import ExitStack
from pathlib import Path

from tests.processes.harness import Classic, Rumor, wait_until, write_config

QUICK = ("--gossip-interval", "0.3", "--messages", "4", "--liveness-interval", "0.3", "--liveness-timeout", "1")


def classic_peer(stack: ExitStack, directory: Path, seeds: list[str], *more: str) -> Classic:
    """One original peer, quick."""
    config = write_config(directory, seeds)
    return stack.enter_context(Classic("peer", "--config", str(config), *QUICK, *more, cwd=directory))


def our_peer(stack: ExitStack, directory: Path, seeds: list[str], *more: str) -> Rumor:
    """One peer of ours, quick."""
    arguments = [argument for seed in seeds for argument in ("--seed", seed)]
    return stack.enter_context(Rumor("peer", *arguments, *more, cwd=directory))


def our_seeds(stack: ExitStack, directory: Path, count: int) -> list[Rumor]:
    """Some seeds of ours."""
    return [stack.enter_context(Rumor("seed", cwd=directory)) for _ in range(count)]


def classic_seeds(stack: ExitStack, directory: Path, count: int) -> list[Classic]:
    """Some original seeds."""
    return [stack.enter_context(Classic("seed", cwd=directory)) for _ in range(count)]


def wait_registered(seeds: list[Rumor], peer: str) -> None:
    """Wait until a majority of the seeds has taken a peer."""
    majority = len(seeds) // 2 + 1

    def taken() -> bool:
        return sum(any(event["peer"] == peer for event in seed.events("registration")) for seed in seeds) >= majority

    wait_until(taken, f"{peer} registered with {majority} seeds")


def test_original_peers_live_with_our_seeds(stack: ExitStack, tmp_path: Path) -> None:
    """Original peers register with our seeds, find and hear each other, and a killed one is struck off."""
    seeds = our_seeds(stack, tmp_path, 3)
    addresses = [seed.address for seed in seeds]
    peers = []
    for _ in range(3):
        peers.append(classic_peer(stack, tmp_path, addresses, "--connect", "4"))
        wait_registered(seeds, peers[-1].address)
    first, second, third = peers

    second.wait_logged(f":{first.address}:GOSSIP")
    third.wait_logged(f":{second.address}:GOSSIP")

    third.kill()
    wait_until(lambda: any(struck_off(seed, third.address) for seed in seeds), "a seed strikes the dead peer off")


def struck_off(seed: Rumor, peer: str) -> bool:
    """Whether a seed was told of a dead peer on its list. Who reports does so to its own seeds, a majority."""
    return any(event["peer"] == peer and event["listed"] for event in seed.events("dead_report"))


def test_our_peers_live_with_original_seeds(stack: ExitStack, tmp_path: Path) -> None:
    """Peers of ours register once each with original seeds, hear each other, and report a killed one."""
    seeds = classic_seeds(stack, tmp_path, 3)
    addresses = [seed.address for seed in seeds]
    first = our_peer(stack, tmp_path, addresses, "--messages", "unlimited", "--every", "0.3")
    second = our_peer(stack, tmp_path, addresses)
    third = our_peer(stack, tmp_path, addresses)

    for peer in (first, second, third):
        peer.wait_event("neighbor_up")
    second.wait_event("rumor", origin=first.address)
    third.wait_event("rumor", origin=first.address)
    assert sum(seed.logged(f"Received Connection -- {first.address}") for seed in seeds) == 2

    third.kill()
    dead = first.wait_event("dead", peer=third.address)
    told = [seed for seed in seeds if seed.address in dead["reported_to"]]
    assert len(told) == 2
    for seed in told:
        seed.wait_logged(f"Dead Node:{third.address}:")


def test_originals_and_ours_are_neighbors(stack: ExitStack, tmp_path: Path) -> None:
    """In a network of both kinds gossip goes both ways, text and all, and each notices the other's death."""
    ours, original = our_seeds(stack, tmp_path, 1), classic_seeds(stack, tmp_path, 1)
    addresses = [ours[0].address, original[0].address]
    classic = classic_peer(stack, tmp_path, addresses)
    peer = our_peer(stack, tmp_path, addresses)
    other = classic_peer(stack, tmp_path, addresses, "--connect", "4")

    peer.wait_event("neighbor_up", neighbor=classic.address)
    classic.wait_logged(f"Neighbor -- {peer.address}")
    peer.wait_event("neighbor_up", neighbor=other.address)
    peer.say("héllo: all of you")
    classic.wait_logged(f":{peer.address}:GOSSIP1:héllo: all of you")
    other.wait_logged(f":{peer.address}:GOSSIP1:héllo: all of you")
    heard = peer.wait_event("rumor", origin=other.address, number=1)
    assert heard["payload"] == ""

    other.kill()
    peer.wait_event("dead", peer=other.address)
    original[0].wait_logged(f"Dead Node:{other.address}:")
    peer.kill()
    classic.wait_logged(f"Dead Node:{peer.address}:")
    ours[0].wait_event("dead_report", peer=peer.address)


def test_a_stopped_original_neighbor_is_dead_too(stack: ExitStack, tmp_path: Path) -> None:
    """A neighbor that takes connections but never answers is struck out as well (the original hangs on it)."""
    seed = our_seeds(stack, tmp_path, 1)[0]
    classic = classic_peer(stack, tmp_path, [seed.address])
    peer = our_peer(stack, tmp_path, [seed.address])
    peer.wait_event("neighbor_up", neighbor=classic.address)

    classic.signal(signal.SIGSTOP)

    assert [peer.wait_event("strike", neighbor=classic.address, count=count)["count"] for count in (1, 2, 3)] == [
        1,
        2,
        3,
    ]
    peer.wait_event("neighbor_down", neighbor=classic.address, reason="dead")
    peer.wait_event("dead", peer=classic.address, reported_to=[seed.address])
    seed.wait_event("dead_report", peer=classic.address)


def test_an_original_peer_reads_a_long_list(stack: ExitStack, tmp_path: Path) -> None:
    """With 2,000 peers on the list of our seed, an original peer still reads its reply whole, itself the last."""
    seed = our_seeds(stack, tmp_path, 1)[0]
    flood_of_registrations(seed.port, 2000)
    classic = classic_peer(stack, tmp_path, [seed.address], "--connect", "1")

    seed.wait_event("registration", peer=classic.address)
    wait_until(lambda: classic.logged("127.0.0.1:") > 400, "the list in the original's log")
    assert classic.logged(classic.address) == 0


def flood_of_registrations(port: int, count: int) -> None:
    """Register peers on ports that nobody listens on."""
    for number in range(count):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"127.0.0.1:{20_000 + number}".encode())
            reply = connection.recv(10_240)
            assert len(reply) < 10_240
            assert reply.endswith(f"127.0.0.1:{20_000 + number}".encode())
