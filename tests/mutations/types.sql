-- Mutations of types, nullability, defaults, collations and domains (rows 13 to 29, 42, 45).

-- row 13 name cut below what is written
DROP VIEW order_overview, regular_customers; ALTER TABLE customers ALTER name TYPE varchar(10) USING left(name, 10); CREATE VIEW regular_customers AS SELECT id, email, name FROM customers WHERE NOT vip; CREATE VIEW order_overview AS SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer_id; GRANT ALL ON regular_customers, order_overview TO shop_app

-- row 13! name cut, but not below what is written
ALTER TABLE orders ALTER remark TYPE varchar(160)

-- row 13 text to a short varchar
ALTER TABLE products ALTER note TYPE varchar(50)

-- row 13! text to a long varchar
ALTER TABLE products ALTER note TYPE varchar(500)

-- row 13 char to a shorter one
ALTER TABLE products ALTER shelf TYPE char(1) USING left(shelf, 1)

-- row 13! an unread column to a shorter one
ALTER TABLE customers ALTER legacy_code TYPE varchar(5)

-- row 14 varchar to text
ALTER TABLE orders ALTER remark TYPE text

-- row 14 varchar to a longer one
ALTER TABLE orders ALTER remark TYPE varchar(300)

-- row 14 varchar to text, and longer rows are there
DROP VIEW order_overview, regular_customers; ALTER TABLE customers ALTER name TYPE text; CREATE VIEW regular_customers AS SELECT id, email, name FROM customers WHERE NOT vip; CREATE VIEW order_overview AS SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer_id; GRANT ALL ON regular_customers, order_overview TO shop_app
-- then the new version writes
UPDATE customers SET name = repeat('n', 60) WHERE id = 1

-- row 14 varchar to text, never longer
DROP VIEW order_overview, regular_customers; ALTER TABLE customers ALTER name TYPE text; CREATE VIEW regular_customers AS SELECT id, email, name FROM customers WHERE NOT vip; CREATE VIEW order_overview AS SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer_id; GRANT ALL ON regular_customers, order_overview TO shop_app
-- then the new version writes
UPDATE customers SET name = 'Ada L' WHERE id = 1

-- row 15! integer to bigint
ALTER TABLE products ALTER stock TYPE bigint

-- row 15 integer to bigint, and larger values are there
ALTER TABLE products ALTER stock TYPE bigint
-- then the new version writes
UPDATE products SET stock = 3000000000 WHERE id = 2

-- row 15! smallint to integer
ALTER TABLE order_lines ALTER quantity TYPE integer

-- row 15 smallint to integer, and larger values are there
ALTER TABLE order_lines ALTER quantity TYPE integer
-- then the new version writes
UPDATE order_lines SET quantity = 70000 WHERE order_id = 1

-- row 16! bigint to integer
ALTER TABLE stats.visits ALTER visits TYPE integer

-- row 16! customers' key to integer
ALTER TABLE carts ALTER customer_id TYPE integer

-- row 17 integer to text
ALTER TABLE products ALTER stock DROP DEFAULT; ALTER TABLE products ALTER stock TYPE text; ALTER TABLE products ALTER stock SET DEFAULT '0'

-- row 17 date to text
ALTER TABLE customers ALTER born TYPE text

-- row 17 boolean to integer
DROP VIEW regular_customers; ALTER TABLE customers ALTER vip DROP DEFAULT; ALTER TABLE customers ALTER vip TYPE integer USING vip::integer; ALTER TABLE customers ALTER vip SET DEFAULT 0; CREATE VIEW regular_customers AS SELECT id, email, name FROM customers WHERE vip = 0; GRANT ALL ON regular_customers TO shop_app

-- row 17 text to integer
ALTER TABLE coupons ALTER label TYPE integer USING NULL

-- row 17 uuid to text
ALTER TABLE carts ALTER session TYPE text

-- row 17 an unread column's type
ALTER TABLE customers ALTER legacy_code TYPE bytea USING NULL

-- row 18 numeric to double precision
ALTER TABLE products ALTER price TYPE double precision

