BEGIN TRANSACTION;
CREATE TABLE alert_record (           -- every change of an alert or a silence; append-only
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        action     TEXT NOT NULL,
        alert_id   TEXT,
        silence_id TEXT,
        author     TEXT,                  -- NULL: the monitor
        note       TEXT NOT NULL,
        taken_at   REAL NOT NULL
    );
INSERT INTO "alert_record" VALUES(1,'fired','alert_ca58825c0b7ee3b412f98cfe',NULL,NULL,'+16.2 points (+8.5 to +24.0), page',1772540001.0);
INSERT INTO "alert_record" VALUES(2,'silence_made',NULL,'silence_d0d26f92aa9931b5','ann','cohort=en-US: works on floor 3',1795604700.0);
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
    , acknowledged_at REAL, told_at REAL, held_until REAL, revision INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
INSERT INTO "alerts" VALUES('alert_6599a9dc5da77eabeb363e48','differential','en-GB-scotland','page','resolved',1772000000.0,1772000100.0,1772100000.0,'{"title": "en-GB-scotland: WER 10.0 % -> 30.0 %, +16.2 points against the rest (95 %: +8.5 to +24.0) since Wed 25 Feb 06:13 UTC", "severity": "page", "signal": "differential", "change": "degraded", "cohort": "en-GB-scotland", "since": "2026-02-25T06:13:20Z", "since_interval": ["2026-03-03T08:20:00Z", "2026-03-03T09:26:40Z"], "detected_at": "2026-03-03T12:13:20Z", "effect": {"unit": "WER points", "scale": "additive", "points": 16.25, "lower": 8.5, "upper": 24.0, "confidence": 0.95, "of": "cohort against the rest"}, "before": {"wer": 0.1, "utterances": 90, "speaker_shifts": 30, "reference_words": 1000, "substitutions": 60, "deletions": 30, "insertions": 10, "deletion_share": 0.3, "loops": 0, "empty_hypotheses": 0}, "after": {"wer": 0.3, "utterances": 40, "speaker_shifts": 13, "reference_words": 400, "substitutions": 40, "deletions": 70, "insertions": 10, "deletion_share": 0.583, "loops": 0, "empty_hypotheses": 0}, "during_global": false, "budget": {"false_alarms_per_month": 1.0}, "guarantee_held": true, "announced": null, "notes": ["Read at the alarm, the effect tends to be 1 to 3 points too high."], "recovered_at": "2026-02-26T10:00:00Z", "resolution": "recovered"}',NULL,1772100000.0,NULL,2);
INSERT INTO "alerts" VALUES('alert_ca58825c0b7ee3b412f98cfe','differential','en-GB-scotland','page','firing',1772528400.0,1772540001.0,NULL,'{"title": "en-GB-scotland: WER 10.0 % -> 30.0 %, +16.2 points against the rest (95 %: +8.5 to +24.0) since Tue 03 Mar 09:00 UTC", "severity": "page", "signal": "differential", "change": "degraded", "cohort": "en-GB-scotland", "since": "2026-03-03T09:00:00Z", "since_interval": ["2026-03-03T08:20:00Z", "2026-03-03T09:26:40Z"], "detected_at": "2026-03-03T12:13:20Z", "effect": {"unit": "WER points", "scale": "additive", "points": 16.25, "lower": 8.5, "upper": 24.0, "confidence": 0.95, "of": "cohort against the rest"}, "before": {"wer": 0.1, "utterances": 90, "speaker_shifts": 30, "reference_words": 1000, "substitutions": 60, "deletions": 30, "insertions": 10, "deletion_share": 0.3, "loops": 0, "empty_hypotheses": 0}, "after": {"wer": 0.3, "utterances": 40, "speaker_shifts": 13, "reference_words": 400, "substitutions": 40, "deletions": 70, "insertions": 10, "deletion_share": 0.583, "loops": 0, "empty_hypotheses": 0}, "during_global": false, "budget": {"false_alarms_per_month": 1.0}, "guarantee_held": true, "announced": null, "notes": ["Read at the alarm, the effect tends to be 1 to 3 points too high."]}',NULL,1772540001.0,NULL,1);
CREATE TABLE base (                   -- one row: where the history begins, once retention took rows
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        seq    INTEGER NOT NULL,          -- the last scored row that is not needed any more
        intervention INTEGER NOT NULL,
        state  TEXT NOT NULL              -- the monitor's state there
    );
