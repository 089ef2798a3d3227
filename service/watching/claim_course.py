"""The evidence on claims on its way through the history: what people said of them, and the rows, in order."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from detectors.claims.claim import Claim, ClaimTest, ClaimView, Verdict
from detectors.shifts_heard import ShiftsHeard
from detectors.state import dump, load
from service.store.history import ENDLESS
from service.store.rows.claims import (
    ClaimAction,
    ClaimPlace,
    ClaimRecordRow,
    ClaimRows,
    JudgedRow,
    SavedClaims,
)
from service.watching.claim_facts import in_short

STATE_VERSION = 2
ROWS_AT_ONCE = 100
"""With a hundred claims they take some 50 ms, for which others may have to wait to be written."""
_ACTIONS = {Verdict.CONFIRMED: ClaimAction.CONFIRMED, Verdict.REFUTED: ClaimAction.REFUTED}


@dataclass(frozen=True, slots=True)
class Found:
    """What the rows made certain of a claim, to be put on record."""

    claim_id: str
    action: ClaimAction
    after_seq: int
    note: str


@dataclass(slots=True)
class _Judged:
    claim: Claim
    test: ClaimTest


class ClaimCourse:
    """Every claim that is not withdrawn with its evidence, and the place in the history that it has come to.

    A speaker-shift counts once: what of it is scored when it is over is passed over. All is a deterministic
    function of the record and the rows; the monitor and its settings play no part.
    """

    def __init__(self, place: ClaimPlace | None = None) -> None:
        self.place = place or ClaimPlace()
        self._lock = threading.Lock()
        self._judged: dict[str, _Judged] = {}
        self._heard = ShiftsHeard()

    @classmethod
    def continued(cls, saved: SavedClaims) -> ClaimCourse:
        """The course that goes on from what was saved.

        Raises
        ------
        UNUSABLE
            If it was saved by another version, or is damaged.
        """
        state = json.loads(saved.state)
        if state["version"] != STATE_VERSION:
            raise ValueError("the evidence on claims was saved by another version")
        course = cls(saved.place)
        course._judged = {claim_id: load(_Judged, each) for claim_id, each in state["claims"].items()}
        course._heard = load(ShiftsHeard, state["heard"])
        return course

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to judge."""
        return not self._judged

    def saved(self) -> SavedClaims:
        """What a course is continued from exactly."""
        claims = {claim_id: dump(each) for claim_id, each in self._judged.items()}
        state = {"version": STATE_VERSION, "claims": claims, "heard": dump(self._heard)}
        return SavedClaims(self.place, json.dumps(state))

    def views(self) -> dict[str, ClaimView]:
        """What there is to show of each claim now; any thread may ask."""
        with self._lock:
            return {claim_id: each.test.view() for claim_id, each in self._judged.items()}

    def follow(
        self, rows: ClaimRows, last_seq: int, until: ClaimPlace | None = None
    ) -> Iterator[list[Found]]:
        """Take what comes next, in its order; yield what each portion made certain.

        Parameters
        ----------
        last_seq
            The newest scored row: what is passed over where there is nothing to judge.
        until
            The last row, and the last row of the record, to take; without it, all that there are.
        """
        last = until or ClaimPlace(ENDLESS, ENDLESS)
        told = deque(rows.heard_after(self.place.record_id, last.record_id))
        while True:
            while told and (self.is_idle or told[0].after_seq <= self.place.seq):
                yield self._hear(rows, told.popleft())
            if self.is_idle:
                self._come_to(min(last_seq, last.seq))
                return
            batch = rows.judged_after(self.place.seq, ROWS_AT_ONCE, last.seq)
            # What was said between two of these rows is heard between them.
            heard_at = told[0].after_seq if told else ENDLESS
            taken = [row for row in batch if row.seq <= heard_at]
            yield self._judge(taken)
            if len(taken) < len(batch) or not batch:
                if not told:
                    return
                self._come_to(heard_at)

    def _come_to(self, seq: int) -> None:
        self.place = ClaimPlace(max(self.place.seq, seq), self.place.record_id)

    def _hear(self, rows: ClaimRows, said: ClaimRecordRow) -> list[Found]:
        found = []
        with self._lock:
            if said.action == ClaimAction.FILED:
                [filed] = rows.named(said.claim_id)
                claim = filed.claim(said.taken_at)
                self._judged[said.claim_id] = _Judged(claim, ClaimTest.start(claim))
            else:
                judged = self._judged.pop(said.claim_id)
                stood = in_short(judged.claim, judged.test.view())
                found.append(Found(said.claim_id, ClaimAction.STOOD, said.after_seq, stood))
            self.place = ClaimPlace(max(self.place.seq, said.after_seq), said.id)
        return found

    def _judge(self, batch: list[JudgedRow]) -> list[Found]:
        found = []
        for row in batch:
            with self._lock:
                judged = self._judged if self._heard.takes(row.scored) else {}
                for claim_id, each in judged.items():
                    before = each.test.verdict
                    each.test.update(each.claim, row.scored, row.received_s)
                    verdict = each.test.verdict
                    if verdict is not before and verdict in _ACTIONS:
                        note = in_short(each.claim, each.test.view())
                        found.append(Found(claim_id, _ACTIONS[verdict], row.seq, note))
                self.place = ClaimPlace(row.seq, self.place.record_id)
        return found