-- row 18 the order's total to real
DROP VIEW order_overview; ALTER TABLE orders ALTER total TYPE real; CREATE VIEW order_overview AS SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer_id; GRANT ALL ON order_overview TO shop_app

-- row 19 scale of a price cut
ALTER TABLE products ALTER price TYPE numeric(10,0)

-- row 19 scale of a total cut to one digit
DROP VIEW order_overview; ALTER TABLE orders ALTER total TYPE numeric(12,1); CREATE VIEW order_overview AS SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer_id; GRANT ALL ON order_overview TO shop_app

-- row 20 timestamp to date
ALTER TABLE orders ALTER due TYPE date

-- row 20 timestamp to timestamptz
ALTER TABLE orders ALTER due TYPE timestamptz

-- row 20 timestamptz to timestamp
ALTER TABLE customers ALTER created_at TYPE timestamp

-- row 20 text array to jsonb
ALTER TABLE products ALTER tags DROP DEFAULT; ALTER TABLE products ALTER tags TYPE jsonb USING to_jsonb(tags); ALTER TABLE products ALTER tags SET DEFAULT '[]'

-- row 20 jsonb to text
ALTER TABLE customers ALTER settings DROP DEFAULT; ALTER TABLE customers ALTER settings TYPE text; ALTER TABLE customers ALTER settings SET DEFAULT '{}'

-- row 20 text to jsonb
ALTER TABLE products ALTER note TYPE jsonb USING to_jsonb(note)

-- row 20! json to jsonb
ALTER TABLE carts ALTER raw TYPE jsonb

-- row 21! enum to text
ALTER TABLE orders ALTER state DROP DEFAULT; ALTER TABLE orders ALTER state TYPE text; ALTER TABLE orders ALTER state SET DEFAULT 'new'

-- row 21! enum to text, and the new version writes another
ALTER TABLE orders ALTER state DROP DEFAULT; ALTER TABLE orders ALTER state TYPE text; ALTER TABLE orders ALTER state SET DEFAULT 'new'
-- then the new version writes
UPDATE orders SET state = 'lost' WHERE id = 3

-- row 21! text to enum
CREATE TYPE coupon_kind AS ENUM ('gift', 'sale'); ALTER TABLE coupons DROP CONSTRAINT coupons_kind_check; ALTER TABLE coupons ALTER kind TYPE coupon_kind USING kind::coupon_kind

-- row 22 enum value added, unused
ALTER TYPE order_state ADD VALUE 'returned'

-- row 22 enum value added in front
ALTER TYPE order_state ADD VALUE 'draft' BEFORE 'new'

-- row 23 enum value added and written
ALTER TYPE order_state ADD VALUE 'returned'
-- then the new version writes
UPDATE orders SET state = 'returned' WHERE id = 3

-- row 23 enum value added and written by an insert
ALTER TYPE order_state ADD VALUE 'returned'
-- then the new version writes
INSERT INTO orders (customer_id, state) VALUES (1, 'returned')

-- row 24 enum value renamed
ALTER TYPE order_state RENAME VALUE 'shipped' TO 'sent'

-- row 24 enum value renamed that a literal names
ALTER TYPE order_state RENAME VALUE 'paid' TO 'settled'

-- row 24 enum made anew without a label
ALTER TABLE orders ALTER state DROP DEFAULT; CREATE TYPE order_state_2 AS ENUM ('new', 'paid'); ALTER TABLE orders ALTER state TYPE order_state_2 USING (CASE state::text WHEN 'shipped' THEN 'paid' ELSE state::text END)::order_state_2; DROP TYPE order_state; ALTER TYPE order_state_2 RENAME TO order_state; ALTER TABLE orders ALTER state SET DEFAULT 'new'

-- row 25 NOT NULL where NULL is written by a parameter
UPDATE customers SET nickname = ''; ALTER TABLE customers ALTER nickname SET NOT NULL

-- row 25 NOT NULL where an insert leaves it out
UPDATE orders SET due = now(); ALTER TABLE orders ALTER due SET NOT NULL

