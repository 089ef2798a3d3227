"""What happens to a record inside the transaction: keep it, join it, score it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from msgspec.structs import replace

from detectors.alignment import ErrorCounts, align
from service.config import Config
from service.errors import Refused
from service.records import Outcome, Receipt, Record, Reference, Utterance
from service.store.key_record import UNRECOGNISABLE
from service.store.rows.erasures import ERASED
from service.store.rows.scores import Scored, Scoring
from service.store.rows.texts import Side
from service.store.store import Store

OTHER_COHORT = "other"


@dataclass(slots=True)
class CohortBook:
    """The cohorts so far; past ``most`` of them, new ones fold into ``other``."""

    most: int
    known: set[str] = field(default_factory=set)
    folded: Counter[str] = field(default_factory=Counter)

    def label(self, store: Store, cohort: str) -> str:
        """The label that an utterance of this cohort gets."""
        if cohort in self.known:
            return cohort
        if len(self.known - {OTHER_COHORT}) >= self.most and cohort != OTHER_COHORT:
            self.folded["utterances"] += 1
            return self.label(store, OTHER_COHORT)
        store.put_cohort(cohort)
        # A set of its own, so that the one that `or_undone` remembers stays as it is.
        self.known = self.known | {cohort}
        return cohort

    @contextmanager
    def or_undone(self) -> Iterator[None]:
        """Forget again what was learned inside if that fails, as the store forgets it."""
        known, folded = self.known, self.folded.copy()
        try:
            yield
        except BaseException:
            self.known, self.folded = known, folded
            raise


CORRECTED_LATE = (
    "this utterance was scored already with another reference; the first one counts: no words are kept with "
    "which a correction could be compared, so send a reference once it is final"
)


class Intake:
    """Accepts utterances and references inside a transaction of the store.

    Parameters
    ----------
    scoring
        Puts scores into the store.
    """

    def __init__(self, store: Store, config: Config, cohorts: CohortBook, scoring: Scoring) -> None:
        self._store = store
        self._detection = config.detection
        self._settle_s = config.recordings.settle.total_seconds()
        self._cohorts = cohorts
        self._scoring = scoring

    def keep_new(self, records: Sequence[Record]) -> list[Receipt | None]:
        """Keep at once the utterances that meet nothing: no row, no reference, no other record with their id.

        Returns
        -------
        list
            A receipt for each record, None for one that needs its own look, as all do if one of these
            utterances is known already.
        """
        names = [record.utterance_id for record in records]
        known, repeated = self._cohorts.known, _repeated(names)
        new = [
            record
            for record in records
            if isinstance(record, Utterance)
            and record.cohort in known
            and record.utterance_id not in repeated
        ]
        awaited = self._store.waiting.awaited([utterance.utterance_id for utterance in new])
        if awaited:
            new = [utterance for utterance in new if utterance.utterance_id not in awaited]
        if not (new and self._store.put_new_utterances(new)):
            return [None] * len(records)
        self._store.traces.put(new)
        recordings = {utterance.recording for utterance in new if utterance.recording is not None}
        scored = self._hear(recordings, new[-1].received_at) if recordings else set()
        receipts: list[Receipt | None] = [
            _accepted(
                utterance.cohort,
                not utterance.hypothesis_words,
                utterance.recording in scored,
                0
                if utterance.text is None
                else self._keep_text(utterance, Side.HYPOTHESIS, utterance.speaker),
            )
            for utterance in new
        ]
        if len(new) == len(records):
            return receipts
        by_name = dict(zip([utterance.utterance_id for utterance in new], receipts, strict=True))
        return [by_name.get(name) if isinstance(name, str) else None for name in names]

    def utterance(self, utterance: Utterance) -> Receipt:
        """Keep an utterance, and score it if its reference waits.

        Raises
        ------
        Refused
            409 if the id was scored with other content before, 410 if it was erased.
        """
        with self._cohorts.or_undone():
            return self._keep(utterance)

    def reference(self, reference: Reference) -> Receipt:
        """Score a reference against its utterance, or keep it until the utterance comes.

        Raises
        ------
        Refused
            409 if the utterance was scored with another reference, or under another normaliser; 410 if it was
            erased.
        """
        with self._cohorts.or_undone():
            return self._join(reference)

    def _keep(self, utterance: Utterance) -> Receipt:
        store, key = self._store, utterance.utterance_id
        known = store.known_content(key)
        outcome = Outcome.ACCEPTED
        if known is not None:
            content, scored_seq = known
            if content == utterance.content:
                return Receipt(Outcome.DUPLICATE)
            if content == ERASED:
                raise _erased()
            if content == UNRECOGNISABLE:
                raise _unrecognisable()
            if scored_seq is not None:
                raise Refused(409, "this utterance_id was scored already with another content; use a new id")
            outcome = Outcome.REPLACED
        cohort, is_empty = self._cohorts.label(store, utterance.cohort), not utterance.hypothesis_words
        store.put_utterance(utterance, cohort)
        store.traces.put([utterance])
        texts = self._keep_text(utterance, Side.HYPOTHESIS, utterance.speaker)
        is_late = False
        if utterance.recording is not None:
            is_late = bool(self._hear({utterance.recording}, utterance.received_at))
        kept = Receipt(
            outcome,
            cohort,
            is_new_utterance=known is None,
            is_empty=is_empty,
            texts=texts,
            is_late=is_late,
        )
        waiting = store.waiting.find(key)
        if waiting is not None and _comparable(waiting, utterance.normaliser):
            store.waiting.drop(key)
            detects = self._detection.takes(waiting.kind, waiting.selection)
            receipt = self._score(replace(waiting, detects=detects))
            if receipt is not None:
                return _with_utterance(receipt, kept)
        return kept

    def _hear(self, recordings: set[str], now: float) -> set[str]:
        return self._store.recordings.hear(recordings, now, self._settle_s)

    def _join(self, reference: Reference) -> Receipt:
        store, key = self._store, reference.utterance_id
        brought = None
        if reference.utterance is not None:
            brought = self._keep(reference.utterance)
        scored = store.scored_content(key)
        if scored is not None:
            if scored[0] == reference.content:
                return Receipt(Outcome.DUPLICATE, counts=scored[1])
            if scored[0] == ERASED:
                raise _erased()
            if scored[0] == UNRECOGNISABLE:
                raise _unrecognisable()
            raise Refused(409, CORRECTED_LATE)
        receipt = self._score(reference)
        if receipt is not None:
            if brought is not None:
                receipt = _with_utterance(receipt, brought)
            return receipt
        waiting = store.waiting.find(key)
        if waiting is not None and waiting.content == reference.content:
            return Receipt(Outcome.DUPLICATE)
        store.waiting.put(reference)
        texts = self._keep_text(reference, Side.REFERENCE, None)
        return Receipt(Outcome.WAITING if waiting is None else Outcome.REPLACED, texts=texts)

    def _score(self, reference: Reference) -> Receipt | None:
        store, key = self._store, reference.utterance_id
        found = store.unscored(key)
        if found is None:
            return None
        if found.tokens is None:
            raise _erased()
        if not _comparable(reference, found.normaliser):
            raise Refused(
                409,
                "the utterance was accepted under another normaliser, so its words cannot be compared; "
                "send the utterance again, then its reference",
            )
        if reference.tokens is None:
            counts = ErrorCounts(0, 0, 0, len(found.tokens))
        else:
            counts = align(reference.tokens, found.tokens)
        scored = Scored(found, counts, reference.tokens, found.tokens)
        receipt = self._scoring.put(scored, reference, detects=reference.detects)
        texts = self._keep_text(reference, Side.REFERENCE, found.speaker)
        return replace(receipt, texts=texts) if texts else receipt

    def _keep_text(self, record: Utterance | Reference, side: Side, speaker: str | None) -> int:
        if record.text is None:
            return 0
        self._store.texts.put(record.utterance_id, side, speaker, record.received_at, record.text)
        return 1


def _repeated(names: Sequence[str | None]) -> set[str | None]:
    """Those that stand there more than once."""
    if len(set(names)) == len(names):
        return set()
    return {name for name, times in Counter(names).items() if times > 1}


# Many come into few cohorts, and each of them gets the same.
@lru_cache(maxsize=4_096)
def _accepted(cohort: str, is_empty: bool, is_late: bool, texts: int) -> Receipt:  # noqa: FBT001 -- hashed
    return Receipt(
        Outcome.ACCEPTED, cohort, is_new_utterance=True, is_empty=is_empty, texts=texts, is_late=is_late
    )


def _with_utterance(scored: Receipt, utterance: Receipt) -> Receipt:
    """The receipt of a score, with what is to be counted of the utterance that came with it."""
    return replace(
        scored,
        is_new_utterance=utterance.is_new_utterance,
        is_empty=utterance.is_empty,
        is_late=utterance.is_late,
        texts=scored.texts + utterance.texts,
    )


def _unrecognisable() -> Refused:
    return Refused(
        409,
        "this utterance was scored before the hashing key was changed, so whether this is the same cannot be "
        "told; it counts once",
    )


def _erased() -> Refused:
    return Refused(410, "this utterance was erased, and its utterance_id takes nothing more; use a new id")


def _comparable(reference: Reference, normaliser: str) -> bool:
    return reference.tokens is None or reference.normaliser == normaliser
