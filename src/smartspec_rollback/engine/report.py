"""Report: tell from the store alone what happened in a rollback. Pure but for reading the store."""

from datetime import datetime

from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.report import Charted, Commits, Moments, Report, StepRecord
from smartspec_rollback.domain.rollback import (
    ACTIVE,
    EXIT,
    EntryKind,
    JournalEntry,
    Rollback,
    Status,
)
from smartspec_rollback.domain.step import SWITCH, Step
from smartspec_rollback.domain.verdict import Verdict
from smartspec_rollback.engine.journal import OUTCOME_UNKNOWN
from smartspec_rollback.errors import StoreCorrupt, UnknownName
from smartspec_rollback.ports.store import Store

_PREWARM = (EntryKind.PREWARM_READY, EntryKind.PREWARM_FAILED, EntryKind.PREWARM_INTENT)


def build(store: Store, rollback_id: str) -> Report:
    """Build the report of a rollback as it stands now, finished or not."""
    rollback = store.rollback(rollback_id)
    if rollback is None:
        raise UnknownName("rollback", rollback_id, remedy="`smartspec history` lists them")
    plan = store.plan(rollback_id)
    if plan is None:
        raise StoreCorrupt(f"the plan of {rollback_id} is missing from the ledger")
    journal = store.journal(rollback_id)
    verdict = store.newest_verdict(rollback_id)
    return Report(
        rollback=rollback,
        exit_code=EXIT[rollback.status],
        plan=plan,
        digest=plan.digest,
        decisions=store.decisions(rollback_id),
        steps=tuple(_record(step, journal) for step in plan.steps),
        prewarm=_newest_text(journal, _PREWARM),
        verdict=verdict,
        hold=_hold_in_force(journal),
        moments=_moments(store, plan, rollback, journal, verdict),
        advice=(*_advice(plan, rollback, journal), *_left_over(plan, rollback, journal)),
        journal=journal,
        charted=_charted(store, plan, verdict),
        commits=Commits(
            failed=_commit(store, plan.failed_deployment_id),
            target=_commit(store, plan.to.deployment_id),
        ),
    )


def unsaved(rollback: Rollback, plan: Plan) -> Report:
    """Build the report of a plan that no ledger holds yet."""
    return Report(
        rollback=rollback,
        exit_code=EXIT[rollback.status],
        plan=plan,
        digest=plan.digest,
        decisions=(),
        steps=tuple(_record(step, ()) for step in plan.steps),
        prewarm=None,
        verdict=None,
        hold=None,
        moments=Moments(
            deployed=None,
            detected=None,
            decided=None,
            approved=None,
            switched=None,
            verified=None,
        ),
        advice=_advice(plan, rollback, ()),
        journal=(),
    )


def _record(step: Step, journal: tuple[JournalEntry, ...]) -> StepRecord:
    """Tell what became of a step by the last word on it in the journal."""
    own = [e for e in journal if e.step == step.id]
    starts = [e.at for e in own if e.kind is EntryKind.STEP_INTENT]
    last = own[-1] if own else None
    state, ended, detail = "pending", None, ""
    if last is not None:
        match last.kind:
            case EntryKind.STEP_DONE:
                state, ended, detail = "done", last.at, last.text
            case EntryKind.STEP_FAILED:
                state = "unknown" if OUTCOME_UNKNOWN in last.data else "failed"
                ended, detail = last.at, last.text
            case _:
                state, detail = "running", "begun; its outcome is not recorded"
    return StepRecord(
        id=step.id,
        title=step.title,
        undo=step.undo,
        state=state,
        started=starts[0] if starts else None,
        ended=ended,
        detail=detail,
        afterwards=step.afterwards,
    )


def _newest_text(journal: tuple[JournalEntry, ...], kinds: tuple[EntryKind, ...]) -> str | None:
    return next((e.text for e in reversed(journal) if e.kind in kinds), None)


def _hold_in_force(journal: tuple[JournalEntry, ...]) -> str | None:
    placed = [e for e in journal if e.kind is EntryKind.HOLD_PLACED]
    lifted = [e for e in journal if e.kind is EntryKind.HOLD_LIFTED]
    if not placed or (lifted and lifted[-1].seq > placed[-1].seq):
        return None
    return f"hold-{placed[-1].rollback_id}"


def _done(journal: tuple[JournalEntry, ...], step: str) -> JournalEntry | None:
    """Find the entry that says a step is done; None where it is not."""
    done = (e for e in journal if e.kind is EntryKind.STEP_DONE and e.step == step)
    return next(done, None)


