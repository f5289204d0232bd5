"""Looks at everything a rollback will need, before the night it needs it. Called by ``doctor``.

Every line says what was looked at; what could not be looked at is never shown as working.
"""

import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from textwrap import indent

from smartspec_rollback.cli import diagnosis_channels, diagnosis_database, diagnosis_server
from smartspec_rollback.cli.documents import document
from smartspec_rollback.cli.output import Output
from smartspec_rollback.cli.session import Session
from smartspec_rollback.domain.finding import Outcome
from smartspec_rollback.domain.snapshot import Snapshot
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ConfigurationError, SmartSpecError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.ports.metrics import Window
from smartspec_rollback.ports.platform import Guards, InspectsReleases, Prewarms, TellsAccess
from smartspec_rollback.views.escape import prose
from smartspec_rollback.views.wording import MARKS, person
from smartspec_rollback.wiring import Workspace

_FAILED = 4
_GLANCE = 3.0
_MEGABYTE = 2**20
_TIGHT, _FULL = 200 * _MEGABYTE, 20 * _MEGABYTE
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Line(Value):
    """One thing that was looked at; ``manifest`` is a file's content that would mend it."""

    outcome: Outcome
    about: str
    said: str
    remedy: str = ""
    manifest: str = ""


def diagnose(session: Session) -> int:
    """Look at everything, show a line each, and return 4 if anything does not work."""
    lines: list[Line] = []
    for line in _everything(session):
        lines.append(line)
        _show(session.output, line)
    code = _FAILED if any(line.outcome is Outcome.BLOCKING for line in lines) else 0
    if session.output.as_json:
        session.output.document(document("smartspec.doctor/1", exit_code=code, lines=lines))
    return code


def _show(output: Output, line: Line) -> None:
    """Show a line as soon as it is known, unless all of them are one document."""
    if output.as_json:
        return
    mark, said = MARKS[line.outcome], f"{line.about}: {line.said}"
    if output.rich:
        from smartspec_rollback.views.terminal import render_looked

        output.render(partial(render_looked, mark, said, line.remedy))
    else:
        todo = f"    - To do: {prose(line.remedy)}\n" if line.remedy else ""
        output.result(f"- [{mark}] {prose(said)}\n{todo}")
    if line.manifest:
        # To be copied into a file, so neither wrapped nor styled.
        output.result(indent(f"```yaml\n{line.manifest}```\n", "    "))


def _everything(session: Session) -> Iterator[Line]:
    try:
        workspace = session.workspace
    except ConfigurationError as error:
        for problem in error.problems:
            where = f"{error.file}:{problem.line}: {problem.key}"
            yield _bad("configuration", f"{where}: {problem.what}", problem.remedy)
        return
    except SmartSpecError as error:
        yield _failed("configuration", error)
        return
    count = len(workspace.targets)
    path = workspace.configuration.path
    yield _good("configuration", f"`{path}` loads; {count} Target{'' if count == 1 else 's'}")
    yield from _guarded("ledger", partial(_ledger, workspace))
    yield from _guarded("disk", partial(_disk, workspace))
    yield from _people(workspace)
    yield from _guarded("server", partial(_server, workspace))
    for target in workspace.targets:
        yield from _guarded(str(target), partial(_target, workspace, target))


def _guarded(about: str, look: Callable[[], Iterable[Line]]) -> Iterator[Line]:
    """Turn whatever goes wrong while looking into a line."""
    try:
        yield from look()
    except SmartSpecError as error:
        yield _failed(about, error)
    except Exception as error:  # noqa: BLE001 - the doctor looks at everything, whatever is broken
        yield _bad(about, f"unexpected {type(error).__name__}: {error}", "please report it")


def _server(workspace: Workspace) -> Iterator[Line]:
    for outcome, about, said, remedy in diagnosis_server.look(workspace):
        yield Line(outcome=outcome, about=about, said=said, remedy=remedy)


def _ledger(workspace: Workspace) -> Iterator[Line]:
    store = workspace.store
    path = store.path
    now, operator = workspace.clock.now(), workspace.operator
    store.audit(actor=operator.name, action="doctor", subject="ledger", detail="write test", at=now)
    yield _good("ledger", f"`{path}` can be read and written")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        yield _attention("ledger", f"others may read it (mode {mode:04o})", f"chmod 600 {path}")
    entries, fault = store.verify_audit()
    if fault is None:
        said = "1 entry is" if entries == 1 else f"{entries} entries are"
        yield _good("audit log", f"{said} what was written")
    else:
        yield _bad(
            "audit log",
            f"entry {fault.seq}: {fault.what}",
            "find out who changed it; compare with a backup",
        )
    if workspace.break_glass.exists:
        yield _attention(
            "break-glass",
            "a rollback without the ledger is not finished, or not in the ledger yet",
            "`smartspec history` takes it in once it is finished",
        )


def _disk(workspace: Workspace) -> Iterator[Line]:
    free = shutil.disk_usage(workspace.configuration.path.parent).free
    said = f"{free // _MEGABYTE} MiB free"
    if free < _FULL:
        yield _bad("disk", said, "free some space: the journal is written before every step")
    elif free < _TIGHT:
        yield _attention("disk", said, "free some space")
    else:
        yield _good("disk", said)


