from collections import Counter

import msgspec
import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from tests.golden import cases
from tests.unit.views.hostile import HARMLESS_INLINE, hostile_text, plan_full_of, report_full_of

from smartspec_rollback.domain.finding import Finding, Outcome
from smartspec_rollback.domain.rollback import EntryKind, JournalEntry
from smartspec_rollback.domain.verdict import VerdictOutcome
from smartspec_rollback.testing.samples import a_candidate, a_finding, a_plan, a_verdict, later
from smartspec_rollback.views import markdown

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_CONTRACT = """\
# Rollback Plan: deploy-12345

**Reason:** Quality gate failed (p99 latency > 200ms)
**From Version:** `v1.2.1`
**To Version:** `v1.2.0`

## ⚠️ Safety Checks

- [✅] No breaking database schema changes detected.
- [✅] No data loss risk identified.

## Steps

1.  Switch production traffic from `v1.2.1` to `v1.2.0`.
2.  Scale down `v1.2.1` instances to 0.
3.  Run verification tests on `v1.2.0`.

**Approve this plan? (yes/no)**
"""


def _shape(document: str) -> list[str]:
    return [token.type for token in _PARSER.parse(document)]


def _inline(document: str) -> Counter[str]:
    """Count inline elements; how many words and code spans there are may differ."""
    kinds = Counter(c.type for token in _PARSER.parse(document) for c in token.children or ())
    return Counter({kind: n for kind, n in kinds.items() if kind not in HARMLESS_INLINE})


def test_the_contract_lines_stand_verbatim_and_in_order() -> None:
    """If it fails, people and their scripts no longer find the plan they were promised."""
    wanted = [line for line in _CONTRACT.splitlines() if line]
    lines = iter(markdown.plan(cases.safe()).splitlines())
    assert [line for line in wanted if line in lines] == wanted


def test_the_question_is_the_last_line_where_nothing_blocks() -> None:
    """If it fails, somebody reads on after the question, or never meets it."""
    asked = markdown.plan(cases.safe())
    assert asked.splitlines()[-1] == "**Approve this plan? (yes/no)**"


def test_a_refused_plan_never_asks_and_says_what_to_do() -> None:
    """If it fails, people are asked to approve what will be refused, or learn no way out."""
    refused = markdown.plan(cases.refused())
    assert "Approve this plan?" not in refused
    assert refused.splitlines()[2].startswith("❌ **Refused:** v1.2.0 is on hold")
    assert refused.splitlines()[-1].strip().startswith("- To do: choose another")


def test_a_dry_run_says_so_and_does_not_ask() -> None:
    """If it fails, a dry run looks like a request for approval."""
    dry = markdown.plan(cases.safe(), question=False)
    assert dry.splitlines()[-1] == "Dry run: nothing was changed."
    assert "Approve this plan?" not in dry


@pytest.mark.parametrize("outcome", [Outcome.ATTENTION, Outcome.BLOCKING, Outcome.UNKNOWN])
def test_only_a_passed_finding_gets_a_check_mark(outcome: Outcome) -> None:
    """If it fails, something not known to be safe is shown as safe: the worst bug there is."""
    finding = a_finding(outcome=outcome, summary="✅ [✅] all is well")
    assert "✅" not in markdown.plan(a_plan(findings=(finding,)))


def test_schema_and_data_come_first_whatever_else_was_found() -> None:
    """If it fails, the two promised lines stand somewhere else."""
    shuffled = msgspec.structs.replace(
        cases.refused(), findings=(cases.HELD, cases.DATA, cases.HEALTHY, cases.SCHEMA)
    )
    marked = [line for line in markdown.plan(shuffled).splitlines() if line.startswith("- [")]
    assert marked[:3] == [
        "- [✅] No breaking database schema changes detected.",
        "- [✅] No data loss risk identified.",
        "- [❌] v1.2.0 is on hold: payments were charged twice.",
    ]


def test_an_overridden_finding_stays_marked_and_names_who_lifted_it() -> None:
    """If it fails, an override hides what it overrode."""
    lines = markdown.plan(cases.overridden()).splitlines()
    place = lines.index("- [❌] v1.2.0 is on hold: payments were charged twice.")
    assert lines[place + 1] == "    - **Overridden** by alice: the double charge is mended"
    assert lines[-1] == "**Approve this plan? (yes/no)**"


def test_candidates_are_shown_up_to_ten() -> None:
    """If it fails, a long history buries the steps."""
    many = tuple(a_candidate(f"v0.{n}", rejected=("on hold",)) for n in range(13))
    lines = markdown.plan(msgspec.structs.replace(cases.safe(), rejected=many)).splitlines()
    first = lines.index("## Candidates passed over") + 2
    assert lines[first] == "- `v0.0` (deploy-12344, ledger): on hold"
    assert lines[first + 10 : first + 12] == ["- and 3 more", ""]


