"""``smartspec doctor``."""

import click

from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, works
from smartspec_rollback.cli.session import Session


@click.command(
    context_settings=SETTINGS,
    epilog=examples("smartspec doctor", "smartspec doctor --config deploy/smartspec.yaml"),
)
@works
@pass_session
def doctor(session: Session) -> int:
    """Check that everything configured is reachable and allowed.

    ✅ works, ⚠️ look at it, ❌ does not work, ❔ could not be checked. Changes nothing but the
    audit log, which it writes to in order to know that it can.

    Exit code 4: something does not work.
    """
    from smartspec_rollback.cli.diagnosis import diagnose

    return diagnose(session)
