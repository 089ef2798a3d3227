"""The database's layout and how an older one becomes the present one."""

from __future__ import annotations

import sqlite3

from service.errors import StartError

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE utterances (
        utterance_id   TEXT PRIMARY KEY,
        content        BLOB NOT NULL,     -- keyed digest of what was sent: recognises a duplicate
        cohort         TEXT NOT NULL,
        attributes     TEXT NOT NULL,     -- JSON object of declared attributes
        speaker        TEXT,              -- keyed hashes
        session        TEXT,
        recording      TEXT,
        spoken_at      REAL NOT NULL,     -- seconds since the epoch, as all times here
        received_at    REAL NOT NULL,
        duration_s     REAL,
        confidence     REAL,
        word_confidences TEXT,            -- JSON array of numbers
        audio          TEXT,              -- JSON object of numbers
        normaliser     TEXT NOT NULL,
        hypothesis_words INTEGER NOT NULL,
        hypothesis     BLOB,              -- token hashes, 8 bytes each; NULL once scored
        scored_seq     INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX utterances_unscored ON utterances (received_at) WHERE scored_seq IS NULL;

    CREATE TABLE waiting_references (     -- references whose utterance has not come yet
        utterance_id   TEXT PRIMARY KEY,
        content        BLOB NOT NULL,
        reference      BLOB,              -- token hashes; NULL for the verdict "correct"
        kind           TEXT NOT NULL,
        selection      TEXT NOT NULL,
        probability    REAL,
        normaliser     TEXT NOT NULL,
        corrected_at   REAL,
        received_at    REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX waiting_references_age ON waiting_references (received_at);

    CREATE TABLE scored (                 -- in the order in which the monitor sees them
        seq            INTEGER PRIMARY KEY AUTOINCREMENT,
        utterance_id   TEXT NOT NULL UNIQUE,
        reference_content BLOB NOT NULL,
        cohort         TEXT NOT NULL,
        attributes     TEXT NOT NULL,
        speaker        TEXT,
        unit_key       TEXT NOT NULL,
        spoken_at      REAL NOT NULL,
        scored_at      REAL NOT NULL,
        substitutions  INTEGER NOT NULL,
        deletions      INTEGER NOT NULL,
        insertions     INTEGER NOT NULL,
        hits           INTEGER NOT NULL,
        confidence     REAL,
        kind           TEXT NOT NULL,
        selection      TEXT NOT NULL,
        probability    REAL,
        normaliser     TEXT NOT NULL,
        detects        INTEGER NOT NULL   -- 1 where the row may feed the monitor
    );

    CREATE TABLE totals (                 -- sums over scored, kept beside it
        cohort          TEXT NOT NULL,
        selection       TEXT NOT NULL,
        utterances      INTEGER NOT NULL,
        errors          INTEGER NOT NULL,
        reference_words INTEGER NOT NULL,
        PRIMARY KEY (cohort, selection)
    ) WITHOUT ROWID;

    CREATE TABLE cohorts (cohort TEXT PRIMARY KEY) WITHOUT ROWID;

    CREATE TABLE snapshot (               -- one row: the monitor's state after seq
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        seq    INTEGER NOT NULL,
        taken_at REAL NOT NULL,
        state  TEXT NOT NULL
    );

    CREATE TABLE alerts (
        alert_id     TEXT PRIMARY KEY,
        signal       TEXT NOT NULL,
        cohort       TEXT,
        severity     TEXT NOT NULL,
        state        TEXT NOT NULL,       -- firing, acknowledged, resolved, noted
        onset_at     REAL NOT NULL,
        fired_at     REAL NOT NULL,
        resolved_at  REAL,
        facts        TEXT NOT NULL        -- JSON: everything that a notice says
    ) WITHOUT ROWID;

    CREATE TABLE outbox (
        delivery_id  TEXT PRIMARY KEY,
        alert_id     TEXT NOT NULL,
        receiver     TEXT NOT NULL,
        position     INTEGER NOT NULL,    -- order within an alert and receiver
        body         TEXT NOT NULL,
        state        TEXT NOT NULL,       -- pending, delivered, dead, dismissed
        attempts     INTEGER NOT NULL DEFAULT 0,
        due_at       REAL NOT NULL,
        created_at   REAL NOT NULL,
        last_outcome TEXT
    ) WITHOUT ROWID;
    CREATE INDEX outbox_pending ON outbox (due_at) WHERE state = 'pending';
    """,
    """
    CREATE TABLE interventions (          -- what people told the monitor; append-only
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        after_seq  INTEGER NOT NULL,      -- takes effect after this scored row
        action     TEXT NOT NULL,         -- rebaseline, announce
        cohort     TEXT,                  -- NULL: all of them
        author     TEXT NOT NULL,
        note       TEXT NOT NULL,
        taken_at   REAL NOT NULL
    );
    CREATE TRIGGER interventions_stay_as_they_are BEFORE UPDATE ON interventions
        BEGIN SELECT RAISE(ABORT, 'interventions are append-only'); END;
    CREATE TRIGGER interventions_stay BEFORE DELETE ON interventions
        BEGIN SELECT RAISE(ABORT, 'interventions are append-only'); END;
    ALTER TABLE scored ADD COLUMN session TEXT;    -- keyed hash, for what speakers of one recording share
    ALTER TABLE snapshot ADD COLUMN intervention INTEGER NOT NULL DEFAULT 0;
    """,
    """
    CREATE TABLE utterances_by_arrival (
        number         INTEGER PRIMARY KEY,   -- what ages together lies together, and leaves whole pages free
        utterance_id   TEXT NOT NULL UNIQUE,
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
    INSERT INTO utterances_by_arrival
        SELECT NULL, utterance_id, content, cohort, attributes, speaker, session, recording, spoken_at,
            received_at, duration_s, confidence, word_confidences, audio, normaliser, hypothesis_words,
            hypothesis, scored_seq
        FROM utterances ORDER BY received_at;
    DROP TABLE utterances;
    ALTER TABLE utterances_by_arrival RENAME TO utterances;
    CREATE INDEX utterances_unscored ON utterances (received_at) WHERE scored_seq IS NULL;

    CREATE TABLE hashing_key (            -- one row: which key the hashes here are made with
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        check_value BLOB NOT NULL         -- keyed digest of nothing
    );
    """,
    """
    CREATE TABLE base (                   -- one row: where the history begins, once retention took rows
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        seq    INTEGER NOT NULL,          -- the last scored row that is not needed any more
        intervention INTEGER NOT NULL,
        state  TEXT NOT NULL              -- the monitor's state there
    );

    CREATE TABLE hourly (                 -- sums over the scored rows that retention took
        hour_at      INTEGER NOT NULL,    -- begin of the hour in which they were spoken
        cohort       TEXT NOT NULL,
        selection    TEXT NOT NULL,
        kind         TEXT NOT NULL,
        normaliser   TEXT NOT NULL,
        utterances   INTEGER NOT NULL,
        substitutions INTEGER NOT NULL,
        deletions    INTEGER NOT NULL,
        insertions   INTEGER NOT NULL,
        reference_words INTEGER NOT NULL,
        capped_errors INTEGER NOT NULL,   -- errors of each utterance, at most its words
        loops        INTEGER NOT NULL,
        empties      INTEGER NOT NULL,
        PRIMARY KEY (hour_at, cohort, selection, kind, normaliser)
    ) WITHOUT ROWID;

    CREATE TABLE texts (                  -- only with privacy.keep_text; rows are appended and wiped in place
        number       INTEGER PRIMARY KEY,
        utterance_id TEXT NOT NULL,
        side         TEXT NOT NULL,       -- hypothesis, reference
        speaker      TEXT,                -- keyed hash
        received_at  REAL NOT NULL,
        is_wiped     INTEGER NOT NULL DEFAULT 0,
        text         BLOB NOT NULL        -- UTF-8; as many zeros once wiped
    );
    CREATE INDEX texts_utterance ON texts (utterance_id);
    CREATE INDEX texts_speaker ON texts (speaker) WHERE speaker IS NOT NULL;
    CREATE INDEX texts_age ON texts (received_at) WHERE is_wiped = 0;

    CREATE TABLE erasures (               -- what was erased on demand; append-only
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        subject    TEXT NOT NULL,         -- utterance, speaker, all
        key        TEXT,                  -- the utterance_id, or the speaker's keyed hash
        author     TEXT,
        texts      INTEGER NOT NULL,      -- how many were kept and are gone
        unreferenced INTEGER NOT NULL,    -- whose hashes are gone
        scored     INTEGER NOT NULL,      -- whose digests are gone; their counts stay
        erased_at  REAL NOT NULL
    );
    CREATE TRIGGER erasures_stay_as_they_are BEFORE UPDATE ON erasures
        BEGIN SELECT RAISE(ABORT, 'erasures are append-only'); END;
    CREATE TRIGGER erasures_stay BEFORE DELETE ON erasures
        BEGIN SELECT RAISE(ABORT, 'erasures are append-only'); END;
    """,
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
