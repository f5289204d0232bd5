"""A whole PostgreSQL schema, read into a Catalog."""
