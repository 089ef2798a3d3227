BEGIN TRANSACTION;
CREATE TABLE alerts (
        alert_id     TEXT PRIMARY KEY,
        signal       TEXT NOT NULL,
        cohort       TEXT,
        severity     TEXT NOT NULL,
        state        TEXT NOT NULL,       -- firing, resolved
        onset_at     REAL NOT NULL,
        fired_at     REAL NOT NULL,
        resolved_at  REAL,
        facts        TEXT NOT NULL        -- JSON: everything that a notice says
    ) WITHOUT ROWID;
INSERT INTO "alerts" VALUES('alert_6599a9dc5da77eabeb363e48','differential','en-GB-scotland','page','resolved',1772000000.0,1772000100.0,1772100000.0,'{"title": "en-GB-scotland: WER 10.0 % -> 30.0 %, +16.2 points against the rest (95 %: +8.5 to +24.0) since Wed 25 Feb 06:13 UTC", "severity": "page", "signal": "differential", "cohort": "en-GB-scotland", "since": "2026-02-25T06:13:20Z", "detected_at": "2026-03-03T12:13:20Z", "effect": {"unit": "WER points", "scale": "additive", "points": 16.25, "lower": 8.5, "upper": 24.0, "confidence": 0.95, "of": "cohort against the rest"}, "before": {"wer": 0.1, "utterances": 90, "speaker_shifts": 30, "reference_words": 1000, "substitutions": 60, "deletions": 30, "insertions": 10, "deletion_share": 0.3}, "after": {"wer": 0.3, "utterances": 40, "speaker_shifts": 13, "reference_words": 400, "substitutions": 40, "deletions": 70, "insertions": 10, "deletion_share": 0.583}, "during_global": false, "budget": {"false_alarms_per_month": 1.0}, "guarantee_held": true, "notes": ["Read at the alarm, the effect tends to be 1 to 3 points too high."], "recovered_at": "2026-02-26T10:00:00Z"}');
INSERT INTO "alerts" VALUES('alert_ca58825c0b7ee3b412f98cfe','differential','en-GB-scotland','page','firing',1772528400.0,1772540001.0,NULL,'{"title": "en-GB-scotland: WER 10.0 % -> 30.0 %, +16.2 points against the rest (95 %: +8.5 to +24.0) since Tue 03 Mar 09:00 UTC", "severity": "page", "signal": "differential", "cohort": "en-GB-scotland", "since": "2026-03-03T09:00:00Z", "detected_at": "2026-03-03T12:13:20Z", "effect": {"unit": "WER points", "scale": "additive", "points": 16.25, "lower": 8.5, "upper": 24.0, "confidence": 0.95, "of": "cohort against the rest"}, "before": {"wer": 0.1, "utterances": 90, "speaker_shifts": 30, "reference_words": 1000, "substitutions": 60, "deletions": 30, "insertions": 10, "deletion_share": 0.3}, "after": {"wer": 0.3, "utterances": 40, "speaker_shifts": 13, "reference_words": 400, "substitutions": 40, "deletions": 70, "insertions": 10, "deletion_share": 0.583}, "during_global": false, "budget": {"false_alarms_per_month": 1.0}, "guarantee_held": true, "notes": ["Read at the alarm, the effect tends to be 1 to 3 points too high."]}');
CREATE TABLE cohorts (cohort TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO "cohorts" VALUES('en-GB-scotland');
INSERT INTO "cohorts" VALUES('unknown');
CREATE TABLE outbox (
        delivery_id  TEXT PRIMARY KEY,
        alert_id     TEXT NOT NULL,
        receiver     TEXT NOT NULL,
        position     INTEGER NOT NULL,    -- order within an alert and receiver
        body         TEXT NOT NULL,
        state        TEXT NOT NULL,       -- pending, delivered, dead
        attempts     INTEGER NOT NULL DEFAULT 0,
        due_at       REAL NOT NULL,
        created_at   REAL NOT NULL,
        last_outcome TEXT
    ) WITHOUT ROWID;
INSERT INTO "outbox" VALUES('alert_6599a9dc5da77eabeb363e48-firing-oncall','alert_6599a9dc5da77eabeb363e48','oncall',0,'{"type":"werwatch.alert.firing","timestamp":"2026-02-25T06:15:00Z","data":{"alert_id":"alert_6599a9dc5da77eabeb363e48","state":"firing","title":"en-GB-scotland: WER 10.0 % -> 30.0 %, +16.2 points against the rest (95 %: +8.5 to +24.0) since Wed 25 Feb 06:13 UTC","severity":"page","signal":"differential","cohort":"en-GB-scotland","since":"2026-02-25T06:13:20Z","detected_at":"2026-03-03T12:13:20Z","effect":{"unit":"WER points","scale":"additive","points":16.25,"lower":8.5,"upper":24.0,"confidence":0.95,"of":"cohort against the rest"},"before":{"wer":0.1,"utterances":90,"speaker_shifts":30,"reference_words":1000,"substitutions":60,"deletions":30,"insertions":10,"deletion_share":0.3},"after":{"wer":0.3,"utterances":40,"speaker_shifts":13,"reference_words":400,"substitutions":40,"deletions":70,"insertions":10,"deletion_share":0.583},"during_global":false,"budget":{"false_alarms_per_month":1.0},"guarantee_held":true,"notes":["Read at the alarm, the effect tends to be 1 to 3 points too high."]}}','delivered',1,1772000100.0,1772000100.0,'HTTP 204');
INSERT INTO "outbox" VALUES('alert_6599a9dc5da77eabeb363e48-resolved-oncall','alert_6599a9dc5da77eabeb363e48','oncall',1,'{"type":"werwatch.alert.resolved","timestamp":"2026-02-26T10:00:00Z","data":{"alert_id":"alert_6599a9dc5da77eabeb363e48","state":"resolved","title":"en-GB-scotland: WER 10.0 % -> 30.0 %, +16.2 points against the rest (95 %: +8.5 to +24.0) since Wed 25 Feb 06:13 UTC","severity":"page","signal":"differential","cohort":"en-GB-scotland","since":"2026-02-25T06:13:20Z","detected_at":"2026-03-03T12:13:20Z","effect":{"unit":"WER points","scale":"additive","points":16.25,"lower":8.5,"upper":24.0,"confidence":0.95,"of":"cohort against the rest"},"before":{"wer":0.1,"utterances":90,"speaker_shifts":30,"reference_words":1000,"substitutions":60,"deletions":30,"insertions":10,"deletion_share":0.3},"after":{"wer":0.3,"utterances":40,"speaker_shifts":13,"reference_words":400,"substitutions":40,"deletions":70,"insertions":10,"deletion_share":0.583},"during_global":false,"budget":{"false_alarms_per_month":1.0},"guarantee_held":true,"notes":["Read at the alarm, the effect tends to be 1 to 3 points too high."],"recovered_at":"2026-02-26T10:00:00Z"}}','pending',0,1772100000.0,1772100000.0,NULL);
INSERT INTO "outbox" VALUES('alert_ca58825c0b7ee3b412f98cfe-firing-oncall','alert_ca58825c0b7ee3b412f98cfe','oncall',0,'{"type":"werwatch.alert.firing","timestamp":"2026-03-03T12:13:21Z","data":{"alert_id":"alert_ca58825c0b7ee3b412f98cfe","state":"firing","title":"en-GB-scotland: WER 10.0 % -> 30.0 %, +16.2 points against the rest (95 %: +8.5 to +24.0) since Tue 03 Mar 09:00 UTC","severity":"page","signal":"differential","cohort":"en-GB-scotland","since":"2026-03-03T09:00:00Z","detected_at":"2026-03-03T12:13:20Z","effect":{"unit":"WER points","scale":"additive","points":16.25,"lower":8.5,"upper":24.0,"confidence":0.95,"of":"cohort against the rest"},"before":{"wer":0.1,"utterances":90,"speaker_shifts":30,"reference_words":1000,"substitutions":60,"deletions":30,"insertions":10,"deletion_share":0.3},"after":{"wer":0.3,"utterances":40,"speaker_shifts":13,"reference_words":400,"substitutions":40,"deletions":70,"insertions":10,"deletion_share":0.583},"during_global":false,"budget":{"false_alarms_per_month":1.0},"guarantee_held":true,"notes":["Read at the alarm, the effect tends to be 1 to 3 points too high."]}}','pending',0,1772540001.0,1772540001.0,NULL);
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
INSERT INTO "scored" VALUES(1,'u-0',X'49AFBF5CAEBB9A2C983DCCCC980FEA47','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108',1772438400.0,1.7956047870121054649e+09,0,1,0,4,0.9,'verbatim','random',0.125,'en-1-82ec68',1);
INSERT INTO "scored" VALUES(2,'u-1',X'49AFBF5CAEBB9A2C983DCCCC980FEA47','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108',1772438460.0,1.79560478704230594634e+09,0,1,0,4,0.9,'verbatim','random',0.125,'en-1-82ec68',1);
INSERT INTO "scored" VALUES(3,'u-2',X'49AFBF5CAEBB9A2C983DCCCC980FEA47','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108',1772438520.0,1.79560478708695268629e+09,0,1,0,4,0.9,'verbatim','random',0.125,'en-1-82ec68',1);
INSERT INTO "scored" VALUES(4,'u-3',X'FC38E410CE3CD48A0168966110EF8346','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108',1772438580.0,1.79560478712686085703e+09,1,0,0,3,0.9,'verbatim','volunteered',NULL,'en-1-82ec68',0);
CREATE TABLE snapshot (               -- one row: the monitor's state after seq
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        seq    INTEGER NOT NULL,
        taken_at REAL NOT NULL,
        state  TEXT NOT NULL
    );
INSERT INTO "snapshot" VALUES(1,3,1.7956047889885029793e+09,'{"version": 2, "settings": {"false_alarms_per_month": 1.0, "smallest_change_points": 5.0, "tolerated_gap_points": 15.0, "window_s": 86400.0, "detector": "evidence"}, "state": {"everybody": {"smallest_change": 0.05, "false_alarms_per_day": 0.005, "rests": {}, "owns": {}, "trails": {}, "recoveries": {}, "alarm": null, "onset_interval": [0.0, 0.0]}, "tracker": {"now_s": 1772438520.0, "open": {"en-GB-scotland 33874d316e7467e7": {"key": "33874d316e7467e7", "cohort": "en-GB-scotland", "started_s": 1772438400.0, "last_s": 1772438520.0, "touched_s": 1772438520.0, "has_speaker": true, "tally": {"units": 0, "utterances": 3, "substitutions": 0, "deletions": 3, "insertions": 0, "reference_words": 15, "capped_errors": 3, "loops": 0, "empties": 0, "speakers": ["33874d316e7467e7"]}}}}, "cohorts": {"en-GB-scotland": {"name": "en-GB-scotland", "window": {"window_s": 86400.0, "buckets": 48, "slices": []}, "faded": {"fading_factor": 0.05, "units": 0, "means": [0.0, 0.0, 0.0, 0.0, 0.0]}, "all_units": {"units": 0.0, "errors": 0.0, "words": 0.0, "errors_squared": 0.0, "errors_words": 0.0, "words_squared": 0.0}, "total": {"units": 0, "utterances": 3, "substitutions": 0, "deletions": 3, "insertions": 0, "reference_words": 15, "capped_errors": 3, "loops": 0, "empties": 0, "speakers": []}, "healthy": {"units": 0, "utterances": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "reference_words": 0, "capped_errors": 0, "loops": 0, "empties": 0, "speakers": []}, "level": {"units": 0, "weight": 0.0, "mean": 0.0, "squares": 0.0, "speakers_known": true, "speakers": [], "is_learned": false, "voices": {"known": {}, "products": 0.0, "weight": 0.0}}, "blocks": null, "detector": null, "standing": null, "rates": {}, "precision": {"gathered": 0.0, "days": 0.0}, "ready_s": null, "differential": [0.05, 0, 0.0, 0.0], "last_scored_s": 1772438520.0, "last_unit_s": -Infinity}}, "residuals": {"weight": 0.0, "residuals": 0.0, "spreads": 0.0, "levels": 0.0, "tally": {"units": 0, "utterances": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "reference_words": 0, "capped_errors": 0, "loops": 0, "empties": 0, "speakers": []}}, "healthy": {"units": 0, "utterances": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "reference_words": 0, "capped_errors": 0, "loops": 0, "empties": 0, "speakers": []}, "normalisers": [""]}}');
CREATE TABLE totals (                 -- sums over scored, kept beside it
        cohort          TEXT NOT NULL,
        selection       TEXT NOT NULL,
        utterances      INTEGER NOT NULL,
        errors          INTEGER NOT NULL,
        reference_words INTEGER NOT NULL,
        PRIMARY KEY (cohort, selection)
    ) WITHOUT ROWID;
INSERT INTO "totals" VALUES('en-GB-scotland','random',3,3,15);
INSERT INTO "totals" VALUES('en-GB-scotland','volunteered',1,1,4);
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
INSERT INTO "utterances" VALUES('u-0',X'32443920EA0FE66F4A3B36522A51405B','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438400.0,1.79560478671372771258e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-1-82ec68',4,NULL,1);
INSERT INTO "utterances" VALUES('u-1',X'CAE7B003FB91D465E1F7EFF2280F65A7','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438460.0,1.7956047867413740158e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-1-82ec68',4,NULL,2);
INSERT INTO "utterances" VALUES('u-2',X'452AAB6345345FEEC40FB490D5865733','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438520.0,1.79560478678078532218e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-1-82ec68',4,NULL,3);
INSERT INTO "utterances" VALUES('u-3',X'C6F2D6C787E7E214E98EF8864DA7BFD4','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438580.0,1.79560478682744693759e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-1-82ec68',4,NULL,4);
INSERT INTO "utterances" VALUES('u-4',X'F13A3E5F44AD746121CDBB30EF407D2A','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438640.0,1.79560478686764979361e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-1-82ec68',4,X'6B1074F39BF2E600AACFF041F42330BA53CA91B5F00C9CDA78E8E49B612C8825',NULL);
INSERT INTO "utterances" VALUES('u-5',X'6C22786F82227D6167749AA558E3BDF6','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438700.0,1.79560478689736723904e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-1-82ec68',4,X'6B1074F39BF2E600AACFF041F42330BA53CA91B5F00C9CDA78E8E49B612C8825',NULL);
INSERT INTO "utterances" VALUES('u-empty',X'E5D5B2683441D9CE21693F34BDF5D8A7','unknown','{}',NULL,NULL,NULL,1772438820.0,1.79560478694070529935e+09,NULL,NULL,NULL,NULL,'en-1-82ec68',0,X'',NULL);
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
INSERT INTO "waiting_references" VALUES('early-1',X'D882AF7808C414BE974AB6AECD3C38F9',X'73F295488EC3265310F31C7C48F875B3BBFD1392E071640FF1FF64231D97799DAAB2AA59EB5637DB','verbatim','random',0.125,'en-1-82ec68',NULL,1.79560478715739488602e+09);
INSERT INTO "waiting_references" VALUES('early-2',X'97C4BF8BCF0A9FAAB72A514A53A5051B',NULL,'verbatim','requested',1.0,'en-1-82ec68',NULL,1.79560478719836521142e+09);
CREATE INDEX utterances_unscored ON utterances (received_at) WHERE scored_seq IS NULL;
CREATE INDEX waiting_references_age ON waiting_references (received_at);
CREATE INDEX outbox_pending ON outbox (due_at) WHERE state = 'pending';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('scored',4);
PRAGMA user_version = 1;
COMMIT;
