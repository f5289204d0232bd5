"""Asks the product about one step, as ``smartspec schema compare`` would."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from evaluation.history import State
from smartspec_rollback import comparing
from smartspec_rollback.providers.system import SystemClock

_WITHIN = 60.0


@dataclass(frozen=True)
class Judged:
    """What was said of a step, in how many seconds."""

    verdict: str
    reason: str
    coverage: float
    seconds: float


def judged(before: str, after: str, old: State, new: State) -> Judged:
    """Compare two live databases, knowing the old statements and the migrations in between."""
    clock, look = SystemClock(), comparing.Look(remembered=False)
    with tempfile.TemporaryDirectory() as folder:
        statements = _written(Path(folder) / "statements", _texts(old))
        added = {n: sql for n, sql in new.migrations.items() if n not in old.migrations}
        migrations = _written(Path(folder) / "migrations", added)
        sources = comparing.Sources(statements=statements, migrations=migrations)
        begun = time.monotonic()
        said = comparing.compare(
            before, after, clock=clock, look=look, sources=sources, within=_WITHIN
        )
    return Judged(said.verdict.value, said.reason, said.coverage.share, time.monotonic() - begun)


def _texts(old: State) -> dict[str, str]:
    return {f"query-{n}.sql": text for n, text in enumerate(old.statements)}


def _written(folder: Path, texts: dict[str, str]) -> tuple[Path, ...]:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(sorted(folder.iterdir()))
