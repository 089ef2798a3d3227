"""Claims in a running service: filed, withdrawn and judged, in the one thread that writes."""

from __future__ import annotations

import logging
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass

from detectors.claims.claim import COHORT, ClaimTest, ClaimView
from service.config import Config
from service.errors import Refused, place_of
from service.store.rows.claims import ClaimAction, ClaimPlace, ClaimRow, ClaimRows
from service.store.store import Store
from service.store.writer import Writer
from service.telemetry.counts import Counts
from service.watching.claim_course import ClaimCourse, Found
from service.watching.course import UNUSABLE
from service.watching.watch import REST_S, SAVE_EVERY_S

logger = logging.getLogger("werwatch.claims")


@dataclass(frozen=True, slots=True)
class Filing:
    """What somebody claims: an excess in WER points of a slice over everybody else at the same time."""

    slice: Mapping[str, str]
    excess_points: float
    author: str
    note: str


class Claims:
    """Keeps the evidence on every claim up to date, and its verdicts on record.

    Whatever was not put on record or saved when the process died is found again from the last saved state.
    """

    def __init__(self, store: Store, config: Config, counts: Counts) -> None:
        self._store = store
        self._most, self._alpha = config.claims.max, config.claims.alpha
        self._declared = config.declared
        self._counts = counts
        self._has_news, self._save_due = True, 0.0
        self._rests_until: float | None = None
        self._fault = ""
        self._unwritten: list[Found] = []
        self._saved = ClaimPlace()
        self._course = self._restore()

    def views(self) -> dict[str, ClaimView]:
        """What there is to show of the claims that are judged; any thread may ask."""
        return self._course.views()

    async def file(self, writer: Writer, filing: Filing) -> ClaimRow:
        """Let a claim be judged from now on.

        Raises
        ------
        Refused
            409 if there are as many already as there may be, 422 if its slice names what is not declared.
        """
        self._must_be_declared(filing.slice)
        identity = f"claim_{secrets.token_hex(8)}"

        def put() -> ClaimRow:
            rows = self._store.claims
            if rows.active() >= self._most:
                raise Refused(409, f"{self._most} claims are judged already (claims.max); withdraw one first")
            rows.put(identity, filing.slice, filing.excess_points, self._alpha)
            self._say(identity, ClaimAction.FILED, filing.author, filing.note)
            return found(rows, identity)

        return await writer.run(put)

    async def withdraw(self, writer: Writer, claim_id: str, author: str, note: str) -> ClaimRow:
        """Let a claim be judged no more; it stays on record.

        Raises
        ------
        Refused
            404 if there is no such claim, 409 if it is withdrawn already.
        """

        def withdraw() -> ClaimRow:
            claim = found(self._store.claims, claim_id)
            if any(row.action == ClaimAction.WITHDRAWN for row in self._store.claims.record(claim_id)):
                raise Refused(409, "this claim is withdrawn already")
            self._say(claim_id, ClaimAction.WITHDRAWN, author, note)
            return claim

        return await writer.run(withdraw)

    def go_on(self, most_s: float) -> bool:
        """Take the rows that came, for about so many seconds; return whether more of them may wait.

        Nothing is raised: what fails here is taken up again the next time.
        """
        try:
            has_more = self._go_on(most_s)
        except Exception as error:  # noqa: BLE001 -- the thread that writes must go on
            self._stumble(error)
            return False
        if self._fault and self._rests_until is None:
            logger.warning("claims go on")
            self._fault = ""
        return has_more

    def close(self) -> None:
        """Save the evidence for the next start, which would else find it from the history."""
        try:
            self._save()
        except sqlite3.Error as error:
            logger.warning("the evidence on claims is not saved, it is found from the last saved: %s", error)

    def _go_on(self, most_s: float) -> bool:
        now = time.monotonic()
        if self._rests_until is not None:
            if now < self._rests_until:
                return False
            self._course, self._rests_until = self._restore(), None
            self._unwritten.clear()
        is_due = now >= self._save_due
        self._write()
        # Where nothing is claimed, nothing is read.
        if self._has_news or is_due or not self._course.is_idle:
            self._has_news = False
            for made_certain in self._course.follow(self._store.claims, self._store.history.last_seq()):
                self._unwritten += made_certain
                self._write()
                if time.monotonic() >= now + most_s:
                    self._has_news = True
                    break
        if is_due:
            self._save()
        return self._has_news

    def _write(self) -> None:
        if not self._unwritten:
            return
        with self._store.transaction():
            for each in self._unwritten:
                now = time.time()
                self._store.claims.note(each.claim_id, each.action, each.after_seq, now, note=each.note)
        self._unwritten.clear()

    def _save(self) -> None:
        self._save_due = time.monotonic() + SAVE_EVERY_S
        course = self._course
        is_new = course.place.record_id > 0 and course.place != self._saved
        if is_new and not self._unwritten and self._rests_until is None:
            with self._store.transaction():
                self._store.claims.save(course.saved())
            self._saved = course.place

    def _stumble(self, error: Exception) -> None:
        self._counts.monitor_failures += 1
        self._has_news = True
        if not isinstance(error, sqlite3.Error):
            # It may have stopped halfway through a row, so only a saved state can be trusted.
            self._rests_until = time.monotonic() + REST_S
        # A message could hold a value of a row; its kind and place cannot.
        fault = f"{type(error).__name__} at {place_of(error)}"
        if fault != self._fault:
            logger.error("claims are behind: %s", fault)
        self._fault = fault

    def _restore(self) -> ClaimCourse:
        self._saved = ClaimPlace()
        for kind in ("snapshot", "base"):
            saved = self._store.claims.saved(kind)
            if saved is None:
                continue
            try:
                if saved.place.seq > self._store.history.last_seq():
                    raise ValueError("it is ahead of the history")
                course = ClaimCourse.continued(saved)
            except UNUSABLE as error:
                logger.warning(
                    "the saved evidence on claims is not used, the history is read again: %s", error
                )
                with self._store.transaction():
                    self._store.claims.forget(kind)
                continue
            self._saved = course.place
            return course
        return ClaimCourse()

    def _say(self, claim_id: str, action: ClaimAction, author: str, note: str) -> None:
        after_seq = self._store.history.last_seq()
        self._store.claims.note(claim_id, action, after_seq, time.time(), author=author, note=note)
        self._has_news = True

    def _must_be_declared(self, slice_: Mapping[str, str]) -> None:
        if slice_.keys() - self._declared - {COHORT}:
            known = ", ".join(sorted(self._declared | {COHORT}))
            detail = f"slice: a name in it is not declared in attributes or cohorts.by; known are {known}"
            raise Refused(422, detail, "#/slice")


def found(rows: ClaimRows, claim_id: str) -> ClaimRow:
    """The claim with this id.

    Raises
    ------
    Refused
        404 if there is none.
    """
    for row in rows.named(claim_id):
        return row
    raise Refused(404, "no such claim; GET /v1/claims lists them")


def shown_view(row: ClaimRow, views: Mapping[str, ClaimView]) -> ClaimView:
    """What there is to show of a claim that is not withdrawn; also of one that was filed a moment ago."""
    return views.get(row.claim_id) or ClaimTest.start(row.claim(0.0)).view()
