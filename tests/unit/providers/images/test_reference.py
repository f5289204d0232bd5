import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.providers.images.reference import digest_in, parse

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "registry", "repository", "wanted"),
    [
        ("nginx", "docker.io", "library/nginx", "latest"),
        ("nginx:1.25", "docker.io", "library/nginx", "1.25"),
        ("acme/shop:v1", "docker.io", "acme/shop", "v1"),
        ("registry.example:5000/acme/shop:v1", "registry.example:5000", "acme/shop", "v1"),
        ("localhost/shop", "localhost", "shop", "latest"),
        (f"ghcr.io/acme/shop:v1@{DIGEST}", "ghcr.io", "acme/shop", DIGEST),
        (f"ghcr.io/acme/a/b@{DIGEST}", "ghcr.io", "acme/a/b", DIGEST),
    ],
)
def test_references_mean_what_engines_take_them_for(
    text: str, registry: str, repository: str, wanted: str
) -> None:
    """Another image is asked for than the one that would be run."""
    found = parse(text)
    assert found is not None
    assert (found.registry, found.repository, found.wanted) == (registry, repository, wanted)


@pytest.mark.parametrize(
    "text", ["", ":v1", "a b", "UPPER/case", "host/../x", "x@sha256:short", "http://x/y", "x/"]
)
def test_what_is_no_reference_is_not_asked_for(text: str) -> None:
    """A label somebody wrote into an image field becomes a request to somewhere."""
    assert parse(text) is None


@given(st.text(max_size=40))
def test_any_text_can_be_read(text: str) -> None:
    """A strange image name stops a plan."""
    found = parse(text)
    assert found is None or (found.repository and "/../" not in f"/{found.repository}/")


def test_digests_of_what_runs() -> None:
    """What a runtime calls an image is not compared with what was recorded."""
    assert digest_in(f"docker-pullable://ghcr.io/acme/shop@{DIGEST}") == DIGEST
    assert digest_in("sha256:short") is None
