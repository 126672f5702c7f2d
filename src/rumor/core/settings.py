"""Every value that can be set, one class a machine, each with its unit and its source.

Durations are seconds. A profile is a whole set of them for one kind of network: `classic` keeps the original system's
timings; `wan`, `lan` (the default) and `local` differ in how quickly a dead neighbor is noticed.
"""

import math
from typing import Final

import msgspec

from rumor.core.errors import UsageError
from rumor.core.ids import Seconds

SHORTEST: Final[Seconds] = 0.001
"""The shortest duration that can be set."""

LONGEST_REPLY: Final[Seconds] = 5.0
"""How long an original node waits for a liveness reply; nothing that lives is slower."""

STATEMENTS_MOST: Final = 64
"""Statements about one member that find room in one frame with those about others."""

RUN_BYTES_LEAST: Final = 4096
"""A run's names and topic may take 1 KiB; most of it should be payload."""


class RegistrationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a peer keeps itself on the seeds' lists."""

    ask_timeout: Seconds = 5.0
    """How long a seed may take to answer; the original's own bound for a liveness reply."""
    renewal_interval: Seconds = 60.0
    """How often a peer registers anew, so that a restarted seed lists it again."""
    renewal_jitter: float = 0.2
    """By which share of the interval a renewal comes earlier or later, so that peers do not come all at once."""
    retry_first: Seconds = 1.0
    """The wait after the first failure of a seed; doubled for each further one, and spread."""
    retry_longest: Seconds = 60.0
    """The longest wait between two tries of a seed: no longer than a renewal would take to notice it."""
    original_recheck: Seconds = 600.0
    """How long a seed counts as an original one before it is looked at again."""
    original_alone: Seconds = 120.0
    """How long a peer stands without any neighbor before it registers again even with an original seed.

    An original seed lists a peer twice that registers twice, so this is the last resort; doubled each time.
    """
    contacts_wanted: int = 64
    """How many others a seed of ours is asked for by who begins, or has no neighbor."""
    contacts_renewed: int = 8
    """The same when a lease is renewed: a few keep the reserve fresh. All renewals together are idle traffic."""
    report_tries: int = 5
    """How often a report of a dead peer is tried at a seed that can't be reached."""


class ClassicOverlaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a peer finds and keeps its neighbors."""

    wanted_min: int = 3
    wanted_max: int = 4
    """How many neighbors a peer asks for itself: drawn at random from this range when it starts.

    The original draws from 1 to 4; with 1 and 2 among them small networks now and then fall into pieces, so only the
    profile `classic` keeps that. Once a minute a peer wants one more, up to `wanted_max`.
    """
    neighbors_max: int = 10
    """How many neighbors a peer has at most, so that nobody is left deaf. The original stops at 4."""
    contacts_capacity: int = 1024
    """How many addresses are remembered to be asked later. When full, a newcomer replaces one at random."""
    ask_timeout: Seconds = 5.0
    """How long a peer may take to accept."""
    refused_retry: Seconds = 5.0
    """After how long a peer that had no room is asked again."""
    alone_retry_first: Seconds = 1.0
    """The wait before a peer without neighbors asks its seeds again; doubled each time up to the longest."""
    alone_retry_longest: Seconds = 60.0
    deaf_after: Seconds = 45.0
    """A neighbor that has not asked for so long whether we live is asked to take us anew: it seems not to hold us.

    Above three rounds of an original node's 13 s."""


class LivenessSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How quickly a dead neighbor is noticed."""

    interval: Seconds = 1.0
    """The time between two liveness requests to one neighbor."""
    timeout: Seconds = 1.0
    """How long a reply may take, the connection included."""
    strikes_max: int = 3
    """How many requests in a row must fail until the neighbor is dead; the original's value."""


class FloodSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much of what was heard is remembered, against hearing it twice and for neighbors that are behind."""

    capacity: int = 100_000
    """Rumors remembered; the oldest go first. At most about 120 MB if all have the greatest length."""
    age_max: Seconds = 3600.0
    """How long a rumor is remembered."""
    tell_timeout: Seconds = 5.0
    """How long passing one rumor on may take, the connection included."""
    retry: Seconds = 0.5
    """The wait before a rumor that could not be passed on is tried again at that neighbor."""
    text_bytes_max: int = 1023
    """The greatest length of a classic text: an original node reads 1,024 bytes and takes them for one message."""


class LinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Links between nodes of ours."""

    dial_timeout: Seconds = 5.0
    """How long a connection may take."""
    hello_timeout: Seconds = 1.0
    """How long the other side may take to say who it is. One that closes or is silent is asked by the classic text."""
    classic_memory: Seconds = 600.0
    """How long an address counts as an original node's after it answered a text."""
    links_max: int = 64
    """Links at once, neighbors and those that are being made; more are refused."""
    addresses_max: int = 4096
    """Addresses of which is remembered that they said Hello, and of which that they answered a text."""
    frame_bytes_max: int = 1 << 18
    """The largest frame that is taken."""
    control_capacity: int = 4096
    """Control messages that may wait for one link; a link that takes none for so long is closed."""


class OverlaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The web of links (HyParView)."""

    active_min: int = 6
    active_wanted: int = 8
    active_max: int = 10
    """How many neighbors a peer has: it looks for more below `active_wanted`, takes who asks up to `active_max`.

    At 5, a random graph of 10,000 falls to pieces when 75 % die at once; at 8 it holds 59 % of the survivors at 80 %.
    """
    passive_capacity: int = 128
    """Contacts in reserve, without those that are neighbors."""
    walk_length: int = 6
    """Steps of a newcomer's walk and of a shuffle (HyParView, active random walk length)."""
    passive_walk_length: int = 3
    """With so many steps left a newcomer on its walk is taken into the passive view (HyParView)."""
    shuffle_soon: Seconds = 0.5
    """How soon after a neighbor came contacts are exchanged while more are wanted."""
    shuffle_interval: Seconds = 90.0
    """How often contacts are exchanged along a walk."""
    shuffle_active: int = 3
    shuffle_passive: int = 4
    """How many contacts of each view go along (HyParView, ka and kp)."""
    parallel_tries: int = 2
    """How many contacts are dialled at once for a lost neighbor."""
    slow_after: Seconds = 1.0
    """A contact that has not answered for so long does not keep others from being tried beside it."""
    answer_timeout: Seconds = 5.0
    """How long a link may stand for one purpose that does not come to an end."""
    refusals_max: int = 3
    """After so many refusals in a row, who has less than `active_min` asks to be taken in place of another."""
    retry_first: Seconds = 1.0
    retry_longest: Seconds = 60.0
    """The wait when all are full or out of reach, and before the seeds are asked again: doubled each time."""
    walks: int = 4
    """How many walks look for neighbors of a newcomer: with its own tries they make `active_wanted`."""
    outside_interval: Seconds = 30.0
    """How often something outside the view is tried although all looks well, so that parted halves find each other."""
    outside_cut: Seconds = 3.0
    """The same while more contacts are out of reach than are there, so that a cut that heals is noticed at once."""


class ProbeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a silent neighbor over a link is noticed; intervals and strikes are those of LivenessSettings."""

    redials: int = 3
    """How often a broken link is dialled again at once; each failure is a strike."""
    redial_wait: Seconds = 0.005
    """The wait between two of them."""
    relays: int = 3
    """How many neighbors are asked to try a silent one before it is doubted."""
    relays_max: int = 16
    """How many others are tried for neighbors at once; more are not answered."""
    health_max: int = 4
    """How often the patience is added to itself at most while our own loop is late, or all answers are."""
    late_after: Seconds = 0.1
    """A loop that comes so late to what was due is a sign that this node is not well."""
    patrol_interval: Seconds = 5.0
    """How often any member, neighbor or not, is dialled to see whether it lives."""
    patrol_hurry: Seconds = 0.05
    """The same while many die."""
    patrol_timeout: Seconds = 1.0
    """So long without an answer is a miss; twice as many as a neighbor may have strikes are evidence."""


class DirectorySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of all members."""

    full: bool = True
    """Whether all members are known, or only the neighbors, for very large networks."""
    members_max: int = 100_000
    """Members known; of more, only what neighbors say of themselves is kept."""
    tags_bytes_max: int = 1024
    """Bytes of all tags of one member."""
    statements_max: int = 8
    """Statements kept of one member in one incarnation."""
    compare_interval: Seconds = 4.0
    """How often directories are compared with one neighbor."""
    reap_dead: Seconds = 3600.0
    """How long the dead are remembered, so that they are refused when others still tell of them as alive."""
    reap_left: Seconds = 600.0
    """How long those are remembered that left."""
    away_grace: Seconds = 30.0
    """How much longer than announced a member may be away before it is watched like any other."""
    distrust_after: int = 3
    """So many refuted accusations within `distrust_for` take the weight from whoever made them."""
    distrust_for: Seconds = 60.0
    returns_max: int = 2
    returns_within: Seconds = 600.0
    """Who came back so often within so long, each time cut off not long before, is not steady when it does again."""
    steady_for: Seconds = 40.0
    """Then it answers only when it has heard its neighbors for so long without a gap, and kept one of them."""
    parted_share: float = 0.2
    """A partition is told of when so great a share of the members died within `parted_within`."""
    parted_within: Seconds = 30.0


class RequestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Questions to members, and their answers."""

    payload_bytes_max: int = 65_536
    """The longest question or answer."""
    own_max: int = 1024
    """Questions of ours under way."""
    to_one_max: int = 64
    """Those of them that one member has at once; more wait until it has answered others."""
    to_all_bytes_max: int = 1 << 20
    """Bytes of our questions to all under way, or asked within the last second: everybody passes them on."""
    serving_max: int = 256
    """Questions of others under way; more are told that we are busy."""
    links_max: int = 16
    """Links at once that are made for questions or answers alone; more wait their turn."""
    link_idle: Seconds = 5.0
    """How long such a link is kept after its last use."""
    timeout_max: Seconds = 300.0
    """The longest that an asker may wait."""


class MessageListSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The log of runs."""

    bytes_max: int = 32 << 20
    """Runs kept for neighbors that are behind and for subscribers that look back; the oldest go first."""
    retention: Seconds = 60.0
    """How long a run is kept, its way here included."""
    streams_max: int = 10_000
    """Streams remembered; those that were quiet longest are forgotten first, and leave a tombstone."""
    tombstones_max: int = 100_000


class BroadcastSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Trees, acknowledgements, repair (Plumtree on streams)."""

    run_bytes_max: int = 65_536
    """A run is closed at this size; what is longer travels in parts."""
    payload_bytes_max: int = 1 << 20
    """The longest payload."""
    window_min: int = 8 << 10
    window_budget: int = 8 << 20
    """How many bytes may be unacknowledged: of one stream at first, and of all streams of a network together."""
    grace: Seconds = 2.0
    """A child whose oldest unacknowledged run is older than this lags: it no longer counts, and gets digests only."""
    acknowledgement_wait: Seconds = 0.003
    """How long what came may wait for its acknowledgement: rumors go ahead, and many runs are acknowledged in one.

    Measured with 32 peers on two cores: acknowledged at once, half of the rumors came a third later, since who had one
    already took the time of those who had not. In a flood, the time for acknowledgements was more than for sending.
    """
    cut_patience: Seconds = 5.0
    """How long `publish` waits when there are links but nobody acknowledges; then it goes on."""
    digest_interval: Seconds = 0.05
    """How often changed streams are told to links that don't carry them."""
    repair_wait: Seconds = 0.08
    repair_next: Seconds = 0.04
    """How long something may be missing before it is asked for, and before the next link is asked."""
    hold: Seconds = 2.0
    """How long a hole that no link can fill is held before it is declared lost."""
    ahead_max: int = 4096
    """Runs of one stream kept above a hole; newer ones are then refused, and pulled later."""
    alone_wait: Seconds = 2.0
    """How long the first run waits for a first Hello, which may tell of a later life under our name."""


class AntiEntropySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison of all streams with one neighbor at a time."""

    interval: Seconds = 2.0


class BridgeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Between the web of frames and original nodes."""

    carry_wait: Seconds = 0.25
    """A classic rumor is carried into the web after up to so long, unless another bridge did it meanwhile."""
    rate: int = 1000
    """Rumors a second that are told to original nodes at most; more are left out, and counted."""
    waiting_max: int = 10_000
    """Classic rumors that may wait to be carried."""


class RegistrySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How many peers a seed lists, and for how long."""

    lease: Seconds = 180.0
    """How long an entry stands without a proof of life: three renewals. Then the seed asks the peer itself."""
    ask_timeout: Seconds = 5.0
    """How long a peer may take to answer the seed."""
    asks_max: int = 64
    """How many peers a seed asks at once."""
    strikes_max: int = 3
    """How many times in a row a peer must not answer the seed until it is struck off."""
    ask_again: Seconds = 0.5
    """The wait before a peer that did not answer is asked again."""
    verify: bool = True
    """Whether a seed asks a peer that is reported dead before it strikes it off; the original believes (`trust`)."""
    sample: int = 64
    """How many contacts a peer of ours gets at most, at random."""
    exchange_interval: Seconds = 10.0
    """How often a seed tells another one its registry."""
    links_max: int = 1024
    """Links of a seed at once; each registration of a peer of ours takes one for a moment."""
    capacity: int = 1_000_000
    """Peers listed in all; more are refused."""
    per_source_max: int = 1024
    """Peers listed from one host; more are refused."""
    reply_bytes_max: int = 10_239
    """The greatest length of a list that is sent: an original peer reads 10,240 bytes of it."""


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the door takes in: the bounds on connections that others open."""

    connections_max: int = 16_384
    """Connections at once. When full, the one that has said nothing longest is closed, and the newcomer served."""
    per_source_max: int = 256
    """Connections at once from one host; the same rule among those of that host."""
    limit_loopback: bool = False
    """Whether the bounds for one host hold for this machine too."""
    quiet: Seconds = 0.02
    """A text without a reply is whole after so long without more bytes, since TCP may split it."""
    patience: Seconds = 1.0
    """How long a text that fits no form yet may take to become whole."""
    idle_max: Seconds = 10.0
    """A connection that says nothing for so long is closed."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of a node. Made by `profile`, changed by `msgspec.structs.replace`, checked when made."""

    profile: str = "lan"
    registration: RegistrationSettings = RegistrationSettings()
    classic_overlay: ClassicOverlaySettings = ClassicOverlaySettings()
    liveness: LivenessSettings = LivenessSettings()
    flood: FloodSettings = FloodSettings()
    links: LinkSettings = LinkSettings()
    overlay: OverlaySettings = OverlaySettings()
    probes: ProbeSettings = ProbeSettings()
    directory: DirectorySettings = DirectorySettings()
    requests: RequestSettings = RequestSettings()
    message_list: MessageListSettings = MessageListSettings()
    broadcast: BroadcastSettings = BroadcastSettings()
    antientropy: AntiEntropySettings = AntiEntropySettings()
    bridge: BridgeSettings = BridgeSettings()
    registry: RegistrySettings = RegistrySettings()
    door: DoorSettings = DoorSettings()

    def __post_init__(self) -> None:
        """Check each value and those that must fit each other; raises UsageError."""
        for group in msgspec.structs.astuple(self)[1:]:
            for field in msgspec.structs.fields(group):
                _check(field.name, field.type, getattr(group, field.name))
        overlay = self.classic_overlay
        if not overlay.wanted_min <= overlay.wanted_max <= overlay.neighbors_max:
            raise UsageError("wanted_min, wanted_max and neighbors_max must not fall")
        web = self.overlay
        if not web.active_min <= web.active_wanted <= web.active_max < self.links.links_max:
            raise UsageError("active_min, active_wanted, active_max must not fall, and links_max must be above them")
        if not RUN_BYTES_LEAST <= self.broadcast.run_bytes_max <= self.links.frame_bytes_max // 2:
            raise UsageError(f"run_bytes_max must be from {RUN_BYTES_LEAST} to half of frame_bytes_max")
        if self.broadcast.window_min > self.broadcast.window_budget:
            raise UsageError("window_min can't be above window_budget")
        if self.flood.text_bytes_max > FloodSettings().text_bytes_max:
            raise UsageError("text_bytes_max can't be above 1023: an original node would cut the text")
        if not 2 <= self.directory.statements_max <= STATEMENTS_MOST:
            raise UsageError(f"statements_max must be from 2, which death takes, to {STATEMENTS_MOST}")
        if not len("255.255.255.255:65535") <= self.registry.reply_bytes_max <= RegistrySettings().reply_bytes_max:
            raise UsageError("reply_bytes_max must be from 21, for the asker, to 10239: an original peer would cut it")


