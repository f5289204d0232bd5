"""Plans and reports as people meet them, for the golden files and the tests of the views."""

from datetime import timedelta

import msgspec

from smartspec_rollback.domain.approval import Policy
from smartspec_rollback.domain.finding import FIX_TO_REVIEW, Finding, Outcome, Override, Risk
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.report import Moments, Report, StepRecord
from smartspec_rollback.domain.rollback import EntryKind, JournalEntry, Status
from smartspec_rollback.domain.settings import Probe, Verification
from smartspec_rollback.domain.values import Evidence, parameters
from smartspec_rollback.domain.verdict import (
    ObjectiveResult,
    Verdict,
    VerdictOutcome,
    VerdictSource,
)
from smartspec_rollback.testing.samples import (
    NOON,
    a_candidate,
    a_decision,
    a_plan,
    a_rollback,
    a_step,
    a_summary,
    an_objective,
    later,
)

DECLARED = Evidence(fact="database", value="none", source="declared")
SCHEMA = Finding(
    check="schema-compatible",
    number=8,
    outcome=Outcome.PASSED,
    summary="No breaking database schema changes detected.",
    evidence=(DECLARED,),
)
DATA = Finding(
    check="data-loss",
    number=13,
    outcome=Outcome.PASSED,
    summary="No data loss risk identified.",
    evidence=(DECLARED,),
)
HEALTHY = Finding(
    check="target-evidence",
    number=1,
    outcome=Outcome.PASSED,
    summary="v1.2.0 was verified healthy.",
    evidence=(Evidence(fact="health", value="gate passed", source="ledger"),),
)
SCHEMA_UNKNOWN = Finding(
    check="schema-compatible",
    number=8,
    outcome=Outcome.UNKNOWN,
    summary="Schema not checked: no database configured for checkout.",
    remedy="declare `database: none` if checkout has none",
)
DATA_UNKNOWN = Finding(
    check="data-loss",
    number=13,
    outcome=Outcome.UNKNOWN,
    summary="Data loss not checked: no database configured for checkout.",
    remedy="declare `database: none` if checkout has none",
)
SCHEMA_BREAKS = Finding(
    check="schema-compatible",
    number=8,
    outcome=Outcome.BLOCKING,
    summary="v1.2.0 does not work with the schema: inserts into orders leave out gift, which is "
    "NOT NULL without a default.",
    evidence=(
        Evidence(
            fact="public.orders.gift",
            value="inserts leave it out [breaking, column-added-required]",
            source="L1 catalog, L3 scratch copy",
        ),
        Evidence(
            fact="statement of v1.2.0",
            value="INSERT INTO orders (id, total) VALUES ($1, $2)",
            source="0f3a9c2b7d11",
        ),
        Evidence(
            fact=FIX_TO_REVIEW,
            value="/* Review: 0 is a placeholder. */ ALTER TABLE public.orders ALTER COLUMN gift "
            "SET DEFAULT 0;",
            source="not applied",
        ),
        Evidence(
            fact="coverage",
            value="98% (understood: 118 of 120 statements)",
            source="comparison",
        ),
    ),
    remedy=f"roll forward instead: mend v1.2.1 and deploy it; or have the SQL under "
    f"`{FIX_TO_REVIEW}` reviewed and applied, and plan again: it is meant to make v1.2.0 work "
    "with this schema",
)
DATA_UNSEEN = Finding(
    check="data-loss",
    number=13,
    outcome=Outcome.ATTENTION,
    summary="37 rows written since the deployment are not seen by v1.2.0: orders.gift_note "
    "(37 rows).",
    evidence=(
        Evidence(
            fact="public.orders.gift_note", value="37 rows not seen by v1.2.0", source="counted"
        ),
    ),
    remedy="going back deletes nothing, but v1.2.0 acts as if that were not there; tell whoever "
    "relies on it, and reverse no migration",
)
WILL_NOT_HELP = Finding(
    check="will-it-help",
    number=20,
    outcome=Outcome.ATTENTION,
    summary="The trouble began before this deployment: a rollback will probably not fix this.",
    evidence=(Evidence(fact="onset", value="2026-03-02 11:40 UTC", source="ledger"),),
)
HELD = Finding(
    check="target-not-held",
    number=4,
    outcome=Outcome.BLOCKING,
    summary="v1.2.0 is on hold: payments were charged twice.",
    evidence=(Evidence(fact="hold", value="hold-rb-0", source="ledger"),),
    remedy="choose another with --target-version, or `smartspec hold release hold-rb-0`",
)
OVERRIDE = Override(check="target-not-held", reason="the double charge is mended", by="alice")


def safe() -> Plan:
    """Make a plan in which every check passed, with a prewarm and tests."""
    plan = a_plan(
        findings=(SCHEMA, DATA, HEALTHY),
        prewarm=True,
        verification=Verification(probes=(Probe(path="/healthz"),), commands=("./smoke.sh",)),
        objectives=(an_objective(), an_objective("error rate <= 1%")),
    )
    return msgspec.structs.replace(plan, failing_now="p99 latency 812ms > 200ms")


def uncertain() -> Plan:
    """Make a plan that nobody showed to be safe, with a candidate passed over."""
    passed_over = a_candidate(
        "v1.1.9", deployment_id="deploy-12340", rejected=("on hold: double charge", "artifact gone")
    )
    plan = a_plan(
        findings=(SCHEMA_UNKNOWN, DATA_UNKNOWN, HEALTHY, WILL_NOT_HELP),
        risk=Risk.HIGH,
        policy=Policy(approvers=("alice", "bob"), self_approval=False),
    )
    return msgspec.structs.replace(plan, rejected=(passed_over,), estimate=None, baseline=None)


