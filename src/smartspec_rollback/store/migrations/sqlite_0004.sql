-- Version 4: what a server keeps: who may come in, what was delivered where, what was heard before,
-- how ready each Target is to go back, and what was measured while rollbacks ran.
--
-- Of tokens and sessions only hashes are kept. Tokens are audited when they are made and revoked and
-- stay; the other tables are working memory: rows come and go, and no audit entry is about them.

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    used_at INTEGER
);
CREATE TRIGGER tokens_kept BEFORE DELETE ON tokens
BEGIN SELECT RAISE(ABORT, 'tokens stay'); END;
CREATE TRIGGER tokens_unchanged BEFORE UPDATE OF id, hash, document, expires_at ON tokens
BEGIN SELECT RAISE(ABORT, 'tokens are revoked, never changed'); END;
CREATE TRIGGER tokens_stay_revoked BEFORE UPDATE OF revoked_at ON tokens
WHEN OLD.revoked_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'revoked tokens stay revoked'); END;

CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE deliveries (
    place TEXT NOT NULL,
    key TEXT NOT NULL,
    rollback_id TEXT NOT NULL,
    ref TEXT,
    digest TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (place, key)
);
CREATE INDEX deliveries_of_rollback ON deliveries (rollback_id);
CREATE INDEX deliveries_by_ref ON deliveries (place, ref);

CREATE TABLE heard (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    document TEXT
);
CREATE INDEX heard_by_time ON heard (at);

CREATE TABLE readiness (
    service TEXT NOT NULL,
    environment TEXT NOT NULL,
    at INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (service, environment)
);

CREATE TABLE series (
    seq INTEGER PRIMARY KEY,
    rollback_id TEXT NOT NULL REFERENCES rollbacks (id),
    document TEXT NOT NULL
);
CREATE INDEX series_of_rollback ON series (rollback_id, seq);