def _check(name: str, kind: type, value: float) -> None:
    """Counts are whole and at least 1, durations finite and at least a millisecond, and the one share lies below 1.

    Only the gap between acknowledgements may be 0: none.
    """
    if kind is bool:
        return
    if kind is int and type(value) is not int:
        raise UsageError(f"{name} must be a whole number, not {value}")
    least = 1 if kind is int else 0.0 if name in ("renewal_jitter", "acknowledgement_wait") else SHORTEST
    if not value >= least:
        raise UsageError(f"{name} must be at least {least}, not {value}")
    if value >= (1.0 if name == "renewal_jitter" else math.inf):
        raise UsageError(f"{name} must be below {'1' if name == 'renewal_jitter' else 'infinity'}, not {value}")


def detecting(settings: Settings, within: Seconds) -> Settings:
    """The same settings, solved for one wish: a silent neighbor is found out `within` so long, unless it answers.

    `within` is the longest silence of a neighbor until that is evidence; a crash, which breaks its links, is known in
    milliseconds whatever it is. With n = `liveness.strikes_max`, which stays as it is:

        liveness.interval       = within / n          so n intervals after the last sign of life, n probes are missed
        liveness.timeout        = interval            for an original node, which is asked by a connection: at least
                                                      0.75 s, at most the original's own 5 s
        probes.patrol_timeout   = interval            2 n are the patience with a stranger; at least 0.5 s, at most 5 s
        probes.patrol_interval  = 5 x interval        each dial costs a connection: at least 2 s, at most 60 s

    Raises UsageError for less than n times the shortest duration, or no number.
    """
    least = settings.liveness.strikes_max * SHORTEST
    if not least <= within < math.inf:
        raise UsageError(f"detect_within must be at least {least}, and below infinity, not {within}")
    interval = round(within / settings.liveness.strikes_max, 6)
    return msgspec.structs.replace(
        settings,
        liveness=msgspec.structs.replace(
            settings.liveness, interval=interval, timeout=min(max(interval, 0.75), LONGEST_REPLY)
        ),
        probes=msgspec.structs.replace(
            settings.probes,
            patrol_timeout=min(max(interval, 0.5), LONGEST_REPLY),
            patrol_interval=min(max(5 * interval, 2.0), 60.0),
        ),
    )


PROFILES: Final[dict[str, Settings]] = {
    "classic": detecting(
        Settings(
            profile="classic",
            classic_overlay=ClassicOverlaySettings(
                wanted_min=1, wanted_max=4, refused_retry=13.0, alone_retry_first=5.0
            ),
        ),
        within=39.0,
    ),
    "wan": detecting(
        Settings(profile="wan", classic_overlay=ClassicOverlaySettings(alone_retry_first=2.0)), within=10.0
    ),
    "lan": detecting(Settings(profile="lan"), within=3.0),
    "local": detecting(
        Settings(
            profile="local",
            registration=RegistrationSettings(retry_first=0.25, ask_timeout=2.0),
            classic_overlay=ClassicOverlaySettings(refused_retry=1.0, alone_retry_first=0.25, ask_timeout=2.0),
        ),
        within=0.6,
    ),
}
"""The four profiles: four wishes, and what else differs in such networks."""


def profile(name: str) -> Settings:
    """The settings of a profile; raises UsageError for a name that is none."""
    try:
        return PROFILES[name]
    except KeyError:
        raise UsageError(f"no profile {name!r}: there are {', '.join(PROFILES)}") from None
