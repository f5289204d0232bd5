"""PostgreSQL 14 to 18: read-only looks at the live database, and scratch servers beside it."""
