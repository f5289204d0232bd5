-- Mutations of what the old version gets to without naming it, and of what no catalog row describes.

-- row 7 a column that a function reads which a function calls
ALTER TABLE bills DROP COLUMN tax

-- row 9 a column renamed that a procedure writes which a procedure calls
ALTER TABLE bills RENAME COLUMN settled TO done

-- row 37 a function dropped that a function calls
DROP FUNCTION tax_of(bigint)

-- row 37 a function raises that a function calls
CREATE OR REPLACE FUNCTION tax_of(which bigint) RETURNS numeric LANGUAGE plpgsql STABLE AS 'BEGIN RAISE EXCEPTION ''no tax''; END'

-- row 37! a procedure does nothing that a procedure calls
CREATE OR REPLACE PROCEDURE settle_at_once(which bigint) LANGUAGE plpgsql AS 'BEGIN END'

-- row 0 a sequence dropped
DROP SEQUENCE bill_numbers

-- row 0 a sequence counts in tens
ALTER SEQUENCE bill_numbers INCREMENT 10

-- row 0 a sequence has more room
ALTER SEQUENCE bill_numbers MAXVALUE 2000000

-- row 41 a sequence closed that statements name
REVOKE ALL ON SEQUENCE bill_numbers FROM shop_app

-- row 41 a table closed beneath a view that asks for the caller's privileges
REVOKE SELECT (settled) ON bills FROM shop_app; REVOKE ALL ON bills FROM shop_app; GRANT INSERT, UPDATE, DELETE ON bills TO shop_app; GRANT SELECT (number, order_id, net, sent_to, parcel, tax) ON bills TO shop_app

-- row 34 a child's rows are checked
ALTER TABLE foreign_bills ADD CHECK (net < 4)

-- row 38 a child has a trigger that refuses
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''closed''; END'; CREATE TRIGGER refuse BEFORE UPDATE ON foreign_bills FOR EACH ROW EXECUTE FUNCTION refuse()

-- row 8 a child dropped with its rows
DROP TABLE foreign_bills

-- row 4 a child added with rows
CREATE TABLE late_bills () INHERITS (bills); INSERT INTO late_bills (number, order_id, net) VALUES (900, 1, 1); GRANT ALL ON late_bills TO shop_app

-- row 4 a child added without rows
CREATE TABLE late_bills () INHERITS (bills)

-- row 45 an attribute of a used type dropped
ALTER TYPE size DROP ATTRIBUTE width CASCADE

-- row 45 an attribute of a used type renamed
ALTER TYPE size RENAME ATTRIBUTE width TO breadth CASCADE

-- row 31 a key to which NULLs are alike
ALTER TABLE bills DROP CONSTRAINT bills_sent_to_key; UPDATE bills SET sent_to = 'nobody' WHERE number = 2; ALTER TABLE bills ADD UNIQUE NULLS NOT DISTINCT (sent_to); INSERT INTO bills (number, order_id, net) VALUES (901, 1, 1)

-- row 39 a computed column that divides by what is written
ALTER TABLE bills ADD share numeric GENERATED ALWAYS AS (100 / nullif(net, 0)) STORED

-- row 39 a computed column that fails for what is written
ALTER TABLE bills ADD share numeric GENERATED ALWAYS AS (100 / net) STORED

-- row 39 a computed column of letters
ALTER TABLE bills ADD receiver text GENERATED ALWAYS AS (lower(sent_to)) STORED

-- row 35 an index over an expression that fails for what is written
CREATE INDEX ON bills ((100 / net))

-- row 2 a default that calls a function that raises
CREATE FUNCTION taken() RETURNS integer LANGUAGE plpgsql AS 'BEGIN IF current_user = ''shop_app'' THEN RAISE EXCEPTION ''no more''; END IF; RETURN 1; END'; ALTER TABLE bills ADD place integer DEFAULT taken()

-- row 10 a view in a table's place that hides rows
ALTER TABLE coupons RENAME TO all_coupons; CREATE VIEW coupons AS SELECT code, reduction, uses, kind, label FROM all_coupons WHERE uses > 0; GRANT ALL ON coupons TO shop_app

-- row 10 a view in a table's place that swaps two columns
ALTER TABLE carts RENAME TO all_carts; CREATE VIEW carts AS SELECT session, customer_id, items, raw, updated_at FROM all_carts WHERE customer_id > 100 WITH CHECK OPTION; GRANT ALL ON carts TO shop_app

-- row 48 a table made anew without its rows
CREATE TABLE fresh (LIKE stats.visits INCLUDING ALL); DROP TABLE stats.visits; ALTER TABLE fresh SET SCHEMA stats; ALTER TABLE stats.fresh RENAME TO visits; GRANT ALL ON stats.visits TO shop_app

-- row 48 a table made anew with its rows
CREATE TABLE stats.fresh (LIKE stats.visits INCLUDING ALL); INSERT INTO stats.fresh SELECT * FROM stats.visits; DROP TABLE stats.visits; ALTER TABLE stats.fresh RENAME TO visits; GRANT ALL ON stats.visits TO shop_app

-- row 0! an operator that calls reach first
CREATE FUNCTION joined(text, integer) RETURNS text LANGUAGE sql AS 'SELECT $1'; CREATE OPERATOR || (FUNCTION = joined, LEFTARG = text, RIGHTARG = integer)

-- row 2 a computed column that must have a value and is made of what is left empty
UPDATE bills SET sent_to = 'nobody' || number WHERE sent_to IS NULL; ALTER TABLE bills ADD receiver text NOT NULL GENERATED ALWAYS AS (lower(sent_to)) STORED

-- row 33 a key that ON CONFLICT names is deferrable
ALTER TABLE stats.visits DROP CONSTRAINT visits_pkey; ALTER TABLE stats.visits ADD CONSTRAINT visits_pkey PRIMARY KEY (day) DEFERRABLE

-- row 0 a serial column made an identity that starts anew
ALTER TABLE customers ALTER id DROP DEFAULT; DROP SEQUENCE customers_id_seq; ALTER TABLE customers ALTER id ADD GENERATED BY DEFAULT AS IDENTITY

-- row 0! a serial column made an identity that goes on
ALTER TABLE customers ALTER id DROP DEFAULT; DROP SEQUENCE customers_id_seq; ALTER TABLE customers ALTER id ADD GENERATED BY DEFAULT AS IDENTITY (START WITH 1000)

-- row 43 a new partition that demands more of its rows
DROP TABLE events_2025; CREATE TABLE old_events (LIKE events INCLUDING DEFAULTS); ALTER TABLE old_events ADD CHECK (kind = 'login'); GRANT ALL ON old_events TO shop_app; ALTER TABLE events ATTACH PARTITION old_events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')

-- row 4 a new partition that demands what the whole does
CREATE TABLE events_2027 (LIKE events INCLUDING DEFAULTS); ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')

-- row 37 a function that runs with its owner's privileges gets an owner who has none
ALTER FUNCTION rows_of_drafts() OWNER TO pg_monitor
