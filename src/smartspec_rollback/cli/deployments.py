"""Recording, showing and marking deployments. Called by ``deployment`` and ``local``."""

from collections.abc import Iterable, Sequence

from smartspec_rollback.cli.output import Output
from smartspec_rollback.cli.session import Session
from smartspec_rollback.cli.showing import show_verdict
from smartspec_rollback.domain.candidate import LedgerEntry
from smartspec_rollback.domain.names import checked_name, checked_text
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.views import json, tables
from smartspec_rollback.wiring.recording import Remark, Said


def record(session: Session, said: Said) -> int:
    """Record a deployment, and tell what else was kept or could not be."""
    done = session.verbs.record(said)
    remark(session.output, done.remarks)
    if session.output.as_json:
        session.output.document(json.deployments_document([done.entry] if done.entry else []))
    else:
        what = "Recorded" if done.is_new else "Already recorded"
        target = done.deployment.target
        session.output.result(
            f"{what}: {done.deployment.id}, {said.version} on {target}, {said.phase}\n"
        )
    return 0


def remark(output: Output, remarks: Iterable[Remark]) -> None:
    """Tell what came of recording: warnings always, the rest unless nobody wants to know."""
    for each in remarks:
        if each.is_warning:
            output.note(each.text)
        else:
            output.progress(each.text)


def show(output: Output, entries: Sequence[LedgerEntry]) -> None:
    """List deployments."""
    if output.as_json:
        output.document(json.deployments_document(entries))
    elif output.rich:
        from smartspec_rollback.views.terminal import render_deployments

        output.render(lambda console: render_deployments(entries, console))
    else:
        output.result(tables.deployments(entries))


def show_one(session: Session, deployment_id: str) -> int:
    """Show one deployment; one that only a platform knows is shown as that."""
    checked_name("deployment id", deployment_id)
    seen = session.verbs.deployment(deployment_id)
    if not seen.is_recorded:
        session.output.progress("Not recorded: only the platform knows it.")
    show(session.output, [seen.entry])
    verdict = seen.verdict
    if verdict is not None and not session.output.as_json:
        session.output.result("\n")
        show_verdict(session.output, verdict, exit_code=0)
    return 0


def mark(session: Session, deployment_id: str, health: str, reason: str | None) -> int:
    """Record what a person says of a deployment's health."""
    checked_name("deployment id", deployment_id)
    outcome = VerdictOutcome.PASS if health == "healthy" else VerdictOutcome.FAIL
    why = "no reason given" if reason is None else checked_text("reason", reason)
    verdict = session.verbs.mark(deployment_id, outcome, why)
    show_verdict(session.output, verdict, exit_code=0)
    return 0
