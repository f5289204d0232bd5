-- Mutations of tables and columns: added, dropped, renamed, moved, split (rows 1 to 12).

-- row 1 nullable column on customers
ALTER TABLE customers ADD phone text

-- row 1 nullable column that a join's unqualified name collides with
ALTER TABLE customers ADD placed_at timestamptz

-- row 1 nullable column that another join's unqualified name collides with
ALTER TABLE customers ADD state text

-- row 1 nullable column named like one of another table, never unqualified
ALTER TABLE carts ADD title text

-- row 1! nullable column on the table of SELECT *
ALTER TABLE products ADD supplier text

-- row 1 line collides in a three-way join
ALTER TABLE products ADD line integer

-- row 1 nullable column that was filled
ALTER TABLE orders ADD gift_note text
-- then the new version writes
UPDATE orders SET gift_note = 'for you' WHERE id = 1

-- row 2 NOT NULL column with a default
ALTER TABLE orders ADD priority integer NOT NULL DEFAULT 0

-- row 2 NOT NULL column with a default, in a table without a reader
ALTER TABLE drafts ADD language text NOT NULL DEFAULT 'en'

-- row 2 NOT NULL identity column
ALTER TABLE carts ADD number bigint GENERATED ALWAYS AS IDENTITY

-- row 2 NOT NULL column with a volatile default
ALTER TABLE carts ADD token uuid NOT NULL DEFAULT gen_random_uuid()

-- row 2 a serial column
ALTER TABLE coupons ADD number serial

-- row 2 a generated column
ALTER TABLE orders ADD gross numeric GENERATED ALWAYS AS (total * 1.2) STORED

-- row 3 NOT NULL column without default on orders
ALTER TABLE orders ADD channel text; UPDATE orders SET channel = 'web'; ALTER TABLE orders ALTER channel SET NOT NULL

-- row 3 NOT NULL column whose default was dropped again
ALTER TABLE customers ADD tier integer NOT NULL DEFAULT 1; ALTER TABLE customers ALTER tier DROP DEFAULT

-- row 3 NOT NULL column without default where nothing is inserted
ALTER TABLE audit ADD at timestamptz NOT NULL DEFAULT now(); ALTER TABLE drafts ADD author text; UPDATE drafts SET author = ''; ALTER TABLE drafts ALTER author SET NOT NULL

-- row 3 NOT NULL column without default that a trigger fills
ALTER TABLE orders ADD channel text; UPDATE orders SET channel = 'web'; ALTER TABLE orders ALTER channel SET NOT NULL;
CREATE FUNCTION fill_channel() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.channel := coalesce(NEW.channel, ''web''); RETURN NEW; END';
CREATE TRIGGER fill BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fill_channel()

-- row 3 NOT NULL by a CHECK instead
ALTER TABLE carts ADD currency text; UPDATE carts SET currency = 'EUR'; ALTER TABLE carts ADD CHECK (currency IS NOT NULL)

-- row 3 NOT NULL column on a table only a trigger writes
ALTER TABLE audit ADD who text; UPDATE audit SET who = ''; ALTER TABLE audit ALTER who SET NOT NULL

-- row 3 a domain that is NOT NULL
CREATE DOMAIN required_text AS text NOT NULL; ALTER TABLE coupons ADD issuer text DEFAULT 'x'; ALTER TABLE coupons ALTER issuer TYPE required_text, ALTER issuer DROP DEFAULT

-- row 4 a table
CREATE TABLE reviews (id bigserial PRIMARY KEY, body text)

-- row 4 a table that nothing points at, with rows
CREATE TABLE reviews (id bigserial PRIMARY KEY, body text)
-- then the new version writes
INSERT INTO reviews (body) VALUES ('good')

-- row 4 a table in a new schema
CREATE SCHEMA extra; CREATE TABLE extra.reviews (id bigserial PRIMARY KEY)

-- row 5 a new table's foreign key blocks deletes of orders
CREATE TABLE invoices (id bigserial PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders (id)); GRANT ALL ON invoices TO shop_app
-- then the new version writes
INSERT INTO invoices (order_id) SELECT id FROM orders

-- row 5 a new table's foreign key blocks deletes of customers
CREATE TABLE consents (customer_id bigint REFERENCES customers (id) ON DELETE RESTRICT)
-- then the new version writes
INSERT INTO consents VALUES (3)

