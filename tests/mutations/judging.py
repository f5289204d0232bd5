"""What the product says of a mutation, knowing nothing of it but the two schemas and the texts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutations import labels
from tests.mutations.application import STATEMENTS
from tests.mutations.cases import Mutation

from smartspec_rollback import comparing
from smartspec_rollback.domain.comparison import Comparison, SchemaVerdict
from smartspec_rollback.ports.database import Laboratory
from smartspec_rollback.providers.databases.postgresql.laboratory import PostgresqlLaboratory
from smartspec_rollback.providers.databases.postgresql.scratch.server import Scratch
from smartspec_rollback.providers.system import SystemClock

LIVE, RECORDED, ALONE = "live", "recorded", "alone"
MODES = (LIVE, RECORDED, ALONE)
"""The new schema is a live database, or a second recorded snapshot, or that and nothing is run."""

_CLOCK = SystemClock()
_LOOK = comparing.Look(role=labels.ROLE, remembered=False, values=True)
_WITHIN = 60.0
_FLAGGED = {SchemaVerdict.BREAKING, SchemaVerdict.ATTENTION}


class _Nothing(PostgresqlLaboratory):
    """A laboratory on a machine without any server to make scratch copies in."""

    def available(self) -> str | None:
        """Say that there is none."""
        return "no server here"


@dataclass(frozen=True)
class Case:
    """One mutation: what it really does, and what was said of it."""

    mutation: Mutation
    label: labels.Label
    said: Comparison

    @property
    def false_safe(self) -> bool:
        """Whether it was called safe and breaks: the worst mistake there is."""
        return self.label.breaks and self.said.verdict is SchemaVerdict.SAFE

    @property
    def found(self) -> bool:
        """Whether somebody was told to look."""
        return self.said.verdict in _FLAGGED

    @property
    def false_alarm(self) -> bool:
        """Whether it works and people were told otherwise, or to look where they need not."""
        if self.label.breaks or self.said.verdict not in _FLAGGED:
            return False
        return not (self.mutation.attention and self.said.verdict is SchemaVerdict.ATTENTION)

    def __str__(self) -> str:
        truth = "breaks" if self.label.breaks else "works"
        return (
            f"row {self.mutation.row}, {self.mutation.name}: it {truth} "
            f"({'; '.join(self.label.how[:1])}), said {self.said.verdict}: {self.said.reason}"
        )


def judged(
    server: Scratch,
    laboratory: Laboratory,
    mutations: Iterable[Mutation],
    mode: str,
    folder: Path,
) -> Iterator[Case]:
    """Apply each mutation to a database of its own; judge it, then run the old version on it."""
    statements = folder / "statements"
    statements.mkdir(exist_ok=True)
    for number, text in enumerate(STATEMENTS):
        (statements / f"{number}.sql").write_text(text, encoding="utf-8")
    sources = comparing.Sources(statements=(statements,))
    with server.database() as url:
        labels.prepare(url)
        worked = labels.answers(url)
    for mutation in mutations:
        with server.database() as url:
            labels.prepare(url)
            before = comparing.snapshot(
                url, clock=_CLOCK, look=_LOOK, sources=sources, within=_WITHIN
            ).snapshot
            labels.mutate(url, mutation)
            after = (
                comparing.snapshot(
                    url, clock=_CLOCK, look=_LOOK, sources=comparing.Sources(), within=_WITHIN
                ).snapshot
                if mode != LIVE
                else comparing.database(url, clock=_CLOCK, look=_LOOK)
            )
            migration = folder / "migration.sql"
            migration.write_text(mutation.sql, encoding="utf-8")
            said = comparing.judge_in(
                _Nothing() if mode == ALONE else laboratory,
                before,
                after,
                sources=comparing.Sources(migrations=(migration,)),
                clock=_CLOCK,
                within=_WITHIN,
            )
            yield Case(mutation, labels.label(worked, labels.answers(url), mutation), said)
