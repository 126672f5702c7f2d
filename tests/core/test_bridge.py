"""The bridge: rumors of frames as texts, texts as rumors of frames, each told once."""

from random import Random

import pytest
from msgspec.structs import replace

from rumor.core.bridge import ORIGINS_SAID_MAX, Bridge
from rumor.core.broadcast.streams import Streams
from rumor.core.classic.flood import Flood
from rumor.core.classic.told import ToldTexts
from rumor.core.effects import Tell
from rumor.core.events import Problem, RumorHeard
from rumor.core.frames import Lane, Run, StreamId
from rumor.core.ids import Address, Identity
from rumor.core.messages import Gossip
from rumor.core.outbox import Outbox
from rumor.core.settings import BridgeSettings, Settings
from rumor.wire.codec import CODEC

from .helpers import ANA, BO, CY, DI, ME, rumor

AT = 1_700_000_000_000_001
STAMP = "1700000000.000001"


class Bench:
    """A bridge with one classic neighbor, DI, that takes what it is told at once."""

    def __init__(self, *, me: Address = ME, **settings: float) -> None:
        changed = replace(Settings(), bridge=BridgeSettings(**settings))  # type: ignore[arg-type]
        self.outbox = Outbox()
        self.streams = Streams(100, 100, lambda stream: None)
        self.flood = Flood(changed.flood, self.outbox)
        self.flood.add_neighbor(DI, 0.0)
        self.told = ToldTexts()
        identity = Identity(me, epoch=1, instance=1)
        self.it = Bridge(identity, changed, self.streams, self.flood, self.told, CODEC, self.outbox)

    def hears(self, origin: Address) -> None:
        """From now on the streams of this origin are heard."""
        self.streams.add(StreamId(str(origin), 1, Lane.APP), 0, 0, 0.0)

    def passed_on(self) -> list[Gossip]:
        """What DI was told since the last look."""
        gossips = []
        while tells := [effect for effect in self.outbox.drain()[0] if isinstance(effect, Tell)]:
            for tell in tells:
                assert isinstance(tell.message, Gossip)
                gossips.append(tell.message)
                self.flood.on_told(DI, tell.message)
        return gossips

    def heard(self) -> list[Gossip]:
        """What the application was told since the last look."""
        return [event.gossip for event in self.outbox.drain()[1] if isinstance(event, RumorHeard)]

    def problems(self) -> list[Problem]:
        """What people were told since the last look."""
        return [event for event in self.outbox.drain()[1] if isinstance(event, Problem)]


def run_of(*payloads: bytes, origin: str = str(ANA), first: int = 1) -> Run:
    """A run on lane `app`."""
    return Run(origin, 1, Lane.APP, first, first, AT, "topic", list(payloads))


def carried_by(carrier: Address, *texts: bytes) -> Run:
    """A run on lane `carried`."""
    return Run(str(carrier), 1, Lane.CARRIED, 1, 1, AT, "", list(texts))


# Out.


def test_each_rumor_of_a_run_is_a_text() -> None:
    """Origin, timestamp, number and payload make the text; the topic is lost, as texts have none."""
    bench = Bench()

    bench.it.out(run_of(b"a", "é".encode(), first=7), 0.0)

    assert bench.passed_on() == [Gossip(STAMP, ANA, 7, ":a"), Gossip(STAMP, ANA, 8, ":é")]
    assert bench.heard() == []


def test_two_bridges_make_the_same_text() -> None:
    """Whoever bridges, whenever: the text is a function of the rumor alone, and is heard once where both come."""
    one, other = Bench(), Bench(me=BO)
    one.it.out(run_of(b"a"), 0.0)
    other.it.out(run_of(b"a"), 9.0)

    assert one.passed_on() == other.passed_on()


@pytest.mark.parametrize("payload", [b"", b"\xff", b"two\nlines", b"\0", b"a" * 1024, "é".encode() * 500])
def test_what_is_no_line_of_text_that_fits_is_a_bare_message(payload: bytes) -> None:
    """Such a rumor is counted by original nodes, at least."""
    bench = Bench()

    bench.it.out(run_of(payload), 0.0)

    assert bench.passed_on() == [Gossip(STAMP, ANA, 1)]


def test_the_longest_text_is_as_long_as_an_original_node_reads() -> None:
    """1,023 bytes go along with the rumor, 1,024 don't."""
    bench = Bench()
    room = 1023 - len(f"{STAMP}:{ANA}:GOSSIP1:")

    bench.it.out(run_of(b"a" * room, b"a" * (room + 1)), 0.0)

    longest, bare = bench.passed_on()
    assert len(CODEC.write_text(longest)) == 1023
    assert bare == Gossip(STAMP, ANA, 2)


@pytest.mark.parametrize("origin", ["ana", "[2001:db8::5]:4001", "example.org:4001"])
def test_an_origin_that_texts_cannot_name_is_counted_and_said_once(origin: str) -> None:
    """Its rumors stay among peers of ours."""
    bench = Bench()

    bench.it.out(run_of(b"a", b"b", origin=origin), 0.0)
    bench.it.out(run_of(b"c", origin=origin, first=3), 0.0)

    assert bench.it.not_bridged == 3
    why = "a rumor whose origin has no IPv4 address can't be told to original nodes"
    assert bench.outbox.drain() == ([], [Problem(why, origin)])


