"""Settings: checked when made, and the profiles."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumor.core.errors import UsageError
from rumor.core.settings import (
    PROFILES,
    AntiEntropySettings,
    BridgeSettings,
    BroadcastSettings,
    ClassicOverlaySettings,
    DirectorySettings,
    DoorSettings,
    FloodSettings,
    LinkSettings,
    LivenessSettings,
    MessageListSettings,
    OverlaySettings,
    ProbeSettings,
    RegistrationSettings,
    RegistrySettings,
    Settings,
    detecting,
    profile,
)


@pytest.mark.parametrize("name", ["classic", "wan", "lan", "local"])
def test_a_profile_is_found_by_its_name(name: str) -> None:
    """Each of the four profiles is there under its name, and knows it."""
    assert profile(name).profile == name
    assert profile(name) is PROFILES[name]


def test_an_unknown_profile_is_refused_with_the_names_that_there_are() -> None:
    """A name that is no profile raises UsageError, which lists the profiles."""
    with pytest.raises(UsageError, match="no profile 'fast': there are classic, wan, lan, local"):
        profile("fast")


def test_the_default_is_the_profile_lan() -> None:
    """Settings made without a word are those of `lan`."""
    assert Settings() == profile("lan")


@pytest.mark.parametrize(("name", "within"), [("classic", 39.0), ("wan", 10.0), ("lan", 3.0), ("local", 0.6)])
def test_a_profile_is_one_wish(name: str, within: float) -> None:
    """Each is solved for the time within which silence is found out: three strikes of an interval."""
    settings = profile(name)

    assert detecting(settings, within) == settings
    assert settings.liveness.strikes_max == 3
    assert settings.liveness.strikes_max * settings.liveness.interval == pytest.approx(within, abs=1e-5)


@given(st.floats(0.01, 1000.0), st.integers(1, 10))
def test_a_wish_is_kept_whatever_the_strikes(within: float, strikes_max: int) -> None:
    """As many intervals as strikes make the time, and all else that it sets stays within its bounds."""
    before = Settings(liveness=LivenessSettings(strikes_max=strikes_max))
    settings = detecting(before, within)

    assert settings.liveness.strikes_max == strikes_max
    assert settings.liveness.strikes_max * settings.liveness.interval == pytest.approx(within, abs=1e-5)
    assert 0.75 <= settings.liveness.timeout <= 5.0
    assert 0.5 <= settings.probes.patrol_timeout <= 5.0
    assert 2.0 <= settings.probes.patrol_interval <= 60.0
    assert msgspec.structs.replace(settings, liveness=before.liveness, probes=before.probes) == before


@pytest.mark.parametrize("within", [0.0, 0.002, -1.0, math.inf, math.nan])
def test_a_wish_that_nobody_can_keep_is_refused(within: float) -> None:
    """Three intervals take three times the shortest duration at least."""
    with pytest.raises(UsageError, match=r"detect_within must be at least 0\.003"):
        detecting(Settings(), within)


def test_the_classic_profile_keeps_the_original_timings() -> None:
    """Profile `classic`: 1 to 4 neighbors asked for, a liveness request every 13 s with 5 s for the reply."""
    classic = profile("classic")

    assert (classic.classic_overlay.wanted_min, classic.classic_overlay.wanted_max) == (1, 4)
    assert (classic.liveness.interval, classic.liveness.timeout) == (13.0, 5.0)


@pytest.mark.parametrize("name", list(PROFILES))
def test_every_profile_accepts_up_to_ten_neighbors(name: str) -> None:
    """Nobody is left deaf: in each profile a peer takes up to ten neighbors."""
    assert profile(name).classic_overlay.neighbors_max == 10


@pytest.mark.parametrize("name", list(PROFILES))
def test_every_profile_holds_eight_links_and_six_at_least(name: str) -> None:
    """The web has the same shape in each profile: 6 to 10 neighbors, 8 wanted."""
    overlay = profile(name).overlay

    assert (overlay.active_min, overlay.active_wanted, overlay.active_max) == (6, 8, 10)


@pytest.mark.parametrize("name", list(PROFILES))
def test_every_profile_sends_what_an_original_node_can_read(name: str) -> None:
    """In each profile a text stays below 1,024 bytes and a list below 10,240."""
    settings = profile(name)

    assert settings.flood.text_bytes_max <= 1023
    assert settings.registry.reply_bytes_max <= 10_239


@pytest.mark.parametrize(
    ("group", "complaint"),
    [
        ({"liveness": LivenessSettings(interval=0.0)}, "interval must be at least 0.001, not 0.0"),
        ({"liveness": LivenessSettings(strikes_max=0)}, "strikes_max must be at least 1, not 0"),
        ({"registration": RegistrationSettings(retry_first=-1.0)}, "retry_first must be at least 0.001, not -1.0"),
        ({"registration": RegistrationSettings(renewal_jitter=1.0)}, "renewal_jitter must be below 1"),
        ({"registry": RegistrySettings(capacity=0)}, "capacity must be at least 1, not 0"),
        ({"flood": FloodSettings(capacity=-5)}, "capacity must be at least 1, not -5"),
        ({"flood": FloodSettings(text_bytes_max=1024)}, "text_bytes_max can't be above 1023"),
        (
            {"classic_overlay": ClassicOverlaySettings(wanted_min=5)},
            "wanted_min, wanted_max and neighbors_max must not fall",
        ),
        (
            {"classic_overlay": ClassicOverlaySettings(wanted_max=11)},
            "wanted_min, wanted_max and neighbors_max must not fall",
        ),
        ({"links": LinkSettings(hello_timeout=0.0)}, "hello_timeout must be at least 0.001, not 0.0"),
        ({"links": LinkSettings(links_max=10)}, "links_max must be above them"),
        ({"links": LinkSettings(frame_bytes_max=100_000)}, "run_bytes_max must be from 4096 to half of"),
        ({"overlay": OverlaySettings(active_min=9)}, "active_min, active_wanted, active_max must not fall"),
        ({"overlay": OverlaySettings(active_wanted=11)}, "active_min, active_wanted, active_max must not fall"),
        ({"probes": ProbeSettings(redials=0)}, "redials must be at least 1, not 0"),
        ({"message_list": MessageListSettings(bytes_max=0)}, "bytes_max must be at least 1, not 0"),
        ({"broadcast": BroadcastSettings(run_bytes_max=4095)}, "run_bytes_max must be from 4096 to half of"),
        ({"broadcast": BroadcastSettings(window_min=2, window_budget=1)}, "window_min can't be above window_budget"),
        ({"antientropy": AntiEntropySettings(interval=-1.0)}, "interval must be at least 0.001, not -1.0"),
        ({"bridge": BridgeSettings(rate=0)}, "rate must be at least 1, not 0"),
        ({"directory": DirectorySettings(statements_max=1)}, "statements_max must be from 2, which death takes"),
        ({"door": DoorSettings(quiet=math.inf)}, "quiet must be below infinity"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(group: dict[str, msgspec.Struct], complaint: str) -> None:
    """Settings are checked when they are made, and the error names the value."""
    with pytest.raises(UsageError, match=complaint):
        msgspec.structs.replace(Settings(), **group)


@pytest.mark.parametrize("jitter", [-3.0, -0.1, math.nan])
def test_a_share_that_is_none_is_refused(jitter: float) -> None:
    """A jitter below 0 would plan renewals in the past, and none at all if it is no number."""
    with pytest.raises(UsageError, match="renewal_jitter"):
        Settings(registration=RegistrationSettings(renewal_jitter=jitter))


@pytest.mark.parametrize("interval", [math.nan, math.inf])
def test_a_duration_is_a_finite_number(interval: float) -> None:
    """A deadline that is no number never falls due, nor does an infinite one."""
    with pytest.raises(UsageError, match="interval must be"):
        Settings(liveness=LivenessSettings(interval=interval))


@pytest.mark.parametrize("length", [1, 20, 10_240])
def test_a_list_has_room_for_the_asker_and_is_no_longer_than_an_original_peer_reads(length: int) -> None:
    """A reply must hold at least one whole address, and at most what an original peer reads of it."""
    with pytest.raises(UsageError, match="reply_bytes_max"):
        Settings(registry=RegistrySettings(reply_bytes_max=length))


def test_jitter_may_be_none_at_all() -> None:
    """Renewals at exact intervals are allowed, unlike a duration of 0."""
    assert Settings(registration=RegistrationSettings(renewal_jitter=0.0)).registration.renewal_jitter == 0.0


def test_values_at_their_bounds_are_allowed() -> None:
    """Equal bounds fit each other."""
    classic = ClassicOverlaySettings(wanted_min=10, wanted_max=10, neighbors_max=10)
    overlay = OverlaySettings(active_min=10, active_wanted=10, active_max=10)
    broadcast = BroadcastSettings(run_bytes_max=4096, window_min=100, window_budget=100)
    links = LinkSettings(links_max=11, frame_bytes_max=8192)

    settings = Settings(classic_overlay=classic, overlay=overlay, broadcast=broadcast, links=links)

    assert (settings.classic_overlay, settings.overlay, settings.broadcast) == (classic, overlay, broadcast)


def test_a_count_is_a_whole_number() -> None:
    """There is no half of a strike."""
    with pytest.raises(UsageError, match=r"strikes_max must be a whole number, not 2\.5"):
        Settings(liveness=LivenessSettings(strikes_max=2.5))  # type: ignore[arg-type]