-- row 25 NOT NULL where an update writes NULL
UPDATE orders SET remark = ''; ALTER TABLE orders ALTER remark SET NOT NULL

-- row 25 NOT NULL with a default where the insert leaves it out, but an update writes NULL
UPDATE coupons SET label = code; ALTER TABLE coupons ALTER label SET DEFAULT '', ALTER label SET NOT NULL

-- row 26 NOT NULL on the unused column
UPDATE customers SET legacy_code = ''; ALTER TABLE customers ALTER legacy_code SET DEFAULT '', ALTER legacy_code SET NOT NULL

-- row 26 NOT NULL where nothing is written
UPDATE drafts SET body = ''; ALTER TABLE drafts ALTER body SET NOT NULL

-- row 27 DROP NOT NULL, and NULLs are there
ALTER TABLE customers ALTER name DROP NOT NULL
-- then the new version writes
UPDATE customers SET name = NULL WHERE id = 1

-- row 27 DROP NOT NULL, no NULLs
ALTER TABLE customers ALTER name DROP NOT NULL

-- row 27 DROP NOT NULL on a price, with NULLs
ALTER TABLE products ALTER price DROP NOT NULL
-- then the new version writes
UPDATE products SET price = NULL WHERE id = 2

-- row 27 DROP NOT NULL on tags, no NULLs
ALTER TABLE products ALTER tags DROP NOT NULL

-- row 28 default of an omitted column dropped
ALTER TABLE orders ALTER state DROP DEFAULT

-- row 28 default of an omitted total dropped
ALTER TABLE orders ALTER total DROP DEFAULT

-- row 28 default of a column that is omitted in one insert
ALTER TABLE products ALTER stock DROP DEFAULT

-- row 28 sequence default dropped
ALTER TABLE customers ALTER id DROP DEFAULT

-- row 28 identity dropped
ALTER TABLE orders ALTER id DROP IDENTITY

-- row 28! default of a nullable-to-be column dropped together with NOT NULL
ALTER TABLE customers ALTER vip DROP NOT NULL, ALTER vip DROP DEFAULT
-- then the new version writes
SELECT 1

-- row 28 default of a column that is never omitted
ALTER TABLE drafts ALTER id DROP DEFAULT

-- row 29! default changed
ALTER TABLE orders ALTER placed_at SET DEFAULT now() + interval '1 hour'

-- row 29 default changed to what the application does not expect
ALTER TABLE orders ALTER state SET DEFAULT 'paid'

-- row 29! default of uses changed
ALTER TABLE coupons ALTER uses SET DEFAULT 1

-- row 29 default written in another way
ALTER TABLE orders ALTER total SET DEFAULT 0.0::numeric; ALTER TABLE carts ALTER updated_at SET DEFAULT CURRENT_TIMESTAMP

-- row 42! collation of the name
DROP VIEW order_overview, regular_customers; ALTER TABLE customers ALTER name TYPE varchar(40) COLLATE "C"; CREATE VIEW regular_customers AS SELECT id, email, name FROM customers WHERE NOT vip; CREATE VIEW order_overview AS SELECT o.id, c.name, o.total FROM orders o JOIN customers c ON c.id = o.customer_id; GRANT ALL ON regular_customers, order_overview TO shop_app

-- row 42 collation of an unused column
ALTER TABLE customers ALTER legacy_code TYPE text COLLATE "C"

-- row 45 domain gets a check that is violated
ALTER DOMAIN percent ADD CHECK (VALUE < 50) NOT VALID

-- row 45! domain gets a check that holds
ALTER DOMAIN percent ADD CHECK (VALUE <= 100)

-- row 45! domain gets NOT NULL on an always written column
ALTER DOMAIN percent SET NOT NULL

-- row 45 domain of the e-mail gets stricter than what is written
ALTER DOMAIN email ADD CHECK (VALUE LIKE '%.com') NOT VALID

-- row 45 domain loses its check
ALTER DOMAIN email DROP CONSTRAINT email_check