def test_the_origins_that_were_said_are_bounded() -> None:
    """After very many others, an origin is said again."""
    bench = Bench()
    for index in range(ORIGINS_SAID_MAX + 1):
        bench.it.out(run_of(b"a", origin=f"peer {index}"), 0.0)
    bench.outbox.drain()

    bench.it.out(run_of(b"a", origin="peer 1"), 0.0)
    assert bench.problems() == []
    bench.it.out(run_of(b"a", origin="peer 0"), 0.0)
    assert len(bench.problems()) == 1


def test_no_more_is_told_than_original_nodes_can_take() -> None:
    """Above the rate the rest is left out, counted and said; a while later there is room again."""
    bench = Bench(rate=2)

    bench.it.out(run_of(b"1", b"2", b"3"), 0.0)
    assert bench.problems() == [Problem("more rumors than original nodes are told", detail="1 so far")]
    assert bench.it.not_bridged == 1

    bench.it.out(run_of(b"4", b"5", first=4), 0.5)
    assert bench.it.not_bridged == 2
    bench.it.out(run_of(b"6", b"7", first=6), 60.0)
    assert bench.it.not_bridged == 2


# In.


def test_a_text_is_told_at_once_and_carried_a_little_later() -> None:
    """The application and other classic neighbors get it now, the web after up to 250 ms."""
    bench = Bench()

    bench.it.on_text(rumor(1), 5.0)

    assert bench.outbox.drain() == ([Tell(DI, rumor(1), 5.0)], [RumorHeard(rumor(1))])
    due = bench.it.next_deadline()
    assert due is not None
    assert 5.0 <= due <= 5.25
    assert bench.it.due(due - 0.001) == []
    assert bench.it.due(due) == [CODEC.write_text(rumor(1))]
    assert bench.it.due(due) == []
    assert bench.it.next_deadline() is None


def test_a_text_that_came_before_is_neither_told_nor_carried_again() -> None:
    """Whatever way it came."""
    bench = Bench()
    bench.it.on_text(rumor(1), 0.0)
    bench.it.due(1.0)
    bench.outbox.drain()

    bench.it.on_text(rumor(1), 2.0)

    assert bench.outbox.drain() == ([], [])
    assert bench.it.next_deadline() is None


def test_bridges_wait_differently_long() -> None:
    """So that usually one carries a text, and the others leave it."""
    waits = set()
    for index in range(20):
        bench = Bench(me=Address("10.0.0.1", 5000 + index))
        bench.it.on_text(rumor(1), 0.0)
        waits.add(bench.it.next_deadline())

    assert len(waits) == 20


def test_what_another_bridge_carried_is_not_carried_again() -> None:
    """It came into the web meanwhile; the application hears nothing twice."""
    bench = Bench()
    bench.it.on_text(rumor(1), 0.0)
    bench.outbox.drain()

    bench.it.carried(carried_by(BO, CODEC.write_text(rumor(1))), 0.0)

    assert bench.outbox.drain() == ([], [])
    assert bench.it.due(1.0) == []


def test_what_another_bridge_carried_is_told_and_goes_to_classic_neighbors() -> None:
    """That is what it was carried for. Bytes that are no gossip are passed over."""
    bench = Bench()

    bench.it.carried(carried_by(BO, CODEC.write_text(rumor(1)), b"nonsense", b"Dead Node:1.1.1.1:1:1.5:1.1.1.1"), 0.0)

    assert bench.outbox.drain() == ([Tell(DI, rumor(1), 5.0)], [RumorHeard(rumor(1))])
    assert bench.it.next_deadline() is None


@pytest.mark.parametrize("way", ["text", "carried"])
@pytest.mark.parametrize("origin", [ANA, ME])
def test_a_text_of_a_peer_whose_stream_we_hear_only_goes_on_to_classic_neighbors(way: str, origin: Address) -> None:
    """The rumor itself comes by its tree, or is our own."""
    bench = Bench()
    bench.hears(ANA)
    gossip = rumor(1, origin=origin)

    if way == "text":
        bench.it.on_text(gossip, 0.0)
    else:
        bench.it.carried(carried_by(BO, CODEC.write_text(gossip)), 0.0)

    assert bench.outbox.drain() == ([Tell(DI, gossip, 5.0)], [])
    assert bench.it.next_deadline() is None


def test_what_a_text_told_is_remembered_for_the_run_that_may_bring_it() -> None:
    """The origin may be a peer of ours that no link leads to yet."""
    bench = Bench()

    bench.it.on_text(Gossip(STAMP, CY, 2, ":b"), 0.0)

    assert bench.told.without(run_of(b"a", b"b", origin=str(CY))) == [run_of(b"a", origin=str(CY))]


def test_too_many_that_wait_are_not_carried_and_that_is_said() -> None:
    """The application has them all the same."""
    bench = Bench(waiting_max=2)

    for number in (1, 2, 3):
        bench.it.on_text(rumor(number), 0.0)

    assert len(bench.it.due(1.0)) == 2
    _, events = bench.outbox.drain()
    assert Problem("more classic rumors than can be carried", detail="1 so far") in events
    assert sum(isinstance(event, RumorHeard) for event in events) == 3


def test_a_text_with_broken_characters_can_wait() -> None:
    """Texts that were decoded with surrogates have a place in the order, too."""
    bench = Bench()

    bench.it.on_text(Gossip("1.5", ANA, 1, ":\udcff"), Random(0).random())

    assert bench.it.next_deadline() is not None
