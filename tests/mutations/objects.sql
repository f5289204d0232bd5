-- Mutations of views, functions, triggers, access, partitions and rows (rows 36 to 38, 41 to 49).

-- row 36 a used view dropped
DROP VIEW regular_customers

-- row 36 a used view loses a column
DROP VIEW order_overview; CREATE VIEW order_overview AS SELECT o.id, o.total FROM orders o; GRANT ALL ON order_overview TO shop_app

-- row 36 a used view gets one more column
CREATE OR REPLACE VIEW regular_customers AS SELECT id, email, name, born FROM customers WHERE NOT vip

-- row 36 a used view's column changes its type
DROP VIEW order_overview; CREATE VIEW order_overview AS SELECT o.id, c.name, o.total::text AS total FROM orders o JOIN customers c ON c.id = o.customer_id; GRANT ALL ON order_overview TO shop_app

-- row 36 a used view means something else
CREATE OR REPLACE VIEW regular_customers AS SELECT id, email, name FROM customers WHERE vip

-- row 36 a view added
CREATE VIEW expensive AS SELECT * FROM products WHERE price > 100

-- row 36! a view replaced by a table of its rows
DROP VIEW regular_customers; CREATE TABLE regular_customers AS SELECT id, email, name FROM customers WHERE NOT vip; GRANT ALL ON regular_customers TO shop_app

-- row 37 a used function dropped
DROP FUNCTION reduced(numeric, integer)

-- row 37 a used function gets another parameter
DROP FUNCTION order_total(bigint); CREATE FUNCTION order_total(which bigint, gross boolean) RETURNS numeric LANGUAGE sql AS 'SELECT 1.00'

-- row 37! a used function gets an optional parameter
DROP FUNCTION order_total(bigint); CREATE FUNCTION order_total(which bigint, gross boolean DEFAULT false) RETURNS numeric LANGUAGE sql AS 'SELECT coalesce(sum(l.quantity * p.price), 0) FROM order_lines l JOIN products p ON p.id = l.product_id WHERE l.order_id = which'

-- row 37 a used function returns another type
DROP FUNCTION order_total(bigint); CREATE FUNCTION order_total(which bigint) RETURNS text LANGUAGE sql AS 'SELECT ''1.00'''

-- row 37 an overload that makes calls ambiguous
CREATE FUNCTION reduced(price numeric, reduction text) RETURNS numeric LANGUAGE sql AS 'SELECT 1.0'; CREATE FUNCTION reduced(price numeric, reduction bigint) RETURNS numeric LANGUAGE sql AS 'SELECT 2.0'

-- row 37 a function added
CREATE FUNCTION greet(name text) RETURNS text LANGUAGE sql AS 'SELECT ''hello '' || name'

