"""The settings that a node runs with: a profile, and what is changed in it."""

import pytest

from rumor.cli.timings import changed, settings_of
from rumor.core.errors import UsageError
from rumor.core.settings import profile


def test_a_profile_alone_is_that_profile() -> None:
    """Nothing else is changed."""
    assert settings_of("wan", None, ()) == profile("wan")


def test_single_settings_can_be_changed() -> None:
    """Numbers, counts and switches; the last word on one counts."""
    changes = ["liveness.interval=9", "liveness.interval = 0.5", "overlay.walks=5", "directory.full=False"]

    settings = settings_of("lan", None, changes)

    assert (settings.liveness.interval, settings.overlay.walks, settings.directory.full) == (0.5, 5, False)
    assert settings.liveness.strikes_max == profile("lan").liveness.strikes_max


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ("interval=1", "'interval=1' is not GROUP.NAME=VALUE"),
        ("liveness.interval", "is not GROUP.NAME=VALUE"),
        ("livenes.interval=1", "there is no 'livenes'; did you mean 'liveness'?"),
        ("liveness.intervall=1", "liveness: there is no 'intervall'; did you mean 'interval'?"),
        ("liveness.interval=soon", "liveness.interval can't be 'soon': a number"),
        ("overlay.walks=1.5", "overlay.walks can't be '1.5': a whole number"),
        ("directory.full=perhaps", "directory.full can't be 'perhaps': true or false"),
        ("liveness.interval=0", "interval must be at least 0.001"),
        ("overlay.active_min=11", "active_min, active_wanted, active_max must not fall"),
    ],
)
def test_a_wrong_change_is_an_error_that_helps(change: str, hint: str) -> None:
    """What is misspelt, of the wrong kind or out of bounds is named."""
    with pytest.raises(UsageError, match=r"^.+$") as caught:
        changed(profile("lan"), [change])

    assert hint in str(caught.value)