INSERT INTO "base" VALUES(1,6,2,'{"version": 2, "settings": {"false_alarms_per_month": 1.0, "smallest_change_points": 5.0, "tolerated_gap_points": 15.0, "window_s": 86400.0, "detector": "evidence"}, "state": {"everybody": {"smallest_change": 0.05, "false_alarms_per_day": 0.005, "rests": {}, "owns": {}, "trails": {}, "recoveries": {}, "alarm": null, "onset_interval": [0.0, 0.0]}, "tracker": {"now_s": 1772439060.0, "open": {"en-GB-scotland 33874d316e7467e7": {"key": "33874d316e7467e7", "cohort": "en-GB-scotland", "started_s": 1772439000.0, "last_s": 1772439060.0, "touched_s": 1772439060.0, "has_speaker": true, "session": "eb4231184092e108", "tally": {"units": 0, "utterances": 2, "substitutions": 0, "deletions": 1, "insertions": 0, "reference_words": 7, "capped_errors": 1, "loops": 0, "empties": 0, "speakers": ["33874d316e7467e7"]}}}}, "cohorts": {"en-GB-scotland": {"name": "en-GB-scotland", "window": {"window_s": 86400.0, "buckets": 48, "slices": []}, "faded": {"fading_factor": 0.05, "units": 0, "means": [0.0, 0.0, 0.0, 0.0, 0.0]}, "all_units": {"units": 0.0, "errors": 0.0, "words": 0.0, "errors_squared": 0.0, "errors_words": 0.0, "words_squared": 0.0}, "total": {"units": 0, "utterances": 5, "substitutions": 0, "deletions": 4, "insertions": 0, "reference_words": 22, "capped_errors": 4, "loops": 0, "empties": 0, "speakers": []}, "healthy": {"units": 0, "utterances": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "reference_words": 0, "capped_errors": 0, "loops": 0, "empties": 0, "speakers": []}, "level": {"units": 0, "weight": 0.0, "mean": 0.0, "squares": 0.0, "speakers_known": true, "sessions_known": false, "is_settled": false, "voices": {"speakers": {"prior_share": 0.03, "known": {}, "products": 0.0, "weight": 0.0}, "sessions": {"prior_share": 0.01, "known": {}, "products": 0.0, "weight": 0.0}}}, "blocks": null, "detector": null, "standing": null, "comparison": null, "rates": {}, "precision": {"gathered": 0.0, "days": 0.0}, "ready_s": null, "differential": [0.05, 0, 0.0, 0.0], "last_scored_s": 1772439060.0, "last_unit_s": -Infinity}}, "residuals": {"weight": 0.0, "residuals": 0.0, "spreads": 0.0, "levels": 0.0, "tally": {"units": 0, "utterances": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "reference_words": 0, "capped_errors": 0, "loops": 0, "empties": 0, "speakers": []}}, "healthy": {"units": 0, "utterances": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "reference_words": 0, "capped_errors": 0, "loops": 0, "empties": 0, "speakers": []}, "normalisers": ["en-2-825eb2"], "observed": 0}}');
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
INSERT INTO "claim_record" VALUES(1,'claim_0011223344556677','filed',6,'ann','told by the ward',1795604899.0);
CREATE TABLE claim_states (           -- the evidence on all claims after seq
        kind       TEXT PRIMARY KEY,      -- snapshot: the last one; base: where the rows that are left begin
        seq        INTEGER NOT NULL,
        record_id  INTEGER NOT NULL,      -- the last row of claim_record that it has heard
        state      TEXT NOT NULL
    ) WITHOUT ROWID;