def _people(workspace: Workspace) -> Iterator[Line]:
    me = workspace.operator
    if not me.is_mapped and workspace.configuration.people:
        yield _attention(
            "identity",
            f"you are {me.account}, whom `people` does not name",
            f"add your account to `people`: {{os: {me.account.removeprefix('os:')}}}",
        )
    else:
        yield _good("identity", f"you are {person(me)}")
    for target in workspace.targets:
        policy = workspace.configured(target).settings.policy
        about = f"{target} approval"
        whom = ", ".join(policy.approvers)
        if not policy.approvers:
            yield _good(about, "any identified person may approve")
        elif me.name in policy.approvers:
            yield _good(about, f"you may approve, like {whom}")
        else:
            yield _attention(about, f"you may not approve; {whom} may", "know how to reach them")


def _target(workspace: Workspace, target: Target) -> Iterator[Line]:
    yield from _parts(workspace, target)
    platform = workspace.platform(target)
    about = f"{target} platform {platform.name}"
    seen: Snapshot | None = None
    try:
        seen = platform.observe(target)
    except SmartSpecError as error:
        yield _failed(about, error)
    if seen is not None:
        yield _observed(about, seen)
    yield from _abilities(workspace, target, about)
    yield from _guarded(f"{target} metrics", partial(_metrics, workspace, target, seen))
    yield from _guarded(f"{target} channel", partial(_channel, workspace, target))
    yield from _guarded(f"{target} database", partial(_database, workspace, target))


def _parts(workspace: Workspace, target: Target) -> Iterator[Line]:
    """Look for the programs that the platform ``local`` needs."""
    if workspace.configured(target).platform.kind != "local":
        return
    from smartspec_rollback.providers.platforms.local import parts

    for name, find in (("Envoy", parts.envoy), ("supervisor", parts.supervisord)):
        try:
            found = find()
        except SmartSpecError as error:
            yield _failed(f"{target} {name}", error)
        else:
            where = found[-1] if isinstance(found, tuple) else found
            yield _good(f"{target} {name}", f"installed: `{where}`")


def _observed(about: str, seen: Snapshot) -> Line:
    if seen.live is None:
        return _attention(about, "reachable, but nothing is live", "deploy a release")
    short = [w for w in seen.workloads if w.revision == seen.live.id and w.ready < w.desired]
    said = f"reachable; `{seen.live.release.version}` is live"
    if short:
        return _attention(about, f"{said}, with {short[0].ready} of {short[0].desired} ready")
    return _good(about, said)


def _abilities(workspace: Workspace, target: Target, about: str) -> Iterator[Line]:
    platform = workspace.platform(target)
    wanted = workspace.configured(target).settings.prewarm
    if wanted and not isinstance(platform, Prewarms):
        yield _bad(about, "cannot prewarm, though that is configured", "set `prewarm: false`")
    if not isinstance(platform, InspectsReleases):
        yield _unknown(about, "cannot tell whether a release could be run again")
    if not isinstance(platform, Guards):
        yield _unknown(about, "has no lock of its own; only the ledger keeps rollbacks apart")
    if isinstance(platform, TellsAccess):
        yield from _guarded(about, partial(_access, platform, target, about))


def _access(platform: TellsAccess, target: Target, about: str) -> Iterator[Line]:
    found = platform.access(target)
    if not found.missing:
        yield _good(about, f"all {found.asked} permissions that a rollback needs are given")
        return
    yield Line(
        outcome=Outcome.BLOCKING,
        about=about,
        said=f"not allowed: {'; '.join(found.missing)}",
        remedy="let an administrator apply this Role, and bind it to you",
        manifest=found.manifest,
    )


def _metrics(workspace: Workspace, target: Target, seen: Snapshot | None) -> Iterator[Line]:
    about = f"{target} metrics {workspace.configured(target).metrics.kind}"
    if not workspace.configured(target).settings.objectives:
        yield _attention(about, "no objectives: a rollback can never be verified", "add some")
    if seen is None or seen.live is None:
        yield _unknown(about, "not tried: nothing is known to be live")
        return
    window = Window(target=target, front_door=seen.front_door, seconds=1.0)
    reading = workspace.metrics(target).glance(
        window, deadline=Deadline.after(workspace.clock, _GLANCE)
    )
    if reading.problem is not None:
        remedy = (
            "mend the source, or tell the platform its url: a verdict without data is inconclusive"
        )
        yield _bad(about, reading.problem, remedy)
    elif reading.failing:
        yield _attention(about, f"reachable; failing now: {reading.failing}")
    elif reading.newest is None:
        yield _unknown(about, "reachable, but it has no samples")
    else:
        yield _good(about, "reachable, with fresh samples")


def _channel(workspace: Workspace, target: Target) -> Iterator[Line]:
    for outcome, about, said, remedy in diagnosis_channels.look(workspace, target):
        yield Line(outcome=outcome, about=about, said=said, remedy=remedy)


def _database(workspace: Workspace, target: Target) -> Iterator[Line]:
    for outcome, about, said, remedy in diagnosis_database.look(workspace, target):
        yield Line(outcome=outcome, about=about, said=said, remedy=remedy)


def _good(about: str, said: str) -> Line:
    return Line(outcome=Outcome.PASSED, about=about, said=said)


def _attention(about: str, said: str, remedy: str = "") -> Line:
    return Line(outcome=Outcome.ATTENTION, about=about, said=said, remedy=remedy)


def _bad(about: str, said: str, remedy: str = "") -> Line:
    return Line(outcome=Outcome.BLOCKING, about=about, said=said, remedy=remedy)


def _unknown(about: str, said: str) -> Line:
    return Line(outcome=Outcome.UNKNOWN, about=about, said=said)


def _failed(about: str, error: SmartSpecError) -> Line:
    where = f" ({error.where})" if error.where else ""
    return _bad(about, f"{error.what}{where}", error.remedy)
