"""How the rules say what they found.

Called by every rule. Decides nothing: it picks the statement to show, counts the others, and takes
the words for what reversing loses from the taxonomy unless the rule knows better.
"""

from collections.abc import Iterable

from smartspec_rollback.domain.comparison import Layer, SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.schema_record import Answer
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.domain.workload import Statement
from smartspec_rollback.schema.codes import BY_ROW, Code


def found(
    code: int | Code,
    verdict: SchemaVerdict,
    object: str,  # noqa: A002 - the field's name
    summary: str,
    *,
    layer: Layer = Layer.CATALOG,
    statements: Iterable[Statement] = (),
    evidence: tuple[Evidence, ...] = (),
    fix: str = "",
    loses: str | None = None,
) -> SchemaFinding:
    """Make a finding; ``code`` is a row of the taxonomy or a code beside it.

    The first of ``statements`` is shown, the others are counted, each once. ``loses`` None takes
    the taxonomy's words.
    """
    known = BY_ROW[code] if isinstance(code, int) else code
    concerned = {each.id: each for each in statements}
    first = next(iter(concerned.values()), None)
    return SchemaFinding(
        code=known.name,
        verdict=verdict,
        object=object,
        summary=summary,
        layer=layer,
        layers=(layer,),
        statement=first.text if first else None,
        statement_id=first.id if first else None,
        others=max(0, len(concerned) - 1),
        evidence=evidence,
        fix=fix,
        loses=known.reversing if loses is None else loses,
    )


def fact(fact: str, value: str, source: Layer = Layer.CATALOG) -> Evidence:
    """Make one piece of evidence, its source a layer."""
    return Evidence(fact=fact, value=value, source=source.value)


def counted(what: str, answer: Answer) -> Evidence:
    """Turn a count of rows into evidence; an inexact one says that there may be more."""
    rows = f"{answer.rows}" if answer.exact else f"at least {answer.rows}"
    return Evidence(fact=what, value=rows, source=answer.how or Layer.PROBE.value)