@given(hostile_text())
def test_no_text_changes_the_shape_of_a_plan(text: str) -> None:
    """If it fails, a version or a reason can forge a line, a heading or a link of a plan."""
    hostile, plain = markdown.plan(plan_full_of(text)), markdown.plan(plan_full_of("x"))
    assert _shape(hostile) == _shape(plain)
    assert _inline(hostile) == _inline(plain)
    assert len(hostile.splitlines()) == len(plain.splitlines())
    assert "✅" not in hostile


@given(hostile_text())
def test_no_text_changes_the_shape_of_a_report(text: str) -> None:
    """If it fails, the text of a journal entry can forge what a report says."""
    hostile, plain = markdown.report(report_full_of(text)), markdown.report(report_full_of("x"))
    assert _shape(hostile) == _shape(plain)
    assert _inline(hostile) == _inline(plain)


@given(hostile_text())
def test_progress_is_one_line(text: str) -> None:
    """If it fails, one entry could look like several, and a forged one among them."""
    entry = JournalEntry(
        rollback_id="rb-1", seq=1, at=later(5), token=1, kind=EntryKind.STATUS, text=text
    )
    line = markdown.progress(entry)
    assert line.startswith("12:00:05Z · ")
    assert len(line.splitlines()) == 1


def test_progress_names_the_step_that_ended() -> None:
    """If it fails, plain output says that something is done, but not what."""
    begun, done = cases.journal(cases.safe())[6:8]
    assert markdown.progress(begun).startswith("12:00:07Z ▶ Switch production traffic")
    assert markdown.progress(done) == "12:00:08Z ✅ 1-switch: all traffic goes to v1.2.0"


def test_a_report_begins_with_outcome_and_advice() -> None:
    """If it fails, people search a report for what production runs and what to do."""
    lines = markdown.report(cases.interrupted()).splitlines()
    assert lines[0] == "# Rollback Report: deploy-12345"
    assert lines[2].startswith("❌ **Partially applied: production is between `v1.2.1` and")
    assert lines[2].endswith("(status interrupted, exit code 5)")
    assert "- `smartspec resume rb-1` goes on." in lines


def test_a_report_tells_the_recovery_time_and_how_to_lift_the_hold() -> None:
    """If it fails, the figure every postmortem needs, or the way out of the hold, is missing."""
    report = markdown.report(cases.succeeded())
    assert "**Failed-deployment recovery time** (deployed to verified): 6m 40s" in report
    assert "`smartspec hold release hold-rb-1`" in report


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [
        (VerdictOutcome.PASS, "✅"),
        (VerdictOutcome.FAIL, "❌"),
        (VerdictOutcome.INCONCLUSIVE, "❔"),
    ],
)
def test_a_verdict_says_its_outcome_first(outcome: VerdictOutcome, mark: str) -> None:
    """If it fails, an inconclusive verdict may be read as a pass."""
    verdict = markdown.verdict(a_verdict(outcome=outcome, reason="because"))
    assert verdict.splitlines()[2] == f"{mark} **{outcome}:** because"


def test_missing_remedy_and_evidence_leave_no_empty_lines() -> None:
    """If it fails, a bare finding is followed by empty labels."""
    bare = Finding(check="c", number=2, outcome=Outcome.UNKNOWN, summary="Not known.")
    lines = markdown.plan(a_plan(findings=(bare,))).splitlines()
    place = lines.index("- [❔] Not known.")
    assert lines[place + 1 : place + 3] == ["    - Check: `c`", ""]


def test_an_unattended_plan_asks_nobody() -> None:
    """If it fails, a channel is asked a question whose answer nobody waits for."""
    shown = markdown.plan(cases.safe(), unattended="Approved unattended (--auto-approve, by `x`).")
    assert shown.endswith("\n**Approved unattended (--auto-approve, by `x`).**\n")
    assert "Approve this plan?" not in shown


def test_a_report_says_what_the_prewarm_found_beside_its_check() -> None:
    """If it fails, a report says that nobody knows whether a version boots that did."""
    told = cases.succeeded()
    unknown = Finding(
        check="target-boots", number=25, outcome=Outcome.UNKNOWN, summary="Not booted yet."
    )
    plan = msgspec.structs.replace(told.plan, findings=(unknown,))
    lines = markdown.report(
        msgspec.structs.replace(told, plan=plan, journal=cases.journal(plan))
    ).splitlines()
    at = lines.index("- [❔] Not booted yet.")
    assert lines[at + 2] == "    - Since then, at 12:00:04 UTC: 3 of 3 instances ready"
    unbooted = markdown.report(msgspec.structs.replace(told, plan=plan, journal=()))
    assert "Since then" not in unbooted
