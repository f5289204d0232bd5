"""Last known good, and a whole dry run, against a ledger of a million deployments.

The worst case: the last good release lies under hundreds of thousands of newer deployments of the
same Target that failed, prove nothing, or are on hold. Compared with a ledger of a thousand, made
alike. The platform, its releases and the failed deployment that is live are real. Ledgers are kept
in bench-results/, since building a million takes minutes; every run adds its own deployments.
"""

import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from figure import Figure, by_turns, middle
from ledger import build_ledger
from production import TARGET, Production, a_production, measured, script
from setting import Setting

from smartspec_rollback.domain.deployment import Deployment, Phase
from smartspec_rollback.domain.report import Report
from smartspec_rollback.domain.rollback import JournalEntry
from smartspec_rollback.domain.snapshot import Revision
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome, VerdictSource
from smartspec_rollback.engine.resolve import resolve
from smartspec_rollback.ledgers import DATABASE_URL
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.samples import NOON, a_person
from smartspec_rollback.wiring import Surroundings, Workspace, open_workspace

SMALL, LARGE, QUICK = 1_000, 1_000_000, 100_000
FAILED = "v1.2.1"
_RUN = uuid.uuid4().hex[:8]
FAILED_ID, LAST_GOOD_ID = f"deploy-failed-{_RUN}", f"deploy-last-good-{_RUN}"
SAME = 2.0
"""How many times as long as on the small ledger an answer may take on the large one."""

SAME_MEMORY = 1.2


class Silent:
    """A listener that says nothing."""

    def entry(self, entry: JournalEntry, /) -> None:
        """Hear of an entry."""

    def progress(self, step_id: str, text: str, /) -> None:
        """Hear how far a step is."""

    def planned(self, report: Report, /) -> None:
        """See the plan."""


def measure(setting: Setting) -> tuple[Figure, ...]:
    """Compare both ledgers, on one production."""
    count = QUICK if setting.quick else LARGE
    with a_production(setting.root / "ledger") as production:
        production.deploy(FAILED, FAILED_ID)
        workspace = open_workspace(production.config, Surroundings())
        ledgers = [_ledger(workspace, setting.kept, each) for each in (count, SMALL)]
        return (
            *_last_known_good(workspace, ledgers, count, setting),
            *_dry_run(production, ledgers, count, setting),
        )


def _ledger(workspace: Workspace, kept: Path, count: int) -> Path:
    """Open or build a ledger; its newest deployment becomes the one that is live and failed."""
    path = kept / f"ledger-{count}.db"
    if not path.exists():
        draft = kept / "draft.db"
        draft.unlink(missing_ok=True)
        build_ledger(draft, count)
        draft.rename(path)
    live, good = workspace.platform(TARGET).observe(TARGET).history[:2]
    under_the_rest = NOON - timedelta(seconds=60 * (count - count * 2 // 5))
    with SqliteStore.open(path) as store:
        _record(store, good, LAST_GOOD_ID, VerdictOutcome.PASS, at=under_the_rest)
        _record(store, live, FAILED_ID, VerdictOutcome.FAIL, at=workspace.clock.now())
    return path


def _record(
    store: SqliteStore,
    revision: Revision,
    deployment_id: str,
    outcome: VerdictOutcome,
    *,
    at: datetime,
) -> None:
    deployed = Deployment(
        id=deployment_id,
        target=TARGET,
        release=revision.release,
        at=at,
        phase=Phase.LIVE,
        revision=revision.id,
        recorded_by="bench",
    )
    store.record_deployment(deployed, by=a_person("bench"))
    verdict = Verdict(
        deployment_id=deployment_id,
        outcome=outcome,
        source=VerdictSource.GATE,
        reason="measured",
        at=at,
        by="bench",
    )
    store.record_verdict(verdict)


def _last_known_good(
    workspace: Workspace, ledgers: list[Path], count: int, setting: Setting
) -> tuple[Figure, ...]:
    parts = workspace.parts(TARGET, Silent())
    seen = parts.platform.observe(TARGET)

    def question(path: Path) -> Callable[[], float]:
        asked = replace(parts, store=SqliteStore.open(path))
        failed = asked.store.deployment(FAILED_ID)
        if failed is None:
            raise SystemExit(f"{path} lacks {FAILED_ID}")

        def ask() -> float:
            start = time.perf_counter()
            found = resolve(asked, failed.deployment, seen, version=None)
            taken = time.perf_counter() - start
            if found.chosen.deployment_id != LAST_GOOD_ID:
                raise SystemExit(f"the wrong release was chosen: {found.chosen}")
            return taken

        return ask

    folder = setting.folder("bare")
    times = 15 if setting.quick else 51
    large, small, bare = by_turns(
        *map(question, ledgers),
        lambda: measured(sys.executable, "-c", "pass", folder=folder).seconds,
        times=times,
    )
    return (
        _compared(f"last known good, {count:,} deployments", large, small),
        Figure(
            what=f"last known good, {count:,} deployments",
            value=middle(large) * 1000,
            unit="ms",
            baseline=middle(bare) * 1000,
            against="`python -c pass`",
            bound="milliseconds: at most 1 time",
            holds=middle(large) <= middle(bare),
        ),
    )


def _dry_run(
    production: Production, ledgers: list[Path], count: int, setting: Setting
) -> tuple[Figure, ...]:
    peaks: dict[Path, list[int]] = {path: [] for path in ledgers}

    def question(path: Path) -> Callable[[], float]:
        def ask() -> float:
            ran = measured(
                script("smartspec_rollback"),
                *("--failed-deployment-id", FAILED_ID, "--dry-run"),
                folder=production.folder,
                environment={DATABASE_URL: f"sqlite:///{path}"},
            )
            peaks[path].append(ran.bytes)
            return ran.seconds

        return ask

    large, small = by_turns(*map(question, ledgers), times=3 if setting.quick else 9)
    memory, little = (middle(peaks[path]) / 2**20 for path in ledgers)
    return (
        _compared(f"`smartspec_rollback --dry-run`, {count:,} deployments", large, small),
        Figure(
            what=f"its peak of memory, {count:,} deployments",
            value=memory,
            unit="MiB",
            baseline=little,
            against=f"{SMALL:,} deployments",
            bound=f"at most {SAME_MEMORY:g} times",
            holds=memory <= SAME_MEMORY * little,
        ),
    )


def _compared(what: str, large: tuple[float, ...], small: tuple[float, ...]) -> Figure:
    return Figure(
        what=what,
        value=middle(large) * 1000,
        unit="ms",
        baseline=middle(small) * 1000,
        against=f"{SMALL:,} deployments",
        bound=f"at most {SAME:g} times",
        holds=middle(large) <= SAME * middle(small),
    )
