"""Making the capture of what is live. Called by ``platform``; reads the cluster, writes nothing."""

from smartspec_rollback.domain.capture import Capture
from smartspec_rollback.domain.snapshot import Revision
from smartspec_rollback.errors import ProviderError
from smartspec_rollback.providers.platforms.kubernetes.captures.document import (
    FORMAT,
    Document,
    Ran,
    kept_map,
    kept_secret,
    key_name,
    spelled,
)
from smartspec_rollback.providers.platforms.kubernetes.configuration import (
    references,
)
from smartspec_rollback.providers.platforms.kubernetes.objects import (
    CONFIG_MAPS,
    PODS,
    Obj,
    items,
    name_of,
    part,
    selector,
    text,
)
from smartspec_rollback.providers.platforms.kubernetes.reading import Site, State
from smartspec_rollback.providers.platforms.kubernetes.workloads.kept import Kept
from smartspec_rollback.providers.platforms.kubernetes.workloads.template import restorable

_STATUSES = ("initContainerStatuses", "containerStatuses")


def capture(
    site: Site, state: State, seen: Revision | None, *, deployment_id: str, platform: str
) -> Capture:
    """Capture the revision that was seen live; ProviderError where none is, or it is no more."""
    live = next((each for each in state.known if seen is not None and each.id == seen.id), None)
    if live is None or seen is None:
        raise ProviderError("nothing is live that could be captured", where=site.where)
    if state.beside is not None and state.beside.shadow_serves:
        raise ProviderError(
            "the traffic goes to prewarmed instances of a rollback",
            where=site.where,
            remedy="let the rollback end",
        )
    document = _document(site, state, live)
    return Capture(
        target=site.target,
        release=seen.release,
        deployment_id=deployment_id,
        at=site.clock.now(),
        platform=platform,
        document=spelled(document),
    )


def _document(site: Site, state: State, live: Kept) -> Document:
    needed, key = references(live.template), state.recall.key()
    found = state.found_for(site, needed)
    there = [(each, found.has(each)) for each in needed]
    readable = [(each, thing) for each, thing in there if found.readable(each)]
    present = [(each, thing) for each, thing in readable if thing is not None]
    return Document(
        format=FORMAT,
        workload=site.settings.workload,
        namespace=site.api.namespace,
        owner=name_of(state.workload),
        template=restorable(live.template),
        ran=_ran(site, state, live),
        maps=tuple(kept_map(thing) for each, thing in present if each.resource is CONFIG_MAPS),
        secrets=tuple(
            kept_secret(thing, key=key)
            for each, thing in present
            if each.resource is not CONFIG_MAPS
        ),
        absent=tuple(str(each) for each, thing in readable if thing is None),
        unreadable=tuple(str(each) for each in needed if not found.readable(each)),
        key=key_name(key),
        told=live.told,
    )


def _ran(site: Site, state: State, live: Kept) -> tuple[Ran, ...]:
    """Ask the pods by which content their images run; a tag may mean another one tomorrow."""
    own = f"{state.kind.hash_label}={live.pod_hash}"
    labels = selector(part(state.workload, "spec", "selector"))
    images: dict[str, set[str]] = {}
    for pod in site.api.list(PODS, labels=",".join(filter(None, (labels, own)))):
        for status in _statuses(pod):
            if content := _content(text(status, "imageID")):
                images.setdefault(text(status, "name"), set()).add(content)
    return tuple(Ran(container=name, images=tuple(sorted(images[name]))) for name in sorted(images))


def _statuses(pod: Obj) -> tuple[Obj, ...]:
    return tuple(each for kind in _STATUSES for each in items(pod, "status", kind))


def _content(image_id: str) -> str:
    """Give the part that names the content; runtimes put a repository or a scheme before it."""
    return image_id.rpartition("@")[2] if "sha256:" in image_id else ""
