"""Applies the migrations that are new, one transaction each: the demo's deploy step.

Copied into the demo's folder and run there by its own path, as a pipeline runs a migrations' tool;
it may not import anything of this project. Keeps its record where sqlx keeps its own.

    python migrate.py [--to VERSION]
"""

import argparse
import sys
from pathlib import Path

import psycopg

HERE = Path(__file__).parent
_RECORD = """
    CREATE TABLE IF NOT EXISTS _sqlx_migrations (
        version bigint PRIMARY KEY,
        description text NOT NULL,
        installed_on timestamptz NOT NULL DEFAULT now(),
        success boolean NOT NULL
    )
"""
_WAIT = "SET lock_timeout = '2s'"


def main() -> None:
    """Apply the migrations up to a version, all by default, and show what was applied."""
    told = argparse.ArgumentParser(description="Apply the migrations that are new.")
    told.add_argument("--to", metavar="VERSION", type=int, help="the last one; default: all")
    last = told.parse_args().to
    url = (HERE / "database-url").read_text().strip()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_WAIT)
        connection.execute(_RECORD)
        done = {row[0] for row in connection.execute("SELECT version FROM _sqlx_migrations")}
        for file in sorted((HERE / "migrations").glob("*.sql")):
            version, _, name = file.stem.partition("_")
            if int(version) not in done and (last is None or int(version) <= last):
                _apply(connection, file, int(version), name)


def _apply(
    connection: "psycopg.Connection[tuple[object, ...]]", file: Path, version: int, name: str
) -> None:
    text = file.read_text()
    with connection.transaction():
        connection.execute(text.encode())
        connection.execute(
            "INSERT INTO _sqlx_migrations (version, description, success) VALUES (%s, %s, true)",
            (version, name),
        )
    shown = "".join(f"    {line}\n" for line in text.splitlines())
    sys.stdout.write(f"Applied {file.relative_to(HERE)}:\n{shown}")


if __name__ == "__main__":
    main()
