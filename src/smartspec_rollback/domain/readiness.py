"""Readiness: whether a Target could be gone back on now, how long it would take, and what changed.

Pure; ``engine.readiness`` makes the answers, ``operations`` and ``cli`` show them. What could not
be told is unknown and never ready, and so is an answer that has grown old.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from msgspec.structs import replace

from smartspec_rollback.domain.finding import Finding, Outcome, Risk
from smartspec_rollback.domain.plan import Estimate
from smartspec_rollback.domain.rollback import Status
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value

NOT_ASKED = frozenset({20, 25})
"""Checks that say nothing beforehand.

Whether a rollback would help (20) is asked once something is wrong; whether the target still boots
(25) cannot be told without starting it, and nothing is started to answer.
"""

_MAY_NOT_BE_OPEN = frozenset({2, 3, *range(4, 17), 18, 24})
"""Checks without whose answer nobody knows whether going back would be right or safe."""

_SKEW = timedelta(seconds=30)

NOTHING = "none"
"""What stands in a change where there was nothing, or is nothing now."""


class Ready(StrEnum):
    """Whether a Target could be gone back on now.

    ``nothing-live``: there is no live deployment that could be gone back from.
    """

    READY = "ready"
    ATTENTION = "ready-with-attention"
    NOT_READY = "not-ready"
    UNKNOWN = "unknown"
    NOTHING_LIVE = "nothing-live"


EXIT: Mapping[Ready, int] = MappingProxyType(
    {
        Ready.READY: 0,
        Ready.ATTENTION: 0,
        Ready.NOTHING_LIVE: 0,
        Ready.NOT_READY: 3,
        Ready.UNKNOWN: 4,
    }
)
"""The exit code each answer stands for; ``exit_code`` is that of several together."""


class Changed(StrEnum):
    """What of an answer changed."""

    OUTCOME = "outcome"
    LIVE = "live version"
    TO = "target version"
    RISK = "risk"
    ESTIMATE = "estimate"
    FINDING = "finding"


class Change(Value):
    """One difference between two answers, in words; ``name`` is a finding's check."""

    what: Changed
    before: str
    after: str
    name: str = ""


class Drill(Value):
    """A rollback of this very Target that was executed: what shows that going back works.

    ``seconds`` is from the first step to the verdict; ``status`` is succeeded where it was
    verified stable, unstable where it was not.
    """

    rollback_id: str
    at: datetime
    from_version: str
    to_version: str
    seconds: float | None
    status: Status


class Readiness(Value):
    """The answer for one Target at one moment (UTC).

    ``why`` is one sentence for people. ``findings`` are those that did not pass, but for
    ``not_asked``, the names of the checks that say nothing beforehand. ``steps`` are the titles
    of what a rollback would do, ``fingerprint`` the Snapshot's they were planned for. ``since``
    is when the answer last became what it is, and ``changes`` what became different then; nothing
    where it is the first. After ``fresh_until`` it no longer counts, and neither once another
    deployment than ``newest_id`` is the newest that the ledger knows to have gone live.
    """

    target: Target
    at: datetime
    fresh_until: datetime
    outcome: Ready
    why: str
    newest_id: str | None = None
    live_version: str | None = None
    live_deployment_id: str | None = None
    to_version: str | None = None
    to_deployment_id: str | None = None
    health: str | None = None
    risk: Risk | None = None
    findings: tuple[Finding, ...] = ()
    not_asked: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    estimate: Estimate | None = None
    fingerprint: str | None = None
    drill: Drill | None = None
    since: datetime | None = None
    changes: tuple[Change, ...] = ()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that would refuse a rollback."""
        return tuple(f for f in self.findings if f.outcome is Outcome.BLOCKING)


def judged(findings: Iterable[Finding], *, target_has_evidence: bool) -> Ready:
    """Say what findings come to. Nothing but passed checks and evidence of health is ready."""
    left = [f for f in findings if f.number not in NOT_ASKED and f.outcome is not Outcome.PASSED]
    if any(f.outcome is Outcome.BLOCKING for f in left):
        return Ready.NOT_READY
    if any(f.outcome is Outcome.UNKNOWN and f.number in _MAY_NOT_BE_OPEN for f in left):
        return Ready.UNKNOWN
    return Ready.ATTENTION if left or not target_has_evidence else Ready.READY


def compared(before: Readiness | None, now: Readiness) -> Readiness:
    """Add since when the answer is what it is, and how it differs from the one before that."""
    if before is None:
        return replace(now, since=now.at, changes=())
    changes = _changes(before, now)
    if changes:
        return replace(now, since=now.at, changes=changes)
    return replace(now, since=before.since, changes=before.changes)


def as_of(answer: Readiness, at: datetime, *, newest_id: str | None) -> Readiness:
    """Return an answer as it counts at ``at``: unknown once it is old, or about something else.

    ``newest_id`` is the newest deployment that the ledger knows by now to have gone live.
    """
    if newest_id != answer.newest_id:
        what = f"{newest_id} went live" if newest_id else "the ledger was put back"
        why = f"{what}, and nobody looked since"
    elif not answer.at - _SKEW <= at <= answer.fresh_until:
        why = f"nobody looked since {answer.at:%Y-%m-%d %H:%M:%S} UTC"
    else:
        return answer
    return replace(answer, outcome=Ready.UNKNOWN, why=why)


def exit_code(answers: Iterable[Readiness]) -> int:
    """Say with one code whether every live deployment could go back.

    0 only where at least one is live and all of them could; 3 where one could not; 4 where none
    is known to be unable, but one could not be told, or nothing is live at all.
    """
    outcomes = {answer.outcome for answer in answers}
    if Ready.NOT_READY in outcomes:
        return EXIT[Ready.NOT_READY]
    if Ready.UNKNOWN in outcomes or outcomes <= {Ready.NOTHING_LIVE}:
        return EXIT[Ready.UNKNOWN]
    return 0


def _changes(before: Readiness, now: Readiness) -> tuple[Change, ...]:
    plain = (
        (Changed.OUTCOME, before.outcome, now.outcome),
        (Changed.LIVE, _live(before), _live(now)),
        (Changed.TO, before.to_version, now.to_version),
        (Changed.RISK, before.risk, now.risk),
        (Changed.ESTIMATE, _takes(before), _takes(now)),
    )
    return (
        *(
            Change(what=what, before=str(old or NOTHING), after=str(new or NOTHING))
            for what, old, new in plain
            if old != new
        ),
        *_findings(before, now),
    )


def _findings(before: Readiness, now: Readiness) -> tuple[Change, ...]:
    """Tell which checks say something else; nothing where one of the answers asked none."""
    if before.fingerprint is None or now.fingerprint is None:
        return ()
    said = {f.check: f.outcome for f in before.findings}
    says = {f.check: f.outcome for f in now.findings}
    return tuple(
        Change(what=Changed.FINDING, name=check, before=old, after=new)
        for check in dict.fromkeys((*said, *says))
        if (old := said.get(check, Outcome.PASSED)) != (new := says.get(check, Outcome.PASSED))
    )


def _live(answer: Readiness) -> str | None:
    if answer.live_version is None:
        return None
    return f"{answer.live_version} ({answer.live_deployment_id})"


def _takes(answer: Readiness) -> str | None:
    return f"{answer.estimate.seconds:g}s" if answer.estimate else None
