"""References by recording: kept until no more of it is to come, then scored beside loop and writer."""

from __future__ import annotations

import asyncio
import logging
import math
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from detectors.alignment import ErrorCounts
from service.config import Config
from service.errors import Refused, StoreUnavailable, place_of
from service.ingest.recording_score import scores
from service.records import Outcome, Receipt, RecordingReference
from service.store.rows.recordings import (
    Ending,
    State,
    Version,
    read_due,
    read_ending,
    read_is_incomplete,
    read_parts,
    read_waiting,
)
from service.store.rows.scores import Scored, Scoring
from service.store.store import Store, connect
from service.store.writer import Writer
from service.telemetry.counts import Counts
from service.upkeep.age_clock import AgeClock

LOOK_EVERY_S = 1.0
AGED_SHARE = 0.95
"""A recording this near to the end of its retention may have lost its beginning."""
NONE = ErrorCounts(0, 0, 0, 0)

logger = logging.getLogger("werwatch.recordings")


@dataclass(frozen=True, slots=True)
class _Aligned:
    """What is to be written of a reference, if its recording is as it was read."""

    number: int
    reference: RecordingReference
    versions: dict[str, Version]
    scores: Sequence[Scored]
    refusal: Refused | None = None


class Recordings:
    """Scores references by recording, one after the other.

    A reference is read and aligned while others are answered and written. What was found is written in one
    transaction if the recording is still as it was read; else the reference goes on waiting. So nothing is
    lost if the service dies meanwhile: the next one finds what is due.
    """

    def __init__(
        self,
        store: Store,
        writer: Writer,
        config: Config,
        counts: Counts,
        scoring: Scoring,
        ages: AgeClock,
    ) -> None:
        self._store = store
        self._writer = writer
        self._detection = config.detection
        self._settle_s = config.recordings.settle.total_seconds()
        self._retention_s = config.privacy.unreferenced_retention.total_seconds()
        self._counts = counts
        self._ages = ages
        self._scoring = scoring
        self._db = connect(store.path, read_only=True)
        self._turn = asyncio.Lock()
        self._stumbled: set[int] = set()

    def close(self) -> None:
        """Close the connection that reads."""
        self._db.close()

    def keep(self, reference: RecordingReference) -> Receipt:
        """Keep a reference until it is due, inside a transaction that the caller holds.

        Raises
        ------
        Refused
            409 if the recording was scored with another reference, 410 if something of it was erased.
        """
        rows = self._store.recordings
        ended = rows.ended(reference.recording)
        if State.ERASED in ended:
            raise Refused(
                410,
                "something of this recording was erased, so no reference for it as a whole is taken; send "
                "references by utterance_id",
            )
        known = rows.known(reference.recording, reference.content)
        if known is not None and known.state in (State.WAITING, State.SCORED):
            utterances = known.utterances or None
            return Receipt(Outcome.DUPLICATE, counts=known.counts, utterances=utterances)
        if State.SCORED in ended and not reference.is_passage:
            raise Refused(
                409,
                "this recording was scored already with another reference; the first one counts. What came "
                "later takes references by utterance_id, or passages",
            )
        has_replaced = rows.put(reference, self._settle_s)
        return Receipt(Outcome.REPLACED if has_replaced else Outcome.WAITING)

    async def finish(self, reference: RecordingReference, receipt: Receipt) -> Receipt:
        """Score a reference that was kept, if it is due already; else it waits, as the receipt says.

        Raises
        ------
        Refused
            If it cannot be scored; it is kept as refused then.
        """
        if receipt.counts is not None:
            return receipt
        ending = None
        with suppress(StoreUnavailable, sqlite3.Error):
            await self._score_due(time.time(), reference.recording)
            ending = await asyncio.to_thread(read_ending, self._db, reference.recording, reference.content)
        if ending is None or ending.state is State.WAITING:
            return receipt
        if ending.state is not State.SCORED:
            raise Refused(422, ending.reason or "it was erased")
        return Receipt(
            Outcome.SCORED,
            counts=ending.counts,
            detects=self._detection.takes(reference.kind, reference.selection),
            utterances=ending.utterances,
        )

    async def score_rest(self) -> None:
        """Score also what waits for no more than what may yet come: of a history that has come to its end."""
        await self._score_due(math.inf)

    async def run(self) -> None:
        """Score what is due, again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            # Who writes says why; what is due is found again.
            with suppress(StoreUnavailable, sqlite3.Error):
                await self._score_due(time.time())

    async def _score_due(self, until: float, recording: str | None = None) -> None:
        for number in await asyncio.to_thread(read_due, self._db, until, recording):
            # One after the other, but nobody has to wait for all that is due before his own.
            async with self._turn:
                if number not in self._stumbled:
                    await self._score(number)

    async def _score(self, number: int) -> None:
        try:
            aligned = await asyncio.to_thread(self._align, number)
            receipts = None if aligned is None else await self._writer.run(partial(self._write, aligned))
        except (StoreUnavailable, sqlite3.Error):
            raise
        except Exception as error:  # noqa: BLE001 -- it holds up no other, and the next process tries again
            self._stumbled.add(number)
            fault = f"{type(error).__name__} at {place_of(error)}"
            logger.error("a reference by recording waits for the next start: %s", fault)
            return
        if receipts is not None:
            self._counts.end_recording(receipts, time.time())

    def _align(self, number: int) -> _Aligned | None:
        reference = read_waiting(self._db, number)
        if reference is None:
            return None
        parts = read_parts(self._db, reference.recording)
        versions = {part.utterance.utterance_id: part.version for part in parts}
        try:
            whole_since = self._ages.now() - AGED_SHARE * self._retention_s
            is_incomplete = read_is_incomplete(self._db, reference.recording)
            found = scores(reference, parts, whole_since, is_incomplete=is_incomplete)
            return _Aligned(number, reference, versions, found)
        except Refused as refusal:
            return _Aligned(number, reference, versions, (), refusal)

    def _write(self, aligned: _Aligned) -> list[Receipt] | None:
        """Receipts of the utterances that are scored now; None if the recording is not as it was read."""
        store, reference = self._store, aligned.reference
        if not store.recordings.is_waiting(aligned.number, reference.content):
            return None
        if store.recordings.versions(reference.recording) != aligned.versions:
            return None
        if aligned.refusal is not None:
            ending = Ending(State.REFUSED, aligned.refusal.detail)
            store.recordings.end(aligned.number, ending, time.time())
            return []
        detects = self._detection.takes(reference.kind, reference.selection)
        receipts = [self._scoring.put(scored, reference, detects=detects) for scored in aligned.scores]
        counts = sum((scored.counts for scored in aligned.scores), NONE)
        store.recordings.end(aligned.number, Ending(State.SCORED, None, len(receipts), counts), time.time())
        return receipts
