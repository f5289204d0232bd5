"""Having Helm record what a rollback put live, as the last step, or saying what people should run.

``helm rollback`` to a revision that holds the very template that is live by then changes the
record, and what else of the chart differs. Production does not depend on it, so a Helm that
refuses does not stop a rollback before it is verified: the step is over once Helm was asked, and
says what came of it. That it was asked stands in our annotation on the workload.
"""

import logging
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.step import Progress, Repeat, Step
from smartspec_rollback.domain.values import parameters
from smartspec_rollback.errors import FenceConflict, NotDone
from smartspec_rollback.providers.platforms.kubernetes.action import Action, Looked, Sending
from smartspec_rollback.providers.platforms.kubernetes.client.refusals import Forbidden
from smartspec_rollback.providers.platforms.kubernetes.helm.records import (
    Record,
    ReleaseName,
    read,
    release_of,
    revision,
)
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, name_of
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.rolling import patches
from smartspec_rollback.providers.platforms.kubernetes.rolling.fencing import must_match, our_marks
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import template_digest

_LOG = logging.getLogger(__name__)

RECORD = "record-in-helm"
PROGRAM = "helm"

_SECONDS = 120.0
_HELM_SECONDS = 90
_TRIED = 3
_RESCALES = "That also sets another number of replicas than there is now."
_SPELT_IN_SEVERAL_WAYS = ("resources", "emptyDir")


def recorded(
    site: Site, state: State, known: tuple[Record, ...] | None, plain: tuple[Step, ...], to: Release
) -> tuple[Step, ...]:
    """Add to the steps of a plan what keeps Helm's record true; nothing where Helm has none.

    ``known`` are the release's revisions, None where we may not read them.
    """
    release, last = release_of(state.workload), plain[-1]
    if release is None or not {"template", "marked", "version"} <= {
        p.name for p in last.parameters
    }:
        return plain
    if not known:
        return (*plain[:-1], _told(last, _by_hand(release, to)))
    fitting = _fitting(site, state, known, last.parameter("template"))
    live = next((each for each in known if each.live), known[0])
    if fitting is None:
        return (*plain[:-1], _told(last, _no_revision(release, live, to)))
    if fitting is known[0] and fitting.live:
        return plain
    scaled = fitting.rescales(state.workload)
    by_controller = state.course is not None  # it would take what Helm writes for another update
    if known[0].pending or scaled or by_controller or shutil.which(PROGRAM) is None:
        said = _not_recorded(release, live, fitting, to)
        return (*plain[:-1], _told(last, f"{said} {_RESCALES}" if scaled else said))
    holds = fitting.holds(state.workload)
    step = _step(last, release, known[0], fitting, holds=holds, version=to.version)
    return (*plain, step)


def told(state: State, plain: tuple[Step, ...], to: Release) -> tuple[Step, ...]:
    """Only say that Helm may take another version for live, where it made the workload."""
    release = release_of(state.workload)
    if release is None:
        return plain
    said = (
        f"Helm release `{release}` may say otherwise than what is live now, `{to.version}`, whom "
        "traffic goes to, and how many instances there are. Put that into its values before the "
        "next `helm upgrade`."
    )
    return (*plain[:-1], _told(plain[-1], said))


def _told(step: Step, said: str) -> Step:
    return replace(step, afterwards=" ".join(filter(None, (step.afterwards, said))))


def _fitting(site: Site, state: State, known: tuple[Record, ...], template: str) -> Record | None:
    """Find the newest revision that holds a template, by letting the server fill in defaults."""
    tried = 0
    for each in known:
        made = each.template(state.holder.thing) if each.once_live else {}
        if not made or not _alike(made, template, state):
            continue
        tried += 1
        if tried > _TRIED:
            return None
        operations = ({"op": "replace", "path": "/spec/template", "value": made},)
        try:
            resource, name = state.holder.resource, name_of(state.holder.thing)
            filled = site.api.tried(resource, name, operations)
        except (NotDone, FenceConflict):
            continue
        spelled = state.kind.template(filled, state.workload, state.known)
        if template_digest(spelled) == template:
            return each
    return None


def _alike(made: Obj, template: str, state: State) -> bool:
    """Rule out, without a call, what cannot be the template: it says something else."""
    return any(_within(made, each.template) for each in state.known if each.digest == template)


def _within(less: object, more: object) -> bool:
    """Tell whether everything that one value says, the other says too."""
    if isinstance(less, Mapping):
        return isinstance(more, Mapping) and all(
            key in _SPELT_IN_SEVERAL_WAYS
            or value in (None, {}, [])
            or _within(value, more.get(key))
            for key, value in less.items()
        )
    if isinstance(less, list):
        return (
            isinstance(more, list)
            and len(less) == len(more)
            and all(_within(a, b) for a, b in zip(less, more, strict=True))
        )
    return less == more


def _words(site: Site | None, release: ReleaseName, revision: int) -> list[str]:
    """List the words of the command; with a ``site`` those that find its cluster too."""
    words = [PROGRAM, "rollback", release.name, str(revision), "--namespace", release.namespace]
    words += ["--wait=false", "--no-hooks"]
    if site is not None:
        words += ["--timeout", f"{_HELM_SECONDS}s"]
        settings = site.settings
        words += ["--kubeconfig", str(settings.kubeconfig)] if settings.kubeconfig else []
        words += ["--kube-context", settings.context] if settings.context else []
    return words


