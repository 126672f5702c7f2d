"""Local health: whether it is ourselves who hear badly, and not others who are silent (Lifeguard, section IV.A).

    our loop came late to what was due, or           .--> level + 1, `health_max` at most
    half of the neighbors answered late  ------------'
    a round without either  ----------------------------> level - 1, 0 at least

Every patience is multiplied by 1 + level. A round is as long as an interval of liveness. Where we leave the paper: it
counts misses and refutations of its own probes; here the lateness of our own timers is measured, which is there even
if nobody is asked.

Rule: what makes us more patient counts at once, what makes us less so only at the end of a round.
"""

from rumor.core.ids import Seconds
from rumor.core.settings import LivenessSettings, ProbeSettings


class Health:
    """How far one node trusts its own ears."""

    def __init__(self, liveness: LivenessSettings, settings: ProbeSettings) -> None:
        self._interval = liveness.interval
        self._settings = settings
        self._round_until: Seconds = 0.0
        self._was_late = False
        self._worst: Seconds = 0.0
        self._worst_before: Seconds = 0.0
        probes = liveness.strikes_max
        self.base = liveness.interval * max(probes - 1, 1) / probes
        """How long an answer may take while all is well: with that many probes, death is known within its bound."""
        self.level = 0
        """How often `base` is added to itself."""

    @property
    def patience(self) -> Seconds:
        """How long an answer may take now."""
        return self.base * (1 + self.level)

    @property
    def lateness(self) -> Seconds:
        """The worst lateness of our own loop in this round and the one before."""
        return max(self._worst, self._worst_before)

    def woke(self, late: Seconds) -> None:
        """Our loop came to what was due, so late."""
        self._worst = max(self._worst, late)
        if late > self._settings.late_after and not self._was_late:
            self._was_late = True
            self._raise()

    def ends_round(self, now: Seconds) -> bool:
        """Whether a round is over, and another one begins."""
        if now < self._round_until:
            return False
        self._round_until = now + self._interval
        return True

    def review(self, *, answers_late: bool) -> None:
        """A round is over; in it, half of the neighbors answered late, or did not."""
        if answers_late:
            self._raise()
        elif not self._was_late:
            self.level = max(self.level - 1, 0)
        self._was_late = False
        self._worst_before, self._worst = self._worst, 0.0

    def _raise(self) -> None:
        self.level = min(self.level + 1, self._settings.health_max)
