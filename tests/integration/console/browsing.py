"""A real browser before a real server, and rollbacks to look at. Used by the tests beside it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from playwright.sync_api import Browser, Page, sync_playwright
from tests.integration.server.running import PATIENCE, Caller, configure, serving

from smartspec_rollback.domain.approval import Person, Policy
from smartspec_rollback.domain.finding import Risk
from smartspec_rollback.domain.plan import Plan
from smartspec_rollback.domain.rollback import Claim, EntryKind, Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.operations.opening import Opened
from smartspec_rollback.ports.store import Change
from smartspec_rollback.providers.system import SystemClock
from smartspec_rollback.store.sqlite import SqliteStore
from smartspec_rollback.testing.samples import (
    a_deployment,
    a_person,
    a_plan,
    a_rollback,
    a_verdict,
    an_objective,
)
from smartspec_rollback.testing.series_samples import a_point, a_series

CLOCK = SystemClock()
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SERVICES = 20

_TARGET = """\
  {name}:
    production:
      platform: {{kind: local, releases: releases/, listen: "127.0.0.1:1"}}
      database: none
      objectives: [p99 latency <= 200ms, error rate <= 1%]
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser that Debian has."""
    found = [path for name in CHROMIUM if (path := shutil.which(name))]
    if not found:
        raise RuntimeError("chromium is not installed: run tests/parts.sh as root, or install it")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=found[0], args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield running
        finally:
            running.close()


@dataclass
class Console:
    """A server with a console, and a second handle on its ledger, as another process has it."""

    call: Caller
    opened: Opened
    ledger: SqliteStore
    count: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.call.port}"

    def open(self, page: Page, path: str, *, by: str = "anna") -> None:
        """Log in and open a page."""
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(f"{self.url}/login?next={path}")
        page.get_by_label("Personal token").fill(self.call.tokens[by])
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{self.url}{path}")

    def asked(self, **how: object) -> "Paper":
        """Open a rollback that waits for an answer; nobody carries it out."""
        self.count += 1
        assert self.count <= SERVICES
        return Paper(self, self.count, how)


class Paper:
    """A rollback in the ledger that this test drives by hand."""

    def __init__(self, console: Console, number: int, how: dict[str, object]) -> None:
        self.console, self.id = console, f"rb-paper{number}"
        self.target = Target(service=f"paper-{number}", environment="production")
        self.failed = f"paper-{number}-v2"
        self.plan = self._plan(**how)  # type: ignore[arg-type] # keywords of _plan, from a test
        opened = a_rollback(
            plan=self.plan, status=Status.PLANNED, expires_in=self.plan.policy.expires
        )
        store = console.ledger
        made = self.plan.made_at
        deployment = a_deployment(self.failed, target=self.target, at=made - timedelta(minutes=5))
        store.record_deployment(deployment, by=a_person("pipeline"))
        slow = [a_point(float(n), latency=0.4, errors=2) for n in range(20)]
        judged = msgspec.structs.replace(
            a_verdict(self.failed, at=made - timedelta(minutes=4)),
            series=a_series(*slow, start=made - timedelta(minutes=4, seconds=20)),
        )
        store.record_verdict(judged)
        store.open_rollback(opened, self.plan)
        claim = store.claim(self.id, holder="a test", at=made)
        assert claim is not None
        self.claim: Claim = claim
        self.move(Status.AWAITING_APPROVAL, "Asking anna for 1 approval", EntryKind.ASKED)

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"/rollbacks/{self.id}"

    def move(self, status: Status, text: str, kind: EntryKind = EntryKind.STATUS) -> None:
        """Write that it stands elsewhere now."""
        self.write(Change(kind=kind, text=text, status=status))

    def write(self, change: Change) -> None:
        """Write an entry."""
        self.console.ledger.append(self.claim, change, at=CLOCK.now())

    def end(self) -> None:
        """Write it to a good end, with what was measured on the way."""
        ledger, now = self.console.ledger, CLOCK.now()
        self.move(Status.APPROVED, "Approved")
        self.move(Status.EXECUTING, "Executing; the bad version is on hold")
        for step in self.plan.steps[:-1]:
            for kind in (EntryKind.STEP_INTENT, EntryKind.STEP_DONE):
                self.write(Change(kind=kind, text=step.title, step=step.id, operation=step.id))
        ledger.add_series(self.id, a_series(a_point(), a_point(1.0), start=now))
        self.move(Status.VERIFYING, "All steps are done")
        verdict = msgspec.structs.replace(
            a_verdict(self.id, at=CLOCK.now()), series=a_series(start=now + timedelta(seconds=2))
        )
        self.write(
            Change(kind=EntryKind.VERDICT, text="pass", status=Status.SUCCEEDED, verdict=verdict)
        )
        self.write(Change(kind=EntryKind.REPORTED, text="Report written to reports/x.md"))

    def _plan(
        self,
        *,
        risk: Risk = Risk.LOW,
        quorum: int = 1,
        expires: float = 900.0,
        reason: str = "Quality gate failed (p99 latency > 200ms)",
        made_at: datetime | None = None,
        requested_by: Person | None = None,
    ) -> Plan:
        return a_plan(
            self.id,
            failed_deployment_id=self.failed,
            target=self.target,
            reason=reason,
            risk=risk,
            objectives=(an_objective(), an_objective("error rate <= 1%")),
            policy=Policy(quorum=quorum, expires=expires),
            made_at=made_at or CLOCK.now(),
            requested_by=requested_by or a_person("olga", account="os:90002"),
        )


def papers(folder: Path, *, more: str = "") -> None:
    """Write a configuration of services that nobody ever started; ``more`` is about the server."""
    names = (*(f"paper-{n}" for n in range(1, SERVICES + 1)), "search")
    targets = "".join(_TARGET.format(name=name) for name in names)
    (folder / "smartspec.yaml").write_text(f"services:\n{targets}")
    configure(folder, more=more)


@contextmanager
def a_console(folder: Path, *, port: int = 0) -> Iterator[Console]:
    """Run a server over what is in ``folder``."""
    with (
        serving(folder, port=port) as (call, opened),
        SqliteStore.open(opened.workspace.store.path) as ledger,
    ):
        yield Console(call, opened, ledger)
