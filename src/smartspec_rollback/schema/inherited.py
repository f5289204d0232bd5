"""What is told of a table need not be told again of each of its partitions and children.

Called by ``compare``. A finding is left out only where the same is said of what the relation is a
part or a child of, and nothing better.
"""

from collections.abc import Iterable, Mapping

from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.schema.case import Case


def once(findings: Iterable[SchemaFinding], case: Case) -> list[SchemaFinding]:
    """Leave out what is said of a whole already."""
    every = tuple(findings)
    known = {(each.code, each.object): each.verdict for each in every}
    return [each for each in every if not _repeats(each, known, case)]


def _repeats(
    finding: SchemaFinding, known: Mapping[tuple[str, str], SchemaVerdict], case: Case
) -> bool:
    parts = finding.object.split(".")
    for count in range(2, len(parts)):
        relation = case.old.get(".".join(parts[:count]))
        if relation is not None:
            rest = ".".join(parts[count:])
            return any(
                known.get((finding.code, f"{above.qualified}.{rest}")) == finding.verdict
                for above in case.ancestors(relation)
            )
    return False
