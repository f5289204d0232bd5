"""What comparing two schemas came to, as Markdown and as JSON. Called by ``cli``."""

from smartspec_rollback.domain.comparison import (
    Comparison,
    Coverage,
    Layer,
    SchemaFinding,
    SchemaVerdict,
)
from smartspec_rollback.views.escape import code, prose, text
from smartspec_rollback.views.json import written
from smartspec_rollback.views.json_documents import (
    SchemaComparisonDocument,
    SchemaFindingDocument,
)
from smartspec_rollback.views.wording import ATTENTION, BLOCKING, PASSED, UNKNOWN

MARKS = {
    SchemaVerdict.SAFE: PASSED,
    SchemaVerdict.ATTENTION: ATTENTION,
    SchemaVerdict.UNKNOWN: UNKNOWN,
    SchemaVerdict.BREAKING: BLOCKING,
}
EXIT_CODES = {
    SchemaVerdict.SAFE: 0,
    SchemaVerdict.BREAKING: 1,
    SchemaVerdict.ATTENTION: 3,
    SchemaVerdict.UNKNOWN: 3,
}
"""What ``smartspec schema compare`` exits with."""

LAYERS = {
    Layer.MIGRATIONS: "the migrations' text",
    Layer.CATALOG: "both catalogs",
    Layer.WORKLOAD: "the old statements compiled on the new schema",
    Layer.SHADOW: "the old statements run on scratch copies",
    Layer.PROBE: "the rows that are there",
}
_HARMLESS_SHOWN, _FIX_LIMIT = 20, 2000


def comparison(compared: Comparison) -> str:
    """Write a comparison as a Markdown document: verdict, coverage, findings, what was not seen."""
    lines = [
        f"# Schema: {compared.verdict}",
        "",
        f"{MARKS[compared.verdict]} **{compared.verdict}:** {prose(compared.reason)}",
        "",
        *coverage_lines(compared.coverage),
        f"- Looked at: {'; '.join(f'{layer} {LAYERS[layer]}' for layer in compared.layers)}",
    ]
    loud = [f for f in compared.findings if f.verdict is not SchemaVerdict.SAFE]
    quiet = [f for f in compared.findings if f.verdict is SchemaVerdict.SAFE]
    if loud:
        lines += ["", "## Findings", ""]
        for finding in loud:
            lines += _finding(finding)
    if quiet:
        lines += ["", "## Harmless changes", ""]
        for finding in quiet[:_HARMLESS_SHOWN]:
            lines.append(f"- [{PASSED}] {prose(finding.summary)} ({code(finding.code)})")
        if len(quiet) > _HARMLESS_SHOWN:
            lines.append(f"- … and {len(quiet) - _HARMLESS_SHOWN} more")
    if compared.unseen:
        lines += ["", "## Not seen", "", *(f"- {prose(each)}" for each in compared.unseen)]
    return "\n".join(lines) + "\n"


def coverage_lines(coverage: Coverage) -> list[str]:
    """Say how much of the old version's workload is known."""
    calls = "" if coverage.calls is None else f", {coverage.calls:.0%} of its calls"
    known = (
        f"- Workload known: {coverage.percent} ({coverage.understood} of {coverage.statements} "
        f"statements understood{calls}; they touch {coverage.touched} of {coverage.tables} tables)"
    )
    return [known, *(f"    - {prose(gap)}" for gap in coverage.gaps)]


def comparison_document(compared: Comparison) -> bytes:
    """Write a comparison as ``smartspec.schema-comparison/1``."""
    return written(
        SchemaComparisonDocument(
            verdict=compared.verdict,
            exit_code=EXIT_CODES[compared.verdict],
            reason=compared.reason,
            coverage=round(compared.coverage.share, 4),
            workload=compared.coverage,
            findings=tuple(_document(finding) for finding in compared.findings),
            layers=compared.layers,
            unseen=compared.unseen,
        )
    )


def _finding(finding: SchemaFinding) -> list[str]:
    seen = ", ".join(finding.layers or (finding.layer,))
    lines = [f"- [{MARKS[finding.verdict]}] {prose(finding.summary)}"]
    lines.append(f"    - {code(finding.code)} on {code(finding.object)}, seen by {seen}")
    if finding.statement is not None:
        more = f" and {finding.others} more" if finding.others else ""
        lines.append(f"    - Statement: {code(' '.join(finding.statement.split()))}{more}")
    lines += [
        f"    - {text(each.fact)}: {code(each.value)} ({text(each.source)})"
        for each in finding.evidence
    ]
    if finding.fix:
        fix = code(finding.fix, limit=_FIX_LIMIT)
        lines.append(f"    - A fix to review: {fix}")
    if finding.loses:
        lines.append(f"    - Reversing the change loses: {prose(finding.loses)}")
    return lines


def _document(finding: SchemaFinding) -> SchemaFindingDocument:
    return SchemaFindingDocument(
        code=finding.code,
        verdict=finding.verdict,
        object=finding.object,
        summary=finding.summary,
        statement=finding.statement,
        statement_id=finding.statement_id,
        others=finding.others,
        layer=finding.layer,
        layers=finding.layers or (finding.layer,),
        evidence=finding.evidence,
        fix=finding.fix,
        loses=finding.loses,
    )
