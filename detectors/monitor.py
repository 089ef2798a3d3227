"""All cohorts, all signals: one deterministic state machine from scored utterances to events."""

from __future__ import annotations

from typing import Any

from detectors import interventions, monitor_state, open_shifts, progress, telling
from detectors.attribution import Attribution
from detectors.choices import OWN
from detectors.cohort import CohortView
from detectors.event import Event
from detectors.everybody.detector import EverybodyDetector
from detectors.monitor_state import MonitorState
from detectors.settings import MonitorSettings
from detectors.slices.worst import WorstSlices, worst_slices
from detectors.unit import ScoredUtterance, Unit

__all__ = ["Monitor", "MonitorSettings"]


class Monitor:
    """Watches every cohort for ever; a deterministic function of the utterances in their order.

    Examples
    --------
    >>> from detectors.alignment import ErrorCounts
    >>> monitor = Monitor(MonitorSettings(false_alarms_per_month=2))
    >>> counts = ErrorCounts(substitutions=1, deletions=0, insertions=0, hits=9)
    >>> monitor.update(ScoredUtterance("en-GB", at_s=0.0, counts=counts, speaker="ann"))
    []
    >>> [view] = monitor.views()
    >>> view.cohort, view.readiness.value, view.wer["all"].value
    ('en-GB', 'learning', 0.1)
    """

    def __init__(self, settings: MonitorSettings) -> None:
        self.settings = settings
        self._state = MonitorState.start(settings)

    @property
    def now_s(self) -> float:
        """The stream's time: the latest ``at_s`` seen."""
        held = self._state.reordering.held
        return held[-1].at_s if held else self._state.now_s

    @property
    def everybody(self) -> EverybodyDetector:
        """The detector of global changes."""
        return self._state.everybody

    @property
    def rates_evidence(self) -> dict[str, float]:
        """Evidence that a rate rose for everybody, by signal; 1 is an alarm."""
        return {signal: outage.evidence for signal, outage in self._state.outages.items()}

    def update(self, scored: ScoredUtterance) -> list[Event]:
        """Take the next scored utterance; return what it made certain, in order."""
        state, settings = self._state, self.settings
        state.cohort(scored.cohort, settings).count(scored)
        events: list[Event] = []
        known = state.normalisers
        if scored.normaliser not in known:
            if known:
                events += self.rebaseline()
            known.append(scored.normaliser)
        elif scored.normaliser != known[-1]:
            return events
        return events + self._take(state.reordering.add(scored, settings.reference_lag_s))

    def rebaseline(self, cohort: str | None = None) -> list[Event]:
        """Let what comes from now on be the new normal, for one cohort or for all.

        Returns
        -------
        The ends of the alarms that lasted: they rested on the old baseline. Before them, what utterances made
        certain that were held back until now.
        """
        events = self._take(self._state.reordering.release())
        return events + interventions.rebaseline(self._state, self.settings, cohort)

    def announce(self, about: str) -> list[Event]:
        """Judge what comes from now on against what was before: a planned change, of this description.

        Every cohort that can be judged and is not in alarm gets a verdict (`Signal.PLANNED`) in place of
        alarms; then what it became is its new normal. A new announcement replaces one that is not decided
        yet.

        Returns
        -------
        The end of an alarm about everybody, if one lasted: what follows is compared with before it. Before
        that, as for `rebaseline`.
        """
        events = self._take(self._state.reordering.release())
        return events + interventions.announce(self._state, self.settings, about)

    @property
    def held(self) -> int:
        """How many utterances wait for others that were spoken before them."""
        return len(self._state.reordering.held)

    def lasting(self) -> list[Event]:
        """The alarms that last, as they would be told now.

        Signal, cohort and onset are those of the alarm; the effect of a differential one follows what comes.
        """
        return telling.lasting(self._state, self.settings)

    def worst_slices(self, cohort: str, window_s: float) -> WorstSlices | None:
        """Where a cohort is served worst in the last so many seconds; None where it is not known."""
        known = self._state.cohorts.get(cohort)
        return None if known is None else worst_slices(known.slices, self.now_s - window_s, self.now_s)

    def change_since(self, cohort: str, since_s: float) -> Attribution | None:
        """Where the change of a cohort's WER since a time comes from, whether it raised an alarm or not."""
        return telling.change_since(self._state, cohort, since_s)

    def explained(self, event: Event) -> Event:
        """An event with where its rise comes from, by what is known now; it takes some milliseconds."""
        return telling.explained(self._state, event)

    def views(self) -> list[CohortView]:
        """What there is to show of every cohort, by name."""
        open_units: dict[str, list[Unit]] = {}
        for unit in self._state.tracker.open.values():
            open_units.setdefault(unit.cohort, []).append(unit)
        cohorts = sorted(self._state.cohorts.items())
        return [cohort.view(self.now_s, open_units.get(name, [])) for name, cohort in cohorts]

    @property
    def can_be_saved(self) -> bool:
        """Whether `to_state` holds everything; a river decider's own state is not included."""
        return self.settings.detector == OWN

    def to_state(self) -> dict[str, Any]:
        """JSON-ready state; `from_state` of the same settings continues exactly where it was taken."""
        return monitor_state.written(self._state, self.settings)

    def _take(self, ready: list[ScoredUtterance]) -> list[Event]:
        events: list[Event] = []
        for scored in ready:
            for unit in self._state.tracker.add(scored):
                events += progress.take(self._state, self.settings, unit)
            events += open_shifts.look(self._state, self.settings, scored.cohort)
        return events

    @classmethod
    def from_state(cls, state: dict[str, Any], settings: MonitorSettings) -> Monitor:
        """The monitor whose state `to_state` gave.

        Raises
        ------
        ValueError
            If the state is of another version or other settings; then feed the history again.
        """
        monitor = cls(settings)
        monitor._state = monitor_state.read(state, settings)
        return monitor