INSERT INTO "claim_states" VALUES('snapshot',6,1,'{"version": 1, "claims": {"claim_0011223344556677": {"claim": {"slice": {"site": "imaging-3"}, "excess": 0.08, "alpha": 0.025, "filed_s": 1795604899.0}, "test": {"bets": {"claimed": 0.08, "alpha": 0.025, "above": {"now": 1.0, "highest": 1.0}, "below": {"now": 1.0, "highest": 1.0}, "rises": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], "falls": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], "excess": {"value": 0.0, "weight": 0.0}, "level": {"value": 0.15, "weight": 10.0}, "spread": {"value": 0.02, "weight": 10.0}, "rest_spread": {"value": 0.02, "weight": 10.0}}, "tracker": {"now_s": -Infinity, "open": {}}, "own": {"waiting": [], "compared": {"units": 0, "utterances": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "reference_words": 0, "capped_errors": 0, "loops": 0, "empties": 0, "speakers": []}, "speakers": [], "sessions": [], "speakers_known": true, "not_compared": 0}, "rest": {"waiting": [], "compared": {"units": 0, "utterances": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "reference_words": 0, "capped_errors": 0, "loops": 0, "empties": 0, "speakers": []}, "speakers": [], "sessions": [], "speakers_known": true, "not_compared": 0}, "normalisers": []}}}}');
CREATE TABLE claims (                 -- what somebody says of a slice; append-only
        number     INTEGER PRIMARY KEY AUTOINCREMENT,
        claim_id   TEXT NOT NULL UNIQUE,
        slice      TEXT NOT NULL,         -- JSON object of attributes
        excess_points REAL NOT NULL,
        alpha      REAL NOT NULL
    );
