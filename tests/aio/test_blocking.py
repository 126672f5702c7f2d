"""The blocking face, on real sockets: everything from a thread without an event loop."""

import threading
from collections.abc import Iterator

import pytest

import rumor

PATIENCE = 20.0


@pytest.fixture
def pair() -> Iterator[tuple[rumor.BlockingPeer, rumor.BlockingPeer]]:
    """Two peers that are neighbors; no thread is left of them."""
    threads = threading.active_count()
    with rumor.connect(settings="local") as ana, rumor.connect(join=[ana.address], settings="local", name="bo") as bo:
        ana.wait_joined(timeout=PATIENCE)
        bo.wait_joined(timeout=PATIENCE)
        yield ana, bo
    assert threading.active_count() == threads


def test_two_peers_hear_each_other(pair: tuple[rumor.BlockingPeer, rumor.BlockingPeer]) -> None:
    """Publish, subscribe, read in every way, and know that all was delivered."""
    ana, bo = pair
    with bo.subscribe("news") as news:
        receipt = ana.publish("one", topic="news")
        first = news.get(timeout=PATIENCE)
        assert isinstance(first, rumor.Rumor)
        assert (first.origin, first.number, first.payload) == (ana.name, 1, b"one")
        assert receipt.delivered(timeout=PATIENCE) == rumor.Delivery(complete=True, peers=1)
        ana.publish_many([b"two", b"three", b"four"], topic="news")
        assert [item.payload for item in (next(news), next(news)) if isinstance(item, rumor.Rumor)] == [
            b"two",
            b"three",
        ]
        run = next(news.runs())
        assert isinstance(run, rumor.Run)
        assert list(run.payloads) == [b"four"]
        assert ana.publish("five", topic="news").number == 5
        assert [item.payload for item in next(news.batches()) if isinstance(item, rumor.Rumor)] == [b"five"]
    assert list(news) == []
    assert repr(receipt) == "BlockingReceipt(number=1)"


def test_a_cursor_is_exact_though_batches_come(pair: tuple[rumor.BlockingPeer, rumor.BlockingPeer]) -> None:
    """What came over to this thread and was not read yet is not counted as read."""
    ana, bo = pair
    with bo.subscribe() as rumors:
        ana.publish_many(["1", "2", "3"]).delivered(timeout=PATIENCE)
        next(rumors)
        cursor = rumors.cursor

    with bo.subscribe(cursor=cursor) as rumors:
        assert [item.payload for item in (next(rumors), next(rumors)) if isinstance(item, rumor.Rumor)] == [b"2", b"3"]
        with pytest.raises(TimeoutError):
            rumors.get(timeout=0.01)
    with pytest.raises(EOFError):
        rumors.get(timeout=PATIENCE)
    assert list(rumors.batches()) == []
    assert list(rumors.runs()) == []


def test_snapshots(pair: tuple[rumor.BlockingPeer, rumor.BlockingPeer]) -> None:
    """Neighbors and figures are values of that moment."""
    ana, bo = pair

    assert [(neighbor.name, neighbor.address) for neighbor in ana.neighbors()] == [("bo", bo.address)]
    assert ana.stats().name == ana.name


def test_mistakes_come_through() -> None:
    """What the peer raises is raised here; after the end that it has been closed."""
    with rumor.connect(settings="local") as peer:
        with pytest.raises(rumor.UsageError, match="limit"):
            peer.publish(bytes(1 << 21))
        with pytest.raises(TimeoutError):
            peer.wait_joined(timeout=0.01)
    peer.close()
    with pytest.raises(rumor.UsageError, match="closed"):
        peer.publish("too late")
    with pytest.raises(rumor.UsageError, match="insecure"):
        rumor.connect("0.0.0.0:0", seeds=["127.0.0.1:9"])
