"""``smartspec init``."""

from pathlib import Path

import click

from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, talks
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples("smartspec init", "smartspec init --folder deploy/"),
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where to write; default: here.",
)
@talks
@pass_session
def init(session: Session, folder: Path) -> int:
    """Write a commented smartspec.yaml and its schema for editors.

    Nothing that is there already is overwritten.
    """
    from smartspec_rollback.cli.documents import document
    from smartspec_rollback.cli.starting_out import write_configuration

    written = write_configuration(folder)
    if session.output.as_json:
        session.output.document(document("smartspec.init/1", written=[str(p) for p in written]))
    else:
        lines = [f"Wrote {path}\n" for path in written]
        session.output.result("".join(lines))
        session.output.progress("Edit it, then run `smartspec doctor`.")
    return 0
