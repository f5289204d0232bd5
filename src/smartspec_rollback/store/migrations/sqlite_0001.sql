-- Version 1: the ledger.
--
-- Every value is kept as the canonical JSON document it was written as; the columns beside it
-- are there to be found by. The first column of every document's table is the number of the
-- audit entry that recorded it, which holds the document's digest: order of writing, and proof.
-- Times are microseconds since 1970 in UTC.

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    digest TEXT,
    hash TEXT NOT NULL
);

CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (one, seq, entries, hash) VALUES (1, 0, 0, '');

-- Every phase a deployment was recorded in.
CREATE TABLE phases (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    deployment_id TEXT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX phases_of_deployment ON phases (deployment_id, seq);

-- Where each deployment stands: its newest phase, and the outcome of its newest conclusive
-- verdict. Eligible: live, passed, and its release not held. Baseline: the newest passed verdict
-- that was measured.
CREATE TABLE deployments (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL REFERENCES phases (seq),
    service TEXT NOT NULL,
    environment TEXT NOT NULL,
    at INTEGER NOT NULL,
    phase TEXT NOT NULL,
    version TEXT NOT NULL,
    release TEXT NOT NULL,
    standing TEXT,
    baseline INTEGER,
    eligible INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX deployments_by_time ON deployments (at, seq);
CREATE INDEX deployments_of_target ON deployments (service, environment, at, seq);
CREATE INDEX deployments_live ON deployments (service, environment, at, seq)
    WHERE phase = 'live';
CREATE INDEX deployments_eligible ON deployments (service, environment, at, seq)
    WHERE eligible = 1;
CREATE INDEX deployments_of_version ON deployments (service, environment, version, at, seq)
    WHERE phase = 'live';
CREATE INDEX deployments_of_release ON deployments (service, environment, release, baseline);

CREATE TABLE verdicts (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    deployment_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    measured INTEGER NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX verdicts_of_deployment ON verdicts (deployment_id, seq);
CREATE INDEX verdicts_conclusive ON verdicts (deployment_id, seq)
    WHERE outcome <> 'inconclusive';

CREATE TABLE holds (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    id TEXT NOT NULL UNIQUE,
    service TEXT NOT NULL,
    environment TEXT NOT NULL,
    release TEXT NOT NULL,
    version TEXT NOT NULL,
    in_force INTEGER NOT NULL DEFAULT 1,
    document TEXT NOT NULL
);
CREATE INDEX holds_in_force ON holds (service, environment, release, seq) WHERE in_force = 1;

CREATE TABLE hold_lifts (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    hold_id TEXT NOT NULL UNIQUE REFERENCES holds (id),
    document TEXT NOT NULL
);

-- The document is the rollback as it was opened; status to holder are where it stands now.
CREATE TABLE rollbacks (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    id TEXT NOT NULL UNIQUE,
    service TEXT NOT NULL,
    environment TEXT NOT NULL,
    failed_deployment_id TEXT NOT NULL,
    plan_digest TEXT NOT NULL,
    status TEXT NOT NULL,
    status_detail TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    token INTEGER NOT NULL DEFAULT 0,
    holder TEXT NOT NULL DEFAULT '',
    document TEXT NOT NULL
);
CREATE UNIQUE INDEX rollbacks_one_active ON rollbacks (service, environment)
    WHERE status IN ('planned', 'awaiting-approval', 'approved', 'executing', 'interrupted',
                     'unknown', 'verifying');
CREATE INDEX rollbacks_of_target ON rollbacks (service, environment, seq);
CREATE INDEX rollbacks_of_deployment ON rollbacks (failed_deployment_id, seq);
CREATE INDEX rollbacks_of_status ON rollbacks (status, seq);

CREATE TABLE plans (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    rollback_id TEXT NOT NULL UNIQUE REFERENCES rollbacks (id),
    document TEXT NOT NULL
);

CREATE TABLE journal (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    rollback_id TEXT NOT NULL REFERENCES rollbacks (id),
    entry INTEGER NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (rollback_id, entry)
);

CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    rollback_id TEXT NOT NULL REFERENCES rollbacks (id),
    person TEXT NOT NULL,
    plan_digest TEXT NOT NULL,
    answer TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (rollback_id, person, plan_digest, answer)
);

-- What was written stays as it was written.
CREATE TRIGGER audit_kept BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_head_kept BEFORE DELETE ON audit_head
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER phases_kept BEFORE DELETE ON phases
BEGIN SELECT RAISE(ABORT, 'recorded deployments stay'); END;
CREATE TRIGGER phases_unchanged BEFORE UPDATE ON phases
BEGIN SELECT RAISE(ABORT, 'recorded deployments stay'); END;
CREATE TRIGGER deployments_kept BEFORE DELETE ON deployments
BEGIN SELECT RAISE(ABORT, 'recorded deployments stay'); END;
CREATE TRIGGER verdicts_kept BEFORE DELETE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;
CREATE TRIGGER verdicts_unchanged BEFORE UPDATE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts are append-only'); END;
CREATE TRIGGER holds_kept BEFORE DELETE ON holds
BEGIN SELECT RAISE(ABORT, 'holds are lifted, never deleted'); END;
CREATE TRIGGER holds_unchanged BEFORE UPDATE OF seq, id, document ON holds
BEGIN SELECT RAISE(ABORT, 'holds are lifted, never changed'); END;
CREATE TRIGGER hold_lifts_kept BEFORE DELETE ON hold_lifts
BEGIN SELECT RAISE(ABORT, 'lifted holds stay lifted'); END;
CREATE TRIGGER hold_lifts_unchanged BEFORE UPDATE ON hold_lifts
BEGIN SELECT RAISE(ABORT, 'lifted holds stay lifted'); END;
CREATE TRIGGER rollbacks_kept BEFORE DELETE ON rollbacks
BEGIN SELECT RAISE(ABORT, 'rollbacks stay'); END;
CREATE TRIGGER rollbacks_unchanged BEFORE UPDATE OF seq, id, document ON rollbacks
BEGIN SELECT RAISE(ABORT, 'rollbacks stay as they were opened'); END;
CREATE TRIGGER plans_kept BEFORE DELETE ON plans
BEGIN SELECT RAISE(ABORT, 'plans are immutable'); END;
CREATE TRIGGER plans_unchanged BEFORE UPDATE ON plans
BEGIN SELECT RAISE(ABORT, 'plans are immutable'); END;
CREATE TRIGGER journal_kept BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_unchanged BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER decisions_kept BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'answers stay'); END;
CREATE TRIGGER decisions_unchanged BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'answers stay'); END;
