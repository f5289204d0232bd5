-- Version 5: what a server was asked for: a request sent twice counts once, and gates that it runs
-- outlive its process.
--
-- Working memory like the tables of version 4: what comes of a request is in the ledger proper.

CREATE TABLE requests (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    rollback_id TEXT,
    at INTEGER NOT NULL
);
CREATE INDEX requests_by_time ON requests (at);

CREATE TABLE gates (
    id TEXT PRIMARY KEY,
    deployment_id TEXT NOT NULL,
    document TEXT NOT NULL,
    ended INTEGER NOT NULL,
    at INTEGER NOT NULL
);
CREATE UNIQUE INDEX one_gate_of_a_deployment ON gates (deployment_id) WHERE ended = 0;
CREATE INDEX gates_by_time ON gates (at);
