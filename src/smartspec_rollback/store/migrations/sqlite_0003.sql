-- Version 3: what platforms need to bring releases back, and the key that hides what they hash.
--
-- The documents are compressed (zlib) like recorded schemas; the audit entry's digest is of the
-- document itself. A key is random and never leaves its ledger: an import makes no use of another's.

CREATE TABLE captures (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    deployment_id TEXT NOT NULL,
    service TEXT NOT NULL,
    environment TEXT NOT NULL,
    release TEXT NOT NULL,
    digest TEXT NOT NULL,
    document BLOB NOT NULL
);
CREATE INDEX captures_of_deployment ON captures (deployment_id, seq);
CREATE INDEX captures_of_release ON captures (service, environment, release, seq);

CREATE TRIGGER captures_kept BEFORE DELETE ON captures
BEGIN SELECT RAISE(ABORT, 'captures stay'); END;
CREATE TRIGGER captures_unchanged BEFORE UPDATE ON captures
BEGIN SELECT RAISE(ABORT, 'captures stay'); END;

CREATE TABLE keys (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
);

CREATE TRIGGER keys_kept BEFORE DELETE ON keys
BEGIN SELECT RAISE(ABORT, 'keys stay'); END;
CREATE TRIGGER keys_unchanged BEFORE UPDATE ON keys
BEGIN SELECT RAISE(ABORT, 'keys stay'); END;