INSERT INTO "claims" VALUES(1,'claim_0011223344556677','{"site": "imaging-3"}',8.0,0.025);
CREATE TABLE cohorts (cohort TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO "cohorts" VALUES('en-GB-scotland');
INSERT INTO "cohorts" VALUES('unknown');
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
INSERT INTO "erasures" VALUES(1,'utterance','u-gone','ann',1,1,0,1795604800.0);
CREATE TABLE filed (                  -- one row: up to which number they are
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        number INTEGER NOT NULL
    );
INSERT INTO "filed" VALUES(1,7);
CREATE TABLE hashing_key (            -- one row: which key the hashes here are made with
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        check_value BLOB NOT NULL         -- keyed digest of nothing
    );
INSERT INTO "hashing_key" VALUES(1,X'18A9BFEBAE144620E21E683919F56900');
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
INSERT INTO "hourly" VALUES(1772434800,'en-GB-scotland','random','verbatim','en-2-825eb2',3,1,1,0,12,2,0,0);
CREATE TABLE interventions (          -- what people told the monitor; append-only
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        after_seq  INTEGER NOT NULL,      -- takes effect after this scored row
        action     TEXT NOT NULL,         -- rebaseline, announce
        cohort     TEXT,                  -- NULL: all of them
        author     TEXT NOT NULL,
        note       TEXT NOT NULL,
        taken_at   REAL NOT NULL
    );
INSERT INTO "interventions" VALUES(1,4,'rebaseline','en-GB-scotland','ann','new microphones',1.79560474658910346028e+09);
INSERT INTO "interventions" VALUES(2,4,'announce',NULL,'ann','engine version 2026-11',1.79560474663328337673e+09);
CREATE TABLE old_ids (                -- which row has an id; the newest rows are in neither: filed_ids.py
        id_key INTEGER NOT NULL,          -- 63 bits of its hash
        number INTEGER NOT NULL,
        PRIMARY KEY (id_key, number)
    ) WITHOUT ROWID;
INSERT INTO "old_ids" VALUES(566004187601560417,4);
INSERT INTO "old_ids" VALUES(628178991951217489,1);
INSERT INTO "old_ids" VALUES(1442534252452904756,2);
INSERT INTO "old_ids" VALUES(6984281138667929470,3);
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
INSERT INTO "outbox" VALUES('alert_6599a9dc5da77eabeb363e48-firing-oncall','alert_6599a9dc5da77eabeb363e48','oncall',0,'{"type":"werwatch.alert.firing","timestamp":"2026-02-25T06:15:00Z","data":{"alert_id":"alert_6599a9dc5da77eabeb363e48","state":"firing","title":"en-GB-scotland: WER 10.0 % -> 30.0 %, +16.2 points against the rest (95 %: +8.5 to +24.0) since Wed 25 Feb 06:13 UTC","severity":"page","signal":"differential","change":"degraded","cohort":"en-GB-scotland","since":"2026-02-25T06:13:20Z","since_interval":["2026-03-03T08:20:00Z","2026-03-03T09:26:40Z"],"detected_at":"2026-03-03T12:13:20Z","effect":{"unit":"WER points","scale":"additive","points":16.25,"lower":8.5,"upper":24.0,"confidence":0.95,"of":"cohort against the rest"},"before":{"wer":0.1,"utterances":90,"speaker_shifts":30,"reference_words":1000,"substitutions":60,"deletions":30,"insertions":10,"deletion_share":0.3,"loops":0,"empty_hypotheses":0},"after":{"wer":0.3,"utterances":40,"speaker_shifts":13,"reference_words":400,"substitutions":40,"deletions":70,"insertions":10,"deletion_share":0.583,"loops":0,"empty_hypotheses":0},"during_global":false,"budget":{"false_alarms_per_month":1.0},"guarantee_held":true,"announced":null,"notes":["Read at the alarm, the effect tends to be 1 to 3 points too high."]}}','delivered',1,1772000100.0,1772000100.0,'HTTP 204');
INSERT INTO "outbox" VALUES('alert_6599a9dc5da77eabeb363e48-resolved-oncall','alert_6599a9dc5da77eabeb363e48','oncall',1,'{"type":"werwatch.alert.resolved","timestamp":"2026-02-26T10:00:00Z","data":{"alert_id":"alert_6599a9dc5da77eabeb363e48","state":"resolved","title":"en-GB-scotland: WER 10.0 % -> 30.0 %, +16.2 points against the rest (95 %: +8.5 to +24.0) since Wed 25 Feb 06:13 UTC","severity":"page","signal":"differential","change":"degraded","cohort":"en-GB-scotland","since":"2026-02-25T06:13:20Z","since_interval":["2026-03-03T08:20:00Z","2026-03-03T09:26:40Z"],"detected_at":"2026-03-03T12:13:20Z","effect":{"unit":"WER points","scale":"additive","points":16.25,"lower":8.5,"upper":24.0,"confidence":0.95,"of":"cohort against the rest"},"before":{"wer":0.1,"utterances":90,"speaker_shifts":30,"reference_words":1000,"substitutions":60,"deletions":30,"insertions":10,"deletion_share":0.3,"loops":0,"empty_hypotheses":0},"after":{"wer":0.3,"utterances":40,"speaker_shifts":13,"reference_words":400,"substitutions":40,"deletions":70,"insertions":10,"deletion_share":0.583,"loops":0,"empty_hypotheses":0},"during_global":false,"budget":{"false_alarms_per_month":1.0},"guarantee_held":true,"announced":null,"notes":["Read at the alarm, the effect tends to be 1 to 3 points too high."],"recovered_at":"2026-02-26T10:00:00Z","resolution":"recovered"}}','dead',1,1.79560490179738664628e+09,1772100000.0,'the receiver is not configured any more');
INSERT INTO "outbox" VALUES('alert_ca58825c0b7ee3b412f98cfe-firing-oncall','alert_ca58825c0b7ee3b412f98cfe','oncall',0,'{"type":"werwatch.alert.firing","timestamp":"2026-03-03T12:13:21Z","data":{"alert_id":"alert_ca58825c0b7ee3b412f98cfe","state":"firing","title":"en-GB-scotland: WER 10.0 % -> 30.0 %, +16.2 points against the rest (95 %: +8.5 to +24.0) since Tue 03 Mar 09:00 UTC","severity":"page","signal":"differential","change":"degraded","cohort":"en-GB-scotland","since":"2026-03-03T09:00:00Z","since_interval":["2026-03-03T08:20:00Z","2026-03-03T09:26:40Z"],"detected_at":"2026-03-03T12:13:20Z","effect":{"unit":"WER points","scale":"additive","points":16.25,"lower":8.5,"upper":24.0,"confidence":0.95,"of":"cohort against the rest"},"before":{"wer":0.1,"utterances":90,"speaker_shifts":30,"reference_words":1000,"substitutions":60,"deletions":30,"insertions":10,"deletion_share":0.3,"loops":0,"empty_hypotheses":0},"after":{"wer":0.3,"utterances":40,"speaker_shifts":13,"reference_words":400,"substitutions":40,"deletions":70,"insertions":10,"deletion_share":0.583,"loops":0,"empty_hypotheses":0},"during_global":false,"budget":{"false_alarms_per_month":1.0},"guarantee_held":true,"announced":null,"notes":["Read at the alarm, the effect tends to be 1 to 3 points too high."]}}','dead',1,1795604901.79767,1772540001.0,'the receiver is not configured any more');
CREATE TABLE receiver_memory (        -- what a receiver wants to know at an alert's next notice
        receiver   TEXT NOT NULL,
        alert_id   TEXT NOT NULL,
        memory     TEXT NOT NULL,
        PRIMARY KEY (receiver, alert_id)
    ) WITHOUT ROWID;
INSERT INTO "receiver_memory" VALUES('oncall','alert_ca58825c0b7ee3b412f98cfe','{}');
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
        hits         INTEGER, knots BLOB,
        UNIQUE (recording, content)
    );
