"""Columns that sort and compare in another way (row 42).

Called by ``compare``.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.workload.using import silence, statements_of, touching


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every column with another collation of its own."""
    for pair in case.matching.matches:
        for old, new in pair.columns.kept:
            if old.own_collation == new.own_collation:
                continue
            object_ = f"{pair.old.qualified}.{old.name}"
            said = f"The collation of {object_} is another one"
            evidence = (
                fact(
                    "collation",
                    f"{old.own_collation or 'default'} became {new.own_collation or 'default'}",
                ),
            )
            if used := touching(case, pair.old, old.name):
                yield found(
                    42,
                    SchemaVerdict.ATTENTION,
                    object_,
                    f"{said}: order and equality may differ for the old version.",
                    statements=statements_of(used),
                    evidence=evidence,
                )
                continue
            verdict, hidden, why = silence(case, pair.old, old)
            yield found(
                42,
                verdict,
                object_,
                f"{said}; no known statement of the old version uses it.",
                statements=hidden,
                evidence=(*evidence, *why),
            )
