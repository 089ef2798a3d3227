"""Critical terms of scored rows, summed where they were spoken: by cohort, over a stretch of time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from detectors.normalisation.critical_terms import CriticalCounts
from detectors.wer import UnitSums, ratio_interval

WINDOW_S = 30 * 86_400.0
"""How far back "before" reaches, and "now" of a cohort."""
_SUMS = """
    SELECT SUM(critical_terms), SUM(critical_missed), SUM(critical_inserted) FROM scored
    WHERE cohort = ? AND lexicon = ? AND spoken_at >= ? AND spoken_at < ? AND detects = 1
    GROUP BY COALESCE(speaker, unit_key), CAST(spoken_at / 43200 AS INTEGER)
"""


@dataclass(frozen=True, slots=True)
class CriticalTerms:
    """Critical terms of many utterances, with the sums over their speakers' half days that intervals need."""

    counts: CriticalCounts
    missed: UnitSums
    inserted: UnitSums

    def facts(self) -> dict[str, Any]:
        """What is shown of them: counts, and ratios to the terms spoken with 95 % intervals."""
        return {
            "terms": self.counts.terms,
            "missed": _share(self.counts.missed, self.missed, most=1.0),
            # More may be invented than was spoken.
            "inserted": _share(self.counts.inserted, self.inserted, most=float("inf")),
        }


class CriticalRows:
    """Over any connection, of the rows that may feed the monitor."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def sums(self, cohorts: Iterable[str], lexicon: str, begin_s: float, end_s: float) -> CriticalTerms:
        """Critical terms of one lexicon that cohorts spoke from one time to before another."""
        terms = missed = inserted = 0
        of_missed, of_inserted = UnitSums(), UnitSums()
        for cohort in cohorts:
            for unit in self._db.execute(_SUMS, (cohort, lexicon, begin_s, end_s)):
                terms, missed, inserted = terms + unit[0], missed + unit[1], inserted + unit[2]
                of_missed.add(unit[1], unit[0])
                of_inserted.add(unit[2], unit[0])
        return CriticalTerms(CriticalCounts(terms, missed, inserted), of_missed, of_inserted)

    def before_and_after(self, cohort: str | None, lexicon: str, onset_s: float) -> dict[str, Any]:
        """What is shown of the 30 days until an onset and of what came since, of a cohort or everybody."""
        cohorts = [cohort] if cohort is not None else self._all()
        before = self.sums(cohorts, lexicon, onset_s - WINDOW_S, onset_s)
        after = self.sums(cohorts, lexicon, onset_s, float("inf"))
        return {"lexicon": lexicon, "before": before.facts(), "after": after.facts()}

    def _all(self) -> list[str]:
        return [row[0] for row in self._db.execute("SELECT cohort FROM cohorts")]


def _share(count: int, sums: UnitSums, *, most: float) -> dict[str, float | int | None]:
    interval = ratio_interval(sums)
    return {
        "count": count,
        "ratio": None if sums.ratio is None else round(sums.ratio, 4),
        "lower": None if interval is None else round(interval.lower, 4),
        "upper": None if interval is None else round(min(interval.upper, most), 4),
    }