-- row 37 a used function computes something else
CREATE OR REPLACE FUNCTION reduced(price numeric, reduction integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT round(price, 2)'

-- row 37 a function's arguments renamed, that are passed by position
DROP FUNCTION reduced(numeric, integer); CREATE FUNCTION reduced(amount numeric, cut integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT round(amount * (100 - cut) / 100, 2)'

-- row 38 a trigger that refuses
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''carts are closed''; END'; CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON carts FOR EACH ROW EXECUTE FUNCTION refuse()

-- row 38 a trigger that refuses what is not written
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''drafts are closed''; END'; CREATE TRIGGER refuse BEFORE INSERT ON drafts FOR EACH ROW EXECUTE FUNCTION refuse()

-- row 38 a trigger that lacks a privilege
CREATE TABLE journal (what text); CREATE FUNCTION journal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO journal VALUES (NEW.code); RETURN NEW; END'; CREATE TRIGGER journal AFTER INSERT ON coupons FOR EACH ROW EXECUTE FUNCTION journal()

-- row 38 a benign trigger
CREATE TABLE journal (what text); GRANT ALL ON journal TO shop_app; CREATE FUNCTION journal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO journal VALUES (NEW.code); RETURN NEW; END'; CREATE TRIGGER journal AFTER INSERT ON coupons FOR EACH ROW EXECUTE FUNCTION journal()

-- row 38 a trigger that refuses a state the application writes
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.state = ''shipped'' THEN RAISE EXCEPTION ''no parcel''; END IF; RETURN NEW; END'; CREATE TRIGGER refuse BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse()

-- row 38 a trigger that swallows rows
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER swallow BEFORE INSERT ON order_lines FOR EACH ROW EXECUTE FUNCTION swallow()

-- row 38! a trigger dropped
DROP TRIGGER product_noted ON products

-- row 38 a trigger disabled, made anew
DROP TRIGGER product_noted ON products; CREATE TRIGGER product_noted AFTER INSERT ON products FOR EACH ROW EXECUTE FUNCTION note_product()

-- row 38 a trigger on statements that never come
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER nothing AFTER TRUNCATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION nothing()

-- row 41 INSERT revoked
REVOKE INSERT ON orders FROM shop_app

-- row 41 a column's SELECT revoked
REVOKE SELECT ON customers FROM shop_app; GRANT SELECT (id, email, name, vip, created_at, settings, legacy_code) ON customers TO shop_app

-- row 41 DELETE revoked where nothing is deleted
REVOKE DELETE ON products FROM shop_app

-- row 41 the schema closed
REVOKE USAGE ON SCHEMA stats FROM shop_app

-- row 41 a sequence closed
REVOKE USAGE, SELECT ON SEQUENCE customers_id_seq FROM shop_app

-- row 41 row-level security without a policy
ALTER TABLE carts ENABLE ROW LEVEL SECURITY

-- row 41 row-level security by tenant
ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON orders USING (customer_id = current_setting('shop.customer', true)::bigint)

-- row 41 row-level security that allows everything
ALTER TABLE carts ENABLE ROW LEVEL SECURITY; CREATE POLICY everything ON carts USING (true) WITH CHECK (true)

-- row 41 row-level security on an unused table
ALTER TABLE drafts ENABLE ROW LEVEL SECURITY

-- row 41 more granted
GRANT TRUNCATE ON orders TO shop_app

-- row 43 the partition of a year detached
ALTER TABLE events DETACH PARTITION events_2025

-- row 43 the partition of a year dropped
DROP TABLE events_2026

-- row 43 a partition added
CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')

-- row 43 a default partition added
CREATE TABLE events_rest PARTITION OF events DEFAULT

-- row 43! a year split in halves
DROP TABLE events_2025; CREATE TABLE events_2025a PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-07-01'); CREATE TABLE events_2025b PARTITION OF events FOR VALUES FROM ('2025-07-01') TO ('2026-01-01')
-- then the new version writes
SELECT 1

-- row 43 a plain table becomes partitioned without a partition for what is written
ALTER TABLE audit RENAME TO audit_1; CREATE TABLE audit (id bigint NOT NULL DEFAULT nextval('audit_id_seq'), what text NOT NULL) PARTITION BY RANGE (id); CREATE TABLE audit_2 PARTITION OF audit FOR VALUES FROM (1) TO (2); GRANT ALL ON audit, audit_1, audit_2 TO shop_app

-- row 43 a plain table becomes partitioned with a default partition
ALTER TABLE audit RENAME TO audit_1; CREATE TABLE audit (id bigint NOT NULL DEFAULT nextval('audit_id_seq'), what text NOT NULL) PARTITION BY RANGE (id); CREATE TABLE audit_rest PARTITION OF audit DEFAULT; GRANT ALL ON audit TO shop_app

-- row 46 a backfill that changes the form of what is read
UPDATE products SET title = upper(title)

-- row 46 a backfill of numbers
UPDATE orders SET total = total * 100

-- row 46 a backfill of a new column only
ALTER TABLE orders ADD cents bigint; UPDATE orders SET cents = total * 100

-- row 46 a backfill of an unused column
UPDATE customers SET legacy_code = 'x'

-- row 47 the new version writes settings in another form
SELECT 1
-- then the new version writes
UPDATE customers SET settings = '[1, 2]' WHERE id = 1

-- row 48 rows deleted that are read
DELETE FROM coupons

-- row 48 rows of the unused table deleted
DELETE FROM drafts

-- row 49 a comment on a table
COMMENT ON TABLE orders IS 'what people bought'

-- row 49 a comment on a column
COMMENT ON COLUMN orders.total IS 'in euros'