INSERT INTO "recording_references" VALUES(1,'4964f599bb336349',X'D75296E808DCC59A3DDD1E428F726D4F',0,9,X'6B1074F39BF2E600AACFF041F42330BA53CA91B5F00C9CDA78E8E49B612C8825','verbatim','random',0.125,'en-2-825eb2',NULL,1795604899.0,'waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "recording_references" VALUES(2,'e87c2c4938348c9d',X'F6A6F8124D4E22085ADF5EF691290702',0,NULL,X'73F295488EC3265356B5DD84CCF300D8F1FF64231D97799D07391E87BB39C57BE9C1EE03B03B0CC6','verbatim','random',0.125,'en-2-825eb2',NULL,1795604899.0,'waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "recording_references" VALUES(3,'5bd4b59c6845e6f9',X'EAE30BCB41C8A73292F1844A472E1D38',0,NULL,X'D541CEA64665DD0FF62512286941989FE9C1EE03B03B0CC60046348F55C5E26F35E7FC2C09A425C777D77ABB0A433DB83CA1EB7632B9E843','verbatim','random',0.125,'en-4-d667c6',NULL,1795604899.0,'waiting',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,X'01000000000000000200000000000000030000000000000001000000000000001BDCFE5028ADCB3F010000000000000059D4C8DA2F529F57010000000000000059D4C8DA2F529F570100000000000000F62512286941989F0100000000000000A1E1C3C6BED8C96D');
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
    , session TEXT, lexicon TEXT, critical_terms INTEGER, critical_missed INTEGER, critical_inserted INTEGER, utterance_number INTEGER);
INSERT INTO "scored" VALUES(1,'u-0',X'49AFBF5CAEBB9A2C983DCCCC980FEA47','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108',1772438400.0,1.79560474612745213504e+09,0,1,0,4,0.9,'verbatim','random',0.125,'en-2-825eb2',1,'eb4231184092e108',NULL,NULL,NULL,NULL,1);
INSERT INTO "scored" VALUES(2,'u-1',X'49AFBF5CAEBB9A2C983DCCCC980FEA47','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108',1772438460.0,1.79560474617284822462e+09,0,1,0,4,0.9,'verbatim','random',0.125,'en-2-825eb2',1,'eb4231184092e108',NULL,NULL,NULL,NULL,2);
INSERT INTO "scored" VALUES(3,'u-2',X'49AFBF5CAEBB9A2C983DCCCC980FEA47','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108',1772438520.0,1.79560474623008155823e+09,0,1,0,4,0.9,'verbatim','random',0.125,'en-2-825eb2',1,'eb4231184092e108',NULL,NULL,NULL,NULL,3);
INSERT INTO "scored" VALUES(4,'u-3',X'FC38E410CE3CD48A0168966110EF8346','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108',1772438580.0,1.79560474629301404948e+09,1,0,0,3,0.9,'verbatim','volunteered',NULL,'en-2-825eb2',0,'eb4231184092e108',NULL,NULL,NULL,NULL,4);
INSERT INTO "scored" VALUES(5,'u-6',X'6E227AF87C509B4A793D83C7BAB76675','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108',1772439000.0,1.79560474667263698577e+09,0,0,0,2,NULL,'verbatim','random',1.0,'en-2-825eb2',1,'eb4231184092e108',NULL,NULL,NULL,NULL,8);
INSERT INTO "scored" VALUES(6,'u-7',X'49AFBF5CAEBB9A2C983DCCCC980FEA47','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108',1772439060.0,1.79560490180966067313e+09,0,1,0,4,NULL,'verbatim','random',0.125,'en-2-825eb2',1,'eb4231184092e108',NULL,NULL,NULL,NULL,9);
CREATE TABLE silences (                -- what is not told for a time; never deleted
        silence_id TEXT PRIMARY KEY,
        matchers   TEXT NOT NULL,         -- JSON array of strings such as "cohort=en-*"
        starts_at  REAL NOT NULL,
        ends_at    REAL NOT NULL,
        author     TEXT NOT NULL,
        note       TEXT NOT NULL,
        created_at REAL NOT NULL
    ) WITHOUT ROWID;
