"""The blocking face to members and requests: the same, from a thread without an event loop."""

import threading
from collections.abc import Iterator

import pytest

import rumor
from rumor.aio.control import running_nodes
from tests.processes.harness import wait_until

PATIENCE = 20.0

Pair = tuple[rumor.BlockingPeer, rumor.BlockingPeer]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two neighbors that know each other; no thread is left of them."""
    threads = threading.active_count()
    with (
        rumor.connect(settings="local", name="ana") as ana,
        rumor.connect(join=[ana.address], settings="local", name="bo", tags={"room": "hall"}) as bo,
    ):
        for peer in (ana, bo):
            peer.wait_joined(timeout=PATIENCE)
            wait_until(lambda peer=peer: len(peer.members()) == 2, "they know each other")  # type: ignore[misc]
        yield ana, bo
    assert threading.active_count() == threads


def test_members_and_their_changes(pair: Pair) -> None:
    """Who is there, what it lets others know, and how that changes."""
    ana, bo = pair
    wait_until(lambda: (known := ana.member("bo")) is not None and bool(known.tags), "bo's tags")
    with ana.changes() as changes:
        bo.set_tags({"room": "attic"})
        change = changes.get(timeout=PATIENCE)
        assert isinstance(change, rumor.Change)
        assert change.before is not None
        assert (change.before.tags, change.member.tags) == ({"room": "hall"}, {"room": "attic"})
        with pytest.raises(TimeoutError):
            changes.get(timeout=0.01)
    with pytest.raises(EOFError):
        changes.get(timeout=PATIENCE)
    assert list(changes) == []

    assert [member.name for member in ana.members()] == ["ana", "bo"]
    assert bo.tags == {"room": "attic"}
    assert (ana.reach().here, ana.reach().known) == (2, 2)
    why = ana.why("bo")
    assert why is not None
    assert (why.member, why.statements) == (ana.member("bo"), ())


def test_coverage(pair: Pair) -> None:
    """Who has a rumor, by the receipt or by its number."""
    ana, _ = pair

    assert ana.publish("hello").coverage(timeout=PATIENCE) == rumor.Coverage(True, 1, 1, ())
    assert ana.receipt(1).missing(timeout=PATIENCE) == ()


def test_requests(pair: Pair) -> None:
    """One member or all are asked; who answers may block."""
    ana, bo = pair
    main = threading.get_ident()

    @bo.responder("shout")
    def shout(payload: bytes, asker: str) -> bytes:
        assert threading.get_ident() != main
        assert bo.member(asker) is not None  # waits for the loop, which would be stuck if this were called in it
        return payload.upper()

    assert ana.request("bo", "hi", topic="shout", timeout=PATIENCE) == b"HI"
    with ana.ask("hi", topic="shout", timeout=PATIENCE) as answers:
        assert next(answers) == rumor.Answer("bo", b"HI")
    assert list(answers) == []
    with pytest.raises(rumor.RequestError, match="silence"):
        ana.request("bo", "hi", topic="silence", timeout=PATIENCE)
    with pytest.raises(rumor.UsageError):
        bo.responder("shout")(shout)


def test_seeds_are_read_again() -> None:
    """What `on_reload` gives, or what is given."""
    with rumor.connect(settings="local", on_reload=lambda: ["127.0.0.1:9"]) as peer:
        assert list(map(str, peer.reload())) == ["127.0.0.1:9"]
        peer.set_seeds([])
        with pytest.raises(rumor.AddressError):
            peer.set_seeds(["nowhere"])


def test_who_leaves_is_closed(pair: Pair) -> None:
    """It is away for all others, and the thread has ended; once more does no harm."""
    ana, bo = pair
    stopped = threading.Thread(target=bo.wait_stopped)
    stopped.start()

    bo.leave(back_in=60)
    bo.leave()

    stopped.join(PATIENCE)
    assert not stopped.is_alive()
    wait_until(lambda: (known := ana.member("bo")) is not None and known.state is rumor.MemberState.AWAY, "bo is away")
    with pytest.raises(rumor.UsageError, match="closed"):
        bo.members()


def test_the_program_can_speak_to_it(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it runs."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))

    with rumor.connect(settings="local", control=True, detect_within=0.9) as peer:
        assert [node.address for node in running_nodes()] == [peer.address]

    assert running_nodes() == []
