"""How the store's layout came about, up to layout 4; `service.store.schema` goes on."""

from __future__ import annotations

FIRST_LAYOUTS: tuple[str, ...] = (
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
)
