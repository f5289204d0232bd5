"""``smartspec audit verify``."""

import click

from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, works
from smartspec_rollback.cli.session import Session

_BROKEN = 4


@click.group(context_settings=SETTINGS)
def audit() -> None:
    """Prove that the audit log is what was written."""


@audit.command(
    "verify",
    context_settings=SETTINGS,
    epilog=examples("smartspec audit verify", "smartspec audit verify --format json"),
)
@works
@pass_session
def verify(session: Session) -> int:
    """Check every entry of the audit log, and what it records, against the hash chain.

    Exit code 4: something was changed; the first place is named. Keep the newest hash elsewhere
    now and then: it proves that nobody wrote the whole log anew.
    """
    from smartspec_rollback.cli.documents import document

    store = session.workspace.store
    entries, fault = store.verify_audit()
    newest = next(iter(store.audit_log(limit=1)), None) if fault is None else None
    if session.output.as_json:
        content = {"sound": fault is None, "entries": entries, "fault": fault}
        newest_hash = newest.hash if newest else None
        session.output.document(document("smartspec.audit/1", **content, newest_hash=newest_hash))
    elif fault is None:
        end = f"; the newest hash is {newest.hash}" if newest else ""
        said = "1 audit entry is" if entries == 1 else f"{entries} audit entries are"
        session.output.result(f"✅ {said} what was written{end}\n")
    else:
        session.output.result(
            f"❌ audit entry {fault.seq}: {fault.what}\n"
            f"  where: {store.path}\n"
            "  to do: find out who changed it; compare with a backup\n"
        )
    return 0 if fault is None else _BROKEN
