"""Readers of committed query files: where an application's statements stand in its repository."""
