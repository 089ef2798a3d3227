"""An alarm need not wait for the last shifts to end: silent ones are looked at once they could raise it.

A shift is complete when its speaker has been silent for 30 minutes, and a block with it; by then a cohort
with much traffic has said a lot more that nobody hears. Three minutes of silence end nearly as many. So while
one more block could name the cohort, each of its utterances asks what the block would be if the shifts that
have been silent for three minutes, the cohort's and the rest's, were over. If that block names it they are,
and should their speakers go on, that is another unit of speakers heard before (see `detectors.voices`).
Otherwise nothing happened: evidence, baselines and units are the same as without the look.

[T] For normal words of correlation rho within a shift, after every word the likelihood ratio of a rise by
delta is exp(delta A_u (x - b) / V - delta^2 A_u / (2 V)), a martingale: looked at before the shift's end and
again there, it is no more likely ever to be large than at the end (Ville). [S] that this goes for e-values
which rest on two moments alone, and for a rho that is not quite right.
"""

from __future__ import annotations

from detectors.block import Block, Residual
from detectors.cohort import Cohort
from detectors.event import Event
from detectors.monitor_state import MonitorState
from detectors.progress import close_block, gather, has_rest, settle
from detectors.settings import MonitorSettings

SILENT_S = 180.0
"""Seconds without a word after which a shift is mostly over."""


def look(state: MonitorState, settings: MonitorSettings, name: str) -> list[Event]:
    """Complete the silent shifts if that names this cohort, which was just heard; return what comes of it."""
    cohort = state.cohorts[name]
    detector = cohort.detector
    if detector is None or not detector.is_near or cohort.comparison or not cohort.level.is_settled:
        return []
    block = _block_now(state, cohort)
    if block is None or not (block.has_own and block.has_rest) or not detector.would_alarm(block):
        return []
    events: list[Event] = []
    for unit in state.tracker.close_idle(SILENT_S):
        other = state.cohorts[unit.cohort]
        was_settled = other.level.is_settled
        events += gather(state, settings, unit)
        if other.detector is not None:
            settle(state, settings, other, was_settled=was_settled)
    return events + close_block(state, settings, cohort)


def _block_now(state: MonitorState, cohort: Cohort) -> Block | None:
    assert cohort.blocks is not None
    blocks, everybody = cohort.blocks.copy(), state.residuals.copy()
    for unit in state.tracker.idle(SILENT_S):
        other = state.cohorts[unit.cohort]
        if other.blocks is None or unit.tally.reference_words == 0:
            continue
        expected = other.level.expect(unit)
        residual = Residual.of(unit, other.level.level, expected)
        if other.blocks.joins_rest:
            everybody.add(unit, residual)
        if other is cohort:
            blocks.add_own(unit, residual, is_judged=True)
    return blocks.close(everybody, cohort.level, state.now_s, has_rest=has_rest(state, cohort))