def _command(release: ReleaseName, revision: int) -> str:
    return f"`{shlex.join(_words(None, release, revision))}`"


def _by_hand(release: ReleaseName, to: Release) -> str:
    return (
        f"Helm release `{release}`, whose record could not be read, may take another version "
        f"than `{to.version}` for live: see `helm history {release.name} --namespace "
        f"{release.namespace}`."
    )


def _no_revision(release: ReleaseName, live: Record, to: Release) -> str:
    return (
        f"Helm release `{release}` takes its revision {live.version} ({live.status}) for live, "
        f"and none of its revisions holds `{to.version}`: deploy that by `helm upgrade`."
    )


def _not_recorded(release: ReleaseName, live: Record, fitting: Record, to: Release) -> str:
    return (
        f"Helm release `{release}` still takes its revision {live.version} ({live.status}) for "
        f"live; its revision {fitting.version} holds `{to.version}`. Record it, once nobody runs "
        f"helm on it: {_command(release, fitting.version)}."
    )


def _step(
    last: Step, release: ReleaseName, newest: Record, fitting: Record, *, holds: str, version: str
) -> Step:
    command = _command(release, fitting.version)
    return Step(
        id=RECORD,
        kind=RECORD,
        title=f"Ask Helm to record `{version}` as live: {command}.",
        target=last.target,
        parameters=(
            *last.parameters,
            *parameters(
                helm_namespace=release.namespace,
                helm_release=release.name,
                helm_revision=fitting.version,
                helm_newest=newest.version,
                helm_template=holds,
            ),
        ),
        expected=parameters(asked="yes"),
        undo=f"{_command(release, newest.version)} puts revision {newest.version} back, live too.",
        repeat=Repeat.IDEMPOTENT,
        timeout=_SECONDS,
        afterwards=(
            f"`helm history {release.name} --namespace {release.namespace}` must show the newest "
            f"revision as deployed, from revision {fitting.version}. If Helm refused, run "
            f"{command} once what it complains of is mended."
        ),
    )


@dataclass(frozen=True)
class Recording:
    """The step that has Helm record what is live."""

    def send(self, sending: Sending, /) -> None:
        """Ask Helm once, unless its record is true already or somebody else used it meanwhile."""
        site, step, operation = sending.site, sending.step, sending.fence.operation
        state = sending.reader.look(site)
        marks = our_marks(state.holder.thing, step)
        if marks is None:
            raise NotDone(f"{step.parameter('version')} is not live; nothing was done")
        if marks.operation(step.kind) == operation:
            return
        newest = _newest(site, step)
        if newest is not None and not _true(newest, state.workload, step):
            must_match(site, state, sending.fence, begun=True)
            if _may_be_asked(site, step, newest, state.workload):
                _ask(site, step, seconds=sending.deadline.remaining)
                state = sending.reader.look(site)
        site.api.patch(
            site.kind.resource,
            site.settings.name,
            patches.marking(state, marks.adding(step.kind, operation)),
            deadline=sending.deadline,
        )

    def look(self, site: Site, step: Step, /) -> Looked:
        """Observe Helm's own record; once Helm was asked, the step is over whatever it says."""
        workload = site.workload()
        try:
            newest = _newest(site, step)
        except Forbidden:
            newest = None
        if newest is not None and _true(newest, workload, step):
            said = f"Helm's revision {newest.version} is deployed and holds it"
            return Looked(Progress.done(said))
        marks = our_marks(workload, step)
        if marks is None or not marks.operation(step.kind):
            return Looked(Progress.pending("Helm was not asked yet"))
        is_now = f"revision {newest.version} ({newest.status})" if newest else "not readable"
        said = f"Helm did not record it: its newest is {is_now}; production does not depend on it"
        return Looked(Progress.done(said))


ACTIONS: Mapping[str, Action] = {RECORD: Recording()}
"""By the kind of step."""


def _release(step: Step) -> ReleaseName:
    return ReleaseName(step.parameter("helm_namespace"), step.parameter("helm_release"))


def _newest(site: Site, step: Step) -> Record | None:
    return next(iter(read(site, _release(step), superseded=False)), None)


def _true(newest: Record, workload: Obj, step: Step) -> bool:
    return newest.live and newest.holds(workload) == step.parameter("helm_template")


def _may_be_asked(site: Site, step: Step, newest: Record, workload: Obj) -> bool:
    """Tell whether nobody used Helm meanwhile, and Helm would not undo a scaling."""
    if newest.version != int(step.parameter("helm_newest")):
        return False
    to = revision(site, _release(step), int(step.parameter("helm_revision")))
    return to is not None and not to.rescales(workload)


def _ask(site: Site, step: Step, *, seconds: float) -> None:
    """Run helm, which may fail: its record then says so. What it prints may quote secrets."""
    words = _words(site, _release(step), int(step.parameter("helm_revision")))
    found = shutil.which(PROGRAM)
    code: int | None = None
    if found is not None:
        try:
            done = subprocess.run(
                [found, *words[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=max(1.0, min(seconds, _HELM_SECONDS + 10)),
                check=False,
            )
            code = done.returncode
        except (OSError, subprocess.TimeoutExpired):
            code = None
    _LOG.info(
        "helm was asked to record a rollback",
        extra={"action": "kubernetes.helm", "step": step.id, "code": code},
    )
