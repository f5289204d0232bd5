"""SQLite: files that are looked at and never written to."""
