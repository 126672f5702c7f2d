"""Topics: exact names and patterns."""

import pytest

from rumor.aio.topics import matcher
from rumor.core.errors import UsageError


@pytest.mark.parametrize(
    ("wanted", "topic", "meant"),
    [
        ("news", "news", True),
        ("news", "new", False),
        ("news", "news.sport", False),
        ("", "", True),
        ("", "news", False),
        ("*", "news", True),
        ("*", "", False),
        ("*", "news.sport", False),
        ("orders.*", "orders.new", True),
        ("orders.*", "orders", False),
        ("orders.*", "orders.new.eu", False),
        ("*.new", "orders.new", True),
        ("orders.*.eu", "orders.new.eu", True),
        ("orders.*.eu", "orders.new.us", False),
        ("orders.>", "orders.new", True),
        ("orders.>", "orders.new.eu", True),
        ("orders.>", "orders", False),
        (">", "a.b.c", True),
        (">", "", False),
        ("a+b.*", "a+b.c", True),
        ("a+b.*", "aab.c", False),
    ],
)
def test_what_is_meant(wanted: str, topic: str, *, meant: bool) -> None:
    """A star stands for one token, an angle for all further ones, and nothing else for anything but itself."""
    matches = matcher(wanted)

    assert matches is not None
    assert bool(matches(topic)) == meant


def test_no_topic_means_all() -> None:
    """Who names none hears everything, without asking for each."""
    assert matcher(None) is None


@pytest.mark.parametrize("wanted", [".", "a.", ".a", "a..b", "a.>.b", "a b", "a*", "a.b>", "a\n"])
def test_what_is_no_pattern_is_refused(wanted: str) -> None:
    """A pattern that could mean nothing that is published is a mistake, and said."""
    with pytest.raises(UsageError, match="no topic and no pattern"):
        matcher(wanted)
