-- Mutations of constraints, indexes and keys (rows 30 to 35, 39, 40, 44).

-- row 30 CHECK that the application violates
ALTER TABLE customers ADD CHECK (length(name) < 20)

-- row 30 CHECK that is not validated, and violated
ALTER TABLE orders ADD CHECK (length(remark) < 100) NOT VALID

-- row 30! CHECK that holds
ALTER TABLE products ADD CHECK (stock >= 0)

-- row 30! CHECK that holds, not validated
ALTER TABLE orders ADD CHECK (total < 1000000) NOT VALID

-- row 30 CHECK on a kind, violated by a literal
UPDATE coupons SET kind = 'sale'; ALTER TABLE coupons ADD CHECK (kind = 'sale')

-- row 30 CHECK on a kind, never violated
ALTER TABLE coupons ADD CHECK (kind IN ('gift', 'sale', 'trial'))

-- row 30 CHECK on a column that is never written
ALTER TABLE drafts ADD CHECK (length(body) > 3)

-- row 30 CHECK over two columns, violated
ALTER TABLE orders ADD CHECK (state <> 'shipped' OR due IS NULL) NOT VALID

-- row 30 CHECK on a new nullable column
ALTER TABLE orders ADD gift boolean CHECK (gift IS NOT FALSE)

-- row 30 CHECK that a new column must be filled
ALTER TABLE orders ADD gift boolean; UPDATE orders SET gift = false; ALTER TABLE orders ADD CHECK (gift IS NOT NULL)

-- row 31 UNIQUE on a column that repeats
DELETE FROM order_lines; DELETE FROM orders WHERE id = 3; ALTER TABLE orders ADD UNIQUE (customer_id)

-- row 31! UNIQUE on a column that does not repeat
ALTER TABLE products ADD UNIQUE (title)

-- row 31! UNIQUE on a price that does not repeat
CREATE UNIQUE INDEX ON orders (remark) WHERE remark IS NULL AND id > 3; ALTER TABLE products ADD UNIQUE (price)

-- row 31 UNIQUE over a key that is unique anyway
ALTER TABLE products ADD UNIQUE (sku, title)

-- row 31 UNIQUE on an unused column
ALTER TABLE customers ADD UNIQUE (legacy_code)

-- row 31 EXCLUDE that nothing written meets
ALTER TABLE drafts ADD EXCLUDE USING btree (id WITH =)

-- row 31! unique index on the deleted-from table's nullable column
CREATE UNIQUE INDEX ON carts (customer_id)

-- row 32! foreign key whose key is always NULL
ALTER TABLE carts ADD FOREIGN KEY (customer_id) REFERENCES customers (id)
-- then the new version writes
SELECT 1

-- row 32 foreign key from events' kind to a table of kinds
CREATE TABLE kinds (kind text PRIMARY KEY); INSERT INTO kinds SELECT DISTINCT kind FROM events; GRANT ALL ON kinds TO shop_app; ALTER TABLE events ADD FOREIGN KEY (kind) REFERENCES kinds

-- row 32! foreign key whose keys are all there
CREATE TABLE kinds (kind text PRIMARY KEY); INSERT INTO kinds VALUES ('gift'), ('sale'); ALTER TABLE coupons ADD FOREIGN KEY (kind) REFERENCES kinds

-- row 32 foreign key on an unused table
ALTER TABLE drafts ADD author bigint REFERENCES customers (id)

-- row 33 the arbiter of ON CONFLICT (sku) dropped
ALTER TABLE products DROP CONSTRAINT products_sku_key

-- row 33 the constraint that ON CONFLICT names was renamed
ALTER TABLE carts RENAME CONSTRAINT carts_pkey TO baskets_pkey

-- row 33 UNIQUE that is no arbiter dropped, no duplicates
ALTER TABLE customers DROP CONSTRAINT customers_email_key

-- row 33 UNIQUE replaced by an equal index
ALTER TABLE products DROP CONSTRAINT products_sku_key; CREATE UNIQUE INDEX products_by_sku ON products (sku)

-- row 33 UNIQUE replaced by a partial index
ALTER TABLE products DROP CONSTRAINT products_sku_key; CREATE UNIQUE INDEX products_by_sku ON products (sku) WHERE stock >= 0

-- row 33 UNIQUE widened to two columns
ALTER TABLE products DROP CONSTRAINT products_sku_key; ALTER TABLE products ADD UNIQUE (sku, title)

-- row 33 constraint renamed that nothing names
ALTER TABLE products RENAME CONSTRAINT products_sku_key TO products_sku_unique

-- row 33 partial unique index of labels dropped
DROP INDEX coupons_label

-- row 34 CHECK dropped, nothing violates it
ALTER TABLE products DROP CONSTRAINT products_price_check

-- row 34! CHECK dropped, and violated since
ALTER TABLE coupons DROP CONSTRAINT coupons_kind_check
-- then the new version writes
INSERT INTO coupons (code, reduction, kind) VALUES ('NEW', 5, 'trial')

-- row 34 foreign key dropped, no orphans
ALTER TABLE order_lines DROP CONSTRAINT order_lines_product_id_fkey

-- row 34 cascade of a foreign key changed to restrict
ALTER TABLE order_lines DROP CONSTRAINT order_lines_order_id_fkey; ALTER TABLE order_lines ADD FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE RESTRICT

-- row 35 plain index added
CREATE INDEX ON orders (customer_id)

-- row 35 plain index dropped
DROP INDEX products_title

-- row 35 expression index added
CREATE INDEX ON customers (lower(name))

-- row 35 partial index added
CREATE INDEX ON orders (placed_at) WHERE state = 'new'

-- row 39 a written column becomes generated
ALTER TABLE orders DROP total CASCADE; ALTER TABLE orders ADD total numeric(12,2) GENERATED ALWAYS AS (1.00) STORED; CREATE VIEW order_overview AS SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer_id; GRANT ALL ON order_overview TO shop_app

-- row 39 an unwritten column becomes generated
ALTER TABLE customers DROP legacy_code; ALTER TABLE customers ADD legacy_code text GENERATED ALWAYS AS (upper(nickname)) STORED

-- row 39! a generated column becomes a plain one
ALTER TABLE products ALTER slug DROP EXPRESSION

-- row 40 identity of orders ALWAYS, key never written
ALTER TABLE orders ALTER id SET GENERATED ALWAYS

-- row 40 a written column becomes identity ALWAYS
ALTER TABLE order_lines ALTER line ADD GENERATED ALWAYS AS IDENTITY

-- row 40 serial becomes identity ALWAYS
ALTER TABLE customers ALTER id DROP DEFAULT; ALTER TABLE customers ALTER id ADD GENERATED ALWAYS AS IDENTITY (START 100)

-- row 44 primary key over another column, arbiter gone
ALTER TABLE coupons DROP CONSTRAINT coupons_pkey; ALTER TABLE coupons ADD number serial PRIMARY KEY

-- row 44 primary key over another column, old one unique still
ALTER TABLE coupons DROP CONSTRAINT coupons_pkey; ALTER TABLE coupons ADD number serial PRIMARY KEY; ALTER TABLE coupons ADD UNIQUE (code)

-- row 44 primary key of order lines widened
ALTER TABLE order_lines DROP CONSTRAINT order_lines_pkey; ALTER TABLE order_lines ADD PRIMARY KEY (order_id, line, product_id)

-- row 44 primary key of an unused table dropped
ALTER TABLE drafts DROP CONSTRAINT drafts_pkey
