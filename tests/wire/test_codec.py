"""What a core knows of bytes."""

import pytest

from rumor.core.frames import Lane, Run
from rumor.core.ids import Address
from rumor.core.messages import Gossip
from rumor.wire import text
from rumor.wire.codec import CODEC
from rumor.wire.frames import decode_run

GOSSIP = Gossip("1.5", Address("10.0.0.1", 4001), 7, ":hello")


def test_a_run_is_sealed_into_the_bytes_that_it_is_read_from() -> None:
    """What a core seals, another one's driver decodes to the same run."""
    run = Run("ana", 1, Lane.APP, 2, 3, 4, "topic", [b"a", b""])

    assert decode_run(CODEC.seal(run)) == run


def test_a_text_is_carried_as_it_goes_to_original_nodes() -> None:
    """The same bytes, and read as the same rumor."""
    assert CODEC.write_text(GOSSIP) == text.format(GOSSIP) == b"1.5:10.0.0.1:4001:GOSSIP7:hello"
    assert CODEC.read_text(b"1.5:10.0.0.1:4001:GOSSIP7:hello") == GOSSIP


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"nonsense", b"10.0.0.1:4001", b"Dead Node:10.0.0.1:4001:1.5:10.0.0.2", b"\xffRUMOR/1\n"]
)
def test_bytes_that_are_no_gossip_are_nothing(data: bytes) -> None:
    """Neither nonsense nor any other text is a rumor; nothing is raised."""
    assert CODEC.read_text(data) is None
