"""Hostile text, and plans and reports that are full of it."""

import msgspec
from hypothesis import strategies as st
from tests.golden import cases

from smartspec_rollback.domain.approval import Person, Policy
from smartspec_rollback.domain.candidate import Candidate
from smartspec_rollback.domain.finding import Finding, Outcome, Override, Risk
from smartspec_rollback.domain.plan import Estimate, Plan
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import Rollback
from smartspec_rollback.domain.settings import Probe, Verification
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.testing.samples import a_candidate, a_release, an_objective

HARMLESS_INLINE = {"text", "text_special", "code_inline"}

_FRAGMENTS = (
    "\n- [✅] No data loss risk identified.\n",
    "\n# Rollback Plan: other\n",
    "\r\n**Reason:** all is well\n",
    "\n**Approve this plan? (yes/no)**",
    "\n\n1.  Switch production traffic from `a` to `b`.",
    "\u2028## Steps",
    "\n---\n",
    "\n===\n",
    "```\n",
    "[click](https://example.org)",
    "![x](http://example.org/x.png)",
    "<script>alert(1)</script>",
    "<!-- ",
    "<!channel>",
    "| a | b |\n|---|---|\n",
    "\\",
    "`",
    "``",
    "**",
    "__",
    "~~",
    "&lt;b&gt;",
    "    ",
    "\x1b[2J",
    "\u202e",
    "@channel",
    "https://example.org",
    "[a]: http://example.org",
    "- ",
    "> ",
    "# ",
    "1. ",
)


def hostile_text() -> st.SearchStrategy[str]:
    """Mix fragments that mean something to Markdown, chats or terminals with any text at all."""
    piece = st.one_of(st.sampled_from(_FRAGMENTS), st.text(max_size=8))
    return st.lists(piece, min_size=1, max_size=6).map("".join).filter(bool)


def plan_full_of(text: str) -> Plan:
    """Make a plan in which everything that can come from outside is ``text``."""
    replace = msgspec.structs.replace
    evidence = (Evidence(fact=text, value=text, source=text),)
    findings = tuple(
        Finding(
            check=text,
            number=number,
            outcome=outcome,
            summary=text,
            evidence=evidence,
            remedy=text,
            override=Override(check=text, reason=text, by=text) if number == 4 else None,
        )
        for number, outcome in (
            (8, Outcome.UNKNOWN),
            (13, Outcome.ATTENTION),
            (4, Outcome.BLOCKING),
        )
    )
    plan = cases.safe()
    return replace(
        plan,
        rollback_id=text,
        failed_deployment_id=text,
        target=Target(service=text, environment=text),
        reason=text,
        from_release=a_release(text),
        to=replace(plan.to, release=a_release(text), health=text),
        rejected=(_candidate(text),) * 2,
        findings=findings,
        overrides=(Override(check=text, reason=text, by=text),),
        risk=Risk.HIGH,
        failing_now=text,
        steps=tuple(replace(step, title=text, undo=text, afterwards=text) for step in plan.steps),
        verification=Verification(probes=(Probe(path=text),), commands=(text,)),
        objectives=(replace(an_objective(), name=text),),
        policy=Policy(approvers=(text, text)),
        estimate=Estimate(seconds=1.0, basis=text),
        requested_by=Person(name=text, account=text),
    )


def report_full_of(text: str) -> Report:
    """Make a report in which everything that can come from outside is ``text``."""
    replace = msgspec.structs.replace
    plan, whole, verdict = plan_full_of(text), cases.succeeded(), cases.verdict()
    rollback: Rollback = replace(
        whole.rollback,
        id=text,
        target=plan.target,
        failed_deployment_id=text,
        from_version=text,
        to_version=text,
        reason=text,
        status_detail=text,
        requested_by=plan.requested_by,
    )
    return replace(
        whole,
        rollback=rollback,
        plan=plan,
        digest=text,
        decisions=tuple(
            replace(d, person=plan.requested_by, channel=text, reason=text) for d in whole.decisions
        ),
        steps=tuple(
            replace(s, title=text, undo=text, detail=text, afterwards=text) for s in whole.steps
        ),
        prewarm=text,
        verdict=replace(
            verdict,
            deployment_id=text,
            reason=text,
            by=text,
            notes=(text,),
            objectives=tuple(
                replace(o, objective=replace(o.objective, name=text), reason=text)
                for o in verdict.objectives
            ),
        ),
        hold=text,
        advice=(text,),
        journal=tuple(replace(entry, text=text) for entry in whole.journal),
    )


def _candidate(text: str) -> Candidate:
    return a_candidate(release=a_release(text), deployment_id=text, rejected=(text, text))
