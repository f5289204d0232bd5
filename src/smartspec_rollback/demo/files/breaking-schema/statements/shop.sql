-- Every statement of the shop. It reads them from this very file, so the two cannot differ.

-- name: cart
SELECT p.name, p.price_cents, i.quantity
FROM carts AS c
JOIN cart_items AS i ON i.cart_id = c.id
JOIN products AS p ON p.id = i.product_id
WHERE c.id = %(cart_id)s;

-- name: place_order
INSERT INTO orders (cart_id, total_cents, channel)
VALUES (%(cart_id)s, %(total_cents)s, %(channel)s)
RETURNING id;

-- name: order
SELECT id, cart_id, total_cents, channel, placed_at
FROM orders
WHERE id = %(order_id)s;
