"""What travels between the edge, the store and the monitor: hashes and counts, and text where it is kept.

``text`` is what was sent, in UTF-8, where ``privacy.keep_text`` asks for it, and None everywhere else.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from detectors.alignment import ErrorCounts
from detectors.normalisation.critical_terms import CriticalCounts
from detectors.unit import Attributes

PAGE, TICKET = "page", "ticket"
"""How severe an alert is."""
EDITED = "edited"
"""The kind of a reference that changed what was said: not all errors against it are the engine's."""


class Outcome(StrEnum):
    """What became of a submitted object."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REPLACED = "replaced"
    WAITING = "waiting"
    SCORED = "scored"


class _Record(msgspec.Struct, frozen=True):
    """Made for everything that comes, which is why it is no dataclass."""

    def __repr__(self) -> str:
        """Name it without what it holds: a log or a traceback may print it."""
        return f"<{type(self).__name__}>"


class Utterance(_Record, frozen=True, gc=False):
    """One final transcript, hashed, as the store keeps it. Times are seconds since the epoch.

    Attributes
    ----------
    attributes, word_confidences, audio
        In JSON.
    hypothesis
        Codes of the tokens as `Hasher.code` makes them, joined.
    """

    utterance_id: str
    content: bytes
    cohort: str
    attributes: str
    speaker: str | None
    session: str | None
    recording: str | None
    spoken_at: float
    received_at: float
    duration_s: float | None
    confidence: float | None
    word_confidences: str | None
    audio: str | None
    normaliser: str
    hypothesis_words: int
    hypothesis: bytes
    text: bytes | None = None
    trace: str | None = None


class Reference(_Record, frozen=True):
    """What a human says was spoken, hashed; ``tokens`` is None for the verdict "correct"."""

    utterance_id: str
    content: bytes
    tokens: array[int] | None
    kind: str
    selection: str
    probability: float | None
    normaliser: str
    corrected_at: float | None
    received_at: float
    detects: bool
    utterance: Utterance | None = None
    text: bytes | None = None


class RecordingReference(_Record, frozen=True):
    """What a human says was spoken in a whole recording, or in a passage of it, hashed.

    Its text is never kept, since it could not be erased with an utterance of the recording.

    Attributes
    ----------
    recording
        The keyed hash of ``recording_id``, under which it is kept.
    utterances
        Of how many the recording consists; None: of those that are there once no more come.
    knots
        Where rules joined its words, and what they are if it is cut there (`detectors.recordings.cuttable`),
        packed.
    """

    recording_id: str
    recording: str
    content: bytes
    tokens: array[int] | None
    is_passage: bool
    utterances: int | None
    kind: str
    selection: str
    probability: float | None
    normaliser: str
    corrected_at: float | None
    received_at: float
    knots: array[int] | None = None

    @property
    def utterance_id(self) -> None:
        """It belongs to no one utterance."""


Record = Utterance | Reference | RecordingReference
"""What is submitted."""


class Receipt(msgspec.Struct, frozen=True):
    """What became of one submitted object. Many objects may share one.

    Attributes
    ----------
    texts
        How many were kept with it.
    critical
        The critical terms of a scored one, if it has any.
    is_late
        Whether it is an utterance of a recording that was scored before.
    utterances
        How many were scored with the reference for their recording.
    """

    outcome: Outcome
    cohort: str | None = None
    counts: ErrorCounts | None = None
    selection: str | None = None
    detects: bool | None = None
    is_new_utterance: bool = False
    is_empty: bool = False
    texts: int = 0
    critical: CriticalCounts | None = None
    kind: str | None = None
    is_late: bool = False
    utterances: int | None = None


def tallied(receipts: Sequence[Receipt]) -> list[tuple[Receipt, int]]:
    """Each receipt once, with how many objects share it."""
    shared = dict(zip(map(id, receipts), receipts, strict=True))
    return [(shared[name], times) for name, times in Counter(map(id, receipts)).items()]


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row of the monitor's input."""

    seq: int
    cohort: str
    speaker: str | None
    unit_key: str
    spoken_at: float
    counts: ErrorCounts
    session: str | None
    normaliser: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Place:
    """How far into the history: the scored row and the intervention that came last."""

    seq: int = 0
    intervention: int = 0


@dataclass(frozen=True, slots=True)
class SavedState:
    """The monitor's state at a place, as JSON."""

    place: Place
    state: str


@dataclass(frozen=True, slots=True)
class Intervention:
    """What a person told the monitor, and after which scored row it takes effect: an audit row."""

    id: int
    after_seq: int
    action: str
    cohort: str | None
    author: str
    note: str
    taken_at: float


class Subject(StrEnum):
    """What was erased on demand, or, when ``privacy.keep_text`` was switched off, everything."""

    UTTERANCE = "utterance"
    SPEAKER = "speaker"
    RECORDING = "recording"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took: texts, the hashes of what was unreferenced, the digests of what was scored."""

    texts: int = 0
    unreferenced: int = 0
    scored: int = 0

    def __add__(self, other: Erased) -> Erased:
        """Both together."""
        return Erased(
            self.texts + other.texts, self.unreferenced + other.unreferenced, self.scored + other.scored
        )


@dataclass(frozen=True, slots=True)
class Erasure:
    """A row of the record of erasures; ``key`` is the utterance_id or a keyed hash."""

    id: int
    subject: Subject
    key: str | None
    author: str | None
    erased: Erased
    erased_at: float


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as it stands; ``facts`` is what its notices say, ``revision`` how often it was told."""

    alert_id: str
    signal: str
    cohort: str | None
    severity: str
    state: str
    onset_at: float
    fired_at: float
    resolved_at: float | None
    facts: dict[str, Any]
    acknowledged_at: float | None = None
    told_at: float | None = None
    held_until: float | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way to one receiver, and what that remembers of its alert."""

    delivery_id: str
    alert_id: str
    receiver: str
    body: str
    attempts: int
    created_at: float
    memory: str | None = None


@dataclass(frozen=True, slots=True)
class SentNotice:
    """What became of a notice: pending, delivered or dead, after how many attempts, and why."""

    delivery_id: str
    alert_id: str
    receiver: str
    state: str
    attempts: int
    due_at: float
    created_at: float
    last_outcome: str | None
    type: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a receiver wanted to know of an alert that it was told of, and when that ended, if it has."""

    alert_id: str
    memory: str
    ended_at: float | None
