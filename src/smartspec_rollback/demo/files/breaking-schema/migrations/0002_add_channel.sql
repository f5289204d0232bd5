-- Where an order comes from. Every order so far came from the web.
ALTER TABLE orders ADD COLUMN channel text NOT NULL DEFAULT 'web';
