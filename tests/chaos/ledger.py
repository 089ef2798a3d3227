"""What was promised: each object that was answered with a 2xx, and what may be there besides."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from detectors.alignment import align
from service.api.translate import Translator
from service.api.wire import ReferenceIn, UtteranceIn, parse
from service.records import Reference, Utterance
from service.store.utterance_values import tokens_of

Body = dict[str, Any]
"""One object as it is sent."""


@dataclass(slots=True)
class Versions:
    """What was sent under one id, in order; ``sure`` is the last that was acknowledged."""

    sent: list[Any] = field(default_factory=list)
    sure: int = -1

    def send(self, record: Any) -> None:
        if not self.sent or self.sent[-1].content != record.content:
            self.sent.append(record)

    def acknowledge(self) -> None:
        self.sure = len(self.sent) - 1

    def kept_as(self, content: bytes) -> Any:
        """The record that is kept; one that a later acknowledged one replaced must not be."""
        possible = [each for each in self.sent[max(self.sure, 0) :] if each.content == content]
        assert possible, "kept is what was never sent, or what was replaced"
        return possible[0]


class Ledger:
    """Keeps what was sent and what was acknowledged, and holds a store to it.

    Attributes
    ----------
    acknowledged
        How many utterances and references were answered, each as often as it was.
    kept_unanswered
        How many rows of what was not answered were found by a `check`: each may be there or not.
    declared
        How many new normals were answered.
    """

    def __init__(self, translator: Translator) -> None:
        self.acknowledged = self.kept_unanswered = self.declared = 0
        self._translator = translator
        self._utterances: dict[str, Versions] = {}
        self._references: dict[str, Versions] = {}
        self._scored: list[tuple[Any, ...]] = []
        self._alerts: dict[str, str] = {}
        self._notices: dict[str, tuple[str, str]] = {}

    def send(self, objects: Iterable[Body]) -> list[Versions]:
        """Note what is about to be sent; return what is to be acknowledged."""
        noted = []
        for each in objects:
            for versions, record in self._records(each):
                versions.send(record)
                noted.append(versions)
        return noted

    def acknowledge(self, noted: list[Versions]) -> None:
        """Note what was answered: from now on it must be there."""
        self.acknowledged += len(noted)
        for versions in noted:
            versions.acknowledge()

    def check(self, db: sqlite3.Connection) -> None:
        """Hold the store to what was promised, once, while nothing is sent."""
        utterances = self._check_utterances(db)
        references = self._check_references(db)
        self._check_scores(db, utterances, references)
        self._check_alerts(db)
        [(declared,)] = db.execute("SELECT COUNT(*) FROM interventions")
        assert declared >= self.declared

    def _check_utterances(self, db: sqlite3.Connection) -> dict[str, Utterance]:
        rows = db.execute("SELECT utterance_id, content FROM utterances").fetchall()
        return self._matched(self._utterances, rows)

    def _check_references(self, db: sqlite3.Connection) -> dict[str, Reference]:
        waiting = db.execute("SELECT utterance_id, content FROM waiting_references").fetchall()
        scored = db.execute("SELECT utterance_id, reference_content FROM scored").fetchall()
        return self._matched(self._references, waiting + scored)

    def _matched(self, promised: dict[str, Versions], rows: list[tuple[str, bytes]]) -> dict[str, Any]:
        kept = {key: promised[key].kept_as(content) for key, content in rows}
        assert len(kept) == len(rows), "something is there twice"
        sure = {key for key, versions in promised.items() if versions.sure >= 0}
        assert not sure - kept.keys(), f"lost: {sorted(sure - kept.keys())[:10]}"
        self.kept_unanswered += len(kept.keys() - sure)
        return kept

    def _check_scores(
        self, db: sqlite3.Connection, utterances: dict[str, Utterance], references: dict[str, Reference]
    ) -> None:
        rows = db.execute(
            "SELECT seq, utterance_id, cohort, spoken_at, speaker, substitutions, deletions, insertions, "
            "hits FROM scored ORDER BY seq"
        ).fetchall()
        # Scores are only ever added: what was read once is read again by whatever starts later.
        assert rows[: len(self._scored)] == self._scored
        for _, key, cohort, spoken_at, speaker, *counts in rows[len(self._scored) :]:
            utterance = utterances[key]
            assert (cohort, spoken_at, speaker) == (utterance.cohort, utterance.spoken_at, utterance.speaker)
            expected = align(references[key].tokens or (), tokens_of(utterance.hypothesis))
            assert counts == [
                expected.substitutions,
                expected.deletions,
                expected.insertions,
                expected.hits,
            ]
        self._scored = rows
        # Who has both is scored; who is scored has dropped the words.
        both = utterances.keys() & references.keys()
        assert {row[1] for row in rows} == both
        [(unscored,)] = db.execute("SELECT COUNT(*) FROM utterances WHERE scored_seq IS NULL")
        [(with_words,)] = db.execute("SELECT COUNT(*) FROM utterances WHERE hypothesis IS NOT NULL")
        assert unscored == with_words == len(utterances) - len(both)
        sums = db.execute(
            "SELECT cohort, selection, kind, COUNT(*), SUM(substitutions + deletions + insertions), "
            "SUM(substitutions + deletions + hits) FROM scored GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        ).fetchall()
        assert db.execute("SELECT * FROM totals ORDER BY cohort, selection, kind").fetchall() == sums

    def _check_alerts(self, db: sqlite3.Connection) -> None:
        alerts = dict(db.execute("SELECT alert_id, state FROM alerts").fetchall())
        for key, state in self._alerts.items():
            assert alerts[key] == state or (state, alerts[key]) == ("firing", "resolved")
        self._alerts = alerts
        rows = db.execute("SELECT delivery_id, body, state FROM outbox").fetchall()
        notices = {key: (body, state) for key, body, state in rows}
        for key, (body, state) in self._notices.items():
            assert notices[key][0] == body
            assert state == "pending" or notices[key][1] == state
        self._notices = notices

    def _records(self, sent: Body) -> list[tuple[Versions, Utterance | Reference]]:
        body, now = json.dumps(sent).encode(), time.time()
        key = sent["utterance_id"]
        if "reference" not in sent:
            utterance = self._translator.utterance(parse(UtteranceIn, body), now)
            return [(self._utterances.setdefault(key, Versions()), utterance)]
        reference = self._translator.reference(parse(ReferenceIn, body), now)
        assert isinstance(reference, Reference)
        found: list[tuple[Versions, Utterance | Reference]] = []
        found.append((self._references.setdefault(key, Versions()), reference))
        if reference.utterance is not None:
            found.append((self._utterances.setdefault(key, Versions()), reference.utterance))
        return found
