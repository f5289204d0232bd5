from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.providers.platforms.kubernetes import configuration
from smartspec_rollback.providers.platforms.kubernetes.configuration import Found, Reference
from smartspec_rollback.providers.platforms.kubernetes.objects import CONFIG_MAPS, SECRETS

_KEYS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(max_size=8), max_size=3)
_TEMPLATE = {
    "spec": {
        "initContainers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "s1", "key": "k"}}}]}],
        "containers": [
            {
                "envFrom": [
                    {"configMapRef": {"name": "c1"}},
                    {"secretRef": {"name": "s2", "optional": True}},
                ],
                "env": [
                    {"name": "PLAIN", "value": "x"},
                    {"valueFrom": {"configMapKeyRef": {"name": "c1", "key": "colour"}}},
                ],
            }
        ],
        "volumes": [
            {"configMap": {"name": "c2", "items": [{"key": "file"}]}},
            {"secret": {"secretName": "s3"}},
            {
                "projected": {
                    "sources": [
                        {"configMap": {"name": "c3", "optional": True}},
                        {"secret": {"name": "s4"}},
                        {"serviceAccountToken": {"path": "token"}},
                    ]
                }
            },
            {"csi": {"driver": "d", "nodePublishSecretRef": {"name": "s5"}}},
            {"emptyDir": {}},
        ],
        "imagePullSecrets": [{"name": "pull"}],
    }
}


def _found(**objects: Any) -> Found:
    kinds = {"c": "ConfigMap", "s": "Secret"}
    return Found({(kinds[name[0]], name): each for name, each in objects.items()})


def test_every_reference_is_found() -> None:
    """Configuration that pods cannot start without is not looked for."""
    found = {str(each): each for each in configuration.references(_TEMPLATE)}
    assert list(found) == sorted(
        ["ConfigMap c1", "ConfigMap c2", "ConfigMap c3"]
        + [f"Secret {name}" for name in ("pull", "s1", "s2", "s3", "s4", "s5")]
    )
    assert found["ConfigMap c1"].keys == {"colour"}
    assert found["ConfigMap c2"].keys == {"file"}
    optional = {name for name, each in found.items() if each.optional}
    assert optional == {"ConfigMap c3", "Secret s2", "Secret pull"}


def test_what_is_missing_is_named() -> None:
    """A rollback goes to pods that never start, for want of a ConfigMap or a key of one."""
    needed = configuration.references(_TEMPLATE)
    found = _found(c1={"data": {"colour": "blue"}}, c2={"data": {}}, c3=None)
    assert configuration.missing(needed, found, CONFIG_MAPS) == ("c2 (key file)",)
    assert configuration.missing(needed, found, SECRETS) is None
    assert configuration.missing(needed, _found(c1=None, c2=None), CONFIG_MAPS) == ("c1", "c2")


@given(one=_KEYS, other=_KEYS, resource=st.sampled_from([CONFIG_MAPS, SECRETS]))
def test_digest_tells_content_apart(
    one: dict[str, str], other: dict[str, str], resource: Any
) -> None:
    """Changed configuration looks unchanged, or a rename of labels looks like a change."""
    needed = (Reference(resource, "x"),)

    def identify(data: dict[str, str], **more: Any) -> str | None:
        found = Found({(resource.kind, "x"): {"data": data, **more}})
        return configuration.configuration_digest(needed, found, key="uid")

    assert (identify(one) == identify(other)) == (one == other)
    assert identify(one, metadata={"labels": {"a": "b"}}) == identify(one)
    gone = configuration.configuration_digest(needed, Found({(resource.kind, "x"): None}), key="u")
    assert gone != identify(one)


def test_secrets_are_keyed_and_unreadable_ones_unknown() -> None:
    """Equal secrets can be recognised across workloads, or what nobody read counts as known."""
    needed = (Reference(SECRETS, "s1"),)
    found = _found(s1={"data": {"k": "aHVudGVyMg=="}})
    digests = {configuration.configuration_digest(needed, found, key=uid) for uid in ("a", "b")}
    assert len(digests) == 2
    unread = Found({}, frozenset({("Secret", "s1")}))
    assert configuration.configuration_digest(needed, unread, key="a") is None
    assert configuration.missing(needed, unread, SECRETS) is None
    assert configuration.unchanged(needed, unread, since=_made(5)) is None


def _made(second: int, *changes: int) -> dict[str, Any]:
    def at(n: int) -> str:
        return f"2026-01-01T00:00:{n:02}Z"

    return {
        "metadata": {
            "creationTimestamp": at(second),
            "managedFields": [{"time": at(each)} for each in (changes or (second,))],
        }
    }


@given(
    created=st.integers(0, 30),
    changes=st.lists(st.integers(0, 59), max_size=3),
    since=st.integers(0, 59),
)
def test_a_change_after_the_revision_is_never_missed(
    created: int, changes: list[int], since: int
) -> None:
    """Configuration changed since the good release, and the plan says it is as it was."""
    there = _made(created, *(max(created, each) for each in changes))
    newest = max([created, *changes])
    said = configuration.unchanged_since(there, _made(since))
    if said is True:
        assert newest <= since
        assert newest < since or newest == created
    if newest > since:
        assert said is False


def test_cleared_managed_fields_tell_nothing() -> None:
    """An object whose record of changes was cleared counts as never changed."""
    bare = {"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": []}}
    assert configuration.unchanged_since(bare, _made(30)) is None
    needed = (Reference(CONFIG_MAPS, "c1"),)
    assert configuration.unchanged(needed, _found(c1=None), since=_made(3)) is False
