CREATE TABLE products (
    id integer PRIMARY KEY,
    name text NOT NULL,
    price_cents integer NOT NULL CHECK (price_cents > 0)
);
CREATE TABLE carts (
    id integer PRIMARY KEY,
    customer text NOT NULL
);
CREATE TABLE cart_items (
    cart_id integer NOT NULL REFERENCES carts,
    product_id integer NOT NULL REFERENCES products,
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (cart_id, product_id)
);
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cart_id integer NOT NULL REFERENCES carts,
    total_cents integer NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO products SELECT n, 'Product ' || n, 100 * n + 99 FROM generate_series(1, 50) AS n;
INSERT INTO carts SELECT n, 'Customer ' || n FROM generate_series(1, 200) AS n;
INSERT INTO cart_items
    SELECT c, 1 + (c * 7 + k * 11) % 50, k FROM generate_series(1, 200) AS c, generate_series(1, 3) AS k;
