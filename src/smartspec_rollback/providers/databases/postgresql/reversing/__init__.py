"""See what a down migration would lose: scratch databases for hostile scripts, rows compared."""
