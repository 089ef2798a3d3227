"""Whether a rate of utterances rose for everybody: an outage of the engine is one event, not one a cohort.

One process of `detectors.evidence` runs over the units of all cohorts, each less what its own cohort had
before. It says that something rose, not for whom. Since it was last calm every cohort's part is summed
apart. The rise is everybody's if the least affected cohorts that together make a quarter of the evidence, the
most affected one never among them, have risen too: by more than the half width of their mean
(`detectors.evidence.half_width`) and half as much as all. So a single cohort cannot raise it, nor can a few
while the others were heard to stay as they were.

[T] The process alone keeps the budget r, whatever the parts say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from detectors.block import credit_days
from detectors.event import Change
from detectors.evidence import Effect, EvidenceProcess, half_width
from detectors.heard import Heard, Seen
from detectors.rates.rate_alarm import RateAlarm
from detectors.tally import Tally

LEAST_AFFECTED = 0.25
HALF_AS_MUCH = 0.5


@dataclass(slots=True)
class Outage:
    """Evidence that a rate rose for everybody.

    Parameters
    ----------
    smallest_change
        Delta, as a ratio of utterances.
    rate
        r, tolerated false alarms per day.
    heard
        Running sums over all units, but for those of cohorts in alarm of their own.
    parts
        The same by cohort, since the evidence was last calm.
    """

    smallest_change: float
    rate: float
    rise: EvidenceProcess
    heard: Heard = field(default_factory=Heard)
    parts: dict[str, Heard] = field(default_factory=dict)
    alarm: RateAlarm | None = None
    opened_s: float | None = None

    @classmethod
    def start(cls, smallest_change: float, rate: float) -> Outage:
        """A watch for Delta and r."""
        return cls(smallest_change, rate, EvidenceProcess(smallest_change, rate))

    @property
    def evidence(self) -> float:
        """M; 1 as long as the alarm lasts."""
        return 1.0 if self.alarm is not None else self.rise.evidence

    @property
    def in_alarm(self) -> bool:
        """Whether an alarm was raised and no recovery was seen since."""
        return self.alarm is not None

    def update(
        self,
        cohort: str,
        seen: Seen,
        tally: Tally,
        started_s: float,
        now_s: float,
        *,
        others_in_alarm: Callable[[], bool],
    ) -> tuple[Change, Effect] | None:
        """Take a unit; return what it made certain, with the effect.

        ``others_in_alarm`` says whether other cohorts are in alarm of their own, so that their units are not
        among those here. It is asked only when the evidence suffices.
        """
        opened_s, self.opened_s = self.opened_s, now_s
        elapsed_days = 0.0 if opened_s is None else credit_days(opened_s, now_s)
        if self.alarm is not None:
            if not self.alarm.is_over(seen, elapsed_days):
                return None
            effect = self.alarm.effect
            self.alarm = None
            return Change.RECOVERED, effect
        self.heard.add(seen)
        self.rise.update(seen.deviation, seen.variance, elapsed_days, seen.base, started_s, tally)
        if self.rise.likeliest.cusum <= 0.0:
            self.parts = {}
        else:
            self.parts.setdefault(cohort, Heard()).add(seen)
        if self.rise.evidence < 1.0 or not self._is_everybodys(others_in_alarm):
            return None
        effect = self.rise.effect(seen.base)
        self.alarm = RateAlarm.of(effect, self.smallest_change, self.rate)
        self.calm()
        return Change.DEGRADED, effect

    def calm(self) -> None:
        """Forget the evidence: what was found is everybody's alarm now, or one cohort's."""
        self.rise.reset()
        self.parts = {}

    def _is_everybodys(self, others_in_alarm: Callable[[], bool]) -> bool:
        parts = sorted(self.parts.values(), key=lambda part: part.mean)
        whole = Heard.together(parts)
        enough = LEAST_AFFECTED * whole.precision
        if len(parts) > 1:
            parts = parts[:-1]
        elif not others_in_alarm():
            return False
        mildest = Heard()
        for part in parts:
            missing = enough - mildest.precision
            if missing <= 0.0:
                break
            mildest = Heard.together((mildest, part.scaled(min(1.0, missing / part.precision))))
        half = half_width(mildest.precision, mildest.base, self.smallest_change)
        return mildest.mean > max(half, HALF_AS_MUCH * whole.mean)