INSERT INTO "silences" VALUES('silence_d0d26f92aa9931b5','["cohort=en-US"]',1795604700.0,1795604800.0,'ann','works on floor 3',1795604700.0);
CREATE TABLE snapshot (               -- one row: the monitor's state after seq
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        seq    INTEGER NOT NULL,
        taken_at REAL NOT NULL,
        state  TEXT NOT NULL
    , intervention INTEGER NOT NULL DEFAULT 0);
INSERT INTO "snapshot" VALUES(1,6,1.79560490181069779391e+09,'{"version": 2, "settings": {"false_alarms_per_month": 1.0, "smallest_change_points": 5.0, "tolerated_gap_points": 15.0, "window_s": 86400.0, "detector": "evidence"}, "state": {"everybody": {"smallest_change": 0.05, "false_alarms_per_day": 0.005, "rests": {}, "owns": {}, "trails": {}, "recoveries": {}, "alarm": null, "onset_interval": [0.0, 0.0]}, "tracker": {"now_s": 1772439060.0, "open": {"en-GB-scotland 33874d316e7467e7": {"key": "33874d316e7467e7", "cohort": "en-GB-scotland", "started_s": 1772439000.0, "last_s": 1772439060.0, "touched_s": 1772439060.0, "has_speaker": true, "session": "eb4231184092e108", "tally": {"units": 0, "utterances": 2, "substitutions": 0, "deletions": 1, "insertions": 0, "reference_words": 7, "capped_errors": 1, "loops": 0, "empties": 0, "speakers": ["33874d316e7467e7"]}}}}, "cohorts": {"en-GB-scotland": {"name": "en-GB-scotland", "window": {"window_s": 86400.0, "buckets": 48, "slices": []}, "faded": {"fading_factor": 0.05, "units": 0, "means": [0.0, 0.0, 0.0, 0.0, 0.0]}, "all_units": {"units": 0.0, "errors": 0.0, "words": 0.0, "errors_squared": 0.0, "errors_words": 0.0, "words_squared": 0.0}, "total": {"units": 0, "utterances": 5, "substitutions": 0, "deletions": 4, "insertions": 0, "reference_words": 22, "capped_errors": 4, "loops": 0, "empties": 0, "speakers": []}, "healthy": {"units": 0, "utterances": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "reference_words": 0, "capped_errors": 0, "loops": 0, "empties": 0, "speakers": []}, "level": {"units": 0, "weight": 0.0, "mean": 0.0, "squares": 0.0, "speakers_known": true, "sessions_known": false, "is_settled": false, "voices": {"speakers": {"prior_share": 0.03, "known": {}, "products": 0.0, "weight": 0.0}, "sessions": {"prior_share": 0.01, "known": {}, "products": 0.0, "weight": 0.0}}}, "blocks": null, "detector": null, "standing": null, "comparison": null, "rates": {}, "precision": {"gathered": 0.0, "days": 0.0}, "ready_s": null, "differential": [0.05, 0, 0.0, 0.0], "last_scored_s": 1772439060.0, "last_unit_s": -Infinity}}, "residuals": {"weight": 0.0, "residuals": 0.0, "spreads": 0.0, "levels": 0.0, "tally": {"units": 0, "utterances": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "reference_words": 0, "capped_errors": 0, "loops": 0, "empties": 0, "speakers": []}}, "healthy": {"units": 0, "utterances": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "reference_words": 0, "capped_errors": 0, "loops": 0, "empties": 0, "speakers": []}, "normalisers": ["en-2-825eb2"], "observed": 0}}',2);
CREATE TABLE texts (                  -- only with privacy.keep_text; rows are appended and wiped in place
        number       INTEGER PRIMARY KEY,
        utterance_id TEXT NOT NULL,
        side         TEXT NOT NULL,       -- hypothesis, reference
        speaker      TEXT,                -- keyed hash
        received_at  REAL NOT NULL,
        is_wiped     INTEGER NOT NULL DEFAULT 0,
        text         BLOB NOT NULL        -- UTF-8; as many zeros once wiped
    );
