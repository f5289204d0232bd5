"""``smartspec schema snapshot|compare|reversal``: options and help."""

import click

from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, talks
from smartspec_rollback.cli.session import Session

_statements = click.option(
    "--statements",
    multiple=True,
    metavar="FILE",
    help="The application's statements: .sqlx/*.json, sqlc's or plain .sql files, or a folder of "
    "them; may be given several times.",
)
_role = click.option(
    "--role", metavar="NAME", help="The database role that the application's statements run as."
)
_within = click.option(
    "--within",
    type=click.FloatRange(1, 3600),
    metavar="SECONDS",
    default=60.0,
    show_default=True,
    help="How long everything may take; what was not seen by then is unknown.",
)


@click.group(context_settings=SETTINGS)
def schema() -> None:
    """Tell whether old code can work on a new database schema.

    A database is named by its URL, or, so that no password is in the process list, by `env:NAME` or
    `file:PATH`, which hold it. Nothing is ever written to it.
    """


@schema.command(
    "snapshot",
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec schema snapshot postgresql://localhost/shop \\",
        "    --statements db/queries/ > a.json",
        "smartspec schema snapshot env:DATABASE_URL --role shop_app > a.json",
    ),
)
@click.argument("url", metavar="URL")
@_statements
@click.option(
    "--remembered/--no-remembered",
    default=True,
    show_default=True,
    help="Record the statements the server itself remembers (pg_stat_statements).",
)
@_role
@click.option(
    "--values",
    is_flag=True,
    help="Record figures about every column: share of NULLs, greatest length, labels.",
)
@click.option(
    "--samples",
    type=click.IntRange(0, 1000),
    default=0,
    metavar="ROWS",
    help="Record so many rows of each table; they may hold personal data.",
)
@_within
@talks
@pass_session
def snapshot(
    session: Session,
    *,
    url: str,
    statements: tuple[str, ...],
    remembered: bool,
    role: str | None,
    values: bool,
    samples: int,
    within: float,
) -> int:
    """Write a database's schema and the application's statements as one JSON document.

    Read-only, and without ever waiting for a lock. Keep the document with the release: it is what
    a later schema is compared with.
    """
    from smartspec_rollback.cli import schemas

    wanted = schemas.Wanted(
        url=url,
        statements=statements,
        remembered=remembered,
        role=role,
        values=values,
        samples=samples,
        within=within,
    )
    return schemas.snapshot(session, wanted)


@schema.command(
    "compare",
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec schema compare --before a.json --after env:DATABASE_URL",
        "smartspec schema compare --before a.json --after b.json \\",
        "    --migrations db/migrations/0042_split_name.sql --format json",
    ),
)
@click.option(
    "--before",
    required=True,
    metavar="JSON|URL",
    help="The schema the old version worked on: a snapshot, `-` for standard input, or a URL.",
)
@click.option("--after", required=True, metavar="JSON|URL", help="The schema as it is now.")
@_statements
@click.option(
    "--migrations",
    multiple=True,
    metavar="FILE",
    help="The migrations in between, in order, or a folder of them; they are read, and run only on "
    "scratch copies.",
)
@_role
@click.option(
    "--shadow",
    metavar="URL",
    help="Make the scratch copies on the server of this database, instead of on this machine; it "
    "must not be the server of --before or --after.",
)
@_within
@talks
@pass_session
def compare(
    session: Session,
    *,
    before: str,
    after: str,
    statements: tuple[str, ...],
    migrations: tuple[str, ...],
    role: str | None,
    shadow: str | None,
    within: float,
) -> int:
    """Say whether the old version can work on the new schema, with evidence.

    Exit codes: 0 safe, 1 breaking, 2 usage, 3 attention or unknown, 4 an error of a provider or
    of ours.
    """
    session.judges = True
    from smartspec_rollback.cli import schemas

    asked = schemas.Asked(
        before=before,
        after=after,
        statements=statements,
        migrations=migrations,
        role=role,
        shadow=shadow,
        within=within,
    )
    return schemas.compare(session, asked)


@schema.command(
    "reversal",
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec schema reversal --before schema.sql --up 0042.up.sql --down 0042.down.sql",
        "smartspec schema reversal --before schema.sql --up 0042.up.sql --down 0042.down.sql \\",
        "    --writes writes.sql --format json",
    ),
)
@click.option(
    "--before", required=True, metavar="FILE", help="The schema before, as SQL; may hold rows."
)
@click.option(
    "--up", required=True, multiple=True, metavar="FILE", help="The migration; several in order."
)
@click.option(
    "--down", required=True, multiple=True, metavar="FILE", help="What reverses it; in order."
)
@click.option(
    "--writes",
    multiple=True,
    metavar="FILE",
    help="What the new version writes, as SQL; made up where none is given.",
)
@_within
@talks
@pass_session
def reversal(
    session: Session,
    *,
    before: str,
    up: tuple[str, ...],
    down: tuple[str, ...],
    writes: tuple[str, ...],
    within: float,
) -> int:
    """Say what reversing a migration would lose, by doing it in a scratch database.

    That is on a server of its own, on this machine: scripts make roles, which on a shared server
    would be everybody's.

    Exit codes: 0 lossless, 1 loses, 2 usage, 3 fails, 4 an error of a provider or of ours.
    """
    session.judges = True
    from smartspec_rollback.cli import schemas

    asked = schemas.Reversed(before=before, up=up, down=down, writes=writes, within=within)
    return schemas.reversal(session, asked)
