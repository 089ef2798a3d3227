"""A store with a long past, written straight into SQLite: what a service would hold after months.

The first rows go through a service, so that the monitor's saved state is a real one; the others are put
behind them, and the state is said to have seen them all.
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from conftest import RunningService, catches_up

from benchmarks.bodies import SECONDS_EACH, TEMPLATES, Bodies, scrambled
from benchmarks.running import BEGIN_S
from detectors.alignment import align
from service.api.translate import Translator
from service.api.wire import ReferenceIn, UtteranceIn, parse
from service.config import Config
from service.privacy import Hasher
from service.records import Reference, Utterance
from service.store.filed_ids import FiledIds, Pairs, id_keys, pairs_of
from service.store.store import FILE_NAME
from service.store.utterance_ids import MOST_FRESH, MOST_YOUNG
from service.store.utterance_values import tokens_of
from service.telemetry.counts import Counts
from service.upkeep.key_rotation import KEY_FILE

SEEN_BY_A_MONITOR = 20_000
DAY_S = 86_400.0
CACHE_KB = 2_000_000

UTTERANCES = """
INSERT INTO utterances (number, utterance_id, content, cohort, attributes, speaker, session, spoken_at,
    received_at, duration_s, confidence, audio, normaliser, hypothesis_words, hypothesis, scored_seq)
WITH RECURSIVE numbers (number) AS
    (VALUES (:first) UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < :last)
SELECT number + 1, scrambled(number), randomblob(16), cohort, attributes, speaker, session,
    :begin_s + number * :each_s, :received_s + number * :received_each_s,
    3.9, 0.76, '{"snr_db": 20.4}', normaliser, hypothesis_words,
    iif(number < :scored, NULL, hypothesis), iif(number < :scored, number + 1, NULL)
FROM numbers JOIN template ON template.position = number % :templates
"""
SCORED = """
INSERT INTO scored (seq, utterance_id, reference_content, cohort, attributes, speaker, session, unit_key,
    spoken_at, scored_at, substitutions, deletions, insertions, hits, confidence, kind, selection,
    probability, normaliser, detects, utterance_number)
WITH RECURSIVE numbers (number) AS
    (VALUES (:first) UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < :last)
SELECT number + 1, scrambled(number), randomblob(16), cohort, attributes, speaker, session, session,
    :begin_s + number * :each_s, :received_s + number * :received_each_s, substitutions, deletions,
    insertions, hits, 0.76, 'verbatim', 'random', 1.0, normaliser, 1, number + 1
FROM numbers JOIN template ON template.position = number % :templates
"""
IDS = "SELECT utterance_id, number FROM utterances WHERE number > ? AND number <= ?"
PORTION = 1_000_000
TEMPLATE = """
CREATE TEMP TABLE template (position INTEGER PRIMARY KEY, cohort, attributes, speaker, session, normaliser,
    hypothesis_words, hypothesis, substitutions, deletions, insertions, hits)
"""
TOTALS = """
INSERT OR REPLACE INTO totals SELECT cohort, selection, kind, COUNT(*),
    SUM(substitutions + deletions + insertions), SUM(substitutions + deletions + hits)
    FROM scored GROUP BY cohort, selection, kind
"""


@contextmanager
def seeded(
    folder: Path,
    utterances: int,
    scored: int,
    *,
    seen: int = SEEN_BY_A_MONITOR,
    each_s: float = SECONDS_EACH,
) -> Iterator[RunningService]:
    """A service that is not running yet, with so many utterances of which the first are scored.

    Parameters
    ----------
    seen
        What the monitor's state is learned from, at most.
    each_s
        Seconds between two utterances.
    """
    service = RunningService(folder)
    service.start().stop()
    known = min(scored, seen)
    with _opened(service) as db:
        _insert(db, 0, known, known, utterances, each_s)
    service.start()
    assert catches_up(service)
    service.stop()
    with _opened(service) as db:
        _insert(db, known, utterances, scored, utterances, each_s)
        db.execute(TOTALS)
        say_seen(db, scored)
        # As a service leaves them that took one after the other.
        middle = utterances - max(MOST_YOUNG, math.isqrt(MOST_FRESH * utterances))
        ids = FiledIds(db)
        for first in range(0, middle, PORTION):
            ids.file_large(_pairs(db, first, min(first + PORTION, middle)))
        ids.file(_pairs(db, middle, utterances))
        db.execute("UPDATE filed SET number = (SELECT MAX(number) FROM utterances)")
    yield service
    if service.process is not None and service.process.poll() is None:
        service.kill()


def say_seen(db: sqlite3.Connection, seq: int) -> None:
    """Let the monitor's saved state be that after so many scored rows."""
    db.execute("UPDATE snapshot SET seq = ?", (seq,))


def store_of(service: RunningService) -> Path:
    """The file."""
    return service.data_dir / FILE_NAME


@contextmanager
def _opened(service: RunningService) -> Iterator[sqlite3.Connection]:
    """The store, open to fast and careless writes."""
    with closing(sqlite3.connect(store_of(service), isolation_level=None)) as db:
        db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        db.create_function("scrambled", 1, scrambled, deterministic=True)
        db.execute(TEMPLATE)
        db.executemany("INSERT INTO template VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", _templates(service.data_dir))
        db.execute("BEGIN")
        yield db
        db.execute("COMMIT")


def _insert(
    db: sqlite3.Connection, first: int, last: int, scored: int, utterances: int, each_s: float
) -> None:
    values = {
        "scored": scored,
        "begin_s": BEGIN_S,
        "each_s": each_s,
        "received_s": time.time() - DAY_S,
        "received_each_s": DAY_S / utterances,
        "templates": TEMPLATES,
    }
    if first < scored:
        db.execute(SCORED, {**values, "first": first, "last": scored})
    if first < last:
        db.execute(UTTERANCES, {**values, "first": first, "last": last})


def _pairs(db: sqlite3.Connection, first: int, last: int) -> Pairs:
    rows = db.execute(IDS, (first, last)).fetchall()
    return pairs_of(id_keys([name for name, _ in rows]), [number for _, number in rows])


def _templates(data_dir: Path) -> Iterator[tuple[Any, ...]]:
    hasher = Hasher((data_dir / KEY_FILE).read_bytes())
    translator = Translator(Config(), hasher, Counts())
    bodies = Bodies(BEGIN_S)
    for number in range(TEMPLATES):
        record = translator.utterance(parse(UtteranceIn, bodies.utterance(number)), BEGIN_S)
        reference = translator.reference(parse(ReferenceIn, bodies.reference(number)), BEGIN_S)
        assert isinstance(reference, Reference)
        yield (number, *_columns(record, reference))


def _columns(record: Utterance, reference: Reference) -> tuple[Any, ...]:
    assert reference.tokens is not None
    counts = align(reference.tokens, tokens_of(record.hypothesis))
    return (
        record.cohort,
        "{}",
        record.speaker,
        record.session,
        record.normaliser,
        record.hypothesis_words,
        record.hypothesis,
        counts.substitutions,
        counts.deletions,
        counts.insertions,
        counts.hits,
    )
