-- Whoever orders a gift may add a note to it.
ALTER TABLE orders ADD COLUMN gift_note text;