INSERT INTO "texts" VALUES(1,'u-5','hypothesis','33874d316e7467e7',1795604746.0,0,X'6E6F2066657665722073696E6365206D6F6E646179');
CREATE TABLE "totals" (
        cohort          TEXT NOT NULL,
        selection       TEXT NOT NULL,
        kind            TEXT NOT NULL,
        utterances      INTEGER NOT NULL,
        errors          INTEGER NOT NULL,
        reference_words INTEGER NOT NULL,
        PRIMARY KEY (cohort, selection, kind)
    ) WITHOUT ROWID;
INSERT INTO "totals" VALUES('en-GB-scotland','random','verbatim',5,4,22);
INSERT INTO "totals" VALUES('en-GB-scotland','volunteered','verbatim',1,1,4);
CREATE TABLE traces (                 -- in which distributed trace an utterance came
        number       INTEGER PRIMARY KEY,
        utterance_id TEXT NOT NULL UNIQUE,
        trace        TEXT NOT NULL,       -- 32 hexadecimal digits
        received_at  REAL NOT NULL
    );
INSERT INTO "traces" VALUES(1,'u-4','4bf92f3577b34da6a3ce929d0e0e4736',1795604745.98);
CREATE TABLE "utterances" (
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
INSERT INTO "utterances" VALUES(1,'u-0',X'32443920EA0FE66F4A3B36522A51405B','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438400.0,1.79560474572161030766e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-2-825eb2',4,NULL,1);
INSERT INTO "utterances" VALUES(2,'u-1',X'CAE7B003FB91D465E1F7EFF2280F65A7','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438460.0,1.79560474579051637645e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-2-825eb2',4,NULL,2);
INSERT INTO "utterances" VALUES(3,'u-2',X'452AAB6345345FEEC40FB490D5865733','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438520.0,1.79560474585806036e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-2-825eb2',4,NULL,3);
INSERT INTO "utterances" VALUES(4,'u-3',X'C6F2D6C787E7E214E98EF8864DA7BFD4','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438580.0,1.79560474592198467255e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-2-825eb2',4,NULL,4);
INSERT INTO "utterances" VALUES(5,'u-4',X'F13A3E5F44AD746121CDBB30EF407D2A','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438640.0,1.79560474594548249247e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-2-825eb2',4,X'6B1074F39BF2E600AACFF041F42330BA53CA91B5F00C9CDA78E8E49B612C8825',NULL);
INSERT INTO "utterances" VALUES(6,'u-5',X'6C22786F82227D6167749AA558E3BDF6','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772438700.0,1.79560474598514246934e+09,2.5,0.9,'[0.9, 0.8, 0.95, 0.7]','{"snr_db": 12.5}','en-2-825eb2',4,X'6B1074F39BF2E600AACFF041F42330BA53CA91B5F00C9CDA78E8E49B612C8825',NULL);
INSERT INTO "utterances" VALUES(7,'u-empty',X'D3D3CF6CD9849052B8C65A6E07259F7F','unknown','{}',NULL,NULL,NULL,1772438820.0,1.79560474604085946082e+09,NULL,NULL,NULL,NULL,'en-2-825eb2',0,X'',NULL);
INSERT INTO "utterances" VALUES(8,'u-6',X'94D5EE0C2FE8228A89896F3FA843EE99','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108','4964f599bb336349',1772439000.0,1.79560474667215657232e+09,NULL,NULL,NULL,NULL,'en-2-825eb2',2,NULL,5);
INSERT INTO "utterances" VALUES(9,'u-7',X'0EF7B7CB05FD9B828F3C43AD0B4E053D','en-GB-scotland','{"accent": "en-GB-scotland", "site": "imaging-3"}','33874d316e7467e7','eb4231184092e108',NULL,1772439060.0,1.79560490180240726475e+09,NULL,NULL,NULL,NULL,'en-2-825eb2',4,NULL,6);
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
INSERT INTO "waiting_references" VALUES('early-1',X'D882AF7808C414BE974AB6AECD3C38F9',X'73F295488EC3265310F31C7C48F875B3BBFD1392E071640FF1FF64231D97799DAAB2AA59EB5637DB','verbatim','random',0.125,'en-2-825eb2',NULL,1.79560474634648442266e+09);
INSERT INTO "waiting_references" VALUES('early-2',X'97C4BF8BCF0A9FAAB72A514A53A5051B',NULL,'verbatim','requested',1.0,'en-2-825eb2',NULL,1.79560474638181686397e+09);
CREATE TABLE young_ids (              -- those that were filed last
        id_key INTEGER NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (id_key, number)
    ) WITHOUT ROWID;
INSERT INTO "young_ids" VALUES(1181826214349393978,5);
INSERT INTO "young_ids" VALUES(4487552937077218846,7);
INSERT INTO "young_ids" VALUES(9141846473149318926,6);
CREATE INDEX waiting_references_age ON waiting_references (received_at);
CREATE INDEX outbox_pending ON outbox (due_at) WHERE state = 'pending';
CREATE INDEX texts_utterance ON texts (utterance_id);
CREATE INDEX texts_speaker ON texts (speaker) WHERE speaker IS NOT NULL;
CREATE INDEX texts_age ON texts (received_at) WHERE is_wiped = 0;
CREATE INDEX alert_record_alert ON alert_record (alert_id);
CREATE INDEX scored_critical ON scored (cohort, lexicon, spoken_at) WHERE lexicon IS NOT NULL;
CREATE INDEX traces_age ON traces (received_at);
CREATE INDEX recording_references_due ON recording_references (due_at) WHERE state = 'waiting';
CREATE INDEX recording_references_age ON recording_references (received_at);
CREATE TRIGGER interventions_stay_as_they_are BEFORE UPDATE ON interventions
        BEGIN SELECT RAISE(ABORT, 'interventions are append-only'); END;
CREATE TRIGGER interventions_stay BEFORE DELETE ON interventions
        BEGIN SELECT RAISE(ABORT, 'interventions are append-only'); END;
CREATE TRIGGER erasures_stay_as_they_are BEFORE UPDATE ON erasures
        BEGIN SELECT RAISE(ABORT, 'erasures are append-only'); END;
CREATE TRIGGER erasures_stay BEFORE DELETE ON erasures
        BEGIN SELECT RAISE(ABORT, 'erasures are append-only'); END;
CREATE TRIGGER alert_record_stays_as_it_is BEFORE UPDATE ON alert_record
        BEGIN SELECT RAISE(ABORT, 'alert_record is append-only'); END;
CREATE TRIGGER alert_record_stays BEFORE DELETE ON alert_record
        BEGIN SELECT RAISE(ABORT, 'alert_record is append-only'); END;
CREATE TRIGGER claims_stay_as_they_are BEFORE UPDATE ON claims
        BEGIN SELECT RAISE(ABORT, 'claims are append-only'); END;
CREATE TRIGGER claims_stay BEFORE DELETE ON claims
        BEGIN SELECT RAISE(ABORT, 'claims are append-only'); END;
CREATE TRIGGER claim_record_stays_as_it_is BEFORE UPDATE ON claim_record
        BEGIN SELECT RAISE(ABORT, 'claim_record is append-only'); END;
CREATE TRIGGER claim_record_stays BEFORE DELETE ON claim_record
        BEGIN SELECT RAISE(ABORT, 'claim_record is append-only'); END;
CREATE INDEX utterances_unscored ON utterances (received_at) WHERE scored_seq IS NULL;
CREATE INDEX utterances_recording ON utterances (recording) WHERE recording IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('scored',6);
INSERT INTO "sqlite_sequence" VALUES('interventions',2);
INSERT INTO "sqlite_sequence" VALUES('erasures',1);
INSERT INTO "sqlite_sequence" VALUES('alert_record',2);
INSERT INTO "sqlite_sequence" VALUES('claims',1);
INSERT INTO "sqlite_sequence" VALUES('claim_record',1);
PRAGMA user_version = 9;
COMMIT;
