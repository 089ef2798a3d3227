"""Everything that the monitor remembers between two utterances, and how it is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from detectors.block import ResidualSums
from detectors.cohort import Cohort
from detectors.everybody.detector import EverybodyDetector
from detectors.rates.outage import Outage
from detectors.reordering import Reordering
from detectors.settings import GLOBAL_SHARE, MonitorSettings
from detectors.state import dump, load
from detectors.tally import Tally
from detectors.unit import UnitTracker
from detectors.wer import WindowedWER

STATE_VERSION = 10


@dataclass(slots=True)
class MonitorState:
    """What is known of everybody and of each cohort.

    ``outages`` are the rates of everybody together by signal. ``normalisers`` are the versions of the
    normaliser seen so far: the last one is judged, the others' late utterances are only counted.
    """

    everybody: EverybodyDetector
    tracker: UnitTracker = field(default_factory=UnitTracker)
    reordering: Reordering = field(default_factory=Reordering)
    cohorts: dict[str, Cohort] = field(default_factory=dict)
    residuals: ResidualSums = field(default_factory=ResidualSums)
    healthy: Tally = field(default_factory=Tally)
    normalisers: list[str] = field(default_factory=list)
    outages: dict[str, Outage] = field(default_factory=dict)
    observed: int = 0

    @classmethod
    def start(cls, settings: MonitorSettings) -> MonitorState:
        """What is remembered before the first utterance."""
        rate = GLOBAL_SHARE * settings.false_alarms_per_day
        return cls(EverybodyDetector.start(settings.smallest_change, rate))

    @property
    def now_s(self) -> float:
        """The stream's time: the latest ``at_s`` seen."""
        return self.tracker.now_s

    def cohort(self, name: str, settings: MonitorSettings) -> Cohort:
        """The cohort of this name, a new one where there is none."""
        cohort = self.cohorts.get(name)
        if cohort is None:
            cohort = self.cohorts[name] = Cohort(name, WindowedWER(settings.window_s))
        return cohort


def written(state: MonitorState, settings: MonitorSettings) -> dict[str, Any]:
    """JSON-ready form, from which `read` makes an equal state."""
    return {"version": STATE_VERSION, "settings": dump(settings), "state": dump(state)}


def read(form: dict[str, Any], settings: MonitorSettings) -> MonitorState:
    """The state that `written` made this form of.

    Raises
    ------
    ValueError
        If the form is of another version or other settings.
    """
    if form.get("version") != STATE_VERSION or form.get("settings") != dump(settings):
        raise ValueError("the state was saved under other settings or by another version")
    return load(MonitorState, form["state"])
