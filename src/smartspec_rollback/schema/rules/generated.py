"""Columns that became generated, or an identity that takes no values (rows 39 and 40).

Called by ``compare``. A column whose expression went away is one whose old inserts leave it empty.
"""

from collections.abc import Iterator

from smartspec_rollback.domain.catalog import Column
from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.fixes import fix
from smartspec_rollback.schema.found import fact, found
from smartspec_rollback.schema.matching import Match
from smartspec_rollback.schema.reading.defaults import fills_itself
from smartspec_rollback.schema.reading.words import words
from smartspec_rollback.schema.workload.using import (
    giving,
    inserting,
    reading,
    silence,
    statements_of,
    still_failing,
)


def findings(case: Case) -> Iterator[SchemaFinding]:
    """Judge every column the server computes now, or computed before."""
    for pair in case.matching.matches:
        fates = pair.columns
        for old, new in (*fates.kept, *fates.renamed):
            if new.generated is not None and old.generated is None:
                yield _refusing(case, pair, old, 39)
            elif new.generated is not None and old.generated != new.generated:
                yield _recomputed(case, pair, old, new)
            elif old.generated is not None and new.generated is None:
                yield _plain(case, pair, old, new)
            if new.identity == "always" and old.identity != "always":
                yield _refusing(case, pair, old, 40)
            elif old.identity is not None and new.identity is None:
                yield from _overriding(case, pair, old)


def _refusing(case: Case, pair: Match, old: Column, row: int) -> SchemaFinding:
    """Judge a column that takes no values of its own any more."""
    object_ = f"{pair.old.qualified}.{old.name}"
    said = f"{object_} is computed by the server now and takes no values"
    given = giving(case, pair.old, old.name)
    code = "column-generated" if row == 39 else "identity-always"  # noqa: PLR2004 - a row's number
    if failing := still_failing(case, given):
        return found(
            row,
            SchemaVerdict.BREAKING,
            object_,
            f"{said}, and the old version writes it.",
            statements=statements_of(failing),
            fix=fix(code, case, object_),
        )
    if given:
        return found(
            row,
            SchemaVerdict.SAFE,
            object_,
            f"{said}; every statement that writes there still compiles.",
            statements=statements_of(given),
        )
    verdict, hidden, evidence = silence(case, pair.old, old)
    safe = verdict is SchemaVerdict.SAFE
    told = "the old version writes none." if safe else "whether it is written is not known."
    return found(row, verdict, object_, f"{said}; {told}", statements=hidden, evidence=evidence)


def _overriding(case: Case, pair: Match, old: Column) -> Iterator[SchemaFinding]:
    """Judge inserts whose values an identity put aside, where there is no identity any more."""
    inserts = inserting(case, pair.old)
    if used := tuple(each for each in inserts if "overriding" in words(each[0].text)):
        object_ = f"{pair.old.qualified}.{old.name}"
        yield found(
            40,
            SchemaVerdict.ATTENTION,
            object_,
            f"{object_} is no identity any more, and inserts of the old version override one.",
            statements=statements_of(used),
        )


def _recomputed(case: Case, pair: Match, old: Column, new: Column) -> SchemaFinding:
    object_ = f"{pair.old.qualified}.{old.name}"
    said = f"{object_} is computed in another way"
    used = reading(case, pair.old, old.name)
    evidence = (fact("expression", f"{old.generated} became {new.generated}"),)
    if used:
        return found(
            39,
            SchemaVerdict.ATTENTION,
            object_,
            f"{said}, and the old version reads it.",
            statements=statements_of(used),
            evidence=evidence,
            loses="",
        )
    verdict, hidden, why = silence(case, pair.old, old)
    return found(
        39,
        verdict,
        object_,
        f"{said}; no known statement reads it.",
        statements=hidden,
        evidence=(*evidence, *why),
        loses="",
    )


def _plain(case: Case, pair: Match, old: Column, new: Column) -> SchemaFinding:
    """Judge a column that the server no longer computes: the old version never gives a value."""
    object_ = f"{pair.old.qualified}.{old.name}"
    said = f"{object_} is no longer computed by the server"
    inserts = inserting(case, pair.old)
    if inserts and not new.nullable and not fills_itself(new):
        return found(
            28,
            SchemaVerdict.BREAKING,
            object_,
            f"{said} and must have a value, which old inserts don't give.",
            statements=statements_of(inserts),
        )
    if used := reading(case, pair.old, old.name):
        return found(
            28,
            SchemaVerdict.ATTENTION,
            object_,
            f"{said}, and the old version reads it: rows it writes have no value there.",
            statements=statements_of(used),
        )
    verdict, hidden, evidence = silence(case, pair.old, old)
    return found(
        28,
        verdict,
        object_,
        f"{said}; no known statement reads it.",
        statements=hidden,
        evidence=evidence,
    )
