"""What a migration does, read from its SQL (layer L0); asks no server."""
