"""``smartspec audit verify``."""

import click

from smartspec_rollback.cli.options import SETTINGS, examples, pass_session, reaches
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
@reaches
@pass_session
def verify(session: Session) -> int:
    """Check every entry of the audit log, and what it records, against the hash chain.

    Exit code 4: something was changed; the first place is named. Keep the newest hash elsewhere
    now and then: it proves that nobody wrote the whole log anew.
    """
    from smartspec_rollback.cli.documents import document

    proof = session.verbs.proof()
    entries, fault = proof.entries, proof.fault
    if session.output.as_json:
        content = {"sound": fault is None, "entries": entries, "fault": fault}
        session.output.document(
            document("smartspec.audit/1", **content, newest_hash=proof.newest_hash)
        )
    elif fault is None:
        end = f"; the newest hash is {proof.newest_hash}" if proof.newest_hash else ""
        said = "1 audit entry is" if entries == 1 else f"{entries} audit entries are"
        session.output.result(f"✅ {said} what was written{end}\n")
    else:
        session.output.result(
            f"❌ audit entry {fault.seq}: {fault.what}\n"
            f"  where: {proof.where}\n"
            "  to do: find out who changed it; compare with a backup\n"
        )
    return 0 if fault is None else _BROKEN