-- row 5 a new table's foreign key cascades
CREATE TABLE parcels (id bigserial PRIMARY KEY, order_id bigint REFERENCES orders (id) ON DELETE CASCADE)
-- then the new version writes
INSERT INTO parcels (order_id) SELECT id FROM orders

-- row 5 a new table's foreign key is set to NULL
CREATE TABLE parcels (id bigserial PRIMARY KEY, order_id bigint REFERENCES orders (id) ON DELETE SET NULL)
-- then the new version writes
INSERT INTO parcels (order_id) SELECT id FROM orders

-- row 5 a new table's foreign key to a table nothing is deleted from
CREATE TABLE ratings (product_id integer REFERENCES products (id))
-- then the new version writes
INSERT INTO ratings SELECT id FROM products

-- row 6 an unused column
ALTER TABLE customers DROP legacy_code

-- row 6 an unused table's column
ALTER TABLE drafts DROP body

-- row 7 a column that is read
ALTER TABLE products DROP note

-- row 7 a column that is only written
ALTER TABLE carts DROP customer_id

-- row 7 a column that only a WHERE reads
ALTER TABLE carts DROP updated_at

-- row 7 a column that only a view reads
ALTER TABLE customers DROP vip CASCADE

-- row 7 a column that is only updated
ALTER TABLE coupons DROP uses

-- row 7 a column that only ORDER BY reads
ALTER TABLE orders DROP placed_at

-- row 7 a column inside ON CONFLICT DO UPDATE
ALTER TABLE stats.visits DROP visits

-- row 7 dropped and added again with the same type
ALTER TABLE products DROP weight; ALTER TABLE products ADD weight real

-- row 8 a table that is used
DROP TABLE carts

-- row 8 a table that is used, with its dependants
DROP TABLE order_lines CASCADE

-- row 8 a table of another schema
DROP TABLE stats.visits

-- row 8 an unused table
DROP TABLE drafts

-- row 9 a used table
ALTER TABLE coupons RENAME TO vouchers

-- row 9 a used column
ALTER TABLE customers RENAME name TO full_name

-- row 9 a column only the view and SELECT read
ALTER TABLE orders RENAME total TO amount

-- row 9 an unused column renamed
ALTER TABLE customers RENAME legacy_code TO old_code

-- row 9 an unused table renamed
ALTER TABLE drafts RENAME TO notes

-- row 9 two columns swapped
ALTER TABLE customers RENAME nickname TO x; ALTER TABLE customers RENAME legacy_code TO nickname; ALTER TABLE customers RENAME x TO legacy_code

-- row 10 renamed, with a view of the old name
ALTER TABLE coupons RENAME TO vouchers; CREATE VIEW coupons AS SELECT * FROM vouchers; GRANT ALL ON coupons TO shop_app; ALTER VIEW coupons ALTER uses SET DEFAULT 0

-- row 10 renamed unused table behind a view
ALTER TABLE drafts RENAME TO notes; CREATE VIEW drafts AS SELECT * FROM notes

-- row 10 renamed behind a view that cannot be written
ALTER TABLE carts RENAME TO baskets; CREATE VIEW carts AS SELECT DISTINCT * FROM (SELECT session, customer_id, items, updated_at, raw::text::jsonb AS raw FROM baskets) b; GRANT ALL ON carts TO shop_app

-- row 10 renamed read-only table behind a view
ALTER TABLE audit RENAME TO log; CREATE VIEW audit AS SELECT * FROM log; GRANT ALL ON audit TO shop_app

-- row 11 moved to another schema
CREATE SCHEMA shop; GRANT USAGE ON SCHEMA shop TO shop_app; ALTER TABLE carts SET SCHEMA shop

-- row 11 moved out of its own schema
ALTER TABLE stats.visits SET SCHEMA public

-- row 11 an unused table moved
CREATE SCHEMA shop; ALTER TABLE drafts SET SCHEMA shop

-- row 12 a column split in two
ALTER TABLE customers ADD first_name text, ADD last_name text; UPDATE customers SET first_name = name; ALTER TABLE customers DROP name CASCADE

-- row 12 a table split in two
CREATE TABLE customer_settings AS SELECT id AS customer_id, settings FROM customers; ALTER TABLE customers DROP settings

-- row 12 split, and the old column kept
ALTER TABLE customers ADD first_name text, ADD last_name text; UPDATE customers SET first_name = name
