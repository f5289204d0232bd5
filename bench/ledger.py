"""A large ledger, the same on every run, and how fast the store answers on it.

``build_ledger`` is used by the benchmarks; ``python bench/ledger.py PATH [COUNT]`` builds one and
prints figures. Four fifths of the deployments are on the sample Target. The oldest two fifths
passed; then a fifth failed, a fifth has no evidence, and the newest fifth passed but is of one
release that is on hold: so the last known good one lies under hundreds of thousands of others.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from smartspec_rollback.domain.deployment import Deployment
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.domain.verdict import Verdict, VerdictOutcome
from smartspec_rollback.store import chain, deployments, holds, verdicts
from smartspec_rollback.store.documents import digest_of, encode
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.store.sqlite_file import SqliteFile
from smartspec_rollback.store.transactions import micros
from smartspec_rollback.testing.samples import (
    NOON,
    TARGET,
    a_deployment,
    a_hold,
    a_release,
    a_summary,
    a_verdict,
)

HELD = a_release("v9.9.9-held")
_BATCH = 10_000
_DEPLOYMENT = (
    "INSERT INTO deployments (seq, id, service, environment, at, phase, version, release, "
    "standing, baseline, eligible) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def deployment_id(number: int) -> str:
    """Name the deployment of this number, from 0."""
    return f"deploy-{number:07d}"


def a_recorded(number: int, count: int) -> tuple[Deployment, Verdict | None]:
    """Make one deployment of the ledger, with its verdict."""
    fifth = number * 5 // count
    is_ours = number % 5 != 0
    target = TARGET if is_ours else Target(service=f"svc-{number % 50}", environment="production")
    deployed = a_deployment(
        deployment_id(number),
        target=target,
        release=HELD if fifth == 4 else a_release(f"v1.{number}.0"),
        at=NOON - timedelta(seconds=60 * (count - number)),
    )
    if fifth == 3:
        return deployed, None
    outcome = VerdictOutcome.FAIL if fifth == 2 else VerdictOutcome.PASS
    measured = a_summary() if outcome is VerdictOutcome.PASS else None
    return deployed, a_verdict(deployed.id, outcome, at=deployed.at, measured=measured)


def build_ledger(path: Path, count: int) -> None:
    """Make a ledger of ``count`` deployments at ``path``, audited like any other."""
    file = SqliteFile(path, patience=10.0)
    try:
        with file.write() as db:
            writer = _Bulk()
            numbers = iter(range(count))
            while batch := list(islice(numbers, _BATCH)):
                for number in batch:
                    writer.add(*a_recorded(number, count))
                for sql, rows in writer.take():
                    for row in rows:
                        db.execute(sql, row)
            db.execute(
                "UPDATE audit_head SET seq = ?, entries = ?, hash = ? WHERE one = 1",
                (writer.seq, writer.seq, writer.hash),
            )
            holds.place(db, a_hold(release=HELD), actor="bench")
    finally:
        file.close()


class _Bulk:
    """Rows to write at once; what the store's own functions would write, without their looks."""

    def __init__(self) -> None:
        self.seq = 0
        self.hash = ""
        self._audit: list[tuple[object, ...]] = []
        self._phases: list[tuple[object, ...]] = []
        self._deployments: list[tuple[object, ...]] = []
        self._verdicts: list[tuple[object, ...]] = []

    def add(self, deployed: Deployment, verdict: Verdict | None) -> None:
        """Add a deployment and its verdict."""
        document = self._audited(deployed, "deployment.recorded", deployed.id, deployed.at)
        first = self.seq
        self._phases.append((first, deployed.id, document))
        outcome = None if verdict is None else str(verdict.outcome)
        if verdict is not None:
            document = self._audited(verdict, f"verdict.{outcome}", deployed.id, verdict.at)
            self._verdicts.append((self.seq, *verdicts.columns(verdict), document))
        passed = int(outcome == "pass")
        self._deployments.append(
            (first, *deployments.columns(deployed), outcome, self.seq if passed else None, passed)
        )

    def take(self) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
        """Hand over what was added since, table by table."""
        for sql, rows in (
            ("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", self._audit),
            ("INSERT INTO phases VALUES (?, ?, ?)", self._phases),
            (_DEPLOYMENT, self._deployments),
            ("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?)", self._verdicts),
        ):
            yield sql, list(rows)
            rows.clear()

    def _audited(self, value: Value, action: str, subject: str, at: datetime) -> str:
        document = encode(value)
        self.seq += 1
        row = (self.seq, micros(at), "bench", action, subject, "", digest_of(document))
        self.hash = chain.link(self.hash, row)
        self._audit.append((*row, self.hash))
        return document


def measure(path: Path, count: int) -> dict[str, float]:
    """Return the median milliseconds of each question, on the ledger ``build_ledger`` made."""
    figures = {"open": _median(lambda: SqliteStore.open(path).close())}
    with SqliteStore.open(path) as store:
        live = store.live(TARGET)
        if live is None:
            raise SystemExit("the ledger has no live deployment")
        newest = live.deployment
        first = deployment_id(count // 3)
        figures |= {
            "live": _median(lambda: store.live(TARGET)),
            "deployment": _median(lambda: store.deployment(first)),
            "earlier": _median(lambda: store.earlier(newest, limit=20)),
            "earlier_healthy": _median(lambda: store.earlier_healthy(newest, limit=20)),
            "earlier_of_version": _median(
                lambda: store.earlier_of_version(newest, f"v1.{count // 3}.0")
            ),
            "similar_ids": _median(lambda: store.similar_ids("deploy-01234x6", limit=3)),
            "newest_verdict": _median(lambda: store.newest_verdict(first)),
            "baseline": _median(lambda: store.baseline(TARGET, a_release(f"v1.{count // 3}.0"))),
            "baseline_of_a_release_deployed_over_and_over": _median(
                lambda: store.baseline(TARGET, HELD)
            ),
            "since": _median(lambda: store.since((TARGET,), NOON - timedelta(days=30))),
            "version_mark": _median(store.version_mark),
        }
    return figures


def _median(question: Callable[[], object], *, times: int = 15) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        question()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def main() -> None:
    """Build the ledger if it is not there, and print the figures."""
    path = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    start = time.perf_counter()
    if not path.exists():
        build_ledger(path, count)
        print(f"built in {time.perf_counter() - start:.1f} s, {path.stat().st_size >> 20} MiB")
    for name, milliseconds in measure(path, count).items():
        print(f"{name:45} {milliseconds:9.3f} ms")


if __name__ == "__main__":
    main()
