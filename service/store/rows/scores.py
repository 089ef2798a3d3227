"""The score of an utterance, put into the store in place of its words."""

from __future__ import annotations

import time
from dataclasses import dataclass

from detectors.alignment import ErrorCounts
from detectors.normalisation.critical_terms import CriticalCounts, Lexicon
from detectors.recordings.cuttable import Words
from service.records import Outcome, Receipt, RecordingReference, Reference
from service.store.store import Store
from service.store.utterance_values import Unscored

SECONDS_AN_HOUR = 3600
BY_RECORDING = b"by its recording"
"""Stands for the digest of an utterance's reference where that is a part of its recording's."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What was found in an utterance.

    Attributes
    ----------
    spoken
        Its reference, or its part of one; None where a human found it correct.
    heard
        Its words, as far as the reference covers them.
    """

    utterance: Unscored
    counts: ErrorCounts
    spoken: Words | None
    heard: Words


class Scoring:
    """Puts scores into the store, inside transactions that the caller holds.

    Parameters
    ----------
    lexicon
        The critical terms to count in what is scored, if any.
    """

    def __init__(self, store: Store, lexicon: Lexicon | None = None) -> None:
        self._store = store
        self._lexicon = lexicon

    def put(self, scored: Scored, reference: Reference | RecordingReference, *, detects: bool) -> Receipt:
        """Append a scored row and drop the utterance's tokens.

        Parameters
        ----------
        reference
            What it was scored with.
        detects
            Whether the row feeds the monitor.
        """
        utterance, counts, critical = scored.utterance, scored.counts, self._critical(scored)
        self._store.put_scored(
            (
                utterance.utterance_id,
                reference.content if isinstance(reference, Reference) else BY_RECORDING,
                utterance.cohort,
                utterance.attributes,
                utterance.speaker,
                _unit_key(utterance),
                utterance.spoken_at,
                time.time(),
                counts.substitutions,
                counts.deletions,
                counts.insertions,
                counts.hits,
                utterance.confidence,
                reference.kind,
                reference.selection,
                reference.probability,
                utterance.normaliser,
                int(detects),
                utterance.session,
                *self._critical_values(critical),
            ),
            utterance.number,
        )
        self._store.add_to_totals(utterance.cohort, reference.selection, reference.kind, counts)
        return Receipt(
            Outcome.SCORED,
            utterance.cohort,
            counts,
            reference.selection,
            detects,
            critical=critical,
            kind=reference.kind,
        )

    def _critical(self, scored: Scored) -> CriticalCounts | None:
        if self._lexicon is None:
            return None
        if scored.spoken is None:
            return self._lexicon.count_correct(scored.heard) or None
        return self._lexicon.count(scored.spoken, scored.heard) or None

    def _critical_values(self, critical: CriticalCounts | None) -> tuple[str | int | None, ...]:
        if self._lexicon is None or critical is None:
            return None, None, None, None
        return self._lexicon.version, critical.terms, critical.missed, critical.inserted


def _unit_key(utterance: Unscored) -> str:
    return utterance.session or f"{utterance.attributes} {int(utterance.spoken_at // SECONDS_AN_HOUR)}"
