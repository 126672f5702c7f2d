"""The messages, and what is fit to be said in one line."""

import pytest

from rumor.core.ids import Address
from rumor.core.messages import Gossip, PeerList, is_one_line

from .helpers import ANA


@pytest.mark.parametrize("text", ["", "hello", "a\tb", "a:b", "größer, 大, 🎉", "\xa0", "\u200d"])
def test_a_text_without_breaks_is_one_line(text: str) -> None:
    """Any printable text, empty and with tabs too, is one line."""
    assert is_one_line(text)


@pytest.mark.parametrize(
    "character",
    ["\n", "\r", "\0", "\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\x7f", "\x85", "\x9f", "\u2028", "\u2029"],
)
def test_a_line_break_or_control_character_is_not_fit_for_one_line(character: str) -> None:
    """What would break a line of a log, or steer a terminal, is found wherever it stands."""
    assert [is_one_line(text) for text in (character, f"{character}a", f"a{character}")] == [False, False, False]


def test_half_a_character_is_not_fit_for_one_line() -> None:
    """A lone surrogate, which UTF-8 cannot carry, is refused."""
    assert [is_one_line(f"a{half}b") for half in ("\ud800", "\udfff")] == [False, False]


@pytest.mark.parametrize(("tail", "text"), [("", ""), (":hello", "hello"), ("::a:b", ":a:b"), (" hello", " hello")])
def test_the_text_of_a_rumor_is_its_tail_without_the_first_colon(tail: str, text: str) -> None:
    """What was said is what follows the number, less one colon."""
    assert Gossip("1.0", ANA, 7, tail).text == text


def test_a_list_is_its_peers() -> None:
    """Whether its text was at hand or not; and it is equal to nothing else."""
    peers = (Address("127.0.0.1", 4001), Address("127.0.0.1", 4002))
    bare, written = PeerList(peers), PeerList(peers, "127.0.0.1:4001,127.0.0.1:4002")

    assert bare == written
    assert hash(bare) == hash(written)
    assert bare != PeerList(peers[:1])
    assert bare != peers
