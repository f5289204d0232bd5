"""Argo CD: Applications, and the ApplicationSets and Applications above them.

An Application is named by the tracking annotation (``app:group/kind:namespace/name``, the app
with its namespace before an underscore where that is not Argo CD's own), or by a label where Argo
CD is set to track by labels; charts set the same label, so the label counts only on what Argo CD
wrote. The field ``automated.enabled`` came with Argo CD 3.1; before, ``automated`` is taken away.
Called by ``detecting`` and ``reading``. Pure.
"""

import json
import re
import shlex
from typing import ClassVar

from smartspec_rollback.providers.platforms.kubernetes.client.api import Operations
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    Obj,
    Resource,
    annotation,
    items,
    name_of,
    part,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.owners.owner import (
    Claim,
    Doubt,
    place,
    without_user,
    written_by,
)

_GROUP, _VERSION = "argoproj.io", "v1alpha1"
_TRACKING = "argocd.argoproj.io/tracking-id"
_SKIP = "argocd.argoproj.io/skip-reconcile"
_LABELS = ("argocd.argoproj.io/instance", "app.kubernetes.io/instance")
_WRITERS = frozenset({"argocd-controller", "argocd-application-controller"})
_AUTOMATED = "/spec/syncPolicy/automated"
_COVERING = (_AUTOMATED, "/spec/syncPolicy", "/spec")

_NAMED = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)
_SHOWN = 3

APPLICATION_SETS = Resource(_GROUP, _VERSION, "applicationsets", "ApplicationSet")


class Application:
    """An Application of Argo CD; it is asleep where it does not sync by itself."""

    title: str = "Argo CD Application"
    resources: tuple[Resource, ...] = (Resource(_GROUP, _VERSION, "applications", "Application"),)
    program: str = "Argo CD"
    _enabled: ClassVar[str] = f"{_AUTOMATED}/enabled"

    def asleep(self, owner: Obj) -> bool:
        """Tell whether it only syncs when somebody tells it to."""
        automated = part(owner, "spec", "syncPolicy").get("automated")
        if automated is None or annotation(owner, _SKIP) == "true":
            return True
        return part(owner, "spec", "syncPolicy", "automated").get("enabled") is False

    def stood(self, owner: Obj) -> str:
        """Write down its automation."""
        return json.dumps(part(owner, "spec", "syncPolicy").get("automated"), sort_keys=True)

    def suspending(self, owner: Obj) -> Operations:
        """Switch its automation off, and leave the rest of it as it stands."""
        return ({"op": "add", "path": self._enabled, "value": False},)

    def insisting(self, owner: Obj) -> Operations:
        """Take its automation away, for an Argo CD that has no such switch."""
        return ({"op": "remove", "path": _AUTOMATED},)

    def resumed_by(self, owner: Obj) -> str:
        """Write the patch that puts its automation back as it stood."""
        stood = {"enabled": None, **part(owner, "spec", "syncPolicy", "automated")}
        patch = {"spec": {"syncPolicy": {"automated": stood}}}
        said = shlex.quote(json.dumps(patch, separators=(",", ":")))
        namespace = text(owner, "metadata", "namespace")
        return (
            f"kubectl -n {namespace} patch applications.argoproj.io {name_of(owner)} "
            f"--type merge -p {said}"
        )

    def source(self, owner: Obj) -> str:
        """Name repository, path or chart, and revision of each of its sources."""
        one = part(owner, "spec", "source")
        several = (one,) if one else items(owner, "spec", "sources")
        return ", ".join(filter(None, map(_source, several[:_SHOWN]))) or "its source"

    def note(self, owner: Obj) -> str:
        """Say that everything else of it sleeps too."""
        return "Nothing else of that Application is synced meanwhile."

    def busy(self, owner: Obj) -> str:
        """Say that it is syncing: that is not ended by switching its automation off."""
        running = text(owner, "status", "operationState", "phase") == "Running"
        if not running and not part(owner, "operation"):
            return ""
        return f"Argo CD is syncing {place(owner)} right now, and that goes on."


