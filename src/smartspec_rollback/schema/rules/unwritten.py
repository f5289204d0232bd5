"""What the rules about new constraints say where nobody is known to write what one looks at.

Called by ``checks``, ``foreign_keys`` and ``uniqueness``.
"""

from smartspec_rollback.domain.comparison import SchemaFinding, SchemaVerdict
from smartspec_rollback.domain.values import Evidence
from smartspec_rollback.schema.case import Case
from smartspec_rollback.schema.found import found
from smartspec_rollback.schema.matching import Match
from smartspec_rollback.schema.workload.using import silence


def unwritten(
    case: Case, pair: Match, code: int, constraint: tuple[str, str], of: tuple[Evidence, ...]
) -> SchemaFinding:
    """Judge a new constraint, given as kind and name, by what silence about its table is worth."""
    kind, name = constraint
    verdict, hidden, why = silence(case, pair.old)
    return found(
        code,
        verdict,
        f"{pair.old.qualified}.{name}",
        f"The new {kind} {name} "
        + (
            "refuses nothing that the old version writes."
            if verdict is SchemaVerdict.SAFE
            else "may refuse what the old version writes: that is not known."
        ),
        statements=hidden,
        evidence=(*of, *why),
    )
