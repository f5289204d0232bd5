import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.platforms.kubernetes.shop import template as a_template

from smartspec_rollback.domain.names import checked_name
from smartspec_rollback.providers.platforms.kubernetes.workloads import template

_TEXT = st.text(max_size=30)
_NOISE = st.fixed_dictionaries(
    {"hash": _TEXT, "restarted": _TEXT, "created": st.sampled_from([None, "2026-01-01T00:00:00Z"])}
)


def _noisy(plain: dict[str, Any], noise: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(plain)
    made["metadata"]["labels"][template.HASH_LABEL] = noise["hash"]
    made["metadata"]["creationTimestamp"] = noise["created"]
    made["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": noise["restarted"]}
    return made


@given(noise=_NOISE)
def test_what_controllers_and_restarts_add_is_no_other_release(noise: dict[str, Any]) -> None:
    """A restarted bad release passes for the good one before it, and is rolled back to."""
    plain = a_template("v1")
    assert template.template_digest(_noisy(plain, noise)) == template.template_digest(plain)


@given(path=st.sampled_from(["image", "command", "env"]), value=_TEXT.filter(bool))
def test_what_runs_otherwise_is_another_release(path: str, value: str) -> None:
    """A template with another command or environment counts as the same release."""
    plain, other = a_template("v1"), a_template("v1")
    container = other["spec"]["containers"][0]
    container[path] = container.get(path, "") + value if path == "image" else [{"name": value}]
    assert template.template_digest(plain) != template.template_digest(other)
    assert not template.same_template(plain, other)


@given(noise=_NOISE)
def test_restoring_copies(noise: dict[str, Any]) -> None:
    """What is put back carries the old pods' hash label, or making it changes what was read."""
    read = _noisy(a_template("v1"), noise)
    before = copy.deepcopy(read)
    made = template.restorable(read)
    assert template.HASH_LABEL not in made["metadata"]["labels"]
    made["spec"]["containers"][0]["image"] = "other"
    assert read == before


@given(label=_TEXT, image=_TEXT)
def test_versions_are_names(label: str, image: str) -> None:
    """A label or an image written by anybody ends up in titles, files and terminals as it is."""
    made = {
        "metadata": {"labels": {template.VERSION_LABEL: label}},
        "spec": {"containers": [{"name": "app", "image": image}]},
    }
    named = template.version_named(made, None)
    assert checked_name("version", named) == named


def test_version_comes_from_label_tag_digest() -> None:
    """People read another version than the one they deployed."""
    image = "registry.example:5000/shop/checkout"
    content = "sha256:" + "ab" * 32
    for labels, reference, named in (
        ({template.VERSION_LABEL: "v9"}, f"{image}:v1", "v9"),
        ({}, f"{image}:v1", "v1"),
        ({}, f"{image}:v1@{content}", "v1"),
        ({}, f"{image}@{content}", "ab" * 6),
    ):
        containers = [{"name": "app", "image": reference}]
        made = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
        assert template.version_named(made, None) == named
    assert template.version_named(made, "sidecar") == template.template_digest(made)[7:19]
