"""``smartspec token create``, ``list`` and ``revoke``: who may come in to a server.

Whoever can write the ledger's file may make tokens; there is no other way to the first one.
"""

import click

from smartspec_rollback.cli import completing
from smartspec_rollback.cli.options import SETTINGS, examples, limited, pass_session, works
from smartspec_rollback.cli.session import Session

SCOPES = ("read", "record", "judge", "request")
"""What a machine may be allowed; a test compares it with the domain's."""


@click.group(context_settings=SETTINGS)
def token() -> None:
    """Make, list and revoke the tokens that let people and machines in to a server."""


@token.command(
    "create",
    context_settings=SETTINGS,
    epilog=examples(
        "smartspec token create --person alice",
        "smartspec token create --name ci-checkout --scope read --scope record \\",
        "    --scope judge --scope request --service checkout --expires 30d",
    ),
)
@click.option("--person", metavar="NAME", help="Acts as this person of `people`, with their roles.")
@click.option("--name", metavar="NAME", help="What a machine's token is called.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    help="What a machine may do; again for more. No machine approves, denies or lifts a hold.",
)
@click.option("--service", "services", metavar="NAME", multiple=True, help="For this one only.")
@click.option(
    "--environment", "environments", metavar="NAME", multiple=True, help="For this one only."
)
@click.option(
    "--expires",
    metavar="DURATION",
    default="90d",
    show_default=True,
    help="How long it counts; 90d at most.",
)
@works
@pass_session
def create(
    session: Session,
    *,
    person: str | None,
    name: str | None,
    scopes: tuple[str, ...],
    services: tuple[str, ...],
    environments: tuple[str, ...],
    expires: str,
) -> int:
    """Make a token and print it, once: nothing keeps it.

    A machine's token has a name and scopes, and no role. A person's token is for the console of a
    server without an OpenID provider, and for commands.
    """
    from smartspec_rollback.cli import tokens

    asked = tokens.Asked(person, name, scopes, services, environments, expires)
    return tokens.create(session, asked)


@token.command(
    "list",
    context_settings=SETTINGS,
    epilog=examples("smartspec token list", "smartspec token list --format json"),
)
@limited
@works
@pass_session
def list_tokens(session: Session, limit: int) -> int:
    """List the tokens, newest first: what each allows, until when, and when it was used."""
    from smartspec_rollback.cli import tokens

    return tokens.show(session, session.workspace.store.tokens(limit=limit))


@token.command(
    "revoke",
    context_settings=SETTINGS,
    epilog=examples("smartspec token revoke abcdefgh", "smartspec token revoke abcdefgh --quiet"),
)
@click.argument("token_id", metavar="ID", shell_complete=completing.tokens)
@works
@pass_session
def revoke(session: Session, token_id: str) -> int:
    """End a token now, and every console that was opened with it."""
    from smartspec_rollback.cli import tokens

    return tokens.revoke(session, token_id)