def _moments(
    store: Store,
    plan: Plan,
    rollback: Rollback,
    journal: tuple[JournalEntry, ...],
    verdict: Verdict | None,
) -> Moments:
    failed = store.deployment(plan.failed_deployment_id)
    onset = store.first_failure(plan.failed_deployment_id)
    turned = _done(journal, SWITCH)
    approved: list[datetime] = [e.at for e in journal if e.kind is EntryKind.DECIDED]
    never_approved = rollback.status in (Status.DENIED, Status.EXPIRED)
    return Moments(
        deployed=failed.deployment.at if failed else None,
        detected=onset.at if onset else None,
        decided=rollback.requested_at,
        approved=approved[-1] if approved and not never_approved else None,
        switched=turned.at if turned else None,
        verified=verdict.at if verdict and rollback.status is Status.SUCCEEDED else None,
    )


def _commit(store: Store, deployment_id: str | None) -> str | None:
    found = store.deployment(deployment_id) if deployment_id else None
    return found.deployment.commit if found else None


def _charted(store: Store, plan: Plan, verdict: Verdict | None) -> Charted:
    """Gather what was measured over time, in order of time."""
    failed = plan.failed_deployment_id
    said = (store.first_failure(failed), store.newest_measured(failed))
    before = {each.series.start: each.series for each in said if each and each.series}
    return Charted(
        before=tuple(before[start] for start in sorted(before)),
        during=store.series(plan.rollback_id),
        after=(verdict.series,) if verdict and verdict.series else (),
    )


def _left_over(
    plan: Plan, rollback: Rollback, journal: tuple[JournalEntry, ...]
) -> tuple[str, ...]:
    """Say what a closed rollback started and could not remove again."""
    begun = [e.seq for e in journal if e.kind is EntryKind.PREWARM_INTENT]
    gone = [e.seq for e in journal if e.kind is EntryKind.PREWARM_REMOVED]
    if rollback.status in (*ACTIVE, Status.SUCCEEDED, Status.UNSTABLE) or max(
        begun, default=0
    ) <= max(gone, default=0):
        return ()
    return (
        (
            f"Instances of {plan.to.release.version} without traffic may still run beside the "
            "live version: they could not be removed. Look on the platform itself."
        ),
    )


def _advice(
    plan: Plan,
    rollback: Rollback,
    journal: tuple[JournalEntry, ...],
) -> tuple[str, ...]:
    """Say what a person should do next, by where the rollback stands."""
    again = f"smartspec_rollback --failed-deployment-id {plan.failed_deployment_id}"
    resume = f"smartspec resume {rollback.id}"
    refusing = [f for f in plan.findings if f.outcome is Outcome.BLOCKING and f.override is None]
    match rollback.status:
        case Status.SUCCEEDED:
            hold = _hold_in_force(journal)
            fixed = f"`smartspec hold release {hold}`" if hold else "`smartspec hold list`"
            return (
                (
                    f"Mend {plan.from_release.version}; it is on hold, and the gate fails it until "
                    f"a person lifts that: {fixed}."
                ),
            )
        case Status.REFUSED if refusing:
            return tuple(f"{f.check}: {f.remedy or f.summary}" for f in refusing)
        case Status.REFUSED | Status.DENIED | Status.EXPIRED | Status.STALE | Status.CANCELLED:
            return (f"Nothing was changed. `{again}` plans anew.",)
        case Status.FAILED:
            return (f"Nothing was changed. Mend the cause, then run `{again}` again.",)
        case Status.EXECUTING | Status.INTERRUPTED:
            return (_partly(rollback, resume),)
        case Status.ABANDONED:
            return (
                (
                    "Production stays as the steps left it; a person has taken it over. "
                    f"{plan.from_release.version} stays on hold."
                ),
            )
        case Status.UNKNOWN:
            return (
                f"Look at the unknown step on the platform itself: {rollback.status_detail}.",
                (
                    f"`{resume}` looks again and goes on only if the platform can tell; "
                    f"`smartspec abandon {rollback.id}` gives up and frees the Target."
                ),
            )
        case Status.VERIFYING | Status.UNSTABLE:
            return _unproven(plan, rollback, resume)
        case Status.PLANNED | Status.AWAITING_APPROVAL | Status.APPROVED | Status.DRY_RUN:
            return ()


def _partly(rollback: Rollback, resume: str) -> str:
    """Say what to do in the middle of the steps; most times somebody is carrying them out."""
    far = "Production is partly changed; the steps say how far."
    if rollback.status is Status.EXECUTING:
        return f"{far} If nobody carries it out any more, `{resume}` goes on from there."
    return f"{far} `{resume}` goes on from there; the undo of each step is beside it."


def _unproven(plan: Plan, rollback: Rollback, resume: str) -> tuple[str, ...]:
    """Say what to do once the steps are done, and nothing shows yet that it was worth it."""
    takes = f"{plan.to.release.version} takes the traffic"
    if rollback.status is Status.VERIFYING:
        again = f"If nobody watches it any more, `{resume}` verifies again."
        return (f"{takes}; whether it is stable is not known yet. {again}",)
    why = rollback.status_detail or "verification did not end"
    return (
        f"{takes}, but it is not proven stable: {why}.",
        f"`{resume}` verifies again. If it stays bad, the cause is elsewhere.",
    )
