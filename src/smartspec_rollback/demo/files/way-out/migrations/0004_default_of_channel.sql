-- v1.2.0 knows no channels: whatever it sells, it sells on the web.
ALTER TABLE orders ALTER COLUMN channel SET DEFAULT 'web';
