-- v1.2.1 always says the channel; nobody should leave it to a default by mistake.
ALTER TABLE orders ALTER COLUMN channel DROP DEFAULT;
