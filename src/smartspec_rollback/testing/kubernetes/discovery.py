"""What an API server tells about itself: versions, groups, kinds, and a little OpenAPI.

Called by ``api``. The OpenAPI says which kinds take which patches and parameters, not their
fields: kubectl then merges by the types it was built with.
"""

from smartspec_rollback.testing.kubernetes.objects import Obj
from smartspec_rollback.testing.kubernetes.resources import Registry, Resource

VERSION: Obj = {
    "major": "1",
    "minor": "32",
    "gitVersion": "v1.32.4",
    "gitCommit": "59526cd4867447956156ae3a602fcbac10a2c335",
    "gitTreeState": "clean",
    "buildDate": "2025-04-22T15:56:04Z",
    "goVersion": "go1.23.6",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def about(registry: Registry, parts: list[str]) -> Obj | None:
    """Answer a path that names no object, given its parts; None where there is no such path."""
    match parts:
        case ["version"]:
            return VERSION
        case ["healthz" | "readyz" | "livez"]:
            return {"status": "ok"}
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"]}
        case ["apis"]:
            return groups(registry)
        case ["openapi", "v3", *rest]:
            return _openapi(registry, rest)
        case ["api", "v1"]:
            return kinds(registry, "", "v1")
        case ["apis", name] if name in registry.groups():
            return group(name, registry.groups()[name])
        case ["apis", name, version] if version in registry.groups().get(name, ()):
            return kinds(registry, name, version)
        case _:
            return None


def _openapi(registry: Registry, parts: list[str]) -> Obj | None:
    match parts:
        case []:
            return openapi(registry)
        case ["api", version]:
            return openapi_of(registry, "", version)
        case ["apis", name, version]:
            return openapi_of(registry, name, version)
        case _:
            return None


def groups(registry: Registry) -> Obj:
    """Answer /apis."""
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [group(name, versions) for name, versions in registry.groups().items() if name],
    }


def group(name: str, versions: list[str]) -> Obj:
    """Answer /apis/GROUP."""
    spelled = [{"groupVersion": f"{name}/{v}", "version": v} for v in versions]
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": spelled,
        "preferredVersion": spelled[0],
    }


def kinds(registry: Registry, name: str, version: str) -> Obj:
    """Answer /api/v1 and /apis/GROUP/VERSION."""
    found: list[Obj] = []
    for each in registry:
        if (each.group, each.version) == (name, version):
            found.append(_kind(each))
            found += [_subresource(each, sub) for sub in each.subresources]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{name}/{version}" if name else version,
        "resources": found,
    }


def _kind(resource: Resource) -> Obj:
    said: Obj = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short:
        said["shortNames"] = list(resource.short)
    if resource.categories:
        said["categories"] = list(resource.categories)
    return said


_OTHER_KINDS = {"scale": ("autoscaling", "v1", "Scale"), "eviction": ("policy", "v1", "Eviction")}


def _subresource(resource: Resource, name: str) -> Obj:
    said: Obj = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": ["create"] if name == "eviction" else ["get", "patch", "update"],
    }
    if name in _OTHER_KINDS:
        said["group"], said["version"], said["kind"] = _OTHER_KINDS[name]
    return said


def openapi(registry: Registry) -> Obj:
    """Answer /openapi/v3: which document tells of which group."""
    paths = {}
    for name, versions in registry.groups().items():
        for version in versions:
            path = f"apis/{name}/{version}" if name else f"api/{version}"
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash=1"}
    return {"paths": paths}


def openapi_of(registry: Registry, name: str, version: str) -> Obj:
    """Answer one group's OpenAPI: the patches and parameters its kinds take."""
    paths: Obj = {}
    for each in registry:
        if (each.group, each.version) != (name, version) or "patch" not in each.verbs:
            continue
        base = f"/apis/{name}/{version}" if name else f"/api/{version}"
        inner = "/namespaces/{namespace}" if each.namespaced else ""
        paths[f"{base}{inner}/{each.plural}/{{name}}"] = {"patch": _patch_of(each)}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": paths,
        "components": {"schemas": {}},
    }


def _patch_of(resource: Resource) -> Obj:
    takes = ["application/apply-patch+yaml", "application/json-patch+json"]
    takes.append("application/merge-patch+json")
    return {
        "operationId": f"patch{resource.kind}",
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
        },
        "parameters": [
            {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
            for name in ("dryRun", "fieldManager", "fieldValidation", "force")
        ],
        "requestBody": {"content": {each: {} for each in takes}},
        "responses": {"200": {"description": "OK"}},
    }
