"""Databases: one package or file per kind, each a provider of its own."""
