"""Recording, comparing and reversing schemas from the command line. Called by ``schema``."""

from pathlib import Path

from smartspec_rollback import comparing
from smartspec_rollback.cli.session import Session
from smartspec_rollback.comparing import Look, Sources
from smartspec_rollback.domain.values import Value, canonical
from smartspec_rollback.errors import UsageError
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.views import comparisons, reversals


class Wanted(Value):
    """What was typed about a snapshot to take."""

    url: str
    statements: tuple[str, ...]
    remembered: bool
    role: str | None
    values: bool
    samples: int
    within: float


class Asked(Value):
    """What was typed about two schemas to compare."""

    before: str
    after: str
    statements: tuple[str, ...]
    migrations: tuple[str, ...]
    role: str | None
    shadow: str | None
    within: float


class Reversed(Value):
    """What was typed about a migration to reverse."""

    before: str
    up: tuple[str, ...]
    down: tuple[str, ...]
    writes: tuple[str, ...]
    within: float


def snapshot(session: Session, wanted: Wanted) -> int:
    """Record a database; the document is the result in every format."""
    taken = comparing.snapshot(
        wanted.url,
        clock=SystemClock(),
        look=Look(
            role=wanted.role,
            remembered=wanted.remembered,
            values=wanted.values,
            samples=wanted.samples,
        ),
        sources=Sources(statements=_paths(wanted.statements)),
        within=wanted.within,
    )
    session.output.document(canonical(taken.snapshot) + b"\n")
    workload = taken.snapshot.workload
    known = sum(each.understood for each in workload.statements)
    statements = "1 statement" if known == 1 else f"{known} statements"
    session.output.progress(
        f"Recorded {len(taken.snapshot.catalog.relations)} tables and views and {statements} "
        f"of {taken.snapshot.identity}"
    )
    for each in (*taken.missing, *workload.gaps):
        session.output.note(f"warning: {each}")
    return 0


def compare(session: Session, asked: Asked) -> int:
    """Compare, show, and return the code of the verdict."""
    if asked.before == asked.after == "-":
        raise UsageError("both schemas cannot come from standard input")
    compared = comparing.compare(
        asked.before,
        asked.after,
        clock=SystemClock(),
        look=Look(role=asked.role),
        sources=Sources(statements=_paths(asked.statements), migrations=_paths(asked.migrations)),
        within=asked.within,
        shadow=asked.shadow,
    )
    if session.output.as_json:
        session.output.document(comparisons.comparison_document(compared))
    else:
        session.output.result(comparisons.comparison(compared))
    return comparisons.EXIT_CODES[compared.verdict]


def reversal(session: Session, asked: Reversed) -> int:
    """Reverse in a scratch database, show what was lost, and return the code of the verdict."""
    found = comparing.reverse(
        before=Path(asked.before),
        up=_paths(asked.up),
        down=_paths(asked.down),
        writes=_paths(asked.writes),
        clock=SystemClock(),
        within=asked.within,
    )
    if session.output.as_json:
        session.output.document(reversals.reversal_document(found))
    else:
        session.output.result(reversals.reversal(found))
    return reversals.EXIT_CODES[found.verdict]


def _paths(texts: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(Path(text) for text in texts)
