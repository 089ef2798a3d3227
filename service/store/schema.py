"""The database's layout and how an older one becomes the present one."""

from __future__ import annotations

import sqlite3

from service.errors import StartError
from service.store.first_layouts import FIRST_LAYOUTS

MIGRATIONS: tuple[str, ...] = (
    *FIRST_LAYOUTS,
    """
    ALTER TABLE alerts ADD COLUMN acknowledged_at REAL;
    ALTER TABLE alerts ADD COLUMN told_at REAL;     -- when its last notice was queued; NULL: nobody was told
    ALTER TABLE alerts ADD COLUMN held_until REAL;  -- an alert about everybody may explain it until then
    ALTER TABLE alerts ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;    -- how often it was told
    UPDATE alerts SET told_at = MAX(fired_at, CAST(strftime('%s', 'now') AS REAL)), revision = 1
        WHERE state = 'firing';
    UPDATE alerts SET told_at = COALESCE(resolved_at, fired_at), revision = 2 WHERE state <> 'firing';

    CREATE TABLE silences (                -- what is not told for a time; never deleted
        silence_id TEXT PRIMARY KEY,
        matchers   TEXT NOT NULL,         -- JSON array of strings such as "cohort=en-*"
        starts_at  REAL NOT NULL,
        ends_at    REAL NOT NULL,
        author     TEXT NOT NULL,
        note       TEXT NOT NULL,
        created_at REAL NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE alert_record (           -- every change of an alert or a silence; append-only
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        action     TEXT NOT NULL,
        alert_id   TEXT,
        silence_id TEXT,
        author     TEXT,                  -- NULL: the monitor
        note       TEXT NOT NULL,
        taken_at   REAL NOT NULL
    );
    CREATE INDEX alert_record_alert ON alert_record (alert_id);
    CREATE TRIGGER alert_record_stays_as_it_is BEFORE UPDATE ON alert_record
        BEGIN SELECT RAISE(ABORT, 'alert_record is append-only'); END;
    CREATE TRIGGER alert_record_stays BEFORE DELETE ON alert_record
        BEGIN SELECT RAISE(ABORT, 'alert_record is append-only'); END;

    CREATE TABLE receiver_memory (        -- what a receiver wants to know at an alert's next notice
        receiver   TEXT NOT NULL,
        alert_id   TEXT NOT NULL,
        memory     TEXT NOT NULL,
        PRIMARY KEY (receiver, alert_id)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE scored ADD COLUMN lexicon TEXT;    -- version of the critical terms; NULL: it has none
    ALTER TABLE scored ADD COLUMN critical_terms INTEGER;    -- in the reference; NULL as lexicon is
    ALTER TABLE scored ADD COLUMN critical_missed INTEGER;   -- those of them that the hypothesis lacks
    ALTER TABLE scored ADD COLUMN critical_inserted INTEGER; -- in the hypothesis, though nobody spoke them
    CREATE INDEX scored_critical ON scored (cohort, lexicon, spoken_at) WHERE lexicon IS NOT NULL;

    CREATE TABLE traces (                 -- in which distributed trace an utterance came
        number       INTEGER PRIMARY KEY,
        utterance_id TEXT NOT NULL UNIQUE,
        trace        TEXT NOT NULL,       -- 32 hexadecimal digits
        received_at  REAL NOT NULL
    );
    CREATE INDEX traces_age ON traces (received_at);

    CREATE TABLE claims (                 -- what somebody says of a slice; append-only
        number     INTEGER PRIMARY KEY AUTOINCREMENT,
        claim_id   TEXT NOT NULL UNIQUE,
        slice      TEXT NOT NULL,         -- JSON object of attributes
        excess_points REAL NOT NULL,
        alpha      REAL NOT NULL
    );
    CREATE TRIGGER claims_stay_as_they_are BEFORE UPDATE ON claims
        BEGIN SELECT RAISE(ABORT, 'claims are append-only'); END;
    CREATE TRIGGER claims_stay BEFORE DELETE ON claims
        BEGIN SELECT RAISE(ABORT, 'claims are append-only'); END;

    CREATE TABLE claim_record (           -- what became of claims; append-only
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        claim_id   TEXT NOT NULL,
        action     TEXT NOT NULL,         -- filed, confirmed, refuted, withdrawn, stood
        after_seq  INTEGER NOT NULL,      -- takes effect, or was found, after this scored row
        author     TEXT,                  -- NULL: the evidence
        note       TEXT NOT NULL,
        taken_at   REAL NOT NULL,
        UNIQUE (claim_id, action)
    );
    CREATE TRIGGER claim_record_stays_as_it_is BEFORE UPDATE ON claim_record
        BEGIN SELECT RAISE(ABORT, 'claim_record is append-only'); END;
    CREATE TRIGGER claim_record_stays BEFORE DELETE ON claim_record
        BEGIN SELECT RAISE(ABORT, 'claim_record is append-only'); END;

    CREATE TABLE claim_states (           -- the evidence on all claims after seq
        kind       TEXT PRIMARY KEY,      -- snapshot: the last one; base: where the rows that are left begin
        seq        INTEGER NOT NULL,
        record_id  INTEGER NOT NULL,      -- the last row of claim_record that it has heard
        state      TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE totals_by_kind (
        cohort          TEXT NOT NULL,
        selection       TEXT NOT NULL,
        kind            TEXT NOT NULL,
        utterances      INTEGER NOT NULL,
        errors          INTEGER NOT NULL,
        reference_words INTEGER NOT NULL,
        PRIMARY KEY (cohort, selection, kind)
    ) WITHOUT ROWID;
    INSERT INTO totals_by_kind
        SELECT cohort, selection, kind, SUM(utterances), SUM(errors), SUM(words) FROM (
            SELECT cohort, selection, kind, utterances, substitutions + deletions + insertions AS errors,
                reference_words AS words FROM hourly WHERE kind <> 'verbatim'
            UNION ALL
            SELECT cohort, selection, kind, 1, substitutions + deletions + insertions,
                substitutions + deletions + hits FROM scored WHERE kind <> 'verbatim'
        ) GROUP BY cohort, selection, kind;
    INSERT INTO totals_by_kind
        SELECT cohort, selection, 'verbatim', totals.utterances - IFNULL(others.utterances, 0),
            totals.errors - IFNULL(others.errors, 0), totals.reference_words - IFNULL(others.words, 0)
        FROM totals LEFT JOIN (
            SELECT cohort, selection, SUM(utterances) AS utterances, SUM(errors) AS errors,
                SUM(reference_words) AS words FROM totals_by_kind GROUP BY cohort, selection
        ) AS others USING (cohort, selection)
        WHERE totals.utterances > IFNULL(others.utterances, 0);
    DROP TABLE totals;
    ALTER TABLE totals_by_kind RENAME TO totals;

    CREATE TABLE recording_references (   -- references for whole recordings, or for passages of them
        number       INTEGER PRIMARY KEY,
        recording    TEXT NOT NULL,       -- keyed hash
        content      BLOB NOT NULL,
        is_passage   INTEGER NOT NULL,
        needed       INTEGER,             -- of how many utterances it consists; NULL: of those that come
        reference    BLOB,                -- token hashes; NULL: "correct", or it waits no more
        kind         TEXT NOT NULL,
        selection    TEXT NOT NULL,
        probability  REAL,
        normaliser   TEXT NOT NULL,
        corrected_at REAL,
        received_at  REAL NOT NULL,
        state        TEXT NOT NULL,       -- waiting, scored, refused, erased
        due_at       REAL,                -- when a waiting one is scored; NULL: once more came
        reason       TEXT,                -- why it was refused
        ended_at     REAL,
        utterances   INTEGER,             -- that were scored with it, and their counts
        substitutions INTEGER,
        deletions    INTEGER,
        insertions   INTEGER,
        hits         INTEGER,
        UNIQUE (recording, content)
    );
    CREATE INDEX recording_references_due ON recording_references (due_at) WHERE state = 'waiting';
    CREATE INDEX recording_references_age ON recording_references (received_at);
    CREATE INDEX utterances_recording ON utterances (recording) WHERE recording IS NOT NULL;
    """,
    """
    ALTER TABLE recording_references ADD COLUMN knots BLOB;  -- where words were joined; NULL as reference is
    """,
    """
    CREATE TABLE utterance_ids (          -- which row has an id; the newest rows are not in here
        utterance_id TEXT PRIMARY KEY,
        number       INTEGER NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO utterance_ids SELECT utterance_id, number FROM utterances ORDER BY utterance_id;
    CREATE TABLE filed (                  -- one row: up to which number they are
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        number INTEGER NOT NULL
    );
    INSERT INTO filed SELECT 1, IFNULL(MAX(number), 0) FROM utterances;

    CREATE TABLE utterances_by_number (
        number         INTEGER PRIMARY KEY,
        utterance_id   TEXT NOT NULL,     -- there is no second row with it: see utterance_ids.py
        content        BLOB NOT NULL,
        cohort         TEXT NOT NULL,
        attributes     TEXT NOT NULL,
        speaker        TEXT,
        session        TEXT,
        recording      TEXT,
        spoken_at      REAL NOT NULL,
        received_at    REAL NOT NULL,
        duration_s     REAL,
        confidence     REAL,
        word_confidences TEXT,
        audio          TEXT,
        normaliser     TEXT NOT NULL,
        hypothesis_words INTEGER NOT NULL,
        hypothesis     BLOB,
        scored_seq     INTEGER
    );
    INSERT INTO utterances_by_number
        SELECT number, utterance_id, content, cohort, attributes, speaker, session, recording, spoken_at,
            received_at, duration_s, confidence, word_confidences, audio, normaliser, hypothesis_words,
            hypothesis, scored_seq
        FROM utterances ORDER BY number;
    DROP TABLE utterances;
    ALTER TABLE utterances_by_number RENAME TO utterances;
    CREATE INDEX utterances_unscored ON utterances (received_at) WHERE scored_seq IS NULL;
    CREATE INDEX utterances_recording ON utterances (recording) WHERE recording IS NOT NULL;
    ALTER TABLE scored ADD COLUMN utterance_number INTEGER;    -- of its row in utterances
    UPDATE scored SET utterance_number =
        (SELECT number FROM utterance_ids WHERE utterance_ids.utterance_id = scored.utterance_id);
    """,
    """
    DROP TABLE utterance_ids;
    CREATE TABLE old_ids (                -- which row has an id; the newest rows are in neither: filed_ids.py
        id_key INTEGER NOT NULL,          -- 63 bits of its hash
        number INTEGER NOT NULL,
        PRIMARY KEY (id_key, number)
    ) WITHOUT ROWID;
    CREATE TABLE young_ids (              -- those that were filed last
        id_key INTEGER NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (id_key, number)
    ) WITHOUT ROWID;
    UPDATE filed SET number = 0;          -- the start files them
    """,
    """
    DROP TABLE old_ids;
    DROP TABLE young_ids;
    CREATE TABLE old_ids (                -- which row has an id; the newest rows are in neither: filed_ids.py
        bucket INTEGER PRIMARY KEY,       -- the first bits of the keys
        ids    BLOB NOT NULL              -- key and number of each: two numbers of 8 bytes, the lowest first
    );
    CREATE TABLE young_ids (              -- those that were filed last
        bucket INTEGER PRIMARY KEY,
        ids    BLOB NOT NULL
    );
    UPDATE filed SET number = 0;          -- the start files them
    """,
)


def version_of(connection: sqlite3.Connection) -> int:
    """Number of the database's layout; 0 where it has none of ours."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to the present layout, one version a transaction.

    Raises
    ------
    StartError
        If it was written by a newer werwatch.
    """
    version = version_of(connection)
    if version > len(MIGRATIONS):
        raise StartError(
            f"the data folder was written by a newer werwatch (layout {version}, this one knows up to "
            f"{len(MIGRATIONS)}); start the newer version or another data_dir"
        )
    for number in range(version, len(MIGRATIONS)):
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;"
        )
