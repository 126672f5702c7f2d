"""What a network says that has nothing to say: the bytes of frames, without those of TCP/IP, that a peer sends."""

from rumor.core.ids import Seconds
from rumor.sim.scenarios.registry import on_demand, scenario
from rumor.sim.scenarios.stories import populate, weave
from rumor.sim.world import World

WARM_UP: Seconds = 60.0
"""How long the network stands before it is measured: newcomers say more."""

MEASURED: Seconds = 120.0


def idle(number: int, *, peers: int, bytes_max: float) -> World:
    """So many peers stand idle; none sends more than so many bytes a second, on an average."""
    world = World(number, traced=False, kept=False, checked=False)
    everybody, _ = populate(world, peers=peers)
    weave(world, everybody, within=30.0)
    world.run(WARM_UP)
    before, traffic = [peer.sent_bytes for peer in everybody], world.count_traffic()
    world.run(MEASURED)
    rates = sorted((peer.sent_bytes - sent) / MEASURED for peer, sent in zip(everybody, before, strict=True))
    mean = sum(rates) / peers
    world.figures["bytes a second, mean"] = mean
    world.figures["bytes a second, most"] = rates[-1]
    for kind, total in traffic.bytes.most_common():
        world.figures[f"  {kind}"] = total / MEASURED / peers
    world.check(f"a peer sends {mean:.0f} bytes a second" if mean > bytes_max else None)
    return world


@scenario
def idle_50(number: int) -> World:
    """50 peers stand idle: each sends at most 245 bytes a second, as kinship does."""
    return idle(number, peers=50, bytes_max=245.0)


@on_demand
def idle_200(number: int) -> World:
    """200 peers stand idle: each sends at most 490 bytes a second, as kinship does."""
    return idle(number, peers=200, bytes_max=490.0)


@on_demand
def idle_1000(number: int) -> World:
    """1,000 peers stand idle: each sends at most 1,640 bytes a second, as kinship does."""
    return idle(number, peers=1000, bytes_max=1640.0)