APPLICATION = Application()


def _source(said: Obj) -> str:
    url = without_user(text(said, "repoURL"))
    revision = text(said, "targetRevision") or "HEAD"
    if not url:
        return ""
    if chart := text(said, "chart"):
        return f"chart `{chart}` `{revision}` of `{url}`"
    return f"`{text(said, 'path') or '.'}` of `{url}` at `{revision}`"


def claim(thing: Obj, *, group: str, kind: str, argo_cd: str) -> Claim | None:
    """Find the Application that deploys an object of a group and kind; None where none does.

    ``argo_cd`` is the namespace that Argo CD itself is in.
    """
    if tracking := annotation(thing, _TRACKING):
        app, _, rest = tracking.partition(":")
        copied = rest != f"{group}/{kind}:{place(thing)}"
        return None if copied or not app else _claimed(app, argo_cd)
    if not written_by(thing, _WRITERS):
        return None
    labels = (text(thing, "metadata", "labels", each) for each in _LABELS)
    return _claimed(next(filter(None, labels), ""), argo_cd)


def _claimed(app: str, argo_cd: str) -> Claim:
    namespace, underscore, name = app.partition("_")
    if not underscore:
        namespace, name = argo_cd, app
    if not (_NAMED.fullmatch(namespace) and _NAMED.fullmatch(name)):
        namespace, name = argo_cd, ""  # anybody may write the annotation: no paths, no commands
    return Claim(APPLICATION, namespace, name)


def set_above(application: Obj) -> str:
    """Name the ApplicationSet that writes an Application; empty where none does."""
    for each in items(application, "metadata", "ownerReferences"):
        group = text(each, "apiVersion").partition("/")[0]
        if group == _GROUP and text(each, "kind") == APPLICATION_SETS.kind:
            return text(each, "name")
    return ""


def doubt_by_set(application: Obj, name: str, found: Obj | None) -> Doubt | None:
    """Say that an ApplicationSet would wake its Application; None where it leaves that alone.

    ``found`` is None where it could not be read. ``applicationsSync`` proves nothing: the
    controller's own ``--policy`` overrules it, and cannot be seen from here.
    """
    if found is not None and _left_alone(found, name_of(application)):
        return None
    namespace = text(application, "metadata", "namespace")
    unread = " could not be read, and it" if found is None else ""
    return Doubt(
        f"ApplicationSet {namespace}/{name}{unread} writes {place(application)} anew as soon as "
        "its automation is switched off.",
        "first let the ApplicationSet leave it alone: `ignoreApplicationDifferences: "
        f"[{{name: {name_of(application)}, jsonPointers: [/spec/syncPolicy]}}]`; "
        "or revert what it deploys from",
        pointless=True,
    )


def _left_alone(found: Obj, application: str) -> bool:
    for rule in items(found, "spec", "ignoreApplicationDifferences"):
        if text(rule, "name") not in ("", application):
            continue
        pointers, queries = rule.get("jsonPointers"), rule.get("jqPathExpressions")
        said = [*(pointers if isinstance(pointers, list) else [])]
        queried = queries if isinstance(queries, list) else []
        said += [str(each).replace(".", "/") for each in queried]
        if any(each in _COVERING for each in said):
            return True
    return False


def doubt_by_parent(application: Obj, parent: Claim, found: Obj | None) -> Doubt | None:
    """Say that another Application would wake this one; None where it does not sync by itself."""
    if found is not None and APPLICATION.asleep(found):
        return None
    heals = part(found or {}, "spec", "syncPolicy", "automated").get("selfHeal") is True
    when = "at once" if heals else "at its next sync"
    how = (
        f"may wake {place(application)} again"
        if found is None
        else (f"wakes {place(application)} again {when}")
    )
    return Doubt(
        f"{parent}, which deploys it, {how}.",
        f"suspend {parent} too: `argocd app set {parent.namespace}/{parent.name} "
        "--sync-policy none`; or revert what it deploys from",
        pointless=heals,
    )
