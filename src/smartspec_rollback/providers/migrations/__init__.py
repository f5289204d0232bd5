"""Readers of migration folders, one tool per file. The project's code is never run."""