def refused() -> Plan:
    """Make a plan that a blocking finding refuses."""
    return a_plan(findings=(SCHEMA, DATA, HEALTHY, HELD))


def breaking() -> Plan:
    """Make a plan that the database refuses, with the way out."""
    return a_plan(findings=(SCHEMA_BREAKS, DATA_UNSEEN, HEALTHY), risk=Risk.HIGH)


def overridden() -> Plan:
    """Make a plan whose one blocking finding a person lifted."""
    lifted = msgspec.structs.replace(HELD, override=OVERRIDE)
    plan = a_plan(findings=(SCHEMA, DATA, HEALTHY, lifted), risk=Risk.HIGH)
    return msgspec.structs.replace(plan, overrides=(OVERRIDE,))


def suspending() -> Plan:
    """Make a plan that puts automation to sleep first, and says what wakes it."""
    suspend = msgspec.structs.replace(
        a_step("0-suspend", "suspend-owner", undo="`kubectl patch application checkout ...`"),
        title="Suspend the Argo CD Application `argocd/checkout`.",
        afterwards="merge the revert into `main` of `https://git.example.org/shop`, then resume",
    )
    plan = safe()
    return msgspec.structs.replace(plan, steps=(suspend, *plan.steps))


def succeeded(plan: Plan | None = None) -> Report:
    """Make the report of a rollback that went well."""
    plan = plan or safe()
    steps = tuple(
        StepRecord(
            id=step.id,
            title=step.title,
            undo=step.undo,
            state="done",
            started=later(20 + place),
            ended=later(20.4 + place),
            detail="3 of 3 instances ready",
            afterwards=step.afterwards,
        )
        for place, step in enumerate(plan.steps)
    )
    return Report(
        rollback=a_rollback(plan=plan, status=Status.SUCCEEDED),
        exit_code=0,
        plan=plan,
        digest=plan.digest,
        decisions=(a_decision(plan, at=later(15)),),
        steps=steps,
        prewarm="3 of 3 instances ready",
        verdict=verdict(),
        hold="hold-rb-1",
        moments=Moments(
            deployed=NOON - timedelta(minutes=5),
            detected=NOON - timedelta(minutes=1),
            decided=NOON,
            approved=later(15),
            switched=later(20.4),
            verified=later(100),
        ),
        advice=("Mend v1.2.1, then `smartspec hold release hold-rb-1`.",),
        journal=journal(plan),
    )


def asked(plan: Plan | None = None) -> Report:
    """Make what is told of a rollback that waits for approval."""
    plan = plan or safe()
    whole = succeeded(plan)
    return msgspec.structs.replace(
        whole,
        rollback=a_rollback(plan=plan, status=Status.AWAITING_APPROVAL),
        decisions=(),
        journal=whole.journal[:3],
    )


def interrupted() -> Report:
    """Make the report of a rollback that stopped halfway."""
    whole = succeeded()
    done, second, third = whole.steps
    plan = whole.plan
    return msgspec.structs.replace(
        whole,
        rollback=a_rollback(
            plan=plan, status=Status.INTERRUPTED, status_detail="stopped by Ctrl-C"
        ),
        exit_code=5,
        steps=(
            done,
            msgspec.structs.replace(second, state="unknown", ended=None, detail="no answer"),
            msgspec.structs.replace(third, state="pending", started=None, ended=None, detail=""),
        ),
        verdict=None,
        moments=msgspec.structs.replace(whole.moments, verified=None),
        advice=("`smartspec resume rb-1` goes on.",),
    )


def verdict() -> Verdict:
    """Make a verdict with one objective kept and one that could not be measured."""
    return Verdict(
        deployment_id="rb-1",
        outcome=VerdictOutcome.PASS,
        source=VerdictSource.VERIFICATION,
        reason="every required objective was kept",
        at=later(100),
        by="smartspec",
        objectives=(
            ObjectiveResult(
                objective=an_objective(),
                outcome=VerdictOutcome.PASS,
                measured=0.048,
                samples=2000,
                reason="48ms",
            ),
            ObjectiveResult(
                objective=an_objective("error rate <= 1%"),
                outcome=VerdictOutcome.INCONCLUSIVE,
                measured=None,
                samples=0,
                reason="no data",
            ),
        ),
        notes=("measured through the front door",),
        measured=a_summary(),
    )


def journal(plan: Plan) -> tuple[JournalEntry, ...]:
    """Make the journal of a rollback up to its second step."""
    *_, switch, scale, _ = plan.steps
    lines = (
        (EntryKind.PLANNED, "Planned", None),
        (EntryKind.PREWARM_INTENT, "Starting v1.2.0 beside the live version", None),
        (EntryKind.ASKED, "Asked for approval", None),
        (EntryKind.PREWARM_READY, "3 of 3 instances ready", None),
        (EntryKind.DECIDED, "Approved by bob", None),
        (EntryKind.HOLD_PLACED, "Executing; v1.2.1 is on hold", None),
        (EntryKind.STEP_INTENT, switch.title, switch.id),
        (EntryKind.STEP_DONE, "all traffic goes to v1.2.0", switch.id),
        (EntryKind.STEP_INTENT, scale.title, scale.id),
    )
    return tuple(
        JournalEntry(
            rollback_id=plan.rollback_id,
            seq=seq,
            at=later(seq),
            token=1,
            kind=kind,
            text=text,
            step=step,
            operation=f"{plan.rollback_id}.{step}" if step else None,
            data=parameters(attempt=1) if step else (),
        )
        for seq, (kind, text, step) in enumerate(lines, start=1)
    )
