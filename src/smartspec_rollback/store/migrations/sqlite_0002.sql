-- Version 2: what was recorded of a service's database with its deployments.
--
-- The documents are large, so they are kept compressed (zlib); the audit entry's digest is of the
-- document itself. Release and version are empty where the schema is no running release's: after
-- migrations, and before the first release that was ever live.

CREATE TABLE schemas (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    deployment_id TEXT NOT NULL,
    phase TEXT NOT NULL,
    service TEXT NOT NULL,
    environment TEXT NOT NULL,
    release TEXT NOT NULL,
    version TEXT NOT NULL,
    document BLOB NOT NULL
);
CREATE INDEX schemas_of_deployment ON schemas (deployment_id, phase, seq);
CREATE INDEX schemas_of_release ON schemas (service, environment, release, seq);
CREATE INDEX schemas_of_version ON schemas (service, environment, version, seq);

CREATE TRIGGER schemas_kept BEFORE DELETE ON schemas
BEGIN SELECT RAISE(ABORT, 'recorded schemas stay'); END;
CREATE TRIGGER schemas_unchanged BEFORE UPDATE ON schemas
BEGIN SELECT RAISE(ABORT, 'recorded schemas stay'); END;
